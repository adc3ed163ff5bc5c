//! The compact adder's clockwork: counts the cycles of a round and decodes the schedule.

use std::fmt::Write;

use rust_hdl::prelude::*;

use super::limbs::LIMB_PLACE_BITS;
use super::schedule::{
    BUS, BUS_START, FIRST, Factor, First, LAST, LEAVING, LOADING, PLACE_BITS, PRODUCTS, RINGS, ROUND, SUMS, finished,
    next_are_coming, product_latency, read, written,
};
use crate::field::OPERAND_BITS;

/// Operands on either side of the multiplier: a coordinate, the sum of two, three factors of the last products.
pub(super) const CHOICES: usize = 5;
/// X, Y, Z.
const COORDINATES: usize = 3;

/// Says in each cycle what is read and captured.
#[derive(LogicBlock, Default)]
pub(super) struct Sequencer {
    pub clock: Signal<In, Clock>,
    /// Starts a round.
    pub reset: Signal<In, Bit>,
    /// High in the cycle of a round in which new operands are taken.
    pub start: Signal<Out, Bit>,
    /// The limb that comes, and which of two points it belongs to.
    pub place: Signal<Out, Bits<LIMB_PLACE_BITS>>,
    pub round: Signal<Out, Bit>,
    /// The coordinate that is read, and of which of them.
    pub read_coordinate: Signal<Out, Bits<2>>,
    pub read_round: Signal<Out, Bit>,
    /// The operands of this slot.
    pub left_select: Signal<Out, Bits<4>>,
    pub right_select: Signal<Out, Bits<4>>,
    /// The ring whose product is read.
    pub ring_select: Signal<Out, Bits<4>>,
    /// The product behind the rings is one of the first six, for the bus, and goes there.
    pub write: Signal<Out, Bit>,
    pub write_place: Signal<Out, Bits<PLACE_BITS>>,
    /// The term on the bus.
    pub read_place: Signal<Out, Bits<PLACE_BITS>>,
    pub eightfold: Signal<Out, Bit>,
    pub negative: Signal<Out, Bit>,
    /// For each factor whether it is cleared, and whether it takes the term.
    pub clear: Signal<Out, Bits<6>>,
    pub gather: Signal<Out, Bits<6>>,
    /// The product behind the rings is one of the last six, for the sums, and goes there.
    pub sum_write: Signal<Out, Bit>,
    pub sum_write_place: Signal<Out, Bits<PLACE_BITS>>,
    /// What is summed, and which limb of it; high in the cycle in which a sum's first limb leaves.
    pub sum_left_place: Signal<Out, Bits<PLACE_BITS>>,
    pub sum_right_place: Signal<Out, Bits<PLACE_BITS>>,
    pub sum_limb: Signal<Out, Bits<2>>,
    pub sum_difference: Signal<Out, Bit>,
    pub leave: Signal<Out, Bit>,
    _text: String,
}

impl Sequencer {
    pub(super) fn new() -> Self {
        Self { _text: text(), ..Self::default() }
    }
}

impl Logic for Sequencer {
    fn update(&mut self) {}

    fn connect(&mut self) {
        self.start.connect();
        self.place.connect();
        self.round.connect();
        self.read_coordinate.connect();
        self.read_round.connect();
        self.left_select.connect();
        self.right_select.connect();
        self.ring_select.connect();
        self.write.connect();
        self.write_place.connect();
        self.read_place.connect();
        self.eightfold.connect();
        self.negative.connect();
        self.clear.connect();
        self.gather.connect();
        self.sum_write.connect();
        self.sum_write_place.connect();
        self.sum_left_place.connect();
        self.sum_right_place.connect();
        self.sum_limb.connect();
        self.sum_difference.connect();
        self.leave.connect();
    }

    fn hdl(&self) -> Verilog {
        Verilog::Custom(self._text.clone())
    }
}

/// Which operands a slot multiplies.
fn operands(slot: usize) -> [usize; 2] {
    let factor = |factor: Factor| 2 + Factor::ALL.iter().position(|other| *other == factor).unwrap_or(0) % 3;
    match slot.checked_sub(FIRST.len()) {
        Some(last) => LAST[last].map(factor),
        None => [usize::from(!matches!(FIRST[slot], First::A | First::B | First::C)); 2],
    }
}

/// In which cycle of a round the product of a slot stands behind the rings.
fn behind_rings(slot: usize) -> usize {
    (read(slot) + product_latency()) % ROUND
}

/// Expressions of `step` for the writing of first products.
fn writing() -> String {
    let [from, to] = [behind_rings(0), behind_rings(FIRST.len() - 1)];
    format!(
        "    write = step >= 4'd{from} && step <= 4'd{to};\n    write_place = {{odd, step[2:0] - 3'd{}}};\n",
        from % 8
    )
}

