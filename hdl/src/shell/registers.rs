//! The register file, generated from the contract's table.
//!
//! Capabilities are constants. What the driver may write is stored here, under the contract's conditions: rings while the
//! card is not enabled, doorbells while it is ready and within their ring.

use std::fmt::Write;

use penstock_abi::registers as r;
use penstock_abi::{ALIGNMENT, Access, Capabilities, Command, REGISTERS, Register};
use rust_hdl::prelude::*;

use super::record::RECORD_BITS;
use crate::leaf::leaf;

leaf! {
    /// Registers. `clear` empties all but SCRATCH, `clear_all` that too; `reset` also starts the cycle counter anew.
    Registers {
        clear: Bit, clear_all: Bit, resetting: Bit,
        write: Bit, write_address: Bits<12>, write_data: Bits<32>, read: Bit, read_address: Bits<12>,
        rtl_checksum: Bits<64>, temperature: Bits<32>,
        busy: Bit, fatal: Bit, fault_address: Bits<64>, submission_head: Bits<32>, completion_tail: Bits<32>,
        => read_data: Bits<32>, soft_reset: Bit, is_ready: Bit, interrupts: Bit,
        submission_base: Bits<64>, submission_mask: Bits<32>, tail: Bits<32>,
        completion_base: Bits<64>, completion_mask: Bits<32>, head: Bits<32>,
        now: Bits<64>, identity: Bits<RECORD_BITS>,
    }
}

impl Registers {
    /// The registers of a card with these capabilities.
    pub fn new(capabilities: &Capabilities) -> Self {
        let mut text = String::from("// module: registers\n");
        for register in writable() {
            let _ = writeln!(text, "reg [31:0] {};", name(register));
        }
        let enable = bit(&r::CONTROL, r::CONTROL_ENABLE.low);
        let ring = |base: &str, entries: &str| {
            format!(
                "{base}[{top}:0] == 0 && {entries} >= 2 && {entries} <= {most} && ({entries} & ({entries} - 1)) == 0",
                top = ALIGNMENT.trailing_zeros() - 1,
                most = capabilities.max_ring_entries,
            )
        };
        let (submission, completion) = (name(&r::SUBMISSION_ENTRIES), name(&r::COMPLETION_ENTRIES));
        let _ = write!(
            text,
            "reg [31:0] cycles_high;
wire enable = {enable};
wire good = {good_submission} && {good_completion};
always @(*) is_ready = enable && good && !fatal;
always @(*) interrupts = {interrupts};
always @(*) submission_base = {{{submission_high}, {submission_low}}};
always @(*) submission_mask = {submission} - 1;
always @(*) completion_base = {{{completion_high}, {completion_low}}};
always @(*) completion_mask = {completion} - 1;
always @(*) tail = {tail};
always @(*) head = {head};
wire [31:0] status = (is_ready << {ready_bit}) | (busy << {busy_bit}) | (fatal << {fatal_bit}) | ((enable && !good) << {bad_bit});
wire writes = write && !resetting;
wire at_control = writes && write_address == {control_at};
always @(*) soft_reset = at_control && write_data[{reset_bit}];
",
            interrupts = bit(&r::CONTROL, r::CONTROL_INTERRUPT.low),
            good_submission = ring(&name(&r::SUBMISSION_BASE_LOW), &submission),
            good_completion = ring(&name(&r::COMPLETION_BASE_LOW), &completion),
            submission_low = name(&r::SUBMISSION_BASE_LOW),
            submission_high = name(&r::SUBMISSION_BASE_HIGH),
            completion_low = name(&r::COMPLETION_BASE_LOW),
            completion_high = name(&r::COMPLETION_BASE_HIGH),
            tail = name(&r::SUBMISSION_TAIL),
            head = name(&r::COMPLETION_HEAD),
            ready_bit = r::STATUS_READY.low,
            busy_bit = r::STATUS_BUSY.low,
            fatal_bit = r::STATUS_FATAL.low,
            bad_bit = r::STATUS_BAD_RING.low,
            control_at = r::CONTROL.offset,
            reset_bit = r::CONTROL_RESET.low,
        );
        text += &reading(capabilities);
        text += "always @(posedge clock) begin\n  now <= reset ? 0 : now + 1;\n";
        let _ = writeln!(text, "  if (read && read_address == {}) cycles_high <= now[63:32];", r::CYCLES_LOW.offset);
        for register in writable() {
            let (condition, stored) = rule(register);
            let cleared = if *register == r::SCRATCH { "reset || clear_all" } else { "reset || clear || clear_all" };
            let _ = writeln!(
                text,
                "  if ({cleared}) {name} <= 0;\n  else if (writes && write_address == {at} && {condition}) {name} <= {stored};",
                name = name(register),
                at = register.offset,
            );
        }
        text += "  if (reset || clear || clear_all) cycles_high <= 0;\nend\n";
        Self::from_text(text)
    }
}

