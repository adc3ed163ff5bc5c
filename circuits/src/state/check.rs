//! The whole check of a stored state: every node against its children, every root against who names it.

use std::collections::{BTreeMap, BTreeSet};

use halo2curves::bn256::Fr;

use super::StateError;
use super::overlay::{corrupt, read_balance, read_slot};
use super::store::Snapshot;
use crate::trace::Account;
use crate::tree::{Node, Tree};

/// Whether all tables of a snapshot agree.
pub(super) fn check(snapshot: &Snapshot) -> Result<(), StateError> {
    let head = snapshot.head();
    let accounts = snapshot.accounts()?;
    check_tree(snapshot, Tree::Accounts, head.root)?;
    for (id, account) in &accounts {
        check_account(snapshot, *id, account, head.next_account)?;
    }
    let written: BTreeSet<u32> = accounts.iter().map(|(id, _)| *id).collect();
    for (leaf, _) in snapshot.nodes(Tree::Accounts, 0..=0)? {
        if !written.contains(&leaf.index) {
            return Err(StateError::Corrupt(format!("account {} is in the tree but has no row", leaf.index)));
        }
    }
    Ok(())
}

fn check_account(snapshot: &Snapshot, id: u32, account: &Account, next: u32) -> Result<(), StateError> {
    let leaf = Tree::Accounts.leaf(id);
    let stored = snapshot.node(leaf)?.unwrap_or_else(|| leaf.empty());
    if stored != account.leaf() {
        return Err(corrupt(leaf, stored, account.leaf()));
    }
    if account.exists() && (!snapshot.accounts_of(&account.owner)?.contains(&id) || id == next) {
        return Err(StateError::Corrupt(format!("account {id} is not listed with its owner, or called free")));
    }
    for (_, leaf) in check_tree(snapshot, Tree::Balances(id), account.balance_root)? {
        read_balance(leaf)?;
    }
    for (_, leaf) in check_tree(snapshot, Tree::Orders(id), account.order_root)? {
        read_slot(leaf)?;
    }
    Ok(())
}

/// Checks all nodes of a tree and returns its leaves.
fn check_tree(snapshot: &Snapshot, tree: Tree, root: Fr) -> Result<Vec<(Node, Fr)>, StateError> {
    let nodes: BTreeMap<Node, Fr> = snapshot.nodes(tree, 0..=tree.depth())?.into_iter().collect();
    let value = |node: Node| nodes.get(&node).copied().unwrap_or_else(|| node.empty());
    let inner: BTreeSet<Node> =
        nodes.keys().map(|node| if node.level == 0 { node.parent() } else { *node }).chain([tree.root()]).collect();
    let above: BTreeSet<Node> =
        inner.iter().filter(|node| node.level < tree.depth()).map(|node| node.parent()).collect();
    for parent in inner.union(&above) {
        let left = Node { level: parent.level - 1, index: parent.index << 1, ..*parent };
        let pair = (value(left), value(left.sibling()));
        let empty = pair == (left.empty(), left.empty());
        let expected = if empty { parent.empty() } else { left.parent_value(pair.0, pair.1) };
        if value(*parent) != expected {
            return Err(corrupt(*parent, value(*parent), expected));
        }
    }
    if value(tree.root()) != root {
        return Err(corrupt(tree.root(), value(tree.root()), root));
    }
    Ok(nodes.into_iter().filter(|(node, _)| node.level == 0).collect())
}
