//! Round robin: of those who ask, the first one after the one served last.

use rust_hdl::prelude::*;

use crate::leaf::leaf;

/// As many as an AXI identifier of four bits can tell apart.
pub const MASTERS: usize = 16;

leaf! {
    /// `grant` has at most one bit, one of `request`'s; `served` says that its owner has had its turn.
    RoundRobin { request: Bits<16>, served: Bit, => grant: Bits<16>, }
}

impl RoundRobin {
    /// An arbiter.
    pub fn new() -> Self {
        let last = MASTERS - 1;
        // `x & -x` is the lowest bit of x; the requests behind the last one served come before all.
        Self::from_text(format!(
            "// module: round_robin
reg [{last}:0] behind;
wire [{last}:0] preferred = request & behind;
wire [{last}:0] candidates = preferred != 0 ? preferred : request;
always @(*) grant = candidates & (~candidates + 1'b1);
always @(posedge clock)
  if (reset) behind <= 0;
  else if (served) behind <= ~(grant | (grant - 1'b1));
"
        ))
    }
}
