//! The open tools, pinned or native, and their versions.

use anyhow::{Context, Result};
use penstock_tools::programs_folder;

use xtask::shell;

/// Programs to call and what they say they are.
pub(super) struct Tools {
    pub(super) yosys: String,
    pub(super) nextpnr: String,
    pub(super) ecppack: String,
    pub(super) yosys_version: String,
    pub(super) nextpnr_version: String,
    pub(super) native: bool,
}

impl Tools {
    /// Those of `cargo xtask setup`, or those on PATH.
    pub(super) fn find(native: bool) -> Result<Self> {
        let program = |name: &str| {
            if native {
                name.to_owned()
            } else {
                programs_folder().join(format!("yowasp-{name}")).to_string_lossy().into_owned()
            }
        };
        let [yosys, nextpnr, ecppack] = ["yosys", "nextpnr-ecp5", "ecppack"].map(program);
        let missing =
            if native { "install yosys, nextpnr-ecp5 and fpga-trellis" } else { "run `cargo xtask setup` first" };
        let version = |program: &str| {
            // nextpnr says it on its error output.
            let output = shell::command("", &[program, "--version"]).output();
            let output = output.ok().filter(|output| output.status.success());
            let output = output.with_context(|| format!("{program} does not run; {missing}"))?;
            let text = [output.stdout, output.stderr].concat();
            let line = version_in(&String::from_utf8_lossy(&text)).map(str::to_owned);
            line.with_context(|| format!("{program} does not say which version it is"))
        };
        let (yosys_version, nextpnr_version) = (version(&yosys)?, version(&nextpnr)?);
        Ok(Self { yosys, nextpnr, ecppack, yosys_version, nextpnr_version, native })
    }
}

/// The line of a tool's output that says its version: a pinned one says before its first run that it is being prepared.
fn version_in(output: &str) -> Option<&str> {
    output.lines().map(str::trim).find(|line| line.starts_with("Yosys ") || line.contains("(Version "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_else_a_tool_says_is_not_its_version() {
        let yosys = "Yosys 0.70 (git sha1 28ba3cb92, Release)\n";
        let nextpnr = "\"nextpnr-ecp5\" -- Next Generation Place and Route (Version 0.11.1)\n";
        let preparing = "Preparing to run nextpnr-ecp5.wasm. This might take a while...\n";
        for version in [yosys, nextpnr] {
            assert_eq!(version_in(version), Some(version.trim_end()));
            assert_eq!(version_in(&[preparing, version].concat()), Some(version.trim_end()));
            assert_eq!(version_in(&[version, preparing].concat()), Some(version.trim_end()));
        }
        assert_eq!(version_in(preparing), None);
    }
}
