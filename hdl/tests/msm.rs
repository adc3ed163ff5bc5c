//! The MSM engine under Verilator, against sums of scalar times base.
//!
//! Control is tested in long runs and in many shapes round an adder that keeps time and adds integers modulo the
//! field's modulus; points are tested with the real adders, against halo2curves.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use halo2curves::bn256::{Fq, Fr, G1, G1Affine};
use halo2curves::ff::{Field as _, PrimeField};
use halo2curves::group::Group;
use halo2curves::msm::msm_best;
use num_bigint::BigUint;
use penstock_hdl::field::{Field, Shape, from_montgomery, to_montgomery};
use penstock_hdl::msm::bench::{Base, BenchError, Engine, Job, Outcome, Scalar, Stalls, Sum};
use penstock_hdl::msm::config::MsmConfig;
use penstock_hdl::msm::finish::finish;
use penstock_hdl::msm::measure::{Measurement, measure};
use penstock_hdl::msm::pass::Pass;
use penstock_hdl::msm::plan;
use penstock_hdl::msm::scalars::{Distribution, used_windows};
use penstock_hdl::msm::top::behavioural_design;
use penstock_hdl::verilator::{Library, Options};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

const DISTRIBUTIONS: [Distribution; 6] = [
    Distribution::Uniform,
    Distribution::AllEqual,
    Distribution::TwoValues,
    Distribution::Sorted,
    Distribution::MostlyOnes,
    Distribution::WitnessLike,
];

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

impl Residue {
    const ZERO: Self = Self([0; 4]);

    fn of(value: BigUint) -> Self {
        Self(words(&(value % Field::Base.modulus())))
    }
}

impl std::ops::Add for Residue {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self::of(integer(&self.0) + integer(&other.0))
    }
}

/// Small enough for quick tests of everything: two passes for a full-size vector.
fn small() -> MsmConfig {
    MsmConfig { window_bits: 8, groups: 16, adder_latency: 60, ..MsmConfig::of(Shape::Pipelined) }
}

fn behavioural(config: &MsmConfig) -> Engine {
    config.check().unwrap();
    let library = Library::build(&behavioural_design(config).unwrap(), &Options::default()).unwrap();
    Engine::new(&library, config).unwrap()
}

