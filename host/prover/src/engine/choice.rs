//! Which engine is asked for: `cpu`, or `card:` and a card's address.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use penstock_driver::Address;

const CPU: &str = "cpu";
const CARD: &str = "card";

/// What computes commitments.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum EngineChoice {
    /// `cpu`: the host's own cores.
    #[default]
    Cpu,
    /// `card:ADDRESS`: a card, real or simulated.
    Card(Address),
}

/// The engine, and what may happen if it fails.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EngineSettings {
    /// The engine.
    pub engine: EngineChoice,
    /// Whether the CPU proves what the card does not.
    pub cpu_fallback: bool,
    /// How long a command may take on the card; what suits the kind of card if there is none.
    pub card_timeout: Option<Duration>,
}

/// No engine has this name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no engine is called {0:?}: there are cpu and card:ADDRESS, with {forms} for ADDRESS", forms = Address::FORMS)]
pub struct UnknownEngine(String);

impl FromStr for EngineChoice {
    type Err = UnknownEngine;

    fn from_str(name: &str) -> Result<Self, UnknownEngine> {
        let choice = match name.split_once(':') {
            None if name == CPU => Some(Self::Cpu),
            Some((CARD, address)) => address.parse().ok().map(Self::Card),
            _ => None,
        };
        choice.ok_or_else(|| UnknownEngine(name.into()))
    }
}

impl fmt::Display for EngineChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cpu => f.write_str(CPU),
            Self::Card(address) => write!(f, "{CARD}:{address}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn engines_print_as_they_are_written_and_others_are_refused() {
        for name in ["cpu", "card:model", "card:rtl", "card:sim:/run/card.sock", "card:vfio:0000:65:00.0"] {
            assert_eq!(name.parse::<EngineChoice>().unwrap().to_string(), name);
        }
        for name in ["", "CPU", "cpu:", "card", "card:", "model", "card:cpu", "card:vfio:65:00.0"] {
            assert_eq!(name.parse::<EngineChoice>(), Err(UnknownEngine(name.into())));
        }
    }
}
