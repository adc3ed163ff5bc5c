//! `cargo xtask vm-test`: the driver against a kernel's real vfio-pci and IOMMU.
//!
//! ```text
//! penstock-sim (the card) <──vfio-user socket──> QEMU <──emulated PCIe, vIOMMU──> guest: vfio-pci <── card-test
//! ```
//!
//! Everything is set up here: packages, initramfs, the statically linked test. The guest's console goes to
//! `target/vm/guest.log`, and to the terminal when something fails.

mod guest;
mod initramfs;
mod packages;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::shell;
use guest::{Guest, KilledOnDrop};
use packages::Packages;

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
    // A path that fits a socket's address, wherever the workspace lies.
    let sockets = tempfile::tempdir()?;
    let socket = sockets.path().join("card");
    let _server = serve(&server, card, &socket)?;
    let limit = Duration::from_secs(600);
    let vendor = penstock_abi::PCI_VENDOR;
    Guest { packages: &packages, initramfs: &initramfs, socket: &socket, log: &log, vendor, kvm, limit }.run()?;
    print!("{}", fs::read_to_string(&log)?);
    println!("the driver's tests pass in the guest: {:.1} s from power-on", start.elapsed().as_secs_f64());
    Ok(())
}

/// The device server for this machine, and the test for a guest without a C library.
fn build() -> Result<(PathBuf, PathBuf)> {
    shell::run("", "cargo build --release --locked -p penstock-sim --bin penstock-sim")?;
    let program = ["cargo", "rustc", "--release", "--locked", "-p", "penstock-sim", "--bin", "card-test", "--target", TARGET];
    shell::run_words("", &[&program[..], &["--", "-C", "target-feature=+crt-static"]].concat())?;
    let target = shell::target_folder()?;
    Ok((target.join("release/penstock-sim"), target.join(TARGET).join("release/card-test")))
}

fn serve(server: &Path, card: &str, socket: &Path) -> Result<KilledOnDrop> {
    let mut command = Command::new(server);
    command.args(["serve", "--card", card, "--socket"]).arg(socket).stdin(Stdio::null());
    let mut child = KilledOnDrop(command.spawn().with_context(|| format!("cannot start {}", server.display()))?);
    let start = Instant::now();
    while !socket.exists() {
        if let Some(status) = child.0.try_wait()? {
            bail!("the card's server stopped: {status}");
        }
        if start.elapsed() > Duration::from_secs(60) {
            bail!("the card's server made no socket at {}", socket.display());
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    Ok(child)
}
