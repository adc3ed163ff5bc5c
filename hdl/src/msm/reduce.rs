//! Bucket reduction: the grouped sum again, by row and by column.
//!
//! When all sums of a context have come to rest, its slots are read out in order, and each sum returns as two new
//! items: one for the tag of its row and one for the tag of its column, in the context's next level. Items whose weight
//! is zero are left out. After one or two such passes, the slots of the last level leave as a stream, in order, empty
//! slots as zeros.

use rust_hdl::prelude::*;

use super::config::MsmConfig;
use super::delay::Register;
use super::sum_queue::SumQueue;
use super::{ADDRESS_BITS, TAG_BITS};

/// What the reducer does.
#[derive(Copy, Clone, Debug, PartialEq, LogicState)]
pub enum Phase {
    /// Waits for a context whose sums are at rest.
    Wait,
    /// Reads a level out and inserts into the next.
    Reduce,
    /// Reads the last level out to the stream.
    Send,
    /// Offers the pass's counters.
    Report,
}

/// Walks a context's levels.
#[derive(LogicBlock)]
#[allow(missing_docs)]
pub struct Reducer<const W: usize, const U: usize> {
    pub clock: Signal<In, Clock>,
    pub reset: Signal<In, Bit>,
    pub now: Signal<In, Bits<48>>,
    /// High in the cycles in which a point may begin.
    pub beat: Signal<In, Bit>,
    /// The context in turn: filled, and nothing of it on its way.
    pub filled_0: Signal<In, Bit>,
    pub filled_1: Signal<In, Bit>,
    pub resting_0: Signal<In, Bit>,
    pub resting_1: Signal<In, Bit>,
    pub groups_0: Signal<In, Bits<8>>,
    pub groups_1: Signal<In, Bits<8>>,
    pub digits_0: Signal<In, Bits<48>>,
    pub digits_1: Signal<In, Bits<48>>,
    pub began_0: Signal<In, Bits<48>>,
    pub began_1: Signal<In, Bits<48>>,
    pub frees: Signal<Out, Bit>,
    pub emptying: Signal<Out, Bit>,
    /// A slot to read out; taken in the same cycle.
    pub take: Signal<Out, Bit>,
    pub take_unit: Signal<Out, Bit>,
    pub take_address: Signal<Out, Bits<ADDRESS_BITS>>,
    /// The slots' answers.
    pub answer: Signal<In, Bit>,
    pub answer_full: Signal<In, Bit>,
    pub answer_address: Signal<In, Bits<ADDRESS_BITS>>,
    pub answer_point: Signal<In, Bits<W>>,
    /// An item to insert.
    pub item_valid: Signal<Out, Bit>,
    pub item_taken: Signal<In, Bit>,
    pub item_tag: Signal<Out, Bits<TAG_BITS>>,
    pub item_point: Signal<Out, Bits<W>>,
    /// The sums that leave, word by word.
    pub out_data: Signal<Out, Bits<U>>,
    pub out_last: Signal<Out, Bit>,
    pub out_valid: Signal<Out, Bit>,
    pub out_ready: Signal<In, Bit>,
    /// Counters of a finished pass: digits, cycles to rest, cycles of reduction.
    pub done_data: Signal<Out, Bits<192>>,
    pub done_valid: Signal<Out, Bit>,
    pub done_ready: Signal<In, Bit>,
    /// For the eye: the phase and the next slot.
    pub phase: Signal<Out, Bits<4>>,
    pub cursor: Signal<Out, Bits<ADDRESS_BITS>>,
    state: Register<Phase>,
    turn: Register<Bit>,
    level: Register<Bits<2>>,
    next_slot: Register<Bits<ADDRESS_BITS>>,
    end_slot: Register<Bits<ADDRESS_BITS>>,
    outstanding: Register<Bits<5>>,
    lower: Register<Bit>,
    rested: Register<Bits<48>>,
    ended: Register<Bits<48>>,
    sums: SumQueue<W, U>,
    alternate: Constant<Bit>,
    reductions: Constant<Bits<2>>,
    bucket_bits: Constant<Bits<ADDRESS_BITS>>,
    bucket_mask: Constant<Bits<ADDRESS_BITS>>,
    column_bits: Constant<Bits<ADDRESS_BITS>>,
    column_mask: Constant<Bits<ADDRESS_BITS>>,
    columns_at: Constant<Bits<ADDRESS_BITS>>,
    second_bits: Constant<Bits<ADDRESS_BITS>>,
    second_base: Constant<Bits<ADDRESS_BITS>>,
    row_mask: Constant<Bits<ADDRESS_BITS>>,
    low_bits: Constant<Bits<ADDRESS_BITS>>,
    low_mask: Constant<Bits<ADDRESS_BITS>>,
    low_at: Constant<Bits<ADDRESS_BITS>>,
    of_columns_at: Constant<Bits<ADDRESS_BITS>>,
    third_bits: Constant<Bits<ADDRESS_BITS>>,
    ready: Signal<Local, Bit>,
    groups: Signal<Local, Bits<ADDRESS_BITS>>,
    digits: Signal<Local, Bits<64>>,
    began: Signal<Local, Bits<48>>,
    resting: Signal<Local, Bit>,
    offset: Signal<Local, Bits<ADDRESS_BITS>>,
    group: Signal<Local, Bits<ADDRESS_BITS>>,
    number: Signal<Local, Bits<ADDRESS_BITS>>,
    of_columns: Signal<Local, Bit>,
    upper_part: Signal<Local, Bits<ADDRESS_BITS>>,
    lower_part: Signal<Local, Bits<ADDRESS_BITS>>,
    target: Signal<Local, Bits<ADDRESS_BITS>>,
    upper_target: Signal<Local, Bits<ADDRESS_BITS>>,
    lower_target: Signal<Local, Bits<ADDRESS_BITS>>,
    use_upper: Signal<Local, Bit>,
    use_lower: Signal<Local, Bit>,
    select_lower: Signal<Local, Bit>,
    target_unit: Signal<Local, Bit>,
    address: Signal<Local, Bits<ADDRESS_BITS>>,
    pop: Signal<Local, Bit>,
    missed: Signal<Local, Bit>,
    walking: Signal<Local, Bit>,
    place: Signal<Local, Bits<ADDRESS_BITS>>,
    where_to: Signal<Local, Bits<TAG_BITS>>,
    come: Signal<Local, Bits<5>>,
    gone: Signal<Local, Bits<5>>,
    drained: Signal<Local, Bit>,
    spent: Signal<Local, Bits<48>>,
    reducing: Signal<Local, Bits<48>>,
}

