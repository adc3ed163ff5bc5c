//! The two sides of a device: the registers that the host sees, the bus that the device sees.

/// A card behind its register window.
///
/// Registers answer at once, whatever the card is computing: long work belongs on threads of the device's own. A device
/// gets its [`Bus`] when it is made and drives it by itself.
pub trait Device: Send + Sync {
    /// Reads the register at `offset`, a multiple of four within BAR 0.
    fn read(&self, offset: u32) -> u32;

    /// Writes the register at `offset`, a multiple of four within BAR 0.
    fn write(&self, offset: u32, value: u32);

    /// Function-level reset: forgets everything. When it returns, no access of before to the bus is left.
    fn reset(&self);
}

/// What a device can do to the host.
pub trait Bus: Send + Sync {
    /// Reads host memory.
    ///
    /// # Errors
    /// Bus mastering is off, or the address is not mapped for reading.
    fn read(&self, address: u64, out: &mut [u8]) -> Result<(), DmaFault>;

    /// Writes host memory.
    ///
    /// # Errors
    /// Bus mastering is off, or the address is not mapped for writing.
    fn write(&self, address: u64, data: &[u8]) -> Result<(), DmaFault>;

    /// Sends MSI-X vector 0, if bus mastering is on and somebody listens.
    fn interrupt(&self);
}

/// An access to host memory that was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("host memory at {address:#x} cannot be reached")]
pub struct DmaFault {
    /// The first address that could not be reached.
    pub address: u64,
}
