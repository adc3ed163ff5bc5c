//! The engine `card`: commitments on an FPGA card, real or simulated.
//!
//! Both bases are converted and pinned when the engine is made. A submission copies its scalars once and rings a
//! doorbell, so columns are on their way to the card as soon as they exist, and several sums are under way at once. The
//! driver checks what the card says; that its sums are the right ones is the proof's verifier to check.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use halo2curves::bn256::{Fr, G1Affine};
use halo2curves::group::Curve;
use penstock_driver::{Address, Card, CardError, MsmTicket, Waiting};

use super::{Bases, Basis, Engine, EngineError, Ticket};
use crate::card::{self, CardSettings};

/// Commitments on a card.
pub struct CardEngine {
    name: String,
    card: Card,
    /// Points of the bases.
    size: usize,
    next: AtomicU64,
    running: Mutex<HashMap<u64, MsmTicket>>,
}

impl CardEngine {
    /// Opens the card at an address and pins these bases on it. A command may take as long as `timeout` says, or as
    /// suits the kind of card.
    ///
    /// # Errors
    /// The card cannot be opened, or does not take the bases.
    pub fn open(address: &Address, timeout: Option<Duration>, bases: &Bases) -> Result<Self, EngineError> {
        let name = format!("card:{address}");
        let settings = CardSettings { points: bases.monomial.len(), timeout, waiting: Waiting::Interrupts };
        let opened = card::open(address, settings);
        Self::new(opened.map_err(|source| EngineError::Card { engine: name.clone(), source })?, name, bases)
    }

    /// Pins these bases on an open card.
    ///
    /// # Errors
    /// The card does not take the bases.
    pub fn new(card: Card, name: String, bases: &Bases) -> Result<Self, EngineError> {
        let (size, next) = (bases.monomial.len(), AtomicU64::new(0));
        let engine = Self { name, card, size, next, running: Mutex::default() };
        for basis in [Basis::Monomial, Basis::Lagrange] {
            engine.card.pin_bases(set(basis), bases.points(basis)).map_err(|error| engine.error(error))?;
        }
        Ok(engine)
    }

    fn running(&self) -> MutexGuard<'_, HashMap<u64, MsmTicket>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn error(&self, source: CardError) -> EngineError {
        EngineError::Card { engine: self.name.clone(), source }
    }
}

impl Engine for CardEngine {
    fn name(&self) -> &str {
        &self.name
    }

    fn submit(&self, basis: Basis, scalars: Arc<[Fr]>) -> Result<Ticket, EngineError> {
        if scalars.len() != self.size {
            return Err(EngineError::Length { basis, scalars: scalars.len(), points: self.size });
        }
        let sum = self.card.msm(set(basis), &[&scalars]).map_err(|error| self.error(error))?;
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        self.running().insert(id, sum);
        Ok(Ticket::new(id))
    }

    fn wait(&self, ticket: Ticket) -> Result<G1Affine, EngineError> {
        let unknown = || EngineError::UnknownTicket { engine: self.name.clone(), ticket: ticket.id() };
        let sum = self.running().remove(&ticket.id()).ok_or_else(unknown)?;
        let sums = sum.wait().map_err(|error| self.error(error))?;
        sums.first().map(Curve::to_affine).ok_or_else(unknown)
    }

    fn abandon(&self, ticket: Ticket) {
        self.running().remove(&ticket.id());
    }

    fn recover(&self) -> Result<bool, EngineError> {
        self.running().clear();
        self.card.reset().map(|()| true).map_err(|error| self.error(error))
    }
}

/// The card's set of bases.
fn set(basis: Basis) -> u8 {
    match basis {
        Basis::Monomial => 0,
        Basis::Lagrange => 1,
    }
}
