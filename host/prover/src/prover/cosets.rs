//! The key's values on cosets, kept on disk between runs.
//!
//! Computing them takes as long as half of all other transforms of a proof; reading and hashing them takes a fraction.
//! The file lies beside the key's, under the same name but for its extension, and names the key by its digest, which
//! covers every polynomial in it. What was renamed, damaged or made for another key is made again, never used. Proofs
//! do not depend on the file: where none can be kept, the values are computed and the outcome says why.
//!
//! It is read into memory, column by column on all cores. Mapping it would save a copy, but a mapped file that another
//! process cuts short ends this one, and no safe interface can rule that out.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use halo2curves::bn256::Fr;
use halo2curves::ff::PrimeField;
use halo2curves::serde::SerdeObject;
use penstock_circuits::json;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::key::{KeyCoset, ProverKey};
use crate::files::lock;
use crate::progress::Progress;
use crate::sealed::{self, Kind, Sealed, SealedError};

pub(super) const KIND: Kind = Kind { tag: *b"COSE", version: 1 };
const SCALAR: usize = 32;

/// Where the values on cosets came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CosetsOutcome {
    /// Read from the file at this path.
    Loaded(PathBuf),
    /// Computed, and written to this path, where there was no file.
    Built(PathBuf),
    /// Computed, and written over a file that could not be used.
    Rebuilt {
        /// The file.
        path: PathBuf,
        /// What was wrong with the one before.
        reason: String,
    },
    /// Computed in this process and in the next one, since no file can be kept.
    NotKept {
        /// What the system said.
        reason: String,
    },
}

impl fmt::Display for CosetsOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Loaded(path) => write!(f, "the keys' cosets loaded from {}", path.display()),
            Self::Built(path) => write!(f, "the keys' cosets computed and kept in {}", path.display()),
            Self::Rebuilt { path, reason } => {
                write!(f, "the keys' cosets in {} computed anew: {reason}", path.display())
            }
            Self::NotKept { reason } => {
                write!(f, "the keys' cosets are computed again in every run, since they cannot be kept: {reason}")
            }
        }
    }
}

/// Which key the values are of, and which of its columns.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Manifest {
    #[serde(with = "hex::serde")]
    key: Vec<u8>,
    version: String,
    cosets: usize,
    rows: usize,
    fixed_in_use: Vec<bool>,
    permutation_columns: usize,
}

impl Manifest {
    fn new(key: &ProverKey) -> Self {
        Self {
            key: key.vk().transcript_repr().to_repr().to_vec(),
            version: env!("CARGO_PKG_VERSION").into(),
            cosets: key.cached_cosets(),
            rows: key.rows(),
            fixed_in_use: key.fixed_in_use().to_vec(),
            permutation_columns: key.pk().permutation().polys().len(),
        }
    }

    /// The columns of one coset: fixed columns in use, permutation polynomials, l_0, l_active.
    fn columns(&self) -> usize {
        self.fixed_in_use.iter().filter(|in_use| **in_use).count() + self.permutation_columns + 2
    }
}

/// Gets the values that the key keeps in memory from the file at `path`, or computes them and keeps them there.
///
/// Two processes that need the same do not compute it twice: the second waits for the first.
pub(super) fn load_or_compute(
    key: &ProverKey,
    path: &Path,
    lock_timeout: Option<Duration>,
    progress: &Progress,
) -> CosetsOutcome {
    if let Ok(cosets) = read(key, path) {
        key.keep(cosets);
        return CosetsOutcome::Loaded(path.to_owned());
    }
    let work = progress.begin("cosets");
    work.stage("waiting for another process");
    let not_kept = |error: SealedError| CosetsOutcome::NotKept { reason: error.to_string() };
    let _lock = match lock(path, lock_timeout) {
        Ok(lock) => lock,
        Err(error) => return not_kept(error.into()),
    };
    let reason = match read(key, path) {
        Ok(cosets) => {
            key.keep(cosets);
            return CosetsOutcome::Loaded(path.to_owned());
        }
        Err(error) => (!error.is_not_found()).then(|| error.to_string()),
    };
    work.stage("computing and writing");
    match (write(key, path), reason) {
        (Err(error), _) => not_kept(error),
        (Ok(()), None) => CosetsOutcome::Built(path.to_owned()),
        (Ok(()), Some(reason)) => CosetsOutcome::Rebuilt { path: path.to_owned(), reason },
    }
}