/// Expressions of `step` for the coordinates on their way in and out.
fn limbs() -> String {
    let start = (ROUND - LOADING) % ROUND;
    let finish = finished() % ROUND;
    // So many cycles after `step` zero, counted within a round.
    let since = |from: usize| match from % ROUND {
        0 => "step".to_owned(),
        from => format!("(step >= 4'd{from} ? step - 4'd{from} : step + 4'd{})", ROUND - from),
    };
    let mut text = format!("    start = step == 4'd{start};\n    place = {};\n", since(start));
    // What is read before the next pair comes belongs to the point that came last.
    let _ = writeln!(text, "    round = coming;\n    read_round = coming ^ (step >= 4'd{start});");
    let _ = writeln!(text, "    case (step)");
    for read_next in 1..COORDINATES + 2 {
        let _ = writeln!(text, "        4'd{}: read_coordinate = 2'd{};", read(read_next), read_next % COORDINATES);
    }
    let _ = writeln!(text, "        default: read_coordinate = 2'd0;\n    endcase");
    let _ = writeln!(text, "    sum_place = {};", since(finish + LEAVING - 1));
    let _ = writeln!(text, "    leave = step == 4'd{};", (finish + LEAVING) % ROUND);
    let first = FIRST.len();
    let [from, to] = [first, PRODUCTS - 1].map(behind_rings);
    let among = if from <= to { "&&" } else { "||" };
    let _ = writeln!(text, "    sum_write = step >= 4'd{from} {among} step <= 4'd{to};");
    let _ = writeln!(text, "    sum_slot = {};\n    sum_write_place = {{gathered, sum_slot[2:0]}};", since(from));
    let _ = writeln!(text, "    sum_limb = sum_place[1:0];\n    case (sum_place[3:2])");
    for (coordinate, [left, right]) in SUMS.into_iter().enumerate() {
        let round = if next_are_coming(coordinate) { "!gathered" } else { "gathered" };
        let label = if coordinate + 1 < COORDINATES { format!("2'd{coordinate}") } else { "default".to_owned() };
        let [left, right] = [left, right].map(|slot| slot - first);
        let _ = writeln!(
            text,
            "        {label}: begin sum_left_place = {{{round}, 3'd{left}}}; sum_right_place = {{{round}, 3'd{right}}}; end"
        );
    }
    let _ = writeln!(text, "    endcase\n    sum_difference = sum_place[3:2] == 2'd0;");
    text
}

/// What the bus carries in a step, and who takes it.
fn carried(step: usize) -> String {
    let place = (step + 2 * ROUND - BUS_START % ROUND) % ROUND;
    let term = BUS[place];
    let slot = FIRST.iter().position(|first| *first == term.product).unwrap_or(0);
    let same_round = (BUS_START + place) / ROUND == written(term.product) / ROUND;
    let [mut clear, mut gather] = [0u8; 2];
    for (index, factor) in Factor::ALL.into_iter().enumerate() {
        clear |= u8::from(factor.clear() == step) << index;
        gather |= u8::from(factor.terms().contains(&place)) << index;
    }
    format!(
        "read_place = {{{odd}, 3'd{slot}}}; eightfold = 1'b{}; negative = 1'b{}; clear = 6'b{clear:06b}; gather = 6'b{gather:06b};",
        u8::from(term.eightfold),
        u8::from(term.negative),
        odd = if same_round { "odd" } else { "!odd" },
    )
}

fn text() -> String {
    let mut text = "// module: point_sequencer\n".to_owned();
    // The product that is read in a slot was begun so many slots before, by the ring after the one of that number.
    let behind = product_latency() - 2;
    let ring = (RINGS - behind % RINGS) % RINGS;
    let last = ROUND - 1;
    let _ = writeln!(
        text,
        "reg [3:0] step;\nreg [3:0] ring;\nreg odd, coming, gathered;\nreg [3:0] sum_place, sum_slot;\ninitial begin step = 0; ring = {ring}; odd = 0; coming = 0; gathered = 0; end\n\
         always @(posedge clock) begin\n    \
         step <= reset | step == 4'd{last} ? 4'd0 : step + 4'd1;\n    \
         ring <= reset ? 4'd{ring} : ring == 4'd{ring_last} ? 4'd0 : ring + 4'd1;\n    \
         if (step == 4'd{last}) odd <= !odd;\n    if (step == 4'd{}) coming <= !coming;\n    if (step == 4'd{}) gathered <= !gathered;\nend\n\
         always @(*) begin",
        ROUND - LOADING - 1,
        (behind_rings(FIRST.len()) + ROUND - 1) % ROUND,
        ring_last = RINGS - 1,
    );
    text += "    ring_select = ring;\n";
    text += &limbs();
    text += &writing();
    let _ = writeln!(text, "    left_select = 4'd0;\n    right_select = 4'd0;\n    case (step)");
    for slot in 0..PRODUCTS {
        let [left, right] = operands(slot);
        let step = read(slot);
        let _ = writeln!(
            text,
            "        4'd{step}: begin left_select = 4'd{left}; right_select = 4'd{right}; {} end",
            carried(step)
        );
    }
    let idle = "read_place = 0; eightfold = 1'b0; negative = 1'b0; clear = 0; gather = 0;";
    let _ = writeln!(text, "        default: begin {idle} end\n    endcase\nend");
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
