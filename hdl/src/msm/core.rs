//! The engine but for its adder: intake, digits, slots, pair queues, reduction.
//!
//! One new item may start a cycle, or every twelve cycles if points cross limb by limb: an item of the reduction if there is
//! one, otherwise a digit. Neither starts while the pair queue has no room, and a digit waits while its memory's port reads a
//! slot out. A count per context of items that are on their way says when all its sums have come to rest.

use rust_hdl::prelude::*;

use super::config::{MsmConfig, WORD_BITS};
use super::delay::{Delay, Register};
use super::digits::{Bases, DigitQueue, NewItems, Recoder};
use super::intake::{Intake, PASS_BITS};
use super::pairs::PairQueues;
use super::reduce::Reducer;
use super::slots::Slots;
use super::{ADDRESS_BITS, PLACE_BITS, TAG_BITS, words};

/// Bits of the count of items on their way.
const COUNT_BITS: usize = 16;

/// The engine but for its adder.
#[derive(LogicBlock)]
#[allow(missing_docs)]
pub struct MsmCore<const W: usize, const B: usize, const U: usize> {
    pub clock: Signal<In, Clock>,
    pub reset: Signal<In, Bit>,
    pub pass_data: Signal<In, Bits<PASS_BITS>>,
    pub pass_valid: Signal<In, Bit>,
    pub pass_ready: Signal<Out, Bit>,
    pub base_data: Signal<In, Bits<B>>,
    pub base_valid: Signal<In, Bit>,
    pub base_ready: Signal<Out, Bit>,
    pub scalar_data: Signal<In, Bits<WORD_BITS>>,
    pub scalar_valid: Signal<In, Bit>,
    pub scalar_ready: Signal<Out, Bit>,
    pub sum_data: Signal<Out, Bits<U>>,
    pub sum_last: Signal<Out, Bit>,
    pub sum_valid: Signal<Out, Bit>,
    pub sum_ready: Signal<In, Bit>,
    pub done_data: Signal<Out, Bits<192>>,
    pub done_valid: Signal<Out, Bit>,
    pub done_ready: Signal<In, Bit>,
    /// To and from the adder.
    pub pair_valid: Signal<Out, Bit>,
    pub pair_ready: Signal<In, Bit>,
    pub pair_left: Signal<Out, Bits<W>>,
    pub pair_right: Signal<Out, Bits<W>>,
    pub pair_tag: Signal<Out, Bits<TAG_BITS>>,
    pub result_valid: Signal<In, Bit>,
    pub result_point: Signal<In, Bits<W>>,
    pub result_tag: Signal<In, Bits<TAG_BITS>>,
    /// For whoever looks at a stuck engine.
    pub state: Signal<Out, Bits<128>>,
    pub clean: Signal<Out, Bit>,
    pub running: Signal<Out, Bit>,
    pub overflow: Signal<Out, Bit>,
    intake: Intake,
    bases: Bases<B>,
    recoder: Recoder<B>,
    digits: DigitQueue<B>,
    items: NewItems<W, B>,
    slots: Slots<W>,
    pairs: PairQueues<W>,
    reducer: Reducer<W, U>,
    now: Register<Bits<48>>,
    way_0: Register<Bits<COUNT_BITS>>,
    way_1: Register<Bits<COUNT_BITS>>,
    /// The word that may pass where points begin.
    word: Register<Bits<PLACE_BITS>>,
    last_word: Constant<Bits<PLACE_BITS>>,
    begins: Signal<Local, Bit>,
    take: Delay<Bit>,
    take_unit: Delay<Bit>,
    take_address: Delay<Bits<ADDRESS_BITS>>,
    reduce_goes: Signal<Local, Bit>,
    digit_goes: Signal<Local, Bit>,
    come_0: Signal<Local, Bits<COUNT_BITS>>,
    come_1: Signal<Local, Bits<COUNT_BITS>>,
    gone_0: Signal<Local, Bits<COUNT_BITS>>,
    gone_1: Signal<Local, Bits<COUNT_BITS>>,
    also_gone_0: Signal<Local, Bits<COUNT_BITS>>,
    also_gone_1: Signal<Local, Bits<COUNT_BITS>>,
}

