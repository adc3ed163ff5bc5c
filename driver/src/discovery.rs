//! Cards on the PCI bus as the kernel shows them: which there are, what keeps one from being opened, and how one is given
//! to vfio-pci. Everything is read below one root, which is `/` but for containers and tests.
//!
//! Set-ups in which a card could reach memory that it was not given are obstacles too: no IOMMU, an IOMMU that lets
//! interrupts be forged, a group shared with other devices.

use std::fmt::{self, Display, Formatter};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use penstock_abi::{PCI_DEVICE, PCI_VENDOR};
use rustix::process::{Resource, getrlimit};

use crate::TransportError;
use crate::address::PciAddress;

const VFIO_PCI: &str = "vfio-pci";
/// Memory that has to be lockable: less does not hold a first piece of DMA memory.
const LOCKED_BYTES: u64 = 16 << 20;
/// Bit of the capability to lock memory without limit.
const CAP_IPC_LOCK: u32 = 14;

/// The kernel's view of the machine.
#[derive(Clone, Debug)]
pub struct System {
    root: PathBuf,
}

/// What keeps a device from being opened.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Obstacle {
    /// No device has the address.
    #[error("there is no such device")]
    Missing,
    /// Another driver has it, or none.
    #[error("it is not bound to vfio-pci but to {}; `penstock card bind` shows how", driver.as_deref().unwrap_or("no driver"))]
    Driver {
        /// Its driver.
        driver: Option<String>,
    },
    /// Nothing confines it.
    #[error("it is behind no IOMMU; enable the IOMMU in firmware and kernel")]
    NoIommu,
    /// Others could be reached through it.
    #[error(
        "it shares its IOMMU group {group} with {}; move it to another slot",
        others.iter().map(String::as_str).collect::<Vec<_>>().join(", ")
    )]
    SharedGroup {
        /// The group.
        group: String,
        /// The other devices.
        others: Vec<String>,
    },
    /// Its group has no IOMMU behind it.
    #[error("its group is in no-IOMMU mode, in which it could reach all memory")]
    NoIommuMode,
    /// Interrupts can be forged.
    #[error("vfio_iommu_type1 allows unsafe interrupts, which a device could forge")]
    UnsafeInterrupts,
    /// A device node is not there.
    #[error("{} is missing; load vfio-pci, and give the device to it", .0.display())]
    NoNode(PathBuf),
    /// A device node is for others.
    #[error("{} may not be read and written by this user; give its group access (chgrp, chmod 0660)", .0.display())]
    Permission(PathBuf),
    /// Too little memory can be locked.
    #[error(
        "only {} KiB of memory can be locked, too little for DMA; raise LimitMEMLOCK (`ulimit -l` shows it)",
        limit / 1024
    )]
    MemoryLock {
        /// The limit in bytes.
        limit: u64,
    },
}

impl Obstacle {
    /// In a word, for programs.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Driver { .. } => "driver",
            Self::NoIommu | Self::NoIommuMode => "iommu",
            Self::SharedGroup { .. } => "group",
            Self::UnsafeInterrupts => "interrupts",
            Self::NoNode(_) => "node",
            Self::Permission(_) => "permission",
            Self::MemoryLock { .. } => "memlock",
        }
    }
}

/// A word as a shell reads it back. No shell knows NUL; nor does any file or group have it in its name.
fn quoted(word: &str) -> String {
    shlex::try_quote(word).map_or_else(|_| format!("{word:?}"), Into::into)
}

/// A step towards vfio-pci; it prints as what a shell would be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Run a program.
    Run {
        /// The program.
        program: &'static str,
        /// Its arguments.
        arguments: Vec<String>,
    },
    /// Write to a file of the kernel's.
    Write {
        /// The file.
        path: PathBuf,
        /// What is written.
        text: String,
    },
}

impl Display for Step {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Run { program, arguments } => {
                f.write_str(program)?;
                arguments.iter().try_for_each(|argument| write!(f, " {}", quoted(argument)))
            }
            Self::Write { path, text } => write!(f, "echo {} > {}", quoted(text), quoted(&path.to_string_lossy())),
        }
    }
}

impl Step {
    /// Takes the step.
    ///
    /// # Errors
    /// The system refuses; mostly because only root may.
    pub fn apply(&self) -> Result<(), TransportError> {
        let done = match self {
            // What it has to say goes to stderr.
            Self::Run { program, arguments } => match Command::new(program).args(arguments).status() {
                Ok(status) if status.success() => Ok(()),
                Ok(status) => Err(io::Error::other(status.to_string())),
                Err(error) => Err(error),
            },
            Self::Write { path, text } => fs::write(path, text),
        };
        done.map_err(|source| TransportError::Io { what: format!("do `{self}` (it takes root)"), source })
    }
}

