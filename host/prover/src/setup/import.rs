//! Importing powers of tau from a file that a ceremony or another program left.
//!
//! First the whole file is hashed: a digest that is not the expected one ends the import before the work. The powers are
//! then checked point by point and, all at once, with a pairing. The Lagrange basis comes from the file, if it has one of
//! the right size, or from a transform; either way it is checked against the powers. The transform takes long and
//! leaves checkpoints.
//!
//! ```text
//! file -> digest = expected? -> points, pairings -> Lagrange basis -> check -> setup, with its origin
//! ```

use super::ceremony::Blake2b512;
use super::checkpoint::{Checkpoint, INTERVAL};
use super::source::{ImportError, Source};
use super::{Setup, SetupError, check, check_k, digest};
use crate::files::{Destination, lock};
use crate::progress::Progress;
use crate::sealed::SealedError;
use std::path::Path;
use std::time::Duration;

/// What an import needs beside its source and its destination.
#[derive(Clone, Copy, Debug)]
pub struct ImportOptions<'a> {
    /// The digest that the source must have, if one is known.
    pub expected: Option<&'a Blake2b512>,
    /// The folder for checkpoints.
    pub checkpoints: &'a Path,
    /// How long to wait for another import of the same powers; without limit if there is none.
    pub lock_timeout: Option<Duration>,
}

impl Setup {
    /// Imports the first 2^`k` powers of the snarkjs or halo2 file at `source` and writes the setup to `destination`, whole
    /// or not at all. An interrupted import is taken up where it was by the next import of the same powers.
    ///
    /// # Errors
    /// [`SetupError::Import`] for a file that cannot be taken, [`SetupError::Inconsistent`] for one whose points are not
    /// powers of one secret, [`SetupError::File`] when writing fails.
    pub fn import(
        source: &Path,
        k: u32,
        destination: &Destination,
        options: ImportOptions<'_>,
        progress: &Progress,
    ) -> Result<Self, SetupError> {
        let ImportOptions { expected, checkpoints, lock_timeout } = options;
        check_k(k)?;
        let refused = |error: ImportError| error.at(source);
        let file = Source::open(source).map_err(refused)?;
        file.check_size(k).map_err(refused)?;
        let blake2b = file.blake2b(progress).map_err(refused)?;
        if let Some(expected) = expected.filter(|expected| **expected != blake2b) {
            return Err(refused(ImportError::Digest { expected: Box::new(*expected), found: Box::new(blake2b) }));
        }
        let s_g2 = file.s_g2().map_err(refused)?;
        let monomial = {
            let bar = progress.steps("reading powers", 1 << k);
            file.powers(k, |count| bar.advance(count)).map_err(refused)?
        };
        let spinner = progress.begin("checking powers");
        check::powers(&monomial, s_g2)?;
        drop(spinner);

        let checkpoint = Checkpoint::in_folder(checkpoints, k, digest(k, &s_g2));
        let waiting = progress.begin("waiting for another import");
        let _lock = lock(checkpoint.path(), lock_timeout).map_err(SealedError::from)?;
        drop(waiting);
        let prepared = {
            let bar = progress.steps("reading Lagrange basis", 1 << k);
            file.lagrange(k, |count| bar.advance(count)).map_err(refused)?
        };
        file.check_unchanged().map_err(refused)?;
        let lagrange = match prepared {
            Some(points) => points,
            None => checkpoint.transform(&monomial, INTERVAL, progress)?,
        };
        let spinner = progress.begin("checking Lagrange basis");
        if let Err(error) = check::lagrange(&monomial, &lagrange) {
            checkpoint.remove()?;
            return Err(error);
        }
        drop(spinner);

        let setup = Self::assemble(k, monomial, lagrange, s_g2, file.origin(blake2b));
        setup.write_to(destination)?;
        checkpoint.remove()?;
        Ok(setup)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::setup::samples::{CEREMONY, HERMEZ, flipped, import, import_refusal, offset, options, patched, to};
    use crate::setup::{SourceInfo, lagrange};
    use halo2curves::bn256::G1Affine;
    use halo2curves::serde::SerdeObject;
    use std::fs;
    use std::os::unix::fs::symlink;

    #[test]
    fn the_hermez_ceremony_is_recognised_by_its_published_digest_at_every_size() {
        let directory = tempfile::tempdir().unwrap();
        for k in [8, 7, 1] {
            let setup = import(&directory, HERMEZ, k).unwrap();
            setup.check().unwrap();
            let words = "Hermez ceremony, final file of power 8, recognised by its published BLAKE2b-512";
            assert_eq!(setup.origin().to_string(), words);
            assert_eq!(Setup::read(&directory.path().join("out.srs")).unwrap().origin(), setup.origin());
            // The file is prepared: this basis was read, and the transform makes the same.
            assert_eq!(setup.lagrange().as_ref(), lagrange::from_monomial(setup.monomial(), &Progress::silent()));
        }
    }

    #[test]
    fn a_prepared_file_is_imported_from_its_lagrange_sections() {
        // The first point of the largest basis is exchanged for another point of the curve.
        let at = offset(HERMEZ, 12) + 64 * 255;
        let other = patched(HERMEZ, at, &G1Affine::generator().to_raw_bytes());
        let directory = tempfile::tempdir().unwrap();
        let error = import(&directory, &other, 8).unwrap_err();
        assert!(matches!(error, SetupError::Inconsistent { what } if what.contains("Lagrange")), "{error}");
        import(&directory, &other, 7).unwrap().check().unwrap();
    }

    #[test]
    fn one_flipped_byte_makes_it_an_unknown_file_and_a_refused_one_where_the_point_is_used() {
        let directory = tempfile::tempdir().unwrap();
        // Sections 4 and 5 are not read; the first byte of section 7 counts the contributions.
        for section in [4, 5, 7] {
            let setup = import(&directory, &flipped(HERMEZ, offset(HERMEZ, section)), 8).unwrap();
            assert_eq!(setup.origin().recognised(), None);
            let claims = setup.origin().to_string();
            assert!(claims.contains("claims 5") && claims.contains("nobody's published hash"), "{claims}");
            assert!(!claims.contains("Hermez"), "{claims}");
        }
        for at in [offset(HERMEZ, 2) + 64 * 200, offset(HERMEZ, 3) + 128] {
            assert!(matches!(import_refusal(&flipped(HERMEZ, at), 8), ImportError::Point { .. }));
        }
    }

    #[test]
    fn the_number_of_contributions_is_whatever_the_file_says_and_told_as_its_claim() {
        let directory = tempfile::tempdir().unwrap();
        let boasting = patched(CEREMONY, offset(CEREMONY, 7), &1_000_000u32.to_le_bytes());
        let setup = import(&directory, &boasting, 3).unwrap();
        let words = "powers of tau from source: claims 1000000 contributions; nobody's published hash";
        assert!(setup.origin().to_string().starts_with(words), "{}", setup.origin());
    }

    #[test]
    fn another_digest_than_the_expected_one_is_refused_before_any_point_is_looked_at() {
        let directory = tempfile::tempdir().unwrap();
        let [path, out] = ["source", "out.srs"].map(|name| directory.path().join(name));
        // Its second power is no point at all.
        let broken = patched(CEREMONY, offset(CEREMONY, 2) + 64, &[0xff; 64]);
        fs::write(&path, &broken).unwrap();
        let digest = |bytes: &[u8]| Blake2b512(*blake2b_simd::blake2b(bytes).as_array());
        let refused = |expected: &Blake2b512| {
            Setup::import(&path, 6, &to(&out), options(directory.path(), Some(expected)), &Progress::silent())
                .unwrap_err()
        };
        let (right, wrong) = (digest(&broken), digest(CEREMONY));
        let error = refused(&wrong);
        let SetupError::Import { source: ImportError::Digest { expected, found }, .. } = error else {
            panic!("{error}")
        };
        assert_eq!((*expected, *found), (wrong, right));
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1, "something was written");
        let error = refused(&right);
        assert!(matches!(error, SetupError::Import { source: ImportError::Point { index: 1, .. }, .. }), "{error}");
        fs::write(&path, CEREMONY).unwrap();
        Setup::import(&path, 6, &to(&out), options(directory.path(), Some(&wrong)), &Progress::silent()).unwrap();
    }

