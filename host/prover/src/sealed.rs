//! Files that are whole or absent: the container of setups, keys and checkpoints.
//!
//! A sealed file is a header and a run of sections. The header names the kind and version of the content and holds the
//! length and SHA-256 of every section, then its own SHA-256. A reader checks the header once and each section as it
//! reads it, so sections can be read in parallel and only those wanted; nothing is decoded before its hash agrees.
//! A file appears whole or not at all (see [`files`]).
//!
//! The hashes guard against damage and mix-ups, not against someone who may write to the directory.
//!
//! ```text
//! "PENSTOCK"  kind [4]  version u32  sections u64  (length u64, sha256 [32]) x sections  sha256 [32]  section bytes ...
//! ```
//! Integers are little-endian.

use crate::files::{self, Destination, FileError, Place};
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::{self, Seek, SeekFrom, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

const MAGIC: &[u8; 8] = b"PENSTOCK";
const PREFIX: usize = 24;
const ENTRY: usize = 40;
const HASH: usize = 32;

/// What a sealed file contains, and in which version of that content's layout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kind {
    /// Four letters that tell setups from keys.
    pub tag: [u8; 4],
    /// Raised whenever the sections' meaning changes.
    pub version: u32,
}

/// Why a sealed file could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum SealedError {
    /// The file system refused.
    #[error(transparent)]
    File(#[from] FileError),
    /// Not a sealed file, or one of another kind or version.
    #[error("{} is not {expected}: it is {found}", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
        /// Kind and version wanted.
        expected: String,
        /// Kind and version found.
        found: String,
    },
    /// Truncated, overlong, or a hash does not agree.
    #[error("{} is damaged: {what}; delete it and make it again", path.display())]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// Which check failed.
        what: String,
    },
}

impl SealedError {
    /// Wraps a system error met while doing `action` to `path`.
    pub fn io(action: &'static str, path: &Path, source: io::Error) -> Self {
        Self::File(FileError::new(action, path, source))
    }

    /// A section whose bytes are as written, yet do not decode.
    pub fn corrupt(path: &Path, what: impl Into<String>) -> Self {
        Self::Corrupt { path: path.to_owned(), what: what.into() }
    }

    /// Whether there is simply no such file.
    pub fn is_not_found(&self) -> bool {
        matches!(self, Self::File(error) if error.is_not_found())
    }
}

/// Writes `sections` to `path`, over whatever is there. Missing folders are created.
///
/// Sections are taken one at a time, so only one need be in memory.
///
/// # Errors
/// [`SealedError::File`].
pub fn write(path: &Path, kind: Kind, sections: impl ExactSizeIterator<Item = Vec<u8>>) -> Result<(), SealedError> {
    Ok(files::write(path, Place::OWN, |file| fill(file, kind, sections))?)
}

/// Writes `sections` where a user wants them.
///
/// # Errors
/// [`SealedError::File`].
pub fn write_to(
    destination: &Destination,
    kind: Kind,
    sections: impl ExactSizeIterator<Item = Vec<u8>>,
) -> Result<(), SealedError> {
    Ok(destination.write(|file| fill(file, kind, sections))?)
}

fn fill(file: &mut File, kind: Kind, sections: impl ExactSizeIterator<Item = Vec<u8>>) -> io::Result<()> {
    let count = sections.len();
    let mut header = Vec::with_capacity(header_length(count));
    header.extend_from_slice(MAGIC);
    header.extend_from_slice(&kind.tag);
    header.extend_from_slice(&kind.version.to_le_bytes());
    header.extend_from_slice(&(count as u64).to_le_bytes());
    file.seek(SeekFrom::Start(header_length(count) as u64))?;
    for section in sections {
        header.extend_from_slice(&(section.len() as u64).to_le_bytes());
        header.extend_from_slice(&Sha256::digest(&section));
        file.write_all(&section)?;
    }
    header.extend_from_slice(&Sha256::digest(&header));
    file.rewind()?;
    file.write_all(&header)
}

fn header_length(sections: usize) -> usize {
    PREFIX + ENTRY * sections + HASH
}

struct Section {
    offset: u64,
    length: u64,
    hash: [u8; HASH],
}

/// A sealed file whose header agreed.
pub struct Sealed {
    file: File,
    path: PathBuf,
    sections: Vec<Section>,
}

impl Sealed {
    /// Opens `path`, which must be of exactly this `kind`, and checks its header and total length.
    pub fn open(path: &Path, kind: Kind) -> Result<Self, SealedError> {
        let io = |error| SealedError::io("read", path, error);
        let corrupt = |what: &str| SealedError::corrupt(path, what);
        let file = File::open(path).map_err(io)?;
        let file_length = file.metadata().map_err(io)?.len();
        let mut prefix = [0; PREFIX];
        if file_length < PREFIX as u64 {
            return Err(corrupt("it ends within its header"));
        }
        file.read_exact_at(&mut prefix, 0).map_err(io)?;
        let found = (prefix.starts_with(MAGIC))
            .then(|| Kind { tag: array(&prefix[8..12]), version: u32::from_le_bytes(array(&prefix[12..16])) });
        if found != Some(kind) {
            return Err(SealedError::Foreign {
                path: path.to_owned(),
                expected: describe(Some(kind)),
                found: describe(found),
            });
        }
        let count = u64::from_le_bytes(array(&prefix[16..24]));
        if count > file_length / ENTRY as u64 {
            return Err(corrupt("it ends within its header"));
        }
        let mut header = vec![0; header_length(count as usize)];
        file.read_exact_at(&mut header, 0).map_err(|_| corrupt("it ends within its header"))?;
        let (body, hash) = header.split_at(header.len() - HASH);
        if Sha256::digest(body)[..] != *hash {
            return Err(corrupt("the header's hash does not agree"));
        }
        let mut offset = header.len() as u64;
        let mut sections = Vec::with_capacity(count as usize);
        for entry in body[PREFIX..].chunks_exact(ENTRY) {
            let length = u64::from_le_bytes(array(&entry[..8]));
            sections.push(Section { offset, length, hash: array(&entry[8..]) });
            offset = offset.saturating_add(length);
        }
        if offset != file_length {
            return Err(corrupt(&format!("it has {file_length} bytes where its header says {offset}")));
        }
        Ok(Self { file, path: path.to_owned(), sections })
    }

