//! FullExit and ForcedExit: a whole balance leaves the rollup, as far as the chain's reserve covers it.

use super::account::{OpenAccount, Signer, leaf_index};
use super::amount::{cut, cut_hint, fee, owner_hash};
use super::chains::{ChainBit, split_low};
use super::fields::pubdata;
use super::frame::{Frame, Running, Signing, owe};
use super::inputs::Inputs;
use super::rules::{assert_minimum, assert_owned, chain, low128, sub_account, token, token_pair};
use crate::circuit::slot::{Builder, Var, fr};
use crate::operation::table::{ForcedExitFields, FullExitFields};
use crate::operation::{ForcedExit, FullExit};

/// The program of FullExit. Updates: account, reserve.
pub fn full_exit(b: &mut Builder, inputs: &Inputs<'_, FullExit>, running: &mut Running) {
    let frame = Frame::enter(b, running);
    let chain = chain(b, inputs.get(|op| op.chain));
    let sub = sub_account(b, inputs.get(|op| op.sub));
    let pair = token_pair(b, inputs.get(|op| op.l1_token), inputs.get(|op| op.l2_token));
    let owner_bytes = cut(b, &inputs.get(|op| op.owner.0), &FullExitFields::cuts(|it| it.owner));
    let owner = owner_hash(b, &owner_bytes);
    assert_owned(b, owner);

    let mut account = OpenAccount::open(b, inputs.update(0));
    let index = leaf_index(b, sub, pair.l2);
    // Only the account's owner gets anything.
    let other = b.sub(owner, account.owner);
    let entitled = b.is_zero(other);
    let acted = ChainBit::open(b, &account, chain);
    split_low(b, &account, acted.chains);

    let (mut reserve, reserve_index) = pair.open_reserve(b, inputs.update(1), chain);
    let balance = b.hint(account.leaf_value());
    let available = b.hint(reserve.leaf_value());
    let minimum = b.hint(fr(minimum(b, balance, available)));
    assert_minimum(b, minimum, balance, available);
    let amount = b.product(entitled, minimum);
    let balance_after = b.sub(balance, amount);
    let available_after = b.sub(available, amount);

    account.set_balance(b, index, balance, balance_after);
    let (id, auth, unchanged) = (account.id, acted.set(b, account.auth, entitled), account.owner);
    let root = account.close(b, frame.root, auth, unchanged);
    reserve.set_balance(b, reserve_index, available, available_after);
    let (auth, unchanged) = (reserve.auth, reserve.owner);
    let root = reserve.close(b, root, auth, unchanged);

    let fields = FullExitFields {
        chain: chain.into(),
        account: id.into(),
        sub: sub.into(),
        owner: (&owner_bytes).into(),
        l1_token: pair.l1.into(),
        l2_token: pair.l2.into(),
        amount: amount.into(),
    };
    let chunks = pubdata(b, &fields);
    frame.report(b, running, chain, &chunks);
    frame.leave(b, running, root, &chunks);
}

/// The program of ForcedExit. Updates: initiator, target, reserve.
pub fn forced_exit(b: &mut Builder, inputs: &Inputs<'_, ForcedExit>, running: &mut Running) {
    let frame = Frame::enter(b, running);
    let chain = chain(b, inputs.get(|op| op.chain));
    let (initiator_sub, target_sub) =
        (sub_account(b, inputs.get(|op| op.initiator_sub)), sub_account(b, inputs.get(|op| op.target_sub)));
    let pair = token_pair(b, inputs.get(|op| op.l1_token), inputs.get(|op| op.l2_token));
    let fee_token = token(b, inputs.get(|op| op.fee_token));
    let fee = fee(b, inputs.get(|op| op.fee.bits()));
    let signing = Signing::enter(b, running);
    let time = signing.deadline(b, inputs.get(|op| op.time));
    let owner_cuts = ForcedExitFields::cuts(|it| it.target_owner);
    let owner_bytes = cut(b, &inputs.get(|op| op.target_owner.0), &owner_cuts);
    let owner = owner_hash(b, &owner_bytes);
    assert_owned(b, owner);

    let mut initiator = OpenAccount::open(b, inputs.update(0));
    let index = leaf_index(b, initiator_sub, fee_token);
    initiator.debit(b, index, &[fee.value]);
    let Signer { pkh, nonce, raised } = initiator.signer(b);
    let (initiator_id, unchanged) = (initiator.id, initiator.owner);
    let root = initiator.close(b, frame.root, raised, unchanged);

    let mut target = OpenAccount::open(b, inputs.update(1));
    b.assert_equal(owner, target.owner);
    // Without a public key, and its owner has acted on the chain.
    let acted = ChainBit::open(b, &target, chain);
    b.assert_equal(acted.is_set, b.active());
    let keyless = b.zero();
    target.split(b, acted.chains, keyless);
    let index = leaf_index(b, target_sub, pair.l2);
    let (mut reserve, reserve_index) = pair.open_reserve(b, inputs.update(2), chain);
    let balance = b.hint(target.leaf_value());
    let available = b.hint(reserve.leaf_value());
    let minimum = minimum(b, balance, available).to_be_bytes();
    let amount_bytes = cut_hint(b, &minimum, &ForcedExitFields::cuts(|it| it.amount));
    let amount = amount_bytes.whole(b);
    let [balance_after, available_after] = assert_minimum(b, amount, balance, available);
    target.set_balance(b, index, balance, balance_after);
    let (target_id, auth, unchanged) = (target.id, target.auth, target.owner);
    let root = target.close(b, root, auth, unchanged);
    reserve.set_balance(b, reserve_index, available, available_after);
    let (auth, unchanged) = (reserve.auth, reserve.owner);
    let root = reserve.close(b, root, auth, unchanged);

    let fields = ForcedExitFields {
        chain: chain.into(),
        initiator: initiator_id.into(),
        initiator_sub: initiator_sub.into(),
        target: target_id.into(),
        target_sub: target_sub.into(),
        target_owner: (&owner_bytes).into(),
        l1_token: pair.l1.into(),
        l2_token: pair.l2.into(),
        fee_token: fee_token.into(),
        fee: fee.into(),
        nonce: nonce.into(),
        time: time.into(),
        amount: (&amount_bytes).into(),
    };
    let signed = signing.message(b, &fields);
    b.signature(pkh, signed);

    let zero = b.zero();
    owe(b, running, zero, fee_token, fee.value);
    let chunks = pubdata(b, &fields);
    frame.report(b, running, chain, &chunks);
    frame.leave(b, running, root, &chunks);
}

fn minimum(b: &Builder, left: Var, right: Var) -> u128 {
    low128(&b.value(left)).min(low128(&b.value(right)))
}
