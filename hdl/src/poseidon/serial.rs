//! A Montgomery multiplier in LUTs alone, for a part whose DSPs are all taken: 54 digits of 5 bits, two products at a time.
//!
//! A digit takes two cycles, `t ← t + digit·right` and `t ← (t + m·p) / 32`, the second by a table: the low five bits of t
//! say which multiple of p clears them. Two products take turns, so that both adders work in every cycle; a new product
//! replaces the one that has just left. Starts an odd number of cycles apart alternate between the two turns.

use rust_hdl::prelude::*;

use crate::field::{ELEMENT_BITS, Field, OPERAND_BITS, RADIX_BITS};

const DIGIT: usize = 5;
const DIGITS: usize = RADIX_BITS / DIGIT;
/// t behind the first step: below 2^260 + p + 31·2^260.
const SUM_BITS: usize = OPERAND_BITS + DIGIT + 1;
/// Cycles from the operands to their first digit's row.
const TO_ROW: usize = 4;

/// left·right / R modulo the scalar field's prime, below 2p for operands of which one is below 2^255.
#[derive(LogicBlock, Default)]
pub struct SerialMultiplier {
    /// The clock.
    pub clock: Signal<In, Clock>,
    /// The operands are taken now; see [`SerialMultiplier::INTERVAL`].
    pub start: Signal<In, Bit>,
    /// A factor.
    pub left: Signal<In, Bits<OPERAND_BITS>>,
    /// A factor.
    pub right: Signal<In, Bits<OPERAND_BITS>>,
    /// The product, only in the cycle that is [`SerialMultiplier::LATENCY`] after its start.
    pub product: Signal<Out, Bits<ELEMENT_BITS>>,
}

impl SerialMultiplier {
    /// Cycles from operands to product.
    pub const LATENCY: usize = TO_ROW + 2 * DIGITS;
    /// Cycles between starts: as many as digits, and odd.
    pub const INTERVAL: usize = DIGITS | 1;
}

impl Logic for SerialMultiplier {
    fn update(&mut self) {}

    fn connect(&mut self) {
        self.product.connect();
    }

    fn hdl(&self) -> Verilog {
        let (p, inverse) = (Field::Scalar.modulus(), Field::Scalar.negated_inverse(DIGIT));
        let digits = 1u32 << DIGIT;
        let clears = |low: u32| (&p * (&inverse * low % digits) + low) >> DIGIT;
        let cases: String =
            (0..digits).map(|low| format!("        {low}: clearing = {OPERAND_BITS}'h{:x};\n", clears(low))).collect();
        let (top, sum_top) = (OPERAND_BITS - 1, SUM_BITS - 1);
        Verilog::Custom(format!(
            "// module: fr_multiplier_serial
reg [{top}:0] left_0, left_1, right_0, right_1;
reg [{sum_top}:0] pair_0, pair_1, pair_2, low_row, high_row, row, sum, cleared;
reg [{top}:0] clearing;
reg fresh_0, fresh_1, fresh_2, fresh_3;
wire [{sum_top}:0] right_wide = right_0;
always @(*) begin
    case (sum[{digit_top}:0])
{cases}        default: clearing = 0;
    endcase
end
always @(posedge clock) begin
    left_0 <= start ? left : left_1;
    right_0 <= start ? right : right_1;
    left_1 <= left_0 >> {DIGIT};
    right_1 <= right_0;
    pair_0 <= (left_0[0] ? right_wide : 0) + (left_0[1] ? right_wide << 1 : 0);
    pair_1 <= (left_0[2] ? right_wide << 2 : 0) + (left_0[3] ? right_wide << 3 : 0);
    pair_2 <= left_0[4] ? right_wide << 4 : 0;
    low_row <= pair_0 + pair_1;
    high_row <= pair_2;
    row <= low_row + high_row;
    {{fresh_3, fresh_2, fresh_1, fresh_0}} <= {{fresh_2, fresh_1, fresh_0, start}};
    sum <= (fresh_3 ? 0 : cleared) + row;
    cleared <= (sum >> {DIGIT}) + clearing;
end
always @(*) product = cleared[{element_top}:0];
",
            digit_top = DIGIT - 1,
            element_top = ELEMENT_BITS - 1,
        ))
    }
}
