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
use penstock_circuits::packing::{PackedAmount, PackedFee};
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
fn accounts_are_opened_under_free_ids_and_used_by_their_owners() {
    let (_folder, state) = funded();
    let to = |account, who| deposit(ETHEREUM, account, (ETHER, ETHER), 1, who);
    let taken = |account, who: Person| Rule::AccountTaken { account, owner: who.owner() };
    let differs =
        |account, who: Person, given: Person| Rule::OwnerDiffers { account, owner: who.owner(), given: given.owner() };
    assert_refused(&state, to(BOB_ID, DAVE), differs(BOB_ID, BOB, DAVE));
    // The reserves' account has no owner, and nobody becomes it.
    assert_refused(&state, to(1, DAVE), Rule::ReserveAccount { account: 1 });
    let new = |to, who: Person| {
        let Transfer { from, from_sub, token, amount, to_sub, fee, nonce, time, .. } = transfer_by_alice(|_| ());
        let to_owner = who.owner();
        let body = TransferToNew { from, from_sub, token, amount, to, to_sub, to_owner, fee, nonce, time };
        SignedOperation::TransferToNew(ALICE.sign(body))
    };
    assert_refused(&state, new(1, DAVE), Rule::ReserveAccount { account: 1 });
    assert_refused(&state, new(BOB_ID, DAVE), taken(BOB_ID, BOB));
    assert_refused(&state, new(ALICE_ID, ALICE), taken(ALICE_ID, ALICE));
    let missing = alice(|transfer| (transfer.to, transfer.to_owner) = (6, DAVE.owner()));
    assert_refused(&state, missing, Rule::AccountMissing { account: 6 });
    assert_refused(&state, alice(|transfer| transfer.to_owner = CAROL.owner()), differs(BOB_ID, BOB, CAROL));
    let reserves = alice(|transfer| transfer.to = 1);
    assert_refused(&state, reserves, Rule::AccountMissing { account: 1 });
    state.apply(&next_block(&state, vec![new(6, DAVE), to(6, DAVE)])).unwrap();
}

#[test]
fn a_new_account_takes_any_free_id_even_for_an_owner_who_has_one_and_the_next_free_one_is_proposed() {
    let (_folder, state) = funded();
    let to = |account, who| deposit(ETHEREUM, account, (ETHER, ETHER), 1, who);
    assert_eq!(state.view().unwrap().head().next_account, 6);
    let operations = vec![to(7, DAVE), to(MAX_ACCOUNT, ALICE), to(9, Person(9))];
    assert_consistent(&state.apply(&next_block(&state, operations)).unwrap());
    let view = state.view().unwrap();
    assert_eq!(view.head().next_account, 6);
    assert_eq!(view.accounts_of(&ALICE.owner()).unwrap(), [ALICE_ID, MAX_ACCOUNT]);
    assert_eq!(view.balance(MAX_ACCOUNT, 0, ETHER).unwrap(), 1);
    state.apply(&next_block(&state, vec![to(6, Person(6)), to(8, Person(8))])).unwrap();
    let view = state.view().unwrap();
    assert_eq!(view.head().next_account, 10);
    view.check().unwrap();
}

