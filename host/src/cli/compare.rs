//! One engine against another: the same proofs by turns, in one process, so that what else the machine does and what
//! the key has cached falls on both alike.

use super::error::CommandError;
use penstock_prover::appliance::{Appliance, Prepared};
use penstock_prover::engine::lineup::Lineup;
use penstock_prover::measure::{Stages, Stopwatch, median};
use penstock_prover::progress::Progress;
use penstock_prover::record::Word;
use serde::Serialize;

/// Of the blinding: the proofs are thrown away.
const SEED: [u8; 32] = [0; 32];

/// Wall times of proof and stock verification.
#[derive(Serialize)]
pub struct Comparison {
    /// The other engine.
    pub against: String,
    pub rounds: u32,
    /// The median of the engine's proofs.
    pub seconds: f64,
    /// The median of the other's.
    pub against_seconds: f64,
    /// The median of the rounds' ratios.
    pub ratio: f64,
    /// Whether both engines made the same bytes in every round.
    pub equal_proofs: bool,
}

/// Proves a block that has been proved before with both engines, by turns.
pub fn compare(
    appliance: &Appliance,
    prepared: &Prepared<'_>,
    block: Word,
    [engine, against]: [&Lineup; 2],
    rounds: u32,
) -> Result<Comparison, CommandError> {
    let prove = |engines: &Lineup| {
        let stages = Stages::new(Progress::silent());
        let watch = Stopwatch::start();
        let record = appliance.prove(engines, prepared, block, Some(SEED), &stages)?;
        Ok::<_, CommandError>((watch.elapsed().seconds, record))
    };
    let (mut times, mut equal_proofs, mut name) = (Vec::new(), true, String::new());
    for round in 0..rounds {
        // The first of a pair may find other caches than the second.
        let (one, other) = if round % 2 == 0 {
            let one = prove(engine)?;
            (one, prove(against)?)
        } else {
            let other = prove(against)?;
            (prove(engine)?, other)
        };
        equal_proofs &= one.1.proof == other.1.proof;
        times.push((one.0, other.0));
        name = other.1.engine;
    }
    let median_of = |value: fn(&(f64, f64)) -> f64| median(times.iter().map(value), |value| *value).unwrap_or_default();
    Ok(Comparison {
        against: name,
        rounds,
        seconds: median_of(|(one, _)| *one),
        against_seconds: median_of(|(_, other)| *other),
        ratio: median_of(|(one, other)| one / other),
        equal_proofs,
    })
}
