//! The kinds of operations, by code; what else there is to know of a kind is in the table.

use std::fmt;

use super::Form;
use super::field::Field;
use super::table::{OPERATIONS, Operation};

/// A kind of operation; the value is the first byte of its public data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
#[allow(missing_docs)] // Each is documented at its type.
pub enum Kind {
    Noop = 0,
    Deposit = 1,
    TransferToNew = 2,
    Withdraw = 3,
    Transfer = 4,
    FullExit = 5,
    ChangePubKey = 6,
    ForcedExit = 7,
    OrderMatching = 8,
}

/// Kinds whose public data is not published: codes from 9 up, in order.
const RESERVED: [&str; 5] = ["contract_matching", "liquidation", "auto_deleveraging", "update_global_var", "funding"];
const FIRST_RESERVED: u8 = 9;

/// A kind that cannot be executed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KindError {
    /// One of the codes 9 to 13.
    #[error("{name} (code {code}) is a reserved operation: its public data is not published; leave it out")]
    Reserved {
        /// The kind's code.
        code: u8,
        /// The kind's name.
        name: &'static str,
    },
    /// No kind has this code.
    #[error("no operation has the code {0}")]
    UnknownCode(u8),
    /// No kind has this name.
    #[error("no operation is called '{0}'")]
    UnknownName(String),
}

impl Kind {
    /// Every kind, by code.
    pub const ALL: [Self; 9] = [
        Self::Noop,
        Self::Deposit,
        Self::TransferToNew,
        Self::Withdraw,
        Self::Transfer,
        Self::FullExit,
        Self::ChangePubKey,
        Self::ForcedExit,
        Self::OrderMatching,
    ];

    /// The first byte of the public data.
    pub const fn code(self) -> u8 {
        self as u8
    }

    const fn row(self) -> &'static Operation {
        &OPERATIONS[self as usize]
    }

    /// The name in JSON and messages.
    pub const fn name(self) -> &'static str {
        self.row().name
    }

    /// Chunks of public data.
    pub const fn chunks(self) -> usize {
        self.row().chunks
    }

    /// Whether a chain checks the operation's public data: those that have its number behind the code.
    pub const fn is_on_chain(self) -> bool {
        matches!(self.row().public, [Field { form: Form::Chain, .. }, ..])
    }

    /// The kind of a code.
    ///
    /// # Errors
    /// Reserved and unknown codes.
    pub fn from_code(code: u8) -> Result<Self, KindError> {
        if let Some(kind) = Self::ALL.get(usize::from(code)) {
            return Ok(*kind);
        }
        let reserved = RESERVED.get(usize::from(code.wrapping_sub(FIRST_RESERVED)));
        Err(reserved.map_or(KindError::UnknownCode(code), |name| KindError::Reserved { code, name }))
    }

    /// The kind of a name.
    ///
    /// # Errors
    /// Reserved and unknown names.
    pub fn from_name(name: &str) -> Result<Self, KindError> {
        if let Some(kind) = Self::ALL.into_iter().find(|kind| kind.name() == name) {
            return Ok(kind);
        }
        match (FIRST_RESERVED..).zip(RESERVED).find(|(_, reserved)| *reserved == name) {
            Some((code, name)) => Err(KindError::Reserved { code, name }),
            None => Err(KindError::UnknownName(name.into())),
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_and_names_lead_back_to_their_kind() {
        for (kind, code) in Kind::ALL.into_iter().zip(0..) {
            assert_eq!((Kind::from_code(code), Kind::from_name(kind.name())), (Ok(kind), Ok(kind)));
        }
    }

    #[test]
    fn chains_check_what_enters_leaves_or_needs_an_owners_consent() {
        let on_chain: Vec<_> = Kind::ALL.into_iter().filter(|kind| kind.is_on_chain()).collect();
        assert_eq!(on_chain, [Kind::Deposit, Kind::Withdraw, Kind::FullExit, Kind::ChangePubKey, Kind::ForcedExit]);
    }

    #[test]
    fn reserved_codes_are_refused_by_name() {
        for (code, name) in (9..=13).zip(RESERVED) {
            let refusal = Err(KindError::Reserved { code, name });
            assert_eq!((Kind::from_code(code), Kind::from_name(name)), (refusal.clone(), refusal));
        }
        assert_eq!(Kind::from_code(14), Err(KindError::UnknownCode(14)));
        assert_eq!(Kind::from_name("mint"), Err(KindError::UnknownName("mint".into())));
    }
}
