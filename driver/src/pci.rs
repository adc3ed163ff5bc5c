//! The little of PCI configuration space that a driver touches.

use crate::{Transport, TransportError};

/// The command register: what a function may do on its bus.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CommandRegister {
    /// It answers at its BARs.
    pub memory: bool,
    /// It may read and write memory and send interrupts.
    pub bus_master: bool,
}

impl CommandRegister {
    /// Where it stands.
    pub const OFFSET: u16 = 4;
    /// Bit of `memory`.
    pub const MEMORY: u16 = 1 << 1;
    /// Bit of `bus_master`.
    pub const BUS_MASTER: u16 = 1 << 2;
}

/// Configuration space by meaning, over any transport.
pub trait PciConfig {
    /// Vendor and device; all ones when no function answers.
    ///
    /// # Errors
    /// The transport fails.
    fn ids(&self) -> Result<(u16, u16), TransportError>;

    /// Sets the two bits of the command register and leaves the others as they are.
    ///
    /// # Errors
    /// The transport fails.
    fn set_command(&self, command: CommandRegister) -> Result<(), TransportError>;
}

impl<T: Transport + ?Sized> PciConfig for T {
    fn ids(&self) -> Result<(u16, u16), TransportError> {
        let mut bytes = [0; 4];
        self.config_read(0, &mut bytes)?;
        let [v0, v1, d0, d1] = bytes;
        Ok((u16::from_le_bytes([v0, v1]), u16::from_le_bytes([d0, d1])))
    }

    fn set_command(&self, command: CommandRegister) -> Result<(), TransportError> {
        let mut bytes = [0; 2];
        self.config_read(CommandRegister::OFFSET, &mut bytes)?;
        let mut bits = u16::from_le_bytes(bytes);
        for (bit, set) in [(CommandRegister::MEMORY, command.memory), (CommandRegister::BUS_MASTER, command.bus_master)]
        {
            bits = if set { bits | bit } else { bits & !bit };
        }
        self.config_write(CommandRegister::OFFSET, &bits.to_le_bytes())
    }
}
