//! Files of powers of tau from elsewhere: snarkjs's `.ptau` and halo2's `ParamsKZG`, told apart by what is in them.
//!
//! Each kind's module says where its points are ([`Layout`]); reading and checking them is the same for both. A file
//! is untrusted: every length is checked before it is used, every point has to be on its curve, and no more is read
//! than asked for. That the points belong together is for the caller to check ([`super::check`]).
//!
//! ```text
//! file --ptau or halo2--> layout --encoding--> powers, τ G2, Lagrange form
//!      --blake2b--------> digest, published or not
//! ```

mod encoding;
mod error;
mod file;
mod halo2;
mod info;
mod ptau;

pub use error::ImportError;
pub use info::SourceInfo;

use super::ceremony::Blake2b512;
use super::origin::Origin;
use super::root_of_unity;
use crate::progress::Progress;
use encoding::Encoding;
use file::SourceFile;
use halo2curves::bn256::{Fr, G1Affine, G2Affine};
use halo2curves::ff::Field;
use rayon::prelude::*;
use serde::Serialize;
use std::fmt;
use std::path::Path;

/// What a sealed file begins with.
const SEALED: &[u8; 8] = b"PENSTOCK";
/// Points read at a time.
const CHUNK: usize = 1 << 14;

const POWERS: &str = "the powers in G1";
const LAGRANGE: &str = "the Lagrange basis";
const IN_G2: &str = "the powers in G2";

/// What kind of file it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "format", rename_all = "snake_case")]
pub enum Format {
    /// snarkjs's file of a ceremony.
    Ptau {
        /// How many contributions it says it has.
        claimed_contributions: u32,
    },
    /// halo2's parameters with raw points.
    Halo2Raw,
    /// halo2's parameters with compressed ("processed") points.
    Halo2Compressed,
}

impl Format {
    /// Where the secret comes from in a file of this kind, name and digest.
    pub(super) fn origin(self, name: String, blake2b: Blake2b512) -> Origin {
        match self {
            Self::Ptau { claimed_contributions } => Origin::PowersOfTau { name, blake2b, claimed_contributions },
            Self::Halo2Raw | Self::Halo2Compressed => Origin::Halo2 { name, blake2b },
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ptau { .. } => "snarkjs .ptau",
            Self::Halo2Raw => "halo2 ParamsKZG, raw points",
            Self::Halo2Compressed => "halo2 ParamsKZG, compressed points",
        })
    }
}

/// Where a file keeps its points: offsets in bytes, all within the file.
struct Layout {
    /// The file has at least 2^power powers in G1.
    power: u32,
    encoding: Encoding,
    powers: u64,
    /// The generator of G2, followed by τ times it.
    g2: u64,
    lagrange: Lagrange,
    format: Format,
}

/// The Lagrange bases that a file has.
enum Lagrange {
    None,
    /// Of sizes 1, 2, 4, ... 2^power, numbered by snarkjs's root of unity.
    EverySize {
        offset: u64,
    },
    /// Of size 2^power, in halo2's order.
    LargestSize {
        offset: u64,
    },
}

/// An open file of either kind whose lengths agreed.
pub(super) struct Source {
    file: SourceFile,
    /// What the file is called.
    name: String,
    layout: Layout,
}

impl Source {
    pub(super) fn open(path: &Path) -> Result<Self, ImportError> {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let file = SourceFile::open(path)?;
        let layout = if file.bytes::<4>(0, "its first bytes")? == *ptau::MAGIC {
            ptau::layout(&file)?
        } else if file.length() >= 8 && file.bytes::<8>(0, "its first bytes")? == *SEALED {
            return Err(ImportError::Sealed);
        } else {
            halo2::layout(&file)?
        };
        Ok(Self { file, name, layout })
    }

    /// The digest of the whole file.
    pub(super) fn blake2b(&self, progress: &Progress) -> Result<Blake2b512, ImportError> {
        let bar = progress.steps("hashing the file (MiB)", self.file.blocks());
        self.file.blake2b(|| bar.advance(1))
    }

    /// Refuses a file that was written to since it was opened: its digest and its points would be of two files.
    pub(super) fn check_unchanged(&self) -> Result<(), ImportError> {
        self.file.check_unchanged()
    }

