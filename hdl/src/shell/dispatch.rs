//! Sends checked commands where they are carried out.
//!
//! ```text
//! command ──┬─ wrong ──────────────> reply
//!           ├─ identify ─> record ─> reply
//!           ├─ set bases ─> table ─> reply
//!           ├─ self-test ─> engines ─> reply
//!           └─ msm, poseidon ─> queue of the engine, which replies itself
//! ```
//!
//! A queue before each engine lets commands for the other engine pass. What an MSM knows of its bases it takes along: a
//! later SET_BASES does not touch it.

use penstock_abi::{COMMANDS, Capabilities, Command, Opcode, Status};
use rust_hdl::prelude::*;

use super::completion::REPLY_BITS;
use super::decode::{COMMAND_BITS, field, slice};
use crate::leaf::{Parameter, leaf};

/// Bits of an engine's job: the command (512), the cycle of its fetch (64), the address of its first base (64).
pub const JOB_BITS: usize = COMMAND_BITS + 128;

leaf! {
    /// The fields that dispatch needs, the sets of bases, and what of them the command wants.
    Lookup {
        command: Bits<COMMAND_BITS>, store: Bit,
        => id: Bits<32>, identify: Bit, set_bases: Bit, msm: Bit, poseidon: Bit, self_test: Bit, result: Bits<64>,
        set: Bits<64>, has_bases: Bit, base_address: Bits<64>, tests: Bits<2>,
    }
}

