//! Leaves: memories, tables and delays, as Verilog text that synthesis maps to block RAM, LUT RAM or shift registers.
//!
//! Their depth is a number, not a type, so that a lane is as small as its threads are few. They have no model for rust-hdl's
//! simulator, which nothing here uses.

use rust_hdl::prelude::*;

use crate::field::Shape;
use crate::leaf::{BLOCK, DISTRIBUTED_READ_FIRST};

/// One write port and one read port; what is read appears in the next cycle, and is not written in the same one.
#[derive(LogicBlock, Default)]
pub struct Memory<T: Synth, const ADDRESS: usize> {
    pub clock: Signal<In, Clock>,
    pub write: Signal<In, Bit>,
    pub write_address: Signal<In, Bits<ADDRESS>>,
    pub write_data: Signal<In, T>,
    pub read_address: Signal<In, Bits<ADDRESS>>,
    pub read_data: Signal<Out, T>,
    _words: usize,
    _style: &'static str,
}

impl<T: Synth, const ADDRESS: usize> Memory<T, ADDRESS> {
    /// A memory of `words`, undefined at first. In a small part it is block RAM, however little of that it fills.
    pub fn new(words: usize, shape: Shape) -> Self {
        let style = match shape {
            Shape::Compact => BLOCK,
            Shape::Pipelined => "",
        };
        Self { _words: words, _style: style, ..Self::default() }
    }
}

impl<T: Synth, const ADDRESS: usize> Logic for Memory<T, ADDRESS> {
    fn update(&mut self) {}

    fn connect(&mut self) {
        self.read_data.connect();
    }

    fn hdl(&self) -> Verilog {
        let (words, width, style) = (self._words, T::BITS, self._style);
        Verilog::Custom(format!(
            "// module: memory_{words}x{width}
{style}reg [{width}-1:0] words [0:{words}-1];
always @(posedge clock) begin
    if (write) words[write_address] <= write_data;
    read_data <= words[read_address];
end
"
        ))
    }
}

/// The registers of all threads: three read ports and one write port, each gives what is read in the next cycle, older than a write in the same one.
#[derive(LogicBlock, Default)]
pub struct RegisterFile<T: Synth, const REGISTER: usize, const SLOT: usize> {
    pub clock: Signal<In, Clock>,
    pub write: Signal<In, Bit>,
    pub write_register: Signal<In, Bits<REGISTER>>,
    pub write_slot: Signal<In, Bits<SLOT>>,
    pub write_data: Signal<In, T>,
    pub left_register: Signal<In, Bits<REGISTER>>,
    pub right_register: Signal<In, Bits<REGISTER>>,
    pub factor_slot: Signal<In, Bits<SLOT>>,
    pub addend_register: Signal<In, Bits<REGISTER>>,
    pub addend_slot: Signal<In, Bits<SLOT>>,
    pub left: Signal<Out, T>,
    pub right: Signal<Out, T>,
    pub addend: Signal<Out, T>,
    _words: usize,
}

impl<T: Synth, const REGISTER: usize, const SLOT: usize> RegisterFile<T, REGISTER, SLOT> {
    /// The registers of `threads`.
    pub fn new(threads: usize) -> Self {
        Self { _words: threads << REGISTER, ..Self::default() }
    }
}

impl<T: Synth, const REGISTER: usize, const SLOT: usize> Logic for RegisterFile<T, REGISTER, SLOT> {
    fn update(&mut self) {}

    fn connect(&mut self) {
        self.left.connect();
        self.right.connect();
        self.addend.connect();
    }

    fn hdl(&self) -> Verilog {
        let (words, width) = (self._words, T::BITS);
        let copy = |name: &str, slot: &str| {
            format!(
                "reg [{width}-1:0] {name}_words [0:{words}-1];
always @(posedge clock) begin
    if (write) {name}_words[{{write_slot, write_register}}] <= write_data;
    {name} <= {name}_words[{{{slot}, {name}_register}}];
end
"
            )
        };
        Verilog::Custom(format!(
            "// module: registers_{words}x{width}
{}{}{}",
            copy("left", "factor_slot"),
            copy("right", "factor_slot"),
            copy("addend", "addend_slot")
        ))
    }
}

