//! The Poseidon engine, from its microprogram to its Verilog, against light-poseidon and circomlibjs.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use halo2curves::bn256::Fr;
use halo2curves::ff::{Field, PrimeField};
use light_poseidon::{Poseidon, PoseidonBytesHasher};
use num_bigint::BigUint;
use penstock_hdl::emit::emit;
use penstock_hdl::field::{RADIX_BITS, Shape};
use penstock_hdl::poseidon::schedule::{Microprogram, interpret};
use penstock_hdl::poseidon::simulation::{Hash, Pair};
use penstock_hdl::poseidon::{EngineConfig, EngineSimulation, SerialMultiplier, SimulationError, design, measure};
use penstock_hdl::verilator::{Library, Options};
use rand::Rng;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;

const FAST: Options = Options { fast_multipliers: true, trace: false };
const EXACT: Options = Options { fast_multipliers: false, trace: false };

fn light_poseidon(pairs: &[Pair]) -> Vec<Hash> {
    let mut hasher = Poseidon::<ark_bn254::Fr>::new_circom(2).unwrap();
    pairs.iter().map(|[a, b]| hasher.hash_bytes_le(&[a, b]).unwrap()).collect()
}

fn random_pairs(rng: &mut ChaCha20Rng, count: usize) -> Vec<Pair> {
    (0..count).map(|_| [Fr::random(&mut *rng).to_repr(), Fr::random(&mut *rng).to_repr()]).collect()
}

fn edge_pairs() -> Vec<Pair> {
    let edges = [Fr::ZERO, Fr::ONE, -Fr::ONE].map(|edge| edge.to_repr());
    edges.iter().flat_map(|a| edges.map(|b| [*a, b])).collect()
}

/// Pairs and their hashes by circomlibjs, made by `poseidon.mjs` beside them.
fn circomlibjs() -> (Vec<Pair>, Vec<Hash>) {
    let json: serde_json::Value =
        serde_json::from_str(include_str!("../../circuits/tests/vectors/poseidon.json")).unwrap();
    let element = |value: &serde_json::Value| {
        let mut bytes: Hash = hex::decode(&value.as_str().unwrap()[2..]).unwrap().try_into().unwrap();
        bytes.reverse();
        bytes
    };
    let vectors = json.as_array().unwrap().iter();
    vectors.map(|vector| ([0, 1].map(|k| element(&vector["inputs"][k])), element(&vector["hash"]))).unzip()
}

fn pipelined(lanes: usize) -> EngineConfig {
    EngineConfig { lanes, ..EngineConfig::of(Shape::Pipelined) }
}

#[test]
fn the_microprogram_computes_the_hash() {
    let mut rng = ChaCha20Rng::seed_from_u64(1);
    let pairs = [edge_pairs(), random_pairs(&mut rng, 50)].concat();
    let hashes = light_poseidon(&pairs);
    for (radix_bits, distance) in [(260, 1), (RADIX_BITS, 1), (RADIX_BITS, 2)] {
        let program = Microprogram::new(radix_bits, distance).unwrap();
        // Results that become visible sooner than planned must not overtake reads of what they replace.
        let sooner = Microprogram { distance: 1, ..program.clone() };
        for (pair, hash) in pairs.iter().zip(&hashes) {
            let inputs = pair.map(|element| Fr::from_repr(element).unwrap());
            assert_eq!(interpret(&program, inputs).to_repr(), *hash, "2^{radix_bits}, distance {distance}, {pair:?}");
            assert_eq!(interpret(&sooner, inputs).to_repr(), *hash, "2^{radix_bits}, distance {distance}, {pair:?}");
        }
    }
}

#[test]
fn exact_multipliers_hash_as_circomlibjs_does() {
    let (pairs, hashes) = circomlibjs();
    for config in [pipelined(1), EngineConfig::of(Shape::Compact)] {
        let mut engine = EngineSimulation::new(config, &EXACT).unwrap();
        assert_eq!(engine.run(&pairs, || [true, true]).unwrap(), hashes, "{config:?}");
    }
}

#[test]
fn ten_thousand_random_pairs_pass_random_stalls_job_after_job() {
    let mut rng = ChaCha20Rng::seed_from_u64(2);
    for lanes in [3, EngineConfig::of(Shape::Pipelined).lanes] {
        let mut engine = EngineSimulation::new(pipelined(lanes), &FAST).unwrap();
        // How often the source offers and the sink takes: at will, rarely, hardly ever; then with long pauses.
        for [source, sink] in [[1.0, 1.0], [0.01, 1.0], [1.0, 0.004], [0.1, 0.1]] {
            let pairs = [edge_pairs(), random_pairs(&mut rng, 1000)].concat();
            let mut stalls = ChaCha20Rng::seed_from_u64(3);
            let hashes = engine.run(&pairs, || [stalls.gen_bool(source), stalls.gen_bool(sink)]).unwrap();
            assert_eq!(hashes, light_poseidon(&pairs), "{lanes} lanes, source {source}, sink {sink}");
        }
        let pairs = random_pairs(&mut rng, 1000);
        let mut cycle = 0u32;
        let in_bursts = || {
            cycle += 1;
            [cycle % 20_000 < 300, cycle % 40_000 > 36_000]
        };
        assert_eq!(engine.run(&pairs, in_bursts).unwrap(), light_poseidon(&pairs), "{lanes} lanes, bursts");
    }
}

