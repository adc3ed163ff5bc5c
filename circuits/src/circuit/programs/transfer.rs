//! Transfer and TransferToNew: an amount moves from one account to another.

use super::account::{OpenAccount, Signer, leaf_index};
use super::amount::{amount, cut, cut_value, fee, owner_hash, stored_owner};
use super::frame::{Frame, Running, Signing, owe};
use super::inputs::Inputs;
use super::rules::{assert_not_reserve, assert_owned, no_owner, pubdata, sub_account, token};
use crate::circuit::slot::{Builder, Part};
use crate::operation::{Transfer, TransferToNew};

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

    let signed = signing.message(
        b,
        &[
            Part::Constant(4, 1),
            Part::Value(from_id, 4),
            Part::Value(from_sub, 1),
            Part::Value(to_owner.high, 25),
            Part::Value(to_owner.low, 7),
            Part::Value(to_sub, 1),
            Part::Value(token, 2),
            Part::Value(amount.packed, 5),
            Part::Value(fee.packed, 2),
            Part::Value(nonce, 4),
            Part::Value(time, 4),
        ],
    );
    b.signature(pkh, signed);

    let zero = b.zero();
    owe(b, running, zero, token, fee.value);
    let parts = [
        Part::Constant(4, 1),
        Part::Value(from_id, 4),
        Part::Value(from_sub, 1),
        Part::Value(token, 2),
        Part::Value(to_id, 4),
        Part::Value(to_sub, 1),
        Part::Value(amount.packed, 5),
        Part::Value(fee.packed, 2),
    ];
    let chunks = pubdata(b, 2, &parts);
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
    let to_bytes = cut(b, &inputs.get(|op| op.to_owner.0), &[10, 25]);
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

    let mut parts = vec![Part::Constant(2, 1), Part::Value(from_id, 4), Part::Value(from_sub, 1)];
    parts.push(Part::Value(to_bytes.value(b, 0, 25), 25));
    parts.push(Part::Value(to_bytes.value(b, 25, 32), 7));
    parts.extend([
        Part::Value(to_sub, 1),
        Part::Value(token, 2),
        Part::Value(amount.packed, 5),
        Part::Value(fee.packed, 2),
        Part::Value(nonce, 4),
        Part::Value(time, 4),
    ]);
    let signed = signing.message(b, &parts);
    b.signature(pkh, signed);

    let zero = b.zero();
    owe(b, running, zero, token, fee.value);
    let mut parts = vec![
        Part::Constant(2, 1),
        Part::Value(from_id, 4),
        Part::Value(from_sub, 1),
        Part::Value(token, 2),
        Part::Value(amount.packed, 5),
    ];
    parts.extend(to_bytes.parts());
    parts.extend(cut_value(b, to_id, 4, &[1]).parts());
    parts.extend([Part::Value(to_sub, 1), Part::Value(fee.packed, 2)]);
    let chunks = pubdata(b, 3, &parts);
    frame.leave(b, running, root, &chunks);
}
