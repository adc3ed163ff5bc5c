//! A lane: threads, datapath and queue, as one block with a stream of pairs in and a stream of hashes out.

use rust_hdl::prelude::*;

use super::config::{COUNTER_BITS, LaneConfig};
use super::datapath::{Datapath, RESULT_BITS};
use super::queue::ResultQueue;
use super::schedule::Microprogram;
use super::sequencer::Sequencer;

/// Hashes pairs with one multiplier. A hash comes out below 2^255, not reduced further.
#[derive(LogicBlock)]
pub struct Lane {
    pub clock: Signal<In, Clock>,
    pub reset: Signal<In, Bit>,
    pub in_data: Signal<In, Bits<512>>,
    pub in_valid: Signal<In, Bit>,
    pub in_ready: Signal<Out, Bit>,
    pub out_data: Signal<Out, Bits<RESULT_BITS>>,
    pub out_valid: Signal<Out, Bit>,
    pub out_ready: Signal<In, Bit>,
    /// Pairs taken whose hash has not left.
    pub held: Signal<Out, Bits<COUNTER_BITS>>,
    sequencer: Sequencer,
    datapath: Datapath,
    queue: ResultQueue,
}

impl Lane {
    /// A lane that runs this program.
    pub fn new(config: &LaneConfig, program: &Microprogram) -> Self {
        Self {
            clock: Default::default(),
            reset: Default::default(),
            in_data: Default::default(),
            in_valid: Default::default(),
            in_ready: Default::default(),
            out_data: Default::default(),
            out_valid: Default::default(),
            out_ready: Default::default(),
            held: Default::default(),
            sequencer: Sequencer::new(config, program.instructions.len()),
            datapath: Datapath::new(config, program),
            queue: ResultQueue::new(config),
        }
    }
}

impl Logic for Lane {
    #[hdl_gen]
    fn update(&mut self) {
        clock!(self, clock, sequencer, datapath, queue);
        self.sequencer.reset.next = self.reset.val();
        self.datapath.reset.next = self.reset.val();
        self.queue.reset.next = self.reset.val();

        self.sequencer.offered.next = self.in_valid.val();
        self.in_ready.next = self.sequencer.ready.val();
        self.held.next = self.sequencer.held.val();

        self.datapath.pair.next = self.in_data.val();
        self.datapath.start.next = self.sequencer.start.val();
        self.datapath.issue.next = self.sequencer.issue.val();
        self.datapath.finish.next = self.sequencer.finish.val();
        self.datapath.slot.next = self.sequencer.slot.val();
        self.datapath.pc.next = self.sequencer.pc.val();

        self.queue.in_data.next = self.datapath.hash.val();
        self.queue.in_valid.next = self.datapath.hash_valid.val();
        self.out_data.next = self.queue.out_data.val();
        self.out_valid.next = self.queue.out_valid.val();
        self.queue.out_ready.next = self.out_ready.val();
        self.sequencer.left.next = self.queue.out_valid.val() & self.out_ready.val();
    }
}
