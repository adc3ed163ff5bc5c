//! The digit-serial Montgomery multiplier: a ring that one product travels fifteen times.
//!
//! A pass is t' = (t + d b + m p) / 2^18 for an 18-bit digit d of the first operand. A pass takes seven cycles, so
//! seven products travel at once, and one starts every 15 cycles; 7 and 15 have no common factor, so products that start on
//! that grid never meet. Four cycles would do for the arithmetic; the others are for the ways, which are longer than what
//! lies between them. The running sum is carry-saved in limbs of 36 bits, the width of a product of an 18 x 18
//! multiplier: a limb's carries enter it again in the next pass, and are resolved once, behind the ring.
//!
//! A ring has a clock of its own, three times the card's: it is the one part of a small card that short paths make fast.
//! Everything else sees card cycles. What comes from the card is sampled at the end of the ring cycle in which
//! `ring_strobe` is high, when it has had two ring cycles to settle; a product has as many before the card reads it.
//!
//! ```text
//! card cycle   |        0        |        1        |
//! ring cycle   |  0  |  1  |  2  |  0  |  1  |  2  |
//! ring_strobe        |=====|           |=====|
//! ```

use std::fmt::Write;

use num_bigint::BigUint;
use rust_hdl::prelude::*;

use super::{ELEMENT_BITS, Field, OPERAND_BITS, RADIX_BITS};
use crate::leaf::{DISTRIBUTED, DISTRIBUTED_READ_FIRST};

const DIGIT: usize = 18;
/// Digits of an operand, and passes.
const DIGITS: usize = RADIX_BITS / DIGIT;
const LIMB: usize = 2 * DIGIT;
/// Limbs of the running sum.
const LIMBS: usize = DIGITS.div_ceil(2);
/// Cycles of a pass, and products in flight.
const PASS: usize = 7;
/// Segments in which the carries are resolved at the end.
const SEGMENT: usize = 86;
const SEGMENTS: usize = ELEMENT_BITS.div_ceil(SEGMENT);
/// Cycles that the sum waits for what makes its low digit zero.
const WAITING: usize = 5;

/// Multipliers that share a copy of the first operand's digit, or of m: those in a row.
const MULTIPLIERS_OF_A_COPY: usize = 5;
const COPIES: usize = DIGITS.div_ceil(MULTIPLIERS_OF_A_COPY);

/// Ring cycles of a card cycle.
pub const RING_CYCLES: usize = 3;
/// The ring cycle of a card cycle in which the strobe is high.
const STROBE: usize = 1;
/// Ring cycles from operands to product: into the ring, the passes, the carries.
const RING_LATENCY: usize = 5 + PASS * DIGITS + SEGMENTS;
/// For how many ring cycles a product is there.
const RING_STABLE: usize = DIGITS - SEGMENTS + 1;
/// Ring cycles, at least, that a product has to reach the card's registers.
const SETTLING: usize = 2;

/// a b / R modulo p, below 2p, for operands below 2^260; one product every [`RingMultiplier::INTERVAL`] cycles. All cycles
/// are the card's.
///
/// Operands are taken in one of so many cycles; the first of them after reset is the one that the constructor says.
#[derive(LogicBlock, Default)]
pub struct RingMultiplier {
    /// The ring's clock, [`RING_CYCLES`] times the card's.
    pub ring_clock: Signal<In, Clock>,
    /// High in one ring cycle of a card cycle, at whose end what comes from the card is sampled.
    pub ring_strobe: Signal<In, Bit>,
    /// Puts the ring on its grid.
    pub reset: Signal<In, Bit>,
    /// An operand.
    pub left: Signal<In, Bits<OPERAND_BITS>>,
    /// An operand.
    pub right: Signal<In, Bits<OPERAND_BITS>>,
    /// The product, `latency` cycles after its operands, and for [`RingMultiplier::STABLE`] cycles from then on.
    pub product: Signal<Out, Bits<ELEMENT_BITS>>,
    _text: String,
}

impl RingMultiplier {
    /// Digits of an operand.
    pub const DIGITS: usize = DIGITS;

    /// Cycles between two starts.
    pub const INTERVAL: usize = DIGITS / RING_CYCLES;

    /// Cycles from operands to product.
    pub const LATENCY: usize = (STROBE + RING_LATENCY + SETTLING - RING_CYCLES).div_ceil(RING_CYCLES);

