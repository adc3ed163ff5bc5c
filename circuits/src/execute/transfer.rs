//! Tokens that move between accounts: Transfer and TransferToNew.

use super::Executed;
use super::ledger::{Failure, Ledger};
use crate::operation::{Signed, Transfer, TransferToNew};
use crate::trace::Outcome;

/// Debits the sender by amount and fee, credits the receiver.
pub(super) fn transfer(ledger: &mut Ledger<'_>, signed: &Signed<Transfer>) -> Result<Executed, Failure> {
    let transfer = &signed.body;
    let mut from = ledger.open_signed(transfer.from, signed.signer())?;
    ledger.spend_nonce(&mut from, transfer.nonce)?;
    ledger.debit(&mut from, transfer.from_sub, transfer.token, transfer.amount.value(), transfer.fee.value())?;
    ledger.fee(transfer.token, transfer.fee)?;
    let from = ledger.close(from)?;
    let mut to = ledger.open_owned(transfer.to, &transfer.to_owner)?;
    ledger.credit(&mut to, transfer.to_sub, transfer.token, transfer.amount.value())?;
    let to = ledger.close(to)?;
    Ok(Executed { pubdata: transfer.pubdata(), updates: vec![from, to], outcome: Outcome::Transfer })
}

/// The same, to an account that it opens.
pub(super) fn transfer_to_new(ledger: &mut Ledger<'_>, signed: &Signed<TransferToNew>) -> Result<Executed, Failure> {
    let transfer = &signed.body;
    let mut from = ledger.open_signed(transfer.from, signed.signer())?;
    ledger.spend_nonce(&mut from, transfer.nonce)?;
    ledger.debit(&mut from, transfer.from_sub, transfer.token, transfer.amount.value(), transfer.fee.value())?;
    ledger.fee(transfer.token, transfer.fee)?;
    let from = ledger.close(from)?;
    let mut to = ledger.create(transfer.to, transfer.to_owner)?;
    ledger.credit(&mut to, transfer.to_sub, transfer.token, transfer.amount.value())?;
    let to = ledger.close(to)?;
    Ok(Executed { pubdata: transfer.pubdata(), updates: vec![from, to], outcome: Outcome::TransferToNew })
}
