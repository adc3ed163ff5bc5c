//! Importing a powers-of-tau ceremony.
//!
//! The powers are streamed, checked point by point and then, all at once, with a pairing. The Lagrange basis comes from
//! the file, if it was prepared, or from a transform; either way it is checked against the powers. Only the transform
//! takes long (minutes from k = 20 on), so it leaves a checkpoint beside the destination from time to time, which the
//! next import of the same ceremony takes up. A checkpoint needs no trust: the last check covers it.

use super::file::{SECTION_POINTS, decode_points, encode};
use super::lagrange::Transform;
use super::ptau::Ptau;
use super::{Origin, Setup, SetupError, check, check_k, digest};
use crate::progress::Progress;
use crate::sealed::{self, Kind, Sealed, SealedError};
use halo2curves::bn256::G1Affine;
use penstock_circuits::json;
use serde::{Deserialize, Serialize};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

const KIND: Kind = Kind { tag: *b"LAGR", version: 1 };
const INTERVAL: Duration = Duration::from_secs(20);

impl Setup {
    /// Imports the first 2^`k` powers of the snarkjs file at `ptau` and writes the setup to `destination`, whole or not
    /// at all. An interrupted import is taken up where it was if it is run again with the same arguments.
    ///
    /// # Errors
    /// [`SetupError::Ptau`] for a file that cannot be taken, [`SetupError::Inconsistent`] for one whose points are not
    /// powers of one secret, [`SetupError::File`] when reading or writing fails.
    pub fn import(ptau: &Path, k: u32, destination: &Path, progress: Progress) -> Result<Self, SetupError> {
        check_k(k)?;
        let name = ptau.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let ptau = Ptau::open(ptau)?;
        let (contributions, ceremony) = ptau.contributions()?;
        let s_g2 = ptau.s_g2()?;
        let monomial = {
            let bar = progress.bar("reading powers", 1 << k);
            ptau.powers(k, |count| bar.inc(count))?
        };
        let spinner = progress.spinner("checking powers");
        check::powers(&monomial, s_g2)?;
        drop(spinner);

        let waiting = progress.spinner("waiting for another import");
        let _lock = sealed::lock(destination)?;
        drop(waiting);
        let checkpoint = Checkpoint { path: checkpoint_path(destination), digest: digest(k, &s_g2) };
        let prepared = {
            let bar = progress.bar("reading Lagrange basis", 1 << k);
            ptau.lagrange(k, |count| bar.inc(count))?
        };
        let lagrange = match prepared {
            Some(points) => points,
            None => checkpoint.transform(&monomial, INTERVAL, progress)?,
        };
        let spinner = progress.spinner("checking Lagrange basis");
        if let Err(error) = check::lagrange(&monomial, &lagrange) {
            checkpoint.remove()?;
            return Err(error);
        }
        drop(spinner);

        let setup = Self::assemble(k, monomial, lagrange, s_g2, Origin::PowersOfTau { name, ceremony, contributions });
        setup.write(destination)?;
        checkpoint.remove()?;
        Ok(setup)
    }
}

fn checkpoint_path(destination: &Path) -> PathBuf {
    let mut name = destination.file_name().unwrap_or_default().to_owned();
    name.push(".checkpoint");
    destination.with_file_name(name)
}

/// Where a transform's state is kept, and of which setup it is.
struct Checkpoint {
    path: PathBuf,
    digest: [u8; 32],
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct State {
    #[serde(with = "hex::serde")]
    digest: [u8; 32],
    stage: u32,
}

impl Checkpoint {
    /// The Lagrange form of `monomial`, from the checkpoint on if there is one; leaves one every `interval`.
    fn transform(
        &self,
        monomial: &[G1Affine],
        interval: Duration,
        progress: Progress,
    ) -> Result<Vec<G1Affine>, SetupError> {
        let k = monomial.len().ilog2();
        // Whatever is wrong with a checkpoint, starting from the powers is right.
        let (stage, points) = self
            .read()
            .ok()
            .filter(|(stage, points)| *stage <= k && points.len() == monomial.len())
            .unwrap_or_else(|| (0, monomial.to_vec()));
        let mut transform = Transform::new(points, stage);
        let bar = progress.bar("Lagrange basis", k.into());
        bar.set_position(stage.into());
        let mut saved = Instant::now();
        while !transform.is_done() {
            transform.step();
            bar.set_position(transform.stage().into());
            if saved.elapsed() >= interval {
                self.write(&transform)?;
                saved = Instant::now();
            }
        }
        Ok(transform.into_points())
    }

    fn read(&self) -> Result<(u32, Vec<G1Affine>), SealedError> {
        let file = Sealed::open(&self.path, KIND)?;
        let state: State = json::from_slice(&file.section(0)?).map_err(|error| file.corrupt(error.to_string()))?;
        if state.digest != self.digest {
            return Err(file.corrupt("it belongs to another setup"));
        }
        Ok((state.stage, decode_points(&file, 1..file.sections())?))
    }

