//! Blocks of a lying sequencer: a lie about what an operation did, with every root, path, signature and public input made to fit.
//! The circuit must reject each, by the constraint that says why.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;
#[path = "common/forest.rs"]
mod forest;

use std::collections::BTreeSet;
use std::sync::LazyLock;

use common::*;
use forest::{Forest, minus, set_difference};
use halo2curves::bn256::Fr;
use halo2curves::ff::{Field, PrimeField};
use penstock_circuits::circuit::check::{BUS_END, Checker};
use penstock_circuits::circuit::programs::block::{Ends, block};
use penstock_circuits::circuit::programs::frame::{Running, Shared};
use penstock_circuits::circuit::programs::rules::low128;
use penstock_circuits::circuit::programs::run;
use penstock_circuits::circuit::slot::Builder;
use penstock_circuits::circuit::soundness::Subject;
use penstock_circuits::circuit::witness::Witness;
use penstock_circuits::operation::*;
use penstock_circuits::poseidon::fold;
use penstock_circuits::public_inputs::{PublicInputs, evaluate};
use penstock_circuits::trace::{BlockTrace, Outcome, Slot};

const DEPOSIT: usize = 2;
const MATCH: usize = 3;
const WITHDRAW: usize = 4;
const TRANSFER: usize = 5;
const TRANSFER_TO_NEW: usize = 6;
const KEY_CHANGE: usize = 7;
const FORCED_EXIT: usize = 8;
const FULL_EXIT: usize = 9;
const LAST: usize = 10;

/// A value is not made of its digits.
const RANGE: &str = "slot.accumulator";

static CHECKER: LazyLock<Checker> = LazyLock::new(|| Checker::new(&Subject::all_kinds_capacities()));
static HONEST: LazyLock<BlockTrace> = LazyLock::new(|| honest(LAST));

fn public(trace: &BlockTrace) -> PublicInputs {
    PublicInputs::new(trace, Subject::all_kinds_capacities().chains).unwrap()
}

fn broken_by(witness: &Witness) -> BTreeSet<String> {
    let mut broken = CHECKER.broken(witness, Subject::challenges());
    broken.extend(CHECKER.unbalanced(witness));
    broken
}

fn lay_out(trace: &BlockTrace) -> Witness {
    Witness::new(CHECKER.layout(), trace, &public(trace)).unwrap()
}

/// The sample block up to operation `last`, executed.
fn honest(last: usize) -> BlockTrace {
    let mut block = sample_block();
    block.operations.truncate(last + 1);
    fresh(&genesis()).1.execute(&block).unwrap().0
}

/// The sample block up to operation `last`, with a lie, replayed.
fn forge(last: usize, lie: impl FnOnce(&mut BlockTrace)) -> BlockTrace {
    let mut trace = honest(last);
    lie(&mut trace);
    Forest::new(&genesis()).replay(&mut trace, None);
    trace
}

fn assert_rejected(witness: &Witness, class: &str) {
    let broken = broken_by(witness);
    assert!(broken.contains(class), "expected {class}, broken are {broken:?}");
}

/// The block that ends with a lie breaks these classes and no other.
fn assert_forgery_fails(last: usize, classes: &[&str], lie: impl FnOnce(&mut BlockTrace)) {
    let mut broken = broken_by(&lay_out(&forge(last, lie)));
    broken.remove(BUS_END);
    assert_eq!(broken.iter().collect::<Vec<_>>(), classes);
}

/// Changes the transfer, its balances and its public data; `signer` signs it.
fn transfer(trace: &mut BlockTrace, signer: Person, change: impl FnOnce(&mut Transfer)) {
    let traced = &mut trace.operations[TRANSFER];
    let SignedOperation::Transfer(signed) = &mut traced.operation else { panic!("no transfer") };
    change(&mut signed.body);
    *signed = signer.sign(signed.body.clone());
    let (amount, fee) = (signed.body.amount.value(), signed.body.fee.value());
    traced.pubdata = signed.body.pubdata();
    set_difference(&mut traced.updates[0], 0, minus(amount + fee));
    set_difference(&mut traced.updates[1], 0, Fr::from_u128(amount));
}

