//! A block's working copy of the state: reads fall through to a snapshot, writes stay here until they are committed.
//!
//! A pair of children that comes from the database is hashed once and compared with its parent, up to the root that the
//! state's head names, so a damaged tree stops the block instead of entering a proof.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use halo2curves::bn256::Fr;
use halo2curves::ff::Field;
use rayon::prelude::*;

use super::store::Snapshot;
use super::{Head, StateError};
use crate::encoding::{element_to_bytes, format_hex};
use crate::operation::{Deployment, MAX_ACCOUNT, Owner};
use crate::trace::{Account, PathUpdate, Slot};
use crate::tree::{Node, Tree, empty_account, leaf_index};

/// What a block, or the genesis, writes; see [`super::State::commit`].
#[derive(Debug)]
pub struct Changes {
    /// The head these changes follow; `None` for the genesis.
    pub(super) base: Option<Head>,
    pub(super) head: Head,
    pub(super) accounts: BTreeMap<u32, Account>,
    pub(super) owners: BTreeSet<(Owner, u32)>,
    pub(super) nodes: BTreeMap<Node, Fr>,
}

impl Changes {
    /// Where the state will stand.
    pub fn head(&self) -> Head {
        self.head
    }
}

pub(crate) struct Overlay<'a> {
    snapshot: &'a Snapshot,
    head: Head,
    accounts: BTreeMap<u32, Account>,
    owners: BTreeSet<(Owner, u32)>,
    /// Written nodes.
    nodes: BTreeMap<Node, Fr>,
    /// Nodes as read, checked against their parents.
    checked: HashMap<Node, Fr>,
}

impl<'a> Overlay<'a> {
    pub(crate) fn new(snapshot: &'a Snapshot) -> Self {
        Self {
            snapshot,
            head: snapshot.head(),
            accounts: BTreeMap::new(),
            owners: BTreeSet::new(),
            nodes: BTreeMap::new(),
            checked: HashMap::new(),
        }
    }

    /// The number of the block before, the first free account id, the present root and the deployment.
    pub(crate) fn head(&self) -> Head {
        self.head
    }

    /// The changes so far, as those of block `number`.
    pub(crate) fn into_changes(self, number: u64) -> Result<Changes, StateError> {
        let mut next_account = self.head.next_account;
        while next_account <= MAX_ACCOUNT && self.account(next_account)?.exists() {
            next_account += 1;
        }
        Ok(Changes {
            base: self.snapshot.base(),
            head: Head { number, next_account, ..self.head },
            accounts: self.accounts,
            owners: self.owners,
            nodes: self.nodes,
        })
    }

    pub(crate) fn account(&self, id: u32) -> Result<Account, StateError> {
        match self.accounts.get(&id) {
            Some(account) => Ok(account.clone()),
            None => Ok(self.snapshot.account(id)?.unwrap_or_else(empty_account)),
        }
    }

    /// Gives an account to an owner.
    pub(crate) fn register(&mut self, owner: Owner, id: u32) {
        self.owners.insert((owner, id));
    }

    /// Names the rollup, at its genesis.
    pub(super) fn set_deployment(&mut self, deployment: Deployment) {
        self.head.deployment = deployment;
    }

    pub(crate) fn balance(&self, id: u32, sub: u8, token: u16) -> Result<u128, StateError> {
        read_balance(self.node(Tree::Balances(id).leaf(leaf_index(sub, token)))?)
    }

    pub(crate) fn slot(&self, id: u32, sub: u8, slot: u16) -> Result<Slot, StateError> {
        read_slot(self.node(Tree::Orders(id).leaf(leaf_index(sub, slot)))?)
    }

    /// Writes a leaf of a balance or order tree whose root the account is known to have.
    pub(crate) fn write_leaf(&mut self, tree: Tree, index: u32, leaf: Fr, root: Fr) -> Result<PathUpdate, StateError> {
        self.update(tree.leaf(index), leaf, root)
    }

    /// Writes an account and moves the state's root.
    pub(crate) fn write_account(
        &mut self,
        id: u32,
        before: &Account,
        after: &Account,
    ) -> Result<PathUpdate, StateError> {
        let update = self.update(Tree::Accounts.leaf(id), after.leaf(), self.head.root)?;
        if update.old_leaf != before.leaf() {
            return Err(StateError::Corrupt(format!("account {id} is not what the tree of accounts says")));
        }
        if before != after {
            self.accounts.insert(id, after.clone());
        }
        self.head.root = update.new_root;
        Ok(update)
    }

