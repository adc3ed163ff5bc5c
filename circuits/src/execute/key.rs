//! ChangePubKey: the account's next key, which signs for itself.

use super::ledger::{Failure, Ledger};
use super::{Executed, Rule};
use crate::operation::{ChangePubKey, Signed};
use crate::trace::Outcome;

/// Sets the key; the account pays the fee.
pub(super) fn change_pub_key(ledger: &mut Ledger<'_>, signed: &Signed<ChangePubKey>) -> Result<Executed, Failure> {
    let change = &signed.body;
    let mut account = ledger.open_existing(change.account)?;
    let (expected, signer) = (change.pub_key_hash, signed.signer());
    if signer != expected {
        return Err(Rule::KeyDiffers { account: change.account, expected, signer }.into());
    }
    ledger.spend_nonce(&mut account, change.nonce)?;
    account.after.pkh = expected;
    ledger.debit(&mut account, change.sub, change.fee_token, 0, change.fee.value())?;
    ledger.fee(change.fee_token, change.fee)?;
    let owner = account.after.owner;
    let account = ledger.close(account)?;
    Ok(Executed { pubdata: change.pubdata(&owner), updates: vec![account], outcome: Outcome::ChangePubKey { owner } })
}
