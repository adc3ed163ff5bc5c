//! Blocks that break a rule: refused with exit code 3 and a message that names operation, rule and values, before any
//! proof; the state stays as it was and no record appears.

use crate::people::{ALICE, BOB, ONE, SUBMITTER, block, example, matching, transfer, withdraw};
use crate::run::{Ran, run, text};
use num_bigint::BigUint;
use penstock_circuits::babyjubjub::ORDER;
use penstock_circuits::operation::{Noop, SignedOperation};
use serde_json::{Value, json};
use std::fs;
use std::path::PathBuf;
use tempfile::TempDir;

/// A fresh state of the sample genesis.
struct Stand {
    folder: TempDir,
    shown: Value,
}

impl Stand {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let state = folder.path().join("state");
        let shown = run(["state", "init", "--state", text(&state), "--json"]).success();
        Self { folder, shown }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn prove(&self, block: &str, arguments: &[&str]) -> Ran {
        let [file, state, out] = ["block.json", "state", "proof.json"].map(|name| self.path(name));
        fs::write(&file, block).unwrap();
        let fixed = ["prove", text(&file), "--state", text(&state), "--out", text(&out), "--json"];
        let ran = run(fixed.into_iter().chain(arguments.iter().copied()));
        assert!(!out.exists(), "a refused block has no proof");
        assert_eq!(run(["state", "show", "--state", text(&state), "--json"]).success(), self.shown);
        ran
    }

    /// A block with these operations is refused at the last of them.
    fn refused(&self, operations: Vec<SignedOperation>, parts: &[&str]) {
        let last = operations.last().unwrap();
        let (index, kind) = (operations.len() - 1, last.kind().name());
        let text = serde_json::to_string(&block(1, operations.clone())).unwrap();
        let error = self.prove(&text, &[]).failure(3, "block_refused", parts);
        assert_eq!((&error["operation"], &error["operation_kind"]), (&index.into(), &kind.into()), "{error}");
        assert!(error["message"].as_str().unwrap().contains(error["rule"].as_str().unwrap()));
    }
}

fn sample() -> Value {
    serde_json::from_str(&fs::read_to_string(example("block.json")).unwrap()).unwrap()
}

/// The sample block with one value replaced.
fn changed(pointer: &str, value: Value) -> Value {
    let mut block = sample();
    *block.pointer_mut(pointer).unwrap() = value;
    block
}

#[test]
fn text_that_is_no_block_is_refused_with_its_place() {
    let stand = Stand::new();
    let text = sample().to_string();
    stand.prove(&text[..text.len() / 2], &[]).failure(3, "input", &["block.json", "no block", "line 1"]);
    stand.prove("[]", &[]).failure(3, "input", &["no block"]);
    stand.prove("", &[]).failure(3, "input", &["no block"]);
    let missing = stand.path("missing.json");
    run(["prove", self::text(&missing), "--state", "s", "--out", "p", "--json"]).failure(3, "input", &["missing.json"]);
}

#[test]
fn unknown_fields_wrong_widths_and_forms_are_refused_with_index_and_kind() {
    let stand = Stand::new();
    let mut extra = sample();
    extra["operations"][1]["deposit"]["tip"] = 1.into();
    let transfer = "/operations/5/transfer/body";
    let cases: [(Value, &[&str]); 8] = [
        (extra, &["operation 1", "deposit", "unknown field `tip`"]),
        (changed("/operations/0/deposit/chain", 256.into()), &["operation 0", "256"]),
        (changed("/operations/0/deposit/account", json!(1u64 << 32)), &["operation 0", "4294967296"]),
        (changed("/operations/0/deposit/owner", "0x00".into()), &["operation 0", "32 bytes"]),
        (changed("/operations/0/deposit/amount", "-1".into()), &["operation 0", "'-1' is not an amount"]),
        (changed(&format!("{transfer}/amount"), "12345678901234567".into()), &["operation 5", "does not pack"]),
        (changed(&format!("{transfer}/fee"), "2049".into()), &["operation 5", "2049 does not pack"]),
        (changed("/operations/10", json!({ "liquidation": {} })), &["operation 10", "liquidation", "reserved"]),
    ];
    for (block, parts) in cases {
        stand.prove(&block.to_string(), &[]).failure(3, "input", parts);
    }
}

