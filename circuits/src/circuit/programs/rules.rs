//! Gadgets: rules that several operations share.

use halo2curves::bn256::Fr;
use halo2curves::ff::{Field, PrimeField};

use super::account::{OpenAccount, leaf_index};
use crate::circuit::slot::{Builder, Var};
use crate::operation::{FIRST_STABLECOIN, Form, LAST_STABLECOIN, MIRROR_OFFSET, POOLED_USD, RESERVES};
use crate::poseidon::hash2;

/// The account's owner is set: it exists, and it is not the reserve account.
pub fn assert_owned(b: &mut Builder, owner_hash: Var) {
    let empty = hash2(Fr::ZERO, Fr::ZERO);
    let difference = b.sum(&[(Fr::ONE, owner_hash), (-empty, b.active())], Fr::ZERO);
    b.assert_nonzero(difference);
}

/// The public data's number of a chain, which the bus keeps within the block's chains.
pub fn chain(b: &mut Builder, chain: u8) -> Var {
    b.input(Fr::from(u64::from(chain)))
}

/// The owner hash of an account that does not exist.
pub fn no_owner(b: &mut Builder) -> Var {
    let empty = hash2(Fr::ZERO, Fr::ZERO);
    b.sum(&[(empty, b.active())], Fr::ZERO)
}

/// The account is not the reserve account: for accounts that an operation may create.
pub fn assert_not_reserve(b: &mut Builder, id: Var) {
    let difference = b.sum(&[(Fr::ONE, id), (-Fr::from(u64::from(RESERVES)), b.active())], Fr::ZERO);
    b.assert_nonzero(difference);
}

/// A token of a chain and what it is in the rollup.
pub struct TokenPair {
    /// Token on the chain.
    pub l1: Var,
    /// Token in the rollup: the same, or 1 for a pooled stablecoin.
    pub l2: Var,
    /// Token of the reserve leaf.
    reserve: Var,
}

/// Token pair rule: l1 ≥ 17, and l2 = l1 or (l2 = 1 and l1 ≤ 31). Both fit their fields.
pub fn token_pair(b: &mut Builder, l1: u16, l2: u16) -> TokenPair {
    let pooled = b.bit(l1 != l2);
    let l1 = chain_token(b, l1);
    b.range(l1, Form::L1Token.bits());
    let room = b.sum(&[(-Fr::ONE, l1)], Fr::from(u64::from(LAST_STABLECOIN)));
    let room = b.product(pooled, room);
    b.range(room, 8);
    let to_pool = b.sum(&[(-Fr::ONE, l1)], Fr::from(u64::from(POOLED_USD)));
    let l2 = b.multiply_add(Fr::ONE, pooled, to_pool, l1);
    let reserve = b.sum(&[(Fr::ONE, l1), (-Fr::from(u64::from(MIRROR_OFFSET)), pooled)], Fr::ZERO);
    TokenPair { l1, l2, reserve }
}

impl TokenPair {
    /// Opens the reserve account. Returns it with the index of the leaf of `chain`, which the bus keeps within the
    /// block's chains.
    pub fn open_reserve<'a>(
        &self,
        b: &mut Builder,
        update: Option<&'a crate::trace::AccountUpdate>,
        chain: Var,
    ) -> (OpenAccount<'a>, Var) {
        let reserve = OpenAccount::open(b, update);
        b.assert_sum(&[(Fr::ONE, reserve.id), (-Fr::from(u64::from(RESERVES)), b.active())], Fr::ZERO);
        let index = leaf_index(b, chain, self.reserve);
        (reserve, index)
    }
}

/// amount = min(a, b), all below 2^128: amount is one of them, and neither is less. Returns what is left of both.
pub fn assert_minimum(b: &mut Builder, amount: Var, left: Var, right: Var) -> [Var; 2] {
    let rests = [left, right].map(|value| {
        let rest = b.sub(value, amount);
        b.range(rest, 128);
        rest
    });
    b.assert_product(rests[0], rests[1], b.zero());
    rests
}

/// The low 128 bits of a field element.
pub fn low128(value: &Fr) -> u128 {
    let bytes = value.to_repr();
    u128::from_le_bytes(std::array::from_fn(|i| bytes.as_ref()[i]))
}

/// A sub-account of its field's width; the path of the leaf it leads to forces it below 32.
pub fn sub_account(b: &mut Builder, sub: u8) -> Var {
    b.integer(u128::from(sub), Form::Sub.bits())
}

/// A token that users hold: the pooled one, or one from 17 up.
pub fn token(b: &mut Builder, token: u16) -> Var {
    let is_pooled = token == POOLED_USD;
    let pooled = b.bit(is_pooled);
    let other = chain_token(b, if is_pooled { FIRST_STABLECOIN } else { token });
    let to_pool = b.sum(&[(-Fr::ONE, other)], Fr::from(u64::from(POOLED_USD)));
    let token = b.multiply_add(Fr::ONE, pooled, to_pool, other);
    b.range(token, Form::Token.bits());
    token
}

/// A token from 17 up, as large as 17 bits. `token`: what is declared; 17 stands for what is pooled.
fn chain_token(b: &mut Builder, token: u16) -> Var {
    let first = Fr::from(u64::from(FIRST_STABLECOIN));
    let token = if b.holds_operation() { token } else { FIRST_STABLECOIN };
    let above = b.input(Fr::from(u64::from(token)) - first);
    b.range(above, Form::L1Token.bits());
    b.sum(&[(Fr::ONE, above), (first, b.active())], Fr::ZERO)
}
