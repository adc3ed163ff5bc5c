//! The card's bus master: bursts to the card's memory are served here, others become requests to the host.
//!
//! One burst at a time, in the order of their coming. A request is repeated until its answer comes. The card writes whole
//! beats; a beat with a part left out is answered with an error, as the protocol has no word for it.

use penstock_abi::serial::{Kind, MEMORY_BASE, REFUSED};
use rust_hdl::prelude::*;

use crate::leaf::leaf;

/// An AXI error response.
const SLVERR: u8 = 2;

leaf! {
    /// An AXI4 slave for beats of 64 bits, with bursts of at most a frame's words.
    Tunnel {
        ar_id: Bits<4>, ar_address: Bits<64>, ar_length: Bits<8>, ar_valid: Bit, r_ready: Bit,
        aw_id: Bits<4>, aw_address: Bits<64>, aw_length: Bits<8>, aw_valid: Bit,
        w_data: Bits<64>, w_strobe: Bits<8>, w_last: Bit, w_valid: Bit, b_ready: Bit,
        request_sent: Bit, answer: Bit, detail: Bits<8>, word: Bits<64>, memory_word: Bits<64>,
        => ar_ready: Bit, r_id: Bits<4>, r_data: Bits<64>, r_response: Bits<2>, r_last: Bit, r_valid: Bit,
        aw_ready: Bit, w_ready: Bit, b_id: Bits<4>, b_response: Bits<2>, b_valid: Bit,
        request: Bit, request_kind: Bits<8>, request_sequence: Bits<8>, request_words: Bits<8>,
        request_value: Bits<32>, request_address: Bits<64>,
        request_write: Bit, request_write_address: Bits<5>, request_write_data: Bits<64>,
        awaited: Bit, word_index: Bits<5>,
        memory_read: Bit, memory_write: Bit, memory_address: Bits<16>, memory_data: Bits<64>,
    }
}

impl Tunnel {
    /// A request is repeated after `patience_cycles`; the card has 2^`address_bits` words of memory.
    pub fn new(patience_cycles: u32, address_bits: usize) -> Self {
        Self::from_text(format!(
            "// module: tunnel
localparam IDLE = 0, COLLECT = 1, WRITTEN = 2, SEND = 3, AWAIT = 4, SHOW = 5, LOOK = 6, BEAT = 7;
reg [2:0] state;
reg [3:0] id;
reg [63:0] address;
reg [7:0] length, index;
reg writing, own, asked, broken, refused;
reg [31:0] waited;
always @(*) begin
  aw_ready = state == IDLE;
  ar_ready = state == IDLE && !aw_valid;
  w_ready = state == COLLECT;
  b_valid = state == WRITTEN;
  b_id = id;
  b_response = broken || refused ? {SLVERR} : 0;
  r_valid = state == BEAT;
  r_id = id;
  r_data = own ? memory_word : word;
  r_response = refused ? {SLVERR} : 0;
  r_last = index == length;
  request = state == SEND;
  request_kind = writing ? {write} : {read};
  request_words = writing ? length + 1'b1 : 0;
  request_value = length + 1'b1;
  request_address = address;
  request_write = state == COLLECT && w_valid;
  request_write_address = index[4:0];
  request_write_data = w_data;
  awaited = state == AWAIT;
  word_index = index[4:0];
  memory_read = state == SHOW || state == LOOK;
  memory_write = state == COLLECT && w_valid && own && (w_strobe == 8'hff);
  memory_address = address[18:3] + index;
  memory_data = w_data;
end
always @(posedge clock) begin
  waited <= state == AWAIT ? waited + 1'b1 : 0;
  case (state)
    IDLE: begin
      index <= 0;
      broken <= 0;
      refused <= 0;
      asked <= 0;
      id <= aw_valid ? aw_id : ar_id;
      address <= aw_valid ? aw_address : ar_address;
      length <= aw_valid ? aw_length : ar_length;
      writing <= aw_valid;
      own <= (aw_valid ? aw_address[63:{memory_bits}] : ar_address[63:{memory_bits}]) == 64'd{base};
      if (aw_valid) state <= COLLECT;
      else if (ar_valid) state <= SHOW;
    end
    COLLECT: if (w_valid) begin
      index <= index + 1'b1;
      if (w_strobe != 8'hff) broken <= 1;
      if (w_last) state <= own || broken || w_strobe != 8'hff ? WRITTEN : SEND;
    end
    WRITTEN: if (b_ready) state <= IDLE;
    SEND: if (request_sent) state <= AWAIT;
    AWAIT: if (waited >= {patience_cycles}) state <= SEND;
    // A word of the card's memory takes two cycles to show, one of the frame one.
    SHOW: state <= own || asked ? LOOK : SEND;
    LOOK: state <= BEAT;
    BEAT: if (r_ready) begin
      index <= index + 1'b1;
      state <= r_last ? IDLE : SHOW;
    end
  endcase
  if (answer && awaited) begin
    refused <= detail == {REFUSED};
    state <= writing ? WRITTEN : SHOW;
    asked <= 1;
    request_sequence <= request_sequence + 1'b1;
  end
  if (reset) begin
    state <= IDLE;
    request_sequence <= 0;
  end
end
",
            write = Kind::HostWrite as u8,
            read = Kind::HostRead as u8,
            memory_bits = address_bits + 3,
            base = MEMORY_BASE >> (address_bits + 3),
        ))
    }
}
