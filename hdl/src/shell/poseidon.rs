//! Carries out POSEIDON commands: pairs from memory through the engine, hashes back to memory.
//!
//! ```text
//! reader ──> 512 bits ──> (canonical?) ──> engine ──> 256 bits ──> writer
//! ```
//!
//! The self-test sends one known pair through the same engine, between two jobs.

use num_bigint::BigUint;
use penstock_abi::{Opcode, Status};
use rust_hdl::prelude::*;

use super::canonical::Canonical;
use super::completion::REPLY_BITS;
use super::decode::{field, slice};
use super::dispatch::JOB_BITS;
use super::reader::Reader;
use super::resize::Resize;
use super::writer::Writer;
use crate::field::Field;
use crate::leaf::{Parameter, leaf};

/// circomlib's `poseidon([1, 2])`.
const KNOWN_HASH: &[u8] = b"115cc0f5e7d690413df64c6b9662e9cf2a3617f2743245519e19607a4417189a";

leaf! {
    /// The fields of a job.
    Fields {
        job: Bits<JOB_BITS>,
        => id: Bits<32>, fetched: Bits<64>, result: Bits<64>, input_address: Bits<64>, count: Bits<32>,
        read_beats: Bits<32>, write_beats: Bits<32>, bytes: Bits<64>,
    }
}

impl Fields {
    fn new(beat_bytes: usize) -> Self {
        let of = |name: &str| slice(field(Opcode::Poseidon.layout(), name)).replace("command", "job");
        let shift = beat_bytes.trailing_zeros();
        Self::from_text(format!(
            "// module: poseidon_job
always @(*) id = {id};
always @(*) fetched = job[512+:64];
always @(*) result = {result};
always @(*) input_address = {input};
always @(*) count = {count};
always @(*) bytes = {{27'd0, count, 5'd0}};
wire [63:0] read_bytes = bytes << 1;
wire [63:0] write_bytes = bytes + {beat_bytes} - 1;
always @(*) read_beats = read_bytes >> {shift};
always @(*) write_beats = write_bytes >> {shift};
",
            id = of("ID"),
            result = of("RESULT"),
            input = of("INPUT"),
            count = of("COUNT"),
        ))
    }
}

/// The unit around the engine's streams.
#[derive(LogicBlock, Default)]
#[allow(missing_docs)]
pub struct PoseidonUnit<const D: usize, const S: usize> {
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
    pub test: Signal<In, Bit>,
    pub tested: Signal<Out, Bit>,
    pub test_failed: Signal<Out, Bit>,
    /// The engine.
    pub pairs_data: Signal<Out, Bits<512>>,
    pub pairs_valid: Signal<Out, Bit>,
    pub pairs_ready: Signal<In, Bit>,
    pub hashes_data: Signal<In, Bits<256>>,
    pub hashes_valid: Signal<In, Bit>,
    pub hashes_ready: Signal<Out, Bit>,
    /// The bus.
    pub ar_valid: Signal<Out, Bit>,
    pub ar_ready: Signal<In, Bit>,
    pub ar_address: Signal<Out, Bits<64>>,
    pub ar_length: Signal<Out, Bits<8>>,
    pub r_valid: Signal<In, Bit>,
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
    reader: Reader<D>,
    writer: Writer<D, S>,
    gather: Resize<D, 512>,
    spread: Resize<256, D>,
    canonical: Canonical<D>,
    held: DFF<Bits<JOB_BITS>>,
    loaded: DFF<Bit>,
    running: DFF<Bit>,
    replying: DFF<Bit>,
    // Hashes still to leave, and whether a word of padding follows them.
    left: DFF<Bits<32>>,
    padding: DFF<Bit>,
    testing: DFF<Bit>,
    test_sent: DFF<Bit>,
    settled: DFF<Bits<3>>,
    known_pair: Parameter<Bits<512>>,
    known_hash: Parameter<Bits<256>>,
    whole: Parameter<Bits<S>>,
    half: Parameter<Bits<S>>,
    pads: Parameter<Bit>,
    read_refused: Parameter<Bits<16>>,
    write_refused: Parameter<Bits<16>>,
    not_canonical: Parameter<Bits<16>>,
    idle: Signal<Local, Bit>,
    wanted: Signal<Local, Bit>,
    odd: Signal<Local, Bit>,
    code: Signal<Local, Bits<16>>,
    about: Signal<Local, Bits<64>>,
}

