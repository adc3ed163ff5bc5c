//! Decides whether a command is one, generated from the contract's tables.
//!
//! The checks of an opcode stand in one list, in the contract's order; one is looked at a cycle, and the first that fails
//! gives status and detail. A command takes a few dozen cycles, next to nothing beside its fetch, and no check lies in
//! a long path.

use std::fmt::Write;

use penstock_abi::{
    ALIGNMENT, COMMAND_BYTES, COMMANDS, Capabilities, Command, CommandLayout, ELEMENT_BYTES, Field, Opcode, Status,
};
use rust_hdl::prelude::*;

use crate::leaf::{leaf, times};

/// Bits of a command.
pub const COMMAND_BITS: usize = COMMAND_BYTES * 8;

leaf! {
    /// Looks at `command`, which stays, from `start` on; then `done`, with `status` 0 if nothing is wrong.
    Decoder { start: Bit, command: Bits<COMMAND_BITS>, => done: Bit, status: Bits<16>, detail: Bits<64>, }
}

/// A condition that a command fulfils, or what its completion says.
struct Check {
    condition: String,
    status: Status,
    detail: u64,
}

impl Decoder {
    /// The decoder of a card with these capabilities.
    pub fn new(capabilities: &Capabilities) -> Self {
        let opcode = slice(field(&COMMANDS[0], "OPCODE"));
        let (mut starts, mut steps, mut step) = (String::new(), String::new(), 0usize);
        for layout in COMMANDS {
            let _ = writeln!(starts, "      {}: step <= {step};", layout.opcode as u64);
            for check in checks(layout, capabilities) {
                let Check { condition, status, detail } = check;
                let _ = writeln!(
                    steps,
                    "    {step}: begin fails = !({condition}); failure = {}; at = {detail}; end",
                    status.code()
                );
                step += 1;
            }
            let _ = writeln!(steps, "    {step}: ends = 1;");
            step += 1;
        }
        let bits = usize::BITS - step.leading_zeros();
        Self::from_text(format!(
            "// module: decoder
reg busy, fails, ends, known;
reg [{bits}-1:0] step;
reg [15:0] failure;
reg [15:0] at;
wire [15:0] opcode = {opcode};
always @(*) begin
  fails = 0;
  ends = 0;
  failure = 0;
  at = 0;
  case (step)
{steps}    default: ends = 1;
  endcase
end
always @(posedge clock) begin
  if (start) begin
    busy <= 1;
    done <= 0;
    status <= 0;
    detail <= 0;
    known <= 1;
    case (opcode)
{starts}      default: known <= 0;
    endcase
  end else if (busy && !known) begin
    busy <= 0;
    done <= 1;
    status <= {bad_opcode};
    detail <= opcode;
  end else if (busy && (fails || ends)) begin
    busy <= 0;
    done <= 1;
    status <= failure;
    detail <= at;
  end else step <= step + 1'b1;
  if (reset) begin
    busy <= 0;
    done <= 0;
  end
end
",
            bad_opcode = Status::BadOpcode.code(),
        ))
    }
}

/// A command's field of this name; the tables are constants, and tests build a decoder of each.
pub(super) fn field(layout: &CommandLayout, name: &str) -> &'static Field {
    let found = layout.fields.iter().find(|field| field.name == name);
    assert!(found.is_some(), "{} has no field {name}", layout.name);
    found.unwrap_or(&layout.fields[0])
}

/// A field's bits of the signal `command`.
pub(super) fn slice(field: &Field) -> String {
    format!("command[{}+:{}]", field.low, field.bits)
}

/// What [`Command::decode`] and [`Command::check`] require, in their order.
fn checks(layout: &CommandLayout, card: &Capabilities) -> Vec<Check> {
    let mut checks: Vec<Check> = (0..COMMAND_BYTES)
        .filter(|at| !layout.fields.iter().any(|field| field.bytes().contains(at)))
        .map(|at| Check {
            condition: format!("command[{}+:8] == 0", at * 8),
            status: Status::BadReserved,
            detail: at as u64,
        })
        .collect();
    let of = |name| slice(field(layout, name));
    let mut require = |name: &str, status, condition: String| {
        checks.push(Check { condition, status, detail: field(layout, name).bytes().start as u64 });
    };
    let aligned = |name| format!("command[{}+:{}] == 0", field(layout, name).low, ALIGNMENT.trailing_zeros());
    let between = |name, most: u64| format!("{0} >= 1 && {0} <= {most}", of(name));
    let engine = |has: bool| if has { "1" } else { "0" }.to_owned();
    match layout.opcode {
        Opcode::Identify => {
            require("RESULT", Status::Misaligned, aligned("RESULT"));
            require("CAPACITY", Status::BadLength, format!("{} >= {}", of("CAPACITY"), Command::IDENTIFY_BYTES));
        }
        Opcode::SetBases => {
            require("OPCODE", Status::Unsupported, engine(card.msm));
            require("SET", Status::Unsupported, format!("{} < {}", of("SET"), card.base_sets));
            require("INPUT", Status::Misaligned, aligned("INPUT"));
            require("COUNT", Status::BadLength, between("COUNT", card.max_points.into()));
        }
        Opcode::Msm => {
            require("OPCODE", Status::Unsupported, engine(card.msm));
            require("SET", Status::Unsupported, format!("{} < {}", of("SET"), card.base_sets));
            for name in ["RESULT", "INPUT", "STRIDE"] {
                require(name, Status::Misaligned, aligned(name));
            }
            require("COUNT", Status::BadLength, between("COUNT", card.max_points.into()));
            require("VECTORS", Status::BadLength, between("VECTORS", card.vectors.into()));
            let last = format!("{{1'b0, {}}} + {} <= {}", of("FIRST"), of("COUNT"), card.max_points);
            require("FIRST", Status::BadLength, last);
            let apart = format!(
                "{} == 1 || {} >= {{{}, {}'d0}}",
                of("VECTORS"),
                of("STRIDE"),
                of("COUNT"),
                ELEMENT_BYTES.trailing_zeros()
            );
            require("STRIDE", Status::BadLength, apart);
            let bytes = times(&of("VECTORS"), card.msm_layout.result_bytes(1));
            let room = format!("{} >= {bytes}", of("CAPACITY"));
            require("CAPACITY", Status::BadLength, room);
        }
        Opcode::Poseidon => {
            require("OPCODE", Status::Unsupported, engine(card.poseidon));
            require("RESULT", Status::Misaligned, aligned("RESULT"));
            require("INPUT", Status::Misaligned, aligned("INPUT"));
            require("COUNT", Status::BadLength, between("COUNT", card.max_hashes.into()));
            let room = format!("{} >= {{{}, {}'d0}}", of("CAPACITY"), of("COUNT"), ELEMENT_BYTES.trailing_zeros());
            require("CAPACITY", Status::BadLength, room);
        }
        Opcode::SelfTest => {
            let has = u32::from(card.msm) | u32::from(card.poseidon) << 1;
            require("TESTS", Status::Unsupported, format!("({} & {}) == 0", of("TESTS"), !has));
        }
    }
    checks
}
