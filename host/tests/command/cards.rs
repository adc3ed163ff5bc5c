//! `penstock card`: found, bound, shown, checked and measured.

use crate::card::Served;
use crate::run::{penstock, ran, run, text};
use penstock_sim::model::Fault;
use serde_json::{Value, json};
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;

const CARD: &str = "0000:65:00.0";

/// The sys and dev of a machine with a card that nvme has and a disk that vfio-pci has, each alone behind an IOMMU.
struct Machine(TempDir);

impl Machine {
    fn new() -> Self {
        let machine = Self(tempfile::tempdir().unwrap());
        for (device, id, driver, group) in [(CARD, "0x5053", "nvme", "7"), ("0000:01:00.0", "0xa808", "vfio-pci", "8")]
        {
            let (folder, driver) = (format!("sys/bus/pci/devices/{device}"), format!("sys/bus/pci/drivers/{driver}"));
            machine.write(&format!("{folder}/vendor"), "0x10ee\n");
            machine.write(&format!("{folder}/device"), &format!("{id}\n"));
            machine.write(&format!("{driver}/unbind"), "");
            machine.write(&format!("sys/kernel/iommu_groups/{group}/devices/{device}"), "");
            machine.write(&format!("dev/vfio/{group}"), "");
            symlink(machine.path(&driver), machine.path(&format!("{folder}/driver"))).unwrap();
            let group = machine.path(&format!("sys/kernel/iommu_groups/{group}"));
            symlink(group, machine.path(&format!("{folder}/iommu_group"))).unwrap();
        }
        machine.write("dev/vfio/vfio", "");
        machine
    }

    fn path(&self, path: &str) -> PathBuf {
        self.0.path().join(path)
    }

    fn write(&self, path: &str, text: &str) {
        fs::create_dir_all(self.path(path).parent().unwrap()).unwrap();
        fs::write(self.path(path), text).unwrap();
    }

    fn read(&self, path: &str) -> String {
        fs::read_to_string(self.path(path)).unwrap()
    }

    /// As the kernel does it when it is told to probe.
    fn bound(&self) {
        let link = self.path(&format!("sys/bus/pci/devices/{CARD}/driver"));
        fs::remove_file(&link).unwrap();
        symlink(self.path("sys/bus/pci/drivers/vfio-pci"), link).unwrap();
    }

    fn root(&self) -> &str {
        text(self.0.path())
    }
}

fn kinds(card: &Value) -> Vec<&str> {
    card["obstacles"].as_array().unwrap().iter().map(|obstacle| obstacle["kind"].as_str().unwrap()).collect()
}

#[test]
fn cards_are_listed_with_what_keeps_them_from_being_opened() {
    let machine = Machine::new();
    let list = || run(["card", "list", "--root", machine.root(), "--json"]).success()["cards"].clone();
    let cards = list();
    assert_eq!(cards.as_array().unwrap().len(), 1, "the disk is none: {cards}");
    let card = &cards[0];
    assert_eq!((&card["address"], &card["driver"]), (&"vfio:0000:65:00.0".into(), &"nvme".into()));
    assert_eq!((&card["usable"], kinds(card)[0]), (&false.into(), "driver"));
    machine.bound();
    machine.write(&format!("sys/kernel/iommu_groups/7/devices/{CARD}.other"), "");
    assert_eq!(kinds(&list()[0])[0], "group");
    let people = run(["card", "list", "--root", machine.root()]).stdout;
    assert!(people.contains("shares its IOMMU group 7"), "{people}");
    let none = run(["card", "list", "--root", text(&machine.path("dev"))]);
    assert!(none.code == 0 && none.stdout.contains("no Penstock card"), "{none:?}");
}

/// As somebody who is not root and may lock 64 KiB of memory.
#[test]
fn permissions_and_limits_of_the_user_are_told() {
    let machine = Machine::new();
    machine.bound();
    fs::set_permissions(machine.0.path(), fs::Permissions::from_mode(0o755)).unwrap();
    fs::set_permissions(machine.path("dev/vfio/vfio"), fs::Permissions::from_mode(0o666)).unwrap();
    fs::set_permissions(machine.path("dev/vfio/7"), fs::Permissions::from_mode(0o000)).unwrap();
    // The binary's own folder may be closed to others.
    let program = machine.path("penstock");
    fs::copy(env!("CARGO_BIN_EXE_penstock"), &program).unwrap();
    let script = format!("ulimit -l 64; exec {} card list --root {} --json", program.display(), machine.root());
    let mut command = Command::new("sh");
    command.args(["-c", &script]);
    if rustix::process::geteuid().is_root() {
        command.uid(65534).gid(65534);
    }
    let cards = ran(command.output().unwrap()).success()["cards"].clone();
    assert_eq!(kinds(&cards[0]), ["permission", "memlock"], "{cards}");
    assert!(cards[0]["obstacles"][1]["reason"].as_str().unwrap().contains("64 KiB"));
}

