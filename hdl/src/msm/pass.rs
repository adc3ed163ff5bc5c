//! A pass: what the engine does at a time, as the word that orders it.

use super::config::MsmConfig;

/// One pass over some bases: for each of `vectors` scalars a base, its digits of `windows` windows from `first_window` on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pass {
    /// Bases that stream in; each is followed by one scalar a vector.
    pub points: u32,
    /// Scalars a base, 1 or more.
    pub vectors: u8,
    /// The lowest window.
    pub first_window: u8,
    /// How many windows, 1 or more.
    pub windows: u8,
}

impl Pass {
    /// The pass as the engine's word.
    pub fn word(&self) -> u64 {
        u64::from(self.points)
            | u64::from(self.vectors) << 32
            | u64::from(self.first_window) << 40
            | u64::from(self.windows) << 48
    }

    /// Groups: window `w` of vector `v` is group `v * windows + w - first_window`.
    pub fn groups(&self) -> usize {
        usize::from(self.vectors) * usize::from(self.windows)
    }

    /// Whether an engine can do this pass. The engine itself relies on it.
    pub fn fits(&self, config: &MsmConfig) -> bool {
        (1..=config.groups).contains(&self.groups())
            && usize::from(self.first_window) + usize::from(self.windows) <= config.windows()
    }
}
