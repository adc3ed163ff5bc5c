//! The functional model: a card that keeps the contract and computes on the processor.
//!
//! Commands are checked, carried out and completed as `penstock-abi` says, on two engines that run at once, so that
//! completions come out of order as a real card's do. Its clock ticks once a nanosecond: cycle counts are its own time
//! and say nothing about hardware. A [`Fault`] makes it break the contract once, in a chosen way.

mod engine;
mod fault;
mod msm;
mod queue;

use std::sync::atomic::AtomicU64;
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use penstock_abi::{ABI_MINOR, ALL_ONES, Capabilities, MsmLayout, registers as r};

pub use fault::{Fault, FaultError};
use queue::State;

use crate::{Bus, Device};

/// A card with these capabilities is a model's default: like the large parameter set, but for its clock.
pub const CAPABILITIES: Capabilities = Capabilities {
    abi_minor: ABI_MINOR,
    rtl_checksum: [0; 8],
    msm: true,
    poseidon: true,
    resident_bases: false,
    simulated: true,
    msm_layout: MsmLayout { window_bits: 13, reductions: 2 },
    pass_windows: 4,
    vectors: 4,
    max_points: 1 << 24,
    base_sets: 4,
    radix_bits: 260,
    poseidon_lanes: 8,
    max_hashes: 1 << 20,
    clock_khz: 1_000_000,
    data_bits: 512,
    address_bits: 64,
    max_ring_entries: 1024,
};

/// The model; clones are the same card.
#[derive(Clone)]
pub struct Model {
    card: Arc<Card>,
}

/// What registers and engines share.
struct Card {
    capabilities: Capabilities,
    bus: Arc<dyn Bus>,
    power_up: Instant,
    /// Counts resets; read by engines that compute for long.
    generation: AtomicU64,
    state: Mutex<State>,
}

impl Model {
    /// A model on a bus, in good health.
    pub fn new(capabilities: Capabilities, bus: Arc<dyn Bus>) -> Self {
        // Threads of its own: those of the caller's pool may all be waiting for this card.
        let pool = Arc::new(rayon::ThreadPoolBuilder::new().build().ok());
        let engine = |name: &str| -> Sender<engine::Job> {
            let pool = pool.clone();
            let (jobs, queue) = channel::<engine::Job>();
            // Without the thread, jobs cannot be sent, and complete as internal errors.
            let _ = std::thread::Builder::new().name(name.to_owned()).spawn(move || {
                for job in queue {
                    match &*pool {
                        Some(pool) => pool.install(|| job.run()),
                        None => job.run(),
                    }
                }
            });
            jobs
        };
        let state = State::new([engine("msm engine"), engine("poseidon engine")]);
        let power_up = Instant::now();
        Self {
            card: Arc::new(Card {
                capabilities,
                bus,
                power_up,
                generation: AtomicU64::new(0),
                state: Mutex::new(state),
            }),
        }
    }

    /// Arms a fault: the command after `after` more will meet it.
    pub fn inject(&self, fault: Fault, after: u32) {
        self.card.lock().arm(fault, after);
    }
}

impl Card {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn cycles(&self) -> u64 {
        self.power_up.elapsed().as_nanos() as u64
    }
}

impl Device for Model {
    fn read(&self, offset: u32) -> u32 {
        let mut state = self.card.lock();
        if state.is_gone() {
            return ALL_ONES;
        }
        if offset == r::TEMPERATURE.offset {
            return i32::MIN as u32;
        }
        if offset == r::CYCLES_LOW.offset {
            let cycles = self.card.cycles();
            state.cycles_high = (cycles >> 32) as u32;
            return cycles as u32;
        }
        self.card.capabilities.register(offset).unwrap_or_else(|| state.register(offset))
    }

    fn write(&self, offset: u32, value: u32) {
        let mut state = self.card.lock();
        if !state.is_gone() {
            state.set_register(&self.card, offset, value);
        }
    }

    fn reset(&self) {
        self.card.lock().reset(&self.card, true);
    }
}
