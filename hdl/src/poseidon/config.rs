//! How large an engine is, and what follows from that: threads, queues, rates.

use crate::field::{Field, PipelinedMultiplier, RADIX_BITS, Shape};

use super::schedule::{Microprogram, ScheduleError};
use super::serial::SerialMultiplier;

/// Width of a thread's number.
pub const SLOT_BITS: usize = 7;
/// Width of counters of pairs in a lane, and of places in its queue.
pub const COUNTER_BITS: usize = 9;

/// Turns between an instruction and the first that may multiply its result: the most at which no turn is idle.
const DISTANCE: usize = 2;
/// Cycles from an instruction's issue to its result beside the multiplier's; see [`Datapath`](super::datapath::Datapath).
pub(super) const OUTSIDE_MULTIPLIER: usize = 5;
/// Cycles from an addend's read to where the sum can be read as an addend.
const ADDEND_LOOP: usize = 5;

/// One lane: a multiplier and the threads that keep it busy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct LaneConfig {
    /// `Pipelined`: a multiplier that starts a product in every cycle; `Compact`: a serial one without DSPs.
    pub shape: Shape,
}

impl LaneConfig {
    /// Cycles from a multiplier's operands to its product.
    pub fn multiplier_latency(&self) -> usize {
        match self.shape {
            Shape::Pipelined => PipelinedMultiplier::latency(Field::Scalar),
            Shape::Compact => SerialMultiplier::LATENCY,
        }
    }

    /// Cycles between two instructions.
    pub fn interval(&self) -> usize {
        match self.shape {
            Shape::Pipelined => 1,
            Shape::Compact => SerialMultiplier::INTERVAL,
        }
    }

    /// Permutations in flight: as few as make results come back in time.
    pub fn threads(&self) -> usize {
        let whole_loop = self.multiplier_latency() + OUTSIDE_MULTIPLIER;
        let for_factors = whole_loop.div_ceil(DISTANCE * self.interval());
        for_factors.max(ADDEND_LOOP.div_ceil(self.interval())).max(2)
    }

    /// Cycles from a pair's start to its hash in the lane's queue, for a program of so many instructions.
    pub fn latency(&self, instructions: usize) -> usize {
        (instructions - 1) * self.threads() * self.interval() + self.multiplier_latency() + OUTSIDE_MULTIPLIER
    }

    /// Pairs that a lane holds at most. Hashes of a round of threads may wait while the next round runs and the one
    /// after it starts.
    pub fn queue_capacity(&self) -> usize {
        (DISTANCE + 1) * self.threads() + 2
    }

    /// What the lane runs.
    ///
    /// # Errors
    /// None for the distance used here; see [`ScheduleError`].
    pub fn microprogram(&self) -> Result<Microprogram, ScheduleError> {
        Microprogram::new(RADIX_BITS, DISTANCE)
    }
}

/// An engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct EngineConfig {
    /// How many lanes, 1 to [`MAX_LANES`](super::MAX_LANES).
    pub lanes: usize,
    /// Each of them.
    pub lane: LaneConfig,
}

impl EngineConfig {
    /// The engine of a shape.
    pub fn of(shape: Shape) -> Self {
        let lanes = match shape {
            // One lane of LUTs: the multi-scalar multiplication has the part's DSPs.
            Shape::Compact => 1,
            Shape::Pipelined => 4,
        };
        Self { lanes, lane: LaneConfig { shape } }
    }
}