fn change_deposit(trace: &mut BlockTrace, change: impl FnOnce(&mut Deposit)) {
    let traced = &mut trace.operations[DEPOSIT];
    let SignedOperation::Deposit(deposit) = &mut traced.operation else { panic!("no deposit") };
    change(deposit);
    traced.pubdata = deposit.pubdata();
}

fn withdraw(trace: &mut BlockTrace, change: impl FnOnce(&mut Withdraw)) {
    let traced = &mut trace.operations[WITHDRAW];
    let SignedOperation::Withdraw(signed) = &mut traced.operation else { panic!("no withdrawal") };
    change(&mut signed.body);
    *signed = BOB.sign(signed.body.clone());
    traced.pubdata = signed.body.pubdata();
    let (chain, token) = (signed.body.chain, signed.body.l1_token);
    traced.updates[1].leaves[0].index = u64::from(chain) << 16 | u64::from(token);
}

#[test]
fn the_replayed_block_is_the_executed_one() {
    let replayed = forge(LAST, |_| ());
    assert_eq!(replayed, *HONEST);
    assert_eq!(broken_by(&lay_out(&replayed)), BTreeSet::new());
}

#[test]
fn overdraft() {
    assert_forgery_fails(TRANSFER, &[RANGE], |trace| {
        transfer(trace, ALICE, |body| body.amount = amount(1_000_000 * ONE))
    });
}

#[test]
fn exceeded_reserve() {
    // Nobody brought ether on Polygon.
    assert_forgery_fails(WITHDRAW, &[RANGE], |trace| withdraw(trace, |body| body.chain = POLYGON));
}

#[test]
fn withdrawal_of_another_token() {
    let forged = forge(WITHDRAW, |trace| withdraw(trace, |body| body.l1_token = ETHER + 1));
    assert_rejected(&lay_out(&forged), RANGE);
}

#[test]
fn deposit_of_a_worthless_token_as_pooled_usd() {
    assert_forgery_fails(DEPOSIT, &[RANGE], |trace| {
        change_deposit(trace, |deposit| (deposit.l1_token, deposit.l2_token) = (ETHER + 1, USD));
        let [user, reserve] = &mut trace.operations[DEPOSIT].updates[..] else { panic!("no deposit") };
        user.leaves[0].index = u64::from(USD);
        reserve.leaves[0].index = u64::from(LINEA) << 16 | u64::from(ETHER + 1 - 15);
    });
}

#[test]
fn minted_amount() {
    assert_forgery_fails(TRANSFER, &["bus:path"], |trace| {
        set_difference(&mut trace.operations[TRANSFER].updates[1], 0, Fr::from_u128(101 * ONE));
    });
}

#[test]
fn replayed_nonce() {
    assert_forgery_fails(TRANSFER, &["copies:signatures"], |trace| transfer(trace, ALICE, |body| body.nonce = 7));
}

#[test]
fn nonce_that_is_not_raised() {
    assert_forgery_fails(TRANSFER, &["bus:path"], |trace| {
        let update = &mut trace.operations[TRANSFER].updates[0];
        update.after.nonce = update.before.nonce;
    });
}

#[test]
fn signature_by_another_key() {
    assert_forgery_fails(TRANSFER, &["bus:signature"], |trace| transfer(trace, BOB, |_| ()));
}

#[test]
fn signature_of_another_amount() {
    assert_forgery_fails(TRANSFER, &["copies:signatures"], |trace| {
        let signature = |trace: &mut BlockTrace| match &mut trace.operations[TRANSFER].operation {
            SignedOperation::Transfer(signed) => signed.signature,
            _ => panic!("no transfer"),
        };
        let signed = signature(trace);
        transfer(trace, ALICE, |body| body.amount = amount(99 * ONE));
        let SignedOperation::Transfer(other) = &mut trace.operations[TRANSFER].operation else { panic!() };
        other.signature = signed;
    });
}

#[test]
fn fees_credited_too_high_or_elsewhere_or_not_at_all() {
    assert_forgery_fails(LAST, &["bus:fee"], |trace| {
        let credit = &mut trace.credits[0];
        credit.total += 1;
        set_difference(&mut credit.update, 0, Fr::from_u128(credit.total));
    });
    assert_forgery_fails(LAST, &["bus:fee"], |trace| {
        (trace.credits[0].account, trace.credits[0].update.id) = (BOB_ID, BOB_ID)
    });
    assert_forgery_fails(LAST, &["bus:fee"], |trace| drop(trace.credits.remove(0)));
}

