//! Proofs of the stock prover against the contract.

mod aliasing;
mod circuit;
mod gas;
mod profile;

use std::sync::LazyLock;

use halo2_axiom::circuit::{Layouter, SimpleFloorPlanner};
use halo2_axiom::plonk::{
    Circuit, ConstraintSystem, Error, ProvingKey, create_proof, keygen_pk, keygen_vk, verify_proof,
};
use halo2_axiom::poly::Rotation;
use halo2_axiom::poly::kzg::commitment::{KZGCommitmentScheme, ParamsKZG};
use halo2_axiom::poly::kzg::multiopen::{ProverSHPLONK, VerifierSHPLONK};
use halo2_axiom::poly::kzg::strategy::SingleStrategy;
use halo2_axiom::transcript::{EncodedChallenge, TranscriptReadBuffer, TranscriptWrite, TranscriptWriterBuffer};
use halo2curves::bn256::{Bn256, Fr, G1Affine};
use halo2curves::ff::Field;
use proptest::prelude::*;
use rand::rngs::mock::StepRng;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};
use revm::inspector::NoOpInspector;

use super::EvmVerdict::{Accepted, Refused};
use super::memory::WORD;
use super::run::GAS_LIMIT;
use super::*;
use crate::transcript::{KeccakRead, KeccakWrite};
use aliasing::{AliasingWrite, alias};
use circuit::{Shape, Synthetic};
use profile::{EC_ADD, EC_MUL, MODEXP, PAIRING, Profile};

/// A circuit's proof with all that verifies it.
struct Case {
    params: ParamsKZG<Bn256>,
    pk: ProvingKey<G1Affine>,
    circuit: Synthetic,
    proof: Vec<u8>,
    instances: Vec<Fr>,
    key: VerifyingKeyData,
}

impl Case {
    fn new(shape: Shape, seed: u64) -> Self {
        let circuit = Synthetic { shape, seed, tape: 77 };
        let params = ParamsKZG::<Bn256>::setup(shape.k, ChaCha20Rng::seed_from_u64(1));
        let vk = keygen_vk(&params, &circuit).unwrap();
        let pk = keygen_pk(&params, vk, &circuit).unwrap();
        let instances = circuit.instances();
        let key = encode_verifying_key(&params, pk.get_vk(), instances.len()).unwrap();
        let mut case = Self { params, pk, circuit, proof: Vec::new(), instances, key };
        let mut transcript = KeccakWrite::init(Vec::new());
        case.prove(ChaCha20Rng::seed_from_u64(seed), &mut transcript);
        case.proof = transcript.finalize();
        case
    }

    /// Has the stock prover write a proof.
    fn prove<E: EncodedChallenge<G1Affine>>(
        &self,
        rng: impl RngCore,
        transcript: &mut impl TranscriptWrite<G1Affine, E>,
    ) {
        create_proof::<KZGCommitmentScheme<Bn256>, ProverSHPLONK<Bn256>, _, _, _, _>(
            &self.params,
            &self.pk,
            std::slice::from_ref(&self.circuit),
            &[&[&self.instances]],
            rng,
            transcript,
        )
        .unwrap();
    }

    fn stock_accepts(&self) -> bool {
        let mut transcript = KeccakRead::init(&self.proof[..]);
        let strategy = SingleStrategy::new(&self.params);
        verify_proof::<KZGCommitmentScheme<Bn256>, VerifierSHPLONK<Bn256>, _, _, _>(
            &self.params,
            self.pk.get_vk(),
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
    assert!(SMALL.outcome(&SMALL.proof, &SMALL.instances).accepted());
}

#[test]
fn a_key_is_encoded_the_same_every_time() {
    let again = encode_verifying_key(&SMALL.params, SMALL.pk.get_vk(), SMALL.instances.len()).unwrap();
    assert_eq!(again, SMALL.key);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8))]
    #[test]
    fn circuits_of_many_shapes_are_verified(
        width in 4usize..20, kinds in 1usize..5, guards in 1usize..12, reach in 1i32..5, instances in 0usize..20,
    ) {
        let case = Case::new(Shape { width, kinds, guards, reach, instances, ..Shape::default() }, 4);
        prop_assert!(case.stock_accepts());
        prop_assert!(case.outcome(&case.proof, &case.instances).accepted());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]
    #[test]
    fn a_proof_with_a_changed_byte_is_refused(at in any::<proptest::sample::Index>(), change in 1u8..) {
        let mut proof = SMALL.proof.clone();
        proof[at.index(SMALL.proof.len())] ^= change;
        prop_assert_eq!(SMALL.outcome(&proof, &SMALL.instances).verdict, Refused);
    }
}

