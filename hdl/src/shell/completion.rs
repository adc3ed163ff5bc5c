//! Writes completions into their ring and raises the interrupt.
//!
//! Whoever finishes a command hands in a reply; replies take turns and wait while the ring is full. A completion counts
//! once its write has been answered: then the tail moves and the interrupt is raised. One that cannot be written is fatal.

use std::fmt::Write;

use penstock_abi::COMPLETION_FIELDS;
use rust_hdl::prelude::*;

use super::arbiter::RoundRobin;
use super::record::RECORD_BITS;
use crate::leaf::{Parameter, leaf, several};

/// Bits of a reply: id (32), status (16), detail (64), cycle of the fetch (64), low end first.
pub const REPLY_BITS: usize = 176;

leaf! {
    /// Lays a completion out as the contract says.
    Layout {
        id: Bits<32>, status: Bits<16>, detail: Bits<64>, cycles: Bits<64>, head: Bits<32>, phase: Bit,
        => record: Bits<RECORD_BITS>,
    }
}

impl Layout {
    /// The layout.
    fn new() -> Self {
        let mut text = String::from("// module: completion_layout\nalways @(*) begin\n  record = 0;\n");
        for field in COMPLETION_FIELDS {
            let _ = writeln!(text, "  record[{}+:{}] = {};", field.low, field.bits, field.name.to_lowercase());
        }
        Self::from_text(text + "end\n")
    }
}

/// From replies to completions.
#[derive(LogicBlock, Default)]
#[allow(missing_docs)]
pub struct CompletionRing {
    pub clock: Signal<In, Clock>,
    pub reset: Signal<In, Bit>,
    pub base: Signal<In, Bits<64>>,
    /// Entries less one.
    pub mask: Signal<In, Bits<32>>,
    /// The next entry that the driver reads.
    pub head: Signal<In, Bits<32>>,
    pub tail: Signal<Out, Bits<32>>,
    pub now: Signal<In, Bits<64>>,
    pub submission_head: Signal<In, Bits<32>>,
    pub reply_data: Vec<Signal<In, Bits<REPLY_BITS>>>,
    pub reply_valid: Vec<Signal<In, Bit>>,
    pub reply_ready: Vec<Signal<Out, Bit>>,
    /// The record writer's job.
    pub write_start: Signal<Out, Bit>,
    pub write_address: Signal<Out, Bits<64>>,
    pub write_record: Signal<Out, Bits<RECORD_BITS>>,
    pub write_busy: Signal<In, Bit>,
    pub write_fault: Signal<In, Bit>,
    /// A completion is in memory.
    pub completed: Signal<Out, Bit>,
    pub fatal: Signal<Out, Bit>,
    pub fatal_address: Signal<Out, Bits<64>>,
    arbiter: RoundRobin,
    layout: Layout,
    index: DFF<Bits<32>>,
    phase: DFF<Bit>,
    held: DFF<Bits<REPLY_BITS>>,
    waiting: DFF<Bit>,
    starting: DFF<Bit>,
    writing: DFF<Bit>,
    fault: DFF<Bit>,
    at: DFF<Bits<64>>,
    request: Signal<Local, Bits<16>>,
    free: Signal<Local, Bit>,
    following: Signal<Local, Bits<32>>,
    start: Signal<Local, Bit>,
    one_hot: Vec<Parameter<Bits<16>>>,
    _sources: usize,
}

impl CompletionRing {
    /// For so many sources of replies.
    pub fn new(sources: usize) -> Self {
        Self {
            reply_data: several(sources),
            reply_valid: several(sources),
            reply_ready: several(sources),
            arbiter: RoundRobin::new(),
            layout: Layout::new(),
            one_hot: (0..sources).map(|k| Parameter::new((1u64 << k).into())).collect(),
            _sources: sources,
            ..Self::default()
        }
    }
}

impl Logic for CompletionRing {
    #[hdl_gen]
    fn update(&mut self) {
        clock!(self, clock, arbiter, layout);
        dff_setup!(self, clock, index, phase, held, waiting, starting, writing, fault, at);
        self.arbiter.reset.next = self.reset.val();
        self.layout.reset.next = self.reset.val();

        // A reply.
        self.free.next =
            !((self.waiting.q.val() | self.starting.q.val()) | (self.writing.q.val() | self.fault.q.val()));
        self.request.next = 0.into();
        for k in 0..self._sources {
            if self.reply_valid[k].val() {
                self.request.next = self.request.val() | self.one_hot[k].val();
            }
        }
        self.arbiter.request.next = self.request.val();
        self.arbiter.served.next = self.free.val() & (self.request.val() != 0);
        if self.free.val() & (self.request.val() != 0) {
            self.waiting.d.next = true;
        }
        for k in 0..self._sources {
            self.reply_ready[k].next = self.free.val() & self.arbiter.grant.val().get_bit(k);
            if self.free.val() & self.arbiter.grant.val().get_bit(k) {
                self.held.d.next = self.reply_data[k].val();
            }
        }

        // Its completion, once there is room.
        self.layout.id.next = self.held.q.val().get_bits::<32>(0);
        self.layout.status.next = self.held.q.val().get_bits::<16>(32);
        self.layout.detail.next = self.held.q.val().get_bits::<64>(48);
        self.layout.cycles.next = self.now.val() - self.held.q.val().get_bits::<64>(112);
        self.layout.head.next = self.submission_head.val();
        self.layout.phase.next = !self.phase.q.val();
        self.following.next = (self.index.q.val() + 1) & self.mask.val();
        self.start.next = self.waiting.q.val() & (self.following.val() != self.head.val());
        self.write_start.next = self.start.val();
        self.write_address.next = self.base.val() + (bit_cast::<64, 32>(self.index.q.val()) << 5);
        self.write_record.next = self.layout.record.val();
        if self.start.val() {
            self.waiting.d.next = false;
            self.starting.d.next = true;
            self.at.d.next = self.write_address.val();
        }
        if self.starting.q.val() {
            self.starting.d.next = false;
            self.writing.d.next = true;
        }
        self.completed.next = false;
        if self.writing.q.val() & !self.write_busy.val() {
            self.writing.d.next = false;
            if self.write_fault.val() {
                self.fault.d.next = true;
            } else {
                self.completed.next = true;
                self.index.d.next = self.following.val();
                if self.following.val() == 0 {
                    self.phase.d.next = !self.phase.q.val();
                }
            }
        }

        if self.reset.val() {
            self.index.d.next = 0.into();
            self.phase.d.next = false;
            self.waiting.d.next = false;
            self.starting.d.next = false;
            self.writing.d.next = false;
            self.fault.d.next = false;
        }
        self.tail.next = self.index.q.val();
        self.fatal.next = self.fault.q.val();
        self.fatal_address.next = self.at.q.val();
    }
}
