//! Where the command meets the rest of the machine: places for results, locks, threads, terminals, full streams.

use crate::people::{ALICE, BOB, ONE, example, transfer};
use crate::run::{penstock, ran, run, shared_data, text};
use rustix::process::geteuid;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileTypeExt, symlink};
use std::path::Path;
use std::process::{Command, Stdio};

fn dev<'a>(out: &'a str, more: &[&'a str]) -> crate::run::Ran {
    run(["srs", "dev", "--k", "4", "--out", out, "--json"].into_iter().chain(more.iter().copied()))
}

#[test]
fn a_result_replaces_only_what_is_of_its_own_format_and_origin() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let ceremony = at("ceremony.ptau");
    fs::copy(example("../prover/tests/ptau/ceremony.ptau"), &ceremony).unwrap();
    let before = fs::read(&ceremony).unwrap();
    let import = |out: &str, more: &[&str]| {
        let words = ["srs", "import", text(&ceremony), "--k", "4", "--out", out, "--json"];
        run(words.into_iter().chain(more.iter().copied()))
    };
    import(text(&ceremony), &[]).failure(2, "output_taken", &["no setup", "--force"]);
    import(text(&ceremony), &["--force"]).failure(2, "output", &["is what is read"]);
    assert_eq!(fs::read(&ceremony).unwrap(), before);

    let imported = at("imported.srs");
    import(text(&imported), &[]).success();
    import(text(&imported), &[]).success();
    let secure = fs::read(&imported).unwrap();
    dev(text(&imported), &[]).failure(2, "output_taken", &["imported.srs"]);
    let block = at("block.json");
    fs::write(&block, "{}").unwrap();
    dev(text(&block), &[]).failure(2, "output_taken", &["block.json"]);
    assert_eq!((fs::read(&imported).unwrap(), fs::read(&block).unwrap()), (secure, b"{}".to_vec()));
    dev(text(&block), &["--force"]).success();
    dev(text(&block), &[]).success();
}

#[test]
fn a_result_goes_to_regular_files_only_and_through_links() {
    let folder = tempfile::tempdir().unwrap();
    for (out, what) in [("/dev/null", "a device"), (text(folder.path()), "a folder"), ("-", "standard output")] {
        dev(out, &["--force"]).failure(2, "output", &[what]);
    }
    assert!(fs::metadata("/dev/null").unwrap().file_type().is_char_device());
    let (link, target) = (folder.path().join("link.srs"), folder.path().join("target.srs"));
    symlink(&target, &link).unwrap();
    dev(text(&link), &[]).success();
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink() && target.is_file());
}

#[test]
fn files_of_others_beside_a_result_are_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let names = [".env.local", ".env.AbC123", ".env.json.x7", "env.lock"];
    for name in names {
        fs::write(folder.path().join(name), name).unwrap();
    }
    dev(text(&folder.path().join("env")), &[]).success();
    for name in names {
        assert_eq!(fs::read_to_string(folder.path().join(name)).unwrap(), name);
    }
}

#[test]
fn a_place_without_a_folder_or_with_a_file_for_one_is_told_before_the_work() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("file"), "").unwrap();
    let out = folder.path().join("file/proof.json");
    run(["demo", "--out", text(&out), "--json"]).failure(8, "system", &["proof.json"]);
    let state = folder.path().join("state");
    run(["state", "init", "--state", text(&state), "--json"]).success();
    let block = example("block.json");
    run(["prove", text(&block), "--state", text(&state), "--out", text(folder.path()), "--json"]).failure(
        2,
        "output",
        &["a folder"],
    );
}

#[test]
fn whoever_waits_for_another_process_says_so_and_may_give_up() {
    let folder = tempfile::tempdir().unwrap();
    let data = text(folder.path());
    fs::create_dir(folder.path().join("setups")).unwrap();
    let mut lock = File::create(folder.path().join("setups/insecure-k4.srs.lock")).unwrap();
    lock.write_all(b"process 1 (a slow one)").unwrap();
    lock.lock().unwrap();
    let arguments = ["srs", "dev", "--k", "4", "--data", data, "--json"];
    let error = run(arguments.into_iter().chain(["--lock-timeout", "0.1"]));
    error.failure(8, "locked", &["process 1", "insecure-k4.srs.lock"]);

    lock.write_all(b" \x1b[2J").unwrap();
    let mut child = penstock(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stderr.take().unwrap()).read_line(&mut line).unwrap();
    assert!(line.contains("waiting for process 1 (a slow one) \\u{1b}[2J, which holds"), "{line:?}");
    lock.unlock().unwrap();
    assert!(child.wait().unwrap().success());
}

