//! Withdraw: tokens leave to an address on a chain whose reserve covers them.

use serde::{Deserialize, Serialize};

use super::limits::{RATIO_UNIT, check_account, check_chain, check_owner, check_sub, check_token_pair};
use super::message::Fields;
use super::{Kind, Message, Owner, Pubdata, Violation};
use crate::encoding;
use crate::packing::PackedFee;

/// Signed by the account; its chain's contract pays out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Withdraw {
    /// The chain that pays out.
    pub chain: u8,
    /// The account that is debited.
    pub account: u32,
    /// Its sub-account.
    pub sub: u8,
    /// Who receives, on the chain.
    pub to: Owner,
    /// The token on the chain.
    pub l1_token: u16,
    /// The token in the rollup, in which the fee is paid, too.
    pub l2_token: u16,
    /// How much leaves.
    #[serde(with = "encoding::amount")]
    pub amount: u128,
    /// The fee, beside the amount.
    pub fee: PackedFee,
    /// The account's nonce.
    pub nonce: u32,
    /// Whether a third party may pay out early, against `fee_ratio`.
    pub fast: bool,
    /// That party's part of the amount, in 1/10,000.
    pub fee_ratio: u16,
    /// The last second, since 1970, in which a block may carry this; 2^32 − 1: for ever.
    pub time: u32,
}

impl Withdraw {
    pub(super) fn check(&self) -> Result<(), Violation> {
        check_chain(self.chain)?;
        check_account(self.account)?;
        check_sub(self.sub)?;
        check_owner(&self.to, "to")?;
        check_token_pair(self.l1_token, self.l2_token)?;
        if self.fee_ratio <= RATIO_UNIT { Ok(()) } else { Err(Violation::FeeRatioOutOfRange(self.fee_ratio)) }
    }

    /// op1 chain1 account4 sub1 l1token2 l2token2 amount16 fee2 to32 nonce4 feeRatio2.
    pub fn pubdata(&self) -> Pubdata {
        let fields = Fields::new(Kind::Withdraw.code())
            .u8(self.chain)
            .u32(self.account)
            .u8(self.sub)
            .u16(self.l1_token)
            .u16(self.l2_token)
            .u128(self.amount)
            .fee(self.fee)
            .bytes(&self.to.0)
            .u32(self.nonce)
            .u16(self.fee_ratio);
        Pubdata::new(Kind::Withdraw, fields)
    }
}

impl Message for Withdraw {
    /// op1 chain1 account4 sub1 to32 l2token2 l1token2 amount16 fee2 nonce4 fast1 feeRatio2 time4: 72 bytes.
    fn signed_bytes(&self) -> Vec<u8> {
        Fields::new(Kind::Withdraw.code())
            .u8(self.chain)
            .u32(self.account)
            .u8(self.sub)
            .bytes(&self.to.0)
            .u16(self.l2_token)
            .u16(self.l1_token)
            .u128(self.amount)
            .fee(self.fee)
            .u32(self.nonce)
            .u8(self.fast.into())
            .u16(self.fee_ratio)
            .u32(self.time)
            .finish()
    }
}
