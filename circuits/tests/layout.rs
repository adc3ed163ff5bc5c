//! Signed bytes, messages, public data and public inputs against layouts that are spelled out by hand.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use common::*;
use halo2curves::bn256::Fr;
use halo2curves::ff::{Field, PrimeField};
use num_bigint::BigUint;
use penstock_circuits::chain::Chains;
use penstock_circuits::operation::*;
use penstock_circuits::poseidon::hash2;
use penstock_circuits::public_inputs::{ChainNotServed, PublicInputs};
use penstock_circuits::trace::{Account, Slot};
use sha3::{Digest, Keccak256};

const ALICE_OWNER: &str = "000000000000000000000000a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1";
const BOB_OWNER: &str = "000000000000000000000000b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0";
/// 3·10^18 = 30,000,000,000 · 10^8: the mantissa 0x6fc23ac00 shifted by 5, and 8.
const THREE_PACKED: &str = "df84758008";
/// 10^17 = 1000 · 10^14: 1000 << 5 | 14.
const TENTH_FEE: &str = "7d0e";

fn integer(hex: &str) -> BigUint {
    BigUint::parse_bytes(hex.as_bytes(), 16).unwrap()
}

fn element(value: &BigUint) -> Fr {
    Fr::from_str_vartime(&value.to_string()).unwrap()
}

/// The folded message of hexadecimal bytes, by another way than the crate's.
fn folded(hex: &str) -> Fr {
    let mut padded = hex.to_owned();
    while !padded.len().is_multiple_of(62) {
        padded.push('0');
    }
    (0..padded.len() / 62).fold(DEPLOYMENT.0, |h, i| hash2(h, element(&integer(&padded[62 * i..62 * i + 62]))))
}

fn assert_message<T: Message>(body: &T, bytes: usize, expected: &str) {
    assert_eq!(hex::encode(body.signed_bytes()), expected);
    assert_eq!(expected.len(), 2 * bytes);
    assert_eq!(body.message(DEPLOYMENT), folded(expected));
    assert_ne!(body.message(Deployment(Fr::ONE)), body.message(DEPLOYMENT));
}

fn assert_pubdata(pubdata: &Pubdata, chunks: usize, bytes: usize, expected: &str) {
    assert_eq!(expected.len(), 2 * bytes);
    let padded = format!("{expected:0<width$}", width = 46 * chunks);
    assert_eq!(hex::encode(pubdata.bytes()), padded);
    let elements: Vec<Fr> = (0..chunks).map(|i| element(&integer(&padded[46 * i..46 * i + 46]))).collect();
    assert_eq!(pubdata.chunks().collect::<Vec<_>>(), elements);
}

fn transfer() -> Transfer {
    Transfer { from_sub: 4, to_sub: 5, ..transfer_body(0x010203, 0x040506, ALICE.owner(), ETHER, 3 * ONE, 7) }
}

#[test]
fn transfers() {
    let transfer = transfer();
    let signed =
        format!("00010203 04 {ALICE_OWNER} 05 0020 {THREE_PACKED} {TENTH_FEE} 00000007 6ab13b80").replace(' ', "");
    assert_message(&transfer, 56, &format!("04{signed}"));
    let public = format!("04 00010203 04 0020 00040506 05 {THREE_PACKED} {TENTH_FEE}").replace(' ', "");
    assert_pubdata(&transfer.pubdata(), 2, 20, &public);

    let Transfer { from, from_sub, token, amount, to, to_sub, to_owner, fee, nonce, time } = transfer;
    let new = TransferToNew { from, from_sub, token, amount, to, to_sub, to_owner, fee, nonce, time };
    assert_message(&new, 56, &format!("02{signed}"));
    let public = format!("02 00010203 04 0020 {THREE_PACKED} {ALICE_OWNER} 00040506 05 {TENTH_FEE}").replace(' ', "");
    assert_pubdata(&new.pubdata(), 3, 52, &public);
}