impl<const W: usize, const B: usize, const U: usize> MsmCore<W, B, U> {
    /// The engine of a configuration.
    pub fn new(config: &MsmConfig) -> Self {
        Self {
            clock: Signal::default(),
            reset: Signal::default(),
            pass_data: Signal::default(),
            pass_valid: Signal::default(),
            pass_ready: Signal::default(),
            base_data: Signal::default(),
            base_valid: Signal::default(),
            base_ready: Signal::default(),
            scalar_data: Signal::default(),
            scalar_valid: Signal::default(),
            scalar_ready: Signal::default(),
            sum_data: Signal::default(),
            sum_last: Signal::default(),
            sum_valid: Signal::default(),
            sum_ready: Signal::default(),
            done_data: Signal::default(),
            done_valid: Signal::default(),
            done_ready: Signal::default(),
            pair_valid: Signal::default(),
            pair_ready: Signal::default(),
            pair_left: Signal::default(),
            pair_right: Signal::default(),
            pair_tag: Signal::default(),
            result_valid: Signal::default(),
            result_point: Signal::default(),
            result_tag: Signal::default(),
            state: Signal::default(),
            clean: Signal::default(),
            running: Signal::default(),
            overflow: Signal::default(),
            now: Register::default(),
            way_0: Register::default(),
            way_1: Register::default(),
            word: Register::default(),
            last_word: Constant::new((words(W) - 1).to_bits()),
            begins: Signal::default(),
            reduce_goes: Signal::default(),
            digit_goes: Signal::default(),
            come_0: Signal::default(),
            come_1: Signal::default(),
            gone_0: Signal::default(),
            gone_1: Signal::default(),
            also_gone_0: Signal::default(),
            also_gone_1: Signal::default(),
            intake: Intake::new(config),
            bases: Bases::new(),
            recoder: Recoder::new(config),
            digits: DigitQueue::new(config),
            items: NewItems::new(config),
            slots: Slots::new(config),
            pairs: PairQueues::new(config.pair_depth, config.on_the_way()),
            reducer: Reducer::new(config),
            take: Delay::new(2),
            take_unit: Delay::new(2),
            take_address: Delay::new(2),
        }
    }
}