#[test]
fn a_system_that_grants_no_threads_is_served_by_one() {
    let folder = tempfile::tempdir().unwrap();
    let (program, data) = (folder.path().join("penstock"), folder.path().join("data"));
    // The checkout may be closed to others.
    fs::copy(env!("CARGO_BIN_EXE_penstock"), &program).unwrap();
    fs::create_dir(&data).unwrap();
    let limited = ["prlimit", "--nproc=1", text(&program)];
    // The superuser has no limit: somebody who has no other process is asked.
    let mut command = Command::new(if geteuid().is_root() { "setpriv" } else { limited[0] });
    if geteuid().is_root() {
        command.args(["--reuid=64321", "--regid=64321", "--clear-groups"]).args(limited);
    } else {
        command.args(&limited[1..]);
    }
    command.current_dir(folder.path());
    open_to_all(folder.path());
    open_to_all(&data);
    command.args(["srs", "dev", "--k", "6", "--data", text(&data), "--json"]);
    let ran = ran(command.output().unwrap());
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(!ran.stderr.contains("panicked"), "{ran:?}");
}

fn open_to_all(folder: &Path) {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(folder, fs::Permissions::from_mode(0o777)).unwrap();
}

#[test]
fn a_name_that_is_no_text_is_a_place_like_any_other() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join(OsStr::from_bytes(b"s\xffp.srs"));
    let mut command = penstock(["srs", "dev", "--k", "4", "--json", "--out"]);
    let told = ran(command.arg(&out).output().unwrap()).success();
    assert!(out.is_file() && told["file"].as_str().unwrap().contains('\u{fffd}'), "{told}");
}

#[test]
fn a_report_that_nobody_can_read_is_told_apart_from_a_failure() {
    let folder = tempfile::tempdir().unwrap();
    let key = folder.path().join("key");
    let full = File::options().write(true).open("/dev/full").unwrap();
    let mut command = penstock(["sign", "--new-key", "--out", text(&key)]);
    let ran = ran(command.stdout(full).stderr(Stdio::piped()).spawn().unwrap().wait_with_output().unwrap());
    assert!(ran.code == 9 && ran.stderr.contains("the new key is in") && key.is_file(), "{ran:?}");
}

#[test]
fn text_from_outside_reaches_neither_terminal_nor_log_raw() {
    let folder = tempfile::tempdir().unwrap();
    let block = folder.path().join("block.json");
    let long = "7".repeat(1 << 20);
    for amount in ["1\u{1b}[2J\nerror: all is well\r\u{202e}", long.as_str()] {
        let mut content = serde_json::json!({ "number": 1, "timestamp": 0, "operations": [{ "transfer": transfer(ALICE, BOB, ONE, 0) }] });
        content["operations"][0]["transfer"]["amount"] = amount.into();
        fs::write(&block, content.to_string()).unwrap();
        let ran = run(["demo", "--block", text(&block), "--json"]);
        assert_eq!(ran.code, 3, "{ran:?}");
        let lines: Vec<&str> = ran.stderr.lines().collect();
        assert!(lines.len() == 1 && !lines[0].chars().any(char::is_control), "{ran:?}");
        assert!(
            !ran.stderr.contains('\u{202e}') && ran.stderr.len() + ran.stdout.len() < 20_000,
            "{}",
            ran.stderr.len()
        );
    }
    let ran = run(["mint\u{1b}[31m\u{7}"]);
    assert!(ran.code == 2 && !ran.stderr.contains(['\u{1b}', '\u{7}']), "{ran:?}");
}

#[test]
fn usage_errors_name_themselves_once() {
    let message = run(["prove", "--json"]).failure(2, "usage", &[])["message"].as_str().unwrap().to_owned();
    assert!(!message.contains("error:"), "{message}");
}

#[test]
fn messages_are_json_lines_on_request() {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("state");
    let ran = run(["state", "init", "--state", text(&state), "--log", "json"]);
    let event: serde_json::Value = serde_json::from_str(ran.stderr.lines().next().unwrap()).unwrap();
    assert_eq!(event["level"], "WARN");
    assert!(event["message"].as_str().unwrap().contains("sample genesis"), "{event}");
}

