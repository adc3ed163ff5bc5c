//! Carries out MSM commands: passes of the engine, their operands from memory, their sums back to memory.
//!
//! ```text
//! bases reader ─────> 512 bits ──> (canonical?) ──┐
//! scalar readers, in turn ─> 256 ─> (canonical?) ─┴─> engine ──> 768 bits ──> 256 ──> writer
//! ```
//!
//! A pass covers as many windows of all vectors as the engine has groups for, and streams all bases once. Feeding and
//! writing go on side by side: the engine drains one pass while it takes the next. Every vector has a reader, so that the
//! scalars of a base are at hand together.
//!
//! What goes wrong is kept, the first of each kind; the pass under way is ended, no other is started.

use penstock_abi::{Capabilities, ELEMENT_BYTES, Opcode, POINT_BYTES, Status};
use rust_hdl::prelude::*;

use super::canonical::Canonical;
use super::completion::REPLY_BITS;
use super::decode::{field, slice};
use super::dispatch::JOB_BITS;
use super::leaf::{Parameter, leaf, several};
use super::reader::Reader;
use super::resize::Resize;
use super::self_test::{KnownSum, SumCheck};
use super::writer::Writer;
use crate::field::Field;

/// Bits of a pass: points (32), vectors (8), first window (8), windows (8), low end first.
pub const PASS_BITS: usize = 56;
/// Bits of a sum: X, Y, Z.
pub const SUM_BITS: usize = 768;

leaf! {
    /// The fields of a job, and the sizes of the passes that start at `window` and `out_window`.
    Fields {
        job: Bits<JOB_BITS>, window: Bits<8>, out_window: Bits<8>,
        => id: Bits<32>, fetched: Bits<64>, result: Bits<64>, input_address: Bits<64>, count: Bits<32>, vectors: Bits<8>,
        stride: Bits<64>, base_address: Bits<64>, base_beats: Bits<32>, scalar_beats: Bits<32>, bytes: Bits<64>,
        windows: Bits<8>, last: Bit, out_windows: Bits<8>, out_last: Bit, out_beats: Bits<32>, out_bytes: Bits<64>,
    }
}