#[test]
fn a_reset_drops_what_is_in_flight() {
    let mut rng = ChaCha20Rng::seed_from_u64(4);
    let mut engine = EngineSimulation::new(pipelined(3), &FAST).unwrap();
    let patience = std::cell::Cell::new(0);
    for cycles in [1, 700, 24_000, 40_000] {
        // A sink that takes nothing, until the engine is full and counted as stuck.
        let pairs = random_pairs(&mut rng, 500);
        patience.set(0);
        let dropped = engine.run(&pairs, || {
            patience.set(patience.get() + 1);
            [patience.get() < cycles, false]
        });
        let Err(SimulationError::Stuck { state, .. }) = dropped else { panic!("{} hashes", dropped.unwrap().len()) };
        assert_eq!((state.delivered, state.in_flight), (0, state.taken as u64), "{state}");
        engine.reset();
        assert_eq!(engine.run(&pairs, || [true, true]).unwrap(), light_poseidon(&pairs), "reset after {cycles}");
    }
}

#[test]
fn an_engine_that_waits_in_vain_says_what_it_looks_like() {
    let pairs = random_pairs(&mut ChaCha20Rng::seed_from_u64(5), 500);
    let mut engine = EngineSimulation::new(pipelined(3), &FAST).unwrap();
    let error = engine.run(&pairs, || [true, false]).unwrap_err().to_string();
    // A full engine: each lane, a pair at the entrance, a hash at the exit.
    let full = 3 * pipelined(3).lane.queue_capacity() + 2;
    assert!(error.contains(&format!("{full} of 500 pairs taken, 0 hashes delivered, {full} in flight")), "{error}");
    assert!(error.contains("hashes valid true, ready false"), "{error}");
}

#[test]
fn lanes_that_the_rotation_has_no_room_for_are_refused() {
    for lanes in [0, 65] {
        assert!(
            matches!(design("poseidon", &pipelined(lanes)), Err(SimulationError::Lanes { lanes: l }) if l == lanes)
        );
    }
}

#[test]
fn multipliers_are_busy_over_jobs_from_4096_on() {
    let config = EngineConfig::of(Shape::Pipelined);
    let figures = measure(config, 4096, &FAST).unwrap();
    assert!((0.97..=1.0).contains(&figures.utilisation), "{figures:?}");
    // The worst count above: one thread runs once more than all others.
    let threads = config.lanes * config.lane.threads();
    let worst = measure(config, 4096usize.next_multiple_of(threads) + 1, &FAST).unwrap();
    assert!(worst.utilisation >= 0.95 && worst.utilisation_of_544 >= 0.97, "{worst:?}");
}

#[test]
fn the_latency_is_the_configurations() {
    for (config, options) in [(pipelined(1), EXACT), (EngineConfig::of(Shape::Compact), EXACT)] {
        let figures = measure(config, 1, &options).unwrap();
        let latency = figures.latency as u64;
        // Around the lane: the entrance, the wait for the thread's turn, the queue and the exit.
        let turn = config.lane.interval() as u64;
        assert!((latency..latency + turn + 12).contains(&figures.cycles), "{figures:?}");
    }
}

#[test]
fn serial_products_are_montgomery_products() {
    let design = emit("fr_multiplier_serial_top", SerialMultiplier::default).unwrap();
    let mut simulation = Library::build(&design, &EXACT).unwrap().simulation().unwrap();
    let [start, left, right, product] =
        ["start", "left", "right", "product"].map(|name| simulation.port(name).unwrap());
    let p = penstock_hdl::field::Field::Scalar.modulus();
    let mut rng = ChaCha20Rng::seed_from_u64(6);
    let one = BigUint::from(1u32);
    let edges = [BigUint::ZERO, one.clone(), &p - &one, p.clone(), 2u32 * &p - &one, (&one << 255u32) - &one];
    let mut operands: Vec<[BigUint; 2]> = edges.iter().flat_map(|a| edges.clone().map(|b| [a.clone(), b])).collect();
    let random = |rng: &mut ChaCha20Rng, bits: u32| {
        let words: [u32; 9] = rng.r#gen();
        words.iter().fold(BigUint::ZERO, |sum, word| (sum << 32u32) + word) >> (288 - bits)
    };
    operands.extend((0..2000).map(|k| [random(&mut rng, if k % 2 == 0 { 255 } else { 260 }), random(&mut rng, 255)]));
    let mut due = std::collections::VecDeque::new();
    let mut products = Vec::new();
    for cycle in 0..operands.len() * SerialMultiplier::INTERVAL + SerialMultiplier::LATENCY + 1 {
        let (index, phase) = (cycle / SerialMultiplier::INTERVAL, cycle % SerialMultiplier::INTERVAL);
        let starts = phase == 0 && index < operands.len();
        simulation.set(start, u64::from(starts));
        if starts {
            for (port, operand) in [left, right].into_iter().zip(&operands[index]) {
                let mut words = operand.to_u32_digits();
                words.resize(9, 0);
                simulation.set_words(port, &words);
            }
            due.push_back(cycle + SerialMultiplier::LATENCY);
        }
        simulation.eval();
        if due.front() == Some(&cycle) {
            due.pop_front();
            let mut words = [0; 9];
            simulation.get_words(product, &mut words);
            products.push(BigUint::from_slice(&words));
        }
        simulation.tick();
    }
    assert_eq!(products.len(), operands.len());
    for (product, [a, b]) in products.iter().zip(&operands) {
        assert!(*product < 2u32 * &p && (product << RADIX_BITS) % &p == a * b % &p, "{a} · {b} gave {product}");
    }
}