impl Default for System {
    fn default() -> Self {
        Self::new("/")
    }
}

impl System {
    /// The system whose `sys` and `dev` are below a root.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// The device's folder.
    pub fn device(&self, address: PciAddress) -> PathBuf {
        self.root.join("sys/bus/pci/devices").join(address.to_string())
    }

    /// Penstock cards on the bus, whoever drives them.
    ///
    /// # Errors
    /// The bus cannot be listed; a machine without one has no cards.
    pub fn cards(&self) -> Result<Vec<PciAddress>, TransportError> {
        let folder = self.root.join("sys/bus/pci/devices");
        let refused =
            |source| TransportError::Io { what: format!("list the PCI devices in {}", folder.display()), source };
        let entries = match fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(refused(error)),
        };
        let mut cards = Vec::new();
        for entry in entries {
            let name = entry.map_err(refused)?.file_name();
            let address = name.to_str().and_then(|name| name.parse().ok());
            cards.extend(address.filter(|address| self.is_card(*address)));
        }
        cards.sort();
        Ok(cards)
    }

    /// Whether vendor and device are those of a Penstock card.
    pub fn is_card(&self, address: PciAddress) -> bool {
        let id = |file: &str| {
            let text = fs::read_to_string(self.device(address).join(file)).ok()?;
            u16::from_str_radix(text.trim().strip_prefix("0x")?, 16).ok()
        };
        (id("vendor"), id("device")) == (Some(PCI_VENDOR), Some(PCI_DEVICE))
    }

    /// The driver that has a device.
    pub fn driver(&self, address: PciAddress) -> Option<String> {
        link_name(&self.device(address).join("driver"))
    }

    /// Everything that keeps a device from being opened, what weighs most first; nothing if it can be.
    pub fn obstacles(&self, address: PciAddress) -> Vec<Obstacle> {
        let device = self.device(address);
        if !device.exists() {
            return vec![Obstacle::Missing];
        }
        let mut obstacles = Vec::new();
        let driver = self.driver(address);
        let is_bound = driver.as_deref() == Some(VFIO_PCI);
        if !is_bound {
            obstacles.push(Obstacle::Driver { driver });
        }
        let group = device.join("iommu_group");
        match fs::read_dir(group.join("devices")) {
            Err(_) => obstacles.push(Obstacle::NoIommu),
            Ok(devices) => {
                let name = link_name(&group).unwrap_or_default();
                let names = devices.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
                let others: Vec<String> = names.filter(|name| *name != address.to_string()).collect();
                if !others.is_empty() {
                    obstacles.push(Obstacle::SharedGroup { group: name.clone(), others });
                }
                if fs::read_to_string(group.join("name")).is_ok_and(|name| name.trim() == "vfio-noiommu") {
                    obstacles.push(Obstacle::NoIommuMode);
                }
                if is_bound {
                    obstacles.extend(["vfio", &name].into_iter().filter_map(|node| self.closed_node(node)));
                }
            }
        }
        let forgeable = self.root.join("sys/module/vfio_iommu_type1/parameters/allow_unsafe_interrupts");
        if fs::read_to_string(forgeable).is_ok_and(|value| value.trim() == "Y") {
            obstacles.push(Obstacle::UnsafeInterrupts);
        }
        if let Some(limit) = getrlimit(Resource::Memlock).current
            && limit < LOCKED_BYTES
            && !locks_without_limit()
        {
            obstacles.push(Obstacle::MemoryLock { limit });
        }
        obstacles
    }

    /// What keeps a node of `/dev/vfio` from being opened.
    fn closed_node(&self, name: &str) -> Option<Obstacle> {
        use rustix::fs::{Access, access};
        let path = self.root.join("dev/vfio").join(name);
        match access(&path, Access::READ_OK | Access::WRITE_OK) {
            Ok(()) => None,
            Err(rustix::io::Errno::NOENT) => Some(Obstacle::NoNode(path)),
            Err(_) => Some(Obstacle::Permission(path)),
        }
    }

    /// The steps that give a card to vfio-pci, and its node to a group of users; none if it has it.
    ///
    /// # Errors
    /// There is no such device, or it is no Penstock card: nobody's disk is taken away by a typing error.
    pub fn binding(&self, address: PciAddress, users: Option<&str>) -> Result<Vec<Step>, TransportError> {
        let device = self.device(address);
        if !device.exists() {
            return Err(unusable(address, &Obstacle::Missing));
        }
        if !self.is_card(address) {
            return Err(unusable(address, &"it is no Penstock card, and stays with the driver that it has"));
        }
        let bus = self.root.join("sys/bus/pci");
        let run = |program, arguments: &[&str]| Step::Run {
            program,
            arguments: arguments.iter().map(|&argument| argument.to_owned()).collect(),
        };
        let write = |path: PathBuf, text: &str| Step::Write { path, text: text.to_owned() };
        let mut steps = Vec::new();
        let driver = self.driver(address);
        if driver.as_deref() != Some(VFIO_PCI) {
            if !bus.join("drivers").join(VFIO_PCI).exists() {
                steps.push(run("modprobe", &[VFIO_PCI]));
            }
            steps.push(write(device.join("driver_override"), VFIO_PCI));
            if driver.is_some() {
                steps.push(write(device.join("driver/unbind"), &address.to_string()));
            }
            steps.push(write(bus.join("drivers_probe"), &address.to_string()));
        }
        if let (Some(users), Some(group)) = (users, link_name(&device.join("iommu_group"))) {
            let node = self.root.join("dev/vfio").join(group).display().to_string();
            steps.extend([run("chgrp", &[users, &node]), run("chmod", &["0660", &node])]);
        }
        Ok(steps)
    }
}

