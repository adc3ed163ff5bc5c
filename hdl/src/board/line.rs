//! Bytes on a serial line: one start bit, eight data bits, one stop bit, lowest bit first.

use rust_hdl::prelude::*;

use crate::leaf::leaf;

leaf! {
    /// Takes bytes off the line.
    LineReceiver { line: Bit, => data: Bits<8>, valid: Bit, }
}

impl LineReceiver {
    /// For bits of so many clock cycles, at least 4.
    pub fn new(bit_cycles: u32) -> Self {
        // The falling edge of the start bit sets the clock of the byte; bits are sampled in their middle. The stop bit is
        // waited for to its middle only, so that a sender may be a little fast.
        let (half, last) = (bit_cycles / 2 - 1, bit_cycles - 1);
        Self::from_text(format!(
            "// module: line_receiver
(* ASYNC_REG = \"TRUE\" *) reg [2:0] settled;
reg [15:0] wait_cycles;
reg [3:0] left;
reg [8:0] bits;
always @(posedge clock) begin
  settled <= {{settled[1:0], line}};
  valid <= 0;
  if (left == 0) begin
    if (settled[2] && !settled[1]) begin
      left <= 10;
      wait_cycles <= {half};
    end
  end else if (wait_cycles != 0) wait_cycles <= wait_cycles - 1'b1;
  else begin
    wait_cycles <= {last};
    left <= left - 1'b1;
    bits <= {{settled[1], bits[8:1]}};
    if (left == 10 && settled[1]) left <= 0;
    if (left == 1 && settled[1]) begin
      data <= bits[8:1];
      valid <= 1;
    end
  end
  if (reset) begin
    settled <= 3'b111;
    left <= 0;
    valid <= 0;
  end
end
"
        ))
    }
}

leaf! {
    /// Puts bytes on the line.
    LineSender { data: Bits<8>, valid: Bit, => ready: Bit, line: Bit, }
}

impl LineSender {
    /// For bits of so many clock cycles.
    pub fn new(bit_cycles: u32) -> Self {
        let last = bit_cycles - 1;
        Self::from_text(format!(
            "// module: line_sender
reg [15:0] wait_cycles;
reg [3:0] left;
reg [8:0] bits;
always @(*) ready = left == 0;
always @(posedge clock) begin
  if (left == 0) begin
    if (valid) begin
      bits <= {{1'b1, data}};
      line <= 0;
      left <= 10;
      wait_cycles <= {last};
    end
  end else if (wait_cycles != 0) wait_cycles <= wait_cycles - 1'b1;
  else begin
    wait_cycles <= {last};
    left <= left - 1'b1;
    line <= bits[0];
    bits <= {{1'b1, bits[8:1]}};
  end
  if (reset) begin
    line <= 1;
    left <= 0;
  end
end
"
        ))
    }
}