    #[test]
    fn a_symlink_is_followed_and_gives_its_own_name() {
        let directory = tempfile::tempdir().unwrap();
        let [path, link, out] = ["target", "link.ptau", "out.srs"].map(|name| directory.path().join(name));
        fs::write(&path, CEREMONY).unwrap();
        symlink(&path, &link).unwrap();
        let setup = Setup::import(&link, 2, &to(&out), options(directory.path(), None), &Progress::silent()).unwrap();
        assert!(setup.origin().to_string().contains("link.ptau"));
        assert_eq!(SourceInfo::read(&link, false, &Progress::silent()).unwrap().name, "link.ptau");
        fs::remove_file(&path).unwrap();
        let error =
            Setup::import(&link, 2, &to(&out), options(directory.path(), None), &Progress::silent()).unwrap_err();
        assert!(matches!(error, SetupError::Import { source: ImportError::Io(_), .. }), "{error}");
    }

    #[test]
    fn a_setup_of_our_own_and_files_of_other_kinds_are_refused_by_name() {
        let directory = tempfile::tempdir().unwrap();
        import(&directory, CEREMONY, 2).unwrap();
        let own = fs::read(directory.path().join("out.srs")).unwrap();
        assert!(matches!(import_refusal(&own, 2), ImportError::Sealed));
        for other in ["zkey and some more bytes", "%PDF", "\u{7f}ELF\u{2}\u{1}\u{1}"] {
            assert!(matches!(import_refusal(other.as_bytes(), 2), ImportError::Unknown), "{other}");
        }
        assert!(matches!(import_refusal(b"", 2), ImportError::Truncated(_)));
    }
}