#[test]
fn values_out_of_range_are_refused() {
    let stand = Stand::new();
    let cases: [(&str, Value, &str); 5] = [
        ("/operations/0/deposit/sub", 32.into(), "sub-account 32"),
        ("/operations/0/deposit/chain", 32.into(), "chain 32"),
        ("/operations/0/deposit/account", json!(1 << 24), "account 16777216"),
        ("/operations/0/deposit/l2_token", 0.into(), "l2_token 0"),
        ("/operations/5/transfer/body/token", 0.into(), "token 0"),
    ];
    for (pointer, value, part) in cases {
        let refused = stand.prove(&changed(pointer, value).to_string(), &[]);
        let error = refused.failure(3, "block_refused", &[part]);
        assert!(error["operation"].is_u64(), "{error}");
    }
}

#[test]
fn wrong_and_malleated_signatures_are_refused() {
    let stand = Stand::new();
    let good = ALICE.sign(transfer(ALICE, BOB, ONE, 0));
    let mut by_another = good.clone();
    by_another.signature = BOB.sign(transfer(ALICE, BOB, ONE, 0)).signature;
    stand.refused(vec![SignedOperation::Transfer(by_another)], &["account 3", "does not match"]);
    let mut other_amount = good.clone();
    other_amount.body = transfer(ALICE, BOB, 2 * ONE, 0);
    stand.refused(vec![SignedOperation::Transfer(other_amount)], &["account 3", "does not match"]);
    stand.refused(vec![SignedOperation::Transfer(BOB.sign(transfer(ALICE, BOB, ONE, 0)))], &["account 3 needs"]);

    let mut malleated = json!({ "number": 1, "timestamp": 0, "operations": [SignedOperation::Transfer(good)] });
    let s = malleated.pointer_mut("/operations/0/transfer/signature/s").unwrap();
    let digits = s.as_str().unwrap().trim_start_matches("0x").as_bytes();
    let above = BigUint::parse_bytes(digits, 16).unwrap() + &*ORDER;
    *s = format!("0x{above:064x}").into();
    stand.prove(&malleated.to_string(), &[]).failure(3, "block_refused", &["not canonical"]);
}

#[test]
fn replays_overdrafts_and_exceeded_reserves_are_refused() {
    let stand = Stand::new();
    let once = SignedOperation::Transfer(ALICE.sign(transfer(ALICE, BOB, ONE, 0)));
    stand.refused(vec![once.clone(), once], &["nonce is 0", "account 3 is at 1"]);
    let all = SignedOperation::Transfer(ALICE.sign(transfer(ALICE, BOB, 20 * ONE, 0)));
    stand.refused(vec![all], &["account 3 holds 20000000000000000000", "100000000000000000"]);
    let on_polygon = SignedOperation::Withdraw(ALICE.sign(withdraw(ALICE, 2, ONE)));
    stand.refused(vec![on_polygon], &["chain 2", "short of 1000000000000000000"]);
}

#[test]
fn an_uncrossed_match_is_refused() {
    let stand = Stand::new();
    let uncrossed = SUBMITTER.sign(matching(2_500 * ONE, 2_499 * ONE));
    stand.refused(
        vec![SignedOperation::OrderMatching(Box::new(uncrossed))],
        &["do not cross", "2499000000000000000000", "2500000000000000000000"],
    );
}

#[test]
fn empty_blocks_wrong_numbers_and_blocks_over_capacity_are_refused() {
    let stand = Stand::new();
    let text = |number, noops| {
        let noops = vec![SignedOperation::Noop(Noop {}); noops];
        serde_json::to_string(&block(number, noops)).unwrap()
    };
    stand.prove(&text(1, 0), &[]).failure(3, "block_refused", &["empty"]);
    let error = stand.prove(&text(7, 1), &[]).failure(3, "block_refused", &["number 7", "expects 1"]);
    assert_eq!((&error["expected"], &error["found"]), (&1.into(), &7.into()));
    let error = stand.prove(&text(1, 2), &["--preset", "tiny"]).failure(3, "capacity", &["larger preset"]);
    assert_eq!((&error["needed"], &error["available"]), (&2.into(), &1.into()));
    stand.prove(&text(1, 17), &[]).failure(3, "capacity", &["17"]);
}
