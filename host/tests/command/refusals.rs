//! Blocks that break a rule: refused with exit code 3 and a message that names operation, rule and values, before any
//! proof; the state stays as it was and no record appears.

use crate::people::{ALICE, BOB, ONE, SUBMITTER, block, deployment, example, matching, transfer, withdraw};
use crate::run::{Ran, penstock, ran, run, text};
use num_bigint::BigUint;
use penstock_circuits::babyjubjub::ORDER;
use penstock_circuits::operation::{Noop, SignedOperation};
use serde_json::{Value, json};
use std::fs::{self, File};
use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};
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

    /// Of any time: the samples are of a fixed one.
    fn prove(&self, block: &str, arguments: &[&str]) -> Ran {
        self.prove_now(block, &[&["--any-time"], arguments].concat())
    }

    fn prove_now(&self, block: &str, arguments: &[&str]) -> Ran {
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
        (extra, &["operations[1].deposit", "unknown field `tip`"]),
        (changed("/operations/0/deposit/chain", 256.into()), &["operations[0].deposit", "256"]),
        (changed("/operations/0/deposit/account", json!(1u64 << 32)), &["operations[0].deposit", "4294967296"]),
        (changed("/operations/0/deposit/owner", "0x00".into()), &["operations[0].deposit", "32 bytes"]),
        (changed("/operations/0/deposit/amount", "-1".into()), &["operations[0].deposit", "'-1' is not an amount"]),
        (
            changed(&format!("{transfer}/amount"), "12345678901234567".into()),
            &["operations[5].transfer.body", "does not pack"],
        ),
        (changed(&format!("{transfer}/fee"), "2049".into()), &["operations[5].transfer.body", "2049 does not pack"]),
        (changed("/operations/10", json!({ "liquidation": {} })), &["operations[10]", "liquidation", "reserved"]),
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
    let error = stand.prove(&text(1, 2), &["--preset", "tiny"]).failure(3, "capacity", &["larger preset small"]);
    assert_eq!((&error["needed"], &error["available"]), (&2.into(), &1.into()));
    assert_eq!(error["larger_preset"], "small");
    for arguments in [&[][..], &["--preset", "large"], &["--preset", "tiny"]] {
        let error = stand.prove(&text(1, 17), arguments).failure(3, "capacity", &["17 noop", "split the block"]);
        assert_eq!(error["larger_preset"], Value::Null);
        assert!(!error["message"].as_str().unwrap().contains("take"), "{error}");
    }
}

/// Nothing of a block that is too large is executed: the refusal comes before that of a wrong number, a state that is not
/// there, or a signature that is none.
#[test]
fn a_block_is_counted_before_anything_else_is_done_with_it() {
    let stand = Stand::new();
    let noops = serde_json::to_string(&block(7, vec![SignedOperation::Noop(Noop {}); 200_000])).unwrap();
    stand.prove(&noops, &[]).failure(3, "capacity", &["200000 noop operations, 16 fit, 199984 too many"]);
    let mut transfer = ALICE.sign(transfer(ALICE, BOB, ONE, 0));
    transfer.signature = BOB.sign(crate::people::transfer(BOB, ALICE, ONE, 0)).signature;
    let transfers = block(1, vec![SignedOperation::Transfer(transfer); 405]);
    let text = serde_json::to_string(&transfers).unwrap();
    stand.prove(&text, &[]).failure(3, "capacity", &["405 transfer operations, 404 fit, 1 too many"]);
    let file = stand.path("block.json");
    run(["demo", "--block", self::text(&file), "--preset", "tiny", "--json"]).failure(
        3,
        "capacity",
        &["405 transfer operations", "no preset holds it", "split the block"],
    );
}

