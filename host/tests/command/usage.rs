//! Arguments, output streams and memory.

use crate::run::{penstock, ran, run};
use std::fs::File;
use std::process::{Command, Stdio};

#[test]
fn wrong_arguments_are_usage_errors() {
    let cases: [&[&str]; 12] = [
        &[],
        &["mint"],
        &["demo", "--preset", "gigantic"],
        &["demo", "--engine", "abacus"],
        &["demo", "--engine", "card:vfio:65"],
        &["demo", "--fallback", "card:model"],
        &["demo", "--card-timeout", "0"],
        &["card", "info"],
        &["prove"],
        &["prove", "b.json", "--state", "s", "--out", "p", "--seed", "12"],
        &["bench", "prove"],
        &["sign"],
    ];
    for arguments in cases {
        let people = run(arguments.iter().copied());
        assert_eq!((people.code, people.stdout.as_str()), (2, ""), "{arguments:?}");
        assert!(!people.stderr.is_empty());
        run(arguments.iter().copied().chain(["--json"])).failure(2, "usage", &[]);
    }
}

#[test]
fn help_and_version_are_no_errors() {
    assert!(run(["--version"]).stdout.contains(env!("CARGO_PKG_VERSION")));
    let help = run(["--help"]);
    assert!(help.code == 0 && help.stdout.contains("Exit codes"), "{help:?}");
}

#[test]
fn presets_say_what_they_hold_and_cost() {
    let value = run(["presets", "--json"]).success();
    let names: Vec<_> = value["presets"].as_array().unwrap().iter().map(|preset| preset["preset"].clone()).collect();
    assert_eq!(names, ["tiny", "small", "medium", "large"]);
    let tiny = &value["presets"][0];
    assert_eq!((&tiny["k"], &tiny["chains"], &tiny["operations"]["deposit"]), (&14.into(), &8.into(), &3.into()));
    assert!(value["cells"]["transfer"].as_u64().unwrap() < value["cells"]["order_matching"].as_u64().unwrap());
    let text = run(["presets"]).stdout;
    assert!(text.contains("order_matching") && text.contains("advice columns"), "{text}");
}

#[test]
fn a_full_device_behind_stdout_is_told_and_a_closed_pipe_is_not() {
    let full = File::options().write(true).open("/dev/full").unwrap();
    let full =
        ran(penstock(["presets"]).stdout(full).stderr(Stdio::piped()).spawn().unwrap().wait_with_output().unwrap());
    assert!(full.code == 9 && full.stderr.contains("stdout"), "{full:?}");
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let closed = ran(penstock(["presets"]).stdout(writer).output().unwrap());
    assert_eq!((closed.code, closed.stderr.as_str()), (0, ""));
}

#[test]
fn too_little_memory_is_told_before_the_work() {
    let limited = format!("ulimit -v 1000000; exec {} demo --preset medium --json", env!("CARGO_BIN_EXE_penstock"));
    // One thread: the stacks of many would take the address space.
    let output = Command::new("sh").args(["-c", &limited]).env("RAYON_NUM_THREADS", "1").output().unwrap();
    let error = ran(output).failure(6, "memory", &["medium", "MiB"]);
    assert!(error["needed_mib"].as_u64().unwrap() > error["available_mib"].as_u64().unwrap());
}

#[test]
fn memory_that_runs_out_in_the_midst_of_the_work_has_its_exit_code() {
    let folder = tempfile::tempdir().unwrap();
    let limited = format!("ulimit -v 100000; exec {} srs dev --k 20", env!("CARGO_BIN_EXE_penstock"));
    let mut command = Command::new("sh");
    command.args(["-c", &limited]).env("RAYON_NUM_THREADS", "1").env("PENSTOCK_DATA", folder.path());
    let ran = ran(command.output().unwrap());
    assert!(ran.code == 6 && ran.stderr.contains("memory allocation of"), "{ran:?}");
}
