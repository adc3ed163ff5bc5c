//! Malformed blocks and genesis files: each is refused with where it went wrong.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use common::*;
use penstock_circuits::json::{self, JsonError};
use penstock_circuits::operation::{Block, MAX_RESERVE, Order, Transfer};
use penstock_circuits::state::{Genesis, GenesisError, GenesisReserve, State, StateError};
use serde_json::{Value, json};

/// The sample block with one change; the refusal's text.
fn refusal(change: impl FnOnce(&mut Value)) -> String {
    let mut block = serde_json::to_value(sample_block()).unwrap();
    change(&mut block);
    Block::from_json(&block.to_string()).unwrap_err().to_string()
}

fn assert_refused(change: impl FnOnce(&mut Value), parts: &[&str]) {
    let text = refusal(change);
    for part in parts {
        assert!(text.contains(part), "'{text}' does not say '{part}'");
    }
}

#[test]
fn malformed_text_is_refused_with_its_place() {
    let text = serde_json::to_string_pretty(&sample_block()).unwrap();
    assert!(Block::from_json(&text).is_ok());
    for end in [0, 1, 20, text.len() / 2, text.len() - 2] {
        let error = Block::from_json(&text[..end]).unwrap_err();
        assert!(error.to_string().contains("line"), "{error}");
    }
    for text in ["null", "[]", "{}", "7", "\"block\"", &format!("{text} x")] {
        assert!(Block::from_json(text).is_err(), "{text}");
    }
}

/// The values of an object in the order of its type's fields, as serde takes them for a struct. `serde_json` sorts keys, so
/// `fields` gives their order.
fn positional(object: &Value, fields: &[&str]) -> Value {
    assert_eq!(object.as_object().unwrap().len(), fields.len(), "{object}");
    fields.iter().map(|field| object[field].clone()).collect()
}

#[test]
fn blocks_are_objects_of_objects_and_nowhere_lists_of_fields() {
    let block = serde_json::to_value(sample_block()).unwrap();
    let whole = positional(&block, &["number", "timestamp", "operations"]);
    assert_eq!(serde_json::from_value::<Block>(whole.clone()).unwrap(), sample_block(), "serde takes it");
    let refused = Block::from_json(&whole.to_string()).unwrap_err();
    assert_eq!(refused.to_string(), "invalid type: sequence, expected struct Block (line 1, column 0)");

    let deposit = ["chain", "account", "sub", "l1_token", "l2_token", "amount", "owner", "by_owner"];
    let places: [(&str, &[&str], &str); 5] = [
        ("/operations/0/deposit", &deposit, "operations[0].deposit: "),
        ("/operations/5/transfer", &["body", "public_key", "signature"], "operations[5].transfer: "),
        ("/operations/5/transfer/signature", &["r8", "s"], "operations[5].transfer.signature: "),
        (
            "/operations/3/order_matching/body/maker",
            &["body", "public_key", "signature"],
            "operations[3].order_matching.body.maker: ",
        ),
        ("/operations/10/noop", &[], "operations[10].noop: "),
    ];
    for (pointer, fields, path) in places {
        let mut changed = block.clone();
        let place = changed.pointer_mut(pointer).unwrap();
        *place = positional(place, fields);
        assert_eq!(serde_json::from_value::<Block>(changed.clone()).unwrap(), sample_block(), "serde takes it");
        let refused = Block::from_json(&changed.to_string()).unwrap_err();
        assert!(
            refused.to_string().starts_with(&format!("{path}invalid type: sequence, expected struct")),
            "{refused}"
        );
    }
}

