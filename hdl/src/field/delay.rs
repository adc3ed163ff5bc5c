//! Delay lines.
//!
//! Data that only has to wait goes through a small memory whose one address runs in a circle: fewer LUTs than shift
//! registers, and no copying when simulated. What must be false after a reset, a valid bit, is a shift register.

use rust_hdl::prelude::*;

use crate::leaf::DISTRIBUTED_READ_FIRST;

/// Delays data by a fixed number of cycles; it is arbitrary until then.
#[derive(LogicBlock, Default)]
pub struct Delay<const N: usize> {
    /// The clock.
    pub clock: Signal<In, Clock>,
    /// What goes in.
    pub data: Signal<In, Bits<N>>,
    /// What went in so many cycles ago.
    pub delayed: Signal<Out, Bits<N>>,
    _cycles: usize,
}

impl<const N: usize> Delay<N> {
    /// A delay by that many cycles, from zero on.
    pub fn new(cycles: usize) -> Self {
        Self { _cycles: cycles, ..Self::default() }
    }
}

impl<const N: usize> Logic for Delay<N> {
    fn update(&mut self) {}

    fn connect(&mut self) {
        self.delayed.connect();
    }

    fn hdl(&self) -> Verilog {
        let top = N - 1;
        let cycles = self._cycles;
        let name = format!("// module: delay_{cycles}_of_{N}\n");
        Verilog::Custom(match cycles {
            0 => format!("{name}always @(*) delayed = data;"),
            1 => format!("{name}always @(posedge clock) delayed <= data;"),
            2 => format!(
                "{name}reg [{top}:0] waiting;\n\
                 always @(posedge clock) begin\n    waiting <= data;\n    delayed <= waiting;\nend"
            ),
            _ => format!(
                "{name}{DISTRIBUTED_READ_FIRST}reg [{top}:0] ring [0:{last}];\nreg [9:0] place;\ninitial place = 0;\n\
                 always @(posedge clock) begin\n    delayed <= ring[place];\n    ring[place] <= data;\n    \
                 place <= place == 10'd{last} ? 10'd0 : place + 10'd1;\nend",
                last = cycles - 2
            ),
        })
    }
}

/// Delays a bit by a fixed number of cycles; false while and after the block is reset.
#[derive(LogicBlock, Default)]
pub struct DelayFlag {
    /// The clock.
    pub clock: Signal<In, Clock>,
    /// Clears the line.
    pub reset: Signal<In, Bit>,
    /// What goes in.
    pub flag: Signal<In, Bit>,
    /// What went in so many cycles ago.
    pub delayed: Signal<Out, Bit>,
    _cycles: usize,
}

impl DelayFlag {
    /// A delay by at least two cycles.
    pub fn new(cycles: usize) -> Self {
        Self { _cycles: cycles, ..Self::default() }
    }
}

impl Logic for DelayFlag {
    fn update(&mut self) {}

    fn connect(&mut self) {
        self.delayed.connect();
    }

    fn hdl(&self) -> Verilog {
        let top = self._cycles - 1;
        Verilog::Custom(format!(
            "// module: delay_flag_{}\nreg [{top}:0] line;\ninitial line = 0;\n\
             always @(posedge clock) if (reset) line <= 0; else line <= {{line[{}:0], flag}};\n\
             always @(*) delayed = line[{top}];",
            self._cycles,
            top - 1
        ))
    }
}
