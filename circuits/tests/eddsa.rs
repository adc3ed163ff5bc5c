//! EdDSA against circomlibjs, both ways, with recorded vectors (tests/vectors/eddsa.mjs), and the refusals.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::{Path, PathBuf};

use halo2curves::bn256::Fr;
use halo2curves::ff::{Field, PrimeField};
use num_bigint::BigUint;
use penstock_circuits::babyjubjub::{BASE, ORDER, Point};
use penstock_circuits::eddsa::{PrivateKey, Signature, SignatureError, verify};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, PartialEq, Debug)]
struct Coordinates {
    x: String,
    y: String,
}

#[derive(Serialize, Deserialize)]
struct Vector {
    private_key: String,
    message: String,
    public_key: Coordinates,
    r8: Coordinates,
    s: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    circomlibjs_verifies: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    circomlibjs_verifies_next_message: Option<bool>,
}

fn hex(x: &Fr) -> String {
    format!("0x{}", hex::encode(x.to_repr().into_iter().rev().collect::<Vec<_>>()))
}

fn bytes(text: &str) -> [u8; 32] {
    hex::decode(text.strip_prefix("0x").unwrap()).unwrap().try_into().unwrap()
}

fn element(text: &str) -> Fr {
    let mut bytes = bytes(text);
    bytes.reverse();
    Fr::from_repr(bytes).unwrap()
}

fn coordinates(point: &Point) -> Coordinates {
    Coordinates { x: hex(&point.x), y: hex(&point.y) }
}

fn point(coordinates: &Coordinates) -> Point {
    Point { x: element(&coordinates.x), y: element(&coordinates.y) }
}

fn vectors(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors").join(name)
}

fn read(name: &str) -> Vec<Vector> {
    serde_json::from_str(&std::fs::read_to_string(vectors(name)).unwrap()).unwrap()
}

fn fixed() -> (Point, Fr, Signature) {
    let (key, message) = (PrivateKey::new([7; 32]), Fr::from(1234));
    (key.public_key(), message, key.sign(message).unwrap())
}

fn plus(s: &Fr, more: &BigUint) -> Fr {
    Fr::from_str_vartime(&(BigUint::from_bytes_le(&s.to_repr()) + more).to_string()).unwrap()
}

#[test]
fn signatures_by_circomlibjs_verify_and_equal_ours() {
    let recorded = read("circomlibjs.json");
    assert_eq!(recorded.len(), 12);
    for vector in recorded {
        let key = PrivateKey::new(bytes(&vector.private_key));
        let message = element(&vector.message);
        let signature = Signature { r8: point(&vector.r8), s: element(&vector.s) };
        assert_eq!(key.public_key(), point(&vector.public_key));
        assert_eq!(verify(&key.public_key(), message, &signature), Ok(()));
        assert_eq!(key.sign(message), Ok(signature));
        assert_eq!(verify(&key.public_key(), message + Fr::ONE, &signature), Err(SignatureError::Mismatch));
    }
}

#[test]
fn circomlibjs_verified_our_signatures() {
    let ours: Vec<Vector> = (1..=4u8)
        .map(|i| {
            let (key, message) = (PrivateKey::new([i; 32]), Fr::from(u64::from(i)).pow([5]));
            let signature = key.sign(message).unwrap();
            Vector {
                private_key: format!("0x{}", hex::encode([i; 32])),
                message: hex(&message),
                public_key: coordinates(&key.public_key()),
                r8: coordinates(&signature.r8),
                s: hex(&signature.s),
                circomlibjs_verifies: None,
                circomlibjs_verifies_next_message: None,
            }
        })
        .collect();
    if std::env::var_os("PENSTOCK_RECORD").is_some() {
        std::fs::write(vectors("penstock.json"), serde_json::to_string_pretty(&ours).unwrap()).unwrap();
        return;
    }
    let recorded = read("penstock.json");
    assert_eq!(recorded.len(), ours.len());
    for (recorded, ours) in recorded.iter().zip(&ours) {
        assert_eq!((&recorded.message, &recorded.public_key), (&ours.message, &ours.public_key));
        assert_eq!(
            (&recorded.r8, &recorded.s),
            (&ours.r8, &ours.s),
            "the recorded signature is no longer what we sign"
        );
        assert_eq!(recorded.circomlibjs_verifies, Some(true));
        assert_eq!(recorded.circomlibjs_verifies_next_message, Some(false));
    }
}

#[test]
fn a_response_plus_the_order_is_refused() {
    let (key, message, signature) = fixed();
    let malleated = Signature { s: plus(&signature.s, &ORDER), ..signature };
    assert!(matches!(verify(&key, message, &malleated), Err(SignatureError::ResponseTooLarge(_))));
    // Below the order, but equal to it in the bits from 2^126 up.
    let edge = Signature { s: plus(&Fr::ZERO, &(&*ORDER - 1u8)), ..signature };
    assert!(matches!(verify(&key, message, &edge), Err(SignatureError::ResponseTooLarge(_))));
    let below = Signature { s: plus(&Fr::ZERO, &(((&*ORDER >> 126) << 126) - 1u8)), ..signature };
    assert_eq!(verify(&key, message, &below), Err(SignatureError::Mismatch));
}

#[test]
fn points_off_the_curve_are_refused() {
    let (key, message, signature) = fixed();
    let off = |p: Point| Point { x: p.x + Fr::ONE, ..p };
    assert_eq!(verify(&off(key), message, &signature), Err(SignatureError::KeyOffCurve));
    let moved = Signature { r8: off(signature.r8), ..signature };
    assert_eq!(verify(&key, message, &moved), Err(SignatureError::NonceOffCurve));
}

#[test]
fn keys_of_small_order_are_refused_though_the_equation_holds() {
    let s = Fr::from(99);
    let signature = Signature { r8: BASE.multiply(&s), s };
    for key in [Point::IDENTITY, Point { x: Fr::ZERO, y: -Fr::ONE }] {
        assert_eq!(verify(&key, Fr::from(5), &signature), Err(SignatureError::KeyOfSmallOrder));
    }
}

#[test]
fn another_key_or_another_nonce_point_is_refused() {
    let (key, message, signature) = fixed();
    let other = PrivateKey::new([8; 32]).public_key();
    assert_eq!(verify(&other, message, &signature), Err(SignatureError::Mismatch));
    // A component of order two in R8 is not cleared: S·B8 lies in the prime-order subgroup.
    let two = Point { x: Fr::ZERO, y: -Fr::ONE };
    let mixed = Signature { r8: signature.r8.add(&two), ..signature };
    assert_eq!(verify(&key, message, &mixed), Err(SignatureError::Mismatch));
    assert_eq!(verify(&key, message, &signature), Ok(()));
}
