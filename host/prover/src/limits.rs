//! Memory that this process may still take.
//!
//! Four limits hold at once: what the machine has free, what every control group from this process's own up to the root
//! allows, and the process's address space. Control groups nest, and come in two versions that may stand side by side:
//! `/proc/self/cgroup` names the groups, `/proc/self/mountinfo` says where they are to be found. In a container the named group may lie
//! outside of what is mounted; then the mounted root is the container's own group.

use procfs::process::{MountInfos, Process};
use procfs::{Current, Meminfo, ProcessCGroups};
use rustix::process::{Resource, getrlimit};
use std::fs;
use std::path::{Path, PathBuf};

/// Bytes that this process may still take; `None` where nothing is known.
pub fn available_memory() -> Option<u64> {
    let machine = Meminfo::current().ok().and_then(|memory| memory.mem_available);
    let process = Process::myself().ok();
    let groups =
        process.as_ref().and_then(|process| group_memory(&process.cgroups().ok()?, &process.mountinfo().ok()?));
    let taken = process.and_then(|process| process.status().ok()?.vmsize).unwrap_or(0) * 1024;
    let space = getrlimit(Resource::As).current.map(|limit| limit.saturating_sub(taken));
    [machine, groups, space].into_iter().flatten().min()
}

/// What a version of control groups calls its files.
struct Version {
    limit: &'static str,
    usage: &'static str,
    /// In `memory.stat`: what the kernel drops when memory runs short.
    reclaimable: &'static str,
}

const V1: Version =
    Version { limit: "memory.limit_in_bytes", usage: "memory.usage_in_bytes", reclaimable: "total_inactive_file" };
const V2: Version = Version { limit: "memory.max", usage: "memory.current", reclaimable: "inactive_file" };

/// Bytes left within the tightest of the groups' limits.
fn group_memory(groups: &ProcessCGroups, mounts: &MountInfos) -> Option<u64> {
    let memory = groups.0.iter().filter_map(|group| {
        let version = match group.hierarchy {
            0 => &V2,
            _ if group.controllers.iter().any(|name| name == "memory") => &V1,
            _ => return None,
        };
        let mount = mounts.0.iter().find(|mount| match version.limit == V2.limit {
            true => mount.fs_type == "cgroup2",
            false => mount.fs_type == "cgroup" && mount.super_options.contains_key("memory"),
        })?;
        let within = Path::new(&group.pathname).strip_prefix(&mount.root).unwrap_or(Path::new(""));
        let folders: Vec<PathBuf> = within.ancestors().map(|folder| mount.mount_point.join(folder)).collect();
        folders.iter().filter_map(|folder| left(folder, version)).min()
    });
    memory.min()
}

/// Bytes left within one group's limit, if it has one.
fn left(group: &Path, version: &Version) -> Option<u64> {
    let number = |file: &str| fs::read_to_string(group.join(file)).ok()?.trim().parse::<u64>().ok();
    let limit = number(version.limit)?;
    let statistics = fs::read_to_string(group.join("memory.stat")).unwrap_or_default();
    let reclaimable = statistics
        .lines()
        .filter_map(|line| line.split_once(' '))
        .find_map(|(name, bytes)| if name == version.reclaimable { bytes.parse::<u64>().ok() } else { None });
    let taken = number(version.usage)?.saturating_sub(reclaimable.unwrap_or(0));
    Some(limit.saturating_sub(taken))
}

#[cfg(test)]
mod tests {
    use super::*;
    use procfs::FromBufRead;

    /// A group's folder with a limit, what is taken, and what of that could be dropped.
    fn group(folder: &Path, version: &Version, limit: &str, usage: u64, reclaimable: u64) {
        fs::create_dir_all(folder).unwrap();
        fs::write(folder.join(version.limit), format!("{limit}\n")).unwrap();
        fs::write(folder.join(version.usage), format!("{usage}\n")).unwrap();
        let statistics = format!("cache 7\n{} {reclaimable}\nrss 3\n", version.reclaimable);
        fs::write(folder.join("memory.stat"), statistics).unwrap();
    }

    fn memory(groups: &str, mounts: &str) -> Option<u64> {
        let groups = ProcessCGroups::from_buf_read(groups.as_bytes()).unwrap();
        group_memory(&groups, &MountInfos::from_buf_read(mounts.as_bytes()).unwrap())
    }

    #[test]
    fn the_tightest_of_nested_groups_counts() {
        let root = tempfile::tempdir().unwrap();
        let at = root.path();
        group(&at.join("outer"), &V2, "1000", 700, 100);
        group(&at.join("outer/inner"), &V2, "900", 100, 0);
        group(&at.join("outer/inner/own"), &V2, "max", 50, 0);
        let mounts = format!("30 24 0:26 / {} rw - cgroup2 cgroup2 rw\n", at.display());
        assert_eq!(memory("0::/outer/inner/own\n", &mounts), Some(400));
        assert_eq!(memory("0::/elsewhere\n", &mounts), None);
    }

    #[test]
    fn the_first_version_is_read_beside_the_second() {
        let root = tempfile::tempdir().unwrap();
        let at = root.path();
        group(&at.join("memory/box"), &V1, "5000", 3000, 500);
        group(&at.join("unified"), &V2, "max", 0, 0);
        let mounts = format!(
            "30 24 0:26 / {0}/unified rw - cgroup2 cgroup2 rw\n31 24 0:27 / {0}/cpu rw - cgroup cgroup rw,cpu\n\
             32 24 0:28 / {0}/memory rw - cgroup cgroup rw,memory\n",
            at.display()
        );
        assert_eq!(memory("5:cpu:/box\n4:memory:/box\n0::/\n", &mounts), Some(2500));
    }

    #[test]
    fn a_container_that_sees_only_its_own_group_finds_it_at_the_mount() {
        let root = tempfile::tempdir().unwrap();
        group(root.path(), &V2, "800", 300, 0);
        for mounted in ["/docker/box", "/another/box"] {
            let mounts = format!("30 24 0:26 {mounted} {} rw - cgroup2 cgroup2 rw\n", root.path().display());
            assert_eq!(memory("0::/docker/box\n", &mounts), Some(500));
        }
    }

    #[test]
    fn this_machine_says_what_is_free() {
        assert!(available_memory().unwrap() > 0);
    }
}
