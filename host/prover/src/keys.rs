//! Proving and verifying keys, kept on disk between runs.
//!
//! A key file is named after everything that its keys depend on: the circuit as it synthesises (see `digest`), the
//! preset's name, the setup and this crate's version. A change of any of them means another name, so a stale key is
//! never found; a file that was renamed, damaged or does not yield the recorded verifying key is rebuilt, never used.
//!
//! ```text
//! circuit + setup -> identity -> file there and whole? -> keys
//!                                 otherwise -> lock -> key generation -> file -> keys
//! ```

mod digest;
mod file;

use crate::files::{check_space, lock};
use crate::progress::Progress;
use crate::sealed::SealedError;
use crate::setup::Setup;
use halo2_axiom::plonk::{self, Circuit, ProvingKey, VerifyingKey, keygen_pk2};
use halo2curves::bn256::{Fr, G1Affine};
use sha2::{Digest, Sha256};
use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Why there are no keys.
#[derive(Debug, thiserror::Error)]
pub enum KeysError {
    /// The key file or its directory could not be read or written.
    #[error(transparent)]
    File(#[from] SealedError),
    /// The circuit needs more rows than the setup has.
    #[error("the circuit `{name}` uses {rows} rows; a setup with k = {k} leaves {usable}: use one with a larger k")]
    TooLarge {
        /// The preset.
        name: String,
        /// Rows used, counted from the first.
        rows: usize,
        /// Rows that blinding leaves.
        usable: usize,
        /// The setup's k.
        k: u32,
    },
    /// The circuit does not synthesise.
    #[error("key generation for `{name}` failed: {source}")]
    Circuit {
        /// The preset.
        name: String,
        /// What halo2 said.
        source: plonk::Error,
    },
}

/// Where keys came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CacheOutcome {
    /// Read from the file at this path.
    Loaded(PathBuf),
    /// Generated, and written to this path, where there was no file.
    Built(PathBuf),
    /// Generated, and written over a file that could not be used.
    Rebuilt {
        /// The file.
        path: PathBuf,
        /// What was wrong with the one before.
        reason: String,
    },
}

impl CacheOutcome {
    /// The key file.
    pub fn path(&self) -> &Path {
        match self {
            Self::Loaded(path) | Self::Built(path) | Self::Rebuilt { path, .. } => path,
        }
    }
}

impl fmt::Display for CacheOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Loaded(path) => write!(f, "keys loaded from {}", path.display()),
            Self::Built(path) => write!(f, "keys generated and kept in {}", path.display()),
            Self::Rebuilt { path, reason } => write!(f, "keys in {} generated anew: {reason}", path.display()),
        }
    }
}

/// The keys of `circuit`, of which no witness is read, over `setup`: from the cache in `directory`, or generated and
/// kept there. `name` is the preset's and becomes part of the file's name.
///
/// Two processes that need the same keys do not generate them twice: the second waits for the first, for `lock_timeout` at most.
///
/// # Errors
/// [`KeysError::TooLarge`] and [`KeysError::Circuit`] when the circuit and the setup do not go together,
/// [`KeysError::File`] when the cache cannot be read or written.
pub fn load_or_build<C: Circuit<Fr>>(
    directory: &Path,
    name: &str,
    setup: &Setup,
    circuit: &C,
    lock_timeout: Option<Duration>,
    progress: &Progress,
) -> Result<(ProvingKey<G1Affine>, CacheOutcome), KeysError> {
    let identity = Identity::of(name, setup, circuit)?;
    let path = identity.path(directory, name);
    if let Ok(key) = file::read::<C>(&path, &identity, circuit.params()) {
        return Ok((key, CacheOutcome::Loaded(path)));
    }
    let work = progress.begin("keys");
    work.stage("waiting for another process");
    let _lock = lock(&path, lock_timeout).map_err(SealedError::from)?;
    let reason = match file::read::<C>(&path, &identity, circuit.params()) {
        Ok(key) => return Ok((key, CacheOutcome::Loaded(path))),
        Err(error @ SealedError::File(_)) if !error.is_not_found() => return Err(error.into()),
        Err(error) => (!error.is_not_found()).then(|| error.to_string()),
    };
    check_space(&path, identity.bytes).map_err(SealedError::from)?;
    work.stage("generating");
    let key = keygen_pk2(setup.params(), circuit, false)
        .map_err(|source| KeysError::Circuit { name: name.into(), source })?;
    work.stage("writing");
    file::write(&path, &identity, &key)?;
    let outcome = match reason {
        Some(reason) => CacheOutcome::Rebuilt { path, reason },
        None => CacheOutcome::Built(path),
    };
    Ok((key, outcome))
}

