//! Whole balances that leave to a chain: FullExit and ForcedExit. Both take what the chain's reserve covers.

use super::ledger::{Failure, Ledger};
use super::{Executed, Rule};
use crate::operation::{ForcedExit, FullExit, RESERVES, Signed, reserve_token};
use crate::trace::Outcome;

/// Moves nothing when the account is missing or another owner's; never fails.
pub(super) fn full_exit(ledger: &mut Ledger<'_>, exit: &FullExit) -> Result<Executed, Failure> {
    let token = reserve_token(exit.l1_token, exit.l2_token);
    let mut account = ledger.open(exit.account)?;
    let amount = if account.after.owner == exit.owner {
        account.after.chains.insert(exit.chain);
        exit_amount(ledger, (exit.account, exit.sub, exit.l2_token), (exit.chain, token))?
    } else {
        0
    };
    ledger.debit(&mut account, exit.sub, exit.l2_token, amount, 0)?;
    let account = ledger.close(account)?;
    let reserves = ledger.debit_reserve(exit.chain, token, amount)?;
    Ok(Executed {
        pubdata: exit.pubdata(amount),
        updates: vec![account, reserves],
        outcome: Outcome::FullExit { amount },
    })
}

/// The initiator pays; the target's balance leaves to its owner.
pub(super) fn forced_exit(ledger: &mut Ledger<'_>, signed: &Signed<ForcedExit>) -> Result<Executed, Failure> {
    let exit = &signed.body;
    let mut initiator = ledger.open_signed(exit.initiator, signed.signer())?;
    ledger.spend_nonce(&mut initiator, exit.nonce)?;
    ledger.debit(&mut initiator, exit.initiator_sub, exit.fee_token, 0, exit.fee.value())?;
    ledger.fee(exit.fee_token, exit.fee)?;
    let initiator = ledger.close(initiator)?;

    let mut target = ledger.open_owned(exit.target, &exit.target_owner)?;
    let key = target.after.pkh;
    if !key.is_zero() {
        return Err(Rule::TargetHasKey { account: exit.target, key }.into());
    }
    if !target.after.chains.contains(exit.chain) {
        return Err(Rule::TargetNotSeen { account: exit.target, chain: exit.chain }.into());
    }
    let token = reserve_token(exit.l1_token, exit.l2_token);
    let amount = exit_amount(ledger, (exit.target, exit.target_sub, exit.l2_token), (exit.chain, token))?;
    ledger.debit(&mut target, exit.target_sub, exit.l2_token, amount, 0)?;
    let target = ledger.close(target)?;
    let reserves = ledger.debit_reserve(exit.chain, token, amount)?;
    Ok(Executed {
        pubdata: exit.pubdata(amount),
        updates: vec![initiator, target, reserves],
        outcome: Outcome::ForcedExit { amount },
    })
}

/// The lesser of an account's (id, sub, token) balance and a (chain, token) reserve.
fn exit_amount(ledger: &Ledger<'_>, account: (u32, u8, u16), reserve: (u8, u16)) -> Result<u128, Failure> {
    let balance = ledger.balance(account.0, account.1, account.2)?;
    Ok(balance.min(ledger.balance(RESERVES, reserve.0, reserve.1)?))
}
