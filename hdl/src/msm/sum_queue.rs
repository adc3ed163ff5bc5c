//! The sums on their way from the slots back into them, in order.

use rust_hdl::prelude::*;

use super::memory::index_bits;
use super::{ADDRESS_BITS, OUT_BITS, PLACE_BITS, POINT_BITS, words};
use crate::leaf::{BLOCK, leaf};

/// Sums that may be on their way from the slots or wait to be inserted.
const TAKEN_DEPTH: usize = 16;

leaf! {
    /// Queue of read-out sums; the head stays until it is popped. From `start` on, the words of its point leave one by one.
    SumQueue<const W, const U> {
        push: Bit, full: Bit, address: Bits<ADDRESS_BITS>, point: Bits<W>, start: Bit, sent: Bit, pop: Bit,
        => valid: Bit, out_address: Bits<ADDRESS_BITS>, out_point: Bits<W>, out_word: Bits<U>, last_word: Bit,
    }
}

impl<const W: usize, const U: usize> SumQueue<W, U> {
    /// An empty queue. `out_word` is a word of the head's point, zero for an empty slot; the next one follows when it was
    /// `sent`.
    pub fn new() -> Self {
        let logic = if words(W) == 1 { at_once(U) } else { limb_by_limb(W) };
        Self::from_text(format!(
            "// module: sum_queue
localparam LAST = {last};
reg [{address_top}:0] addresses [0:LAST];
reg [LAST:0] fulls;
reg [{index_top}:0] head, tail;
reg [{index}:0] count;
reg out_full;
{logic}always @(posedge clock) begin
  if (push) begin
    addresses[tail] <= address;
    fulls[tail] <= full;
  end
  if (load) begin
    out_address <= addresses[head];
    out_full <= fulls[head];
  end
  if (reset) begin
    head <= 0;
    tail <= 0;
    count <= 0;
    valid <= 1'b0;
  end else begin
    if (push) tail <= tail + 1'b1;
    if (advance) head <= head + 1'b1;
    count <= count + {{{index}'d0, push}} - {{{index}'d0, load}};
    if (load) valid <= 1'b1;
    else if (pop) valid <= 1'b0;
  end
end
",
            address_top = ADDRESS_BITS - 1,
            last = TAKEN_DEPTH - 1,
            index_top = index_bits(TAKEN_DEPTH) - 1,
            index = index_bits(TAKEN_DEPTH),
        ))
    }
}

/// The head in a register, which a selector cuts into words of so many bits.
fn at_once(word_bits: usize) -> String {
    // The coordinates' top bits are zero: they are below four times the modulus.
    format!(
        "reg [{point_top}:0] points [0:LAST];
reg [{point_top}:0] head_point;
reg [1:0] word;
wire [{out_top}:0] head_words = {{head_point[769:514], head_point[512:257], head_point[255:0]}};
wire load = (!valid || pop) && count != 0;
wire advance = load;
always @(posedge clock) begin
  if (push) points[tail] <= point;
  if (load) head_point <= points[head];
  word <= reset || (sent && last_word) ? 0 : word + {{1'b0, sent}};
end
always @(*) begin
  out_point = head_point;
  out_word = out_full ? head_words[word*{word_bits}+:{word_bits}] : 0;
  last_word = word == {last};
end
",
        point_top = POINT_BITS - 1,
        out_top = OUT_BITS - 1,
        last = OUT_BITS / word_bits - 1,
    )
}

/// The words in block RAM, one of them at its output: they move on from `start` until the last has passed, or whenever one
/// was sent.
fn limb_by_limb(width: usize) -> String {
    // What is counted has been in the memory for a cycle, each word behind the one before. A head that was popped when its
    // words started is left behind when the last of them is being read, one that was sent a cycle later.
    format!(
        "{BLOCK}reg [{word_top}:0] points [0:{places}];
reg [{place_top}:0] word_in, word;
reg [{index_top}:0] filling;
reg [{word_top}:0] shown;
reg running, leaving;
wire [{index_top}:0] filled = push ? tail : filling;
wire moves = start || running || sent;
wire [{place_top}:0] next = !moves ? word : last_word ? 0 : word + 1'b1;
wire advance = (leaving && word == {last} - 1) || (sent && last_word);
wire load = !valid && !leaving && next == 0 && count != 0;
always @(posedge clock) begin
  if (push || word_in != 0) points[{{filled, word_in}}] <= point;
  if (push) filling <= tail;
  shown <= points[{{head, next}}];
  if (reset) begin
    word_in <= 0;
    word <= 0;
    running <= 1'b0;
    leaving <= 1'b0;
  end else begin
    word_in <= push ? 1 : word_in == 0 || word_in == {last} ? 0 : word_in + 1'b1;
    word <= next;
    running <= start || (running && !last_word);
    leaving <= (start && pop) || (leaving && !advance);
  end
end
always @(*) begin
  out_point = shown;
  out_word = out_full ? shown : 0;
  last_word = word == {last};
end
",
        word_top = width - 1,
        places = (TAKEN_DEPTH << PLACE_BITS) - 1,
        place_top = PLACE_BITS - 1,
        index_top = index_bits(TAKEN_DEPTH) - 1,
        last = words(width) - 1,
    )
}
