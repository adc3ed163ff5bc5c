//! `penstock card flash`: only what was released for that board, whole and of this ABI; and whose bitstream a card says it is.

use crate::run::{penstock, ran, run, text};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use tempfile::TempDir;

const BITSTREAM: &[u8] = b"a bitstream";

/// A folder of released bitstreams with one board in it.
struct Releases(TempDir);

impl Releases {
    fn new() -> Self {
        Self::with("ulx3s-85f", &[])
    }

    /// With these of the manifest's entries replaced.
    fn with(board: &str, changed: &[(&str, Value)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut manifest = json!({
            "board": board,
            "abi": "1.0",
            "rtl": { "identity_register": "0011223344556677" },
            "bitstream": { "file": "card.bit", "sha256": hex::encode(Sha256::digest(BITSTREAM)) },
            "timing": { "ignored": true },
        });
        for (key, value) in changed {
            manifest[key] = value.clone();
        }
        let home = folder.path().join("ulx3s-85f");
        fs::create_dir(&home).unwrap();
        fs::write(home.join("card.bit"), BITSTREAM).unwrap();
        fs::write(home.join("manifest.json"), manifest.to_string()).unwrap();
        Self(folder)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join("ulx3s-85f").join(name)
    }

    fn arguments<'a>(&'a self, target: &'a str) -> [&'a str; 6] {
        ["card", "flash", target, "--bitstreams", text(self.0.path()), "--json"]
    }

    /// Refused with a message that holds all `parts`, and without the loader.
    fn refuses(&self, target: &str, parts: &[&str]) {
        let mut command = penstock(self.arguments(target));
        let loader = self.loader("exit 0");
        ran(command.env("PATH", text(&loader)).output().unwrap()).failure(3, "bitstream", parts);
        assert!(!loader.join("called").exists());
    }

    /// A folder with a loader that writes down its arguments and then does this.
    fn loader(&self, then: &str) -> PathBuf {
        let folder = self.0.path().join("bin");
        fs::create_dir_all(&folder).unwrap();
        let (program, called) = (folder.join("openFPGALoader"), folder.join("called"));
        fs::write(&program, format!("#!/bin/sh\necho \"$@\" > {}\n{then}\n", called.display())).unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
        folder
    }
}

#[test]
fn a_dry_run_prints_the_command_for_board_and_file() {
    let releases = Releases::new();
    let file = releases.path("card.bit");
    for target in ["ulx3s-85f", text(&file)] {
        let told = run(releases.arguments(target).into_iter().chain(["--dry-run"])).success();
        assert_eq!(told["command"], json!(["openFPGALoader", "--board", "ulx3s", "--write-flash", text(&file)]));
        assert_eq!((&told["done"], &told["rtl_checksum"]), (&json!(false), &json!("0011223344556677")));
    }
    let told = run(releases.arguments("ulx3s-85f").into_iter().chain(["--dry-run", "--volatile"])).success();
    assert_eq!(told["command"], json!(["openFPGALoader", "--board", "ulx3s", text(&file)]));
}

#[test]
fn the_loader_is_called_and_its_failure_is_told() {
    let releases = Releases::new();
    let loader = releases.loader("exit 0");
    let told = ran(penstock(releases.arguments("ulx3s-85f")).env("PATH", text(&loader)).output().unwrap()).success();
    assert_eq!(told["done"], true);
    let called = fs::read_to_string(loader.join("called")).unwrap();
    assert_eq!(called.trim(), format!("--board ulx3s --write-flash {}", releases.path("card.bit").display()));
    releases.loader("exit 3");
    let failed = ran(penstock(releases.arguments("ulx3s-85f")).env("PATH", text(&loader)).output().unwrap());
    failed.failure(5, "card", &["openFPGALoader failed", "3"]);
    let nowhere = ran(penstock(releases.arguments("ulx3s-85f")).env("PATH", "/nonexistent").output().unwrap());
    nowhere.failure(5, "card", &["cannot start openFPGALoader", "openfpgaloader"]);
}

#[test]
fn another_abi_is_refused() {
    for abi in ["2.0", "0.9", "1", "one.two"] {
        Releases::with("ulx3s-85f", &[("abi", abi.into())]).refuses("ulx3s-85f", &["ABI", abi, "1.0"]);
    }
    // Later minor versions add to what this driver uses.
    let later = Releases::with("ulx3s-85f", &[("abi", "1.7".into())]);
    run(later.arguments("ulx3s-85f").into_iter().chain(["--dry-run"])).success();
}

