//! Blocks that break a rule: refused with the operation's index, its kind, the rule and the values, and without a trace in the
//! state.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use common::*;
use halo2curves::bn256::Fr;
use halo2curves::ff::{Field, PrimeField};
use num_bigint::BigUint;
use penstock_circuits::babyjubjub::{ORDER, Point};
use penstock_circuits::eddsa::SignatureError;
use penstock_circuits::execute::{BlockError, Rule};
use penstock_circuits::operation::*;
use penstock_circuits::packing::PackedFee;
use penstock_circuits::state::State;

/// Alice and Bob with 10 ether and 100,000 USD each; two blocks deep.
fn funded() -> (tempfile::TempDir, State) {
    let (folder, state) = fresh(&genesis());
    let block = next_block(
        &state,
        vec![
            deposit(ETHEREUM, ALICE_ID, (ETHER, ETHER), 10 * ONE, ALICE),
            deposit(ETHEREUM, BOB_ID, (ETHER, ETHER), 10 * ONE, BOB),
            deposit(POLYGON, ALICE_ID, (STABLE, USD), 100_000 * ONE, ALICE),
            deposit(POLYGON, BOB_ID, (STABLE, USD), 100_000 * ONE, BOB),
            deposit(POLYGON, 5, (STABLE, USD), 7 * ONE, CAROL),
        ],
    );
    state.apply(&block).unwrap();
    (folder, state)
}

/// Puts the operation behind a noop; it has to be refused there, by this rule, and the state has to stay.
#[track_caller]
fn assert_refused(state: &State, operation: SignedOperation, expected: Rule) {
    let kind = operation.kind();
    let before = state.view().unwrap().head();
    let block = next_block(state, vec![SignedOperation::Noop(Noop {}), operation]);
    match state.apply(&block) {
        Err(BlockError::Refused { index, kind: refused, rule }) => {
            assert_eq!((index, refused, &rule), (1, kind, &expected));
            assert!(
                BlockError::Refused { index, kind, rule }.to_string().starts_with(&format!("operation 1 ({kind})"))
            );
        }
        other => panic!("{:?}", other.map(|trace| trace.operations)),
    }
    assert_eq!(state.view().unwrap().head(), before);
}

fn transfer_by_alice(change: impl FnOnce(&mut Transfer)) -> Transfer {
    let mut transfer = transfer_body(ALICE_ID, BOB_ID, BOB.owner(), ETHER, ONE, 0);
    change(&mut transfer);
    transfer
}

fn alice(change: impl FnOnce(&mut Transfer)) -> SignedOperation {
    SignedOperation::Transfer(ALICE.sign(transfer_by_alice(change)))
}

fn withdraw_by_alice(change: impl FnOnce(&mut Withdraw)) -> SignedOperation {
    let mut withdraw = Withdraw {
        chain: ETHEREUM,
        account: ALICE_ID,
        sub: 0,
        to: ALICE.owner(),
        l1_token: ETHER,
        l2_token: ETHER,
        amount: ONE,
        fee: fee(0),
        nonce: 0,
        fast: false,
        fee_ratio: 0,
        time: TIME,
    };
    change(&mut withdraw);
    SignedOperation::Withdraw(ALICE.sign(withdraw))
}

/// Alice sells one ether at 2500, Bob buys one.
fn trade(change: impl FnOnce(&mut Order, &mut Order, &mut OrderMatching)) -> SignedOperation {
    let (mut sell, mut buy) = (order(ALICE_ID, true, 2_500 * ONE, ONE), order(BOB_ID, false, 2_500 * ONE, ONE));
    let mut matching = matching(ALICE.sign(sell.clone()), BOB.sign(buy.clone()));
    change(&mut sell, &mut buy, &mut matching);
    (matching.maker, matching.taker) = (ALICE.sign(sell), BOB.sign(buy));
    SignedOperation::OrderMatching(Box::new(SUBMITTER.sign(matching)))
}

#[test]
fn what_the_refusals_start_from_is_accepted() {
    let (_folder, state) = funded();
    let operations = vec![alice(|_| ()), withdraw_by_alice(|withdraw| withdraw.nonce = 1), trade(|_, _, _| ())];
    assert_consistent(&state.apply(&next_block(&state, operations)).unwrap());
    state.view().unwrap().check().unwrap();
}

