//! Deposit: a chain's contract has received tokens; they enter the rollup. Opens the account of a new owner.

use serde::{Deserialize, Serialize};

use super::table::Described;
use super::{Owner, Pubdata};
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
    /// Its public data.
    pub fn pubdata(&self) -> Pubdata {
        Pubdata::new(&self.fields())
    }
}
