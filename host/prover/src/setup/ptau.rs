//! snarkjs's `.ptau` files, read section by section.
//!
//! ```text
//! "ptau"  version u32 = 1  sections u32  (id u32, length u64, bytes) x sections
//!  1 header        32 u32, q [32], power u32, power of the ceremony u32
//!  2 tauG1         2^(power + 1) - 1 points of G1     3 tauG2   2^power points of G2
//!  7 contributions count u32, ...                    12 tauG1 in Lagrange form at sizes 1, 2, 4, ... (if prepared)
//! ```
//! Integers are little-endian, coordinates 32 bytes little-endian in Montgomery form with radix 2^256: the curve
//! library's own form. Other sections belong to other proof systems. A file is untrusted: every length is checked
//! before it is used, every point must be on its curve, and no more is read than asked for.

use super::file::POINT;
use super::{SetupError, root_of_unity};
use crate::sealed::SealedError;
use halo2curves::bn256::{Fq, Fr, G1Affine, G2Affine};
use halo2curves::ff::{Field, PrimeField};
use halo2curves::group::cofactor::CofactorGroup;
use halo2curves::group::prime::PrimeCurveAffine;
use halo2curves::serde::SerdeObject;
use rayon::prelude::*;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

const HEADER: u32 = 1;
const TAU_G1: u32 = 2;
const TAU_G2: u32 = 3;
const CONTRIBUTIONS: u32 = 7;
const LAGRANGE_G1: u32 = 12;
const HEADER_LENGTH: u64 = 44;
/// More sections than any version of snarkjs writes.
const MAX_SECTIONS: u32 = 64;
/// Points read at a time.
const CHUNK: usize = 1 << 14;

/// What is wrong with a `.ptau` file.
#[derive(Debug, thiserror::Error)]
pub enum PtauError {
    /// It does not begin with `ptau`.
    #[error("it is no .ptau file")]
    Magic,
    /// A version other than 1.
    #[error("its version is {0}; only version 1 is known")]
    Version(u32),
    /// It ends before what its own lengths say.
    #[error("it is truncated: it ends within {0}; download it again")]
    Truncated(String),
    /// A section that is needed is not there.
    #[error("it has no section {0}")]
    Missing(u32),
    /// The lengths do not fit the header or each other.
    #[error("it is malformed: {0}")]
    Malformed(String),
    /// Its field is not BN254's.
    #[error("it is for another curve: only bn128 (BN254) is taken")]
    Curve,
    /// A point that cannot be taken.
    #[error("point {index} of {group} {reason}")]
    Point {
        /// The array of points.
        group: &'static str,
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
}

impl PtauError {
    pub(super) fn at(self, path: &Path) -> SetupError {
        SetupError::Ptau { path: path.to_owned(), source: self }
    }
}

/// An open file whose section table and header agreed.
#[derive(Debug)]
pub(super) struct Ptau {
    file: File,
    path: PathBuf,
    /// Offset and length of each section.
    sections: BTreeMap<u32, (u64, u64)>,
    power: u32,
}

impl Ptau {
    pub(super) fn open(path: &Path) -> Result<Self, SetupError> {
        let file = File::open(path).map_err(|error| SealedError::io("read", path, error))?;
        let length = file.metadata().map_err(|error| SealedError::io("read", path, error))?.len();
        let mut ptau = Self { file, path: path.to_owned(), sections: BTreeMap::new(), power: 0 };
        if &ptau.bytes::<4>(0, "its first bytes")? != b"ptau" {
            return Err(ptau.error(PtauError::Magic));
        }
        let version = ptau.u32(4, "its first bytes")?;
        if version != 1 {
            return Err(ptau.error(PtauError::Version(version)));
        }
        let count = ptau.u32(8, "its first bytes")?;
        if count > MAX_SECTIONS {
            return Err(ptau.error(PtauError::Malformed(format!("it says it has {count} sections"))));
        }
        let mut offset = 12;
        for _ in 0..count {
            let id = ptau.u32(offset, "the section table")?;
            let size = u64::from_le_bytes(ptau.bytes(offset + 4, "the section table")?);
            let start = offset + 12;
            offset = start
                .checked_add(size)
                .filter(|end| *end <= length)
                .ok_or_else(|| ptau.error(PtauError::Truncated(format!("section {id}"))))?;
            if ptau.sections.insert(id, (start, size)).is_some() {
                return Err(ptau.error(PtauError::Malformed(format!("it has section {id} twice"))));
            }
        }
        ptau.read_header()?;
        Ok(ptau)
    }