#[test]
fn an_empty_block_and_a_wrong_number_are_refused() {
    let (_folder, state) = funded();
    let empty = next_block(&state, vec![]);
    assert!(matches!(state.apply(&empty), Err(BlockError::Empty)));
    for number in [0, 1, 3, u64::MAX] {
        let block = Block { number, ..next_block(&state, vec![SignedOperation::Noop(Noop {})]) };
        assert!(matches!(state.apply(&block), Err(BlockError::Number { expected: 2, found }) if found == number));
    }
}

#[test]
fn a_wrong_signature_is_refused() {
    let (_folder, state) = funded();
    let refused = |signed: Signed<Transfer>, error: SignatureError| {
        assert_refused(&state, SignedOperation::Transfer(signed), Rule::Signature { account: ALICE_ID, error });
    };
    let signed = ALICE.sign(transfer_by_alice(|_| ()));
    // Every field is signed, the receiver by its owner.
    let changes: [fn(&mut Transfer); 9] = [
        |transfer| transfer.from_sub = 1,
        |transfer| transfer.token = USD,
        |transfer| transfer.amount = amount(2 * ONE),
        |transfer| transfer.to_sub = 1,
        |transfer| transfer.to_owner = CAROL.owner(),
        |transfer| transfer.fee = fee(0),
        |transfer| transfer.nonce = 1,
        |transfer| transfer.time += 1,
        |transfer| transfer.from = BOB_ID,
    ];
    for change in &changes[..8] {
        let mut changed = signed.clone();
        change(&mut changed.body);
        refused(changed, SignatureError::Mismatch);
    }
    let mut changed = signed.clone();
    changes[8](&mut changed.body);
    let error = SignatureError::Mismatch;
    assert_refused(&state, SignedOperation::Transfer(changed), Rule::Signature { account: BOB_ID, error });

    let s = BigUint::from_bytes_le(&signed.signature.s.to_repr()) + &*ORDER;
    let mut malleated = signed.clone();
    malleated.signature.s = Fr::from_str_vartime(&s.to_string()).unwrap();
    refused(malleated, SignatureError::ResponseTooLarge(s));
    let mut off = signed.clone();
    off.public_key = Point { x: Fr::ONE, y: Fr::ONE };
    refused(off, SignatureError::KeyOffCurve);
    let mut off = signed;
    off.signature.r8.x += Fr::ONE;
    refused(off, SignatureError::NonceOffCurve);
}

#[test]
fn another_accounts_key_is_refused() {
    let (_folder, state) = funded();
    let by_bob = SignedOperation::Transfer(BOB.sign(transfer_by_alice(|_| ())));
    assert_refused(&state, by_bob, Rule::KeyDiffers { account: ALICE_ID, expected: ALICE.pkh(), signer: BOB.pkh() });
    let by_carol = SignedOperation::Transfer(CAROL.sign(transfer_body(5, BOB_ID, BOB.owner(), USD, ONE, 0)));
    assert_refused(&state, by_carol, Rule::NoKey { account: 5 });
    let change = ChangePubKey {
        chain: LINEA,
        account: 5,
        sub: 0,
        pub_key_hash: CAROL.pkh(),
        fee_token: USD,
        fee: fee(0),
        nonce: 0,
        time: TIME,
    };
    let by_dave = SignedOperation::ChangePubKey(DAVE.sign(change));
    assert_refused(&state, by_dave, Rule::KeyDiffers { account: 5, expected: CAROL.pkh(), signer: DAVE.pkh() });
}

#[test]
fn a_replayed_or_skipped_nonce_is_refused() {
    let (_folder, state) = funded();
    state.apply(&next_block(&state, vec![alice(|_| ())])).unwrap();
    assert_refused(&state, alice(|_| ()), Rule::Nonce { account: ALICE_ID, nonce: 1, given: 0 });
    let skipped = alice(|transfer| transfer.nonce = 2);
    assert_refused(&state, skipped, Rule::Nonce { account: ALICE_ID, nonce: 1, given: 2 });
}

