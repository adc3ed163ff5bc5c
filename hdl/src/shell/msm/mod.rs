//! Carries out MSM commands: passes of the engine, their operands from memory, their sums back to memory.
//!
//! ```text
//! job ──> fields ──> passes ────────────────────────────> engine
//!            ├─────> feed: bases, and scalars in turn ──>   │
//!            └─────> drain: sums to memory <────────────────┘
//! ```
//!
//! A pass covers as many windows of all vectors as the engine has groups for, and streams all bases once. Feeding and
//! draining go on side by side: the engine drains one pass while it takes the next.
//!
//! What goes wrong first is kept; the pass under way is ended, no other is started. The self-test is a pass of its own,
//! between two jobs.

mod drain;
mod feed;
mod fields;

use penstock_abi::{Capabilities, Status};
use rust_hdl::prelude::*;

use drain::Drain;
use feed::Feed;
use fields::Fields;

use super::completion::REPLY_BITS;
use super::dispatch::JOB_BITS;
use super::resize::Resize;
use super::self_test::{KnownBases, KnownSum, SumCheck};
use crate::leaf::{Parameter, several};
use crate::point::LIMB_BITS;

/// Bits of a pass: points (32), vectors (8), first window (8), windows (8), low end first.
pub const PASS_BITS: usize = 56;

/// Cycles from a job's arrival to its first pass: the vectors' addresses settle one after the other.
const SETTLE_CYCLES: u64 = 40;
/// So at most this many vectors.
const MOST_VECTORS: usize = 12;

/// The unit around the engine's streams: bases in words of `B` bits, sums in words of `U`.
#[derive(LogicBlock, Default)]
#[allow(missing_docs)]
pub struct MsmUnit<const D: usize, const S: usize, const B: usize, const U: usize> {
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
    pub base_data: Signal<Out, Bits<B>>,
    pub base_valid: Signal<Out, Bit>,
    pub base_ready: Signal<In, Bit>,
    pub scalar_data: Signal<Out, Bits<256>>,
    pub scalar_valid: Signal<Out, Bit>,
    pub scalar_ready: Signal<In, Bit>,
    pub sum_data: Signal<In, Bits<U>>,
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
    feed: Feed<D, B>,
    drain: Drain<D, S, U>,
    limbs: Resize<U, LIMB_BITS>,
    check: SumCheck,
    held: DFF<Bits<JOB_BITS>>,
    loaded: DFF<Bit>,
    warm: DFF<Bits<6>>,
    beginning: DFF<Bit>,
    feeding: DFF<Bit>,
    fed: DFF<Bit>,
    finished: DFF<Bit>,
    offering: DFF<Bit>,
    window: DFF<Bits<8>>,
    issued: DFF<Bits<8>>,
    replying: DFF<Bit>,
    code: DFF<Bits<16>>,
    about: DFF<Bits<64>>,
    testing: DFF<Bit>,
    test_offered: DFF<Bit>,
    test_bases: DFF<Bits<5>>,
    test_scalars: DFF<Bits<2>>,
    test_pass: Parameter<Bits<PASS_BITS>>,
    known_bases: KnownBases<B>,
    known_words: Parameter<Bits<5>>,
    known_scalar: Parameter<Bits<256>>,
    write_refused: Parameter<Bits<16>>,
    settle: Parameter<Bits<6>>,
    idle: Signal<Local, Bit>,
    _readers: usize,
}

