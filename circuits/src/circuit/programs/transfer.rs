//! Transfer and TransferToNew: an amount moves from one account to another.

use super::account::{OpenAccount, Signer, leaf_index};
use super::amount::{amount, cut, fee, owner_hash, stored_owner};
use super::fields::pubdata;
use super::frame::{Frame, Running, Signing, owe};
use super::inputs::Inputs;
use super::rules::{assert_not_reserve, assert_owned, no_owner, sub_account, token};
use crate::circuit::slot::Builder;
use crate::operation::table::{TransferFields, TransferToNewFields};
use crate::operation::{Owner, Transfer, TransferToNew};

/// The program of Transfer. Updates: from, to.
pub fn transfer(b: &mut Builder, inputs: &Inputs<'_, Transfer>, running: &mut Running) {
    let frame = Frame::enter(b, running);
    let (from_sub, to_sub) = (sub_account(b, inputs.get(|op| op.from_sub)), sub_account(b, inputs.get(|op| op.to_sub)));
    let token = token(b, inputs.get(|op| op.token));
    let (amount, fee) = (amount(b, inputs.get(|op| op.amount.bits())), fee(b, inputs.get(|op| op.fee.bits())));
    let signing = Signing::enter(b, running);
    let time = signing.deadline(b, inputs.get(|op| op.time));

    let mut from = OpenAccount::open(b, inputs.update(0));
    let index = leaf_index(b, from_sub, token);
    from.debit(b, index, &[amount.value, fee.value]);
    let Signer { pkh, nonce, raised } = from.signer(b);
    let (from_id, owner) = (from.id, from.owner);
    let root = from.close(b, frame.root, raised, owner);

    let mut to = OpenAccount::open(b, inputs.update(1));
    let index = leaf_index(b, to_sub, token);
    to.credit(b, index, amount.value);
    assert_owned(b, to.owner);
    let to_owner = stored_owner(b, &inputs.owner_of(1), to.owner);
    let (to_id, auth, owner) = (to.id, to.auth, to.owner);
    let root = to.close(b, root, auth, owner);

    let fields = TransferFields {
        from: from_id.into(),
        from_sub: from_sub.into(),
        token: token.into(),
        amount: amount.into(),
        to: to_id.into(),
        to_sub: to_sub.into(),
        to_owner: (&to_owner).into(),
        fee: fee.into(),
        nonce: nonce.into(),
        time: time.into(),
    };
    let signed = signing.message(b, &fields);
    b.signature(pkh, signed);

    let zero = b.zero();
    owe(b, running, zero, token, fee.value);
    let chunks = pubdata(b, &fields);
    frame.leave(b, running, root, &chunks);
}

/// The program of TransferToNew. Updates: from, to.
pub fn transfer_to_new(b: &mut Builder, inputs: &Inputs<'_, TransferToNew>, running: &mut Running) {
    let frame = Frame::enter(b, running);
    let (from_sub, to_sub) = (sub_account(b, inputs.get(|op| op.from_sub)), sub_account(b, inputs.get(|op| op.to_sub)));
    let token = token(b, inputs.get(|op| op.token));
    let (amount, fee) = (amount(b, inputs.get(|op| op.amount.bits())), fee(b, inputs.get(|op| op.fee.bits())));
    let signing = Signing::enter(b, running);
    let time = signing.deadline(b, inputs.get(|op| op.time));
    let to_bytes = cut(b, &inputs.get(|op| op.to_owner.0), &TransferToNewFields::cuts(|it| it.to_owner));
    let to_owner = owner_hash(b, &to_bytes);
    assert_owned(b, to_owner);

    let mut from = OpenAccount::open(b, inputs.update(0));
    let index = leaf_index(b, from_sub, token);
    from.debit(b, index, &[amount.value, fee.value]);
    let Signer { pkh, nonce, raised } = from.signer(b);
    let (from_id, owner) = (from.id, from.owner);
    let root = from.close(b, frame.root, raised, owner);

    let mut to = OpenAccount::open(b, inputs.update(1));
    let index = leaf_index(b, to_sub, token);
    to.credit(b, index, amount.value);
    assert_not_reserve(b, to.id);
    let nobody = no_owner(b);
    b.assert_equal(nobody, to.owner);
    let (to_id, auth) = (to.id, to.auth);
    let root = to.close(b, root, auth, to_owner);

    // No word of the message ends within the owner's halves, but a chunk does.
    let to_halves = to_bytes.joined(b, &[Owner::SPLIT]);
    let fields = TransferToNewFields {
        from: from_id.into(),
        from_sub: from_sub.into(),
        token: token.into(),
        amount: amount.into(),
        to: to_id.into(),
        to_sub: to_sub.into(),
        to_owner: (&to_halves).into(),
        fee: fee.into(),
        nonce: nonce.into(),
        time: time.into(),
    };
    let signed = signing.message(b, &fields);
    b.signature(pkh, signed);

    let zero = b.zero();
    owe(b, running, zero, token, fee.value);
    let chunks = pubdata(b, &TransferToNewFields { to_owner: (&to_bytes).into(), ..fields });
    frame.leave(b, running, root, &chunks);
}