#[test]
fn an_overdraft_is_refused_by_one_unit() {
    let (_folder, state) = funded();
    let all = |rest: u128| alice(move |transfer| transfer.amount = amount(10 * ONE - ONE / 10 + rest));
    let short = Rule::Overdraft {
        account: ALICE_ID,
        sub: 0,
        token: ETHER,
        balance: 10 * ONE,
        amount: 10 * ONE - ONE / 10 + ONE / 1_000_000_000,
        fee: ONE / 10,
    };
    assert_refused(&state, all(ONE / 1_000_000_000), short);
    let in_sub_1 = alice(|transfer| transfer.from_sub = 1);
    let short = Rule::Overdraft { account: ALICE_ID, sub: 1, token: ETHER, balance: 0, amount: ONE, fee: ONE / 10 };
    assert_refused(&state, in_sub_1, short);
    // Amount and fee together exceed 128 bits.
    let huge = withdraw_by_alice(|withdraw| (withdraw.amount, withdraw.fee) = (u128::MAX, PackedFee::new(1).unwrap()));
    let short =
        Rule::Overdraft { account: ALICE_ID, sub: 0, token: ETHER, balance: 10 * ONE, amount: u128::MAX, fee: 1 };
    assert_refused(&state, huge, short);
    state.apply(&next_block(&state, vec![all(0)])).unwrap();
}

#[test]
fn fees_cannot_be_spent_in_the_block_that_earns_them() {
    let (_folder, state) = funded();
    let by_collector = |nonce| {
        let body = Transfer { fee: fee(0), ..transfer_body(0, BOB_ID, BOB.owner(), ETHER, ONE / 10, nonce) };
        SignedOperation::Transfer(COLLECTOR_PERSON.sign(body))
    };
    let block = next_block(&state, vec![alice(|_| ()), by_collector(0)]);
    let refused = state.apply(&block).unwrap_err();
    assert!(matches!(
        refused,
        BlockError::Refused { index: 1, rule: Rule::Overdraft { account: 0, balance: 0, .. }, .. }
    ));
    state.apply(&next_block(&state, vec![alice(|_| ())])).unwrap();
    state.apply(&next_block(&state, vec![by_collector(0)])).unwrap();
}

#[test]
fn an_exceeded_reserve_is_refused() {
    let (_folder, state) = funded();
    let on_linea = withdraw_by_alice(|withdraw| withdraw.chain = LINEA);
    assert_refused(&state, on_linea, Rule::ReserveExceeded { chain: LINEA, token: ETHER, reserve: 0, amount: ONE });
    let pooled = withdraw_by_alice(|withdraw| {
        (withdraw.l1_token, withdraw.l2_token, withdraw.amount) = (18, USD, 50_000 * ONE);
    });
    assert_refused(
        &state,
        pooled,
        Rule::ReserveExceeded { chain: ETHEREUM, token: 3, reserve: 0, amount: 50_000 * ONE },
    );
}

#[test]
fn values_out_of_range_are_refused() {
    let (_folder, state) = funded();
    let refused = |operation, violation| assert_refused(&state, operation, Rule::Violation(violation));
    refused(alice(|transfer| transfer.from_sub = 32), Violation::SubOutOfRange(32));
    refused(alice(|transfer| transfer.to_sub = 255), Violation::SubOutOfRange(255));
    refused(alice(|transfer| transfer.to = 1 << 24), Violation::AccountOutOfRange(1 << 24));
    refused(alice(|transfer| transfer.from = u32::MAX), Violation::AccountOutOfRange(u32::MAX));
    for token in [0, 2, 16] {
        refused(alice(|transfer| transfer.token = token), Violation::TokenNotHeld(token));
    }
    refused(alice(|transfer| transfer.to_owner = Owner::default()), Violation::ZeroOwner("to_owner"));
    refused(withdraw_by_alice(|withdraw| withdraw.to = Owner::default()), Violation::ZeroOwner("to"));
    refused(withdraw_by_alice(|withdraw| withdraw.fee_ratio = 10_001), Violation::FeeRatioOutOfRange(10_001));
    for chain in [0, 32] {
        refused(withdraw_by_alice(|withdraw| withdraw.chain = chain), Violation::ChainOutOfRange(chain));
    }
    for (l1_token, l2_token) in [(0, 0), (1, 1), (2, 2), (16, 1), (32, 1), (17, 18), (1, 17), (17, 2), (32, 33)] {
        let pair = deposit(ETHEREUM, ALICE_ID, (l1_token, l2_token), 1, ALICE);
        refused(pair, Violation::TokenPair { l1_token, l2_token });
    }
    let change = ChangePubKey {
        chain: LINEA,
        account: 5,
        sub: 0,
        pub_key_hash: PubKeyHash::default(),
        fee_token: USD,
        fee: fee(0),
        nonce: 0,
        time: TIME,
    };
    refused(SignedOperation::ChangePubKey(CAROL.sign(change)), Violation::ZeroKeyHash);
}

