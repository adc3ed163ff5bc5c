//! Frames off the line: header, words, check.
//!
//! There is room for one frame of each kind: the host's request and the answer to the card's. A request that comes while
//! another is worked on is dropped (it is a repetition), as is an answer that nobody waits for. Words go to a RAM as they
//! come; only a good check makes them a frame.

use penstock_abi::serial::{CRC_POLYNOMIAL, MOST_WORDS, START};
use rust_hdl::prelude::*;

use crate::leaf::leaf;

/// Kinds of the card's requests have this bit.
pub(super) const FROM_CARD: u8 = 0x80;

leaf! {
    /// A frame shows with a pulse of `request` or `answer`; its header holds only then. Words are read by their number and
    /// show a cycle later.
    FrameReceiver {
        data: Bits<8>, valid: Bit, request_busy: Bit, answer_awaited: Bit, answer_sequence: Bits<8>,
        request_index: Bits<5>, answer_index: Bits<5>,
        => request: Bit, answer: Bit, kind: Bits<8>, number: Bits<8>, words: Bits<8>, detail: Bits<8>,
        value: Bits<32>, address: Bits<64>, request_word: Bits<64>, answer_word: Bits<64>,
    }
}

impl FrameReceiver {
    /// A frame that stops for `patience_cycles` is given up.
    pub fn new(patience_cycles: u32) -> Self {
        Self::from_text(format!(
            "// module: frame_receiver
localparam IDLE = 0, HEADER = 1, WORDS = 2, CHECK = 3;
reg [1:0] state;
reg [3:0] count;
reg [7:0] index;
reg [127:0] header;
reg [63:0] word;
reg [31:0] crc, silence;
reg keep, ended, good;
reg [63:0] request_ram [0:{MOST_WORDS}-1];
reg [63:0] answer_ram [0:{MOST_WORDS}-1];
reg write;
reg [4:0] write_address;
wire from_card = header[{bit}];
{crc_function}
always @(*) begin
  kind = header[7:0];
  number = header[15:8];
  words = header[23:16];
  detail = header[31:24];
  value = header[63:32];
  address = header[127:64];
  request = ended && good && keep && !from_card;
  answer = ended && good && keep && from_card;
end
always @(posedge clock) begin
  ended <= 0;
  write <= 0;
  if (write && !from_card) request_ram[write_address] <= word;
  if (write && from_card) answer_ram[write_address] <= word;
  request_word <= request_ram[request_index];
  answer_word <= answer_ram[answer_index];
  silence <= valid ? 0 : silence + 1'b1;
  if (valid) case (state)
    IDLE: if (data == {START}) begin
      state <= HEADER;
      count <= 0;
      index <= 0;
      crc <= 32'hffffffff;
    end
    HEADER: begin
      header <= {{data, header[127:8]}};
      crc <= next_crc(crc, data);
      count <= count + 1'b1;
      // Before its last byte the header stands eight bits too high.
      if (count == 15) begin
        state <= header[31:24] == 0 ? CHECK : header[31:24] > {MOST_WORDS} ? IDLE : WORDS;
        keep <= header[15] ? answer_awaited && header[23:16] == answer_sequence : !request_busy;
      end
    end
    WORDS: begin
      word <= {{data, word[63:8]}};
      crc <= next_crc(crc, data);
      count <= count + 1'b1;
      if (count[2:0] == 7) begin
        write <= keep;
        write_address <= index[4:0];
        index <= index + 1'b1;
        if (index + 1'b1 == words) begin
          state <= CHECK;
          count <= 0;
        end
      end
    end
    CHECK: begin
      crc <= crc >> 8;
      good <= (count == 0 || good) && data == ~crc[7:0];
      count <= count + 1'b1;
      if (count == 3) begin
        state <= IDLE;
        ended <= 1;
      end
    end
  endcase
  else if (silence >= {patience_cycles}) state <= IDLE;
  if (reset) begin
    state <= IDLE;
    ended <= 0;
    write <= 0;
    silence <= 0;
  end
end
",
            bit = FROM_CARD.trailing_zeros(),
            crc_function = crc_function(),
        ))
    }
}

/// A byte into a CRC-32, as a Verilog function.
pub(super) fn crc_function() -> String {
    format!(
        "function [31:0] next_crc(input [31:0] crc, input [7:0] data);
  integer k;
  begin
    next_crc = crc ^ data;
    for (k = 0; k < 8; k = k + 1)
      next_crc = (next_crc >> 1) ^ (next_crc[0] ? 32'h{CRC_POLYNOMIAL:x} : 32'h0);
  end
endfunction"
    )
}
