//! Writes a stream into a run of host memory.
//!
//! ```text
//! stream ──> queue ──> W        job ──> bursts ──> AW ··· B
//! ```
//!
//! A burst is asked for once all its beats are in the queue: it never waits for the stream, so it holds the bus no longer
//! than its beats take, and a burst that was begun can always be ended, also on the way to a reset. One burst is under way
//! at a time: its response says which address failed.
//!
//! After an error response the rest of the stream is taken and dropped: the producer ends its job as usual.

use rust_hdl::prelude::*;

use super::burst::BurstSplitter;
use super::fifo::Fifo;
use crate::leaf::Parameter;

/// A write engine for beats of `D` bits, `S` = `D` / 8 bytes.
#[derive(LogicBlock, Default)]
#[allow(missing_docs)]
pub struct Writer<const D: usize, const S: usize> {
    pub clock: Signal<In, Clock>,
    pub reset: Signal<In, Bit>,
    /// No new bursts.
    pub halt: Signal<In, Bit>,
    /// A job: `beats` beats, at least one, from `address`, a multiple of a beat; of the last, the bytes that
    /// `last_strobe` names. Only while not `busy`.
    pub start: Signal<In, Bit>,
    pub address: Signal<In, Bits<64>>,
    pub beats: Signal<In, Bits<32>>,
    pub last_strobe: Signal<In, Bits<S>>,
    /// Words are still to be written, or their response is to come.
    pub busy: Signal<Out, Bit>,
    /// Something is under way on the bus.
    pub pending: Signal<Out, Bit>,
    /// The job met an error response, in the burst at this address. Holds until the next job.
    pub fault: Signal<Out, Bit>,
    pub fault_address: Signal<Out, Bits<64>>,
    pub in_data: Signal<In, Bits<D>>,
    pub in_valid: Signal<In, Bit>,
    pub in_ready: Signal<Out, Bit>,
    pub aw_valid: Signal<Out, Bit>,
    pub aw_ready: Signal<In, Bit>,
    pub aw_address: Signal<Out, Bits<64>>,
    /// Beats less one.
    pub aw_length: Signal<Out, Bits<8>>,
    /// Beats follow the address.
    pub w_valid: Signal<Out, Bit>,
    pub w_ready: Signal<In, Bit>,
    pub w_data: Signal<Out, Bits<D>>,
    pub w_strobe: Signal<Out, Bits<S>>,
    pub w_last: Signal<Out, Bit>,
    /// A response for this writer; always taken.
    pub b_valid: Signal<In, Bit>,
    pub b_error: Signal<In, Bit>,
    splitter: BurstSplitter,
    queue: Fifo<Bits<D>>,
    requested: DFF<Bit>,
    sending: DFF<Bit>,
    awaiting: DFF<Bit>,
    at: DFF<Bits<64>>,
    left: DFF<Bits<16>>,
    owed: DFF<Bits<32>>,
    faulty: DFF<Bit>,
    tail: DFF<Bits<S>>,
    every: Parameter<Bits<S>>,
    last: Signal<Local, Bits<16>>,
    take: Signal<Local, Bit>,
    beat: Signal<Local, Bit>,
    dropped: Signal<Local, Bit>,
}

impl<const D: usize, const S: usize> Writer<D, S> {
    /// A writer with bursts of at most `most_beats` beats and a queue of 2^`depth_bits` beats, at least one burst.
    pub fn new(most_beats: usize, depth_bits: usize) -> Self {
        Self {
            splitter: BurstSplitter::new(S, most_beats),
            queue: Fifo::new(depth_bits),
            every: Parameter::new(Bits::<S>::mask()),
            ..Self::default()
        }
    }
}

impl<const D: usize, const S: usize> Logic for Writer<D, S> {
    #[hdl_gen]
    fn update(&mut self) {
        clock!(self, clock, splitter, queue);
        dff_setup!(self, clock, requested, sending, awaiting, at, left, owed, faulty, tail);
        self.splitter.reset.next = self.reset.val();
        self.splitter.start.next = self.start.val();
        self.splitter.address.next = self.address.val();
        self.splitter.beats.next = self.beats.val();
        self.splitter.abort.next = self.faulty.q.val();
        self.queue.reset.next = self.reset.val();
        self.queue.in_data.next = self.in_data.val();
        self.queue.in_valid.next = self.in_valid.val();
        self.in_ready.next = self.queue.in_ready.val();

        // bursts.
        self.take.next = (self.splitter.valid.val() & (self.queue.level.val() >= self.splitter.burst_beats.val()))
            & !((self.halt.val() | self.faulty.q.val()) | self.awaiting.q.val());
        self.splitter.take.next = self.take.val();
        if self.requested.q.val() & self.aw_ready.val() {
            self.requested.d.next = false;
            self.sending.d.next = true;
        }
        if self.take.val() {
            self.requested.d.next = true;
            self.awaiting.d.next = true;
            self.at.d.next = self.splitter.burst_address.val();
            self.left.d.next = self.splitter.burst_beats.val();
        }
        self.last.next = self.left.q.val() - 1;
        self.aw_valid.next = self.requested.q.val();
        self.aw_address.next = self.at.q.val();
        self.aw_length.next = self.last.val().get_bits::<8>(0);

        // beats.
        self.w_valid.next = self.sending.q.val() & self.queue.out_valid.val();
        self.w_data.next = self.queue.out_data.val();
        self.w_last.next = self.last.val() == 0;
        self.w_strobe.next = self.every.val();
        if self.owed.q.val() == 1 {
            self.w_strobe.next = self.tail.q.val();
        }
        self.beat.next = (self.sending.q.val() & self.queue.out_valid.val()) & self.w_ready.val();
        self.dropped.next = (self.faulty.q.val() & self.queue.out_valid.val()) & (self.owed.q.val() != 0);
        self.queue.out_ready.next = self.beat.val() | self.dropped.val();
        if self.beat.val() {
            self.left.d.next = self.last.val();
            if self.last.val() == 0 {
                self.sending.d.next = false;
            }
        }
        if self.beat.val() | self.dropped.val() {
            self.owed.d.next = self.owed.q.val() - 1;
        }

        // responses.
        if self.b_valid.val() {
            self.awaiting.d.next = false;
            if self.b_error.val() {
                self.faulty.d.next = true;
            }
        }

        if self.start.val() {
            self.owed.d.next = self.beats.val();
            self.tail.d.next = self.last_strobe.val();
            self.faulty.d.next = false;
        }
        if self.reset.val() {
            self.requested.d.next = false;
            self.sending.d.next = false;
            self.awaiting.d.next = false;
            self.owed.d.next = 0.into();
            self.faulty.d.next = false;
        }
        self.busy.next = (self.owed.q.val() != 0) | self.awaiting.q.val();
        self.pending.next = self.awaiting.q.val();
        self.fault.next = self.faulty.q.val();
        self.fault_address.next = self.at.q.val();
    }
}
