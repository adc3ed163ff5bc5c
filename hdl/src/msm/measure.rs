//! Cycles of an engine on a distribution of scalars.

use std::time::Instant;

use super::bench::{Base, BenchError, Engine, Job, Scalar, Stalls};
use super::plan;
use super::scalars::{Random, used_windows};

/// Runs of points without a digit that are left out of the stream from this length on.
pub const GAP: usize = 32;

/// What a job took.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Measurement {
    /// Passes.
    pub passes: u64,
    /// Points streamed, in all passes.
    pub points: u64,
    /// Non-zero digits.
    pub digits: u64,
    /// Cycles from each pass's first scalar until its last bucket's sum, summed.
    pub cycles: u64,
    /// Buckets that were reduced.
    pub buckets: u64,
    /// Cycles of reduction and read-out, summed.
    pub reduction_cycles: u64,
    /// Cycles between two starts of the adder.
    pub interval: u64,
    /// Cycles simulated in all.
    pub simulated: u64,
    /// Seconds that took.
    pub seconds: f64,
}

impl Measurement {
    /// Adder starts' worth of cycles for each digit, or for each point streamed where those are more.
    pub fn cycles_per_digit(&self) -> f64 {
        self.cycles as f64 / (self.interval * self.digits.max(self.points).max(1)) as f64
    }

    /// Adder starts' worth of cycles for each bucket reduced.
    pub fn cycles_per_bucket(&self) -> f64 {
        self.reduction_cycles as f64 / (self.interval * self.buckets.max(1)) as f64
    }

    /// The simulation's speed.
    pub fn simulated_per_second(&self) -> f64 {
        self.simulated as f64 / self.seconds
    }
}

/// Streams `scalars` over arbitrary bases: what an engine takes does not depend on their values.
///
/// # Errors
/// See [`BenchError`].
pub fn measure(engine: &mut Engine, scalars: &[Scalar]) -> Result<Measurement, BenchError> {
    let config = engine.config().clone();
    let stretches = plan::stretches(scalars.len(), GAP, |point| scalars[point] == [0; 4]);
    let scalars: Vec<Scalar> = stretches.into_iter().flat_map(|stretch| &scalars[stretch]).copied().collect();
    let mut random = Random::new(7);
    // Any coordinates below the modulus of 254 bits.
    let bases: Vec<Base> = scalars
        .iter()
        .map(|_| std::array::from_fn(|word| random.next() >> if word % 4 == 3 { 3 } else { 0 }))
        .collect();
    let used = used_windows(&config, scalars.iter());
    let mut measured = Measurement { interval: config.adder_interval as u64, ..Measurement::default() };
    let (before, start) = (engine.cycles(), Instant::now());
    for planned in plan::passes(&config, scalars.len() as u32, 1, &used) {
        let job = Job { pass: planned.pass, bases: bases.clone(), scalars: scalars.clone() };
        for outcome in engine.run(&[job], Stalls::default())? {
            measured.passes += 1;
            measured.points += scalars.len() as u64;
            measured.digits += outcome.digits;
            measured.cycles += outcome.cycles;
            measured.buckets += (planned.pass.groups() * config.buckets()) as u64;
            measured.reduction_cycles += outcome.reduction_cycles;
        }
    }
    measured.simulated = engine.cycles() - before;
    measured.seconds = start.elapsed().as_secs_f64();
    Ok(measured)
}
