//! A body with the signature of the account that stands behind it.

use serde::{Deserialize, Serialize};

use super::{Deployment, Message, PubKeyHash};
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
    /// Signs a body for a deployment.
    ///
    /// # Errors
    /// See [`PrivateKey::sign`].
    pub fn sign(body: T, key: &PrivateKey, deployment: Deployment) -> Result<Self, SignatureError> {
        let signature = key.sign(body.message(deployment))?;
        Ok(Self { body, public_key: key.public_key(), signature })
    }

    /// Checks the signature, which has to be for this deployment.
    ///
    /// # Errors
    /// See [`eddsa::verify`].
    pub fn verify(&self, deployment: Deployment) -> Result<(), SignatureError> {
        eddsa::verify(&self.public_key, self.body.message(deployment), &self.signature)
    }

    /// The hash of the key that signed.
    pub fn signer(&self) -> PubKeyHash {
        PubKeyHash::of(&self.public_key)
    }
}
