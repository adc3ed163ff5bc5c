//! The guest's whole file system: busybox, the VFIO modules, the conformance suite and a script that runs it.

use std::fs::{self, File};
use std::io::{Cursor, Write};
use std::path::Path;

use anyhow::{Context, Result, bail};
use cpio::NewcBuilder;
use cpio::newc::trailer;

use super::packages::Packages;
use xtask::shell;

/// What VFIO needs, in the order of loading.
const MODULES: [&str; 5] = [
    "virt/lib/irqbypass.ko.xz",
    "drivers/vfio/vfio.ko.xz",
    "drivers/vfio/vfio_iommu_type1.ko.xz",
    "drivers/vfio/pci/vfio-pci-core.ko.xz",
    "drivers/vfio/pci/vfio-pci.ko.xz",
];

const INIT: &str = include_str!("init.sh");

const FILE: u32 = 0o100_755;
const FOLDER: u32 = 0o040_755;
const CHARACTER_DEVICE: u32 = 0o020_600;

/// Writes the archive to `path`. `suite` is the conformance suite, statically linked.
pub(super) fn write(packages: &Packages, suite: &Path, path: &Path) -> Result<()> {
    let mut archive = Archive { file: File::create(path)?, inode: 0 };
    for folder in ["bin", "dev", "modules", "proc", "sys", "tmp"] {
        archive.add(folder, FOLDER, &[])?;
    }
    // The kernel opens it before anything is mounted.
    archive.device("dev/console", 5, 1)?;
    archive.add("init", FILE, INIT.as_bytes())?;
    archive.add("bin/busybox", FILE, &read(&packages.file("usr/bin/busybox"))?)?;
    archive.add("bin/conformance", FILE, &read(suite)?)?;
    let modules = packages.modules()?;
    for (index, module) in MODULES.iter().enumerate() {
        archive.add(&format!("modules/{index}.ko"), FILE, &decompress(&modules.join(module))?)?;
    }
    trailer(archive.file)?;
    Ok(())
}

fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).with_context(|| format!("cannot read {}", path.display()))
}

fn decompress(path: &Path) -> Result<Vec<u8>> {
    let path = path.to_string_lossy();
    let output = shell::command("", &["xz", "--decompress", "--stdout", &path]).output().context("cannot start xz")?;
    if !output.status.success() {
        bail!("{path}: {}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(output.stdout)
}

struct Archive {
    file: File,
    inode: u32,
}

impl Archive {
    fn add(&mut self, name: &str, mode: u32, bytes: &[u8]) -> Result<()> {
        self.entry(NewcBuilder::new(name).mode(mode), bytes)
    }

    fn device(&mut self, name: &str, major: u32, minor: u32) -> Result<()> {
        self.entry(NewcBuilder::new(name).mode(CHARACTER_DEVICE).rdev_major(major).rdev_minor(minor), &[])
    }

    fn entry(&mut self, builder: NewcBuilder, bytes: &[u8]) -> Result<()> {
        self.inode += 1;
        let length = u32::try_from(bytes.len()).context("a file above 4 GiB")?;
        let mut writer = builder.ino(self.inode).nlink(1).write(&mut self.file, length);
        std::io::copy(&mut Cursor::new(bytes), &mut writer)?;
        writer.flush()?;
        writer.finish()?;
        Ok(())
    }
}
