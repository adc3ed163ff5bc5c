//! A simulated card as a vfio-user PCI device.
//!
//! One client at a time, as with a real card: another one's connection waits. When a client goes, by itself or killed,
//! the card is reset and its memory unmapped before the next is served. Descriptors of memory and events come with the
//! client's messages; the crate `vfio_user` speaks the protocol.

use std::fs::File;
use std::io::{self, ErrorKind};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use penstock_abi::BAR0_BYTES;
use penstock_driver::transport::vfio_user::check_path;
use penstock_driver::{Event, TransportError};
use vfio_bindings::bindings::vfio::{
    VFIO_IRQ_INFO_EVENTFD, VFIO_IRQ_SET_ACTION_TRIGGER, VFIO_IRQ_SET_DATA_NONE, VFIO_PCI_BAR0_REGION_INDEX,
    VFIO_PCI_CONFIG_REGION_INDEX, VFIO_PCI_MSIX_IRQ_INDEX, VFIO_PCI_NUM_IRQS, VFIO_PCI_NUM_REGIONS,
    VFIO_REGION_INFO_FLAG_READ, VFIO_REGION_INFO_FLAG_WRITE, vfio_region_info,
};
use vfio_user::{DmaMapFlags, DmaUnmapFlags, IrqInfo, Server, ServerBackend, ServerRegion};

use crate::config::{CONFIG_BYTES, MSIX_BAR, MSIX_BAR_BYTES};
use crate::{Function, Mapping};

/// Why a card cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// Somebody serves there already.
    #[error("{0} is being served by another process; choose another path")]
    InUse(PathBuf),
    /// The path is taken by something that is no socket.
    #[error("{0} exists and is no abandoned socket; remove it or choose another path")]
    Taken(PathBuf),
    /// No socket can have this path.
    #[error(transparent)]
    Path(TransportError),
    /// The socket cannot be made.
    #[error("cannot listen at {path}: {reason}")]
    Listen {
        /// The path.
        path: PathBuf,
        /// Why not.
        reason: String,
    },
}

/// A socket that is listening.
pub struct Listening {
    server: Server,
    function: Arc<Function>,
}

/// Listens for clients of `function` at `path`. A socket that a dead process left there is replaced.
///
/// # Errors
/// The path is in use or cannot be used.
pub fn listen(path: &Path, function: Arc<Function>) -> Result<Listening, ServeError> {
    check_path(path).map_err(ServeError::Path)?;
    match UnixStream::connect(path) {
        Ok(_) => return Err(ServeError::InUse(path.to_owned())),
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) if error.kind() == ErrorKind::ConnectionRefused => {
            std::fs::remove_file(path).map_err(|_| ServeError::Taken(path.to_owned()))?;
        }
        Err(_) => return Err(ServeError::Taken(path.to_owned())),
    }
    let server = Server::new(path, true, interrupts(), regions())
        .map_err(|error| ServeError::Listen { path: path.to_owned(), reason: error.to_string() })?;
    Ok(Listening { server, function })
}

impl Listening {
    /// Serves one client until it goes; what it broke, if it did.
    pub fn serve_client(&self) -> Result<(), String> {
        let mut backend = Backend(&self.function);
        let outcome = self.server.run(&mut backend).map_err(|error| error.to_string());
        self.function.reset();
        self.function.connect_interrupt(None);
        self.function.memory().clear();
        outcome
    }
}

fn interrupts() -> Vec<IrqInfo> {
    (0..VFIO_PCI_NUM_IRQS)
        .map(|index| IrqInfo {
            index,
            flags: VFIO_IRQ_INFO_EVENTFD,
            count: u32::from(index == VFIO_PCI_MSIX_IRQ_INDEX),
        })
        .collect()
}

fn regions() -> Vec<ServerRegion> {
    (0..VFIO_PCI_NUM_REGIONS)
        .map(|index| {
            let size = match index {
                VFIO_PCI_BAR0_REGION_INDEX => BAR0_BYTES.into(),
                MSIX_BAR => MSIX_BAR_BYTES.into(),
                VFIO_PCI_CONFIG_REGION_INDEX => CONFIG_BYTES as u64,
                _ => 0,
            };
            let flags = if size == 0 { 0 } else { VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_WRITE };
            let argsz = size_of::<vfio_region_info>() as u32;
            let region_info = vfio_region_info { argsz, flags, index, cap_offset: 0, size, offset: 0 };
            ServerRegion { region_info, sparse_areas: Vec::new(), mmap_fd: None }
        })
        .collect()
}

