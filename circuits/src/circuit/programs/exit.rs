//! FullExit and ForcedExit: a whole balance leaves the rollup, as far as the chain's reserve covers it.

use halo2curves::bn256::Fr;

use super::account::{OpenAccount, leaf_index};
use super::amount::{cut, cut_value, fee, owner_hash};
use super::frame::{Frame, Running, owe};
use super::inputs::Inputs;
use super::rules::{
    assert_minimum, assert_owned, low128, message, no_owner, pubdata, sub_account, timestamp, token, token_pair,
};
use crate::circuit::slot::{Builder, Part, Var, fr};
use crate::operation::{ForcedExit, FullExit};

/// The program of FullExit. Updates: account, reserve.
pub fn full_exit(b: &mut Builder, inputs: &Inputs<'_, FullExit>, running: &mut Running) {
    let frame = Frame::enter(b, running);
    let chain = b.witness(Fr::from(u64::from(inputs.get(|op| op.chain))));
    let sub = sub_account(b, inputs.get(|op| op.sub));
    let pair = token_pair(b, inputs.get(|op| op.l1_token), inputs.get(|op| op.l2_token));
    let owner_bytes = cut(b, &inputs.get(|op| op.owner.0), &[16, 25]);
    let owner = owner_hash(b, &owner_bytes);

    let mut account = OpenAccount::open(b, inputs.update(0));
    let index = leaf_index(b, sub, pair.l2);
    // Only the account's owner gets anything, and nobody owns an account that does not exist.
    let nobody = no_owner(b);
    let (other, ownerless) = (b.sub(owner, account.owner), b.sub(owner, nobody));
    let (same, unowned) = (b.is_zero(other), b.is_zero(ownerless));
    let owned = b.not(unowned);
    let entitled = b.product(same, owned);

    let (mut reserve, reserve_index) = pair.open_reserve(b, inputs.update(1), chain);
    let balance = b.witness(account.leaf_value());
    let available = b.witness(reserve.leaf_value());
    let minimum = b.witness(fr(minimum(b, balance, available)));
    assert_minimum(b, minimum, balance, available);
    let amount = b.product(entitled, minimum);
    let balance_after = b.sub(balance, amount);
    let available_after = b.sub(available, amount);

    account.set_balance(b, index, balance, balance_after);
    let (id, auth, unchanged) = (account.id, account.auth, account.owner);
    let root = account.close(b, frame.root, auth, unchanged);
    reserve.set_balance(b, reserve_index, available, available_after);
    let (auth, unchanged) = (reserve.auth, reserve.owner);
    let root = reserve.close(b, root, auth, unchanged);

    let amount_bytes = cut_value(b, amount, 16, &[3]);
    let mut parts = vec![Part::Constant(5, 1), Part::Value(chain, 1), Part::Value(id, 4), Part::Value(sub, 1)];
    parts.extend(owner_bytes.parts());
    parts.extend([Part::Value(pair.l1, 2), Part::Value(pair.l2, 2)]);
    parts.extend(amount_bytes.parts());
    let chunks = pubdata(b, 3, &parts);
    frame.report(b, running, chain, &chunks);
    frame.leave(b, running, root, &chunks);
}

/// The program of ForcedExit. Updates: initiator, target, reserve.
pub fn forced_exit(b: &mut Builder, inputs: &Inputs<'_, ForcedExit>, running: &mut Running) {
    let frame = Frame::enter(b, running);
    let chain = b.witness(Fr::from(u64::from(inputs.get(|op| op.chain))));
    let (initiator_sub, target_sub) =
        (sub_account(b, inputs.get(|op| op.initiator_sub)), sub_account(b, inputs.get(|op| op.target_sub)));
    let pair = token_pair(b, inputs.get(|op| op.l1_token), inputs.get(|op| op.l2_token));
    let fee_token = token(b, inputs.get(|op| op.fee_token));
    let fee = fee(b, inputs.get(|op| op.fee.bits()));
    let time = timestamp(b, inputs.get(|op| op.time));
    let owner_bytes = cut(b, &inputs.get(|op| op.target_owner.0), &[10, 24, 25]);
    let owner = owner_hash(b, &owner_bytes);
    assert_owned(b, owner);

    let mut initiator = OpenAccount::open(b, inputs.update(0));
    let index = leaf_index(b, initiator_sub, fee_token);
    initiator.debit(b, index, &[fee.value]);
    let pkh = b.witness(initiator.pkh_value());
    let (nonce, raised) = (initiator.nonce(b, pkh), initiator.raised(b));
    let (initiator_id, unchanged) = (initiator.id, initiator.owner);
    let root = initiator.close(b, frame.root, raised, unchanged);

    let mut target = OpenAccount::open(b, inputs.update(1));
    b.assert_equal(owner, target.owner);
    // Without a public key: `auth` is the nonce alone.
    let keyless = b.zero();
    target.nonce(b, keyless);
    let index = leaf_index(b, target_sub, pair.l2);
    let (mut reserve, reserve_index) = pair.open_reserve(b, inputs.update(2), chain);
    let balance = b.witness(target.leaf_value());
    let available = b.witness(reserve.leaf_value());
    let amount_bytes = cut(b, &minimum(b, balance, available).to_be_bytes(), &[5]);
    let amount = amount_bytes.value(b, 0, 16);
    let [balance_after, available_after] = assert_minimum(b, amount, balance, available);
    target.set_balance(b, index, balance, balance_after);
    let (target_id, auth, unchanged) = (target.id, target.auth, target.owner);
    let root = target.close(b, root, auth, unchanged);
    reserve.set_balance(b, reserve_index, available, available_after);
    let (auth, unchanged) = (reserve.auth, reserve.owner);
    let root = reserve.close(b, root, auth, unchanged);

    let mut parts =
        vec![Part::Constant(7, 1), Part::Value(chain, 1), Part::Value(initiator_id, 4), Part::Value(initiator_sub, 1)];
    parts.extend(owner_bytes.parts());
    parts.extend([
        Part::Value(target_sub, 1),
        Part::Value(pair.l2, 2),
        Part::Value(pair.l1, 2),
        Part::Value(fee_token, 2),
        Part::Value(fee.packed, 2),
        Part::Value(nonce, 4),
        Part::Value(time, 4),
    ]);
    let signed = message(b, &parts);
    b.signature(pkh, signed);

    let zero = b.zero();
    owe(b, running, zero, fee_token, fee.value);
    let mut parts = vec![
        Part::Constant(7, 1),
        Part::Value(chain, 1),
        Part::Value(initiator_id, 4),
        Part::Value(initiator_sub, 1),
        Part::Value(target_id, 4),
        Part::Value(target_sub, 1),
        Part::Value(pair.l1, 2),
        Part::Value(pair.l2, 2),
        Part::Value(fee_token, 2),
    ];
    parts.extend(amount_bytes.parts());
    parts.push(Part::Value(fee.packed, 2));
    parts.extend(owner_bytes.parts());
    let chunks = pubdata(b, 3, &parts);
    frame.report(b, running, chain, &chunks);
    frame.leave(b, running, root, &chunks);
}

fn minimum(b: &Builder, left: Var, right: Var) -> u128 {
    low128(&b.value(left)).min(low128(&b.value(right)))
}
