//! Passes and their points: which scalars enter, for which windows, into which context.
//!
//! A pass's word names its points, vectors, first window and windows. Its bases stream once; for every base the scalars
//! of all vectors follow, in order. When the last digit has left the queue, the context goes to the reducer, and the
//! next pass may start in the other context if that is free.

use rust_hdl::prelude::*;

use super::WINDOWS;
use super::config::MsmConfig;
use super::delay::Register;
use crate::leaf::leaf;

/// Bits of a pass's word: points, vectors, first window, windows.
pub const PASS_BITS: usize = 56;

leaf! {
    /// A pass's groups: vectors times windows, at most 256, without a multiplier block.
    PassSize { vectors: Bits<8>, windows: Bits<8>, => groups: Bits<8>, }
}

impl PassSize {
    fn new() -> Self {
        let terms: Vec<_> = (0..8).map(|bit| format!("(vectors[{bit}] ? windows << {bit} : 8'd0)")).collect();
        Self::from_text(format!("// module: pass_size\nalways @(*) groups = {};\n", terms.join(" + ")))
    }
}

/// Accepts passes, and pairs each scalar with its base.
#[derive(LogicBlock)]
#[allow(missing_docs)]
pub struct Intake {
    pub clock: Signal<In, Clock>,
    pub reset: Signal<In, Bit>,
    /// The slots are clear.
    pub clean: Signal<In, Bit>,
    pub now: Signal<In, Bits<48>>,
    /// Passes in.
    pub pass_data: Signal<In, Bits<PASS_BITS>>,
    pub pass_valid: Signal<In, Bit>,
    pub pass_ready: Signal<Out, Bit>,
    /// Handshakes of the bases and scalars; the data goes to the recoder directly.
    pub base_valid: Signal<In, Bit>,
    pub base_ready: Signal<Out, Bit>,
    pub scalar_valid: Signal<In, Bit>,
    pub scalar_ready: Signal<Out, Bit>,
    /// To the recoder: a scalar moves; its vector's first group less the first window; the pass's windows.
    pub accept: Signal<Out, Bit>,
    pub group: Signal<Out, Bits<8>>,
    pub windows: Signal<Out, Bits<WINDOWS>>,
    /// From the recoder and the queue of digits.
    pub room: Signal<In, Bit>,
    pub idle: Signal<In, Bit>,
    /// A digit leaves the queue.
    pub digit: Signal<In, Bit>,
    /// The context being filled.
    pub filling: Signal<Out, Bit>,
    /// For each context: all its digits have left the queue.
    pub filled_0: Signal<Out, Bit>,
    pub filled_1: Signal<Out, Bit>,
    /// The reducer has emptied a context.
    pub freed: Signal<In, Bit>,
    pub freed_context: Signal<In, Bit>,
    /// For each context: its groups, digits, and the cycle in which its first scalar came.
    pub groups_0: Signal<Out, Bits<8>>,
    pub groups_1: Signal<Out, Bits<8>>,
    pub digits_0: Signal<Out, Bits<48>>,
    pub digits_1: Signal<Out, Bits<48>>,
    pub began_0: Signal<Out, Bits<48>>,
    pub began_1: Signal<Out, Bits<48>>,
    pub running: Signal<Out, Bit>,
    pub left: Signal<Out, Bits<32>>,
    turn: Register<Bit>,
    active: Register<Bit>,
    untouched: Register<Bit>,
    points: Register<Bits<32>>,
    vectors: Register<Bits<8>>,
    vector: Register<Bits<8>>,
    width: Register<Bits<8>>,
    start: Register<Bits<8>>,
    offset: Register<Bits<8>>,
    mask: Register<Bits<WINDOWS>>,
    busy_0: Register<Bit>,
    busy_1: Register<Bit>,
    full_0: Register<Bit>,
    full_1: Register<Bit>,
    count_0: Register<Bits<48>>,
    count_1: Register<Bits<48>>,
    since_0: Register<Bits<48>>,
    since_1: Register<Bits<48>>,
    size_0: Register<Bits<8>>,
    size_1: Register<Bits<8>>,
    alternate: Constant<Bit>,
    ones: Constant<Bits<WINDOWS>>,
    free: Signal<Local, Bit>,
    open: Signal<Local, Bit>,
    moves: Signal<Local, Bit>,
    last_vector: Signal<Local, Bit>,
    done: Signal<Local, Bit>,
    next_vector: Signal<Local, Bits<8>>,
    size: PassSize,
}

impl Intake {
    /// The intake of an engine.
    pub fn new(config: &MsmConfig) -> Self {
        Self {
            clock: Signal::default(),
            reset: Signal::default(),
            clean: Signal::default(),
            now: Signal::default(),
            pass_data: Signal::default(),
            pass_valid: Signal::default(),
            pass_ready: Signal::default(),
            base_valid: Signal::default(),
            base_ready: Signal::default(),
            scalar_valid: Signal::default(),
            scalar_ready: Signal::default(),
            accept: Signal::default(),
            group: Signal::default(),
            windows: Signal::default(),
            room: Signal::default(),
            idle: Signal::default(),
            digit: Signal::default(),
            filling: Signal::default(),
            filled_0: Signal::default(),
            filled_1: Signal::default(),
            freed: Signal::default(),
            freed_context: Signal::default(),
            groups_0: Signal::default(),
            groups_1: Signal::default(),
            digits_0: Signal::default(),
            digits_1: Signal::default(),
            began_0: Signal::default(),
            began_1: Signal::default(),
            running: Signal::default(),
            left: Signal::default(),
            turn: Register::default(),
            active: Register::default(),
            untouched: Register::default(),
            points: Register::default(),
            vectors: Register::default(),
            vector: Register::default(),
            width: Register::default(),
            start: Register::default(),
            offset: Register::default(),
            mask: Register::default(),
            busy_0: Register::default(),
            busy_1: Register::default(),
            full_0: Register::default(),
            full_1: Register::default(),
            count_0: Register::default(),
            count_1: Register::default(),
            since_0: Register::default(),
            since_1: Register::default(),
            size_0: Register::default(),
            size_1: Register::default(),
            free: Signal::default(),
            open: Signal::default(),
            moves: Signal::default(),
            last_vector: Signal::default(),
            done: Signal::default(),
            next_vector: Signal::default(),
            size: PassSize::new(),
            alternate: Constant::new(config.alternate),
            ones: Constant::new(Bits::<WINDOWS>::from(u64::MAX)),
        }
    }
}

