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
use crate::point::LIMB_BITS;

/// Bits of a word's number in a base.
const BASE_PLACE_BITS: usize = 3;

leaf! {
    /// Bases in: at once, or word by word on their way to where they wait. `here` while there is a whole one, until it is
    /// `taken`; `finite` says of it that it is not the point at infinity.
    Bases<const B> {
        data: Bits<B>, valid: Bit, taken: Bit,
        => ready: Bit, here: Bit, finite: Bit, write: Bit, place: Bits<BASE_PLACE_BITS>,
    }
}

impl<const B: usize> Bases<B> {
    /// For words of `B` bits, one or eight a base.
    pub fn new() -> Self {
        let last = BASE_BITS / B - 1;
        let text = if last == 0 {
            "always @(*) begin
  ready = taken;
  here = valid;
  finite = data != 0;
  write = 1'b0;
  place = 0;
end
"
            .to_owned()
        } else {
            format!(
                "always @(*) begin
  ready = !here;
  write = valid && !here;
end
always @(posedge clock) begin
  if (reset || (here && taken)) begin
    here <= 1'b0;
    finite <= 1'b0;
    place <= 0;
  end else if (write) begin
    here <= place == {last};
    if (data != 0) finite <= 1'b1;
    place <= place + 1'b1;
  end
end
"
            )
        };
        Self::from_text(format!("// module: bases\n{text}"))
    }
}

leaf! {
    /// Recodes a scalar: the addition, then which of the pass's windows hold a digit. Two cycles, or one beside a slow clock.
    Recoder<const B> {
        valid: Bit, scalar: Bits<WORD_BITS>, base: Bits<B>, finite: Bit, group: Bits<8>, windows: Bits<WINDOWS>,
        => out_valid: Bit, out_digits: Bits<DIGIT_BITS>, out_pending: Bits<WINDOWS>, out_base: Bits<B>,
        out_group: Bits<8>, busy: Bit,
    }
}

