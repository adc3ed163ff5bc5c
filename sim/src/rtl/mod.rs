//! The card's RTL under Verilator, as a device.
//!
//! ```text
//! registers, resets ──requests──> thread that clocks the Verilated card ──AXI──> Bus
//! ```
//!
//! Nothing of the card is modelled here: registers, rings, commands and engines are those of the Verilog that goes onto a
//! board, and its cycle counts are exact, but for a memory latency that this bus makes up. Verilator and a C++ compiler
//! are looked for when a card is made; a design that has been compiled once comes from the cache.

mod clock;

use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};

use penstock_abi::ALL_ONES;
pub use penstock_hdl::card::CardConfig;
pub use penstock_hdl::field::Shape;
pub use penstock_hdl::simulation::AxiOptions;
use penstock_hdl::simulation::RtlCard;
use penstock_hdl::verilator::{Library, Options, VerilatorError};

use crate::{Bus, Device, Function};
use clock::{Clock, Request};

/// Cycles from a read request to its data, of the order of what a host's memory takes at a card's clock.
const LATENCY: u64 = 40;

/// Widths of windows of cards made for simulation.
const WINDOW_BITS: RangeInclusive<usize> = 6..=13;

/// Why there is no Verilated card.
#[derive(Debug, thiserror::Error)]
pub enum RtlError {
    /// There is no such card.
    #[error(transparent)]
    Card(#[from] penstock_hdl::card::CardError),
    /// It cannot be compiled or loaded.
    #[error(transparent)]
    Verilator(#[from] VerilatorError),
    /// It has not the ports of a card.
    #[error(transparent)]
    Ports(#[from] penstock_hdl::simulation::CardError),
    /// The system gives no thread.
    #[error("cannot start the card's clock: {0}")]
    Thread(#[from] std::io::Error),
}

/// How a card is simulated.
#[derive(Clone, Debug)]
pub struct RtlOptions {
    /// Multipliers as one wide product and a delay: same results in the same cycles, sooner.
    pub fast_multipliers: bool,
    /// How the bus behaves.
    pub bus: AxiOptions,
    /// A VCD file to write every signal to.
    pub trace: Option<PathBuf>,
}

impl Default for RtlOptions {
    fn default() -> Self {
        Self { fast_multipliers: true, bus: AxiOptions::steady(LATENCY), trace: None }
    }
}

/// The card that computes sums of so many points soonest in simulation, where a cycle costs the same however much happens
/// in it: additions start in every cycle, all windows share one pass over the bases, and their width balances digits
/// against buckets.
pub fn suited_to(points: usize) -> CardConfig {
    let mut config = CardConfig::of(Shape::Pipelined);
    // Each digit is one addition; each bucket two more, one for its row and one for its column.
    let additions = |window_bits: &usize| 255usize.div_ceil(*window_bits) * (points + (1 << window_bits));
    config.msm.window_bits = WINDOW_BITS.min_by_key(additions).unwrap_or(config.msm.window_bits);
    config.msm.groups = config.msm.windows();
    config.vectors = 1;
    config
}

/// A Verilated card. Its clock runs while the card has work; the thread ends when this is dropped.
pub struct Rtl {
    requests: Sender<Request>,
}

impl Rtl {
    /// Powers up a card on a bus.
    ///
    /// # Errors
    /// See [`RtlError`].
    pub fn new(config: &CardConfig, options: &RtlOptions, bus: Arc<dyn Bus>) -> Result<Self, RtlError> {
        let design = config.design()?;
        let RtlOptions { fast_multipliers, bus: axi, trace } = options;
        let verilated = Options { fast_multipliers: *fast_multipliers, trace: trace.is_some() };
        let mut simulation = Library::build(&design, &verilated)?.simulation()?;
        trace.as_ref().map_or(Ok(()), |file| simulation.trace(file))?;
        let card = RtlCard::new(simulation, axi.clone(), design.fingerprint())?;
        let (requests, queue) = channel();
        let clock = Clock::new(card, bus, queue);
        std::thread::Builder::new().name("card clock".to_owned()).spawn(move || clock.run())?;
        Ok(Self { requests })
    }

    /// A card on a PCI bus of its own.
    ///
    /// # Errors
    /// See [`RtlError`].
    pub fn function(config: &CardConfig, options: &RtlOptions) -> Result<Function, RtlError> {
        Function::try_new(|bus| Self::new(config, options, bus))
    }

    /// Sends a request and waits for its answer; none if the card has fallen off its bus.
    fn ask<T>(&self, request: impl FnOnce(Sender<T>) -> Request) -> Option<T> {
        let (answer, answers) = channel();
        self.requests.send(request(answer)).ok()?;
        answers.recv().ok()
    }
}

impl Device for Rtl {
    fn read(&self, offset: u32) -> u32 {
        self.ask(|answer| Request::Read(offset, answer)).unwrap_or(ALL_ONES)
    }

    fn write(&self, offset: u32, value: u32) {
        // Posted, as on a real bus; a write to a card that is gone goes nowhere.
        let _ = self.requests.send(Request::Write(offset, value));
    }

    fn reset(&self) {
        let _ = self.ask(Request::Reset);
    }
}