struct Backend<'a>(&'a Function);

impl ServerBackend for Backend<'_> {
    fn region_read(&mut self, region: u32, offset: u64, data: &mut [u8]) -> io::Result<()> {
        match region {
            VFIO_PCI_BAR0_REGION_INDEX => {
                for (at, word) in registers(offset, data.len())?.zip(data.chunks_exact_mut(4)) {
                    word.copy_from_slice(&self.0.read(at).to_le_bytes());
                }
            }
            VFIO_PCI_CONFIG_REGION_INDEX => self.0.config_read(config_offset(offset, data.len())?, data),
            // The client keeps the MSI-X table; here it reads as one that nobody has written.
            _ => data.fill(0),
        }
        Ok(())
    }

    fn region_write(&mut self, region: u32, offset: u64, data: &[u8]) -> io::Result<()> {
        match region {
            VFIO_PCI_BAR0_REGION_INDEX => {
                let (words, _) = data.as_chunks::<4>();
                for (at, word) in registers(offset, data.len())?.zip(words) {
                    self.0.write(at, u32::from_le_bytes(*word));
                }
            }
            VFIO_PCI_CONFIG_REGION_INDEX => self.0.config_write(config_offset(offset, data.len())?, data),
            _ => {}
        }
        Ok(())
    }

    fn dma_map(
        &mut self,
        flags: DmaMapFlags,
        offset: u64,
        address: u64,
        size: u64,
        file: Option<File>,
    ) -> io::Result<()> {
        let file = Arc::new(file.ok_or(ErrorKind::InvalidInput)?);
        let readable = flags.contains(DmaMapFlags::READ);
        let writable = flags.contains(DmaMapFlags::WRITE);
        let mapping = Mapping { bytes: size, file, offset, readable, writable };
        self.0.memory().map(address, mapping).map_err(io::Error::other)
    }

    fn dma_unmap(&mut self, flags: DmaUnmapFlags, address: u64, size: u64) -> io::Result<()> {
        if flags.contains(DmaUnmapFlags::UNMAP_ALL) {
            self.0.memory().clear();
            return Ok(());
        }
        self.0.memory().unmap(address, size).map_err(io::Error::other)
    }

    fn reset(&mut self) -> io::Result<()> {
        self.0.reset();
        Ok(())
    }

    fn set_irqs(&mut self, index: u32, flags: u32, start: u32, count: u32, fds: Vec<File>) -> io::Result<()> {
        if index != VFIO_PCI_MSIX_IRQ_INDEX || flags & VFIO_IRQ_SET_ACTION_TRIGGER == 0 {
            return Ok(());
        }
        let event = fds.into_iter().next().map(|file| Event::from(OwnedFd::from(file)));
        // Vectors are taken away by no descriptor, or none for all.
        let all_away = flags & VFIO_IRQ_SET_DATA_NONE != 0 && count == 0;
        if start == 0 && (count > 0 || all_away) {
            self.0.connect_interrupt(event);
        }
        Ok(())
    }
}

/// The register offsets of an access to BAR 0.
fn registers(offset: u64, length: usize) -> io::Result<impl Iterator<Item = u32>> {
    let end = offset.checked_add(length as u64).filter(|end| *end <= u64::from(BAR0_BYTES));
    if end.is_none() || !offset.is_multiple_of(4) || !length.is_multiple_of(4) {
        return Err(ErrorKind::InvalidInput.into());
    }
    Ok((offset as u32..BAR0_BYTES).step_by(4))
}

fn config_offset(offset: u64, length: usize) -> io::Result<usize> {
    match offset.checked_add(length as u64) {
        Some(end) if end <= CONFIG_BYTES as u64 => Ok(offset as usize),
        _ => Err(ErrorKind::InvalidInput.into()),
    }
}
