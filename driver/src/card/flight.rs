//! Commands under way, from submission to completion.
//!
//! Threads that wait share one interrupt. One of them, the lookout, sleeps on it; whoever finds completions files
//! them all and wakes the others. When the lookout has what it came for, another takes its place. The lookout wakes
//! now and then even without an interrupt, so that a lost one costs time and not the proof, and makes sure that
//! the card is still there.
//!
//! A command is late when [`Options::timeout`](super::Options::timeout) has passed since it was submitted and since the last completion of one that
//! was submitted before it: waiting behind others is no fault.

use std::collections::HashMap;
use std::sync::{Arc, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use penstock_abi::{COMMAND_BYTES, Command, Completion, Opcode, Status};

use super::engines::PinnedBases;
use super::{Completed, Inner, Waiting};
use crate::queue::QueuePair;
use crate::{CardError, DmaBuffer};

/// The rings and what is in them.
pub(super) struct Flight {
    pub(super) queue: QueuePair,
    commands: HashMap<u32, UnderWay>,
    next_id: u32,
    submitted: u64,
    /// Counts resets: a ticket is good for its own generation.
    generation: u64,
    /// Why nothing is accepted until a reset.
    failure: Option<Failure>,
    /// Somebody sleeps on the interrupt.
    lookout: bool,
    /// When the last completion came.
    landed: Instant,
}

struct UnderWay {
    completion: Option<Completion>,
    /// Counts submissions.
    number: u64,
    /// When it was submitted, or the last one before it was completed.
    since: Instant,
    /// Its ticket has been dropped.
    abandoned: bool,
    buffers: Vec<DmaBuffer>,
    /// Kept pinned while the command reads them.
    _bases: Option<Arc<PinnedBases>>,
}

/// A failure that lasts until the card is reset.
#[derive(Clone, Debug)]
pub(super) enum Failure {
    Lost { reason: String },
    TimedOut { command: Opcode, after: Duration },
    DmaFault { address: u64 },
    Violation { how: String },
}

impl From<Failure> for CardError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Lost { reason } => Self::Lost { reason },
            Failure::TimedOut { command, after } => Self::TimedOut { command, after },
            Failure::DmaFault { address } => Self::DmaFault { address },
            Failure::Violation { how } => Self::ProtocolViolation { how },
        }
    }
}

impl Flight {
    pub(super) fn new(queue: QueuePair) -> Self {
        Self {
            queue,
            commands: HashMap::new(),
            next_id: 0,
            submitted: 0,
            generation: 0,
            failure: None,
            lookout: false,
            landed: Instant::now(),
        }
    }

    /// Forgets everything, after a reset.
    pub(super) fn land_all(&mut self) {
        self.commands.clear();
        self.generation += 1;
        self.failure = None;
    }

    /// Files the completions that the card has written; whether there were any.
    fn reap(&mut self, inner: &Inner) -> Result<bool, Failure> {
        let mut any = false;
        while let Some(completion) = self.queue.pop().map_err(violation)? {
            any = true;
            let Some(command) = self.commands.get_mut(&completion.id) else {
                return Err(Failure::Violation {
                    how: format!("it completed command {}, which is not under way", completion.id),
                });
            };
            if command.completion.is_some() {
                return Err(Failure::Violation { how: format!("it completed command {} twice", completion.id) });
            }
            let number = command.number;
            if command.abandoned {
                self.commands.remove(&completion.id);
            } else {
                command.completion = Some(completion);
            }
            self.landed = Instant::now();
            for later in self.commands.values_mut().filter(|command| command.number > number) {
                later.since = self.landed;
            }
        }
        if any {
            self.queue.release(&*inner.transport).map_err(|error| Failure::Lost { reason: error.to_string() })?;
        }
        Ok(any)
    }

    fn under_way(&self) -> usize {
        self.commands.values().filter(|command| command.completion.is_none()).count()
    }
}

fn violation(error: CardError) -> Failure {
    Failure::Violation { how: error.to_string() }
}

/// A command under way. Dropped, it is forgotten; its buffers return once the card is done with them.
#[must_use = "a command that nobody awaits leaves its outcome unknown"]
pub struct Ticket {
    card: Arc<Inner>,
    id: u32,
    generation: u64,
    opcode: Opcode,
}

pub(super) fn submit(
    card: &Arc<Inner>,
    mut bytes: [u8; COMMAND_BYTES],
    opcode: Opcode,
    buffers: Vec<DmaBuffer>,
    bases: Option<Arc<PinnedBases>>,
) -> Result<Ticket, CardError> {
    let after = card.options.timeout;
    let has_slot = |flight: &mut Flight| {
        let accepts = flight.failure.is_none() && flight.under_way() < flight.queue.capacity();
        accepts.then_some(Ok(()))
    };
    let full = || (None, CardError::RingFull { after });
    let start = Instant::now();
    let (mut flight, ()) = wait_until(card, |flight| start.max(flight.landed) + after, has_slot, full)?;
    while flight.commands.contains_key(&flight.next_id) {
        flight.next_id = flight.next_id.wrapping_add(1);
    }
    let id = flight.next_id;
    flight.next_id = id.wrapping_add(1);
    Command::set_id(&mut bytes, id);
    // On record before the card can see it: should the doorbell fail, the buffers stay until a reset.
    flight.submitted += 1;
    let (number, since) = (flight.submitted, Instant::now());
    flight.commands.insert(id, UnderWay { completion: None, number, since, abandoned: false, buffers, _bases: bases });
    let ticket = Ticket { card: card.clone(), id, generation: flight.generation, opcode };
    let pushed = flight.queue.push(&bytes, &*card.transport);
    if let Err(error) = &pushed {
        flight.failure = Some(Failure::Lost { reason: error.to_string() });
    }
    drop(flight);
    pushed.map(|()| ticket)
}

