//! Verilator as a library: a [`Design`] compiled once into a shared object, and run as many instances.
//!
//! ```text
//! Design ──verilator──> C++ ──c++──> <cache>/verilated/<key>.so ──dlopen──> Library ──> Simulation, Simulation, …
//! ```
//!
//! The key is a hash of the design, the options, the shim and Verilator's version: an unchanged design is never
//! compiled again, by whatever process. Latches, implicit nets and all other default warnings but widths are errors.

mod build;
mod port;
mod shim;
mod toolchain;

pub use port::Port;
pub use shim::{Library, Simulation};
pub use toolchain::Toolchain;

#[cfg(doc)]
use crate::emit::Design;

/// How a design is simulated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Multipliers as one wide product and a delay of the same latency: same results at the same cycles, sooner.
    pub fast_multipliers: bool,
    /// Makes [`Simulation::trace`] possible, for a slower simulation.
    pub trace: bool,
}

/// Why a design does not simulate.
#[derive(Debug, thiserror::Error)]
pub enum VerilatorError {
    /// A program is missing.
    #[error("{program} is not here; `cargo xtask setup` installs what simulation needs")]
    Missing {
        /// What was looked for.
        program: &'static str,
    },
    /// Verilator or the compiler refused its input.
    #[error("{program} failed on {top}; its input is kept in {folder}:\n{log}")]
    Build {
        /// Which of them.
        program: &'static str,
        /// The top module.
        top: String,
        /// Where the Verilog and the C++ are.
        folder: String,
        /// What it printed.
        log: String,
    },
    /// The cache cannot be read or written.
    #[error("{path}: {error}")]
    File {
        /// The file or folder.
        path: String,
        /// What the system says.
        error: std::io::Error,
    },
    /// The shared object does not load.
    #[error("{path} does not load: {error}; remove it to have it built again")]
    Load {
        /// The shared object.
        path: String,
        /// What the loader says.
        error: libloading::Error,
    },
    /// No port has this name.
    #[error("{top} has no port `{name}`; it has {ports}")]
    NoPort {
        /// The top module.
        top: String,
        /// What was asked for.
        name: String,
        /// All its ports.
        ports: String,
    },
    /// The library was built without traces.
    #[error("{top} was built without `Options::trace`")]
    NoTrace {
        /// The top module.
        top: String,
    },
}
