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

use super::msm::SUM_BITS;
use crate::field::{Field, to_montgomery};
use crate::leaf::leaf;

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
    pub(super) fn base(&self, index: usize) -> BigUint {
        let [x, y] = &self.bases[index];
        x + (y << 256usize)
    }
}

leaf! {
    /// Looks at the sums of the self-test's window as they are `taken`: `done` after the last, and whether one was wrong.
    SumCheck { clear: Bit, sum: Bits<SUM_BITS>, taken: Bit, => done: Bit, failed: Bit, }
}

impl SumCheck {
    /// For an engine of this layout.
    pub fn new(known: &KnownSum, layout: &MsmLayout) -> Self {
        let coordinate = |index: usize| {
            let one = |multiple: u8| {
                format!("held[{}+:256] == 256'h{:x}", 256 * index, &known.sum[index] + &known.modulus * multiple)
            };
            format!("({})", (0..REPRESENTATIVES).map(one).collect::<Vec<_>>().join(" || "))
        };
        Self::from_text(format!(
            "// module: sum_check
reg [{SUM_BITS}-1:0] held;
reg present, compared, x, y, z, empty, expected;
reg [31:0] index;
always @(posedge clock) begin
  if (taken) held <= sum;
  present <= taken;
  compared <= present;
  x <= {x};
  y <= {y};
  z <= {z};
  empty <= held == 0;
  if (present) begin
    expected <= index[{part}-1:0] == 1;
    index <= index + 1'b1;
  end
  if (compared && !(expected ? x && y && z : empty)) failed <= 1;
  done <= compared && index == {points};
  if (reset || clear) begin
    present <= 0;
    compared <= 0;
    index <= 0;
    failed <= 0;
    done <= 0;
  end
end
",
            x = coordinate(0),
            y = coordinate(1),
            z = coordinate(2),
            part = if layout.reductions == 1 { layout.row_bits() } else { layout.high_bits() },
            points = layout.window_points(),
        ))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

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
