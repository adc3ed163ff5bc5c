//! The linear steps of the addition, which both shapes share.
//!
//! With A = X1 X2, B = Y1 Y2, C = Z1 Z2 and the mixed products of (X1 + Y1)(X2 + Y2) and its like:
//!
//! ```text
//! xy = (X1 + Y1)(X2 + Y2) - A - B      X3 = xy (B - 9C) - yz 9xz
//! yz = (Y1 + Z1)(Y2 + Z2) - B - C      Y3 = (B - 9C)(B + 9C) + 9xz 3A
//! xz = (X1 + Z1)(X2 + Z2) - A - C      Z3 = (B + 9C) yz + 3A xy
//! ```
//!
//! No step reduces: with products below 2p, the operands of the second six are below 54p.

use crate::field::{CombinationConfig, Field, Shape};

/// Coordinates on a bus are below this multiple of p.
pub const COORDINATE_BOUND: u32 = 4;

/// A multiplier's result is below this multiple of p.
pub(super) const PRODUCT_BOUND: u32 = 2;

fn combination(shape: Shape, coefficients: &[i32], bound: u32) -> CombinationConfig {
    CombinationConfig::new(shape, Field::Base, coefficients, bound)
}

/// X + Y and its like.
pub(super) fn coordinate_sum(shape: Shape) -> CombinationConfig {
    combination(shape, &[1, 1], COORDINATE_BOUND)
}

/// xy, yz and xz: a product of sums without two of A, B, C.
pub(super) fn mixed(shape: Shape) -> CombinationConfig {
    combination(shape, &[1, -1, -1], PRODUCT_BOUND)
}

/// 9xz.
pub(super) fn ninefold(shape: Shape) -> CombinationConfig {
    combination(shape, &[9], mixed(shape).bound())
}

/// B - 9C.
pub(super) fn difference(shape: Shape) -> CombinationConfig {
    combination(shape, &[1, -9], PRODUCT_BOUND)
}

/// B + 9C.
pub(super) fn sum(shape: Shape) -> CombinationConfig {
    combination(shape, &[1, 9], PRODUCT_BOUND)
}

/// 3A.
pub(super) fn threefold(shape: Shape) -> CombinationConfig {
    combination(shape, &[3], PRODUCT_BOUND)
}

/// X3 of two products.
pub(super) fn product_difference(shape: Shape) -> CombinationConfig {
    combination(shape, &[1, -1], PRODUCT_BOUND)
}

/// Y3 and Z3 of two products.
pub(super) fn product_sum(shape: Shape) -> CombinationConfig {
    combination(shape, &[1, 1], PRODUCT_BOUND)
}
