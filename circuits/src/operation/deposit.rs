//! Deposit: a chain's contract has received tokens; they enter the rollup. Opens the account of a new owner.

use serde::{Deserialize, Serialize};

use super::limits::{check_account, check_chain, check_owner, check_sub, check_token_pair};
use super::message::Fields;
use super::{Kind, Owner, Pubdata, Violation};
use crate::encoding;

/// A priority operation: its chain's contract vouches for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Deposit {
    /// The chain that received the tokens.
    pub chain: u8,
    /// An account of the owner's, or a free id for a new one.
    pub account: u32,
    /// The sub-account that is credited.
    pub sub: u8,
    /// The token on the chain.
    pub l1_token: u16,
    /// The token in the rollup.
    pub l2_token: u16,
    /// What is credited, to the user and to the chain's reserve.
    #[serde(with = "encoding::amount")]
    pub amount: u128,
    /// The account's owner.
    pub owner: Owner,
    /// Whether the owner is who deposited: then the account may be forced out onto this chain.
    #[serde(default)]
    pub by_owner: bool,
}

impl Deposit {
    pub(super) fn check(&self) -> Result<(), Violation> {
        check_chain(self.chain)?;
        check_account(self.account)?;
        check_sub(self.sub)?;
        check_token_pair(self.l1_token, self.l2_token)?;
        check_owner(&self.owner, "owner")
    }

    /// op1 chain1 account4 sub1 l1token2 l2token2 amount16 owner32 self1.
    pub fn pubdata(&self) -> Pubdata {
        let fields = Fields::new(Kind::Deposit.code())
            .u8(self.chain)
            .u32(self.account)
            .u8(self.sub)
            .u16(self.l1_token)
            .u16(self.l2_token)
            .u128(self.amount)
            .bytes(&self.owner.0)
            .u8(self.by_owner.into());
        Pubdata::new(Kind::Deposit, fields)
    }
}
