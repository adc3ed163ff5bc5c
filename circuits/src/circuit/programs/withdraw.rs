//! Withdraw: an amount leaves the rollup on a chain whose reserve covers it.

use halo2curves::bn256::Fr;
use halo2curves::ff::Field;

use super::account::{OpenAccount, Signer, leaf_index};
use super::amount::{assert_some, cut, cut_value, fee};
use super::frame::{Frame, Running, Signing, owe};
use super::inputs::Inputs;
use super::rules::{chain, pubdata, sub_account, token_pair};
use crate::circuit::slot::{Builder, Part};
use crate::operation::{RATIO_UNIT, Withdraw};

/// The program. Updates: account, reserve.
pub fn withdraw(b: &mut Builder, inputs: &Inputs<'_, Withdraw>, running: &mut Running) {
    let frame = Frame::enter(b, running);
    let chain = chain(b, inputs.get(|op| op.chain));
    let sub = sub_account(b, inputs.get(|op| op.sub));
    let pair = token_pair(b, inputs.get(|op| op.l1_token), inputs.get(|op| op.l2_token));
    let amount_bytes = cut(b, &inputs.get(|op| op.amount).to_be_bytes(), &[12]);
    let amount = amount_bytes.value(b, 0, 16);
    let fee = fee(b, inputs.get(|op| op.fee.bits()));
    let to = cut(b, &inputs.get(|op| op.to.0), &[17, 24]);
    assert_some(b, &to);
    let fast = b.bit(inputs.get(|op| op.fast));
    let fee_ratio = b.integer(u128::from(inputs.get(|op| op.fee_ratio)), 16);
    let ratio_room = b.sum(&[(-Fr::ONE, fee_ratio)], Fr::from(u64::from(RATIO_UNIT)));
    b.range(ratio_room, 16);
    let signing = Signing::enter(b, running);
    let time = signing.deadline(b, inputs.get(|op| op.time));

    let mut account = OpenAccount::open(b, inputs.update(0));
    let index = leaf_index(b, sub, pair.l2);
    account.debit(b, index, &[amount, fee.value]);
    let Signer { pkh, nonce, raised } = account.signer(b);
    let (id, owner) = (account.id, account.owner);
    let root = account.close(b, frame.root, raised, owner);

    let (mut reserve, index) = pair.open_reserve(b, inputs.update(1), chain);
    reserve.debit(b, index, &[amount]);
    let (auth, owner) = (reserve.auth, reserve.owner);
    let root = reserve.close(b, root, auth, owner);

    // The second word of the message ends after the nonce's first byte.
    let nonce_bytes = cut_value(b, nonce, 4, &[1]);
    let mut parts = vec![Part::Constant(3, 1), Part::Value(chain, 1), Part::Value(id, 4), Part::Value(sub, 1)];
    parts.extend(to.parts());
    parts.extend([
        Part::Value(pair.l2, 2),
        Part::Value(pair.l1, 2),
        Part::Value(amount, 16),
        Part::Value(fee.packed, 2),
    ]);
    parts.extend(nonce_bytes.parts());
    parts.extend([Part::Value(fast, 1), Part::Value(fee_ratio, 2), Part::Value(time, 4)]);
    let signed = signing.message(b, &parts);
    b.signature(pkh, signed);

    let zero = b.zero();
    owe(b, running, zero, pair.l2, fee.value);
    let mut parts = vec![
        Part::Constant(3, 1),
        Part::Value(chain, 1),
        Part::Value(id, 4),
        Part::Value(sub, 1),
        Part::Value(pair.l1, 2),
        Part::Value(pair.l2, 2),
    ];
    parts.extend(amount_bytes.parts());
    parts.push(Part::Value(fee.packed, 2));
    parts.extend(to.parts());
    parts.extend([Part::Value(nonce, 4), Part::Value(fee_ratio, 2)]);
    let chunks = pubdata(b, 3, &parts);
    frame.report(b, running, chain, &chunks);
    frame.leave(b, running, root, &chunks);
}