impl<const W: usize, const B: usize, const U: usize> Logic for MsmCore<W, B, U> {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, now, way_0, way_1, word);
        clock!(
            self,
            clock,
            intake,
            bases,
            recoder,
            digits,
            items,
            slots,
            pairs,
            reducer,
            take,
            take_unit,
            take_address
        );
        self.intake.reset.next = self.reset.val();
        self.bases.reset.next = self.reset.val();
        self.recoder.reset.next = self.reset.val();
        self.digits.reset.next = self.reset.val();
        self.items.reset.next = self.reset.val();
        self.slots.reset.next = self.reset.val();
        self.pairs.reset.next = self.reset.val();
        self.reducer.reset.next = self.reset.val();
        self.now.d.next = self.now.q.val() + 1;

        // points in
        self.intake.clean.next = self.slots.clean.val();
        self.intake.now.next = self.now.q.val();
        self.intake.pass_data.next = self.pass_data.val();
        self.intake.pass_valid.next = self.pass_valid.val();
        self.pass_ready.next = self.intake.pass_ready.val();
        self.bases.data.next = self.base_data.val();
        self.bases.valid.next = self.base_valid.val();
        self.base_ready.next = self.bases.ready.val();
        self.intake.base_valid.next = self.bases.here.val();
        self.bases.taken.next = self.intake.base_ready.val();
        self.intake.scalar_valid.next = self.scalar_valid.val();
        self.scalar_ready.next = self.intake.scalar_ready.val();
        self.recoder.valid.next = self.intake.accept.val();
        self.recoder.scalar.next = self.scalar_data.val();
        self.recoder.base.next = self.base_data.val();
        self.recoder.finite.next = self.bases.finite.val();
        self.recoder.group.next = self.intake.group.val();
        self.recoder.windows.next = self.intake.windows.val();
        self.digits.push.next = self.recoder.out_valid.val();
        self.digits.digits.next = self.recoder.out_digits.val();
        self.digits.pending.next = self.recoder.out_pending.val();
        self.digits.base.next = self.recoder.out_base.val();
        self.digits.base_write.next = self.bases.write.val();
        self.digits.base_taken.next = self.bases.here.val() & self.intake.base_ready.val();
        self.digits.base_place.next = self.bases.place.val();
        self.digits.group.next = self.recoder.out_group.val();
        self.intake.room.next = self.digits.room.val();
        self.intake.idle.next = self.digits.idle.val() & !self.recoder.busy.val();

        // what starts in this cycle
        self.begins.next = self.word.q.val() == 0;
        self.word.d.next = self.word.q.val() + 1;
        if self.word.q.val() == self.last_word.val() {
            self.word.d.next = 0.into();
        }
        self.reducer.beat.next = self.begins.val();
        self.reduce_goes.next = (self.reducer.item_valid.val() & self.pairs.room.val()) & self.begins.val();
        self.digit_goes.next = (((self.digits.valid.val() & self.pairs.room.val()) & self.begins.val())
            & !self.reduce_goes.val())
            & !(self.reducer.take.val() & (self.reducer.take_unit.val() == self.intake.filling.val()));
        self.digits.take.next = self.digit_goes.val();
        self.intake.digit.next = self.digit_goes.val();
        self.reducer.item_taken.next = self.reduce_goes.val();
        self.items.filling.next = self.intake.filling.val();
        self.items.digit_valid.next = self.digits.out_valid.val();
        self.items.digit.next = self.digits.out_digit.val();
        self.items.group.next = self.digits.out_group.val();
        self.items.base.next = self.digits.out_base.val();
        self.items.sum_valid.next = self.reduce_goes.val();
        self.items.sum_tag.next = self.reducer.item_tag.val();
        self.items.sum.next = self.reducer.item_point.val();
        self.take.d.next = self.reducer.take.val();
        self.take_unit.d.next = self.reducer.take_unit.val();
        self.take_address.d.next = self.reducer.take_address.val();

        // slots
        self.slots.new_valid.next = self.items.valid.val();
        self.slots.new_tag.next = self.items.tag.val();
        self.slots.new_point.next = self.items.point.val();
        self.slots.take_valid.next = self.take.q.val();
        self.slots.take_unit.next = self.take_unit.q.val();
        self.slots.take_address.next = self.take_address.q.val();
        self.slots.result_valid.next = self.result_valid.val();
        self.slots.result_tag.next = self.result_tag.val();
        self.slots.result_point.next = self.result_point.val();
        self.pairs.new_push.next = self.slots.new_pair.val();
        self.pairs.new_tag.next = self.slots.new_pair_tag.val();
        self.pairs.new_left.next = self.slots.new_pair_left.val();
        self.pairs.new_right.next = self.slots.new_pair_right.val();
        self.pairs.result_push.next = self.slots.result_pair.val();
        self.pairs.result_tag.next = self.slots.result_pair_tag.val();
        self.pairs.result_left.next = self.slots.result_pair_left.val();
        self.pairs.result_right.next = self.slots.result_pair_right.val();
        self.pair_valid.next = self.pairs.valid.val();
        self.pair_tag.next = self.pairs.tag.val();
        self.pair_left.next = self.pairs.left.val();
        self.pair_right.next = self.pairs.right.val();
        self.pairs.ready.next = self.pair_ready.val();

        // items on their way
        self.come_0.next = 0.into();
        self.come_1.next = 0.into();
        if self.digit_goes.val() {
            if self.intake.filling.val() {
                self.come_1.next = 1.into();
            } else {
                self.come_0.next = 1.into();
            }
        }
        if self.reduce_goes.val() {
            if self.reducer.emptying.val() {
                self.come_1.next = 1.into();
            } else {
                self.come_0.next = 1.into();
            }
        }
        self.gone_0.next = 0.into();
        self.gone_1.next = 0.into();
        self.also_gone_0.next = 0.into();
        self.also_gone_1.next = 0.into();
        if self.slots.new_rested.val() {
            if self.slots.new_context.val() {
                self.gone_1.next = 1.into();
            } else {
                self.gone_0.next = 1.into();
            }
        }
        if self.slots.result_left.val() {
            if self.slots.result_context.val() {
                self.also_gone_1.next = 1.into();
            } else {
                self.also_gone_0.next = 1.into();
            }
        }
        self.way_0.d.next = (self.way_0.q.val() + self.come_0.val()) - (self.gone_0.val() + self.also_gone_0.val());
        self.way_1.d.next = (self.way_1.q.val() + self.come_1.val()) - (self.gone_1.val() + self.also_gone_1.val());

        // reduction
        self.reducer.now.next = self.now.q.val();
        self.reducer.filled_0.next = self.intake.filled_0.val();
        self.reducer.filled_1.next = self.intake.filled_1.val();
        self.reducer.resting_0.next = !self.way_0.q.val().any();
        self.reducer.resting_1.next = !self.way_1.q.val().any();
        self.reducer.groups_0.next = self.intake.groups_0.val();
        self.reducer.groups_1.next = self.intake.groups_1.val();
        self.reducer.digits_0.next = self.intake.digits_0.val();
        self.reducer.digits_1.next = self.intake.digits_1.val();
        self.reducer.began_0.next = self.intake.began_0.val();
        self.reducer.began_1.next = self.intake.began_1.val();
        self.intake.freed.next = self.reducer.frees.val();
        self.intake.freed_context.next = self.reducer.emptying.val();
        self.reducer.answer.next = self.slots.answer.val();
        self.reducer.answer_full.next = self.slots.answer_full.val();
        self.reducer.answer_address.next = self.slots.answer_address.val();
        self.reducer.answer_point.next = self.slots.answer_point.val();
        self.sum_data.next = self.reducer.out_data.val();
        self.sum_last.next = self.reducer.out_last.val();
        self.sum_valid.next = self.reducer.out_valid.val();
        self.reducer.out_ready.next = self.sum_ready.val();
        self.done_data.next = self.reducer.done_data.val();
        self.done_valid.next = self.reducer.done_valid.val();
        self.reducer.done_ready.next = self.done_ready.val();

        if self.reset.val() {
            self.way_0.d.next = 0.into();
            self.way_1.d.next = 0.into();
        }
        // state: points left, digits, pairs of new items and of results, items on their way, cursor, phase
        self.state.next = ((((bit_cast::<128, 32>(self.intake.left.val())
            | (bit_cast::<128, 8>(self.digits.count.val()) << 32))
            | (bit_cast::<128, 8>(self.pairs.new_count.val()) << 40))
            | (bit_cast::<128, 8>(self.pairs.result_count.val()) << 48))
            | (bit_cast::<128, COUNT_BITS>(self.way_0.q.val()) << 56))
            | (((bit_cast::<128, COUNT_BITS>(self.way_1.q.val()) << 72)
                | (bit_cast::<128, ADDRESS_BITS>(self.reducer.cursor.val()) << 88))
                | (bit_cast::<128, 4>(self.reducer.phase.val()) << 106));
        self.clean.next = self.slots.clean.val();
        self.running.next = self.intake.running.val();
        self.overflow.next = self.pairs.overflow.val();
    }
}