#[test]
fn other_instances_are_refused() {
    for at in 0..SMALL.instances.len() {
        let mut instances = SMALL.instances.clone();
        instances[at] += Fr::ONE;
        assert_eq!(SMALL.outcome(&SMALL.proof, &instances).verdict, Refused);
    }
    let more = [&SMALL.instances[..], &[Fr::ZERO]].concat();
    assert_eq!(SMALL.outcome(&SMALL.proof, &more).verdict, Refused);
    assert_eq!(SMALL.outcome(&SMALL.proof, &SMALL.instances[1..]).verdict, Refused);
    assert_eq!(SMALL.outcome(&SMALL.proof, &[]).verdict, Refused);
}

#[test]
fn a_proof_of_another_length_is_refused() {
    let proof = &SMALL.proof;
    for cut in [1, 31, 32, 64, proof.len()] {
        assert_eq!(SMALL.outcome(&proof[..proof.len() - cut], &SMALL.instances).verdict, Refused, "{cut} bytes short");
    }
    for more in [1, 32, 64] {
        let proof = [&proof[..], &vec![0; more]].concat();
        assert_eq!(SMALL.outcome(&proof, &SMALL.instances).verdict, Refused, "{more} bytes more");
    }
}

#[test]
fn another_key_is_refused() {
    let mut evm = Evm::new().unwrap();
    let key = evm.deploy_key(&SMALL.key).unwrap();
    assert!(evm.verify(key, &SMALL.proof, &SMALL.instances).unwrap().accepted());
    // Same shape, other fixed columns.
    let other = Case::new(Shape { salt: 1, ..Shape::default() }, 4);
    assert_eq!(other.key.proof_bytes(), SMALL.key.proof_bytes());
    let other_key = evm.deploy_key(&other.key).unwrap();
    assert!(evm.verify(other_key, &other.proof, &other.instances).unwrap().accepted());
    assert_eq!(evm.verify(other_key, &SMALL.proof, &SMALL.instances).unwrap().verdict, Refused);
    // No key at all: an account without code, and the precompile at address 1.
    assert_eq!(evm.verify([9; 20], &SMALL.proof, &SMALL.instances).unwrap().verdict, Refused);
    assert_eq!(evm.verify([0; 20], &SMALL.proof, &SMALL.instances).unwrap().verdict, Refused);
}

#[test]
fn another_setup_is_refused() {
    let other = ParamsKZG::<Bn256>::setup(SMALL.pk.get_vk().get_domain().k(), ChaCha20Rng::seed_from_u64(2));
    let key = encode_verifying_key(&other, SMALL.pk.get_vk(), SMALL.instances.len()).unwrap();
    let mut evm = Evm::new().unwrap();
    let key = evm.deploy_key(&key).unwrap();
    assert_eq!(evm.verify(key, &SMALL.proof, &SMALL.instances).unwrap().verdict, Refused);
}

#[test]
fn scalars_have_one_encoding() {
    // The prover here puts x + r into transcript and proof instead of x: nothing but the range check can tell.
    let instances = SMALL.instances.len();
    let scalars = 1 + instances + SMALL.proof.len() / 32;
    let verdict = |aliased: usize| {
        let mut transcript = AliasingWrite::new(aliased);
        SMALL.prove(ChaCha20Rng::seed_from_u64(4), &mut transcript);
        let mut evm = Evm::new().unwrap();
        let key = evm.deploy_key(&SMALL.key).unwrap();
        let mut call = encode_call(key, &transcript.finalize(), &SMALL.instances);
        if (1..=instances).contains(&aliased) {
            let at = call.len() - WORD * (instances + 1 - aliased);
            alias(call[at..].first_chunk_mut().unwrap());
        }
        evm.call(call, GAS_LIMIT, NoOpInspector).unwrap().verdict
    };
    assert_eq!(verdict(scalars), Accepted, "nothing aliased");
    for aliased in [1, instances, instances + 1, instances + 10] {
        assert_eq!(verdict(aliased), Refused, "scalar {aliased}");
    }
}

#[test]
fn a_commitment_that_is_the_identity_is_refused() {
    // A column of zeros, blinded with zeros. The stock transcripts refuse to encode its commitment; this one does not.
    let verdict = |tape: u64| {
        let mut case = Case::new(Shape::default(), 4);
        case.circuit.tape = tape;
        let mut transcript = AliasingWrite::new(usize::MAX);
        case.prove(StepRng::new(0, 0), &mut transcript);
        case.outcome(&transcript.finalize(), &case.instances).verdict
    };
    assert_eq!(verdict(1), Accepted);
    assert_eq!(verdict(0), Refused);
}

