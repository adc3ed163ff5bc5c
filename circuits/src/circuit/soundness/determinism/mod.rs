//! Determinism: the constraints leave a prover no choice.
//!
//! The mutation check shows that every constraint is needed; this shows that together they are enough, in one respect: from a
//! program's items alone, public data, signed messages, tuples and new roots follow from the inputs. A value that
//! did not would be the prover's to choose. What a program *means* is for the tests against execution to say.
//!
//! ```text
//! items ──> System (equations) ──> Ranges (intervals) ──> Known (propagation) ──> undetermined values
//!                                                           ^                         v
//!                                                           └──── solver <──── Questions (SMT-LIB)
//! ```
//!
//! The method is that of Picus (Pailoor et al., "Automated detection of under-constrained circuits in zero-knowledge proofs",
//! PLDI 2023) and Ecne (Wang 2022): take two solutions with the same inputs, propagate which values must be equal, and ask a
//! solver where propagation ends. Nothing here runs a solver: [`settle`] is handed one.
//!
//! Inputs are taken as they are declared, so the converse is claimed too ([`Claim::Inputs`]): an input can be told from what
//! others see, so none is a prover's choice under another name.

mod analysis;
mod cases;
mod interval;
mod known;
mod mutations;
mod outcome;
mod program;
mod question;
mod ranges;
mod system;

pub use analysis::{Analysis, Claim, Question, Value, analyse};
pub use cases::Case;
pub use known::Rule;
pub use mutations::{MUTATIONS, Mutation, NotThere};
pub use outcome::{Fault, Outcome, Settled, settle};
pub use program::{Program, Source, programs};
