//! One proof in the making: its transcript, its randomness, and the commitments under way.

use std::sync::Arc;

use halo2_axiom::transcript::{Transcript, TranscriptWrite, TranscriptWriterBuffer};
use halo2curves::bn256::Fr;
use halo2curves::ff::Field;
use rand::RngCore;

use super::{Observer, ProverError, ProverKey, Stage};
use crate::engine::{Basis, Engine, Ticket};
use crate::transcript::{KeccakChallenge, KeccakWrite};

/// What all steps of a proof share.
pub(super) struct Session<'a, R> {
    pub key: &'a ProverKey,
    engine: &'a dyn Engine,
    observer: &'a dyn Observer,
    transcript: KeccakWrite<Vec<u8>>,
    rng: R,
}

impl<'a, R: RngCore> Session<'a, R> {
    /// A proof that holds the key's digest so far.
    pub fn new(
        key: &'a ProverKey,
        engine: &'a dyn Engine,
        observer: &'a dyn Observer,
        rng: R,
    ) -> Result<Self, ProverError> {
        let mut transcript = KeccakWrite::init(Vec::new());
        key.vk().hash_into(&mut transcript)?;
        Ok(Self { key, engine, observer, transcript, rng })
    }

    /// Starts a commitment.
    pub fn commit(&self, basis: Basis, scalars: &Arc<[Fr]>) -> Result<Pending<'a>, ProverError> {
        let ticket = self.engine.submit(basis, scalars.clone())?;
        Ok(Pending { engine: self.engine, ticket: Some(ticket) })
    }

    /// Awaits a commitment and appends it to the proof.
    pub fn write(&mut self, mut pending: Pending<'a>) -> Result<(), ProverError> {
        if let Some(ticket) = pending.ticket.take() {
            self.transcript.write_point(self.engine.wait(ticket)?)?;
        }
        Ok(())
    }

    /// Appends a scalar to the proof.
    pub fn write_scalar(&mut self, scalar: Fr) -> Result<(), ProverError> {
        Ok(self.transcript.write_scalar(scalar)?)
    }

    /// Absorbs a scalar that the verifier knows.
    pub fn absorb(&mut self, scalar: Fr) -> Result<(), ProverError> {
        Ok(self.transcript.common_scalar(scalar)?)
    }

    /// Squeezes a challenge.
    pub fn challenge(&mut self) -> Fr {
        *Transcript::<_, KeccakChallenge>::squeeze_challenge_scalar::<()>(&mut self.transcript)
    }

    /// Fills with random elements.
    pub fn randomize(&mut self, elements: &mut [Fr]) {
        elements.fill_with(|| Fr::random(&mut self.rng));
    }

    /// Tells the observer that a stage begins.
    pub fn begin(&self, stage: Stage) {
        self.observer.begin(stage);
    }

    /// Tells the observer that the stage ends.
    pub fn end(&self, stage: Stage) {
        self.observer.end(stage);
    }

    /// The proof.
    pub fn finish(self) -> Vec<u8> {
        self.transcript.finalize()
    }
}

/// A commitment under way. Dropped before it is written (an error on the way), it is given up.
pub(super) struct Pending<'a> {
    engine: &'a dyn Engine,
    ticket: Option<Ticket>,
}

impl Drop for Pending<'_> {
    fn drop(&mut self) {
        if let Some(ticket) = self.ticket.take() {
            self.engine.abandon(ticket);
        }
    }
}