impl Ticket {
    /// Blocks until the command is done and successful.
    ///
    /// # Errors
    /// The card refused the command, could not reach its memory, is late, broke its contract, was reset or lost.
    pub fn wait(self) -> Result<Completed, CardError> {
        let (id, generation, command, after) = (self.id, self.generation, self.opcode, self.card.options.timeout);
        let landed = |flight: &mut Flight| {
            if flight.generation != generation {
                return Some(Err(CardError::Reset { command }));
            }
            let completion = flight.commands.get(&id)?.completion?;
            let buffers = flight.commands.remove(&id)?.buffers;
            Some(Ok(Completed { completion, buffers }))
        };
        let late = || {
            let failure = Failure::TimedOut { command, after };
            (Some(failure.clone()), failure.into())
        };
        let start = Instant::now();
        let deadline = |flight: &Flight| flight.commands.get(&id).map_or(start, |command| command.since) + after;
        let (flight, completed) = wait_until(&self.card, deadline, landed, late)?;
        // Somebody waiting for a slot or for the lookout's place may go on.
        drop(flight);
        self.card.changed.notify_all();
        let detail = completed.completion.detail;
        match Status::from_code(completed.completion.status) {
            Some(Status::Success) => Ok(completed),
            Some(Status::ReadFault | Status::WriteFault) => Err(CardError::DmaFault { address: detail }),
            Some(status) => Err(CardError::Rejected { command, status, detail }),
            None => {
                let how = format!("it completed {command:?} with status {}", completed.completion.status);
                Err(CardError::ProtocolViolation { how })
            }
        }
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        let mut flight = self.card.lock();
        if flight.generation == self.generation
            && let Some(command) = flight.commands.get_mut(&self.id)
        {
            command.abandoned = true;
            if command.completion.is_some() {
                flight.commands.remove(&self.id);
            }
        }
    }
}

/// Blocks until `ready` gives an outcome, the card fails, or the `deadline` passes, which `late` turns into an error and,
/// if the card is to blame, a failure that lasts.
fn wait_until<'a, T>(
    card: &'a Inner,
    deadline: impl Fn(&Flight) -> Instant,
    mut ready: impl FnMut(&mut Flight) -> Option<Result<T, CardError>>,
    late: impl FnOnce() -> (Option<Failure>, CardError),
) -> Result<(MutexGuard<'a, Flight>, T), CardError> {
    let mut flight = card.lock();
    loop {
        match flight.failure.is_none().then(|| flight.reap(card)) {
            Some(Ok(true)) => card.changed.notify_all(),
            Some(Err(failure)) => fail(card, &mut flight, failure),
            Some(Ok(false)) | None => {}
        }
        if let Some(outcome) = ready(&mut flight) {
            return outcome.map(|value| (flight, value));
        }
        if let Some(failure) = &flight.failure {
            return Err(failure.clone().into());
        }
        let left = deadline(&flight).saturating_duration_since(Instant::now());
        if left.is_zero() {
            // A card that is gone or stuck explains itself better than the clock does.
            if let Err(failure) = card.check() {
                fail(card, &mut flight, failure.clone());
                return Err(failure.into());
            }
            let (failure, error) = late();
            if let Some(failure) = failure {
                fail(card, &mut flight, failure);
            }
            return Err(error);
        }
        let nap = left.min(card.options.patience);
        flight = match card.options.waiting {
            Waiting::Polling => spin(card, flight, nap),
            Waiting::Interrupts if flight.lookout => {
                card.changed.wait_timeout(flight, nap).unwrap_or_else(PoisonError::into_inner).0
            }
            Waiting::Interrupts => look_out(card, flight, nap),
        };
    }
}

fn fail(card: &Inner, flight: &mut Flight, failure: Failure) {
    flight.failure.get_or_insert(failure);
    card.changed.notify_all();
}

/// Sleeps on the interrupt.
fn look_out<'a>(card: &'a Inner, mut flight: MutexGuard<'a, Flight>, nap: Duration) -> MutexGuard<'a, Flight> {
    flight.lookout = true;
    drop(flight);
    let interrupted = card.event.wait(nap);
    let health = match &interrupted {
        Ok(true) => Ok(()),
        Ok(false) => card.check(),
        Err(error) => Err(Failure::Lost { reason: format!("its interrupt cannot be awaited: {error}") }),
    };
    let mut flight = card.lock();
    flight.lookout = false;
    card.changed.notify_all();
    settle(card, flight, health)
}

/// Looks at the ring without pause.
fn spin<'a>(card: &'a Inner, flight: MutexGuard<'a, Flight>, nap: Duration) -> MutexGuard<'a, Flight> {
    drop(flight);
    let end = Instant::now() + nap;
    loop {
        let mut flight = card.lock();
        match flight.reap(card) {
            Ok(false) if Instant::now() < end => drop(flight),
            Ok(false) => return settle(card, flight, card.check()),
            Ok(true) => return flight,
            Err(failure) => {
                fail(card, &mut flight, failure);
                return flight;
            }
        }
        std::thread::yield_now();
    }
}

/// Takes note of a health check that was made while others may have gone on.
fn settle<'a>(
    card: &'a Inner,
    mut flight: MutexGuard<'a, Flight>,
    health: Result<(), Failure>,
) -> MutexGuard<'a, Flight> {
    if let Err(failure) = health {
        fail(card, &mut flight, failure);
    }
    flight
}
