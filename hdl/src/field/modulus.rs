//! The two primes and their Montgomery form, as integers.

use num_bigint::BigUint;

use super::RADIX_BITS;

/// One of BN254's prime fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Field {
    /// Fq: coordinates of points.
    Base,
    /// Fr: scalars, Poseidon's state.
    Scalar,
}

impl Field {
    /// The prime.
    pub fn modulus(self) -> BigUint {
        let limbs: [u64; 4] = match self {
            Self::Base => [0x3c20_8c16_d87c_fd47, 0x9781_6a91_6871_ca8d, 0xb850_45b6_8181_585d, 0x3064_4e72_e131_a029],
            Self::Scalar => {
                [0x43e1_f593_f000_0001, 0x2833_e848_79b9_7091, 0xb850_45b6_8181_585d, 0x3064_4e72_e131_a029]
            }
        };
        BigUint::from_bytes_le(&limbs.map(u64::to_le_bytes).concat())
    }

    /// -p^-1 modulo 2^bits: a sum's low bits times it say which multiple of p cancels them.
    pub fn negated_inverse(self, bits: usize) -> BigUint {
        let power = BigUint::from(1u32) << bits;
        let half = &power >> 1u32;
        // The group of units has an order that divides 2^(bits - 1).
        &power - self.modulus().modpow(&(half - 1u32), &power)
    }

    /// The name for generated text.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Base => "fq",
            Self::Scalar => "fr",
        }
    }
}

/// `value` R mod p.
pub fn to_montgomery(field: Field, value: &BigUint) -> BigUint {
    (value << RADIX_BITS) % field.modulus()
}

/// `value` / R mod p: undoes [`to_montgomery`], whatever representative of the class `value` is.
pub fn from_montgomery(field: Field, value: &BigUint) -> BigUint {
    let p = field.modulus();
    let radix_inverse = (BigUint::from(1u32) << RADIX_BITS).modpow(&(&p - 2u32), &p);
    value * radix_inverse % p
}
