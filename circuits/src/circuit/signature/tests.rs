//! The table against signatures that others made, and against what no signature is. Each refusal is by the constraint that says why.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use num_bigint::BigUint;

use super::values::{bounds, field, integer};
use super::*;
use crate::babyjubjub::{ORDER, Point};
use crate::circuit::check::{BUS_END, Checker};
use crate::circuit::preset::Capacities;
use crate::circuit::soundness::Subject;
use crate::circuit::witness::Witness;
use crate::eddsa::{PrivateKey, Signature, SignatureError, challenge, verify};
use crate::encoding::{element_from_bytes, parse_hex, word};
use crate::operation::PubKeyHash;
use crate::operation::{Deployment, Kind, Noop, Pubdata, SignedOperation};
use crate::poseidon::hash2;
use crate::public_inputs::PublicInputs;
use crate::trace::{BlockTrace, OperationTrace, Outcome};

/// What two cells that must be equal, and are not, break.
const COPIES: &str = "copies:signatures";

static CHECKER: LazyLock<Checker> = LazyLock::new(|| {
    Checker::new(&Capacities { k: 10, chains: 1, slots: vec![(Kind::Noop, 1)], credits: 0, signatures: 1, pairs: 2 })
});

/// What one slot with these values breaks, nobody drawing from it.
fn broken(values: &SlotValues) -> BTreeSet<String> {
    let noop = OperationTrace {
        operation: SignedOperation::Noop(Noop {}),
        pubdata: Pubdata::noop(),
        updates: Vec::new(),
        outcome: Outcome::Noop,
    };
    let block = BlockTrace {
        number: 1,
        timestamp: 0,
        deployment: Deployment::default(),
        old_root: Fr::ONE,
        new_root: Fr::ONE,
        operations: vec![noop],
        credits: Vec::new(),
    };
    let public = PublicInputs::new(&block, 1).unwrap();
    let layout = CHECKER.layout();
    let mut witness = Witness::new(layout, &block, &public).unwrap();
    for (row, cells) in values.rows.iter().enumerate() {
        for (column, value) in cells.iter().enumerate() {
            witness.advice.set(column, layout.signatures.row(0, row), *value);
        }
    }
    let [left, right] = key::A.map(|column| values.rows[KEY][column]);
    let fold_of_noop = HashUse { left: Fr::ZERO, right: Fr::ZERO, count: 1 };
    layout.tape.fill(&mut witness.advice, &[], &[HashUse { left, right, count: 1 }, fold_of_noop]).unwrap();
    let mut broken = CHECKER.broken(&witness, Subject::challenges());
    broken.extend(CHECKER.unbalanced(&witness));
    broken.remove(BUS_END);
    broken
}

#[track_caller]
fn assert_refused(values: &SlotValues, by: &[&str]) {
    assert_eq!(broken(values).iter().collect::<Vec<_>>(), by);
}

fn signature(a: Point, r8: Point, s: Fr, message: Fr) -> SignatureUse {
    SignatureUse { ax: a.x, ay: a.y, r8x: r8.x, r8y: r8.y, s, message, count: 0 }
}

fn signed(key: &PrivateKey, message: Fr) -> SignatureUse {
    let Signature { r8, s } = key.sign(message).unwrap();
    signature(key.public_key(), r8, s, message)
}

fn fixed() -> SignatureUse {
    signed(&PrivateKey::new([7; 32]), Fr::from(1_234))
}

/// The points that the ladder of this key adds.
fn table(a: Point) -> [Point; 4] {
    let negated = a.times_eight().negate();
    [Point::IDENTITY, BASE, negated, BASE.add(&negated)]
}

fn modulus() -> BigUint {
    integer(&-Fr::ONE) + 1u8
}

/// The points whose order divides eight, the identity first.
fn torsion() -> [Point; 8] {
    let decimal = |digits: &str| field(&digits.parse().unwrap());
    // ERC-2494's generator of the whole curve.
    let generator = Point {
        x: decimal("995203441582195749578291179787384436505546430278305826713579947235728471134"),
        y: decimal("5472060717959818805561601436314318772137091100104008585924551046643952123905"),
    };
    let eighth = generator.multiply(&field(&ORDER));
    std::array::from_fn(|i| eighth.multiply(&Fr::from(i as u64)))
}

/// Says that there is as much room below a bound as `room`, and gives its digits.
fn claim_room(values: &mut SlotValues, cell: usize, room: Fr) {
    values.rows[LINK][cell] = room;
    values.fill_ranges();
}

#[test]
fn signatures_by_circomlibjs_verify_and_provide_key_hash_and_message() {
    let recorded = include_str!("../../../tests/vectors/circomlibjs.json");
    let recorded: Vec<serde_json::Value> = serde_json::from_str(recorded).unwrap();
    assert_eq!(recorded.len(), 12);
    for vector in recorded {
        let element =
            |value: &serde_json::Value| element_from_bytes(&parse_hex(value.as_str().unwrap()).unwrap()).unwrap();
        let point = |value: &serde_json::Value| Point { x: element(&value["x"]), y: element(&value["y"]) };
        let (a, message) = (point(&vector["public_key"]), element(&vector["message"]));
        let values = SlotValues::new(&signature(a, point(&vector["r8"]), element(&vector["s"]), message));
        assert_refused(&values, &[]);
        let provided = [absorb::PKH, absorb::MESSAGE].map(|column| values.rows[ABSORB][column]);
        assert_eq!(provided, [word(&PubKeyHash::of(&a).0), message]);
    }
}