    fn write(&self, transform: &Transform) -> Result<(), SealedError> {
        let state = State { digest: self.digest, stage: transform.stage() };
        let state = serde_json::to_vec(&state)
            .map_err(|error| SealedError::io("describe the checkpoint in", &self.path, error.into()))?;
        let chunks: Vec<&[G1Affine]> = transform.points().chunks(SECTION_POINTS).collect();
        let sections = (0..1 + chunks.len()).map(|index| match index {
            0 => state.clone(),
            _ => encode(chunks[index - 1]),
        });
        sealed::write(&self.path, KIND, sections)
    }

    fn remove(&self) -> Result<(), SealedError> {
        match fs::remove_file(&self.path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(SealedError::io("delete", &self.path, error))
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::setup::PtauError;
    use halo2curves::bn256::{Fq, Fq2, G2Affine};
    use halo2curves::ff::Field;
    use halo2curves::serde::SerdeObject;
    use halo2curves::{CurveAffine, group::Curve};
    use tempfile::TempDir;

    /// Power 6, two contributions and a beacon, not prepared. Made with snarkjs by tests/ptau/record.sh.
    const CEREMONY: &[u8] = include_bytes!("../../tests/ptau/ceremony.ptau");
    /// The same ceremony, prepared and truncated to power 4.
    const PREPARED: &[u8] = include_bytes!("../../tests/ptau/prepared.ptau");

    fn import(directory: &TempDir, ptau: &[u8], k: u32) -> Result<Setup, SetupError> {
        let path = directory.path().join("file.ptau");
        fs::write(&path, ptau).unwrap();
        Setup::import(&path, k, &directory.path().join("out.srs"), Progress::Silent)
    }

    fn refusal(ptau: &[u8], k: u32) -> SetupError {
        let directory = tempfile::tempdir().unwrap();
        let error = import(&directory, ptau, k).unwrap_err();
        let left = fs::read_dir(directory.path()).unwrap().map(|entry| entry.unwrap().file_name());
        assert!(left.into_iter().all(|name| name == "file.ptau" || name == "out.srs.lock"), "something stays");
        error
    }

    fn ptau_refusal(ptau: &[u8], k: u32) -> PtauError {
        match refusal(ptau, k) {
            SetupError::Ptau { source, .. } => source,
            other => panic!("{other}"),
        }
    }

    /// Ids, offsets of the content and lengths of all sections.
    fn sections(ptau: &[u8]) -> Vec<(u32, usize, usize)> {
        let mut at = 12;
        let mut sections = Vec::new();
        while at < ptau.len() {
            let id = u32::from_le_bytes(ptau[at..at + 4].try_into().unwrap());
            let length = u64::from_le_bytes(ptau[at + 4..at + 12].try_into().unwrap()) as usize;
            sections.push((id, at + 12, length));
            at += 12 + length;
        }
        sections
    }

    fn offset(ptau: &[u8], id: u32) -> usize {
        sections(ptau).into_iter().find(|section| section.0 == id).unwrap().1
    }

    fn patched(ptau: &[u8], at: usize, bytes: &[u8]) -> Vec<u8> {
        let mut patched = ptau.to_vec();
        patched[at..at + bytes.len()].copy_from_slice(bytes);
        patched
    }

    fn g1(ptau: &[u8], index: usize) -> usize {
        offset(ptau, 2) + 64 * index
    }

    #[test]
    fn a_ceremony_is_imported_at_every_size_and_comes_back_from_its_file() {
        let directory = tempfile::tempdir().unwrap();
        for k in 1..=6 {
            let setup = import(&directory, CEREMONY, k).unwrap();
            setup.check().unwrap();
            assert!(!setup.is_insecure());
            let Origin::PowersOfTau { name, contributions, .. } = setup.origin() else { panic!() };
            assert_eq!((name.as_str(), *contributions), ("file.ptau", 3));
            let read = Setup::read(&directory.path().join("out.srs")).unwrap();
            assert_eq!((read.origin(), read.digest()), (setup.origin(), setup.digest()));
            assert_eq!((read.monomial(), read.lagrange()), (setup.monomial(), setup.lagrange()));
        }
        assert!(!checkpoint_path(&directory.path().join("out.srs")).exists());
    }

    #[test]
    fn a_prepared_file_yields_the_same_setup_as_the_transform() {
        let directory = tempfile::tempdir().unwrap();
        for k in 1..=4 {
            let transformed = import(&directory, CEREMONY, k).unwrap();
            let prepared = import(&directory, PREPARED, k).unwrap();
            assert_eq!(prepared.lagrange(), transformed.lagrange(), "k = {k}");
            assert_eq!((prepared.digest(), prepared.origin()), (transformed.digest(), transformed.origin()));
        }
    }

    #[test]
    fn a_prepared_file_with_a_wrong_lagrange_point_is_refused() {
        let at = offset(PREPARED, 12) + 64 * (15 + 3);
        let error = refusal(&patched(PREPARED, at, &G1Affine::generator().to_raw_bytes()), 4);
        assert!(matches!(error, SetupError::Inconsistent { what } if what.contains("Lagrange")), "{error}");
    }

    #[test]
    fn every_truncation_at_or_near_a_border_is_noticed() {
        for ptau in [CEREMONY, PREPARED] {
            let borders = sections(ptau).into_iter().flat_map(|(_, at, length)| [at - 12, at, at + length]);
            for border in borders.chain([0, 4, 8, 12]) {
                for length in [border.saturating_sub(1), border, border + 1] {
                    if length < ptau.len() {
                        let error = ptau_refusal(&ptau[..length], 3);
                        assert!(matches!(error, PtauError::Truncated(_)), "{length}: {error}");
                    }
                }
            }
        }
    }

    #[test]
    fn a_flipped_byte_in_any_power_that_is_used_is_noticed() {
        let first = g1(CEREMONY, 0);
        for at in (first..first + 64 * 64).step_by(37) {
            let error = refusal(&patched(CEREMONY, at, &[CEREMONY[at] ^ 1]), 6);
            assert!(matches!(error, SetupError::Ptau { source: PtauError::Point { .. }, .. }), "{at}: {error}");
        }
    }

    #[test]
    fn a_bad_point_is_named_by_its_index() {
        let not_reduced = patched(CEREMONY, g1(CEREMONY, 5), &[0xff; 32]);
        let off_the_curve = patched(CEREMONY, g1(CEREMONY, 5), &CEREMONY[g1(CEREMONY, 6)..][..32]);
        let identity = patched(CEREMONY, g1(CEREMONY, 5), &[0; 64]);
        for ptau in [not_reduced, off_the_curve, identity] {
            let error = ptau_refusal(&ptau, 3);
            assert!(matches!(error, PtauError::Point { group: "tauG1", index: 5, .. }), "{error}");
            import(&tempfile::tempdir().unwrap(), &ptau, 2).unwrap();
        }
    }

    #[test]
    fn swapped_or_replaced_powers_fail_the_pairing_check() {
        let (left, right) = (g1(CEREMONY, 9), g1(CEREMONY, 10));
        let swapped = patched(&patched(CEREMONY, left, &CEREMONY[right..][..64]), right, &CEREMONY[left..][..64]);
        let last = patched(CEREMONY, g1(CEREMONY, 63), &CEREMONY[g1(CEREMONY, 62)..][..64]);
        for ptau in [swapped, last] {
            let error = refusal(&ptau, 6);
            assert!(matches!(error, SetupError::Inconsistent { .. }), "{error}");
        }
    }

    #[test]
    fn the_point_in_g2_is_checked() {
        let generator = offset(CEREMONY, 3);
        let second = generator + 128;
        // Nearly no point of the twist lies in the subgroup of prime order.
        let outside = (1..)
            .find_map(|x| {
                let x = Fq2::new(Fq::from(x), Fq::ONE);
                Option::from((x.square() * x + G2Affine::b()).sqrt()).map(|y| G2Affine { x, y })
            })
            .unwrap();
        assert!(bool::from(outside.is_on_curve()));
        let doubled = (G2Affine::generator() + G2Affine::generator()).to_affine();
        let cases = [
            (second, outside.to_raw_bytes(), "not in the subgroup"),
            (second, vec![0; 128], "the identity"),
            (second, vec![0xff; 128], "not on the curve"),
            (second, doubled.to_raw_bytes(), "pairing"),
            (generator, doubled.to_raw_bytes(), "not the generator"),
        ];
        for (at, bytes, reason) in cases {
            let error = refusal(&patched(CEREMONY, at, &bytes), 4).to_string();
            assert!(error.contains(reason), "{error}");
        }
    }

    #[test]
    fn a_ceremony_without_contributions_is_refused() {
        let mut ptau = CEREMONY.to_vec();
        for index in 0..127 {
            let at = g1(CEREMONY, index);
            ptau[at..at + 64].copy_from_slice(&G1Affine::generator().to_raw_bytes());
        }
        let ptau = patched(&ptau, offset(CEREMONY, 3) + 128, &G2Affine::generator().to_raw_bytes());
        assert!(matches!(ptau_refusal(&ptau, 6), PtauError::NoContribution));
    }

    #[test]
    fn headers_that_do_not_fit_are_refused() {
        let header = offset(CEREMONY, 1);
        let g1_length = offset(CEREMONY, 2) - 8;
        let shorter = (127u64 * 64 - 64).to_le_bytes();
        assert!(matches!(ptau_refusal(&patched(CEREMONY, 0, b"zkey"), 3), PtauError::Magic));
        assert!(matches!(ptau_refusal(&patched(CEREMONY, 4, &[2]), 3), PtauError::Version(2)));
        assert!(matches!(ptau_refusal(&patched(CEREMONY, 8, &[255; 4]), 3), PtauError::Malformed(_)));
        assert!(matches!(ptau_refusal(&patched(CEREMONY, header, &[48]), 3), PtauError::Curve));
        assert!(matches!(ptau_refusal(&patched(CEREMONY, header + 4, &[1]), 3), PtauError::Curve));
        assert!(matches!(ptau_refusal(&patched(CEREMONY, header + 36, &[7]), 3), PtauError::Malformed(_)));
        assert!(matches!(ptau_refusal(&patched(CEREMONY, header + 36, &[255; 4]), 3), PtauError::Malformed(_)));
        assert!(matches!(ptau_refusal(&patched(CEREMONY, header - 12, &[9]), 3), PtauError::Missing(1)));
        assert!(matches!(ptau_refusal(&patched(CEREMONY, g1_length, &[255; 8]), 3), PtauError::Truncated(_)));
        let error = ptau_refusal(&patched(CEREMONY, g1_length, &shorter), 3);
        assert!(matches!(error, PtauError::Truncated(_) | PtauError::Malformed(_)), "{error}");
    }

    #[test]
    fn more_powers_than_the_file_has_are_refused() {
        assert!(matches!(ptau_refusal(CEREMONY, 7), PtauError::TooFewPowers { has: 6, needs: 7 }));
        assert!(matches!(refusal(CEREMONY, 29), SetupError::KOutOfRange { k: 29 }));
    }

    /// An import that was interrupted after `stages` stages of its transform.
    fn interrupted(directory: &TempDir, stages: u32, spoil: impl Fn(&mut Vec<G1Affine>)) -> Checkpoint {
        let done = import(directory, CEREMONY, 6).unwrap();
        let destination = directory.path().join("out.srs");
        fs::remove_file(&destination).unwrap();
        let mut transform = Transform::new(done.monomial().to_vec(), 0);
        (0..stages).for_each(|_| transform.step());
        let mut points = transform.into_points();
        spoil(&mut points);
        let checkpoint = Checkpoint { path: checkpoint_path(&destination), digest: done.digest() };
        checkpoint.write(&Transform::new(points, stages)).unwrap();
        checkpoint
    }

    #[test]
    fn an_interrupted_import_is_taken_up_from_its_checkpoint() {
        let directory = tempfile::tempdir().unwrap();
        let checkpoint = interrupted(&directory, 4, |_| ());
        import(&directory, CEREMONY, 6).unwrap().check().unwrap();
        assert!(!checkpoint.path.exists());
    }

    #[test]
    fn a_checkpoint_with_wrong_points_is_caught_and_dropped() {
        let directory = tempfile::tempdir().unwrap();
        let checkpoint = interrupted(&directory, 4, |points| points.swap(3, 4));
        let error = import(&directory, CEREMONY, 6).unwrap_err();
        assert!(matches!(error, SetupError::Inconsistent { .. }), "the checkpoint was not used: {error}");
        assert!(!checkpoint.path.exists() && !directory.path().join("out.srs").exists());
        import(&directory, CEREMONY, 6).unwrap();
    }

    #[test]
    fn a_damaged_checkpoint_or_one_of_another_setup_is_passed_over() {
        let directory = tempfile::tempdir().unwrap();
        let checkpoint = interrupted(&directory, 4, |points| points.swap(3, 4));
        import(&directory, CEREMONY, 5).unwrap().check().unwrap();
        let checkpoint = Checkpoint { digest: [0; 32], ..checkpoint };
        checkpoint.write(&Transform::new(vec![G1Affine::generator(); 64], 4)).unwrap();
        import(&directory, CEREMONY, 6).unwrap().check().unwrap();
        fs::write(&checkpoint.path, b"PENSTOCK").unwrap();
        import(&directory, CEREMONY, 6).unwrap().check().unwrap();
    }

    #[test]
    fn checkpoints_are_left_while_the_transform_runs() {
        let directory = tempfile::tempdir().unwrap();
        let setup = import(&directory, CEREMONY, 5).unwrap();
        let checkpoint = Checkpoint { path: directory.path().join("state"), digest: setup.digest() };
        let lagrange = checkpoint.transform(setup.monomial(), Duration::ZERO, Progress::Silent).unwrap();
        assert_eq!(lagrange, setup.lagrange().as_ref());
        assert_eq!(checkpoint.read().unwrap(), (5, lagrange));
    }
}
