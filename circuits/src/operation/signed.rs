//! A body with the signature of the account that stands behind it.

use serde::{Deserialize, Serialize};

use super::{Message, PubKeyHash};
use crate::babyjubjub::Point;
use crate::eddsa::{self, PrivateKey, Signature, SignatureError};
use crate::encoding;

/// A signed body. The public key travels with it; the account knows only its hash.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Signed<T> {
    /// What is signed.
    pub body: T,
    /// x ‖ y of the signer's key.
    #[serde(with = "encoding::point")]
    pub public_key: Point,
    /// Over the body's message.
    pub signature: Signature,
}

impl<T: Message> Signed<T> {
    /// Signs a body.
    ///
    /// # Errors
    /// See [`PrivateKey::sign`].
    pub fn sign(body: T, key: &PrivateKey) -> Result<Self, SignatureError> {
        let signature = key.sign(body.message())?;
        Ok(Self { body, public_key: key.public_key(), signature })
    }

    /// Checks the signature.
    ///
    /// # Errors
    /// See [`eddsa::verify`].
    pub fn verify(&self) -> Result<(), SignatureError> {
        eddsa::verify(&self.public_key, self.body.message(), &self.signature)
    }

    /// The hash of the key that signed.
    pub fn signer(&self) -> PubKeyHash {
        PubKeyHash::of(&self.public_key)
    }
}