#[test]
fn a_terminal_shows_what_is_done_and_how_far_it_is() {
    let terminal = rustix::pty::openpt(rustix::pty::OpenptFlags::RDWR | rustix::pty::OpenptFlags::NOCTTY).unwrap();
    rustix::pty::grantpt(&terminal).unwrap();
    rustix::pty::unlockpt(&terminal).unwrap();
    let name = rustix::pty::ptsname(&terminal, Vec::new()).unwrap();
    let size = rustix::termios::Winsize { ws_row: 24, ws_col: 100, ws_xpixel: 0, ws_ypixel: 0 };
    rustix::termios::tcsetwinsize(&terminal, size).unwrap();
    let slave = File::options().read(true).write(true).open(OsStr::from_bytes(name.as_bytes())).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("large.srs");
    let mut command = penstock(["srs", "dev", "--k", "15", "--out", text(&out)]);
    let mut child = command.stdout(Stdio::null()).stderr(slave).env("TERM", "xterm").spawn().unwrap();
    drop(command);
    let (mut shown, mut bytes) = (Vec::new(), [0; 4096]);
    let mut terminal = File::from(terminal);
    // Reading fails once the other side is closed.
    while let Ok(count @ 1..) = terminal.read(&mut bytes) {
        shown.extend_from_slice(&bytes[..count]);
    }
    assert!(child.wait().unwrap().success());
    let shown = String::from_utf8_lossy(&shown).into_owned();
    assert!(shown.contains("INSECURE setup") && shown.contains(" %, "), "{shown:?}");
    assert!(shown.contains('█') && shown.contains('░'), "{shown:?}");
}

#[test]
fn a_proof_whose_place_has_gone_is_kept_and_taken_up() {
    let folder = tempfile::tempdir().unwrap();
    let (state, place) = (folder.path().join("state"), folder.path().join("place"));
    run(["state", "init", "--state", text(&state), "--json"]).success();
    // The keys are there afterwards, so that the proof begins at once.
    run(["demo", "--json"]).success();
    let (block, out) = (example("block.json"), place.join("proof.json"));
    let arguments = ["prove", text(&block), "--state", text(&state), "--out", text(&out), "--any-time", "--json"];
    let mut child = penstock(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    // The warning comes right before the proof.
    let mut line = String::new();
    while !line.contains("INSECURE") {
        line.clear();
        assert_ne!(stderr.read_line(&mut line).unwrap(), 0);
    }
    fs::remove_dir(&place).unwrap();
    fs::write(&place, "no folder any more").unwrap();
    let mut rest = String::new();
    stderr.read_to_string(&mut rest).unwrap();
    let failed = ran(child.wait_with_output().unwrap());
    let error = failed.json()["error"].clone();
    assert_eq!((failed.code, &error["exit_code"]), (8, &8.into()), "{failed:?}");
    assert!(error["message"].as_str().unwrap().contains("the proof is kept in"), "{error}");
    assert_eq!(run(["state", "show", "--state", text(&state), "--json"]).success()["number"], 0);

    fs::remove_file(&place).unwrap();
    let again = run(arguments).success();
    assert_eq!(again["resumed"], true);
    assert!(out.is_file());
    let kept = fs::read_dir(shared_data().join("proofs")).unwrap().flatten();
    assert!(!kept.into_iter().any(|file| file.file_name().to_string_lossy().len() > 60), "a kept proof stays");
}

#[test]
fn a_picture_of_the_block_shows_chains_operations_and_roots() {
    let folder = tempfile::tempdir().unwrap();
    let (out, svg) = (folder.path().join("demo.json"), folder.path().join("block.svg"));
    let ran = run(["demo", "--out", text(&out), "--svg", text(&svg)]);
    assert!(ran.code == 0 && ran.stdout.contains("try next"), "{ran:?}");
    let drawn = fs::read_to_string(&svg).unwrap();
    let record: serde_json::Value = serde_json::from_str(&fs::read_to_string(&out).unwrap()).unwrap();
    let root = &record["block"]["new_root"].as_str().unwrap()[..10];
    for word in ["Ethereum", "Polygon PoS", "Linea", "order_matching", "deposited", root] {
        assert!(drawn.contains(word), "{word}");
    }
    let operations = record["block"]["operations"].as_array().unwrap().len();
    let chains = drawn.matches("#eef2f7").count();
    assert_eq!(drawn.matches("<rect").count(), 1 + operations + chains);
    fs::write(&svg, "letters").unwrap();
    run(["demo", "--svg", text(&svg), "--json"]).failure(2, "output_taken", &["no picture"]);
}

#[test]
fn completions_and_manual_pages_come_from_the_arguments() {
    let script = run(["completions", "bash"]).stdout;
    assert!(script.contains("--lock-timeout") && script.contains("selftest"), "{script}");
    let syntax = Command::new("bash").args(["-n", "-c", &script]).status().unwrap();
    assert!(syntax.success());
    let folder = tempfile::tempdir().unwrap();
    let written = run(["man", text(folder.path()), "--json"]).success();
    assert!(written["pages"].as_u64().unwrap() > 20, "{written}");
    let page = fs::read_to_string(folder.path().join("penstock-prove.1")).unwrap();
    assert!(page.contains(".TH") && page.contains("PROOF.json"), "{page}");
}
