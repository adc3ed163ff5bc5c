//! `cargo xtask ci`: the checks before a merge, cheapest first. Tests come last, so that their summary ends the output.

use crate::{formal, licences, rtl, setup, shell};
use anyhow::Result;

pub(crate) fn run() -> Result<()> {
    setup::run()?;
    shell::run("", "cargo fmt --all --check")?;
    licences::run()?;
    shell::run("", "cargo clippy --workspace --all-targets --locked -- -D warnings")?;
    rtl::check()?;
    formal::run(None)?;
    if shell::output(&["cargo", "nextest", "--version"]).is_some() {
        // nextest does not run documentation's examples.
        shell::run("", "cargo test --workspace --locked --doc --quiet")?;
        shell::run("", "cargo nextest run --workspace --locked --no-tests pass")
    } else {
        shell::run("", "cargo test --workspace --locked")
    }
}
