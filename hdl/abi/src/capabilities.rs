//! What a card can do, as its capability registers say.

use crate::registers::{self as r, Register};
use crate::{ABI_MAJOR, IDENTITY, MsmLayout};

/// The capability registers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capabilities {
    /// Minor version of the card's ABI; the major version is this crate's.
    pub abi_minor: u16,
    /// First eight bytes of the SHA-256 of the card's Verilog.
    pub rtl_checksum: [u8; 8],
    /// Has the MSM engine.
    pub msm: bool,
    /// Has the Poseidon engine.
    pub poseidon: bool,
    /// Keeps bases in its own memory.
    pub resident_bases: bool,
    /// Is no hardware.
    pub simulated: bool,
    /// How an MSM is cut up and its result laid out.
    pub msm_layout: MsmLayout,
    /// Windows computed in a pass over the bases.
    pub pass_windows: u8,
    /// Scalar vectors a command.
    pub vectors: u8,
    /// Points a set of bases.
    pub max_points: u32,
    /// Sets of bases.
    pub base_sets: u8,
    /// R of the coordinates' Montgomery form 2^R.
    pub radix_bits: u32,
    /// Poseidon lanes.
    pub poseidon_lanes: u32,
    /// Hashes a command.
    pub max_hashes: u32,
    /// Clock in kHz.
    pub clock_khz: u32,
    /// DMA data width in bits.
    pub data_bits: u32,
    /// DMA address width in bits.
    pub address_bits: u32,
    /// Entries a ring.
    pub max_ring_entries: u32,
}

/// A capability register that makes no sense.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CapabilityError {
    /// The register.
    pub register: &'static str,
    /// What it read.
    pub value: u32,
}

impl core::fmt::Display for CapabilityError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "register {} reads {:#010x}, which no card means", self.register, self.value)
    }
}

impl core::error::Error for CapabilityError {}

impl Capabilities {
    /// Decodes the registers as `read` gives them; identity and major version are the caller's to check first.
    ///
    /// # Errors
    /// Whatever `read` fails with, and a value outside what this contract allows: a driver sizes memory by these.
    pub fn read<E: From<CapabilityError>>(mut read: impl FnMut(&Register) -> Result<u32, E>) -> Result<Self, E> {
        let mut checked = |register: Register, plausible: fn(u32) -> bool| {
            let value = read(&register)?;
            if plausible(value) { Ok(value) } else { Err(E::from(CapabilityError { register: register.name, value })) }
        };
        let any = |_| true;
        let features = checked(r::FEATURES, any)?;
        let msm = r::FEATURES_MSM.of(features) == 1;
        let poseidon = r::FEATURES_POSEIDON.of(features) == 1;
        let shape = checked(r::MSM_SHAPE, if msm { is_shape } else { any })?;
        let checksum =
            [checked(r::RTL_CHECKSUM_LOW, any)?.to_le_bytes(), checked(r::RTL_CHECKSUM_HIGH, any)?.to_le_bytes()];
        let mut rtl_checksum = [0; 8];
        rtl_checksum.copy_from_slice(checksum.as_flattened());
        Ok(Self {
            abi_minor: r::ABI_VERSION_MINOR.of(checked(r::ABI_VERSION, any)?) as u16,
            rtl_checksum,
            msm,
            poseidon,
            resident_bases: r::FEATURES_RESIDENT.of(features) == 1,
            simulated: r::FEATURES_SIMULATED.of(features) == 1,
            msm_layout: MsmLayout {
                window_bits: r::MSM_SHAPE_WINDOW.of(shape) as u8,
                reductions: r::MSM_SHAPE_REDUCTIONS.of(shape) as u8,
            },
            pass_windows: r::MSM_SHAPE_WINDOWS.of(shape) as u8,
            vectors: r::MSM_SHAPE_VECTORS.of(shape) as u8,
            max_points: checked(r::MSM_MAX_POINTS, if msm { |points| (1..=1 << 28).contains(&points) } else { any })?,
            base_sets: checked(r::MSM_BASE_SETS, if msm { |sets| (1..=255).contains(&sets) } else { any })? as u8,
            radix_bits: checked(r::FQ_RADIX_BITS, if msm { |bits| (254..=512).contains(&bits) } else { any })?,
            poseidon_lanes: checked(r::POSEIDON_LANES, any)?,
            max_hashes: checked(r::POSEIDON_MAX_HASHES, if poseidon { |n| (1..=1 << 28).contains(&n) } else { any })?,
            clock_khz: checked(r::CLOCK_KHZ, |khz| khz > 0)?,
            data_bits: checked(r::DATA_BITS, |bits| matches!(bits, 64 | 128 | 256 | 512))?,
            address_bits: checked(r::ADDRESS_BITS, |bits| (32..=64).contains(&bits))?,
            max_ring_entries: checked(r::MAX_RING_ENTRIES, |n| n.is_power_of_two() && (2..=1 << 16).contains(&n))?,
        })
    }

    /// What a card with these capabilities reads at an offset; `None` where no capability register stands.
    pub fn register(&self, offset: u32) -> Option<u32> {
        let half =
            |at: usize| self.rtl_checksum[at..at + 4].iter().rev().fold(0, |value, byte| value << 8 | u32::from(*byte));
        let registers = [
            (r::IDENTITY_REGISTER, IDENTITY),
            (
                r::ABI_VERSION,
                r::ABI_VERSION_MAJOR.with(ABI_MAJOR.into()) | r::ABI_VERSION_MINOR.with(self.abi_minor.into()),
            ),
            (r::RTL_CHECKSUM_LOW, half(0)),
            (r::RTL_CHECKSUM_HIGH, half(4)),
            (
                r::FEATURES,
                r::FEATURES_MSM.with(self.msm.into())
                    | r::FEATURES_POSEIDON.with(self.poseidon.into())
                    | r::FEATURES_RESIDENT.with(self.resident_bases.into())
                    | r::FEATURES_SIMULATED.with(self.simulated.into()),
            ),
            (
                r::MSM_SHAPE,
                r::MSM_SHAPE_WINDOW.with(self.msm_layout.window_bits.into())
                    | r::MSM_SHAPE_REDUCTIONS.with(self.msm_layout.reductions.into())
                    | r::MSM_SHAPE_WINDOWS.with(self.pass_windows.into())
                    | r::MSM_SHAPE_VECTORS.with(self.vectors.into()),
            ),
            (r::MSM_MAX_POINTS, self.max_points),
            (r::MSM_BASE_SETS, self.base_sets.into()),
            (r::FQ_RADIX_BITS, self.radix_bits),
            (r::POSEIDON_LANES, self.poseidon_lanes),
            (r::POSEIDON_MAX_HASHES, self.max_hashes),
            (r::CLOCK_KHZ, self.clock_khz),
            (r::DATA_BITS, self.data_bits),
            (r::ADDRESS_BITS, self.address_bits),
            (r::MAX_RING_ENTRIES, self.max_ring_entries),
        ];
        registers.iter().find(|(register, _)| register.offset == offset).map(|(_, value)| *value)
    }
}

fn is_shape(shape: u32) -> bool {
    let (window, reductions) = (r::MSM_SHAPE_WINDOW.of(shape), r::MSM_SHAPE_REDUCTIONS.of(shape));
    (2..=24).contains(&window)
        && matches!(reductions, 1 | 2)
        && r::MSM_SHAPE_WINDOWS.of(shape) > 0
        && r::MSM_SHAPE_VECTORS.of(shape) > 0
}
