//! The rollup's nine operations: their fields, the bytes their authors sign, and the public data they leave.
//!
//! A [`Block`] is what the sequencer hands over, as JSON with one-entry objects `{"transfer": {…}}`; signed kinds carry
//! `body`, `public_key` and `signature`. Which fields a kind has, how they are signed and published and which values they take is in one
//! [`table`]; [`SignedOperation::check`] checks what needs no state, the execution the rest.

pub mod change_pub_key;
pub mod deposit;
pub mod exit;
pub mod field;
mod form;
pub mod identity;
mod kind;
mod limits;
mod message;
pub mod order_matching;
pub mod page;
mod pubdata;
mod signed;
pub mod table;
pub mod transfer;
pub mod withdraw;

use std::fmt;

use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use crate::json::{self, JsonError};

pub use change_pub_key::ChangePubKey;
pub use deposit::Deposit;
pub use exit::{ForcedExit, FullExit};
pub use form::{Form, Values};
pub use identity::{Deployment, Owner, PubKeyHash};
pub use kind::{Kind, KindError};
pub use limits::{
    COLLECTOR, FIRST_USER, MAX_ACCOUNT, MAX_RESERVE, MAX_SUB, POOLED_USD, RATIO_UNIT, RESERVES, Violation, backing_of,
    ratio_of, reserve_token,
};
pub(crate) use limits::{
    FIRST_STABLECOIN, LAST_STABLECOIN, MIRROR_OFFSET, RESERVE_BITS, check_chain, check_sub, check_token,
    check_token_pair,
};
pub use message::{Message, WORD_BYTES};
pub use order_matching::{Order, OrderMatching, OrderNonce, Price};
pub use pubdata::{CHUNK_BYTES, Pubdata, PubdataError};
pub use signed::Signed;
use table::Described;
pub use transfer::{Transfer, TransferToNew};
pub use withdraw::Withdraw;

/// Does nothing; one chunk of public data.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Noop {}

/// A block of operations, as the sequencer orders them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Block {
    /// The block's number: the state's plus one.
    pub number: u64,
    /// Seconds since 1970, as the sequencer says. Chains accept it within a window around their own time, and the block may carry
    /// only what has not expired by then.
    #[serde(deserialize_with = "seconds")]
    pub timestamp: u32,
    /// In the order of their execution; at least one.
    pub operations: Vec<SignedOperation>,
}

impl Block {
    /// Reads a block from JSON.
    ///
    /// # Errors
    /// Malformed text, unknown fields, values of wrong width or form; the message names the operation's index and kind,
    /// line and column.
    pub fn from_json(text: &str) -> Result<Self, JsonError> {
        json::from_str(text)
    }
}

/// One operation with the signatures it needs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)] // Each is documented at its type.
pub enum SignedOperation {
    Noop(Noop),
    Deposit(Deposit),
    TransferToNew(Signed<TransferToNew>),
    Withdraw(Signed<Withdraw>),
    Transfer(Signed<Transfer>),
    FullExit(FullExit),
    ChangePubKey(Signed<ChangePubKey>),
    ForcedExit(Signed<ForcedExit>),
    OrderMatching(Box<Signed<OrderMatching>>),
}