    fn read_header(&mut self) -> Result<(), SetupError> {
        let header = self.expect_length(HEADER, HEADER_LENGTH)?;
        let modulus = (-Fq::ONE).to_repr();
        let mut field: [u8; 32] = self.bytes(header + 4, "its header")?;
        // The modulus is odd, so taking one away clears its lowest bit.
        field[0] ^= 1;
        if self.u32(header, "its header")? != 32 || field != modulus {
            return Err(self.error(PtauError::Curve));
        }
        self.power = self.u32(header + 36, "its header")?;
        if self.power > Fr::S {
            return Err(self.error(PtauError::Malformed(format!("its power is {}", self.power))));
        }
        self.expect_length(TAU_G1, ((2 << self.power) - 1) * POINT as u64)?;
        self.expect_length(TAU_G2, (2 * POINT as u64) << self.power)?;
        Ok(())
    }

    /// The first 2^`k` powers in G1; `done` is told how many after each chunk.
    pub(super) fn powers(&self, k: u32, done: impl Fn(u64)) -> Result<Vec<G1Affine>, SetupError> {
        if k > self.power {
            return Err(self.error(PtauError::TooFewPowers { has: self.power, needs: k }));
        }
        let (offset, _) = self.section(TAU_G1)?;
        let points = self.points(offset, 1 << k, "tauG1", done)?;
        if points.first() != Some(&G1Affine::generator()) {
            return Err(self.point("tauG1", 0, "is not the generator"));
        }
        if points.get(1) == Some(&G1Affine::generator()) {
            return Err(self.error(PtauError::NoContribution));
        }
        Ok(points)
    }

    /// τ G2, once it is known to be in the subgroup.
    pub(super) fn s_g2(&self) -> Result<G2Affine, SetupError> {
        let (offset, _) = self.section(TAU_G2)?;
        let read = |index: usize| {
            let bytes: [u8; 2 * POINT] = self.bytes(offset + (2 * POINT * index) as u64, "tauG2")?;
            G2Affine::from_raw_bytes(&bytes).ok_or_else(|| self.point("tauG2", index, "is not on the curve"))
        };
        if self.power == 0 || read(0)? != G2Affine::generator() {
            return Err(self.point("tauG2", 0, "is not the generator"));
        }
        let s_g2 = read(1)?;
        if bool::from(s_g2.is_identity()) {
            return Err(self.point("tauG2", 1, "is the identity"));
        }
        if !bool::from(s_g2.to_curve().is_torsion_free()) {
            return Err(self.point("tauG2", 1, "is not in the subgroup of prime order"));
        }
        Ok(s_g2)
    }

    /// The Lagrange basis of size 2^`k` in halo2's order, if the file was prepared. The caller checks it.
    pub(super) fn lagrange(&self, k: u32, done: impl Fn(u64)) -> Result<Option<Vec<G1Affine>>, SetupError> {
        let Some((offset, length)) = self.sections.get(&LAGRANGE_G1) else { return Ok(None) };
        let n = 1usize << k;
        // Smaller bases come before it: 1 + 2 + ... + 2^(k-1) points.
        let start = ((n - 1) * POINT) as u64;
        if *length < start + (n * POINT) as u64 {
            return Err(self.error(PtauError::Malformed(format!("section {LAGRANGE_G1} has {length} bytes"))));
        }
        let points = self.points(offset + start, n, "Lagrange tauG1", done)?;
        // snarkjs numbers the same domain by another generator, ω' = ω^m: its i-th point is our (m i)-th.
        let theirs = snarkjs_root_of_unity(k);
        let exponent = std::iter::successors(Some(Fr::ONE), |power| Some(power * root_of_unity(k)))
            .take(n)
            .position(|power| power == theirs)
            .unwrap_or(1);
        let mut ordered = points.clone();
        for (index, point) in points.into_iter().enumerate() {
            ordered[exponent * index % n] = point;
        }
        Ok(Some(ordered))
    }

