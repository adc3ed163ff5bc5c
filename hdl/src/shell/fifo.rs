//! A first-in first-out queue in RAM: the buffer behind every stream of the shell.
//!
//! The RAM's output is registered, so its read address is always that of the *next* front: a word shows at the output two
//! cycles after it came in, and words leave one a cycle. Both handshakes come from registers alone, which cuts every
//! combinational path through the queue.

use rust_hdl::prelude::*;

/// A queue of words.
#[derive(Clone, Debug, Default, LogicBlock)]
pub struct Fifo<T: Synth> {
    /// The clock.
    pub clock: Signal<In, Clock>,
    /// Empties the queue.
    pub reset: Signal<In, Bit>,
    /// The word that comes in.
    pub in_data: Signal<In, T>,
    /// It is there.
    pub in_valid: Signal<In, Bit>,
    /// There is room for it.
    pub in_ready: Signal<Out, Bit>,
    /// The oldest word.
    pub out_data: Signal<Out, T>,
    /// There is one.
    pub out_valid: Signal<Out, Bit>,
    /// It leaves.
    pub out_ready: Signal<In, Bit>,
    /// Words inside, those on their way to the output included.
    pub level: Signal<Out, Bits<16>>,
    _depth_bits: usize,
}

impl<T: Synth> Fifo<T> {
    /// A queue of 2^`depth_bits` words, 1 to 15 bits.
    pub fn new(depth_bits: usize) -> Self {
        Self { _depth_bits: depth_bits, ..Self::default() }
    }
}

impl<T: Synth> Logic for Fifo<T> {
    fn update(&mut self) {}

    fn connect(&mut self) {
        self.in_ready.connect();
        self.out_data.connect();
        self.out_valid.connect();
        self.level.connect();
    }

    fn hdl(&self) -> Verilog {
        let (bits, width) = (self._depth_bits, T::BITS);
        let depth = 1 << bits;
        Verilog::Custom(format!(
            "// module: fifo_{depth}x{width}
reg [{width}-1:0] words [0:{depth}-1];
reg [{bits}:0] front, back;
wire [{bits}:0] next = front + (out_valid && out_ready);
wire [{bits}:0] held = back - front;
wire push = in_valid && !held[{bits}];
always @(*) in_ready = !held[{bits}];
always @(*) level = held;
always @(posedge clock) begin
  if (push) words[back[{bits}-1:0]] <= in_data;
  out_data <= words[next[{bits}-1:0]];
  out_valid <= !reset && next != back;
  front <= reset ? 0 : next;
  back <= reset ? 0 : back + push;
end
"
        ))
    }
}
