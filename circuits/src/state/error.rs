//! What can be wrong with a stored state.

use std::io;
use std::path::PathBuf;

use super::GenesisError;

/// A state that cannot be opened, read or written.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// The folder holds no state.
    #[error("{0} holds no state: initialise it from a genesis first")]
    Missing(PathBuf),
    /// The folder holds a state already.
    #[error("{0} already holds a state: choose another folder")]
    Exists(PathBuf),
    /// Written by another version.
    #[error("the state has format {found}, this program reads format {expected}: use the program that wrote it")]
    Version {
        /// In the database.
        found: u32,
        /// Of this program.
        expected: u32,
    },
    /// Another process has the state open to change it.
    #[error("{0} is open in another process, which proves a block on it: wait for that one, or stop it")]
    Locked(PathBuf),
    /// What was read is not what was written.
    #[error("the stored state is corrupt: {0}; restore it from a backup")]
    Corrupt(String),
    /// Changes for another state than the present one.
    #[error("the changes follow block {expected}, but the state is at block {found}: execute the block again")]
    Stale {
        /// The block they follow.
        expected: u64,
        /// The state's block.
        found: u64,
    },
    /// The genesis breaks a rule.
    #[error("the genesis is refused: {0}")]
    Genesis(#[from] GenesisError),
    /// The folder cannot be created.
    #[error("{path}: {source}")]
    Io {
        /// The folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The database failed.
    #[error("the state's database failed: {0}")]
    Database(Box<redb::Error>),
}

impl StateError {
    /// Whether there was no room on the disk.
    pub fn is_disk_full(&self) -> bool {
        let source = match self {
            Self::Io { source, .. } => source,
            Self::Database(error) => match error.as_ref() {
                redb::Error::Io(source) => source,
                _ => return false,
            },
            _ => return false,
        };
        matches!(source.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
    }
}

impl<E: Into<redb::Error>> From<E> for StateError {
    fn from(error: E) -> Self {
        Self::Database(Box::new(error.into()))
    }
}
