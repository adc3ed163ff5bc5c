//! Calldata of the verifier contract, `verify(address,bytes,uint256[])` by the Solidity ABI:
//!
//! ```text
//! 4    selector
//! 32   address of the key's first part
//! 32   offset of the proof (0x60)     \  from behind the selector
//! 32   offset of the instances        /
//! 32   bytes of the proof, then the proof (always whole words)
//! 32   number of instances, then the instances, big-endian
//! ```

use halo2curves::bn256::Fr;
use halo2curves::ff::PrimeField;

use super::memory::WORD;

/// First four bytes of keccak256("verify(address,bytes,uint256[])").
pub(super) const SELECTOR: [u8; 4] = [0xed, 0xe4, 0x6c, 0x50];

/// The call that verifies `proof` for `instances` under the key at `key`.
pub fn encode_call(key: [u8; 20], proof: &[u8], instances: &[Fr]) -> Vec<u8> {
    let padded = proof.len().next_multiple_of(WORD);
    let mut data = SELECTOR.to_vec();
    data.extend([0; 12]);
    data.extend(key);
    for number in [3 * WORD, 4 * WORD + padded, proof.len()] {
        data.extend(word(number));
    }
    data.extend(proof);
    data.resize(data.len() + padded - proof.len(), 0);
    data.extend(word(instances.len()));
    for instance in instances {
        data.extend(instance.to_repr().iter().rev());
    }
    data
}

fn word(number: usize) -> [u8; WORD] {
    let mut word = [0; WORD];
    word[WORD - 8..].copy_from_slice(&(number as u64).to_be_bytes());
    word
}

#[cfg(test)]
mod tests {
    use super::*;
    use sha3::{Digest, Keccak256};

    #[test]
    fn the_selector_is_the_hash_of_the_signature() {
        assert_eq!(SELECTOR, Keccak256::digest("verify(address,bytes,uint256[])")[..4]);
    }

    #[test]
    fn offsets_point_at_lengths() {
        let data = encode_call([7; 20], &[1; 40], &[Fr::from(5), Fr::from(6)]);
        let number = |at: usize| u64::from_be_bytes(data[4 + at + 24..4 + at + 32].try_into().unwrap()) as usize;
        assert_eq!((number(number(32)), number(number(64))), (40, 2));
        assert_eq!((number(number(64) + 32), number(number(64) + 64)), (5, 6));
        assert_eq!(data.len(), 4 + number(64) + 3 * 32);
    }
}
