//! Why a command did not do what it was asked: every error of the library, each with its kind and exit code.

use super::class::{self, Class};
use super::clock::BlockTimeError;
use super::input::InputError;
use crate::card::bitstream::BitstreamError;
use penstock_circuits::circuit::preset::Preset;
use penstock_circuits::execute::BlockError;
use penstock_circuits::json::JsonError;
use penstock_circuits::state::StateError;
use penstock_driver::CardError;
use penstock_prover::appliance::{DoesNotFit, OpenError, ProveError};
use penstock_prover::engine::EngineError;
use penstock_prover::evm::EvmError;
use penstock_prover::files::{DestinationError, FileError};
use penstock_prover::keys::KeysError;
use penstock_prover::prover::ProverError;
use penstock_prover::record::RecordError;
use penstock_prover::sealed::SealedError;
use penstock_prover::setup::{ImportError, SetupError};
use serde_json::{Map, Value, json};
use std::io;
use std::path::PathBuf;

/// A command's failure.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    /// The arguments do not make sense together.
    #[error("{0}")]
    Usage(String),
    /// A file that is not what it should be.
    #[error("{}: {what}", path.display())]
    Input {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        what: String,
    },
    /// A place where no result goes.
    #[error(transparent)]
    Destination(#[from] DestinationError),
    /// Input that is not taken.
    #[error(transparent)]
    Read(#[from] InputError),
    /// A block of another time.
    #[error(transparent)]
    BlockTime(#[from] BlockTimeError),
    /// A sample that is built in does not read.
    #[error("the built-in sample is broken: {0}; please report this")]
    Sample(#[from] JsonError),
    /// A block that breaks a rule.
    #[error(transparent)]
    Block(#[from] BlockError),
    /// A block that a preset does not hold.
    #[error(transparent)]
    DoesNotFit(#[from] DoesNotFit),
    /// A state that cannot be opened or written.
    #[error(transparent)]
    State(#[from] StateError),
    /// No setup.
    #[error(transparent)]
    Setup(#[from] SetupError),
    /// The checker has no development setup.
    #[error(
        "there is no development setup for the preset {preset} here, so the proof was made from another: give its file with --setup"
    )]
    NoSetup {
        /// The preset.
        preset: Preset,
    },
    /// No keys.
    #[error(transparent)]
    Keys(#[from] KeysError),
    /// No appliance.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// No engine.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// A card that cannot be opened or fails.
    #[error(transparent)]
    Card(#[from] CardError),
    /// A bitstream that is not put on a board.
    #[error(transparent)]
    Bitstream(#[from] BitstreamError),
    /// A card that is out of order.
    #[error("{card} failed its self-test: {}; do not prove with it", failed.join("; "))]
    SelfTest {
        /// The card.
        card: String,
        /// What failed, and how.
        failed: Vec<String>,
    },
    /// No proof.
    #[error(transparent)]
    Prove(#[from] ProveError),
    /// A record that is not accepted.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// The verifier contract refuses what the stock verifier accepts.
    #[error("the verifier contract refuses the proof, which the stock verifier accepts: please report this")]
    EvmRefused,
    /// The verifier contract cannot be run.
    #[error(transparent)]
    Evm(#[from] EvmError),
    /// The record is written, the state is not.
    #[error("the proof record {} is written, but the state could not be committed: {source}; run the command again", record.display())]
    NotCommitted {
        /// The record's file.
        record: PathBuf,
        /// Why.
        source: StateError,
    },
    /// The proof is made, but not where it was to go.
    #[error("{source}; the proof is kept in {}: run the command again, and it is taken from there", kept.display())]
    ProofKept {
        /// Where it is.
        kept: PathBuf,
        /// Why it is not where it was to go.
        source: FileError,
    },
    /// A file that cannot be written.
    #[error(transparent)]
    File(#[from] FileError),
    /// The work is done, and nobody can be told.
    #[error("{done}, but the report could not be written to stdout: {source}")]
    Report {
        /// What was done.
        done: String,
        /// What the system said.
        source: io::Error,
    },
    /// Something has no JSON form.
    #[error("a value has no JSON form: {0}; please report this")]
    Json(#[from] serde_json::Error),
}

impl CommandError {
    /// One word for programs, and the exit code.
    pub fn class(&self) -> Class {
        match self {
            Self::Usage(_) => class::USAGE,
            Self::Destination(DestinationError::File(error)) => file(error, class::OUTPUT),
            Self::Destination(DestinationError::Taken { .. }) => class::OUTPUT_TAKEN,
            Self::Destination(_) => class::OUTPUT,
            Self::Input { .. } | Self::Read(_) => class::INPUT,
            Self::BlockTime(_) => class::BLOCK_TIME,
            Self::Block(BlockError::State(error)) => state(error),
            Self::Block(_) => class::BLOCK_REFUSED,
            Self::DoesNotFit(_) => class::CAPACITY,
            Self::State(error) => state(error),
            Self::NotCommitted { source, .. } => state(source),
            Self::Setup(error) | Self::Open(OpenError::Setup(error)) => setup(error),
            Self::NoSetup { .. } => class::SETUP,
            Self::Keys(error) | Self::Open(OpenError::Keys(error)) => match error {
                KeysError::File(error) => sealed(error, class::KEYS),
                KeysError::TooLarge { .. } | KeysError::Circuit { .. } => class::KEYS,
            },
            Self::Open(OpenError::Prover(_)) => class::KEYS,
            Self::Open(OpenError::Memory { .. }) => class::MEMORY,
            Self::Engine(_) | Self::Prove(ProveError::Prover(ProverError::Engine(_)) | ProveError::Refused { .. }) => {
                class::ENGINE
            }
            Self::Prove(ProveError::Prover(_)) => class::PROVER,
            Self::Card(_) | Self::SelfTest { .. } => class::CARD,
            Self::Bitstream(BitstreamError::NoLoader { .. } | BitstreamError::Loader { .. }) => class::CARD,
            Self::Bitstream(_) => class::BITSTREAM,
            Self::EvmRefused => class::PROOF,
            Self::Record(error) => match error {
                RecordError::File(error) => sealed(error, class::INPUT),
                RecordError::Malformed { .. } | RecordError::Version { .. } => class::INPUT,
                RecordError::Setup { .. } => class::SETUP,
                RecordError::Circuit { .. } => class::KEYS,
                _ => class::PROOF,
            },
            Self::Evm(_) => class::EVM,
            Self::ProofKept { source: error, .. } | Self::File(error) => file(error, class::SYSTEM),
            Self::Report { .. } => class::REPORT,
            Self::Json(_) | Self::Sample(_) => class::INTERNAL,
        }
    }

    /// What a program would otherwise have to find in the message.
    pub fn details(&self) -> Map<String, Value> {
        let details = match self {
            Self::Block(BlockError::Refused { index, kind, rule }) => {
                json!({ "operation": index, "operation_kind": kind.name(), "rule": rule.to_string() })
            }
            Self::Block(BlockError::Number { expected, found }) => json!({ "expected": expected, "found": found }),
            Self::DoesNotFit(DoesNotFit::Capacity(error)) => {
                let larger = error.larger.map(Preset::name);
                json!({ "table": error.table, "needed": error.needed, "available": error.available, "larger_preset": larger })
            }
            Self::DoesNotFit(DoesNotFit::Chain(error)) => {
                json!({ "operation": error.index, "chain": error.chain, "chains": error.chains })
            }
            Self::Setup(SetupError::Import { source: ImportError::Digest { expected, found }, .. }) => {
                json!({ "expected": expected, "found": found })
            }
            Self::Read(InputError::TooLarge { limit, .. }) => json!({ "limit_bytes": limit }),
            Self::BlockTime(BlockTimeError::Behind { time, clock } | BlockTimeError::Ahead { time, clock }) => {
                json!({ "timestamp": time, "clock": clock })
            }
            Self::Open(OpenError::Memory { needed, available, .. }) => {
                json!({ "needed_mib": needed, "available_mib": available })
            }
            Self::Card(error)
            | Self::Engine(EngineError::Card { source: error, .. })
            | Self::Prove(ProveError::Prover(ProverError::Engine(EngineError::Card { source: error, .. }))) => {
                json!({ "cause": error.kind() })
            }
            Self::Prove(ProveError::Refused { .. }) => json!({ "cause": "wrong_result" }),
            _ => Value::Null,
        };
        match details {
            Value::Object(details) => details,
            _ => Map::new(),
        }
    }
}

fn state(error: &StateError) -> Class {
    match error {
        error if error.is_disk_full() => class::DISK,
        StateError::Io { source, .. } if source.kind() == io::ErrorKind::PermissionDenied => class::PERMISSION,
        StateError::Genesis(_) => class::GENESIS,
        StateError::Locked(_) => class::LOCKED,
        _ => class::STATE,
    }
}

fn setup(error: &SetupError) -> Class {
    match error {
        SetupError::File(error) => sealed(error, class::SETUP),
        SetupError::KOutOfRange { .. } => class::USAGE,
        SetupError::TooSmall { .. } | SetupError::Outdated { .. } => class::SETUP,
        SetupError::Import { source: ImportError::Io(_) | ImportError::NoFile, .. } => class::INPUT,
        SetupError::Import { source: ImportError::Digest { .. }, .. } => class::DIGEST,
        SetupError::Inconsistent { .. } | SetupError::Import { .. } => class::PTAU,
    }
}

fn sealed(error: &SealedError, otherwise: Class) -> Class {
    match error {
        SealedError::File(error) => file(error, otherwise),
        SealedError::Foreign { .. } | SealedError::Corrupt { .. } => otherwise,
    }
}

/// A file's trouble: a full disk, what the system refused, or a file that is simply not there.
fn file(error: &FileError, missing: Class) -> Class {
    match error {
        FileError::DiskFull { .. } | FileError::NoSpace { .. } => class::DISK,
        FileError::Locked { .. } => class::LOCKED,
        FileError::Io { source, .. } => match source.kind() {
            io::ErrorKind::NotFound => missing,
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => class::PERMISSION,
            _ => class::SYSTEM,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::class::CODES;
    use io::ErrorKind::{NotADirectory, NotFound, PermissionDenied, ReadOnlyFilesystem, StorageFull};
    use penstock_circuits::state::GenesisError;
    use penstock_prover::prover::VerifyError;
    use std::path::Path;
    use std::time::Duration;

    /// Every kind of error that a command ends with, by exit code.
    #[test]
    fn programs_can_tell_what_went_wrong_from_the_exit_code() {
        let path = || PathBuf::from("file");
        let system = |kind: io::ErrorKind| FileError::new("write", Path::new("file"), kind.into());
        let sealed = |kind| SealedError::from(system(kind));
        let corrupt = || SealedError::corrupt(Path::new("file"), "its hash");
        let engine = || "cpu".to_owned();
        let state_io = |kind: io::ErrorKind| StateError::Io { path: path(), source: kind.into() };
        let no_space = || FileError::NoSpace { path: path(), needed: 2, available: 1 };
        let locked = || FileError::Locked { path: path(), holder: "process 1".into(), waited: Duration::ZERO };
        let taken = DestinationError::Taken { path: path(), what: "is there".into() };
        let irregular = DestinationError::NotRegular { path: path(), what: "a device" };
        let internal = EngineError::Internal { engine: engine(), reason: "its worker died".into() };
        let cases: [(CommandError, &str, u8); 38] = [
            (CommandError::Usage("x".into()), "usage", 2),
            (SetupError::KOutOfRange { k: 29 }.into(), "usage", 2),
            (taken.into(), "output_taken", 2),
            (irregular.into(), "output", 2),
            (DestinationError::StandardOutput.into(), "output", 2),
            (DestinationError::IsInput { path: path() }.into(), "output", 2),
            (CommandError::Input { path: path(), what: "is none".into() }, "input", 3),
            (RecordError::File(sealed(NotFound)).into(), "input", 3),
            (RecordError::Version { path: path(), found: 1 }.into(), "input", 3),
            (BlockError::Empty.into(), "block_refused", 3),
            (StateError::Missing(path()).into(), "state", 3),
            (StateError::Exists(path()).into(), "state", 3),
            (StateError::Corrupt("x".into()).into(), "state", 3),
            (StateError::Genesis(GenesisError::TooManyAccounts(9)).into(), "genesis", 3),
            (SetupError::Inconsistent { what: "powers" }.into(), "ptau", 3),
            (CommandError::EvmRefused, "proof", 4),
            (CommandError::SelfTest { card: "model".into(), failed: Vec::new() }, "card", 5),
            (ProveError::Prover(internal.into()).into(), "engine", 5),
            (ProveError::Refused { engine: engine(), source: VerifyError::Trailing(1) }.into(), "engine", 5),
            (OpenError::Memory { preset: Preset::Tiny, needed: 2, available: 1 }.into(), "memory", 6),
            (system(StorageFull).into(), "disk", 6),
            (no_space().into(), "disk", 6),
            (KeysError::File(no_space().into()).into(), "disk", 6),
            (state_io(StorageFull).into(), "disk", 6),
            (CommandError::ProofKept { kept: path(), source: system(StorageFull) }, "disk", 6),
            (SetupError::File(sealed(NotFound)).into(), "setup", 7),
            (SetupError::File(corrupt()).into(), "setup", 7),
            (SetupError::TooSmall { has: 1, needs: 2 }.into(), "setup", 7),
            (CommandError::NoSetup { preset: Preset::Tiny }, "setup", 7),
            (KeysError::File(corrupt()).into(), "keys", 7),
            (DestinationError::File(system(PermissionDenied)).into(), "permission", 8),
            (SetupError::File(sealed(PermissionDenied)).into(), "permission", 8),
            (KeysError::File(sealed(ReadOnlyFilesystem)).into(), "permission", 8),
            (state_io(PermissionDenied).into(), "permission", 8),
            (StateError::Locked(path()).into(), "locked", 8),
            (KeysError::File(locked().into()).into(), "locked", 8),
            (DestinationError::File(system(NotADirectory)).into(), "system", 8),
            (CommandError::Report { done: "the block is committed".into(), source: StorageFull.into() }, "report", 9),
        ];
        for (error, kind, code) in cases {
            assert_eq!(error.class(), (kind, code), "{error}");
            assert!(CODES.iter().any(|(known, _)| *known == code), "{code}");
        }
    }
}
