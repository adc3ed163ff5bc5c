//! The sums on their way from the slots back into them, in order.

use rust_hdl::prelude::*;

use super::memory::index_bits;
use super::{ADDRESS_BITS, OUT_BITS, POINT_BITS, words};
use crate::leaf::{BLOCK, leaf};

/// Sums that may be on their way from the slots or wait to be inserted.
const TAKEN_DEPTH: usize = 16;

leaf! {
    /// Queue of read-out sums; the head stays until it is popped. From `start` on, the words of its point leave one by one.
    SumQueue<const W> {
        push: Bit, full: Bit, address: Bits<ADDRESS_BITS>, point: Bits<W>, start: Bit, pop: Bit,
        => valid: Bit, out_address: Bits<ADDRESS_BITS>, out_point: Bits<W>, out_words: Bits<OUT_BITS>,
    }
}

impl<const W: usize> SumQueue<W> {
    /// An empty queue. `out_words` is the head's point as three 256-bit words, zero for an empty slot.
    pub fn new() -> Self {
        // What is counted has been in the memory for a cycle.
        let points = if words(W) == 1 {
            "reg [POINT_TOP:0] points [0:LAST];
wire loaded = load;
always @(posedge clock) begin
  if (push) points[tail] <= point;
  if (load) head_point <= points[head];
end
"
            .to_owned()
        } else {
            // The head moves round by a word when its words leave, and when those of the next one come in.
            format!(
                "{BLOCK}reg [{word_top}:0] points [0:4*LAST+3];
reg [1:0] word_in, word_out, turning;
reg [{index_top}:0] filling;
reg [{word_top}:0] next;
reg [2:0] coming;
wire [{index_top}:0] filled = push ? tail : filling;
wire loaded = coming[2];
always @(posedge clock) begin
  if (push || word_in != 0) points[{{filled, word_in}}] <= point;
  if (push) filling <= tail;
  next <= points[{{head, word_out}}];
  if (start || turning != 0 || coming != 0)
    head_point <= {{coming != 0 ? (out_full ? next : {W}'d0) : head_point[{word_top}:0], head_point[POINT_TOP:{W}]}};
  if (reset) begin
    word_in <= 0;
    word_out <= 0;
    turning <= 0;
    coming <= 0;
  end else begin
    word_in <= push ? 2'd1 : word_in == 2'd1 ? 2'd2 : 2'd0;
    turning <= start ? 2'd2 : turning == 0 ? 2'd0 : turning - 2'd1;
    coming <= {{coming[1:0], load}};
    word_out <= load ? 2'd1 : coming[0] ? 2'd2 : 2'd0;
  end
end
",
                word_top = W - 1,
                index_top = index_bits(TAKEN_DEPTH) - 1,
            )
        };
        // With more than one word, the head's number moves on when its last word is being read, and words that came in one by
        // one are zero already if the slot was empty.
        let head_words = "{head_point[769:514], head_point[512:257], head_point[255:0]}";
        let (advance, ready, words_out) = if words(W) == 1 {
            ("load", "(!valid || pop)", format!("out_full ? {head_words} : {OUT_BITS}'d0"))
        } else {
            ("coming[1]", "(!valid || pop) && coming == 0", head_words.to_owned())
        };
        Self::from_text(format!(
            "// module: sum_queue
localparam POINT_TOP = {point_top};
localparam LAST = {last};
reg [{address_top}:0] addresses [0:LAST];
reg [LAST:0] fulls;
reg [{index_top}:0] head, tail;
reg [{index}:0] count;
reg out_full;
reg [POINT_TOP:0] head_point;
wire load = {ready} && count != 0;
{points}always @(posedge clock) begin
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
    if ({advance}) head <= head + 1'b1;
    count <= count + {{{index}'d0, push}} - {{{index}'d0, load}};
    if (loaded) valid <= 1'b1;
    else if (pop) valid <= 1'b0;
  end
end
always @(*) begin
  out_point = head_point[{word_top}:0];
  out_words = {words_out};
end
",
            point_top = POINT_BITS - 1,
            word_top = W - 1,
            address_top = ADDRESS_BITS - 1,
            last = TAKEN_DEPTH - 1,
            index_top = index_bits(TAKEN_DEPTH) - 1,
            index = index_bits(TAKEN_DEPTH),
        ))
    }
}
