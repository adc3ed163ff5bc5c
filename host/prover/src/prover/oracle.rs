//! The stock prover as an oracle, and what it says about our proof of a real block.

use halo2_axiom::arithmetic::g_to_lagrange;
use halo2_axiom::plonk::{Circuit, ProvingKey, create_proof, keygen_pk, keygen_vk};
use halo2_axiom::poly::commitment::ParamsProver;
use halo2_axiom::poly::kzg::commitment::{KZGCommitmentScheme, ParamsKZG};
use halo2_axiom::poly::kzg::multiopen::ProverSHPLONK;
use halo2_axiom::transcript::TranscriptWriterBuffer;
use halo2curves::bn256::{Bn256, Fr, G1Affine};
use halo2curves::ff::Field;
use halo2curves::group::prime::PrimeCurveAffine;
use penstock_circuits::circuit::batch::Batch;
use penstock_circuits::circuit::preset::Preset;
use penstock_circuits::operation::Block;
use penstock_circuits::public_inputs::PublicInputs;
use penstock_circuits::state::{Genesis, State};
use rand::rngs::mock::StepRng;
use rand::{RngCore, SeedableRng};
use rand_chacha::ChaCha20Rng;

use super::{ProverKey, VerifyError, prove_with, verify};
use crate::engine::Bases;
use crate::engine::cpu::CpuEngine;
use crate::transcript::KeccakWrite;

/// halo2-axiom's proof.
pub(super) fn stock<C: Circuit<Fr>>(
    params: &ParamsKZG<Bn256>,
    key: &ProvingKey<G1Affine>,
    circuit: &C,
    instance: &[Fr],
    rng: impl RngCore + Send + Sync,
) -> Vec<u8> {
    let mut transcript = KeccakWrite::init(Vec::new());
    create_proof::<KZGCommitmentScheme<Bn256>, ProverSHPLONK<'_, Bn256>, _, _, _, _>(
        params,
        key,
        std::slice::from_ref(circuit),
        &[&[instance]],
        rng,
        &mut transcript,
    )
    .unwrap();
    transcript.finalize()
}

#[test]
fn both_provers_commit_to_the_same_block_and_the_stock_verifier_accepts_both_proofs() {
    let folder = tempfile::tempdir().unwrap();
    let genesis: Genesis = serde_json::from_str(include_str!("../../../examples/genesis.json")).unwrap();
    let block = Block::from_json(include_str!("../../../examples/block.json")).unwrap();
    let trace = State::init(folder.path(), &genesis).unwrap().execute(&block).unwrap().0;
    let batch = Batch::new(Preset::Tiny);
    let public = PublicInputs::new(&trace, batch.capacities().chains).unwrap();
    let (circuit, instance) = (batch.assign(&trace, &public).unwrap(), public.instance());

    let params = ParamsKZG::<Bn256>::setup(batch.k(), ChaCha20Rng::from_seed([3; 32]));
    let key = keygen_pk(&params, keygen_vk(&params, &batch.shape()).unwrap(), &batch.shape()).unwrap();
    let points = params.get_g();
    let lagrange: Vec<G1Affine> = g_to_lagrange(points.iter().map(|point| point.to_curve()).collect(), batch.k());
    let engine = CpuEngine::new(Bases { monomial: points.into(), lagrange: lagrange.into() });
    let key = ProverKey::new(key).unwrap();

    // The same number for ever: the order in which randomness is drawn does not matter.
    let constant = || StepRng::new(0x0123_4567_89ab_cdef, 0);
    let ours = prove_with(&key, &engine, &circuit, &[&instance], constant(), &()).unwrap();
    let stock = stock(&params, key.pk(), &circuit, &instance, constant());
    assert_eq!(ours.len(), stock.len());
    // All advice columns and two grand products; the random polynomial that follows is the stock prover's own.
    let comparable = (batch.report().advice_columns + 2) * 64;
    assert_eq!(ours[..comparable], stock[..comparable]);
    for proof in [ours, stock] {
        verify(key.vk(), &params, &[&instance], &proof).unwrap();
        for index in 0..instance.len() {
            let mut other = instance.clone();
            other[index] += Fr::ONE;
            let refused = verify(key.vk(), &params, &[&other], &proof);
            assert!(matches!(refused, Err(VerifyError::Rejected(_))), "public input {index}");
        }
    }
}