#[test]
fn deposits_and_withdrawals() {
    let (owner, amount) = (BOB.owner(), 258);
    let deposit = Deposit { chain: 2, account: 9, sub: 31, l1_token: 17, l2_token: 1, amount, owner, by_owner: true };
    let amount = format!("{:0>32}", "102");
    let public = format!("01 02 00000009 1f 0011 0001 {amount} {BOB_OWNER}").replace(' ', "");
    assert_pubdata(&deposit.pubdata(), 3, 60, &(public.clone() + "01"));
    assert_pubdata(&Deposit { by_owner: false, ..deposit }.pubdata(), 3, 60, &(public + "00"));

    let withdraw = Withdraw {
        chain: 3,
        account: 9,
        sub: 1,
        to: BOB.owner(),
        l1_token: 17,
        l2_token: 1,
        amount: 258,
        fee: fee(ONE / 10),
        nonce: 5,
        fast: true,
        fee_ratio: 300,
        time: TIME,
    };
    let signed = format!("03 03 00000009 01 {BOB_OWNER} 0001 0011 {amount} {TENTH_FEE} 00000005 01 012c 6ab13b80");
    assert_message(&withdraw, 72, &signed.replace(' ', ""));
    let public = format!("03 03 00000009 01 0011 0001 {amount} {TENTH_FEE} {BOB_OWNER} 00000005 012c").replace(' ', "");
    assert_pubdata(&withdraw.pubdata(), 3, 67, &public);
}

#[test]
fn exits() {
    let full = FullExit { chain: 1, account: 9, sub: 2, owner: BOB.owner(), l1_token: 17, l2_token: 1 };
    let public = format!("05 01 00000009 02 {BOB_OWNER} 0011 0001 {:0>32}", "ff").replace(' ', "");
    assert_pubdata(&full.pubdata(255), 3, 59, &public);

    let forced = ForcedExit {
        chain: 1,
        initiator: 8,
        initiator_sub: 3,
        target: 9,
        target_sub: 2,
        target_owner: BOB.owner(),
        l1_token: 17,
        l2_token: 1,
        fee_token: ETHER,
        fee: fee(ONE / 10),
        nonce: 6,
        time: TIME,
    };
    let signed = format!("07 01 00000008 03 {BOB_OWNER} 02 0001 0011 0020 {TENTH_FEE} 00000006 6ab13b80");
    assert_message(&forced, 56, &signed.replace(' ', ""));
    let public =
        format!("07 01 00000008 03 00000009 02 0011 0001 0020 {:0>32} {TENTH_FEE} {BOB_OWNER}", "ff").replace(' ', "");
    assert_pubdata(&forced.pubdata(255), 3, 68, &public);
}

#[test]
fn key_changes() {
    let pkh = PubKeyHash([0xab; 20]);
    let change = ChangePubKey {
        chain: 3,
        account: 9,
        sub: 1,
        pub_key_hash: pkh,
        fee_token: ETHER,
        fee: fee(ONE / 10),
        nonce: 0x01020304,
        time: TIME,
    };
    let key = "ab".repeat(20);
    let signed = format!("06 03 00000009 01 {key} 0020 {TENTH_FEE} 01020304 6ab13b80").replace(' ', "");
    assert_message(&change, 39, &signed);
    let public = format!("06 03 00000009 01 {key} {ALICE_OWNER} 01020304 0020 {TENTH_FEE}").replace(' ', "");
    assert_pubdata(&change.pubdata(&ALICE.owner()), 3, 67, &public);
    assert_pubdata(&Pubdata::noop(), 1, 1, "00");
}

#[test]
fn order_matchings() {
    let price = format!("{:0>30}", format!("{:x}", 5 * ONE));
    let sell =
        Order { slot: 0x0102, nonce: OrderNonce::try_from(0x030405).unwrap(), ..order(9, true, 5 * ONE, 3 * ONE) };
    let signed =
        format!("ff 00000009 00 0102 030405 0020 0001 {price} 01 0a 14 {THREE_PACKED} 6ab13b80").replace(' ', "");
    assert_message(&sell, 42, &signed);
    let buy = order(8, false, 5 * ONE, 3 * ONE);
    let matching = OrderMatching {
        expected_base: 258,
        nonce: 0x0a0b_0c0d,
        ..matching(ALICE.sign(sell.clone()), BOB.sign(buy.clone()))
    };
    // 2·10^17 = 2000 · 10^14: 2000 << 5 | 14.
    let fee = "fa0e";
    let own = format!("08 00000002 00 0001 {fee} {:0>32} {:0>32} 0a0b0c0d 6ab13b80", "102", "0").replace(' ', "");
    assert_eq!((hex::encode(matching.signed_bytes()), own.len()), (own.clone(), 100));
    let orders = hash2(sell.message(DEPLOYMENT), buy.message(DEPLOYMENT));
    assert_eq!(matching.message(DEPLOYMENT), hash2(folded(&own), orders));
    let public = format!(
        "08 00 00000009 00000008 00000002 0102 0000 0020 0001 0001 {THREE_PACKED} {THREE_PACKED} {fee} 0a 14 {:0>32} {:0>32} \
         030405 000000 01",
        "7", "23"
    );
    assert_pubdata(&matching.pubdata(7, 35), 4, 77, &public.replace(' ', ""));
}

