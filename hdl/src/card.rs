//! The whole card: the shell with the real engines, in either shape.

use penstock_abi::{ABI_MINOR, Capabilities};
use rust_hdl::prelude::*;

use crate::board::ulx3s;
use crate::emit::{Design, EmitError, emit};
use crate::field::{RADIX_BITS, Shape};
use crate::msm::config::MsmConfig;
use crate::msm::top::{CompactMsm, PipelinedMsm};
use crate::msm::{BASE_BITS, SUM_WORD_BITS};
use crate::point::{CompactPointAdder, LIMB_BITS, PipelinedPointAdder};
use crate::poseidon::schedule::{Microprogram, ScheduleError};
use crate::poseidon::{EngineConfig, PoseidonEngine};
use crate::shell::self_test::KnownSum;
use crate::shell::top::{Shell, ShellConfig};

crate::card! {
    /// A card with the `pipelined` engines.
    PipelinedCard, PipelinedMsm, BASE_BITS, SUM_WORD_BITS, PoseidonEngine
}

crate::card! {
    /// A card with the `compact` engines.
    CompactCard, CompactMsm, LIMB_BITS, LIMB_BITS, PoseidonEngine
}

/// What a card is made of.
#[derive(Clone, Debug)]
pub struct CardConfig {
    /// The arithmetic's shape.
    pub shape: Shape,
    /// The multi-scalar multiplication engine.
    pub msm: MsmConfig,
    /// The Poseidon engine.
    pub poseidon: EngineConfig,
    /// Bits of the DMA bus: 64, 256 or 512.
    pub data_bits: usize,
    /// Scalar vectors a command, at most the groups of a pass.
    pub vectors: u8,
    /// Points of a set of bases.
    pub max_points: u32,
    /// Sets of bases.
    pub base_sets: u8,
    /// Hashes a command.
    pub max_hashes: u32,
    /// Entries a ring.
    pub max_ring_entries: u32,
    /// The clock that the board gives, in kHz.
    pub clock_khz: u32,
    /// Beats of the longest burst.
    pub most_beats: usize,
    /// Queues of readers and writers hold 2^this beats.
    pub depth_bits: usize,
}

/// Why there is no such card.
#[derive(Debug, thiserror::Error)]
pub enum CardError {
    /// The MSM engine's parameters.
    #[error("the MSM engine: {0}")]
    Msm(String),
    /// The Poseidon engine's program.
    #[error("the Poseidon engine: {0}")]
    Poseidon(#[from] ScheduleError),
    /// The bus.
    #[error("a DMA bus has 64, 256 or 512 bits, not {0}")]
    DataBits(usize),
    /// No Verilog came out.
    #[error(transparent)]
    Emit(#[from] EmitError),
}

impl CardConfig {
    /// The parameter set of a shape: a small ECP5 board, or an Alveo.
    pub fn of(shape: Shape) -> Self {
        let pipelined = shape == Shape::Pipelined;
        Self {
            shape,
            msm: MsmConfig::of(shape),
            poseidon: EngineConfig::of(shape),
            data_bits: if pipelined { 512 } else { 64 },
            vectors: if pipelined { 4 } else { 1 },
            max_points: 1 << 24,
            base_sets: 4,
            max_hashes: 1 << 20,
            max_ring_entries: 1024,
            clock_khz: if pipelined { 250_000 } else { ulx3s::CLOCK_KHZ },
            most_beats: if pipelined { 16 } else { 32 },
            depth_bits: if pipelined { 7 } else { 8 },
        }
    }

    /// What the card says of itself.
    pub fn capabilities(&self) -> Capabilities {
        let windows = (self.msm.groups / usize::from(self.vectors)).clamp(1, self.msm.windows());
        Capabilities {
            abi_minor: ABI_MINOR,
            rtl_checksum: [0; 8],
            msm: true,
            poseidon: true,
            resident_bases: false,
            simulated: false,
            msm_layout: self.msm.layout(),
            pass_windows: windows as u8,
            vectors: self.vectors,
            max_points: self.max_points,
            base_sets: self.base_sets,
            radix_bits: RADIX_BITS as u32,
            poseidon_lanes: self.poseidon.lanes as u32,
            max_hashes: self.max_hashes,
            clock_khz: self.clock_khz,
            data_bits: self.data_bits as u32,
            address_bits: 64,
            max_ring_entries: self.max_ring_entries,
        }
    }

    /// The card's Verilog, as `card_pipelined` or `card_compact`.
    ///
    /// # Errors
    /// See [`CardError`].
    pub fn design(&self) -> Result<Design, CardError> {
        match self.data_bits {
            64 => self.of_width::<64, 8>(),
            256 => self.of_width::<256, 32>(),
            512 => self.of_width::<512, 64>(),
            bits => Err(CardError::DataBits(bits)),
        }
    }

    /// Whether there is such a card.
    pub(crate) fn check(&self) -> Result<(), CardError> {
        self.msm.check().map_err(CardError::Msm)?;
        if usize::from(self.vectors) > self.msm.groups {
            return Err(CardError::Msm(format!("{} vectors do not fit {} groups", self.vectors, self.msm.groups)));
        }
        if !KnownSum::fits(&self.msm.layout()) {
            return Err(CardError::Msm(format!(
                "windows of {} bits are too narrow for its test",
                self.msm.window_bits
            )));
        }
        Ok(())
    }

    /// The compact card on a bus of `D` bits, `S` bytes. To be called on a thread with a large stack.
    pub(crate) fn compact<const D: usize, const S: usize>(&self, program: &Microprogram) -> CompactCard<D, S> {
        let msm = CompactMsm::new(&self.msm, CompactPointAdder::new());
        CompactCard::new(self.shell(), msm, PoseidonEngine::new(&self.poseidon, program))
    }

    fn pipelined<const D: usize, const S: usize>(&self, program: &Microprogram) -> PipelinedCard<D, S> {
        let msm = PipelinedMsm::new(&self.msm, PipelinedPointAdder::new());
        PipelinedCard::new(self.shell(), msm, PoseidonEngine::new(&self.poseidon, program))
    }

    fn shell<const D: usize, const S: usize, const B: usize, const U: usize>(&self) -> Shell<D, S, B, U> {
        Shell::new(&ShellConfig {
            capabilities: self.capabilities(),
            groups: self.msm.groups,
            known_sum: KnownSum::generators(),
            most_beats: self.most_beats,
            depth_bits: self.depth_bits,
        })
    }

    fn of_width<const D: usize, const S: usize>(&self) -> Result<Design, CardError> {
        self.check()?;
        let program = self.poseidon.lane.microprogram()?;
        Ok(match self.shape {
            Shape::Pipelined => emit("card_pipelined", || self.pipelined::<D, S>(&program)),
            Shape::Compact => emit("card_compact", || self.compact::<D, S>(&program)),
        }?)
    }
}
