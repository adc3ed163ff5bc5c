//! Checks a proof with the stock verifier.

use halo2_axiom::plonk::{VerifyingKey, verify_proof};
use halo2_axiom::poly::commitment::Params;
use halo2_axiom::poly::kzg::commitment::{KZGCommitmentScheme, ParamsKZG};
use halo2_axiom::poly::kzg::multiopen::VerifierSHPLONK;
use halo2_axiom::poly::kzg::strategy::SingleStrategy;
use halo2_axiom::transcript::TranscriptReadBuffer;
use halo2curves::bn256::{Bn256, Fr, G1Affine};

use super::VerifyError;
use crate::transcript::{KeccakChallenge, KeccakRead};

/// Accepts the proof if it proves the circuit of `vk` satisfied with these instances, pairing included.
///
/// # Errors
/// The proof is malformed, longer than it should be, or wrong; or the instances or the setup do not fit the key.
pub fn verify(
    vk: &VerifyingKey<G1Affine>,
    params: &ParamsKZG<Bn256>,
    instances: &[&[Fr]],
    proof: &[u8],
) -> Result<(), VerifyError> {
    let (setup, key) = (params.k(), vk.get_domain().k());
    if setup != key {
        return Err(VerifyError::Setup { setup, key });
    }
    let cs = vk.cs();
    let expected = cs.num_instance_columns();
    if instances.len() != expected {
        return Err(VerifyError::InstanceColumns { expected, given: instances.len() });
    }
    let rows = (1usize << key).saturating_sub(cs.blinding_factors() + 1);
    if let Some(column) = instances.iter().position(|values| values.len() > rows) {
        return Err(VerifyError::InstanceTooLong { column, values: instances[column].len(), rows });
    }
    let mut transcript = KeccakRead::init(proof);
    verify_proof::<KZGCommitmentScheme<Bn256>, VerifierSHPLONK<'_, Bn256>, KeccakChallenge, _, _>(
        params,
        vk,
        SingleStrategy::new(params),
        &[instances],
        &mut transcript,
    )
    .map_err(VerifyError::Rejected)?;
    match transcript.into_reader().len() {
        0 => Ok(()),
        bytes => Err(VerifyError::Trailing(bytes)),
    }
}