impl Logic for Intake {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self, clock, turn, active, untouched, points, vectors, vector, width, start, offset, mask, busy_0, busy_1,
            full_0, full_1, count_0, count_1, since_0, since_1, size_0, size_1
        );

        // a pass starts
        self.free.next = !self.busy_0.q.val();
        if self.turn.q.val() {
            self.free.next = !self.busy_1.q.val();
        }
        self.pass_ready.next = (self.clean.val() & self.free.val()) & !self.active.q.val();
        self.size.clock.next = self.clock.val();
        self.size.reset.next = false;
        self.size.vectors.next = self.pass_data.val().get_bits::<8>(32);
        self.size.windows.next = self.pass_data.val().get_bits::<8>(48);
        if self.pass_ready.val() & self.pass_valid.val() {
            self.active.d.next = true;
            self.untouched.d.next = true;
            self.points.d.next = self.pass_data.val().get_bits::<32>(0);
            self.vectors.d.next = self.pass_data.val().get_bits::<8>(32);
            self.width.d.next = self.pass_data.val().get_bits::<8>(48);
            self.start.d.next = self.pass_data.val().get_bits::<8>(40);
            self.vector.d.next = 0.into();
            self.offset.d.next = 0.into();
            self.mask.d.next = (!(self.ones.val() << bit_cast::<WINDOWS, 8>(self.pass_data.val().get_bits::<8>(48))))
                << bit_cast::<WINDOWS, 8>(self.pass_data.val().get_bits::<8>(40));
            if self.turn.q.val() {
                self.busy_1.d.next = true;
                self.count_1.d.next = 0.into();
                self.since_1.d.next = self.now.val();
                self.size_1.d.next = self.size.groups.val();
            } else {
                self.busy_0.d.next = true;
                self.count_0.d.next = 0.into();
                self.since_0.d.next = self.now.val();
                self.size_0.d.next = self.size.groups.val();
            }
        }

        // a scalar and its base move
        self.open.next = (self.active.q.val() & self.points.q.val().any()) & self.room.val();
        self.moves.next = (self.open.val() & self.base_valid.val()) & self.scalar_valid.val();
        self.next_vector.next = self.vector.q.val() + 1;
        self.last_vector.next = self.next_vector.val() == self.vectors.q.val();
        self.scalar_ready.next = self.open.val() & self.base_valid.val();
        self.base_ready.next = (self.open.val() & self.scalar_valid.val()) & self.last_vector.val();
        self.accept.next = self.moves.val();
        self.group.next = self.offset.q.val() - self.start.q.val();
        self.windows.next = self.mask.q.val();
        if self.moves.val() {
            self.vector.d.next = self.next_vector.val();
            self.offset.d.next = self.offset.q.val() + self.width.q.val();
            if self.last_vector.val() {
                self.vector.d.next = 0.into();
                self.offset.d.next = 0.into();
                self.points.d.next = self.points.q.val() - 1;
            }
            if self.untouched.q.val() {
                self.untouched.d.next = false;
                if self.turn.q.val() {
                    self.since_1.d.next = self.now.val();
                } else {
                    self.since_0.d.next = self.now.val();
                }
            }
        }

        // digits leave
        self.filling.next = self.turn.q.val();
        if self.digit.val() {
            if self.turn.q.val() {
                self.count_1.d.next = self.count_1.q.val() + 1;
            } else {
                self.count_0.d.next = self.count_0.q.val() + 1;
            }
        }

        // a pass ends
        self.done.next = (self.active.q.val() & !self.points.q.val().any()) & self.idle.val();
        if self.done.val() {
            self.active.d.next = false;
            if self.turn.q.val() {
                self.full_1.d.next = true;
            } else {
                self.full_0.d.next = true;
            }
            self.turn.d.next = self.turn.q.val() ^ self.alternate.val();
        }
        if self.freed.val() {
            if self.freed_context.val() {
                self.busy_1.d.next = false;
                self.full_1.d.next = false;
            } else {
                self.busy_0.d.next = false;
                self.full_0.d.next = false;
            }
        }
        self.filled_0.next = self.full_0.q.val();
        self.filled_1.next = self.full_1.q.val();
        self.groups_0.next = self.size_0.q.val();
        self.groups_1.next = self.size_1.q.val();
        self.digits_0.next = self.count_0.q.val();
        self.digits_1.next = self.count_1.q.val();
        self.began_0.next = self.since_0.q.val();
        self.began_1.next = self.since_1.q.val();
        self.running.next = self.active.q.val();
        self.left.next = self.points.q.val();
        if self.reset.val() {
            self.active.d.next = false;
            self.turn.d.next = false;
            self.busy_0.d.next = false;
            self.busy_1.d.next = false;
            self.full_0.d.next = false;
            self.full_1.d.next = false;
        }
    }
}
