//! Tokens that enter from a chain (Deposit) and leave to one (Withdraw).

use super::Executed;
use super::ledger::{Failure, Ledger};
use crate::operation::{Deposit, Signed, Withdraw, reserve_token};
use crate::trace::Outcome;

/// Credits the user, whose account it may open, and the chain's reserve.
pub(super) fn deposit(ledger: &mut Ledger<'_>, deposit: &Deposit) -> Result<Executed, Failure> {
    let Deposit { chain, account, sub, l1_token, l2_token, amount, owner, by_owner } = *deposit;
    let mut user = ledger.open_or_create(account, owner)?;
    let created = !user.existed();
    ledger.credit(&mut user, sub, l2_token, amount)?;
    if by_owner {
        user.after.chains.insert(chain);
    }
    let user = ledger.close(user)?;
    let reserves = ledger.credit_reserve(chain, reserve_token(l1_token, l2_token), amount)?;
    Ok(Executed { pubdata: deposit.pubdata(), updates: vec![user, reserves], outcome: Outcome::Deposit { created } })
}

/// Debits the account by amount and fee, and the chain's reserve by the amount.
pub(super) fn withdraw(ledger: &mut Ledger<'_>, signed: &Signed<Withdraw>) -> Result<Executed, Failure> {
    let withdraw = &signed.body;
    let mut account = ledger.open_signed(withdraw.account, signed.signer())?;
    ledger.spend_nonce(&mut account, withdraw.nonce)?;
    ledger.debit(&mut account, withdraw.sub, withdraw.l2_token, withdraw.amount, withdraw.fee.value())?;
    ledger.fee(withdraw.l2_token, withdraw.fee)?;
    let account = ledger.close(account)?;
    let token = reserve_token(withdraw.l1_token, withdraw.l2_token);
    let reserves = ledger.debit_reserve(withdraw.chain, token, withdraw.amount)?;
    Ok(Executed { pubdata: withdraw.pubdata(), updates: vec![account, reserves], outcome: Outcome::Withdraw })
}
