//! QEMU, a kernel and busybox from Debian packages, unpacked into a private folder.
//!
//! The host's own packages may be too old (vfio-user needs QEMU 10.1) and are left alone: apt works on folders of its own
//! with an empty list of installed packages, so that it fetches everything, down to the C library. apt checks the
//! archive's signatures; what was fetched is recorded with hashes, and used again only as recorded.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use penstock_tools::cache_folder;
use sha2::{Digest, Sha256};

use xtask::shell;

const SUITES: [&str; 2] = ["trixie", "trixie-backports"];
const PACKAGES: [&str; 2] = ["qemu-system-x86", "busybox-static"];
const KERNEL: &str = "linux-image-cloud-amd64";
const KEYRING: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";

/// The unpacked packages.
pub(super) struct Packages {
    root: PathBuf,
}

impl Packages {
    /// Fetches and unpacks what is not in the cache.
    pub(super) fn get() -> Result<Self> {
        let folder = cache_folder().join("vm");
        let (archives, root, record) = (folder.join("archives"), folder.join("root"), folder.join("sha256sums"));
        let recorded = fs::read_to_string(&record).ok();
        if recorded.is_none() || recorded != Some(hashes(&archives)?) {
            fetch(&folder, &archives)?;
            fs::write(&record, hashes(&archives)?).with_context(|| format!("cannot write {}", record.display()))?;
            if root.exists() {
                fs::remove_dir_all(&root)?;
            }
        }
        let unpacked = root.join("unpacked");
        if !unpacked.exists() {
            for archive in archives_in(&archives)? {
                shell::run_words("", &["dpkg-deb", "-x", text(&archive)?, text(&root)?])?;
            }
            fs::write(&unpacked, "")?;
        }
        Ok(Self { root })
    }

    /// A file of the packages.
    pub(super) fn file(&self, path: &str) -> PathBuf {
        self.root.join(path)
    }

    /// The kernel's image.
    pub(super) fn kernel(&self) -> Result<PathBuf> {
        only(&self.root.join("boot"), "vmlinuz-")
    }

    /// The kernel's modules.
    pub(super) fn modules(&self) -> Result<PathBuf> {
        Ok(only(&self.root.join("usr/lib/modules"), "")?.join("kernel"))
    }
}

fn only(folder: &Path, prefix: &str) -> Result<PathBuf> {
    let entries = fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    let found = entries.filter_map(|entry| Some(entry.ok()?.path()));
    found
        .filter(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(prefix)))
        .max()
        .with_context(|| format!("{} has no {prefix}*", folder.display()))
}

fn text(path: &Path) -> Result<&str> {
    path.to_str().with_context(|| format!("{} is not UTF-8; set PENSTOCK_CACHE", path.display()))
}

fn archives_in(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut archives = Vec::new();
    if folder.is_dir() {
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            archives.extend(path.extension().is_some_and(|extension| extension == "deb").then_some(path));
        }
    }
    archives.sort();
    Ok(archives)
}

/// A line a package, as `sha256sum` prints it.
fn hashes(folder: &Path) -> Result<String> {
    archives_in(folder)?
        .iter()
        .map(|path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            Ok(format!("{}  {name}\n", hex::encode(Sha256::digest(fs::read(path)?))))
        })
        .collect()
}

fn fetch(folder: &Path, archives: &Path) -> Result<()> {
    if !Path::new(KEYRING).is_file() {
        bail!("{KEYRING} is missing: install debian-archive-keyring");
    }
    for part in ["lists/partial", "archives/partial", "state"] {
        fs::create_dir_all(folder.join(part)).with_context(|| format!("cannot make {}", folder.display()))?;
    }
    let mirror = mirror()?;
    let sources = SUITES.map(|suite| format!("deb [signed-by={KEYRING}] {mirror} {suite} main\n")).concat();
    fs::write(folder.join("sources.list"), sources)?;
    fs::write(folder.join("state/status"), "")?;
    let configuration = format!(
        "Dir::Etc::sourcelist \"{0}/sources.list\";\nDir::Etc::sourceparts \"/dev/null\";\nDir::Etc::preferences \"/dev/null\";\n\
         Dir::Etc::preferencesparts \"/dev/null\";\nDir::State \"{0}/state\";\nDir::State::lists \"{0}/lists\";\n\
         Dir::State::status \"{0}/state/status\";\nDir::Cache \"{0}\";\nDir::Cache::archives \"{1}\";\n\
         APT::Architecture \"amd64\";\nAPT::Sandbox::User \"\";\n",
        text(folder)?,
        text(archives)?,
    );
    let file = folder.join("apt.conf");
    fs::write(&file, configuration)?;
    let apt =
        |words: &[&str]| shell::run_words("", &[&["env", &format!("APT_CONFIG={}", file.display())], words].concat());
    apt(&["apt-get", "update"])?;
    let install = ["apt-get", "install", "--yes", "--quiet", "--no-install-recommends", "--download-only"];
    apt(&[&install[..], &["-t", SUITES[1]], &PACKAGES].concat())?;
    // The kernel without its dependencies: what they do (initramfs tools, module tools) is done here.
    let config = format!("APT_CONFIG={}", file.display());
    let depends = shell::output(&["env", &config, "apt-cache", "depends", KERNEL]).unwrap_or_default();
    let image = depends.lines().find_map(|line| line.trim().strip_prefix("Depends: "));
    let image = image.with_context(|| format!("{KERNEL} names no kernel"))?;
    let download = ["env", &config, "apt-get", "download", image];
    shell::run_in(archives, &download)
}

/// Debian's mirror, as this machine is set up to use it.
fn mirror() -> Result<String> {
    if let Ok(mirror) = std::env::var("PENSTOCK_DEBIAN_MIRROR") {
        return Ok(mirror);
    }
    let targets = shell::output(&["apt-get", "indextargets", "--format", "$(ORIGIN) $(LABEL) $(REPO_URI)"]);
    let targets = targets.context("cannot ask apt for its sources: this test needs Debian's apt")?;
    let mirror = targets.lines().find_map(|line| line.strip_prefix("Debian Debian "));
    mirror.map(str::to_owned).context("apt has no Debian source: set PENSTOCK_DEBIAN_MIRROR")
}
