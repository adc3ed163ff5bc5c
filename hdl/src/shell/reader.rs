//! Reads a run of host memory into a stream.
//!
//! ```text
//! job ──> bursts ──> AR ··· R ──> queue ──> stream
//! ```
//!
//! Space in the queue is reserved before a burst is asked for, so the R channel never waits and readers cannot block each
//! other. Several bursts are under way at a time; a reader's bursts carry one identifier and come back in order.
//!
//! After an error response no further burst is asked for, and zeros stand in for what will not come: the consumer gets
//! as many words as it was promised and ends its job as usual, and the fault is reported beside it.

use rust_hdl::prelude::*;

use super::burst::BurstSplitter;
use super::fifo::Fifo;
use crate::leaf::Parameter;

/// A read engine for beats of `D` bits.
#[derive(LogicBlock, Default)]
#[allow(missing_docs)]
pub struct Reader<const D: usize> {
    pub clock: Signal<In, Clock>,
    pub reset: Signal<In, Bit>,
    /// No new bursts.
    pub halt: Signal<In, Bit>,
    /// A job: `beats` beats, at least one, from `address`, a multiple of a beat. Only while not `busy`.
    pub start: Signal<In, Bit>,
    pub address: Signal<In, Bits<64>>,
    pub beats: Signal<In, Bits<32>>,
    /// Words are still to be delivered.
    pub busy: Signal<Out, Bit>,
    /// Something is under way on the bus.
    pub pending: Signal<Out, Bit>,
    /// The job met an error response, first at this address. Holds until the next job.
    pub fault: Signal<Out, Bit>,
    pub fault_address: Signal<Out, Bits<64>>,
    pub ar_valid: Signal<Out, Bit>,
    pub ar_ready: Signal<In, Bit>,
    pub ar_address: Signal<Out, Bits<64>>,
    /// Beats less one.
    pub ar_length: Signal<Out, Bits<8>>,
    /// A beat for this reader; always taken.
    pub r_valid: Signal<In, Bit>,
    pub r_data: Signal<In, Bits<D>>,
    pub r_error: Signal<In, Bit>,
    pub out_data: Signal<Out, Bits<D>>,
    pub out_valid: Signal<Out, Bit>,
    pub out_ready: Signal<In, Bit>,
    splitter: BurstSplitter,
    queue: Fifo<Bits<D>>,
    requested: DFF<Bit>,
    request_address: DFF<Bits<64>>,
    request_beats: DFF<Bits<16>>,
    // Beats asked for that have not left the queue, and that have not come.
    reserved: DFF<Bits<16>>,
    awaited: DFF<Bits<16>>,
    // Beats that the consumer has not taken.
    owed: DFF<Bits<32>>,
    faulty: DFF<Bit>,
    fault_at: DFF<Bits<64>>,
    arriving: DFF<Bits<64>>,
    depth: Parameter<Bits<16>>,
    beat_bytes: Parameter<Bits<64>>,
    wanted: Signal<Local, Bits<16>>,
    asked: Signal<Local, Bits<16>>,
    last: Signal<Local, Bits<16>>,
    take: Signal<Local, Bit>,
    popped: Signal<Local, Bit>,
    absent: Signal<Local, Bit>,
    offered: Signal<Local, Bit>,
}

impl<const D: usize> Reader<D> {
    /// A reader with bursts of at most `most_beats` beats and a queue of 2^`depth_bits` beats, at least one burst.
    pub fn new(most_beats: usize, depth_bits: usize) -> Self {
        Self {
            splitter: BurstSplitter::new(D / 8, most_beats),
            queue: Fifo::new(depth_bits),
            depth: Parameter::new((1u64 << depth_bits).into()),
            beat_bytes: Parameter::new((D as u64 / 8).into()),
            ..Self::default()
        }
    }
}

impl<const D: usize> Logic for Reader<D> {
    #[hdl_gen]
    fn update(&mut self) {
        clock!(self, clock, splitter, queue);
        dff_setup!(
            self,
            clock,
            requested,
            request_address,
            request_beats,
            reserved,
            awaited,
            owed,
            faulty,
            fault_at,
            arriving
        );
        self.splitter.reset.next = self.reset.val();
        self.splitter.start.next = self.start.val();
        self.splitter.address.next = self.address.val();
        self.splitter.beats.next = self.beats.val();
        self.splitter.abort.next = self.faulty.q.val();
        self.queue.reset.next = self.reset.val();
        self.queue.in_data.next = self.r_data.val();
        self.queue.in_valid.next = self.r_valid.val();

        // requests.
        self.wanted.next = self.reserved.q.val() + self.splitter.burst_beats.val();
        self.take.next = (self.splitter.valid.val() & (self.wanted.val() <= self.depth.val()))
            & !(self.halt.val() | self.faulty.q.val());
        if self.requested.q.val() & !self.ar_ready.val() {
            self.take.next = false;
        }
        self.splitter.take.next = self.take.val();
        if self.ar_ready.val() {
            self.requested.d.next = false;
        }
        self.asked.next = 0.into();
        if self.take.val() {
            self.requested.d.next = true;
            self.request_address.d.next = self.splitter.burst_address.val();
            self.request_beats.d.next = self.splitter.burst_beats.val();
            self.asked.next = self.splitter.burst_beats.val();
        }
        self.last.next = self.request_beats.q.val() - 1;
        self.ar_valid.next = self.requested.q.val();
        self.ar_address.next = self.request_address.q.val();
        self.ar_length.next = self.last.val().get_bits::<8>(0);

        // responses.
        self.awaited.d.next = self.awaited.q.val() + self.asked.val();
        if self.r_valid.val() {
            self.awaited.d.next = self.awaited.q.val() + self.asked.val() - 1;
            self.arriving.d.next = self.arriving.q.val() + self.beat_bytes.val();
            if self.r_error.val() & !self.faulty.q.val() {
                self.faulty.d.next = true;
                self.fault_at.d.next = self.arriving.q.val();
            }
        }

        // words, or zeros for those that will not come.
        self.absent.next = (self.faulty.q.val() & (self.reserved.q.val() == 0)) & (self.owed.q.val() != 0);
        self.offered.next = self.queue.out_valid.val() | self.absent.val();
        self.out_valid.next = self.offered.val();
        self.out_data.next = 0.into();
        if self.queue.out_valid.val() {
            self.out_data.next = self.queue.out_data.val();
        }
        self.queue.out_ready.next = self.out_ready.val();
        self.popped.next = self.queue.out_valid.val() & self.out_ready.val();
        self.reserved.d.next = self.reserved.q.val() + self.asked.val();
        if self.popped.val() {
            self.reserved.d.next = self.reserved.q.val() + self.asked.val() - 1;
        }
        if self.offered.val() & self.out_ready.val() {
            self.owed.d.next = self.owed.q.val() - 1;
        }

        if self.start.val() {
            self.owed.d.next = self.beats.val();
            self.arriving.d.next = self.address.val();
            self.faulty.d.next = false;
        }
        if self.reset.val() {
            self.requested.d.next = false;
            self.reserved.d.next = 0.into();
            self.awaited.d.next = 0.into();
            self.owed.d.next = 0.into();
            self.faulty.d.next = false;
        }
        self.busy.next = self.owed.q.val() != 0;
        self.pending.next = self.requested.q.val() | (self.awaited.q.val() != 0);
        self.fault.next = self.faulty.q.val();
        self.fault_address.next = self.fault_at.q.val();
    }
}
