//! OrderMatching: how much two orders trade, at the maker's price, and the accounts that change by it.

use num_bigint::BigUint;

use super::ledger::{Failure, Ledger};
use super::{Executed, Rule};
use crate::operation::{Order, OrderMatching, OrderNonce, Price, Signed, ratio_of};
use crate::trace::{AccountUpdate, Outcome, Side, Slot, Trade};

/// Trades between maker and taker; the submitter pays the operation's fee and earns the trade's.
pub(super) fn order_matching(ledger: &mut Ledger<'_>, signed: &Signed<OrderMatching>) -> Result<Executed, Failure> {
    let matching = &signed.body;
    let (maker, taker) = (&matching.maker.body, &matching.taker.body);
    let trade = trade(ledger, matching)?;
    let maker_update = settle(ledger, &matching.maker, &trade.maker)?;
    let taker_update = settle(ledger, &matching.taker, &trade.taker)?;
    let mut submitter = ledger.open_signed(matching.submitter, signed.signer())?;
    ledger.spend_nonce(&mut submitter, matching.nonce)?;
    ledger.debit(&mut submitter, matching.sub, matching.fee_token, 0, matching.fee.value())?;
    let submitter = ledger.close(submitter)?;
    ledger.fee(matching.fee_token, matching.fee)?;
    ledger.earn(matching.submitter, maker.buy_token(), trade.maker.fee)?;
    ledger.earn(matching.submitter, taker.buy_token(), trade.taker.fee)?;
    Ok(Executed {
        pubdata: matching.pubdata(trade.maker.sold, trade.taker.sold),
        updates: vec![maker_update, taker_update, submitter],
        outcome: Outcome::OrderMatching(Box::new(trade)),
    })
}

/// Writes one side: slot, what is sold, what is bought less its fee.
fn settle(ledger: &mut Ledger<'_>, signed: &Signed<Order>, side: &Side) -> Result<AccountUpdate, Failure> {
    let order = &signed.body;
    let mut account = ledger.open_signed(order.account, signed.signer())?;
    ledger.set_slot(&mut account, order.sub, order.slot, side.slot_after)?;
    ledger.debit(&mut account, order.sub, order.sell_token(), side.sold, 0)?;
    ledger.credit(&mut account, order.sub, order.buy_token(), side.bought - side.fee)?;
    ledger.close(account)
}

fn trade(ledger: &Ledger<'_>, matching: &OrderMatching) -> Result<Trade, Failure> {
    let (maker, taker) = (&matching.maker.body, &matching.taker.body);
    let (seller, buyer) = if maker.is_sell { (maker, taker) } else { (taker, maker) };
    if buyer.price < seller.price {
        return Err(Rule::NotCrossed { buyer: buyer.price.value(), seller: seller.price.value() }.into());
    }
    let slots = [maker, taker].map(|order| ledger.slot(order.account, order.sub, order.slot));
    let [maker_slot, taker_slot] = slots;
    let (maker_slot, taker_slot) = (maker_slot?, taker_slot?);
    let residues = (residue(maker, maker_slot)?, residue(taker, taker_slot)?);
    let price = maker.price.value();
    let quantity = quantity(residues.0.min(residues.1), price, matching.expected_base, matching.expected_quote);
    let quote = u128::try_from(BigUint::from(quantity) * price / Price::UNIT)
        .map_err(|_| Rule::QuoteOverflow { quantity, price })?;
    if quantity == 0 || quote == 0 {
        return Err(Rule::EmptyTrade { quantity, quote }.into());
    }
    let side = |order: &Order, slot_before: Slot, residue: u128, ratio: u8| -> Result<Side, Rule> {
        let (sold, bought) = if order.is_sell { (quantity, quote) } else { (quote, quantity) };
        let nonce = u32::from(order.nonce);
        let slot_after = match residue - quantity {
            0 => {
                let next = OrderNonce::try_from(nonce + 1).map_err(|_| Rule::SlotExhausted {
                    account: order.account,
                    sub: order.sub,
                    slot: order.slot,
                })?;
                Slot { nonce: next.into(), residue: 0 }
            }
            residue => Slot { nonce, residue },
        };
        Ok(Side { slot_before, residue, slot_after, sold, bought, fee: ratio_of(bought, ratio) })
    };
    Ok(Trade {
        quantity,
        quote,
        maker: side(maker, maker_slot, residues.0, maker.maker_ratio)?,
        taker: side(taker, taker_slot, residues.1, taker.taker_ratio)?,
    })
}

/// What is left of an order: of the one its slot holds, or all of a new one.
fn residue(order: &Order, slot: Slot) -> Result<u128, Rule> {
    let given = u32::from(order.nonce);
    match (given.checked_sub(slot.nonce), slot.residue) {
        (Some(0), 0) => Ok(order.amount.value()),
        (Some(0), residue) => Ok(residue),
        (Some(1), residue) if residue != 0 => Ok(order.amount.value()),
        (_, residue) => Err(Rule::SlotNonce {
            account: order.account,
            sub: order.sub,
            slot: order.slot,
            nonce: slot.nonce,
            residue,
            given,
        }),
    }
}

/// The largest quantity within both residues, the expected base, and the expected quote at this price; expectations of 0 do
/// not limit.
pub(crate) fn quantity(residue: u128, price: u128, expected_base: u128, expected_quote: u128) -> u128 {
    let mut quantity = residue;
    if expected_base != 0 {
        quantity = quantity.min(expected_base);
    }
    if expected_quote != 0 {
        // ⌊q · price / unit⌋ ≤ expected ⟺ q · price < (expected + 1) · unit.
        let largest = ((BigUint::from(expected_quote) + 1u8) * Price::UNIT - 1u8) / price;
        quantity = u128::try_from(largest).map_or(quantity, |largest| quantity.min(largest));
    }
    quantity
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_expected_quote_caps_the_quantity_at_the_last_that_rounds_down_to_it() {
        // At 0.5 quote a base, 7 base give 3 quote and 8 give 4.
        assert_eq!(quantity(100, Price::UNIT / 2, 0, 3), 7);
        assert_eq!(quantity(5, Price::UNIT / 2, 0, 3), 5);
        assert_eq!(quantity(100, Price::UNIT / 2, 4, 3), 4);
        assert_eq!(quantity(u128::MAX, 1, 0, u128::MAX), u128::MAX);
    }

    proptest! {
        #[test]
        fn the_quantity_is_the_largest_allowed(residue in 1u128..1 << 60, price in 1u128..1 << 90, base in 0u128..1 << 60, quote in 0u128..1 << 60) {
            let allowed = |q: u128| {
                let quote_of = BigUint::from(q) * price / Price::UNIT;
                q <= residue && (base == 0 || q <= base) && (quote == 0 || quote_of <= BigUint::from(quote))
            };
            let q = quantity(residue, price, base, quote);
            prop_assert!(allowed(q) && !allowed(q + 1));
        }
    }
}