#[test]
fn full_exit_of_less_than_there_is() {
    assert_forgery_fails(FULL_EXIT, &["bus:path", "slot.sum"], |trace| {
        let traced = &mut trace.operations[FULL_EXIT];
        let Outcome::FullExit { amount } = traced.outcome else { panic!("no full exit") };
        let SignedOperation::FullExit(exit) = &traced.operation else { panic!("no full exit") };
        traced.pubdata = exit.pubdata(amount - 1);
        (0..2).for_each(|update| set_difference(&mut traced.updates[update], 0, minus(amount - 1)));
    });
}

#[test]
fn full_exit_for_another_owner() {
    assert_forgery_fails(FULL_EXIT, &["bus:path", "slot.sum"], |trace| {
        let traced = &mut trace.operations[FULL_EXIT];
        let Outcome::FullExit { amount } = traced.outcome else { panic!("no full exit") };
        let SignedOperation::FullExit(exit) = &mut traced.operation else { panic!("no full exit") };
        exit.owner = BOB.owner();
        traced.pubdata = exit.pubdata(amount);
    });
}

#[test]
fn forced_exit_of_an_account_with_a_key() {
    assert_forgery_fails(FORCED_EXIT, &["slot.sum"], |trace| {
        let bob = low128(&trace.operations[WITHDRAW].updates[0].leaves[0].new_leaf);
        let traced = &mut trace.operations[FORCED_EXIT];
        let amount = bob;
        let SignedOperation::ForcedExit(signed) = &mut traced.operation else { panic!("no forced exit") };
        (signed.body.target, signed.body.target_owner) = (BOB_ID, BOB.owner());
        *signed = ALICE.sign(signed.body.clone());
        traced.pubdata = signed.body.pubdata(amount);
        traced.updates[1].id = BOB_ID;
        (1..3).for_each(|update| set_difference(&mut traced.updates[update], 0, minus(amount)));
    });
}

/// Changes the match and signs everything again.
fn change_match(trace: &mut BlockTrace, change: impl FnOnce(&mut OrderMatching)) {
    let traced = &mut trace.operations[MATCH];
    let Outcome::OrderMatching(trade) = &traced.outcome else { panic!("no match") };
    let SignedOperation::OrderMatching(signed) = &mut traced.operation else { panic!("no match") };
    change(&mut signed.body);
    signed.body.maker = ALICE.sign(signed.body.maker.body.clone());
    signed.body.taker = BOB.sign(signed.body.taker.body.clone());
    **signed = SUBMITTER.sign(signed.body.clone());
    traced.pubdata = signed.body.pubdata(trade.maker.sold, trade.taker.sold);
}

#[test]
fn uncrossed_match() {
    assert_forgery_fails(MATCH, &[RANGE], |trace| {
        change_match(trace, |body| body.taker.body.price = Price::new(2_499 * ONE).unwrap());
    });
}

#[test]
fn residue_that_is_not_reduced() {
    assert_forgery_fails(MATCH, &["bus:path"], |trace| {
        (0..2).for_each(|update| set_difference(&mut trace.operations[MATCH].updates[update], 0, Fr::ZERO));
    });
}

