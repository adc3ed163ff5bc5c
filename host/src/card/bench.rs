//! Measures a card: sums, hashes, the way from doorbell to completion, and reading by DMA.

use std::time::Instant;

use penstock_abi::{Command, ELEMENT_BYTES, Status};
use penstock_driver::{Card, CardError};
use serde::Serialize;

use super::sample::{SET, pairs, points, scalars};
use penstock_prover::measure::median;

/// How much is measured.
#[derive(Clone, Copy, Debug)]
pub struct Load {
    /// Points of a sum; cut to what the card takes.
    pub points: usize,
    /// Hashes of a batch; cut to what the card takes.
    pub hashes: usize,
    /// Repetitions of sums and hashes, of which the median counts.
    pub rounds: usize,
    /// Commands whose latency is taken.
    pub commands: usize,
}

/// What was measured.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Figures {
    /// Sums, if the card has the engine.
    pub msm: Option<Throughput>,
    /// Hashes, if the card has the engine.
    pub poseidon: Option<Throughput>,
    /// The shortest command, from the doorbell to its completion in a waiting thread.
    pub latency: Latency,
    /// Reading, if the card has an engine that reads much.
    pub dma: Option<Bandwidth>,
}

/// A number of points or hashes in one command.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Throughput {
    /// Points or hashes.
    pub count: usize,
    /// Seconds from submission to the finished result.
    pub seconds: f64,
    /// Points or hashes a second.
    pub per_second: f64,
    /// The card's clock cycles.
    pub cycles: u64,
    /// Of them, for one point or hash.
    pub cycles_each: f64,
}

/// Microseconds.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Latency {
    /// Commands.
    pub commands: usize,
    /// Median.
    pub p50_microseconds: f64,
    /// Of a hundred commands, the slowest but one.
    pub p99_microseconds: f64,
}

/// A command that reads and does nothing else: bases into a card that keeps them; otherwise a sum of zeros times bases
/// that the card has to refuse.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Bandwidth {
    /// Bytes of the bases, counted once; a card may read more, as scalars or in several passes.
    pub bytes: u64,
    /// Seconds from submission to the finished result.
    pub seconds: f64,
    /// Bytes a second.
    pub bytes_per_second: f64,
}

/// Measures; what fails is an error.
///
/// # Errors
/// A command fails.
pub fn run(card: &Card, load: Load) -> Result<Figures, CardError> {
    let capabilities = *card.capabilities();
    let latency = latency(card, load.commands)?;
    let mut figures = Figures { msm: None, poseidon: None, latency, dma: None };
    if capabilities.msm {
        let count = load.points.clamp(1, capabilities.max_points as usize);
        figures.dma = Some(bandwidth(card, count, load.rounds)?);
        let scalars = scalars(count);
        card.pin_bases(SET, &points(count))?;
        let sum = || timed(|| Ok(card.msm(SET, &[&scalars])?.wait_with_cycles()?.1));
        figures.msm = Some(throughput(count, median_of(load.rounds, sum)?));
    }
    if capabilities.poseidon {
        let count = load.hashes.clamp(1, capabilities.max_hashes as usize);
        let pairs = pairs(count);
        let batch = || timed(|| Ok(card.poseidon(&pairs)?.wait_with_cycles()?.1));
        figures.poseidon = Some(throughput(count, median_of(load.rounds, batch)?));
    }
    Ok(figures)
}

fn latency(card: &Card, commands: usize) -> Result<Latency, CardError> {
    let mut buffers = vec![card.allocate(Command::IDENTIFY_BYTES as usize)?];
    let mut times = Vec::with_capacity(commands);
    for _ in 0..commands.max(1) {
        let result = buffers.first().map_or(0, |buffer| buffer.address());
        let command = Command::Identify { result, capacity: Command::IDENTIFY_BYTES };
        let start = Instant::now();
        buffers = card.submit(command, buffers)?.wait()?.buffers;
        times.push(start.elapsed().as_secs_f64() * 1e6);
    }
    times.sort_by(f64::total_cmp);
    let at = |percent: usize| times.get(times.len() * percent / 100).copied().unwrap_or_default();
    Ok(Latency { commands: times.len(), p50_microseconds: at(50), p99_microseconds: at(99) })
}

fn bandwidth(card: &Card, count: usize, rounds: usize) -> Result<Bandwidth, CardError> {
    let capabilities = card.capabilities();
    let bytes = 2 * ELEMENT_BYTES * count as u64;
    // Zeroed: the identity.
    let bases = card.allocate(bytes as usize)?;
    if !capabilities.resident_bases {
        // Above the modulus.
        bases.write(0, &[0xff; ELEMENT_BYTES as usize])?;
    }
    let set_bases = Command::SetBases { input: bases.address(), count: count as u32, set: SET };
    let set = || Ok(card.submit(set_bases, Vec::new())?.wait()?.completion.cycles);
    let refused_sum = || {
        let capacity = capabilities.msm_layout.result_bytes(1);
        let (result, scalars) = (card.allocate(capacity as usize)?, card.allocate(count * ELEMENT_BYTES as usize)?);
        let (result_address, input) = (result.address(), scalars.address());
        let (count, set, vectors, first, stride) = (count as u32, SET, 1, 0, 0);
        let sum = Command::Msm { result: result_address, capacity, input, count, set, vectors, first, stride };
        timed(|| match card.submit(sum, vec![result, scalars])?.wait() {
            Err(CardError::Rejected { status: Status::NotCanonical, .. }) => Ok(0),
            Err(error) => Err(error),
            Ok(_) => Err(CardError::ProtocolViolation { how: "it added points that are none".to_owned() }),
        })
    };
    let (seconds, _) = if capabilities.resident_bases {
        median_of(rounds, || timed(set))?
    } else {
        set()?;
        median_of(rounds, refused_sum)?
    };
    Ok(Bandwidth { bytes, seconds, bytes_per_second: bytes as f64 / seconds })
}

/// Seconds that work took, and the cycles that it reports.
fn timed(work: impl FnOnce() -> Result<u64, CardError>) -> Result<(f64, u64), CardError> {
    let start = Instant::now();
    let cycles = work()?;
    Ok((start.elapsed().as_secs_f64(), cycles))
}

/// The round with the median time.
fn median_of(rounds: usize, round: impl Fn() -> Result<(f64, u64), CardError>) -> Result<(f64, u64), CardError> {
    let taken = (0..rounds.max(1)).map(|_| round()).collect::<Result<Vec<_>, CardError>>()?;
    Ok(median(taken, |(seconds, _)| *seconds).unwrap_or_default())
}

fn throughput(count: usize, (seconds, cycles): (f64, u64)) -> Throughput {
    Throughput { count, seconds, per_second: count as f64 / seconds, cycles, cycles_each: cycles as f64 / count as f64 }
}
