//! An engine under Verilator: passes in, sums and counters out, with or without stalls on every stream.

use std::collections::VecDeque;

use super::SUM_WORD_BITS;
use super::config::MsmConfig;
use super::pass::Pass;
use super::top::design;
use crate::emit::EmitError;
use crate::field::Shape;
use crate::verilator::{Library, Options, Port, Simulation, VerilatorError};

/// A base's (x, y) in the engine's Montgomery form, each 4 words of 64 bits, little end first.
pub type Base = [u64; 8];
/// A canonical scalar, little end first.
pub type Scalar = [u64; 4];
/// A sum's (X, Y, Z) below four times the modulus, or zeros for an empty slot.
pub type Sum = [u64; 12];

/// A pass with its data.
#[derive(Clone, Debug)]
pub struct Job {
    /// The pass.
    pub pass: Pass,
    /// One base a point.
    pub bases: Vec<Base>,
    /// For each base, one scalar a vector.
    pub scalars: Vec<Scalar>,
}

/// What a pass gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// The sums of all groups, in order.
    pub sums: Vec<Sum>,
    /// Non-zero digits.
    pub digits: u64,
    /// Cycles from the first scalar until all bucket sums were at rest.
    pub cycles: u64,
    /// Cycles from then until the last sum left.
    pub reduction_cycles: u64,
}

/// How often, in 256 cycles, each stream pauses; 256 is always.
#[derive(Clone, Copy, Debug, Default)]
pub struct Stalls {
    /// Passes are not offered.
    pub pass: u16,
    /// Bases are not offered.
    pub base: u16,
    /// Scalars are not offered.
    pub scalar: u16,
    /// Sums are not taken.
    pub sum: u16,
    /// Counters are not taken.
    pub done: u16,
    /// Which sequence of pauses.
    pub seed: u64,
}

