//! A pass's operands: bases and, for each base, the scalars of all vectors in turn.
//!
//! Every vector has a reader of its own, so that the scalars of a base are at hand together. What is not canonical and
//! what cannot be read is reported, faults of reading first; the engine gets its words all the same.

use penstock_abi::Status;
use rust_hdl::prelude::*;

use crate::field::Field;
use crate::leaf::{Parameter, several};
use crate::msm::BASE_BITS;
use crate::shell::canonical::Canonical;
use crate::shell::reader::Reader;
use crate::shell::resize::Resize;

/// Cycles from an element to what its comparison says, and some.
const SETTLE_CYCLES: u64 = 7;

/// From memory to the engine's base and scalar streams. Reader 0 has the bases, the others a vector each.
#[derive(LogicBlock, Default)]
#[allow(missing_docs)]
pub struct Feed<const D: usize, const B: usize> {
    pub clock: Signal<In, Clock>,
    pub reset: Signal<In, Bit>,
    pub halt: Signal<In, Bit>,
    pub pending: Signal<Out, Bit>,
    /// A pass begins. The job's fields have stood for as many cycles as there are vectors.
    pub start: Signal<In, Bit>,
    pub count: Signal<In, Bits<32>>,
    pub vectors: Signal<In, Bits<8>>,
    pub base_address: Signal<In, Bits<64>>,
    pub base_beats: Signal<In, Bits<32>>,
    pub input_address: Signal<In, Bits<64>>,
    pub stride: Signal<In, Bits<64>>,
    pub scalar_beats: Signal<In, Bits<32>>,
    /// The engine has taken all, and all has been compared.
    pub fed: Signal<Out, Bit>,
    /// What went wrong in this pass so far: a status, or 0, and its detail.
    pub code: Signal<Out, Bits<16>>,
    pub about: Signal<Out, Bits<64>>,
    pub base_data: Signal<Out, Bits<B>>,
    pub base_valid: Signal<Out, Bit>,
    pub base_ready: Signal<In, Bit>,
    pub scalar_data: Signal<Out, Bits<256>>,
    pub scalar_valid: Signal<Out, Bit>,
    pub scalar_ready: Signal<In, Bit>,
    pub ar_valid: Vec<Signal<Out, Bit>>,
    pub ar_ready: Vec<Signal<In, Bit>>,
    pub ar_address: Vec<Signal<Out, Bits<64>>>,
    pub ar_length: Vec<Signal<Out, Bits<8>>>,
    pub r_valid: Vec<Signal<In, Bit>>,
    pub r_data: Signal<In, Bits<D>>,
    pub r_error: Signal<In, Bit>,
    readers: Vec<Reader<D>>,
    bases: Resize<D, B>,
    scalars: Vec<Resize<D, 256>>,
    canonical_base: Canonical<D>,
    canonical_scalar: Vec<Canonical<D>>,
    active: DFF<Bit>,
    /// Words of bases, and points, that the engine has not taken.
    bases_left: DFF<Bits<32>>,
    points_left: DFF<Bits<32>>,
    /// There are any: much hangs on it.
    more: DFF<Bit>,
    turn: DFF<Bits<8>>,
    settled: DFF<Bits<3>>,
    vector_at: Vec<DFF<Bits<64>>>,
    read_refused: Parameter<Bits<16>>,
    not_canonical: Parameter<Bits<16>>,
    settle: Parameter<Bits<3>>,
    base_shift: Parameter<Bits<32>>,
    number: Vec<Parameter<Bits<8>>>,
    busy: Signal<Local, Bit>,
    all_taken: Signal<Local, Bit>,
    base_moved: Signal<Local, Bit>,
    scalar_here: Signal<Local, Bit>,
    scalar_moved: Signal<Local, Bit>,
    scalar_index: Signal<Local, Bits<32>>,
    next_turn: Signal<Local, Bits<8>>,
    _vectors: usize,
    _readers: usize,
}

