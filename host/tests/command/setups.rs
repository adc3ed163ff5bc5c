//! Setups: generated, imported, shown, damaged, too small.

use crate::run::{run, text};
use std::fs;
use std::path::PathBuf;

const SEED: &str = "0x0707070707070707070707070707070707070707070707070707070707070707";

fn ceremony() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("prover/tests/ptau/ceremony.ptau")
}

#[test]
fn a_development_setup_says_insecure_and_its_seed_makes_it_again() {
    let folder = tempfile::tempdir().unwrap();
    let [first, second] = ["first.srs", "second.srs"].map(|name| folder.path().join(name));
    let made = run(["srs", "dev", "--k", "5", "--seed", SEED, "--out", text(&first), "--json"]).success();
    assert_eq!((&made["k"], &made["insecure"]), (&5.into(), &true.into()));
    let again = run(["srs", "dev", "--k", "5", "--seed", SEED, "--out", text(&second), "--json"]).success();
    assert_eq!(again["digest"], made["digest"]);
    let shown = run(["srs", "info", text(&first), "--check", "--json"]).success();
    assert_eq!((&shown["digest"], &shown["checked"]), (&made["digest"], &true.into()));
    assert!(run(["srs", "info", text(&first)]).stdout.contains("INSECURE"));
}

#[test]
fn a_data_directory_keeps_one_development_setup_a_size() {
    let folder = tempfile::tempdir().unwrap();
    let data = text(folder.path());
    let made = run(["srs", "dev", "--k", "4", "--data", data, "--json"]).success();
    assert_eq!(run(["srs", "dev", "--k", "4", "--data", data, "--json"]).success(), made);
    run(["srs", "dev", "--k", "4", "--seed", SEED, "--data", data, "--json"]).failure(2, "output_taken", &["already"]);
    run(["srs", "dev", "--k", "29", "--data", data, "--json"]).failure(2, "usage", &["k = 29"]);
}

#[test]
fn a_ceremony_is_imported_and_anything_less_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let [out, broken] = ["out.srs", "broken.ptau"].map(|name| folder.path().join(name));
    let import = |ptau: &str, k: &str| run(["srs", "import", ptau, "--k", k, "--out", text(&out), "--json"]);
    let bytes = fs::read(ceremony()).unwrap();
    fs::write(&broken, &bytes[..bytes.len() / 2]).unwrap();
    import(text(&broken), "6").failure(3, "ptau", &["broken.ptau", "truncated"]);
    import(text(&ceremony()), "20").failure(3, "ptau", &[]);
    import("missing.ptau", "6").failure(3, "input", &["missing.ptau"]);
    assert!(!out.exists());
    let imported = import(text(&ceremony()), "6").success();
    assert_eq!((&imported["insecure"], &imported["checked"]), (&false.into(), &true.into()));
    assert_eq!(imported["origin"]["powers_of_tau"]["name"], "ceremony.ptau");
}

#[test]
fn setups_that_are_too_small_damaged_or_missing_do_not_match() {
    let folder = tempfile::tempdir().unwrap();
    let setup = folder.path().join("small.srs");
    let build = || run(["keys", "build", "--preset", "tiny", "--setup", text(&setup), "--json"]);
    build().failure(7, "setup", &["small.srs"]);
    run(["srs", "dev", "--k", "5", "--out", text(&setup), "--json"]).success();
    build().failure(7, "setup", &["2^5", "2^14"]);
    let mut bytes = fs::read(&setup).unwrap();
    bytes[40] ^= 1;
    fs::write(&setup, bytes).unwrap();
    build().failure(7, "setup", &["damaged"]);
    run(["srs", "info", text(&setup), "--json"]).failure(7, "setup", &["damaged"]);
}
