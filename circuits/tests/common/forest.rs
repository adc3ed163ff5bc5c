//! A lying sequencer's trees: they do whatever they are told, and all roots and paths are right.

#![allow(dead_code)]

use std::collections::BTreeMap;

use halo2curves::bn256::Fr;
use halo2curves::ff::{Field, PrimeField};
use penstock_circuits::chain::Chains;
use penstock_circuits::operation::{Owner, PubKeyHash};
use penstock_circuits::state::Genesis;
use penstock_circuits::trace::{Account, AccountUpdate, BlockTrace, PathUpdate};
use penstock_circuits::tree::{Node, Tree, empty_account, leaf_index};

#[derive(Clone, Default)]
pub struct Forest {
    nodes: BTreeMap<Node, Fr>,
    accounts: BTreeMap<u32, Account>,
}

impl Forest {
    pub fn new(genesis: &Genesis) -> Self {
        let mut forest = Self::default();
        let people = [(0, &genesis.collector)].into_iter().chain((2..).zip(&genesis.accounts));
        for (id, person) in people {
            let mut account = Account { owner: person.owner, pkh: person.pub_key_hash, ..empty_account() };
            for balance in &person.balances {
                let index = leaf_index(balance.sub, balance.token);
                let path = forest.write(Tree::Balances(id), index, Fr::from_u128(balance.amount));
                account.balance_root = path.new_root;
            }
            forest.close(id, account);
        }
        let mut reserves = empty_account();
        for reserve in &genesis.reserves {
            let token = if reserve.l2_token == 1 { reserve.l1_token - 15 } else { reserve.l1_token };
            let index = leaf_index(reserve.chain, token);
            reserves.balance_root = forest.write(Tree::Balances(1), index, Fr::from_u128(reserve.amount)).new_root;
        }
        forest.close(1, reserves);
        forest
    }

    pub fn root(&self) -> Fr {
        self.get(Tree::Accounts.root())
    }

    fn get(&self, node: Node) -> Fr {
        self.nodes.get(&node).copied().unwrap_or_else(|| node.empty())
    }

    /// Index bits above the tree's depth are ignored by the tree and kept in the path.
    fn write(&mut self, tree: Tree, index: u32, leaf: Fr) -> PathUpdate {
        let mut node = tree.leaf(index & ((1 << tree.depth()) - 1));
        let (old_leaf, old_root) = (self.get(node), self.get(tree.root()));
        let mut siblings = Vec::new();
        let mut value = leaf;
        for _ in 0..tree.depth() {
            self.nodes.insert(node, value);
            let sibling = self.get(node.sibling());
            siblings.push(sibling);
            value = node.parent_value(value, sibling);
            node = node.parent();
        }
        self.nodes.insert(node, value);
        PathUpdate { index: index.into(), old_leaf, new_leaf: leaf, siblings, old_root, new_root: value }
    }

    fn account(&self, id: u32) -> Account {
        self.accounts.get(&Self::place(id)).cloned().unwrap_or_else(empty_account)
    }

    fn close(&mut self, id: u32, after: Account) -> PathUpdate {
        let leaf = after.leaf();
        self.accounts.insert(Self::place(id), after);
        self.write(Tree::Accounts, id, leaf)
    }

    /// Where an id that is too large ends up.
    fn place(id: u32) -> u32 {
        id & ((1 << Tree::Accounts.depth()) - 1)
    }

    /// Makes an update again from its differences: of leaves, and of the nonce; key and owner are as it says.
    fn redo(&mut self, update: &mut AccountUpdate) {
        let before = self.account(update.id);
        let raised = update.after.nonce - update.before.nonce;
        let (pkh, owner): (PubKeyHash, Owner) = (
            if update.after.pkh == update.before.pkh { before.pkh } else { update.after.pkh },
            if update.after.owner == update.before.owner { before.owner } else { update.after.owner },
        );
        let acted = update.after.chains.bits() ^ update.before.chains.bits();
        let chains = Chains::from_bits(before.chains.bits() | acted).unwrap_or_default();
        let mut after = Account { chains, nonce: before.nonce + raised, pkh, owner, ..before.clone() };
        let orders = usize::from(update.leaves.len() == 3);
        for (number, leaf) in update.leaves.iter_mut().enumerate() {
            let is_order = number < orders;
            let place = Self::place(update.id);
            let tree = if is_order { Tree::Orders(place) } else { Tree::Balances(place) };
            let index = leaf.index as u32;
            let node = tree.leaf(index & ((1 << tree.depth()) - 1));
            let new = self.get(node) + leaf.new_leaf - leaf.old_leaf;
            *leaf = self.write(tree, index, new);
            *(if is_order { &mut after.order_root } else { &mut after.balance_root }) = leaf.new_root;
        }
        update.path = self.close(update.id, after.clone());
        (update.before, update.after) = (before, after);
    }

    /// Makes all updates of a block again, from this state. `undone`: after this operation the state is as before it.
    pub fn replay(mut self, block: &mut BlockTrace, undone: Option<usize>) {
        block.old_root = self.root();
        for (number, operation) in block.operations.iter_mut().enumerate() {
            let before = self.clone();
            operation.updates.iter_mut().for_each(|update| self.redo(update));
            if undone == Some(number) {
                self = before;
            }
        }
        block.credits.iter_mut().for_each(|credit| self.redo(&mut credit.update));
        block.new_root = self.root();
    }
}

/// What an update adds to a leaf.
pub fn set_difference(update: &mut AccountUpdate, leaf: usize, difference: Fr) {
    let leaf = &mut update.leaves[leaf];
    leaf.new_leaf = leaf.old_leaf + difference;
}

/// A debit.
pub fn minus(value: u128) -> Fr {
    -Fr::from_u128(value) + Fr::ZERO
}
