//! The prover appliance: keys, prover, engines, verifier.