    /// Number of contributions, and the SHA-256 of their list.
    pub(super) fn contributions(&self) -> Result<(u32, [u8; 32]), SetupError> {
        let (offset, length) = self.section(CONTRIBUTIONS)?;
        let count = self.u32(offset, "the contributions")?;
        let mut hasher = Sha256::new();
        let mut buffer = vec![0; 1 << 16];
        let mut at = 0;
        while at < length {
            let step = (length - at).min(buffer.len() as u64) as usize;
            self.fill(&mut buffer[..step], offset + at, "the contributions")?;
            hasher.update(&buffer[..step]);
            at += step as u64;
        }
        Ok((count, hasher.finalize().into()))
    }

    fn points(
        &self,
        offset: u64,
        count: usize,
        group: &'static str,
        done: impl Fn(u64),
    ) -> Result<Vec<G1Affine>, SetupError> {
        let mut points = Vec::with_capacity(count);
        let mut bytes = vec![0; count.min(CHUNK) * POINT];
        while points.len() < count {
            let first = points.len();
            let bytes = &mut bytes[..(count - first).min(CHUNK) * POINT];
            self.fill(bytes, offset + (first * POINT) as u64, group)?;
            let chunk: Vec<G1Affine> = bytes
                .par_chunks(POINT)
                .enumerate()
                .map(|(index, bytes)| match G1Affine::from_raw_bytes(bytes) {
                    None => Err(self.point(group, first + index, "is not on the curve")),
                    Some(point) if bool::from(point.is_identity()) => {
                        Err(self.point(group, first + index, "is the identity"))
                    }
                    Some(point) => Ok(point),
                })
                .collect::<Result<_, _>>()?;
            done(chunk.len() as u64);
            points.extend(chunk);
        }
        Ok(points)
    }

    fn section(&self, id: u32) -> Result<(u64, u64), SetupError> {
        self.sections.get(&id).copied().ok_or_else(|| self.error(PtauError::Missing(id)))
    }

    /// The offset of section `id`, which has `expected` bytes.
    fn expect_length(&self, id: u32, expected: u64) -> Result<u64, SetupError> {
        let (offset, found) = self.section(id)?;
        if found != expected {
            let what = format!("section {id} has {found} bytes where {expected} belong");
            return Err(self.error(PtauError::Malformed(what)));
        }
        Ok(offset)
    }

    fn u32(&self, offset: u64, what: &str) -> Result<u32, SetupError> {
        Ok(u32::from_le_bytes(self.bytes(offset, what)?))
    }

    fn bytes<const N: usize>(&self, offset: u64, what: &str) -> Result<[u8; N], SetupError> {
        let mut bytes = [0; N];
        self.fill(&mut bytes, offset, what)?;
        Ok(bytes)
    }

    fn fill(&self, bytes: &mut [u8], offset: u64, what: &str) -> Result<(), SetupError> {
        self.file.read_exact_at(bytes, offset).map_err(|error| match error.kind() {
            io::ErrorKind::UnexpectedEof => self.error(PtauError::Truncated(what.into())),
            _ => SealedError::io("read", &self.path, error).into(),
        })
    }

    fn point(&self, group: &'static str, index: usize, reason: &'static str) -> SetupError {
        self.error(PtauError::Point { group, index, reason })
    }

    fn error(&self, error: PtauError) -> SetupError {
        error.at(&self.path)
    }
}

/// The generator of the domain of size 2^`k` as snarkjs chooses it: from 5, the smallest quadratic non-residue.
fn snarkjs_root_of_unity(k: u32) -> Fr {
    let cofactor = num_bigint::BigUint::from_bytes_le((-Fr::ONE).to_repr().as_ref()) >> k;
    Fr::from(5).pow_vartime(cofactor.to_u64_digits())
}
