//! Between the limbs on the compact adder's buses and the coordinates and products inside it.

use num_bigint::BigUint;
use rust_hdl::prelude::*;

use super::LIMB_BITS;
use super::formula::PRODUCT_BOUND;
use super::schedule::PLACE_BITS;
use crate::field::{ELEMENT_BITS, Field};
use crate::leaf::{DISTRIBUTED, leaf};

/// Limbs of a coordinate.
pub(super) const LIMBS: usize = 4;

/// Bits of a limb's number in a point: the coordinate above, the limb within it below.
pub(super) const LIMB_PLACE_BITS: usize = 4;

leaf! {
    /// Keeps the limbs of two points, told by `round` and `read_round`; shows a coordinate of one of them.
    Coordinates {
        limb: Bits<LIMB_BITS>, place: Bits<LIMB_PLACE_BITS>, round: Bit, read_coordinate: Bits<2>, read_round: Bit,
        => coordinate: Bits<ELEMENT_BITS>,
    }
}

impl Coordinates {
    pub(super) fn new() -> Self {
        let mut text = "// module: coordinates\n".to_owned();
        for k in 0..LIMBS {
            text += &format!(
                "{DISTRIBUTED}reg [{top}:0] limbs_{k} [0:7];
always @(posedge clock) if (place[1:0] == 2'd{k}) limbs_{k}[{{round, place[3:2]}}] <= limb;
",
                top = LIMB_BITS - 1,
            );
        }
        let limbs: Vec<_> = (0..LIMBS).rev().map(|k| format!("limbs_{k}[{{read_round, read_coordinate}}]")).collect();
        let spare = ELEMENT_BITS - LIMBS * LIMB_BITS;
        Self::from_text(format!("{text}always @(*) coordinate = {{{spare}'d0, {}}};\n", limbs.join(", ")))
    }
}

leaf! {
    /// Keeps the last six products of two additions; adds two of them limb by limb, a limb a cycle, the lowest of a coordinate
    /// first. The `difference` of two is kept from being negative by a multiple of p.
    SumLimbs {
        product: Bits<ELEMENT_BITS>, write: Bit, write_place: Bits<PLACE_BITS>,
        left_place: Bits<PLACE_BITS>, right_place: Bits<PLACE_BITS>, read_limb: Bits<2>, difference: Bit,
        => limb: Bits<LIMB_BITS>,
    }
}

impl SumLimbs {
    pub(super) fn new() -> Self {
        let top = LIMB_BITS - 1;
        let bound = Field::Base.modulus() * BigUint::from(PRODUCT_BOUND);
        let mut text = "// module: sum_limbs\n".to_owned();
        let mut choices = String::new();
        for k in 0..LIMBS {
            let low = k * LIMB_BITS;
            for side in ["left", "right"] {
                text += &format!(
                    "{DISTRIBUTED}reg [{top}:0] {side}s_{k} [0:15];
always @(posedge clock) if (write) {side}s_{k}[write_place] <= product[{low}+:{LIMB_BITS}];
"
                );
            }
            choices += &format!(
                "  2'd{k}: begin left = lefts_{k}[left_place]; right = rights_{k}[right_place]; bound = {LIMB_BITS}'h{:x}; end\n",
                (&bound >> low) & BigUint::from(u64::MAX),
            );
        }
        Self::from_text(format!(
            "{text}reg [{top}:0] left, right, bound;
reg borrow, carry;
wire lowest = read_limb == 0;
always @(*) case (read_limb)
{choices}endcase
wire [{LIMB_BITS}:0] opposite = {{1'b0, bound}} - {{1'b0, right}} - {{{LIMB_BITS}'d0, borrow && !lowest}};
wire [{LIMB_BITS}:0] sum =
  {{1'b0, left}} + {{1'b0, difference ? opposite[{top}:0] : right}} + {{{LIMB_BITS}'d0, carry && !lowest}};
always @(posedge clock) begin
  borrow <= opposite[{LIMB_BITS}];
  carry <= sum[{LIMB_BITS}];
  limb <= sum[{top}:0];
end
"
        ))
    }
}
