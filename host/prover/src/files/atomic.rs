//! Writing a file so that it appears whole, flushed to the disk, or not at all.

use super::{FileError, folder};
use rustix::fs::{AtFlags, CWD, Mode, OFlags, linkat, open};
use std::fs::{self, File, Permissions};
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use tempfile::NamedTempFile;

/// How a file takes its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Whether it may take the place of a file that is there.
    pub replace: bool,
    /// Its permissions, before the process's mask.
    pub mode: u32,
}

impl Place {
    /// Over whatever is there, readable by everybody: for files of this program's own folders.
    pub const OWN: Self = Self { replace: true, mode: 0o644 };
}

/// Has `fill` write a file that then appears at `path`, whole and durable, or not at all. Missing folders are created.
///
/// # Errors
/// [`FileError::Io`] with `AlreadyExists` if there is a file at `path` that must not be replaced; whatever the system refuses.
pub fn write(path: &Path, place: Place, fill: impl FnOnce(&mut File) -> io::Result<()>) -> Result<(), FileError> {
    let folder = folder(path);
    fs::create_dir_all(folder).map_err(|error| FileError::new("create", folder, error))?;
    let failed = |error| FileError::new("create a file in", folder, error);
    let mut draft = Draft::new(folder, place.mode).map_err(failed)?;
    let file = draft.file();
    fill(file).and_then(|()| file.sync_all()).map_err(|error| FileError::new("write", path, error))?;
    draft.publish(path, folder, place.replace).map_err(|error| FileError::new("put into place", path, error))?;
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(|error| FileError::new("flush", folder, error))
}

/// A file that is not in its place yet.
enum Draft {
    /// Has no name: it is gone with the process.
    Unnamed(File),
    /// Where the file system knows no unnamed files.
    Named(NamedTempFile),
}

impl Draft {
    fn new(folder: &Path, mode: u32) -> io::Result<Self> {
        let flags = OFlags::TMPFILE | OFlags::RDWR | OFlags::CLOEXEC;
        match open(folder, flags, Mode::from_raw_mode(mode)) {
            Ok(file) => Ok(Self::Unnamed(file.into())),
            // What file systems without unnamed files answer, and kernels that take the flag for a folder's.
            Err(rustix::io::Errno::OPNOTSUPP | rustix::io::Errno::ISDIR | rustix::io::Errno::INVAL) => {
                Self::named(folder, mode)
            }
            Err(error) => Err(error.into()),
        }
    }

    fn named(folder: &Path, mode: u32) -> io::Result<Self> {
        let builder = |permissions| builder().permissions(permissions).tempfile_in(folder);
        builder(Permissions::from_mode(mode)).map(Self::Named)
    }

    fn file(&mut self) -> &mut File {
        match self {
            Self::Unnamed(file) => file,
            Self::Named(file) => file.as_file_mut(),
        }
    }

    /// Gives the file its name.
    fn publish(self, path: &Path, folder: &Path, replace: bool) -> io::Result<()> {
        match self {
            Self::Unnamed(file) => match link(&file, path) {
                // A link never replaces; a rename does, and needs a name first.
                Err(error) if replace && error.kind() == io::ErrorKind::AlreadyExists => {
                    let named = builder().make_in(folder, |name| link(&file, name))?;
                    named.persist(path).map(drop).map_err(|error| error.error)
                }
                linked => linked,
            },
            Self::Named(file) if replace => file.persist(path).map(drop).map_err(|error| error.error),
            Self::Named(file) => file.persist_noclobber(path).map(drop).map_err(|error| error.error),
        }
    }
}

/// The prefix does not hold the target's name, which may be as long as a name can be.
fn builder() -> tempfile::Builder<'static, 'static> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".penstock-");
    builder
}

fn link(file: &File, path: &Path) -> io::Result<()> {
    let descriptor = format!("/proc/self/fd/{}", file.as_raw_fd());
    Ok(linkat(CWD, descriptor, CWD, path, AtFlags::SYMLINK_FOLLOW)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    const NEW: Place = Place { replace: false, mode: 0o600 };

    fn put(path: &Path, place: Place, text: &str) -> Result<(), FileError> {
        write(path, place, |file| file.write_all(text.as_bytes()))
    }

    fn names(folder: &Path) -> Vec<String> {
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }

    #[test]
    fn a_file_appears_with_its_permissions_and_nothing_else_does() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("nested/key");
        put(&path, NEW, "secret").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "secret");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(names(path.parent().unwrap()), ["key"]);
    }

    #[test]
    fn only_who_may_replace_does() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        put(&path, NEW, "first").unwrap();
        let error = put(&path, NEW, "second").unwrap_err();
        assert!(
            matches!(&error, FileError::Io { source, .. } if source.kind() == io::ErrorKind::AlreadyExists),
            "{error}"
        );
        assert_eq!(fs::read_to_string(&path).unwrap(), "first");
        put(&path, Place::OWN, "third").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "third");
        assert_eq!(names(folder.path()), ["file"]);
    }

    #[test]
    fn what_fails_midway_leaves_what_was_there() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        put(&path, NEW, "whole").unwrap();
        let failed = write(&path, Place::OWN, |file| {
            file.write_all(b"half")?;
            Err(io::Error::from(io::ErrorKind::StorageFull))
        });
        assert!(matches!(failed, Err(FileError::DiskFull { .. })));
        assert_eq!((fs::read_to_string(&path).unwrap().as_str(), names(folder.path())), ("whole", vec!["file".into()]));
    }

    #[test]
    fn names_as_long_as_a_name_can_be_and_names_that_are_no_text_are_taken() {
        use std::os::unix::ffi::OsStrExt;
        let folder = tempfile::tempdir().unwrap();
        for name in [[b'x'; 255].as_slice(), b"\xff\xfe"] {
            let path = folder.path().join(std::ffi::OsStr::from_bytes(name));
            put(&path, NEW, "1").unwrap();
            put(&path, Place::OWN, "2").unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), "2");
        }
    }

    #[test]
    fn a_file_system_without_unnamed_files_is_served_by_named_ones() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        for (replace, expected) in [(false, Ok(())), (false, Err(io::ErrorKind::AlreadyExists)), (true, Ok(()))] {
            let mut draft = Draft::named(folder.path(), 0o644).unwrap();
            draft.file().write_all(b"text").unwrap();
            let published = draft.publish(&path, folder.path(), replace);
            assert_eq!(published.map_err(|error| error.kind()), expected);
            assert_eq!(names(folder.path()), ["file"]);
        }
    }
}