impl Lookup {
    /// For a card with these capabilities.
    fn new(capabilities: &Capabilities) -> Self {
        let of = |opcode: Opcode, name: &str| slice(field(opcode.layout(), name));
        let opcodes: String = [
            ("identify", Opcode::Identify),
            ("set_bases", Opcode::SetBases),
            ("msm", Opcode::Msm),
            ("poseidon", Opcode::Poseidon),
            ("self_test", Opcode::SelfTest),
        ]
        .iter()
        .map(|(name, opcode)| {
            format!("always @(*) {name} = {} == {};\n", slice(field(&COMMANDS[0], "OPCODE")), *opcode as u64)
        })
        .collect();
        let features = u32::from(capabilities.msm) | u32::from(capabilities.poseidon) << 1;
        Self::from_text(format!(
            "// module: dispatch_lookup
reg [63:0] address_of [0:{sets}-1];
reg [31:0] count_of [0:{sets}-1];
reg [{sets}-1:0] is_set;
wire [7:0] chosen = {chosen};
wire [32:0] wanted = {{1'b0, {first}}} + {count};
{opcodes}always @(*) id = {id};
always @(*) result = {result};
always @(*) set = chosen;
always @(*) has_bases = chosen < {sets} && is_set[chosen] && wanted <= {{1'b0, count_of[chosen]}};
always @(*) base_address = address_of[chosen] + ({first} << 6);
always @(*) tests = {tests} == 0 ? {features} : {tests};
always @(posedge clock) begin
  if (store) begin
    address_of[chosen] <= {input};
    count_of[chosen] <= {points};
    is_set[chosen] <= 1;
  end
  if (reset) is_set <= 0;
end
",
            sets = capabilities.base_sets,
            chosen = of(Opcode::Msm, "SET"),
            first = of(Opcode::Msm, "FIRST"),
            count = of(Opcode::Msm, "COUNT"),
            id = of(Opcode::Msm, "ID"),
            result = of(Opcode::Identify, "RESULT"),
            input = of(Opcode::SetBases, "INPUT"),
            points = of(Opcode::SetBases, "COUNT"),
            tests = of(Opcode::SelfTest, "TESTS"),
        ))
    }
}

/// From checked commands to replies and engine jobs.
#[derive(LogicBlock, Default)]
#[allow(missing_docs)]
pub struct Dispatch {
    pub clock: Signal<In, Clock>,
    pub reset: Signal<In, Bit>,
    pub in_valid: Signal<In, Bit>,
    pub in_ready: Signal<Out, Bit>,
    pub command: Signal<In, Bits<COMMAND_BITS>>,
    pub fetched: Signal<In, Bits<64>>,
    pub status: Signal<In, Bits<16>>,
    pub detail: Signal<In, Bits<64>>,
    /// The job of the record writer that has what the card says of itself.
    pub write_start: Signal<Out, Bit>,
    pub write_address: Signal<Out, Bits<64>>,
    pub write_busy: Signal<In, Bit>,
    pub write_fault: Signal<In, Bit>,
    /// Jobs for the engines.
    pub job: Signal<Out, Bits<JOB_BITS>>,
    pub msm_valid: Signal<Out, Bit>,
    pub msm_ready: Signal<In, Bit>,
    pub poseidon_valid: Signal<Out, Bit>,
    pub poseidon_ready: Signal<In, Bit>,
    /// Self-tests asked for, one bit an engine as in the command; each engine's end and outcome.
    pub test: Signal<Out, Bits<2>>,
    pub msm_tested: Signal<In, Bit>,
    pub msm_failed: Signal<In, Bit>,
    pub poseidon_tested: Signal<In, Bit>,
    pub poseidon_failed: Signal<In, Bit>,
    pub reply_data: Signal<Out, Bits<REPLY_BITS>>,
    pub reply_valid: Signal<Out, Bit>,
    pub reply_ready: Signal<In, Bit>,
    lookup: Lookup,
    replying: DFF<Bit>,
    identifying: DFF<Bit>,
    starting: DFF<Bit>,
    testing: DFF<Bit>,
    asked: DFF<Bits<2>>,
    failed: DFF<Bits<2>>,
    code: DFF<Bits<16>>,
    about: DFF<Bits<64>>,
    failures: Signal<Local, Bits<2>>,
    idle: Signal<Local, Bit>,
    taken: Signal<Local, Bit>,
    no_bases: Parameter<Bits<16>>,
    write_refused: Parameter<Bits<16>>,
    identity_bytes: Parameter<Bits<64>>,
}

impl Dispatch {
    /// For a card with these capabilities.
    pub fn new(capabilities: &Capabilities) -> Self {
        Self {
            lookup: Lookup::new(capabilities),
            no_bases: Parameter::new(u64::from(Status::NoBases.code()).into()),
            write_refused: Parameter::new(u64::from(Status::WriteFault.code()).into()),
            identity_bytes: Parameter::new(Command::IDENTIFY_BYTES.into()),
            ..Self::default()
        }
    }
}

impl Logic for Dispatch {
    #[hdl_gen]
    fn update(&mut self) {
        clock!(self, clock, lookup);
        dff_setup!(self, clock, replying, identifying, starting, testing, asked, failed, code, about);
        self.lookup.reset.next = self.reset.val();
        self.lookup.command.next = self.command.val();
        self.idle.next = self.in_valid.val()
            & !((self.replying.q.val() | self.identifying.q.val()) | (self.starting.q.val() | self.testing.q.val()));

        self.lookup.store.next = false;
        self.write_start.next = false;
        self.msm_valid.next = false;
        self.poseidon_valid.next = false;
        self.taken.next = false;
        if self.idle.val() {
            if self.status.val() != 0 {
                self.code.d.next = self.status.val();
                self.about.d.next = self.detail.val();
                self.replying.d.next = true;
            } else {
                self.code.d.next = 0.into();
                self.about.d.next = 0.into();
                if self.lookup.identify.val() {
                    self.write_start.next = true;
                    self.starting.d.next = true;
                }
                if self.lookup.set_bases.val() {
                    self.lookup.store.next = true;
                    self.replying.d.next = true;
                }
                if self.lookup.msm.val() {
                    if self.lookup.has_bases.val() {
                        self.msm_valid.next = true;
                        self.taken.next = self.msm_ready.val();
                    } else {
                        self.code.d.next = self.no_bases.val();
                        self.about.d.next = self.lookup.set.val();
                        self.replying.d.next = true;
                    }
                }
                if self.lookup.poseidon.val() {
                    self.poseidon_valid.next = true;
                    self.taken.next = self.poseidon_ready.val();
                }
                if self.lookup.self_test.val() {
                    self.testing.d.next = true;
                    self.asked.d.next = self.lookup.tests.val();
                    self.failed.d.next = 0.into();
                }
            }
        }

        // Identify.
        self.write_address.next = self.lookup.result.val();
        if self.starting.q.val() {
            self.starting.d.next = false;
            self.identifying.d.next = true;
        }
        if self.identifying.q.val() & !self.write_busy.val() {
            self.identifying.d.next = false;
            self.replying.d.next = true;
            self.about.d.next = self.identity_bytes.val();
            if self.write_fault.val() {
                self.code.d.next = self.write_refused.val();
                self.about.d.next = self.lookup.result.val();
            }
        }

        // Self-test.
        self.test.next = 0.into();
        self.failures.next = 0.into();
        if self.testing.q.val() {
            self.test.next = self.asked.q.val();
            if self.msm_tested.val() & self.poseidon_tested.val() {
                self.asked.d.next = 0.into();
            } else {
                if self.msm_tested.val() {
                    self.asked.d.next = self.asked.q.val() & 2;
                }
                if self.poseidon_tested.val() {
                    self.asked.d.next = self.asked.q.val() & 1;
                }
            }
            self.failures.next = self.failed.q.val();
            if self.msm_tested.val() & self.msm_failed.val() {
                self.failures.next = self.failures.val() | 1;
            }
            if self.poseidon_tested.val() & self.poseidon_failed.val() {
                self.failures.next = self.failures.val() | 2;
            }
            self.failed.d.next = self.failures.val();
            if self.asked.q.val() == 0 {
                self.testing.d.next = false;
                self.replying.d.next = true;
                self.about.d.next = bit_cast::<64, 2>(self.failed.q.val());
            }
        }

        self.reply_valid.next = self.replying.q.val();
        self.reply_data.next = bit_cast::<REPLY_BITS, 32>(self.lookup.id.val())
            | (bit_cast::<REPLY_BITS, 16>(self.code.q.val()) << 32)
            | (bit_cast::<REPLY_BITS, 64>(self.about.q.val()) << 48)
            | (bit_cast::<REPLY_BITS, 64>(self.fetched.val()) << 112);
        if self.replying.q.val() & self.reply_ready.val() {
            self.replying.d.next = false;
            self.taken.next = true;
        }
        self.in_ready.next = self.taken.val();
        self.job.next = bit_cast::<JOB_BITS, COMMAND_BITS>(self.command.val())
            | (bit_cast::<JOB_BITS, 64>(self.fetched.val()) << 512)
            | (bit_cast::<JOB_BITS, 64>(self.lookup.base_address.val()) << 576);

        if self.reset.val() {
            self.replying.d.next = false;
            self.identifying.d.next = false;
            self.starting.d.next = false;
            self.testing.d.next = false;
        }
    }
}