#[test]
fn quantity_that_is_not_the_largest() {
    assert_forgery_fails(MATCH, &["slot.product"], |trace| {
        let traced = &mut trace.operations[MATCH];
        let Outcome::OrderMatching(trade) = &mut traced.outcome else { panic!("no match") };
        let SignedOperation::OrderMatching(signed) = &traced.operation else { panic!("no match") };
        // Half of what both orders would have traded, Alice selling.
        let before = (trade.maker.fee, trade.taker.fee);
        (trade.quantity, trade.quote) = (trade.quantity / 2, trade.quote / 2);
        let fees = [ratio_of(trade.quote, 10), ratio_of(trade.quantity, 20)];
        let [maker, taker, _] = &mut traced.updates[..] else { panic!("no match") };
        let [base, quote] = [trade.quantity, trade.quote];
        for (update, residue, sold, bought) in
            [(maker, trade.maker.residue, base, quote - fees[0]), (taker, trade.taker.residue, quote, base - fees[1])]
        {
            set_difference(update, 0, Fr::from_u128(residue - base));
            set_difference(update, 1, minus(sold));
            set_difference(update, 2, Fr::from_u128(bought));
        }
        traced.pubdata = signed.body.pubdata(base, quote);
        for credit in trace.credits.iter_mut().filter(|credit| credit.account == SUBMITTER_ID) {
            credit.total -= if credit.token == USD { before.0 - fees[0] } else { before.1 - fees[1] };
            set_difference(&mut credit.update, 0, Fr::from_u128(credit.total));
        }
    });
}

#[test]
fn quote_that_is_not_the_product_rounded_down() {
    let layout = CHECKER.layout();
    let (_, slots) = layout.kinds.iter().find(|(kind, _)| *kind == Kind::OrderMatching).unwrap();
    let unit = Fr::from_u128(ONE);
    let row =
        slots.rows_of(0).find(|row| CHECKER.coefficient(0, *row) == unit && CHECKER.coefficient(1, *row) == Fr::ONE);
    let value_at = |column: usize| slots.cells(0).find(|(cell, _)| *cell == (column, row.unwrap())).unwrap().1;
    let (quote, remainder) = (value_at(0), value_at(1));
    for by in [Fr::ONE, -Fr::ONE] {
        let mut witness = lay_out(&HONEST);
        for ((column, row), var) in slots.cells(0) {
            let shift = if var == quote {
                by
            } else if var == remainder {
                -by * unit
            } else {
                Fr::ZERO
            };
            witness.advice.set(column, row, witness.advice.get(column, row) + shift);
        }
        // 10^18 · quote + remainder is still quantity · price, but the remainder is out of range.
        assert_rejected(&witness, RANGE);
    }
}

#[test]
fn accounts_out_of_bounds() {
    assert_forgery_fails(DEPOSIT, &["slot.product"], |trace| {
        change_deposit(trace, |deposit| deposit.account = 1);
        trace.operations[DEPOSIT].updates[0].id = 1;
    });
    assert_forgery_fails(TRANSFER, &["slot.product"], |trace| {
        transfer(trace, ALICE, |body| (body.to, body.to_owner) = (1, Owner::default()));
        trace.operations[TRANSFER].updates[1].id = 1;
    });
    assert_forgery_fails(TRANSFER, &["tape.last_index"], |trace| {
        transfer(trace, ALICE, |body| body.to = (1 << 24) + BOB_ID);
        trace.operations[TRANSFER].updates[1].id = (1 << 24) + BOB_ID;
    });
}

#[test]
fn sub_account_32() {
    assert_forgery_fails(DEPOSIT, &["tape.last_index"], |trace| {
        change_deposit(trace, |deposit| deposit.sub = 32);
        trace.operations[DEPOSIT].updates[0].leaves[0].index = 32 << 16 | u64::from(ETHER);
    });
}

#[test]
fn public_data_of_another_operation() {
    assert_forgery_fails(LAST, &["slot.sum"], |trace| {
        let SignedOperation::Deposit(deposit) = &trace.operations[DEPOSIT].operation else { panic!("no deposit") };
        let richer = Deposit { amount: deposit.amount + 1, ..deposit.clone() };
        trace.operations[DEPOSIT].pubdata = richer.pubdata();
    });
}

#[test]
fn operations_of_a_chain_left_out_or_in_another_order() {
    let linea = |operation: &&penstock_circuits::trace::OperationTrace| operation.operation.chain() == Some(LINEA);
    let honest = public(&HONEST);
    let own: Vec<_> = HONEST.operations.iter().filter(linea).collect();
    let witness = lay_out(&HONEST);
    let chain = usize::from(LINEA) - 1;
    let evaluated = |operations: &[&penstock_circuits::trace::OperationTrace]| {
        evaluate(operations.iter().flat_map(|operation| operation.pubdata.chunks()), honest.z)
    };
    assert_eq!(evaluated(&own), honest.chain_evaluations[chain]);
    let mut swapped = own.clone();
    swapped.swap(0, 1);
    for lie in [evaluated(&own[1..]), evaluated(&swapped), Fr::ONE] {
        let mut witness = witness.clone();
        witness.instance[7 + chain] = lie;
        assert_rejected(&witness, "slot.sum");
    }
}

