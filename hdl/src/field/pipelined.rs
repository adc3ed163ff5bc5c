//! The pipelined Montgomery multiplier: one product started in each cycle.
//!
//! The 520-bit product comes from DSPs; the reduction needs none. Its low 270 bits go through 54 rows, each of which
//! cancels five bits, `t' = (t >> 5) + ROM[t mod 32]` with `ROM[d] = (d + (d (-1/p) mod 32) p) / 32`: five digit bits and a
//! bit of the running sum are six inputs, one LUT for each bit of a row. The high 250 bits are added at the end.

use std::sync::Arc;

use num_bigint::BigUint;
use rust_hdl::prelude::*;

use super::karatsuba::product;
use super::memo::{Generated, Memo};
use super::pipeline::{Pipeline, Value};
use super::{ELEMENT_BITS, Field, OPERAND_BITS, RADIX_BITS};

/// Bits that a row cancels.
const DIGIT: usize = 5;

/// The longest carry chain: twelve rows, and what fits a 64-bit word of a simulator.
const SEGMENT: usize = 12 * DIGIT;

/// a b / R modulo p, below 2p, for operands below 2^260; fully pipelined.
#[derive(LogicBlock, Default)]
pub struct PipelinedMultiplier {
    /// The clock.
    pub clock: Signal<In, Clock>,
    /// An operand, registered inside.
    pub left: Signal<In, Bits<OPERAND_BITS>>,
    /// An operand, registered inside.
    pub right: Signal<In, Bits<OPERAND_BITS>>,
    /// The product of the operands `latency` cycles ago.
    pub product: Signal<Out, Bits<ELEMENT_BITS>>,
    _text: String,
}

impl PipelinedMultiplier {
    /// A multiplier modulo the field's prime.
    pub fn new(field: Field) -> Self {
        Self { _text: generated(field).text.clone(), ..Self::default() }
    }

    /// Cycles from operands to product.
    pub fn latency(field: Field) -> usize {
        generated(field).latency
    }
}

impl Logic for PipelinedMultiplier {
    fn update(&mut self) {}

    fn connect(&mut self) {
        self.product.connect();
    }

    fn hdl(&self) -> Verilog {
        Verilog::Custom(self._text.clone())
    }
}

fn generated(field: Field) -> Arc<Generated> {
    static TEXTS: Memo<Field> = Memo::new();
    TEXTS.get(&field, || generate(field))
}

fn generate(field: Field) -> Generated {
    let mut pipeline = Pipeline::new(SEGMENT);
    let inputs = ["left", "right"].map(|name| {
        let port = pipeline.input(name, OPERAND_BITS);
        let expression = pipeline.at(&port, 0);
        pipeline.register("operand", OPERAND_BITS, 1, &expression)
    });
    let whole = product(&mut pipeline, &inputs[0], &inputs[1], 2);
    let reduced = reduce(&mut pipeline, field, &whole.bits(0, RADIX_BITS));
    let high = whole.bits(RADIX_BITS, 2 * OPERAND_BITS - RADIX_BITS);
    let result = pipeline.add("result", &reduced, &high, ELEMENT_BITS);
    let latency = pipeline.output("product", &result);
    let exact = pipeline.finish();
    let fast = fast_text(field, latency);
    let name = field.name();
    let text = format!(
        "// module: {name}_multiplier_pipelined\n/* verilator no_inline_module */\n`ifdef PENSTOCK_FAST_MULTIPLIERS\n\
         {fast}`else\n{exact}`endif\n"
    );
    Generated { text, latency }
}

/// The bits of a limb of the quick model: products of two fit a simulator's 64-bit word, and limbs make up the radix.
const LIMB: usize = 30;

/// The same function, limb by limb as a processor would, delayed by a ring of the same length.
fn fast_text(field: Field, latency: usize) -> String {
    let limbs = RADIX_BITS / LIMB;
    let mask = BigUint::from((1u32 << LIMB) - 1);
    let split = |name: &str, port: &str| -> String {
        let slice = |k: usize| format!("{port}[{}:{}]", (LIMB * (k + 1)).min(OPERAND_BITS) - 1, LIMB * k);
        (0..limbs).map(|k| format!("    {name}[{k}] = {};\n", slice(k))).collect()
    };
    let modulus: String =
        (0..limbs).map(|k| format!("    p[{k}] = 64'd{};\n", (field.modulus() >> (LIMB * k)) & &mask)).collect();
    let joined: Vec<_> = (0..limbs).rev().map(|k| format!("t[{k}][{}:0]", LIMB - 1)).collect();
    format!(
        "reg [63:0] a [0:{last}];\nreg [63:0] b [0:{last}];\nreg [63:0] p [0:{last}];\nreg [63:0] t [0:{last}];\n\
         reg [63:0] m;\nreg [63:0] column;\ninteger i;\ninteger j;\nreg [{top}:0] operand_1;\nreg [{top}:0] operand_2;\n\
         reg [{element_top}:0] ring [0:{turn}];\nreg [7:0] place;\ninitial begin\n    place = 0;\n{modulus}end\n\
         always @(posedge clock) begin\n{split_a}{split_b}    for (i = 0; i < {limbs}; i = i + 1) t[i] = 0;\n    \
         for (i = 0; i < {limbs}; i = i + 1) begin\n        m = ((t[0] + a[i] * b[0]) * 64'd{inverse}) & 64'd{mask};\n        \
         column = 0;\n        for (j = 0; j < {limbs}; j = j + 1) begin\n            \
         column = t[j] + a[i] * b[j] + m * p[j] + (column >> {LIMB});\n            \
         if (j > 0) t[j - 1] = column & 64'd{mask};\n        end\n        t[{last}] = column >> {LIMB};\n    end\n    \
         operand_1 <= left;\n    operand_2 <= right;\n    product <= ring[place];\n    ring[place] <= {{{joined}}};\n    \
         place <= place == {turn} ? 8'd0 : place + 8'd1;\nend\n",
        last = limbs - 1,
        top = OPERAND_BITS - 1,
        element_top = ELEMENT_BITS - 1,
        turn = latency - 3,
        split_a = split("a", "operand_1"),
        split_b = split("b", "operand_2"),
        inverse = field.negated_inverse(LIMB),
        joined = joined.join(", "),
    )
}

