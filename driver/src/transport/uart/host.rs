//! The host's side of the card's requests: mapped memory, bus mastering, the interrupt's event.

use std::collections::BTreeMap;
use std::fs::File;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::os::unix::fs::FileExt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use penstock_abi::serial::{Header, Kind, REFUSED, WORD_BYTES};
use penstock_abi::{PCI_CLASS, PCI_DEVICE, PCI_VENDOR};

use super::frame::{Frame, MOST_PAYLOAD};
use crate::transport::{TransportError, check_config};
use crate::{CommandRegister, Event, SharedMemory};

/// Bytes of configuration space.
const CONFIG_BYTES: usize = 256;
const CLASS: usize = 0x08;

/// What the card may touch, and what configuration space says.
///
/// There is no PCI function behind a serial line: the identity and the command register are kept here, and gate the card as
/// a PCI bus would.
#[derive(Debug, Default)]
pub struct Host(Mutex<State>);

#[derive(Debug)]
struct State {
    config: [u8; CONFIG_BYTES],
    mapped: BTreeMap<u64, Mapping>,
    event: Option<Event>,
    /// The card's last request and its answer, for when it is repeated.
    served: Option<(Header, Frame)>,
}

#[derive(Debug)]
struct Mapping {
    bytes: u64,
    file: File,
}

impl Default for State {
    fn default() -> Self {
        Self { config: fresh_config(), mapped: BTreeMap::new(), event: None, served: None }
    }
}

fn fresh_config() -> [u8; CONFIG_BYTES] {
    let mut config = [0; CONFIG_BYTES];
    config[..2].copy_from_slice(&PCI_VENDOR.to_le_bytes());
    config[2..4].copy_from_slice(&PCI_DEVICE.to_le_bytes());
    config[CLASS..CLASS + 4].copy_from_slice(&(PCI_CLASS << 8).to_le_bytes());
    config
}

impl Host {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the function may do.
    pub fn command(&self) -> CommandRegister {
        self.state().command()
    }

    /// Configuration space is as after a reset.
    pub fn reset(&self) {
        self.state().config = fresh_config();
    }

    /// Reads configuration space.
    pub fn config_read(&self, offset: u16, out: &mut [u8]) -> Result<(), TransportError> {
        check_config(offset, out.len(), CONFIG_BYTES as u64)?;
        let at = usize::from(offset);
        out.copy_from_slice(&self.state().config[at..at + out.len()]);
        Ok(())
    }

    /// Writes the two bits of configuration space that can be written.
    pub fn config_write(&self, offset: u16, data: &[u8]) -> Result<(), TransportError> {
        check_config(offset, data.len(), CONFIG_BYTES as u64)?;
        let writable = (CommandRegister::MEMORY | CommandRegister::BUS_MASTER) as u8;
        let mut state = self.state();
        for (at, byte) in (usize::from(offset)..).zip(data) {
            if at == usize::from(CommandRegister::OFFSET) {
                state.config[at] = byte & writable;
            }
        }
        Ok(())
    }

    /// Lets the card reach memory.
    pub fn map(&self, memory: &SharedMemory, address: u64) -> Result<(), TransportError> {
        let bytes = memory.bytes() as u64;
        let refused = |reason: &str| TransportError::Refused { what: "mapping of memory", reason: reason.to_owned() };
        let end = address.checked_add(bytes).ok_or_else(|| refused("it ends above the last address"))?;
        let file = File::from(duplicate(memory.file())?);
        let mut state = self.state();
        let before = state.mapped.range(..end).next_back();
        if before.is_some_and(|(start, mapping)| start + mapping.bytes > address) {
            return Err(refused("the address is taken"));
        }
        state.mapped.insert(address, Mapping { bytes, file });
        Ok(())
    }

    /// Takes memory away.
    pub fn unmap(&self, memory: &SharedMemory, address: u64) -> Result<(), TransportError> {
        let mut state = self.state();
        if state.mapped.get(&address).is_none_or(|mapping| mapping.bytes != memory.bytes() as u64) {
            return Err(TransportError::Refused {
                what: "unmapping of memory",
                reason: format!("nothing of that size is mapped at {address:#x}"),
            });
        }
        state.mapped.remove(&address);
        Ok(())
    }

    /// Has the interrupt raise an event.
    pub fn connect_interrupt(&self, event: Option<BorrowedFd<'_>>) -> Result<(), TransportError> {
        self.state().event = event.map(duplicate).transpose()?.map(Event::from);
        Ok(())
    }

    /// Sends the interrupt on, if the card may send any.
    pub fn interrupt(&self) {
        let state = self.state();
        if state.command().bus_master
            && let Some(event) = &state.event
        {
            // An event that cannot be raised is a lost interrupt, which the driver lives with.
            let _ = event.raise();
        }
    }

    /// Carries out a request of the card's, once: the answer to a repetition is that of the first time.
    pub fn serve(&self, request: &Frame) -> Frame {
        let mut state = self.state();
        if let Some((header, answer)) = &state.served
            && *header == request.header
        {
            return answer.clone();
        }
        let Header { kind, sequence, value, address, .. } = request.header;
        let done = match kind {
            Kind::HostWrite => state.write(address, &request.data).map(|()| Vec::new()),
            _ => state.read(address, value as usize * WORD_BYTES),
        };
        let refused = done.is_none();
        let mut answer = Frame::new(kind, sequence, 0, address, done.unwrap_or_default());
        answer.header.detail = if refused { REFUSED } else { 0 };
        state.served = Some((request.header, answer.clone()));
        answer
    }
}

