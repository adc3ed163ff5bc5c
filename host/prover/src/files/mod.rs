//! Files as this program writes them: whole or absent, and never over what somebody else left there.
//!
//! ```text
//! --out FILE ──Destination::check──> (the work) ──Destination::write──┐
//! setup, keys, cosets ──lock──> (made by one process) ────────────────┴──atomic──> unnamed file, flushed ──> its name
//! ```
//!
//! A file that is being written has no name, so a writer that is killed leaves nothing behind and nobody has to guess whose
//! a leftover is. Only where the file system cannot do that has it a name of its own beside the target.

mod atomic;
mod destination;
mod lock;
mod space;

pub use atomic::{Place, write};
pub use destination::{Destination, DestinationError};
pub use lock::{Lock, lock};
pub use space::{check_space, free_space};

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// What the system refused to do with a file.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// The file system refused.
    #[error("cannot {action} {}: {source}", path.display())]
    Io {
        /// What was attempted.
        action: &'static str,
        /// On which file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The disk became full.
    #[error("no space left on the disk while writing {}: free some, then run the command again", path.display())]
    DiskFull {
        /// The file that was being written.
        path: PathBuf,
    },
    /// The disk would become full.
    #[error("{} needs {needed} MiB and the disk has {available} MiB left: free some, then run the command again", path.display())]
    NoSpace {
        /// The file that would be written.
        path: PathBuf,
        /// MiB that it takes.
        needed: u64,
        /// MiB there are.
        available: u64,
    },
    /// Another process has the lock, and for longer than was asked for.
    #[error("{} is locked by {holder}, for which this process waited {:.1} s: wait for that one to end, or raise --lock-timeout", path.display(), waited.as_secs_f64())]
    Locked {
        /// The lock's file.
        path: PathBuf,
        /// Who says it has it.
        holder: String,
        /// How long it was waited for.
        waited: Duration,
    },
}

impl FileError {
    /// Wraps a system error met while doing `action` to `path`; a full disk gets its own variant.
    pub fn new(action: &'static str, path: &Path, source: io::Error) -> Self {
        match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::DiskFull { path: path.to_owned() },
            _ => Self::Io { action, path: path.to_owned(), source },
        }
    }

    /// Whether there is simply no such file.
    pub fn is_not_found(&self) -> bool {
        matches!(self, Self::Io { source, .. } if source.kind() == io::ErrorKind::NotFound)
    }
}

/// The folder that a file is in.
fn folder(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}
