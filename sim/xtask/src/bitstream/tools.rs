//! The open tools, pinned or native, and their versions.

use anyhow::{Context, Result};
use penstock_hdl::verilator::cache_folder;

use crate::shell;

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
                cache_folder().join(format!("tools/bin/yowasp-{name}")).to_string_lossy().into_owned()
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
            Ok::<_, anyhow::Error>(String::from_utf8_lossy(&text).trim().to_owned())
        };
        let (yosys_version, nextpnr_version) = (version(&yosys)?, version(&nextpnr)?);
        Ok(Self { yosys, nextpnr, ecppack, yosys_version, nextpnr_version, native })
    }
}
