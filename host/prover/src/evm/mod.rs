//! Proofs on an EVM: the verifier contract's artefact, verifying keys as its data, calldata, and a run in revm.
//!
//! The contract (`host/contracts/BatchVerifier.sol`) is compiled once and serves every circuit. What makes it a verifier
//! of one circuit is a key in the code of further contracts:
//!
//! ```text
//! VerifyingKey --key.rs--> header, points, constants, chains, program, transcript representative
//!                          layout.rs   cells of commitments, evaluations, challenges
//!                          numerators.rs  gates and permutation over cells, by algebra.rs sums of products
//!                          fold.rs     the quotient's numerator as instructions
//!                          opening.rs  rotation sets: weights as instructions, commitments as chains
//!                          program.rs  instructions, scheduling, encoding
//!                          memory.rs   where the contract keeps what
//! proof, instances --calldata.rs--> call data --run.rs--> gas, and by verdict.rs: accepted?
//! ```

mod algebra;
mod calldata;
mod contract;
mod fold;
mod key;
mod layout;
mod memory;
mod numerators;
mod opening;
mod program;
mod run;
mod verdict;

#[cfg(test)]
mod tests;

pub use calldata::encode_call;
pub use contract::{VerifierContract, verifier_contract};
pub use key::{VerifyingKeyData, encode_verifying_key};
pub use run::{Evm, EvmOutcome};
pub use verdict::EvmVerdict;

/// Why a key cannot be put on an EVM, or a call not be made there.
#[derive(Debug, thiserror::Error)]
pub enum EvmError {
    /// The circuit has lookup arguments.
    #[error(
        "the circuit has {count} lookup arguments, which the verifier contract does not know: use a LogUp argument instead"
    )]
    Lookups {
        /// How many.
        count: usize,
    },
    /// The circuit does not have exactly one instance column.
    #[error("the circuit has {count} instance columns, and the verifier contract takes exactly one: merge them")]
    InstanceColumns {
        /// How many.
        count: usize,
    },
    /// The instance column is queried at another row.
    #[error(
        "the instance column is queried at rotation {rotation}, and the verifier contract evaluates rotation 0 only: copy the value into an advice column"
    )]
    InstanceRotation {
        /// The rotation.
        rotation: i32,
    },
    /// More instances than the column has usable rows.
    #[error("{count} instances do not fit the {rows} usable rows of the circuit: choose a larger k")]
    InstanceCount {
        /// Instances asked for.
        count: usize,
        /// Usable rows.
        rows: usize,
    },
    /// A gate uses what the key does not list.
    #[error("a gate uses {what}, which the verifying key does not list: generate the key again")]
    UnknownQuery {
        /// The query.
        what: String,
    },
    /// One commitment is opened twice at one point, which the stock verifier refuses as well.
    #[error("a column is queried twice at rotation {rotation} (modulo the number of rows): merge the queries")]
    DuplicateQuery {
        /// The rotation modulo the number of rows.
        rotation: usize,
    },
    /// The verifying key holds a point that has no coordinates where one is required.
    #[error("the setup's {what} is the identity: the setup is broken, import it again")]
    Identity {
        /// Which point.
        what: &'static str,
    },
    /// The contract addresses its memory with 16 bits.
    #[error(
        "the key needs {bytes} bytes of the contract's memory, and it can address 65536: use fewer columns, gates or instances"
    )]
    KeyTooLarge {
        /// Bytes needed.
        bytes: usize,
    },
    /// The embedded artefact cannot be read.
    #[error("the embedded verifier artefact is broken ({0}): rebuild it with `node build.mjs` in host/contracts")]
    Artefact(String),
    /// The EVM refused a transaction that has nothing to do with the proof.
    #[error("the EVM did not {what}: {why}")]
    Evm {
        /// What was tried.
        what: &'static str,
        /// What it said.
        why: String,
    },
}