#[test]
fn account_and_slot_leaves() {
    let (balance_root, order_root) = (Fr::from(8), Fr::from(9));
    let chains = Chains::from_bits(0x4000_0081).unwrap();
    let (pkh, owner) = (PubKeyHash([0xff; 20]), ALICE.owner());
    let account = Account { chains, nonce: 3, pkh, owner, balance_root, order_root };
    // Chains 1, 8 and 31.
    let auth = element(&(integer("40000081") << 192 | integer("3") << 160 | integer(&"ff".repeat(20))));
    let owner = hash2(element(&integer(&ALICE_OWNER[..50])), element(&integer(&ALICE_OWNER[50..])));
    assert_eq!(account.leaf(), hash2(hash2(auth, owner), hash2(balance_root, order_root)));
    let slot = Slot { nonce: 0xffffff, residue: u128::MAX };
    assert_eq!(slot.leaf(), element(&((BigUint::from(1u8) << 152) - 1u8)));
}

#[test]
fn public_inputs_bind_the_data_of_every_chain() {
    let (_folder, state) = fresh(&genesis());
    let trace = state.apply(&sample_block()).unwrap();
    let inputs = PublicInputs::new(&trace, 4).unwrap();

    let big_endian = |x: &Fr| x.to_repr().into_iter().rev().collect::<Vec<u8>>();
    let chunks: Vec<Fr> = trace.operations.iter().flat_map(|operation| operation.pubdata.chunks()).collect();
    assert_eq!(chunks.len(), 3 * 8 + 4 + 2 + 1);
    let mut h = Fr::ZERO;
    chunks.iter().for_each(|chunk| h = hash2(h, *chunk));
    let mut preimage = [&h, &trace.old_root, &trace.new_root, &DEPLOYMENT.0].map(big_endian).concat();
    preimage.extend([[0; 7].as_slice(), &[1], &[0; 4], &TIME.to_be_bytes()].concat());
    let published: Vec<u8> =
        trace.operations.iter().flat_map(|operation| operation.pubdata.bytes().iter().copied()).collect();
    preimage.extend(Keccak256::digest(&published));
    // Which of the sample's operations a chain checks; chain 4 has none.
    let own: [&[usize]; 4] = [&[0], &[1, 7, 9], &[2, 4, 8], &[]];
    for operations in own {
        let mut hash = Keccak256::digest(b"").to_vec();
        for index in operations {
            hash = Keccak256::digest([&hash, trace.operations[*index].pubdata.bytes()].concat()).to_vec();
        }
        preimage.extend(hash);
    }
    let modulus = BigUint::from_bytes_le(&(-Fr::ONE).to_repr()) + 1u8;
    let z = element(&(BigUint::from_bytes_be(&Keccak256::digest(&preimage)) % modulus));

    // Σ chunk_i · z^(n−1−i) + z^n.
    let polynomial = |chunks: Vec<Fr>| {
        let n = chunks.len() as u64;
        (0..).zip(chunks).fold(z.pow([n]), |sum, (i, chunk): (u64, Fr)| sum + chunk * z.pow([n - 1 - i]))
    };
    let timestamp = Fr::from(u64::from(TIME));
    let mut expected = vec![trace.old_root, trace.new_root, h, z, DEPLOYMENT.0, timestamp, polynomial(chunks)];
    for operations in own {
        expected.push(polynomial(operations.iter().flat_map(|i| trace.operations[*i].pubdata.chunks()).collect()));
    }
    assert_eq!(inputs.instance(), expected);
    assert_eq!(expected[10], Fr::ONE);
    assert_ne!(PublicInputs::new(&trace, 3).unwrap().z, z);
    assert_eq!(PublicInputs::new(&trace, 2), Err(ChainNotServed { index: 2, chain: 3, chains: 2 }));
}