#[test]
fn binding_prints_its_steps_and_takes_them_only_when_told_to() {
    let machine = Machine::new();
    let bind = |more: &[&str]| {
        let fixed = ["card", "bind", CARD, "--root", machine.root(), "--json"];
        run(fixed.into_iter().chain(more.iter().copied())).success()
    };
    let folder = format!("sys/bus/pci/devices/{CARD}");
    let printed = bind(&[]);
    let steps: Vec<&str> = printed["steps"].as_array().unwrap().iter().map(|step| step.as_str().unwrap()).collect();
    let at = |path: &str| machine.path(path).display().to_string();
    assert_eq!(
        steps,
        [
            format!("echo vfio-pci > {}", at(&format!("{folder}/driver_override"))),
            format!("echo {CARD} > {}", at(&format!("{folder}/driver/unbind"))),
            format!("echo {CARD} > {}", at("sys/bus/pci/drivers_probe")),
        ]
    );
    assert!(!machine.path(&format!("{folder}/driver_override")).exists());
    assert_eq!(bind(&["--apply"])["applied"], true);
    assert_eq!(machine.read(&format!("{folder}/driver_override")), "vfio-pci");
    assert_eq!(machine.read("sys/bus/pci/drivers/nvme/unbind"), CARD);
    assert_eq!(machine.read("sys/bus/pci/drivers_probe"), CARD);
    machine.bound();
    assert_eq!(bind(&[])["steps"], json!([]));
    let refused = run(["card", "bind", "0000:01:00.0", "--root", machine.root(), "--apply", "--json"]);
    refused.failure(5, "card", &["0000:01:00.0", "no Penstock card"]);
}

#[test]
fn steps_are_printed_as_words_of_a_shell_and_groups_have_names() {
    let machine = Machine::new();
    machine.bound();
    let spaced = machine.path("a b");
    fs::create_dir(&spaced).unwrap();
    for folder in ["sys", "dev"] {
        symlink(machine.path(folder), spaced.join(folder)).unwrap();
    }
    let bind = |group: &str| run(["card", "bind", CARD, "--root", text(&spaced), "--group", group, "--json"]);
    let node = spaced.join("dev/vfio/7");
    let steps = bind("domain users").success()["steps"].clone();
    assert_eq!(
        steps,
        json!([format!("chgrp 'domain users' '{0}'", node.display()), format!("chmod 0660 '{0}'", node.display())])
    );
    for group in ["kvm; rm -rf /", "--reference=/etc/shadow", "", "$(id)", "a\nb"] {
        let group = format!("--group={group}");
        let fixed = ["card", "bind", CARD, "--root", text(&spaced), "--json", &group];
        for more in [None, Some("--apply")] {
            run(fixed.into_iter().chain(more)).failure(2, "usage", &["name of a group"]);
        }
    }
}

#[test]
fn a_socket_path_that_is_too_long_is_told_with_its_length() {
    let address = format!("sim:/tmp/{}", "s".repeat(200));
    let error = run(["card", "info", &address, "--json"]).failure(5, "card", &["205 bytes, at most 107"]);
    assert_eq!(error["cause"], "transport");
}

#[test]
fn a_card_is_shown_checked_and_measured() {
    let info = run(["card", "info", "model", "--json"]).success();
    assert_eq!((&info["card"], &info["simulated"], &info["abi"]), (&"model".into(), &true.into(), &"1.0".into()));
    assert!(info["msm"]["max_points"].as_u64() > Some(0) && info["poseidon"]["lanes"].as_u64() > Some(0), "{info}");
    let checked = run(["card", "selftest", "model", "--json"]).success();
    assert_eq!((&checked["passed"], checked["checks"].as_array().unwrap().len()), (&true.into(), 4));
    let load = ["--points", "512", "--hashes", "64", "--rounds", "1", "--commands", "20", "--json"];
    let measured = run(["card", "bench", "model"].into_iter().chain(load)).success();
    for figure in [
        "/msm/per_second",
        "/msm/cycles",
        "/poseidon/per_second",
        "/poseidon/cycles",
        "/latency/p50_microseconds",
        "/latency/p99_microseconds",
        "/dma/bytes_per_second",
    ] {
        assert!(measured.pointer(figure).and_then(Value::as_f64).is_some_and(|figure| figure > 0.0), "{figure}");
    }
    let polled = run(["card", "bench", "model", "--polling"].into_iter().chain(load)).success();
    assert_eq!((&measured["waiting"], &polled["waiting"]), (&"interrupts".into(), &"polling".into()));
}

#[test]
fn a_card_that_computes_wrongly_fails_its_self_test() {
    let served = Served::start();
    // Identify, self-test, bases, and then the sum.
    served.inject(Fault::CorruptInput, 3);
    let error = run(["card", "selftest", &served.address(), "--json"]).failure(5, "card", &["sums: "]);
    assert!(!error["message"].as_str().unwrap().contains("hashes"), "{error}");
    run(["card", "selftest", &served.address(), "--json"]).success();
}

#[test]
fn cards_that_are_not_there_are_errors_with_a_reason() {
    let nowhere = Path::new("/nonexistent/card.sock");
    let address = format!("sim:{}", nowhere.display());
    let error = run(["card", "info", &address, "--json"]).failure(5, "card", &["/nonexistent/card.sock"]);
    assert_eq!(error["cause"], "transport");
    run(["card", "info", "vfio:ffff:ff:1f.7", "--json"]).failure(5, "card", &["no such device"]);
    for arguments in [["card", "info", "pci:1"], ["card", "bind", "65:00.0"]] {
        let mut command = penstock(arguments);
        ran(command.arg("--json").output().unwrap()).failure(2, "usage", &["0000:65:00.0"]);
    }
}