impl<const D: usize, const S: usize, const B: usize, const U: usize> MsmUnit<D, S, B, U> {
    /// A unit for an engine of so many groups, with what its self-test knows. See [`Reader::new`](super::reader::Reader::new)
    /// for the rest.
    pub fn new(
        capabilities: &Capabilities,
        groups: usize,
        known: &KnownSum,
        most_beats: usize,
        depth_bits: usize,
    ) -> Self {
        let vectors = usize::from(capabilities.vectors);
        assert!(vectors <= MOST_VECTORS, "{vectors} vectors need more readers than there are identifiers");
        let readers = vectors + 1;
        Self {
            ar_valid: several(readers),
            ar_ready: several(readers),
            ar_address: several(readers),
            ar_length: several(readers),
            r_valid: several(readers),
            fields: Fields::new(S, capabilities, groups),
            feed: Feed::new(vectors, most_beats, depth_bits),
            limbs: Resize::new(),
            drain: Drain::new(&capabilities.msm_layout, most_beats, depth_bits),
            check: SumCheck::new(known, &capabilities.msm_layout),
            // Two points, one vector, the lowest window alone.
            test_pass: Parameter::new((2u64 | 1 << 32 | 1 << 48).into()),
            known_bases: KnownBases::new(known),
            known_words: Parameter::new((KnownBases::<B>::WORDS as u64).into()),
            known_scalar: Parameter::new(KnownSum::scalar(&capabilities.msm_layout).into()),
            write_refused: Parameter::new(u64::from(Status::WriteFault.code()).into()),
            settle: Parameter::new(SETTLE_CYCLES.into()),
            _readers: readers,
            ..Self::default()
        }
    }
}