    /// Where the secret of the file, which has this digest, comes from.
    pub(super) fn origin(&self, blake2b: Blake2b512) -> Origin {
        self.layout.format.origin(self.name.clone(), blake2b)
    }

    /// Refuses a `k` that the file has too few powers for.
    pub(super) fn check_size(&self, k: u32) -> Result<(), ImportError> {
        let has = self.layout.power;
        if k <= has { Ok(()) } else { Err(ImportError::TooFewPowers { has, needs: k }) }
    }

    /// The first 2^`k` powers in G1; `done` is told how many after each chunk.
    pub(super) fn powers(&self, k: u32, done: impl Fn(u64)) -> Result<Vec<G1Affine>, ImportError> {
        self.check_size(k)?;
        let points = self.points(self.layout.powers, 1 << k, POWERS, done)?;
        if points.first() != Some(&G1Affine::generator()) {
            return Err(ImportError::Point { array: POWERS, index: 0, reason: "is not the generator" });
        }
        if points.get(1) == Some(&G1Affine::generator()) {
            return Err(ImportError::NoContribution);
        }
        Ok(points)
    }

    /// τ G2, once it is known to be in the subgroup.
    pub(super) fn s_g2(&self) -> Result<G2Affine, ImportError> {
        let Layout { encoding, g2, .. } = self.layout;
        let mut bytes = vec![0; encoding.g2_length()];
        let mut read = |index: usize| {
            self.file.fill(&mut bytes, g2 + (index * encoding.g2_length()) as u64, IN_G2)?;
            encoding.g2(&bytes).map_err(|reason| ImportError::Point { array: IN_G2, index, reason })
        };
        if read(0)? != G2Affine::generator() {
            return Err(ImportError::Point { array: IN_G2, index: 0, reason: "is not the generator" });
        }
        read(1)
    }

    /// The Lagrange basis of size 2^`k` in halo2's order, if the file has it. The caller checks it.
    pub(super) fn lagrange(&self, k: u32, done: impl Fn(u64)) -> Result<Option<Vec<G1Affine>>, ImportError> {
        self.check_size(k)?;
        let n = 1usize << k;
        match self.layout.lagrange {
            Lagrange::LargestSize { offset } if k == self.layout.power => {
                self.points(offset, n, LAGRANGE, done).map(Some)
            }
            Lagrange::None | Lagrange::LargestSize { .. } => Ok(None),
            Lagrange::EverySize { offset } => {
                // Smaller bases come before it: 1 + 2 + ... + 2^(k-1) points.
                let start = ((n - 1) * self.layout.encoding.g1_length()) as u64;
                let points = self.points(offset + start, n, LAGRANGE, done)?;
                Ok(Some(in_halo2_order(k, &points)))
            }
        }
    }

    fn points(
        &self,
        offset: u64,
        count: usize,
        array: &'static str,
        done: impl Fn(u64),
    ) -> Result<Vec<G1Affine>, ImportError> {
        let encoding = self.layout.encoding;
        let length = encoding.g1_length();
        let mut points = Vec::with_capacity(count);
        let mut bytes = vec![0; count.min(CHUNK) * length];
        while points.len() < count {
            let first = points.len();
            let bytes = &mut bytes[..(count - first).min(CHUNK) * length];
            self.file.fill(bytes, offset + (first * length) as u64, array)?;
            let chunk: Vec<G1Affine> = bytes
                .par_chunks(length)
                .enumerate()
                .map(|(index, bytes)| {
                    let index = first + index;
                    encoding.g1(bytes).map_err(|reason| ImportError::Point { array, index, reason })
                })
                .collect::<Result<_, _>>()?;
            done(chunk.len() as u64);
            points.extend(chunk);
        }
        Ok(points)
    }
}

/// snarkjs numbers the same domain by another generator, ω' = ω^m: its i-th point is halo2's (m i)-th.
fn in_halo2_order(k: u32, points: &[G1Affine]) -> Vec<G1Affine> {
    let theirs = ptau::root_of_unity(k);
    let exponent = std::iter::successors(Some(Fr::ONE), |power| Some(power * root_of_unity(k)))
        .take(points.len())
        .position(|power| power == theirs)
        .unwrap_or(1);
    let mut ordered = points.to_vec();
    for (index, point) in points.iter().enumerate() {
        ordered[exponent * index % points.len()] = *point;
    }
    ordered
}
