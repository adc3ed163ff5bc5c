//! How busy an engine's multipliers are over a whole job, its fill and its drain included.

use std::time::{Duration, Instant};

use halo2curves::bn256::Fr;
use halo2curves::ff::PrimeField;

use crate::verilator::Options;

use super::config::EngineConfig;
use super::schedule::interpret;
use super::simulation::{EngineSimulation, SimulationError};

/// Multiplications of a permutation as designs are compared: sparse partial rounds with one coefficient scaled away, full
/// rounds dense. The microprogram needs fewer.
const COMPARED_MULTIPLICATIONS: usize = 544;

/// A job's figures.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Measurement {
    /// Pairs hashed.
    pub hashes: usize,
    /// Lanes of the engine.
    pub lanes: usize,
    /// From the first pair offered to the last hash taken.
    pub cycles: u64,
    /// Multiplications that a hash takes here.
    pub multiplications: usize,
    /// `hashes · multiplications · interval / (lanes · cycles)`: the share of its time in which a multiplier works.
    pub utilisation: f64,
    /// The same with 544 multiplications a hash, for comparison with designs that need as many: above one is possible.
    pub utilisation_of_544: f64,
    /// Cycles a hash, of the whole engine.
    pub cycles_per_hash: f64,
    /// Cycles from a pair's start to its hash in its lane.
    pub latency: usize,
    /// Time that the simulation took.
    pub elapsed: Duration,
}

/// Hashes so many pairs without stalls on either side and checks every hash against the microprogram.
///
/// # Errors
/// See [`SimulationError`].
pub fn measure(config: EngineConfig, hashes: usize, options: &Options) -> Result<Measurement, SimulationError> {
    let mut engine = EngineSimulation::new(config, options)?;
    let inputs: Vec<[Fr; 2]> = (0..hashes as u64).map(|k| [Fr::from(2 * k), -Fr::from(2 * k + 1)]).collect();
    let pairs: Vec<_> = inputs.iter().map(|pair| pair.map(|element| element.to_repr())).collect();
    let (start, before) = (Instant::now(), engine.cycles());
    let results = engine.run(&pairs, || [true, true])?;
    let (elapsed, cycles) = (start.elapsed(), engine.cycles() - before);
    for (index, (result, pair)) in results.iter().zip(inputs).enumerate() {
        if *result != interpret(engine.program(), pair).to_repr() {
            return Err(SimulationError::Wrong { index });
        }
    }
    let multiplications = engine.program().instructions.len();
    let available = config.lanes as f64 * cycles as f64 / config.lane.interval() as f64;
    Ok(Measurement {
        hashes,
        lanes: config.lanes,
        cycles,
        multiplications,
        utilisation: (hashes * multiplications) as f64 / available,
        utilisation_of_544: (hashes * COMPARED_MULTIPLICATIONS) as f64 / available,
        cycles_per_hash: cycles as f64 / hashes as f64,
        latency: config.lane.latency(multiplications),
        elapsed,
    })
}