/// A read-only memory; what is read appears in the next cycle.
#[derive(LogicBlock, Default)]
pub struct Table<T: Synth, const ADDRESS: usize> {
    pub clock: Signal<In, Clock>,
    pub address: Signal<In, Bits<ADDRESS>>,
    pub data: Signal<Out, T>,
    _name: &'static str,
    _words: Vec<T>,
}

impl<T: Synth, const ADDRESS: usize> Table<T, ADDRESS> {
    /// A table of `words`, as a module of this name.
    pub fn new(name: &'static str, words: Vec<T>) -> Self {
        Self { _name: name, _words: words, ..Self::default() }
    }
}

impl<T: Synth, const ADDRESS: usize> Logic for Table<T, ADDRESS> {
    fn update(&mut self) {}

    fn connect(&mut self) {
        self.data.connect();
    }

    fn hdl(&self) -> Verilog {
        let (name, count, width) = (self._name, self._words.len(), T::BITS);
        let words: String = (self._words.iter().enumerate())
            .map(|(index, word)| format!("    words[{index}] = {};\n", word.verilog()))
            .collect();
        Verilog::Custom(format!(
            "// module: {name}
reg [{width}-1:0] words [0:{count}-1];
initial begin
{words}end
always @(posedge clock) data <= words[address];
"
        ))
    }
}

/// A word comes out as many cycles later as the line is long; arbitrary until then. A memory that is read and written in a
/// circle: parts without shift registers in LUTs would spend a flip-flop on every bit.
#[derive(LogicBlock, Default)]
pub struct DelayLine<T: Synth> {
    pub clock: Signal<In, Clock>,
    pub word: Signal<In, T>,
    pub delayed: Signal<Out, T>,
    _cycles: usize,
}

impl<T: Synth> DelayLine<T> {
    /// A delay by so many cycles, at least 3.
    pub fn new(cycles: usize) -> Self {
        Self { _cycles: cycles, ..Self::default() }
    }
}

impl<T: Synth> Logic for DelayLine<T> {
    fn update(&mut self) {}

    fn connect(&mut self) {
        self.delayed.connect();
    }

    fn hdl(&self) -> Verilog {
        let (cycles, width, last) = (self._cycles, T::BITS, self._cycles - 2);
        Verilog::Custom(format!(
            "// module: delay_line_{cycles}x{width}
{DISTRIBUTED_READ_FIRST}reg [{width}-1:0] words [0:{last}];
reg [9:0] place;
initial place = 0;
always @(posedge clock) begin
    delayed <= words[place];
    words[place] <= word;
    place <= place == 10'd{last} ? 10'd0 : place + 10'd1;
end
"
        ))
    }
}

/// Words that go round: each step brings the next one out and takes its successor in. All zero after a reset.
#[derive(LogicBlock, Default)]
pub struct Ring<T: Synth> {
    pub clock: Signal<In, Clock>,
    pub reset: Signal<In, Bit>,
    pub step: Signal<In, Bit>,
    pub entering: Signal<In, T>,
    pub word: Signal<Out, T>,
    _words: usize,
}

impl<T: Synth> Ring<T> {
    /// A ring of `words`, at least 2.
    pub fn new(words: usize) -> Self {
        Self { _words: words, ..Self::default() }
    }
}

impl<T: Synth> Logic for Ring<T> {
    fn update(&mut self) {}

    fn connect(&mut self) {
        self.word.connect();
    }

    fn hdl(&self) -> Verilog {
        let (words, width) = (self._words, T::BITS);
        Verilog::Custom(format!(
            "// module: ring_{words}x{width}
reg [{words}*{width}-1:0] words;
always @(posedge clock) begin
    if (reset) words <= 0;
    else if (step) words <= {{words[({words}-1)*{width}-1:0], entering}};
end
always @(*) word = words[{words}*{width}-1:({words}-1)*{width}];
"
        ))
    }
}
