//! An import's checkpoint: the state of the transform to the Lagrange basis, left in a folder of its own.
//!
//! Only the transform takes long (minutes from k = 20 on). The next import of the same setup takes its state up. A
//! checkpoint needs no trust: the basis is checked against the powers in the end.

use super::SetupError;
use super::file::{SECTION_POINTS, decode_points, encode};
use super::lagrange::Transform;
use crate::progress::Progress;
use crate::sealed::{self, Kind, Sealed, SealedError};
use halo2curves::bn256::G1Affine;
use penstock_circuits::json;
use serde::{Deserialize, Serialize};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

const KIND: Kind = Kind { tag: *b"LAGR", version: 1 };
/// How often a state is left.
pub(super) const INTERVAL: Duration = Duration::from_secs(20);

/// Where a transform's state is kept, and of which setup it is.
pub(super) struct Checkpoint {
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
    /// The checkpoint of imports of the 2^`k` powers with this digest, whatever file they come from.
    pub(super) fn in_folder(folder: &Path, k: u32, digest: [u8; 32]) -> Self {
        Self { path: folder.join(format!("{}-k{k}.checkpoint", hex::encode(&digest[..8]))), digest }
    }

    /// Its file.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The Lagrange form of `monomial`, from the checkpoint on if there is one; leaves one every `interval`.
    pub(super) fn transform(
        &self,
        monomial: &[G1Affine],
        interval: Duration,
        progress: &Progress,
    ) -> Result<Vec<G1Affine>, SetupError> {
        let k = monomial.len().ilog2();
        // Whatever is wrong with a checkpoint, starting from the powers is right.
        let (stage, points) = self
            .read()
            .ok()
            .filter(|(stage, points)| *stage <= k && points.len() == monomial.len())
            .unwrap_or_else(|| (0, monomial.to_vec()));
        let mut transform = Transform::new(points, stage);
        let bar = progress.steps("Lagrange basis", k.into());
        bar.reach(stage.into());
        let mut saved = Instant::now();
        while !transform.is_done() {
            transform.step();
            bar.reach(transform.stage().into());
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

    /// Deletes the file, if there is one.
    pub(super) fn remove(&self) -> Result<(), SealedError> {
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
    use crate::setup::samples::{CEREMONY, import};
    use tempfile::TempDir;

    /// An import that was interrupted after `stages` stages of its transform.
    fn interrupted(directory: &TempDir, stages: u32, spoil: impl Fn(&mut Vec<G1Affine>)) -> Checkpoint {
        let done = import(directory, CEREMONY, 6).unwrap();
        let destination = directory.path().join("out.srs");
        fs::remove_file(&destination).unwrap();
        let mut transform = Transform::new(done.monomial().to_vec(), 0);
        (0..stages).for_each(|_| transform.step());
        let mut points = transform.into_points();
        spoil(&mut points);
        let checkpoint = Checkpoint::in_folder(directory.path(), 6, done.digest());
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
        let lagrange = checkpoint.transform(setup.monomial(), Duration::ZERO, &Progress::silent()).unwrap();
        assert_eq!(lagrange, setup.lagrange().as_ref());
        assert_eq!(checkpoint.read().unwrap(), (5, lagrange));
    }
}