/// Writes the values, computed one coset at a time, whole or not at all.
fn write(key: &ProverKey, path: &Path) -> Result<(), SealedError> {
    let manifest = Manifest::new(key);
    let columns = manifest.columns();
    let encoded = serde_json::to_vec(&manifest)
        .map_err(|error| SealedError::io("encode cosets for", path, io::Error::from(error)))?;
    let sections = (0..1 + manifest.cosets * columns).map(|index| match index.checked_sub(1) {
        None => encoded.clone(),
        Some(index) => {
            let coset = key.coset(index / columns);
            coset.columns().nth(index % columns).map_or_else(Vec::new, encode)
        }
    });
    sealed::write(path, KIND, sections)
}

/// Reads the values at `path` if they are those of `key`.
fn read(key: &ProverKey, path: &Path) -> Result<Vec<KeyCoset>, SealedError> {
    let file = Sealed::open(path, KIND)?;
    let manifest: Manifest = json::from_slice(&file.section(0)?).map_err(|error| file.corrupt(error.to_string()))?;
    if manifest != Manifest::new(key) {
        return Err(file.corrupt("its cosets belong to another key or version"));
    }
    let expected = 1 + manifest.cosets * manifest.columns();
    if file.sections() != expected {
        return Err(file.corrupt(format!("it has {} sections instead of {expected}", file.sections())));
    }
    let columns: Vec<Vec<Fr>> = (1..expected)
        .into_par_iter()
        .map(|index| {
            decode(&file.section(index)?, manifest.rows)
                .ok_or_else(|| file.corrupt(format!("section {index} is not a column of {} values", manifest.rows)))
        })
        .collect::<Result<_, _>>()?;
    let mut columns = columns.into_iter();
    let mut next = || columns.next().unwrap_or_default();
    let coset = |_| KeyCoset {
        fixed: manifest.fixed_in_use.iter().map(|in_use| if *in_use { next() } else { Vec::new() }).collect(),
        sigma: (0..manifest.permutation_columns).map(|_| next()).collect(),
        l0: next(),
        l_active: next(),
    };
    Ok((0..manifest.cosets).map(coset).collect())
}

fn encode(column: &Vec<Fr>) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(column.len() * SCALAR);
    for value in column {
        // Writing into memory does not fail.
        let _ = value.write_raw(&mut bytes);
    }
    bytes
}