#[test]
fn a_damaged_or_missing_bitstream_is_refused() {
    let releases = Releases::new();
    fs::write(releases.path("card.bit"), b"b bitstream").unwrap();
    releases.refuses("ulx3s-85f", &["card.bit", "SHA-256"]);
    fs::remove_file(releases.path("card.bit")).unwrap();
    releases.refuses("ulx3s-85f", &["cannot read", "card.bit"]);
}

#[test]
fn another_boards_manifest_is_refused() {
    Releases::with("icebreaker", &[]).refuses("ulx3s-85f", &["is for icebreaker, not for ulx3s-85f"]);
    let releases = Releases::with("icebreaker", &[]);
    releases.refuses(text(&releases.path("card.bit")), &["icebreaker cannot be loaded", "ulx3s-85f"]);
    let releases = Releases::new();
    fs::write(releases.path("other.bit"), BITSTREAM).unwrap();
    releases.refuses(text(&releases.path("other.bit")), &["is for card.bit, not for"]);
}

#[test]
fn a_board_without_manifest_or_bitstream_is_refused() {
    let releases = Releases::new();
    fs::write(releases.path("manifest.json"), "{}").unwrap();
    releases.refuses("ulx3s-85f", &["manifest.json is no bitstream's manifest", "board"]);
    fs::remove_file(releases.path("manifest.json")).unwrap();
    releases.refuses("ulx3s-85f", &["cannot read", "manifest.json"]);
    releases.refuses("no-such-board", &["cannot read", "manifest.json"]);
    let mut manifest: Value =
        serde_json::from_slice(&fs::read(Releases::new().path("manifest.json")).unwrap()).unwrap();
    manifest.as_object_mut().unwrap().remove("bitstream");
    fs::write(releases.path("manifest.json"), manifest.to_string()).unwrap();
    releases.refuses("ulx3s-85f", &["only a recipe"]);
}

#[test]
fn a_board_that_has_a_recipe_and_nothing_else_is_told_so() {
    let releases = Releases::new();
    let home = releases.0.path().join("alveo");
    fs::create_dir(&home).unwrap();
    releases.refuses("alveo", &["cannot read", "manifest.json"]);
    fs::write(home.join("build.tcl"), "").unwrap();
    releases.refuses("alveo", &["no bitstream for alveo, only a recipe", "README.md"]);
    let repository = concat!(env!("CARGO_MANIFEST_DIR"), "/../bitstreams");
    run(["card", "flash", "alveo-u55c", "--bitstreams", repository, "--json"]).failure(
        3,
        "bitstream",
        &["only a recipe"],
    );
}

#[test]
fn a_manifest_has_one_form() {
    for changed in [json!(["card.bit", hex::encode(Sha256::digest(BITSTREAM))]), Value::Null] {
        Releases::with("ulx3s-85f", &[("bitstream", changed)]).refuses("ulx3s-85f", &["bitstream: invalid type"]);
    }
    Releases::with("ulx3s-85f", &[("rtl", json!(["0011223344556677"]))]).refuses("ulx3s-85f", &["rtl: invalid type"]);
    let releases = Releases::new();
    let text = fs::read_to_string(releases.path("manifest.json")).unwrap();
    fs::write(releases.path("manifest.json"), text.replacen('{', r#"{"abi": "1.0","#, 1)).unwrap();
    releases.refuses("ulx3s-85f", &["duplicate field `abi`"]);
    fs::write(releases.path("manifest.json"), format!("\u{feff}{text}")).unwrap();
    run(releases.arguments("ulx3s-85f").into_iter().chain(["--dry-run"])).success();
}

#[test]
fn a_card_is_shown_with_the_manifest_of_its_rtl() {
    let bare = Releases::new();
    let shown = |releases: &Releases| {
        run(["card", "info", "model", "--bitstreams", text(releases.0.path()), "--json"]).success()
    };
    let without = shown(&bare);
    assert_eq!(without["manifest"], Value::Null);
    let rtl = json!({ "identity_register": without["rtl_checksum"] });
    let releases = Releases::with("ulx3s-85f", &[("rtl", rtl)]);
    assert_eq!(shown(&releases)["manifest"], text(&releases.path("manifest.json")));
}
