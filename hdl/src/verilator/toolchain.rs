//! Where Verilator and the C++ compiler are.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::VerilatorError;

/// The programs that turn Verilog into a shared object.
#[derive(Clone, Debug)]
pub struct Toolchain {
    /// Verilator's driver.
    pub verilator: PathBuf,
    /// What it says of itself.
    pub version: String,
    /// The folder that holds `include/verilated.h`.
    pub root: PathBuf,
    /// The C++ compiler: `$CXX`, or `c++`.
    pub compiler: PathBuf,
}

impl Toolchain {
    /// Looks for Verilator in `$PENSTOCK_VERILATOR`, among the tools that `cargo xtask setup` installs, and on the path.
    ///
    /// # Errors
    /// [`VerilatorError::Missing`].
    pub fn find() -> Result<Self, VerilatorError> {
        let given = std::env::var_os("PENSTOCK_VERILATOR").map(PathBuf::from);
        let installed = penstock_tools::programs_folder().join("verilator-cli");
        let candidates = given.into_iter().chain([installed, PathBuf::from("verilator")]);
        let (verilator, version) = candidates
            .filter_map(|path| output(&path, &["--version"]).map(|version| (path, version)))
            .next()
            .ok_or(VerilatorError::Missing { program: "Verilator" })?;
        let root = output(&verilator, &["--getenv", "VERILATOR_ROOT"]).map(PathBuf::from);
        let root = root
            .filter(|root| root.join("include/verilated.h").is_file())
            .ok_or(VerilatorError::Missing { program: "Verilator's include folder" })?;
        let compiler = std::env::var_os("CXX").map_or_else(|| PathBuf::from("c++"), PathBuf::from);
        output(&compiler, &["--version"]).ok_or(VerilatorError::Missing { program: "a C++ compiler" })?;
        Ok(Self { verilator, version, root, compiler })
    }
}

fn output(program: &Path, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).output().ok().filter(|output| output.status.success())?;
    Some(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
