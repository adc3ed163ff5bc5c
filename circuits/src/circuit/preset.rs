//! Capacity presets: how much of everything a batch can hold. One verifying key each, whatever the mix of operations.

use std::fmt;
use std::str::FromStr;

use crate::operation::Kind;

/// How many of everything a batch circuit holds. A block is full when one of these is used up.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Capacities {
    /// Rows are 2^k.
    pub k: u32,
    /// Chains, ids 1 to this.
    pub chains: u8,
    /// Slots by kind of operation.
    pub slots: Vec<(Kind, usize)>,
    /// Fee credits: distinct (account, token) pairs that earn fees.
    pub credits: usize,
    /// Signatures.
    pub signatures: usize,
    /// Pairs of Poseidon permutations on the tape: one a level of a Merkle path, one for two free hashes.
    pub pairs: usize,
}

/// A named set of capacities.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Preset {
    /// For tests and demonstrations.
    Tiny,
    /// Small blocks.
    Small,
    /// The everyday size.
    Medium,
    /// The largest.
    Large,
}

impl Preset {
    /// All presets, smallest first.
    pub const ALL: [Self; 4] = [Self::Tiny, Self::Small, Self::Medium, Self::Large];

    /// The one that holds most of everything.
    pub const LARGEST: Self = Self::Large;

    /// What a batch of this preset holds.
    pub fn capacities(self) -> Capacities {
        // Slots in the order of `Kind::ALL`: noop, deposit, transfer to new, withdraw, transfer, full exit, key change,
        // forced exit, order matching.
        let (k, chains, slots, credits, signatures, pairs) = match self {
            Self::Tiny => (14, 8, [1, 3, 1, 1, 2, 1, 1, 1, 1], 4, 8, 1_406),
            Self::Small => (16, 8, [4, 8, 6, 8, 49, 4, 4, 2, 6], 8, 53, 5_044),
            Self::Medium => (17, 16, [8, 16, 12, 16, 102, 8, 8, 4, 10], 12, 104, 10_150),
            Self::Large => (19, 31, [16, 64, 48, 64, 404, 24, 32, 8, 64], 48, 414, 40_250),
        };
        let slots = Kind::ALL.into_iter().zip(slots).collect();
        Capacities { k, chains, slots, credits, signatures, pairs }
    }

    /// The name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Tiny => "tiny",
            Self::Small => "small",
            Self::Medium => "medium",
            Self::Large => "large",
        }
    }
}

/// No preset has this name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no preset is called {0:?}: there are tiny, small, medium and large")]
pub struct UnknownPreset(String);

impl FromStr for Preset {
    type Err = UnknownPreset;

    fn from_str(name: &str) -> Result<Self, UnknownPreset> {
        Self::ALL.into_iter().find(|preset| preset.name() == name).ok_or_else(|| UnknownPreset(name.to_owned()))
    }
}

impl fmt::Display for Preset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
