//! The shell: what stands between the host's bus and the engines.

pub mod arbiter;
pub mod burst;
pub mod canonical;
pub mod card;
pub mod completion;
pub mod decode;
pub mod dispatch;
pub mod fifo;
pub mod leaf;
pub mod lite;
pub mod msm;
pub mod poseidon;
pub mod quiesce;
pub mod read_mux;
pub mod reader;
pub mod record;
pub mod registers;
pub mod resize;
pub mod self_test;
pub mod submission;
pub mod top;
pub mod write_mux;
pub mod writer;
