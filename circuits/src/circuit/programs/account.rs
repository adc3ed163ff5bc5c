//! Gadget: one account opened, its leaves changed, and closed again under a new state root.

use halo2curves::bn256::Fr;
use halo2curves::ff::Field;

use crate::circuit::slot::{Builder, Var, fr};
use crate::encoding::word;
use crate::trace::{AccountUpdate, PathUpdate};

/// Levels of the account tree.
const ACCOUNT_DEPTH: u64 = 24;
/// Levels of the balance and order trees.
const LEAF_DEPTH: u64 = 21;
/// Bits of a token id, an order slot: index = sub-account · 2^16 + this.
const TOKEN_BITS: u32 = 16;

/// One nonce in `auth`, above the 160 bits of the public key hash.
pub fn nonce_unit() -> Fr {
    Fr::from(2).pow_vartime([160])
}

/// An account between opening and closing.
pub struct OpenAccount<'a> {
    update: Option<&'a AccountUpdate>,
    leaves: std::slice::Iter<'a, PathUpdate>,
    /// Account id, below 2^24 by the length of its path.
    pub id: Var,
    /// nonce · 2^160 + public key hash, before.
    pub auth: Var,
    /// poseidon(high 25 bytes, low 7 bytes) of the owner's address, before.
    pub owner: Var,
    roots_before: [Var; 2],
    balances: Var,
    orders: Var,
}

impl<'a> OpenAccount<'a> {
    /// Opens the account that `update` changes; in an empty slot, one of zeros.
    pub fn open(b: &mut Builder, update: Option<&'a AccountUpdate>) -> Self {
        let mut part = |value: fn(&AccountUpdate) -> Fr| b.witness(update.map_or(Fr::ZERO, value));
        let id = part(|u| Fr::from(u64::from(u.id)));
        let auth = part(|u| u.before.auth());
        let owner = part(|u| u.before.owner_hash());
        let balances = part(|u| u.before.balance_root);
        let orders = part(|u| u.before.order_root);
        let leaves = update.map_or([].iter(), |u| u.leaves.iter());
        Self { update, leaves, id, auth, owner, roots_before: [balances, orders], balances, orders }
    }

    /// The next leaf's old value.
    pub fn leaf_value(&self) -> Fr {
        self.leaves.as_slice().first().map_or(Fr::ZERO, |path| path.old_leaf)
    }

    /// Replaces a balance: index sub · 2^16 + token, both checked by their users or here by the path's length.
    pub fn set_balance(&mut self, b: &mut Builder, index: Var, old: Var, new: Var) {
        let after = self.leaves.next().map_or(Fr::ZERO, |path| path.new_root);
        let after = b.witness(after);
        b.path(LEAF_DEPTH, [index, old, new, self.balances, after]);
        self.balances = after;
    }

    /// Replaces an order slot's leaf.
    pub fn set_order(&mut self, b: &mut Builder, index: Var, old: Var, new: Var) {
        let after = self.leaves.next().map_or(Fr::ZERO, |path| path.new_root);
        let after = b.witness(after);
        b.path(LEAF_DEPTH, [index, old, new, self.orders, after]);
        self.orders = after;
    }

    /// Adds `scale · amount` to a balance. The result is not range-checked: credits cannot wrap, since all balances of a token
    /// together never exceed what was deposited, at most 2^128 a deposit.
    pub fn credit(&mut self, b: &mut Builder, index: Var, amount: Var) {
        let old = self.leaf_value();
        let old = b.witness(old);
        let new = b.add(old, amount);
        self.set_balance(b, index, old, new);
    }

    /// Takes amounts from a balance, which stays within 128 bits, so never below zero.
    pub fn debit(&mut self, b: &mut Builder, index: Var, amounts: &[Var]) {
        let old = self.leaf_value();
        let old = b.witness(old);
        let mut terms = vec![(Fr::ONE, old)];
        terms.extend(amounts.iter().map(|amount| (-Fr::ONE, *amount)));
        let new = b.sum(&terms, Fr::ZERO);
        b.range(new, 128);
        self.set_balance(b, index, old, new);
    }

    /// The nonce of the opened account, whose public key hash is `pkh`. `pkh` must be known to fit 160 bits (that of every
    /// drawn signature does): then the parts are unique.
    pub fn nonce(&self, b: &mut Builder, pkh: Var) -> Var {
        let nonce = self.update.map_or(0, |u| u128::from(u.before.nonce));
        let nonce = b.witness(fr(nonce));
        b.assert_sum(&[(nonce_unit(), nonce), (Fr::ONE, pkh), (-Fr::ONE, self.auth)], Fr::ZERO);
        // nonce + 1 < 2^32; a nonce of −1 would not recompose to a stored `auth`, which is below 2^192.
        let next = b.sum(&[(Fr::ONE, nonce)], Fr::ONE);
        b.range(next, 32);
        nonce
    }

    /// `auth` with the nonce raised by one.
    pub fn raised(&self, b: &mut Builder) -> Var {
        b.sum(&[(Fr::ONE, self.auth), (nonce_unit(), b.active())], Fr::ZERO)
    }

    /// The public key hash that the account had when it was opened.
    pub fn pkh_value(&self) -> Fr {
        self.update.map_or(Fr::ZERO, |u| word(&u.before.pkh.0))
    }

    /// Closes the account with a new `auth` and owner. Returns the new state root.
    pub fn close(self, b: &mut Builder, root: Var, auth: Var, owner: Var) -> Var {
        let leaf = |b: &mut Builder, auth, owner, balances, orders| {
            let keys = b.hash(auth, owner);
            let roots = b.hash(balances, orders);
            b.hash(keys, roots)
        };
        let [balances, orders] = self.roots_before;
        let old = leaf(b, self.auth, self.owner, balances, orders);
        let new = leaf(b, auth, owner, self.balances, self.orders);
        let after = b.witness(self.update.map_or(Fr::ZERO, |u| u.path.new_root));
        b.path(ACCOUNT_DEPTH, [self.id, old, new, root, after]);
        after
    }
}

/// sub · 2^16 + token or slot. Both must be range-checked once by the caller's program (`sub` 8 bits, `low` 16): a path of
/// 21 levels then forces the sub-account below 32.
pub fn leaf_index(b: &mut Builder, sub: Var, low: Var) -> Var {
    b.sum(&[(Fr::from(1 << TOKEN_BITS), sub), (Fr::ONE, low)], Fr::ZERO)
}