#[test]
fn a_genesis_and_unsigned_operations_have_one_form_too() {
    let value = serde_json::to_value(genesis()).unwrap();
    assert_eq!(json::from_str::<Genesis>(&value.to_string()).unwrap(), genesis());
    for (pointer, fields, path) in [
        ("", vec!["deployment", "collector", "accounts", "reserves"], ""),
        ("/collector", vec!["owner", "pub_key_hash", "balances"], "collector: "),
        ("/accounts/1", vec!["owner", "pub_key_hash", "balances"], "accounts[1]: "),
        ("/accounts/1/balances/0", vec!["sub", "token", "amount"], "accounts[1].balances[0]: "),
        ("/reserves/0", vec!["chain", "l1_token", "l2_token", "amount"], "reserves[0]: "),
    ] {
        let mut changed = value.clone();
        let place = changed.pointer_mut(pointer).unwrap();
        *place = positional(place, &fields);
        assert_eq!(serde_json::from_value::<Genesis>(changed.clone()).unwrap(), genesis(), "serde takes it");
        let refused = json::from_str::<Genesis>(&changed.to_string()).unwrap_err().to_string();
        assert!(refused.starts_with(&format!("{path}invalid type: sequence")), "{refused}");
    }

    let body = transfer_body(3, 4, BOB.owner(), USD, ONE, 0);
    let value = serde_json::to_value(&body).unwrap();
    assert_eq!(json::from_str::<Transfer>(&value.to_string()).unwrap(), body);
    let list = Value::from_iter(value.as_object().unwrap().values().cloned());
    assert!(json::from_str::<Transfer>(&list.to_string()).unwrap_err().to_string().contains("sequence"));
    let value = serde_json::to_value(order(3, true, ONE, ONE)).unwrap();
    assert_eq!(json::from_str::<Order>(&value.to_string()).unwrap(), order(3, true, ONE, ONE));
}

#[test]
fn a_refusal_names_line_and_column() {
    let text = serde_json::to_string_pretty(&sample_block()).unwrap();
    let line = 1 + text.lines().position(|line| line.contains("\"l1_token\"")).unwrap();
    let wrong = text.replacen("\"l1_token\": ", "\"l1_token\": -", 1);
    let error = Block::from_json(&wrong).unwrap_err();
    assert!(matches!(error, JsonError::Form { line: found, .. } if found == line), "{error}, line {line}");
    let marked = Block::from_json(&format!("\u{feff}{text}")).unwrap();
    assert_eq!(marked, sample_block());
}

#[test]
fn a_time_in_milliseconds_is_recognised() {
    let at = |time: u64| move |block: &mut Value| block["timestamp"] = json!(time);
    assert_refused(at(1_790_000_000_123), &["timestamp: ", "looks like milliseconds", "it is 1790000000 ("]);
    assert_refused(at(u64::MAX), &["timestamp: 18446744073709551615 is not a time"]);
    assert_refused(|block| block["timestamp"] = json!("1790000000"), &["timestamp: invalid type: string"]);
}

#[test]
fn a_long_amount_is_not_shown_whole() {
    let text = refusal(|block| block["operations"][0]["deposit"]["amount"] = json!("9".repeat(1 << 20)));
    assert!(text.len() < 400 && text.contains("operations[0].deposit.amount: '999"), "{text}");
    assert!(text.contains("below 2^128"), "{text}");
}

#[test]
fn fields_given_twice_are_refused() {
    let block = r#"{"number": 1, "number": 1, "timestamp": 1, "operations": []}"#;
    assert!(Block::from_json(block).unwrap_err().to_string().contains("duplicate field `number`"));
    let deposit = r#"{"number": 1, "timestamp": 1, "operations": [{"deposit": {"chain": 1, "chain": 2}}]}"#;
    let error = Block::from_json(deposit).unwrap_err().to_string();
    assert!(error.starts_with("operations[0].deposit: duplicate field `chain`"), "{error}");
    let genesis = r#"{"accounts": [], "accounts": []}"#;
    assert!(json::from_str::<Genesis>(genesis).unwrap_err().to_string().contains("duplicate field `accounts`"));
}

