//! The engine under Verilator, from the outside: pairs in, hashes out, cycles counted.

use std::fmt;

use crate::emit::{Design, EmitError, emit};
use crate::verilator::{Library, Options, Port, Simulation, VerilatorError};

use super::config::EngineConfig;
use super::engine::{MAX_LANES, PoseidonEngine};
use super::schedule::{Microprogram, ScheduleError};

/// Two canonical elements, little-endian, and their hash.
pub type Pair = [[u8; 32]; 2];
/// A canonical element, little-endian.
pub type Hash = [u8; 32];

/// Why a simulation gives no hashes.
#[derive(Debug, thiserror::Error)]
pub enum SimulationError {
    /// The rotation of lanes has no room for so many.
    #[error("an engine has 1 to {MAX_LANES} lanes, not {lanes}")]
    Lanes {
        /// What was asked for.
        lanes: usize,
    },
    /// The microprogram does not exist.
    #[error(transparent)]
    Schedule(#[from] ScheduleError),
    /// The engine has no Verilog.
    #[error(transparent)]
    Emit(#[from] EmitError),
    /// Verilator does not run it.
    #[error(transparent)]
    Verilator(#[from] VerilatorError),
    /// Nothing was taken or delivered for longer than anything takes.
    #[error("the engine made no progress for {waited} cycles: {state}")]
    Stuck {
        /// How long.
        waited: u64,
        /// What it looked like then.
        state: State,
    },
    /// A hash differs from what the microprogram computes.
    #[error("hash {index} differs from the microprogram's")]
    Wrong {
        /// Which.
        index: usize,
    },
}

/// What can be seen of the engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct State {
    /// Cycles since the instance was made.
    pub cycle: u64,
    /// Pairs that it has taken in this job.
    pub taken: usize,
    /// Hashes that it has delivered in this job.
    pub delivered: usize,
    /// Of the job.
    pub pairs: usize,
    /// Pairs taken whose hash has not left, by its own count.
    pub in_flight: u64,
    /// The lane that takes the next pair, a bit each.
    pub dealing: u64,
    /// The lane whose hash is next, a bit each.
    pub collecting: u64,
    /// `valid` and `ready` of the pairs.
    pub pairs_stream: [bool; 2],
    /// `valid` and `ready` of the hashes.
    pub hashes_stream: [bool; 2],
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [pairs_valid, pairs_ready] = self.pairs_stream;
        let [hashes_valid, hashes_ready] = self.hashes_stream;
        write!(
            f,
            "cycle {}, {} of {} pairs taken, {} hashes delivered, {} in flight; dealing to lane bit {:#x}, collecting \
             from {:#x}; pairs valid {pairs_valid}, ready {pairs_ready}; hashes valid {hashes_valid}, ready {hashes_ready}",
            self.cycle, self.taken, self.pairs, self.delivered, self.in_flight, self.dealing, self.collecting
        )
    }
}

/// Emits the engine's Verilog.
///
/// # Errors
/// [`SimulationError::Lanes`], [`SimulationError::Schedule`] and [`SimulationError::Emit`].
pub fn design(top: &str, config: &EngineConfig) -> Result<Design, SimulationError> {
    if !(1..=MAX_LANES).contains(&config.lanes) {
        return Err(SimulationError::Lanes { lanes: config.lanes });
    }
    let program = config.lane.microprogram()?;
    Ok(emit(top, || PoseidonEngine::new(config, &program))?)
}

/// An engine that runs.
pub struct EngineSimulation {
    config: EngineConfig,
    program: Microprogram,
    simulation: Simulation,
    ports: Ports,
}

struct Ports {
    reset: Port,
    pairs_data: Port,
    pairs_valid: Port,
    pairs_ready: Port,
    hashes_data: Port,
    hashes_valid: Port,
    hashes_ready: Port,
    in_flight: Port,
    dealing: Port,
    collecting: Port,
}

impl EngineSimulation {
    /// Builds the engine, or takes it from the cache, and resets it.
    ///
    /// # Errors
    /// All of [`SimulationError`] but [`SimulationError::Stuck`] and [`SimulationError::Wrong`].
    pub fn new(config: EngineConfig, options: &Options) -> Result<Self, SimulationError> {
        let library = Library::build(&design("poseidon", &config)?, options)?;
        let simulation = library.simulation()?;
        let ports = Ports {
            reset: simulation.port("reset")?,
            pairs_data: simulation.port("pairs_data")?,
            pairs_valid: simulation.port("pairs_valid")?,
            pairs_ready: simulation.port("pairs_ready")?,
            hashes_data: simulation.port("hashes_data")?,
            hashes_valid: simulation.port("hashes_valid")?,
            hashes_ready: simulation.port("hashes_ready")?,
            in_flight: simulation.port("in_flight")?,
            dealing: simulation.port("dealing")?,
            collecting: simulation.port("collecting")?,
        };
        let mut engine = Self { config, program: config.lane.microprogram()?, simulation, ports };
        engine.reset();
        Ok(engine)
    }