#[test]
fn evaluation_at_another_point() {
    let mut other = public(&HONEST);
    let z = other.z;
    other.z += Fr::ONE;
    let chunks = HONEST.operations.iter().flat_map(|operation| operation.pubdata.chunks());
    other.evaluation = evaluate(chunks, other.z);
    let mut witness = Witness::new(CHECKER.layout(), &HONEST, &other).unwrap();
    witness.instance[3] = z;
    assert_rejected(&witness, "slot.sum");
}

#[test]
fn slots_that_are_neither_empty_nor_hold_an_operation() {
    let (_, slots) = CHECKER.layout().kinds.iter().find(|(kind, _)| *kind == Kind::Transfer).unwrap();
    let honest = lay_out(&HONEST);
    let set = |slot: usize, skipped: usize, active: u64| {
        let mut witness = honest.clone();
        slots.rows_of(slot).skip(skipped).for_each(|row| witness.advice.set(16, row, Fr::from(active)));
        witness
    };
    assert_rejected(&set(1, 0, 1), "bus:block");
    assert_rejected(&set(0, 0, 2), "bus:block");
    assert_rejected(&set(0, 7, 2), "slot.active");
    assert_rejected(&set(0, 7, 0), "slot.active");
}

#[test]
fn state_that_skips_an_operation() {
    let mut trace = honest(TRANSFER + 1);
    Forest::new(&genesis()).replay(&mut trace, Some(TRANSFER));
    assert_eq!(broken_by(&lay_out(&trace)), ["bus:path".to_owned(), BUS_END.to_owned()].into());
}

#[test]
fn deposit_that_takes_over_an_account() {
    assert_forgery_fails(DEPOSIT, &["slot.sum"], |trace| {
        change_deposit(trace, |deposit| deposit.account = BOB_ID);
        let update = &mut trace.operations[DEPOSIT].updates[0];
        update.id = BOB_ID;
    });
}

#[test]
fn operation_that_is_executed_twice() {
    assert_forgery_fails(TRANSFER, &["copies:signatures"], |trace| {
        trace.operations.push(trace.operations[TRANSFER].clone());
        let credit = trace.credits.iter_mut().find(|credit| (credit.account, credit.token) == (0, USD)).unwrap();
        credit.total += ONE / 10;
        set_difference(&mut credit.update, 0, Fr::from_u128(credit.total));
    });
}

#[test]
fn reserve_that_is_spent_like_a_balance() {
    assert_forgery_fails(TRANSFER, &["bus:signature", RANGE], |trace| {
        transfer(trace, ALICE, |body| {
            (body.from, body.from_sub, body.token) = (1, ETHEREUM, STABLE - 15);
            body.amount = amount(ONE);
        });
        let [from, to] = &mut trace.operations[TRANSFER].updates[..] else { panic!("no transfer") };
        from.id = 1;
        from.leaves[0].index = u64::from(ETHEREUM) << 16 | u64::from(STABLE - 15);
        to.leaves[0].index = u64::from(STABLE - 15);
        let credit = trace.credits.iter_mut().find(|credit| (credit.account, credit.token) == (0, USD)).unwrap();
        credit.total -= ONE / 10;
        set_difference(&mut credit.update, 0, Fr::from_u128(credit.total));
        let mut mirror = credit.clone();
        (mirror.token, mirror.total) = (STABLE - 15, ONE / 10);
        mirror.update.leaves[0].index = u64::from(mirror.token);
        set_difference(&mut mirror.update, 0, Fr::from_u128(mirror.total));
        trace.credits.push(mirror);
    });
}

