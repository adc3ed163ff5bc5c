//! Registers, and delays of a fixed number of cycles for what travels beside a memory's read.

use rust_hdl::prelude::*;

use super::words;
use crate::leaf::leaf;

/// A narrow value, some cycles later. Not reset: what comes out after a reset is ignored until the slots are cleared.
#[derive(Clone, Debug, LogicBlock)]
pub struct Delay<T: Synth> {
    /// The clock.
    pub clock: Signal<In, Clock>,
    /// The value.
    pub d: Signal<In, T>,
    /// The value some cycles later.
    pub q: Signal<Out, T>,
    _cycles: usize,
}

impl<T: Synth> Delay<T> {
    /// A delay of `cycles` cycles, 1 or more.
    pub fn new(cycles: usize) -> Self {
        Self { clock: Signal::default(), d: Signal::default(), q: Signal::default(), _cycles: cycles }
    }
}

impl<T: Synth> Logic for Delay<T> {
    fn update(&mut self) {}

    fn connect(&mut self) {
        self.q.connect();
    }

    fn hdl(&self) -> Verilog {
        let range = if T::BITS == 1 { String::new() } else { format!("[{}:0] ", T::BITS - 1) };
        let stages = self._cycles - 1;
        let mut declared = String::new();
        let mut moved = String::new();
        let mut before = "d".to_owned();
        for stage in 0..stages {
            declared += &format!("reg {range}stage_{stage};\n");
            moved += &format!("  stage_{stage} <= {before};\n");
            before = format!("stage_{stage}");
        }
        Verilog::Custom(format!(
            "// module: delay_{}x{}\n{declared}always @(posedge clock) begin\n{moved}  q <= {before};\nend\n",
            self._cycles,
            T::BITS
        ))
    }
}

/// One cycle's delay that starts at zero: what rust-hdl calls a DFF, under a name that says its width.
#[derive(Clone, Debug, Default, LogicBlock)]
pub struct Register<T: Synth> {
    /// The clock.
    pub clock: Signal<In, Clock>,
    /// The next value.
    pub d: Signal<In, T>,
    /// The value.
    pub q: Signal<Out, T>,
}

impl<T: Synth> Logic for Register<T> {
    fn update(&mut self) {}

    fn connect(&mut self) {
        self.q.connect();
    }

    fn hdl(&self) -> Verilog {
        Verilog::Custom(format!(
            "// module: register_{}\ninitial q = {:x};\nalways @(posedge clock) q <= d;\n",
            T::BITS,
            T::default().verilog()
        ))
    }
}

leaf! {
    /// A point, some cycles later; registers of a whole point move only behind a valid one. `valid` stands with a point's
    /// first word.
    PointDelay<const W> { valid: Bit, point: Bits<W>, => delayed: Bits<W>, }
}

impl<const W: usize> PointDelay<W> {
    /// A delay of `cycles` cycles, 1 or more.
    pub fn new(cycles: usize) -> Self {
        let words = words(W);
        let moves = if words == 1 { Moves::BehindValid } else { Moves::Always };
        let text = registers(W, "point", cycles, moves);
        Self::from_text(format!("// module: point_delay_{cycles}x{words}\n{text}"))
    }
}

leaf! {
    /// What is said of a point, some cycles later, and until it is said of the next one.
    FlagDelay { valid: Bit, flag: Bit, => delayed: Bit, }
}

impl FlagDelay {
    /// A delay of `cycles` cycles, 1 or more.
    pub fn new(cycles: usize) -> Self {
        let text = registers(1, "flag", cycles, Moves::BehindValid);
        Self::from_text(format!("// module: flag_delay_{cycles}\n{text}"))
    }
}

/// When registers move.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Moves {
    BehindValid,
    Always,
}

/// `cycles` registers from `name` to `delayed`.
fn registers(width: usize, name: &str, cycles: usize, moves: Moves) -> String {
    let held = moves == Moves::BehindValid;
    let mut text = String::new();
    for stage in 0..cycles {
        let source = if stage == 0 { name.to_owned() } else { format!("{name}_{}", stage - 1) };
        let target = if stage + 1 == cycles { "delayed".to_owned() } else { format!("{name}_{stage}") };
        let enable = if stage == 0 { "valid".to_owned() } else { format!("valid_{}", stage - 1) };
        if stage + 1 < cycles {
            text += &format!("reg [{}:0] {name}_{stage};\n", width - 1);
            if held {
                text += &format!("reg valid_{stage};\nalways @(posedge clock) valid_{stage} <= {enable};\n");
            }
        }
        let condition = if held { format!("if ({enable}) ") } else { String::new() };
        text += &format!("always @(posedge clock) {condition}{target} <= {source};\n");
    }
    text
}
