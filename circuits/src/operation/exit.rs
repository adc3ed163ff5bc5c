//! FullExit, which a chain demands for an owner, and ForcedExit, which anyone may pay for on an account without a key.
//!
//! Both move the whole balance out, as far as the chain's reserve goes; the amount is the execution's to find.

use serde::{Deserialize, Serialize};

use super::limits::{check_account, check_chain, check_owner, check_sub, check_token, check_token_pair};
use super::message::Fields;
use super::{Kind, Message, Owner, Pubdata, Violation};
use crate::packing::PackedFee;

/// A priority operation: it never fails, it moves nothing when the owner does not match.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FullExit {
    /// The chain that demands it, and pays out.
    pub chain: u8,
    /// The account.
    pub account: u32,
    /// Its sub-account.
    pub sub: u8,
    /// Who demanded it on the chain.
    pub owner: Owner,
    /// The token on the chain.
    pub l1_token: u16,
    /// The token in the rollup.
    pub l2_token: u16,
}

/// Signed and paid by the initiator; the target's owner receives.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ForcedExit {
    /// The chain that pays out.
    pub chain: u8,
    /// The account that signs and pays the fee.
    pub initiator: u32,
    /// The sub-account that pays the fee.
    pub initiator_sub: u8,
    /// The account that exits; it has no key.
    pub target: u32,
    /// Its sub-account.
    pub target_sub: u8,
    /// Its owner.
    pub target_owner: Owner,
    /// The token on the chain.
    pub l1_token: u16,
    /// The token in the rollup.
    pub l2_token: u16,
    /// What the fee is paid in.
    pub fee_token: u16,
    /// The fee.
    pub fee: PackedFee,
    /// The initiator's nonce.
    pub nonce: u32,
    /// The last second, since 1970, in which a block may carry this; 2^32 − 1: for ever.
    pub time: u32,
}

impl FullExit {
    pub(super) fn check(&self) -> Result<(), Violation> {
        check_chain(self.chain)?;
        check_account(self.account)?;
        check_sub(self.sub)?;
        check_owner(&self.owner, "owner")?;
        check_token_pair(self.l1_token, self.l2_token)
    }

    /// op1 chain1 account4 sub1 owner32 l1token2 l2token2 amount16, with the amount that left.
    pub fn pubdata(&self, amount: u128) -> Pubdata {
        let fields = Fields::new(Kind::FullExit.code())
            .u8(self.chain)
            .u32(self.account)
            .u8(self.sub)
            .bytes(&self.owner.0)
            .u16(self.l1_token)
            .u16(self.l2_token)
            .u128(amount);
        Pubdata::new(Kind::FullExit, fields)
    }
}

impl ForcedExit {
    pub(super) fn check(&self) -> Result<(), Violation> {
        check_chain(self.chain)?;
        check_account(self.initiator)?;
        check_sub(self.initiator_sub)?;
        check_account(self.target)?;
        check_sub(self.target_sub)?;
        check_owner(&self.target_owner, "target_owner")?;
        check_token_pair(self.l1_token, self.l2_token)?;
        check_token(self.fee_token)
    }

    /// op1 chain1 initiator4 initiatorSub1 target4 targetSub1 l1token2 l2token2 feeToken2 amount16 fee2 targetOwner32, with
    /// the amount that left.
    pub fn pubdata(&self, amount: u128) -> Pubdata {
        let fields = Fields::new(Kind::ForcedExit.code())
            .u8(self.chain)
            .u32(self.initiator)
            .u8(self.initiator_sub)
            .u32(self.target)
            .u8(self.target_sub)
            .u16(self.l1_token)
            .u16(self.l2_token)
            .u16(self.fee_token)
            .u128(amount)
            .fee(self.fee)
            .bytes(&self.target_owner.0);
        Pubdata::new(Kind::ForcedExit, fields)
    }
}

impl Message for ForcedExit {
    /// op1 chain1 initiator4 initiatorSub1 target32 targetSub1 l2token2 l1token2 feeToken2 fee2 nonce4 time4: 56 bytes.
    fn signed_bytes(&self) -> Vec<u8> {
        Fields::new(Kind::ForcedExit.code())
            .u8(self.chain)
            .u32(self.initiator)
            .u8(self.initiator_sub)
            .bytes(&self.target_owner.0)
            .u8(self.target_sub)
            .u16(self.l2_token)
            .u16(self.l1_token)
            .u16(self.fee_token)
            .fee(self.fee)
            .u32(self.nonce)
            .u32(self.time)
            .finish()
    }
}
