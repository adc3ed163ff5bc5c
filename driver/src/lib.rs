//! Userspace driver of the card.
//!
//! Bottom up, one idea a file: a [`Transport`] reaches a card (a real one through VFIO, a simulated one through a
//! vfio-user socket or in the same process); [`SharedMemory`] is memory that a device may touch; [`dma`] maps it once
//! and hands out buffers; [`queue`] is the pair of rings; [`Card`] ties them together: `submit → ticket → wait`, with a
//! watchdog and typed errors.
//!
//! Nothing that a card says is believed: registers, completions and results are checked before they size, index or
//! mean anything. A card can be slow, wrong or gone; it cannot make the driver panic, hang or hand out memory that the
//! card still writes to. `unsafe` lives in [`memory`] and in the two files under `transport/vfio` that talk to the kernel.
//!
//! # Example
//! Hashes on the functional model; another [`Transport`] reaches another card. `examples/sum.rs` shows more.
//!
//! ```
//! use std::sync::Arc;
//!
//! use halo2curves::bn256::Fr;
//! use penstock_driver::{Card, CardError, Options};
//! use penstock_sim::model::{CAPABILITIES, Model};
//! use penstock_sim::{Function, InProcess};
//!
//! let function = Function::new(|bus| Model::new(CAPABILITIES, bus));
//! let card = Card::open(Arc::new(InProcess::new("model", Arc::new(function))), Options::default())?;
//! let ticket = card.poseidon(&[[Fr::from(1), Fr::from(2)], [Fr::from(3), Fr::from(4)]])?;
//! // The card works; the host may do something else.
//! let hashes = ticket.wait()?;
//! assert_eq!(hashes.len(), 2);
//! # Ok::<(), CardError>(())
//! ```

pub mod address;
mod card;
pub mod discovery;
pub mod dma;
mod element;
mod error;
mod event;
pub mod memory;
mod pci;
pub mod queue;
pub mod transport;

pub use address::Address;
pub use card::{Card, Completed, MsmTicket, Options, PoseidonTicket, Ticket, Waiting};
pub use dma::DmaBuffer;
pub use error::CardError;
pub use event::Event;
pub use memory::SharedMemory;
pub use pci::{CommandRegister, PciConfig};
pub use transport::{Transport, TransportError};
