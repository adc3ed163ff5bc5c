//! What can be wrong with a card.

use std::str::FromStr;

/// A way to break the contract, once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fault {
    /// The command is never completed.
    NeverCompletes,
    /// The command is completed, and completed again.
    CompletesTwice,
    /// The command is completed under another id.
    UnknownId,
    /// One bit of the result is flipped.
    FlippedBit,
    /// One bit of the first scalar or input is flipped on its way to the card.
    CorruptInput,
    /// The card falls off its bus: all registers read ones from now on, even after a reset.
    Vanishes,
    /// The bus refuses the command's accesses to memory.
    DmaRefused,
    /// No further command is fetched, so that the ring fills up.
    Stalls,
    /// The completion raises no interrupt.
    LosesInterrupt,
    /// The command takes a tenth of a second longer.
    Dawdles,
}

/// A text that names no fault.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is no fault; write one of {}, and @N to spare N commands first", Fault::names())]
pub struct FaultError {
    /// The text.
    pub text: String,
}

impl Fault {
    /// Every fault with its name.
    pub const ALL: &[(Self, &str)] = &[
        (Self::NeverCompletes, "never-completes"),
        (Self::CompletesTwice, "completes-twice"),
        (Self::UnknownId, "unknown-id"),
        (Self::FlippedBit, "flipped-bit"),
        (Self::CorruptInput, "corrupt-input"),
        (Self::Vanishes, "vanishes"),
        (Self::DmaRefused, "dma-refused"),
        (Self::Stalls, "stalls"),
        (Self::LosesInterrupt, "loses-interrupt"),
        (Self::Dawdles, "dawdles"),
    ];

    fn names() -> String {
        Self::ALL.iter().map(|(_, name)| *name).collect::<Vec<_>>().join(", ")
    }

    /// Parses `NAME` or `NAME@N`: the fault, and how many commands it spares.
    ///
    /// # Errors
    /// The text names no fault.
    pub fn parse(text: &str) -> Result<(Self, u32), FaultError> {
        let error = || FaultError { text: text.to_owned() };
        let (name, after) = match text.split_once('@') {
            Some((name, after)) => (name, after.parse().map_err(|_| error())?),
            None => (text, 0),
        };
        Ok((name.parse().map_err(|_| error())?, after))
    }
}

impl FromStr for Fault {
    type Err = FaultError;

    fn from_str(text: &str) -> Result<Self, FaultError> {
        let found = Self::ALL.iter().find(|(_, name)| *name == text);
        found.map(|(fault, _)| *fault).ok_or_else(|| FaultError { text: text.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_are_parsed_with_their_delay() {
        assert_eq!(Fault::parse("flipped-bit@12"), Ok((Fault::FlippedBit, 12)));
        for (fault, name) in Fault::ALL {
            assert_eq!(Fault::parse(name), Ok((*fault, 0)));
        }
        for text in ["", "flipped", "flipped-bit@", "flipped-bit@-1"] {
            assert!(Fault::parse(text).is_err(), "{text}");
        }
    }
}
