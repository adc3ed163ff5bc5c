//! The compact adder's clockwork: counts the cycles of a round and decodes the schedule.

use std::fmt::Write;

use rust_hdl::prelude::*;

use super::schedule::{FIRST, First, LAST, PRODUCTS, RINGS, ROUND, Schedule, product_latency, read};
use crate::field::OPERAND_BITS;

/// Operands on either side of the multiplier: a coordinate, the sum of two, three operands of the last products.
pub(super) const CHOICES: usize = 5;
/// X, Y, Z.
pub(super) const COORDINATES: usize = 3;

/// Says in each cycle what is read and captured.
#[derive(LogicBlock, Default)]
pub(super) struct Sequencer {
    pub clock: Signal<In, Clock>,
    /// Starts a round.
    pub reset: Signal<In, Bit>,
    /// High in the first cycle of a round: new operands are taken.
    pub start: Signal<Out, Bit>,
    /// High in the three cycles in which their coordinates come.
    pub fill: Signal<Out, Bit>,
    /// The operands of this slot.
    pub left_select: Signal<Out, Bits<4>>,
    pub right_select: Signal<Out, Bits<4>>,
    /// The ring whose product is read.
    pub ring_select: Signal<Out, Bits<4>>,
    /// For each product whether it enters its register at the end of this cycle.
    pub capture: Signal<Out, Bits<PRODUCTS>>,
    /// High in the cycle in which a sum's X leaves, and its Y, and its Z.
    pub finish: Signal<Out, Bit>,
    pub second: Signal<Out, Bit>,
    pub third: Signal<Out, Bit>,
    _text: String,
}

impl Sequencer {
    pub(super) fn new(schedule: &Schedule) -> Self {
        Self { _text: text(schedule), ..Self::default() }
    }
}

impl Logic for Sequencer {
    fn update(&mut self) {}

    fn connect(&mut self) {
        self.start.connect();
        self.fill.connect();
        self.left_select.connect();
        self.right_select.connect();
        self.ring_select.connect();
        self.capture.connect();
        self.finish.connect();
        self.second.connect();
        self.third.connect();
    }

    fn hdl(&self) -> Verilog {
        Verilog::Custom(self._text.clone())
    }
}

/// Which operands a slot multiplies.
fn operands(schedule: &Schedule, slot: usize) -> [usize; 2] {
    match schedule.last_slots.iter().position(|last| *last == slot) {
        Some(last) => LAST[last].map(|operand| 2 + operand),
        None => [usize::from(!matches!(FIRST[slot], First::A | First::B | First::C)); 2],
    }
}

fn text(schedule: &Schedule) -> String {
    let mut text = "// module: point_sequencer\n".to_owned();
    // The product that is read in a slot was begun so many slots before, by the ring after the one of that number.
    let behind = product_latency() - 2;
    let ring = (RINGS - behind % RINGS) % RINGS;
    let _ = writeln!(
        text,
        "reg [3:0] step;\nreg [3:0] ring;\ninitial begin step = 0; ring = {ring}; end\n\
         always @(posedge clock) begin\n    \
         step <= reset | step == 4'd{last} ? 4'd0 : step + 4'd1;\n    \
         ring <= reset ? 4'd{ring} : ring == 4'd{ring_last} ? 4'd0 : ring + 4'd1;\nend\n\
         always @(*) begin\n    start = step == 4'd0;",
        last = ROUND - 1,
        ring_last = RINGS - 1,
    );
    let _ = writeln!(text, "    ring_select = ring;\n    fill = step < 4'd{COORDINATES};");
    for (word, name) in ["finish", "second", "third"].into_iter().enumerate() {
        let _ = writeln!(text, "    {name} = step == 4'd{};", (schedule.latency + word) % ROUND);
    }
    for (index, capture) in schedule.first_captures.iter().chain(&schedule.last_captures).enumerate() {
        let _ = writeln!(text, "    capture[{index}] = step == 4'd{};", capture % ROUND);
    }
    let _ = writeln!(text, "    case (step)");
    for slot in 0..PRODUCTS {
        let [left, right] = operands(schedule, slot);
        let step = read(slot);
        let _ = writeln!(text, "        4'd{step}: begin left_select = 4'd{left}; right_select = 4'd{right}; end");
    }
    let _ = writeln!(text, "        default: begin left_select = 4'd0; right_select = 4'd0; end\n    endcase\nend");
    text
}

/// Puts one of several operands into a register.
#[derive(LogicBlock, Default)]
pub(super) struct Selector<const N: usize> {
    pub clock: Signal<In, Clock>,
    pub choices: Vec<Signal<In, Bits<N>>>,
    pub select: Signal<In, Bits<4>>,
    /// The chosen one, a cycle later.
    pub chosen: Signal<Out, Bits<N>>,
}

impl<const N: usize> Selector<N> {
    /// A selector among at most sixteen.
    pub(super) fn new(choices: usize) -> Self {
        Self { choices: (0..choices).map(|_| Signal::default()).collect(), ..Self::default() }
    }
}

impl<const N: usize> Logic for Selector<N> {
    fn update(&mut self) {}

    fn connect(&mut self) {
        self.chosen.connect();
    }

    fn hdl(&self) -> Verilog {
        let count = self.choices.len();
        let mut text = format!("// module: selector_of_{count}\nalways @(posedge clock) case (select)\n");
        for choice in 0..count - 1 {
            let _ = writeln!(text, "    4'd{choice}: chosen <= choices${choice};");
        }
        let _ = writeln!(text, "    default: chosen <= choices${};\nendcase", count - 1);
        Verilog::Custom(text)
    }
}

/// The operand selector of one side.
pub(super) type OperandSelector = Selector<OPERAND_BITS>;
