//! The engine with its adder.

use rust_hdl::prelude::*;

use super::behavioural::BehaviouralAdder;
use super::config::{MsmConfig, WORD_BITS};
use super::core::MsmCore;
use super::intake::PASS_BITS;
use super::{BASE_BITS, POINT_BITS, SUM_WORD_BITS, TAG_BITS};
use crate::emit::{Design, EmitError, emit};
use crate::field::Shape;
use crate::point::{CompactPointAdder, LIMB_BITS, PipelinedPointAdder};

/// Declares an engine's top with the given adder, which takes and gives points in words of so many bits; the bits of a word of
/// a base, and of a sum.
macro_rules! engine {
    ($(#[$meta:meta])* $name:ident, $bits:expr, $base:expr, $sum:expr, $adder:ty) => {
        $(#[$meta])*
        #[derive(LogicBlock)]
        #[allow(missing_docs)]
        pub struct $name {
            pub clock: Signal<In, Clock>,
            pub reset: Signal<In, Bit>,
            pub ring_clock: Signal<In, Clock>,
            pub ring_strobe: Signal<In, Bit>,
            pub pass_data: Signal<In, Bits<PASS_BITS>>,
            pub pass_valid: Signal<In, Bit>,
            pub pass_ready: Signal<Out, Bit>,
            pub base_data: Signal<In, Bits<{ $base }>>,
            pub base_valid: Signal<In, Bit>,
            pub base_ready: Signal<Out, Bit>,
            pub scalar_data: Signal<In, Bits<WORD_BITS>>,
            pub scalar_valid: Signal<In, Bit>,
            pub scalar_ready: Signal<Out, Bit>,
            pub sum_data: Signal<Out, Bits<{ $sum }>>,
            pub sum_last: Signal<Out, Bit>,
            pub sum_valid: Signal<Out, Bit>,
            pub sum_ready: Signal<In, Bit>,
            pub done_data: Signal<Out, Bits<192>>,
            pub done_valid: Signal<Out, Bit>,
            pub done_ready: Signal<In, Bit>,
            pub state: Signal<Out, Bits<128>>,
            pub clean: Signal<Out, Bit>,
            pub running: Signal<Out, Bit>,
            pub overflow: Signal<Out, Bit>,
            core: MsmCore<{ $bits }, { $base }, { $sum }>,
            adder: $adder,
        }

        impl $name {
            /// The engine of a configuration with its adder.
            pub fn new(config: &MsmConfig, adder: $adder) -> Self {
                Self {
                    clock: Signal::default(),
                    reset: Signal::default(),
                    ring_clock: Signal::default(),
                    ring_strobe: Signal::default(),
                    pass_data: Signal::default(),
                    pass_valid: Signal::default(),
                    pass_ready: Signal::default(),
                    base_data: Signal::default(),
                    base_valid: Signal::default(),
                    base_ready: Signal::default(),
                    scalar_data: Signal::default(),
                    scalar_valid: Signal::default(),
                    scalar_ready: Signal::default(),
                    sum_data: Signal::default(),
                    sum_last: Signal::default(),
                    sum_valid: Signal::default(),
                    sum_ready: Signal::default(),
                    done_data: Signal::default(),
                    done_valid: Signal::default(),
                    done_ready: Signal::default(),
                    state: Signal::default(),
                    clean: Signal::default(),
                    running: Signal::default(),
                    overflow: Signal::default(),
                    core: MsmCore::new(config),
                    adder,
                }
            }
        }

        impl Logic for $name {
            #[hdl_gen]
            fn update(&mut self) {
                self.core.clock.next = self.clock.val();
                self.core.reset.next = self.reset.val();
                self.adder.clock.next = self.clock.val();
                self.adder.reset.next = self.reset.val();
                self.adder.ring_clock.next = self.ring_clock.val();
                self.adder.ring_strobe.next = self.ring_strobe.val();
                self.core.pass_data.next = self.pass_data.val();
                self.core.pass_valid.next = self.pass_valid.val();
                self.pass_ready.next = self.core.pass_ready.val();
                self.core.base_data.next = self.base_data.val();
                self.core.base_valid.next = self.base_valid.val();
                self.base_ready.next = self.core.base_ready.val();
                self.core.scalar_data.next = self.scalar_data.val();
                self.core.scalar_valid.next = self.scalar_valid.val();
                self.scalar_ready.next = self.core.scalar_ready.val();
                self.sum_data.next = self.core.sum_data.val();
                self.sum_last.next = self.core.sum_last.val();
                self.sum_valid.next = self.core.sum_valid.val();
                self.core.sum_ready.next = self.sum_ready.val();
                self.done_data.next = self.core.done_data.val();
                self.done_valid.next = self.core.done_valid.val();
                self.core.done_ready.next = self.done_ready.val();
                self.state.next = self.core.state.val();
                self.clean.next = self.core.clean.val();
                self.running.next = self.core.running.val();
                self.overflow.next = self.core.overflow.val();
                self.adder.in_valid.next = self.core.pair_valid.val();
                self.core.pair_ready.next = self.adder.in_ready.val();
                self.adder.in_left.next = self.core.pair_left.val();
                self.adder.in_right.next = self.core.pair_right.val();
                self.adder.in_tag.next = self.core.pair_tag.val();
                self.core.result_valid.next = self.adder.out_valid.val();
                self.core.result_point.next = self.adder.out_sum.val();
                self.core.result_tag.next = self.adder.out_tag.val();
            }
        }
    };
}

engine! {
    /// The engine that takes points at once, round an adder that only keeps time.
    WideBehavioural, POINT_BITS, BASE_BITS, SUM_WORD_BITS, BehaviouralAdder<{ POINT_BITS }>
}

engine! {
    /// The engine that takes points limb by limb, round an adder that only keeps time.
    NarrowBehavioural, LIMB_BITS, LIMB_BITS, LIMB_BITS, BehaviouralAdder<{ LIMB_BITS }>
}

engine! {
    /// The engine with the `pipelined` adder.
    PipelinedMsm, POINT_BITS, BASE_BITS, SUM_WORD_BITS, PipelinedPointAdder<TAG_BITS>
}

engine! {
    /// The engine with the `compact` adder.
    CompactMsm, LIMB_BITS, LIMB_BITS, LIMB_BITS, CompactPointAdder<TAG_BITS>
}

/// The engine of `config` with the adder of `shape`, as `msm_pipelined` or `msm_compact`.
///
/// # Errors
/// See [`EmitError`].
pub fn design(shape: Shape, config: &MsmConfig) -> Result<Design, EmitError> {
    match shape {
        Shape::Pipelined => emit("msm_pipelined", || PipelinedMsm::new(config, PipelinedPointAdder::new())),
        Shape::Compact => emit("msm_compact", || CompactMsm::new(config, CompactPointAdder::new())),
    }
}

/// The engine of `config` with an adder that only keeps time, as `msm_behavioural`.
///
/// # Errors
/// See [`EmitError`].
pub fn behavioural_design(config: &MsmConfig) -> Result<Design, EmitError> {
    let top = "msm_behavioural";
    if config.words() == 1 {
        emit(top, || WideBehavioural::new(config, BehaviouralAdder::new(config)))
    } else {
        emit(top, || NarrowBehavioural::new(config, BehaviouralAdder::new(config)))
    }
}
