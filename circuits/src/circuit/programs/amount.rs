//! Gadgets: packed amounts, and the bytes of owners.

use halo2curves::bn256::Fr;
use halo2curves::ff::{Field, PrimeField};

use crate::circuit::slot::{Builder, Part, Var, fr};
use crate::encoding::word;
use crate::operation::{Form, Owner};
use crate::packing::EXPONENT_BITS;

/// A packed amount and its value, mantissa · 10^exponent.
#[derive(Clone, Copy)]
pub struct Packed {
    /// mantissa · 32 + exponent.
    pub packed: Var,
    /// The amount.
    pub value: Var,
}

/// Unpacks an amount.
pub fn amount(b: &mut Builder, packed: u64) -> Packed {
    unpack(b, packed, Form::PackedAmount)
}

/// Unpacks a fee.
pub fn fee(b: &mut Builder, packed: u64) -> Packed {
    unpack(b, packed, Form::PackedFee)
}

fn unpack(b: &mut Builder, packed: u64, form: Form) -> Packed {
    let mantissa = b.integer(u128::from(packed >> EXPONENT_BITS), form.bits() - EXPONENT_BITS as usize);
    let mut value = mantissa;
    let mut terms = vec![(Fr::from(1 << EXPONENT_BITS), mantissa)];
    for i in 0..EXPONENT_BITS {
        let bit = b.bit(packed >> i & 1 == 1);
        terms.push((Fr::from(1 << i), bit));
        let power = Fr::from(10).pow_vartime([1 << i]);
        value = b.multiply_add(power - Fr::ONE, bit, value, value);
    }
    let packed = b.sum(&terms, Fr::ZERO);
    Packed { packed, value }
}

/// An integer cut into limbs that can be laid into words, most significant first. Where it is cut is said in bytes from its start.
pub struct Cut {
    limbs: Vec<(Var, usize)>,
}

/// Cuts a big-endian integer that the operation declares; every limb is range-checked.
pub fn cut(b: &mut Builder, bytes: &[u8], cuts: &[usize]) -> Cut {
    cut_with(b, bytes, cuts, Builder::input)
}

/// Cuts a big-endian integer that the prover computes; every limb is range-checked.
pub fn cut_hint(b: &mut Builder, bytes: &[u8], cuts: &[usize]) -> Cut {
    cut_with(b, bytes, cuts, Builder::hint)
}

fn cut_with(b: &mut Builder, bytes: &[u8], cuts: &[usize], name: fn(&mut Builder, Fr) -> Var) -> Cut {
    let mut limbs = Vec::new();
    let mut from = 0;
    for to in cuts.iter().copied().chain([bytes.len()]) {
        let limb = name(b, word(&bytes[from..to]));
        b.range(limb, 8 * (to - from));
        limbs.push((limb, to - from));
        from = to;
    }
    Cut { limbs }
}

/// Cuts a value of `bytes` bytes.
pub fn cut_value(b: &mut Builder, value: Var, bytes: usize, cuts: &[usize]) -> Cut {
    let mut repr = b.value(value).to_bytes();
    repr.reverse();
    let limbs = cut_hint(b, &repr[32 - bytes..], cuts);
    let whole = limbs.whole(b);
    b.assert_equal(whole, value);
    limbs
}

impl Cut {
    /// The same integer cut at some of the places only.
    pub fn joined(&self, b: &mut Builder, cuts: &[usize]) -> Self {
        let mut limbs = Vec::new();
        let mut from = 0;
        for to in cuts.iter().copied().chain([self.bytes()]) {
            limbs.push((self.value(b, from, to), to - from));
            from = to;
        }
        Self { limbs }
    }

    /// The integer's width in bytes.
    pub fn bytes(&self) -> usize {
        self.limbs.iter().map(|(_, bytes)| bytes).sum()
    }

    /// All limbs as parts of words.
    pub fn parts(&self) -> Vec<Part> {
        self.limbs.iter().map(|(limb, bytes)| Part::Value(*limb, *bytes)).collect()
    }

    /// The integer.
    pub fn whole(&self, b: &mut Builder) -> Var {
        self.value(b, 0, self.bytes())
    }

    /// The integer of the bytes `from..to`, which must be cuts.
    pub fn value(&self, b: &mut Builder, from: usize, to: usize) -> Var {
        let mut terms = Vec::new();
        let mut end = self.bytes();
        for (limb, bytes) in self.limbs.iter().rev() {
            if end <= to && end - bytes >= from {
                terms.push((Fr::from(256).pow_vartime([(to - end) as u64]), *limb));
            }
            end -= bytes;
        }
        b.sum(&terms, Fr::ZERO)
    }
}

/// The integer is not zero, if the slot holds an operation: its limbs do not add up to zero.
pub fn assert_some(b: &mut Builder, cut: &Cut) {
    let limbs: Vec<_> = cut.limbs.iter().map(|(limb, _)| (Fr::ONE, *limb)).collect();
    let sum = b.sum(&limbs, Fr::ZERO);
    b.assert_nonzero(sum);
}

/// The owner hash of 32 bytes cut at [`Owner::SPLIT`] among other places.
pub fn owner_hash(b: &mut Builder, owner: &Cut) -> Var {
    let high = owner.value(b, 0, Owner::SPLIT);
    let low = owner.value(b, Owner::SPLIT, 32);
    b.hash(high, low)
}

/// Opens `hash`, which an account of the state has, as the hash of `owner`. Its halves were range-checked when it was written there.
pub fn stored_owner(b: &mut Builder, owner: &[u8; 32], hash: Var) -> Cut {
    let high = b.hint(word(&owner[..Owner::SPLIT]));
    let low = b.hint(word(&owner[Owner::SPLIT..]));
    let computed = b.hash(high, low);
    b.assert_equal(computed, hash);
    Cut { limbs: vec![(high, Owner::SPLIT), (low, owner.len() - Owner::SPLIT)] }
}

/// ⌊numerator / divisor⌋ for a constant divisor below 2^64. The caller has to hold the quotient within 128 bits.
pub fn divide(b: &mut Builder, numerator: Var, divisor: u64) -> Var {
    let bits = 64 - (divisor - 1).leading_zeros() as usize;
    let (quotient, remainder) = split(&b.value(numerator), divisor);
    let quotient = b.hint(fr(quotient));
    let remainder = b.hint(fr(remainder));
    b.range(remainder, bits.next_multiple_of(8));
    let slack = b.sum(&[(-Fr::ONE, remainder)], Fr::from(divisor - 1));
    b.range(slack, bits.next_multiple_of(8));
    b.assert_sum(&[(Fr::from(divisor), quotient), (Fr::ONE, remainder), (-Fr::ONE, numerator)], Fr::ZERO);
    quotient
}

fn split(numerator: &Fr, divisor: u64) -> (u128, u128) {
    let numerator = num_bigint::BigUint::from_bytes_le(numerator.to_repr().as_ref());
    let low =
        |value: num_bigint::BigUint| value.iter_u64_digits().take(2).rev().fold(0, |sum, d| sum << 64 | u128::from(d));
    (low(&numerator / divisor), low(&numerator % divisor))
}
