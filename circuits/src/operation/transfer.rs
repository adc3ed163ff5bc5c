//! Transfer, to an account that exists, and TransferToNew, which opens the receiver's account.
//!
//! Both are signed alike but for the code: the signer names the receiver by owner, not by id.

use serde::{Deserialize, Serialize};

use super::limits::{check_account, check_owner, check_sub, check_token};
use super::message::Fields;
use super::{Kind, Message, Owner, Pubdata, Violation};
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
    pub(super) fn check(&self) -> Result<(), Violation> {
        check_transfer(self.from, self.from_sub, self.token, self.to, self.to_sub, &self.to_owner)
    }

    /// op1 from4 fromSub1 token2 to4 toSub1 amount5 fee2.
    pub fn pubdata(&self) -> Pubdata {
        let fields = Fields::new(Kind::Transfer.code())
            .u32(self.from)
            .u8(self.from_sub)
            .u16(self.token)
            .u32(self.to)
            .u8(self.to_sub)
            .amount(self.amount)
            .fee(self.fee);
        Pubdata::new(Kind::Transfer, fields)
    }
}

impl TransferToNew {
    pub(super) fn check(&self) -> Result<(), Violation> {
        check_transfer(self.from, self.from_sub, self.token, self.to, self.to_sub, &self.to_owner)
    }

    /// op1 from4 fromSub1 token2 amount5 to32 toId4 toSub1 fee2.
    pub fn pubdata(&self) -> Pubdata {
        let fields = Fields::new(Kind::TransferToNew.code())
            .u32(self.from)
            .u8(self.from_sub)
            .u16(self.token)
            .amount(self.amount)
            .bytes(&self.to_owner.0)
            .u32(self.to)
            .u8(self.to_sub)
            .fee(self.fee);
        Pubdata::new(Kind::TransferToNew, fields)
    }
}

fn check_transfer(from: u32, from_sub: u8, token: u16, to: u32, to_sub: u8, owner: &Owner) -> Result<(), Violation> {
    check_account(from)?;
    check_sub(from_sub)?;
    check_token(token)?;
    check_account(to)?;
    check_sub(to_sub)?;
    check_owner(owner, "to_owner")
}

/// op1 account4 fromSub1 to32 toSub1 token2 amount5 fee2 nonce4 time4.
macro_rules! transfer_message {
    ($body:ty, $kind:expr) => {
        impl Message for $body {
            fn signed_bytes(&self) -> Vec<u8> {
                Fields::new($kind.code())
                    .u32(self.from)
                    .u8(self.from_sub)
                    .bytes(&self.to_owner.0)
                    .u8(self.to_sub)
                    .u16(self.token)
                    .amount(self.amount)
                    .fee(self.fee)
                    .u32(self.nonce)
                    .u32(self.time)
                    .finish()
            }
        }
    };
}

transfer_message!(Transfer, Kind::Transfer);
transfer_message!(TransferToNew, Kind::TransferToNew);
