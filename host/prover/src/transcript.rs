//! Fiat-Shamir transcript for an EVM verifier, over BN254 and Keccak-256.
//!
//! The state is a byte buffer that a contract keeps in memory: what is absorbed is appended as 32-byte big-endian
//! words, a point as `x ‖ y`, so that the contract hashes one contiguous range and never re-encodes anything.
//! Squeezing hashes the buffer, keeps the digest as the new buffer, and reduces it modulo r. A digest that nothing
//! followed is told apart by one more byte, so that challenges squeezed in a row differ:
//!
//! ```text
//! digest    = keccak256(buffer)            if anything was absorbed since the last squeeze (or none happened yet)
//!           = keccak256(buffer ‖ 0x01)     otherwise
//! buffer    = digest
//! challenge = int(digest) mod r
//! ```
//!
//! In the proof, points are 64 bytes (`x ‖ y`, uncompressed) and scalars 32, big-endian. Reading refuses
//! coordinates and scalars that are not canonical, points off the curve, and the identity, which has no affine
//! coordinates to absorb.

use std::io::{self, Read, Write};

use halo2_axiom::transcript::{
    EncodedChallenge, Transcript, TranscriptRead, TranscriptReadBuffer, TranscriptWrite, TranscriptWriterBuffer,
};
use halo2curves::CurveAffine;
use halo2curves::bn256::{Fq, Fr, G1Affine};
use halo2curves::ff::{Field, PrimeField};
use halo2curves::group::prime::PrimeCurveAffine;
use sha3::{Digest, Keccak256};

/// Bytes of one word: a scalar or a coordinate.
const WORD: usize = 32;

/// The challenge that a digest stands for: its big-endian integer modulo r.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeccakChallenge(Fr);

impl EncodedChallenge<G1Affine> for KeccakChallenge {
    type Input = [u8; WORD];

    fn new(digest: &[u8; WORD]) -> Self {
        // Horner over 64-bit limbs, most significant first; each step is exact modulo r.
        let radix = Fr::from(u64::MAX) + Fr::ONE;
        let limbs = digest.as_chunks::<8>().0;
        Self(limbs.iter().fold(Fr::ZERO, |acc, limb| acc * radix + Fr::from(u64::from_be_bytes(*limb))))
    }

    fn get_scalar(&self) -> Fr {
        self.0
    }
}

/// The absorbed bytes, and whether they are a bare digest.
#[derive(Clone, Debug, Default)]
struct State {
    buffer: Vec<u8>,
    squeezed: bool,
}

impl State {
    fn absorb(&mut self, word: &[u8; WORD]) {
        self.squeezed = false;
        self.buffer.extend_from_slice(word);
    }

    fn absorb_scalar(&mut self, scalar: &Fr) -> [u8; WORD] {
        let word = to_word(scalar);
        self.absorb(&word);
        word
    }

    fn absorb_point(&mut self, point: &G1Affine) -> io::Result<[[u8; WORD]; 2]> {
        if bool::from(point.is_identity()) {
            return Err(invalid("the identity has no affine coordinates and cannot enter the transcript"));
        }
        let words = [to_word(&point.x), to_word(&point.y)];
        words.iter().for_each(|word| self.absorb(word));
        Ok(words)
    }

    fn squeeze(&mut self) -> KeccakChallenge {
        let mut hasher = Keccak256::new();
        hasher.update(&self.buffer);
        if self.squeezed {
            hasher.update([1]);
        }
        let digest: [u8; WORD] = hasher.finalize().into();
        self.buffer.clear();
        self.buffer.extend_from_slice(&digest);
        self.squeezed = true;
        KeccakChallenge::new(&digest)
    }
}

fn invalid(message: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, message)
}

/// A canonical field element as one big-endian word.
fn to_word<F: PrimeField<Repr: AsRef<[u8]>>>(element: &F) -> [u8; WORD] {
    let mut word = [0; WORD];
    for (to, from) in word.iter_mut().zip(element.to_repr().as_ref().iter().rev()) {
        *to = *from;
    }
    word
}

/// The field element of one big-endian word, if it is canonical.
fn from_word<F: PrimeField<Repr: AsMut<[u8]>>>(word: &[u8; WORD]) -> Option<F> {
    let mut repr = F::Repr::default();
    for (to, from) in repr.as_mut().iter_mut().zip(word.iter().rev()) {
        *to = *from;
    }
    Option::from(F::from_repr(repr))
}

/// Writes a proof: what is sent to the verifier goes to the writer and into the state.
#[derive(Clone, Debug)]
pub struct KeccakWrite<W> {
    state: State,
    writer: W,
}