#[test]
fn a_block_beyond_the_limit_of_bytes_is_refused_and_the_option_raises_it() {
    let stand = Stand::new();
    let sample = sample().to_string();
    let limit = (sample.len() - 1).to_string();
    let refused = stand.prove(&sample, &["--max-block-bytes", &limit]);
    let error = refused.failure(3, "input", &["block.json has more than", &limit, "--max-block-bytes"]);
    assert_eq!(error["limit_bytes"], sample.len() - 1);
    // By default 16 MiB: a larger one is not even parsed.
    let spaces = " ".repeat((16 << 20) + 1);
    let refused = stand.prove(&spaces, &[]);
    refused.failure(3, "input", &["more than 16777216 bytes"]);
    let larger = stand.prove(&spaces, &["--max-block-bytes", "20000000"]);
    larger.failure(3, "input", &["no block", "EOF"]);
    let mut endless = penstock(["demo", "--block", "-", "--json", "--max-block-bytes", "1000"]);
    endless.stdin(File::open("/dev/zero").unwrap());
    ran(endless.output().unwrap()).failure(3, "input", &["-", "more than 1000 bytes"]);
    let (state, zero) = (stand.path("other"), "/dev/zero");
    run(["state", "init", "--state", text(&state), "--genesis", zero, "--json"]).failure(3, "input", &["genesis"]);
    run(["sign", zero, "--deployment", &deployment().to_string(), "--key", zero, "--json"]).failure(
        3,
        "input",
        &["key"],
    );
    run(["verify", zero, "--json"]).failure(3, "input", &["no proof record", "more than"]);
}

#[test]
fn a_block_has_one_form() {
    let stand = Stand::new();
    let block = sample();
    let list = json!([block["number"], block["timestamp"], block["operations"]]);
    stand.prove(&list.to_string(), &[]).failure(3, "input", &["no block", "sequence", "line 1"]);
    let mut nested = block.clone();
    let signature = &mut nested["operations"][5]["transfer"]["signature"];
    *signature = json!([signature["r8"], signature["s"]]);
    let parts = ["operations[5].transfer.signature: invalid type: sequence", "column"];
    stand.prove(&nested.to_string(), &[]).failure(3, "input", &parts);
    let twice = block.to_string().replacen('{', r#"{"number": 1,"#, 1);
    stand.prove(&twice, &[]).failure(3, "input", &["duplicate field `number`"]);
    let utf16: Vec<u8> = format!("\u{feff}{block}").encode_utf16().flat_map(u16::to_le_bytes).collect();
    let file = stand.path("utf16.json");
    fs::write(&file, utf16).unwrap();
    run(["demo", "--block", text(&file), "--json"]).failure(3, "input", &["UTF-16: save it as UTF-8"]);
    // A byte-order mark is none of the content: the block is refused for its time.
    stand.prove_now(&format!("\u{feff}{}", changed("/timestamp", 0.into())), &[]).failure(3, "block_time", &[]);
}

#[test]
fn an_amount_of_a_megabyte_is_not_shown_whole() {
    let stand = Stand::new();
    let block = changed("/operations/0/deposit/amount", "9".repeat(1 << 20).into());
    let refused = stand.prove(&block.to_string(), &[]);
    refused.failure(3, "input", &["operations[0].deposit.amount: '999", "is not an amount"]);
    assert!(refused.stderr.len() < 1000, "{}", refused.stderr.len());
}

#[test]
fn a_block_of_another_time_is_refused_unless_any_will_do() {
    let stand = Stand::new();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let at = |time: u64| changed("/timestamp", time.into()).to_string();
    let zero = stand.prove_now(&at(0), &[]).failure(3, "block_time", &["1970-01-01T00:00:00Z", "behind", "--any-time"]);
    assert!(zero["timestamp"] == 0 && zero["clock"].as_u64().unwrap() >= now, "{zero}");
    stand.prove_now(&at(now - 90_000), &[]).failure(3, "block_time", &["25 hours behind"]);
    stand.prove_now(&at(now + 7_300), &[]).failure(3, "block_time", &["2 hours ahead"]);
    stand.prove_now(&at(u32::MAX.into()), &[]).failure(3, "block_time", &["2106-02-07T06:28:15Z", "ahead"]);
    stand.prove_now(&at(now * 1000), &[]).failure(3, "input", &["timestamp: ", "looks like milliseconds"]);
    stand.prove_now(&at(u64::MAX), &[]).failure(3, "input", &["timestamp: ", "not a time"]);
    // In time, and with any time, the block is refused for what it says of deadlines or numbers only.
    let later = |time: u64| json!({ "number": 7, "timestamp": time, "operations": [{ "noop": {} }] }).to_string();
    stand.prove_now(&later(now), &[]).failure(3, "block_refused", &["number 7"]);
    stand.prove_now(&later(0), &["--any-time"]).failure(3, "block_refused", &["number 7"]);
}
