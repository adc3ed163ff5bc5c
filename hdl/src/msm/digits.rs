//! From scalars to signed digits, and from digits to the items that enter the slots.
//!
//! Adding half a window at every window turns a scalar's windows into digits biased by half: a biased digit `d` stands
//! for `d - 2^(c-1)`, so a zero digit is one comparison, and no carry runs from window to window afterwards. Scalars
//! without a digit, and bases at infinity, never reach the queue; of the others, one non-zero digit leaves a cycle.

use num_bigint::BigUint;
use rust_hdl::prelude::*;

use super::config::{MsmConfig, WORD_BITS};
use super::memory::index_bits;
use super::{BASE_BITS, COORDINATE_BITS, DIGIT_BITS, TAG_BITS, WINDOWS, words};
use crate::leaf::{BLOCK, leaf};

leaf! {
    /// Recodes a scalar: the addition, then which of the pass's windows hold a digit. Two cycles, or none beside a slow clock.
    Recoder {
        valid: Bit, scalar: Bits<WORD_BITS>, base: Bits<BASE_BITS>, group: Bits<8>, windows: Bits<WINDOWS>,
        => out_valid: Bit, out_digits: Bits<DIGIT_BITS>, out_pending: Bits<WINDOWS>, out_base: Bits<BASE_BITS>,
        out_group: Bits<8>, busy: Bit,
    }
}