#[test]
fn accounts_are_opened_in_order_and_once_an_owner() {
    let (_folder, state) = funded();
    let to = |account, who| deposit(ETHEREUM, account, (ETHER, ETHER), 1, who);
    assert_refused(&state, to(7, DAVE), Rule::NotNextAccount { next: 6, given: 7 });
    assert_refused(&state, to(BOB_ID, DAVE), Rule::NotNextAccount { next: 6, given: BOB_ID });
    // The reserves' account has no owner, and nobody becomes it.
    assert_refused(&state, to(1, DAVE), Rule::NotNextAccount { next: 6, given: 1 });
    let twice = Rule::OwnerHasAccount { owner: ALICE.owner(), account: ALICE_ID, given: 6 };
    assert_refused(&state, to(6, ALICE), twice);
    let new = |to, who: Person| {
        let Transfer { from, from_sub, token, amount, to_sub, fee, nonce, time, .. } = transfer_by_alice(|_| ());
        let to_owner = who.owner();
        let body = TransferToNew { from, from_sub, token, amount, to, to_sub, to_owner, fee, nonce, time };
        SignedOperation::TransferToNew(ALICE.sign(body))
    };
    assert_refused(&state, new(1, DAVE), Rule::NotNextAccount { next: 6, given: 1 });
    assert_refused(&state, new(6, BOB), Rule::OwnerHasAccount { owner: BOB.owner(), account: BOB_ID, given: 6 });
    let missing = alice(|transfer| (transfer.to, transfer.to_owner) = (6, DAVE.owner()));
    assert_refused(&state, missing, Rule::AccountMissing { account: 6 });
    let differs = alice(|transfer| transfer.to_owner = CAROL.owner());
    let rule = Rule::OwnerDiffers { account: BOB_ID, owner: BOB.owner(), given: CAROL.owner() };
    assert_refused(&state, differs, rule);
    let reserves = alice(|transfer| transfer.to = 1);
    assert_refused(&state, reserves, Rule::AccountMissing { account: 1 });
    state.apply(&next_block(&state, vec![new(6, DAVE), to(6, DAVE)])).unwrap();
}

#[test]
fn forced_exits_spare_accounts_with_a_key() {
    let (_folder, state) = funded();
    let exit = |target, who: Person| {
        SignedOperation::ForcedExit(ALICE.sign(ForcedExit {
            chain: POLYGON,
            initiator: ALICE_ID,
            initiator_sub: 0,
            target,
            target_sub: 0,
            target_owner: who.owner(),
            l1_token: STABLE,
            l2_token: USD,
            fee_token: USD,
            fee: fee(0),
            nonce: 0,
            time: TIME,
        }))
    };
    assert_refused(&state, exit(BOB_ID, BOB), Rule::TargetHasKey { account: BOB_ID, key: BOB.pkh() });
    let rule = Rule::OwnerDiffers { account: 5, owner: CAROL.owner(), given: DAVE.owner() };
    assert_refused(&state, exit(5, DAVE), rule);
    state.apply(&next_block(&state, vec![exit(5, CAROL)])).unwrap();
    assert_eq!(state.view().unwrap().balance(5, 0, USD).unwrap(), 0);
}