#[test]
fn forced_exits_spare_accounts_with_a_key_and_chains_on_which_the_owner_has_not_acted() {
    let (_folder, state) = funded();
    let exit_on = |chain, target, who: Person| {
        SignedOperation::ForcedExit(ALICE.sign(ForcedExit {
            chain,
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
    let exit = |target, who| exit_on(POLYGON, target, who);
    assert_refused(&state, exit_on(LINEA, 5, CAROL), Rule::TargetNotSeen { account: 5, chain: LINEA });
    // A deposit by somebody else says nothing about the owner; a full exit by a stranger neither.
    let gift = Deposit {
        chain: LINEA,
        account: 5,
        sub: 0,
        l1_token: ETHER,
        l2_token: ETHER,
        amount: 1,
        owner: CAROL.owner(),
        by_owner: false,
    };
    let (l1_token, l2_token) = (STABLE, USD);
    let ask = |who: Person| {
        SignedOperation::FullExit(FullExit {
            chain: LINEA,
            account: 5,
            sub: 31,
            owner: who.owner(),
            l1_token,
            l2_token,
        })
    };
    state.apply(&next_block(&state, vec![SignedOperation::Deposit(gift), ask(DAVE)])).unwrap();
    assert_refused(&state, exit_on(LINEA, 5, CAROL), Rule::TargetNotSeen { account: 5, chain: LINEA });
    assert_refused(&state, exit(BOB_ID, BOB), Rule::TargetHasKey { account: BOB_ID, key: BOB.pkh() });
    let rule = Rule::OwnerDiffers { account: 5, owner: CAROL.owner(), given: DAVE.owner() };
    assert_refused(&state, exit(5, DAVE), rule);
    // The owner's own full exit, though it moves nothing, opens the chain; so does the owner's deposit, as on Polygon.
    let (_other_folder, other) = funded();
    other.apply(&next_block(&other, vec![ask(CAROL), exit_on(LINEA, 5, CAROL)])).unwrap();
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
    assert!(state.view().unwrap().account(ALICE_ID).unwrap().chains.contains(ETHEREUM));
    assert_eq!(state.view().unwrap().balance(ALICE_ID, 0, ETHER).unwrap(), 0);
    let zero = Rule::Violation(Violation::ZeroOwner("owner"));
    assert_refused(&state, exit(99, Owner::default()), zero);
    let beyond = Rule::Violation(Violation::AccountOutOfRange(MAX_ACCOUNT + 1));
    assert_refused(&state, exit(MAX_ACCOUNT + 1, BOB.owner()), beyond);
}

#[test]
fn reserves_stay_below_2_to_119() {
    let (_folder, state) = funded();
    let full = |chain, token, reserve, amount| Rule::ReserveFull { chain, token, reserve, amount };
    let over = deposit(LINEA, ALICE_ID, (ETHER, ETHER), MAX_RESERVE + 1, ALICE);
    assert_refused(&state, over, full(LINEA, ETHER, 0, MAX_RESERVE + 1));
    let over = deposit(ETHEREUM, 5, (ETHER, ETHER), u128::MAX, CAROL);
    assert_refused(&state, over, full(ETHEREUM, ETHER, 20 * ONE, u128::MAX));
    let fits = deposit(ETHEREUM, ALICE_ID, (ETHER, ETHER), MAX_RESERVE - 20 * ONE, ALICE);
    state.apply(&next_block(&state, vec![fits])).unwrap();
    let over = deposit(ETHEREUM, BOB_ID, (ETHER, ETHER), 1, BOB);
    assert_refused(&state, over, full(ETHEREUM, ETHER, MAX_RESERVE, 1));
}

#[test]
fn nothing_is_carried_after_the_last_second_that_its_signer_allows() {
    let expired = |what| Rule::Expired { what, time: TIME - 1, timestamp: TIME };
    let (_folder, state) = funded();
    assert_refused(&state, alice(|transfer| transfer.time = TIME - 1), expired(Signee::Operation));
    assert_refused(&state, withdraw_by_alice(|withdraw| withdraw.time = TIME - 1), expired(Signee::Operation));
    assert_refused(&state, trade(|_, _, matching| matching.time = TIME - 1), expired(Signee::Operation));
    assert_refused(&state, trade(|sell, _, _| sell.expiry = TIME - 1), expired(Signee::MakerOrder));
    assert_refused(&state, trade(|_, buy, _| buy.expiry = TIME - 1), expired(Signee::TakerOrder));
    // The last second counts, and a block of the last second that there is carries what never expires.
    let last = Block { timestamp: u32::MAX, ..next_block(&state, vec![alice(|transfer| transfer.time = u32::MAX)]) };
    state.execute(&last).unwrap();
    state.apply(&next_block(&state, vec![alice(|transfer| transfer.time = TIME)])).unwrap();
}

#[test]
fn a_signature_for_another_deployment_is_refused() {
    let (_folder, state) = funded();
    let body = transfer_by_alice(|_| ());
    let signed = Signed::sign(body, &ALICE.key(), Deployment(DEPLOYMENT.0 + Fr::ONE)).unwrap();
    let rule = Rule::Signature { account: ALICE_ID, error: SignatureError::Mismatch };
    assert_refused(&state, SignedOperation::Transfer(signed), rule);
}

/// The signed kinds, each by somebody who may.
fn one_of_each_signed_kind() -> [SignedOperation; 6] {
    let Transfer { from, from_sub, token, amount, to_sub, fee, nonce, time, .. } = transfer_by_alice(|_| ());
    let (to, to_owner) = (6, DAVE.owner());
    let new = TransferToNew { from, from_sub, token, amount, to, to_sub, to_owner, fee, nonce, time };
    let change = ChangePubKey {
        chain: POLYGON,
        account: 5,
        sub: 0,
        pub_key_hash: CAROL.pkh(),
        fee_token: USD,
        fee: PackedFee::new(0).unwrap(),
        nonce: 0,
        time: TIME,
    };
    let exit = ForcedExit {
        chain: POLYGON,
        initiator: ALICE_ID,
        initiator_sub: 0,
        target: 5,
        target_sub: 0,
        target_owner: CAROL.owner(),
        l1_token: STABLE,
        l2_token: USD,
        fee_token: USD,
        fee: PackedFee::new(0).unwrap(),
        nonce: 0,
        time: TIME,
    };
    // More than one match of these orders is possible.
    let trade = trade(|sell, buy, matching| {
        (sell.amount, buy.amount) = (PackedAmount::new(4 * ONE).unwrap(), PackedAmount::new(4 * ONE).unwrap());
        matching.expected_base = ONE;
    });
    [
        alice(|_| ()),
        SignedOperation::TransferToNew(ALICE.sign(new)),
        withdraw_by_alice(|_| ()),
        SignedOperation::ChangePubKey(CAROL.sign(change)),
        SignedOperation::ForcedExit(ALICE.sign(exit)),
        trade,
    ]
}

#[test]
fn what_is_signed_is_spent_once() {
    for operation in one_of_each_signed_kind() {
        let kind = operation.kind();
        let (_folder, state) = funded();
        let again = |refused: BlockError, at: usize| match refused {
            BlockError::Refused { index, rule: Rule::Nonce { nonce: 1, given: 0, .. }, .. } => {
                assert_eq!(index, at, "{kind}")
            }
            refused => panic!("{kind}: {refused}"),
        };
        let twice = next_block(&state, vec![operation.clone(), operation.clone()]);
        again(state.execute(&twice).unwrap_err(), 1);
        state.apply(&next_block(&state, vec![operation.clone()])).unwrap();
        again(state.execute(&next_block(&state, vec![operation])).unwrap_err(), 0);
    }
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
    let next = |nonce: u32, (sell_nonce, buy_nonce): (u32, u32), value: u128| {
        trade(|sell, buy, matching| {
            matching.nonce = nonce;
            (sell.nonce, sell.amount) = (OrderNonce::try_from(sell_nonce).unwrap(), amount(value));
            (buy.nonce, buy.amount) = (OrderNonce::try_from(buy_nonce).unwrap(), amount(3 * ONE));
        })
    };
    // The next nonce replaces a residue; the one after that does not exist, nor does the next of an empty slot.
    assert_refused(&state, next(1, (1, 2), ONE), slot(0, 2 * ONE, 2, BOB_ID));
    assert_refused(&state, next(1, (2, 0), ONE), slot(1, 0, 2, ALICE_ID));
    let trace = state.apply(&next_block(&state, vec![next(1, (1, 0), 5 * ONE)])).unwrap();
    assert_consistent(&trace);
    let slots = |id| state.view().unwrap().slots(id).unwrap()[0].2;
    assert_eq!((slots(ALICE_ID).nonce, slots(ALICE_ID).residue), (1, 3 * ONE));
    assert_eq!((slots(BOB_ID).nonce, slots(BOB_ID).residue), (1, 0));
    // Alice gives up what is left and starts over with nonce 2.
    state.apply(&next_block(&state, vec![next(2, (2, 1), ONE)])).unwrap();
    assert_eq!((slots(ALICE_ID).nonce, slots(ALICE_ID).residue), (3, 0));
}

#[test]
fn a_match_of_orders_with_something_left_is_not_made_again() {
    let (_folder, state) = funded();
    let part = |nonce: u32| {
        trade(|sell, buy, matching| {
            (sell.amount, buy.amount) = (amount(4 * ONE), amount(4 * ONE));
            (matching.expected_base, matching.nonce) = (ONE, nonce);
        })
    };
    state.apply(&next_block(&state, vec![part(0), part(1)])).unwrap();
    assert_refused(&state, part(1), Rule::Nonce { account: SUBMITTER_ID, nonce: 2, given: 1 });
    state.apply(&next_block(&state, vec![part(2)])).unwrap();
    assert_eq!(state.view().unwrap().account(SUBMITTER_ID).unwrap().nonce, 3);
}