impl Fields {
    fn new(beat_bytes: usize, capabilities: &Capabilities, groups: usize) -> Self {
        let of = |name: &str| slice(field(Opcode::Msm.layout(), name)).replace("command", "job");
        let layout = &capabilities.msm_layout;
        let windows = layout.windows() as usize;
        let most: String = (1..=usize::from(capabilities.vectors))
            .map(|vectors| format!("    {vectors}: most = {};\n", (groups / vectors).clamp(1, windows)))
            .collect();
        Self::from_text(format!(
            "// module: msm_job
reg [7:0] most;
always @(*) begin
  case (vectors)
{most}    default: most = 1;
  endcase
end
wire [7:0] rest = {windows} - window;
wire [7:0] out_rest = {windows} - out_window;
wire [63:0] scalar_bytes = ({{32'd0, count}} * {element}) + {beat_bytes} - 1;
always @(*) windows = rest < most ? rest : most;
always @(*) last = rest <= most;
always @(*) out_windows = out_rest < most ? out_rest : most;
always @(*) out_last = out_rest <= most;
always @(*) out_bytes = {{56'd0, out_windows}} * {window_bytes};
always @(*) out_beats = out_bytes >> {shift};
always @(*) bytes = {{56'd0, vectors}} * {vector_bytes};
always @(*) id = {id};
always @(*) fetched = job[512+:64];
always @(*) base_address = job[576+:64];
always @(*) result = {result};
always @(*) input_address = {input};
always @(*) count = {count};
always @(*) vectors = {vectors};
always @(*) stride = {stride};
always @(*) base_beats = ({{32'd0, count}} * {base}) >> {shift};
always @(*) scalar_beats = scalar_bytes >> {shift};
",
            element = ELEMENT_BYTES,
            base = 2 * ELEMENT_BYTES,
            window_bytes = POINT_BYTES * u64::from(layout.window_points()),
            vector_bytes = layout.result_bytes(1),
            shift = beat_bytes.trailing_zeros(),
            id = of("ID"),
            result = of("RESULT"),
            input = of("INPUT"),
            count = of("COUNT"),
            vectors = of("VECTORS"),
            stride = of("STRIDE"),
        ))
    }
}

/// The unit around the engine's streams.
#[derive(LogicBlock, Default)]
#[allow(missing_docs)]
pub struct MsmUnit<const D: usize, const S: usize> {
    pub clock: Signal<In, Clock>,
    pub reset: Signal<In, Bit>,
    pub halt: Signal<In, Bit>,
    pub pending: Signal<Out, Bit>,
    pub job: Signal<In, Bits<JOB_BITS>>,
    pub job_valid: Signal<In, Bit>,
    pub job_ready: Signal<Out, Bit>,
    pub reply_data: Signal<Out, Bits<REPLY_BITS>>,
    pub reply_valid: Signal<Out, Bit>,
    pub reply_ready: Signal<In, Bit>,
    /// The self-test: asked for, over, and whether it failed.
    pub test: Signal<In, Bit>,
    pub tested: Signal<Out, Bit>,
    pub test_failed: Signal<Out, Bit>,
    /// The engine.
    pub pass_data: Signal<Out, Bits<PASS_BITS>>,
    pub pass_valid: Signal<Out, Bit>,
    pub pass_ready: Signal<In, Bit>,
    pub base_data: Signal<Out, Bits<512>>,
    pub base_valid: Signal<Out, Bit>,
    pub base_ready: Signal<In, Bit>,
    pub scalar_data: Signal<Out, Bits<256>>,
    pub scalar_valid: Signal<Out, Bit>,
    pub scalar_ready: Signal<In, Bit>,
    pub sum_data: Signal<In, Bits<SUM_BITS>>,
    pub sum_valid: Signal<In, Bit>,
    pub sum_ready: Signal<Out, Bit>,
    /// The bus: reader 0 has the bases, the others a vector each.
    pub ar_valid: Vec<Signal<Out, Bit>>,
    pub ar_ready: Vec<Signal<In, Bit>>,
    pub ar_address: Vec<Signal<Out, Bits<64>>>,
    pub ar_length: Vec<Signal<Out, Bits<8>>>,
    pub r_valid: Vec<Signal<In, Bit>>,
    pub r_data: Signal<In, Bits<D>>,
    pub r_error: Signal<In, Bit>,
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
    fields: Fields,
    readers: Vec<Reader<D>>,
    writer: Writer<D, S>,
    bases: Resize<D, 512>,
    scalars: Vec<Resize<D, 256>>,
    cut: Resize<SUM_BITS, 256>,
    spread: Resize<256, D>,
    check: SumCheck,
    canonical_x: Canonical,
    canonical_y: Canonical,
    canonical_scalar: Vec<Canonical>,
    held: DFF<Bits<JOB_BITS>>,
    loaded: DFF<Bit>,
    warm: DFF<Bits<6>>,
    beginning: DFF<Bit>,
    feeding: DFF<Bit>,
    finished: DFF<Bit>,
    offering: DFF<Bit>,
    window: DFF<Bits<8>>,
    issued: DFF<Bits<8>>,
    bases_left: DFF<Bits<32>>,
    points_left: DFF<Bits<32>>,
    turn: DFF<Bits<8>>,
    settled: DFF<Bits<3>>,
    vector_at: Vec<DFF<Bits<64>>>,
    out_window: DFF<Bits<8>>,
    out_vector: DFF<Bits<8>>,
    drained: DFF<Bits<8>>,
    row_at: DFF<Bits<64>>,
    out_at: DFF<Bits<64>>,
    out_starting: DFF<Bit>,
    writing: DFF<Bit>,
    replying: DFF<Bit>,
    code: DFF<Bits<16>>,
    about: DFF<Bits<64>>,
    testing: DFF<Bit>,
    test_offered: DFF<Bit>,
    test_bases: DFF<Bits<2>>,
    test_scalars: DFF<Bits<2>>,
    test_pass: Parameter<Bits<PASS_BITS>>,
    known_first: Parameter<Bits<512>>,
    known_second: Parameter<Bits<512>>,
    vector_bytes: Parameter<Bits<64>>,
    whole: Parameter<Bits<S>>,
    read_refused: Parameter<Bits<16>>,
    write_refused: Parameter<Bits<16>>,
    not_canonical: Parameter<Bits<16>>,
    number: Vec<Parameter<Bits<8>>>,
    idle: Signal<Local, Bit>,
    busy: Signal<Local, Bit>,
    all_taken: Signal<Local, Bit>,
    fed: Signal<Local, Bit>,
    base_moved: Signal<Local, Bit>,
    scalar_here: Signal<Local, Bit>,
    scalar_moved: Signal<Local, Bit>,
    scalar_index: Signal<Local, Bits<32>>,
    next_turn: Signal<Local, Bits<8>>,
    next_vector: Signal<Local, Bits<8>>,
    _vectors: usize,
    _readers: usize,
}

impl<const D: usize, const S: usize> MsmUnit<D, S> {
    /// A unit for an engine of so many groups, with what its self-test knows. See [`Reader::new`] for the rest.
    pub fn new(
        capabilities: &Capabilities,
        groups: usize,
        known: &KnownSum,
        most_beats: usize,
        depth_bits: usize,
    ) -> Self {
        let vectors = usize::from(capabilities.vectors);
        let readers = vectors + 1;
        let status = |status: Status| Parameter::new(u64::from(status.code()).into());
        Self {
            ar_valid: several(readers),
            ar_ready: several(readers),
            ar_address: several(readers),
            ar_length: several(readers),
            r_valid: several(readers),
            fields: Fields::new(S, capabilities, groups),
            readers: (0..readers).map(|_| Reader::new(most_beats, depth_bits)).collect(),
            writer: Writer::new(most_beats, depth_bits),
            bases: Resize::new(),
            scalars: (0..vectors).map(|_| Resize::new()).collect(),
            cut: Resize::new(),
            spread: Resize::new(),
            check: SumCheck::new(known, &capabilities.msm_layout),
            canonical_x: Canonical::new(&Field::Base.modulus()),
            canonical_y: Canonical::new(&Field::Base.modulus()),
            canonical_scalar: (0..vectors).map(|_| Canonical::new(&Field::Scalar.modulus())).collect(),
            vector_at: several(vectors),
            // Two points, one vector, the lowest window alone.
            test_pass: Parameter::new((2u64 | 1 << 32 | 1 << 48).into()),
            known_first: Parameter::new(known.base(0).into()),
            known_second: Parameter::new(known.base(1).into()),
            vector_bytes: Parameter::new(capabilities.msm_layout.result_bytes(1).into()),
            whole: Parameter::new(Bits::<S>::mask()),
            read_refused: status(Status::ReadFault),
            write_refused: status(Status::WriteFault),
            not_canonical: status(Status::NotCanonical),
            number: (0..vectors).map(|k| Parameter::new((k as u64).into())).collect(),
            _vectors: vectors,
            _readers: readers,
            ..Self::default()
        }
    }
}

impl<const D: usize, const S: usize> Logic for MsmUnit<D, S> {
    #[hdl_gen]
    fn update(&mut self) {
        clock!(self, clock, fields, writer, bases, cut, spread, check, canonical_x, canonical_y);
        dff_setup!(
            self,
            clock,
            held,
            loaded,
            warm,
            beginning,
            feeding,
            finished,
            offering,
            window,
            issued,
            bases_left,
            points_left,
            turn,
            settled,
            out_window,
            out_vector,
            drained,
            row_at,
            out_at,
            out_starting,
            writing,
            replying,
            code,
            about,
            testing,
            test_offered,
            test_bases,
            test_scalars
        );
        self.fields.reset.next = self.reset.val();
        self.writer.reset.next = self.reset.val();
        self.bases.reset.next = self.reset.val();
        self.cut.reset.next = self.reset.val();
        self.spread.reset.next = self.reset.val();
        self.check.reset.next = self.reset.val();
        self.canonical_x.reset.next = self.reset.val();
        self.canonical_y.reset.next = self.reset.val();
        self.writer.halt.next = self.halt.val();

        // A job: time for the vectors' addresses to settle, then its passes.
        self.idle.next = !((self.loaded.q.val() | self.feeding.q.val())
            | ((self.finished.q.val() | self.replying.q.val()) | self.testing.q.val()));
        self.job_ready.next = self.idle.val();
        if self.idle.val() & self.job_valid.val() {
            self.held.d.next = self.job.val();
            self.loaded.d.next = true;
            self.warm.d.next = 0.into();
        }
        self.fields.job.next = self.held.q.val();
        self.fields.window.next = self.window.q.val();
        self.fields.out_window.next = self.out_window.q.val();
        self.beginning.d.next = false;
        if self.loaded.q.val() {
            self.warm.d.next = self.warm.q.val() + 1;
            self.window.d.next = 0.into();
            self.issued.d.next = 0.into();
            self.drained.d.next = 0.into();
            self.out_window.d.next = 0.into();
            self.out_vector.d.next = 0.into();
            self.row_at.d.next = self.fields.result.val();
            self.out_at.d.next = self.fields.result.val();
            self.code.d.next = 0.into();
            self.about.d.next = self.fields.bytes.val();
            if self.warm.q.val() == 40 {
                self.loaded.d.next = false;
                self.feeding.d.next = true;
                self.beginning.d.next = true;
            }
        }

        // A pass begins.
        if self.beginning.q.val() {
            self.offering.d.next = true;
            self.bases_left.d.next = self.fields.count.val();
            self.points_left.d.next = self.fields.count.val();
            self.turn.d.next = 0.into();
        }
        self.pass_valid.next = self.offering.q.val();
        self.pass_data.next = bit_cast::<PASS_BITS, 32>(self.fields.count.val())
            | (bit_cast::<PASS_BITS, 8>(self.fields.vectors.val()) << 32)
            | (bit_cast::<PASS_BITS, 8>(self.window.q.val()) << 40)
            | (bit_cast::<PASS_BITS, 8>(self.fields.windows.val()) << 48);
        if self.offering.q.val() & self.pass_ready.val() {
            self.offering.d.next = false;
            self.issued.d.next = self.issued.q.val() + 1;
        }

        // Its operands.
        self.busy.next = false;
        self.pending.next = self.writer.pending.val();
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
        self.readers[0].start.next = self.beginning.q.val();
        self.readers[0].address.next = self.fields.base_address.val();
        self.readers[0].beats.next = self.fields.base_beats.val();
        self.bases.flush.next = self.beginning.q.val();
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
        self.canonical_x.clear.next = self.beginning.q.val();
        self.canonical_x.taken.next = self.base_moved.val();
        self.canonical_x.word.next = self.bases.out_data.val().get_bits::<256>(0);
        self.canonical_y.clear.next = self.beginning.q.val();
        self.canonical_y.taken.next = self.base_moved.val();
        self.canonical_y.word.next = self.bases.out_data.val().get_bits::<256>(256);
        self.scalar_data.next = 0.into();
        self.scalar_here.next = false;
        for k in 0..self._vectors {
            self.vector_at[k].clock.next = self.clock.val();
            self.vector_at[k].d.next = self.fields.input_address.val();
            self.readers[k + 1].start.next =
                self.beginning.q.val() & (self.number[k].val() < self.fields.vectors.val());
            self.readers[k + 1].address.next = self.vector_at[k].q.val();
            self.readers[k + 1].beats.next = self.fields.scalar_beats.val();
            self.scalars[k].clock.next = self.clock.val();
            self.scalars[k].reset.next = self.reset.val();
            self.scalars[k].flush.next = self.beginning.q.val();
            self.scalars[k].in_data.next = self.readers[k + 1].out_data.val();
            self.scalars[k].in_valid.next = self.readers[k + 1].out_valid.val();
            self.readers[k + 1].out_ready.next = self.scalars[k].in_ready.val();
            self.scalars[k].out_ready.next = false;
            self.canonical_scalar[k].clock.next = self.clock.val();
            self.canonical_scalar[k].reset.next = self.reset.val();
            self.canonical_scalar[k].clear.next = self.beginning.q.val();
            self.canonical_scalar[k].word.next = self.scalars[k].out_data.val();
            self.canonical_scalar[k].taken.next = false;
            if (self.turn.q.val() == self.number[k].val()) & (self.points_left.q.val() != 0) {
                self.scalar_data.next = self.scalars[k].out_data.val();
                self.scalar_here.next = self.scalars[k].out_valid.val();
                self.scalars[k].out_ready.next = self.scalar_ready.val();
                self.canonical_scalar[k].taken.next = self.scalars[k].out_valid.val() & self.scalar_ready.val();
            }
        }
        for k in 1..self._vectors {
            self.vector_at[k].d.next = self.vector_at[k - 1].q.val() + self.fields.stride.val();
        }
        self.scalar_valid.next = self.scalar_here.val();
        self.scalar_moved.next = self.scalar_here.val() & self.scalar_ready.val();
        self.next_turn.next = self.turn.q.val() + 1;
        if self.scalar_moved.val() {
            self.turn.d.next = self.next_turn.val();
            if self.next_turn.val() == self.fields.vectors.val() {
                self.turn.d.next = 0.into();
                self.points_left.d.next = self.points_left.q.val() - 1;
            }
        }

        // Fed, and the last comparison is done: the next pass, or none after the last or a fault.
        self.all_taken.next = ((self.feeding.q.val() & !self.beginning.q.val())
            & !(self.offering.q.val() | self.busy.val()))
            & ((self.bases_left.q.val() == 0) & (self.points_left.q.val() == 0));
        self.settled.d.next = 0.into();
        if self.all_taken.val() {
            self.settled.d.next = self.settled.q.val() + 1;
        }
        self.fed.next = self.all_taken.val() & (self.settled.q.val() == 7);
        if self.fed.val() {
            if self.fields.last.val() | (self.code.q.val() != 0) {
                self.feeding.d.next = false;
                self.finished.d.next = true;
            } else {
                self.window.d.next = self.window.q.val() + self.fields.windows.val();
                self.beginning.d.next = true;
            }
        }

        // Sums.
        self.cut.flush.next = self.loaded.q.val();
        self.cut.in_data.next = self.sum_data.val();
        self.cut.in_valid.next = self.sum_valid.val();
        self.sum_ready.next = self.cut.in_ready.val();
        self.spread.flush.next = self.loaded.q.val();
        self.spread.in_data.next = self.cut.out_data.val();
        self.spread.in_valid.next = self.cut.out_valid.val();
        self.cut.out_ready.next = self.spread.in_ready.val();
        self.writer.in_data.next = self.spread.out_data.val();
        self.writer.in_valid.next = self.spread.out_valid.val();
        self.spread.out_ready.next = self.writer.in_ready.val();
        self.writer.start.next = self.out_starting.q.val();
        self.writer.address.next = self.out_at.q.val();
        self.writer.beats.next = self.fields.out_beats.val();
        self.writer.last_strobe.next = self.whole.val();
        self.out_starting.d.next = false;
        if (self.issued.q.val() != self.drained.q.val()) & !(self.out_starting.q.val() | self.writing.q.val()) {
            self.out_starting.d.next = true;
        }
        if self.out_starting.q.val() {
            self.writing.d.next = true;
        }
        self.next_vector.next = self.out_vector.q.val() + 1;
        if self.writing.q.val() & !self.writer.busy.val() {
            self.writing.d.next = false;
            self.out_vector.d.next = self.next_vector.val();
            self.out_at.d.next = self.out_at.q.val() + self.vector_bytes.val();
            if self.next_vector.val() == self.fields.vectors.val() {
                self.out_vector.d.next = 0.into();
                self.drained.d.next = self.drained.q.val() + 1;
                self.out_window.d.next = self.out_window.q.val() + self.fields.out_windows.val();
                self.row_at.d.next = self.row_at.q.val() + self.fields.out_bytes.val();
                self.out_at.d.next = self.row_at.q.val() + self.fields.out_bytes.val();
            }
        }

        // Faults: those of reading before others.
        self.scalar_index.next = 0.into();
        if self.code.q.val() == 0 {
            if self.writing.q.val() & self.writer.fault.val() {
                self.code.d.next = self.write_refused.val();
                self.about.d.next = self.writer.fault_address.val();
            }
            for k in 0..self._vectors {
                self.scalar_index.next = self.canonical_scalar[k].index.val();
                if (self.feeding.q.val() & !self.beginning.q.val()) & self.canonical_scalar[k].found.val() {
                    self.code.d.next = self.not_canonical.val();
                    self.about.d.next = self.vector_at[k].q.val() + (bit_cast::<64, 32>(self.scalar_index.val()) << 5);
                }
            }
            if (self.feeding.q.val() & !self.beginning.q.val()) & self.canonical_y.found.val() {
                self.code.d.next = self.not_canonical.val();
                self.about.d.next =
                    (self.fields.base_address.val() + 32) + (bit_cast::<64, 32>(self.canonical_y.index.val()) << 6);
            }
            if (self.feeding.q.val() & !self.beginning.q.val()) & self.canonical_x.found.val() {
                self.code.d.next = self.not_canonical.val();
                self.about.d.next =
                    self.fields.base_address.val() + (bit_cast::<64, 32>(self.canonical_x.index.val()) << 6);
            }
            for k in 0..self._readers {
                if (self.feeding.q.val() & !self.beginning.q.val()) & self.readers[k].fault.val() {
                    self.code.d.next = self.read_refused.val();
                    self.about.d.next = self.readers[k].fault_address.val();
                }
            }
        }

        // The self-test, between two jobs.
        if (self.idle.val() & self.test.val()) & !self.job_valid.val() {
            self.testing.d.next = true;
            self.test_offered.d.next = true;
            self.test_bases.d.next = 2.into();
            self.test_scalars.d.next = 2.into();
        }
        self.check.clear.next = !self.testing.q.val();
        self.check.sum.next = self.sum_data.val();
        self.check.taken.next = self.testing.q.val() & self.sum_valid.val();
        self.tested.next = self.testing.q.val() & self.check.done.val();
        self.test_failed.next = self.check.failed.val();
        if self.testing.q.val() {
            self.pass_data.next = self.test_pass.val();
            self.pass_valid.next = self.test_offered.q.val();
            if self.pass_ready.val() {
                self.test_offered.d.next = false;
            }
            self.base_valid.next = self.test_bases.q.val() != 0;
            self.base_data.next = self.known_first.val();
            if self.test_bases.q.val() == 1 {
                self.base_data.next = self.known_second.val();
            }
            if (self.test_bases.q.val() != 0) & self.base_ready.val() {
                self.test_bases.d.next = self.test_bases.q.val() - 1;
            }
            self.scalar_valid.next = self.test_scalars.q.val() != 0;
            self.scalar_data.next = 1.into();
            if (self.test_scalars.q.val() != 0) & self.scalar_ready.val() {
                self.test_scalars.d.next = self.test_scalars.q.val() - 1;
            }
            self.cut.in_valid.next = false;
            self.sum_ready.next = true;
            if self.check.done.val() {
                self.testing.d.next = false;
            }
        }

        // The end.
        if self.finished.q.val() & (self.issued.q.val() == self.drained.q.val()) {
            self.finished.d.next = false;
            self.replying.d.next = true;
        }
        self.reply_valid.next = self.replying.q.val();
        self.reply_data.next = bit_cast::<REPLY_BITS, 32>(self.fields.id.val())
            | (bit_cast::<REPLY_BITS, 16>(self.code.q.val()) << 32)
            | (bit_cast::<REPLY_BITS, 64>(self.about.q.val()) << 48)
            | (bit_cast::<REPLY_BITS, 64>(self.fields.fetched.val()) << 112);
        if self.replying.q.val() & self.reply_ready.val() {
            self.replying.d.next = false;
        }

        if self.reset.val() {
            self.loaded.d.next = false;
            self.beginning.d.next = false;
            self.feeding.d.next = false;
            self.finished.d.next = false;
            self.offering.d.next = false;
            self.points_left.d.next = 0.into();
            self.issued.d.next = 0.into();
            self.drained.d.next = 0.into();
            self.out_starting.d.next = false;
            self.writing.d.next = false;
            self.replying.d.next = false;
            self.testing.d.next = false;
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
