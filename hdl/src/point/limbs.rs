//! Between the limbs on the compact adder's buses and the coordinates inside it.

use rust_hdl::prelude::*;

use super::LIMB_BITS;
use crate::field::ELEMENT_BITS;
use crate::leaf::leaf;

/// Limbs of a coordinate.
const LIMBS: usize = 4;

/// Bits of a limb's number in a point: the coordinate above, the limb within it below.
pub(super) const PLACE_BITS: usize = 4;

const MEMORY: &str = "(* ram_style = \"distributed\", no_rw_check *) ";

leaf! {
    /// Keeps the limbs of two points, told by `round` and `read_round`; shows a coordinate of one of them.
    Coordinates {
        limb: Bits<LIMB_BITS>, place: Bits<PLACE_BITS>, round: Bit, read_coordinate: Bits<2>, read_round: Bit,
        => coordinate: Bits<ELEMENT_BITS>,
    }
}

impl Coordinates {
    pub(super) fn new() -> Self {
        let mut text = "// module: coordinates\n".to_owned();
        for k in 0..LIMBS {
            text += &format!(
                "{MEMORY}reg [{top}:0] limbs_{k} [0:7];
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
    /// Keeps the coordinates of a sum, which are below 2^256; a limb is there the cycle after its place.
    SumLimbs {
        sum: Bits<ELEMENT_BITS>, write: Bit, coordinate: Bits<2>, place: Bits<PLACE_BITS>,
        => limb: Bits<LIMB_BITS>,
    }
}

impl SumLimbs {
    pub(super) fn new() -> Self {
        let mut text = "// module: sum_limbs\n".to_owned();
        let mut shown = String::new();
        for k in 0..LIMBS {
            text += &format!(
                "{MEMORY}reg [{top}:0] limbs_{k} [0:3];
always @(posedge clock) if (write) limbs_{k}[coordinate] <= sum[{low}+:{LIMB_BITS}];
",
                top = LIMB_BITS - 1,
                low = k * LIMB_BITS,
            );
            shown += &format!("  2'd{k}: limb <= limbs_{k}[place[3:2]];\n");
        }
        Self::from_text(format!("{text}always @(posedge clock) case (place[1:0])\n{shown}endcase\n"))
    }
}
