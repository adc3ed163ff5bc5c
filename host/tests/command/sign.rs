//! Keys and signatures.

use crate::people::{ALICE, BOB, ONE, deployment, matching, transfer};
use crate::run::{Ran, penstock, run, run_with_input, text};
use penstock_circuits::operation::{Order, PubKeyHash, Signed, SignedOperation};
use serde_json::{Value, json};
use std::fs;
use std::os::unix::fs::PermissionsExt;

/// Signs what comes on stdin with a key from the environment.
fn sign(unsigned: &Value, key: &str) -> Ran {
    let mut command = penstock(["sign", "-", "--deployment", &deployment().to_string(), "--json"]);
    command.env("PENSTOCK_KEY", key);
    run_with_input(command, &unsigned.to_string())
}

#[test]
fn a_transfer_is_signed_as_the_library_signs_it_wherever_the_key_comes_from() {
    let folder = tempfile::tempdir().unwrap();
    let [operation, key] = ["operation.json", "key"].map(|name| folder.path().join(name));
    let body = transfer(ALICE, BOB, ONE, 0);
    let unsigned = json!({ "transfer": body });
    let expected = serde_json::to_value(SignedOperation::Transfer(ALICE.sign(body))).unwrap();
    fs::write(&operation, unsigned.to_string()).unwrap();
    fs::write(&key, format!("0x{}\n", ALICE.key_text())).unwrap();

    assert_eq!(sign(&unsigned, &ALICE.key_text()).success(), expected);
    let rollup = deployment().to_string();
    let signed = |rollup: &str| run(["sign", text(&operation), "--key", text(&key), "--deployment", rollup, "--json"]);
    assert_eq!(signed(&rollup).success(), expected);
    let from_stdin = penstock(["sign", text(&operation), "--key", "-", "--deployment", &rollup]);
    assert_eq!(run_with_input(from_stdin, &ALICE.key_text()).success(), expected);
    assert_ne!(signed(&format!("0x{:064x}", 1)).success()["transfer"]["signature"], expected["transfer"]["signature"]);
    signed("0x1").failure(2, "usage", &["32 bytes"]);
    run(["sign", text(&operation), "--key", text(&key), "--json"]).failure(2, "usage", &["--deployment"]);
    assert_ne!(sign(&unsigned, &BOB.key_text()).success(), expected);
}

#[test]
fn orders_and_matches_are_signed_too() {
    let expected = matching(2_500 * ONE, 2_510 * ONE);
    let signed = sign(&json!({ "order": expected.maker.body }), &ALICE.key_text()).success();
    assert_eq!(serde_json::from_value::<Signed<Order>>(signed).unwrap(), expected.maker);
    let signed = sign(&json!({ "order_matching": expected }), &BOB.key_text()).success();
    let expected = SignedOperation::OrderMatching(Box::new(BOB.sign(expected)));
    assert_eq!(serde_json::from_value::<SignedOperation>(signed).unwrap(), expected);
}

#[test]
fn what_is_not_signed_or_malformed_is_refused() {
    let deposit = sign(&json!({ "deposit": {} }), &ALICE.key_text());
    deposit.failure(3, "input", &["no operation to be signed", "deposit"]);
    let mut unsigned = json!({ "transfer": transfer(ALICE, BOB, ONE, 0) });
    unsigned["transfer"]["tip"] = "1".into();
    sign(&unsigned, &ALICE.key_text()).failure(3, "input", &["transfer.tip: unknown field `tip`", "line 1"]);
}

#[test]
fn an_unsigned_operation_has_one_form() {
    let body = transfer(ALICE, BOB, ONE, 0);
    let fields = serde_json::to_value(&body).unwrap();
    let order = ["from", "from_sub", "token", "amount", "to", "to_sub", "to_owner", "fee", "nonce", "time"];
    assert_eq!(fields.as_object().unwrap().len(), order.len());
    let list: Value = order.iter().map(|field| fields[field].clone()).collect();
    assert_eq!(serde_json::from_value::<penstock_circuits::operation::Transfer>(list.clone()).unwrap(), body);
    let parts = ["transfer: invalid type: sequence", "line 1"];
    sign(&json!({ "transfer": list }), &ALICE.key_text()).failure(3, "input", &parts);
    sign(&json!(["transfer", fields]), &ALICE.key_text()).failure(3, "input", &["sequence"]);
    sign(&json!({ "transfer": fields, "withdraw": {} }), &ALICE.key_text()).failure(3, "input", &["second entry"]);
}

#[test]
fn a_bad_key_is_refused_without_being_shown() {
    let unsigned = json!({ "transfer": transfer(ALICE, BOB, ONE, 0) });
    for key in [&ALICE.key_text()[1..], "0xnothex", ""] {
        let refused = sign(&unsigned, key);
        refused.failure(3, "input", &["PENSTOCK_KEY", "32 bytes"]);
        assert!(key.is_empty() || !refused.stderr.contains(key), "{refused:?}");
    }
    let rollup = deployment().to_string();
    let sign = |more: &[&str]| run(["sign", "-", "--deployment", &rollup, "--json"].iter().chain(more).copied());
    sign(&[]).failure(2, "usage", &["--key", "PENSTOCK_KEY"]);
    sign(&["--key", "-"]).failure(2, "usage", &["stdin"]);
}

#[test]
fn a_new_key_is_kept_from_others_and_never_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("key");
    let made = run(["sign", "--new-key", "--out", text(&file), "--json"]).success();
    assert_eq!(made.get("private_key"), None);
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let kept = fs::read(&file).unwrap();
    run(["sign", "--new-key", "--out", text(&file), "--json"]).failure(2, "output_taken", &["key is there already"]);
    assert_eq!(fs::read(&file).unwrap(), kept);
    assert_eq!(run(["sign", "--public", "--key", text(&file), "--json"]).success(), made);

    let shown = run(["sign", "--new-key", "--json"]).success();
    let mut command = penstock(["sign", "--public", "--json"]);
    command.env("PENSTOCK_KEY", shown["private_key"].as_str().unwrap());
    assert_eq!(run_with_input(command, "").success()["pub_key_hash"], shown["pub_key_hash"]);
    assert_ne!(shown["pub_key_hash"], made["pub_key_hash"]);
}

#[test]
fn the_hash_of_a_known_key_is_the_genesis_one() {
    let mut command = penstock(["sign", "--public", "--json"]);
    command.env("PENSTOCK_KEY", ALICE.key_text());
    let shown = run_with_input(command, "").success();
    assert_eq!(shown["pub_key_hash"], PubKeyHash::of(&ALICE.key().public_key()).to_string());
    assert_eq!(shown["pub_key_hash"], "0x22bb56079e3c60d675c045b239356069292c902c");
}
