//! A key file: a manifest, the verifying key, then one section a polynomial, read in parallel.
//!
//! The verifying key's constraint system is not in the file: halo2 rebuilds it from the circuit. What comes out must
//! hash to the transcript representative that the manifest records.

use super::Identity;
use crate::sealed::{self, Kind, Sealed, SealedError};
use halo2_axiom::SerdeFormat;
use halo2_axiom::plonk::{Circuit, ProvingKey, VerifyingKey, permutation};
use halo2_axiom::poly::Polynomial;
use halo2curves::bn256::{Fr, G1Affine};
use halo2curves::serde::SerdeObject;
use penstock_circuits::json;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::path::Path;

pub(super) const KIND: Kind = Kind { tag: *b"KEYS", version: 1 };
const FORMAT: SerdeFormat = SerdeFormat::RawBytes;
pub(super) const SCALAR: usize = 32;
/// Sections before the first polynomial: manifest, verifying key.
const FIRST: usize = 2;
/// l_0, l_last, l_active_row.
pub(super) const LAGRANGE: usize = 3;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Manifest {
    #[serde(with = "hex::serde")]
    identity: [u8; 32],
    #[serde(with = "hex::serde")]
    transcript_repr: Vec<u8>,
    fixed_columns: usize,
    permutation_columns: usize,
}

/// Writes `key` to `path`, whole or not at all.
pub(super) fn write(path: &Path, identity: &Identity, key: &ProvingKey<G1Affine>) -> Result<(), SealedError> {
    let failed = |error| SealedError::io("encode keys for", path, error);
    let manifest = Manifest {
        identity: identity.hash,
        transcript_repr: key.get_vk().transcript_repr().to_raw_bytes(),
        fixed_columns: key.fixed_values().len(),
        permutation_columns: key.permutation().polys().len(),
    };
    let manifest = serde_json::to_vec(&manifest).map_err(|error| failed(error.into()))?;
    let mut verifying_key = Vec::new();
    key.get_vk().write(&mut verifying_key, FORMAT).map_err(failed)?;
    let polynomials: Vec<&[Fr]> = [key.l0(), key.l_last(), key.l_active_row()]
        .into_iter()
        .map(|values| values.values())
        .chain(key.fixed_values().iter().map(|values| values.values()))
        .chain(key.fixed_polys().iter().map(|values| values.values()))
        .chain(key.permutation().permutations().iter().map(|values| values.values()))
        .chain(key.permutation().polys().iter().map(|values| values.values()))
        .collect();
    let sections = (0..FIRST + polynomials.len()).map(|index| match index {
        0 => manifest.clone(),
        1 => verifying_key.clone(),
        _ => polynomials[index - FIRST].iter().flat_map(SerdeObject::to_raw_bytes).collect(),
    });
    sealed::write(path, KIND, sections)
}

/// Reads the keys at `path` if they are those of `identity`.
pub(super) fn read<C: Circuit<Fr>>(
    path: &Path,
    identity: &Identity,
    params: C::Params,
) -> Result<ProvingKey<G1Affine>, SealedError> {
    let file = Sealed::open(path, KIND)?;
    let (manifest, verifying_key) = open::<C>(&file, identity, params)?;
    let n = verifying_key.get_domain().get_n() as usize;
    let expected = FIRST + LAGRANGE + 2 * (manifest.fixed_columns + manifest.permutation_columns);
    if file.sections() != expected {
        return Err(file.corrupt(format!("it has {} sections instead of {expected}", file.sections())));
    }
    let polynomials: Vec<Vec<Fr>> =
        (FIRST..expected).into_par_iter().map(|index| decode(&file, index, n)).collect::<Result<_, _>>()?;
    let mut polynomials = polynomials.into_iter();
    let [l0, l_last, l_active_row] = <[_; LAGRANGE]>::try_from(take(&mut polynomials, LAGRANGE))
        .map_err(|_| file.corrupt("polynomials are missing"))?;
    let fixed_values = take(&mut polynomials, manifest.fixed_columns);
    let fixed_polys = take(&mut polynomials, manifest.fixed_columns);
    let permutations = take(&mut polynomials, manifest.permutation_columns);
    let permutation_polys = take(&mut polynomials, manifest.permutation_columns);
    let permutation = permutation::ProvingKey::from_parts(permutations, permutation_polys);
    Ok(ProvingKey::from_parts(verifying_key, l0, l_last, l_active_row, fixed_values, fixed_polys, permutation))
}

/// Reads only the verifying key at `path`, if it is that of `identity`.
pub(super) fn read_verifying_key<C: Circuit<Fr>>(
    path: &Path,
    identity: &Identity,
    params: C::Params,
) -> Result<VerifyingKey<G1Affine>, SealedError> {
    Ok(open::<C>(&Sealed::open(path, KIND)?, identity, params)?.1)
}

fn open<C: Circuit<Fr>>(
    file: &Sealed,
    identity: &Identity,
    params: C::Params,
) -> Result<(Manifest, VerifyingKey<G1Affine>), SealedError> {
    let manifest: Manifest = json::from_slice(&file.section(0)?).map_err(|error| file.corrupt(error.to_string()))?;
    if manifest.identity != identity.hash {
        return Err(file.corrupt("its keys belong to another circuit, preset, setup or version"));
    }
    let verifying_key = VerifyingKey::<G1Affine>::from_bytes::<C>(&file.section(1)?, FORMAT, params)
        .map_err(|error| file.corrupt(format!("the verifying key does not decode: {error}")))?;
    if verifying_key.transcript_repr().to_raw_bytes() != manifest.transcript_repr {
        return Err(file.corrupt("the verifying key is not the one that was recorded"));
    }
    Ok((manifest, verifying_key))
}

fn decode(file: &Sealed, index: usize, n: usize) -> Result<Vec<Fr>, SealedError> {
    let values: Option<Vec<Fr>> = file.section(index)?.chunks(SCALAR).map(Fr::from_raw_bytes).collect();
    values
        .filter(|values| values.len() == n)
        .ok_or_else(|| file.corrupt(format!("section {index} is not a polynomial of {n} values")))
}

fn take<B>(polynomials: &mut impl Iterator<Item = Vec<Fr>>, count: usize) -> Vec<Polynomial<Fr, B>> {
    polynomials.take(count).map(Polynomial::new).collect()
}
