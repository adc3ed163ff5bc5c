//! Locks between processes: one makes a setup or keys, the others wait and say for whom.
//!
//! The lock is the kernel's (`flock`), so it ends with its process. The lock's file stays and names the last holder.

use super::{FileError, folder};
use std::fs::{self, File, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use tracing::warn;

/// How often a waiting process looks again.
const INTERVAL: Duration = Duration::from_millis(50);
/// When it says for whom it waits: not at once, most waits are short.
const FIRST_NOTICE: Duration = Duration::from_secs(1);
/// When it says so again.
const NEXT_NOTICE: Duration = Duration::from_secs(30);
/// What of a holder's words is shown.
const HOLDER_BYTES: u64 = 200;

/// A lock that is held until this is dropped.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

/// Keeps other processes that call this from making `path`, for as long as the result lives. Waits while another holds the
/// lock, without limit if there is no `timeout`, and says after a second who that is. The lock's file is `path` with `.lock`
/// added.
///
/// # Errors
/// [`FileError::Locked`] once the time is over; a lock's file that cannot be made.
pub fn lock(path: &Path, timeout: Option<Duration>) -> Result<Lock, FileError> {
    let folder = folder(path);
    fs::create_dir_all(folder).map_err(|error| FileError::new("create", folder, error))?;
    let lock = lock_path(path);
    let failed = |action, error| FileError::new(action, &lock, error);
    let mut file = File::options()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(&lock)
        .map_err(|error| failed("create", error))?;
    let start = Instant::now();
    let mut notice = FIRST_NOTICE;
    loop {
        match file.try_lock() {
            Ok(()) => break,
            Err(TryLockError::Error(error)) => return Err(failed("lock", error)),
            Err(TryLockError::WouldBlock) => {}
        }
        let waited = start.elapsed();
        if timeout.is_some_and(|timeout| waited >= timeout) {
            return Err(FileError::Locked { holder: holder(&mut file), path: lock, waited });
        }
        if waited >= notice {
            notice = waited + NEXT_NOTICE;
            warn!("waiting for {}, which holds {}", holder(&mut file), lock.display());
        }
        std::thread::sleep(INTERVAL);
    }
    sign(&mut file).map_err(|error| failed("write", error))?;
    Ok(Lock { _file: file })
}

fn lock_path(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".lock");
    path.with_file_name(name)
}

/// Writes into a lock's file whose it is.
fn sign(file: &mut File) -> io::Result<()> {
    let program = std::env::args_os().map(|word| word.to_string_lossy().into_owned()).collect::<Vec<_>>().join(" ");
    file.set_len(0)?;
    file.rewind()?;
    write!(file, "process {} ({})", std::process::id(), program.escape_debug())
}

/// Whose a lock's file says it is.
fn holder(file: &mut File) -> String {
    let mut bytes = Vec::new();
    let read = file.rewind().and_then(|()| file.take(HOLDER_BYTES).read_to_end(&mut bytes));
    match read {
        Ok(0) | Err(_) => "another process".into(),
        Ok(_) => String::from_utf8_lossy(&bytes).into_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_waits_too_long_hears_who_has_the_lock() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        let held = lock(&path, None).unwrap();
        let error = lock(&path, Some(Duration::from_millis(10))).unwrap_err();
        assert!(matches!(error, FileError::Locked { .. }));
        assert!(error.to_string().contains(&format!("process {}", std::process::id())), "{error}");
        drop(held);
        lock(&path, Some(Duration::ZERO)).unwrap();
    }

    #[test]
    fn a_lock_leaves_every_other_file_alone() {
        let folder = tempfile::tempdir().unwrap();
        for name in [".env.local", ".env.Xy12", "env", "env.lock"] {
            fs::write(folder.path().join(name), name).unwrap();
        }
        drop(lock(&folder.path().join("env"), None).unwrap());
        for name in [".env.local", ".env.Xy12", "env"] {
            assert_eq!(fs::read_to_string(folder.path().join(name)).unwrap(), name);
        }
    }
}
