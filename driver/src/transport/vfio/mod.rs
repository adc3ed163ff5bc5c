//! A real card, through the kernel's vfio-pci and an IOMMU.
//!
//! Refused are set-ups in which the card could reach memory that it was not given: see [`crate::discovery`].

mod bar;
mod kernel;

use std::fs::File;
use std::ops::RangeInclusive;
use std::os::fd::BorrowedFd;
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use bar::Bar;
use vfio_bindings::bindings::vfio::{VFIO_PCI_BAR0_REGION_INDEX, VFIO_PCI_CONFIG_REGION_INDEX};
use vfio_ioctls::{VfioContainer, VfioDevice, VfioError};

use super::{Transport, TransportError, check_config};
use crate::SharedMemory;
use crate::address::PciAddress;
use crate::discovery::{System, unusable};

/// A card that vfio-pci holds.
pub struct Vfio {
    address: PciAddress,
    // Unmapped before the device is closed.
    bar: Bar,
    /// The device's descriptor, for checked reads and writes of configuration space.
    file: File,
    config: RangeInclusive<u64>,
    device: VfioDevice,
    container: Arc<VfioContainer>,
}

impl Vfio {
    /// Opens the card at a PCI address.
    ///
    /// # Errors
    /// The device is not there, not with vfio-pci, not permitted, in use, or not isolated by an IOMMU.
    pub fn open(address: PciAddress) -> Result<Self, TransportError> {
        let system = System::default();
        if let Some(obstacle) = system.obstacles(address).first() {
            return Err(unusable(address, obstacle));
        }
        let sysfs = system.device(address);
        let vfio = |what: &str| {
            let what = format!("{what} of {address}");
            move |error: VfioError| TransportError::Io { what, source: std::io::Error::other(error) }
        };
        let io = |what: &str| {
            let what = format!("{what} of {address}");
            move |source| TransportError::Io { what, source }
        };
        let container = Arc::new(VfioContainer::new(None).map_err(vfio("open the VFIO container"))?);
        let device =
            VfioDevice::new(&sysfs, container.clone(), true).map_err(vfio("open the VFIO group and device"))?;
        let descriptor = kernel::borrow(&device);
        let bar_bytes = device.get_region_size(VFIO_PCI_BAR0_REGION_INDEX);
        let bar = Bar::map(descriptor, device.get_region_offset(VFIO_PCI_BAR0_REGION_INDEX), bar_bytes as usize)
            .map_err(io("map BAR 0"))?;
        let file = File::from(descriptor.try_clone_to_owned().map_err(io("duplicate the descriptor"))?);
        let start = device.get_region_offset(VFIO_PCI_CONFIG_REGION_INDEX);
        let config = start..=start + device.get_region_size(VFIO_PCI_CONFIG_REGION_INDEX);
        Ok(Self { address, bar, file, config, device, container })
    }

    fn config_at(&self, offset: u16, length: usize) -> Result<u64, TransportError> {
        check_config(offset, length, self.config.end() - self.config.start())?;
        Ok(self.config.start() + u64::from(offset))
    }

    fn io<E: Into<Box<dyn std::error::Error + Send + Sync>>>(&self, what: &str) -> impl FnOnce(E) -> TransportError {
        let what = format!("{what} of {}", self.address);
        move |error| TransportError::Io { what, source: std::io::Error::other(error) }
    }
}

impl Transport for Vfio {
    fn name(&self) -> String {
        format!("vfio:{}", self.address)
    }

    fn read(&self, offset: u32) -> Result<u32, TransportError> {
        self.bar.read(offset)
    }

    fn write(&self, offset: u32, value: u32) -> Result<(), TransportError> {
        self.bar.write(offset, value)
    }

    fn config_read(&self, offset: u16, out: &mut [u8]) -> Result<(), TransportError> {
        let at = self.config_at(offset, out.len())?;
        self.file.read_exact_at(out, at).map_err(self.io("read configuration space"))
    }

    fn config_write(&self, offset: u16, data: &[u8]) -> Result<(), TransportError> {
        let at = self.config_at(offset, data.len())?;
        self.file.write_all_at(data, at).map_err(self.io("write configuration space"))
    }

    fn dma_ranges(&self) -> Result<Vec<RangeInclusive<u64>>, TransportError> {
        kernel::dma_ranges(kernel::borrow(&*self.container)).map_err(self.io("find the DMA addresses"))
    }

    fn huge_pages(&self) -> bool {
        true
    }

    fn map(&self, memory: &SharedMemory, address: u64) -> Result<(), TransportError> {
        let what = format!(
            "map {} bytes for DMA (if memory cannot be locked, raise LimitMEMLOCK; `ulimit -l` shows it)",
            memory.bytes()
        );
        kernel::map(&self.container, memory, address).map_err(self.io(&what))
    }

    fn unmap(&self, memory: &SharedMemory, address: u64) -> Result<(), TransportError> {
        self.container.vfio_dma_unmap(address, memory.bytes()).map_err(self.io("unmap memory"))
    }

    fn connect_interrupt(&self, event: Option<BorrowedFd<'_>>) -> Result<(), TransportError> {
        match event {
            None => self.device.disable_msix().map_err(self.io("disable MSI-X")),
            Some(event) => {
                let event = kernel::event(event.try_clone_to_owned().map_err(self.io("duplicate the event"))?);
                self.device.enable_msix(vec![&event]).map_err(self.io("enable MSI-X"))
            }
        }
    }

    fn reset(&self) -> Result<(), TransportError> {
        kernel::reset(kernel::borrow(&self.device)).map_err(self.io("reset"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_that_is_not_there_is_refused() {
        let error = Vfio::open("ffff:ff:1f.7".parse().unwrap()).err().unwrap();
        assert!(error.to_string().contains("no such device"), "{error}");
    }
}