/// The verifying key alone, if [`load_or_build`] left it in the cache: a fraction of the file is read.
///
/// # Errors
/// As [`load_or_build`]; a file that is missing, stale or damaged is `None`.
pub fn load_verifying_key<C: Circuit<Fr>>(
    directory: &Path,
    name: &str,
    setup: &Setup,
    circuit: &C,
) -> Result<Option<VerifyingKey<G1Affine>>, KeysError> {
    let identity = Identity::of(name, setup, circuit)?;
    Ok(file::read_verifying_key::<C>(&identity.path(directory, name), &identity, circuit.params()).ok())
}

/// What tells keys from others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Identity {
    /// SHA-256 of everything that keys depend on.
    hash: [u8; 32],
    /// About how many bytes their file has.
    bytes: u64,
}

impl Identity {
    fn of<C: Circuit<Fr>>(name: &str, setup: &Setup, circuit: &C) -> Result<Self, KeysError> {
        let (circuit, polynomials) = digest::circuit(name, circuit, setup.k())?;
        let mut hasher = Sha256::new_with_prefix(b"penstock keys");
        hasher.update(circuit);
        hasher.update(setup.digest());
        hasher.update(format!("{} {}", env!("CARGO_PKG_VERSION"), name));
        Ok(Self { hash: hasher.finalize().into(), bytes: ((polynomials * file::SCALAR) as u64) << setup.k() })
    }

