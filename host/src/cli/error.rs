//! Why a command did not do what it was asked: every error of the library, each with its kind and exit code.

use super::clock::BlockTimeError;
use super::input::InputError;
use super::report::Report;
use crate::card::bitstream::BitstreamError;
use penstock_circuits::circuit::preset::Preset;
use penstock_circuits::execute::BlockError;
use penstock_circuits::json::JsonError;
use penstock_circuits::state::StateError;
use penstock_driver::CardError;
use penstock_prover::appliance::{DoesNotFit, OpenError, ProveError};
use penstock_prover::engine::EngineError;
use penstock_prover::evm::EvmError;
use penstock_prover::keys::KeysError;
use penstock_prover::prover::ProverError;
use penstock_prover::record::RecordError;
use penstock_prover::sealed::SealedError;
use penstock_prover::setup::SetupError;
use serde_json::{Map, Value, json};
use std::io;
use std::path::PathBuf;

/// The exit code when memory or a disk runs out.
pub const OUT_OF_MEMORY: u8 = 6;

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
    /// Input that is not taken.
    #[error(transparent)]
    Read(#[from] InputError),
    /// A block of another time.
    #[error(transparent)]
    BlockTime(#[from] BlockTimeError),
    /// A sample that is built in does not read.
    #[error("the built-in sample is broken: {0}; please report this")]
    Sample(#[from] JsonError),
    /// There is something else where the result should go.
    #[error("{} {what}: it is not overwritten; choose another --out", path.display())]
    OutputTaken {
        /// The file.
        path: PathBuf,
        /// What it is.
        what: String,
    },
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
    /// A file that cannot be written.
    #[error(transparent)]
    File(#[from] SealedError),
    /// Stdout cannot be written.
    #[error("cannot write to stdout: {0}")]
    Stdout(io::Error),
    /// Something has no JSON form.
    #[error("a value has no JSON form: {0}; please report this")]
    Json(#[from] serde_json::Error),
}

impl CommandError {
    /// One word for programs, and the exit code.
    fn class(&self) -> (&'static str, u8) {
        match self {
            Self::Usage(_) => ("usage", 2),
            Self::OutputTaken { .. } => ("output_taken", 2),
            Self::Input { .. } | Self::Read(_) => ("input", 3),
            Self::BlockTime(_) => ("block_time", 3),
            Self::Block(BlockError::State(error)) => state(error),
            Self::Block(_) => ("block_refused", 3),
            Self::DoesNotFit(_) => ("capacity", 3),
            Self::State(error) => state(error),
            Self::NotCommitted { source, .. } => state(source),
            Self::Setup(error) | Self::Open(OpenError::Setup(error)) => setup(error),
            Self::NoSetup { .. } => ("setup", 7),
            Self::Keys(error) | Self::Open(OpenError::Keys(error)) => match error {
                KeysError::File(error) => file(error, ("keys", 7)),
                KeysError::TooLarge { .. } | KeysError::Circuit { .. } => ("keys", 7),
            },
            Self::Open(OpenError::Prover(_)) => ("keys", 7),
            Self::Read(InputError::TooLarge { limit, .. }) => json!({ "limit_bytes": limit }),
            Self::BlockTime(BlockTimeError::Behind { time, clock } | BlockTimeError::Ahead { time, clock }) => {
                json!({ "timestamp": time, "clock": clock })
            }
            Self::Open(OpenError::Memory { .. }) => ("memory", OUT_OF_MEMORY),
            Self::Engine(_) | Self::Prove(ProveError::Prover(ProverError::Engine(_)) | ProveError::Refused { .. }) => {
                ("engine", 5)
            }
            Self::Prove(ProveError::Prover(_)) => ("prover", 5),
            Self::Card(_) | Self::SelfTest { .. } => ("card", 5),
            Self::Bitstream(BitstreamError::NoLoader { .. } | BitstreamError::Loader { .. }) => ("card", 5),
            Self::Bitstream(_) => ("bitstream", 3),
            Self::EvmRefused => ("proof", 4),
            Self::Record(error) => match error {
                RecordError::File(error) => file(error, ("input", 3)),
                RecordError::Malformed { .. } | RecordError::Version { .. } => ("input", 3),
                RecordError::Setup { .. } => ("setup", 7),
                RecordError::Circuit { .. } => ("keys", 7),
                _ => ("proof", 4),
            },
            Self::Evm(_) => ("evm", 7),
            Self::File(error) => file(error, ("disk", 6)),
            Self::Stdout(_) => ("disk", 6),
            Self::Json(_) | Self::Sample(_) => ("internal", 5),
        }
    }

    /// 2 usage; 3 the input was refused; 4 a proof does not verify; 5 the engine failed; 6 out of memory or disk; 7 keys or
    /// setup do not match.
    pub fn exit_code(&self) -> u8 {
        self.class().1
    }

    /// `{"error": {kind, message, exit_code, …}}`.
    pub fn report(&self) -> Report {
        let (kind, exit_code) = self.class();
        let mut error = Map::new();
        error.insert("kind".into(), kind.into());
        error.insert("message".into(), self.to_string().into());
        error.insert("exit_code".into(), exit_code.into());
        error.extend(self.details());
        Report::from_value(json!({ "error": error }))
    }

    /// What a program would otherwise have to find in the message.
    fn details(&self) -> Map<String, Value> {
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

fn state(error: &StateError) -> (&'static str, u8) {
    match error {
        error if error.is_disk_full() => ("disk", 6),
        StateError::Genesis(_) => ("genesis", 3),
        _ => ("state", 3),
    }
}

fn setup(error: &SetupError) -> (&'static str, u8) {
    match error {
        SetupError::File(error) => file(error, ("setup", 7)),
        SetupError::KOutOfRange { .. } => ("usage", 2),
        SetupError::TooSmall { .. } => ("setup", 7),
        SetupError::Inconsistent { .. } | SetupError::Ptau { .. } => ("ptau", 3),
    }
}

/// A file's trouble: a full disk, something that the system refused, or contents that are `otherwise` wrong.
fn file(error: &SealedError, otherwise: (&'static str, u8)) -> (&'static str, u8) {
    match error {
        SealedError::DiskFull { .. } => ("disk", 6),
        SealedError::Io { .. } if error.is_not_found() => otherwise,
        SealedError::Io { action, .. } if *action != "read" => ("disk", 6),
        _ => otherwise,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use penstock_prover::prover::VerifyError;

    #[test]
    fn an_engine_that_fails_or_proves_wrongly_has_its_own_exit_code() {
        let engine = || "cpu".to_owned();
        let internal = EngineError::Internal { engine: engine(), reason: "its worker died".into() };
        let refused = ProveError::Refused { engine: engine(), source: VerifyError::Trailing(1) };
        for error in [ProveError::Prover(internal.into()), refused] {
            let error = CommandError::from(error);
            assert_eq!(error.class(), ("engine", 5), "{error}");
        }
    }
}
