//! Setups: generated, imported, shown, damaged, too small.

use crate::run::{run, text};
use serde_json::Value;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

const SEED: &str = "0x0707070707070707070707070707070707070707070707070707070707070707";

/// The BLAKE2b-512 that the Hermez ceremony published for its file of power 8.
const HERMEZ_BLAKE2B: &str = "d6a8fb3a04feb600096c3b791f936a578c4e664d262e4aa24beed1b7a9a96aa5\
                              eb72864d628db247e9293384b74b36ffb52ca8d148d6e1b8b51e279fdf57b583";

fn ceremony() -> PathBuf {
    sample("ptau/ceremony.ptau")
}

fn hermez() -> PathBuf {
    sample("ptau/powersOfTau28_hez_final_08.ptau")
}

/// A file of powers of tau that the prover's tests have.
fn sample(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("prover/tests").join(name)
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
    let origin = &imported["origin"]["powers_of_tau"];
    assert_eq!((&origin["name"], &origin["claimed_contributions"]), (&"ceremony.ptau".into(), &3.into()));
    assert_eq!((imported["format"].as_str(), &imported["recognised"]), (Some("setup"), &Value::Null));
}

#[test]
fn the_published_file_of_a_ceremony_is_recognised_and_any_other_is_a_claim() {
    let folder = tempfile::tempdir().unwrap();
    let [out, other] = ["out.srs", "powersOfTau28_hez_final_08.ptau"].map(|name| folder.path().join(name));
    let recognised = "Hermez ceremony, final file of power 8";
    let imported = run(["srs", "import", text(&hermez()), "--k", "4", "--out", text(&out), "--json"]).success();
    assert_eq!(imported["recognised"], recognised);
    assert_eq!(imported["origin"]["powers_of_tau"]["blake2b"], HERMEZ_BLAKE2B);
    let shown = run(["srs", "info", text(&out)]).stdout;
    assert!(shown.contains(recognised) && shown.contains(HERMEZ_BLAKE2B), "{shown}");

    let mut bytes = fs::read(hermez()).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    fs::write(&other, bytes).unwrap();
    let imported = run(["srs", "import", text(&other), "--k", "4", "--out", text(&out), "--json"]).success();
    assert_eq!(imported["recognised"], Value::Null);
    let shown = run(["srs", "info", text(&out)]).stdout;
    assert!(shown.contains("claims 55 contributions; nobody's published hash"), "{shown}");
    assert!(!shown.contains("Hermez"), "{shown}");
}

#[test]
fn an_expected_digest_lets_in_that_file_alone() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out.srs");
    let import = |source: &Path, expected: &str| {
        let source = text(source);
        run(["srs", "import", source, "--k", "3", "--expect-blake2b", expected, "--out", text(&out), "--json"])
    };
    let error = import(&ceremony(), HERMEZ_BLAKE2B).failure(3, "digest", &["ceremony.ptau", HERMEZ_BLAKE2B]);
    assert_eq!(error["expected"], HERMEZ_BLAKE2B);
    assert_ne!(error["found"], HERMEZ_BLAKE2B);
    import(&hermez(), &HERMEZ_BLAKE2B[1..]).failure(2, "usage", &["128 hexadecimal digits"]);
    assert!(!out.exists());
    import(&hermez(), HERMEZ_BLAKE2B).success();
}

#[test]
fn halo2_s_own_files_are_imported_and_shown_like_a_ceremony() {
    let folder = tempfile::tempdir().unwrap();
    let [out, broken] = ["out.srs", "broken.srs"].map(|name| folder.path().join(name));
    let file = sample("halo2/sign-in-bit-7.srs");
    let imported = run(["srs", "import", text(&file), "--k", "2", "--out", text(&out), "--json"]).success();
    assert_eq!((&imported["insecure"], &imported["checked"]), (&false.into(), &true.into()));
    assert_eq!(imported["origin"]["halo2"]["name"], "sign-in-bit-7.srs");
    assert!(run(["srs", "info", text(&out)]).stdout.contains("its ceremony is unknown"));
    let shown = run(["srs", "info", text(&out), "--check", "--json"]).success();
    assert_eq!((&shown["digest"], &shown["checked"]), (&imported["digest"], &true.into()));

    let bytes = fs::read(&file).unwrap();
    fs::write(&broken, &bytes[..bytes.len() - 1]).unwrap();
    for command in [
        vec!["srs", "info", text(&broken), "--json"],
        vec!["srs", "import", text(&broken), "--k", "2", "--out", "unused", "--json"],
    ] {
        run(command).failure(3, "ptau", &["broken.srs", "643 bytes"]);
    }
}

#[test]
fn info_tells_what_a_file_is_without_importing_it() {
    let shown = run(["srs", "info", text(&hermez()), "--json"]).success();
    assert_eq!((shown["format"].as_str(), &shown["k"], &shown["bytes"]), (Some("ptau"), &8.into(), &378_008.into()));
    assert_eq!((&shown["claimed_contributions"], &shown["has_lagrange"]), (&55.into(), &true.into()));
    assert_eq!((shown["blake2b"].as_str(), &shown["checked"]), (Some(HERMEZ_BLAKE2B), &false.into()));
    assert_eq!(shown["recognised"], "Hermez ceremony, final file of power 8");

    let shown = run(["srs", "info", text(&ceremony())]).stdout;
    assert!(shown.contains("claims 3 contributions; nobody's published hash"), "{shown}");
    let shown = run(["srs", "info", text(&sample("halo2/sign-in-bit-6.srs")), "--check", "--json"]).success();
    assert_eq!((shown["format"].as_str(), &shown["k"]), (Some("halo2_compressed"), &3.into()));
    assert_eq!((&shown["recognised"], shown["claimed_contributions"].as_u64()), (&Value::Null, None));
}

#[test]
fn a_source_that_cannot_be_read_is_an_input_and_no_setup() {
    let folder = tempfile::tempdir().unwrap();
    let [out, missing, link] = ["out.srs", "missing", "link"].map(|name| folder.path().join(name));
    symlink(&missing, &link).unwrap();
    for (path, reason) in
        [(&missing, "cannot be read"), (&link, "cannot be read"), (&folder.path().into(), "regular file")]
    {
        run(["srs", "import", text(path), "--k", "3", "--out", text(&out), "--json"]).failure(3, "input", &[reason]);
        run(["srs", "info", text(path), "--json"]).failure(3, "input", &[reason]);
    }
    run(["srs", "import", text(&ceremony()), "--k", "29", "--out", text(&out), "--json"]).failure(
        2,
        "usage",
        &["k = 29"],
    );
    assert!(!out.exists());
    symlink(ceremony(), folder.path().join("good.ptau")).unwrap();
    let good = folder.path().join("good.ptau");
    run(["srs", "import", text(&good), "--k", "3", "--out", text(&out), "--json"]).success();
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
