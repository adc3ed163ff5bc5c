//! Gadget: the chains on which an account's owner has acted, a bit each in `auth`.
//!
//! An address is safe to pay out to on a chain where its owner has acted; on another it may be nobody's, or somebody else's.

use halo2curves::bn256::Fr;
use halo2curves::ff::Field;

use super::account::{CHAINS_AT, OpenAccount, chains_unit};
use super::rules::low128;
use crate::circuit::slot::{Builder, Var};

/// Bits of a chain's number less one.
const CHAIN_BITS: u32 = 5;

/// One chain's bit among an account's chains.
pub struct ChainBit {
    /// All chains, 32 bits.
    pub chains: Var,
    /// 2^(chain − 1), one in an empty slot.
    unit: Var,
    /// Whether the owner has acted on the chain.
    pub is_set: Var,
}

impl ChainBit {
    /// Takes an account's chains apart: unit · (2 · above + bit) + below, with below less than the unit.
    pub fn open(b: &mut Builder, account: &OpenAccount<'_>, chain: Var) -> Self {
        let unit = unit(b, chain);
        let chains = account.chains(b);
        let (value, divisor) = (low128(&b.value(chains)), low128(&b.value(unit)).max(1));
        let above = b.hint_integer((value / divisor) >> 1, 32);
        let is_set = b.hint_bit((value / divisor) & 1 == 1);
        let below = b.hint_integer(value % divisor, 32);
        let room = b.sum(&[(Fr::ONE, unit), (-Fr::ONE, below)], -Fr::ONE);
        b.range(room, 32);
        let upper = b.sum(&[(Fr::from(2), above), (Fr::ONE, is_set)], Fr::ZERO);
        let whole = b.multiply_add(Fr::ONE, unit, upper, below);
        b.assert_equal(whole, chains);
        Self { chains, unit, is_set }
    }

    /// `auth` with the bit set if `acted` is one.
    pub fn set(&self, b: &mut Builder, auth: Var, acted: Var) -> Var {
        let missing = b.not(self.is_set);
        let added = b.product(acted, missing);
        b.multiply_add(chains_unit(), added, self.unit, auth)
    }
}

/// Holds `auth` as chains · 2^192 and 192 bits below, whatever they are.
pub fn split_low(b: &mut Builder, account: &OpenAccount<'_>, chains: Var) {
    let below = b.value(account.auth) - chains_unit() * b.value(chains);
    let below = b.hint(below);
    b.range(below, CHAINS_AT);
    b.assert_sum(&[(chains_unit(), chains), (Fr::ONE, below), (-Fr::ONE, account.auth)], Fr::ZERO);
}

/// 2^(chain − 1), from the bits of chain − 1, which is zero in an empty slot.
fn unit(b: &mut Builder, chain: Var) -> Var {
    let position = low128(&b.value(chain)).saturating_sub(1);
    let mut unit = b.constant(Fr::ONE);
    let mut terms = vec![(-Fr::ONE, chain), (Fr::ONE, b.active())];
    for i in 0..CHAIN_BITS {
        let bit = b.hint_bit(position >> i & 1 == 1);
        terms.push((Fr::from(1 << i), bit));
        let power = Fr::from(2).pow_vartime([1 << i]);
        unit = b.multiply_add(power - Fr::ONE, bit, unit, unit);
    }
    b.assert_sum(&terms, Fr::ZERO);
    unit
}
