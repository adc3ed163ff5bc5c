//! A card behind a serial line (`penstock_abi::serial`).
//!
//! ```text
//! callers ──one request at a time──> line ──> card
//! callers <──answers── reader thread <── line
//!                          │  the card's requests: mapped memory, interrupts
//!                          └──answers──> line
//! ```
//!
//! Registers answer within a round trip of the line; what the card reads and writes of mapped memory travels over it too,
//! a burst at a time.

mod frame;
mod host;

use std::io::{ErrorKind, Read, Write};
use std::ops::RangeInclusive;
use std::os::fd::BorrowedFd;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use penstock_abi::serial::{Kind, MEMORY_BASE, WORD_BYTES};
use penstock_abi::{ALL_ONES, BAR0_BYTES, registers as r};
use serialport::{ClearBuffer, SerialPort};

use self::frame::{Finder, Frame, MOST_PAYLOAD};
use self::host::Host;
use super::{Transport, TransportError, check_register};
use crate::SharedMemory;

/// How the line is driven.
#[derive(Clone, Copy, Debug)]
pub struct UartOptions {
    /// Bits a second.
    pub baud: u32,
    /// How long an answer may take before the request is repeated.
    pub timeout: Duration,
    /// How often a request is sent.
    pub tries: u32,
}

impl Default for UartOptions {
    fn default() -> Self {
        Self { baud: 3_000_000, timeout: Duration::from_millis(500), tries: 6 }
    }
}

/// The reader looks up this often.
const TICK: Duration = Duration::from_millis(20);

/// A connection to a card behind a serial line.
pub struct Uart {
    path: PathBuf,
    options: UartOptions,
    shared: Arc<Shared>,
    /// The number of the next request; whoever holds it has the turn.
    turn: Mutex<u8>,
    reader: Option<JoinHandle<()>>,
}

struct Shared {
    host: Host,
    line: Mutex<Box<dyn SerialPort>>,
    answers: Mutex<Answers>,
    answered: Condvar,
    stop: AtomicBool,
}

#[derive(Default)]
struct Answers {
    last: Option<Frame>,
    hung_up: bool,
}

impl Uart {
    /// Opens the line at `path` and looks for a card.
    ///
    /// # Errors
    /// There is no such line, another process has it, or nothing answers.
    pub fn open(path: &Path, options: UartOptions) -> Result<Self, TransportError> {
        let name = path.display().to_string();
        let fault = |what: &str, source: std::io::Error| TransportError::Io { what: format!("{what} {name}"), source };
        let opened = serialport::new(&name, options.baud).timeout(TICK).open();
        let line = opened.map_err(|error| fault("open", error.into()))?;
        line.clear(ClearBuffer::All).map_err(|error| fault("clear", error.into()))?;
        let input = line.try_clone().map_err(|error| fault("duplicate", error.into()))?;
        let shared = Arc::new(Shared {
            host: Host::default(),
            line: Mutex::new(line),
            answers: Mutex::default(),
            answered: Condvar::new(),
            stop: AtomicBool::new(false),
        });
        let reader = std::thread::Builder::new().name(format!("penstock {name}"));
        let listening = shared.clone();
        let reader =
            reader.spawn(move || listening.listen(input)).map_err(|error| fault("start a reader of", error))?;
        let uart = Self { path: path.to_owned(), options, shared, turn: Mutex::new(0), reader: Some(reader) };
        uart.register(Kind::RegisterRead, r::IDENTITY_REGISTER.offset, 0)?;
        Ok(uart)
    }

    /// Reads the card's own memory; offset and length are multiples of 8.
    ///
    /// # Errors
    /// They are not, or the card cannot be reached.
    pub fn memory_read(&self, offset: u32, out: &mut [u8]) -> Result<(), TransportError> {
        check_memory(offset, out.len())?;
        for (at, part) in (offset..).step_by(MOST_PAYLOAD).zip(out.chunks_mut(MOST_PAYLOAD)) {
            let words = (part.len() / WORD_BYTES) as u32;
            let answer = self.request(Kind::MemoryRead, words, at.into(), &[])?;
            if answer.data.len() != part.len() {
                let how = format!("{} bytes asked for, {} came", part.len(), answer.data.len());
                return Err(TransportError::Protocol { what: "a read of card memory", how });
            }
            part.copy_from_slice(&answer.data);
        }
        Ok(())
    }

    /// Writes the card's own memory; offset and length are multiples of 8. Commands find it at
    /// [`MEMORY_BASE`].
    ///
    /// # Errors
    /// They are not, or the card cannot be reached.
    pub fn memory_write(&self, offset: u32, data: &[u8]) -> Result<(), TransportError> {
        check_memory(offset, data.len())?;
        for (at, part) in (offset..).step_by(MOST_PAYLOAD).zip(data.chunks(MOST_PAYLOAD)) {
            self.request(Kind::MemoryWrite, 0, at.into(), part)?;
        }
        Ok(())
    }

    fn register(&self, kind: Kind, offset: u32, value: u32) -> Result<u32, TransportError> {
        Ok(self.request(kind, value, offset.into(), &[])?.header.value)
    }

