//! The shell: what stands between the host's bus and the engines.

pub mod arbiter;
pub mod burst;
pub mod fifo;
pub mod leaf;
pub mod read_mux;
pub mod reader;
pub mod record;
pub mod resize;
pub mod write_mux;
pub mod writer;
