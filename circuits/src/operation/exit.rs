//! FullExit, which a chain demands for an owner, and ForcedExit, which anyone may pay for on an account without a key.
//!
//! Both move the whole balance out, as far as the chain's reserve goes; the execution finds the amount.

use serde::{Deserialize, Serialize};

use super::field::Value;
use super::table::{Described, ForcedExitFields, FullExitFields};
use super::{Message, Owner, Pubdata};
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
    /// Its public data, which name the amount that left.
    pub fn pubdata(&self, amount: u128) -> Pubdata {
        Pubdata::new(&FullExitFields { amount: Value::from(amount), ..self.fields() })
    }
}

impl ForcedExit {
    /// Its public data, which name the amount that left.
    pub fn pubdata(&self, amount: u128) -> Pubdata {
        Pubdata::new(&ForcedExitFields { amount: Value::from(amount), ..self.fields() })
    }
}

impl Message for ForcedExit {}
