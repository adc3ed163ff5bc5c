//! Withdraw: tokens leave to an address on a chain whose reserve covers them.

use serde::{Deserialize, Serialize};

use super::table::Described;
use super::{Message, Owner, Pubdata};
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
    /// Its public data.
    pub fn pubdata(&self) -> Pubdata {
        Pubdata::new(&self.fields())
    }
}

impl Message for Withdraw {}
