//! What a file of powers of tau says about itself, without importing it.

use super::{Format, Lagrange, Layout, Source};
use crate::progress::Progress;
use crate::setup::SetupError;
use crate::setup::ceremony::Blake2b512;
use crate::setup::origin::Origin;
use serde::Serialize;
use std::path::Path;

/// Files up to this many bytes are hashed unasked: that takes less than a second.
const QUICKLY_HASHED: u64 = 256 << 20;

/// What a file of powers of tau says about itself. Lengths are checked, points are not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SourceInfo {
    /// What the file is called.
    pub name: String,
    /// What kind of file it is, with its claims.
    #[serde(flatten)]
    pub format: Format,
    /// It has 2^k powers.
    pub k: u32,
    /// Its length.
    pub bytes: u64,
    /// Whether an import at this k, its largest, finds the Lagrange basis in the file and need not compute it.
    pub has_lagrange: bool,
    /// Digest of the whole file, where it was computed.
    pub blake2b: Option<Blake2b512>,
}

impl SourceInfo {
    /// Reads the head of the file at `path`; all of it, for its digest, if it is short or if `whole` is set.
    ///
    /// # Errors
    /// [`SetupError::Import`].
    pub fn read(path: &Path, whole: bool, progress: &Progress) -> Result<Self, SetupError> {
        let source = Source::open(path).map_err(|error| error.at(path))?;
        let bytes = source.file.length();
        let blake2b = (whole || bytes <= QUICKLY_HASHED)
            .then(|| source.blake2b(progress))
            .transpose()
            .map_err(|error| error.at(path))?;
        let has_lagrange = !matches!(source.layout.lagrange, Lagrange::None);
        let Layout { format, power: k, .. } = source.layout;
        Ok(Self { name: source.name, format, k, bytes, has_lagrange, blake2b })
    }

    /// What the origin of a setup would be that is imported from it, once the file has been hashed.
    pub fn origin(&self) -> Option<Origin> {
        self.blake2b.map(|blake2b| self.format.origin(self.name.clone(), blake2b))
    }
}
