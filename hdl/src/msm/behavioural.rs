//! An adder that keeps time but does not add points: for long tests of everything round it.
//!
//! It adds each coordinate on its own: y modulo the field's modulus, so that a base's negative is its inverse and an
//! engine's result is the sum of scalar times y; x and z as integers.

use num_bigint::BigUint;
use rust_hdl::prelude::*;

use super::config::MsmConfig;
use super::memory::index_bits;
use super::{TAG_BITS, words};
use crate::leaf::leaf;

leaf! {
    /// The adder's ports, timing and order of results.
    BehaviouralAdder<const W> {
        ring_clock: Clock, ring_strobe: Bit,
        in_valid: Bit, in_left: Bits<W>, in_right: Bits<W>, in_tag: Bits<TAG_BITS>,
        => in_ready: Bit, out_valid: Bit, out_sum: Bits<W>, out_tag: Bits<TAG_BITS>,
    }
}

impl<const W: usize> BehaviouralAdder<W> {
    /// An adder with the latency and interval of an engine's.
    pub fn new(config: &MsmConfig) -> Self {
        let words = words(W);
        let stages = config.adder_latency - 1;
        let coordinate = W * words / 3;
        // The words of a pair are gathered, added at once, and leave one by one: a word of the sum is there so many cycles
        // after that of the pair.
        let (gathering, wait) = if words == 1 {
            ("wire [WHOLE-1:0] left = in_left, right = in_right;\nwire [W-1:0] word = sum[W-1:0];\n", 0)
        } else {
            (
                "reg [WHOLE-W-1:0] lefts, rights;
wire [WHOLE-1:0] left = {in_left, lefts}, right = {in_right, rights};
reg [WORDS-2:0] gathered;
reg [WHOLE-1:0] whole;
wire [W-1:0] word = whole[W-1:0];
always @(posedge clock) begin
  lefts <= left[WHOLE-1:W];
  rights <= right[WHOLE-1:W];
  gathered <= {gathered, starts};
  whole <= gathered[WORDS-2] ? sum : whole >> W;
end
",
                words,
            )
        };
        let delay = stages - wait;
        let interval = config.adder_interval;
        Self::from_text(format!(
            "// module: behavioural_adder
localparam W = {W};
localparam WORDS = {words};
localparam BITS = {coordinate};
localparam WHOLE = 3 * BITS;
localparam [BITS-1:0] MODULUS = {coordinate}'h{modulus:x};
localparam [BITS-1:0] TWICE = {coordinate}'h{twice:x};
reg [W-1:0] sums [0:{delay_last}];
reg [{delay_top}:0] delay_place;
reg [{tag_top}:0] tags [0:{last}];
reg [{last}:0] flying;
reg [{index_top}:0] place;
reg [{wait_top}:0] wait_count;
wire starts = in_valid && in_ready;
{gathering}reg [BITS-1:0] y, reduced;
wire [WHOLE-1:0] sum =
  {{left[2*BITS+:BITS] + right[2*BITS+:BITS], reduced, left[BITS-1:0] + right[BITS-1:0]}};
always @(*) begin
  y = left[BITS+:BITS] + right[BITS+:BITS];
  reduced = y >= TWICE ? y - TWICE : y >= MODULUS ? y - MODULUS : y;
end
always @(posedge clock) begin
  out_sum <= sums[delay_place];
  out_tag <= tags[place];
  sums[delay_place] <= word;
  tags[place] <= in_tag;
  if (reset) begin
    place <= 0;
    delay_place <= 0;
    wait_count <= 0;
    flying <= 0;
    out_valid <= 1'b0;
  end else begin
    out_valid <= flying[place];
    flying[place] <= starts;
    place <= (place == {last}) ? 0 : place + 1;
    delay_place <= (delay_place == {delay_last}) ? 0 : delay_place + 1;
    wait_count <= wait_count == 0 ? {wait_top_value} : wait_count - 1;
  end
end
always @(*) in_ready = wait_count == 0;
",
            modulus = config.modulus,
            twice = &config.modulus * BigUint::from(2u8),
            tag_top = TAG_BITS - 1,
            delay_last = delay - 1,
            delay_top = index_bits(delay) - 1,
            last = stages - 1,
            index_top = index_bits(stages) - 1,
            wait_top = index_bits(interval + 1) - 1,
            wait_top_value = interval - 1,
        ))
    }
}