impl SignedOperation {
    /// The operation's kind.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Noop(_) => Kind::Noop,
            Self::Deposit(_) => Kind::Deposit,
            Self::TransferToNew(_) => Kind::TransferToNew,
            Self::Withdraw(_) => Kind::Withdraw,
            Self::Transfer(_) => Kind::Transfer,
            Self::FullExit(_) => Kind::FullExit,
            Self::ChangePubKey(_) => Kind::ChangePubKey,
            Self::ForcedExit(_) => Kind::ForcedExit,
            Self::OrderMatching(_) => Kind::OrderMatching,
        }
    }

    /// The chain that checks the operation's public data, for the kinds that a chain checks.
    pub fn chain(&self) -> Option<u8> {
        match self {
            Self::Deposit(deposit) => Some(deposit.chain),
            Self::Withdraw(withdraw) => Some(withdraw.body.chain),
            Self::FullExit(exit) => Some(exit.chain),
            Self::ChangePubKey(change) => Some(change.body.chain),
            Self::ForcedExit(exit) => Some(exit.body.chain),
            Self::Noop(_) | Self::TransferToNew(_) | Self::Transfer(_) | Self::OrderMatching(_) => None,
        }
    }

    /// The last seconds in which a block may carry what was signed, with what that is: the operation, and its orders.
    pub fn deadlines(&self) -> Vec<(Signee, u32)> {
        match self {
            Self::Noop(_) | Self::Deposit(_) | Self::FullExit(_) => Vec::new(),
            Self::TransferToNew(signed) => vec![(Signee::Operation, signed.body.time)],
            Self::Withdraw(signed) => vec![(Signee::Operation, signed.body.time)],
            Self::Transfer(signed) => vec![(Signee::Operation, signed.body.time)],
            Self::ChangePubKey(signed) => vec![(Signee::Operation, signed.body.time)],
            Self::ForcedExit(signed) => vec![(Signee::Operation, signed.body.time)],
            Self::OrderMatching(signed) => vec![
                (Signee::Operation, signed.body.time),
                (Signee::MakerOrder, signed.body.maker.body.expiry),
                (Signee::TakerOrder, signed.body.taker.body.expiry),
            ],
        }
    }

    /// The rules on the operation's values that need no state.
    ///
    /// # Errors
    /// The first value that is out of its range.
    pub fn check(&self) -> Result<(), Violation> {
        match self {
            Self::Noop(_) => Ok(()),
            Self::Deposit(deposit) => deposit.check_fields(),
            Self::TransferToNew(transfer) => transfer.body.check_fields(),
            Self::Withdraw(withdraw) => withdraw.body.check_fields(),
            Self::Transfer(transfer) => transfer.body.check_fields(),
            Self::FullExit(exit) => exit.check_fields(),
            Self::ChangePubKey(change) => change.body.check_fields(),
            Self::ForcedExit(exit) => exit.body.check_fields(),
            Self::OrderMatching(matching) => matching.body.check(),
        }
    }
}

/// What in an operation is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signee {
    /// The operation itself.
    Operation,
    /// The maker's order.
    MakerOrder,
    /// The taker's order.
    TakerOrder,
}

impl fmt::Display for Signee {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Operation => "the operation",
            Self::MakerOrder => "the maker's order",
            Self::TakerOrder => "the taker's order",
        })
    }
}

impl<'de> Deserialize<'de> for SignedOperation {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(OperationVisitor)
    }
}

/// Reads `{"kind": {…}}`; reserved kinds are refused by name.
struct OperationVisitor;

impl<'de> Visitor<'de> for OperationVisitor {
    type Value = SignedOperation;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object with one entry, the operation under its kind")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<SignedOperation, A::Error> {
        let name: String = map.next_key()?.ok_or_else(|| A::Error::custom("the operation has no kind"))?;
        let kind = Kind::from_name(&name).map_err(A::Error::custom)?;
        let operation = match kind {
            Kind::Noop => map.next_value().map(SignedOperation::Noop),
            Kind::Deposit => map.next_value().map(SignedOperation::Deposit),
            Kind::TransferToNew => map.next_value().map(SignedOperation::TransferToNew),
            Kind::Withdraw => map.next_value().map(SignedOperation::Withdraw),
            Kind::Transfer => map.next_value().map(SignedOperation::Transfer),
            Kind::FullExit => map.next_value().map(SignedOperation::FullExit),
            Kind::ChangePubKey => map.next_value().map(SignedOperation::ChangePubKey),
            Kind::ForcedExit => map.next_value().map(SignedOperation::ForcedExit),
            Kind::OrderMatching => map.next_value().map(SignedOperation::OrderMatching),
        }?;
        match map.next_key::<String>()? {
            None => Ok(operation),
            Some(second) => Err(A::Error::custom(format_args!("a second entry '{second}' in one operation"))),
        }
    }
}

/// Seconds since 1970 in 32 bits. Milliseconds, which many clocks count, do not fit and are recognised.
fn seconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    let time = u64::deserialize(deserializer)?;
    u32::try_from(time).map_err(|_| match u32::try_from(time / 1000) {
        Ok(seconds) => {
            D::Error::custom(format_args!("{time} looks like milliseconds: in seconds since 1970 it is {seconds}"))
        }
        Err(_) => D::Error::custom(format_args!("{time} is not a time in seconds since 1970, which fits 32 bits")),
    })
}