impl<const D: usize, const S: usize> PoseidonUnit<D, S> {
    /// A unit; see [`Reader::new`].
    pub fn new(most_beats: usize, depth_bits: usize) -> Self {
        let hash = BigUint::parse_bytes(KNOWN_HASH, 16).unwrap_or_default();
        let status = |status: Status| Parameter::new(u64::from(status.code()).into());
        Self {
            fields: Fields::new(S),
            reader: Reader::new(most_beats, depth_bits),
            writer: Writer::new(most_beats, depth_bits),
            gather: Resize::new(),
            spread: Resize::new(),
            canonical: Canonical::new(&Field::Scalar.modulus()),
            known_pair: Parameter::new((BigUint::from(1u8) + (BigUint::from(2u8) << 256usize)).into()),
            known_hash: Parameter::new(hash.into()),
            whole: Parameter::new(Bits::<S>::mask()),
            half: Parameter::new(((BigUint::from(1u8) << 32usize.min(S)) - 1u8).into()),
            pads: Parameter::new(D > 256),
            read_refused: status(Status::ReadFault),
            write_refused: status(Status::WriteFault),
            not_canonical: status(Status::NotCanonical),
            ..Self::default()
        }
    }
}

impl<const D: usize, const S: usize> Logic for PoseidonUnit<D, S> {
    #[hdl_gen]
    fn update(&mut self) {
        clock!(self, clock, fields, reader, writer, gather, spread, canonical);
        dff_setup!(self, clock, held, loaded, running, replying, left, padding, testing, test_sent, settled);
        self.fields.reset.next = self.reset.val();
        self.reader.reset.next = self.reset.val();
        self.writer.reset.next = self.reset.val();
        self.gather.reset.next = self.reset.val();
        self.spread.reset.next = self.reset.val();
        self.canonical.reset.next = self.reset.val();
        self.reader.halt.next = self.halt.val();
        self.writer.halt.next = self.halt.val();
        self.pending.next = self.reader.pending.val() | self.writer.pending.val();

        // A job.
        self.idle.next =
            !((self.loaded.q.val() | self.running.q.val()) | (self.replying.q.val() | self.testing.q.val()));
        self.job_ready.next = self.idle.val();
        if self.idle.val() & self.job_valid.val() {
            self.held.d.next = self.job.val();
            self.loaded.d.next = true;
        }
        self.fields.job.next = self.held.q.val();
        self.odd.next = self.fields.count.val().get_bit(0) & self.pads.val();
        self.reader.start.next = self.loaded.q.val();
        self.reader.address.next = self.fields.input_address.val();
        self.reader.beats.next = self.fields.read_beats.val();
        self.writer.start.next = self.loaded.q.val();
        self.writer.address.next = self.fields.result.val();
        self.writer.beats.next = self.fields.write_beats.val();
        self.writer.last_strobe.next = self.whole.val();
        if self.odd.val() {
            self.writer.last_strobe.next = self.half.val();
        }
        if self.loaded.q.val() {
            self.loaded.d.next = false;
            self.running.d.next = true;
            self.left.d.next = self.fields.count.val();
            self.padding.d.next = self.odd.val();
            self.settled.d.next = 0.into();
        }

        // Pairs.
        self.gather.flush.next = self.loaded.q.val();
        self.gather.in_data.next = self.reader.out_data.val();
        self.gather.in_valid.next = self.reader.out_valid.val();
        self.reader.out_ready.next = self.gather.in_ready.val();
        self.pairs_data.next = self.gather.out_data.val();
        self.pairs_valid.next = self.gather.out_valid.val();
        self.gather.out_ready.next = self.pairs_ready.val();
        if self.testing.q.val() {
            self.pairs_data.next = self.known_pair.val();
            self.pairs_valid.next = !self.test_sent.q.val();
        }
        self.canonical.clear.next = self.loaded.q.val();
        self.canonical.count.next = self.fields.count.val() << 1;
        self.canonical.taken.next = self.reader.out_valid.val() & self.gather.in_ready.val();
        self.canonical.word.next = self.reader.out_data.val();

        // Hashes.
        self.spread.flush.next = self.loaded.q.val();
        self.wanted.next = self.left.q.val() != 0;
        self.spread.in_data.next = self.hashes_data.val();
        self.spread.in_valid.next = self.hashes_valid.val() & self.wanted.val();
        self.hashes_ready.next = (self.spread.in_ready.val() & self.wanted.val()) | self.testing.q.val();
        if self.padding.q.val() & !self.wanted.val() {
            self.spread.in_data.next = 0.into();
            self.spread.in_valid.next = true;
            if self.spread.in_ready.val() {
                self.padding.d.next = false;
            }
        }
        if (self.hashes_valid.val() & self.wanted.val()) & self.spread.in_ready.val() {
            self.left.d.next = self.left.q.val() - 1;
        }
        self.writer.in_data.next = self.spread.out_data.val();
        self.writer.in_valid.next = self.spread.out_valid.val();
        self.spread.out_ready.next = self.writer.in_ready.val();

        // The end: the last comparison is behind the last pair by some cycles.
        if self.running.q.val() & !(self.reader.busy.val() | self.writer.busy.val()) {
            self.settled.d.next = self.settled.q.val() + 1;
            if self.settled.q.val() == 7 {
                self.running.d.next = false;
                self.replying.d.next = true;
            }
        }
        self.code.next = 0.into();
        self.about.next = self.fields.bytes.val();
        if self.writer.fault.val() {
            self.code.next = self.write_refused.val();
            self.about.next = self.writer.fault_address.val();
        }
        if self.canonical.found.val() {
            self.code.next = self.not_canonical.val();
            self.about.next = self.fields.input_address.val() + (bit_cast::<64, 32>(self.canonical.index.val()) << 5);
        }
        if self.reader.fault.val() {
            self.code.next = self.read_refused.val();
            self.about.next = self.reader.fault_address.val();
        }
        self.reply_valid.next = self.replying.q.val();
        self.reply_data.next = bit_cast::<REPLY_BITS, 32>(self.fields.id.val())
            | (bit_cast::<REPLY_BITS, 16>(self.code.val()) << 32)
            | (bit_cast::<REPLY_BITS, 64>(self.about.val()) << 48)
            | (bit_cast::<REPLY_BITS, 64>(self.fields.fetched.val()) << 112);
        if self.replying.q.val() & self.reply_ready.val() {
            self.replying.d.next = false;
        }

        // Self-test.
        if (self.idle.val() & self.test.val()) & !self.job_valid.val() {
            self.testing.d.next = true;
            self.test_sent.d.next = false;
        }
        self.tested.next = self.testing.q.val() & self.hashes_valid.val();
        self.test_failed.next = self.hashes_data.val() != self.known_hash.val();
        if self.testing.q.val() {
            if self.pairs_ready.val() {
                self.test_sent.d.next = true;
            }
            if self.hashes_valid.val() {
                self.testing.d.next = false;
            }
        }

        if self.reset.val() {
            self.loaded.d.next = false;
            self.running.d.next = false;
            self.replying.d.next = false;
            self.left.d.next = 0.into();
            self.padding.d.next = false;
            self.testing.d.next = false;
        }

        // The bus.
        self.ar_valid.next = self.reader.ar_valid.val();
        self.reader.ar_ready.next = self.ar_ready.val();
        self.ar_address.next = self.reader.ar_address.val();
        self.ar_length.next = self.reader.ar_length.val();
        self.reader.r_valid.next = self.r_valid.val();
        self.reader.r_data.next = self.r_data.val();
        self.reader.r_error.next = self.r_error.val();
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
