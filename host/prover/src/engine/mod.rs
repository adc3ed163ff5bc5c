//! Engines: what computes the commitments of a proof.
//!
//! A commitment is a multi-scalar multiplication (MSM) over one of the two bases of the setup. The prover submits
//! scalars and gets a ticket at once; it awaits the ticket when the transcript needs the point. Between the two it
//! transforms and evaluates, so that a card and the host work at the same time. An engine is trusted with liveness
//! only: a wrong point makes a proof that the verifier rejects.

pub(crate) mod card;
mod choice;
pub mod cpu;
pub mod lineup;

use std::sync::Arc;

use halo2curves::bn256::{Fr, G1Affine};
use penstock_driver::CardError;

pub use choice::{EngineChoice, EngineSettings, UnknownEngine};

/// The commitment bases of a setup of size n = 2^k.
#[derive(Clone, Debug)]
pub struct Bases {
    /// `[τ^i] G` for i < n: commits to coefficients.
    pub monomial: Arc<[G1Affine]>,
    /// `[L_i(τ)] G` for i < n: commits to values over the subgroup of order n.
    pub lagrange: Arc<[G1Affine]>,
}

impl Bases {
    /// The points of one basis.
    pub fn points(&self, basis: Basis) -> &Arc<[G1Affine]> {
        match basis {
            Basis::Monomial => &self.monomial,
            Basis::Lagrange => &self.lagrange,
        }
    }
}

/// What the scalars of a submission are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Basis {
    /// Coefficients of a polynomial, constant term first.
    Monomial,
    /// Values of a polynomial over the subgroup of order n, in the order 1, ω, ω², …
    Lagrange,
}

/// A submitted commitment. Not `Clone`: it is awaited once.
#[derive(Debug, PartialEq, Eq, Hash)]
pub struct Ticket(u64);

impl Ticket {
    /// A ticket under an id that the engine has not used before.
    pub fn new(id: u64) -> Self {
        Self(id)
    }

    /// The engine's id.
    pub fn id(&self) -> u64 {
        self.0
    }
}

/// Computes commitments, asynchronously.
pub trait Engine: Send + Sync {
    /// The engine's name, as proof records, logs and metrics show it.
    fn name(&self) -> &str;

    /// Starts the sum of `scalars[i] · basis[i]` and returns at once.
    ///
    /// # Errors
    /// [`EngineError::Length`] unless there is one scalar a point, and whatever keeps the engine from accepting work.
    fn submit(&self, basis: Basis, scalars: Arc<[Fr]>) -> Result<Ticket, EngineError>;

    /// Blocks until the sum is there. Tickets may be awaited in any order.
    ///
    /// # Errors
    /// The submission failed, the engine was lost or too slow, or the ticket is not one of this engine's.
    fn wait(&self, ticket: Ticket) -> Result<G1Affine, EngineError>;

    /// Gives up on a ticket that nobody will await, so that the engine can forget it.
    fn abandon(&self, ticket: Ticket) {
        // The result, good or bad, is of no use to anybody.
        let _ = self.wait(ticket);
    }

    /// Makes the engine usable again after a failure or a wrong answer; whether another attempt may go better.
    ///
    /// # Errors
    /// It cannot be made usable.
    fn recover(&self) -> Result<bool, EngineError> {
        Ok(false)
    }
}

/// Why an engine gave no commitment.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// One scalar a point is the rule.
    #[error(
        "{scalars} scalars submitted over {points} points of the {basis:?} basis: the setup and the key differ in size"
    )]
    Length {
        /// The basis.
        basis: Basis,
        /// Scalars submitted.
        scalars: usize,
        /// Points of the basis.
        points: usize,
    },
    /// A card failed, or the way to it.
    #[error("engine {engine}: {source}")]
    Card {
        /// The engine's name.
        engine: String,
        /// What went wrong.
        source: CardError,
    },
    /// The engine failed in a way that only its authors can explain.
    #[error("engine {engine} failed internally: {reason}; please report this")]
    Internal {
        /// The engine's name.
        engine: String,
        /// What was noticed.
        reason: String,
    },
    /// Never submitted here, or awaited already.
    #[error("engine {engine} knows no ticket {ticket}")]
    UnknownTicket {
        /// The engine's name.
        engine: String,
        /// The ticket's id.
        ticket: u64,
    },
}