    fn path(&self, directory: &Path, name: &str) -> PathBuf {
        directory.join(format!("{name}-{}.keys", hex::encode(&self.hash[..8])))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sealed::{self, Sealed};
    use halo2_axiom::SerdeFormat;
    use halo2_axiom::circuit::{Layouter, SimpleFloorPlanner, Value};
    use halo2_axiom::plonk::{Advice, Column, ConstraintSystem, Fixed, Selector};
    use halo2_axiom::poly::Rotation;
    use halo2curves::ff::PrimeField;
    use std::fs;

    /// a · constant = b on each of `rows` rows, a copied from row to row.
    #[derive(Clone, Copy)]
    struct Products {
        constant: u64,
        rows: usize,
        lookback: Lookback,
    }

    /// Part of the constraint system, not of the assignment.
    #[derive(Clone, Copy, Default)]
    struct Lookback(i32);

    #[derive(Clone)]
    struct Config {
        advice: [Column<Advice>; 2],
        fixed: Column<Fixed>,
        selector: Selector,
    }

    impl Circuit<Fr> for Products {
        type Config = Config;
        type FloorPlanner = SimpleFloorPlanner;
        type Params = Lookback;

        fn without_witnesses(&self) -> Self {
            *self
        }

        fn params(&self) -> Lookback {
            self.lookback
        }

        fn configure(meta: &mut ConstraintSystem<Fr>) -> Config {
            Self::configure_with_params(meta, Lookback(0))
        }

        fn configure_with_params(meta: &mut ConstraintSystem<Fr>, lookback: Lookback) -> Config {
            let config = Config {
                advice: [meta.advice_column(), meta.advice_column()],
                fixed: meta.fixed_column(),
                selector: meta.selector(),
            };
            config.advice.into_iter().for_each(|column| meta.enable_equality(column));
            meta.create_gate("product", |meta| {
                let a = meta.query_advice(config.advice[0], Rotation(-lookback.0));
                let b = meta.query_advice(config.advice[1], Rotation::cur());
                let constant = meta.query_fixed(config.fixed, Rotation::cur());
                vec![meta.query_selector(config.selector) * (a * constant - b)]
            });
            config
        }

        fn synthesize(&self, config: Config, mut layouter: impl Layouter<Fr>) -> Result<(), plonk::Error> {
            layouter.assign_region(
                || "products",
                |mut region| {
                    let mut previous = None;
                    for row in 0..self.rows {
                        config.selector.enable(&mut region, row)?;
                        region.assign_fixed(config.fixed, row, Fr::from(self.constant));
                        let a = region.assign_advice(config.advice[0], row, Value::known(Fr::from(2)));
                        region.assign_advice(config.advice[1], row, Value::known(Fr::from(2 * self.constant)));
                        if let Some(previous) = previous.replace(a.cell()) {
                            region.constrain_equal(a.cell(), previous);
                        }
                    }
                    Ok(())
                },
            )
        }
    }

    const CIRCUIT: Products = Products { constant: 5, rows: 8, lookback: Lookback(0) };

    fn setup(k: u32) -> Setup {
        Setup::insecure(k, Some([1; 32]), &Progress::silent()).unwrap()
    }

    /// A hash of all that a proving key holds: what it writes, and the constraint system, which it does not write.
    fn content(key: &ProvingKey<G1Affine>) -> [u8; 32] {
        let hasher = Sha256::new_with_prefix(key.to_bytes(SerdeFormat::RawBytes));
        hasher.chain_update(key.get_vk().transcript_repr().to_repr()).finalize().into()
    }

    fn generate(setup: &Setup, circuit: &Products) -> ProvingKey<G1Affine> {
        keygen_pk2(setup.params(), circuit, false).unwrap()
    }

    fn get(directory: &Path, setup: &Setup, circuit: &Products) -> ([u8; 32], CacheOutcome) {
        let (key, outcome) = load_or_build(directory, "test", setup, circuit, None, &Progress::silent()).unwrap();
        (content(&key), outcome)
    }

    #[test]
    fn loaded_keys_equal_generated_ones() {
        let directory = tempfile::tempdir().unwrap();
        let setup = setup(6);
        let expected = content(&generate(&setup, &CIRCUIT));
        let (built, outcome) = get(directory.path(), &setup, &CIRCUIT);
        let CacheOutcome::Built(path) = outcome else { panic!("{outcome}") };
        assert_eq!(built, expected);
        assert_eq!(get(directory.path(), &setup, &CIRCUIT), (expected, CacheOutcome::Loaded(path)));
    }

    #[test]
    fn a_verifying_key_is_read_alone() {
        let directory = tempfile::tempdir().unwrap();
        let setup = setup(6);
        let load = || load_verifying_key(directory.path(), "test", &setup, &CIRCUIT).unwrap();
        assert!(load().is_none());
        let (key, _) = load_or_build(directory.path(), "test", &setup, &CIRCUIT, None, &Progress::silent()).unwrap();
        assert_eq!(load().unwrap().transcript_repr(), key.get_vk().transcript_repr());
    }

    #[test]
    fn a_damaged_file_is_rebuilt_with_the_same_keys() {
        let directory = tempfile::tempdir().unwrap();
        let setup = setup(5);
        let (expected, outcome) = get(directory.path(), &setup, &CIRCUIT);
        let CacheOutcome::Built(path) = outcome else { panic!("{outcome}") };
        let good = fs::read(&path).unwrap();
        let flipped = |index: usize| {
            let mut bytes = good.clone();
            bytes[index] ^= 1;
            bytes
        };
        let damaged = [
            flipped(0),
            flipped(100),
            flipped(good.len() - 1),
            good[..good.len() / 2].to_vec(),
            good[..7].to_vec(),
            vec![],
        ];
        for bytes in damaged {
            fs::write(&path, bytes).unwrap();
            let (key, outcome) = get(directory.path(), &setup, &CIRCUIT);
            assert!(matches!(outcome, CacheOutcome::Rebuilt { .. }), "{outcome}");
            assert_eq!(key, expected);
            assert_eq!(fs::read(&path).unwrap(), good);
        }
    }

    #[test]
    fn keys_of_another_setup_or_circuit_are_not_used_even_under_the_right_name() {
        let directory = tempfile::tempdir().unwrap();
        let other_setup = Setup::insecure(5, Some([2; 32]), &Progress::silent()).unwrap();
        let others = [
            (other_setup, CIRCUIT),
            (setup(6), CIRCUIT),
            (setup(5), Products { constant: 6, ..CIRCUIT }),
            (setup(5), Products { rows: 9, ..CIRCUIT }),
            (setup(5), Products { lookback: Lookback(1), ..CIRCUIT }),
        ];
        let (expected, outcome) = get(directory.path(), &setup(5), &CIRCUIT);
        let CacheOutcome::Built(path) = outcome else { panic!("{outcome}") };
        for (setup, circuit) in others {
            let (key, outcome) = get(directory.path(), &setup, &circuit);
            let CacheOutcome::Built(other) = outcome else { panic!("{outcome}") };
            assert_ne!(key, expected);
            fs::copy(&path, &other).unwrap();
            let (rebuilt, outcome) = get(directory.path(), &setup, &circuit);
            assert!(matches!(outcome, CacheOutcome::Rebuilt { .. }), "{outcome}");
            assert_eq!(rebuilt, key);
        }
    }

    #[test]
    fn a_sealed_file_with_another_verifying_key_inside_is_rebuilt() {
        let directory = tempfile::tempdir().unwrap();
        let setup = setup(5);
        let identity = Identity::of("test", &setup, &CIRCUIT).unwrap();
        let other = generate(&setup, &Products { constant: 6, ..CIRCUIT });
        let path = identity.path(directory.path(), "test");
        let sections = |path: &Path| {
            let file = Sealed::open(path, file::KIND).unwrap();
            (0..file.sections()).map(|index| file.section(index).unwrap()).collect::<Vec<_>>()
        };
        let right = generate(&setup, &CIRCUIT);
        file::write(&path, &identity, &right).unwrap();
        let manifest = sections(&path).swap_remove(0);
        file::write(&path, &identity, &other).unwrap();
        let mut mixed = sections(&path);
        mixed[0] = manifest;
        sealed::write(&path, file::KIND, mixed.into_iter()).unwrap();
        let (key, outcome) = get(directory.path(), &setup, &CIRCUIT);
        assert!(
            matches!(&outcome, CacheOutcome::Rebuilt { reason, .. } if reason.contains("verifying key")),
            "{outcome}"
        );
        assert_eq!(key, content(&right));
    }

    #[test]
    fn a_circuit_that_does_not_fit_is_refused_before_key_generation() {
        let directory = tempfile::tempdir().unwrap();
        let large = Products { rows: 40, ..CIRCUIT };
        let error = load_or_build(directory.path(), "test", &setup(5), &large, None, &Progress::silent()).unwrap_err();
        assert!(matches!(error, KeysError::TooLarge { rows: 40, k: 5, .. }), "{error}");
        assert!(load_or_build(directory.path(), "test", &setup(2), &CIRCUIT, None, &Progress::silent()).is_err());
    }

    #[test]
    fn two_at_a_time_generate_once() {
        let directory = tempfile::tempdir().unwrap();
        let setup = setup(6);
        let outcomes: Vec<CacheOutcome> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..4).map(|_| scope.spawn(|| get(directory.path(), &setup, &CIRCUIT).1)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        let built = outcomes.iter().filter(|outcome| matches!(outcome, CacheOutcome::Built(_))).count();
        let loaded = outcomes.iter().filter(|outcome| matches!(outcome, CacheOutcome::Loaded(_))).count();
        assert_eq!((built, loaded), (1, 3));
    }
}
