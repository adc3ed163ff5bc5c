//! How a multi-scalar multiplication is cut into windows and buckets, and how its result is laid out.
//!
//! A canonical scalar is written in signed digits of c bits, s = Σ_w d_w · 2^(c·w) with -2^(c-1) ≤ d_w ≤ 2^(c-1). A
//! point with digit d ≠ 0 joins, negated if d < 0, the bucket with number t = |d| - 1, of c - 1 bits. Buckets are summed
//! up along the two halves of their number, t = i · 2^k + j with k = ⌊(c-1)/2⌋ and i of m = c - 1 - k bits: with
//! R_i = Σ_j B_t (rows) and C_j = Σ_i B_t (columns),
//!
//! Σ_t (t + 1) · B_t = 2^k Σ_i i · R_i + Σ_j (j + 1) · C_j.
//!
//! With one reduction, the card writes 2^m rows, then 2^m columns (identities where k < m). With two, rows and columns
//! are summed up once more, by the halves of their own numbers, n = a · 2^l + b with l = ⌊m/2⌋ and a of h = m - l bits:
//! with A_a = Σ_b S_n (upper sums) and B_b = Σ_a S_n (lower sums),
//!
//! Σ_n n · S_n = 2^l Σ_a a · A_a + Σ_b b · B_b, and Σ_n S_n = Σ_b B_b.
//!
//! The card then writes four quarters of 2^h points: upper and lower sums of the rows, then of the columns. All this
//! window by window (lowest first), vector by vector; the host does the rest.

use core::ops::Add;

/// Bytes of a field element: little-endian.
pub const ELEMENT_BYTES: u64 = 32;
/// Bytes of a result point: X, Y, Z, homogeneous (x = X / Z, y = Y / Z; the identity is (0 : 1 : 0) or all zeros), each
/// in the card's Montgomery form, any representative below 2^256.
pub const POINT_BYTES: u64 = 3 * ELEMENT_BYTES;

/// Bits that the digits of a scalar below 2^254 have to cover: one more, for the carry.
const SCALAR_BITS: u32 = 255;

/// All that the layout of a result depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MsmLayout {
    /// c: bits of a signed digit, 2 or more.
    pub window_bits: u8,
    /// How often buckets are summed up along halves of their number: once or twice.
    pub reductions: u8,
}

impl MsmLayout {
    /// Windows of a scalar.
    pub const fn windows(&self) -> u32 {
        SCALAR_BITS.div_ceil(self.window_bits as u32)
    }

    /// c - 1: bits of a bucket's number.
    pub const fn bucket_bits(&self) -> u32 {
        self.window_bits as u32 - 1
    }

    /// k: bits of a column's number.
    pub const fn column_bits(&self) -> u32 {
        self.bucket_bits() / 2
    }

    /// m: bits of a row's number.
    pub const fn row_bits(&self) -> u32 {
        self.bucket_bits() - self.column_bits()
    }

    /// l: bits of the lower half of a row's or column's number.
    pub const fn low_bits(&self) -> u32 {
        self.row_bits() / 2
    }

    /// h: bits of the upper half of a row's or column's number.
    pub const fn high_bits(&self) -> u32 {
        self.row_bits() - self.low_bits()
    }

    /// Points that leave the card for a window.
    pub const fn window_points(&self) -> u32 {
        if self.reductions == 1 { 2 << self.row_bits() } else { 4 << self.high_bits() }
    }

    /// Bytes of the result for a number of scalar vectors.
    pub const fn result_bytes(&self, vectors: u8) -> u64 {
        POINT_BYTES * self.window_points() as u64 * self.windows() as u64 * vectors as u64
    }

    /// What is left to the host: Σ_w 2^(c·w) Σ_t (t + 1) · B_t from the sums of consecutive windows, the lowest first.
    pub fn value<G: Copy + Add<Output = G>>(&self, sums: &[G], zero: G) -> G {
        let windows = sums.chunks(self.window_points() as usize).rev();
        windows.fold(zero, |value, window| double(value, self.window_bits.into()) + self.window_value(window, zero))
    }

    fn window_value<G: Copy + Add<Output = G>>(&self, sums: &[G], zero: G) -> G {
        // Σ n · S_n and Σ S_n of rows or columns.
        let weighted_and_plain = |sums: &[G]| {
            if self.reductions == 1 {
                return weighted(sums, zero);
            }
            let (upper, lower) = sums.split_at(sums.len() / 2);
            let (lower, plain) = weighted(lower, zero);
            (double(weighted(upper, zero).0, self.low_bits()) + lower, plain)
        };
        let (rows, columns) = sums.split_at(sums.len() / 2);
        let (columns, plain) = weighted_and_plain(columns);
        double(weighted_and_plain(rows).0, self.column_bits()) + columns + plain
    }
}

/// `Σ i · sums[i]` and `Σ sums[i]`.
fn weighted<G: Copy + Add<Output = G>>(sums: &[G], zero: G) -> (G, G) {
    sums.iter().rev().fold((zero, zero), |(weighted, plain), sum| (weighted + plain, plain + *sum))
}

fn double<G: Copy + Add<Output = G>>(value: G, times: u32) -> G {
    (0..times).fold(value, |value, _| value + value)
}