/// Changes what Bob sends to a new account, the receiver's account and its public data.
fn transfer_to_new(trace: &mut BlockTrace, change: impl FnOnce(&mut TransferToNew)) {
    let traced = &mut trace.operations[TRANSFER_TO_NEW];
    let SignedOperation::TransferToNew(signed) = &mut traced.operation else { panic!("no transfer to new") };
    change(&mut signed.body);
    *signed = BOB.sign(signed.body.clone());
    traced.pubdata = signed.body.pubdata();
    traced.updates[1].id = signed.body.to;
    traced.updates[1].after.owner = signed.body.to_owner;
}

#[test]
fn transfers_to_accounts_that_are_not_new_or_belong_to_nobody() {
    assert_forgery_fails(TRANSFER_TO_NEW, &["slot.sum"], |trace| {
        transfer_to_new(trace, |body| body.to = ALICE_ID);
    });
    assert_forgery_fails(TRANSFER_TO_NEW, &["slot.product"], |trace| transfer_to_new(trace, |body| body.to = 1));
    assert_forgery_fails(TRANSFER_TO_NEW, &["slot.product"], |trace| {
        transfer_to_new(trace, |body| body.to_owner = Owner::default());
    });
}

#[test]
fn deposit_beyond_128_bits_of_reserve() {
    assert_forgery_fails(DEPOSIT, &[RANGE], |trace| {
        change_deposit(trace, |deposit| deposit.amount = u128::MAX);
        let linea = trace.operations[DEPOSIT].clone();
        trace.operations.push(linea);
        let operations = &mut trace.operations[DEPOSIT..];
        operations[1].updates[0].after.owner = operations[1].updates[0].before.owner;
        let (amount, updates) = (Fr::from_u128(u128::MAX), operations.iter_mut().flat_map(|it| &mut it.updates));
        updates.for_each(|update| set_difference(update, 0, amount));
    });
}

#[test]
fn key_change_that_another_key_signs() {
    assert_forgery_fails(KEY_CHANGE, &["bus:signature"], |trace| {
        let SignedOperation::ChangePubKey(signed) = &mut trace.operations[KEY_CHANGE].operation else { panic!() };
        *signed = BOB.sign(signed.body.clone());
    });
}

#[test]
fn withdrawal_whose_fee_ratio_exceeds_one() {
    assert_forgery_fails(WITHDRAW, &[RANGE], |trace| withdraw(trace, |body| body.fee_ratio = 10_001));
}

#[test]
fn forced_exit_to_another_owner_or_of_less_than_there_is() {
    let forced_exit = |trace: &mut BlockTrace, owner: Owner, less: u128| {
        let traced = &mut trace.operations[FORCED_EXIT];
        let Outcome::ForcedExit { amount } = traced.outcome else { panic!("no forced exit") };
        let SignedOperation::ForcedExit(signed) = &mut traced.operation else { panic!("no forced exit") };
        signed.body.target_owner = owner;
        *signed = ALICE.sign(signed.body.clone());
        traced.pubdata = signed.body.pubdata(amount - less);
        (1..3).for_each(|update| set_difference(&mut traced.updates[update], 0, minus(amount - less)));
    };
    assert_forgery_fails(FORCED_EXIT, &["slot.sum"], |trace| forced_exit(trace, BOB.owner(), 0));
    // The program takes all there is, the block less.
    assert_forgery_fails(FORCED_EXIT, &["bus:path", "slot.sum"], |trace| forced_exit(trace, DAVE.owner(), 1));
}

#[test]
fn orders_that_the_match_does_not_fit() {
    let fails = |classes: &[&str], change: &dyn Fn(&mut OrderMatching)| {
        assert_forgery_fails(MATCH, classes, |trace| change_match(trace, change));
    };
    // More than the match's base or quote allows.
    fails(&[RANGE], &|body| body.expected_base = ONE - 1);
    fails(&[RANGE], &|body| body.expected_quote = 2_500 * ONE - 1);
    // What the orders have in common is hashed, and published, as the match has it: their signatures do not fit.
    let both = ["copies:signatures", "slot.sum"];
    fails(&["bus:path", "slot.product"], &|body| body.maker.body.nonce = OrderNonce::try_from(2).unwrap());
    fails(&both, &|body| body.taker.body.is_sell = true);
    fails(&both, &|body| body.taker.body.quote_token = STABLE);
    fails(&both[..1], &|body| body.taker.body.sub = 1);
}

