//! A setup on disk: a sealed file of its description, τ G2, the powers and the Lagrange basis.
//!
//! Points are kept as the curve library keeps them in memory, uncompressed and in Montgomery form, in sections of a
//! mebibyte that are read and checked in parallel.
//!
//! The first version differed in the origin alone, which had a number of contributions where the digest of the imported
//! file is now. Its development setups are still read; its imported ones have to be imported again.

use super::{MAX_K, Origin, Setup, SetupError, check_k, digest};
use crate::files::Destination;
use crate::sealed::{self, Kind, Sealed, SealedError};
use halo2curves::bn256::{G1Affine, G2Affine};
use halo2curves::serde::SerdeObject;
use penstock_circuits::json;
use rayon::prelude::*;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::ops::Range;
use std::path::Path;

const KIND: Kind = Kind { tag: *b"KZG\0", version: 2 };
const FIRST_KIND: Kind = Kind { version: 1, ..KIND };
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

/// A description in a file of the first version.
#[derive(Deserialize)]
struct FirstDescription {
    k: u32,
    origin: FirstOrigin,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum FirstOrigin {
    Insecure,
    PowersOfTau {},
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
    /// About how many bytes a setup's file has.
    pub fn bytes(k: u32) -> u64 {
        (2 * POINT as u64) << k.min(MAX_K)
    }

    /// Writes the setup to `path`, over whatever is there, whole or not at all.
    ///
    /// # Errors
    /// [`SetupError::File`].
    pub fn write(&self, path: &Path) -> Result<(), SetupError> {
        Ok(sealed::write(path, KIND, self.sections(path)?)?)
    }

    /// Writes the setup where a user wants it, whole or not at all.
    ///
    /// # Errors
    /// [`SetupError::File`].
    pub fn write_to(&self, destination: &Destination) -> Result<(), SetupError> {
        Ok(sealed::write_to(destination, KIND, self.sections(destination.path())?)?)
    }

    fn sections(&self, path: &Path) -> Result<impl ExactSizeIterator<Item = Vec<u8>>, SetupError> {
        let description = Description { k: self.k, origin: self.origin.clone() };
        let description = serde_json::to_vec(&description)
            .map_err(|error| SealedError::io("describe the setup in", path, error.into()))?;
        let sections = section_ranges(self.k);
        let count = FIRST + 2 * sections.len();
        Ok((0..count).map(move |index| match index {
            0 => description.clone(),
            1 => self.s_g2().to_raw_bytes(),
            _ => {
                let basis = if index < FIRST + sections.len() { &self.monomial } else { &self.lagrange };
                encode(&basis[sections[(index - FIRST) % sections.len()].clone()])
            }
        }))
    }

    /// Reads a setup written by [`Self::write`]. Every hash is checked, and that every point is on the curve.
    ///
    /// # Errors
    /// [`SetupError::File`], which tells a missing file from a damaged one; [`SetupError::Outdated`].
    pub fn read(path: &Path) -> Result<Self, SetupError> {
        let (file, Description { k, origin }, s_g2) = open(path)?;
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
    /// [`SetupError::File`], [`SetupError::Outdated`].
    pub fn info(path: &Path) -> Result<SetupInfo, SetupError> {
        let (_, Description { k, origin }, s_g2) = open(path)?;
        Ok(SetupInfo { k, origin, digest: digest(k, &s_g2) })
    }
}

fn open(path: &Path) -> Result<(Sealed, Description, G2Affine), SetupError> {
    let (file, description) = match Sealed::open(path, KIND) {
        Ok(file) => {
            let description = parse(&file)?;
            (file, description)
        }
        Err(newest @ SealedError::Foreign { .. }) => {
            let file = Sealed::open(path, FIRST_KIND).map_err(|first| match first {
                SealedError::Foreign { .. } => newest,
                first => first,
            })?;
            let FirstDescription { k, origin } = parse(&file)?;
            match origin {
                FirstOrigin::Insecure => (file, Description { k, origin: Origin::Insecure }),
                FirstOrigin::PowersOfTau {} => return Err(SetupError::Outdated { path: path.to_owned() }),
            }
        }
        Err(error) => return Err(error.into()),
    };
    check_k(description.k)?;
    let s_g2 = G2Affine::from_raw_bytes(&file.section(1)?).ok_or_else(|| file.corrupt("τ G2 is not on the curve"))?;
    Ok((file, description, s_g2))
}

fn parse<T: DeserializeOwned>(file: &Sealed) -> Result<T, SealedError> {
    json::from_slice(&file.section(0)?).map_err(|error| file.corrupt(error.to_string()))
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
            let setup = Setup::insecure(k, Some([1; 32]), &Progress::silent()).unwrap();
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
        Setup::insecure(4, None, &Progress::silent()).unwrap().write(&path).unwrap();
        let mut bytes = std::fs::read(&path).unwrap();
        let last = bytes.len() - 1;
        bytes[last] ^= 1;
        std::fs::write(&path, bytes).unwrap();
        assert!(matches!(Setup::read(&path), Err(SetupError::File(SealedError::Corrupt { .. }))));
    }

    /// The setup at `path` with the description that the first version wrote.
    fn as_first_version(path: &Path, description: &str) {
        let file = Sealed::open(path, KIND).unwrap();
        let mut sections: Vec<Vec<u8>> = (0..file.sections()).map(|index| file.section(index).unwrap()).collect();
        sections[0] = description.as_bytes().to_vec();
        sealed::write(path, FIRST_KIND, sections.into_iter()).unwrap();
    }

    #[test]
    fn a_development_setup_of_the_first_version_is_read_and_an_imported_one_asks_for_another_import() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("old.srs");
        let setup = Setup::insecure(3, Some([2; 32]), &Progress::silent()).unwrap();
        setup.write(&path).unwrap();
        as_first_version(&path, r#"{"k":3,"origin":"insecure"}"#);
        let read = Setup::read(&path).unwrap();
        assert_eq!((read.digest(), read.origin()), (setup.digest(), &Origin::Insecure));
        read.check().unwrap();

        setup.write(&path).unwrap();
        let digest = "ab".repeat(32);
        let origin = format!(r#"{{"powers_of_tau":{{"name":"a.ptau","ceremony":"{digest}","contributions":54}}}}"#);
        as_first_version(&path, &format!(r#"{{"k":3,"origin":{origin}}}"#));
        for error in [Setup::read(&path).unwrap_err(), Setup::info(&path).unwrap_err()] {
            assert!(matches!(error, SetupError::Outdated { .. }), "{error}");
            assert!(error.to_string().contains("import it again"), "{error}");
        }
    }

    #[test]
    fn a_damaged_setup_of_the_first_version_and_one_of_a_later_version_are_told_apart() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("old.srs");
        Setup::insecure(3, None, &Progress::silent()).unwrap().write(&path).unwrap();
        as_first_version(&path, r#"{"k":3,"origin":"insecure"}"#);
        let mut bytes = std::fs::read(&path).unwrap();
        bytes[30] ^= 1;
        std::fs::write(&path, bytes).unwrap();
        assert!(matches!(Setup::info(&path), Err(SetupError::File(SealedError::Corrupt { .. }))));
        sealed::write(&path, Kind { version: 3, ..KIND }, [vec![], vec![]].into_iter()).unwrap();
        let error = Setup::info(&path).unwrap_err().to_string();
        assert!(error.contains("version 2") && error.contains("version 3"), "{error}");
    }

    #[test]
    fn a_description_has_one_form() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("dev.srs");
        let described = |description: &str| {
            let s_g2 = Setup::insecure(2, Some([1; 32]), &Progress::silent()).unwrap().s_g2().to_raw_bytes();
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
        let mut setup = Setup::insecure(2, None, &Progress::silent()).unwrap();
        let mut points = setup.monomial.to_vec();
        points[1].x = points[2].x;
        setup.monomial = points.into();
        setup.write(&path).unwrap();
        assert!(Setup::read(&path).unwrap_err().to_string().contains("a bad point in section 2"));
    }
}