/// (`value` + m p) / R for the m below R that makes it an integer.
fn reduce(pipeline: &mut Pipeline, field: Field, value: &Value) -> Value {
    let rom = Rom::new(field);
    rom.declare(pipeline);
    let mut sum = value.clone();
    // The largest value of the running sum.
    let mut bound = (BigUint::from(1u32) << RADIX_BITS) - 1u32;
    for row in 1..=RADIX_BITS / DIGIT {
        bound = (bound + field.modulus() * 31u32) >> DIGIT;
        sum = rom.row(pipeline, &sum, row, bound.bits() as usize);
    }
    sum
}

struct Rom {
    words: Vec<BigUint>,
    width: usize,
}

impl Rom {
    fn new(field: Field) -> Self {
        let (p, inverse) = (field.modulus(), field.negated_inverse(DIGIT));
        let digits = BigUint::from(1u32) << DIGIT;
        let word = |digit: u32| (&p * (&inverse * digit % &digits) + digit) >> DIGIT;
        Self { words: (0..1 << DIGIT).map(word).collect(), width: p.bits() as usize }
    }

    /// One function for each place at which a segment can begin: a segment's bits of the entry that a digit selects.
    ///
    /// It is selectors and not a part of one long constant, because yosys 0.70 (0.52 did not) takes that for a memory and
    /// moves the digit's register behind it: a bit of a row then takes two LUTs and one more register.
    fn declare(&self, pipeline: &mut Pipeline) {
        let mask = (BigUint::from(1u32) << SEGMENT) - 1u32;
        for low in (0..self.width).step_by(DIGIT) {
            let leaves = self.words.iter().map(|word| format!("{SEGMENT}'h{:x}", (word >> low) & &mask)).collect();
            let entry = (0..DIGIT).fold(leaves, select_by_bit).concat();
            let (digit_top, top) = (DIGIT - 1, SEGMENT - 1);
            pipeline.line(&format!(
                "function [{top}:0] rom_{low}; input [{digit_top}:0] digit; rom_{low} = {entry}; endfunction"
            ));
        }
    }

    /// The sum after cancelling its low digit. Segments keep their places in the product, whatever has been shifted out.
    fn row(&self, pipeline: &mut Pipeline, sum: &Value, row: usize, width: usize) -> Value {
        let digit = sum.bits(0, DIGIT);
        let mut next = Value::default();
        let mut carry: Option<Value> = None;
        while next.width() < width {
            let low = next.width();
            let size = (SEGMENT - (low + row * DIGIT) % SEGMENT).min(width - low);
            let bits = sum.bits(low + DIGIT, size);
            let stage = digit.stage().max(bits.stage()).max(carry.as_ref().map_or(0, Value::stage));
            let (bits, index) = (pipeline.at(&bits, stage), pipeline.at(&digit, stage));
            // Above the ROM only a carry moves on.
            let entry = if low < self.width {
                let name = format!("entry_{row}_{low}");
                pipeline.line(&format!("wire [{}:0] {name} = rom_{low}({index});", SEGMENT - 1));
                format!("{name}[{}:0]", size.min(self.width - low) - 1)
            } else {
                "1'b0".to_owned()
            };
            let last = low + size == width;
            let carry_in = carry.as_ref().map_or_else(|| "1'b0".to_owned(), |carry| pipeline.at(carry, stage));
            // x - ~y is x + y + 1: the one meets the carry below, and the cancelled digit's carry is in the ROM. yosys needs
            // more LUTs for the sum: 3 % with version 0.70, one more for each bit of the ROM with 0.52.
            let register = format!("({{1'b0, {bits}, 1'b0}} - ~{{1'b0, {entry}, {carry_in}}}) >> 1");
            let register = pipeline.register("row", size + usize::from(!last), stage + 1, &register);
            next = next.then(&register.bits(0, size));
            carry = Some(register.bits(size, 1));
        }
        next
    }
}

/// One bit of the digit chooses between neighbours: half as many expressions.
fn select_by_bit(expressions: Vec<String>, bit: usize) -> Vec<String> {
    expressions.chunks(2).map(|pair| format!("(digit[{bit}] ? {} : {})", pair[1], pair[0])).collect()
}
