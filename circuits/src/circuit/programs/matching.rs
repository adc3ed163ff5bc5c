//! OrderMatching: two signed orders trade, as a signed match of their submitter says.
//!
//! The quantity is the largest that both residues and the match's expected amounts allow. That it is not larger is checked by
//! range, that it is not smaller by tightness: one of the limits must be reached.

use halo2curves::bn256::Fr;
use halo2curves::ff::Field;

use super::account::{OpenAccount, Signer, leaf_index};
use super::amount::{Packed, amount, cut, divide, fee};
use super::fields::pubdata;
use super::frame::{Frame, Running, Signing, owe};
use super::inputs::Inputs;
use super::rules::{sub_account, token};
use crate::circuit::slot::{Builder, Var, fr};
use crate::operation::table::{OrderFields, OrderMatchingFields};
use crate::operation::{Form, OrderMatching, Price, RATIO_UNIT};

/// Prices are multiples of 10^-18.
const PRICE_UNIT: u64 = Price::UNIT as u64;
/// Bits of a residue, below the nonce in an order slot's leaf.
const RESIDUE_BITS: usize = Form::Amount.bits();
/// Bits of an order nonce.
const NONCE_BITS: usize = Form::OrderNonce.bits();
/// Bits of a price.
const PRICE_BITS: usize = Form::Price.bits();

/// One order of the match, before the trade.
struct Side {
    slot: Var,
    nonce: Var,
    slot_leaf: Var,
    residue: Var,
    price: Var,
    maker_ratio: Var,
    taker_ratio: Var,
    amount: Packed,
    expiry: Var,
}

/// What an order becomes.
struct Outcome {
    leaf: Var,
    exhausted: Var,
}

impl Side {
    fn new(b: &mut Builder, inputs: &Inputs<'_, OrderMatching>, signing: &Signing, number: usize) -> Self {
        let order = |op: &OrderMatching| if number == 0 { op.maker.body.clone() } else { op.taker.body.clone() };
        let slot = b.integer(u128::from(inputs.get(|op| order(op).slot)), Form::Slot.bits());
        let price = b.integer(inputs.get(|op| order(op).price.value()), PRICE_BITS);
        b.assert_nonzero(price);
        let maker_ratio = b.integer(u128::from(inputs.get(|op| order(op).maker_ratio)), Form::TradeRatio.bits());
        let taker_ratio = b.integer(u128::from(inputs.get(|op| order(op).taker_ratio)), Form::TradeRatio.bits());
        let amount = amount(b, inputs.get(|op| order(op).amount.bits()));
        // Packed amounts reach beyond 2^137.
        b.range(amount.value, RESIDUE_BITS);
        let expiry = signing.deadline(b, inputs.get(|op| order(op).expiry));
        let slot_leaf = inputs.leaf(number, 0);

        let bytes = slot_leaf.to_bytes();
        let stored = u128::from_le_bytes(std::array::from_fn(|i| bytes[i]));
        let slot_nonce = u32::from_le_bytes(std::array::from_fn(|i| bytes[16 + i]));
        let stored = b.hint_integer(stored, RESIDUE_BITS);
        // Within 24 bits because the order's nonce is, which is this one or the next.
        let slot_nonce = b.hint(fr(u128::from(slot_nonce)));
        let slot_leaf = b.sum(&[(residue_unit(), slot_nonce), (Fr::ONE, stored)], Fr::ZERO);

        // A slot in use may be replaced by the next nonce; an empty one starts at its own.
        let nonce = b.input(fr(u128::from(inputs.get(|op| u32::from(order(op).nonce)))));
        let replaces = b.sub(nonce, slot_nonce);
        b.assert_product(replaces, replaces, replaces);
        let empty = b.is_zero(stored);
        b.assert_product(replaces, empty, b.zero());
        let fresh = b.add(replaces, empty);
        let residue = b.select(fresh, amount.value, stored);
        Self { slot, nonce, slot_leaf, residue, price, maker_ratio, taker_ratio, amount, expiry }
    }

    /// The slot after `quantity` has been traded: exhausted orders raise the slot's nonce.
    fn trade(&self, b: &mut Builder, quantity: Var) -> Outcome {
        let rest = b.sub(self.residue, quantity);
        b.range(rest, RESIDUE_BITS);
        let exhausted = b.is_zero(rest);
        let nonce = b.add(self.nonce, exhausted);
        b.range(nonce, NONCE_BITS);
        let leaf = b.sum(&[(residue_unit(), nonce), (Fr::ONE, rest)], Fr::ZERO);
        Outcome { leaf, exhausted }
    }
}

fn residue_unit() -> Fr {
    Fr::from(2).pow_vartime([RESIDUE_BITS as u64])
}

/// What the two orders have in common.
struct Market {
    sub: Var,
    base: Var,
    quote: Var,
}

