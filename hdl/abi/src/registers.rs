//! The registers of BAR 0, as one table.
//!
//! All are 32 bits wide and read and written whole, at multiples of four. What the table does not list reads zero;
//! writes to it, and to read-only registers, are ignored.

use crate::{ABI_MAJOR, ABI_MINOR, Field, IDENTITY};

/// Who may change a register.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// The card alone; writes are ignored.
    ReadOnly,
    /// The driver; reads give back what was written.
    ReadWrite,
}

/// A register.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Register {
    /// Name, in capitals.
    pub name: &'static str,
    /// Byte offset in BAR 0.
    pub offset: u32,
    /// Who may change it.
    pub access: Access,
    /// Value after reset; `None` where it differs from card to card or moves by itself.
    pub reset: Option<u32>,
    /// What it means.
    pub doc: &'static str,
    /// Its fields, lowest first; none where the whole register is one number.
    pub fields: &'static [Field],
}

macro_rules! registers {
    ($( #[doc = $doc:literal] $name:ident @ $offset:literal $access:ident = $reset:expr $(, { $($field:expr),* $(,)? })? ; )*) => {
        $(
            #[doc = $doc]
            pub const $name: Register = Register {
                name: stringify!($name),
                offset: $offset,
                access: Access::$access,
                reset: $reset,
                doc: $doc.trim_ascii(),
                fields: &[$($($field),*)?],
            };
        )*
        /// Every register, in the order of the offsets.
        pub const REGISTERS: &[Register] = &[$($name),*];
    };
}

/// In [`ABI_VERSION`]: the minor version.
pub const ABI_VERSION_MINOR: Field = Field::new("MINOR", 0, 16, "Additions that an older driver need not know.");
/// In [`ABI_VERSION`]: the major version.
pub const ABI_VERSION_MAJOR: Field = Field::new("MAJOR", 16, 16, "Changes that a driver has to know.");

/// In [`FEATURES`]: multi-scalar multiplication.
pub const FEATURES_MSM: Field = Field::new("MSM", 0, 1, "Has the multi-scalar multiplication engine.");
/// In [`FEATURES`]: Poseidon.
pub const FEATURES_POSEIDON: Field = Field::new("POSEIDON", 1, 1, "Has the Poseidon engine.");
/// In [`FEATURES`]: bases in card memory.
pub const FEATURES_RESIDENT: Field = Field::new(
    "RESIDENT",
    2,
    1,
    "SET_BASES copies the bases to card memory; else every pass reads them from the host.",
);
/// In [`FEATURES`]: not hardware.
pub const FEATURES_SIMULATED: Field = Field::new("SIMULATED", 8, 1, "Is simulated; cycle counts are no measurement.");

/// In [`MSM_SHAPE`]: window width.
pub const MSM_SHAPE_WINDOW: Field = Field::new("WINDOW_BITS", 0, 8, "Width c of a signed window.");
/// In [`MSM_SHAPE`]: reductions.
pub const MSM_SHAPE_REDUCTIONS: Field =
    Field::new("REDUCTIONS", 8, 8, "1: rows and columns of buckets leave the card; 2: upper and lower sums of those.");
/// In [`MSM_SHAPE`]: windows a pass.
pub const MSM_SHAPE_WINDOWS: Field =
    Field::new("PASS_WINDOWS", 16, 8, "Windows computed in one pass over the bases; how fast, not what.");
/// In [`MSM_SHAPE`]: vectors a command.
pub const MSM_SHAPE_VECTORS: Field = Field::new("VECTORS", 24, 8, "Scalar vectors that one MSM command may carry.");

/// In [`CONTROL`]: enable.
pub const CONTROL_ENABLE: Field =
    Field::new("ENABLE", 0, 1, "Commands are fetched. Ring registers may change only while this is 0.");
/// In [`CONTROL`]: interrupts.
pub const CONTROL_INTERRUPT: Field = Field::new("INTERRUPT", 1, 1, "A completion raises the queue's MSI-X vector, 0.");
/// In [`CONTROL`]: soft reset.
pub const CONTROL_RESET: Field = Field::new(
    "RESET",
    2,
    1,
    "Writing 1 drops all work and every written register but SCRATCH; reads 0 once no DMA is under way.",
);

/// In [`STATUS`]: ready.
pub const STATUS_READY: Field = Field::new("READY", 0, 1, "Enabled, with rings that the card accepts.");
/// In [`STATUS`]: busy.
pub const STATUS_BUSY: Field = Field::new("BUSY", 1, 1, "A command is under way.");
/// In [`STATUS`]: fatal.
pub const STATUS_FATAL: Field =
    Field::new("FATAL", 2, 1, "A ring could not be read or written at FAULT_ADDRESS; the card waits for a reset.");
/// In [`STATUS`]: rings refused.
pub const STATUS_BAD_RING: Field =
    Field::new("BAD_RING", 3, 1, "Enabled with a ring that is misaligned, not a power of two or too long.");

registers! {
    /// "PNSK". All ones mean that the card is gone from its bus.
    IDENTITY_REGISTER @ 0x000 ReadOnly = Some(IDENTITY);
    /// Version of this contract.
    ABI_VERSION @ 0x004 ReadOnly = Some((ABI_MAJOR as u32) << 16 | ABI_MINOR as u32), { ABI_VERSION_MINOR, ABI_VERSION_MAJOR };
    /// First four bytes of the SHA-256 of the card's Verilog, little-endian.
    RTL_CHECKSUM_LOW @ 0x008 ReadOnly = None;
    /// The next four bytes.
    RTL_CHECKSUM_HIGH @ 0x00c ReadOnly = None;
    /// What the card has.
    FEATURES @ 0x010 ReadOnly = None, { FEATURES_MSM, FEATURES_POSEIDON, FEATURES_RESIDENT, FEATURES_SIMULATED };
    /// Shape of the multi-scalar multiplication engine.
    MSM_SHAPE @ 0x014 ReadOnly = None, { MSM_SHAPE_WINDOW, MSM_SHAPE_REDUCTIONS, MSM_SHAPE_WINDOWS, MSM_SHAPE_VECTORS };
    /// Points that one set of bases may have.
    MSM_MAX_POINTS @ 0x018 ReadOnly = None;
    /// Sets of bases that the card remembers, numbered from 0.
    MSM_BASE_SETS @ 0x01c ReadOnly = None;
    /// R: coordinates are in Montgomery form with the factor 2^R.
    FQ_RADIX_BITS @ 0x020 ReadOnly = None;
    /// Lanes of the Poseidon engine.
    POSEIDON_LANES @ 0x024 ReadOnly = None;
    /// Hashes that one Poseidon command may carry.
    POSEIDON_MAX_HASHES @ 0x028 ReadOnly = None;
    /// Clock of the engines in kHz: what cycle counts are in.
    CLOCK_KHZ @ 0x02c ReadOnly = None;
    /// Width of the DMA data bus in bits.
    DATA_BITS @ 0x030 ReadOnly = None;
    /// Width of DMA addresses in bits.
    ADDRESS_BITS @ 0x034 ReadOnly = None;
    /// Entries that a ring may have.
    MAX_RING_ENTRIES @ 0x038 ReadOnly = None;
    /// Temperature of the die in thousandths of a degree Celsius, two's complement; 0x80000000 where there is no sensor.
    TEMPERATURE @ 0x03c ReadOnly = None;

    /// Control.
    CONTROL @ 0x100 ReadWrite = Some(0), { CONTROL_ENABLE, CONTROL_INTERRUPT, CONTROL_RESET };
    /// Status.
    STATUS @ 0x104 ReadOnly = Some(0), { STATUS_READY, STATUS_BUSY, STATUS_FATAL, STATUS_BAD_RING };
    /// Address that the fatal fault hit, low half.
    FAULT_ADDRESS_LOW @ 0x108 ReadOnly = Some(0);
    /// Address that the fatal fault hit, high half.
    FAULT_ADDRESS_HIGH @ 0x10c ReadOnly = Some(0);
    /// DMA address of the submission ring, low half; a multiple of 64.
    SUBMISSION_BASE_LOW @ 0x110 ReadWrite = Some(0);
    /// DMA address of the submission ring, high half.
    SUBMISSION_BASE_HIGH @ 0x114 ReadWrite = Some(0);
    /// Entries of the submission ring, a power of two from 2.
    SUBMISSION_ENTRIES @ 0x118 ReadWrite = Some(0);
    /// DMA address of the completion ring, low half; a multiple of 64.
    COMPLETION_BASE_LOW @ 0x120 ReadWrite = Some(0);
    /// DMA address of the completion ring, high half.
    COMPLETION_BASE_HIGH @ 0x124 ReadWrite = Some(0);
    /// Entries of the completion ring, a power of two from 2.
    COMPLETION_ENTRIES @ 0x128 ReadWrite = Some(0);
    /// Doorbell: index of the slot behind the last command, modulo the entries.
    SUBMISSION_TAIL @ 0x200 ReadWrite = Some(0);
    /// Doorbell: index of the next completion the driver reads, modulo the entries. The card never overwrites one unread.
    COMPLETION_HEAD @ 0x204 ReadWrite = Some(0);
    /// Index of the next command the card reads.
    SUBMISSION_HEAD @ 0x208 ReadOnly = Some(0);
    /// Index of the next completion the card writes.
    COMPLETION_TAIL @ 0x20c ReadOnly = Some(0);
    /// Clock cycles since power-up, low half; reading it holds the high half.
    CYCLES_LOW @ 0x300 ReadOnly = None;
    /// Clock cycles since power-up, high half, as of the last reading of the low half.
    CYCLES_HIGH @ 0x304 ReadOnly = None;
    /// For the driver's own use: gives back what was written.
    SCRATCH @ 0x308 ReadWrite = Some(0);
}