impl<const W: usize, const U: usize> Reducer<W, U> {
    /// The reducer of an engine.
    pub fn new(config: &MsmConfig) -> Self {
        let word = |value: usize| Constant::new(value.to_bits());
        Self {
            clock: Signal::default(),
            reset: Signal::default(),
            now: Signal::default(),
            beat: Signal::default(),
            filled_0: Signal::default(),
            filled_1: Signal::default(),
            resting_0: Signal::default(),
            resting_1: Signal::default(),
            groups_0: Signal::default(),
            groups_1: Signal::default(),
            digits_0: Signal::default(),
            digits_1: Signal::default(),
            began_0: Signal::default(),
            began_1: Signal::default(),
            frees: Signal::default(),
            emptying: Signal::default(),
            take: Signal::default(),
            take_unit: Signal::default(),
            take_address: Signal::default(),
            answer: Signal::default(),
            answer_full: Signal::default(),
            answer_address: Signal::default(),
            answer_point: Signal::default(),
            item_valid: Signal::default(),
            item_taken: Signal::default(),
            item_tag: Signal::default(),
            item_point: Signal::default(),
            out_data: Signal::default(),
            out_last: Signal::default(),
            out_valid: Signal::default(),
            out_ready: Signal::default(),
            done_data: Signal::default(),
            done_valid: Signal::default(),
            done_ready: Signal::default(),
            phase: Signal::default(),
            cursor: Signal::default(),
            state: Register::default(),
            turn: Register::default(),
            level: Register::default(),
            next_slot: Register::default(),
            end_slot: Register::default(),
            outstanding: Register::default(),
            lower: Register::default(),
            rested: Register::default(),
            ended: Register::default(),
            ready: Signal::default(),
            groups: Signal::default(),
            digits: Signal::default(),
            began: Signal::default(),
            resting: Signal::default(),
            offset: Signal::default(),
            group: Signal::default(),
            number: Signal::default(),
            of_columns: Signal::default(),
            upper_part: Signal::default(),
            lower_part: Signal::default(),
            target: Signal::default(),
            upper_target: Signal::default(),
            lower_target: Signal::default(),
            use_upper: Signal::default(),
            use_lower: Signal::default(),
            select_lower: Signal::default(),
            target_unit: Signal::default(),
            address: Signal::default(),
            pop: Signal::default(),
            missed: Signal::default(),
            walking: Signal::default(),
            place: Signal::default(),
            where_to: Signal::default(),
            come: Signal::default(),
            gone: Signal::default(),
            drained: Signal::default(),
            spent: Signal::default(),
            reducing: Signal::default(),
            sums: SumQueue::new(),
            alternate: Constant::new(config.alternate),
            reductions: Constant::new(config.reductions.to_bits()),
            bucket_bits: word(config.bucket_bits()),
            bucket_mask: word(config.buckets() - 1),
            column_bits: word(config.column_bits()),
            column_mask: word((1 << config.column_bits()) - 1),
            columns_at: word(1 << config.row_bits()),
            second_bits: word(config.second_bits()),
            second_base: word(config.second_base()),
            row_mask: word((1 << config.row_bits()) - 1),
            low_bits: word(config.low_bits()),
            low_mask: word((1 << config.low_bits()) - 1),
            low_at: word(1 << config.high_bits()),
            of_columns_at: word(2 << config.high_bits()),
            third_bits: word(config.third_bits()),
        }
    }
}

