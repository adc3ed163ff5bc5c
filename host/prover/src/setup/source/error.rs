//! Why a file of powers of tau is not taken.

use crate::setup::SetupError;
use crate::setup::ceremony::Blake2b512;
use std::io;
use std::path::Path;

/// What is wrong with a file of powers of tau.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The file system refused.
    #[error("it cannot be read: {0}")]
    Io(#[from] io::Error),
    /// A folder, a device, a pipe.
    #[error("it is no regular file")]
    NoFile,
    /// A setup that was imported or generated already.
    #[error("it is a setup's file already: give it with --setup, it is cut to the size that is needed")]
    Sealed,
    /// Neither of the kinds that are known.
    #[error("it is neither a snarkjs .ptau file nor a halo2 file (ParamsKZG over BN254)")]
    Unknown,
    /// A `.ptau` file of a version other than 1.
    #[error("its version is {0}; only version 1 is known")]
    Version(u32),
    /// It ends before what its own lengths say.
    #[error("it is truncated: it ends within {0}; download it again")]
    Truncated(String),
    /// A section of a `.ptau` file that is needed is not there.
    #[error("it has no section {0}")]
    Missing(u32),
    /// The lengths do not fit the header or each other.
    #[error("it is malformed: {0}")]
    Malformed(String),
    /// It begins with a k as a halo2 file does, but has another length.
    #[error(
        "it begins as a halo2 file of 2^{k} powers, but has {found} bytes where {raw} (raw points) or {compressed} \
         (compressed points) belong; if it is one, download it again"
    )]
    Length {
        /// What its first four bytes say.
        k: u32,
        /// Bytes that it has.
        found: u64,
        /// Bytes of such a file with raw points.
        raw: u64,
        /// Bytes of such a file with compressed points.
        compressed: u64,
    },
    /// Its field is not BN254's.
    #[error("it is for another curve: only bn128 (BN254) is taken")]
    Curve,
    /// A point that cannot be taken.
    #[error("point {index} of {array} {reason}")]
    Point {
        /// The array of points.
        array: &'static str,
        /// Position, from 0.
        index: usize,
        /// Why not.
        reason: &'static str,
    },
    /// τ = 1: nobody has contributed.
    #[error("it has no contributions: its secret is 1, which everybody knows")]
    NoContribution,
    /// Fewer powers than asked for.
    #[error("it has 2^{has} powers and 2^{needs} are needed: take a larger file or a smaller --k")]
    TooFewPowers {
        /// The file's power.
        has: u32,
        /// The k asked for.
        needs: u32,
    },
    /// Not the file that was expected.
    #[error("its BLAKE2b-512 is {found} where {expected} was expected: it is another file or a damaged one")]
    Digest {
        /// What the caller expected.
        expected: Box<Blake2b512>,
        /// What the file has.
        found: Box<Blake2b512>,
    },
    /// Written to between opening and the last byte read.
    #[error("it was written to while it was read: import it once nothing writes to it any more")]
    Changed,
}

impl ImportError {
    /// The error with the file that it is about.
    pub(in crate::setup) fn at(self, path: &Path) -> SetupError {
        SetupError::Import { path: path.to_owned(), source: self }
    }
}
