//! A device on a PCI bus: what stands between its registers and host memory.
//!
//! The command register gates both directions. With memory decoding off, registers read all ones. With bus mastering
//! off, the device reaches no memory and raises no interrupt: a simulated card is not more permissive than a real one.

use std::convert::Infallible;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use penstock_abi::ALL_ONES;
use penstock_driver::Event;

use crate::config::ConfigSpace;
use crate::{Bus, Device, DmaFault, HostMemory};

/// A simulated PCI function.
pub struct Function {
    config: Mutex<ConfigSpace>,
    host: Arc<Host>,
    device: Box<dyn Device>,
}

/// The host as the device reaches it.
#[derive(Default)]
struct Host {
    memory: HostMemory,
    bus_master: AtomicBool,
    interrupt: Mutex<Option<Event>>,
}

impl Function {
    /// A function around the device that `make` builds on its bus.
    pub fn new<D: Device + 'static>(make: impl FnOnce(Arc<dyn Bus>) -> D) -> Self {
        let Ok(function) = Self::try_new(|bus| Ok::<_, Infallible>(make(bus)));
        function
    }

    /// As [`Function::new`], for a device that may not come to be.
    ///
    /// # Errors
    /// Whatever `make` fails with.
    pub fn try_new<D: Device + 'static, E>(make: impl FnOnce(Arc<dyn Bus>) -> Result<D, E>) -> Result<Self, E> {
        let host = Arc::<Host>::default();
        let device = Box::new(make(host.clone())?);
        Ok(Self { config: Mutex::new(ConfigSpace::new()), host, device })
    }

    /// Host memory: what is mapped for the device.
    pub fn memory(&self) -> &HostMemory {
        &self.host.memory
    }

    /// Reads a register; `offset` is a multiple of four within BAR 0.
    pub fn read(&self, offset: u32) -> u32 {
        if self.config().command().memory { self.device.read(offset) } else { ALL_ONES }
    }

    /// Writes a register; `offset` is a multiple of four within BAR 0.
    pub fn write(&self, offset: u32, value: u32) {
        if self.config().command().memory {
            self.device.write(offset, value);
        }
    }

    /// Reads configuration space.
    pub fn config_read(&self, offset: usize, out: &mut [u8]) {
        self.config().read(offset, out);
    }

    /// Writes configuration space, with all that follows from it.
    pub fn config_write(&self, offset: usize, data: &[u8]) {
        let mut config = self.config();
        let reset = config.write(offset, data);
        self.host.bus_master.store(config.command().bus_master, Ordering::SeqCst);
        drop(config);
        if reset {
            self.reset();
        }
    }

    /// Has the interrupt raise an event.
    pub fn connect_interrupt(&self, event: Option<Event>) {
        *self.host.listener() = event;
    }

    /// Function-level reset: device and configuration space are as new. Mappings and the event are the host's, and stay.
    pub fn reset(&self) {
        let mut config = self.config();
        *config = ConfigSpace::new();
        self.host.bus_master.store(false, Ordering::SeqCst);
        drop(config);
        self.device.reset();
    }

    fn config(&self) -> MutexGuard<'_, ConfigSpace> {
        self.config.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Host {
    fn listener(&self) -> MutexGuard<'_, Option<Event>> {
        self.interrupt.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn gate(&self, address: u64) -> Result<(), DmaFault> {
        if self.bus_master.load(Ordering::SeqCst) { Ok(()) } else { Err(DmaFault { address }) }
    }
}

impl Bus for Host {
    fn read(&self, address: u64, out: &mut [u8]) -> Result<(), DmaFault> {
        self.gate(address)?;
        self.memory.read(address, out)
    }

    fn write(&self, address: u64, data: &[u8]) -> Result<(), DmaFault> {
        self.gate(address)?;
        self.memory.write(address, data)
    }

    fn interrupt(&self) {
        if self.gate(0).is_ok()
            && let Some(event) = &*self.listener()
        {
            // An event that cannot be raised is a lost interrupt, which drivers have to live with.
            let _ = event.raise();
        }
    }
}
