//! The data directory: where setups, keys and demonstration proofs are kept between runs.
//!
//! Everything in it can be deleted; it is made again when needed. A development setup made again is another one,
//! though: proofs made under the old one no longer verify here.
//!
//! ```text
//! setups/insecure-k14.srs          development setups, generated on first use
//! setups/1f2e3d4c5b6a7988-k14.srs  larger imported setups cut to a size, by the larger one's digest
//! imports/                         checkpoints of imports that were interrupted
//! keys/                            see `keys`
//! proofs/                          records that nobody gave a path for
//! ```

use crate::files::{check_space, lock};
use crate::progress::Progress;
use crate::sealed::SealedError;
use crate::setup::{Setup, SetupError};
use directories::ProjectDirs;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Where setups and keys are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DataDirectory {
    folder: PathBuf,
    lock_timeout: Option<Duration>,
}

impl DataDirectory {
    /// The directory at a path; it need not exist yet.
    pub fn new(path: PathBuf) -> Self {
        Self { folder: path, lock_timeout: None }
    }

    /// The same directory, where another process that makes what is needed here is waited for no longer than this.
    pub fn with_lock_timeout(self, lock_timeout: Option<Duration>) -> Self {
        Self { lock_timeout, ..self }
    }

    /// How long to wait for another process; without limit if there is none.
    pub fn lock_timeout(&self) -> Option<Duration> {
        self.lock_timeout
    }

    /// Where the platform keeps caches, if it has such a place.
    pub fn of_platform() -> Option<Self> {
        ProjectDirs::from("", "", "penstock").map(|directories| Self::new(directories.cache_dir().into()))
    }

    /// The directory of keys.
    pub fn keys(&self) -> PathBuf {
        self.folder.join("keys")
    }

    /// The directory of proofs that nobody gave a path for.
    pub fn proofs(&self) -> PathBuf {
        self.folder.join("proofs")
    }

    /// The directory of imports that are under way.
    pub fn imports(&self) -> PathBuf {
        self.folder.join("imports")
    }

    /// The file of the development setup of this size.
    pub fn development_setup_path(&self, k: u32) -> PathBuf {
        self.folder.join(format!("setups/insecure-k{k}.srs"))
    }

    /// The development setup of this size, `None` if none was generated yet.
    ///
    /// # Errors
    /// The file is there and cannot be read.
    pub fn existing_development_setup(&self, k: u32) -> Result<Option<Setup>, SetupError> {
        existing(&self.development_setup_path(k))
    }

    /// The development setup of this size, generated if need be; a second process that needs it waits for the first.
    ///
    /// # Errors
    /// The file cannot be read or written.
    pub fn development_setup(&self, k: u32, progress: &Progress) -> Result<Setup, SetupError> {
        if let Some(setup) = self.existing_development_setup(k)? {
            return Ok(setup);
        }
        self.keep(&self.development_setup_path(k), k, || Setup::insecure(k, None, progress))
    }

    /// The setup in `file`, cut to 2^k powers; the cut is kept, since its Lagrange basis takes long.
    ///
    /// # Errors
    /// The file cannot be read, is damaged or too small; the cut cannot be kept.
    pub fn fitted_setup(&self, file: &Path, k: u32, progress: &Progress) -> Result<Setup, SetupError> {
        let info = Setup::info(file)?;
        if info.k == k {
            return Setup::read(file);
        }
        if info.k < k {
            return Err(SetupError::TooSmall { has: info.k, needs: k });
        }
        let cut = self.folder.join(format!("setups/{}-k{k}.srs", hex::encode(&info.digest[..8])));
        let setup = match existing(&cut)? {
            Some(setup) => setup,
            None => self.keep(&cut, k, || Setup::read(file)?.truncated(k, progress))?,
        };
        // The same powers may have been imported from several files: the cut is told as what it was cut from this time.
        Ok(setup.with_origin(info.origin))
    }

    /// The setup at `path`, made and written there if it is not there once nobody else is at it.
    fn keep(&self, path: &Path, k: u32, make: impl FnOnce() -> Result<Setup, SetupError>) -> Result<Setup, SetupError> {
        let _lock = lock(path, self.lock_timeout).map_err(SealedError::from)?;
        if let Some(setup) = existing(path)? {
            return Ok(setup);
        }
        check_space(path, Setup::bytes(k)).map_err(SealedError::from)?;
        let setup = make()?;
        setup.write(path)?;
        Ok(setup)
    }
}

