//! What executing a block leaves for the circuit: every operation with its public data and each tree update it made.
//!
//! Written by the execution, read by the circuit and by the public inputs. Updates are strictly sequential: each starts
//! from the root that the one before left, across operations and into the credits at the block's end.

use halo2curves::bn256::Fr;

use crate::chain::Chains;
use crate::encoding::word;
use crate::operation::{Deployment, Owner, PubKeyHash, Pubdata, SignedOperation};
use crate::poseidon::hash2;

/// One leaf of a tree before and after, with the path that both share.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PathUpdate {
    /// The leaf's position; bit i says whether the node at level i is the right child.
    pub index: u64,
    /// The leaf before.
    pub old_leaf: Fr,
    /// The leaf after.
    pub new_leaf: Fr,
    /// The other child at each level, from the leaf to the root.
    pub siblings: Vec<Fr>,
    /// The root before.
    pub old_root: Fr,
    /// The root after.
    pub new_root: Fr,
}

impl PathUpdate {
    /// The root that a leaf leads to along this path.
    pub fn root_of(&self, leaf: Fr) -> Fr {
        self.siblings.iter().enumerate().fold(leaf, |node, (level, sibling)| {
            if self.index >> level & 1 == 1 { hash2(*sibling, node) } else { hash2(node, *sibling) }
        })
    }
}

/// An account as its leaf binds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// The chains on which its owner has acted: those to which it may be forced out.
    pub chains: Chains,
    /// How many operations the account has signed.
    pub nonce: u32,
    /// The key that signs for it; zero: none.
    pub pkh: PubKeyHash,
    /// Its owner; zero: the account does not exist.
    pub owner: Owner,
    /// Root of its balances.
    pub balance_root: Fr,
    /// Root of its order slots.
    pub order_root: Fr,
}

impl Account {
    /// chains · 2^192 + nonce · 2^160 + key hash.
    pub fn auth(&self) -> Fr {
        let mut bytes = [0; 28];
        bytes[..4].copy_from_slice(&self.chains.bits().to_be_bytes());
        bytes[4..8].copy_from_slice(&self.nonce.to_be_bytes());
        bytes[8..].copy_from_slice(&self.pkh.0);
        word(&bytes)
    }

    /// P(first 25 bytes of the owner, last 7 bytes).
    pub fn owner_hash(&self) -> Fr {
        self.owner.hash()
    }

    /// P(P(auth, owner hash), P(balance root, order root)).
    pub fn leaf(&self) -> Fr {
        hash2(hash2(self.auth(), self.owner_hash()), hash2(self.balance_root, self.order_root))
    }

    /// Whether the account has an owner.
    pub fn exists(&self) -> bool {
        !self.owner.is_zero()
    }
}

/// What an order slot keeps: its nonce and what is left of its order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Slot {
    /// Raised whenever an order is exhausted or replaced; 24 bits.
    pub nonce: u32,
    /// Base that is left of the order; 0: none.
    pub residue: u128,
}

impl Slot {
    /// nonce · 2^128 + residue.
    pub fn leaf(&self) -> Fr {
        Fr::from_raw([self.residue as u64, (self.residue >> 64) as u64, self.nonce.into(), 0])
    }
}

/// One account before and after, with its changed leaves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountUpdate {
    /// The account's id.
    pub id: u32,
    /// The account as the operation found it.
    pub before: Account,
    /// The account as the operation left it.
    pub after: Account,
    /// Leaves of its balance and order trees, in the order of the protocol; order slots come first.
    pub leaves: Vec<PathUpdate>,
    /// The account's own leaf.
    pub path: PathUpdate,
}

/// One side of a trade: what its order slot and its account gain and lose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Side {
    /// The order slot before the trade.
    pub slot_before: Slot,
    /// What was left of the order before the trade.
    pub residue: u128,
    /// The order slot after the trade.
    pub slot_after: Slot,
    /// What it gave away.
    pub sold: u128,
    /// What it got, fee included.
    pub bought: u128,
    /// Its fee, out of what it got.
    pub fee: u128,
}

/// What an OrderMatching trades.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trade {
    /// Base that changed hands.
    pub quantity: u128,
    /// Quote that changed hands.
    pub quote: u128,
    /// The maker's side.
    pub maker: Side,
    /// The taker's side.
    pub taker: Side,
}

/// What the execution found beyond the operation's fields.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)] // Named after the operations.
pub enum Outcome {
    Noop,
    /// Whether the deposit opened the account.
    Deposit {
        created: bool,
    },
    TransferToNew,
    Withdraw,
    Transfer,
    /// What left; 0 when the owner does not match.
    FullExit {
        amount: u128,
    },
    /// The account's owner.
    ChangePubKey {
        owner: Owner,
    },
    /// What left.
    ForcedExit {
        amount: u128,
    },
    OrderMatching(Box<Trade>),
}

/// One executed operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OperationTrace {
    /// The operation.
    pub operation: SignedOperation,
    /// Its public data.
    pub pubdata: Pubdata,
    /// The accounts it opened, in the order of the protocol.
    pub updates: Vec<AccountUpdate>,
    /// What the execution found beyond the operation's fields.
    pub outcome: Outcome,
}

/// The block's fees of one token to one account, credited at the block's end to sub-account 0.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CreditTrace {
    /// Who gets them.
    pub account: u32,
    /// The token.
    pub token: u16,
    /// How much; not zero.
    pub total: u128,
    /// The change of the account that gets them.
    pub update: AccountUpdate,
}

/// An executed block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlockTrace {
    /// The block's number.
    pub number: u64,
    /// The block's timestamp.
    pub timestamp: u32,
    /// The rollup's deployment.
    pub deployment: Deployment,
    /// The account tree's root before.
    pub old_root: Fr,
    /// The account tree's root after.
    pub new_root: Fr,
    /// In the block's order.
    pub operations: Vec<OperationTrace>,
    /// By account, then token.
    pub credits: Vec<CreditTrace>,
}