impl<const D: usize, const S: usize, const B: usize, const U: usize> Logic for MsmUnit<D, S, B, U> {
    #[hdl_gen]
    fn update(&mut self) {
        clock!(self, clock, fields, feed, drain, limbs, check, known_bases);
        dff_setup!(
            self,
            clock,
            held,
            loaded,
            warm,
            beginning,
            feeding,
            fed,
            finished,
            offering,
            window,
            issued,
            replying,
            code,
            about,
            testing,
            test_offered,
            test_bases,
            test_scalars
        );
        self.fields.reset.next = self.reset.val();
        self.feed.reset.next = self.reset.val();
        self.drain.reset.next = self.reset.val();
        self.limbs.reset.next = self.reset.val();
        self.check.reset.next = self.reset.val();
        self.known_bases.reset.next = self.reset.val();
        self.feed.halt.next = self.halt.val();
        self.drain.halt.next = self.halt.val();
        self.pending.next = self.feed.pending.val() | self.drain.pending.val();

        // A job.
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
        self.fields.out_window.next = self.drain.window.val();
        self.beginning.d.next = false;
        if self.loaded.q.val() {
            self.warm.d.next = self.warm.q.val() + 1;
            self.window.d.next = 0.into();
            self.issued.d.next = 0.into();
            self.code.d.next = 0.into();
            self.about.d.next = self.fields.bytes.val();
            if self.warm.q.val() == self.settle.val() {
                self.loaded.d.next = false;
                self.feeding.d.next = true;
                self.beginning.d.next = true;
            }
        }

        // A pass.
        if self.beginning.q.val() {
            self.offering.d.next = true;
            self.fed.d.next = false;
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
        self.feed.start.next = self.beginning.q.val();
        self.feed.count.next = self.fields.count.val();
        self.feed.vectors.next = self.fields.vectors.val();
        self.feed.base_address.next = self.fields.base_address.val();
        self.feed.base_beats.next = self.fields.base_beats.val();
        self.feed.input_address.next = self.fields.input_address.val();
        self.feed.stride.next = self.fields.stride.val();
        self.feed.scalar_beats.next = self.fields.scalar_beats.val();
        self.base_data.next = self.feed.base_data.val();
        self.base_valid.next = self.feed.base_valid.val();
        self.feed.base_ready.next = self.base_ready.val();
        self.scalar_data.next = self.feed.scalar_data.val();
        self.scalar_valid.next = self.feed.scalar_valid.val();
        self.feed.scalar_ready.next = self.scalar_ready.val();
        if self.feed.fed.val() {
            self.fed.d.next = true;
        }
        // The next one, or none after the last or a fault.
        if (self.feeding.q.val() & self.fed.q.val()) & !(self.beginning.q.val() | self.offering.q.val()) {
            self.fed.d.next = false;
            if self.fields.last.val() | (self.code.q.val() != 0) {
                self.feeding.d.next = false;
                self.finished.d.next = true;
            } else {
                self.window.d.next = self.window.q.val() + self.fields.windows.val();
                self.beginning.d.next = true;
            }
        }

        // Its sums.
        self.drain.load.next = self.loaded.q.val();
        self.drain.result.next = self.fields.result.val();
        self.drain.vectors.next = self.fields.vectors.val();
        self.drain.issued.next = self.issued.q.val();
        self.drain.windows.next = self.fields.out_windows.val();
        self.drain.beats.next = self.fields.out_beats.val();
        self.drain.bytes.next = self.fields.out_bytes.val();
        self.drain.sum_data.next = self.sum_data.val();
        self.drain.sum_valid.next = self.sum_valid.val();
        self.sum_ready.next = self.drain.sum_ready.val();

        // Faults.
        if (self.code.q.val() == 0) & !self.loaded.q.val() {
            if self.drain.fault.val() {
                self.code.d.next = self.write_refused.val();
                self.about.d.next = self.drain.fault_address.val();
            }
            if self.feed.code.val() != 0 {
                self.code.d.next = self.feed.code.val();
                self.about.d.next = self.feed.about.val();
            }
        }

        // The self-test, between two jobs.
        if (self.idle.val() & self.test.val()) & !self.job_valid.val() {
            self.testing.d.next = true;
            self.test_offered.d.next = true;
            self.test_bases.d.next = self.known_words.val();
            self.test_scalars.d.next = 2.into();
        }
        self.check.clear.next = !self.testing.q.val();
        self.limbs.flush.next = !self.testing.q.val();
        self.limbs.in_data.next = self.sum_data.val();
        self.limbs.in_valid.next = self.testing.q.val() & self.sum_valid.val();
        self.limbs.out_ready.next = true;
        self.check.limb.next = self.limbs.out_data.val();
        self.check.taken.next = self.limbs.out_valid.val();
        self.known_bases.left.next = self.test_bases.q.val();
        self.tested.next = self.testing.q.val() & self.check.done.val();
        self.test_failed.next = self.check.failed.val();
        if self.testing.q.val() {
            self.pass_data.next = self.test_pass.val();
            self.pass_valid.next = self.test_offered.q.val();
            if self.pass_ready.val() {
                self.test_offered.d.next = false;
            }
            self.base_valid.next = self.test_bases.q.val() != 0;
            self.base_data.next = self.known_bases.word.val();
            if (self.test_bases.q.val() != 0) & self.base_ready.val() {
                self.test_bases.d.next = self.test_bases.q.val() - 1;
            }
            self.scalar_valid.next = self.test_scalars.q.val() != 0;
            self.scalar_data.next = self.known_scalar.val();
            if (self.test_scalars.q.val() != 0) & self.scalar_ready.val() {
                self.test_scalars.d.next = self.test_scalars.q.val() - 1;
            }
            self.drain.sum_valid.next = false;
            self.sum_ready.next = self.limbs.in_ready.val();
            if self.check.done.val() {
                self.testing.d.next = false;
            }
        }

        // The end.
        if self.finished.q.val() & self.drain.drained.val() {
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
            self.fed.d.next = false;
            self.finished.d.next = false;
            self.offering.d.next = false;
            self.issued.d.next = 0.into();
            self.replying.d.next = false;
            self.testing.d.next = false;
        }

        // The bus.
        for k in 0..self._readers {
            self.ar_valid[k].next = self.feed.ar_valid[k].val();
            self.ar_address[k].next = self.feed.ar_address[k].val();
            self.ar_length[k].next = self.feed.ar_length[k].val();
            self.feed.ar_ready[k].next = self.ar_ready[k].val();
            self.feed.r_valid[k].next = self.r_valid[k].val();
        }
        self.feed.r_data.next = self.r_data.val();
        self.feed.r_error.next = self.r_error.val();
        self.aw_valid.next = self.drain.aw_valid.val();
        self.drain.aw_ready.next = self.aw_ready.val();
        self.aw_address.next = self.drain.aw_address.val();
        self.aw_length.next = self.drain.aw_length.val();
        self.w_valid.next = self.drain.w_valid.val();
        self.drain.w_ready.next = self.w_ready.val();
        self.w_data.next = self.drain.w_data.val();
        self.w_strobe.next = self.drain.w_strobe.val();
        self.w_last.next = self.drain.w_last.val();
        self.drain.b_valid.next = self.b_valid.val();
        self.drain.b_error.next = self.b_error.val();
    }
}
