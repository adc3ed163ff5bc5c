//! What is proved about the card's control logic, rather than tried.
//!
//! ```text
//! unit, small ──emit──> its Verilog + properties of formal/NAME.sv inside its top ──yosys──> SMT ──solver──> proof
//! ```
//!
//! Properties stand inside the module that they speak of and see its registers; its inputs are free, but for what
//! `assume` says. An induction proves them for all time: they hold in the first cycles after reset, and in the cycle after
//! any that they held in. A bounded proof covers every behaviour of that many cycles after reset. Each subject comes
//! with ways to break it; a check that accepts a broken unit proves nothing.

use rust_hdl::prelude::*;

use crate::card::CardConfig;
use crate::emit::{Design, EmitError, emit};
use crate::field::Shape;
use crate::msm::config::MsmConfig;
use crate::msm::pairs::PairQueues;
use crate::msm::slot_unit::SlotUnit;
use crate::msm::slots::Slots;
use crate::msm::{ADDRESS_BITS, COORDINATE_BITS, POINT_BITS};
use crate::shell::arbiter::RoundRobin;
use crate::shell::burst::BurstSplitter;
use crate::shell::completion::CompletionRing;
use crate::shell::fifo::Fifo;
use crate::shell::read_mux::ReadMux;
use crate::shell::resize::Resize;
use crate::shell::submission::Submission;
use crate::shell::write_mux::WriteMux;

/// How far a proof reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// For all time, by induction over so many cycles.
    Induction(u32),
    /// For so many cycles after reset.
    Bounded(u32),
}

/// A way to break a unit.
#[derive(Clone, Copy, Debug)]
pub struct Mutation {
    /// What is wrong then.
    pub what: &'static str,
    /// Text that occurs once in the unit's Verilog.
    pub from: &'static str,
    /// What replaces it.
    pub to: &'static str,
}

/// A unit, what is claimed of it, and how that is proved.
#[derive(Clone, Copy, Debug)]
pub struct Subject {
    /// The top module and the properties' file.
    pub name: &'static str,
    /// What is proved.
    pub claim: &'static str,
    /// How.
    pub method: Method,
    /// Modules whose outputs may be anything.
    pub free: &'static [&'static str],
    /// Ways to break it.
    pub mutations: &'static [Mutation],
    design: fn(&str) -> Result<Design, EmitError>,
    properties: &'static str,
}

