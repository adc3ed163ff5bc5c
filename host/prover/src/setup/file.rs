//! A setup on disk: a sealed file of its description, τ G2, the powers and the Lagrange basis.
//!
//! Points are kept as the curve library keeps them in memory, uncompressed and in Montgomery form, in sections of a
//! mebibyte that are read and checked in parallel.

use super::{Origin, Setup, SetupError, check_k, digest};
use crate::sealed::{self, Kind, Sealed, SealedError};
use halo2curves::bn256::{G1Affine, G2Affine};
use halo2curves::serde::SerdeObject;
use penstock_circuits::json;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::ops::Range;
use std::path::Path;

const KIND: Kind = Kind { tag: *b"KZG\0", version: 1 };
pub(super) const POINT: usize = 64;
pub(super) const SECTION_POINTS: usize = 1 << 14;
/// Sections before the first points: description, τ G2.
const FIRST: usize = 2;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Description {
    k: u32,
    origin: Origin,
}

/// What a setup's file says about itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SetupInfo {
    /// The logarithm of the number of powers.
    pub k: u32,
    /// Where the secret comes from.
    pub origin: Origin,
    /// As [`Setup::digest`].
    #[serde(with = "hex::serde")]
    pub digest: [u8; 32],
}

impl Setup {
    /// Writes the setup to `path`, whole or not at all.
    ///
    /// # Errors
    /// [`SetupError::File`].
    pub fn write(&self, path: &Path) -> Result<(), SetupError> {
        let description = Description { k: self.k, origin: self.origin.clone() };
        let description = serde_json::to_vec(&description)
            .map_err(|error| SealedError::io("describe the setup in", path, error.into()))?;
        let sections = section_ranges(self.k);
        let count = FIRST + 2 * sections.len();
        let bytes = |index: usize| match index {
            0 => description.clone(),
            1 => self.s_g2().to_raw_bytes(),
            _ => {
                let basis = if index < FIRST + sections.len() { &self.monomial } else { &self.lagrange };
                encode(&basis[sections[(index - FIRST) % sections.len()].clone()])
            }
        };
        Ok(sealed::write(path, KIND, (0..count).map(bytes))?)
    }

    /// Reads a setup written by [`Self::write`]. Every hash is checked, and that every point is on the curve.
    ///
    /// # Errors
    /// [`SetupError::File`], which tells a missing file from a damaged one.
    pub fn read(path: &Path) -> Result<Self, SetupError> {
        let file = Sealed::open(path, KIND)?;
        let (Description { k, origin }, s_g2) = describe(&file)?;
        let sections = section_ranges(k);
        if file.sections() != FIRST + 2 * sections.len() {
            return Err(file
                .corrupt(format!("it has {} sections, which does not suit k = {k}", file.sections()))
                .into());
        }
        let basis = |first: usize| -> Result<Vec<G1Affine>, SealedError> {
            let points = decode_points(&file, first..first + sections.len())?;
            if points.len() == 1 << k { Ok(points) } else { Err(file.corrupt("a basis has the wrong length")) }
        };
        let monomial = basis(FIRST)?;
        let lagrange = basis(FIRST + sections.len())?;
        Ok(Self::assemble(k, monomial, lagrange, s_g2, origin))
    }

    /// Reads only what the file at `path` says about itself.
    ///
    /// # Errors
    /// [`SetupError::File`].
    pub fn info(path: &Path) -> Result<SetupInfo, SetupError> {
        let (Description { k, origin }, s_g2) = describe(&Sealed::open(path, KIND)?)?;
        Ok(SetupInfo { k, origin, digest: digest(k, &s_g2) })
    }
}

fn describe(file: &Sealed) -> Result<(Description, G2Affine), SetupError> {
    let description: Description =
        json::from_slice(&file.section(0)?).map_err(|error| file.corrupt(error.to_string()))?;
    check_k(description.k)?;
    let s_g2 = G2Affine::from_raw_bytes(&file.section(1)?).ok_or_else(|| file.corrupt("τ G2 is not on the curve"))?;
    Ok((description, s_g2))
}

