//! The two queues before the adder.
//!
//! Pairs made by results go first. Results cannot be held back, so there is always room for such a pair: an adder that starts
//! a pair for every result it gives keeps their queue at one or two entries. One that starts a pair every so many cycles
//! gives its results at such a time that it takes the pair of a result in the very cycle in which it comes; it needs no
//! queue. Pairs made by new points wait in the other queue; `room` throttles the source of new items early enough for all
//! items already on their way.
//!
//! An adder that starts a pair in each cycle needs the next one at once. A slower one takes pairs word by word, and leaves time
//! to read them from block RAM, a cycle ahead.

use rust_hdl::prelude::*;

use super::memory::index_bits;
use super::{PLACE_BITS, TAG_BITS, words};
use crate::leaf::{BLOCK, leaf};

leaf! {
    /// What waits for the adder and, before a fast one, the register that holds the pair offered to it.
    PairQueues<const W> {
        new_push: Bit, new_left: Bits<W>, new_right: Bits<W>, new_tag: Bits<TAG_BITS>,
        result_push: Bit, result_left: Bits<W>, result_right: Bits<W>, result_tag: Bits<TAG_BITS>,
        ready: Bit,
        => valid: Bit, left: Bits<W>, right: Bits<W>, tag: Bits<TAG_BITS>,
        room: Bit, overflow: Bit, new_count: Bits<8>, result_count: Bits<8>,
    }
}

/// Entries of the queue of pairs made by results.
const RESULT_DEPTH: usize = 4;

impl<const W: usize> PairQueues<W> {
    /// `depth` entries for pairs made by new items, of which the last `on_the_way` are kept for items past the throttle.
    pub fn new(depth: usize, on_the_way: usize) -> Self {
        let logic = if words(W) == 1 { at_once(W, depth) } else { word_by_word(W, depth) };
        Self::from_text(format!(
            "// module: pair_queues
{logic}always @(posedge clock) begin
  if (reset) overflow <= 1'b0;
  else if ((new_push && new_count == {depth}) || lost) overflow <= 1'b1;
end
always @(*) room = new_count < {limit};
",
            limit = depth - on_the_way,
        ))
    }
}

/// Both queues for an adder that takes a pair in every cycle.
fn at_once(width: usize, depth: usize) -> String {
    let point = width - 1;
    let tag = TAG_BITS - 1;
    let queue = |name: &str, depth: usize| {
        format!(
            "reg [{point}:0] {name}_lefts [0:{last}];
reg [{point}:0] {name}_rights [0:{last}];
reg [{tag}:0] {name}_tags [0:{last}];
{}always @(posedge clock) if ({name}_push) begin
  {name}_lefts[{name}_tail] <= {name}_left;
  {name}_rights[{name}_tail] <= {name}_right;
  {name}_tags[{name}_tail] <= {name}_tag;
end
",
            numbers(name, depth, &format!("{name}_pop"), &format!("{name}_pop")),
            last = depth - 1,
        )
    };
    format!(
        "wire load = !valid || ready;
wire result_pop = load && result_count != 0;
wire new_pop = load && result_count == 0 && new_count != 0;
{new}{result}wire lost = result_push && result_count == {RESULT_DEPTH};
always @(posedge clock) begin
  if (result_pop) begin
    left <= result_lefts[result_head];
    right <= result_rights[result_head];
    tag <= result_tags[result_head];
  end else if (new_pop) begin
    left <= new_lefts[new_head];
    right <= new_rights[new_head];
    tag <= new_tags[new_head];
  end
  if (reset) valid <= 1'b0;
  else if (load) valid <= result_pop || new_pop;
end
",
        new = queue("new", depth),
        result = queue("result", RESULT_DEPTH),
    )
}

/// The queue of new pairs for an adder that takes a word a cycle, and what passes it by.
fn word_by_word(width: usize, depth: usize) -> String {
    let point = width - 1;
    let tag = TAG_BITS - 1;
    // What is counted has been in the memory for a cycle, each word behind the one before.
    format!(
        "{BLOCK}reg [{point}:0] new_lefts [0:{words_last}];
{BLOCK}reg [{point}:0] new_rights [0:{words_last}];
reg [{tag}:0] new_tags [0:{last}];
reg [{place}:0] word_in, next_out, result_words;
reg [{index}:0] filling;
reg [{point}:0] next_left, next_right;
reg [{tag}:0] next_tag;
reg shown;
wire new_pop = ready && !result_push && shown;
wire [{place}:0] word_out = new_pop ? 1 : next_out;
wire last_out = word_out == {word_last};
wire passes = result_push || result_words != 0;
wire lost = result_push && !ready;
{numbers}wire [{index}:0] filled = new_push ? new_tail : filling;
always @(posedge clock) begin
  if (new_push) new_tags[new_tail] <= new_tag;
  if (new_push) filling <= new_tail;
  if (new_push || word_in != 0) begin
    new_lefts[{{filled, word_in}}] <= new_left;
    new_rights[{{filled, word_in}}] <= new_right;
  end
  next_left <= new_lefts[{{new_head, word_out}}];
  next_right <= new_rights[{{new_head, word_out}}];
  next_tag <= new_tags[new_head];
  shown <= !reset && new_count != 0 && word_out == 0;
  next_out <= reset || word_out == 0 || last_out ? 0 : word_out + 1'b1;
  word_in <= reset ? 0 : new_push ? 1 : word_in == 0 || word_in == {word_last} ? 0 : word_in + 1'b1;
  result_words <= reset ? 0 : result_push ? {word_last} : result_words == 0 ? 0 : result_words - 1'b1;
end
always @(*) begin
  valid = result_push || shown;
  left = passes ? result_left : next_left;
  right = passes ? result_right : next_right;
  tag = result_push ? result_tag : next_tag;
  result_count = 0;
end
",
        words_last = (depth << PLACE_BITS) - 1,
        word_last = words(width) - 1,
        place = PLACE_BITS - 1,
        last = depth - 1,
        index = index_bits(depth) - 1,
        // The head's number moves on when its last word is being read.
        numbers = numbers("new", depth, "new_pop", "last_out"),
    )
}

/// Head, tail and count of a queue: an entry is counted from `push` to `pop`, and the head is left behind at `advance`.
fn numbers(name: &str, depth: usize, pop: &str, advance: &str) -> String {
    let last = depth - 1;
    let index = index_bits(depth) - 1;
    format!(
        "reg [{index}:0] {name}_head, {name}_tail;
always @(posedge clock) begin
  if (reset) begin
    {name}_head <= 0;
    {name}_tail <= 0;
    {name}_count <= 0;
  end else begin
    if ({name}_push) {name}_tail <= ({name}_tail == {last}) ? 0 : {name}_tail + 1;
    if ({advance}) {name}_head <= ({name}_head == {last}) ? 0 : {name}_head + 1;
    {name}_count <= {name}_count + {{7'd0, {name}_push}} - {{7'd0, {pop}}};
  end
end
"
    )
}
