//! Deposit: a chain's deposit reaches an account and the chain's reserve.

use super::account::{OpenAccount, leaf_index};
use super::amount::{cut, owner_hash};
use super::chains::{ChainBit, split_low};
use super::fields::pubdata;
use super::frame::{Frame, Running};
use super::inputs::Inputs;
use super::rules::{assert_not_reserve, assert_owned, chain, no_owner, sub_account, token_pair};
use crate::circuit::slot::Builder;
use crate::operation::table::DepositFields;
use crate::operation::{Deposit, RESERVE_BITS};

/// The program. Updates: user, reserve.
pub fn deposit(b: &mut Builder, inputs: &Inputs<'_, Deposit>, running: &mut Running) {
    let frame = Frame::enter(b, running);
    let chain = chain(b, inputs.get(|op| op.chain));
    let sub = sub_account(b, inputs.get(|op| op.sub));
    let pair = token_pair(b, inputs.get(|op| op.l1_token), inputs.get(|op| op.l2_token));
    let amount_bytes = cut(b, &inputs.get(|op| op.amount).to_be_bytes(), &DepositFields::cuts(|it| it.amount));
    let amount = amount_bytes.whole(b);
    let owner_bytes = cut(b, &inputs.get(|op| op.owner.0), &DepositFields::cuts(|it| it.owner));
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

    let fields = DepositFields {
        chain: chain.into(),
        account: id.into(),
        sub: sub.into(),
        l1_token: pair.l1.into(),
        l2_token: pair.l2.into(),
        amount: (&amount_bytes).into(),
        owner: (&owner_bytes).into(),
        by_owner: by_owner.into(),
    };
    let chunks = pubdata(b, &fields);
    frame.report(b, running, chain, &chunks);
    frame.leave(b, running, root, &chunks);
}
