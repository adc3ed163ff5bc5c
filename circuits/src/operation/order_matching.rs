//! OrderMatching: two signed orders of opposite sides trade; the submitter signs the match and takes the trade's fees.

use halo2curves::bn256::Fr;
use serde::{Deserialize, Serialize};

use super::message::words;
use super::table::{Described, OrderMatchingFields};
use super::{Deployment, Form, Message, Pubdata, Signed, Violation};
use crate::encoding;
use crate::packing::{PackedAmount, PackedFee};
use crate::poseidon::{fold, hash2};

/// Quote per base, times 10^18: not zero, below 2^120.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "Decimal", into = "Decimal")]
pub struct Price(u128);

/// The nonce of an order slot: below 2^24.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "u32", into = "u32")]
pub struct OrderNonce(u32);

/// A price or order nonce that its field cannot hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OrderValueError {
    /// Zero, or 2^120 and more.
    #[error("price {0} is out of range: it is not zero and below 2^120")]
    Price(u128),
    /// 2^24 and more.
    #[error("order nonce {0} is out of range: the largest is 2^24 - 1")]
    Nonce(u32),
}

/// A price as JSON has it: a decimal string.
#[derive(Serialize, Deserialize)]
#[serde(transparent)]
struct Decimal(#[serde(with = "encoding::amount")] u128);

impl Price {
    /// 1 quote per base.
    pub const UNIT: u128 = 1_000_000_000_000_000_000;

    /// A price in quote per base, times 10^18.
    ///
    /// # Errors
    /// Zero, and 2^120 and more.
    pub fn new(price: u128) -> Result<Self, OrderValueError> {
        if Form::Price.takes(price) { Ok(Self(price)) } else { Err(OrderValueError::Price(price)) }
    }

    /// Quote per base, times 10^18.
    pub fn value(self) -> u128 {
        self.0
    }
}

impl TryFrom<Decimal> for Price {
    type Error = OrderValueError;

    fn try_from(price: Decimal) -> Result<Self, OrderValueError> {
        Self::new(price.0)
    }
}

impl From<Price> for Decimal {
    fn from(price: Price) -> Self {
        Self(price.0)
    }
}

impl TryFrom<u32> for OrderNonce {
    type Error = OrderValueError;

    fn try_from(nonce: u32) -> Result<Self, OrderValueError> {
        if Form::OrderNonce.takes(nonce) { Ok(Self(nonce)) } else { Err(OrderValueError::Nonce(nonce)) }
    }
}

impl From<OrderNonce> for u32 {
    fn from(nonce: OrderNonce) -> Self {
        nonce.0
    }
}

/// An offer to trade up to `amount` of base at `price` or better.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Order {
    /// Who offers.
    pub account: u32,
    /// The sub-account that trades.
    pub sub: u8,
    /// The order slot that keeps what is left of the order.
    pub slot: u16,
    /// The slot's nonce, or the next one when an order is left in the slot.
    pub nonce: OrderNonce,
    /// The token that amounts are in.
    pub base_token: u16,
    /// The token that prices are in.
    pub quote_token: u16,
    /// The limit: a buyer pays at most this for a base, a seller takes at least this.
    pub price: Price,
    /// Whether base is sold.
    pub is_sell: bool,
    /// Part of what is bought that goes to the submitter when this is the maker, in 1/10,000.
    pub maker_ratio: u8,
    /// The same, when this is the taker.
    pub taker_ratio: u8,
    /// How much base is offered or asked for.
    pub amount: PackedAmount,
    /// The last second, since 1970, in which a block may trade this; 2^32 − 1: for ever.
    pub expiry: u32,
}

/// The match of two orders, signed by its submitter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OrderMatching {
    /// Who submits the match, pays its fee and takes the trade's fees.
    pub submitter: u32,
    /// The sub-account on which all three act.
    pub sub: u8,
    /// The order whose price holds.
    pub maker: Signed<Order>,
    /// The other order.
    pub taker: Signed<Order>,
    /// What the match's fee is paid in.
    pub fee_token: u16,
    /// The match's fee.
    pub fee: PackedFee,
    /// The most base that may change hands; 0: no limit.
    #[serde(with = "encoding::amount")]
    pub expected_base: u128,
    /// The most quote that may change hands; 0: no limit.
    #[serde(with = "encoding::amount")]
    pub expected_quote: u128,
    /// The submitter's nonce.
    pub nonce: u32,
    /// The last second, since 1970, in which a block may carry this; 2^32 − 1: for ever.
    pub time: u32,
}

impl Order {
    /// The token this order gives away.
    pub fn sell_token(&self) -> u16 {
        if self.is_sell { self.base_token } else { self.quote_token }
    }

    /// The token this order asks for.
    pub fn buy_token(&self) -> u16 {
        if self.is_sell { self.quote_token } else { self.base_token }
    }
}

impl Message for Order {}

impl OrderMatching {
    pub(super) fn check(&self) -> Result<(), Violation> {
        let (maker, taker) = (&self.maker.body, &self.taker.body);
        self.check_fields()?;
        maker.check_fields()?;
        taker.check_fields()?;
        if (maker.sub, taker.sub) != (self.sub, self.sub) {
            return Err(Violation::SubsDiffer { matching: self.sub, maker: maker.sub, taker: taker.sub });
        }
        let pair = |order: &Order| (order.base_token, order.quote_token);
        if pair(maker) != pair(taker) {
            return Err(Violation::PairsDiffer { maker: pair(maker), taker: pair(taker) });
        }
        if maker.base_token == maker.quote_token {
            return Err(Violation::BaseIsQuote(maker.base_token));
        }
        if maker.is_sell == taker.is_sell {
            return Err(Violation::SameSide(maker.is_sell));
        }
        if maker.account == taker.account {
            return Err(Violation::SelfTrade(maker.account));
        }
        Ok(())
    }

    /// Its public data, which name what maker and taker gave away in this trade.
    pub fn pubdata(&self, maker_sells: u128, taker_sells: u128) -> Pubdata {
        let (maker, taker) = (&self.maker.body, &self.taker.body);
        Pubdata::new(&OrderMatchingFields {
            maker: maker.account.into(),
            taker: taker.account.into(),
            maker_slot: maker.slot.into(),
            taker_slot: taker.slot.into(),
            maker_sell_token: maker.sell_token().into(),
            taker_sell_token: taker.sell_token().into(),
            maker_amount: maker.amount.into(),
            taker_amount: taker.amount.into(),
            maker_ratio: maker.maker_ratio.into(),
            taker_ratio: taker.taker_ratio.into(),
            maker_sells: maker_sells.into(),
            taker_sells: taker_sells.into(),
            maker_nonce: maker.nonce.into(),
            taker_nonce: taker.nonce.into(),
            maker_is_sell: maker.is_sell.into(),
            ..self.fields()
        })
    }
}

impl Message for OrderMatching {
    /// The fold of the match's own bytes, and as its last word P(maker's message, taker's message).
    fn message(&self, deployment: Deployment) -> Fr {
        let orders = hash2(self.maker.body.message(deployment), self.taker.body.message(deployment));
        fold(deployment.0, words(&self.signed_bytes()).chain([orders]))
    }
}
