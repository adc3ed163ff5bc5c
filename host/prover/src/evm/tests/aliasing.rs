//! A dishonest prover's transcript: it encodes one scalar as x + r, the other 256-bit number that stands for the same
//! residue, and the identity as (0, 0), as the EVM does.

use std::io;

use halo2_axiom::transcript::{EncodedChallenge, Transcript, TranscriptWrite};
use halo2curves::bn256::{Fr, G1Affine};
use halo2curves::ff::PrimeField;
use sha3::{Digest, Keccak256};

use crate::transcript::KeccakChallenge;

/// Order of the scalar field, most significant limb first.
const R: [u64; 4] = [0x30644e72e131a029, 0xb85045b68181585d, 0x2833e84879b97091, 0x43e1f593f0000001];

/// Adds the field's order to a big-endian word.
pub fn alias(word: &mut [u8; 32]) {
    let mut carry = 0;
    for (limb, r) in word.as_chunks_mut::<8>().0.iter_mut().zip(R).rev() {
        let sum = u128::from(u64::from_be_bytes(*limb)) + u128::from(r) + carry;
        *limb = (sum as u64).to_be_bytes();
        carry = sum >> 64;
    }
    assert_eq!(carry, 0);
}

/// Writes a proof in which the scalar of this number, counting all that the transcript absorbs, is aliased.
pub struct AliasingWrite {
    aliased: usize,
    scalars: usize,
    buffer: Vec<u8>,
    squeezed: bool,
    proof: Vec<u8>,
}

impl AliasingWrite {
    pub fn new(aliased: usize) -> Self {
        Self { aliased, scalars: 0, buffer: Vec::new(), squeezed: false, proof: Vec::new() }
    }

    pub fn finalize(self) -> Vec<u8> {
        self.proof
    }

    fn absorb(&mut self, bytes: &[u8]) {
        self.buffer.extend(bytes);
        self.squeezed = false;
    }

    fn absorb_scalar(&mut self, scalar: Fr) -> [u8; 32] {
        let mut word = scalar.to_repr();
        word.reverse();
        if self.scalars == self.aliased {
            alias(&mut word);
        }
        self.scalars += 1;
        self.absorb(&word);
        word
    }
}

impl Transcript<G1Affine, KeccakChallenge> for AliasingWrite {
    fn squeeze_challenge(&mut self) -> KeccakChallenge {
        if self.squeezed {
            self.buffer.push(1);
        }
        let digest: [u8; 32] = Keccak256::digest(&self.buffer).into();
        self.buffer = digest.to_vec();
        self.squeezed = true;
        KeccakChallenge::new(&digest)
    }

    fn common_point(&mut self, point: G1Affine) -> io::Result<()> {
        for coordinate in [point.x, point.y] {
            let mut word = coordinate.to_repr();
            word.reverse();
            self.absorb(&word);
        }
        Ok(())
    }

    fn common_scalar(&mut self, scalar: Fr) -> io::Result<()> {
        self.absorb_scalar(scalar);
        Ok(())
    }
}

impl TranscriptWrite<G1Affine, KeccakChallenge> for AliasingWrite {
    fn write_point(&mut self, point: G1Affine) -> io::Result<()> {
        self.common_point(point)?;
        self.proof.extend(&self.buffer[self.buffer.len() - 64..]);
        Ok(())
    }

    fn write_scalar(&mut self, scalar: Fr) -> io::Result<()> {
        let word = self.absorb_scalar(scalar);
        self.proof.extend(word);
        Ok(())
    }
}