    /// For how many cycles a product can be read.
    pub const STABLE: usize = (STROBE + RING_LATENCY + RING_STABLE - 1) / RING_CYCLES - Self::LATENCY;

    /// A ring modulo the field's prime that takes operands first `start` cycles after the reset, `start` below
    /// [`RingMultiplier::INTERVAL`].
    pub fn new(field: Field, start: usize) -> Self {
        Self { _text: text(field, start), ..Self::default() }
    }
}

impl Logic for RingMultiplier {
    fn update(&mut self) {}

    fn connect(&mut self) {
        self.product.connect();
    }

    fn hdl(&self) -> Verilog {
        Verilog::Custom(self._text.clone())
    }
}

/// The module's body. The comments in it count ring cycles from the one in which the operands enter.
fn text(field: Field, start: usize) -> String {
    let mut out = Text::default();
    let digit_top = DIGIT - 1;
    let limb_top = LIMB - 1;
    // A limb's sum of a limb, four halves or wholes of products, and carries.
    let sum_top = LIMB + 2;
    let name = field.name();
    out.line(&format!("// module: {name}_multiplier_ring"));
    out.line("/* verilator no_inline_module */");
    let interval = RingMultiplier::INTERVAL;
    out.line("reg [2:0] phase;\ninitial phase = 0;");
    out.clocked(&format!(
        "if (ring_strobe) phase <= reset ? 3'd{} : phase == 3'd{} ? 3'd0 : phase + 3'd1;",
        (interval - start) % interval,
        interval - 1
    ));
    out.line("reg strobe_1, strobe_2;");
    out.clocked("begin strobe_1 <= ring_strobe; strobe_2 <= strobe_1; end");
    out.line("// High together with the strobe in the cycles that take operands; a copy for each memory, since one would be far away.");
    for bank in 0..LIMBS {
        out.copy(&format!("take_{bank}"), 1, "strobe_2 && phase == 3'd0");
    }
    out.register("taken_1", 1, "take_0");
    out.register("taken_2", 1, "taken_1");
    out.register("taken_3", 1, "taken_2");
    // Fewer of these: they reset registers, and neighbours share a reset.
    for pair in 0..LIMBS / 2 {
        out.copy(&format!("fresh_{pair}"), 1, "taken_3");
    }
    out.line("// Cycle 1: the operands of the products in flight wait in memory, and are read in turn.");
    for operand in ["left", "right"] {
        for bank in 0..LIMBS {
            out.bank(operand, bank);
        }
    }
    out.line("// The next digit: the lowest one of a new operand, then one after the other.");
    let last_place = PASS - 1;
    for place in 1..PASS {
        out.register(&format!("pass_{place}"), 4, &format!("pass_{}", place - 1));
    }
    out.register("pass_0", 4, &format!("take_0 ? 4'd1 : pass_{last_place} + 4'd1"));
    let mut choices = String::new();
    for k in 1..DIGITS {
        choices += &format!("  4'd{k}: waiting_digit = left_{}[{}+:{DIGIT}];\n", k / 2, k % 2 * DIGIT);
    }
    out.line(&format!(
        "reg [{digit_top}:0] waiting_digit;\nalways @(*) case (pass_{last_place})\n{choices}  default: waiting_digit = {DIGIT}'d0;\nendcase"
    ));
    out.register("digit", DIGIT, &format!("take_0 ? left[{digit_top}:0] : waiting_digit"));
    out.line("// Cycle 2: half the way; the memories of the operands lie where operands come from, the multipliers anywhere.");
    out.register("digit_halfway", DIGIT, "digit");
    out.line("// Cycle 3: on to a copy for a few multipliers each, which are far apart; beside it the second operand.");
    for copy in 0..COPIES {
        out.copy(&format!("digit_{copy}"), DIGIT, "digit_halfway");
    }
    for limb in 0..LIMBS {
        out.register(&format!("factor_{limb}"), LIMB, &format!("right_{limb}"));
    }
    out.line("// Cycle 4: the digit times the second operand.");
    for k in 0..DIGITS {
        let low = k % 2 * DIGIT;
        out.register(
            &format!("partial_{k}"),
            LIMB,
            &format!("digit_{} * factor_{}[{low}+:{DIGIT}]", k / MULTIPLIERS_OF_A_COPY, k / 2),
        );
    }
    out.line("// Cycle 5: a limb takes one even product and the halves of two odd ones; beside it the sum.");
    for limb in 0..LIMBS {
        out.limb("entering", "partial", limb);
    }
    out.line("// Cycle 6: the sum of both.");
    for limb in 0..LIMBS {
        out.register(&format!("first_{limb}"), sum_top + 1, &format!("sum_{limb} + entering_{limb}"));
    }
    out.line("// Into cycle 7: the low digit, which m follows from; with the carries of the pass before the sum waits in memory.");
    out.register("lowest", DIGIT, &format!("first_0[{digit_top}:0]"));
    for limb in 0..LIMBS {
        out.register(&format!("carry_{limb}_d"), 3, &format!("carry_{limb}"));
        out.wait(limb, sum_top);
    }
    out.line("// Cycle 8: m.");
    let inverse = field.negated_inverse(DIGIT);
    out.register("quotient", DIGIT, &format!("lowest * {DIGIT}'h{inverse:x}"));
    out.line("// Cycle 9: on to a copy for a few multipliers each.");
    for copy in 0..COPIES {
        out.copy(&format!("quotient_{copy}"), DIGIT, "quotient");
    }
    out.line("// Cycle 10: m p.");
    let p = field.modulus();
    let digits = BigUint::from(1u32) << DIGIT;
    for k in 0..DIGITS {
        let limb = (&p >> (k * DIGIT)) % &digits;
        let copy = k / MULTIPLIERS_OF_A_COPY;
        out.register(&format!("multiple_{k}"), LIMB, &format!("quotient_{copy} * {DIGIT}'h{limb:x}"));
    }
    out.line("// Cycle 11: its limbs; beside them what has waited.");
    for limb in 0..LIMBS {
        out.limb("cancelling", "multiple", limb);
    }
    out.line("// Cycle 12: the whole sum, without the digit that is now zero: the next pass's cycle 5.");
    for limb in 0..LIMBS {
        out.line(&format!("wire [{sum_top}:0] whole_{limb} = waiting_{limb} + cancelling_{limb};"));
    }
    for limb in 0..LIMBS {
        let above = if limb + 1 < LIMBS { format!("whole_{}[{digit_top}:0]", limb + 1) } else { format!("{DIGIT}'d0") };
        let next = format!("{{{above}, whole_{limb}[{limb_top}:{DIGIT}]}}");
        let carry = format!("whole_{limb}[{sum_top}:{LIMB}]");
        out.line(&format!("reg [{limb_top}:0] sum_{limb}, last_{limb};\nreg [2:0] carry_{limb}, last_carry_{limb};"));
        let pair = limb / 2;
        out.clocked(&format!(
            "if (fresh_{pair}) begin sum_{limb} <= 0; carry_{limb} <= 0; last_{limb} <= {next}; last_carry_{limb} <= {carry}; end \
             else begin sum_{limb} <= {next}; carry_{limb} <= {carry}; end"
        ));
    }
    out.line("// Behind the ring: the carries of a sum that has made all passes.");
    let list = |parts: Vec<String>| parts.into_iter().rev().collect::<Vec<_>>().join(", ");
    out.line(&format!(
        "wire [{}:0] last = {{{}}};",
        LIMB * LIMBS - 1,
        list((0..LIMBS).map(|k| format!("last_{k}")).collect())
    ));
    let gap = LIMB - 3;
    out.line(&format!(
        "wire [{}:0] last_carry = {{{}, {DIGIT}'d0}};",
        LIMB * LIMBS + DIGIT - 1,
        list((0..LIMBS).map(|k| format!("{gap}'d0, last_carry_{k}")).collect())
    ));
    for segment in 0..SEGMENTS {
        let low = segment * SEGMENT;
        let size = SEGMENT.min(ELEMENT_BITS - low);
        let high = low + size - 1;
        let expression = match segment {
            0 => format!("{{1'b0, last[{high}:{low}]}} + {{1'b0, last_carry[{high}:{low}]}}"),
            _ => format!(
                "({{1'b0, last[{high}:{low}], 1'b1}} + {{1'b0, last_carry[{high}:{low}], resolved_{}[{SEGMENT}]}}) >> 1",
                segment - 1
            ),
        };
        out.register(&format!("resolved_{segment}"), size + 1, &expression);
    }
    let parts =
        (0..SEGMENTS).map(|k| format!("resolved_{k}[{}:0]", SEGMENT.min(ELEMENT_BITS - k * SEGMENT) - 1)).collect();
    out.line(&format!("always @(*) product = {{{}}};", list(parts)));
    out.0
}

