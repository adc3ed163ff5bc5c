//! `cargo xtask vm-test`: the driver against a kernel's real vfio-pci and IOMMU.
//!
//! ```text
//! penstock-sim (the card) <──vfio-user socket──> QEMU <──emulated PCIe, vIOMMU──> guest: vfio-pci <── conformance suite
//! ```
//!
//! Everything is set up here: packages, initramfs, the conformance suite, statically linked. The guest's console goes to
//! `target/vm/guest.log`, and to the terminal when something fails.

mod guest;
mod initramfs;
mod packages;

use std::fs;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::serve::Served;
use guest::Guest;
use packages::Packages;
use xtask::shell;

const TARGET: &str = "x86_64-unknown-linux-gnu";

/// Runs the test. `card` is what `penstock-sim serve` is to simulate.
pub(crate) fn run(card: &str, kvm: bool) -> Result<()> {
    let packages = Packages::get()?;
    let (server, program) = build()?;
    let folder = shell::root().join("target/vm");
    fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let (initramfs, log) = (folder.join("initramfs"), folder.join("guest.log"));
    initramfs::write(&packages, &program, &initramfs)?;

    let start = Instant::now();
    let slow = card == "rtl";
    // Few buckets, so that small sums are quick.
    let options = if slow { &["rtl", "--window-bits", "6", "--fast-multipliers"][..] } else { &[card] };
    let served = Served::start(&server, options)?;
    let limit = Duration::from_secs(if slow { 3600 } else { 600 });
    let (packages, initramfs, socket, log) = (&packages, &initramfs, &served.socket, &log);
    let vendor = penstock_abi::PCI_VENDOR;
    Guest { packages, initramfs, socket, log, vendor, slow, kvm, limit }.run()?;
    print!("{}", fs::read_to_string(log)?);
    println!("the driver's tests pass in the guest: {:.1} s from power-on", start.elapsed().as_secs_f64());
    Ok(())
}

/// The device server for this machine, and the conformance suite for a guest without a C library.
fn build() -> Result<(PathBuf, PathBuf)> {
    shell::run("", "cargo build --release --locked -p penstock-sim --bin penstock-sim")?;
    let suite =
        "cargo test --release --locked --no-run -p penstock-sim --test conformance --message-format json --target";
    let words: Vec<&str> = suite.split(' ').chain([TARGET]).collect();
    eprintln!("$ {}", words.join(" "));
    let output = shell::command("", &words)
        .env("RUSTFLAGS", "-C target-feature=+crt-static")
        .stderr(Stdio::inherit())
        .output()
        .context("cannot start cargo")?;
    if !output.status.success() {
        bail!("the conformance suite does not build for the guest: {}", output.status);
    }
    let messages = output.stdout.split(|byte| *byte == b'\n');
    let mut executables = messages.filter_map(|line| serde_json::from_slice::<Message>(line).ok()?.executable);
    let suite = executables.next_back().context("cargo built no conformance suite")?;
    Ok((shell::target_folder()?.join("release/penstock-sim"), suite))
}

/// What cargo says of an artefact.
#[derive(serde::Deserialize)]
struct Message {
    executable: Option<PathBuf>,
}