impl<const W: usize, const U: usize> Logic for Reducer<W, U> {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, state, turn, level, next_slot, end_slot, outstanding, lower, rested, ended);
        self.sums.clock.next = self.clock.val();
        self.sums.reset.next = self.reset.val();

        // the context in turn
        self.ready.next = self.filled_0.val() & self.resting_0.val();
        self.resting.next = self.resting_0.val();
        self.groups.next = bit_cast::<ADDRESS_BITS, 8>(self.groups_0.val());
        self.digits.next = bit_cast::<64, 48>(self.digits_0.val());
        self.began.next = self.began_0.val();
        if self.turn.q.val() {
            self.ready.next = self.filled_1.val() & self.resting_1.val();
            self.resting.next = self.resting_1.val();
            self.groups.next = bit_cast::<ADDRESS_BITS, 8>(self.groups_1.val());
            self.digits.next = bit_cast::<64, 48>(self.digits_1.val());
            self.began.next = self.began_1.val();
        }

        // two items of the sum at the queue's head: level 1 holds buckets, level 2 rows and columns
        self.address.next = self.sums.out_address.val();
        self.offset.next = self.address.val() - self.second_base.val();
        if self.level.q.val() == 1 {
            self.group.next = self.address.val() >> self.bucket_bits.val();
            self.number.next = self.address.val() & self.bucket_mask.val();
            self.of_columns.next = true;
            self.upper_part.next = self.number.val() >> self.column_bits.val();
            self.lower_part.next = self.number.val() & self.column_mask.val();
            self.target.next = self.second_base.val() + (self.group.val() << self.second_bits.val());
            self.upper_target.next = self.target.val() + self.upper_part.val();
            self.lower_target.next = (self.target.val() + self.columns_at.val()) + self.lower_part.val();
        } else {
            self.group.next = self.offset.val() >> self.second_bits.val();
            self.number.next = self.offset.val() & self.row_mask.val();
            self.of_columns.next = (self.offset.val() & self.columns_at.val()).any();
            self.upper_part.next = self.number.val() >> self.low_bits.val();
            self.lower_part.next = self.number.val() & self.low_mask.val();
            self.target.next = self.group.val() << self.third_bits.val();
            if self.of_columns.val() {
                self.target.next = (self.group.val() << self.third_bits.val()) + self.of_columns_at.val();
            }
            self.upper_target.next = self.target.val() + self.upper_part.val();
            self.lower_target.next = (self.target.val() + self.low_at.val()) + self.lower_part.val();
        }
        self.use_upper.next = self.upper_part.val().any();
        self.use_lower.next = self.lower_part.val().any() | self.of_columns.val();
        self.select_lower.next = self.lower.q.val() | !self.use_upper.val();
        self.target_unit.next = self.turn.q.val() ^ self.level.q.val().get_bit(0);
        self.item_valid.next = self.sums.valid.val() & (self.state.q.val() == Phase::Reduce);
        self.item_point.next = self.sums.out_point.val();
        self.place.next = self.upper_target.val();
        if self.select_lower.val() {
            self.place.next = self.lower_target.val();
        }
        if self.turn.q.val() {
            self.where_to.next = 2.into();
            if self.target_unit.val() {
                self.where_to.next = 3.into();
            }
        } else {
            self.where_to.next = 0.into();
            if self.target_unit.val() {
                self.where_to.next = 1.into();
            }
        }
        self.item_tag.next = (bit_cast::<TAG_BITS, ADDRESS_BITS>(self.place.val()) << 2) | self.where_to.val();

        // the queue's head leaves after its last item, or as a sum that is sent
        self.out_data.next = self.sums.out_word.val();
        self.out_valid.next = self.sums.valid.val() & (self.state.q.val() == Phase::Send);
        self.out_last.next = (self.address.val() == (self.end_slot.q.val() - 1)) & self.sums.last_word.val();
        self.sums.sent.next = self.out_valid.val() & self.out_ready.val();
        self.pop.next = (self.out_valid.val() & self.out_ready.val()) & self.sums.last_word.val();
        if self.item_valid.val() & self.item_taken.val() {
            self.pop.next = self.select_lower.val() | !self.use_lower.val();
            self.lower.d.next = !self.pop.val();
        }
        self.sums.start.next = self.item_valid.val() & self.item_taken.val();
        self.sums.pop.next = self.pop.val();

        // read-out
        self.walking.next = (self.state.q.val() == Phase::Reduce) | (self.state.q.val() == Phase::Send);
        self.take.next = ((self.beat.val() & self.walking.val()) & (self.next_slot.q.val() != self.end_slot.q.val()))
            & !self.outstanding.q.val().get_bit(4);
        self.take_unit.next = !self.target_unit.val();
        self.take_address.next = self.next_slot.q.val();
        if self.take.val() {
            self.next_slot.d.next = self.next_slot.q.val() + 1;
        }
        self.missed.next = (self.answer.val() & !self.answer_full.val()) & (self.state.q.val() == Phase::Reduce);
        self.sums.push.next = self.answer.val() & !self.missed.val();
        self.sums.full.next = self.answer_full.val();
        self.sums.address.next = self.answer_address.val();
        self.sums.point.next = self.answer_point.val();
        self.come.next = 0.into();
        if self.take.val() {
            self.come.next = 1.into();
        }
        self.gone.next = 0.into();
        if self.missed.val() ^ self.pop.val() {
            self.gone.next = 1.into();
        }
        if self.missed.val() & self.pop.val() {
            self.gone.next = 2.into();
        }
        self.outstanding.d.next = (self.outstanding.q.val() + self.come.val()) - self.gone.val();
        self.drained.next =
            ((self.next_slot.q.val() == self.end_slot.q.val()) & !self.outstanding.q.val().any()) & self.resting.val();

        // levels
        self.frees.next = false;
        match self.state.q.val() {
            Phase::Wait => {
                if self.ready.val() {
                    self.state.d.next = Phase::Reduce;
                    self.level.d.next = 1.into();
                    self.next_slot.d.next = 0.into();
                    self.end_slot.d.next = self.groups.val() << self.bucket_bits.val();
                    self.rested.d.next = self.now.val();
                }
            }
            Phase::Reduce => {
                if self.drained.val() {
                    self.level.d.next = self.level.q.val() + 1;
                    if self.level.q.val() == self.reductions.val() {
                        self.state.d.next = Phase::Send;
                    }
                    if self.level.q.val() == 1 {
                        self.next_slot.d.next = self.second_base.val();
                        self.end_slot.d.next = self.second_base.val() + (self.groups.val() << self.second_bits.val());
                    } else {
                        self.next_slot.d.next = 0.into();
                        self.end_slot.d.next = self.groups.val() << self.third_bits.val();
                    }
                }
            }
            Phase::Send => {
                if self.drained.val() {
                    self.state.d.next = Phase::Report;
                    self.ended.d.next = self.now.val();
                }
            }
            Phase::Report => {
                if self.done_ready.val() {
                    self.state.d.next = Phase::Wait;
                    self.frees.next = true;
                    self.turn.d.next = self.turn.q.val() ^ self.alternate.val();
                }
            }
            _ => {
                self.state.d.next = Phase::Wait;
            }
        }
        self.emptying.next = self.turn.q.val();
        self.spent.next = self.rested.q.val() - self.began.val();
        self.reducing.next = self.ended.q.val() - self.rested.q.val();
        self.done_valid.next = self.state.q.val() == Phase::Report;
        self.done_data.next = (bit_cast::<192, 64>(self.digits.val()) | (bit_cast::<192, 48>(self.spent.val()) << 64))
            | (bit_cast::<192, 48>(self.reducing.val()) << 128);
        self.phase.next = 0.into();
        if self.walking.val() {
            self.phase.next = bit_cast::<4, 2>(self.level.q.val());
        }
        if self.done_valid.val() {
            self.phase.next = 4.into();
        }
        self.cursor.next = self.next_slot.q.val();
        if self.reset.val() {
            self.state.d.next = Phase::Wait;
            self.turn.d.next = false;
            self.lower.d.next = false;
            self.outstanding.d.next = 0.into();
        }
    }
}
