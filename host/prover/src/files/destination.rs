//! Where a user wants a result: looked at before the work, written after it.
//!
//! What is there already is kept, unless it is of the same format and origin as what is to be written (the caller knows), or
//! the user insists. Only regular files are ever replaced: no folder, no device, no pipe. A symbolic link is followed, so
//! that the file it points to is written and the link stays.

use super::{FileError, Place, check_space, folder, write};
use std::fs::{self, File, Metadata};
use std::io;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};

/// Links that are followed, as many as Linux does.
const MAX_LINKS: usize = 40;

/// A place for a result that was found free, or occupied by what may be replaced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Destination {
    /// As the user named it.
    named: PathBuf,
    /// The same with links followed.
    target: PathBuf,
    place: Place,
}

/// Why a result does not go where it was to go.
#[derive(Debug, thiserror::Error)]
pub enum DestinationError {
    /// `-`, for what is no text.
    #[error("the result does not go to standard output: name a file with --out (./- if it is to have that name)")]
    StandardOutput,
    /// Something that is no file.
    #[error("{} is {what}: results go to regular files only; choose another --out", path.display())]
    NotRegular {
        /// The place.
        path: PathBuf,
        /// What it is.
        what: &'static str,
    },
    /// What is read is what would be written.
    #[error("{} is what is read: choose another --out", path.display())]
    IsInput {
        /// The file.
        path: PathBuf,
    },
    /// There is something that is kept.
    #[error("{} {what}: it is not overwritten; choose another --out, or insist with --force", path.display())]
    Taken {
        /// The file.
        path: PathBuf,
        /// What it is.
        what: String,
    },
    /// The system refuses.
    #[error(transparent)]
    File(#[from] FileError),
}

impl Destination {
    /// A place that nothing is at, or a regular file that may be replaced: with `force` any, otherwise those that `keep`
    /// finds no reason to keep (it says what the file is). A file of `bytes` must have room there.
    ///
    /// # Errors
    /// [`DestinationError`]; also a folder that no file can be made in.
    pub fn check(
        path: &Path,
        force: bool,
        bytes: u64,
        keep: impl FnOnce(&Path) -> Option<String>,
    ) -> Result<Self, DestinationError> {
        if path == Path::new("-") {
            return Err(DestinationError::StandardOutput);
        }
        let target = followed(path)?;
        let found = metadata(&target)?;
        if let Some(what) = found.as_ref().and_then(irregular) {
            return Err(DestinationError::NotRegular { path: path.into(), what });
        }
        if path.as_os_str().as_encoded_bytes().ends_with(b"/") {
            return Err(DestinationError::NotRegular { path: path.into(), what: "named like a folder" });
        }
        if found.is_some()
            && !force
            && let Some(what) = keep(&target)
        {
            return Err(DestinationError::Taken { path: path.into(), what });
        }
        let folder = folder(&target);
        fs::create_dir_all(folder).map_err(|error| FileError::new("create", folder, error))?;
        tempfile::tempfile_in(folder).map_err(|error| FileError::new("create a file in", folder, error))?;
        check_space(&target, bytes)?;
        let place = Place { replace: found.is_some(), ..Place::OWN };
        Ok(Self { named: path.into(), target, place })
    }

    /// The same place for what only its owner may read.
    pub fn private(mut self) -> Self {
        self.place.mode = 0o600;
        self
    }

    /// Refuses a place that is `input` itself, whatever the two are called.
    ///
    /// # Errors
    /// [`DestinationError::IsInput`].
    pub fn apart_from(self, input: &Path) -> Result<Self, DestinationError> {
        let identity = |path: &Path| fs::metadata(path).ok().map(|found| (found.dev(), found.ino()));
        match identity(&self.target) {
            Some(found) if Some(found) == identity(input) => Err(DestinationError::IsInput { path: self.named }),
            _ => Ok(self),
        }
    }

    /// The place, as the user named it.
    pub fn path(&self) -> &Path {
        &self.named
    }

    /// Whether there was a file to be replaced.
    pub fn replaces(&self) -> bool {
        self.place.replace
    }