/// One account's part of the trade.
struct Leg {
    sold_token: Var,
    sold: Var,
    bought_token: Var,
    bought: Var,
    fee: Var,
}

impl Leg {
    /// ⌊bought · ratio / 10,000⌋ is kept for the submitter.
    fn new(b: &mut Builder, sold: (Var, Var), bought: (Var, Var), ratio: Var) -> Self {
        let product = b.product(bought.1, ratio);
        let fee = divide(b, product, RATIO_UNIT.into());
        b.range(fee, 128);
        Self { sold_token: sold.0, sold: sold.1, bought_token: bought.0, bought: bought.1, fee }
    }
}

/// Settles one order's account and returns (account id, order message, new root).
fn settle(
    b: &mut Builder,
    inputs: &Inputs<'_, OrderMatching>,
    number: usize,
    (market, signing): (&Market, &Signing),
    root: Var,
    (side, outcome, leg, sells): (&Side, &Outcome, &Leg, Var),
) -> (Var, Var, Var) {
    let mut account = OpenAccount::open(b, inputs.update(number));
    let index = leaf_index(b, market.sub, side.slot);
    account.set_order(b, index, side.slot_leaf, outcome.leaf);
    let index = leaf_index(b, market.sub, leg.sold_token);
    account.debit(b, index, &[leg.sold]);
    let index = leaf_index(b, market.sub, leg.bought_token);
    let net = b.sub(leg.bought, leg.fee);
    account.credit(b, index, net);
    let pkh = account.key(b);
    let (id, auth, owner) = (account.id, account.auth, account.owner);
    let root = account.close(b, root, auth, owner);
    let fields = OrderFields {
        account: id.into(),
        sub: market.sub.into(),
        slot: side.slot.into(),
        nonce: side.nonce.into(),
        base_token: market.base.into(),
        quote_token: market.quote.into(),
        price: side.price.into(),
        is_sell: sells.into(),
        maker_ratio: side.maker_ratio.into(),
        taker_ratio: side.taker_ratio.into(),
        amount: side.amount.into(),
        expiry: side.expiry.into(),
    };
    let signed = signing.message(b, &fields);
    b.signature(pkh, signed);
    (id, signed, root)
}

/// (quantity, quote): at the maker's price, within the match's expected amounts, and the largest such.
fn assert_largest(
    b: &mut Builder,
    (quantity, quote, value): (Var, Var, Var),
    price: Var,
    [expected_base, expected_quote]: [Var; 2],
    exhausted: [Var; 2],
) {
    let caps = [(expected_base, quantity), (expected_quote, quote)].map(|(expected, traded)| {
        let absent = b.is_zero(expected);
        let present = b.not(absent);
        let room = b.sub(expected, traded);
        let room = b.product(present, room);
        b.range(room, 128);
        (present, room)
    });
    let full_base = b.is_zero(caps[0].1);
    let base_reached = b.product(caps[0].0, full_base);
    // (quantity + 1) · price ≥ (expected quote + 1) · 10^18: one more would exceed the expected quote. Since the present
    // quantity does not, the difference is below the price.
    let terms = [(Fr::ONE, value), (Fr::ONE, price), (-Fr::from(PRICE_UNIT), expected_quote)];
    let excess = b.sum(&terms, -Fr::from(PRICE_UNIT));
    let bytes = b.value(excess).to_bytes();
    let claims = b.hint_bit(b.value(caps[1].0) == Fr::ONE && bytes[PRICE_BITS / 8..].iter().all(|byte| *byte == 0));
    let claimed = b.product(claims, excess);
    b.range(claimed, PRICE_BITS);
    let quote_reached = b.product(caps[1].0, claims);
    let open = [exhausted[0], exhausted[1], base_reached, quote_reached].map(|reached| b.not(reached));
    let (left, right) = (b.product(open[0], open[1]), b.product(open[2], open[3]));
    b.assert_product(left, right, b.zero());
}

