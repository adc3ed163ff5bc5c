//! Deposit: a chain's deposit reaches an account and the chain's reserve.

use super::account::{OpenAccount, leaf_index};
use super::amount::{cut, owner_hash};
use super::chains::{ChainBit, split_low};
use super::frame::{Frame, Running};
use super::inputs::Inputs;
use super::rules::{assert_not_reserve, assert_owned, chain, no_owner, pubdata, sub_account, token_pair};
use crate::circuit::slot::{Builder, Part};
use crate::operation::{Deposit, RESERVE_BITS};

/// The program. Updates: user, reserve.
pub fn deposit(b: &mut Builder, inputs: &Inputs<'_, Deposit>, running: &mut Running) {
    let frame = Frame::enter(b, running);
    let chain = chain(b, inputs.get(|op| op.chain));
    let sub = sub_account(b, inputs.get(|op| op.sub));
    let pair = token_pair(b, inputs.get(|op| op.l1_token), inputs.get(|op| op.l2_token));
    let amount_bytes = cut(b, &inputs.get(|op| op.amount).to_be_bytes(), &[12]);
    let amount = amount_bytes.value(b, 0, 16);
    let owner_bytes = cut(b, &inputs.get(|op| op.owner.0), &[19, 25]);
    let owner = owner_hash(b, &owner_bytes);
    assert_owned(b, owner);
    let by_owner = b.bit(inputs.get(|op| op.by_owner));

    let mut user = OpenAccount::open(b, inputs.update(0));
    let index = leaf_index(b, sub, pair.l2);
    user.credit(b, index, amount);
    assert_not_reserve(b, user.id);
    // An unknown owner's account is new; otherwise the owner must be the account's.
    let is_new = b.hint_bit(inputs.update(0).is_some_and(|update| !update.before.exists()));
    let nobody = no_owner(b);
    let before = b.select(is_new, nobody, owner);
    b.assert_equal(before, user.owner);
    let acted = ChainBit::open(b, &user, chain);
    split_low(b, &user, acted.chains);
    let (id, auth) = (user.id, acted.set(b, user.auth, by_owner));
    let root = user.close(b, frame.root, auth, owner);

    let (mut reserve, index) = pair.open_reserve(b, inputs.update(1), chain);
    let old = b.hint(reserve.leaf_value());
    let new = b.add(old, amount);
    b.range(new, RESERVE_BITS);
    reserve.set_balance(b, index, old, new);
    let (auth, owner) = (reserve.auth, reserve.owner);
    let root = reserve.close(b, root, auth, owner);

    let mut parts = vec![
        Part::Constant(1, 1),
        Part::Value(chain, 1),
        Part::Value(id, 4),
        Part::Value(sub, 1),
        Part::Value(pair.l1, 2),
        Part::Value(pair.l2, 2),
    ];
    parts.extend(amount_bytes.parts());
    parts.extend(owner_bytes.parts());
    parts.push(Part::Value(by_owner, 1));
    let chunks = pubdata(b, 3, &parts);
    frame.report(b, running, chain, &chunks);
    frame.leave(b, running, root, &chunks);
}
