//! Writes one short record to host memory in one burst: a completion, or what a card says of itself.

use rust_hdl::prelude::*;

use crate::leaf::leaf;

/// Bits of the longest record.
pub const RECORD_BITS: usize = 512;

leaf! {
    /// With `start`: 64 bytes to a multiple of 64 or, if `short`, the lower 32 to a multiple of 32. `busy` until the
    /// response has come; then `fault` says which it was.
    RecordWriter<const D, const S> {
        start: Bit, halt: Bit, address: Bits<64>, record: Bits<RECORD_BITS>, short: Bit,
        aw_ready: Bit, w_ready: Bit, b_valid: Bit, b_error: Bit,
        => busy: Bit, pending: Bit, fault: Bit,
        aw_valid: Bit, aw_address: Bits<64>, aw_length: Bits<8>,
        w_valid: Bit, w_data: Bits<D>, w_strobe: Bits<S>, w_last: Bit,
    }
}

impl<const D: usize, const S: usize> RecordWriter<D, S> {
    /// A record writer.
    pub fn new() -> Self {
        let beats = |bytes: usize| bytes.div_ceil(S);
        let (long, short) = (beats(RECORD_BITS / 8), beats(RECORD_BITS / 16));
        // On a bus wider than a short record, the record stands in every lane and the strobes choose one.
        let (data, strobe) = if S > RECORD_BITS / 16 {
            let half = RECORD_BITS / 2;
            let bytes = half / 8;
            (
                format!("is_short ? {{rest[{half}-1:0], rest[{half}-1:0]}} : rest"),
                format!(
                    "!is_short ? {{{S}{{sending}}}} : is_upper ? {{{{{bytes}{{1'b1}}}}, {bytes}'d0}} : {{{bytes}'d0, {{{bytes}{{1'b1}}}}}}",
                ),
            )
        } else {
            (format!("rest[{D}-1:0]"), format!("{{{S}{{sending}}}}"))
        };
        // A bus address is that of a whole beat.
        let lane = S.trailing_zeros();
        Self::from_text(format!(
            "// module: record_writer_{D}
reg [{RECORD_BITS}-1:0] rest;
reg [7:0] left;
reg is_short, is_upper, waiting, sending, answered;
always @(*) aw_length = is_short ? {short} - 1 : {long} - 1;
always @(*) w_valid = sending;
always @(*) w_data = {data};
always @(*) w_strobe = {strobe};
always @(*) w_last = left == 0;
always @(*) busy = waiting || pending;
always @(*) pending = aw_valid || sending || answered;
always @(posedge clock) begin
  if (start) begin
    rest <= record;
    aw_address <= {{address[63:{lane}], {lane}'d0}};
    is_upper <= address[5];
    is_short <= short;
    fault <= 0;
    waiting <= 1;
  end
  if (waiting && !halt) begin
    aw_valid <= 1;
    answered <= 1;
    waiting <= 0;
    left <= aw_length;
  end
  if (aw_valid && aw_ready) begin
    aw_valid <= 0;
    sending <= 1;
  end
  if (w_valid && w_ready) begin
    rest <= rest >> {D};
    left <= left - 1'b1;
    if (w_last) sending <= 0;
  end
  if (b_valid) begin
    answered <= 0;
    fault <= b_error;
  end
  if (reset) begin
    waiting <= 0;
    aw_valid <= 0;
    sending <= 0;
    answered <= 0;
    fault <= 0;
  end
end
"
        ))
    }
}