/// The products of even digits lie side by side.
fn even(name: &str, limb: usize) -> String {
    format!("{name}_{}", 2 * limb)
}

/// Those of odd digits lie across two limbs.
fn odd(name: &str, limb: usize) -> String {
    let digit = |k: usize, bits: &str| if k < DIGITS { format!("{name}_{k}[{bits}]") } else { format!("{DIGIT}'d0") };
    let low = if limb == 0 { format!("{DIGIT}'d0") } else { digit(2 * limb - 1, "35:18") };
    format!("{{{}, {low}}}", digit(2 * limb + 1, "17:0"))
}

#[derive(Default)]
struct Text(String);

impl Text {
    fn line(&mut self, text: &str) {
        self.0 += text;
        self.0.push('\n');
    }

    fn clocked(&mut self, statement: &str) {
        self.line(&format!("always @(posedge ring_clock) {statement}"));
    }

    /// A register that synthesis must not share with its likes.
    fn copy(&mut self, name: &str, width: usize, expression: &str) {
        let range = if width == 1 { String::new() } else { format!("[{}:0] ", width - 1) };
        self.line(&format!("reg {range}{name};\n(* keep *) always @(posedge ring_clock) {name} <= {expression};"));
    }

    /// A limb of the operands in flight, one for each cycle of a pass: that of the product whose digit is read in this cycle for
    /// the left operands, of the product whose digit was read two cycles before for the right operands.
    fn bank(&mut self, operand: &str, bank: usize) {
        let low = bank * LIMB;
        let width = LIMB.min(OPERAND_BITS - low);
        let name = format!("{operand}s_{bank}");
        // Which cycle of a pass this is, and which it was two cycles before; copies for each memory.
        self.turn(&format!("{name}_next"), PASS, 1);
        let read = if operand == "left" {
            "next"
        } else {
            self.turn(&format!("{name}_turn"), PASS, PASS - 1);
            "turn"
        };
        let padding = LIMB - width;
        let padding = if padding == 0 { String::new() } else { format!("{padding}'d0, ") };
        self.line(&format!(
            "{DISTRIBUTED}reg [{}:0] {name} [0:{}];\n\
             wire [{}:0] {operand}_{bank} = {{{padding}{name}[{name}_{read}]}};",
            width - 1,
            PASS - 1,
            LIMB - 1
        ));
        self.clocked(&format!("if (take_{bank}) {name}[{name}_next] <= {operand}[{low}+:{width}];"));
    }

