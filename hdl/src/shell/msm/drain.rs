//! A pass's sums, back to memory: vector by vector, each vector's windows as one run.

use penstock_abi::MsmLayout;
use rust_hdl::prelude::*;

use crate::leaf::Parameter;
use crate::shell::resize::Resize;
use crate::shell::writer::Writer;

/// From the engine's sums to memory, for as many passes as have been issued.
#[derive(LogicBlock, Default)]
#[allow(missing_docs)]
pub struct Drain<const D: usize, const S: usize, const U: usize> {
    pub clock: Signal<In, Clock>,
    pub reset: Signal<In, Bit>,
    pub halt: Signal<In, Bit>,
    pub pending: Signal<Out, Bit>,
    /// A job begins: no pass has been issued or drained.
    pub load: Signal<In, Bit>,
    pub result: Signal<In, Bits<64>>,
    pub vectors: Signal<In, Bits<8>>,
    /// Passes that the engine has taken.
    pub issued: Signal<In, Bits<8>>,
    /// The pass being drained starts at `window`; it has so many windows, and a vector's part of it this size.
    pub window: Signal<Out, Bits<8>>,
    pub windows: Signal<In, Bits<8>>,
    pub beats: Signal<In, Bits<32>>,
    pub bytes: Signal<In, Bits<64>>,
    /// All that was issued is in memory.
    pub drained: Signal<Out, Bit>,
    pub fault: Signal<Out, Bit>,
    pub fault_address: Signal<Out, Bits<64>>,
    pub sum_data: Signal<In, Bits<U>>,
    pub sum_valid: Signal<In, Bit>,
    pub sum_ready: Signal<Out, Bit>,
    pub aw_valid: Signal<Out, Bit>,
    pub aw_ready: Signal<In, Bit>,
    pub aw_address: Signal<Out, Bits<64>>,
    pub aw_length: Signal<Out, Bits<8>>,
    pub w_valid: Signal<Out, Bit>,
    pub w_ready: Signal<In, Bit>,
    pub w_data: Signal<Out, Bits<D>>,
    pub w_strobe: Signal<Out, Bits<S>>,
    pub w_last: Signal<Out, Bit>,
    pub b_valid: Signal<In, Bit>,
    pub b_error: Signal<In, Bit>,
    writer: Writer<D, S>,
    spread: Resize<U, D>,
    first_window: DFF<Bits<8>>,
    vector: DFF<Bits<8>>,
    done: DFF<Bits<8>>,
    // Where the pass's part of the first vector goes, and of the one being written.
    pass_at: DFF<Bits<64>>,
    at: DFF<Bits<64>>,
    starting: DFF<Bit>,
    writing: DFF<Bit>,
    vector_bytes: Parameter<Bits<64>>,
    whole: Parameter<Bits<S>>,
    next_vector: Signal<Local, Bits<8>>,
}

impl<const D: usize, const S: usize, const U: usize> Drain<D, S, U> {
    /// For results of a layout; see [`Writer::new`] for the rest.
    pub fn new(layout: &MsmLayout, most_beats: usize, depth_bits: usize) -> Self {
        Self {
            writer: Writer::new(most_beats, depth_bits),
            spread: Resize::new(),
            vector_bytes: Parameter::new(layout.result_bytes(1).into()),
            whole: Parameter::new(Bits::<S>::mask()),
            ..Self::default()
        }
    }
}

impl<const D: usize, const S: usize, const U: usize> Logic for Drain<D, S, U> {
    #[hdl_gen]
    fn update(&mut self) {
        clock!(self, clock, writer, spread);
        dff_setup!(self, clock, first_window, vector, done, pass_at, at, starting, writing);
        self.writer.reset.next = self.reset.val();
        self.spread.reset.next = self.reset.val();
        self.writer.halt.next = self.halt.val();
        self.pending.next = self.writer.pending.val();

        // Sums.
        self.spread.flush.next = self.load.val();
        self.spread.in_data.next = self.sum_data.val();
        self.spread.in_valid.next = self.sum_valid.val();
        self.sum_ready.next = self.spread.in_ready.val();
        self.writer.in_data.next = self.spread.out_data.val();
        self.writer.in_valid.next = self.spread.out_valid.val();
        self.spread.out_ready.next = self.writer.in_ready.val();

        // Runs.
        self.window.next = self.first_window.q.val();
        self.writer.start.next = self.starting.q.val();
        self.writer.address.next = self.at.q.val();
        self.writer.beats.next = self.beats.val();
        self.writer.last_strobe.next = self.whole.val();
        self.starting.d.next = false;
        if (self.issued.val() != self.done.q.val()) & !(self.starting.q.val() | self.writing.q.val()) {
            self.starting.d.next = true;
        }
        if self.starting.q.val() {
            self.writing.d.next = true;
        }
        self.next_vector.next = self.vector.q.val() + 1;
        if self.writing.q.val() & !self.writer.busy.val() {
            self.writing.d.next = false;
            self.vector.d.next = self.next_vector.val();
            self.at.d.next = self.at.q.val() + self.vector_bytes.val();
            if self.next_vector.val() == self.vectors.val() {
                self.vector.d.next = 0.into();
                self.done.d.next = self.done.q.val() + 1;
                self.first_window.d.next = self.first_window.q.val() + self.windows.val();
                self.pass_at.d.next = self.pass_at.q.val() + self.bytes.val();
                self.at.d.next = self.pass_at.q.val() + self.bytes.val();
            }
        }
        self.drained.next = self.issued.val() == self.done.q.val();
        self.fault.next = self.writing.q.val() & self.writer.fault.val();
        self.fault_address.next = self.writer.fault_address.val();

        if self.load.val() {
            self.first_window.d.next = 0.into();
            self.vector.d.next = 0.into();
            self.done.d.next = 0.into();
            self.pass_at.d.next = self.result.val();
            self.at.d.next = self.result.val();
        }
        if self.reset.val() {
            self.done.d.next = 0.into();
            self.starting.d.next = false;
            self.writing.d.next = false;
        }

        // The bus.
        self.aw_valid.next = self.writer.aw_valid.val();
        self.writer.aw_ready.next = self.aw_ready.val();
        self.aw_address.next = self.writer.aw_address.val();
        self.aw_length.next = self.writer.aw_length.val();
        self.w_valid.next = self.writer.w_valid.val();
        self.writer.w_ready.next = self.w_ready.val();
        self.w_data.next = self.writer.w_data.val();
        self.w_strobe.next = self.writer.w_strobe.val();
        self.w_last.next = self.writer.w_last.val();
        self.writer.b_valid.next = self.b_valid.val();
        self.writer.b_error.next = self.b_error.val();
    }
}
