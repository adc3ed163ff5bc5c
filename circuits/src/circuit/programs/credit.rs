//! Fee credit: after the last operation, an account gets all it is owed in one token. Also Noop, which does nothing.

use halo2curves::bn256::Fr;
use halo2curves::ff::Field;

use super::account::OpenAccount;
use super::frame::{Frame, Running};
use crate::circuit::bus::Tag;
use crate::circuit::slot::Builder;
use crate::trace::CreditTrace;

/// The program of the `number`-th fee credit. Returns the state root after it.
pub fn credit(b: &mut Builder, credit: Option<&CreditTrace>, number: u64, root: Fr) -> Fr {
    let number = b.input(Fr::from(number));
    let root = b.input(root);
    b.draw(Tag::Credit, &[number, root]);
    let mut account = OpenAccount::open(b, credit.map(|credit| &credit.update));
    let token = b.input(credit.map_or(Fr::ZERO, |credit| Fr::from(u64::from(credit.token))));
    let total = b.input(credit.map_or(Fr::ZERO, |credit| crate::circuit::slot::fr(credit.total)));
    let nothing = b.zero();
    b.provide(Tag::Fee, &[account.id, token, nothing]);
    b.draw(Tag::Fee, &[account.id, token, total]);
    // Sub-account 0: the token is the leaf's index.
    account.credit(b, token, total);
    let (auth, owner) = (account.auth, account.owner);
    let root = account.close(b, root, auth, owner);
    let next = b.sum(&[(Fr::ONE, number)], Fr::ONE);
    b.provide(Tag::Credit, &[next, root]);
    b.value(root)
}

/// The program of Noop: one chunk of zeros.
pub fn noop(b: &mut Builder, running: &mut Running) {
    let frame = Frame::enter(b, running);
    let root = frame.root;
    let chunk = b.zero();
    frame.leave(b, running, root, &[chunk]);
}
