//! The prover appliance: keys, prover, engines, verifier.

pub mod engine;
pub mod prover;
pub mod transcript;
