//! Room on a disk, looked at before the work whose result needs it.

use super::{FileError, folder};
use crate::measure::MIB;
use rustix::fs::statvfs;
use std::path::Path;

/// Bytes that this process may still write where `path` is or would be; `None` where the system does not say.
pub fn free_space(path: &Path) -> Option<u64> {
    let existing = folder(path).ancestors().find(|folder| folder.exists()).unwrap_or(Path::new("."));
    let system = statvfs(existing).ok()?;
    Some(system.f_bavail.saturating_mul(system.f_frsize))
}

/// Refuses work whose result, of so many bytes, would find no room at `path`.
///
/// # Errors
/// [`FileError::NoSpace`].
pub fn check_space(path: &Path, bytes: u64) -> Result<(), FileError> {
    match free_space(path) {
        Some(free) if free < bytes => {
            let (needed, available) = (bytes.div_ceil(MIB), free / MIB);
            Err(FileError::NoSpace { path: path.to_owned(), needed, available })
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn room_is_asked_of_the_disk_even_before_the_folder_is_there() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("not/there/yet");
        let free = free_space(&path).unwrap();
        check_space(&path, free / 2).unwrap();
        assert!(matches!(check_space(&path, u64::MAX), Err(FileError::NoSpace { .. })));
    }
}
