//! ChangePubKey: an account gets a new signing key. The new key signs; the owner's consent is checked on the chain.

use halo2curves::bn256::Fr;
use halo2curves::ff::Field;

use super::account::{OpenAccount, leaf_index, nonce_unit};
use super::amount::{cut, cut_hint, fee, owner_hash};
use super::fields::pubdata;
use super::frame::{Frame, Running, Signing, owe};
use super::inputs::Inputs;
use super::rules::{assert_owned, chain, sub_account, token};
use crate::circuit::slot::Builder;
use crate::operation::ChangePubKey;
use crate::operation::table::ChangePubKeyFields;

/// The program. Updates: account.
pub fn change_pub_key(b: &mut Builder, inputs: &Inputs<'_, ChangePubKey>, running: &mut Running) {
    let frame = Frame::enter(b, running);
    let chain = chain(b, inputs.get(|op| op.chain));
    let sub = sub_account(b, inputs.get(|op| op.sub));
    let fee_token = token(b, inputs.get(|op| op.fee_token));
    let fee = fee(b, inputs.get(|op| op.fee.bits()));
    let signing = Signing::enter(b, running);
    let time = signing.deadline(b, inputs.get(|op| op.time));
    let pkh_cuts = ChangePubKeyFields::cuts(|it| it.pub_key_hash);
    let pkh_bytes = cut(b, &inputs.get(|op| op.pub_key_hash.0), &pkh_cuts);
    let pkh = pkh_bytes.whole(b);
    let owner_bytes = cut_hint(b, &inputs.owner_of(0), &ChangePubKeyFields::cuts(|it| it.owner));
    let owner = owner_hash(b, &owner_bytes);
    assert_owned(b, owner);

    let mut account = OpenAccount::open(b, inputs.update(0));
    b.assert_equal(owner, account.owner);
    let index = leaf_index(b, sub, fee_token);
    account.debit(b, index, &[fee.value]);
    // The old key hash is replaced: taking `auth` apart needs its range here, since no signature of it is drawn.
    let old_pkh = account.pkh(b);
    b.range(old_pkh, 160);
    let nonce = account.spend(b, old_pkh);
    let terms = [(Fr::ONE, account.auth), (nonce_unit(), b.active()), (-Fr::ONE, old_pkh), (Fr::ONE, pkh)];
    let auth = b.sum(&terms, Fr::ZERO);
    let id = account.id;
    let root = account.close(b, frame.root, auth, owner);

    let fields = ChangePubKeyFields {
        chain: chain.into(),
        account: id.into(),
        sub: sub.into(),
        fee_token: fee_token.into(),
        fee: fee.into(),
        pub_key_hash: (&pkh_bytes).into(),
        nonce: nonce.into(),
        time: time.into(),
        owner: (&owner_bytes).into(),
    };
    let signed = signing.message(b, &fields);
    b.signature(pkh, signed);

    let zero = b.zero();
    owe(b, running, zero, fee_token, fee.value);
    let chunks = pubdata(b, &fields);
    frame.report(b, running, chain, &chunks);
    frame.leave(b, running, root, &chunks);
}