impl<const D: usize, const B: usize> Feed<D, B> {
    /// For so many vectors; see [`Reader::new`] for the rest.
    pub fn new(vectors: usize, most_beats: usize, depth_bits: usize) -> Self {
        let readers = vectors + 1;
        let status = |status: Status| Parameter::new(u64::from(status.code()).into());
        Self {
            ar_valid: several(readers),
            ar_ready: several(readers),
            ar_address: several(readers),
            ar_length: several(readers),
            r_valid: several(readers),
            readers: (0..readers).map(|_| Reader::new(most_beats, depth_bits)).collect(),
            bases: Resize::new(),
            scalars: (0..vectors).map(|_| Resize::new()).collect(),
            canonical_base: Canonical::new(&Field::Base.modulus()),
            canonical_scalar: (0..vectors).map(|_| Canonical::new(&Field::Scalar.modulus())).collect(),
            vector_at: several(vectors),
            read_refused: status(Status::ReadFault),
            not_canonical: status(Status::NotCanonical),
            settle: Parameter::new(SETTLE_CYCLES.into()),
            base_shift: Parameter::new(u64::from((BASE_BITS / B).trailing_zeros()).into()),
            number: (0..vectors).map(|k| Parameter::new((k as u64).into())).collect(),
            _vectors: vectors,
            _readers: readers,
            ..Self::default()
        }
    }
}

