//! What the proof says to the chains: roots, the hash of the public data, and the data's polynomial at a point bound to it.
//!
//! h folds all chunks. z is a hash of h, the roots, the deployment, the block's header, the hash D of the data as it was published, and every
//! chain's own hash H_c of its on-chain operations. The data's polynomial, over all chunks and over each chain's, is evaluated
//! at z by circuit and contract alike: by the circuit on what h binds, by a contract on what D or H_c binds. Both are fixed before
//! z is known. Without D the published data would not be, and other data with the same value at z is easily found.

use halo2curves::bn256::Fr;
use halo2curves::ff::{Field, FromUniformBytes};
use sha3::{Digest, Keccak256};

use crate::encoding::element_to_bytes;
use crate::operation::{Deployment, Pubdata};
use crate::poseidon::fold;
use crate::trace::BlockTrace;

/// What a block publishes: all that its public inputs depend on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Publication<'a> {
    /// The block's number.
    pub number: u64,
    /// The block's timestamp.
    pub timestamp: u32,
    /// The rollup's deployment.
    pub deployment: Deployment,
    /// Root before the block.
    pub old_root: Fr,
    /// Root after the block.
    pub new_root: Fr,
    /// In the block's order.
    pub operations: Vec<&'a Pubdata>,
}

impl<'a> From<&'a BlockTrace> for Publication<'a> {
    fn from(trace: &'a BlockTrace) -> Self {
        Self {
            number: trace.number,
            timestamp: trace.timestamp,
            deployment: trace.deployment,
            old_root: trace.old_root,
            new_root: trace.new_root,
            operations: trace.operations.iter().map(|operation| &operation.pubdata).collect(),
        }
    }
}

/// The public inputs of a block's proof, and the hashes of public data that went into them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicInputs {
    /// Root before the block.
    pub old_root: Fr,
    /// Root after the block.
    pub new_root: Fr,
    /// The Poseidon fold of all chunks.
    pub h: Fr,
    /// The point of evaluation.
    pub z: Fr,
    /// Which rollup the operations were signed for.
    pub deployment: Fr,
    /// The block's timestamp: nothing in the block had expired by then.
    pub timestamp: u32,
    /// The polynomial of all chunks at z.
    pub evaluation: Fr,
    /// For chains 1, 2, …: the polynomial of the chain's on-chain chunks at z.
    pub chain_evaluations: Vec<Fr>,
    /// D, the hash of all public data.
    pub data_hash: [u8; 32],
    /// For chains 1, 2, …: H_c.
    pub chain_hashes: Vec<[u8; 32]>,
}

/// An operation of a chain that the preset does not serve.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "operation {index} is checked on chain {chain}, but the preset serves chains 1 to {chains}: take a larger preset"
)]
pub struct ChainNotServed {
    /// The operation's position in the block.
    pub index: usize,
    /// Its chain.
    pub chain: u8,
    /// How many chains the preset serves.
    pub chains: u8,
}

impl PublicInputs {
    /// The public inputs of an executed block, for a preset that serves the chains 1 to `chains`.
    ///
    /// # Errors
    /// An on-chain operation of another chain.
    pub fn new(block: &BlockTrace, chains: u8) -> Result<Self, ChainNotServed> {
        Self::of(&block.into(), chains)
    }

    /// The public inputs of what a block published, for a preset that serves the chains 1 to `chains`.
    ///
    /// # Errors
    /// An on-chain operation of another chain.
    pub fn of(block: &Publication<'_>, chains: u8) -> Result<Self, ChainNotServed> {
        let mut own: Vec<Vec<&Pubdata>> = vec![Vec::new(); chains.into()];
        for (index, pubdata) in block.operations.iter().enumerate() {
            let Some(chain) = pubdata.chain() else { continue };
            let chains_own = usize::from(chain).checked_sub(1).and_then(|position| own.get_mut(position));
            chains_own.ok_or(ChainNotServed { index, chain, chains })?.push(pubdata);
        }
        let chain_hashes: Vec<[u8; 32]> = own.iter().map(|operations| chain_hash(operations)).collect();
        let chunks: Vec<Fr> = block.operations.iter().flat_map(|pubdata| pubdata.chunks()).collect();
        let h = fold(Fr::ZERO, chunks.iter().copied());
        let data_hash = data_hash(&block.operations);
        let z = point(h, block, &data_hash, &chain_hashes);
        let on_chain = |operations: &Vec<&Pubdata>| evaluate(operations.iter().flat_map(|pubdata| pubdata.chunks()), z);
        Ok(Self {
            old_root: block.old_root,
            new_root: block.new_root,
            h,
            z,
            deployment: block.deployment.0,
            timestamp: block.timestamp,
            evaluation: evaluate(chunks, z),
            chain_evaluations: own.iter().map(on_chain).collect(),
            data_hash,
            chain_hashes,
        })
    }

