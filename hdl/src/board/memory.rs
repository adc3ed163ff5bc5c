//! The card's own memory: block RAM that the host reaches by frames and the card's bus master by bursts.
//!
//! One word is written and one read a cycle. Bursts go first; the host's accesses take the cycles between them.

use rust_hdl::prelude::*;

use crate::leaf::leaf;

leaf! {
    /// Both sides give word addresses; what is read shows two cycles after the address. The host's side waits for
    /// `host_ready`, in the same cycle, for either.
    CardMemory {
        burst_write: Bit, burst_write_address: Bits<16>, burst_write_data: Bits<64>,
        burst_read: Bit, burst_read_address: Bits<16>,
        host_write: Bit, host_read: Bit, host_address: Bits<16>, host_data: Bits<64>,
        => read_data: Bits<64>, host_ready: Bit,
    }
}

impl CardMemory {
    /// Of 2^`address_bits` words.
    pub fn new(address_bits: usize) -> Self {
        Self::from_text(format!(
            "// module: card_memory
reg [63:0] words [0:{depth}-1];
reg write;
reg [{top}:0] write_address, read_address;
reg [63:0] write_data;
always @(*) host_ready = host_write ? !burst_write : !burst_read;
always @(posedge clock) begin
  write <= (burst_write || host_write) && !reset;
  write_address <= burst_write ? burst_write_address[{top}:0] : host_address[{top}:0];
  write_data <= burst_write ? burst_write_data : host_data;
  if (write) words[write_address] <= write_data;
  read_address <= burst_read ? burst_read_address[{top}:0] : host_address[{top}:0];
  read_data <= words[read_address];
end
",
            depth = 1usize << address_bits,
            top = address_bits - 1,
        ))
    }
}
