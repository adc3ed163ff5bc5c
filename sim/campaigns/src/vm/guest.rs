//! QEMU with the simulated card on its bus.

use std::fs::{self, File};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use super::packages::Packages;
use crate::serve::KilledOnDrop;

/// The last line of the guest's log, before its exit code.
const VERDICT: &str = "conformance: exit code ";

/// How the guest runs.
pub(super) struct Guest<'a> {
    pub packages: &'a Packages,
    pub initramfs: &'a Path,
    /// The card's vfio-user socket.
    pub socket: &'a Path,
    /// Where the guest's console goes.
    pub log: &'a Path,
    /// PCI vendor of the card.
    pub vendor: u16,
    /// The card is one of RTL that is simulated.
    pub slow: bool,
    /// Use KVM: faster where it works.
    pub kvm: bool,
    pub limit: Duration,
}

impl Guest<'_> {
    /// Boots the guest and waits for its verdict.
    pub(super) fn run(&self) -> Result<()> {
        let mut qemu = KilledOnDrop(self.command()?.spawn().context("cannot start QEMU")?);
        let start = Instant::now();
        loop {
            let ended = qemu.0.try_wait()?;
            let log = String::from_utf8_lossy(&fs::read(self.log).unwrap_or_default()).into_owned();
            match log.lines().find_map(|line| line.trim().strip_prefix(VERDICT)) {
                Some("0") => return Ok(()),
                Some(code) => bail!("{log}\nthe conformance suite ended with exit code {code} in the guest"),
                None if ended.is_some() => bail!("{log}\nQEMU stopped without a verdict: {ended:?}"),
                None if start.elapsed() > self.limit => bail!("{log}\nno verdict within {:?}", self.limit),
                None => std::thread::sleep(Duration::from_millis(100)),
            }
        }
    }

    fn command(&self) -> Result<Command> {
        let file = |path: &str| self.packages.file(path);
        // The field arithmetic is compiled for MULX and ADX, which QEMU's default processor does not have.
        let (accelerator, cpu) = if self.kvm { ("kvm", "host") } else { ("tcg", "max") };
        let device = format!(
            r#"{{"driver":"vfio-user-pci","bus":"rp0","socket":{{"type":"unix","path":"{}"}},"x-msg-timeout":60000}}"#,
            self.socket.display()
        );
        let slow = if self.slow { " penstock.slow" } else { "" };
        let append = format!("console=ttyS0 quiet panic=-1 intel_iommu=on penstock.vendor={:#06x}{slow}", self.vendor);
        let log = File::create(self.log).with_context(|| format!("cannot write {}", self.log.display()))?;
        // Through its own loader: its C library is newer than the host's.
        let mut command = Command::new(file("usr/lib64/ld-linux-x86-64.so.2"));
        command.arg("--library-path").arg(file("usr/lib/x86_64-linux-gnu")).arg(file("usr/bin/qemu-system-x86_64"));
        command.args([
            "-nodefaults",
            "-no-user-config",
            "-no-reboot",
            "-display",
            "none",
            "-serial",
            "stdio",
            "-smp",
            "1",
        ]);
        command.args([
            "-machine",
            &format!("q35,accel={accelerator},kernel-irqchip=split,memory-backend=mem"),
            "-cpu",
            cpu,
        ]);
        // The device reads guest memory through the shared file; without `share` it would read stale copies.
        command.args(["-m", "512M", "-object", "memory-backend-memfd,id=mem,size=512M,share=on"]);
        command.args(["-device", "intel-iommu,intremap=on,caching-mode=on"]);
        command.args(["-device", "pcie-root-port,id=rp0,chassis=1", "-device", &device]);
        command.arg("-L").arg(file("usr/share/qemu")).arg("-L").arg(file("usr/share/seabios"));
        command
            .arg("-kernel")
            .arg(self.packages.kernel()?)
            .arg("-initrd")
            .arg(self.initramfs)
            .args(["-append", &append]);
        command.stdin(Stdio::null()).stderr(log.try_clone()?).stdout(log);
        Ok(command)
    }
}
