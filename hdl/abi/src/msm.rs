//! How a multi-scalar multiplication is cut into windows and buckets, and how its result is laid out.
//!
//! A canonical scalar is written in signed digits of c bits, s = Σ_w d_w · 2^(c·w) with -2^(c-1) ≤ d_w ≤ 2^(c-1). A
//! point with digit d ≠ 0 joins, negated if d < 0, the bucket with tag t = |d| - 1. Buckets are summed up along the
//! two halves of their tag, t = i · 2^k + j: with R_i = Σ_j B_t (rows) and C_j = Σ_i B_t (columns),
//!
//! Σ_t (t + 1) · B_t = 2^k Σ_i i · R_i + Σ_j (j + 1) · C_j.
//!
//! The card writes all R_i, then all C_j, window by window (lowest first), vector by vector; the host does the rest.

/// Bytes of a field element: little-endian.
pub const ELEMENT_BYTES: u64 = 32;
/// Bytes of a result point: X, Y, Z, homogeneous (x = X / Z, y = Y / Z; the identity is (0 : 1 : 0)), each in the card's
/// Montgomery form, any representative below 2^256.
pub const POINT_BYTES: u64 = 3 * ELEMENT_BYTES;

/// Bits that the digits of a scalar below 2^254 have to cover: one more, for the carry.
const SCALAR_BITS: u32 = 255;

/// Widths of window and column tag: all that the layout of a result depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MsmLayout {
    /// c: bits of a signed digit.
    pub window_bits: u8,
    /// k: bits of the column tag, below c.
    pub column_bits: u8,
}

impl MsmLayout {
    /// Windows of a scalar.
    pub const fn windows(&self) -> u32 {
        SCALAR_BITS.div_ceil(self.window_bits as u32)
    }

    /// Rows of buckets.
    pub const fn rows(&self) -> u32 {
        1 << (self.window_bits - 1 - self.column_bits)
    }

    /// Columns of buckets.
    pub const fn columns(&self) -> u32 {
        1 << self.column_bits
    }

    /// Points that leave the card for a window: rows, then columns.
    pub const fn window_points(&self) -> u32 {
        self.rows() + self.columns()
    }

    /// Bytes of the result for a number of scalar vectors.
    pub const fn result_bytes(&self, vectors: u8) -> u64 {
        POINT_BYTES * self.window_points() as u64 * self.windows() as u64 * vectors as u64
    }
}
