//! Integers behind field elements.
//!
//! An interval says of a value that it is congruent to an integer between `lo` and `hi`. Intervals are narrower than the
//! modulus and lie within (−p, p): so the integer is unique, and it is zero only if the value is.

use std::sync::LazyLock;

use halo2curves::bn256::Fr;
use halo2curves::ff::{Field, PrimeField};
use num_bigint::{BigInt, Sign};

static MODULUS: LazyLock<BigInt> = LazyLock::new(|| unsigned(&-Fr::ONE) + 1);

fn unsigned(value: &Fr) -> BigInt {
    BigInt::from_bytes_le(Sign::Plus, value.to_repr().as_ref())
}

/// The field's modulus.
pub(super) fn modulus() -> &'static BigInt {
    &MODULUS
}

/// The integer between −p/2 and p/2 that is congruent to an integer.
pub(super) fn centred(value: BigInt) -> BigInt {
    let p = modulus();
    let rest: BigInt = ((value % p) + p) % p;
    if &rest * 2 > *p { rest - p } else { rest }
}

/// The integer of least magnitude behind a field element.
pub(super) fn integer(value: &Fr) -> BigInt {
    centred(unsigned(value))
}

/// Integers from `lo` to `hi`, both included.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Interval {
    pub(super) lo: BigInt,
    pub(super) hi: BigInt,
}

impl Interval {
    /// One integer.
    pub(super) fn point(value: BigInt) -> Self {
        Self { lo: value.clone(), hi: value }
    }

    /// 0 to 2^bits − 1.
    pub(super) fn bits(bits: u64) -> Self {
        Self { lo: BigInt::ZERO, hi: (BigInt::from(1) << bits) - 1 }
    }

    /// How far two of its integers can be apart.
    pub(super) fn width(&self) -> BigInt {
        &self.hi - &self.lo
    }

    /// Whether it holds one integer.
    pub(super) fn is_point(&self) -> bool {
        self.lo == self.hi
    }

    /// Whether it holds 0 and 1 at most.
    pub(super) fn is_bit(&self) -> bool {
        self.lo >= BigInt::ZERO && self.hi <= BigInt::from(1)
    }

    /// Whether zero is outside.
    pub(super) fn excludes_zero(&self) -> bool {
        self.lo > BigInt::ZERO || self.hi < BigInt::ZERO
    }

    /// Whether zero is the only multiple of the modulus that it can hold.
    pub(super) fn is_within_modulus(&self) -> bool {
        let p = modulus();
        self.lo > -p && self.hi < *p
    }

    /// Whether it names one integer for every field element, as the module's head demands.
    pub(super) fn is_unique(&self) -> bool {
        self.is_within_modulus() && self.width() < *modulus()
    }

    /// Sums of one of each.
    pub(super) fn plus(&self, other: &Self) -> Self {
        Self { lo: &self.lo + &other.lo, hi: &self.hi + &other.hi }
    }

    /// Multiples.
    pub(super) fn times(&self, scale: &BigInt) -> Self {
        let (a, b) = (&self.lo * scale, &self.hi * scale);
        if a <= b { Self { lo: a, hi: b } } else { Self { lo: b, hi: a } }
    }

    /// Products of one of each.
    pub(super) fn product(&self, other: &Self) -> Self {
        let (low, high) = (self.times(&other.lo), self.times(&other.hi));
        low.hull(&high)
    }

    /// The least interval that holds both.
    pub(super) fn hull(&self, other: &Self) -> Self {
        Self { lo: self.lo.clone().min(other.lo.clone()), hi: self.hi.clone().max(other.hi.clone()) }
    }

    /// What is in both; `None` if nothing is.
    pub(super) fn meet(&self, other: &Self) -> Option<Self> {
        let meet = Self { lo: self.lo.clone().max(other.lo.clone()), hi: self.hi.clone().min(other.hi.clone()) };
        (meet.lo <= meet.hi).then_some(meet)
    }

    /// Whether two integers, one of each, that are congruent must be equal.
    pub(super) fn cannot_wrap(&self, other: &Self) -> bool {
        self.hull(other).width() < *modulus()
    }

    /// Integers x with scale · x in this interval.
    pub(super) fn divided(&self, scale: &BigInt) -> Option<Self> {
        let flipped = self.times(&BigInt::from(if scale.sign() == Sign::Minus { -1 } else { 1 }));
        let scale = scale.magnitude().clone().into();
        let divided = Self { lo: ceiling(&flipped.lo, &scale), hi: floor(&flipped.hi, &scale) };
        (divided.lo <= divided.hi).then_some(divided)
    }
}

/// ⌊a / b⌋ for positive b.
pub(super) fn floor(a: &BigInt, b: &BigInt) -> BigInt {
    let (quotient, rest) = (a / b, a % b);
    if rest.sign() == Sign::Minus { quotient - 1 } else { quotient }
}

/// ⌈a / b⌉ for positive b.
pub(super) fn ceiling(a: &BigInt, b: &BigInt) -> BigInt {
    -floor(&-a, b)
}