impl Recoder {
    /// The recoder of an engine.
    pub fn new(config: &MsmConfig) -> Self {
        let bits = config.window_bits;
        let used = bits * config.windows();
        // Beside a fast clock the sum waits for a cycle.
        let (digits, logic) = if config.words() == 1 {
            let logic = format!(
                "reg filled, infinity;
reg [{digits_top}:0] digits;
reg [{base_top}:0] base_1;
reg [7:0] group_1;
always @(posedge clock) begin
  filled <= valid && !reset;
  if (valid) begin
    digits <= sum;
    base_1 <= base;
    group_1 <= group;
    infinity <= base == 0;
  end
  out_valid <= filled && !infinity && pending != 0 && !reset;
  if (filled) begin
    out_digits <= digits;
    out_pending <= pending;
    out_base <= base_1;
    out_group <= group_1;
  end
end
always @(*) busy = filled || out_valid;
",
                digits_top = DIGIT_BITS - 1,
                base_top = BASE_BITS - 1,
            );
            ("digits", logic)
        } else {
            let logic = "always @(*) begin
  out_valid = valid && base != 0 && pending != 0 && !reset;
  out_digits = sum;
  out_pending = pending;
  out_base = base;
  out_group = group;
  busy = 1'b0;
end
"
            .to_owned();
            ("sum", logic)
        };
        let mut pending = String::new();
        for window in 0..WINDOWS {
            pending += &if window < config.windows() {
                let half = 1usize << (bits - 1);
                format!(
                    "    pending[{window}] = windows[{window}] && {digits}[{}+:{bits}] != {bits}'d{half};\n",
                    window * bits
                )
            } else {
                format!("    pending[{window}] = 1'b0;\n")
            };
        }
        Self::from_text(format!(
            "// module: recoder
wire [{digits_top}:0] sum = {{{pad}'d0, scalar}} + {digit_bits}'h{offset:x};
reg [{windows_top}:0] pending;
{logic}always @(*) begin
{pending}end
",
            digits_top = DIGIT_BITS - 1,
            windows_top = WINDOWS - 1,
            pad = DIGIT_BITS - WORD_BITS,
            digit_bits = DIGIT_BITS,
            offset = config.recoding_offset() % (BigUint::from(1u8) << used),
        ))
    }
}

leaf! {
    /// Queue of recoded scalars; the digit at its head, and the registers of the digit that was taken last.
    DigitQueue {
        push: Bit, digits: Bits<DIGIT_BITS>, pending: Bits<WINDOWS>, base: Bits<BASE_BITS>, group: Bits<8>, take: Bit,
        => room: Bit, idle: Bit, valid: Bit, count: Bits<8>,
        out_valid: Bit, out_digit: Bits<16>, out_group: Bits<8>, out_base: Bits<BASE_BITS>,
    }
}

/// Recoded scalars that can still arrive when the queue has no more room.
const ON_THE_WAY: usize = 4;

impl DigitQueue {
    /// The queue of an engine.
    pub fn new(config: &MsmConfig) -> Self {
        let depth = config.digit_depth;
        let bits = config.window_bits;
        let windows = config.windows();
        // With more than one word, look-up tables are dear and time is not: what waits is in block RAM, the base of the digit
        // that was taken last stays at the RAM's output, and the next one is read when the last word was made of it.
        let (style, next, of_last, shown) = if config.words() == 1 {
            ("", "head_pending == 0 || (take && rest == 0)", "    out_base <= head_base;\n", "")
        } else {
            (BLOCK, "head_pending == 0 && !out_valid", "", "  out_base = head_base;\n")
        };
        let (mut selected, mut index) = (String::new(), String::new());
        for window in 0..windows {
            selected += &format!(
                "    digit = digit | (lowest[{window}] ? head_digits[{}+:{bits}] : {bits}'d0);\n",
                window * bits
            );
            index += &format!("    window = window | (lowest[{window}] ? 8'd{window} : 8'd0);\n");
        }
        Self::from_text(format!(
            "// module: digit_queue
{style}reg [{digits_top}:0] digits_of [0:{last}];
reg [{windows_top}:0] pending_of [0:{last}];
{style}reg [{base_top}:0] base_of [0:{last}];
reg [7:0] group_of [0:{last}];
reg [{index_top}:0] head, tail;
reg [{digits_top}:0] head_digits;
reg [{windows_top}:0] head_pending;
reg [{base_top}:0] head_base;
reg [7:0] head_group;
wire [{windows_top}:0] rest = head_pending & (head_pending - 1'b1);
wire [{windows_top}:0] lowest = head_pending & ~rest;
wire last = {next};
wire pop = last && count != 0;
reg [{digit_top}:0] digit;
reg [7:0] window;
always @(*) begin
  digit = 0;
  window = 0;
  if (take) begin
{selected}{index}  end
end
always @(posedge clock) begin
  if (push) begin
    digits_of[tail] <= digits[{digits_top}:0];
    pending_of[tail] <= pending[{windows_top}:0];
    base_of[tail] <= base;
    group_of[tail] <= group;
  end
  if (pop) begin
    head_digits <= digits_of[head];
    head_base <= base_of[head];
    head_group <= group_of[head];
  end
  if (take) begin
    out_digit <= digit;
    out_group <= head_group + window;
{of_last}  end
  if (reset) begin
    head <= 0;
    tail <= 0;
    count <= 0;
    head_pending <= 0;
    out_valid <= 1'b0;
  end else begin
    if (push) tail <= (tail == {last}) ? 0 : tail + 1;
    if (pop) head <= (head == {last}) ? 0 : head + 1;
    count <= count + {{7'd0, push}} - {{7'd0, pop}};
    if (pop) head_pending <= pending_of[head];
    else if (take) head_pending <= rest;
    out_valid <= take;
  end
end
always @(*) begin
  valid = head_pending != 0;
  idle = head_pending == 0 && count == 0;
  room = count < {limit};
{shown}end
",
            digits_top = bits * windows - 1,
            windows_top = windows - 1,
            base_top = BASE_BITS - 1,
            digit_top = bits - 1,
            index_top = index_bits(depth) - 1,
            last = depth - 1,
            limit = depth - ON_THE_WAY,
        ))
    }
}

leaf! {
    /// Builds items: from a digit its bucket's tag and the base or its negative, from a sum being reduced that sum.
    NewItems<const W> {
        filling: Bit,
        digit_valid: Bit, digit: Bits<16>, group: Bits<8>, base: Bits<BASE_BITS>,
        sum_valid: Bit, sum_tag: Bits<TAG_BITS>, sum: Bits<W>,
        => valid: Bit, tag: Bits<TAG_BITS>, point: Bits<W>,
    }
}

impl<const W: usize> NewItems<W> {
    /// The items of an engine; an item is there one cycle after its digit, two cycles after its sum. A digit and its base
    /// stand until the last word has been made of them.
    pub fn new(config: &MsmConfig) -> Self {
        let bits = config.window_bits;
        let half = 1usize << (bits - 1);
        let bucket = config.bucket_bits();
        let bucket_top = bucket - 1;
        let words = if words(W) == 1 {
            "wire from_digit = digit_valid;
wire moves = digit_valid || sum_valid_1;
wire moves_in = sum_valid;
wire [POINT_TOP:0] of_digit = {z, signed_y, x};
"
        } else {
            "reg [1:0] word;
reg was_digit;
wire comes = digit_valid || sum_valid_1;
wire from_digit = comes ? digit_valid : was_digit;
wire moves = 1'b1;
wire moves_in = 1'b1;
wire [POINT_TOP:0] of_digit = comes ? x : word == 2'd1 ? signed_y : z;
always @(posedge clock) begin
  word <= comes ? 2'd1 : 2'd2;
  if (comes) was_digit <= digit_valid;
end
"
        };
        Self::from_text(format!(
            "// module: new_items
localparam POINT_TOP = {point_top};
reg sum_valid_1;
reg [{tag_top}:0] sum_tag_1;
reg [POINT_TOP:0] sum_1;
wire negative = digit < {half};
wire [15:0] magnitude = negative ? 16'd{below} - digit : digit - 16'd{above};
wire [{address_top}:0] address = {{{address_pad}'d0, group, magnitude[{bucket_top}:0]}};
wire [{coordinate_top}:0] x = {{1'b0, base[{word_top}:0]}};
wire [{coordinate_top}:0] y = {{1'b0, base[{base_top}:{word}]}};
wire [{coordinate_top}:0] signed_y = negative ? {coordinate}'h{modulus:x} - y : y;
wire [{coordinate_top}:0] z = {coordinate}'h{one:x};
{words}always @(posedge clock) begin
  sum_valid_1 <= sum_valid && !reset;
  if (sum_valid) sum_tag_1 <= sum_tag;
  if (moves_in) sum_1 <= sum;
  valid <= (digit_valid || sum_valid_1) && !reset;
  if (digit_valid) tag <= {{address, filling, filling}};
  else if (sum_valid_1) tag <= sum_tag_1;
  if (moves) point <= from_digit ? of_digit : sum_1;
end
",
            tag_top = TAG_BITS - 1,
            point_top = W - 1,
            below = half - 1,
            above = half + 1,
            address_top = bucket + 8 + 16 - 1,
            address_pad = 16,
            coordinate_top = COORDINATE_BITS - 1,
            base_top = BASE_BITS - 1,
            word = WORD_BITS,
            word_top = WORD_BITS - 1,
            coordinate = COORDINATE_BITS,
            one = config.one,
            modulus = config.modulus,
        ))
    }
}
