//! The shape of the rollup's sparse Merkle trees: which trees there are, where their nodes lie, what empty ones hash to.
//!
//! An inner node is P(left, right). One tree of accounts (depth 24), and for each account a tree of balances and one of order
//! slots (depth 21, index = sub · 65536 + token or slot). A node that was never written has the value of an empty
//! subtree of its height, so stores keep written nodes alone.

use std::sync::LazyLock;

use halo2curves::bn256::Fr;
use halo2curves::ff::Field;

use crate::chain::Chains;
use crate::operation::{Owner, PubKeyHash};
use crate::poseidon::hash2;
use crate::trace::Account;

/// Depth of the tree of accounts.
pub const ACCOUNT_DEPTH: u8 = 24;
/// Depth of the trees of balances and of order slots.
pub const LEAF_DEPTH: u8 = 21;

/// Roots of empty subtrees of zero leaves, by height.
static EMPTY_LEAVES: LazyLock<Vec<Fr>> = LazyLock::new(|| empty_subtrees(Fr::ZERO, LEAF_DEPTH));
/// Roots of empty subtrees of accounts, by height.
static EMPTY_ACCOUNTS: LazyLock<Vec<Fr>> = LazyLock::new(|| empty_subtrees(empty_account().leaf(), ACCOUNT_DEPTH));

fn empty_subtrees(leaf: Fr, depth: u8) -> Vec<Fr> {
    std::iter::successors(Some(leaf), |below| Some(hash2(*below, *below))).take(usize::from(depth) + 1).collect()
}

/// The account at a position that was never written: no owner, no key, no balances, no orders.
pub fn empty_account() -> Account {
    let root = EMPTY_LEAVES[usize::from(LEAF_DEPTH)];
    Account {
        chains: Chains::default(),
        nonce: 0,
        pkh: PubKeyHash::default(),
        owner: Owner::default(),
        balance_root: root,
        order_root: root,
    }
}

/// Position of a balance or an order slot in its tree.
pub fn leaf_index(sub: u8, token_or_slot: u16) -> u32 {
    u32::from(sub) << 16 | u32::from(token_or_slot)
}

/// One of the trees.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Tree {
    /// All accounts, by id.
    Accounts,
    /// The balances of an account.
    Balances(u32),
    /// The order slots of an account.
    Orders(u32),
}

impl Tree {
    /// Levels between the leaves and the root.
    pub fn depth(self) -> u8 {
        match self {
            Self::Accounts => ACCOUNT_DEPTH,
            Self::Balances(_) | Self::Orders(_) => LEAF_DEPTH,
        }
    }

    /// The value of a node at `level` (0: leaves) under which nothing was written.
    pub fn empty(self, level: u8) -> Fr {
        match self {
            Self::Accounts => EMPTY_ACCOUNTS[usize::from(level)],
            Self::Balances(_) | Self::Orders(_) => EMPTY_LEAVES[usize::from(level)],
        }
    }

    /// A leaf's place.
    pub fn leaf(self, index: u32) -> Node {
        Node { tree: self, level: 0, index }
    }

    /// The root's place.
    pub fn root(self) -> Node {
        Node { tree: self, level: self.depth(), index: 0 }
    }
}

/// A node's place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Node {
    /// Its tree.
    pub tree: Tree,
    /// Its height above the leaves.
    pub level: u8,
    /// Its position among the nodes of that height.
    pub index: u32,
}

impl Node {
    /// The other child of the same parent.
    pub fn sibling(self) -> Self {
        Self { index: self.index ^ 1, ..self }
    }

    /// The node above.
    pub fn parent(self) -> Self {
        Self { level: self.level + 1, index: self.index >> 1, ..self }
    }

    /// Whether this is the right child.
    pub fn is_right(self) -> bool {
        self.index & 1 == 1
    }

    /// The value of this node when nothing was written under it.
    pub fn empty(self) -> Fr {
        self.tree.empty(self.level)
    }

    /// The parent's value from this node's and its sibling's.
    pub fn parent_value(self, value: Fr, sibling: Fr) -> Fr {
        if self.is_right() { hash2(sibling, value) } else { hash2(value, sibling) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_roots_are_the_folds_of_empty_leaves() {
        let mut node = Fr::ZERO;
        for _ in 0..21 {
            node = hash2(node, node);
        }
        assert_eq!(Tree::Balances(5).empty(21), node);
        let account = hash2(hash2(Fr::ZERO, hash2(Fr::ZERO, Fr::ZERO)), hash2(node, node));
        assert_eq!(Tree::Accounts.empty(0), account);
        assert_eq!(Tree::Accounts.empty(1), hash2(account, account));
    }

    #[test]
    fn places_lead_from_a_leaf_to_the_root() {
        assert_eq!(leaf_index(31, 65535), (1 << 21) - 1);
        let mut node = Tree::Orders(7).leaf(leaf_index(31, 65535));
        for _ in 0..21 {
            assert!(node.is_right() && !node.sibling().is_right());
            assert_eq!(node.sibling().parent(), node.parent());
            node = node.parent();
        }
        assert_eq!(node, Tree::Orders(7).root());
    }
}