#[test]
fn unknown_missing_and_repeated_fields_are_refused_with_index_and_kind() {
    assert_refused(|block| block["extra"] = json!(1), &["unknown field `extra`"]);
    assert_refused(
        |block| block["operations"][1]["deposit"]["memo"] = json!(""),
        &["operations[1].deposit", "unknown field `memo`"],
    );
    assert_refused(
        |block| block["operations"][5]["transfer"]["body"]["memo"] = json!(""),
        &["operations[5].transfer", "unknown field `memo`"],
    );
    assert_refused(
        |block| block["operations"][10]["noop"]["memo"] = json!(""),
        &["operations[10].noop", "unknown field `memo`"],
    );
    assert_refused(
        |block| drop(block["operations"][5]["transfer"].as_object_mut().unwrap().remove("signature")),
        &["operations[5].transfer", "missing field `signature`"],
    );
    assert_refused(|block| block["operations"][10]["deposit"] = json!({}), &["operations[10]"]);
    assert_refused(|block| block["operations"][10] = json!({}), &["operations[10]", "no kind"]);
    let twice = r#"{"number": 1, "timestamp": 1, "operations": [{"noop": {}, "noop": {}}]}"#;
    assert!(Block::from_json(twice).unwrap_err().to_string().contains("second entry"));
}

#[test]
fn reserved_and_unknown_kinds_are_refused_by_name() {
    for (name, code) in [
        ("contract_matching", 9),
        ("liquidation", 10),
        ("auto_deleveraging", 11),
        ("update_global_var", 12),
        ("funding", 13),
    ] {
        let code = format!("code {code}");
        assert_refused(
            |block| block["operations"][3] = json!({ name: {} }),
            &["operations[3]", name, &code, "reserved"],
        );
    }
    assert_refused(|block| block["operations"][3] = json!({ "mint": {} }), &["operations[3]", "'mint'"]);
}

#[test]
fn values_of_wrong_width_are_refused() {
    let deposit =
        |field: &'static str, value: Value| refusal(move |block| block["operations"][0]["deposit"][field] = value);
    for (field, value) in [
        ("chain", json!(256)),
        ("chain", json!(-1)),
        ("account", json!(1u64 << 32)),
        ("sub", json!("0")),
        ("l1_token", json!(65_536)),
        ("l2_token", json!(1.5)),
        ("amount", json!(5)),
        ("amount", json!("340282366920938463463374607431768211456")),
        ("amount", json!("-1")),
        ("owner", json!("0xa1")),
        ("owner", json!("a1".repeat(32))),
        ("owner", json!(format!("0x{}", "a1".repeat(33)))),
    ] {
        let text = deposit(field, value.clone());
        assert!(text.contains(&format!("operations[0].deposit.{field}: ")), "{field} = {value}: {text}");
    }
    assert_refused(
        |block| block["operations"][7]["change_pub_key"]["body"]["pub_key_hash"] = json!("0x00"),
        &["20 bytes"],
    );
    assert_refused(|block| block["operations"][5]["transfer"]["public_key"] = json!("0x00"), &["64 bytes"]);
    assert_refused(|block| block["operations"][5]["transfer"]["signature"]["s"] = json!("0x00"), &["32 bytes"]);
    let modulus = "0x30644e72e131a029b85045b68181585d2833e84879b9709143e1f593f0000001";
    assert_refused(|block| block["operations"][5]["transfer"]["signature"]["s"] = json!(modulus), &["modulus"]);
    let key = format!("{modulus}{}", "00".repeat(32));
    assert_refused(|block| block["operations"][5]["transfer"]["public_key"] = json!(key), &["modulus"]);
    let order = |field: &'static str, value: Value| {
        move |block: &mut Value| block["operations"][3]["order_matching"]["body"]["taker"]["body"][field] = value
    };
    assert_refused(order("price", json!("0")), &["operations[3].order_matching", "price 0"]);
    assert_refused(order("price", json!((1u128 << 120).to_string())), &["price"]);
    assert_refused(order("nonce", json!(1 << 24)), &["order nonce"]);
    assert_refused(order("is_sell", json!(1)), &["operations[3]"]);
}