    fn update(&mut self, leaf: Node, new_leaf: Fr, root: Fr) -> Result<PathUpdate, StateError> {
        let depth = leaf.tree.depth();
        let old_leaf = self.node(leaf)?;
        let changed = new_leaf != old_leaf;
        let mut siblings = Vec::with_capacity(depth.into());
        let (mut node, mut old, mut new) = (leaf, old_leaf, new_leaf);
        while node.level < depth {
            let sibling = self.node(node.sibling())?;
            let parent = self.checked_parent(node, old, sibling)?;
            if changed {
                self.nodes.insert(node, new);
                new = node.parent_value(new, sibling);
            } else {
                new = parent;
            }
            siblings.push(sibling);
            (node, old) = (node.parent(), parent);
        }
        if old != root {
            return Err(corrupt(node, old, root));
        }
        if changed {
            self.nodes.insert(node, new);
        }
        Ok(PathUpdate { index: leaf.index.into(), old_leaf, new_leaf, siblings, old_root: root, new_root: new })
    }

    /// The parent of two present nodes, hashed when the pair comes from the database for the first time.
    fn checked_parent(&mut self, node: Node, value: Fr, sibling: Fr) -> Result<Fr, StateError> {
        let parent = self.node(node.parent())?;
        let known = |node: &Node| self.checked.contains_key(node) || self.nodes.contains_key(node);
        if known(&node) && known(&node.sibling()) {
            return Ok(parent);
        }
        let empty = node.empty();
        let expected =
            if (value, sibling) == (empty, empty) { node.parent().empty() } else { node.parent_value(value, sibling) };
        if parent != expected {
            return Err(corrupt(node.parent(), parent, expected));
        }
        self.checked.insert(node, value);
        self.checked.insert(node.sibling(), sibling);
        Ok(parent)
    }

    /// Writes many leaves of an empty tree, level by level; returns the root.
    pub(super) fn fill(&mut self, tree: Tree, leaves: BTreeMap<u32, Fr>) -> Fr {
        let mut level: BTreeMap<Node, Fr> = leaves.into_iter().map(|(index, leaf)| (tree.leaf(index), leaf)).collect();
        for _ in 0..tree.depth() {
            let parents: Vec<Node> = level
                .keys()
                .filter(|node| !(node.is_right() && level.contains_key(&node.sibling())))
                .map(|node| node.parent())
                .collect();
            let value = |node: Node| level.get(&node).copied().unwrap_or_else(|| node.empty());
            let above = parents.into_par_iter().map(|parent| {
                let left = Node { level: parent.level - 1, index: parent.index << 1, ..parent };
                (parent, left.parent_value(value(left), value(left.sibling())))
            });
            let above: BTreeMap<Node, Fr> = above.collect();
            self.nodes.append(&mut std::mem::replace(&mut level, above));
        }
        let root = level.get(&tree.root()).copied().unwrap_or_else(|| tree.root().empty());
        self.nodes.append(&mut level);
        root
    }

    /// Puts accounts into an empty state.
    pub(super) fn fill_accounts(&mut self, accounts: BTreeMap<u32, Account>) {
        let ids: Vec<(&u32, &Account)> = accounts.iter().collect();
        let leaves = ids.into_par_iter().map(|(id, account)| (*id, account.leaf())).collect();
        self.head.root = self.fill(Tree::Accounts, leaves);
        self.accounts = accounts;
    }

    fn node(&self, node: Node) -> Result<Fr, StateError> {
        match self.nodes.get(&node).or_else(|| self.checked.get(&node)) {
            Some(value) => Ok(*value),
            None => Ok(self.snapshot.node(node)?.unwrap_or_else(|| node.empty())),
        }
    }
}

/// An amount as its leaf holds it.
pub(super) fn read_balance(leaf: Fr) -> Result<u128, StateError> {
    let bytes = element_to_bytes(&leaf);
    match bytes[..16] == [0; 16] {
        true => Ok(low_u128(&bytes)),
        false => Err(StateError::Corrupt(format!("a balance holds {}, which exceeds 128 bits", format_hex(&bytes)))),
    }
}

/// An order slot as its leaf holds it.
pub(super) fn read_slot(leaf: Fr) -> Result<Slot, StateError> {
    if leaf == Fr::ZERO {
        return Ok(Slot::default());
    }
    let bytes = element_to_bytes(&leaf);
    match bytes[..13] == [0; 13] {
        true => Ok(Slot { nonce: u32::from_be_bytes([0, bytes[13], bytes[14], bytes[15]]), residue: low_u128(&bytes) }),
        false => {
            Err(StateError::Corrupt(format!("an order slot holds {}, which exceeds 152 bits", format_hex(&bytes))))
        }
    }
}

fn low_u128(bytes: &[u8; 32]) -> u128 {
    bytes[16..].iter().fold(0, |sum, byte| sum << 8 | u128::from(*byte))
}

pub(super) fn corrupt(node: Node, found: Fr, expected: Fr) -> StateError {
    let [found, expected] = [found, expected].map(|value| format_hex(&element_to_bytes(&value)));
    StateError::Corrupt(format!("{node:?} holds {found}, its tree says {expected}"))
}
