//! One slot memory and the toggle banks that say which of its slots are full.

use rust_hdl::prelude::*;

use super::ADDRESS_BITS;
use super::delay::Delay;
use super::memory::{SlotMemory, ToggleBank};

/// One slot memory with its valid bits: look-up in the first cycle, the decision and the access in the second.
#[derive(LogicBlock)]
#[allow(missing_docs)]
pub struct SlotUnit<const W: usize> {
    pub clock: Signal<In, Clock>,
    pub reset: Signal<In, Bit>,
    /// Zeroes the valid bits of a slot.
    pub clear: Signal<In, Bit>,
    pub clear_address: Signal<In, Bits<ADDRESS_BITS>>,
    /// First cycle: what arrives.
    pub insert: Signal<In, Bit>,
    pub take: Signal<In, Bit>,
    pub new_address: Signal<In, Bits<ADDRESS_BITS>>,
    pub result: Signal<In, Bit>,
    pub result_address: Signal<In, Bits<ADDRESS_BITS>>,
    /// Second cycle: its data, and what becomes of it.
    pub new_data: Signal<In, Bits<W>>,
    pub result_data: Signal<In, Bits<W>>,
    pub new_push: Signal<Out, Bit>,
    pub new_pop: Signal<Out, Bit>,
    pub result_push: Signal<Out, Bit>,
    pub result_pop: Signal<Out, Bit>,
    pub together: Signal<Out, Bit>,
    pub taken: Signal<Out, Bit>,
    /// The memory's latency later: what was popped.
    pub new_value: Signal<Out, Bits<W>>,
    pub result_value: Signal<Out, Bits<W>>,
    memory: SlotMemory<W>,
    new_bank: ToggleBank,
    result_bank: ToggleBank,
    inserted: Delay<Bit>,
    looked: Delay<Bit>,
    returned: Delay<Bit>,
    new_at: Delay<Bits<ADDRESS_BITS>>,
    result_at: Delay<Bits<ADDRESS_BITS>>,
    same: Signal<Local, Bit>,
    new_full: Signal<Local, Bit>,
    result_full: Signal<Local, Bit>,
    new_toggle: Signal<Local, Bit>,
    result_toggle: Signal<Local, Bit>,
}

impl<const W: usize> SlotUnit<W> {
    /// A unit of `slots` slots whose memory answers after `latency` cycles.
    pub fn new(slots: usize, latency: usize) -> Self {
        Self {
            clock: Signal::default(),
            reset: Signal::default(),
            clear: Signal::default(),
            clear_address: Signal::default(),
            insert: Signal::default(),
            take: Signal::default(),
            new_address: Signal::default(),
            result: Signal::default(),
            result_address: Signal::default(),
            new_data: Signal::default(),
            result_data: Signal::default(),
            new_push: Signal::default(),
            new_pop: Signal::default(),
            result_push: Signal::default(),
            result_pop: Signal::default(),
            together: Signal::default(),
            taken: Signal::default(),
            new_value: Signal::default(),
            result_value: Signal::default(),
            memory: SlotMemory::new(slots, latency),
            new_bank: ToggleBank::new(slots),
            result_bank: ToggleBank::new(slots),
            inserted: Delay::new(1),
            looked: Delay::new(1),
            returned: Delay::new(1),
            new_at: Delay::new(1),
            result_at: Delay::new(1),
            same: Signal::default(),
            new_full: Signal::default(),
            result_full: Signal::default(),
            new_toggle: Signal::default(),
            result_toggle: Signal::default(),
        }
    }
}

impl<const W: usize> Logic for SlotUnit<W> {
    #[hdl_gen]
    fn update(&mut self) {
        self.memory.clock.next = self.clock.val();
        self.memory.reset.next = self.reset.val();
        self.new_bank.clock.next = self.clock.val();
        self.new_bank.reset.next = self.reset.val();
        self.result_bank.clock.next = self.clock.val();
        self.result_bank.reset.next = self.reset.val();
        self.inserted.clock.next = self.clock.val();
        self.looked.clock.next = self.clock.val();
        self.returned.clock.next = self.clock.val();
        self.new_at.clock.next = self.clock.val();
        self.result_at.clock.next = self.clock.val();

        self.new_bank.new_address.next = self.new_address.val();
        self.new_bank.result_address.next = self.result_address.val();
        self.result_bank.new_address.next = self.new_address.val();
        self.result_bank.result_address.next = self.result_address.val();
        self.inserted.d.next = self.insert.val() & !self.clear.val();
        self.looked.d.next = self.take.val() & !self.clear.val();
        self.returned.d.next = self.result.val() & !self.clear.val();
        self.new_at.d.next = self.new_address.val();
        self.result_at.d.next = self.result_address.val();

        self.same.next =
            (self.inserted.q.val() & self.returned.q.val()) & (self.new_at.q.val() == self.result_at.q.val());
        self.new_full.next = self.new_bank.new_bit.val() ^ self.result_bank.new_bit.val();
        self.result_full.next = self.new_bank.result_bit.val() ^ self.result_bank.result_bit.val();
        self.new_toggle.next = (self.inserted.q.val() & !self.same.val()) | (self.looked.q.val() & self.new_full.val());
        self.result_toggle.next = self.returned.q.val() & !self.same.val();

        self.new_bank.write.next = self.clear.val() | self.new_toggle.val();
        self.new_bank.write_address.next = self.new_at.q.val();
        self.new_bank.write_bit.next = !self.new_bank.new_bit.val();
        self.result_bank.write.next = self.clear.val() | self.result_toggle.val();
        self.result_bank.write_address.next = self.result_at.q.val();
        self.result_bank.write_bit.next = !self.result_bank.result_bit.val();
        if self.clear.val() {
            self.new_bank.write_address.next = self.clear_address.val();
            self.new_bank.write_bit.next = false;
            self.result_bank.write_address.next = self.clear_address.val();
            self.result_bank.write_bit.next = false;
        }

        self.memory.new_enable.next = self.new_toggle.val();
        self.memory.new_write.next = self.inserted.q.val() & !self.new_full.val();
        self.memory.new_address.next = self.new_at.q.val();
        self.memory.new_data.next = self.new_data.val();
        self.memory.result_enable.next = self.result_toggle.val();
        self.memory.result_write.next = !self.result_full.val();
        self.memory.result_address.next = self.result_at.q.val();
        self.memory.result_data.next = self.result_data.val();

        self.together.next = self.same.val();
        self.new_push.next = (self.inserted.q.val() & !self.same.val()) & !self.new_full.val();
        self.new_pop.next = (self.inserted.q.val() & !self.same.val()) & self.new_full.val();
        self.result_push.next = self.result_toggle.val() & !self.result_full.val();
        self.result_pop.next = self.result_toggle.val() & self.result_full.val();
        self.taken.next = self.looked.q.val() & self.new_full.val();
        self.new_value.next = self.memory.new_value.val();
        self.result_value.next = self.memory.result_value.val();
    }
}