#[test]
fn match_of_more_than_an_order_has_left() {
    assert_forgery_fails(MATCH, &[RANGE], |trace| {
        // The match's base is reached, so that the quantity is not too small.
        change_match(trace, |body| (body.maker.body.amount, body.expected_base) = (amount(ONE / 2), ONE));
        set_difference(&mut trace.operations[MATCH].updates[0], 0, minus(ONE / 2));
    });
}

#[test]
fn order_whose_nonce_skips_one_of_an_empty_slot() {
    assert_forgery_fails(MATCH, &["slot.product"], |trace| {
        let nonce = OrderNonce::try_from(1).unwrap();
        change_match(trace, |body| (body.maker.body.nonce, body.expected_base) = (nonce, ONE));
        // The order would count twice, as the first of its slot and as one that replaces another.
        let after = Slot { nonce: 1, residue: ONE };
        set_difference(&mut trace.operations[MATCH].updates[0], 0, after.leaf());
    });
}

#[test]
fn account_that_trades_with_itself() {
    assert_forgery_fails(MATCH, &["slot.product"], |trace| {
        change_match(trace, |body| (body.taker.body.account, body.taker.body.slot) = (ALICE_ID, 1));
        let SignedOperation::OrderMatching(signed) = &mut trace.operations[MATCH].operation else { panic!() };
        signed.body.taker = ALICE.sign(signed.body.taker.body.clone());
        **signed = SUBMITTER.sign(signed.body.clone());
        let taker = &mut trace.operations[MATCH].updates[1];
        taker.id = ALICE_ID;
        taker.leaves[0].index = 1;
    });
}

#[test]
fn match_of_nothing() {
    assert_forgery_fails(MATCH, &["slot.product"], |trace| {
        let traced = &mut trace.operations[MATCH];
        let Outcome::OrderMatching(trade) = &mut traced.outcome else { panic!("no match") };
        let SignedOperation::OrderMatching(signed) = &traced.operation else { panic!("no match") };
        (trade.quantity, trade.quote) = (0, 0);
        let residues = [trade.maker.residue, trade.taker.residue];
        for (update, residue) in traced.updates.iter_mut().zip(residues) {
            set_difference(update, 0, Fr::from_u128(residue));
            (1..3).for_each(|leaf| set_difference(update, leaf, Fr::ZERO));
        }
        traced.pubdata = signed.body.pubdata(0, 0);
        trace.credits.retain(|credit| credit.account != SUBMITTER_ID);
    });
}

#[test]
fn chain_that_the_block_does_not_serve() {
    for chain in [0, 9] {
        let forged = forge(DEPOSIT, |trace| {
            change_deposit(trace, |deposit| (deposit.chain, deposit.by_owner) = (chain, false));
            let [user, reserve] = &mut trace.operations[DEPOSIT].updates[..] else { panic!("no deposit") };
            user.after.chains = user.before.chains;
            reserve.leaves[0].index = u64::from(chain) << 16 | u64::from(ETHER);
        });
        let mut public = public(&honest(DEPOSIT));
        let chunks = || forged.operations.iter().flat_map(|operation| operation.pubdata.chunks());
        (public.old_root, public.new_root) = (forged.old_root, forged.new_root);
        (public.h, public.evaluation) = (fold(Fr::ZERO, chunks()), evaluate(chunks(), public.z));
        public.chain_evaluations[usize::from(LINEA) - 1] = Fr::ONE;
        let broken = broken_by(&Witness::new(CHECKER.layout(), &forged, &public).unwrap());
        // The bits of chain − 1 do not make −1.
        let others: &[&str] = if chain == 0 { &["slot.sum"] } else { &[] };
        let expected = ["bus:chain", BUS_END].iter().chain(others).map(|class| (*class).to_owned()).collect();
        assert_eq!(broken, expected, "chain {chain}");
    }
}