fn existing(path: &Path) -> Result<Option<Setup>, SetupError> {
    match Setup::read(path) {
        Ok(setup) => Ok(Some(setup)),
        Err(SetupError::File(error)) if error.is_not_found() => Ok(None),
        // A cut of a setup that has been imported again since.
        Err(SetupError::Outdated { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sealed::{self, Kind, Sealed};
    use crate::setup::{Blake2b512, Origin};
    use std::fs;

    fn directory() -> (tempfile::TempDir, DataDirectory) {
        let folder = tempfile::tempdir().unwrap();
        let data = DataDirectory::new(folder.path().join("data"));
        (folder, data)
    }

    #[test]
    fn a_development_setup_is_generated_once() {
        let (_folder, data) = directory();
        assert!(data.existing_development_setup(4).unwrap().is_none());
        let first = data.development_setup(4, &Progress::silent()).unwrap();
        assert!(first.is_insecure());
        assert_eq!(data.development_setup(4, &Progress::silent()).unwrap().digest(), first.digest());
        assert_ne!(data.development_setup(5, &Progress::silent()).unwrap().digest(), first.digest());
    }

    #[test]
    fn a_damaged_development_setup_is_an_error_and_not_replaced() {
        let (_folder, data) = directory();
        data.development_setup(4, &Progress::silent()).unwrap();
        let path = data.development_setup_path(4);
        let mut bytes = fs::read(&path).unwrap();
        *bytes.last_mut().unwrap() ^= 1;
        fs::write(&path, &bytes).unwrap();
        assert!(data.development_setup(4, &Progress::silent()).is_err());
        assert_eq!(fs::read(&path).unwrap(), bytes);
    }

    #[test]
    fn a_larger_setup_is_cut_once_and_a_smaller_one_refused() {
        let (folder, data) = directory();
        let file = folder.path().join("large.srs");
        let large = Setup::insecure(6, Some([1; 32]), &Progress::silent()).unwrap();
        large.write(&file).unwrap();
        let cut = data.fitted_setup(&file, 4, &Progress::silent()).unwrap();
        assert_eq!((cut.k(), cut.s_g2()), (4, large.s_g2()));
        assert_eq!(data.fitted_setup(&file, 4, &Progress::silent()).unwrap().digest(), cut.digest());
        assert_eq!(data.fitted_setup(&file, 6, &Progress::silent()).unwrap().digest(), large.digest());
        let renamed = large.with_origin(Origin::Halo2 { name: "other".into(), blake2b: Blake2b512([1; 64]) });
        renamed.write(&file).unwrap();
        assert_eq!(data.fitted_setup(&file, 4, &Progress::silent()).unwrap().origin(), renamed.origin());
        let error = data.fitted_setup(&file, 7, &Progress::silent()).unwrap_err();
        assert!(matches!(error, SetupError::TooSmall { has: 6, needs: 7 }), "{error}");
    }

    #[test]
    fn a_cut_that_an_older_version_left_is_made_again() {
        let (folder, data) = directory();
        let file = folder.path().join("large.srs");
        let origin = Origin::Halo2 { name: "kzg.srs".into(), blake2b: Blake2b512([1; 64]) };
        Setup::insecure(5, None, &Progress::silent()).unwrap().with_origin(origin.clone()).write(&file).unwrap();
        let cut = data.fitted_setup(&file, 3, &Progress::silent()).unwrap();
        let path = fs::read_dir(data.folder.join("setups")).unwrap().map(|entry| entry.unwrap().path());
        let path = path.into_iter().find(|path| path.extension().is_some_and(|extension| extension == "srs")).unwrap();
        let sealed = Sealed::open(&path, Kind { tag: *b"KZG\0", version: 2 }).unwrap();
        let mut sections: Vec<Vec<u8>> = (0..sealed.sections()).map(|index| sealed.section(index).unwrap()).collect();
        sections[0] = br#"{"k":3,"origin":{"powers_of_tau":{"name":"a","ceremony":"","contributions":1}}}"#.to_vec();
        sealed::write(&path, Kind { tag: *b"KZG\0", version: 1 }, sections.into_iter()).unwrap();
        assert!(matches!(Setup::info(&path), Err(SetupError::Outdated { .. })));
        let again = data.fitted_setup(&file, 3, &Progress::silent()).unwrap();
        assert_eq!((again.digest(), again.origin()), (cut.digest(), &origin));
        assert_eq!(Setup::info(&path).unwrap().origin, origin);
    }
}