#[test]
fn one_inversion_and_one_pairing_of_two_pairs_are_called() {
    let mut evm = Evm::new().unwrap();
    let key = evm.deploy_key(&SMALL.key).unwrap();
    let mut profile = Profile::default();
    assert!(evm.call(encode_call(key, &SMALL.proof, &SMALL.instances), GAS_LIMIT, &mut profile).unwrap().accepted());
    let inputs = |address| profile.inputs(address);
    assert_eq!(inputs(MODEXP), [192]);
    assert_eq!(inputs(PAIRING), [384]);
    assert!(!inputs(EC_MUL).is_empty() && inputs(EC_MUL).iter().all(|&bytes| bytes == 96));
    assert!(inputs(EC_ADD).iter().all(|&bytes| bytes == 128));
}

#[test]
fn a_batch_sized_circuit_costs_at_most_800_000_gas() {
    let case = Case::new(Shape::medium(), 9);
    assert!(case.stock_accepts());
    let mut evm = Evm::new().unwrap();
    let key = evm.deploy_key(&case.key).unwrap();
    let mut profile = Profile::default();
    let outcome = evm.call(encode_call(key, &case.proof, &case.instances), GAS_LIMIT, &mut profile).unwrap();
    assert!(outcome.accepted());
    println!("{outcome:?}; key {} bytes, proof {} bytes\n{profile}", case.key.payload_bytes(), case.proof.len());
    assert!(outcome.gas_used <= 800_000, "{outcome:?}");
}

#[test]
fn a_key_of_several_contracts_is_verified() {
    // Many kinds of rows make a long program.
    let case = Case::new(Shape { k: 8, width: 20, kinds: 9, guards: 150, reach: 6, ..Shape::default() }, 5);
    assert!(case.key.parts() > 1, "{} bytes", case.key.payload_bytes());
    assert!(case.outcome(&case.proof, &case.instances).accepted());
}

#[test]
fn more_instances_than_rows_are_refused() {
    let rows = 1 << Shape::default().k;
    let error = encode_verifying_key(&SMALL.params, SMALL.pk.get_vk(), rows).unwrap_err();
    assert!(matches!(error, EvmError::InstanceCount { .. }), "{error}");
}

/// Which unsupported feature [`Unsupported`] has.
#[derive(Clone, Copy, Debug, Default)]
enum Feature {
    #[default]
    Lookup,
    TwoInstanceColumns,
    RotatedInstance,
}

/// A circuit with a feature that the contract does not know.
#[derive(Clone, Debug, Default)]
struct Unsupported(Feature);

impl Circuit<Fr> for Unsupported {
    type Config = ();
    type FloorPlanner = SimpleFloorPlanner;
    type Params = Feature;

    fn without_witnesses(&self) -> Self {
        self.clone()
    }

    fn params(&self) -> Feature {
        self.0
    }

    fn configure(meta: &mut ConstraintSystem<Fr>) {
        Self::configure_with_params(meta, Feature::default());
    }

    fn configure_with_params(meta: &mut ConstraintSystem<Fr>, feature: Feature) {
        let (advice, instance) = (meta.advice_column(), meta.instance_column());
        match feature {
            Feature::Lookup => {
                let table = meta.lookup_table_column();
                meta.lookup("lookup", |meta| vec![(meta.query_advice(advice, Rotation::cur()), table)]);
            }
            Feature::TwoInstanceColumns => drop(meta.instance_column()),
            Feature::RotatedInstance => meta.create_gate("rotated", |meta| {
                [meta.query_advice(advice, Rotation::cur()) * meta.query_instance(instance, Rotation::next())]
            }),
        }
    }

    fn synthesize(&self, _: (), _: impl Layouter<Fr>) -> Result<(), Error> {
        Ok(())
    }
}

#[test]
fn what_the_contract_does_not_know_is_refused_by_name() {
    let error = |feature| {
        let params = ParamsKZG::<Bn256>::setup(5, ChaCha20Rng::seed_from_u64(1));
        let vk = keygen_vk(&params, &Unsupported(feature)).unwrap();
        encode_verifying_key(&params, &vk, 0).unwrap_err()
    };
    assert!(matches!(error(Feature::Lookup), EvmError::Lookups { count: 1 }));
    assert!(matches!(error(Feature::TwoInstanceColumns), EvmError::InstanceColumns { count: 2 }));
    assert!(matches!(error(Feature::RotatedInstance), EvmError::InstanceRotation { rotation: 1 }));
}
