//! PCI configuration space of a simulated card.
//!
//! A type 0 header with BAR 0 (the registers) and BAR 2 (the MSI-X table), the PCI Express capability, for function-level
//! reset, and the MSI-X capability. Each bit is fixed or writable, as a mask says.

use penstock_abi::{BAR0_BYTES, PCI_CLASS, PCI_DEVICE, PCI_VENDOR};
use penstock_driver::CommandRegister;

/// Bytes of configuration space.
pub const CONFIG_BYTES: usize = 256;
/// BAR that holds the MSI-X table.
pub const MSIX_BAR: u32 = 2;
/// Bytes of that BAR.
pub const MSIX_BAR_BYTES: u32 = 4096;

const STATUS: usize = 0x06;
const STATUS_CAPABILITIES: u16 = 1 << 4;
const REVISION_AND_CLASS: usize = 0x08;
const BARS: usize = 0x10;
const SUBSYSTEM: usize = 0x2c;
const CAPABILITIES: usize = 0x34;
const INTERRUPT_LINE: usize = 0x3c;

const EXPRESS: usize = 0x40;
const EXPRESS_ID: u16 = 0x10;
const EXPRESS_VERSION: u16 = 2;
const DEVICE_CAPABILITIES: usize = EXPRESS + 4;
const FUNCTION_LEVEL_RESET_CAPABLE: u32 = 1 << 28;
const DEVICE_CONTROL: usize = EXPRESS + 8;
const INITIATE_FUNCTION_LEVEL_RESET: u16 = 1 << 15;

const MSIX: usize = 0x80;
const MSIX_ID: u16 = 0x11;
const MSIX_PENDING: u32 = MSIX_BAR_BYTES / 2;

/// The bytes and which of their bits can be written.
#[derive(Clone, Debug)]
pub struct ConfigSpace {
    bytes: [u8; CONFIG_BYTES],
    writable: [u8; CONFIG_BYTES],
}

impl ConfigSpace {
    /// As after a reset.
    pub fn new() -> Self {
        let mut space = Self { bytes: [0; CONFIG_BYTES], writable: [0; CONFIG_BYTES] };
        space.set16(0x00, PCI_VENDOR, 0);
        space.set16(0x02, PCI_DEVICE, 0);
        let interrupts_off = 1 << 10;
        let command = CommandRegister::MEMORY | CommandRegister::BUS_MASTER | interrupts_off;
        space.set16(CommandRegister::OFFSET.into(), 0, command);
        space.set16(STATUS, STATUS_CAPABILITIES, 0);
        space.set32(REVISION_AND_CLASS, PCI_CLASS << 8, 0);
        space.set32(BARS, 0, !(BAR0_BYTES - 1));
        space.set32(BARS + 4 * MSIX_BAR as usize, 0, !(MSIX_BAR_BYTES - 1));
        space.set16(SUBSYSTEM, PCI_VENDOR, 0);
        space.set16(SUBSYSTEM + 2, PCI_DEVICE, 0);
        space.set16(CAPABILITIES, EXPRESS as u16, 0);
        space.set16(INTERRUPT_LINE, 0, 0xff);
        space.set16(EXPRESS, EXPRESS_ID | (MSIX as u16) << 8, 0);
        space.set16(EXPRESS + 2, EXPRESS_VERSION, 0);
        space.set32(DEVICE_CAPABILITIES, FUNCTION_LEVEL_RESET_CAPABLE, 0);
        space.set16(DEVICE_CONTROL, 0, 0x7fff);
        space.set16(MSIX, MSIX_ID, 0);
        // One vector, written as its number less one.
        space.set16(MSIX + 2, 0, 0xc000);
        space.set32(MSIX + 4, MSIX_BAR, 0);
        space.set32(MSIX + 8, MSIX_PENDING | MSIX_BAR, 0);
        space
    }

    fn set16(&mut self, at: usize, value: u16, writable: u16) {
        self.bytes[at..at + 2].copy_from_slice(&value.to_le_bytes());
        self.writable[at..at + 2].copy_from_slice(&writable.to_le_bytes());
    }

    fn set32(&mut self, at: usize, value: u32, writable: u32) {
        self.set16(at, value as u16, writable as u16);
        self.set16(at + 2, (value >> 16) as u16, (writable >> 16) as u16);
    }

    /// Reads bytes; those beyond the end read zero.
    pub fn read(&self, offset: usize, out: &mut [u8]) {
        for (at, byte) in (offset..).zip(out) {
            *byte = self.bytes.get(at).copied().unwrap_or(0);
        }
    }

    /// Writes the bits that can be written; whether that asks for a function-level reset.
    #[must_use]
    pub fn write(&mut self, offset: usize, data: &[u8]) -> bool {
        let mut reset = false;
        for (at, byte) in (offset..CONFIG_BYTES).zip(data) {
            self.bytes[at] = self.bytes[at] & !self.writable[at] | byte & self.writable[at];
            reset |= at == DEVICE_CONTROL + 1 && byte & (INITIATE_FUNCTION_LEVEL_RESET >> 8) as u8 != 0;
        }
        reset
    }

    /// What the function may do.
    pub fn command(&self) -> CommandRegister {
        let at = usize::from(CommandRegister::OFFSET);
        let bits = u16::from_le_bytes([self.bytes[at], self.bytes[at + 1]]);
        CommandRegister {
            memory: bits & CommandRegister::MEMORY != 0,
            bus_master: bits & CommandRegister::BUS_MASTER != 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn word(space: &ConfigSpace, at: usize) -> u32 {
        let mut bytes = [0; 4];
        space.read(at, &mut bytes);
        u32::from_le_bytes(bytes)
    }

    #[test]
    fn bars_answer_sizing_with_their_size() {
        let mut space = ConfigSpace::new();
        for (bar, bytes) in [(0, BAR0_BYTES), (1, 0), (2, MSIX_BAR_BYTES), (3, 0)] {
            assert!(!space.write(BARS + 4 * bar, &[0xff; 4]));
            assert_eq!(word(&space, BARS + 4 * bar), bytes.wrapping_neg());
        }
    }

    #[test]
    fn the_capability_list_ends_and_has_reset_and_msix() {
        let space = ConfigSpace::new();
        let mut at = word(&space, CAPABILITIES) as usize;
        let mut ids = Vec::new();
        while at != 0 && ids.len() < 10 {
            let header = word(&space, at);
            ids.push(header as u8);
            at = (header >> 8 & 0xff) as usize;
        }
        assert_eq!(ids, [0x10, 0x11]);
        assert_eq!(word(&space, EXPRESS + 4) >> 28 & 1, 1);
    }

    #[test]
    fn fixed_bits_stay_and_a_reset_is_noticed() {
        let mut space = ConfigSpace::new();
        assert!(!space.write(0, &[0; 4]));
        assert_eq!(word(&space, 0), u32::from(PCI_DEVICE) << 16 | u32::from(PCI_VENDOR));
        assert!(!space.write(4, &[6, 0]));
        assert_eq!(space.command(), CommandRegister { memory: true, bus_master: true });
        assert!(space.write(DEVICE_CONTROL, &[0, 0x80]));
        assert!(!space.write(CONFIG_BYTES - 1, &[0xff; 9]));
        assert_eq!(word(&space, DEVICE_CONTROL) & 0x8000, 0, "the bit reads zero");
    }
}