    /// Sends a request until its answer comes.
    fn request(&self, kind: Kind, value: u32, address: u64, data: &[u8]) -> Result<Frame, TransportError> {
        let mut sequence = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        *sequence = sequence.wrapping_add(1);
        let request = Frame::new(kind, *sequence, value, address, data.to_vec()).encode();
        for _ in 0..self.options.tries {
            self.shared.send(&request)?;
            let deadline = Instant::now() + self.options.timeout;
            let mut answers = self.shared.answers();
            loop {
                if answers.hung_up {
                    return Err(TransportError::Closed { what: "a request over the serial line" });
                }
                let fits = |frame: &Frame| frame.header.kind == kind && frame.header.sequence == *sequence;
                if let Some(answer) = answers.last.take().filter(fits) {
                    return Ok(answer);
                }
                let left = deadline.saturating_duration_since(Instant::now());
                if left.is_zero() {
                    break;
                }
                let woken = self.shared.answered.wait_timeout(answers, left);
                answers = woken.unwrap_or_else(PoisonError::into_inner).0;
            }
        }
        let after = self.options.timeout * self.options.tries;
        Err(TransportError::TimedOut { what: "a request over the serial line", after })
    }
}

impl Shared {
    fn answers(&self) -> MutexGuard<'_, Answers> {
        self.answers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn send(&self, bytes: &[u8]) -> Result<(), TransportError> {
        let mut line = self.line.lock().unwrap_or_else(PoisonError::into_inner);
        let mut left = bytes;
        while !left.is_empty() {
            match line.write(left) {
                Ok(count) => left = &left[count..],
                Err(error) if matches!(error.kind(), ErrorKind::TimedOut | ErrorKind::Interrupted) => {
                    if self.stop.load(Ordering::Relaxed) {
                        return Ok(());
                    }
                }
                Err(source) => {
                    return Err(TransportError::Io { what: "write to the serial line".to_owned(), source });
                }
            }
        }
        Ok(())
    }

    /// Takes frames off the line until told to stop or until it breaks.
    fn listen(&self, mut line: Box<dyn SerialPort>) {
        let mut finder = Finder::default();
        let mut bytes = [0; 4096];
        while !self.stop.load(Ordering::Relaxed) {
            match line.read(&mut bytes) {
                Ok(0) => break,
                Ok(count) => finder.push(&bytes[..count]),
                Err(error) if error.kind() == ErrorKind::TimedOut => finder.give_up(),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => break,
            }
            while let Some(frame) = finder.next() {
                if self.take(frame).is_err() {
                    break;
                }
            }
        }
        self.answers().hung_up = true;
        self.answered.notify_all();
    }

    fn take(&self, frame: Frame) -> Result<(), TransportError> {
        match frame.header.kind {
            Kind::HostRead | Kind::HostWrite => self.send(&self.host.serve(&frame).encode()),
            Kind::Interrupt => {
                self.host.interrupt();
                Ok(())
            }
            _ => {
                self.answers().last = Some(frame);
                self.answered.notify_all();
                Ok(())
            }
        }
    }
}

impl Transport for Uart {
    fn name(&self) -> String {
        format!("uart:{}", self.path.display())
    }

    fn read(&self, offset: u32) -> Result<u32, TransportError> {
        check_register(offset, BAR0_BYTES.into())?;
        if self.shared.host.command().memory { self.register(Kind::RegisterRead, offset, 0) } else { Ok(ALL_ONES) }
    }

    fn write(&self, offset: u32, value: u32) -> Result<(), TransportError> {
        check_register(offset, BAR0_BYTES.into())?;
        if self.shared.host.command().memory {
            self.register(Kind::RegisterWrite, offset, value)?;
        }
        Ok(())
    }

    fn config_read(&self, offset: u16, out: &mut [u8]) -> Result<(), TransportError> {
        self.shared.host.config_read(offset, out)
    }

    fn config_write(&self, offset: u16, data: &[u8]) -> Result<(), TransportError> {
        self.shared.host.config_write(offset, data)
    }

    fn dma_ranges(&self) -> Result<Vec<RangeInclusive<u64>>, TransportError> {
        Ok(vec![0..=MEMORY_BASE - 1])
    }

    fn map(&self, memory: &SharedMemory, address: u64) -> Result<(), TransportError> {
        self.shared.host.map(memory, address)
    }

    fn unmap(&self, memory: &SharedMemory, address: u64) -> Result<(), TransportError> {
        self.shared.host.unmap(memory, address)
    }

    fn connect_interrupt(&self, event: Option<BorrowedFd<'_>>) -> Result<(), TransportError> {
        self.shared.host.connect_interrupt(event)
    }

    fn reset(&self) -> Result<(), TransportError> {
        let limit = self.options.timeout * self.options.tries;
        let deadline = Instant::now() + limit;
        self.request(Kind::Reset, 0, 0, &[])?;
        while r::CONTROL_RESET.of(self.register(Kind::RegisterRead, r::CONTROL.offset, 0)?) == 1 {
            if Instant::now() > deadline {
                return Err(TransportError::TimedOut { what: "a reset", after: limit });
            }
        }
        self.shared.host.reset();
        Ok(())
    }
}

impl Drop for Uart {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::Relaxed);
        if let Some(reader) = self.reader.take() {
            // It held nothing that could be left behind.
            let _ = reader.join();
        }
    }
}

fn check_memory(offset: u32, length: usize) -> Result<(), TransportError> {
    let whole = offset.is_multiple_of(WORD_BYTES as u32) && length.is_multiple_of(WORD_BYTES);
    let end = u64::from(offset) + length as u64;
    if whole && end <= u32::MAX.into() {
        return Ok(());
    }
    Err(TransportError::OutOfRange { space: "card memory", offset: offset.into(), length })
}
