//! `cargo xtask setup`: what the tasks need beyond Rust. Building, testing and proving need nothing.

use crate::shell;
use anyhow::{Result, bail};

struct Tool {
    name: &'static str,
    version: &'static str,
    needed_for: &'static str,
    required: bool,
    how: &'static str,
}

const TOOLS: [Tool; 6] = [
    Tool {
        name: "cargo",
        version: "cargo --version",
        needed_for: "building",
        required: true,
        how: "https://rustup.rs",
    },
    Tool {
        name: "rustfmt",
        version: "cargo fmt --version",
        needed_for: "cargo xtask ci",
        required: true,
        how: "rustup component add rustfmt",
    },
    Tool {
        name: "clippy",
        version: "cargo clippy --version",
        needed_for: "cargo xtask ci",
        required: true,
        how: "rustup component add clippy",
    },
    Tool {
        name: "nextest",
        version: "cargo nextest --version",
        needed_for: "faster tests in cargo xtask ci",
        required: false,
        how: "cargo install cargo-nextest --locked",
    },
    Tool {
        name: "node",
        version: "node --version",
        needed_for: "cargo xtask contracts, recording test vectors again",
        required: false,
        how: "apt install nodejs, or https://nodejs.org",
    },
    Tool {
        name: "npm",
        version: "npm --version",
        needed_for: "cargo xtask contracts, recording test vectors again",
        required: false,
        how: "apt install npm, or https://nodejs.org",
    },
];

pub(crate) fn run() -> Result<()> {
    let mut missing = Vec::new();
    for Tool { name, version, needed_for, required, how } in TOOLS {
        match shell::output(version) {
            Some(found) => println!("{name:8} {}", found.lines().next().unwrap_or_default()),
            None => {
                println!(
                    "{name:8} missing ({}; for {needed_for}): {how}",
                    if required { "required" } else { "optional" }
                );
                missing.extend(required.then_some(name));
            }
        }
    }
    if missing.is_empty() {
        println!("Nothing else is needed.");
        Ok(())
    } else {
        bail!("missing: {}", missing.join(", "))
    }
}
