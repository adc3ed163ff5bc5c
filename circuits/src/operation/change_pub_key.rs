//! ChangePubKey: sets the key that signs for an account. The new key signs; the owner's consent is the chain's to check.

use serde::{Deserialize, Serialize};

use super::limits::{check_account, check_chain, check_sub, check_token};
use super::message::Fields;
use super::{Kind, Message, Owner, PubKeyHash, Pubdata, Violation};
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
    pub(super) fn check(&self) -> Result<(), Violation> {
        check_chain(self.chain)?;
        check_account(self.account)?;
        check_sub(self.sub)?;
        check_token(self.fee_token)?;
        if self.pub_key_hash.is_zero() { Err(Violation::ZeroKeyHash) } else { Ok(()) }
    }

    /// op1 chain1 account4 sub1 pkh20 owner32 nonce4 feeToken2 fee2, with the account's owner.
    pub fn pubdata(&self, owner: &Owner) -> Pubdata {
        let fields = Fields::new(Kind::ChangePubKey.code())
            .u8(self.chain)
            .u32(self.account)
            .u8(self.sub)
            .bytes(&self.pub_key_hash.0)
            .bytes(&owner.0)
            .u32(self.nonce)
            .u16(self.fee_token)
            .fee(self.fee);
        Pubdata::new(Kind::ChangePubKey, fields)
    }
}

impl Message for ChangePubKey {
    /// op1 chain1 account4 sub1 pkh20 feeToken2 fee2 nonce4 time4: 39 bytes.
    fn signed_bytes(&self) -> Vec<u8> {
        Fields::new(Kind::ChangePubKey.code())
            .u8(self.chain)
            .u32(self.account)
            .u8(self.sub)
            .bytes(&self.pub_key_hash.0)
            .u16(self.fee_token)
            .fee(self.fee)
            .u32(self.nonce)
            .u32(self.time)
            .finish()
    }
}
