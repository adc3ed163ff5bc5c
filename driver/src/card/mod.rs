//! A card, opened.
//!
//! [`Card::open`] identifies the card, resets it, maps memory, installs the rings and enables it. Commands go in with
//! [`Card::submit`] and friends from any thread; each gives a ticket, which is awaited in any order or dropped. The
//! buffers of a command belong to it until its completion has come or the card has been reset: a late card writes into
//! memory that nobody else has.

mod engines;
mod flight;

use std::collections::HashMap;
use std::os::fd::AsFd;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use halo2curves::bn256::G1Affine;
use penstock_abi::{
    ABI_MAJOR, ALL_ONES, COMMAND_BYTES, Capabilities, Command, Completion, IDENTITY, Opcode, registers as r,
};

use engines::PinnedBases;
pub use engines::{MsmTicket, PoseidonTicket};
pub use flight::Ticket;
use flight::{Failure, Flight};

use crate::dma::Pool;
use crate::element::Montgomery;
use crate::pci::{CommandRegister, PciConfig};
use crate::queue::QueuePair;
use crate::{CardError, DmaBuffer, Event, Transport, TransportError};

/// How long a card may take to answer again after a reset, however patient its user is: PCI Express allows a second.
const RESET_TIMEOUT: Duration = Duration::from_secs(5);

/// How completions are noticed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Waiting {
    /// Sleep until the card interrupts. The rings are also looked at every [`Options::patience`], in case one is lost.
    Interrupts,
    /// Look at the rings all the time: the least latency, for a processor.
    Polling,
}

/// How a card is driven.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Entries a ring, a power of two; cut to what the card can.
    pub ring_entries: u32,
    /// How completions are noticed.
    pub waiting: Waiting,
    /// How long a command (from its turn on), a free slot or a reset may take.
    pub timeout: Duration,
    /// How often a waiting thread makes sure that the card is still there.
    pub patience: Duration,
    /// DMA memory is mapped in steps of this many bytes.
    pub segment_bytes: usize,
    /// DMA memory is never more than this many bytes.
    pub memory_limit: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            ring_entries: 64,
            waiting: Waiting::Interrupts,
            timeout: Duration::from_secs(60),
            patience: Duration::from_millis(100),
            segment_bytes: 16 << 20,
            memory_limit: 4 << 30,
        }
    }
}

/// A finished command.
#[derive(Debug)]
pub struct Completed {
    /// What the card said.
    pub completion: Completion,
    /// The command's buffers, in the order they were submitted in.
    pub buffers: Vec<DmaBuffer>,
}

/// An open card; clones are the same card. It is disabled and its memory unmapped when the last clone and the last
/// ticket are gone.
#[derive(Clone)]
pub struct Card(Arc<Inner>);

struct Inner {
    transport: Arc<dyn Transport>,
    options: Options,
    capabilities: Capabilities,
    montgomery: Montgomery,
    event: Event,
    pool: Arc<Pool>,
    flight: Mutex<Flight>,
    /// Something landed, failed or took off.
    changed: Condvar,
    bases: Mutex<HashMap<u8, Arc<PinnedBases>>>,
}

impl Card {
    /// Opens the card behind a transport.
    ///
    /// # Errors
    /// It cannot be reached, is no Penstock card, or speaks another version.
    pub fn open(transport: Arc<dyn Transport>, options: Options) -> Result<Self, CardError> {
        // Registers answer, but nothing moves, until memory is mapped.
        transport.set_command(CommandRegister { memory: true, bus_master: false })?;
        identify(&*transport)?;
        transport.reset()?;
        transport.set_command(CommandRegister { memory: true, bus_master: false })?;
        await_identity(&*transport, options.timeout)?;
        let capabilities = Capabilities::read(|register| transport.read(register.offset).map_err(CardError::from))?;
        let event = Event::new().map_err(|source| TransportError::Io { what: "create an event".to_owned(), source })?;
        let pool =
            Pool::new(transport.clone(), capabilities.address_bits, options.segment_bytes, options.memory_limit)?;
        let entries = options.ring_entries.next_power_of_two().clamp(2, capabilities.max_ring_entries);
        let flight = Flight::new(QueuePair::new(&pool, entries)?);
        let inner = Inner {
            transport,
            options,
            capabilities,
            montgomery: Montgomery::new(capabilities.radix_bits),
            event,
            pool,
            flight: Mutex::new(flight),
            changed: Condvar::new(),
            bases: Mutex::default(),
        };
        inner.start(&mut inner.lock())?;
        Ok(Self(Arc::new(inner)))
    }