impl State {
    fn command(&self) -> CommandRegister {
        let bits = u16::from(self.config[usize::from(CommandRegister::OFFSET)]);
        CommandRegister {
            memory: bits & CommandRegister::MEMORY != 0,
            bus_master: bits & CommandRegister::BUS_MASTER != 0,
        }
    }

    /// The mapping that holds a whole run; one burst never spans two, as they start and end at pages.
    fn mapping(&self, address: u64, bytes: usize) -> Option<(&File, u64)> {
        if !self.command().bus_master {
            return None;
        }
        let (start, mapping) = self.mapped.range(..=address).next_back()?;
        let offset = address - start;
        (offset.checked_add(bytes as u64)? <= mapping.bytes).then_some((&mapping.file, offset))
    }

    fn read(&self, address: u64, bytes: usize) -> Option<Vec<u8>> {
        if bytes > MOST_PAYLOAD {
            return None;
        }
        let (file, offset) = self.mapping(address, bytes)?;
        let mut data = vec![0; bytes];
        file.read_exact_at(&mut data, offset).ok()?;
        Some(data)
    }

    fn write(&self, address: u64, data: &[u8]) -> Option<()> {
        let (file, offset) = self.mapping(address, data.len())?;
        // The last word of a completion says that the rest is there: it comes last.
        let (rest, last) = data.split_at(data.len().saturating_sub(WORD_BYTES));
        file.write_all_at(rest, offset).ok()?;
        file.write_all_at(last, offset + rest.len() as u64).ok()
    }
}

fn duplicate(descriptor: BorrowedFd<'_>) -> Result<OwnedFd, TransportError> {
    descriptor
        .try_clone_to_owned()
        .map_err(|source| TransportError::Io { what: "duplicate a descriptor".to_owned(), source })
}

#[cfg(test)]
mod tests {
    use super::*;

    const BASE: u64 = 0x10_0000;

    fn host() -> (Host, SharedMemory) {
        let (host, memory) = (Host::default(), SharedMemory::new(4096, false).unwrap());
        host.map(&memory, BASE).unwrap();
        host.config_write(CommandRegister::OFFSET, &[0xff, 0xff]).unwrap();
        (host, memory)
    }

    fn write(sequence: u8, address: u64, data: &[u8]) -> Frame {
        Frame::new(Kind::HostWrite, sequence, 1, address, data.to_vec())
    }

    #[test]
    fn the_card_reaches_what_is_mapped_and_nothing_else() {
        let (host, memory) = host();
        let end = BASE + memory.bytes() as u64;
        assert_eq!(host.serve(&write(0, BASE + 64, &[7; 16])).header.detail, 0);
        let answer = host.serve(&Frame::new(Kind::HostRead, 1, 3, BASE + 56, Vec::new()));
        assert_eq!(answer.data, [[0; 8], [7; 8], [7; 8]].concat());
        for (sequence, address) in [(2, BASE - 8), (3, end - 8), (4, end), (5, u64::MAX - 7)] {
            assert_eq!(host.serve(&write(sequence, address, &[1; 16])).header.detail, REFUSED, "{address:#x}");
        }
        host.unmap(&memory, BASE).unwrap();
        assert_eq!(host.serve(&write(6, BASE, &[1; 16])).header.detail, REFUSED);
    }

    #[test]
    fn a_repeated_request_is_answered_but_not_carried_out_again() {
        let (host, memory) = host();
        let request = write(0, BASE, &[7; 8]);
        let first = host.serve(&request);
        memory.write(0, &[9; 8]).unwrap();
        assert_eq!(host.serve(&request), first);
        let mut seen = [0; 8];
        memory.read(0, &mut seen).unwrap();
        assert_eq!(seen, [9; 8]);
        host.serve(&write(1, BASE, &[7; 8]));
        memory.read(0, &mut seen).unwrap();
        assert_eq!(seen, [7; 8]);
    }

    #[test]
    fn without_bus_mastering_the_card_reaches_nothing() {
        let (host, _memory) = host();
        let event = Event::new().unwrap();
        host.connect_interrupt(Some(std::os::fd::AsFd::as_fd(&event))).unwrap();
        host.interrupt();
        assert!(event.wait(std::time::Duration::ZERO).unwrap());
        host.reset();
        assert_eq!(host.serve(&write(0, BASE, &[1; 8])).header.detail, REFUSED);
        host.interrupt();
        assert!(!event.wait(std::time::Duration::ZERO).unwrap());
    }

    #[test]
    fn mappings_do_not_overlap() {
        let (host, memory) = host();
        for address in [BASE, BASE - 8, BASE + 8, u64::MAX - 8] {
            assert!(host.map(&memory, address).is_err(), "{address:#x}");
        }
        host.map(&memory, BASE - memory.bytes() as u64).unwrap();
        host.map(&memory, BASE + memory.bytes() as u64).unwrap();
        assert!(host.unmap(&memory, BASE + 8).is_err());
    }
}
