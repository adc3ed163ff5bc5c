//! Big integers for the tests of field and points.

use num_bigint::BigUint;
use rand::RngCore;

/// Little-endian 32-bit words.
pub fn words(value: &BigUint) -> Vec<u32> {
    value.to_u32_digits()
}

/// Uniform below `limit`.
pub fn random_below(rng: &mut impl RngCore, limit: &BigUint) -> BigUint {
    let mut words = vec![0; limit.bits().div_ceil(32) as usize + 2];
    words.iter_mut().for_each(|word| *word = rng.next_u32());
    BigUint::from_slice(&words) % limit
}
