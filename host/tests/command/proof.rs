//! Proofs: one block signed by hand, proved, checked and tampered with in every way; and the demonstration.

use crate::people::{ALICE, BOB, ONE, deployment, example, transfer};
use crate::run::{Ran, penstock, run, run_with_input, shared_data, text};
use penstock_circuits::circuit::batch::Batch;
use penstock_circuits::circuit::preset::Preset;
use penstock_prover::data::DataDirectory;
use penstock_prover::keys;
use penstock_prover::progress::Progress;
use penstock_prover::record::{ProofRecord, RecordError};
use serde_json::{Value, json};
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::thread::sleep;
use std::time::Duration;

#[test]
fn the_demonstration_proves_the_sample_block_and_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("demo.json");
    let ran = run(["demo", "--out", text(&out), "--json"]);
    let told = ran.success();
    assert!(ran.stderr.contains("INSECURE"), "{ran:?}");
    let expected = json!({
        "operations": 11, "preset": "tiny", "engine": "cpu", "insecure": true, "verified": true, "evm_verified": true,
        "proof": text(&out),
        "operations_by_chain": { "Ethereum": 1, "Polygon PoS": 3, "Linea": 3, "in the rollup": 4 },
    });
    for (key, value) in expected.as_object().unwrap() {
        assert_eq!(&told[key], value, "{key}");
    }
    for key in ["prove_seconds", "cpu_seconds", "peak_rss_mib", "evm_gas"] {
        assert!(told[key].as_f64().is_some_and(|figure| figure > 0.0), "{key}: {told}");
    }
    let verified = run(["verify", text(&out), "--evm", "--json"]).success();
    assert_eq!((&verified["verified"], &verified["new_root"]), (&true.into(), &told["new_root"]));
    assert_eq!(verified["evm_gas"], told["evm_gas"]);
}

#[test]
fn a_bench_fills_the_preset_with_transfers_and_compares_engines() {
    let engines = ["--engine", "card:model", "--against", "cpu", "--rounds", "1"];
    let told = run(["bench", "prove", "--preset", "tiny", "--json"].into_iter().chain(engines)).success();
    assert_eq!((&told["transfers"], &told["operations"], &told["evm_verified"]), (&2.into(), &2.into(), &true.into()));
    let comparison = &told["comparison"];
    assert_eq!((&told["engine"], &comparison["against"]), (&"card:model".into(), &"cpu".into()));
    assert_eq!(comparison["equal_proofs"], true);
    let ratio = comparison["seconds"].as_f64().unwrap() / comparison["against_seconds"].as_f64().unwrap();
    assert_eq!(comparison["ratio"], ratio);
    let figure = |key: &str| told[key].as_f64().unwrap();
    assert_eq!(figure("cpu_seconds_per_transfer"), figure("cpu_seconds") / 2.0);
    assert!(figure("command_cpu_seconds") > figure("cpu_seconds"));
}

#[test]
fn a_block_signed_by_hand_is_proved_and_its_record_bears_no_tampering() {
    let stand = Stand::new();
    stand.killed_while_proving_nothing_has_changed();
    let proved = stand.prove().success();
    assert_eq!((&proved["verified"], &proved["resumed"]), (&true.into(), &false.into()));
    let shown = stand.show();
    assert_eq!((&shown["number"], &shown["root"]), (&1.into(), &proved["new_root"]));
    let verified = stand.verify(&stand.proof).success();
    assert_eq!(verified["new_root"], proved["new_root"]);

    stand.running_again_changes_nothing(&proved);
    stand.a_commit_that_a_crash_prevented_is_made_up_for(&proved);
    stand.another_block_does_not_take_the_records_place();
    every_word_of_the_proof_counts(&stand.proof);
    stand.tampered_records_are_refused();
    stand.other_keys_do_not_match();
}

/// A state, a block for it, and where the proof goes.
struct Stand {
    folder: tempfile::TempDir,
    state: PathBuf,
    before: PathBuf,
    block: PathBuf,
    proof: PathBuf,
}

