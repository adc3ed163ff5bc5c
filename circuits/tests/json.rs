//! Malformed blocks and genesis files: each is refused with where it went wrong.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use common::*;
use penstock_circuits::operation::{Block, MAX_RESERVE};
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

#[test]
fn unknown_missing_and_repeated_fields_are_refused_with_index_and_kind() {
    assert_refused(|block| block["extra"] = json!(1), &["unknown field `extra`"]);
    assert_refused(
        |block| block["operations"][1]["deposit"]["memo"] = json!(""),
        &["operation 1", "deposit", "unknown field `memo`"],
    );
    assert_refused(
        |block| block["operations"][5]["transfer"]["body"]["memo"] = json!(""),
        &["operation 5", "transfer", "unknown field `memo`"],
    );
    assert_refused(
        |block| block["operations"][10]["noop"]["memo"] = json!(""),
        &["operation 10", "noop", "unknown field `memo`"],
    );
    assert_refused(
        |block| drop(block["operations"][5]["transfer"].as_object_mut().unwrap().remove("signature")),
        &["operation 5", "transfer", "missing field `signature`"],
    );
    assert_refused(|block| block["operations"][10]["deposit"] = json!({}), &["operation 10"]);
    assert_refused(|block| block["operations"][10] = json!({}), &["operation 10", "no kind"]);
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
        assert_refused(|block| block["operations"][3] = json!({ name: {} }), &["operation 3", name, &code, "reserved"]);
    }
    assert_refused(|block| block["operations"][3] = json!({ "mint": {} }), &["operation 3", "'mint'"]);
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
        assert!(text.contains("operation 0: deposit"), "{field} = {value}: {text}");
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
    assert_refused(order("price", json!("0")), &["operation 3", "order_matching", "price 0"]);
    assert_refused(order("price", json!((1u128 << 120).to_string())), &["price"]);
    assert_refused(order("nonce", json!(1 << 24)), &["order nonce"]);
    assert_refused(order("is_sell", json!(1)), &["operation 3"]);
}

#[test]
fn amounts_that_do_not_pack_are_refused_with_their_value() {
    let transfer = |field: &'static str, value: &'static str| {
        move |block: &mut Value| block["operations"][5]["transfer"]["body"][field] = json!(value)
    };
    assert_refused(
        transfer("amount", "34359738369"),
        &["operation 5", "transfer", "34359738369 does not pack", "2^35"],
    );
    assert_refused(transfer("fee", "2049"), &["operation 5", "transfer", "2049 does not pack", "2^11"]);
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
    assert!(serde_json::from_str::<Genesis>(r#"{"collector": {"owner": "0x00"}}"#).is_err());
}