#[test]
fn another_message_is_refused_hashed_or_not() {
    let honest = fixed();
    assert_refused(&SlotValues::new(&honest), &[]);
    let other = SignatureUse { message: honest.message + Fr::ONE, ..honest.clone() };
    assert_refused(&SlotValues::new(&other), &[COPIES]);
    let mut values = SlotValues::new(&honest);
    values.rows[ABSORB][absorb::MESSAGE] += Fr::ONE;
    assert_refused(&values, &["signature.absorbed[5]"]);
}

#[test]
fn a_response_plus_the_order_is_refused_by_its_range() {
    let honest = fixed();
    let mut values = SlotValues::new(&honest);
    let a = Point { x: honest.ax, y: honest.ay };
    let h = integer(&values.rows[OUTPUT][0]);
    values.fill_ladder(&(integer(&honest.s) + &*ORDER), &h, table(a));
    values.fill_link(hash2(a.x, a.y));
    assert_refused(&values, &[COPIES]);
    claim_room(&mut values, link::RESPONSE_ROOM, Fr::ZERO);
    assert_refused(&values, &["signature.response_canonical"]);
}

#[test]
fn a_challenge_plus_the_modulus_is_refused_by_its_range() {
    // A = B8 and R8 = 0: S = 8·(h + r) fits a challenge of h + r, of which the ladder sees the bits and the hash the residue.
    let fits = |message: &u64| integer(&challenge(&Point::IDENTITY, &BASE, Fr::from(*message))) + modulus();
    let message = (0..64).find(|message| fits(message).bits() <= 254).unwrap();
    let alias = fits(&message);
    let s = &alias * 8u8 % &*ORDER;
    let mut values = SlotValues::new(&signature(BASE, Point::IDENTITY, field(&s), Fr::from(message)));
    values.fill_ladder(&s, &alias, table(BASE));
    values.fill_link(hash2(BASE.x, BASE.y));
    let last = values.rows[ROWS_PER_SLOT - 1];
    assert_eq!((last[ladder::CHALLENGE], last[2], last[3]), (values.rows[OUTPUT][0], Fr::ZERO, Fr::ONE));
    assert_refused(&values, &[COPIES]);
    claim_room(&mut values, link::CHALLENGE_ROOM, Fr::ZERO);
    assert_refused(&values, &["signature.challenge_canonical"]);
}

#[test]
fn the_key_hash_of_another_representative_is_refused_by_its_range() {
    let honest = fixed();
    let mut values = SlotValues::new(&honest);
    let hash = values.rows[LINK][link::HASH];
    let alias = integer(&hash) + modulus();
    let (high, pkh) = (field(&(&alias >> 160u8)), field(&(&alias % (BigUint::from(1u8) << 160u8))));
    assert_ne!(pkh, values.rows[LINK][link::PKH]);
    values.rows[LINK][link::HIGH] = high;
    values.rows[LINK][link::PKH] = pkh;
    values.rows[ABSORB][absorb::PKH] = pkh;
    claim_room(&mut values, link::HIGH_ROOM, bounds()[2] - high);
    assert_refused(&values, &[COPIES]);
    claim_room(&mut values, link::HIGH_ROOM, Fr::ZERO);
    assert_refused(&values, &["signature.hash_canonical"]);
}

#[test]
fn keys_of_small_order_are_refused_by_their_order_alone() {
    let s = Fr::from(99);
    let r8 = BASE.multiply(&s);
    let points = torsion();
    assert!(points[0] == Point::IDENTITY && (1..8).all(|i| !points[..i].contains(&points[i])));
    for (i, a) in points.into_iter().enumerate() {
        let message = Fr::from(i as u64);
        assert_eq!(verify(&a, message, &Signature { r8, s }), Err(SignatureError::KeyOfSmallOrder));
        assert_refused(&SlotValues::new(&signature(a, r8, s, message)), &["signature.key_order"]);
    }
}

/// As circomlibjs has it: what is of small order in the key is cleared by 8·A, what is in R8 stays.
#[test]
fn a_component_of_small_order_is_allowed_in_the_key_and_refused_in_the_nonce_point() {
    let (secret, nonce) = (Fr::from(0x1234_5678), Fr::from(0x9abc_def0));
    for small in &torsion()[1..] {
        let (a, r8, message) = (BASE.multiply(&secret).add(small), BASE.multiply(&nonce), Fr::from(5));
        let h = integer(&challenge(&r8, &a, message));
        let s = field(&((integer(&nonce) + h * integer(&secret) * 8u8) % &*ORDER));
        assert_eq!(verify(&a, message, &Signature { r8, s }), Ok(()));
        assert_refused(&SlotValues::new(&signature(a, r8, s, message)), &[]);

        let (a, r8) = (BASE.multiply(&secret), r8.add(small));
        let h = integer(&challenge(&r8, &a, message));
        let s = field(&((integer(&nonce) + h * integer(&secret) * 8u8) % &*ORDER));
        assert_eq!(verify(&a, message, &Signature { r8, s }), Err(SignatureError::Mismatch));
        assert_refused(&SlotValues::new(&signature(a, r8, s, message)), &[COPIES]);
    }
}

#[test]
fn points_off_the_curve_are_refused() {
    let honest = fixed();
    let off = SignatureUse { r8x: honest.r8x + Fr::ONE, ..honest.clone() };
    assert_refused(&SlotValues::new(&off), &[COPIES]);
    // The ladder's end bent towards R8.
    let mut values = SlotValues::new(&off);
    values.rows[ROWS_PER_SLOT - 1][2] = off.r8x;
    values.rows[ROWS_PER_SLOT - 1][3] = off.r8y;
    assert_refused(&values, &["signature.added[1].x", "signature.added[1].y"]);
    let off = SignatureUse { ax: honest.ax + Fr::ONE, ..honest };
    assert!(broken(&SlotValues::new(&off)).contains("signature.key_on_curve"));
}