/// The error of a device that cannot be used.
pub(crate) fn unusable(address: PciAddress, reason: &dyn Display) -> TransportError {
    TransportError::Unusable { device: format!("PCI device {address}"), reason: reason.to_string() }
}

/// The last part of what a link points to.
fn link_name(link: &Path) -> Option<String> {
    fs::read_link(link).ok()?.file_name()?.to_str().map(str::to_owned)
}

fn locks_without_limit() -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let capabilities =
        status.lines().find_map(|line| u64::from_str_radix(line.strip_prefix("CapEff:")?.trim(), 16).ok());
    capabilities.is_some_and(|bits| bits >> CAP_IPC_LOCK & 1 == 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    const ADDRESS: &str = "0000:65:00.0";

    /// A machine with one device, which is a card but has neither driver nor IOMMU.
    struct Machine(tempfile::TempDir);

    impl Machine {
        fn new() -> Self {
            let machine = Self(tempfile::tempdir().unwrap());
            machine.write("sys/bus/pci/devices/0000:65:00.0/vendor", "0x10ee\n");
            machine.write("sys/bus/pci/devices/0000:65:00.0/device", "0x5053\n");
            machine
        }

        fn write(&self, path: &str, text: &str) {
            let path = self.0.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }

        fn link(&self, name: &str, to: &str) {
            let (link, to) =
                (self.0.path().join(format!("sys/bus/pci/devices/{ADDRESS}/{name}")), self.0.path().join(to));
            fs::create_dir_all(&to).unwrap();
            let _ = fs::remove_file(&link);
            symlink(to, link).unwrap();
        }

        fn system(&self) -> System {
            System::new(self.0.path())
        }

        /// Without the limit on locked memory, which is the test's own.
        fn kinds(&self) -> Vec<&'static str> {
            let obstacles = self.system().obstacles(ADDRESS.parse().unwrap());
            obstacles.iter().map(Obstacle::kind).filter(|kind| *kind != "memlock").collect()
        }

        fn steps(&self, users: Option<&str>) -> Vec<String> {
            let steps = self.system().binding(ADDRESS.parse().unwrap(), users).unwrap();
            let root = format!("{}/", self.0.path().display());
            steps.iter().map(|step| step.to_string().replace(&root, "/")).collect()
        }
    }

    #[test]
    fn only_cards_are_listed() {
        let machine = Machine::new();
        machine.write("sys/bus/pci/devices/0000:01:00.0/vendor", "0x144d\n");
        machine.write("sys/bus/pci/devices/0000:01:00.0/device", "0x5053\n");
        machine.write("sys/bus/pci/devices/nonsense/vendor", "0x10ee\n");
        assert_eq!(machine.system().cards().unwrap(), [ADDRESS.parse().unwrap()]);
        assert_eq!(System::new(machine.0.path().join("empty")).cards().unwrap(), []);
    }

    #[test]
    fn each_obstacle_is_found_until_none_is_left() {
        let machine = Machine::new();
        let missing = "0000:66:00.0".parse().unwrap();
        assert_eq!(machine.system().obstacles(missing), [Obstacle::Missing]);
        assert_eq!(machine.kinds(), ["driver", "iommu"]);
        machine.link("driver", "sys/bus/pci/drivers/nvme");
        assert_eq!(
            machine.system().obstacles(ADDRESS.parse().unwrap())[0],
            Obstacle::Driver { driver: Some("nvme".into()) }
        );
        machine.link("driver", "sys/bus/pci/drivers/vfio-pci");
        assert_eq!(machine.kinds(), ["iommu"]);
        machine.link("iommu_group", "sys/kernel/iommu_groups/7");
        machine.write("sys/kernel/iommu_groups/7/devices/0000:65:00.0", "");
        machine.write("sys/kernel/iommu_groups/7/devices/0000:65:00.1", "");
        assert_eq!(machine.kinds(), ["group", "node", "node"]);
        fs::remove_file(machine.0.path().join("sys/kernel/iommu_groups/7/devices/0000:65:00.1")).unwrap();
        machine.write("dev/vfio/vfio", "");
        assert_eq!(machine.kinds(), ["node"]);
        machine.write("dev/vfio/7", "");
        assert_eq!(machine.kinds(), [""; 0]);
        machine.write("sys/kernel/iommu_groups/7/name", "vfio-noiommu\n");
        machine.write("sys/module/vfio_iommu_type1/parameters/allow_unsafe_interrupts", "Y\n");
        assert_eq!(machine.kinds(), ["iommu", "interrupts"]);
    }

    #[test]
    fn binding_takes_what_is_missing_and_no_more() {
        let machine = Machine::new();
        let device = format!("/sys/bus/pci/devices/{ADDRESS}");
        let probe = format!("echo {ADDRESS} > /sys/bus/pci/drivers_probe");
        let set = format!("echo vfio-pci > {device}/driver_override");
        assert_eq!(machine.steps(None), ["modprobe vfio-pci", &set, &probe]);
        machine.link("driver", "sys/bus/pci/drivers/nvme");
        fs::create_dir_all(machine.0.path().join("sys/bus/pci/drivers/vfio-pci")).unwrap();
        let unbind = format!("echo {ADDRESS} > {device}/driver/unbind");
        assert_eq!(machine.steps(None), [set.as_str(), &unbind, &probe]);
        machine.link("driver", "sys/bus/pci/drivers/vfio-pci");
        machine.link("iommu_group", "sys/kernel/iommu_groups/7");
        assert_eq!(machine.steps(None), [""; 0]);
        assert_eq!(machine.steps(Some("penstock")), ["chgrp penstock /dev/vfio/7", "chmod 0660 /dev/vfio/7"]);
    }

    #[test]
    fn steps_print_as_words_that_a_shell_reads_back() {
        let run =
            |argument: &str| Step::Run { program: "chgrp", arguments: vec![argument.into(), "/dev/vfio/7".into()] };
        for name in ["kvm; rm -rf /", "domain users", "it's", "$(id)", "`id`", "a\\b", "*", ""] {
            let words = shlex::split(&run(name).to_string()).unwrap();
            assert_eq!(words, ["chgrp", name, "/dev/vfio/7"]);
        }
        assert_eq!(run("kvm").to_string(), "chgrp kvm /dev/vfio/7");
        let write = Step::Write { path: "/a b/unbind".into(), text: "0000:65:00.0".into() };
        assert_eq!(write.to_string(), "echo 0000:65:00.0 > '/a b/unbind'");
    }

    #[test]
    fn devices_that_are_no_cards_are_not_taken_away() {
        let machine = Machine::new();
        machine.write("sys/bus/pci/devices/0000:01:00.0/vendor", "0x144d\n");
        machine.write("sys/bus/pci/devices/0000:01:00.0/device", "0xa808\n");
        for (address, part) in [("0000:01:00.0", "no Penstock card"), ("0000:02:00.0", "no such device")] {
            let error = machine.system().binding(address.parse().unwrap(), None).unwrap_err();
            assert!(error.to_string().contains(part), "{error}");
        }
    }

    #[test]
    fn steps_write_and_report_what_the_system_refuses() {
        let machine = Machine::new();
        let path = machine.0.path().join("file");
        Step::Write { path: path.clone(), text: "vfio-pci".into() }.apply().unwrap();
        assert_eq!(fs::read_to_string(path).unwrap(), "vfio-pci");
        let nowhere = Step::Write { path: machine.0.path().join("no/file"), text: String::new() };
        assert!(nowhere.apply().unwrap_err().to_string().contains("root"));
        assert!(Step::Run { program: "false", arguments: Vec::new() }.apply().is_err());
    }
}
