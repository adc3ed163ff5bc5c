//! The threads of a lane: who is visited, at which instruction it is, and who may start.
//!
//! Threads are visited in a circle, one every `interval` cycles. The one visited issues its next instruction; if it has none
//! it starts on a pair, when one is offered and the queue of results has a place for its hash. Threads stand at different
//! instructions, so pairs start whenever they come and nothing waits for a batch to fill; all threads take the same time,
//! so hashes finish in the order in which pairs started.

use rust_hdl::prelude::*;

use super::config::{COUNTER_BITS, LaneConfig, SLOT_BITS};
use super::control::PC_BITS;
use super::leaf::Ring;

/// A thread.
#[derive(Clone, Copy, Debug, Default, PartialEq, LogicStruct)]
pub struct State {
    /// Whether it works on a pair.
    running: Bit,
    /// Its next instruction.
    pc: Bits<PC_BITS>,
}

/// Issues instructions and takes in pairs.
#[derive(LogicBlock)]
pub struct Sequencer {
    pub clock: Signal<In, Clock>,
    pub reset: Signal<In, Bit>,
    /// A pair is offered.
    pub offered: Signal<In, Bit>,
    /// The thread visited would take a pair.
    pub ready: Signal<Out, Bit>,
    /// It takes one.
    pub start: Signal<Out, Bit>,
    /// An instruction is issued: thread `slot`'s, at `pc`.
    pub issue: Signal<Out, Bit>,
    pub slot: Signal<Out, Bits<SLOT_BITS>>,
    pub pc: Signal<Out, Bits<PC_BITS>>,
    /// It is its thread's last one.
    pub finish: Signal<Out, Bit>,
    /// A hash has left the lane.
    pub left: Signal<In, Bit>,
    /// Pairs taken whose hash has not left.
    pub held: Signal<Out, Bits<COUNTER_BITS>>,
    phase: DFF<Bits<8>>,
    visited: DFF<Bits<SLOT_BITS>>,
    count: DFF<Bits<COUNTER_BITS>>,
    states: Ring<State>,
    visit: Signal<Local, Bit>,
    running: Signal<Local, Bit>,
    accept: Signal<Local, Bit>,
    starting: Signal<Local, Bit>,
    at: Signal<Local, Bits<PC_BITS>>,
    following: Signal<Local, Bits<PC_BITS>>,
    last: Signal<Local, Bit>,
    last_phase: Constant<Bits<8>>,
    last_slot: Constant<Bits<SLOT_BITS>>,
    last_pc: Constant<Bits<PC_BITS>>,
    capacity: Constant<Bits<COUNTER_BITS>>,
}

impl Sequencer {
    /// The sequencer of such a lane, for a program of so many instructions.
    pub fn new(config: &LaneConfig, instructions: usize) -> Self {
        let number = |n: usize| n as LiteralType;
        Self {
            clock: Default::default(),
            reset: Default::default(),
            offered: Default::default(),
            ready: Default::default(),
            start: Default::default(),
            issue: Default::default(),
            slot: Default::default(),
            pc: Default::default(),
            finish: Default::default(),
            left: Default::default(),
            held: Default::default(),
            phase: Default::default(),
            visited: Default::default(),
            count: Default::default(),
            states: Ring::new(config.threads()),
            visit: Default::default(),
            running: Default::default(),
            accept: Default::default(),
            starting: Default::default(),
            at: Default::default(),
            following: Default::default(),
            last: Default::default(),
            last_phase: Constant::new(number(config.interval() - 1).into()),
            last_slot: Constant::new(number(config.threads() - 1).into()),
            last_pc: Constant::new(number(instructions - 1).into()),
            capacity: Constant::new(number(config.queue_capacity()).into()),
        }
    }
}

impl Logic for Sequencer {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, phase, visited, count);
        self.states.clock.next = self.clock.val();
        self.states.reset.next = self.reset.val();

        self.visit.next = !self.phase.q.val().any() & !self.reset.val();
        self.phase.d.next = self.phase.q.val() + 1;
        if self.phase.q.val() == self.last_phase.val() {
            self.phase.d.next = 0.into();
        }
        if self.visit.val() {
            self.visited.d.next = self.visited.q.val() + 1;
            if self.visited.q.val() == self.last_slot.val() {
                self.visited.d.next = 0.into();
            }
        }

        self.running.next = self.states.word.val().running;
        self.accept.next = self.visit.val() & !self.running.val() & (self.count.q.val() < self.capacity.val());
        self.ready.next = self.accept.val();
        self.starting.next = self.accept.val() & self.offered.val();
        self.start.next = self.starting.val();

        self.at.next = 0.into();
        if self.running.val() {
            self.at.next = self.states.word.val().pc;
        }
        self.following.next = self.at.val() + 1;
        self.last.next = self.at.val() == self.last_pc.val();
        self.issue.next = self.visit.val() & (self.running.val() | self.starting.val());
        self.slot.next = self.visited.q.val();
        self.pc.next = self.at.val();
        self.finish.next = self.visit.val() & self.running.val() & self.last.val();
        self.states.step.next = self.visit.val();
        self.states.entering.next.running = (self.running.val() | self.starting.val()) & !self.last.val();
        self.states.entering.next.pc = self.following.val();

        if self.starting.val() & !self.left.val() {
            self.count.d.next = self.count.q.val() + 1;
        }
        if !self.starting.val() & self.left.val() {
            self.count.d.next = self.count.q.val() - 1;
        }
        self.held.next = self.count.q.val();
        if self.reset.val() {
            self.phase.d.next = 0.into();
            self.visited.d.next = 0.into();
            self.count.d.next = 0.into();
        }
    }
}