#[test]
fn amounts_that_do_not_pack_are_refused_with_their_value() {
    let transfer = |field: &'static str, value: &'static str| {
        move |block: &mut Value| block["operations"][5]["transfer"]["body"][field] = json!(value)
    };
    assert_refused(transfer("amount", "34359738369"), &["operations[5].transfer", "34359738369 does not pack", "2^35"]);
    assert_refused(transfer("fee", "2049"), &["operations[5].transfer", "2049 does not pack", "2^11"]);
}

fn init(change: impl FnOnce(&mut Genesis)) -> Result<(), StateError> {
    let mut genesis = genesis();
    change(&mut genesis);
    let folder = tempfile::tempdir().unwrap();
    State::init(folder.path(), &genesis).map(drop)
}

fn genesis_error(change: impl FnOnce(&mut Genesis)) -> GenesisError {
    match init(change) {
        Err(StateError::Genesis(error)) => error,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_genesis_that_reserves_do_not_cover_is_refused() {
    init(|_| ()).unwrap();
    assert_eq!(
        genesis_error(|genesis| genesis.reserves[0].amount -= 1),
        GenesisError::NotCovered { token: USD, held: 120 * ONE, reserved: 120 * ONE - 1 }
    );
    assert_eq!(
        genesis_error(|genesis| genesis.accounts[2].balances = vec![balance(0, ETHER, 1)]),
        GenesisError::NotCovered { token: ETHER, held: 1, reserved: 0 }
    );
    // Two chains' reserves of one token add up, and sums beyond 128 bits cover nothing by wrapping.
    init(|genesis| {
        let half = GenesisReserve { amount: 60 * ONE, ..genesis.reserves[0] };
        genesis.reserves = vec![half.clone(), GenesisReserve { chain: POLYGON, l1_token: 18, ..half }];
    })
    .unwrap();
    assert!(matches!(
        genesis_error(|genesis| {
            genesis.accounts[2].balances = vec![balance(0, USD, u128::MAX), balance(1, USD, u128::MAX)];
            genesis.reserves[0].amount = MAX_RESERVE;
        }),
        GenesisError::NotCovered { token: USD, .. }
    ));
    let too_large = genesis_error(|genesis| genesis.reserves[0].amount = MAX_RESERVE + 1);
    assert!(matches!(too_large, GenesisError::ReserveTooLarge(_)), "{too_large}");
}

#[test]
fn a_genesis_with_impossible_accounts_is_refused() {
    let is_violation = |error| matches!(error, GenesisError::Violation { .. });
    assert!(is_violation(genesis_error(|genesis| genesis.accounts[0].balances[0].sub = 32)));
    assert!(is_violation(genesis_error(|genesis| genesis.accounts[0].balances[0].token = 0)));
    assert!(is_violation(genesis_error(|genesis| genesis.accounts[0].balances[0].token = 16)));
    assert!(is_violation(genesis_error(|genesis| genesis.reserves[0].chain = 0)));
    assert!(is_violation(genesis_error(|genesis| genesis.reserves[0].chain = 32)));
    assert!(is_violation(genesis_error(|genesis| genesis.reserves[0].l1_token = 32)));
    assert!(matches!(
        genesis_error(|genesis| genesis.accounts[1].owner = genesis.collector.owner),
        GenesisError::OwnerTwice { .. }
    ));
    assert!(matches!(genesis_error(|genesis| genesis.accounts[1].owner.0 = [0; 32]), GenesisError::ZeroOwner(_)));
    assert!(matches!(
        genesis_error(|genesis| genesis.accounts[0].balances.push(balance(0, USD, 1))),
        GenesisError::LeafTwice(_)
    ));
    assert!(json::from_str::<Genesis>(r#"{"collector": {"owner": "0x00"}}"#).is_err());
}