/// Why a subject cannot be checked.
#[derive(Debug, thiserror::Error)]
pub enum FormalError {
    /// The unit has no Verilog.
    #[error(transparent)]
    Emit(#[from] EmitError),
    /// The unit has changed and its mutation has not.
    #[error("{subject}: the mutation `{what}` replaces text that occurs {times} times in the unit, not once")]
    Stale {
        /// The subject.
        subject: &'static str,
        /// The mutation.
        what: &'static str,
        /// How often the text occurs.
        times: usize,
    },
    /// The emitted file does not end with its top module.
    #[error("{subject}: the Verilog does not end with a module")]
    NoTop {
        /// The subject.
        subject: &'static str,
    },
}

impl Subject {
    /// The unit with its properties, broken by `mutation` if there is one.
    ///
    /// # Errors
    /// See [`FormalError`].
    pub fn verilog(&self, mutation: Option<&Mutation>) -> Result<String, FormalError> {
        let mut text = (self.design)(self.name)?.verilog;
        if let Some(Mutation { what, from, to }) = mutation {
            let times = text.matches(from).count();
            if times != 1 {
                return Err(FormalError::Stale { subject: self.name, what, times });
            }
            text = text.replace(from, to);
        }
        // Children stand before their parents: the top comes last.
        let end = text.rfind("endmodule").ok_or(FormalError::NoTop { subject: self.name })?;
        text.insert_str(end, self.properties);
        Ok(text)
    }
}

/// A unit whose words of points are two bits wide, not `W`: it moves them and does not look into them.
fn two_bits<const W: usize>(design: Design) -> Design {
    Design { verilog: design.verilog.replace(&format!("[{}:0]", W - 1), "[1:0]"), ..design }
}

/// The slots of an engine of such points. Eight slots of a unit are cleared, while what came before leaves; the properties
/// speak of two of these.
fn rendezvous<const W: usize>(top: &str, shape: Shape) -> Result<Design, EmitError> {
    let config = MsmConfig { window_bits: 4, groups: 1, alternate: false, ..MsmConfig::of(shape) };
    let design = two_bits::<W>(emit(top, || Slots::<W>::new(&config))?);
    let end = |cycles: usize| format!("clear_end = {ADDRESS_BITS}'b{cycles:b}");
    Ok(Design { verilog: design.verilog.replace(&end(config.clear_cycles()), &end(7)), ..design })
}

/// All subjects.
pub const SUBJECTS: [Subject; 14] = [
    Subject {
        name: "fifo",
        claim: "every word that comes in leaves once, in order, unchanged; an offered word waits until it is taken",
        method: Method::Induction(2),
        free: &[],
        design: |top| emit(top, || Fifo::<Bits<4>>::new(2)),
        properties: include_str!("../formal/fifo.sv"),
        mutations: &[
            Mutation { what: "takes words when full", from: "push = in_valid && !held[2]", to: "push = in_valid" },
            Mutation { what: "offers a word again", from: "next != back", to: "front != back" },
        ],
    },
    Subject {
        name: "gather",
        claim: "four narrow words make a wide one, in order; an offered word waits until it is taken",
        method: Method::Induction(2),
        free: &[],
        design: |top| emit(top, Resize::<8, 32>::new),
        properties: include_str!("../formal/gather.sv"),
        mutations: &[Mutation { what: "forgets to wait", from: "kept + 1 <= 4", to: "kept <= 4" }],
    },
    Subject {
        name: "cut",
        claim: "a wide word becomes its four narrow ones, low end first; an offered word waits until it is taken",
        method: Method::Induction(2),
        free: &[],
        design: |top| emit(top, Resize::<32, 8>::new),
        properties: include_str!("../formal/cut.sv"),
        mutations: &[Mutation { what: "takes a word too early", from: "kept + 4 <= 4", to: "level <= 1" }],
    },
    Subject {
        name: "arbiter",
        claim: "one of those who ask is granted; nobody is served twice while another one waits",
        method: Method::Induction(2),
        free: &[],
        design: |top| emit(top, RoundRobin::new),
        properties: include_str!("../formal/arbiter.sv"),
        mutations: &[
            Mutation { what: "forgets whose turn it is", from: "preferred != 0 ? preferred : request", to: "request" },
            Mutation { what: "serves the same one again", from: "~(grant | (grant - 1'b1))", to: "~(grant - 1'b1)" },
        ],
    },
    Subject {
        name: "read_mux",
        claim: "each request reaches the bus once, unchanged, under its reader's number; a beat goes to the reader it names",
        method: Method::Induction(2),
        free: &[],
        design: |top| emit(top, || ReadMux::new(3)),
        properties: include_str!("../formal/read_mux.sv"),
        mutations: &[Mutation {
            what: "takes a request while another one waits",
            from: "free = ~full$q | bus_ar_ready",
            to: "free = 1'b1",
        }],
    },
    Subject {
        name: "write_mux",
        claim: "W belongs to one writer from its address to its last beat; no address, beat or response is lost or goes astray",
        method: Method::Induction(2),
        free: &[],
        design: |top| emit(top, || WriteMux::<8, 1>::new(3)),
        properties: include_str!("../formal/write_mux.sv"),
        mutations: &[Mutation {
            what: "sends an address among another writer's beats",
            from: "free = ~(asked$q | owned$q)",
            to: "free = ~asked$q",
        }],
    },
    Subject {
        name: "bursts",
        claim: "bursts cover the run exactly, in order, none longer than the limit or across 4 KiB, the next one a cycle later",
        method: Method::Induction(2),
        free: &[],
        design: |top| emit(top, || BurstSplitter::new(8, 16)),
        properties: include_str!("../formal/bursts.sv"),
        mutations: &[
            Mutation { what: "ignores the page", from: "to_page < 16 ? to_page : 16", to: "16" },
            Mutation { what: "ignores the length", from: "left < longest ? left : longest", to: "longest" },
            Mutation { what: "skips a beat", from: "left <= left - burst_beats", to: "left <= left - burst_beats - 1" },
        ],
    },
    Subject {
        name: "completions",
        claim: "each reply becomes one completion, in the next entry of the ring, never over one that was not read",
        method: Method::Induction(2),
        free: &[],
        design: |top| emit(top, || CompletionRing::new(2)),
        properties: include_str!("../formal/completions.sv"),
        mutations: &[Mutation {
            what: "overwrites what was not read",
            from: "start = waiting$q & (following != head)",
            to: "start = waiting$q",
        }],
    },
    Subject {
        name: "submissions",
        claim: "each command between head and tail is fetched once, in order, and nothing beyond the tail",
        method: Method::Induction(2),
        free: &["decoder"],
        design: |top| {
            let capabilities = CardConfig::of(Shape::Compact).capabilities();
            emit(top, || Submission::new(8, &capabilities))
        },
        properties: include_str!("../formal/submissions.sv"),
        mutations: &[Mutation { what: "fetches beyond the tail", from: "enable & (index$q != tail)", to: "enable" }],
    },
    Subject {
        name: "pairs",
        claim: "each pair before a fast adder is offered once, in its queue's order, unchanged, results' first; none is lost",
        method: Method::Induction(2),
        free: &[],
        design: |top| emit(top, || PairQueues::<POINT_BITS>::new(4, 2)).map(two_bits::<POINT_BITS>),
        properties: include_str!("../formal/pairs.sv"),
        mutations: &[
            Mutation { what: "calls a halt too late", from: "room = new_count < 2", to: "room = new_count < 3" },
            Mutation {
                what: "drops a new pair for a result's",
                from: "new_pop = load && result_count == 0 && new_count != 0",
                to: "new_pop = load && new_count != 0",
            },
        ],
    },
    Subject {
        name: "pairs_in_words",
        claim: "each pair before a slow adder passes at once or waits and leaves once, in order, word by word, unchanged",
        method: Method::Induction(3),
        free: &[],
        design: |top| emit(top, || PairQueues::<COORDINATE_BITS>::new(4, 1)).map(two_bits::<COORDINATE_BITS>),
        properties: include_str!("../formal/pairs_in_words.sv"),
        mutations: &[
            Mutation { what: "cuts a result's pair short", from: "result_push ? 2 :", to: "result_push ? 1 :" },
            Mutation {
                what: "leaves a pair behind too early",
                from: "if (last_out) new_head",
                to: "if (new_pop) new_head",
            },
        ],
    },
    Subject {
        name: "slots",
        claim: "an operand that waits in a slot leaves it once, unchanged, with the next one for the same slot or a read-out",
        method: Method::Bounded(14),
        free: &[],
        design: |top| emit(top, || SlotUnit::<POINT_BITS>::new(2, 2)).map(two_bits::<POINT_BITS>),
        properties: include_str!("../formal/slots.sv"),
        mutations: &[Mutation {
            what: "pushes two items into one slot",
            from: "same = (inserted$q & returned$q) & (new_at$q == result_at$q)",
            to: "same = 1'b0",
        }],
    },
    Subject {
        name: "rendezvous",
        claim: "of the items for a slot every second one pairs with the one before, and leaves with it once, under its tag",
        method: Method::Bounded(18),
        free: &[],
        design: |top| rendezvous::<POINT_BITS>(top, Shape::Pipelined),
        properties: concat!(include_str!("../formal/arrivals.sv"), include_str!("../formal/rendezvous.sv")),
        mutations: &[
            Mutation {
                what: "loses items that meet",
                from: "result_popped$d = result_pop | together",
                to: "result_popped$d = result_pop",
            },
            Mutation {
                what: "pairs an item that meets another with what waits",
                from: "joined$flag = together",
                to: "joined$flag = 1'b0",
            },
            Mutation {
                what: "reads out another slot",
                from: "answered_second$flag = looked_second$q",
                to: "answered_second$flag = 1'b0",
            },
        ],
    },
    Subject {
        name: "rendezvous_in_words",
        claim: "the same of items that take several cycles, word by word",
        method: Method::Bounded(20),
        free: &[],
        design: |top| rendezvous::<COORDINATE_BITS>(top, Shape::Compact),
        properties: concat!(include_str!("../formal/arrivals.sv"), include_str!("../formal/rendezvous_in_words.sv")),
        mutations: &[Mutation {
            what: "forgets in the midst of a point that its items met",
            from: "joined$valid = result_pop | together",
            to: "joined$valid = 1'b1",
        }],
    },
];
