//! The prover appliance: keys, prover, engines, verifier.

pub mod appliance;
pub mod card;
pub mod data;
pub mod engine;
pub mod evm;
pub mod keys;
pub mod measure;
pub mod progress;
pub mod prover;
pub mod record;
pub mod sealed;
pub mod setup;
pub mod transcript;