/// The program. Updates: maker, taker, submitter.
pub fn order_matching(b: &mut Builder, inputs: &Inputs<'_, OrderMatching>, running: &mut Running) {
    let frame = Frame::enter(b, running);
    let market = Market {
        sub: sub_account(b, inputs.get(|op| op.sub)),
        base: token(b, inputs.get(|op| op.maker.body.base_token)),
        quote: token(b, inputs.get(|op| op.maker.body.quote_token)),
    };
    let distinct = b.sub(market.base, market.quote);
    b.assert_nonzero(distinct);
    let fee_token = token(b, inputs.get(|op| op.fee_token));
    let fee = fee(b, inputs.get(|op| op.fee.bits()));

    let signing = Signing::enter(b, running);
    let time = signing.deadline(b, inputs.get(|op| op.time));

    let maker = Side::new(b, inputs, &signing, 0);
    let taker = Side::new(b, inputs, &signing, 1);
    let maker_sells = b.bit(inputs.get(|op| op.maker.body.is_sell));
    let taker_sells = b.sum(&[(-Fr::ONE, maker_sells), (Fr::ONE, b.active())], Fr::ZERO);
    // The buyer pays at least what the seller asks.
    let [if_maker_sells, if_taker_sells] =
        [(&taker, &maker), (&maker, &taker)].map(|(buyer, seller)| (buyer.price, seller.price));
    let surplus = b.sub(if_maker_sells.0, if_maker_sells.1);
    let deficit = b.sub(if_taker_sells.0, if_taker_sells.1);
    let surplus = b.select(maker_sells, surplus, deficit);
    b.range(surplus, PRICE_BITS);

    let quantity = b.hint(fr(inputs.quantity()));
    b.assert_nonzero(quantity);
    let value = b.product(quantity, maker.price);
    // Quantity and quote are what is sold, and are held within 128 bits where that is cut into public data.
    let quote = divide(b, value, PRICE_UNIT);
    b.assert_nonzero(quote);
    let (maker_after, taker_after) = (maker.trade(b, quantity), taker.trade(b, quantity));
    let quote_cuts = OrderMatchingFields::cuts(|it| it.expected_quote);
    let expected_quote = cut(b, &inputs.get(|op| op.expected_quote).to_be_bytes(), &quote_cuts);
    let expected_base = b.integer(inputs.get(|op| op.expected_base), Form::Amount.bits());
    let expected = [expected_base, expected_quote.whole(b)];
    let exhausted = [maker_after.exhausted, taker_after.exhausted];
    assert_largest(b, (quantity, quote, value), maker.price, expected, exhausted);

    let maker_token = b.select(maker_sells, market.base, market.quote);
    let taker_token = b.sum(&[(Fr::ONE, market.base), (Fr::ONE, market.quote), (-Fr::ONE, maker_token)], Fr::ZERO);
    let maker_sold = b.select(maker_sells, quantity, quote);
    let taker_sold = b.sum(&[(Fr::ONE, quantity), (Fr::ONE, quote), (-Fr::ONE, maker_sold)], Fr::ZERO);
    let maker_leg = Leg::new(b, (maker_token, maker_sold), (taker_token, taker_sold), maker.maker_ratio);
    let taker_leg = Leg::new(b, (taker_token, taker_sold), (maker_token, maker_sold), taker.taker_ratio);

    let settled = (&maker, &maker_after, &maker_leg, maker_sells);
    let (maker_id, maker_message, root) = settle(b, inputs, 0, (&market, &signing), frame.root, settled);
    let settled = (&taker, &taker_after, &taker_leg, taker_sells);
    let (taker_id, taker_message, root) = settle(b, inputs, 1, (&market, &signing), root, settled);
    let distinct = b.sub(maker_id, taker_id);
    b.assert_nonzero(distinct);

    let mut submitter = OpenAccount::open(b, inputs.update(2));
    let index = leaf_index(b, market.sub, fee_token);
    submitter.debit(b, index, &[fee.value]);
    let Signer { pkh, nonce, raised } = submitter.signer(b);
    let (submitter_id, owner) = (submitter.id, submitter.owner);
    let root = submitter.close(b, root, raised, owner);

    let fields = OrderMatchingFields {
        submitter: submitter_id.into(),
        sub: market.sub.into(),
        fee_token: fee_token.into(),
        fee: fee.into(),
        expected_base: expected_base.into(),
        expected_quote: (&expected_quote).into(),
        nonce: nonce.into(),
        time: time.into(),
        maker: maker_id.into(),
        taker: taker_id.into(),
        maker_slot: maker.slot.into(),
        taker_slot: taker.slot.into(),
        maker_sell_token: maker_token.into(),
        taker_sell_token: taker_token.into(),
        maker_amount: maker.amount.into(),
        taker_amount: taker.amount.into(),
        maker_ratio: maker.maker_ratio.into(),
        taker_ratio: taker.taker_ratio.into(),
        maker_sells: maker_sold.into(),
        taker_sells: taker_sold.into(),
        maker_nonce: maker.nonce.into(),
        taker_nonce: taker.nonce.into(),
        maker_is_sell: maker_sells.into(),
    };
    let terms = signing.message(b, &fields);
    let orders = b.hash(maker_message, taker_message);
    let signed = b.hash(terms, orders);
    b.signature(pkh, signed);

    owe(b, running, submitter_id, maker_leg.bought_token, maker_leg.fee);
    owe(b, running, submitter_id, taker_leg.bought_token, taker_leg.fee);
    let zero = b.zero();
    owe(b, running, zero, fee_token, fee.value);

    let chunks = pubdata(b, &fields);
    frame.leave(b, running, root, &chunks);
}