fn decode(bytes: &[u8], rows: usize) -> Option<Vec<Fr>> {
    let (values, rest) = bytes.as_chunks::<SCALAR>();
    if values.len() != rows || !rest.is_empty() {
        return None;
    }
    values.iter().map(|value| Fr::from_raw_bytes(value)).collect()
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;
    use std::sync::Arc;

    use halo2_axiom::plonk::keygen_pk2;
    use halo2_axiom::poly::kzg::commitment::ParamsKZG;
    use halo2curves::bn256::Bn256;
    use rand::SeedableRng;
    use rand_chacha::ChaCha20Rng;

    use super::super::toy::Toy;
    use super::*;

    fn key_of(setup: u8, rows: usize, cache: usize) -> ProverKey {
        let params = ParamsKZG::<Bn256>::setup(6, ChaCha20Rng::from_seed([setup; 32]));
        ProverKey::with_cache(keygen_pk2(&params, &Toy::new(3, rows), false).unwrap(), cache).unwrap()
    }

    fn key() -> ProverKey {
        key_of(1, 40, usize::MAX)
    }

    /// What the key has in memory afterwards.
    fn get(key: &ProverKey, path: &Path) -> (Vec<Arc<KeyCoset>>, CosetsOutcome) {
        let outcome = key.load_or_compute_cosets(path, None, &Progress::silent());
        ((0..key.cached_cosets()).map(|coset| key.coset(coset)).collect(), outcome)
    }

    fn computed(key: &ProverKey) -> Vec<Arc<KeyCoset>> {
        (0..key.cached_cosets()).map(|coset| key.coset(coset)).collect()
    }

    fn sections(path: &Path) -> Vec<Vec<u8>> {
        let file = Sealed::open(path, KIND).unwrap();
        (0..file.sections()).map(|index| file.section(index).unwrap()).collect()
    }

    #[test]
    fn loaded_cosets_equal_computed_ones_in_every_cell() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("test.cosets");
        let expected = computed(&key());
        assert_eq!(expected.len(), 5);
        assert_eq!(get(&key(), &path), (expected.clone(), CosetsOutcome::Built(path.clone())));
        assert_eq!(get(&key(), &path), (expected, CosetsOutcome::Loaded(path)));
    }

    #[test]
    fn a_damaged_file_is_made_again() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("test.cosets");
        let (expected, _) = get(&key(), &path);
        let good = fs::read(&path).unwrap();
        let flipped = |index: usize| {
            let mut bytes = good.clone();
            bytes[index] ^= 1;
            bytes
        };
        let damaged = [
            flipped(0),
            flipped(100),
            flipped(good.len() / 2),
            flipped(good.len() - 1),
            [good.as_slice(), &[0]].concat(),
            good[..good.len() - 1].to_vec(),
            good[..good.len() / 2].to_vec(),
            good[..7].to_vec(),
            vec![],
        ];
        for bytes in damaged {
            fs::write(&path, bytes).unwrap();
            let (cosets, outcome) = get(&key(), &path);
            assert!(matches!(outcome, CosetsOutcome::Rebuilt { .. }), "{outcome}");
            assert_eq!(cosets, expected);
            assert_eq!(fs::read(&path).unwrap(), good);
        }
    }

    #[test]
    fn cosets_of_another_key_setup_or_budget_are_not_used() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("test.cosets");
        let (expected, _) = get(&key(), &path);
        let good = fs::read(&path).unwrap();
        for other in [key_of(2, 40, usize::MAX), key_of(1, 39, usize::MAX), key_of(1, 40, 40_000)] {
            let (cosets, outcome) = get(&other, &path);
            assert!(
                matches!(&outcome, CosetsOutcome::Rebuilt { reason, .. } if reason.contains("another key")),
                "{outcome}"
            );
            assert_eq!(cosets, computed(&other));
            fs::write(&path, &good).unwrap();
        }
        assert_eq!(get(&key(), &path).0, expected);
    }

    #[test]
    fn well_sealed_sections_that_do_not_belong_are_not_used() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("test.cosets");
        let (expected, _) = get(&key(), &path);
        let good = sections(&path);
        let with = |change: &dyn Fn(&mut Vec<Vec<u8>>)| {
            let mut sections = good.clone();
            change(&mut sections);
            sections
        };
        let changed = [
            with(&|sections| drop(sections.pop())),
            with(&|sections| sections.push(sections[1].clone())),
            with(&|sections| sections[2].truncate(32)),
            with(&|sections| sections[2].push(0)),
            // No element: the modulus is less.
            with(&|sections| sections[3][..32].fill(0xff)),
            with(&|sections| sections[0].clear()),
        ];
        for sections in changed {
            sealed::write(&path, KIND, sections.into_iter()).unwrap();
            let (cosets, outcome) = get(&key(), &path);
            assert!(matches!(outcome, CosetsOutcome::Rebuilt { .. }), "{outcome}");
            assert_eq!(cosets, expected);
        }
        sealed::write(&path, Kind { version: KIND.version + 1, ..KIND }, good.into_iter()).unwrap();
        assert!(matches!(get(&key(), &path).1, CosetsOutcome::Rebuilt { .. }));
    }

    #[test]
    fn where_no_file_can_be_kept_the_cosets_are_computed() {
        let directory = tempfile::tempdir().unwrap();
        let expected = computed(&key());
        let file = directory.path().join("file");
        fs::write(&file, b"not a directory").unwrap();
        // A directory in the file's place can be neither read nor replaced.
        let taken = directory.path().join("taken.cosets");
        fs::create_dir(&taken).unwrap();
        fs::write(taken.join("full"), b"").unwrap();
        for path in [file.join("test.cosets"), taken] {
            let (cosets, outcome) = get(&key(), &path);
            assert!(matches!(outcome, CosetsOutcome::NotKept { .. }), "{outcome}");
            assert_eq!(cosets, expected);
        }
        let unreadable = directory.path().join("unreadable");
        fs::create_dir(&unreadable).unwrap();
        fs::set_permissions(&unreadable, fs::Permissions::from_mode(0o555)).unwrap();
        // The superuser may write all the same.
        let (cosets, outcome) = get(&key(), &unreadable.join("test.cosets"));
        assert!(matches!(outcome, CosetsOutcome::NotKept { .. } | CosetsOutcome::Built(_)), "{outcome}");
        assert_eq!(cosets, expected);
    }

    #[test]
    fn two_at_a_time_compute_once() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("test.cosets");
        let outcomes: Vec<CosetsOutcome> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..4).map(|_| scope.spawn(|| get(&key(), &path).1)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        let built = outcomes.iter().filter(|outcome| matches!(outcome, CosetsOutcome::Built(_))).count();
        assert_eq!(built, 1, "{outcomes:?}");
    }
}
