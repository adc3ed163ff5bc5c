//! ChangePubKey: an account gets a new signing key. The new key signs; the owner's consent is checked on the chain.

use halo2curves::bn256::Fr;
use halo2curves::ff::Field;

use super::account::{OpenAccount, leaf_index, nonce_unit};
use super::amount::{cut, cut_hint, fee, owner_hash};
use super::frame::{Frame, Running, Signing, owe};
use super::inputs::Inputs;
use super::rules::{assert_owned, chain, pubdata, sub_account, token};
use crate::circuit::slot::{Builder, Part};
use crate::operation::ChangePubKey;

/// The program. Updates: account.
pub fn change_pub_key(b: &mut Builder, inputs: &Inputs<'_, ChangePubKey>, running: &mut Running) {
    let frame = Frame::enter(b, running);
    let chain = chain(b, inputs.get(|op| op.chain));
    let sub = sub_account(b, inputs.get(|op| op.sub));
    let fee_token = token(b, inputs.get(|op| op.fee_token));
    let fee = fee(b, inputs.get(|op| op.fee.bits()));
    let signing = Signing::enter(b, running);
    let time = signing.deadline(b, inputs.get(|op| op.time));
    let pkh_bytes = cut(b, &inputs.get(|op| op.pub_key_hash.0), &[16]);
    let pkh = pkh_bytes.value(b, 0, 20);
    let owner_bytes = cut_hint(b, &inputs.owner_of(0), &[19, 25]);
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

    let mut parts = vec![Part::Constant(6, 1), Part::Value(chain, 1), Part::Value(id, 4), Part::Value(sub, 1)];
    parts.extend(pkh_bytes.parts());
    parts.extend([Part::Value(fee_token, 2), Part::Value(fee.packed, 2), Part::Value(nonce, 4), Part::Value(time, 4)]);
    let signed = signing.message(b, &parts);
    b.signature(pkh, signed);

    let zero = b.zero();
    owe(b, running, zero, fee_token, fee.value);
    let mut parts = vec![Part::Constant(6, 1), Part::Value(chain, 1), Part::Value(id, 4), Part::Value(sub, 1)];
    parts.extend(pkh_bytes.parts());
    parts.extend(owner_bytes.parts());
    parts.extend([Part::Value(nonce, 4), Part::Value(fee_token, 2), Part::Value(fee.packed, 2)]);
    let chunks = pubdata(b, 3, &parts);
    frame.report(b, running, chain, &chunks);
    frame.leave(b, running, root, &chunks);
}
