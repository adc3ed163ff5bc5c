//! The prover appliance: keys, prover, engines, verifier.

pub mod keys;
pub mod progress;
pub mod sealed;
pub mod setup;