fn section_ranges(k: u32) -> Vec<Range<usize>> {
    let n = 1usize << k;
    (0..n).step_by(SECTION_POINTS).map(|start| start..n.min(start + SECTION_POINTS)).collect()
}

/// The points' coordinates as they are in memory: 64 bytes a point.
pub(super) fn encode(points: &[G1Affine]) -> Vec<u8> {
    points.iter().flat_map(SerdeObject::to_raw_bytes).collect()
}

/// The points of these sections in a row, all on the curve.
pub(super) fn decode_points(file: &Sealed, sections: Range<usize>) -> Result<Vec<G1Affine>, SealedError> {
    let parts: Vec<Vec<G1Affine>> =
        sections.into_par_iter().map(|index| decode(file, index)).collect::<Result<_, _>>()?;
    Ok(parts.concat())
}

fn decode(file: &Sealed, index: usize) -> Result<Vec<G1Affine>, SealedError> {
    let bytes = file.section(index)?;
    bytes
        .chunks(POINT)
        .map(|point| {
            G1Affine::from_raw_bytes(point).ok_or_else(|| file.corrupt(format!("a bad point in section {index}")))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::progress::Progress;

    #[test]
    fn a_setup_comes_back_as_written() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("dev.srs");
        // Two sections a basis, the point of the second size.
        for k in [3, 15] {
            let setup = Setup::insecure(k, Some([1; 32]), Progress::Silent).unwrap();
            setup.write(&path).unwrap();
            let read = Setup::read(&path).unwrap();
            assert_eq!((read.k(), read.origin(), read.digest()), (k, &Origin::Insecure, setup.digest()));
            assert_eq!((read.monomial(), read.lagrange()), (setup.monomial(), setup.lagrange()));
            assert_eq!(read.s_g2(), setup.s_g2());
            let info = SetupInfo { k, origin: Origin::Insecure, digest: setup.digest() };
            assert_eq!(Setup::info(&path).unwrap(), info);
        }
    }

    #[test]
    fn a_missing_file_is_told_from_a_damaged_one() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("dev.srs");
        assert!(matches!(Setup::read(&path), Err(SetupError::File(error)) if error.is_not_found()));
        Setup::insecure(4, None, Progress::Silent).unwrap().write(&path).unwrap();
        let mut bytes = std::fs::read(&path).unwrap();
        let last = bytes.len() - 1;
        bytes[last] ^= 1;
        std::fs::write(&path, bytes).unwrap();
        assert!(matches!(Setup::read(&path), Err(SetupError::File(SealedError::Corrupt { .. }))));
    }

    #[test]
    fn a_description_has_one_form() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("dev.srs");
        let described = |description: &str| {
            let s_g2 = Setup::insecure(2, Some([1; 32]), Progress::Silent).unwrap().s_g2().to_raw_bytes();
            let sections = [description.as_bytes().to_vec(), s_g2];
            sealed::write(&path, KIND, sections.into_iter()).unwrap();
            Setup::info(&path)
        };
        assert_eq!(described(r#"{"k": 2, "origin": "insecure"}"#).unwrap().k, 2);
        for description in [r#"[2, "insecure"]"#, r#"{"k": 2, "origin": {"insecure": null}}"#] {
            assert!(serde_json::from_str::<Description>(description).is_ok(), "serde takes {description}");
            let error = described(description).unwrap_err();
            assert!(matches!(error, SetupError::File(SealedError::Corrupt { .. })), "{error}");
        }
    }

    #[test]
    fn points_that_are_sealed_but_off_the_curve_are_refused() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("dev.srs");
        let mut setup = Setup::insecure(2, None, Progress::Silent).unwrap();
        let mut points = setup.monomial.to_vec();
        points[1].x = points[2].x;
        setup.monomial = points.into();
        setup.write(&path).unwrap();
        assert!(Setup::read(&path).unwrap_err().to_string().contains("a bad point in section 2"));
    }
}
