//! A simulated card behind a vfio-user socket.
//!
//! The protocol is VFIO's interface in messages
//! (<https://github.com/qemu/qemu/blob/master/docs/interop/vfio-user.rst>): memory travels as descriptors of memory files,
//! interrupts come back through an event's descriptor, registers are read and written one message each.

mod wire;

use std::ops::RangeInclusive;
use std::os::fd::BorrowedFd;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use wire::{Command, Wire};

use super::{Transport, TransportError, check_config, check_register};
use crate::SharedMemory;

const VERSION: &[u8] = b"\0\0\x01\0{\"capabilities\":{\"max_msg_fds\":1}}\0";
const BAR0_REGION: u32 = 0;
const CONFIG_REGION: u32 = 7;
const MSIX_INDEX: u32 = 2;
const DEVICE_IS_PCI: u32 = 1 << 1;
const DMA_READ_WRITE: u32 = 0b11;
const IRQ_DATA_NONE: u32 = 1;
const IRQ_DATA_EVENTFD: u32 = 1 << 2;
const IRQ_ACTION_TRIGGER: u32 = 1 << 5;

/// How long a peer may take to answer, unless told otherwise.
pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(5);

/// Bytes of the longest path that a Unix socket can have: an address of 108 on Linux, which ends with a zero.
pub const SOCKET_PATH_BYTES: usize = 107;

/// Checks that a Unix socket can be at `path`. What the system says otherwise names neither the length nor the limit.
///
/// # Errors
/// [`TransportError::SocketPath`].
pub fn check_path(path: &Path) -> Result<(), TransportError> {
    match path.as_os_str().len() {
        bytes if bytes > SOCKET_PATH_BYTES => {
            Err(TransportError::SocketPath { path: path.to_owned(), bytes, limit: SOCKET_PATH_BYTES })
        }
        _ => Ok(()),
    }
}

/// A connection to a simulated card.
#[derive(Debug)]
pub struct VfioUser {
    path: PathBuf,
    wire: Mutex<Wire>,
    bar_bytes: u64,
    config_bytes: u64,
}

impl VfioUser {
    /// Connects to the socket at `path`; no answer may take longer than `timeout`.
    ///
    /// # Errors
    /// The path is too long, nobody listens, nobody answers (the card serves another process), or the peer is no PCI device with MSI-X.
    pub fn connect(path: &Path, timeout: Duration) -> Result<Self, TransportError> {
        check_path(path)?;
        let stream = UnixStream::connect(path)
            .and_then(|stream| Wire::new(stream, timeout))
            .map_err(|source| TransportError::Io { what: format!("connect to {}", path.display()), source })?;
        let mut transport = Self { path: path.to_owned(), wire: Mutex::new(stream), bar_bytes: 0, config_bytes: 0 };
        let version = transport.request(Command::Version, VERSION, None)?;
        if version.get(..2) != Some(&[0, 0]) {
            return Err(protocol("version negotiation", format!("major version in {version:02x?}, 0 expected")));
        }
        let info = transport.request(Command::DeviceInfo, &words(&[16, 0, 0, 0]), None)?;
        if word(&info, 4)? & DEVICE_IS_PCI == 0 {
            let reason = "the socket serves a device that is not PCI".to_owned();
            return Err(TransportError::Unusable { device: path.display().to_string(), reason });
        }
        transport.bar_bytes = transport.region_bytes(BAR0_REGION)?;
        transport.config_bytes = transport.region_bytes(CONFIG_REGION)?;
        let vectors = word(&transport.request(Command::IrqInfo, &words(&[16, 0, MSIX_INDEX, 0]), None)?, 12)?;
        if vectors == 0 {
            let reason = "the device has no MSI-X".to_owned();
            return Err(TransportError::Unusable { device: path.display().to_string(), reason });
        }
        Ok(transport)
    }

    fn request(
        &self,
        command: Command,
        body: &[u8],
        descriptor: Option<BorrowedFd<'_>>,
    ) -> Result<Vec<u8>, TransportError> {
        self.wire.lock().unwrap_or_else(PoisonError::into_inner).request(command, body, descriptor)
    }

    fn region_bytes(&self, region: u32) -> Result<u64, TransportError> {
        let info = self.request(Command::RegionInfo, &words(&[32, 0, region, 0, 0, 0, 0, 0]), None)?;
        Ok(u64::from(word(&info, 16)?) | u64::from(word(&info, 20)?) << 32)
    }

    fn region_read(&self, region: u32, offset: u64, out: &mut [u8]) -> Result<(), TransportError> {
        let reply = self.request(Command::RegionRead, &access(region, offset, out.len()), None)?;
        match reply.get(16..) {
            Some(data) if data.len() == out.len() => {
                out.copy_from_slice(data);
                Ok(())
            }
            _ => Err(protocol("a read", format!("{} bytes asked for, reply of {}", out.len(), reply.len()))),
        }
    }

