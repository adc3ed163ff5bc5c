//! The Poseidon engine, from its microprogram to its Verilog, against light-poseidon and circomlibjs.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use halo2curves::bn256::Fr;
use halo2curves::ff::{Field, PrimeField};
use light_poseidon::{Poseidon, PoseidonBytesHasher};
use penstock_hdl::poseidon::schedule::{Microprogram, interpret};
use penstock_hdl::poseidon::standin::MultiplierConfig;
use penstock_hdl::poseidon::{EngineConfig, LaneConfig, measure};
use penstock_hdl::verilator::Options;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;

fn light_poseidon(pair: [Fr; 2]) -> Fr {
    let mut hasher = Poseidon::<ark_bn254::Fr>::new_circom(2).unwrap();
    let [a, b] = pair.map(|x| x.to_repr());
    Fr::from_repr(hasher.hash_bytes_le(&[&a, &b]).unwrap()).unwrap()
}

#[test]
fn the_microprogram_computes_the_hash() {
    let mut rng = ChaCha20Rng::seed_from_u64(1);
    let edges = [Fr::ZERO, Fr::ONE, -Fr::ONE];
    let pairs: Vec<[Fr; 2]> = edges.iter().flat_map(|a| edges.map(|b| [*a, b])).collect();
    for (radix_bits, distance) in [(260, 1), (270, 1), (270, 2)] {
        let program = Microprogram::new(radix_bits, distance).unwrap();
        for pair in pairs.iter().copied().chain((0..50).map(|_| [Fr::random(&mut rng), Fr::random(&mut rng)])) {
            // Results that become visible sooner than planned must not overtake reads of what they replace.
            let sooner = Microprogram { distance: 1, ..program.clone() };
            assert_eq!(interpret(&program, pair), interpret(&sooner, pair));
            assert_eq!(
                interpret(&program, pair),
                light_poseidon(pair),
                "2^{radix_bits}, distance {distance}, {pair:?}"
            );
        }
    }
}

fn standin(lanes: usize, latency: usize, interval: usize) -> EngineConfig {
    EngineConfig { lanes, lane: LaneConfig { multiplier: MultiplierConfig { latency, interval } } }
}

#[test]
fn quick() {
    for (lanes, latency, interval) in [(1, 20, 1), (2, 80, 1), (1, 90, 15)] {
        let m = measure(standin(lanes, latency, interval), 200, &Options { fast_multipliers: true, trace: false });
        println!("{:?}", m.unwrap());
    }
}