/// Why an engine gave no result.
#[derive(Debug, thiserror::Error)]
pub enum BenchError {
    /// The simulation cannot be built or has other ports.
    #[error(transparent)]
    Verilator(#[from] VerilatorError),
    /// The engine has no Verilog.
    #[error(transparent)]
    Emit(#[from] EmitError),
    /// A pass does not fit the engine, or its data does not fit the pass.
    #[error("{0:?} does not fit the engine or its data")]
    Unfit(Pass),
    /// Nothing moves any more.
    #[error("no progress for {quiet} cycles, at cycle {cycle}: {state}")]
    Stuck {
        /// For how long.
        quiet: u64,
        /// Since the start.
        cycle: u64,
        /// Every queue.
        state: String,
    },
    /// The queue of pairs made by results lost one.
    #[error("a pair queue overflowed before cycle {cycle}: {state}")]
    Overflow {
        /// Since the start.
        cycle: u64,
        /// Every queue.
        state: String,
    },
}

struct Ports {
    reset: Port,
    pass: [Port; 3],
    base: [Port; 3],
    scalar: [Port; 3],
    sum: [Port; 3],
    sum_last: Port,
    done: [Port; 3],
    state: Port,
    clean: Port,
    running: Port,
    overflow: Port,
}

/// An engine that has been reset and is clean.
pub struct Engine {
    simulation: Simulation,
    ports: Ports,
    config: MsmConfig,
    random: u64,
}

impl Engine {
    /// Builds and starts the engine of a shape.
    ///
    /// # Errors
    /// As [`Self::new`], and [`BenchError::Emit`].
    pub fn of(shape: Shape, options: &Options) -> Result<Self, BenchError> {
        let config = MsmConfig::of(shape);
        Self::new(&Library::build(&design(shape, &config)?, options)?, &config)
    }

    /// Starts an engine of `config`, which `library` must have been built from.
    ///
    /// # Errors
    /// [`BenchError::Verilator`] for missing ports, [`BenchError::Stuck`] if it does not get clean.
    pub fn new(library: &Library, config: &MsmConfig) -> Result<Self, BenchError> {
        let simulation = library.simulation()?;
        let stream = |name: &str| -> Result<[Port; 3], VerilatorError> {
            let port = |part: &str| simulation.port(&format!("{name}_{part}"));
            Ok([port("data")?, port("valid")?, port("ready")?])
        };
        let ports = Ports {
            reset: simulation.port("reset")?,
            pass: stream("pass")?,
            base: stream("base")?,
            scalar: stream("scalar")?,
            sum: stream("sum")?,
            sum_last: simulation.port("sum_last")?,
            done: stream("done")?,
            state: simulation.port("state")?,
            clean: simulation.port("clean")?,
            running: simulation.port("running")?,
            overflow: simulation.port("overflow")?,
        };
        let mut engine = Self { simulation, ports, config: config.clone(), random: 1 };
        engine.reset()?;
        Ok(engine)
    }

    /// Resets the engine, whatever it is doing, and waits until its slots are clean.
    ///
    /// # Errors
    /// [`BenchError::Stuck`] if they do not get clean.
    pub fn reset(&mut self) -> Result<(), BenchError> {
        for stream in [self.ports.pass, self.ports.base, self.ports.scalar] {
            self.simulation.set(stream[1], 0);
        }
        self.simulation.set(self.ports.sum[2], 0);
        self.simulation.set(self.ports.done[2], 0);
        self.simulation.set(self.ports.reset, 1);
        for _ in 0..4 {
            self.simulation.tick();
        }
        self.simulation.set(self.ports.reset, 0);
        let limit = self.config.clear_cycles() as u64 + 16;
        for _ in 0..limit {
            self.simulation.tick();
            if self.simulation.get(self.ports.clean) == 1 {
                return Ok(());
            }
        }
        Err(self.stuck(limit))
    }

    /// The engine's parameters.
    pub fn config(&self) -> &MsmConfig {
        &self.config
    }

    /// The simulation, for traces.
    pub fn simulation(&mut self) -> &mut Simulation {
        &mut self.simulation
    }

    /// Cycles since the start.
    pub fn cycles(&self) -> u64 {
        self.simulation.cycles()
    }

    /// Runs passes back to back: each is offered as soon as the engine takes it.
    ///
    /// # Errors
    /// See [`BenchError`].
    pub fn run(&mut self, jobs: &[Job], stalls: Stalls) -> Result<Vec<Outcome>, BenchError> {
        for job in jobs {
            let scalars = job.bases.len() * usize::from(job.pass.vectors);
            if !job.pass.fits(&self.config)
                || job.bases.len() != job.pass.points as usize
                || job.scalars.len() != scalars
            {
                return Err(BenchError::Unfit(job.pass));
            }
        }
        self.random = stalls.seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        let mut passes: VecDeque<u64> = jobs.iter().map(|job| job.pass.word()).collect();
        // Bases go in and sums come out at once, or limb by limb.
        let (base_words, sum_words) = if self.config.words() == 1 { (8, SUM_WORD_BITS / 64) } else { (1, 1) };
        let mut bases = jobs.iter().flat_map(|job| &job.bases).flat_map(|base| base.chunks(base_words));
        let mut scalars = jobs.iter().flat_map(|job| &job.scalars);
        let (mut base, mut scalar) = (bases.next(), scalars.next());
        let (mut base_shown, mut scalar_shown) = (false, false);
        let (mut pass_offered, mut base_offered, mut scalar_offered) = (false, false, false);
        let mut outcomes = Vec::new();
        let mut sums = Vec::new();
        let mut sum: Vec<u64> = Vec::new();
        let limit = 64 * (self.config.adder_latency + 64 * self.config.adder_interval) as u64 + 4096;
        let mut quiet = 0;
        let mut last_state = [0; 4];
        let [pass_data, pass_valid, pass_ready] = self.ports.pass;
        let [base_data, base_valid, base_ready] = self.ports.base;
        let [scalar_data, scalar_valid, scalar_ready] = self.ports.scalar;
        let [sum_data, sum_valid, sum_ready] = self.ports.sum;
        let [done_data, done_valid, done_ready] = self.ports.done;
        while outcomes.len() < jobs.len() {
            // What was offered and not taken stays offered; the rest is offered unless it pauses.
            pass_offered |= !passes.is_empty() && self.goes(stalls.pass);
            base_offered |= base.is_some() && self.goes(stalls.base);
            scalar_offered |= scalar.is_some() && self.goes(stalls.scalar);
            let sum_taken = self.goes(stalls.sum);
            let done_taken = self.goes(stalls.done);
            if pass_offered {
                self.simulation.set(pass_data, passes.front().copied().unwrap_or_default());
            }
            if let (Some(words), true, false) = (base, base_offered, base_shown) {
                self.simulation.set_words(base_data, &halves(words));
                base_shown = true;
            }
            if let (Some(words), true, false) = (scalar, scalar_offered, scalar_shown) {
                self.simulation.set_words(scalar_data, &halves(words));
                scalar_shown = true;
            }
            self.simulation.set(pass_valid, pass_offered.into());
            self.simulation.set(base_valid, base_offered.into());
            self.simulation.set(scalar_valid, scalar_offered.into());
            self.simulation.set(sum_ready, sum_taken.into());
            self.simulation.set(done_ready, done_taken.into());
            self.simulation.eval();
            let mut moved = false;
            if pass_offered && self.simulation.get(pass_ready) == 1 {
                passes.pop_front();
                (pass_offered, moved) = (false, true);
            }
            if base_offered && self.simulation.get(base_ready) == 1 {
                base = bases.next();
                (base_offered, base_shown, moved) = (false, false, true);
            }
            if scalar_offered && self.simulation.get(scalar_ready) == 1 {
                scalar = scalars.next();
                (scalar_offered, scalar_shown, moved) = (false, false, true);
            }
            if sum_taken && self.simulation.get(sum_valid) == 1 {
                let mut words = vec![0; 2 * sum_words];
                self.simulation.get_words(sum_data, &mut words);
                sum.extend(words.chunks(2).map(|pair| u64::from(pair[0]) | u64::from(pair[1]) << 32));
                if let Ok(whole) = Sum::try_from(sum.as_slice()) {
                    sums.push(whole);
                    sum.clear();
                }
                moved = true;
            }
            if done_taken && self.simulation.get(done_valid) == 1 {
                let mut words = [0; 6];
                self.simulation.get_words(done_data, &mut words);
                let word = |i: usize| u64::from(words[2 * i]) | u64::from(words[2 * i + 1]) << 32;
                let sums = std::mem::take(&mut sums);
                outcomes.push(Outcome { sums, digits: word(0), cycles: word(1), reduction_cycles: word(2) });
                moved = true;
            }
            self.simulation.tick();
            if moved || quiet % 64 == 63 && self.moved_inside(&mut last_state) {
                quiet = 0;
            }
            quiet += 1;
            if quiet > limit {
                return Err(self.stuck(quiet));
            }
        }
        for valid in [pass_valid, base_valid, scalar_valid, sum_ready, done_ready] {
            self.simulation.set(valid, 0);
        }
        if self.simulation.get(self.ports.overflow) == 1 {
            return Err(BenchError::Overflow { cycle: self.cycles(), state: self.state() });
        }
        Ok(outcomes)
    }

    /// Whether the engine's queues and cursors differ from what they were.
    fn moved_inside(&mut self, last: &mut [u32; 4]) -> bool {
        let before = *last;
        self.simulation.get_words(self.ports.state, last);
        before != *last
    }

    fn goes(&mut self, stall: u16) -> bool {
        if stall == 0 {
            return true;
        }
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        (self.random >> 24) as u8 as u16 >= stall
    }

    fn stuck(&self, quiet: u64) -> BenchError {
        BenchError::Stuck { quiet, cycle: self.cycles(), state: self.state() }
    }

    /// Every queue and cursor, and the handshakes, in words.
    pub fn state(&self) -> String {
        let mut words = [0; 4];
        self.simulation.get_words(self.ports.state, &mut words);
        let bits = words.iter().rev().fold(0u128, |bits, word| bits << 32 | u128::from(*word));
        let field = |low: u32, count: u32| bits >> low & ((1 << count) - 1);
        let handshake = |name: &str, stream: &[Port; 3]| {
            format!("{name} {}/{}", self.simulation.get(stream[1]), self.simulation.get(stream[2]))
        };
        let streams = [
            handshake("pass", &self.ports.pass),
            handshake("base", &self.ports.base),
            handshake("scalar", &self.ports.scalar),
            handshake("sum", &self.ports.sum),
            handshake("done", &self.ports.done),
        ];
        format!(
            "clean {}, running {}, points left {}, scalars queued {}, pairs of new items {}, pairs of results {}, items on \
             their way {} and {}, cursor {}, phase {}, overflow {}; valid/ready: {}; last sum {}",
            self.simulation.get(self.ports.clean),
            self.simulation.get(self.ports.running),
            field(0, 32),
            field(32, 8),
            field(40, 8),
            field(48, 8),
            field(56, 16),
            field(72, 16),
            field(88, 18),
            field(106, 4),
            self.simulation.get(self.ports.overflow),
            streams.join(", "),
            self.simulation.get(self.ports.sum_last),
        )
    }
}

fn halves(words: &[u64]) -> Vec<u32> {
    words.iter().flat_map(|word| [*word as u32, (*word >> 32) as u32]).collect()
}
