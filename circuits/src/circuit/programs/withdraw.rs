//! Withdraw: an amount leaves the rollup on a chain whose reserve covers it.

use halo2curves::bn256::Fr;
use halo2curves::ff::Field;

use super::account::{OpenAccount, Signer, leaf_index};
use super::amount::{assert_some, cut, fee};
use super::fields::pubdata;
use super::frame::{Frame, Running, Signing, owe};
use super::inputs::Inputs;
use super::rules::{chain, sub_account, token_pair};
use crate::circuit::slot::Builder;
use crate::operation::table::WithdrawFields;
use crate::operation::{Form, RATIO_UNIT, Withdraw};

/// The program. Updates: account, reserve.
pub fn withdraw(b: &mut Builder, inputs: &Inputs<'_, Withdraw>, running: &mut Running) {
    let frame = Frame::enter(b, running);
    let chain = chain(b, inputs.get(|op| op.chain));
    let sub = sub_account(b, inputs.get(|op| op.sub));
    let pair = token_pair(b, inputs.get(|op| op.l1_token), inputs.get(|op| op.l2_token));
    let amount_bytes = cut(b, &inputs.get(|op| op.amount).to_be_bytes(), &WithdrawFields::cuts(|it| it.amount));
    let amount = amount_bytes.whole(b);
    let fee = fee(b, inputs.get(|op| op.fee.bits()));
    let to = cut(b, &inputs.get(|op| op.to.0), &WithdrawFields::cuts(|it| it.to));
    assert_some(b, &to);
    let fast = b.bit(inputs.get(|op| op.fast));
    let fee_ratio = b.integer(u128::from(inputs.get(|op| op.fee_ratio)), Form::Ratio.bits());
    let ratio_room = b.sum(&[(-Fr::ONE, fee_ratio)], Fr::from(u64::from(RATIO_UNIT)));
    b.range(ratio_room, Form::Ratio.bits());
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

    let fields = WithdrawFields {
        chain: chain.into(),
        account: id.into(),
        sub: sub.into(),
        to: (&to).into(),
        l1_token: pair.l1.into(),
        l2_token: pair.l2.into(),
        amount: amount.into(),
        fee: fee.into(),
        nonce: nonce.into(),
        fast: fast.into(),
        fee_ratio: fee_ratio.into(),
        time: time.into(),
    };
    let signed = signing.message(b, &fields);
    b.signature(pkh, signed);

    let zero = b.zero();
    owe(b, running, zero, pair.l2, fee.value);
    // A chunk ends within the amount, no word of the message does.
    let chunks = pubdata(b, &WithdrawFields { amount: (&amount_bytes).into(), ..fields });
    frame.report(b, running, chain, &chunks);
    frame.leave(b, running, root, &chunks);
}