    /// Drops what is in flight.
    pub fn reset(&mut self) {
        self.simulation.set(self.ports.reset, 1);
        self.simulation.tick();
        self.simulation.set(self.ports.reset, 0);
        self.simulation.eval();
    }

    /// What the lanes run.
    pub fn program(&self) -> &Microprogram {
        &self.program
    }

    /// Cycles since the instance was made.
    pub fn cycles(&self) -> u64 {
        self.simulation.cycles()
    }

    /// Writes a trace of all signals from now on.
    ///
    /// # Errors
    /// [`VerilatorError::NoTrace`] when the options asked for none.
    pub fn trace(&mut self, file: &std::path::Path) -> Result<(), SimulationError> {
        Ok(self.simulation.trace(file)?)
    }

    /// Hashes `pairs`. In each cycle `valves` says whether the source would offer a pair and whether the sink would take a
    /// hash; a pair once offered stays offered.
    ///
    /// # Errors
    /// [`SimulationError::Stuck`].
    pub fn run(&mut self, pairs: &[Pair], mut valves: impl FnMut() -> [bool; 2]) -> Result<Vec<Hash>, SimulationError> {
        let patience = 2 * self.config.lane.latency(self.program.instructions.len()) as u64 + 10_000;
        let mut hashes = Vec::with_capacity(pairs.len());
        let (mut taken, mut offered, mut progress) = (0, false, self.cycles());
        while hashes.len() < pairs.len() {
            let [source, sink] = valves();
            if !offered
                && source
                && let Some(pair) = pairs.get(taken)
            {
                self.simulation.set_words(self.ports.pairs_data, &words(pair.as_flattened()));
                offered = true;
            }
            self.simulation.set(self.ports.pairs_valid, u64::from(offered));
            self.simulation.set(self.ports.hashes_ready, u64::from(sink));
            self.simulation.eval();
            let takes = offered && self.simulation.get(self.ports.pairs_ready) == 1;
            let delivers = sink && self.simulation.get(self.ports.hashes_valid) == 1;
            if delivers {
                hashes.push(self.hash());
            }
            if takes || delivers {
                progress = self.cycles();
            } else if self.cycles() - progress > patience {
                let state = self.state([offered, sink], [taken, hashes.len(), pairs.len()]);
                return Err(SimulationError::Stuck { waited: self.cycles() - progress, state });
            }
            self.simulation.tick();
            if takes {
                taken += 1;
                offered = false;
            }
        }
        self.simulation.set(self.ports.hashes_ready, 0);
        Ok(hashes)
    }

    fn hash(&self) -> Hash {
        let mut words = [0; 8];
        self.simulation.get_words(self.ports.hashes_data, &mut words);
        let mut hash = [0; 32];
        for (bytes, word) in hash.chunks_exact_mut(4).zip(words) {
            bytes.copy_from_slice(&word.to_le_bytes());
        }
        hash
    }

    fn state(&self, [pairs_valid, hashes_ready]: [bool; 2], [taken, delivered, pairs]: [usize; 3]) -> State {
        let get = |port| self.simulation.get(port);
        State {
            cycle: self.cycles(),
            taken,
            delivered,
            pairs,
            in_flight: get(self.ports.in_flight),
            dealing: get(self.ports.dealing),
            collecting: get(self.ports.collecting),
            pairs_stream: [pairs_valid, get(self.ports.pairs_ready) == 1],
            hashes_stream: [get(self.ports.hashes_valid) == 1, hashes_ready],
        }
    }
}

fn words(bytes: &[u8]) -> Vec<u32> {
    bytes.chunks_exact(4).map(|word| word.iter().rev().fold(0, |sum, byte| sum << 8 | u32::from(*byte))).collect()
}