impl<const D: usize, const B: usize> Logic for Feed<D, B> {
    #[hdl_gen]
    fn update(&mut self) {
        clock!(self, clock, bases, canonical_base);
        dff_setup!(self, clock, active, bases_left, points_left, more, turn, settled);
        self.bases.reset.next = self.reset.val();
        self.canonical_base.reset.next = self.reset.val();
        if self.start.val() {
            self.active.d.next = true;
            self.bases_left.d.next = self.count.val() << self.base_shift.val();
            self.points_left.d.next = self.count.val();
            self.more.d.next = self.count.val() != 0;
            self.turn.d.next = 0.into();
        }

        // Readers.
        self.busy.next = false;
        self.pending.next = false;
        for k in 0..self._readers {
            self.readers[k].clock.next = self.clock.val();
            self.readers[k].reset.next = self.reset.val();
            self.readers[k].halt.next = self.halt.val();
            self.readers[k].ar_ready.next = self.ar_ready[k].val();
            self.ar_valid[k].next = self.readers[k].ar_valid.val();
            self.ar_address[k].next = self.readers[k].ar_address.val();
            self.ar_length[k].next = self.readers[k].ar_length.val();
            self.readers[k].r_valid.next = self.r_valid[k].val();
            self.readers[k].r_data.next = self.r_data.val();
            self.readers[k].r_error.next = self.r_error.val();
            if self.readers[k].busy.val() {
                self.busy.next = true;
            }
            if self.readers[k].pending.val() {
                self.pending.next = true;
            }
        }

        // Bases.
        self.readers[0].start.next = self.start.val();
        self.readers[0].address.next = self.base_address.val();
        self.readers[0].beats.next = self.base_beats.val();
        self.bases.flush.next = self.start.val();
        self.bases.in_data.next = self.readers[0].out_data.val();
        self.bases.in_valid.next = self.readers[0].out_valid.val();
        self.readers[0].out_ready.next = self.bases.in_ready.val();
        self.base_data.next = self.bases.out_data.val();
        self.base_valid.next = self.bases.out_valid.val();
        self.bases.out_ready.next = self.base_ready.val();
        self.base_moved.next = self.bases.out_valid.val() & self.base_ready.val();
        if self.base_moved.val() {
            self.bases_left.d.next = self.bases_left.q.val() - 1;
        }
        self.canonical_base.clear.next = self.start.val();
        self.canonical_base.count.next = self.count.val() << 1;
        self.canonical_base.taken.next = self.readers[0].out_valid.val() & self.bases.in_ready.val();
        self.canonical_base.word.next = self.readers[0].out_data.val();

        // Scalars, in turn.
        self.scalar_data.next = 0.into();
        self.scalar_here.next = false;
        for k in 0..self._vectors {
            self.vector_at[k].clock.next = self.clock.val();
            self.vector_at[k].d.next = self.input_address.val();
            self.readers[k + 1].start.next = self.start.val() & (self.number[k].val() < self.vectors.val());
            self.readers[k + 1].address.next = self.vector_at[k].q.val();
            self.readers[k + 1].beats.next = self.scalar_beats.val();
            self.scalars[k].clock.next = self.clock.val();
            self.scalars[k].reset.next = self.reset.val();
            self.scalars[k].flush.next = self.start.val();
            self.scalars[k].in_data.next = self.readers[k + 1].out_data.val();
            self.scalars[k].in_valid.next = self.readers[k + 1].out_valid.val();
            self.readers[k + 1].out_ready.next = self.scalars[k].in_ready.val();
            self.scalars[k].out_ready.next = false;
            self.canonical_scalar[k].clock.next = self.clock.val();
            self.canonical_scalar[k].reset.next = self.reset.val();
            self.canonical_scalar[k].clear.next = self.start.val();
            self.canonical_scalar[k].count.next = self.count.val();
            self.canonical_scalar[k].word.next = self.readers[k + 1].out_data.val();
            self.canonical_scalar[k].taken.next = self.readers[k + 1].out_valid.val() & self.scalars[k].in_ready.val();
            if self.turn.q.val() == self.number[k].val() {
                self.scalar_data.next = self.scalars[k].out_data.val();
                self.scalar_here.next = self.scalars[k].out_valid.val() & self.more.q.val();
                self.scalars[k].out_ready.next = self.scalar_ready.val() & self.more.q.val();
            }
        }
        for k in 1..self._vectors {
            self.vector_at[k].d.next = self.vector_at[k - 1].q.val() + self.stride.val();
        }
        self.scalar_valid.next = self.scalar_here.val();
        self.scalar_moved.next = self.scalar_here.val() & self.scalar_ready.val();
        self.next_turn.next = self.turn.q.val() + 1;
        if self.scalar_moved.val() {
            self.turn.d.next = self.next_turn.val();
            if self.next_turn.val() == self.vectors.val() {
                self.turn.d.next = 0.into();
                self.points_left.d.next = self.points_left.q.val() - 1;
                if self.points_left.q.val() == 1 {
                    self.more.d.next = false;
                }
            }
        }

        // The end.
        self.all_taken.next =
            (self.active.q.val() & !self.busy.val()) & ((self.bases_left.q.val() == 0) & !self.more.q.val());
        self.settled.d.next = 0.into();
        if self.all_taken.val() {
            self.settled.d.next = self.settled.q.val() + 1;
        }
        self.fed.next = self.all_taken.val() & (self.settled.q.val() == self.settle.val());
        if self.all_taken.val() & (self.settled.q.val() == self.settle.val()) {
            self.active.d.next = false;
        }

        // Faults.
        self.scalar_index.next = 0.into();
        self.code.next = 0.into();
        self.about.next = 0.into();
        if self.active.q.val() {
            for k in 0..self._vectors {
                self.scalar_index.next = self.canonical_scalar[k].index.val();
                if self.canonical_scalar[k].found.val() {
                    self.code.next = self.not_canonical.val();
                    self.about.next = self.vector_at[k].q.val() + (bit_cast::<64, 32>(self.scalar_index.val()) << 5);
                }
            }
            if self.canonical_base.found.val() {
                self.code.next = self.not_canonical.val();
                self.about.next = self.base_address.val() + (bit_cast::<64, 32>(self.canonical_base.index.val()) << 5);
            }
            // A reader that has no part in this job may still show the fault of an earlier one.
            for k in 0..self._vectors {
                if self.readers[k + 1].fault.val() & (self.number[k].val() < self.vectors.val()) {
                    self.code.next = self.read_refused.val();
                    self.about.next = self.readers[k + 1].fault_address.val();
                }
            }
            if self.readers[0].fault.val() {
                self.code.next = self.read_refused.val();
                self.about.next = self.readers[0].fault_address.val();
            }
        }

        if self.reset.val() {
            self.active.d.next = false;
            self.points_left.d.next = 0.into();
            self.more.d.next = false;
        }
    }
}