#[test]
fn full_exits_of_strangers_move_nothing() {
    let (_folder, state) = funded();
    let exit = |account, owner| {
        let (l1_token, l2_token) = (ETHER, ETHER);
        SignedOperation::FullExit(FullExit { chain: ETHEREUM, account, sub: 0, owner, l1_token, l2_token })
    };
    let operations = [(ALICE_ID, BOB), (1, BOB), (99, BOB), (MAX_ACCOUNT, BOB)].map(|(id, who)| exit(id, who.owner()));
    let before = state.view().unwrap().root();
    let trace = state.apply(&next_block(&state, operations.to_vec())).unwrap();
    assert_consistent(&trace);
    assert_eq!(trace.new_root, before);
    state.apply(&next_block(&state, vec![exit(ALICE_ID, ALICE.owner())])).unwrap();
    assert_eq!(state.view().unwrap().balance(ALICE_ID, 0, ETHER).unwrap(), 0);
    let zero = Rule::Violation(Violation::ZeroOwner("owner"));
    assert_refused(&state, exit(99, Owner::default()), zero);
    let beyond = Rule::Violation(Violation::AccountOutOfRange(MAX_ACCOUNT + 1));
    assert_refused(&state, exit(MAX_ACCOUNT + 1, BOB.owner()), beyond);
}

#[test]
fn balances_stay_below_2_to_128() {
    let (_folder, state) = funded();
    let credit = u128::MAX - 10 * ONE + 1;
    let over = deposit(LINEA, ALICE_ID, (ETHER, ETHER), credit, ALICE);
    let rule = Rule::Overflow { account: ALICE_ID, sub: 0, token: ETHER, balance: 10 * ONE, credit };
    assert_refused(&state, over, rule);
    // Fits the user, but not the reserve.
    let over = deposit(ETHEREUM, 5, (ETHER, ETHER), credit, CAROL);
    let rule = Rule::Overflow { account: 1, sub: ETHEREUM, token: ETHER, balance: 20 * ONE, credit };
    assert_refused(&state, over, rule);
    let fits = deposit(LINEA, ALICE_ID, (ETHER, ETHER), credit - 1, ALICE);
    state.apply(&next_block(&state, vec![fits])).unwrap();
}

#[test]
fn matches_that_do_not_fit_are_refused() {
    let (_folder, state) = funded();
    let refused = |operation, violation| assert_refused(&state, operation, Rule::Violation(violation));
    refused(trade(|_, _, matching| matching.sub = 1), Violation::SubsDiffer { matching: 1, maker: 0, taker: 0 });
    refused(trade(|sell, _, _| sell.sub = 1), Violation::SubsDiffer { matching: 0, maker: 1, taker: 0 });
    refused(trade(|_, buy, _| buy.base_token = 33), Violation::PairsDiffer { maker: (ETHER, USD), taker: (33, USD) });
    refused(trade(|sell, buy, _| (sell.base_token, buy.base_token) = (USD, USD)), Violation::BaseIsQuote(USD));
    refused(trade(|sell, _, _| sell.is_sell = false), Violation::SameSide(false));
    refused(trade(|_, buy, _| buy.is_sell = true), Violation::SameSide(true));
    refused(trade(|_, buy, _| buy.account = ALICE_ID), Violation::SelfTrade(ALICE_ID));
    refused(trade(|_, buy, _| buy.quote_token = 2), Violation::TokenNotHeld(2));
    refused(trade(|_, _, matching| matching.fee_token = 0), Violation::TokenNotHeld(0));
}

#[test]
fn uncrossed_and_empty_trades_are_refused() {
    let (_folder, state) = funded();
    let uncrossed = trade(|_, buy, _| buy.price = Price::new(2_500 * ONE - 1).unwrap());
    assert_refused(&state, uncrossed, Rule::NotCrossed { buyer: 2_500 * ONE - 1, seller: 2_500 * ONE });
    let nothing = trade(|sell, _, _| sell.amount = amount(0));
    assert_refused(&state, nothing, Rule::EmptyTrade { quantity: 0, quote: 0 });
    let dust = trade(|sell, buy, _| {
        sell.price = Price::new(1).unwrap();
        (sell.amount, buy.amount) = (amount(5), amount(5));
    });
    assert_refused(&state, dust, Rule::EmptyTrade { quantity: 5, quote: 0 });
    let price = (1u128 << 120) - 1;
    let huge = trade(|sell, buy, _| {
        (sell.price, buy.price) = (Price::new(price).unwrap(), Price::new(price).unwrap());
        (sell.amount, buy.amount) = (amount(10u128.pow(30)), amount(10u128.pow(30)));
    });
    assert_refused(&state, huge, Rule::QuoteOverflow { quantity: 10u128.pow(30), price });
    let poor = trade(|sell, buy, _| (sell.amount, buy.amount) = (amount(11 * ONE), amount(11 * ONE)));
    let short =
        Rule::Overdraft { account: ALICE_ID, sub: 0, token: ETHER, balance: 10 * ONE, amount: 11 * ONE, fee: 0 };
    assert_refused(&state, poor, short);
}

