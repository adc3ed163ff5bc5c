//! `cargo xtask contracts`: the verifier contract from its source, with the compiler that host/contracts pins.

use anyhow::Result;
use xtask::shell;

pub(crate) fn run(check: bool) -> Result<()> {
    let directory = "host/contracts";
    shell::run(directory, "npm ci --no-audit --no-fund")?;
    shell::run(directory, if check { "node build.mjs --check" } else { "node build.mjs" })
}