    /// How many sections the file has.
    pub fn sections(&self) -> usize {
        self.sections.len()
    }

    /// The bytes of section `index`, whose hash agreed.
    pub fn section(&self, index: usize) -> Result<Vec<u8>, SealedError> {
        let section = self.sections.get(index).ok_or_else(|| self.corrupt(format!("it has no section {index}")))?;
        let mut bytes = vec![0; section.length as usize];
        self.file
            .read_exact_at(&mut bytes, section.offset)
            .map_err(|error| SealedError::io("read", &self.path, error))?;
        if Sha256::digest(&bytes)[..] != section.hash {
            return Err(self.corrupt(format!("the hash of section {index} does not agree")));
        }
        Ok(bytes)
    }

    /// An error that says what is wrong with this file.
    pub fn corrupt(&self, what: impl Into<String>) -> SealedError {
        SealedError::corrupt(&self.path, what)
    }
}

fn describe(kind: Option<Kind>) -> String {
    match kind {
        Some(kind) => {
            format!("a Penstock file of kind {:?}, version {}", kind.tag.escape_ascii().to_string(), kind.version)
        }
        None => "no Penstock file".into(),
    }
}

/// `slice` as an array; callers cut slices of that length.
fn array<const N: usize>(slice: &[u8]) -> [u8; N] {
    let mut array = [0; N];
    array.copy_from_slice(slice);
    array
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    const KIND: Kind = Kind { tag: *b"TEST", version: 3 };

    fn sample(directory: &Path) -> (PathBuf, Vec<Vec<u8>>) {
        let path = directory.join("nested").join("sample");
        let sections = vec![b"first".to_vec(), vec![], vec![7; 300]];
        write(&path, KIND, sections.clone().into_iter()).unwrap();
        (path, sections)
    }

    /// Some file systems flush a file that is overwritten in place, which takes a while a few hundred times.
    fn replace(path: &Path, bytes: &[u8]) {
        fs::remove_file(path).unwrap();
        fs::write(path, bytes).unwrap();
    }

    fn read_all(path: &Path) -> Result<Vec<Vec<u8>>, SealedError> {
        let sealed = Sealed::open(path, KIND)?;
        (0..sealed.sections()).map(|index| sealed.section(index)).collect()
    }

    #[test]
    fn sections_come_back_as_written_and_no_temporary_file_stays() {
        let directory = tempfile::tempdir().unwrap();
        let (path, sections) = sample(directory.path());
        assert_eq!(read_all(&path).unwrap(), sections);
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
        assert!(Sealed::open(&path, KIND).unwrap().section(3).is_err());
    }

    #[test]
    fn every_flipped_byte_is_noticed() {
        let directory = tempfile::tempdir().unwrap();
        let (path, _) = sample(directory.path());
        let good = fs::read(&path).unwrap();
        for index in 0..good.len() {
            let mut bad = good.clone();
            bad[index] ^= 0x10;
            replace(&path, &bad);
            assert!(read_all(&path).is_err(), "byte {index}");
        }
    }

    #[test]
    fn every_truncation_and_an_extra_byte_are_noticed() {
        let directory = tempfile::tempdir().unwrap();
        let (path, _) = sample(directory.path());
        let good = fs::read(&path).unwrap();
        for length in 0..good.len() {
            replace(&path, &good[..length]);
            assert!(read_all(&path).is_err(), "length {length}");
        }
        fs::write(&path, [good.as_slice(), &[0]].concat()).unwrap();
        assert!(matches!(read_all(&path), Err(SealedError::Corrupt { .. })));
    }

    #[test]
    fn another_kind_or_version_is_named() {
        let directory = tempfile::tempdir().unwrap();
        let (path, _) = sample(directory.path());
        let error = Sealed::open(&path, Kind { version: 4, ..KIND }).err().unwrap();
        assert!(error.to_string().contains("version 3"), "{error}");
        fs::write(&path, vec![b'x'; 200]).unwrap();
        let error = Sealed::open(&path, KIND).err().unwrap();
        assert!(error.to_string().contains("no Penstock file"), "{error}");
    }

    #[test]
    fn a_full_disk_is_told_apart() {
        let mut full = File::options().write(true).open("/dev/full").unwrap();
        let error = fill(&mut full, KIND, [vec![0; 10]].into_iter()).unwrap_err();
        assert!(matches!(FileError::new("write", Path::new("x"), error), FileError::DiskFull { .. }));
    }
}
