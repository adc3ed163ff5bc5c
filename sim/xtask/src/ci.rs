//! `cargo xtask ci`: the checks before a merge, cheapest first. Tests come last, so that their summary ends the output. Among
//! them are the short forms of the campaigns: the Verilog against its checksums, the formal proofs, soundness.

use crate::{licences, setup};
use anyhow::{Context, Result, ensure};
use xtask::shell;

pub(crate) fn run() -> Result<()> {
    setup::run()?;
    shell::run("", "cargo fmt --all --check")?;
    licences::run()?;
    shell::run("", "cargo clippy --workspace --all-targets --locked -- -D warnings")?;
    documentation()?;
    if shell::output(&["cargo", "nextest", "--version"]).is_some() {
        // nextest does not run documentation's examples.
        shell::run("", "cargo test --workspace --locked --doc --quiet")?;
        shell::run("", "cargo nextest run --workspace --locked --no-tests pass")
    } else {
        shell::run("", "cargo test --workspace --locked")
    }
}

/// The API's pages, without a broken link.
fn documentation() -> Result<()> {
    let words = ["cargo", "doc", "--workspace", "--no-deps", "--locked"];
    eprintln!("$ RUSTDOCFLAGS=\"-D warnings\" {}", words.join(" "));
    let status =
        shell::command("", &words).env("RUSTDOCFLAGS", "-D warnings").status().context("cannot start cargo")?;
    ensure!(status.success(), "the documentation is not clean: {status}");
    Ok(())
}