#[test]
fn orders_are_signed_by_their_accounts_and_the_match_by_its_submitter() {
    let (_folder, state) = funded();
    let signed = |maker: Person, taker: Person, submitter: Person| {
        let (sell, buy) = (order(ALICE_ID, true, 2_500 * ONE, ONE), order(BOB_ID, false, 2_500 * ONE, ONE));
        SignedOperation::OrderMatching(Box::new(submitter.sign(matching(maker.sign(sell), taker.sign(buy)))))
    };
    let differs = |account, expected: Person, signer: Person| Rule::KeyDiffers {
        account,
        expected: expected.pkh(),
        signer: signer.pkh(),
    };
    assert_refused(&state, signed(BOB, BOB, SUBMITTER), differs(ALICE_ID, ALICE, BOB));
    assert_refused(&state, signed(ALICE, ALICE, SUBMITTER), differs(BOB_ID, BOB, ALICE));
    assert_refused(&state, signed(ALICE, BOB, BOB), differs(SUBMITTER_ID, SUBMITTER, BOB));
    // An order changed after its signature, and a match changed after its own.
    let error = SignatureError::Mismatch;
    let SignedOperation::OrderMatching(mut changed) = trade(|_, _, _| ()) else { unreachable!() };
    changed.body.taker.body.price = Price::new(2_600 * ONE).unwrap();
    let rule = Rule::Signature { account: BOB_ID, error: error.clone() };
    assert_refused(&state, SignedOperation::OrderMatching(changed), rule);
    let SignedOperation::OrderMatching(mut changed) = trade(|_, _, _| ()) else { unreachable!() };
    changed.body.maker = ALICE.sign(order(ALICE_ID, true, 2_400 * ONE, ONE));
    assert_refused(&state, SignedOperation::OrderMatching(changed), Rule::Signature { account: SUBMITTER_ID, error });
}

#[test]
fn a_filled_order_cannot_be_replayed_and_a_partial_one_keeps_its_residue() {
    let (_folder, state) = funded();
    let partial = || trade(|_, buy, _| buy.amount = amount(3 * ONE));
    state.apply(&next_block(&state, vec![partial()])).unwrap();
    let slot = |nonce, residue, given, account| Rule::SlotNonce { account, sub: 0, slot: 0, nonce, residue, given };
    assert_refused(&state, partial(), slot(1, 0, 0, ALICE_ID));
    // Alice's next order in the slot has nonce 1; Bob's order still has two ether to go.
    let next = |sell_nonce: u32, buy_nonce: u32, value: u128| {
        trade(|sell, buy, _| {
            (sell.nonce, sell.amount) = (OrderNonce::try_from(sell_nonce).unwrap(), amount(value));
            (buy.nonce, buy.amount) = (OrderNonce::try_from(buy_nonce).unwrap(), amount(3 * ONE));
        })
    };
    // The next nonce replaces a residue; the one after that does not exist, nor does the next of an empty slot.
    assert_refused(&state, next(1, 2, ONE), slot(0, 2 * ONE, 2, BOB_ID));
    assert_refused(&state, next(2, 0, ONE), slot(1, 0, 2, ALICE_ID));
    let trace = state.apply(&next_block(&state, vec![next(1, 0, 5 * ONE)])).unwrap();
    assert_consistent(&trace);
    let slots = |id| state.view().unwrap().slots(id).unwrap()[0].2;
    assert_eq!((slots(ALICE_ID).nonce, slots(ALICE_ID).residue), (1, 3 * ONE));
    assert_eq!((slots(BOB_ID).nonce, slots(BOB_ID).residue), (1, 0));
    // Alice gives up what is left and starts over with nonce 2.
    state.apply(&next_block(&state, vec![next(2, 1, ONE)])).unwrap();
    assert_eq!((slots(ALICE_ID).nonce, slots(ALICE_ID).residue), (3, 0));
}
