//! OrderMatching: two signed orders of opposite sides trade; the submitter signs the match and takes the trade's fees.

use halo2curves::bn256::Fr;
use serde::{Deserialize, Serialize};

use super::limits::{check_account, check_sub, check_token};
use super::message::{Fields, words};
use super::{Deployment, Kind, Message, Pubdata, Signed, Violation};
use crate::encoding;
use crate::packing::{PackedAmount, PackedFee};
use crate::poseidon::{fold, hash2};

/// The first of an order's signed bytes.
const ORDER_CODE: u8 = 0xff;

/// Quote per base, times 10^18: not zero, below 2^120.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "Decimal", into = "Decimal")]
pub struct Price(u128);

/// A slot's generation: below 2^24.
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

/// A decimal string in JSON.
#[derive(Serialize, Deserialize)]
#[serde(transparent)]
struct Decimal(#[serde(with = "encoding::amount")] u128);

impl Price {
    /// 1 quote per base.
    pub const UNIT: u128 = 1_000_000_000_000_000_000;

    /// Of quote per base, times 10^18.
    ///
    /// # Errors
    /// Zero, and 2^120 and more.
    pub fn new(price: u128) -> Result<Self, OrderValueError> {
        if price != 0 && price >> 120 == 0 { Ok(Self(price)) } else { Err(OrderValueError::Price(price)) }
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
        if nonce < 1 << 24 { Ok(Self(nonce)) } else { Err(OrderValueError::Nonce(nonce)) }
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
    /// The slot that keeps what is left of the order.
    pub slot: u16,
    /// The slot's nonce, or the next one when an order is left in the slot.
    pub nonce: OrderNonce,
    /// The token that amounts are in.
    pub base_token: u16,
    /// The token that prices are in.
    pub quote_token: u16,
    /// The limit.
    pub price: Price,
    /// Whether base is sold.
    pub is_sell: bool,
    /// Part of what is bought that goes to the submitter when this is the maker, in 1/10,000.
    pub maker_ratio: u8,
    /// The same, when this is the taker.
    pub taker_ratio: u8,
    /// How much base.
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
    fn check(&self) -> Result<(), Violation> {
        check_account(self.account)?;
        check_sub(self.sub)?;
        check_token(self.base_token)?;
        check_token(self.quote_token)
    }

    /// The token this order gives away.
    pub fn sell_token(&self) -> u16 {
        if self.is_sell { self.base_token } else { self.quote_token }
    }

    /// The token this order asks for.
    pub fn buy_token(&self) -> u16 {
        if self.is_sell { self.quote_token } else { self.base_token }
    }
}

impl Message for Order {
    /// 0xff account4 sub1 slot2 nonce3 base2 quote2 price15 isSell1 makerRatio1 takerRatio1 amount5 expiry4: 42 bytes.
    fn signed_bytes(&self) -> Vec<u8> {
        Fields::new(ORDER_CODE)
            .u32(self.account)
            .u8(self.sub)
            .u16(self.slot)
            .bytes(&self.nonce.0.to_be_bytes()[1..])
            .u16(self.base_token)
            .u16(self.quote_token)
            .bytes(&self.price.0.to_be_bytes()[1..])
            .u8(self.is_sell.into())
            .u8(self.maker_ratio)
            .u8(self.taker_ratio)
            .amount(self.amount)
            .u32(self.expiry)
            .finish()
    }
}

impl OrderMatching {
    pub(super) fn check(&self) -> Result<(), Violation> {
        let (maker, taker) = (&self.maker.body, &self.taker.body);
        check_account(self.submitter)?;
        check_sub(self.sub)?;
        check_token(self.fee_token)?;
        maker.check()?;
        taker.check()?;
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

    /// op1 sub1 maker4 taker4 submitter4 makerSlot2 takerSlot2 makerSellToken2 takerSellToken2 feeToken2 makerAmount5 takerAmount5
    /// fee2 makerFeeRatio1 takerFeeRatio1 makerSell16 takerSell16 makerNonce3 takerNonce3 makerIsSell1, where `makerSell`
    /// and `takerSell` are what each gave away in this trade.
    pub fn pubdata(&self, maker_sells: u128, taker_sells: u128) -> Pubdata {
        let (maker, taker) = (&self.maker.body, &self.taker.body);
        let fields = Fields::new(Kind::OrderMatching.code())
            .u8(self.sub)
            .u32(maker.account)
            .u32(taker.account)
            .u32(self.submitter)
            .u16(maker.slot)
            .u16(taker.slot)
            .u16(maker.sell_token())
            .u16(taker.sell_token())
            .u16(self.fee_token)
            .amount(maker.amount)
            .amount(taker.amount)
            .fee(self.fee)
            .u8(maker.maker_ratio)
            .u8(taker.taker_ratio)
            .u128(maker_sells)
            .u128(taker_sells)
            .bytes(&maker.nonce.0.to_be_bytes()[1..])
            .bytes(&taker.nonce.0.to_be_bytes()[1..])
            .u8(maker.is_sell.into());
        Pubdata::new(Kind::OrderMatching, fields)
    }
}

impl Message for OrderMatching {
    /// op1 account4 sub1 feeToken2 fee2 expectedBase16 expectedQuote16 nonce4 time4: the match's own 50 bytes, without the orders.
    fn signed_bytes(&self) -> Vec<u8> {
        Fields::new(Kind::OrderMatching.code())
            .u32(self.submitter)
            .u8(self.sub)
            .u16(self.fee_token)
            .fee(self.fee)
            .u128(self.expected_base)
            .u128(self.expected_quote)
            .u32(self.nonce)
            .u32(self.time)
            .finish()
    }

    /// The fold of the match's own bytes, and as its last word P(maker's message, taker's message).
    fn message(&self, deployment: Deployment) -> Fr {
        let orders = hash2(self.maker.body.message(deployment), self.taker.body.message(deployment));
        fold(deployment.0, words(&self.signed_bytes()).chain([orders]))
    }
}
