//! Gadget: one account opened, its leaves changed, and closed again under a new state root.

use halo2curves::bn256::Fr;
use halo2curves::ff::Field;

use crate::circuit::slot::{Builder, Var};
use crate::encoding::word;
use crate::operation::Form;
use crate::trace::{AccountUpdate, PathUpdate};
use crate::tree::{ACCOUNT_DEPTH, LEAF_DEPTH};

/// One nonce in `auth`, above the 160 bits of the public key hash.
pub fn nonce_unit() -> Fr {
    Fr::from(2).pow_vartime([160])
}

/// Bits of `auth` below the chains: nonce and key hash.
pub const CHAINS_AT: usize = 192;

/// Chain 1 in `auth`, above the nonce.
pub fn chains_unit() -> Fr {
    Fr::from(2).pow_vartime([CHAINS_AT as u64])
}

/// An account between opening and closing.
pub struct OpenAccount<'a> {
    update: Option<&'a AccountUpdate>,
    leaves: std::slice::Iter<'a, PathUpdate>,
    /// Account id, below 2^24 by the length of its path.
    pub id: Var,
    /// chains · 2^192 + nonce · 2^160 + public key hash, before.
    pub auth: Var,
    /// poseidon(high 25 bytes, low 7 bytes) of the owner's address, before.
    pub owner: Var,
    roots_before: [Var; 2],
    balances: Var,
    orders: Var,
}

/// What a signer's `auth` says.
pub struct Signer {
    /// The hash of the key that has to sign.
    pub pkh: Var,
    /// The nonce that has to be signed.
    pub nonce: Var,
    /// `auth` with the nonce raised by one.
    pub raised: Var,
}

impl<'a> OpenAccount<'a> {
    /// Opens the account that `update` changes; in an empty slot, one of zeros.
    pub fn open(b: &mut Builder, update: Option<&'a AccountUpdate>) -> Self {
        let id = b.input(update.map_or(Fr::ZERO, |u| Fr::from(u64::from(u.id))));
        let mut part = |value: fn(&AccountUpdate) -> Fr| b.hint(update.map_or(Fr::ZERO, value));
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
        self.balances = b.path(LEAF_DEPTH.into(), [index, old, new, self.balances], self.leaves.next());
    }

    /// Replaces an order slot's leaf.
    pub fn set_order(&mut self, b: &mut Builder, index: Var, old: Var, new: Var) {
        self.orders = b.path(LEAF_DEPTH.into(), [index, old, new, self.orders], self.leaves.next());
    }

    /// Adds an amount to a balance. The result is not range-checked: all balances of a token together never exceed its reserves,
    /// which deposits keep below 2^128 (`operation::RESERVE_BITS`).
    pub fn credit(&mut self, b: &mut Builder, index: Var, amount: Var) {
        let old = self.leaf_value();
        let old = b.hint(old);
        let new = b.add(old, amount);
        self.set_balance(b, index, old, new);
    }

    /// Takes amounts from a balance, which stays within 128 bits, so never below zero.
    pub fn debit(&mut self, b: &mut Builder, index: Var, amounts: &[Var]) {
        let old = self.leaf_value();
        let old = b.hint(old);
        let mut terms = vec![(Fr::ONE, old)];
        terms.extend(amounts.iter().map(|amount| (-Fr::ONE, *amount)));
        let new = b.sum(&terms, Fr::ZERO);
        b.range(new, 128);
        self.set_balance(b, index, old, new);
    }

    /// chains · 2^192 + nonce · 2^160 + pkh = `auth`. `pkh` must be known to fit 160 bits and `chains` 32: then the parts are
    /// unique.
    pub fn split(&self, b: &mut Builder, chains: Var, pkh: Var) -> Var {
        let nonce = self.update.map_or(0, |u| u128::from(u.before.nonce));
        let nonce = b.hint_integer(nonce, Form::Nonce.bits());
        let terms = [(chains_unit(), chains), (nonce_unit(), nonce), (Fr::ONE, pkh), (-Fr::ONE, self.auth)];
        b.assert_sum(&terms, Fr::ZERO);
        nonce
    }

    /// The hash of the account's key. Whoever draws a signature of it knows that it fits 160 bits.
    pub fn key(&self, b: &mut Builder) -> Var {
        let chains = self.chains(b);
        let pkh = self.pkh(b);
        self.split(b, chains, pkh);
        pkh
    }

    /// The key hash and the nonce of an account that signs the operation, and its `auth` afterwards.
    pub fn signer(&self, b: &mut Builder) -> Signer {
        let pkh = self.pkh(b);
        let nonce = self.spend(b, pkh);
        let raised = b.sum(&[(Fr::ONE, self.auth), (nonce_unit(), b.active())], Fr::ZERO);
        Signer { pkh, nonce, raised }
    }

    /// The nonce of an account with this key hash; there has to be a next one.
    pub fn spend(&self, b: &mut Builder, pkh: Var) -> Var {
        let chains = self.chains(b);
        let nonce = self.split(b, chains, pkh);
        let next = b.sum(&[(Fr::ONE, nonce)], Fr::ONE);
        b.range(next, Form::Nonce.bits());
        nonce
    }

    /// The chains on which the owner has acted, as bits from chain 1 up.
    pub fn chains(&self, b: &mut Builder) -> Var {
        b.hint_integer(self.update.map_or(0, |u| u128::from(u.before.chains.bits())), 32)
    }

    /// The public key hash that the account had when it was opened; whoever uses it has to hold it within 160 bits.
    pub fn pkh(&self, b: &mut Builder) -> Var {
        b.hint(self.update.map_or(Fr::ZERO, |u| word(&u.before.pkh.0)))
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
        b.path(ACCOUNT_DEPTH.into(), [self.id, old, new, root], self.update.map(|update| &update.path))
    }
}

/// sub · 2^16 + token or slot. Both must be range-checked once by the caller's program (`sub` 8 bits, `low` 16): a path of
/// 21 levels then forces the sub-account below 32.
pub fn leaf_index(b: &mut Builder, sub: Var, low: Var) -> Var {
    b.sum(&[(Fr::from(1 << Form::Token.bits()), sub), (Fr::ONE, low)], Fr::ZERO)
}
