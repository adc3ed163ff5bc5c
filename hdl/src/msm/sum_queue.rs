//! The sums on their way from the slots back into them, in order.

use rust_hdl::prelude::*;

use super::memory::{BLOCK, index_bits};
use super::{ADDRESS_BITS, OUT_BITS, POINT_BITS};
use crate::leaf::leaf;

/// Sums that may be on their way from the slots or wait to be inserted.
const TAKEN_DEPTH: usize = 16;

leaf! {
    /// Queue of read-out sums; the head stays until it is popped.
    SumQueue {
        push: Bit, full: Bit, address: Bits<ADDRESS_BITS>, point: Bits<POINT_BITS>, pop: Bit,
        => valid: Bit, out_address: Bits<ADDRESS_BITS>, out_point: Bits<POINT_BITS>, out_words: Bits<OUT_BITS>,
    }
}

impl SumQueue {
    /// An empty queue. `out_words` is the head's point as three 256-bit words, zero for an empty slot.
    ///
    /// What is counted has been in the memory for a cycle, so that block RAM serves where look-up tables are `scarce`.
    pub fn new(scarce: bool) -> Self {
        Self::from_text(format!(
            "// module: sum_queue
{style}reg [{point_top}:0] points [0:{last}];
reg [{address_top}:0] addresses [0:{last}];
reg [{last}:0] fulls;
reg [{index_top}:0] head, tail;
reg [{index}:0] count;
reg out_full;
wire load = (!valid || pop) && count != 0;
always @(posedge clock) begin
  if (push) begin
    points[tail] <= point;
    addresses[tail] <= address;
    fulls[tail] <= full;
  end
  if (load) begin
    out_point <= points[head];
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
    if (load) head <= head + 1'b1;
    count <= count + {{{index}'d0, push}} - {{{index}'d0, load}};
    if (load) valid <= 1'b1;
    else if (pop) valid <= 1'b0;
  end
end
always @(*) out_words = out_full ? {{out_point[769:514], out_point[512:257], out_point[255:0]}} : {OUT_BITS}'d0;
",
            style = if scarce { BLOCK } else { "" },
            point_top = POINT_BITS - 1,
            address_top = ADDRESS_BITS - 1,
            last = TAKEN_DEPTH - 1,
            index_top = index_bits(TAKEN_DEPTH) - 1,
            index = index_bits(TAKEN_DEPTH),
        ))
    }
}
