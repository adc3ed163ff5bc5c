//! The MSM engine under Verilator, against sums of scalar times base.
//!
//! Control is tested round an adder that keeps time and adds integers modulo the field's modulus, in long runs and in
//! many shapes; points are tested with the real adders.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use num_bigint::BigUint;
use penstock_hdl::emit::emit;
use penstock_hdl::msm::behavioural::BehaviouralAdder;
use penstock_hdl::msm::bench::{Engine, Job, Scalar, Stalls, Sum};
use penstock_hdl::msm::config::MsmConfig;
use penstock_hdl::msm::finish::finish;
use penstock_hdl::msm::measure::measure;
use penstock_hdl::msm::plan;
use penstock_hdl::msm::scalars::{Distribution, used_windows};
use penstock_hdl::msm::top::MsmBehavioural;
use penstock_hdl::verilator::{Library, Options};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

const MODULUS: &[u8] = b"30644e72e131a029b85045b68181585d97816a916871ca8d3c208c16d87cfd47";
const ORDER: &[u8] = b"30644e72e131a029b85045b68181585d2833e84879b9709143e1f593f0000001";

fn number(hex: &[u8]) -> BigUint {
    BigUint::parse_bytes(hex, 16).unwrap()
}

fn words<const N: usize>(value: &BigUint) -> [u64; N] {
    let digits = value.to_u64_digits();
    std::array::from_fn(|i| digits.get(i).copied().unwrap_or(0))
}

fn integer(words: &[u64]) -> BigUint {
    words.iter().rev().fold(BigUint::from(0u8), |value, word| (value << 64) + word)
}

/// A residue modulo the field's modulus: what the behavioural adder adds in y.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Residue([u64; 4]);

impl std::ops::Add for Residue {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self(words(&((integer(&self.0) + integer(&other.0)) % number(MODULUS))))
    }
}

fn config(window_bits: usize, groups: usize) -> MsmConfig {
    MsmConfig {
        modulus: number(MODULUS),
        one: BigUint::from(1u8),
        order: number(ORDER),
        window_bits,
        groups,
        memory_latency: 1,
        alternate: true,
        reductions: 2,
        pair_depth: 16,
        digit_depth: 16,
        adder_latency: 60,
        adder_interval: 1,
    }
}

fn behavioural(config: &MsmConfig) -> Engine {
    config.check().unwrap();
    let design = emit("msm_behavioural", || MsmBehavioural::new(config, BehaviouralAdder::new(config))).unwrap();
    let library = Library::build(&design, &Options::default()).unwrap();
    Engine::new(&library, config).unwrap()
}

/// Random bases, with y alone filled: the behavioural adder's x and z count, and are not looked at.
fn bases(random: &mut ChaCha8Rng, points: usize) -> Vec<[u64; 8]> {
    let modulus = number(MODULUS);
    (0..points)
        .map(|_| {
            let y: [u64; 4] = words(&(integer(&random.r#gen::<[u64; 4]>()) % &modulus));
            [random.r#gen(), 0, 0, 0, y[0], y[1], y[2], y[3]]
        })
        .collect()
}

fn random_scalars(random: &mut ChaCha8Rng, count: usize) -> Vec<Scalar> {
    let order = number(ORDER);
    (0..count).map(|_| words(&(integer(&random.r#gen::<[u64; 4]>()) % &order))).collect()
}

/// Scalar times y, summed modulo the modulus, for one vector of scalars.
fn expected(bases: &[[u64; 8]], scalars: &[Scalar]) -> Residue {
    let sum = bases.iter().zip(scalars).map(|(base, scalar)| integer(&base[4..]) * integer(scalar)).sum::<BigUint>();
    Residue(words(&(sum % number(MODULUS))))
}

/// Runs `vectors` over `bases` as the passes that the plan makes, back to back, and finishes them.
fn msm(
    engine: &mut Engine,
    config: &MsmConfig,
    bases: &[[u64; 8]],
    vectors: &[Vec<Scalar>],
    stalls: Stalls,
) -> Vec<Residue> {
    let used = used_windows(config, vectors.iter().flatten());
    let planned = plan::passes(config, bases.len() as u32, vectors.len(), &used);
    let jobs: Vec<Job> = planned
        .iter()
        .map(|planned| {
            let vectors = &vectors[planned.vectors.clone()];
            let scalars = (0..bases.len()).flat_map(|point| vectors.iter().map(move |vector| vector[point])).collect();
            Job { pass: planned.pass, bases: bases.to_vec(), scalars }
        })
        .collect();
    let outcomes = engine.run(&jobs, stalls).unwrap_or_else(|error| panic!("{error}"));
    let zero = Residue([0; 4]);
    let mut results = vec![zero; vectors.len()];
    for (planned, outcome) in planned.iter().zip(&outcomes) {
        assert_eq!(outcome.sums.len(), planned.pass.groups() * config.sums());
        let sums: Vec<Residue> = outcome.sums.iter().map(residue).collect();
        finish(config, &planned.pass, &sums, zero, &mut results[planned.vectors.clone()]);
    }
    results
}

fn residue(sum: &Sum) -> Residue {
    Residue(words(&(integer(&sum[4..8]) % number(MODULUS))))
}

#[test]
fn a_random_job_gives_the_sum_of_its_products() {
    let config = config(8, 8);
    let mut engine = behavioural(&config);
    let mut random = ChaCha8Rng::seed_from_u64(1);
    let bases = bases(&mut random, 300);
    let scalars = random_scalars(&mut random, 300);
    let results = msm(&mut engine, &config, &bases, std::slice::from_ref(&scalars), Stalls::default());
    assert_eq!(results, [expected(&bases, &scalars)]);
}

/// The parameters of the two shapes, round the behavioural adder.
fn pipelined() -> MsmConfig {
    MsmConfig { adder_latency: 200, memory_latency: 2, ..config(13, 20) }
}

fn compact() -> MsmConfig {
    MsmConfig { adder_latency: 400, adder_interval: 36, alternate: false, ..config(11, 1) }
}

#[test]
fn no_distribution_stalls_the_pipelined_adder() {
    let config = pipelined();
    let mut engine = behavioural(&config);
    use Distribution::*;
    for distribution in [Uniform, AllEqual, TwoValues, Sorted, MostlyOnes, WitnessLike] {
        let points: usize = std::env::var("POINTS").map_or(1 << 14, |points| points.parse().unwrap());
        let scalars = distribution.scalars(points, &config.order);
        let measured = measure(&mut engine, &config, &scalars).unwrap_or_else(|error| panic!("{error}"));
        println!(
            "{distribution:?}: {:.4} {:.4} {:.0}/s {measured:?}",
            measured.cycles_per_digit(),
            measured.cycles_per_bucket(),
            measured.simulated_per_second()
        );
    }
}
