//! The MSM engine's self-test: two points with the same scalar, in one window, against their known sum.
//!
//! Both fall into one bucket and meet in the adder. The bucket's number is chosen so that all its parts, down to the
//! layout's last level, are one: the sum is the second of every part of the window's layout, of rows and columns or of
//! four quarters, and all other slots stay empty. (Zero would not do: the engine leaves out what has no weight.)
//!
//! The known sum is what the complete addition formula gives (Renes, Costello, Batina 2016, algorithm 7, for a = 0 and
//! 3b = 9), coordinate by coordinate, so that no division is needed; the engine may give any representative below four
//! times the modulus.

use num_bigint::BigUint;
use penstock_abi::MsmLayout;
use rust_hdl::prelude::*;

use crate::field::{Field, to_montgomery};
use crate::leaf::leaf;
use crate::msm::{BASE_BITS, OUT_BITS};
use crate::point::LIMB_BITS;

/// Bound of a coordinate in multiples of the modulus.
const REPRESENTATIVES: u8 = 4;

/// A self-test's operands and its answer.
#[derive(Clone, Debug)]
pub struct KnownSum {
    /// The two bases, x and y each in Montgomery form.
    pub bases: [[BigUint; 2]; 2],
    /// X, Y, Z of their sum, in Montgomery form, reduced.
    pub sum: [BigUint; 3],
    /// Modulus of the coordinates.
    pub modulus: BigUint,
}

impl KnownSum {
    /// G + 2G.
    pub fn generators() -> Self {
        let modulus = &Field::Base.modulus();
        let montgomery = |value: &BigUint| to_montgomery(Field::Base, value);
        let inverse = |value: &BigUint| value.modpow(&(modulus - 2u8), modulus);
        let [one, two, three] = [1u8, 2, 3].map(BigUint::from);
        // G = (1, 2). The tangent's slope is 3x²/2y = 3/4.
        let slope = three * inverse(&BigUint::from(4u8)) % modulus;
        let x = (&slope * &slope + modulus - &two) % modulus;
        let y = (slope * (modulus + &one - &x) + modulus - &two) % modulus;
        let bases = [[one, two], [x, y]].map(|point| point.map(|coordinate| montgomery(&coordinate)));
        let unit = montgomery(&BigUint::from(1u8));
        let radix_inverse = inverse(&unit);
        let mul = |a: &BigUint, b: &BigUint| a * b % modulus * &radix_inverse % modulus;
        let sub = |a: &BigUint, b: &BigUint| (a + modulus - b % modulus) % modulus;
        let [[x1, y1], [x2, y2]] = &bases;
        let (xx, yy, zz) = (mul(x1, x2), mul(y1, y2), mul(&unit, &unit));
        let cross = |a1: &BigUint, b1: &BigUint, a2: &BigUint, b2: &BigUint, aa: &BigUint, bb: &BigUint| {
            sub(&mul(&(a1 + b1), &(a2 + b2)), &(aa + bb))
        };
        let xy = cross(x1, y1, x2, y2, &xx, &yy);
        let yz = cross(y1, &unit, y2, &unit, &yy, &zz);
        let xz = cross(x1, &unit, x2, &unit, &xx, &zz);
        let (xx3, zz9, xz9) = (xx * 3u8, zz * 9u8, xz * 9u8);
        let (plus, minus) = ((&yy + &zz9) % modulus, sub(&yy, &zz9));
        let sum = [
            sub(&mul(&xy, &minus), &mul(&yz, &xz9)),
            (mul(&minus, &plus) + mul(&xx3, &xz9)) % modulus,
            (mul(&plus, &yz) + mul(&xx3, &xy)) % modulus,
        ];
        Self { bases, sum, modulus: modulus.clone() }
    }

    /// The scalar of both points: one more than the bucket's number, whose row and column number are both `half`.
    pub fn scalar(layout: &MsmLayout) -> u64 {
        let half = if layout.reductions == 1 { 1 } else { (1 << layout.low_bits()) + 1 };
        (half << layout.column_bits()) + half + 1
    }

    /// Whether the bucket's parts fit a window of this layout, with a digit that is positive.
    pub fn fits(layout: &MsmLayout) -> bool {
        let bucket = Self::scalar(layout) - 1;
        let half = bucket >> layout.column_bits();
        half < 1 << layout.column_bits() && bucket + 1 < 1 << layout.bucket_bits()
    }

    /// A base as the engine takes it.
    fn base(&self, index: usize) -> BigUint {
        let [x, y] = &self.bases[index];
        x + (y << 256usize)
    }
}

leaf! {
    /// The self-test's bases in words of `B` bits, of which so many are `left`.
    KnownBases<const B> { left: Bits<5>, => word: Bits<B>, }
}

impl<const B: usize> KnownBases<B> {
    /// Words of both bases.
    pub const WORDS: usize = 2 * BASE_BITS / B;