    /// The card's address.
    pub fn name(&self) -> String {
        self.0.transport.name()
    }

    /// What the card can do.
    pub fn capabilities(&self) -> &Capabilities {
        &self.0.capabilities
    }

    /// The transport, for what this driver has no word for.
    pub fn transport(&self) -> &Arc<dyn Transport> {
        &self.0.transport
    }

    /// Degrees Celsius of the die, if the board has a sensor.
    ///
    /// # Errors
    /// The card cannot be reached.
    pub fn temperature(&self) -> Result<Option<f32>, CardError> {
        let value = self.0.transport.read(r::TEMPERATURE.offset)? as i32;
        Ok((value != i32::MIN).then_some(value as f32 / 1000.0))
    }

    /// A zeroed buffer that the card may touch.
    ///
    /// # Errors
    /// There is no DMA memory left.
    pub fn allocate(&self, bytes: usize) -> Result<DmaBuffer, CardError> {
        self.0.pool.allocate(bytes)
    }

    /// Submits a command with the buffers it works on; blocks while the ring is full.
    ///
    /// # Errors
    /// The card is lost or has to be reset, or the ring stays full.
    pub fn submit(&self, command: Command, buffers: Vec<DmaBuffer>) -> Result<Ticket, CardError> {
        self.submit_bytes(command.encode(), command.opcode(), buffers)
    }

    /// Submits 64 bytes as they are, but for the id, as the command that errors will name.
    ///
    /// # Errors
    /// As [`Card::submit`].
    pub fn submit_bytes(
        &self,
        bytes: [u8; COMMAND_BYTES],
        opcode: Opcode,
        buffers: Vec<DmaBuffer>,
    ) -> Result<Ticket, CardError> {
        flight::submit(&self.0, bytes, opcode, buffers, None)
    }

    /// The sixteen registers from offset 0, as the card writes them by DMA.
    ///
    /// # Errors
    /// The command fails.
    pub fn identify(&self) -> Result<[u32; 16], CardError> {
        let buffer = self.allocate(Command::IDENTIFY_BYTES as usize)?;
        let command = Command::Identify { result: buffer.address(), capacity: Command::IDENTIFY_BYTES };
        let completed = self.submit(command, vec![buffer])?.wait()?;
        let mut bytes = [0; Command::IDENTIFY_BYTES as usize];
        for buffer in &completed.buffers {
            buffer.read(0, &mut bytes)?;
        }
        let (words, _) = bytes.as_chunks::<4>();
        let mut registers = [0; 16];
        for (register, word) in registers.iter_mut().zip(words) {
            *register = u32::from_le_bytes(*word);
        }
        Ok(registers)
    }

    /// Runs the card's built-in tests (see [`Command::SelfTest`]); gives a bit for each that failed.
    ///
    /// # Errors
    /// The command fails.
    pub fn self_test(&self, tests: u32) -> Result<u64, CardError> {
        Ok(self.submit(Command::SelfTest { tests }, Vec::new())?.wait()?.completion.detail)
    }

    /// Converts bases and pins them in DMA memory as set `set`, in place of what it was; they survive resets.
    ///
    /// # Errors
    /// The card has no such set or room, or the command fails.
    pub fn pin_bases(&self, set: u8, points: &[G1Affine]) -> Result<(), CardError> {
        let bases = Arc::new(PinnedBases::new(&self.0, points)?);
        bases.install(self, set)?;
        self.0.bases().insert(set, bases);
        Ok(())
    }