#[test]
fn operations_that_a_chain_sees_in_another_order() {
    let mut public = public(&HONEST);
    let mut witness = lay_out(&HONEST);
    let swapped = [WITHDRAW, DEPOSIT];
    let mut running = Running::start(HONEST.old_root, Shared::from(&public));
    let before: Vec<Running> = HONEST
        .operations
        .iter()
        .map(|operation| {
            let before = running.clone();
            run(operation.operation.kind(), Some(operation), &mut running);
            before
        })
        .collect();
    let chain = u64::from(LINEA);
    let mut state = before[DEPOSIT].chain(chain);
    let others = (WITHDRAW + 1..=LAST).filter(|index| HONEST.operations[*index].operation.chain() == Some(LINEA));
    for index in swapped.into_iter().chain(others) {
        let operation = &HONEST.operations[index];
        let kind = operation.operation.kind();
        let mut running = before[index].clone();
        running.chains.insert(chain, state);
        let builder = run(kind, Some(operation), &mut running);
        state = running.chain(chain);
        let (_, slots) = CHECKER.layout().kinds.iter().find(|(other, _)| *other == kind).unwrap();
        let slot = HONEST.operations[..index].iter().filter(|other| other.operation.kind() == kind).count();
        slots.fill(&mut witness.advice, slot, &builder);
    }
    public.chain_evaluations[usize::from(LINEA) - 1] = state.evaluation;
    witness.instance = public.instance();
    let mut ends = running;
    ends.chains.insert(chain, state);
    let credits = HONEST.credits.len() as u64;
    let mut builder = Builder::new(true);
    let ends_of_block = Ends { old_root: HONEST.old_root, new_root: HONEST.new_root, credits };
    block(&mut builder, &ends_of_block, &ends, public.chain_evaluations.len() as u64);
    CHECKER.layout().block.fill(&mut witness.advice, 0, &builder);
    assert_eq!(broken_by(&witness), [RANGE.to_owned()].into());
}

/// Whoever signed something for a second time did not: the program asks for a signature of the next nonce.
#[test]
fn what_is_signed_is_spent_once() {
    for index in [MATCH, WITHDRAW, TRANSFER, TRANSFER_TO_NEW, KEY_CHANGE, FORCED_EXIT] {
        let mut trace = honest(index);
        let again = trace.operations[index].clone();
        trace.operations.push(again);
        Forest::new(&genesis()).replay(&mut trace, None);
        let broken = broken_by(&lay_out(&trace));
        assert!(broken.contains("copies:signatures"), "operation {index}: {broken:?}");
    }
}

#[test]
fn operation_that_has_expired() {
    assert_forgery_fails(TRANSFER, &[RANGE], |trace| transfer(trace, ALICE, |body| body.time = TIME - 1));
    assert_forgery_fails(MATCH, &[RANGE], |trace| {
        change_match(trace, |body| body.maker.body.expiry = TIME - 1);
    });
}

#[test]
fn signature_for_another_deployment() {
    assert_forgery_fails(TRANSFER, &["copies:signatures"], |trace| {
        let SignedOperation::Transfer(signed) = &mut trace.operations[TRANSFER].operation else {
            panic!("no transfer")
        };
        *signed = Signed::sign(signed.body.clone(), &ALICE.key(), Deployment(Fr::ONE)).unwrap();
    });
}

#[test]
fn forced_exit_to_a_chain_where_the_owner_has_not_acted() {
    assert_forgery_fails(FORCED_EXIT, &["slot.sum"], |trace| {
        let carol = &mut trace.operations[DEPOSIT];
        let SignedOperation::Deposit(deposit) = &mut carol.operation else { panic!("no deposit") };
        deposit.by_owner = false;
        carol.pubdata = deposit.pubdata();
        carol.updates[0].after.chains = carol.updates[0].before.chains;
    });
}

#[test]
fn chain_that_an_owner_acts_on_and_that_is_not_noted_or_noted_without() {
    assert_forgery_fails(DEPOSIT, &["bus:path"], |trace| {
        let update = &mut trace.operations[DEPOSIT].updates[0];
        update.after.chains = update.before.chains;
    });
    assert_forgery_fails(DEPOSIT, &["bus:path"], |trace| {
        change_deposit(trace, |deposit| deposit.by_owner = false);
    });
}

#[test]
fn block_without_operations() {
    let mut trace = honest(DEPOSIT);
    trace.operations.clear();
    trace.new_root = trace.old_root;
    assert_eq!(broken_by(&lay_out(&trace)), ["slot.product".to_owned()].into());
}
