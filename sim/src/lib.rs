//! Simulated cards.
//!
//! A [`Device`] is what stands behind BAR 0: the functional [`model`], or the RTL under Verilator ([`rtl`]). A
//! [`Function`] puts it on a PCI bus: configuration space, bus mastering, DMA through mapped memory files, an interrupt.
//! A function is reached in the same process ([`InProcess`], a transport of the driver) or by any vfio-user client ([`server`]).
//!
//! There is no `unsafe` here: host memory is read and written through its file, never mapped, so that a client that
//! shrinks its file under a running command gets a DMA fault and not this process killed.

#[cfg(feature = "rtl")]
pub mod board;
mod bus;
mod config;
mod function;
mod in_process;
mod memory;
pub mod model;
#[cfg(feature = "rtl")]
pub mod rtl;
pub mod server;

pub use bus::{Bus, Device, DmaFault};
pub use function::Function;
pub use in_process::InProcess;
pub use memory::{HostMemory, MapError, Mapping};