    fn region_write(&self, region: u32, offset: u64, data: &[u8]) -> Result<(), TransportError> {
        let mut body = access(region, offset, data.len());
        body.extend(data);
        self.request(Command::RegionWrite, &body, None).map(drop)
    }
}

impl Transport for VfioUser {
    fn name(&self) -> String {
        format!("sim:{}", self.path.display())
    }

    fn read(&self, offset: u32) -> Result<u32, TransportError> {
        check_register(offset, self.bar_bytes)?;
        let mut bytes = [0; 4];
        self.region_read(BAR0_REGION, offset.into(), &mut bytes)?;
        Ok(u32::from_le_bytes(bytes))
    }

    fn write(&self, offset: u32, value: u32) -> Result<(), TransportError> {
        check_register(offset, self.bar_bytes)?;
        self.region_write(BAR0_REGION, offset.into(), &value.to_le_bytes())
    }

    fn config_read(&self, offset: u16, out: &mut [u8]) -> Result<(), TransportError> {
        check_config(offset, out.len(), self.config_bytes)?;
        self.region_read(CONFIG_REGION, offset.into(), out)
    }

    fn config_write(&self, offset: u16, data: &[u8]) -> Result<(), TransportError> {
        check_config(offset, data.len(), self.config_bytes)?;
        self.region_write(CONFIG_REGION, offset.into(), data)
    }

    fn dma_ranges(&self) -> Result<Vec<RangeInclusive<u64>>, TransportError> {
        // The protocol knows no limits: the whole of a common IOMMU's width.
        Ok(vec![0..=(1 << 48) - 1])
    }

    fn map(&self, memory: &SharedMemory, address: u64) -> Result<(), TransportError> {
        let mut body = words(&[32, DMA_READ_WRITE]);
        for value in [0, address, memory.bytes() as u64] {
            body.extend(value.to_le_bytes());
        }
        self.request(Command::DmaMap, &body, Some(memory.file())).map(drop)
    }

    fn unmap(&self, memory: &SharedMemory, address: u64) -> Result<(), TransportError> {
        let mut body = words(&[24, 0]);
        for value in [address, memory.bytes() as u64] {
            body.extend(value.to_le_bytes());
        }
        self.request(Command::DmaUnmap, &body, None).map(drop)
    }

    fn connect_interrupt(&self, event: Option<BorrowedFd<'_>>) -> Result<(), TransportError> {
        let (data, count) = if event.is_some() { (IRQ_DATA_EVENTFD, 1) } else { (IRQ_DATA_NONE, 0) };
        let body = words(&[20, data | IRQ_ACTION_TRIGGER, MSIX_INDEX, 0, count]);
        self.request(Command::SetIrqs, &body, event).map(drop)
    }

    fn reset(&self) -> Result<(), TransportError> {
        self.request(Command::Reset, &[], None).map(drop)
    }
}

fn words(words: &[u32]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_le_bytes()).collect()
}

fn access(region: u32, offset: u64, length: usize) -> Vec<u8> {
    let mut body = offset.to_le_bytes().to_vec();
    body.extend(words(&[region, length as u32]));
    body
}

fn word(body: &[u8], at: usize) -> Result<u32, TransportError> {
    match body.get(at..at + 4) {
        Some(&[a, b, c, d]) => Ok(u32::from_le_bytes([a, b, c, d])),
        _ => Err(protocol("device information", format!("a body of {} bytes", body.len()))),
    }
}

fn protocol(what: &'static str, how: String) -> TransportError {
    TransportError::Protocol { what, how }
}

#[cfg(test)]
mod tests {
    use std::io::ErrorKind;

    use super::*;

    #[test]
    fn a_socket_path_beyond_the_systems_limit_is_refused_with_both_lengths() {
        let folder = tempfile::tempdir().unwrap();
        let of_length = |bytes: usize| folder.path().join("s".repeat(bytes - folder.path().as_os_str().len() - 1));
        let longest = VfioUser::connect(&of_length(SOCKET_PATH_BYTES), DEFAULT_TIMEOUT).unwrap_err();
        assert!(
            matches!(&longest, TransportError::Io { source, .. } if source.kind() == ErrorKind::NotFound),
            "{longest}"
        );
        let longer = VfioUser::connect(&of_length(SOCKET_PATH_BYTES + 1), DEFAULT_TIMEOUT).unwrap_err();
        assert!(matches!(longer, TransportError::SocketPath { bytes: 108, limit: 107, .. }), "{longer}");
        assert!(longer.to_string().contains("108 bytes, at most 107"), "{longer}");
    }
}