/// Reads a proof: what the prover sent comes from the reader and goes into the state.
#[derive(Clone, Debug)]
pub struct KeccakRead<R> {
    state: State,
    reader: R,
}

impl<R> KeccakRead<R> {
    /// The reader, positioned behind the last element read: the caller checks that nothing is left.
    pub fn into_reader(self) -> R {
        self.reader
    }
}

impl<R: Read> KeccakRead<R> {
    fn read_word(&mut self) -> io::Result<[u8; WORD]> {
        let mut word = [0; WORD];
        self.reader.read_exact(&mut word)?;
        Ok(word)
    }
}

impl<W: Write> Transcript<G1Affine, KeccakChallenge> for KeccakWrite<W> {
    fn squeeze_challenge(&mut self) -> KeccakChallenge {
        self.state.squeeze()
    }

    fn common_point(&mut self, point: G1Affine) -> io::Result<()> {
        self.state.absorb_point(&point).map(drop)
    }

    fn common_scalar(&mut self, scalar: Fr) -> io::Result<()> {
        self.state.absorb_scalar(&scalar);
        Ok(())
    }
}

impl<W: Write> TranscriptWrite<G1Affine, KeccakChallenge> for KeccakWrite<W> {
    fn write_point(&mut self, point: G1Affine) -> io::Result<()> {
        let words = self.state.absorb_point(&point)?;
        self.writer.write_all(words.as_flattened())
    }

    fn write_scalar(&mut self, scalar: Fr) -> io::Result<()> {
        let word = self.state.absorb_scalar(&scalar);
        self.writer.write_all(&word)
    }
}

impl<W: Write> TranscriptWriterBuffer<W, G1Affine, KeccakChallenge> for KeccakWrite<W> {
    fn init(writer: W) -> Self {
        Self { state: State::default(), writer }
    }

    fn finalize(self) -> W {
        self.writer
    }
}

impl<R: Read> Transcript<G1Affine, KeccakChallenge> for KeccakRead<R> {
    fn squeeze_challenge(&mut self) -> KeccakChallenge {
        self.state.squeeze()
    }

    fn common_point(&mut self, point: G1Affine) -> io::Result<()> {
        self.state.absorb_point(&point).map(drop)
    }

    fn common_scalar(&mut self, scalar: Fr) -> io::Result<()> {
        self.state.absorb_scalar(&scalar);
        Ok(())
    }
}

impl<R: Read> TranscriptRead<G1Affine, KeccakChallenge> for KeccakRead<R> {
    fn read_point(&mut self) -> io::Result<G1Affine> {
        let (x, y) = (self.read_word()?, self.read_word()?);
        let x = from_word::<Fq>(&x).ok_or_else(|| invalid("a point's x coordinate in the proof is not canonical"))?;
        let y = from_word::<Fq>(&y).ok_or_else(|| invalid("a point's y coordinate in the proof is not canonical"))?;
        let point = Option::from(G1Affine::from_xy(x, y))
            .ok_or_else(|| invalid("a point in the proof does not lie on the curve"))?;
        self.state.absorb_point(&point)?;
        Ok(point)
    }

    fn read_scalar(&mut self) -> io::Result<Fr> {
        let word = self.read_word()?;
        let scalar = from_word(&word).ok_or_else(|| invalid("a scalar in the proof is not canonical"))?;
        self.state.absorb(&word);
        Ok(scalar)
    }
}

