//! The hashes of a lane that have not been collected. It cannot overflow: the sequencer starts no pair without a place here.

use rust_hdl::prelude::*;

use super::config::{COUNTER_BITS, LaneConfig};
use super::datapath::RESULT_BITS;
use super::leaf::Memory;

/// First in, first out; a hash appears at the exit two cycles after it has come.
#[derive(LogicBlock)]
pub struct ResultQueue {
    pub clock: Signal<In, Clock>,
    pub reset: Signal<In, Bit>,
    pub in_data: Signal<In, Bits<RESULT_BITS>>,
    pub in_valid: Signal<In, Bit>,
    pub out_data: Signal<Out, Bits<RESULT_BITS>>,
    pub out_valid: Signal<Out, Bit>,
    pub out_ready: Signal<In, Bit>,
    places: Memory<Bits<RESULT_BITS>, COUNTER_BITS>,
    tail: DFF<Bits<COUNTER_BITS>>,
    /// The tail a cycle ago: what is before it can be read.
    written: DFF<Bits<COUNTER_BITS>>,
    head: DFF<Bits<COUNTER_BITS>>,
    filled: Signal<Local, Bit>,
    last: Constant<Bits<COUNTER_BITS>>,
}

impl ResultQueue {
    /// The queue of such a lane.
    pub fn new(config: &LaneConfig) -> Self {
        // One place more than it holds tells full from empty.
        let places = config.queue_capacity() + 1;
        Self {
            clock: Default::default(),
            reset: Default::default(),
            in_data: Default::default(),
            in_valid: Default::default(),
            out_data: Default::default(),
            out_valid: Default::default(),
            out_ready: Default::default(),
            places: Memory::new(places, config.shape),
            tail: Default::default(),
            written: Default::default(),
            head: Default::default(),
            filled: Default::default(),
            last: Constant::new((places as LiteralType - 1).into()),
        }
    }
}

impl Logic for ResultQueue {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, tail, written, head);
        self.places.clock.next = self.clock.val();
        self.places.write.next = self.in_valid.val();
        self.places.write_address.next = self.tail.q.val();
        self.places.write_data.next = self.in_data.val();
        if self.in_valid.val() {
            self.tail.d.next = self.tail.q.val() + 1;
            if self.tail.q.val() == self.last.val() {
                self.tail.d.next = 0.into();
            }
        }
        self.written.d.next = self.tail.q.val();

        self.filled.next = self.head.q.val() != self.written.q.val();
        self.out_valid.next = self.filled.val();
        self.out_data.next = self.places.read_data.val();
        self.places.read_address.next = self.head.q.val();
        if self.filled.val() & self.out_ready.val() {
            self.head.d.next = self.head.q.val() + 1;
            self.places.read_address.next = self.head.q.val() + 1;
            if self.head.q.val() == self.last.val() {
                self.head.d.next = 0.into();
                self.places.read_address.next = 0.into();
            }
        }
        if self.reset.val() {
            self.tail.d.next = 0.into();
            self.written.d.next = 0.into();
            self.head.d.next = 0.into();
        }
    }
}