    /// A limb's sum with its carries, read where it was written before it is written over.
    fn wait(&mut self, limb: usize, top: usize) {
        let name = format!("waiting_{limb}");
        self.turn(&format!("{name}_turn"), WAITING, 0);
        self.line(&format!(
            "{DISTRIBUTED_READ_FIRST}reg [{top}:0] {name}_places [0:{}];\n\
             wire [{top}:0] {name} = {name}_places[{name}_turn];",
            WAITING - 1
        ));
        self.clocked(&format!("{name}_places[{name}_turn] <= first_{limb} + {{carry_{limb}_d, {DIGIT}'d0}};"));
    }

    /// What a limb takes of products: one even one and the halves of two odd ones.
    fn limb(&mut self, name: &str, products: &str, limb: usize) {
        let sum = format!("{} + {}", even(products, limb), odd(products, limb));
        self.register(&format!("{name}_{limb}"), LIMB + 1, &sum);
    }

    /// Counts so many cycles, at most eight.
    fn turn(&mut self, name: &str, cycles: usize, initial: usize) {
        let last = cycles - 1;
        self.line(&format!(
            "reg [2:0] {name};\ninitial {name} = {initial};\n\
             (* keep *) always @(posedge ring_clock) {name} <= {name} == 3'd{last} ? 3'd0 : {name} + 3'd1;"
        ));
    }

    fn register(&mut self, name: &str, width: usize, expression: &str) {
        let _ = writeln!(self.0, "reg [{}:0] {name};", width - 1);
        self.clocked(&format!("{name} <= {expression};"));
    }
}
