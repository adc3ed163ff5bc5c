//! The register page: the contract as Markdown, for people.

use core::fmt::{self, Display, Formatter};

use crate::{
    ABI_MAJOR, ABI_MINOR, Access, COMMAND_BYTES, COMMANDS, COMPLETION_BYTES, COMPLETION_FIELDS, Field, REGISTERS,
    STATUSES,
};

/// Prints `REGISTERS.md`.
#[derive(Clone, Copy, Debug)]
pub struct Page;

impl Display for Page {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        writeln!(f, "# Registers, commands and completions of the card (ABI {ABI_MAJOR}.{ABI_MINOR})\n")?;
        writeln!(f, "Printed from `hdl/abi`: `cargo run -p penstock-abi --example page > hdl/abi/REGISTERS.md`.\n")?;
        writeln!(f, "## Registers (BAR 0)\n")?;
        writeln!(
            f,
            "All 32 bits. What is not listed reads zero; writes to it and to read-only registers are ignored.\n"
        )?;
        writeln!(f, "| Offset | Name | Access | Reset | Meaning |\n| --- | --- | --- | --- | --- |")?;
        for register in REGISTERS {
            let access = match register.access {
                Access::ReadOnly => "read",
                Access::ReadWrite => "read, write",
            };
            write!(f, "| 0x{:03x} | {} | {access} | ", register.offset, register.name)?;
            match register.reset {
                Some(value) => write!(f, "0x{value:08x}")?,
                None => write!(f, "by card")?,
            }
            writeln!(f, " | {} |", register.doc)?;
            for field in register.fields {
                write!(f, "| | {}.{} | ", register.name, field.name)?;
                writeln!(f, "bits {} | | {} |", Bits(field), field.doc)?;
            }
        }
        writeln!(f, "\n## Commands ({COMMAND_BYTES} bytes)\n\nBytes that no field covers are zero.\n")?;
        writeln!(f, "| Opcode | Command | Field | Bytes | Meaning |\n| --- | --- | --- | --- | --- |")?;
        for command in COMMANDS {
            writeln!(f, "| {} | {} | | | {} |", command.opcode as u16, command.name, command.doc)?;
            for field in command.fields {
                writeln!(f, "| | | {} | {} | {} |", field.name, Bytes(field), field.doc)?;
            }
        }
        writeln!(f, "\n## Completions ({COMPLETION_BYTES} bytes)\n\n| Field | Bytes | Meaning |\n| --- | --- | --- |")?;
        for field in COMPLETION_FIELDS {
            writeln!(f, "| {} | {} | {} |", field.name, Bytes(field), field.doc)?;
        }
        writeln!(f, "\n## Statuses\n\n| Code | Status | Meaning |\n| --- | --- | --- |")?;
        for (status, name, doc) in STATUSES {
            writeln!(f, "| {} | {name} | {doc} |", status.code())?;
        }
        Ok(())
    }
}

struct Bits<'a>(&'a Field);

impl Display for Bits<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self.0.bits {
            1 => write!(f, "{}", self.0.low),
            bits => write!(f, "{}..{}", self.0.low, self.0.low + bits - 1),
        }
    }
}

struct Bytes<'a>(&'a Field);

impl Display for Bytes<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let range = self.0.bytes();
        match range.len() {
            1 => write!(f, "{}", range.start),
            _ => write!(f, "{}..{}", range.start, range.end - 1),
        }
    }
}
