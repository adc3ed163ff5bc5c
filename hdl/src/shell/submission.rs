//! Fetches commands from the submission ring, one at a time, and has them checked.
//!
//! A command that cannot be read is no command: the fault is fatal, and nothing is fetched any more until a reset.

use penstock_abi::Capabilities;
use rust_hdl::prelude::*;

use super::decode::{COMMAND_BITS, Decoder};
use crate::leaf::Parameter;

/// From doorbells to checked commands.
#[derive(LogicBlock, Default)]
#[allow(missing_docs)]
pub struct Submission {
    pub clock: Signal<In, Clock>,
    pub reset: Signal<In, Bit>,
    /// Commands may be fetched.
    pub enable: Signal<In, Bit>,
    pub base: Signal<In, Bits<64>>,
    /// Entries less one.
    pub mask: Signal<In, Bits<32>>,
    pub tail: Signal<In, Bits<32>>,
    pub head: Signal<Out, Bits<32>>,
    pub now: Signal<In, Bits<64>>,
    /// The reader's job.
    pub read_start: Signal<Out, Bit>,
    pub read_address: Signal<Out, Bits<64>>,
    pub read_beats: Signal<Out, Bits<32>>,
    pub read_fault: Signal<In, Bit>,
    pub read_fault_address: Signal<In, Bits<64>>,
    pub in_data: Signal<In, Bits<COMMAND_BITS>>,
    pub in_valid: Signal<In, Bit>,
    pub in_ready: Signal<Out, Bit>,
    /// A checked command, when it was fetched, and what is wrong with it.
    pub out_valid: Signal<Out, Bit>,
    pub out_ready: Signal<In, Bit>,
    pub command: Signal<Out, Bits<COMMAND_BITS>>,
    pub fetched: Signal<Out, Bits<64>>,
    pub status: Signal<Out, Bits<16>>,
    pub detail: Signal<Out, Bits<64>>,
    /// A command has been fetched: counts as under way from here on.
    pub accepted: Signal<Out, Bit>,
    pub fatal: Signal<Out, Bit>,
    pub fatal_address: Signal<Out, Bits<64>>,
    decoder: Decoder,
    index: DFF<Bits<32>>,
    fetching: DFF<Bit>,
    starting: DFF<Bit>,
    checking: DFF<Bit>,
    fault: DFF<Bit>,
    held: DFF<Bits<COMMAND_BITS>>,
    since: DFF<Bits<64>>,
    beats: Parameter<Bits<32>>,
    following: Signal<Local, Bits<32>>,
    start: Signal<Local, Bit>,
    offered: Signal<Local, Bit>,
}

impl Submission {
    /// For a bus of beats of so many bytes.
    pub fn new(beat_bytes: usize, capabilities: &Capabilities) -> Self {
        Self {
            decoder: Decoder::new(capabilities),
            beats: Parameter::new(((COMMAND_BITS / 8 / beat_bytes) as u64).into()),
            ..Self::default()
        }
    }
}

impl Logic for Submission {
    #[hdl_gen]
    fn update(&mut self) {
        clock!(self, clock, decoder);
        dff_setup!(self, clock, index, fetching, starting, checking, fault, held, since);
        self.decoder.reset.next = self.reset.val();

        // Fetch.
        self.start.next = (self.enable.val() & (self.index.q.val() != self.tail.val()))
            & !((self.fetching.q.val() | self.starting.q.val()) | (self.checking.q.val() | self.fault.q.val()));
        self.read_start.next = self.start.val();
        self.read_address.next = self.base.val() + (bit_cast::<64, 32>(self.index.q.val()) << 6);
        self.read_beats.next = self.beats.val();
        if self.start.val() {
            self.fetching.d.next = true;
            self.since.d.next = self.now.val();
        }
        self.following.next = (self.index.q.val() + 1) & self.mask.val();
        self.in_ready.next = self.fetching.q.val();
        self.accepted.next = false;
        if self.fetching.q.val() & self.in_valid.val() {
            self.fetching.d.next = false;
            if self.read_fault.val() {
                self.fault.d.next = true;
            } else {
                self.held.d.next = self.in_data.val();
                self.starting.d.next = true;
                self.index.d.next = self.following.val();
                self.accepted.next = true;
            }
        }

        // Check.
        self.decoder.command.next = self.held.q.val();
        self.decoder.start.next = self.starting.q.val();
        if self.starting.q.val() {
            self.starting.d.next = false;
            self.checking.d.next = true;
        }
        self.offered.next = self.checking.q.val() & self.decoder.done.val();
        self.out_valid.next = self.offered.val();
        if self.offered.val() & self.out_ready.val() {
            self.checking.d.next = false;
        }
        self.command.next = self.held.q.val();
        self.fetched.next = self.since.q.val();
        self.status.next = self.decoder.status.val();
        self.detail.next = self.decoder.detail.val();

        if self.reset.val() {
            self.index.d.next = 0.into();
            self.fetching.d.next = false;
            self.starting.d.next = false;
            self.checking.d.next = false;
            self.fault.d.next = false;
        }
        self.head.next = self.index.q.val();
        self.fatal.next = self.fault.q.val();
        self.fatal_address.next = self.read_fault_address.val();
    }
}
