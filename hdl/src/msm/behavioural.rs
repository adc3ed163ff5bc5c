//! An adder that keeps time but does not add points: for long tests of everything round it.
//!
//! It adds each coordinate on its own: y modulo the field's modulus, so that a base's negative is its inverse and an
//! engine's result is the sum of scalar times y; x and z as integers.

use num_bigint::BigUint;
use rust_hdl::prelude::*;

use super::config::MsmConfig;
use super::memory::index_bits;
use super::{COORDINATE_BITS, TAG_BITS, words};
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
        let stages = config.adder_latency - 1;
        // Where Y is, and what is added.
        let (y_low, sum) = if words(W) == 1 {
            let added = |from: usize| {
                let slice = format!("[{}:{from}]", from + COORDINATE_BITS - 1);
                format!("in_left{slice} + in_right{slice}")
            };
            (COORDINATE_BITS, format!("{{{}, reduced, {}}}", added(2 * COORDINATE_BITS), added(0)))
        } else {
            (0, "!starts && word == 2'd1 ? reduced : in_left + in_right".to_owned())
        };
        let interval = config.adder_interval;
        Self::from_text(format!(
            "// module: behavioural_adder
localparam [{top}:0] MODULUS = {bits}'h{modulus:x};
reg [{point_top}:0] sums [0:{last}];
reg [{tag_top}:0] tags [0:{last}];
reg [{last}:0] flying;
reg [{index_top}:0] place;
reg [{wait_top}:0] wait_count;
reg [1:0] word;
wire starts = in_valid && in_ready;
reg [{top}:0] y, reduced;
always @(*) begin
  y = in_left[{y_top}:{y_low}] + in_right[{y_top}:{y_low}];
  reduced = y >= {bits}'h{twice:x} ? y - {bits}'h{twice:x} : y >= MODULUS ? y - MODULUS : y;
end
always @(posedge clock) begin
  out_sum <= sums[place];
  out_tag <= tags[place];
  sums[place] <= {sum};
  tags[place] <= in_tag;
  word <= starts ? 2'd1 : 2'd2;
  if (reset) begin
    place <= 0;
    wait_count <= 0;
    flying <= 0;
    out_valid <= 1'b0;
  end else begin
    out_valid <= flying[place];
    flying[place] <= starts;
    place <= (place == {last}) ? 0 : place + 1;
    wait_count <= wait_count == 0 ? {wait_top_value} : wait_count - 1;
  end
end
always @(*) in_ready = wait_count == 0;
",
            top = COORDINATE_BITS - 1,
            bits = COORDINATE_BITS,
            modulus = config.modulus,
            twice = &config.modulus * BigUint::from(2u8),
            point_top = W - 1,
            tag_top = TAG_BITS - 1,
            last = stages - 1,
            index_top = index_bits(stages) - 1,
            wait_top = index_bits(interval + 1) - 1,
            wait_top_value = interval - 1,
            y_top = y_low + COORDINATE_BITS - 1,
        ))
    }
}