    /// Writes the result, whole or not at all. What has come to the place in the meantime is kept.
    ///
    /// # Errors
    /// [`FileError`].
    pub fn write(&self, fill: impl FnOnce(&mut File) -> io::Result<()>) -> Result<(), FileError> {
        write(&self.target, self.place, fill)
    }
}

/// The path with the links at its end followed, whether or not there is something at the last.
fn followed(path: &Path) -> Result<PathBuf, FileError> {
    let mut target = path.to_owned();
    for _ in 0..MAX_LINKS {
        match fs::read_link(&target) {
            Ok(next) => target = folder(&target).join(next),
            // No link, or nothing at all.
            Err(_) => return Ok(target),
        }
    }
    Err(FileError::new("follow", path, io::Error::other("too many symbolic links")))
}

fn metadata(path: &Path) -> Result<Option<Metadata>, FileError> {
    match fs::metadata(path) {
        Ok(found) => Ok(Some(found)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(FileError::new("look at", path, error)),
    }
}

fn irregular(found: &Metadata) -> Option<&'static str> {
    let kind = found.file_type();
    match () {
        () if kind.is_file() => None,
        () if kind.is_dir() => Some("a folder"),
        () if kind.is_fifo() => Some("a pipe"),
        () if kind.is_socket() => Some("a socket"),
        () => Some("a device"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;
    use std::os::unix::fs::symlink;

    fn check(path: &Path) -> Result<Destination, DestinationError> {
        Destination::check(path, false, 0, |path| {
            (fs::read_to_string(path).unwrap() != "ours").then(|| "is somebody's".into())
        })
    }

    fn write(destination: &Destination) -> Result<(), FileError> {
        destination.write(|file| file.write_all(b"new"))
    }

    #[test]
    fn a_free_place_is_taken_and_one_of_ours_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("nested/file");
        write(&check(&path).unwrap()).unwrap();
        assert!(matches!(check(&path), Err(DestinationError::Taken { .. })));
        write(&Destination::check(&path, true, 0, |_| Some("never asked".into())).unwrap()).unwrap();
        fs::write(&path, "ours").unwrap();
        write(&check(&path).unwrap()).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "new");
    }

    #[test]
    fn what_is_no_file_is_never_replaced_even_by_force() {
        let folder = tempfile::tempdir().unwrap();
        let socket = folder.path().join("socket");
        let _listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
        let trailing = folder.path().join("x/");
        for (path, what) in [
            (folder.path(), "a folder"),
            (Path::new("/dev/null"), "a device"),
            (&socket, "a socket"),
            (&trailing, "like a folder"),
        ] {
            let error = Destination::check(path, true, 0, |_| None).unwrap_err();
            assert!(
                matches!(error, DestinationError::NotRegular { .. }) && error.to_string().contains(what),
                "{error}"
            );
        }
        assert!(matches!(check(Path::new("-")), Err(DestinationError::StandardOutput)));
    }

    #[test]
    fn a_link_stays_and_its_target_is_written() {
        let folder = tempfile::tempdir().unwrap();
        let (link, target) = (folder.path().join("link"), folder.path().join("target"));
        symlink("target", &link).unwrap();
        write(&check(&link).unwrap()).unwrap();
        assert_eq!(fs::read_to_string(&target).unwrap(), "new");
        assert!(matches!(check(&link), Err(DestinationError::Taken { .. })));
        let device = folder.path().join("device");
        symlink("/dev/null", &device).unwrap();
        assert!(matches!(check(&device), Err(DestinationError::NotRegular { .. })));
        let turning = folder.path().join("loop");
        symlink("loop", &turning).unwrap();
        assert!(matches!(check(&turning), Err(DestinationError::File(_))));
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    }

    #[test]
    fn the_input_is_never_the_output_whatever_it_is_called() {
        let folder = tempfile::tempdir().unwrap();
        let (input, link) = (folder.path().join("input"), folder.path().join("same"));
        fs::write(&input, "ours").unwrap();
        fs::hard_link(&input, &link).unwrap();
        for path in [&input, &link] {
            let forced = Destination::check(path, true, 0, |_| None).unwrap();
            assert!(matches!(forced.apart_from(&input), Err(DestinationError::IsInput { .. })));
        }
        check(&folder.path().join("other")).unwrap().apart_from(&input).unwrap();
    }

    #[test]
    fn what_comes_to_the_place_during_the_work_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        let destination = check(&path).unwrap();
        fs::write(&path, "somebody was quicker").unwrap();
        assert!(write(&destination).is_err());
        assert_eq!(fs::read_to_string(&path).unwrap(), "somebody was quicker");
    }
}
