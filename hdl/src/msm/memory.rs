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

use std::ops::Range;

use rust_hdl::prelude::*;

use super::{ADDRESS_BITS, PLACE_BITS, words};
use crate::leaf::{BLOCK, leaf};

/// From here on, bits in look-up tables cost more than block RAM that is all but empty.
const BLOCK_SLOTS: usize = 512;

leaf! {
    /// True dual-port memory of points.
    SlotMemory<const W> {
        new_enable: Bit, new_write: Bit, new_address: Bits<ADDRESS_BITS>, new_data: Bits<W>,
        result_enable: Bit, result_write: Bit, result_address: Bits<ADDRESS_BITS>, result_data: Bits<W>,
        => new_value: Bits<W>, result_value: Bits<W>,
    }
}

impl<const W: usize> SlotMemory<W> {
    /// `slots` points; a value's first word is there `latency` cycles after its read was enabled (1 or more). The words of
    /// an access follow each other, so that an access never overtakes one that began before.
    pub fn new(slots: usize, latency: usize) -> Self {
        let words = words(W);
        let places = if words == 1 { slots } else { words << index_bits(slots) };
        let slice = if words == 1 { W } else { block_width(places) };
        let slices: Vec<_> = (0..W).step_by(slice).map(|low| low..W.min(low + slice)).collect();
        let memories = slices.iter().map(|bits| {
            let top = bits.len() - 1;
            format!("(* no_rw_check *) reg [{top}:0] slots_{} [0:{}];\n", bits.start, places - 1)
        });
        let ports = ["new", "result"].map(|name| port(name, W, slots, latency, &slices));
        Self::from_text(format!("// module: slot_memory\n{}{}", memories.collect::<String>(), ports.concat()))
    }
}

/// What a block RAM of so many places is wide (ECP5's, true dual-port). Cut into slices of that, a word needs no selectors;
/// left to itself, synthesis takes fewer block RAMs and selects among their outputs, at two look-up tables a bit and port.
fn block_width(places: usize) -> usize {
    let fitting = [(1024, 18), (2048, 9), (4096, 4), (8192, 2)].into_iter().find(|(most, _)| places <= *most);
    fitting.map_or(1, |(_, bits)| bits)
}

/// A port of the slot memory.
fn port(name: &str, width: usize, slots: usize, latency: usize, slices: &[Range<usize>]) -> String {
    let top = width - 1;
    let address_top = index_bits(slots) - 1;
    let last = words(width) - 1;
    let mut text = if last == 0 {
        format!(
            "wire {name}_goes = {name}_enable;
wire {name}_writes = {name}_write;
wire [{address_top}:0] {name}_at = {name}_address[{address_top}:0];
"
        )
    } else {
        format!(
            "reg [{word_top}:0] {name}_word;
reg {name}_wrote;
reg [{address_top}:0] {name}_slot;
wire {name}_goes = {name}_enable || {name}_word != 0;
wire {name}_writes = {name}_enable ? {name}_write : {name}_wrote;
wire [{place_top}:0] {name}_at = {{{name}_word, {name}_enable ? {name}_address[{address_top}:0] : {name}_slot}};
always @(posedge clock) begin
  if ({name}_enable) begin
    {name}_wrote <= {name}_write;
    {name}_slot <= {name}_address[{address_top}:0];
  end
  if (reset) {name}_word <= 0;
  else if ({name}_goes) {name}_word <= {name}_word == {last} ? 0 : {name}_word + 1'b1;
end
",
            word_top = PLACE_BITS - 1,
            place_top = address_top + PLACE_BITS
        )
    };
    let target = |stage: usize| {
        if stage + 1 == latency { format!("{name}_value") } else { format!("{name}_stage_{stage}") }
    };
    for stage in 0..latency - 1 {
        text += &format!("reg [{top}:0] {name}_stage_{stage};\nreg {name}_read_{stage};\n");
    }
    for bits in slices {
        let (low, high) = (bits.start, bits.end - 1);
        text += &format!(
            "always @(posedge clock) begin
  if ({name}_goes) begin
    if ({name}_writes) slots_{low}[{name}_at] <= {name}_data[{high}:{low}];
    else {}[{high}:{low}] <= slots_{low}[{name}_at];
  end
end
",
            target(0)
        );
    }
    for stage in 1..latency {
        let before = stage - 1;
        let read =
            if before == 0 { format!("{name}_goes && !{name}_writes") } else { format!("{name}_read_{}", before - 1) };
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
