//! A file that nobody vouches for: its length is known before anything is read, and whatever is missing is an error.

use super::ImportError;
use crate::setup::ceremony::Blake2b512;
use std::fs::{self, File, Metadata};
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::Path;

/// Bytes hashed at a time.
pub(super) const BLOCK: usize = 1 << 20;

/// An open regular file.
#[derive(Debug)]
pub(super) struct SourceFile {
    file: File,
    length: u64,
    written: (i64, i64),
}

impl SourceFile {
    pub(super) fn open(path: &Path) -> Result<Self, ImportError> {
        // Asked before the file is opened: opening a pipe would wait for its writer.
        if !fs::metadata(path)?.is_file() {
            return Err(ImportError::NoFile);
        }
        let file = File::open(path)?;
        let metadata = file.metadata()?;
        Ok(Self { file, length: metadata.len(), written: written(&metadata) })
    }

    /// The file's length in bytes.
    pub(super) fn length(&self) -> u64 {
        self.length
    }

    /// Fills `bytes` from `offset` on; a file that ends before is truncated within `what`.
    pub(super) fn fill(&self, bytes: &mut [u8], offset: u64, what: &str) -> Result<(), ImportError> {
        self.file.read_exact_at(bytes, offset).map_err(|error| match error.kind() {
            io::ErrorKind::UnexpectedEof => ImportError::Truncated(what.into()),
            _ => error.into(),
        })
    }

    pub(super) fn bytes<const N: usize>(&self, offset: u64, what: &str) -> Result<[u8; N], ImportError> {
        let mut bytes = [0; N];
        self.fill(&mut bytes, offset, what)?;
        Ok(bytes)
    }

    /// A little-endian integer.
    pub(super) fn u32(&self, offset: u64, what: &str) -> Result<u32, ImportError> {
        Ok(u32::from_le_bytes(self.bytes(offset, what)?))
    }

    /// The digest of the whole file; `done` is told after each mebibyte.
    pub(super) fn blake2b(&self, done: impl Fn()) -> Result<Blake2b512, ImportError> {
        let mut state = blake2b_simd::State::new();
        let mut buffer = vec![0; BLOCK];
        let mut at = 0;
        while at < self.length {
            let step = (self.length - at).min(BLOCK as u64) as usize;
            self.fill(&mut buffer[..step], at, "what it had when it was opened")?;
            state.update(&buffer[..step]);
            at += step as u64;
            done();
        }
        Ok(Blake2b512(*state.finalize().as_array()))
    }

    /// How often [`Self::blake2b`] calls `done`.
    pub(super) fn blocks(&self) -> u64 {
        self.length.div_ceil(BLOCK as u64)
    }

    /// Refuses a file that was written to since it was opened.
    pub(super) fn check_unchanged(&self) -> Result<(), ImportError> {
        let metadata = self.file.metadata()?;
        if (metadata.len(), written(&metadata)) == (self.length, self.written) {
            Ok(())
        } else {
            Err(ImportError::Changed)
        }
    }
}

/// When the file was last written to: seconds and nanoseconds.
fn written(metadata: &Metadata) -> (i64, i64) {
    (metadata.mtime(), metadata.mtime_nsec())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;
    use std::process::Command;

    #[test]
    fn the_digest_is_that_of_all_bytes_whatever_the_length() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        // The second is the example in the standard that defines the function (RFC 7693, appendix A).
        let abc = "ba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d1\
                   7d87c5392aab792dc252d5de4533cc9518d38aa8dbf1925ab92386edd4009923";
        let empty = "786a02f742015903c6c6fd852552d272912f4740e15847618a86e217f71f5419\
                     d25e1031afee585313896444934eb04b903a685b1448b755d56f701afe9be2ce";
        for (content, expected) in [("", empty), ("abc", abc)] {
            fs::write(&path, content).unwrap();
            assert_eq!(SourceFile::open(&path).unwrap().blake2b(|| ()).unwrap().to_string(), expected);
        }
        let long: Vec<u8> = (0..BLOCK * 2 + 5).map(|index| index as u8).collect();
        fs::write(&path, &long).unwrap();
        let file = SourceFile::open(&path).unwrap();
        let blocks = std::cell::Cell::new(0);
        let digest = file.blake2b(|| blocks.set(blocks.get() + 1)).unwrap();
        assert_eq!(digest.0, *blake2b_simd::blake2b(&long).as_array());
        assert_eq!((blocks.get(), file.blocks()), (3, 3));
    }

    #[test]
    fn a_file_that_grows_or_shrinks_meanwhile_is_noticed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        fs::write(&path, "content").unwrap();
        let file = SourceFile::open(&path).unwrap();
        file.check_unchanged().unwrap();
        File::options().append(true).open(&path).unwrap().write_all(b"more").unwrap();
        assert!(matches!(file.check_unchanged(), Err(ImportError::Changed)));
        let file = SourceFile::open(&path).unwrap();
        File::options().write(true).open(&path).unwrap().set_len(3).unwrap();
        assert!(matches!(file.check_unchanged(), Err(ImportError::Changed)));
        assert!(matches!(file.blake2b(|| ()), Err(ImportError::Truncated(_))));
    }

    #[test]
    fn what_is_no_regular_file_is_refused_without_waiting_for_it() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe");
        assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        for path in [folder.path(), &pipe, Path::new("/dev/null")] {
            assert!(matches!(SourceFile::open(path), Err(ImportError::NoFile)), "{}", path.display());
        }
        assert!(matches!(SourceFile::open(&folder.path().join("missing")), Err(ImportError::Io(_))));
    }
}
