//! The prover appliance: keys, prover, engines, verifier.

pub mod evm;
pub mod transcript;