impl<const B: usize> Recoder<B> {
    /// The recoder of an engine.
    pub fn new(config: &MsmConfig) -> Self {
        let bits = config.window_bits;
        let used = bits * config.windows();
        // Beside a fast clock what leaves waits for a cycle more.
        let logic = if config.words() == 1 {
            format!(
                "reg [{base_top}:0] base_1;
reg [7:0] group_1;
always @(posedge clock) begin
  if (valid) begin
    base_1 <= base;
    group_1 <= group;
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
                base_top = B - 1,
            )
        } else {
            "always @(posedge clock) begin
  if (valid) out_group <= group;
  out_base <= base;
end
always @(*) begin
  out_valid = filled && !infinity && pending != 0;
  out_digits = digits;
  out_pending = pending;
  busy = filled;
end
"
            .to_owned()
        };
        let mut pending = String::new();
        for window in 0..WINDOWS {
            pending += &if window < config.windows() {
                let half = 1usize << (bits - 1);
                format!(
                    "    pending[{window}] = windows[{window}] && digits[{}+:{bits}] != {bits}'d{half};\n",
                    window * bits
                )
            } else {
                format!("    pending[{window}] = 1'b0;\n")
            };
        }
        Self::from_text(format!(
            "// module: recoder
reg filled, infinity;
reg [{digits_top}:0] digits;
always @(posedge clock) begin
  filled <= valid && !reset;
  if (valid) begin
    digits <= {{{pad}'d0, scalar}} + {digit_bits}'h{offset:x};
    infinity <= !finite;
  end
end
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
    ///
    /// A base comes with its recoded scalar, or word by word before it, each a cycle after its `base_write`; it is `base_taken` a
    /// cycle before its last scalar is pushed. Its words leave one by one from `out_valid` on.
    DigitQueue<const B> {
        push: Bit, digits: Bits<DIGIT_BITS>, pending: Bits<WINDOWS>, group: Bits<8>, take: Bit,
        base: Bits<B>, base_write: Bit, base_place: Bits<BASE_PLACE_BITS>, base_taken: Bit,
        => room: Bit, idle: Bit, valid: Bit, count: Bits<8>,
        out_valid: Bit, out_digit: Bits<16>, out_group: Bits<8>, out_base: Bits<B>,
    }
}

/// Recoded scalars that can still arrive when the queue has no more room.
const ON_THE_WAY: usize = 4;

impl<const B: usize> DigitQueue<B> {
    /// The queue of an engine.
    pub fn new(config: &MsmConfig) -> Self {
        let depth = config.digit_depth;
        let bits = config.window_bits;
        let windows = config.windows();
        let last = depth - 1;
        let [base_top, index_top] = [B - 1, index_bits(depth) - 1];
        // With more than one word, look-up tables are dear and time is not: what waits is in block RAM, also the base of the
        // digit that was taken last. A base keeps its place if a scalar that waits uses it; there are places for all that
        // can, and for the one that comes.
        let (style, next, bases) = if config.words() == 1 {
            let bases = format!(
                "reg [{base_top}:0] base_of [0:{last}];
reg [{base_top}:0] head_base;
always @(posedge clock) begin
  if (push) base_of[tail] <= base;
  if (pop) head_base <= base_of[head];
  if (take) out_base <= head_base;
end
"
            );
            ("", "head_pending == 0 || (take && rest == 0)", bases)
        } else {
            let bases = format!(
                "{BLOCK}reg [{base_top}:0] base_of [0:{words_last}];
reg [{index_top}:0] base_at [0:{last}];
reg [{index_top}:0] base_tail, head_at, taken_at;
reg used, base_writes, base_leaves;
reg [{place_top}:0] place, base_word;
always @(posedge clock) begin
  base_writes <= base_write;
  base_word <= base_place;
  base_leaves <= base_taken && !reset;
  if (base_writes) base_of[{{base_tail, base_word}}] <= base;
  if (push) base_at[tail] <= base_tail;
  if (pop) head_at <= base_at[head];
  if (take) taken_at <= head_at;
  place <= take ? 1 : place + 1'b1;
  if (reset) base_tail <= 0;
  else if (base_leaves && (push || used)) base_tail <= (base_tail == {last}) ? 0 : base_tail + 1'b1;
  used <= !reset && !base_leaves && (push || used);
  out_base <= base_of[take ? {{head_at, {BASE_PLACE_BITS}'d0}} : {{taken_at, place}}];
end
",
                words_last = (depth << BASE_PLACE_BITS) - 1,
                place_top = BASE_PLACE_BITS - 1,
            );
            (BLOCK, "head_pending == 0 && !out_valid", bases)
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
reg [7:0] group_of [0:{last}];
reg [{index_top}:0] head, tail;
reg [{digits_top}:0] head_digits;
reg [{windows_top}:0] head_pending;
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
    group_of[tail] <= group;
  end
  if (pop) begin
    head_digits <= digits_of[head];
    head_group <= group_of[head];
  end
  if (take) begin
    out_digit <= digit;
    out_group <= head_group + window;
  end
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
end
{bases}",
            digits_top = bits * windows - 1,
            windows_top = windows - 1,
            digit_top = bits - 1,
            limit = depth - ON_THE_WAY,
        ))
    }
}

leaf! {
    /// Builds items: from a digit its bucket's tag and the base or its negative, from a sum being reduced that sum.
    NewItems<const W, const B> {
        filling: Bit,
        digit_valid: Bit, digit: Bits<16>, group: Bits<8>, base: Bits<B>,
        sum_valid: Bit, sum_tag: Bits<TAG_BITS>, sum: Bits<W>,
        => valid: Bit, tag: Bits<TAG_BITS>, point: Bits<W>,
    }
}

impl<const W: usize, const B: usize> NewItems<W, B> {
    /// The items of an engine; an item is there one cycle after its digit, two cycles after its sum. A digit
    /// stands until the last word has been made of it.
    pub fn new(config: &MsmConfig) -> Self {
        let bits = config.window_bits;
        let half = 1usize << (bits - 1);
        let bucket = config.bucket_bits();
        let bucket_top = bucket - 1;
        let words = if words(W) == 1 { at_once(config) } else { limb_by_limb(config) };
        Self::from_text(format!(
            "// module: new_items
localparam POINT_TOP = {point_top};
reg sum_valid_1;
reg [{tag_top}:0] sum_tag_1;
reg [POINT_TOP:0] sum_1;
wire negative = digit < {half};
wire [15:0] magnitude = negative ? 16'd{below} - digit : digit - 16'd{above};
wire [{address_top}:0] address = {{{address_pad}'d0, group, magnitude[{bucket_top}:0]}};
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
        ))
    }
}

/// A point made of a base and a sign.
fn at_once(config: &MsmConfig) -> String {
    format!(
        "wire from_digit = digit_valid;
wire moves = digit_valid || sum_valid_1;
wire moves_in = sum_valid;
wire [{coordinate_top}:0] x = {{1'b0, base[{word_top}:0]}};
wire [{coordinate_top}:0] y = {{1'b0, base[{base_top}:{WORD_BITS}]}};
wire [{coordinate_top}:0] signed_y = negative ? {COORDINATE_BITS}'h{modulus:x} - y : y;
wire [{coordinate_top}:0] z = {COORDINATE_BITS}'h{one:x};
wire [POINT_TOP:0] of_digit = {{z, signed_y, x}};
",
        coordinate_top = COORDINATE_BITS - 1,
        base_top = BASE_BITS - 1,
        word_top = WORD_BITS - 1,
        one = config.one,
        modulus = config.modulus,
    )
}

/// The limbs of such a point, from the limbs of its base.
fn limb_by_limb(config: &MsmConfig) -> String {
    let limb = |value: &BigUint, limb: usize| value.to_u64_digits().get(limb).copied().unwrap_or(0);
    let limbs: String = (0..WORD_BITS / LIMB_BITS)
        .map(|k| {
            let [modulus, one] = [&config.modulus, &config.one].map(|value| limb(value, k));
            format!("  2'd{k}: begin modulus = 64'h{modulus:x}; one = 64'h{one:x}; end\n")
        })
        .collect();
    format!(
        "reg [3:0] word;
reg was_digit, borrow;
wire comes = digit_valid || sum_valid_1;
wire from_digit = comes ? digit_valid : was_digit;
wire moves = 1'b1;
wire moves_in = 1'b1;
wire [1:0] coordinate = comes ? 2'd0 : word[3:2];
wire [1:0] limb = comes ? 2'd0 : word[1:0];
reg [POINT_TOP:0] modulus, one;
always @(*) case (limb)
{limbs}endcase
wire [POINT_TOP+1:0] opposite = {{1'b0, modulus}} - {{1'b0, base}} - {{{LIMB_BITS}'d0, borrow && limb != 0}};
wire [POINT_TOP:0] of_digit =
  coordinate == 2'd0 ? base : coordinate == 2'd1 ? (negative ? opposite[POINT_TOP:0] : base) : one;
always @(posedge clock) begin
  word <= comes ? 1 : word + 1'b1;
  borrow <= opposite[POINT_TOP+1];
  if (comes) was_digit <= digit_valid;
end
",
    )
}