impl Stand {
    /// The block is put together from what `sign` prints.
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let [state, before, block, proof] =
            ["state", "before", "block.json", "proof.json"].map(|name| folder.path().join(name));
        run(["state", "init", "--state", text(&state), "--json"]).success();
        copy(&state, &before);
        let sign = |person: crate::people::Person, body: Value| {
            let mut command = penstock(["sign", "-", "--deployment", &deployment().to_string()]);
            command.env("PENSTOCK_KEY", person.key_text());
            run_with_input(command, &body.to_string()).success()
        };
        let operations = json!([
            { "deposit": {
                "chain": 2, "account": BOB.id, "sub": 0, "l1_token": 17, "l2_token": 1, "amount": ONE.to_string(),
                "owner": BOB.owner(),
            } },
            sign(ALICE, json!({ "transfer": transfer(ALICE, BOB, 3 * ONE, 0) })),
            sign(BOB, json!({ "transfer": transfer(BOB, ALICE, 2 * ONE, 0) })),
        ]);
        let content = json!({ "number": 1, "timestamp": 1_790_000_000, "operations": operations });
        fs::write(&block, content.to_string()).unwrap();
        Self { folder, state, before, block, proof }
    }

    fn arguments(&self) -> [&str; 10] {
        let (block, state, proof) = (text(&self.block), text(&self.state), text(&self.proof));
        ["prove", block, "--state", state, "--out", proof, "--preset", "tiny", "--any-time", "--json"]
    }

    fn prove(&self) -> Ran {
        run(self.arguments())
    }

    fn show(&self) -> Value {
        run(["state", "show", "--state", text(&self.state), "--json"]).success()
    }

    fn verify(&self, record: &Path) -> Ran {
        run(["verify", text(record), "--json"])
    }

    fn killed_while_proving_nothing_has_changed(&self) {
        let before = self.show();
        let mut child = penstock(self.arguments()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        // The warning comes right before the proof.
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        assert!(lines.any(|line| line.unwrap().contains("INSECURE")));
        sleep(Duration::from_millis(100));
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(!self.proof.exists());
        assert_eq!(self.show(), before);
    }

    fn running_again_changes_nothing(&self, proved: &Value) {
        let record = fs::read(&self.proof).unwrap();
        let again = self.prove().success();
        assert_eq!((&again["resumed"], &again["new_root"]), (&true.into(), &proved["new_root"]));
        assert_eq!(fs::read(&self.proof).unwrap(), record);
        assert_eq!(self.show()["number"], 1);
    }

    /// The state from before beside the record: what a kill between the record and the commit leaves.
    fn a_commit_that_a_crash_prevented_is_made_up_for(&self, proved: &Value) {
        let record = fs::read(&self.proof).unwrap();
        fs::remove_dir_all(&self.state).unwrap();
        copy(&self.before, &self.state);
        // By now the block may be too old to begin with; its proof is there.
        let again = run(self.arguments().into_iter().filter(|argument| *argument != "--any-time")).success();
        assert_eq!((&again["resumed"], &again["new_root"]), (&true.into(), &proved["new_root"]));
        assert_eq!(fs::read(&self.proof).unwrap(), record);
        assert_eq!(self.show()["root"], proved["new_root"]);
    }

    fn another_block_does_not_take_the_records_place(&self) {
        let record = fs::read(&self.proof).unwrap();
        let sample = example("block.json");
        let mut arguments = self.arguments();
        arguments[1] = text(&sample);
        run(arguments).failure(2, "output_taken", &["proof.json", "another block"]);
        assert_eq!(fs::read(&self.proof).unwrap(), record);
        let other = self.folder.path().join("other.txt");
        fs::write(&other, "letters").unwrap();
        arguments[5] = text(&other);
        run(arguments).failure(2, "output_taken", &["other.txt", "no proof record"]);
        assert_eq!(fs::read(&other).unwrap(), b"letters");
    }

    fn tampered_records_are_refused(&self) {
        let good = fs::read_to_string(&self.proof).unwrap();
        let tampered = self.folder.path().join("tampered.json");
        let refused = |content: &str| {
            fs::write(&tampered, content).unwrap();
            self.verify(&tampered)
        };
        let changed = |change: &dyn Fn(&mut Value)| {
            let mut record: Value = serde_json::from_str(&good).unwrap();
            change(&mut record);
            refused(&record.to_string())
        };
        let flip = |pointer: &'static str, digit: usize| {
            changed(&|record| {
                let value = record.pointer_mut(pointer).unwrap();
                let mut digits: Vec<char> = value.as_str().unwrap().chars().collect();
                digits[digit] = if digits[digit] == '1' { '2' } else { '1' };
                *value = digits.into_iter().collect::<String>().into();
            })
        };
        // What the proof says.
        for (pointer, digit) in [
            ("/proof", 2),
            ("/proof", 5_000),
            ("/block/old_root", 40),
            ("/block/new_root", 65),
            ("/block/operations/0/pubdata", 5),
            ("/block/operations/1/pubdata", 30),
            ("/instances/0", 65),
            ("/instances/4", 20),
            ("/instances/14", 65),
            ("/block/deployment", 65),
        ] {
            flip(pointer, digit).failure(4, "proof", &[]);
        }
        changed(&|record| record["block"]["number"] = 2.into()).failure(4, "proof", &["instance value 3"]);
        changed(&|record| record["block"]["timestamp"] = 0.into()).failure(4, "proof", &["instance value 3"]);
        changed(&|record| record["block"]["operations"].as_array_mut().unwrap().swap(1, 2)).failure(4, "proof", &[]);
        changed(&|record| drop(record["instances"].as_array_mut().unwrap().pop())).failure(
            4,
            "proof",
            &["14 instance"],
        );
        changed(&|record| record["block"]["operations"][0]["kind"] = "noop".into()).failure(4, "proof", &["deposit"]);
        changed(&|record| record["block"]["operations"][0]["pubdata"] = "0x09".into()).failure(
            4,
            "proof",
            &["operation 0"],
        );
        changed(&|record| record["proof"] = "0x".into()).failure(4, "proof", &[]);
        changed(&|record| {
            let longer = format!("{}00", record["proof"].as_str().unwrap());
            record["proof"] = longer.into();
        })
        .failure(4, "proof", &["1 bytes follow"]);
        // What it was made with.
        flip("/circuit", 20).failure(7, "keys", &["circuit"]);
        flip("/setup/digest", 20).failure(7, "setup", &["--setup"]);
        // What is no record.
        refused(&good[..good.len() / 2]).failure(3, "input", &["tampered.json", "line"]);
        changed(&|record| record["note"] = 1.into()).failure(3, "input", &["unknown field `note`"]);
        changed(&|record| record["version"] = 2.into()).failure(3, "input", &["version 2"]);
        changed(&|record| record["preset"] = "huge".into()).failure(3, "input", &["huge"]);
        changed(&|record| record["proof"] = "0x1".into()).failure(3, "input", &["hexadecimal"]);
        // Records have one form, too.
        let block = ["id", "number", "timestamp", "deployment", "old_root", "new_root", "operations"];
        let as_list = |value: &Value, fields: &[&str]| -> Value {
            assert_eq!(value.as_object().unwrap().len(), fields.len(), "{value}");
            fields.iter().map(|field| value[field].clone()).collect()
        };
        changed(&|record| record["block"] = as_list(&record["block"], &block)).failure(
            3,
            "input",
            &["no proof record", "block: invalid type: sequence", "line 1"],
        );
        changed(&|record| record["setup"]["origin"] = json!({ "insecure": null })).failure(
            3,
            "input",
            &["setup.origin.insecure: "],
        );
        changed(&|record| *record = json!([record["version"]])).failure(3, "input", &["expected a proof record"]);
        refused(&good.replacen('{', r#"{"version": 3,"#, 1)).failure(3, "input", &["duplicate field `version`"]);
        refused(&good.replacen("\"preset\"", "\"engine\": \"cpu\", \"preset\"", 1)).failure(
            3,
            "input",
            &["duplicate field `engine`"],
        );
        refused(&format!("\u{feff}{good}")).success();
        self.verify(&self.folder.path().join("missing.json")).failure(3, "input", &["missing.json"]);
        refused(&good).success();
    }

    fn other_keys_do_not_match(&self) {
        let empty = self.folder.path().join("empty");
        run(["verify", text(&self.proof), "--data", text(&empty), "--json"]).failure(
            7,
            "setup",
            &["no development setup", "--setup"],
        );
        let other = self.folder.path().join("other.srs");
        run(["srs", "dev", "--k", "14", "--out", text(&other), "--json"]).success();
        run(["verify", text(&self.proof), "--setup", text(&other), "--json"]).failure(7, "setup", &["--setup"]);
    }
}

/// One flipped bit in each word of the proof, checked as `verify` does.
fn every_word_of_the_proof_counts(path: &Path) {
    let data = DataDirectory::new(shared_data());
    let batch = Batch::new(Preset::Tiny);
    let setup = data.existing_development_setup(batch.k()).unwrap().unwrap();
    let (pk, _) =
        keys::load_or_build(&data.keys(), Preset::Tiny.name(), &setup, &batch.shape(), None, &Progress::silent())
            .unwrap();
    let mut record = ProofRecord::read(path).unwrap();
    record.verify(&setup, pk.get_vk()).unwrap();
    for word in 0..record.proof.0.len() / 32 {
        let (at, bit) = (32 * word + word % 32, 1 << (word % 8));
        record.proof.0[at] ^= bit;
        let refused = record.verify(&setup, pk.get_vk());
        assert!(matches!(refused, Err(RecordError::Rejected(_))), "byte {at}");
        record.proof.0[at] ^= bit;
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
}