    /// Both bases.
    pub fn new(known: &KnownSum) -> Self {
        let both = known.base(0) + (known.base(1) << BASE_BITS);
        let mask = (BigUint::from(1u8) << B) - 1u8;
        let words: String = (0..Self::WORDS)
            .map(|word| format!("  {}: word = {B}'h{:x};\n", Self::WORDS - word, (&both >> (B * word)) & &mask))
            .collect();
        Self::from_text(format!(
            "// module: known_bases\nalways @(*) case (left)\n{words}  default: word = 0;\nendcase\n"
        ))
    }
}

leaf! {
    /// Looks at the sums of the self-test's window as their limbs are `taken`: `done` after the last, and whether one was
    /// wrong.
    SumCheck { clear: Bit, limb: Bits<LIMB_BITS>, taken: Bit, => done: Bit, failed: Bit, }
}

impl SumCheck {
    /// For an engine of this layout.
    pub fn new(known: &KnownSum, layout: &MsmLayout) -> Self {
        let mask = (BigUint::from(1u8) << LIMB_BITS) - 1u8;
        let limbs: String = (0..OUT_BITS / LIMB_BITS)
            .map(|place| {
                let coordinate = &known.sum[place * LIMB_BITS / 256];
                let fits = (0..REPRESENTATIVES).rev().map(|multiple| {
                    let value = coordinate + &known.modulus * multiple;
                    format!("held == {LIMB_BITS}'h{:x}", (value >> (place * LIMB_BITS % 256)) & &mask)
                });
                format!("  {place}: fits = {{{}}};\n", fits.collect::<Vec<_>>().join(", "))
            })
            .collect();
        Self::from_text(format!(
            "// module: sum_check
reg [{LIMB_BITS}-1:0] held;
reg present;
reg [3:0] place;
reg [31:0] index;
// For each representative whether the limbs of this coordinate fit so far; whether all coordinates before do; all zero.
reg [{REPRESENTATIVES}-1:0] fits, fit;
reg known, empty;
wire [{REPRESENTATIVES}-1:0] fit_now = fits & (place[1:0] == 0 ? {{{REPRESENTATIVES}{{1'b1}}}} : fit);
wire known_now = (place < 4 || known) && (place[1:0] != 3 || fit_now != 0);
wire empty_now = (place == 0 || empty) && held == 0;
wire last = place == {last};
wire expected = index[{part}-1:0] == 1;
always @(*) case (place)
{limbs}  default: fits = 0;
endcase
always @(posedge clock) begin
  if (taken) held <= limb;
  present <= taken;
  done <= present && last && index == {points} - 1;
  if (present) begin
    fit <= fit_now;
    known <= known_now;
    empty <= empty_now;
    place <= last ? 0 : place + 1'b1;
    if (last) begin
      index <= index + 1'b1;
      if (!(expected ? known_now : empty_now)) failed <= 1;
    end
  end
  if (reset || clear) begin
    present <= 0;
    place <= 0;
    index <= 0;
    failed <= 0;
    done <= 0;
  end
end
",
            last = OUT_BITS / LIMB_BITS - 1,
            part = if layout.reductions == 1 { layout.row_bits() } else { layout.high_bits() },
            points = layout.window_points(),
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::field::from_montgomery;
    use halo2curves::bn256::{Fq, Fr, G1, G1Affine};
    use halo2curves::ff::PrimeField;

    #[test]
    fn every_part_of_the_buckets_number_is_one() {
        for reductions in [1, 2] {
            for window_bits in [6, 8, 11, 13, 16] {
                let layout = MsmLayout { window_bits, reductions };
                assert!(KnownSum::fits(&layout), "{layout:?}");
                let bucket = KnownSum::scalar(&layout) - 1;
                for half in [bucket >> layout.column_bits(), bucket & ((1 << layout.column_bits()) - 1)] {
                    let low = layout.low_bits();
                    let parts = if reductions == 1 { vec![half] } else { vec![half >> low, half & ((1 << low) - 1)] };
                    assert!(parts.iter().all(|part| *part == 1), "{layout:?}");
                }
            }
        }
    }

    #[test]
    fn narrow_windows_have_no_such_bucket() {
        for (window_bits, reductions, fits) in [(4, 1, true), (4, 2, false), (5, 2, false), (6, 2, true)] {
            assert_eq!(KnownSum::fits(&MsmLayout { window_bits, reductions }), fits, "{window_bits} bits");
        }
    }

    #[test]
    fn the_known_sum_is_three_times_the_generator() {
        let known = KnownSum::generators();
        let element = |value: &BigUint| {
            let mut bytes = from_montgomery(Field::Base, value).to_bytes_le();
            bytes.resize(32, 0);
            Fq::from_repr(bytes.try_into().unwrap()).unwrap()
        };
        let [x, y, z] = known.sum.each_ref().map(element);
        let inverse = z.invert().unwrap();
        assert_eq!(G1Affine { x: x * inverse, y: y * inverse }, (G1::generator() * Fr::from(3)).into());
    }
}