/// Random bases: any pair of coordinates will do for the behavioural adder, which looks at y.
fn random_bases(random: &mut ChaCha8Rng, points: usize) -> Vec<Base> {
    let mut coordinate = || words::<4>(&(integer(&random.r#gen::<[u64; 4]>()) % Field::Base.modulus()));
    (0..points).map(|_| [coordinate(), coordinate()].concat().try_into().unwrap()).collect()
}

fn random_scalars(random: &mut ChaCha8Rng, count: usize) -> Vec<Scalar> {
    (0..count).map(|_| words(&(integer(&random.r#gen::<[u64; 4]>()) % Field::Scalar.modulus()))).collect()
}

/// Scalar times y, summed modulo the modulus.
fn expected(bases: &[Base], scalars: &[Scalar]) -> Residue {
    Residue::of(bases.iter().zip(scalars).map(|(base, scalar)| integer(&base[4..]) * integer(scalar)).sum())
}

/// The jobs of `vectors` over `bases`, as the plan makes them.
fn jobs(config: &MsmConfig, bases: &[Base], vectors: &[Vec<Scalar>]) -> Vec<(plan::PlannedPass, Job)> {
    let used = used_windows(config, vectors.iter().flatten());
    let planned = plan::passes(config, bases.len() as u32, vectors.len(), &used).into_iter();
    planned
        .map(|planned| {
            let vectors = &vectors[planned.vectors.clone()];
            let scalars = (0..bases.len()).flat_map(|point| vectors.iter().map(move |vector| vector[point])).collect();
            let job = Job { pass: planned.pass, bases: bases.to_vec(), scalars };
            (planned, job)
        })
        .collect()
}

/// Runs `vectors` over `bases`, all passes back to back, and finishes them.
fn msm(
    engine: &mut Engine,
    config: &MsmConfig,
    bases: &[Base],
    vectors: &[Vec<Scalar>],
    stalls: Stalls,
) -> Vec<Residue> {
    let mut results = vec![Residue::ZERO; vectors.len()];
    let (planned, jobs): (Vec<_>, Vec<_>) = jobs(config, bases, vectors).into_iter().unzip();
    let outcomes = engine.run(&jobs, stalls).unwrap_or_else(|error| panic!("{error}"));
    for (planned, outcome) in planned.iter().zip(&outcomes) {
        let sums = residues(config, &planned.pass, outcome);
        finish(config, &planned.pass, &sums, Residue::ZERO, &mut results[planned.vectors.clone()]);
    }
    results
}

fn residues(config: &MsmConfig, pass: &Pass, outcome: &Outcome) -> Vec<Residue> {
    assert_eq!(outcome.sums.len(), pass.groups() * config.sums());
    outcome.sums.iter().map(|sum| Residue::of(integer(&sum[4..8]))).collect()
}

fn check(engine: &mut Engine, config: &MsmConfig, bases: &[Base], vectors: &[Vec<Scalar>], stalls: Stalls) {
    let results = msm(engine, config, bases, vectors, stalls);
    for (vector, result) in vectors.iter().zip(results) {
        assert_eq!(result, expected(bases, vector), "{stalls:?}");
    }
}

#[test]
fn every_distribution_gives_the_sum_of_its_products() {
    let config = small();
    let mut engine = behavioural(&config);
    let mut random = ChaCha8Rng::seed_from_u64(1);
    for points in [1, 2, 3, 64, 1500] {
        let bases = random_bases(&mut random, points);
        for distribution in DISTRIBUTIONS {
            let scalars = distribution.scalars(points, &config.order);
            check(&mut engine, &config, &bases, &[scalars], Stalls::default());
        }
    }
}

#[test]
fn extreme_scalars_and_bases_give_the_sum_of_their_products() {
    let config = small();
    let mut engine = behavioural(&config);
    let mut random = ChaCha8Rng::seed_from_u64(2);
    let order = Field::Scalar.modulus();
    let half = BigUint::from(1u8) << 127;
    let edges = [
        0u8.into(),
        1u8.into(),
        127u8.into(),
        128u8.into(),
        129u8.into(),
        255u8.into(),
        &half - 1u8,
        half,
        &order - 1u8,
    ];
    let bases = random_bases(&mut random, edges.len());
    check(&mut engine, &config, &bases, &[edges.iter().map(words).collect()], Stalls::default());
    for edge in &edges {
        let base = vec![bases[0]; 33];
        check(&mut engine, &config, &base, &[vec![words(edge); 33]], Stalls::default());
    }
    // Bases at infinity in between, and nothing else.
    let mut bases = random_bases(&mut random, 100);
    let scalars = random_scalars(&mut random, 100);
    bases.iter_mut().step_by(3).for_each(|base| *base = [0; 8]);
    check(&mut engine, &config, &bases, std::slice::from_ref(&scalars), Stalls::default());
    check(&mut engine, &config, &[[0; 8]; 100], &[scalars], Stalls::default());
}

#[test]
fn passes_without_points_or_digits_give_zeros() {
    let config = small();
    let mut engine = behavioural(&config);
    let mut random = ChaCha8Rng::seed_from_u64(3);
    for points in [0, 1, 2, 50] {
        let pass = Pass { points, vectors: 2, first_window: 3, windows: 4 };
        let bases = random_bases(&mut random, points as usize);
        let job = Job { pass, bases, scalars: vec![[0; 4]; 2 * points as usize] };
        let outcomes = engine.run(&[job], Stalls::default()).unwrap();
        assert_eq!(outcomes[0].sums, vec![[0; 12]; 8 * config.sums()]);
        assert_eq!(outcomes[0].digits, 0);
    }
    let scalars = random_scalars(&mut random, 9);
    check(&mut engine, &config, &random_bases(&mut random, 9), &[scalars], Stalls::default());
}

#[test]
fn several_vectors_share_one_stream_of_bases() {
    several_vectors_share_bases(&small());
}

#[test]
fn several_vectors_share_one_stream_of_limbs() {
    several_vectors_share_bases(&narrow());
}

fn several_vectors_share_bases(config: &MsmConfig) {
    let mut engine = behavioural(config);
    let mut random = ChaCha8Rng::seed_from_u64(4);
    let bases = random_bases(&mut random, 200);
    // Scalars of 30 bits have 4 windows of 8: four vectors a pass.
    let short = |scalar: &Scalar| [scalar[0] >> 34, 0, 0, 0];
    let vectors: Vec<Vec<Scalar>> =
        (0..6).map(|_| random_scalars(&mut random, 200).iter().map(short).collect()).collect();
    let planned: Vec<u8> = jobs(config, &bases, &vectors).iter().map(|(planned, _)| planned.pass.vectors).collect();
    assert_eq!(planned, [4, 2]);
    check(&mut engine, config, &bases, &vectors, Stalls::default());
    // Bases that no scalar uses, in between.
    let mut sparse = vectors.clone();
    for vector in &mut sparse {
        vector.iter_mut().skip(7).take(150).for_each(|scalar| *scalar = [0; 4]);
    }
    check(&mut engine, config, &bases, &sparse, Stalls::default());
}

#[test]
fn digits_are_counted_and_windows_without_any_are_left_out() {
    let config = small();
    let mut engine = behavioural(&config);
    let mut random = ChaCha8Rng::seed_from_u64(5);
    let bases = random_bases(&mut random, 40);
    // Digits in windows 2 and 9 alone.
    let scalars: Vec<Scalar> = (0..40).map(|point| [(point % 3) << 16, (point % 2) << 8, 0, 0]).collect();
    let jobs = jobs(&config, &bases, &[scalars]);
    let passes: Vec<Pass> = jobs.iter().map(|(planned, _)| planned.pass).collect();
    assert_eq!(passes, [Pass { points: 40, vectors: 1, first_window: 2, windows: 8 }]);
    let outcomes = engine.run(&[jobs[0].1.clone()], Stalls::default()).unwrap();
    assert_eq!(outcomes[0].digits, 26 + 20);
}

/// The same round an adder that takes a limb a cycle.
fn narrow() -> MsmConfig {
    let config = MsmConfig { adder_interval: 12, memory_latency: 1, ..small() };
    MsmConfig { adder_latency: 60 - config.pair_latency(), ..config }
}

#[test]
fn stalls_on_any_stream_change_nothing() {
    stalls_change_nothing(&small());
}

#[test]
fn stalls_on_streams_of_limbs_change_nothing() {
    stalls_change_nothing(&narrow());
}

fn stalls_change_nothing(config: &MsmConfig) {
    let mut engine = behavioural(config);
    let mut random = ChaCha8Rng::seed_from_u64(6);
    let bases = random_bases(&mut random, 300);
    let vectors = [random_scalars(&mut random, 300), Distribution::MostlyOnes.scalars(300, &config.order)];
    let none = Stalls::default();
    let mut cases = vec![
        Stalls { pass: 250, ..none },
        Stalls { base: 200, ..none },
        Stalls { scalar: 200, ..none },
        Stalls { sum: 230, ..none },
        Stalls { done: 250, ..none },
    ];
    for seed in 0..8 {
        let mut stall = || random.r#gen::<u8>().into();
        cases.push(Stalls { pass: stall(), base: stall(), scalar: stall(), sum: stall(), done: stall(), seed });
    }
    for stalls in cases {
        check(&mut engine, config, &bases, &vectors, stalls);
    }
}

#[test]
fn small_passes_back_to_back_do_not_mix() {
    for alternate in [true, false] {
        let config = MsmConfig { alternate, ..small() };
        let mut engine = behavioural(&config);
        let mut random = ChaCha8Rng::seed_from_u64(7);
        let jobs: Vec<(Vec<Base>, Vec<Scalar>, Job)> = (0..60)
            .map(|_| {
                let points = random.gen_range(0..40);
                let bases = random_bases(&mut random, points);
                let scalars: Vec<Scalar> = (0..points).map(|_| [random.r#gen::<u64>() >> 50, 0, 0, 0]).collect();
                let pass = Pass { points: points as u32, vectors: 1, first_window: 0, windows: 2 };
                (bases.clone(), scalars.clone(), Job { pass, bases, scalars })
            })
            .collect();
        for stalls in [Stalls::default(), Stalls { base: 100, scalar: 128, sum: 150, done: 200, pass: 50, seed: 3 }] {
            let all: Vec<Job> = jobs.iter().map(|job| job.2.clone()).collect();
            let outcomes = engine.run(&all, stalls).unwrap_or_else(|error| panic!("{error}"));
            for ((bases, scalars, job), outcome) in jobs.iter().zip(&outcomes) {
                let mut result = [Residue::ZERO];
                finish(&config, &job.pass, &residues(&config, &job.pass, outcome), Residue::ZERO, &mut result);
                assert_eq!(result, [expected(bases, scalars)]);
            }
        }
    }
}

#[test]
fn a_reset_in_the_middle_leaves_nothing_behind() {
    let config = small();
    let mut engine = behavioural(&config);
    let mut random = ChaCha8Rng::seed_from_u64(8);
    let bases = random_bases(&mut random, 500);
    let scalars = random_scalars(&mut random, 500);
    // The sums are not taken, so that the engine is left in the middle of its work.
    let job = jobs(&config, &bases, std::slice::from_ref(&scalars)).remove(0).1;
    assert!(matches!(engine.run(&[job], Stalls { sum: 256, ..Stalls::default() }), Err(BenchError::Stuck { .. })));
    engine.reset().unwrap();
    check(&mut engine, &config, &bases, &[scalars], Stalls::default());
}

#[test]
fn a_stuck_engine_is_reported_with_its_queues() {
    let config = small();
    let mut engine = behavioural(&config);
    let mut random = ChaCha8Rng::seed_from_u64(9);
    let bases = random_bases(&mut random, 50);
    let job = jobs(&config, &bases, &[random_scalars(&mut random, 50)]).remove(0).1;
    let error = engine.run(&[job], Stalls { scalar: 256, ..Stalls::default() }).unwrap_err().to_string();
    assert!(error.contains("points left 50") && error.contains("base 1/0, scalar 0/1"), "{error}");
}

#[test]
fn a_pass_that_does_not_fit_is_refused() {
    let config = small();
    let mut engine = behavioural(&config);
    for pass in [
        Pass { points: 0, vectors: 3, first_window: 0, windows: 6 },
        Pass { points: 0, vectors: 1, first_window: 30, windows: 4 },
        Pass { points: 0, vectors: 0, first_window: 0, windows: 1 },
        Pass { points: 5, vectors: 1, first_window: 0, windows: 1 },
    ] {
        let job = Job { pass, bases: Vec::new(), scalars: Vec::new() };
        assert!(matches!(engine.run(&[job], Stalls::default()), Err(BenchError::Unfit(_))), "{pass:?}");
    }
}

#[test]
fn every_window_width_and_parameter_gives_the_sum_of_its_products() {
    let mut random = ChaCha8Rng::seed_from_u64(10);
    for window_bits in 4..=13 {
        let mut config = MsmConfig {
            window_bits,
            groups: [1, 5, 26, 64][window_bits % 4],
            alternate: window_bits % 3 != 0,
            reductions: 1 + window_bits / 2 % 2,
            memory_latency: 1 + window_bits % 3,
            adder_interval: [1, 36, 12][window_bits % 3],
            ..small()
        };
        config.adder_latency = (20 + 7 * window_bits).next_multiple_of(config.adder_interval) - config.pair_latency();
        let mut engine = behavioural(&config);
        let bases = random_bases(&mut random, 70);
        let vectors = [
            random_scalars(&mut random, 70),
            Distribution::WitnessLike.scalars(70, &config.order),
            vec![words(&(Field::Scalar.modulus() - 1u8)); 70],
        ];
        for vector in vectors {
            check(&mut engine, &config, &bases, &[vector], Stalls::default());
        }
    }
}

/// Adder cycles per digit, at the latencies of the real adders; for 2^16 points see `cargo xtask rtl report`.
#[test]
fn no_distribution_stalls_the_adder() {
    // So many that the end of a pass, a few of an adder's latencies, weighs little.
    for (shape, points) in [(Shape::Pipelined, 1 << 14), (Shape::Compact, 1 << 10)] {
        let config = MsmConfig::of(shape);
        let mut engine = behavioural(&config);
        for distribution in DISTRIBUTIONS {
            let scalars = distribution.scalars(points, &config.order);
            let measured = measure(&mut engine, &scalars).unwrap_or_else(|error| panic!("{error}"));
            let limit = if distribution == Distribution::Uniform { 1.03 } else { 1.08 };
            show(shape, &distribution, &measured);
            assert!(measured.cycles_per_digit() <= limit, "{shape:?} {distribution:?} {measured:?}");
            assert!(measured.cycles_per_bucket() <= 2.2, "{shape:?} {distribution:?} {measured:?}");
        }
    }
}

fn show(shape: Shape, distribution: &Distribution, measured: &Measurement) {
    let [digit, bucket] = [measured.cycles_per_digit(), measured.cycles_per_bucket()];
    let speed = measured.simulated_per_second();
    println!("{shape:?} {distribution:?}: {digit:.4} a digit, {bucket:.4} a bucket, {speed:.0} cycles/s, {measured:?}");
}

fn to_words(value: &Fq) -> [u64; 4] {
    words(&to_montgomery(Field::Base, &BigUint::from_bytes_le(value.to_repr().as_ref())))
}

fn base(point: &G1Affine) -> Base {
    [to_words(&point.x), to_words(&point.y)].concat().try_into().unwrap()
}

fn scalar(value: &Fr) -> Scalar {
    words(&BigUint::from_bytes_le(value.to_repr().as_ref()))
}

/// A sum as a point: empty slots are the identity.
fn point(sum: &Sum) -> G1 {
    let coordinate = |words: &[u64]| {
        let bytes = from_montgomery(Field::Base, &integer(words)).to_bytes_le();
        let mut repr = <Fq as PrimeField>::Repr::default();
        repr.as_mut()[..bytes.len()].copy_from_slice(&bytes);
        Fq::from_repr(repr).unwrap()
    };
    let [x, y, z] = [coordinate(&sum[..4]), coordinate(&sum[4..8]), coordinate(&sum[8..])];
    let Some(inverse) = Option::<Fq>::from(z.invert()) else { return G1::identity() };
    let affine = G1Affine { x: x * inverse, y: y * inverse };
    assert!(bool::from(halo2curves::CurveAffine::is_on_curve(&affine)), "a sum left the curve");
    affine.into()
}

/// Runs distributions and edge cases on an engine with its real adder.
fn against_halo2curves(shape: Shape, options: &Options, points: usize) {
    let config = MsmConfig::of(shape);
    let mut engine = Engine::of(shape, options).unwrap();
    let mut random = ChaCha8Rng::seed_from_u64(11);
    let mut bases: Vec<G1Affine> = (0..points).map(|_| G1::random(&mut random).into()).collect();
    // The identity, repeated and opposite bases.
    bases[1] = G1Affine::default();
    bases[3] = bases[2];
    bases[5] = -bases[4];
    let fields = |scalars: &[Scalar]| -> Vec<Fr> {
        let field = |scalar: &Scalar| {
            scalar.iter().rev().fold(Fr::ZERO, |sum, word| sum * Fr::from(1 << 32).square() + Fr::from(*word))
        };
        scalars.iter().map(field).collect()
    };
    let mut cases: Vec<Vec<Fr>> =
        DISTRIBUTIONS.iter().map(|distribution| fields(&distribution.scalars(points, &config.order))).collect();
    cases.push(vec![-Fr::ONE; points]);
    cases.push((0..points).map(|point| if point == 0 { -Fr::ONE } else { Fr::ZERO }).collect());
    let all: Vec<Base> = bases.iter().map(base).collect();
    for case in cases {
        let vector: Vec<Scalar> = case.iter().map(scalar).collect();
        let (planned, jobs): (Vec<_>, Vec<_>) = jobs(&config, &all, &[vector]).into_iter().unzip();
        let outcomes = engine.run(&jobs, Stalls::default()).unwrap_or_else(|error| panic!("{error}"));
        let mut result = [G1::identity()];
        for (planned, outcome) in planned.iter().zip(&outcomes) {
            let sums: Vec<G1> = outcome.sums.iter().map(point).collect();
            finish(&config, &planned.pass, &sums, G1::identity(), &mut result);
        }
        assert_eq!(result[0], msm_best(&case, &bases));
    }
}

#[test]
fn the_pipelined_engine_agrees_with_halo2curves() {
    against_halo2curves(Shape::Pipelined, &Options { fast_multipliers: true, ..Options::default() }, 300);
}

#[test]
fn the_compact_engine_agrees_with_halo2curves() {
    against_halo2curves(Shape::Compact, &Options::default(), 40);
}
