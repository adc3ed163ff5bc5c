//! The prover appliance: keys, prover, engines, verifier.

pub mod transcript;
