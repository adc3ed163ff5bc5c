//! The two queues before the adder.
//!
//! Pairs made by results go first. Results cannot be held back, so there is always room for such a pair: an adder that starts
//! a pair for every result it gives keeps their queue at one or two entries. One that starts a pair every so many cycles
//! gives its results at such a time that it takes the pair of a result in the very cycle in which it comes; it needs no
//! queue. Pairs made by new points wait in the other queue; `room` throttles the source of new items early enough for all
//! items already on their way.
//!
//! An adder that starts a pair in each cycle needs the next one at once. A slower one leaves time to read the longer queue
//! from block RAM, a cycle ahead, which saves thousands of look-up tables on a small part.

use rust_hdl::prelude::*;

use super::memory::{BLOCK, index_bits};
use super::{POINT_BITS, TAG_BITS};
use crate::leaf::leaf;

leaf! {
    /// What waits for the adder and, before a fast one, the register that holds the pair offered to it.
    PairQueues {
        new_push: Bit, new_left: Bits<POINT_BITS>, new_right: Bits<POINT_BITS>, new_tag: Bits<TAG_BITS>,
        result_push: Bit, result_left: Bits<POINT_BITS>, result_right: Bits<POINT_BITS>, result_tag: Bits<TAG_BITS>,
        ready: Bit,
        => valid: Bit, left: Bits<POINT_BITS>, right: Bits<POINT_BITS>, tag: Bits<TAG_BITS>,
        room: Bit, overflow: Bit, new_count: Bits<8>, result_count: Bits<8>,
    }
}

/// Entries of the queue of pairs made by results.
const RESULT_DEPTH: usize = 4;

impl PairQueues {
    /// `depth` entries for pairs made by new items, of which the last `on_the_way` are kept for items past the throttle.
    /// The adder starts a pair every `interval` cycles.
    pub fn new(depth: usize, on_the_way: usize, interval: usize) -> Self {
        let point = POINT_BITS - 1;
        let tag = TAG_BITS - 1;
        let ahead = interval > 1;
        let queue = |name: &str, depth: usize, pop: &str, style: &str| {
            let last = depth - 1;
            let index = index_bits(depth) - 1;
            format!(
                "{style}reg [{point}:0] {name}_lefts [0:{last}];
{style}reg [{point}:0] {name}_rights [0:{last}];
{style}reg [{tag}:0] {name}_tags [0:{last}];
reg [{index}:0] {name}_head, {name}_tail;
always @(posedge clock) begin
  if ({name}_push) begin
    {name}_lefts[{name}_tail] <= {name}_left;
    {name}_rights[{name}_tail] <= {name}_right;
    {name}_tags[{name}_tail] <= {name}_tag;
  end
  if (reset) begin
    {name}_head <= 0;
    {name}_tail <= 0;
    {name}_count <= 0;
  end else begin
    if ({name}_push) {name}_tail <= ({name}_tail == {last}) ? 0 : {name}_tail + 1;
    if ({pop}) {name}_head <= ({name}_head == {last}) ? 0 : {name}_head + 1;
    {name}_count <= {name}_count + {{7'd0, {name}_push}} - {{7'd0, {pop}}};
  end
end
"
            )
        };
        // What is counted has been in the memory for a cycle; what is popped is looked at no more.
        let read_ahead = format!(
            "reg [{point}:0] next_left, next_right;
reg [{tag}:0] next_tag;
reg shown;
always @(posedge clock) begin
  next_left <= new_lefts[new_head];
  next_right <= new_rights[new_head];
  next_tag <= new_tags[new_head];
  shown <= !reset && new_count != 0 && !new_pop;
end
"
        );
        let read_now = format!(
            "wire [{point}:0] next_left = new_lefts[new_head];
wire [{point}:0] next_right = new_rights[new_head];
wire [{tag}:0] next_tag = new_tags[new_head];
wire shown = new_count != 0;
"
        );
        let offer_from_queue = "always @(*) begin
  valid = result_push || shown;
  left = result_push ? result_left : next_left;
  right = result_push ? result_right : next_right;
  tag = result_push ? result_tag : next_tag;
  result_count = 0;
end
";
        let offer_from_registers = "always @(posedge clock) begin
  if (result_pop) begin
    left <= result_lefts[result_head];
    right <= result_rights[result_head];
    tag <= result_tags[result_head];
  end else if (new_pop) begin
    left <= next_left;
    right <= next_right;
    tag <= next_tag;
  end
  if (reset) valid <= 1'b0;
  else if (load) valid <= result_pop || new_pop;
end
";
        let new_queue = |style: &str| queue("new", depth, "new_pop", style);
        let logic = if ahead {
            format!(
                "wire new_pop;
{}{read_ahead}assign new_pop = ready && !result_push && shown;
wire lost = result_push && !ready;
{offer_from_queue}",
                new_queue(BLOCK)
            )
        } else {
            format!(
                "wire load = !valid || ready;
wire result_pop = load && result_count != 0;
wire new_pop;
{}{read_now}assign new_pop = load && result_count == 0 && shown;
{}wire lost = result_push && result_count == {RESULT_DEPTH};
{offer_from_registers}",
                new_queue(""),
                queue("result", RESULT_DEPTH, "result_pop", "")
            )
        };
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
