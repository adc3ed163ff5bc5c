//! Proofs of the stock prover against the contract.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod circuit;
mod profile;

use std::sync::LazyLock;

use halo2_axiom::plonk::{VerifyingKey, create_proof, keygen_pk, keygen_vk, verify_proof};
use halo2_axiom::poly::kzg::commitment::{KZGCommitmentScheme, ParamsKZG};
use halo2_axiom::poly::kzg::multiopen::{ProverSHPLONK, VerifierSHPLONK};
use halo2_axiom::poly::kzg::strategy::SingleStrategy;
use halo2_axiom::transcript::{TranscriptReadBuffer, TranscriptWriterBuffer};
use halo2curves::bn256::{Bn256, Fr, G1Affine};
use halo2curves::ff::{Field, PrimeField};
use proptest::prelude::*;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;

use super::*;
use crate::transcript::{KeccakRead, KeccakWrite};
use circuit::{Shape, Synthetic};

/// A circuit's proof with all that verifies it.
struct Case {
    params: ParamsKZG<Bn256>,
    vk: VerifyingKey<G1Affine>,
    proof: Vec<u8>,
    instances: Vec<Fr>,
    key: VerifyingKeyData,
}

impl Case {
    fn new(shape: Shape, seed: u64) -> Self {
        let circuit = Synthetic { shape, seed };
        let params = ParamsKZG::<Bn256>::setup(shape.k, ChaCha20Rng::seed_from_u64(1));
        let pk = {
            let vk = keygen_vk(&params, &circuit).unwrap();
            keygen_pk(&params, vk, &circuit).unwrap()
        };
        let instances = circuit.instances();
        let mut transcript = KeccakWrite::init(Vec::new());
        create_proof::<KZGCommitmentScheme<Bn256>, ProverSHPLONK<Bn256>, _, _, _, _>(
            &params,
            &pk,
            &[circuit],
            &[&[&instances]],
            ChaCha20Rng::seed_from_u64(seed),
            &mut transcript,
        )
        .unwrap();
        let vk = pk.get_vk().clone();
        let key = encode_verifying_key(&params, &vk, instances.len()).unwrap();
        Self { params, vk, proof: transcript.finalize(), instances, key }
    }

    fn stock_accepts(&self) -> bool {
        let mut transcript = KeccakRead::init(&self.proof[..]);
        let strategy = SingleStrategy::new(&self.params);
        verify_proof::<KZGCommitmentScheme<Bn256>, VerifierSHPLONK<Bn256>, _, _, _>(
            &self.params,
            &self.vk,
            strategy,
            &[&[&self.instances]],
            &mut transcript,
        )
        .is_ok()
    }

    fn outcome(&self, proof: &[u8], instances: &[Fr]) -> EvmOutcome {
        let mut evm = Evm::new().unwrap();
        let key = evm.deploy_key(&self.key).unwrap();
        evm.verify(key, proof, instances).unwrap()
    }
}

static SMALL: LazyLock<Case> = LazyLock::new(|| Case::new(Shape::default(), 4));

#[test]
fn a_proof_of_the_stock_prover_is_accepted() {
    assert!(SMALL.stock_accepts());
    assert_eq!(SMALL.proof.len(), SMALL.key.proof_bytes());
    assert!(SMALL.outcome(&SMALL.proof, &SMALL.instances).accepted);
}

#[test]
fn medium_gas() {
    let case = Case::new(Shape::medium(), 9);
    assert!(case.stock_accepts());
    let mut evm = Evm::new().unwrap();
    let key = evm.deploy_key(&case.key).unwrap();
    let mut profile = profile::Profile::default();
    let outcome = evm.call(encode_call(key, &case.proof, &case.instances), &mut profile).unwrap();
    println!("{outcome:?} key {} bytes, proof {}", case.key.payload_bytes(), case.proof.len());
    for address in [5, 6, 7, 8] {
        let calls: Vec<_> = profile.calls.iter().filter(|call| call.address == address).collect();
        println!("precompile {address}: {} calls, {} gas", calls.len(), calls.iter().map(|call| call.gas).sum::<u64>());
    }
    let at = |address: u8| profile.calls.iter().find(|call| call.address == address).unwrap().gas_left;
    println!("load, transcript {}", profile.start - profile.last_hash);
    println!("lagrange {}", profile.last_hash - at(5));
    println!("program {}", at(5) - at(7));
    println!("points {}", at(7) - at(8));
    assert!(outcome.accepted);
}
