//! Cards as their users meet them: checked against the host's own arithmetic, measured, and given a bitstream.

pub mod bench;
pub mod bitstream;
pub mod check;
mod sample;
