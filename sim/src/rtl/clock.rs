//! The thread that clocks a Verilated card.
//!
//! The card is awake from a register access or reset on, until its registers say that nothing is under way: then no
//! cycle would change anything, and the thread sleeps until the next request. A card that hangs or that breaks the rules
//! of its bus falls off the bus: all its registers read ones from then on.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, TryRecvError};

use penstock_abi::registers as r;
use penstock_hdl::simulation::{BusError, CardError, Memory, RtlCard};

use crate::Bus;

/// Cycles between two looks at the requests.
const SLICE: u64 = 16;
/// Slices between two looks at whether the card is still at work.
const PATIENCE: u32 = 32;
/// Times that a reset is asked about before the card counts as hung.
const RESET_READS: u32 = 100_000;

/// What a device is asked for.
pub(super) enum Request {
    Read(u32, Sender<u32>),
    Write(u32, u32),
    Reset(Sender<()>),
}

/// Why a card fell off its bus.
#[derive(Debug, thiserror::Error)]
enum Fallen {
    #[error(transparent)]
    Hung(#[from] CardError),
    #[error("it broke the rules of its bus: {0}")]
    Violation(String),
    #[error("its reset does not end")]
    Reset,
}

/// A card and what drives it.
pub(super) struct Clock {
    card: RtlCard,
    host: Host,
    requests: Receiver<Request>,
}

impl Clock {
    pub(super) fn new(card: RtlCard, bus: Arc<dyn Bus>, requests: Receiver<Request>) -> Self {
        Self { card, host: Host(bus), requests }
    }

    /// Runs until the device is dropped or the card falls off its bus.
    pub(super) fn run(mut self) {
        if let Err(fallen) = self.serve() {
            eprintln!("the Verilated card has stopped: {fallen}");
        }
    }

    fn serve(&mut self) -> Result<(), Fallen> {
        // Until the next look; none when the card sleeps.
        let mut slices = None;
        loop {
            let request = match slices {
                None => self.requests.recv().map_err(|_| TryRecvError::Disconnected),
                Some(_) => self.requests.try_recv(),
            };
            match request {
                Ok(request) => {
                    self.answer(request)?;
                    slices = Some(PATIENCE);
                }
                Err(TryRecvError::Disconnected) => return Ok(()),
                Err(TryRecvError::Empty) => {
                    self.card.step(SLICE, &mut self.host);
                    slices = match slices.unwrap_or(0) {
                        0 if self.is_idle()? => {
                            // Whoever serves the card may be killed while it sleeps.
                            self.card.flush_trace();
                            None
                        }
                        0 => Some(PATIENCE),
                        left => Some(left - 1),
                    };
                }
            }
            if self.card.take_interrupts() > 0 {
                self.host.0.interrupt();
            }
            if let Some(violation) = self.card.bus().violations.first() {
                return Err(Fallen::Violation(violation.clone()));
            }
        }
    }

    fn answer(&mut self, request: Request) -> Result<(), Fallen> {
        // Whoever asked may have gone: then nobody misses the answer.
        match request {
            Request::Read(offset, answer) => drop(answer.send(self.read(offset)?)),
            Request::Write(offset, value) => self.card.register_write(offset, value, &mut self.host)?,
            Request::Reset(answer) => {
                self.card.function_level_reset(&mut self.host);
                let mut reads = 0..RESET_READS;
                while r::CONTROL_RESET.of(self.read(r::CONTROL.offset)?) == 1 {
                    reads.next().ok_or(Fallen::Reset)?;
                }
                self.card.take_interrupts();
                let _ = answer.send(());
            }
        }
        Ok(())
    }

    fn read(&mut self, offset: u32) -> Result<u32, Fallen> {
        Ok(self.card.register_read(offset, &mut self.host)?)
    }

    /// Whether nothing is under way, by the card's own word.
    fn is_idle(&mut self) -> Result<bool, Fallen> {
        let status = self.read(r::STATUS.offset)?;
        let is_resetting = r::CONTROL_RESET.of(self.read(r::CONTROL.offset)?) == 1;
        let fetches = r::STATUS_READY.of(status) == 1
            && self.read(r::SUBMISSION_HEAD.offset)? != self.read(r::SUBMISSION_TAIL.offset)?;
        let works = r::STATUS_BUSY.of(status) == 1 && r::STATUS_FATAL.of(status) == 0;
        Ok(!is_resetting && !fetches && !works && self.card.bus().idle())
    }
}

/// Host memory as the simulation's bus finds it.
struct Host(Arc<dyn Bus>);

impl Memory for Host {
    fn read(&mut self, address: u64, data: &mut [u8]) -> Result<(), BusError> {
        let length = data.len();
        self.0.read(address, data).map_err(|_| BusError { address, length })
    }

    fn write(&mut self, address: u64, data: &[u8]) -> Result<(), BusError> {
        // A completion's phase ends a beat, and tells the driver that all before it is there: a write through a file is not
        // atomic, but two are in order.
        let (before, last) = data.split_at(data.len().saturating_sub(2));
        let written = self.0.write(address, before);
        let written = written.and_then(|()| self.0.write(address + before.len() as u64, last));
        written.map_err(|_| BusError { address, length: data.len() })
    }
}
