//! The prover appliance: keys, prover, engines, verifier.

pub mod evm;
pub mod keys;
pub mod progress;
pub mod sealed;
pub mod setup;
pub mod transcript;
