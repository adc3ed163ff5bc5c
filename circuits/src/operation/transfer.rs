//! Transfer, to an account that exists, and TransferToNew, which opens the receiver's account.
//!
//! Both are signed alike but for the code: the signer names the receiver by owner, not by id.

use serde::{Deserialize, Serialize};

use super::table::Described;
use super::{Message, Owner, Pubdata};
use crate::packing::{PackedAmount, PackedFee};

/// Moves tokens to an existing account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Transfer {
    /// The sender, who signs and pays the fee.
    pub from: u32,
    /// The sender's sub-account.
    pub from_sub: u8,
    /// What is moved, and what the fee is paid in.
    pub token: u16,
    /// How much arrives.
    pub amount: PackedAmount,
    /// The receiver.
    pub to: u32,
    /// The receiver's sub-account.
    pub to_sub: u8,
    /// The receiver's owner.
    pub to_owner: Owner,
    /// The fee, beside the amount.
    pub fee: PackedFee,
    /// The sender's nonce.
    pub nonce: u32,
    /// The last second, since 1970, in which a block may carry this; 2^32 − 1: for ever.
    pub time: u32,
}

/// Moves tokens to a new account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TransferToNew {
    /// The sender, who signs and pays the fee.
    pub from: u32,
    /// The sender's sub-account.
    pub from_sub: u8,
    /// What is moved, and what the fee is paid in.
    pub token: u16,
    /// How much arrives.
    pub amount: PackedAmount,
    /// A free id; not signed.
    pub to: u32,
    /// The receiver's sub-account.
    pub to_sub: u8,
    /// The new account's owner.
    pub to_owner: Owner,
    /// The fee, beside the amount.
    pub fee: PackedFee,
    /// The sender's nonce.
    pub nonce: u32,
    /// The last second, since 1970, in which a block may carry this; 2^32 − 1: for ever.
    pub time: u32,
}

impl Transfer {
    /// Its public data.
    pub fn pubdata(&self) -> Pubdata {
        Pubdata::new(&self.fields())
    }
}

impl TransferToNew {
    /// Its public data.
    pub fn pubdata(&self) -> Pubdata {
        Pubdata::new(&self.fields())
    }
}

impl Message for Transfer {}
impl Message for TransferToNew {}