impl<R: Read> TranscriptReadBuffer<R, G1Affine, KeccakChallenge> for KeccakRead<R> {
    fn init(reader: R) -> Self {
        Self { state: State::default(), reader }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use halo2curves::group::Curve;
    use proptest::prelude::*;

    /// r and q, big-endian.
    const R: &str = "30644e72e131a029b85045b68181585d2833e84879b9709143e1f593f0000001";
    const Q: &str = "30644e72e131a029b85045b68181585d97816a916871ca8d3c208c16d87cfd47";

    fn writer() -> KeccakWrite<Vec<u8>> {
        KeccakWrite::init(Vec::new())
    }

    fn squeeze<E: EncodedChallenge<G1Affine>>(transcript: &mut impl Transcript<G1Affine, E>) -> Fr {
        *transcript.squeeze_challenge_scalar::<()>()
    }

    fn scalar(big_endian: [u8; 32]) -> Fr {
        // Bit by bit: independent of the limb-wise reduction under test.
        big_endian
            .iter()
            .flat_map(|byte| (0..8).rev().map(move |i| byte >> i & 1))
            .fold(Fr::ZERO, |acc, bit| acc.double() + Fr::from(u64::from(bit)))
    }

    fn keccak(bytes: &[u8]) -> [u8; 32] {
        Keccak256::digest(bytes).into()
    }

    #[test]
    fn challenges_are_digests_of_the_buffer_as_a_contract_computes_them() {
        let mut transcript = writer();
        transcript.common_scalar(Fr::from(5)).unwrap();
        transcript.write_point(G1Affine::generator()).unwrap();
        // The generator of BN254 is (1, 2).
        let mut buffer = [0; 96];
        (buffer[31], buffer[63], buffer[95]) = (5, 1, 2);
        let first = keccak(&buffer);
        assert_eq!(squeeze(&mut transcript), scalar(first));
        // In a row: the digest and one more byte.
        let second = keccak(&[&first[..], &[1]].concat());
        assert_eq!(squeeze(&mut transcript), scalar(second));
        // Something absorbed: no such byte.
        transcript.write_scalar(Fr::from(7)).unwrap();
        let mut word = [0; 32];
        word[31] = 7;
        let third = keccak(&[second, word].concat());
        assert_eq!(squeeze(&mut transcript), scalar(third));
        assert_eq!(transcript.finalize(), [&buffer[32..], &word].concat());
    }

    #[test]
    fn an_empty_transcript_squeezes_the_digest_of_nothing() {
        assert_eq!(squeeze(&mut writer()), scalar(keccak(&[])));
    }

    #[test]
    fn the_identity_is_refused() {
        let identity = G1Affine::identity();
        assert!(writer().write_point(identity).is_err());
        assert!(writer().common_point(identity).is_err());
        assert!(KeccakRead::init(&[0u8; 64][..]).read_point().is_err());
    }

    #[test]
    fn elements_that_are_not_canonical_or_off_the_curve_are_refused() {
        let word = |n: u8| [&[0; 31][..], &[n]].concat();
        let read_point = |x: Vec<u8>, y: Vec<u8>| KeccakRead::init(&[x, y].concat()[..]).read_point();
        assert_eq!(read_point(word(1), word(2)).unwrap(), G1Affine::generator());
        assert!(read_point(word(1), word(3)).is_err(), "off the curve");
        let mut aliased = hex::decode(Q).unwrap();
        aliased[31] += 1;
        assert!(read_point(aliased, word(2)).is_err(), "x + q");
        let mut aliased = hex::decode(Q).unwrap();
        aliased[31] += 2;
        assert!(read_point(word(1), aliased).is_err(), "y + q");

        let mut modulus = hex::decode(R).unwrap();
        assert!(KeccakRead::init(&modulus[..]).read_scalar().is_err(), "r");
        modulus[31] -= 1;
        assert_eq!(KeccakRead::init(&modulus[..]).read_scalar().unwrap(), -Fr::ONE);
        assert!(KeccakRead::init(&modulus[1..]).read_scalar().is_err(), "short");
    }

    proptest! {
        #[test]
        fn reader_and_writer_agree(steps in proptest::collection::vec((0u8..5, any::<u64>()), 1..20)) {
            let point = |n: u64| (G1Affine::generator() * (Fr::from(n) + Fr::ONE)).to_affine();
            let mut writer = writer();
            let mut written = Vec::new();
            for &(step, n) in &steps {
                match step {
                    0 => writer.write_point(point(n)).unwrap(),
                    1 => writer.write_scalar(-Fr::from(n)).unwrap(),
                    2 => writer.common_point(point(n)).unwrap(),
                    3 => writer.common_scalar(Fr::from(n)).unwrap(),
                    _ => written.push(squeeze(&mut writer)),
                }
            }
            written.push(squeeze(&mut writer));
            let proof = writer.finalize();
            let mut reader = KeccakRead::init(&proof[..]);
            let mut read = Vec::new();
            for &(step, n) in &steps {
                match step {
                    0 => prop_assert_eq!(reader.read_point().unwrap(), point(n)),
                    1 => prop_assert_eq!(reader.read_scalar().unwrap(), -Fr::from(n)),
                    2 => reader.common_point(point(n)).unwrap(),
                    3 => reader.common_scalar(Fr::from(n)).unwrap(),
                    _ => read.push(squeeze(&mut reader)),
                }
            }
            read.push(squeeze(&mut reader));
            prop_assert_eq!(read, written);
            prop_assert!(reader.into_reader().is_empty());
        }

        #[test]
        fn digests_reduce_modulo_r(digest in any::<[u8; 32]>()) {
            prop_assert_eq!(KeccakChallenge::new(&digest).get_scalar(), scalar(digest));
        }
    }
}
