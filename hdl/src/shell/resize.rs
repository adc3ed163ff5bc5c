//! Changes the width of a stream: gathers narrow words into wide ones, or cuts wide ones into narrow ones, low end first.
//!
//! One width divides the other, and the first word of a job starts at the low end of the other width. Where words are cut
//! from the end of a job, `flush` drops what is left over.

use rust_hdl::prelude::*;

use crate::leaf::leaf;

leaf! {
    /// From words of `A` bits to words of `B` bits.
    Resize<const A, const B> {
        flush: Bit, in_data: Bits<A>, in_valid: Bit, out_ready: Bit,
        => in_ready: Bit, out_data: Bits<B>, out_valid: Bit,
    }
}

impl<const A: usize, const B: usize> Resize<A, B> {
    /// A change of width.
    pub fn new() -> Self {
        let (wide, narrow) = (A.max(B), A.min(B));
        let (holds, takes, gives) = (wide / narrow, A / narrow, B / narrow);
        // At equal widths the shift would be by the whole width, which drops the old word as it should.
        Self::from_text(format!(
            "// module: resize_{A}_to_{B}
reg [{wide}-1:0] held;
reg [7:0] level;
wire out = out_valid && out_ready;
wire in = in_valid && in_ready;
wire [7:0] kept = out ? level - {gives} : level;
always @(*) out_valid = level >= {gives};
always @(*) in_ready = kept + {takes} <= {holds};
always @(*) out_data = held[{B}-1:0];
always @(posedge clock) begin
  level <= reset || flush ? 0 : kept + (in ? {takes} : 0);
  if (in) held <= (held >> {A}) | ({{{wide}'d0, in_data}} << ({wide} - {A}));
  else if (out) held <= held >> {B};
end
"
        ))
    }
}
