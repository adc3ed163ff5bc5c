//! A field: a run of bits in a register, a command or a completion.

/// A named run of bits; bit 0 is the lowest bit of the first byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field {
    /// Name, in capitals.
    pub name: &'static str,
    /// Lowest bit.
    pub low: u16,
    /// Width in bits, at most 64.
    pub bits: u16,
    /// What it means.
    pub doc: &'static str,
}

impl Field {
    /// A field of `bits` bits from bit `low`.
    pub const fn new(name: &'static str, low: u16, bits: u16, doc: &'static str) -> Self {
        Self { name, low, bits, doc }
    }

    /// The largest value.
    pub const fn max(&self) -> u64 {
        u64::MAX >> (64 - self.bits)
    }

    /// The field's value in a register.
    pub const fn of(&self, register: u32) -> u32 {
        (register >> self.low) & self.max() as u32
    }

    /// A register with this field set to `value`, cut to the field's width, and zeros elsewhere.
    pub const fn with(&self, value: u32) -> u32 {
        (value & self.max() as u32) << self.low
    }

    /// The field's value in a command or completion, where fields are whole bytes.
    pub fn get(&self, bytes: &[u8]) -> u64 {
        let bytes = &bytes[self.bytes()];
        bytes.iter().rev().fold(0, |value, byte| value << 8 | u64::from(*byte))
    }

    /// Sets the field in a command or completion to `value`, cut to the field's width.
    pub fn put(&self, bytes: &mut [u8], value: u64) {
        let range = self.bytes();
        let length = range.len();
        bytes[range].copy_from_slice(&value.to_le_bytes()[..length]);
    }

    /// Where the field stands in a command or completion.
    pub const fn bytes(&self) -> core::ops::Range<usize> {
        self.low as usize / 8..(self.low + self.bits) as usize / 8
    }
}
