//! EdDSA over Baby Jubjub, as circomlibjs's `signPoseidon` and `verifyPoseidon`: wallets sign with that library.
//!
//! A key is 32 bytes; its BLAKE-512 hash gives the pruned scalar and the prefix of the nonce. The signature (R8, S) of a
//! message M by A satisfies S·B8 = R8 + 8·h·A with h = poseidon(R8x, R8y, Ax, Ay, M).
//!
//! Verification here is stricter than circomlibjs's in four points, so that it accepts exactly what the circuit accepts:
//! the key must not be of small order (a key with 8·A = 0 accepts one signature for every message); S and h must be
//! canonical already in the bits from 2^126 up: `S >> 126 < ℓ >> 126`, `h >> 126 != r >> 126` with r the field's modulus; and
//! poseidon(A), whose low 160 bits are the key's hash, in the bits above: `poseidon(A) >> 160 != r >> 160` (2^-93). The circuit
//! compares these leading bits alone, which is cheaper than a full comparison. An honest signature falls in the gap with a
//! probability below 2^-124; as signatures are deterministic it cannot be retried with the same key and message, and
//! [`PrivateKey::sign`] then returns an error.

use std::sync::LazyLock;

use blake_hash::{Blake512, Digest};
use halo2curves::bn256::Fr;
use halo2curves::ff::{Field, PrimeField};
use num_bigint::BigUint;
use serde::{Deserialize, Serialize};

use crate::babyjubjub::{BASE, ORDER, Point};
use crate::encoding;
use crate::poseidon::{hash2, hash5};

/// Bits below this position are not compared.
const COMPARED_FROM: u64 = 126;

/// Bits of poseidon(A) that are the key's hash; the circuit compares those above.
const KEY_HASH_BITS: u64 = 160;

static ORDER_LEADING: LazyLock<BigUint> = LazyLock::new(|| &*ORDER >> COMPARED_FROM);
static MODULUS_LEADING: LazyLock<BigUint> = LazyLock::new(|| integer(&-Fr::ONE) >> COMPARED_FROM);
static MODULUS_ABOVE_KEY_HASH: LazyLock<BigUint> = LazyLock::new(|| integer(&-Fr::ONE) >> KEY_HASH_BITS);

/// A signature of one field element.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Signature {
    /// The commitment to the nonce.
    #[serde(with = "encoding::point")]
    pub r8: Point,
    /// The response, an integer below ℓ.
    #[serde(with = "encoding::element")]
    pub s: Fr,
}

/// Why a signature is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// The public key does not satisfy the curve's equation.
    #[error("the public key is not a point of Baby Jubjub")]
    KeyOffCurve,
    /// Eight times the public key is the identity.
    #[error("the public key is of small order")]
    KeyOfSmallOrder,
    /// R8 does not satisfy the curve's equation.
    #[error("R8 is not a point of Baby Jubjub")]
    NonceOffCurve,
    /// S is not below ℓ, or equals it in the bits that the circuit compares.
    #[error("S = {0} is not canonical: it has to be below the subgroup's order")]
    ResponseTooLarge(BigUint),
    /// h equals the field's modulus in the bits that the circuit compares.
    #[error("the challenge cannot be told from a non-canonical one; sign the message with another key")]
    ChallengeTooLarge,
    /// poseidon(A) equals the field's modulus above the bits of the key's hash.
    #[error("the public key's hash cannot be told from a non-canonical one; use another key")]
    KeyHashTooLarge,
    /// S·B8 ≠ R8 + 8·h·A.
    #[error("the signature does not match the message and the public key")]
    Mismatch,
}

/// A private key: 32 bytes, from which circomlibjs derives the same scalar.
#[derive(Clone)]
pub struct PrivateKey([u8; 32]);

impl PrivateKey {
    /// Any 32 bytes are a key.
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// A = (scalar / 8)·B8.
    pub fn public_key(&self) -> Point {
        BASE.multiply(&element(&(self.expand().0 >> 3u8)))
    }

    /// Signs a field element, deterministically.
    ///
    /// # Errors
    /// With probability below 2^-124, see the module's head.
    pub fn sign(&self, message: Fr) -> Result<Signature, SignatureError> {
        let (scalar, prefix) = self.expand();
        let hash = Blake512::new().chain(prefix).chain(message.to_repr()).finalize();
        let nonce = BigUint::from_bytes_le(&hash) % &*ORDER;
        let public_key = self.public_key();
        let r8 = BASE.multiply(&element(&nonce));
        let s = element(&((nonce + integer(&challenge(&r8, &public_key, message)) * scalar) % &*ORDER));
        let signature = Signature { r8, s };
        check_ranges(&public_key, message, &signature)?;
        Ok(signature)
    }

    /// The pruned scalar (a multiple of 8, below 2^255) and the prefix of the nonce.
    fn expand(&self) -> (BigUint, [u8; 32]) {
        let hash = Blake512::digest(&self.0);
        let (mut scalar, mut prefix) = ([0; 32], [0; 32]);
        scalar.copy_from_slice(&hash[..32]);
        prefix.copy_from_slice(&hash[32..]);
        scalar[0] &= 0xf8;
        scalar[31] = scalar[31] & 0x7f | 0x40;
        (BigUint::from_bytes_le(&scalar), prefix)
    }
}

/// Checks a signature of `message` by `public_key`.
///
/// # Errors
/// The first rule that the signature breaks.
pub fn verify(public_key: &Point, message: Fr, signature: &Signature) -> Result<(), SignatureError> {
    if !public_key.is_on_curve() {
        return Err(SignatureError::KeyOffCurve);
    }
    if public_key.is_of_small_order() {
        return Err(SignatureError::KeyOfSmallOrder);
    }
    if !signature.r8.is_on_curve() {
        return Err(SignatureError::NonceOffCurve);
    }
    let h = check_ranges(public_key, message, signature)?;
    let right = public_key.times_eight().multiply(&h).add(&signature.r8);
    if BASE.multiply(&signature.s) == right { Ok(()) } else { Err(SignatureError::Mismatch) }
}

/// h = poseidon(R8x, R8y, Ax, Ay, M).
pub fn challenge(r8: &Point, public_key: &Point, message: Fr) -> Fr {
    hash5([r8.x, r8.y, public_key.x, public_key.y, message])
}

/// The ranges of S, h and poseidon(A); returns h.
fn check_ranges(public_key: &Point, message: Fr, signature: &Signature) -> Result<Fr, SignatureError> {
    let s = integer(&signature.s);
    if &s >> COMPARED_FROM >= *ORDER_LEADING {
        return Err(SignatureError::ResponseTooLarge(s));
    }
    let h = challenge(&signature.r8, public_key, message);
    if integer(&h) >> COMPARED_FROM == *MODULUS_LEADING {
        return Err(SignatureError::ChallengeTooLarge);
    }
    if integer(&hash2(public_key.x, public_key.y)) >> KEY_HASH_BITS == *MODULUS_ABOVE_KEY_HASH {
        return Err(SignatureError::KeyHashTooLarge);
    }
    Ok(h)
}

fn integer(element: &Fr) -> BigUint {
    BigUint::from_bytes_le(&element.to_repr())
}

/// Of an integer below the field's modulus.
fn element(integer: &BigUint) -> Fr {
    let mut digits = integer.to_u64_digits();
    digits.resize(4, 0);
    Fr::from_raw([digits[0], digits[1], digits[2], digits[3]])
}
