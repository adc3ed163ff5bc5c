//! What can go wrong when a key is taken in, a proof is made, or a proof is checked.

use std::io;

use halo2_axiom::plonk;

use crate::engine::EngineError;

/// Why there is no proof.
#[derive(Debug, thiserror::Error)]
pub enum ProverError {
    /// This prover has no lookup argument.
    #[error("the circuit has {0} halo2 lookup arguments, which this prover does not support: use a LogUp bus")]
    Lookups(usize),
    /// A gate is of a higher degree than the key was made for: the stock verifier would reject every proof.
    #[error(
        "a polynomial of gate {gate} has degree {degree}, the key allows {limit}: call set_minimum_degree({degree})"
    )]
    Degree {
        /// The gate's name.
        gate: String,
        /// The polynomial's degree.
        degree: usize,
        /// The key's degree.
        limit: usize,
    },
    /// The key's domain was made for another degree than its constraint system has now.
    #[error("the key has {pieces} quotient pieces but degree {degree}: MAX_DEGREE changed since the key was made")]
    Pieces {
        /// Pieces of the key's domain.
        pieces: usize,
        /// Degree of its constraint system.
        degree: usize,
    },
    /// A gate holds a selector that key generation should have replaced by a fixed column.
    #[error("a gate of the key holds a virtual selector: the key was not made by halo2's key generation")]
    Selector,
    /// Too few rows to blind.
    #[error("a key of {rows} rows has no room beside its {blinding} blinding rows: choose a larger k")]
    Rows {
        /// Rows of the key.
        rows: usize,
        /// Rows that must stay random.
        blinding: usize,
    },
    /// One slice of values an instance column.
    #[error("{given} instance columns given, the circuit has {expected}")]
    InstanceColumns {
        /// The circuit's number.
        expected: usize,
        /// The caller's number.
        given: usize,
    },
    /// An instance column with too many values.
    #[error("instance column {column} has {values} values, only {rows} rows are usable")]
    InstanceTooLong {
        /// The column.
        column: usize,
        /// Its values.
        values: usize,
        /// Usable rows.
        rows: usize,
    },
    /// The circuit's `synthesize` gave up.
    #[error("the circuit could not be synthesized: {0}")]
    Synthesis(plonk::Error),
    /// A cell without a value.
    #[error("the circuit assigned no value to advice column {column}, row {row}")]
    UnknownValue {
        /// The column.
        column: usize,
        /// The row.
        row: usize,
    },
    /// A cell outside the table.
    #[error(
        "the circuit assigned advice column {column}, row {row}: there are {columns} columns of {rows} usable rows"
    )]
    OutOfTable {
        /// The column.
        column: usize,
        /// The row.
        row: usize,
        /// Advice columns.
        columns: usize,
        /// Usable rows.
        rows: usize,
    },
    /// `next_phase` was called in the last phase.
    #[error("the circuit asked for a phase after its last one")]
    TooManyPhases,
    /// The engine gave no commitment.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// A commitment that cannot be absorbed: the polynomial behind it is zero, or the engine answered wrongly.
    #[error("the transcript refused an element of the proof: {0}")]
    Transcript(#[from] io::Error),
    /// The operating system has no randomness to give.
    #[error("no randomness from the operating system: {0}")]
    Randomness(#[from] rand::Error),
}

/// Why a proof is not accepted.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// One slice of values an instance column.
    #[error("{given} instance columns given, the circuit has {expected}")]
    InstanceColumns {
        /// The circuit's number.
        expected: usize,
        /// The caller's number.
        given: usize,
    },
    /// An instance column with too many values.
    #[error("instance column {column} has {values} values, only {rows} rows are usable")]
    InstanceTooLong {
        /// The column.
        column: usize,
        /// Its values.
        values: usize,
        /// Usable rows.
        rows: usize,
    },
    /// The setup and the key differ in size.
    #[error("the setup is of size 2^{setup}, the key of size 2^{key}")]
    Setup {
        /// k of the setup.
        setup: u32,
        /// k of the key.
        key: u32,
    },
    /// The proof is malformed, or it does not prove this statement.
    #[error("the proof was rejected: {0}")]
    Rejected(plonk::Error),
    /// Bytes follow the proof.
    #[error("{0} bytes follow the proof")]
    Trailing(usize),
}
