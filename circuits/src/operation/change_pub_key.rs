//! ChangePubKey: sets the key that signs for an account. The new key signs; the chain checks the owner's consent.

use serde::{Deserialize, Serialize};

use super::field::Value;
use super::table::{ChangePubKeyFields, Described};
use super::{Message, Owner, PubKeyHash, Pubdata};
use crate::packing::PackedFee;

/// Signed by the key whose hash it sets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChangePubKey {
    /// The chain that checks the owner's consent.
    pub chain: u8,
    /// The account.
    pub account: u32,
    /// The sub-account that pays the fee.
    pub sub: u8,
    /// The new key's hash.
    pub pub_key_hash: PubKeyHash,
    /// What the fee is paid in.
    pub fee_token: u16,
    /// The fee.
    pub fee: PackedFee,
    /// The account's nonce.
    pub nonce: u32,
    /// The last second, since 1970, in which a block may carry this; 2^32 − 1: for ever.
    pub time: u32,
}

impl ChangePubKey {
    /// Its public data, which name the account's owner.
    pub fn pubdata(&self, owner: &Owner) -> Pubdata {
        Pubdata::new(&ChangePubKeyFields { owner: Value::from(*owner), ..self.fields() })
    }
}

impl Message for ChangePubKey {}
