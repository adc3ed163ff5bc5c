//! The prover appliance: keys, prover, engines, verifier.

pub mod progress;
pub mod sealed;
pub mod setup;
