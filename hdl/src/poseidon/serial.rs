//! A Montgomery multiplier in LUTs alone, for a part whose DSPs are all taken: 54 digits of 5 bits, one a cycle.
//!
//! t ← (t + digit·right + m·p) / 32, the multiple of p by a table: the low five bits of the sum say which one clears them. The
//! clock is slow enough for both sums in one cycle, the second a few bits behind the first. A digit's row, digit·right, is
//! made a cycle before; so a product may start while the last digit of the one before is added.

use rust_hdl::prelude::*;

use crate::field::{ELEMENT_BITS, Field, OPERAND_BITS, RADIX_BITS};
use crate::leaf::chained_sum;

const DIGIT: usize = 5;
const DIGITS: usize = RADIX_BITS / DIGIT;
/// t and a row: below 2^260 + p + 31·2^260.
const SUM_BITS: usize = OPERAND_BITS + DIGIT + 1;
/// Cycles from the operands to their first digit's row.
const TO_ROW: usize = 2;

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
    pub const LATENCY: usize = TO_ROW + DIGITS;
    /// Cycles between starts, at least.
    pub const INTERVAL: usize = DIGITS;
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
reg [{top}:0] left_rest, right_held, clearing;
reg [{sum_top}:0] row, t;
reg fresh, first;
wire [{sum_top}:0] wide = right_held;
wire [{sum_top}:0] sum = (first ? 0 : t) + row;
(* keep *) wire [{sum_top}:0] row_01 = (left_rest[0] ? wide : 0) + (left_rest[1] ? wide << 1 : 0);
(* keep *) wire [{sum_top}:0] high_row = (left_rest[2] ? wide << 2 : 0) + (left_rest[3] ? wide << 3 : 0);
(* keep *) wire [{sum_top}:0] low_row = {low_row};
always @(*) begin
    case (sum[{digit_top}:0])
{cases}        default: clearing = 0;
    endcase
end
always @(posedge clock) begin
    left_rest <= start ? left : left_rest >> {DIGIT};
    if (start) right_held <= right;
    row <= {row};
    {{first, fresh}} <= {{fresh, start}};
    t <= (sum >> {DIGIT}) + clearing;
end
always @(*) product = t[{element_top}:0];
",
            digit_top = DIGIT - 1,
            low_row = chained_sum("row_01", &format!("left_rest[4] ? wide << 4 : {{{SUM_BITS}{{1'b0}}}}")),
            row = chained_sum("low_row", "high_row"),
            element_top = ELEMENT_BITS - 1,
        ))
    }
}
