//! Cuts a run of memory into AXI bursts.
//!
//! A burst must not cross a multiple of 4 KiB and must not be longer than a limit (at most 256 beats). One burst is worked
//! out in advance, in registers, so that two cycles lie between two bursts and no long path lies in either.

use rust_hdl::prelude::*;

use crate::leaf::leaf;

/// The span that a burst stays within.
const PAGE_BYTES: usize = 4096;

leaf! {
    /// A run comes in with `start`; its bursts leave in order, each when `take` meets `valid`. `abort` drops what is left
    /// of the run before.
    BurstSplitter {
        start: Bit, address: Bits<64>, beats: Bits<32>, take: Bit, abort: Bit,
        => valid: Bit, burst_address: Bits<64>, burst_beats: Bits<16>,
    }
}

impl BurstSplitter {
    /// For beats of `beat_bytes` bytes, at most `most_beats` a burst (both powers of two, `most_beats` at most 256). Runs
    /// start at multiples of `beat_bytes`.
    pub fn new(beat_bytes: usize, most_beats: usize) -> Self {
        let page_beats = PAGE_BYTES / beat_bytes;
        let most = most_beats.min(page_beats);
        let shift = beat_bytes.trailing_zeros();
        Self::from_text(format!(
            "// module: burst_splitter_{beat_bytes}x{most}
reg [31:0] left;
wire [15:0] to_page = {page_beats} - burst_address[11:{shift}];
wire [15:0] longest = to_page < {most} ? to_page : {most};
always @(posedge clock) begin
  if (start) begin
    burst_address <= address;
    left <= beats;
    valid <= 0;
  end else if (valid && take) begin
    burst_address <= burst_address + (burst_beats << {shift});
    left <= left - burst_beats;
    valid <= 0;
  end else if (!valid && left != 0) begin
    burst_beats <= left < longest ? left : longest;
    valid <= 1;
  end
  if (reset || (abort && !start)) begin
    left <= 0;
    valid <= 0;
  end
end
"
        ))
    }
}
