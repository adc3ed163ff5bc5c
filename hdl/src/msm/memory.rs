//! Slot memory and its valid bits.
//!
//! A slot holds at most one waiting operand. Port `new` serves new items and read-out, port `result` serves what leaves
//! the adder; each access is one push or one pop, so a true dual-port block RAM is all it takes. Two accesses of one
//! cycle never meet in one slot: two such items pair directly. (Synthesis is told so: without `no_rw_check` yosys would
//! keep what Verilog says of a read beside a write, which ECP5's block RAM cannot do, and build registers.)
//!
//! A slot is occupied if its bits in two *toggle banks* differ. Each port toggles its own bank only, so that each bank
//! has a single writer; both ports look both banks up. A bank returns what is written in the same cycle, which is the
//! only hazard between accesses of consecutive cycles.

use rust_hdl::prelude::*;

use super::{ADDRESS_BITS, POINT_BITS};
use crate::leaf::leaf;

/// Verilog attributes of a memory that is to be block RAM and is never read where it is being written.
pub(super) const BLOCK: &str = "(* ram_style = \"block\", no_rw_check *) ";

/// From here on, bits in look-up tables cost more than block RAM that is all but empty.
const BLOCK_SLOTS: usize = 512;

leaf! {
    /// True dual-port memory of points.
    SlotMemory {
        new_enable: Bit, new_write: Bit, new_address: Bits<ADDRESS_BITS>, new_data: Bits<POINT_BITS>,
        result_enable: Bit, result_write: Bit, result_address: Bits<ADDRESS_BITS>, result_data: Bits<POINT_BITS>,
        => new_value: Bits<POINT_BITS>, result_value: Bits<POINT_BITS>,
    }
}

impl SlotMemory {
    /// `slots` points; a value is there `latency` cycles after its read was enabled (1 or more), and stays until the
    /// next read's.
    pub fn new(slots: usize, latency: usize) -> Self {
        let top = POINT_BITS - 1;
        let address = index_bits(slots) - 1;
        let port = |name: &str| {
            let mut text = String::new();
            let target = |stage: usize| {
                if stage + 1 == latency { format!("{name}_value") } else { format!("{name}_stage_{stage}") }
            };
            for stage in 0..latency - 1 {
                text += &format!("reg [{top}:0] {name}_stage_{stage};\nreg {name}_read_{stage};\n");
            }
            text += &format!(
                "always @(posedge clock) begin
  if ({name}_enable) begin
    if ({name}_write) slots[{name}_address[{address}:0]] <= {name}_data;
    else {} <= slots[{name}_address[{address}:0]];
  end
end
",
                target(0)
            );
            for stage in 1..latency {
                let before = stage - 1;
                let read = if before == 0 {
                    format!("{name}_enable && !{name}_write")
                } else {
                    format!("{name}_read_{}", before - 1)
                };
                text += &format!(
                    "always @(posedge clock) begin
  {name}_read_{before} <= {read};
  if ({name}_read_{before}) {} <= {};
end
",
                    target(stage),
                    target(before)
                );
            }
            text
        };
        Self::from_text(format!(
            "// module: slot_memory\n(* no_rw_check *) reg [{top}:0] slots [0:{}];\n{}{}",
            slots - 1,
            port("new"),
            port("result")
        ))
    }
}

leaf! {
    /// One toggle bank: two reads and a write a cycle; a read returns the bit written in the same cycle.
    ToggleBank {
        new_address: Bits<ADDRESS_BITS>, result_address: Bits<ADDRESS_BITS>,
        write: Bit, write_address: Bits<ADDRESS_BITS>, write_bit: Bit,
        => new_bit: Bit, result_bit: Bit,
    }
}

impl ToggleBank {
    /// A bank of `slots` bits; a bit is there the cycle after its address.
    pub fn new(slots: usize) -> Self {
        let last = slots - 1;
        let address = index_bits(slots) - 1;
        let style = if slots < BLOCK_SLOTS { "(* no_rw_check *) " } else { BLOCK };
        // The memory's read takes what was there before; what is written beside it is remembered.
        let copy = |name: &str| {
            format!(
                "{style}reg {name}_bits [0:{last}];
reg {name}_read, {name}_bypassed;
always @(posedge clock) begin
  if (write) {name}_bits[write_address[{address}:0]] <= write_bit;
  {name}_read <= {name}_bits[{name}_address[{address}:0]];
  {name}_bypassed <= write && write_address == {name}_address;
end
always @(*) {name}_bit = {name}_bypassed ? written : {name}_read;
"
            )
        };
        Self::from_text(format!(
            "// module: toggle_bank
reg written;
always @(posedge clock) written <= write_bit;
{}{}",
            copy("new"),
            copy("result")
        ))
    }
}

/// Bits of an index below `count`.
pub(crate) fn index_bits(count: usize) -> usize {
    (count.max(2) - 1).ilog2() as usize + 1
}