    /// The instance column: [old root, new root, h, z, deployment, timestamp, E, E_1, …, E_C].
    pub fn instance(&self) -> Vec<Fr> {
        let timestamp = Fr::from(u64::from(self.timestamp));
        let mut column =
            vec![self.old_root, self.new_root, self.h, self.z, self.deployment, timestamp, self.evaluation];
        column.extend(&self.chain_evaluations);
        column
    }
}

/// E ← E·z + chunk from E = 1: the leading one binds the number of chunks.
pub fn evaluate(chunks: impl IntoIterator<Item = Fr>, z: Fr) -> Fr {
    chunks.into_iter().fold(Fr::ONE, |sum, chunk| sum * z + chunk)
}

/// H ← keccak256(H ‖ padded public data) from keccak256("").
fn chain_hash(operations: &[&Pubdata]) -> [u8; 32] {
    operations.iter().fold(Keccak256::digest([]).into(), |hash: [u8; 32], pubdata| {
        Keccak256::new().chain_update(hash).chain_update(pubdata.bytes()).finalize().into()
    })
}

/// keccak256 of the padded public data of all operations.
fn data_hash(operations: &[&Pubdata]) -> [u8; 32] {
    operations.iter().fold(Keccak256::new(), |hasher, pubdata| hasher.chain_update(pubdata.bytes())).finalize().into()
}

/// keccak256(h ‖ old root ‖ new root ‖ deployment ‖ number8 ‖ timestamp8 ‖ D ‖ H_1 ‖ … ‖ H_C) mod r.
fn point(h: Fr, block: &Publication<'_>, data_hash: &[u8; 32], chain_hashes: &[[u8; 32]]) -> Fr {
    let mut hasher = Keccak256::new();
    for element in [h, block.old_root, block.new_root, block.deployment.0] {
        hasher.update(element_to_bytes(&element));
    }
    hasher.update(block.number.to_be_bytes());
    hasher.update(u64::from(block.timestamp).to_be_bytes());
    hasher.update(data_hash);
    for hash in chain_hashes {
        hasher.update(hash);
    }
    let mut wide = [0; 64];
    for (low, byte) in wide.iter_mut().zip(hasher.finalize().iter().rev()) {
        *low = *byte;
    }
    Fr::from_uniform_bytes(&wide)
}

#[cfg(test)]
mod tests {
    use halo2curves::ff::PrimeField;
    use num_bigint::{BigInt, Sign};

    use super::*;
    use crate::operation::{CHUNK_BYTES, Kind};

    fn integer(element: &Fr) -> BigInt {
        BigInt::from_bytes_le(Sign::Plus, &element.to_repr())
    }

    /// (u, v), not both zero and below 2^127 each, with u = v·factor: a step of Euclid's algorithm on the modulus and the factor.
    fn short_multiple(factor: &Fr) -> (BigInt, BigInt) {
        let mut remainders = (integer(&-Fr::ONE) + 1u8, integer(factor));
        let mut factors = (BigInt::ZERO, BigInt::from(1));
        while remainders.1.bits() > 127 {
            let quotient = &remainders.0 / &remainders.1;
            remainders = (remainders.1.clone(), remainders.0 - &quotient * &remainders.1);
            factors = (factors.1.clone(), factors.0 - quotient * &factors.1);
        }
        (remainders.1, factors.1)
    }

    /// A transfer's public data whose last sixteen bytes of the first chunk are 2^127 + `low`.
    fn transfer(low: &BigInt) -> Pubdata {
        let mut bytes = vec![0; Kind::Transfer.chunks() * CHUNK_BYTES];
        bytes[0] = Kind::Transfer.code();
        let (_, digits) = ((BigInt::from(1) << 127u8) + low).to_bytes_be();
        bytes[CHUNK_BYTES - digits.len()..CHUNK_BYTES].copy_from_slice(&digits);
        Pubdata::from_bytes(bytes).unwrap()
    }

    #[test]
    fn data_published_otherwise_than_proved_has_another_point_although_it_evaluates_alike_at_the_first() {
        let publish = |operations| Publication {
            number: 1,
            timestamp: 2,
            deployment: Deployment(Fr::from(5)),
            old_root: Fr::from(3),
            new_root: Fr::from(4),
            operations,
        };
        let proved = [transfer(&BigInt::ZERO), transfer(&BigInt::ZERO)];
        let proved = publish(proved.iter().collect());
        let public = PublicInputs::of(&proved, 2).unwrap();

        // Chunks of two transfers weigh z^3 and z: u·z^3 − v·z = 0 for v = u·z^2.
        let (v, u) = short_multiple(&public.z.square());
        let published = [transfer(&u), transfer(&-v)];
        let published = publish(published.iter().collect());
        assert_ne!(published, proved);
        let chunks = published.operations.iter().flat_map(|pubdata| pubdata.chunks());
        assert_eq!(evaluate(chunks, public.z), public.evaluation);

        // The contract hashes what was published; h, the roots and the other chains' hashes are as proved.
        let of_contract =
            |block: &Publication<'_>| point(public.h, block, &data_hash(&block.operations), &public.chain_hashes);
        assert_eq!(of_contract(&proved), public.z);
        assert_ne!(of_contract(&published), public.z);
    }
}