fn writable() -> impl Iterator<Item = &'static Register> {
    REGISTERS.iter().filter(|register| register.access == Access::ReadWrite)
}

/// A stored register's name in Verilog.
fn name(register: &Register) -> String {
    format!("{}_register", register.name.to_lowercase())
}

fn bit(register: &Register, bit: u16) -> String {
    format!("{}[{bit}]", name(register))
}

/// When a register may be written, and what of the data it keeps.
fn rule(register: &Register) -> (String, String) {
    let whole = "write_data".to_owned();
    match *register {
        r::CONTROL => {
            let kept = r::CONTROL_ENABLE.with(1) | r::CONTROL_INTERRUPT.with(1);
            (format!("!write_data[{}]", r::CONTROL_RESET.low), format!("write_data & {kept}"))
        }
        r::SCRATCH => ("1".to_owned(), whole),
        r::SUBMISSION_TAIL => (format!("is_ready && write_data < {}", name(&r::SUBMISSION_ENTRIES)), whole),
        r::COMPLETION_HEAD => (format!("is_ready && write_data < {}", name(&r::COMPLETION_ENTRIES)), whole),
        _ => ("!enable".to_owned(), whole),
    }
}

/// The read multiplexer, and the record that IDENTIFY writes: the registers from offset 0 on.
fn reading(capabilities: &Capabilities) -> String {
    let mut cases = String::new();
    let mut identity = String::new();
    for register in REGISTERS {
        let value = match *register {
            r::RTL_CHECKSUM_LOW => "rtl_checksum[31:0]".to_owned(),
            r::RTL_CHECKSUM_HIGH => "rtl_checksum[63:32]".to_owned(),
            r::TEMPERATURE => "temperature".to_owned(),
            r::CONTROL => format!("{} | (resetting << {})", name(register), r::CONTROL_RESET.low),
            r::STATUS => "status".to_owned(),
            r::FAULT_ADDRESS_LOW => "fault_address[31:0]".to_owned(),
            r::FAULT_ADDRESS_HIGH => "fault_address[63:32]".to_owned(),
            r::SUBMISSION_HEAD => "submission_head".to_owned(),
            r::COMPLETION_TAIL => "completion_tail".to_owned(),
            r::CYCLES_LOW => "now[31:0]".to_owned(),
            r::CYCLES_HIGH => "cycles_high".to_owned(),
            _ if register.access == Access::ReadWrite => name(register),
            _ => format!("32'd{}", capabilities.register(register.offset).unwrap_or(0)),
        };
        let _ = writeln!(cases, "    {}: read_data = {value};", register.offset);
        if u64::from(register.offset) < Command::IDENTIFY_BYTES {
            let _ = writeln!(identity, "  identity[{}+:32] = {value};", register.offset * 8);
        }
    }
    format!(
        "always @(*) begin\n  case (read_address)\n{cases}    default: read_data = 0;\n  endcase\nend\nalways @(*) begin\n{identity}end\n"
    )
}
