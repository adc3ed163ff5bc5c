//! What an MSM's job says, and the sizes that follow from it.

use penstock_abi::{Capabilities, ELEMENT_BYTES, Opcode, POINT_BYTES};
use rust_hdl::prelude::*;

use crate::leaf::{leaf, times};
use crate::shell::decode::{field, slice};
use crate::shell::dispatch::JOB_BITS;

leaf! {
    /// The fields of a job, and the sizes of the passes that start at `window` and `out_window`.
    Fields {
        job: Bits<JOB_BITS>, window: Bits<8>, out_window: Bits<8>,
        => id: Bits<32>, fetched: Bits<64>, result: Bits<64>, input_address: Bits<64>, count: Bits<32>, vectors: Bits<8>,
        stride: Bits<64>, base_address: Bits<64>, base_beats: Bits<32>, scalar_beats: Bits<32>, bytes: Bits<64>,
        windows: Bits<8>, last: Bit, out_windows: Bits<8>, out_last: Bit, out_beats: Bits<32>, out_bytes: Bits<64>,
    }
}

impl Fields {
    /// For beats of so many bytes and an engine of so many groups.
    pub fn new(beat_bytes: usize, capabilities: &Capabilities, groups: usize) -> Self {
        let of = |name: &str| slice(field(Opcode::Msm.layout(), name)).replace("command", "job");
        let layout = &capabilities.msm_layout;
        let windows = layout.windows() as usize;
        let most: String = (1..=usize::from(capabilities.vectors))
            .map(|vectors| format!("    {vectors}: most = {};\n", (groups / vectors).clamp(1, windows)))
            .collect();
        Self::from_text(format!(
            "// module: msm_job
reg [7:0] most;
always @(*) begin
  case (vectors)
{most}    default: most = 1;
  endcase
end
wire [7:0] rest = {windows} - window;
wire [7:0] out_rest = {windows} - out_window;
wire [63:0] scalar_bytes = {scalars} + {beat_bytes} - 1;
always @(*) windows = rest < most ? rest : most;
always @(*) last = rest <= most;
always @(*) out_windows = out_rest < most ? out_rest : most;
always @(*) out_last = out_rest <= most;
always @(*) out_bytes = {window_bytes};
always @(*) out_beats = out_bytes >> {shift};
always @(*) bytes = {vector_bytes};
always @(*) id = {id};
always @(*) fetched = job[512+:64];
always @(*) base_address = job[576+:64];
always @(*) result = {result};
always @(*) input_address = {input};
always @(*) count = {count};
always @(*) vectors = {vectors};
always @(*) stride = {stride};
always @(*) base_beats = {bases} >> {shift};
always @(*) scalar_beats = scalar_bytes >> {shift};
",
            scalars = times("{32'd0, count}", ELEMENT_BYTES),
            bases = times("{32'd0, count}", 2 * ELEMENT_BYTES),
            window_bytes = times("{56'd0, out_windows}", POINT_BYTES * u64::from(layout.window_points())),
            vector_bytes = times("{56'd0, vectors}", layout.result_bytes(1)),
            shift = beat_bytes.trailing_zeros(),
            id = of("ID"),
            result = of("RESULT"),
            input = of("INPUT"),
            count = of("COUNT"),
            vectors = of("VECTORS"),
            stride = of("STRIDE"),
        ))
    }
}
