//! The driver's transport to a simulated card in the same process.

use std::fs::File;
use std::ops::RangeInclusive;
use std::os::fd::BorrowedFd;
use std::sync::Arc;

use penstock_abi::BAR0_BYTES;
use penstock_driver::transport::{check_config, check_register};
use penstock_driver::{Event, SharedMemory, Transport, TransportError};

use crate::config::CONFIG_BYTES;
use crate::{Function, MapError, Mapping};

/// A function, reached by calling it.
#[derive(Clone)]
pub struct InProcess {
    name: String,
    function: Arc<Function>,
}

impl InProcess {
    /// A transport under the name that people gave the card.
    pub fn new(name: impl Into<String>, function: Arc<Function>) -> Self {
        Self { name: name.into(), function }
    }
}

impl Transport for InProcess {
    fn name(&self) -> String {
        self.name.clone()
    }

    fn read(&self, offset: u32) -> Result<u32, TransportError> {
        check_register(offset, BAR0_BYTES.into())?;
        Ok(self.function.read(offset))
    }

    fn write(&self, offset: u32, value: u32) -> Result<(), TransportError> {
        check_register(offset, BAR0_BYTES.into())?;
        self.function.write(offset, value);
        Ok(())
    }

    fn config_read(&self, offset: u16, out: &mut [u8]) -> Result<(), TransportError> {
        check_config(offset, out.len(), CONFIG_BYTES as u64)?;
        self.function.config_read(offset.into(), out);
        Ok(())
    }

    fn config_write(&self, offset: u16, data: &[u8]) -> Result<(), TransportError> {
        check_config(offset, data.len(), CONFIG_BYTES as u64)?;
        self.function.config_write(offset.into(), data);
        Ok(())
    }

    fn dma_ranges(&self) -> Result<Vec<RangeInclusive<u64>>, TransportError> {
        Ok(vec![0..=(1 << 48) - 1])
    }

    fn map(&self, memory: &SharedMemory, address: u64) -> Result<(), TransportError> {
        let file = duplicate(memory.file())?;
        let mapping = Mapping {
            bytes: memory.bytes() as u64,
            file: Arc::new(File::from(file)),
            offset: 0,
            readable: true,
            writable: true,
        };
        self.function.memory().map(address, mapping).map_err(|error| refused("mapping of memory", &error))
    }

    fn unmap(&self, memory: &SharedMemory, address: u64) -> Result<(), TransportError> {
        let bytes = memory.bytes() as u64;
        self.function.memory().unmap(address, bytes).map_err(|error| refused("unmapping of memory", &error))
    }

    fn connect_interrupt(&self, event: Option<BorrowedFd<'_>>) -> Result<(), TransportError> {
        let event = event.map(duplicate).transpose()?.map(Event::from);
        self.function.connect_interrupt(event);
        Ok(())
    }

    fn reset(&self) -> Result<(), TransportError> {
        self.function.reset();
        Ok(())
    }
}

fn duplicate(descriptor: BorrowedFd<'_>) -> Result<std::os::fd::OwnedFd, TransportError> {
    descriptor
        .try_clone_to_owned()
        .map_err(|source| TransportError::Io { what: "duplicate a descriptor".to_owned(), source })
}

fn refused(what: &'static str, error: &MapError) -> TransportError {
    TransportError::Refused { what, reason: error.to_string() }
}
