//! A Verilated board behind a pseudo-terminal: to a driver, a serial port like any other.
//!
//! ```text
//! driver ══ terminal ══> thread that clocks the board: bytes ──bits──> pins
//! ```
//!
//! What runs is the Verilog that the bitstream is made of, but for the clock generator. The clock never stops, as a real
//! board's does not.

use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::thread::JoinHandle;

pub use penstock_hdl::board::{BoardConfig, ulx3s};
use penstock_hdl::simulation::RtlBoard;
use penstock_hdl::verilator::{Library, Options, VerilatorError};
use rustix::io::Errno;
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{OptionalActions, tcgetattr, tcsetattr};

/// Cycles between two looks at the terminal.
const SLICE: u32 = 64;
/// Bytes that are taken from the terminal ahead of the line.
const AHEAD: usize = 512;

/// Why there is no simulated board.
#[derive(Debug, thiserror::Error)]
pub enum BoardError {
    /// There is no such board.
    #[error(transparent)]
    Card(#[from] penstock_hdl::card::CardError),
    /// It cannot be compiled or loaded.
    #[error(transparent)]
    Verilator(#[from] VerilatorError),
    /// The system gives no pseudo-terminal or thread.
    #[error("cannot make a pseudo-terminal: {0}")]
    Terminal(#[from] io::Error),
}

/// A board that runs until this is dropped.
pub struct SimulatedBoard {
    path: PathBuf,
    state: Arc<State>,
    clock: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct State {
    stop: AtomicBool,
    lights: AtomicU8,
}

impl SimulatedBoard {
    /// Powers up a board; multipliers are simulated as one wide product and a delay.
    ///
    /// # Errors
    /// See [`BoardError`].
    pub fn new(config: &BoardConfig) -> Result<Self, BoardError> {
        let design = config.design()?;
        let library = Library::build(&design, &Options { fast_multipliers: true, ..Options::default() })?;
        let board = RtlBoard::new(library.simulation()?, config.bit_cycles, design.fingerprint())?;
        let (host, line) = terminal()?;
        let name = ptsname(&host, Vec::new()).map_err(io::Error::from)?;
        let path = PathBuf::from(name.to_string_lossy().into_owned());
        let state = Arc::<State>::default();
        let clock = Clock { board, host, _line: line, state: state.clone(), leaving: Vec::new() };
        let clock = std::thread::Builder::new().name("board clock".to_owned()).spawn(move || clock.run())?;
        Ok(Self { path, state, clock: Some(clock) })
    }

    /// The serial port to open.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The LEDs.
    pub fn lights(&self) -> u8 {
        self.state.lights.load(Ordering::Relaxed)
    }
}

impl Drop for SimulatedBoard {
    fn drop(&mut self) {
        self.state.stop.store(true, Ordering::Relaxed);
        if let Some(clock) = self.clock.take() {
            // It owns all that it used.
            let _ = clock.join();
        }
    }
}

/// Both ends of a raw pseudo-terminal. The second stays open, so that the terminal outlives its users.
fn terminal() -> io::Result<(OwnedFd, OwnedFd)> {
    let host = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY)?;
    grantpt(&host)?;
    unlockpt(&host)?;
    let name = ptsname(&host, Vec::new())?;
    let flags = rustix::fs::OFlags::RDWR | rustix::fs::OFlags::NOCTTY;
    let line = rustix::fs::open(name.as_c_str(), flags, rustix::fs::Mode::empty())?;
    let mut mode = tcgetattr(&line)?;
    mode.make_raw();
    tcsetattr(&line, OptionalActions::Now, &mode)?;
    rustix::io::ioctl_fionbio(&host, true)?;
    Ok((host, line))
}

struct Clock {
    board: RtlBoard,
    host: OwnedFd,
    _line: OwnedFd,
    state: Arc<State>,
    leaving: Vec<u8>,
}

impl Clock {
    fn run(mut self) {
        while !self.state.stop.load(Ordering::Relaxed) {
            self.board.step(SLICE);
            self.state.lights.store(self.board.lights(), Ordering::Relaxed);
            if let Err(error) = self.exchange() {
                eprintln!("the simulated board's terminal broke: {error}");
                return;
            }
        }
    }

    fn exchange(&mut self) -> io::Result<()> {
        if self.board.queued() < AHEAD {
            let mut bytes = [0; AHEAD];
            match rustix::io::read(&self.host, &mut bytes) {
                Ok(count) => self.board.write(&bytes[..count]),
                Err(Errno::AGAIN | Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
        self.leaving.extend(self.board.take());
        if !self.leaving.is_empty() {
            match rustix::io::write(&self.host, &self.leaving) {
                Ok(count) => drop(self.leaving.drain(..count)),
                // Nobody reads: what does not fit the terminal is lost, as on a line.
                Err(Errno::AGAIN) => self.leaving.clear(),
                Err(Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }
}