    /// Resets the card and starts it anew. Tickets under way end with [`CardError::Reset`]; bases are set again.
    ///
    /// # Errors
    /// The card does not come back.
    pub fn reset(&self) -> Result<(), CardError> {
        let mut flight = self.0.lock();
        self.0.transport.reset()?;
        // From here on the card touches nothing, so that buffers may go.
        flight.land_all();
        self.0.changed.notify_all();
        self.0.transport.set_command(CommandRegister { memory: true, bus_master: false })?;
        await_identity(&*self.0.transport, self.0.options.timeout)?;
        self.0.start(&mut flight)?;
        drop(flight);
        let bases: Vec<_> = self.0.bases().iter().map(|(set, bases)| (*set, bases.clone())).collect();
        bases.into_iter().try_for_each(|(set, bases)| bases.install(self, set))
    }
}

impl Inner {
    fn lock(&self) -> MutexGuard<'_, Flight> {
        self.flight.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn bases(&self) -> MutexGuard<'_, HashMap<u8, Arc<PinnedBases>>> {
        self.bases.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Enables a card that has just been reset.
    fn start(&self, flight: &mut Flight) -> Result<(), CardError> {
        let transport = &*self.transport;
        flight.queue.install(transport)?;
        let interrupt = self.options.waiting == Waiting::Interrupts;
        if interrupt {
            transport.connect_interrupt(Some(self.event.as_fd()))?;
        }
        transport.set_command(CommandRegister { memory: true, bus_master: true })?;
        let control = r::CONTROL_ENABLE.with(1) | r::CONTROL_INTERRUPT.with(interrupt.into());
        transport.write(r::CONTROL.offset, control)?;
        let status = transport.read(r::STATUS.offset)?;
        if r::STATUS_READY.of(status) == 1 && status != ALL_ONES {
            Ok(())
        } else {
            Err(CardError::ProtocolViolation { how: format!("it does not accept its rings: status {status:#010x}") })
        }
    }

    /// Whether the card is there and well.
    fn check(&self) -> Result<(), Failure> {
        let lost = |reason: String| Failure::Lost { reason };
        let read = |offset: u32| self.transport.read(offset).map_err(|error| lost(error.to_string()));
        match read(r::IDENTITY_REGISTER.offset)? {
            IDENTITY => {}
            ALL_ONES => return Err(lost("its registers read all ones".to_owned())),
            other => return Err(lost(format!("its identity reads {other:#010x}"))),
        }
        let status = read(r::STATUS.offset)?;
        if r::STATUS_FATAL.of(status) == 1 {
            let (low, high) = (read(r::FAULT_ADDRESS_LOW.offset)?, read(r::FAULT_ADDRESS_HIGH.offset)?);
            return Err(Failure::DmaFault { address: u64::from(high) << 32 | u64::from(low) });
        }
        if r::STATUS_READY.of(status) == 0 {
            return Err(lost("it has been disabled or reset by someone else".to_owned()));
        }
        Ok(())
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        // First stop the card, then let go of memory. Each step helps by itself, and there is nobody left to tell of
        // failure; a transport that fails is gone, and its mappings with it.
        let _ = self.transport.write(r::CONTROL.offset, 0);
        let _ = self.transport.set_command(CommandRegister { memory: true, bus_master: false });
        let _ = self.transport.reset();
        let _ = self.transport.connect_interrupt(None);
    }
}

/// Makes sure that a card of ours answers.
fn identify(transport: &dyn Transport) -> Result<(), CardError> {
    let card = transport.name();
    if transport.ids()? == (u16::MAX, u16::MAX) {
        return Err(CardError::Lost { reason: format!("nothing answers at {card}") });
    }
    match transport.read(r::IDENTITY_REGISTER.offset)? {
        IDENTITY => {}
        ALL_ONES => return Err(CardError::Lost { reason: format!("the registers of {card} read all ones") }),
        identity => return Err(CardError::NotACard { card, identity }),
    }
    let found = r::ABI_VERSION_MAJOR.of(transport.read(r::ABI_VERSION.offset)?) as u16;
    if found == ABI_MAJOR { Ok(()) } else { Err(CardError::Version { card, expected: ABI_MAJOR, found }) }
}

/// Waits until a card that was reset answers again.
fn await_identity(transport: &dyn Transport, limit: Duration) -> Result<(), CardError> {
    let deadline = Instant::now() + limit.min(RESET_TIMEOUT);
    loop {
        match identify(transport) {
            Err(CardError::Lost { .. }) if Instant::now() < deadline => {
                std::thread::sleep(Duration::from_millis(1));
            }
            outcome => return outcome,
        }
    }
}
