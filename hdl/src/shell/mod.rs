//! The shell: what stands between the host's bus and the engines.

pub mod arbiter;
pub mod burst;
pub mod completion;
pub mod decode;
pub mod fifo;
pub mod leaf;
pub mod lite;
pub mod quiesce;
pub mod read_mux;
pub mod reader;
pub mod record;
pub mod registers;
pub mod resize;
pub mod submission;
pub mod write_mux;
pub mod writer;
