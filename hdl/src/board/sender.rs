//! Frames onto the line: answers to the host, the card's requests, interrupts, one at a time in this order.

use penstock_abi::serial::{HEADER_BYTES, Kind, MOST_WORDS, START};
use rust_hdl::prelude::*;

use super::receiver::crc_function;
use crate::leaf::leaf;

leaf! {
    /// `answer` and `request` stay, with all that belongs to them, until their `…_sent`; their words are stored before.
    /// An interrupt is taken when its frame starts.
    FrameSender {
        answer: Bit, answer_kind: Bits<8>, answer_sequence: Bits<8>, answer_words: Bits<8>, answer_value: Bits<32>,
        answer_write: Bit, answer_write_address: Bits<5>, answer_write_data: Bits<64>,
        request: Bit, request_kind: Bits<8>, request_sequence: Bits<8>, request_words: Bits<8>,
        request_value: Bits<32>, request_address: Bits<64>,
        request_write: Bit, request_write_address: Bits<5>, request_write_data: Bits<64>,
        interrupt: Bit, ready: Bit,
        => data: Bits<8>, valid: Bit, answer_sent: Bit, request_sent: Bit, interrupt_taken: Bit,
    }
}

impl FrameSender {
    /// A sender.
    pub fn new() -> Self {
        Self::from_text(format!(
            "// module: frame_sender
localparam IDLE = 0, BODY = 1, CHECK = 2;
reg [1:0] state;
reg is_answer, is_request;
reg [63:0] answer_ram [0:{MOST_WORDS}-1];
reg [63:0] request_ram [0:{MOST_WORDS}-1];
reg [63:0] answer_word, request_word;
reg [4:0] index;
reg [127:0] shift;
reg [9:0] position, total;
reg [31:0] crc;
{crc_function}
wire move = valid && ready;
wire [63:0] word = is_answer ? answer_word : request_word;
wire [31:0] checked = next_crc(crc, data);
wire [7:0] words = answer ? answer_words : request ? request_words : 0;
always @(posedge clock) begin
  if (answer_write) answer_ram[answer_write_address] <= answer_write_data;
  if (request_write) request_ram[request_write_address] <= request_write_data;
  answer_word <= answer_ram[index];
  request_word <= request_ram[index];
  answer_sent <= 0;
  request_sent <= 0;
  interrupt_taken <= 0;
  case (state)
    IDLE: begin
      index <= 0;
      position <= 0;
      crc <= 32'hffffffff;
      is_answer <= answer;
      is_request <= !answer && request;
      total <= {HEADER_BYTES} + {{words, 3'b000}};
      shift <= answer ? {{64'd0, answer_value, 8'd0, answer_words, answer_sequence, answer_kind}}
        : request ? {{request_address, request_value, 8'd0, request_words, request_sequence, request_kind}}
        : {interrupt};
      if (!answer_sent && !request_sent && !interrupt_taken && (answer || request || interrupt)) begin
        state <= BODY;
        valid <= 1;
        data <= {START};
        interrupt_taken <= !answer && !request;
      end
    end
    BODY: if (move) begin
      position <= position + 1'b1;
      if (position != 0) crc <= checked;
      if (position == total) begin
        state <= CHECK;
        position <= 1;
        crc <= checked >> 8;
        data <= ~checked[7:0];
      end else if (position >= {HEADER_BYTES} && position[2:0] == 0) begin
        data <= word[7:0];
        shift <= word >> 8;
        index <= index + 1'b1;
      end else begin
        data <= shift[7:0];
        shift <= shift >> 8;
      end
    end
    default: if (move) begin
      position <= position + 1'b1;
      data <= ~crc[7:0];
      crc <= crc >> 8;
      if (position == 4) begin
        state <= IDLE;
        valid <= 0;
        answer_sent <= is_answer;
        request_sent <= is_request;
      end
    end
  endcase
  if (reset) begin
    state <= IDLE;
    valid <= 0;
  end
end
",
            crc_function = crc_function(),
            interrupt = Kind::Interrupt as u8,
        ))
    }
}
