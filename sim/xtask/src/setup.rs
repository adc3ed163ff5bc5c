//! `cargo xtask setup`: installs what tests and campaigns need beyond Rust.
//!
//! Debian packages (see [`apt`]) and a Python virtual environment in Penstock's cache folder with the pinned tools of
//! `requirements.txt`. What is there already is left alone: a second run takes no time.

use std::fs;

use anyhow::{Context, Result, bail};
use penstock_tools::cache_folder;

use crate::apt;
use xtask::shell;

const REQUIREMENTS: &str = include_str!("../requirements.txt");

struct Tool {
    name: &'static str,
    /// A command that succeeds where the tool is there.
    probe: &'static [&'static str],
    needed_for: &'static str,
    source: Source,
}

enum Source {
    /// A Debian package that is installed.
    Apt(&'static str),
    /// Has to be installed by hand, like this.
    Required(&'static str),
    /// May be missing.
    Optional(&'static str),
}

const TOOLS: [Tool; 11] = [
    Tool {
        name: "cargo",
        probe: &["cargo", "--version"],
        needed_for: "building",
        source: Source::Required("https://rustup.rs"),
    },
    Tool {
        name: "rustfmt",
        probe: &["cargo", "fmt", "--version"],
        needed_for: "cargo xtask ci",
        source: Source::Required("rustup component add rustfmt"),
    },
    Tool {
        name: "clippy",
        probe: &["cargo", "clippy", "--version"],
        needed_for: "cargo xtask ci",
        source: Source::Required("rustup component add clippy"),
    },
    Tool {
        name: "nextest",
        probe: &["cargo", "nextest", "--version"],
        needed_for: "faster tests in cargo xtask ci",
        source: Source::Optional("cargo install cargo-nextest --locked"),
    },
    Tool {
        name: "node",
        probe: &["node", "--version"],
        needed_for: "cargo xtask contracts, recording test vectors again",
        source: Source::Optional("apt install nodejs, or https://nodejs.org"),
    },
    Tool {
        name: "npm",
        probe: &["npm", "--version"],
        needed_for: "cargo xtask contracts, recording test vectors again",
        source: Source::Optional("apt install npm, or https://nodejs.org"),
    },
    Tool {
        name: "loader",
        probe: &["openFPGALoader", "--Version"],
        needed_for: "penstock card flash",
        source: Source::Optional("apt install openfpgaloader"),
    },
    Tool { name: "c++", probe: &["c++", "--version"], needed_for: "simulation of the RTL", source: Source::Apt("g++") },
    Tool {
        name: "perl",
        probe: &["perl", "-MPod::Usage", "-e", "1"],
        needed_for: "Verilator's driver",
        source: Source::Apt("perl"),
    },
    Tool {
        name: "venv",
        probe: &["python3", "-c", "import ensurepip, venv"],
        needed_for: "Verilator, yosys, nextpnr and z3",
        source: Source::Apt("python3-venv"),
    },
    Tool {
        name: "tclsh",
        probe: &["sh", "-c", "echo 'puts [info patchlevel]' | tclsh"],
        needed_for: "checks of recipes for Vivado",
        source: Source::Apt("tcl"),
    },
];

pub(crate) fn run() -> Result<()> {
    let mut by_hand = Vec::new();
    let mut packages = Vec::new();
    for Tool { name, probe, needed_for, source } in &TOOLS {
        let found = shell::output(probe);
        let state = match (&found, source) {
            (Some(version), _) => version.lines().next().unwrap_or_default().to_owned(),
            (None, Source::Apt(package)) => {
                packages.push(*package);
                format!("missing (for {needed_for}), Debian package {package}")
            }
            (None, Source::Required(how)) => {
                by_hand.push(*name);
                format!("missing (required for {needed_for}): {how}")
            }
            (None, Source::Optional(how)) => format!("missing (optional, for {needed_for}): {how}"),
        };
        println!("{name:8} {state}");
    }
    if !by_hand.is_empty() {
        bail!("missing: {}", by_hand.join(", "));
    }
    apt::install(&packages)?;
    install_python_tools()
}

/// The virtual environment is made again when the pinned versions change.
fn install_python_tools() -> Result<()> {
    let folder = cache_folder().join("tools");
    let stamp = folder.join("requirements.txt");
    if fs::read_to_string(&stamp).is_ok_and(|installed| installed == REQUIREMENTS) {
        println!("{:8} {}", "python", folder.display());
        return Ok(());
    }
    let path = folder.to_str().context("the cache folder's path is not UTF-8; set PENSTOCK_CACHE")?;
    shell::run_words("", &["python3", "-m", "venv", "--clear", path])?;
    let requirements = shell::root().join("sim/xtask/requirements.txt");
    let (pip, requirements) = (folder.join("bin/pip"), requirements.to_string_lossy().into_owned());
    shell::run_words(
        "",
        &[&pip.to_string_lossy(), "install", "--quiet", "--disable-pip-version-check", "-r", &requirements],
    )?;
    fs::write(&stamp, REQUIREMENTS).with_context(|| format!("cannot write {}", stamp.display()))
}
