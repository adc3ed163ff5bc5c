//! The limits of values in operations, the rules of tokens, and the refusal of what breaks them.
//!
//! Tokens: 0 is illegal, 1 the pooled USD, 2 to 16 mirrors that only reserves hold, 17 to 31 the chains' stablecoins, which may
//! enter and leave as pooled USD, 32 and above all others.

use num_bigint::BigUint;

use super::Form;
use super::field::{Field, Value};
use crate::chain::MAX_CHAIN;

/// The account that collects fees.
pub const COLLECTOR: u32 = 0;
/// The account whose balances are the chains' reserves; it has no owner.
pub const RESERVES: u32 = 1;
/// The first id that a user can get.
pub const FIRST_USER: u32 = 2;
/// Largest account id.
pub const MAX_ACCOUNT: u32 = (1 << 24) - 1;
/// Largest sub-account.
pub const MAX_SUB: u8 = 31;
/// The token that pools the chains' stablecoins.
pub const POOLED_USD: u16 = 1;

/// Bits of a reserve of a chain and token: then all balances of a token, backed by 15 stablecoins on 31 chains at most, stay below
/// 465 · 2^119, which is below 2^128, and no credit can wrap.
pub(crate) const RESERVE_BITS: usize = 119;
/// Largest reserve of a chain and token.
pub const MAX_RESERVE: u128 = (1 << RESERVE_BITS) - 1;

/// Ratios count in ten-thousandths.
pub const RATIO_UNIT: u16 = 10_000;

/// The first token that a chain issues; from here on they are the stablecoins that may be pooled.
pub(crate) const FIRST_STABLECOIN: u16 = 17;
/// The last stablecoin that may be pooled; the chains' other tokens follow.
pub(crate) const LAST_STABLECOIN: u16 = 31;
/// From a stablecoin to the mirror that its reserve is kept under.
pub(crate) const MIRROR_OFFSET: u16 = 15;

/// A value that no operation may carry, whatever the state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Violation {
    /// Above [`MAX_SUB`].
    #[error("sub-account {0} is out of range: the largest is {MAX_SUB}")]
    SubOutOfRange(u8),
    /// Above [`MAX_ACCOUNT`].
    #[error("account {0} is out of range: the largest id is {MAX_ACCOUNT}")]
    AccountOutOfRange(u32),
    /// Outside 1..=31.
    #[error("chain {0} is out of range: chains are numbered 1 to {MAX_CHAIN}")]
    ChainOutOfRange(u8),
    /// A token that users cannot hold.
    #[error("token {0} cannot be held by users: 1 or one from {FIRST_STABLECOIN} up can")]
    TokenNotHeld(u16),
    /// Tokens that do not belong together on a chain and in the rollup.
    #[error(
        "l1_token {l1_token} and l2_token {l2_token} do not go together: they are equal and at least {FIRST_STABLECOIN}, or a \
         stablecoin ({FIRST_STABLECOIN} to {LAST_STABLECOIN}) is {POOLED_USD} in the rollup"
    )]
    TokenPair {
        /// The token on the chain.
        l1_token: u16,
        /// The token in the rollup.
        l2_token: u16,
    },
    /// The zero address.
    #[error("{0} is the zero address")]
    ZeroOwner(&'static str),
    /// A withdrawal's fee ratio above one.
    #[error("fee_ratio {0} is out of range: it counts in 1/{RATIO_UNIT} and is at most {RATIO_UNIT}")]
    FeeRatioOutOfRange(u16),
    /// The key hash that means "no key".
    #[error("the new public key hash is zero, which means no key")]
    ZeroKeyHash,
    /// The orders and the match do not name the same sub-account.
    #[error("the match is on sub-account {matching}, its orders on {maker} and {taker}")]
    SubsDiffer {
        /// The match's sub-account.
        matching: u8,
        /// The maker order's sub-account.
        maker: u8,
        /// The taker order's sub-account.
        taker: u8,
    },
    /// The orders trade different pairs.
    #[error("the orders trade different pairs: {maker:?} and {taker:?} (base, quote)")]
    PairsDiffer {
        /// The maker order's base and quote.
        maker: (u16, u16),
        /// The taker order's base and quote.
        taker: (u16, u16),
    },
    /// Base and quote are one token.
    #[error("base and quote are both token {0}")]
    BaseIsQuote(u16),
    /// Both orders sell, or both buy.
    #[error("both orders {}", if *.0 { "sell" } else { "buy" })]
    SameSide(bool),
    /// An account trades with itself.
    #[error("account {0} is maker and taker")]
    SelfTrade(u32),
}

/// The fields that an operation declares, with their values: the first value that its field's form does not take is refused.
pub(super) fn check(fields: &[(Field, Value)]) -> Result<(), Violation> {
    let mut l1_token = 0;
    for (field, value) in fields {
        match field.form {
            Form::Chain => check_chain(u8::from_be_bytes(value.low()))?,
            Form::Account => check_account(u32::from_be_bytes(value.low()))?,
            Form::Sub => check_sub(u8::from_be_bytes(value.low()))?,
            Form::Token => check_token(u16::from_be_bytes(value.low()))?,
            Form::L1Token => l1_token = u16::from_be_bytes(value.low()),
            Form::L2Token => check_token_pair(l1_token, u16::from_be_bytes(value.low()))?,
            Form::Owner | Form::Address if value.is_zero() => return Err(Violation::ZeroOwner(field.name)),
            Form::KeyHash if value.is_zero() => return Err(Violation::ZeroKeyHash),
            Form::Ratio => check_ratio(u16::from_be_bytes(value.low()))?,
            Form::Owner | Form::Address | Form::KeyHash => {}
            // Their types hold these within their forms.
            Form::Amount | Form::PackedAmount | Form::PackedFee | Form::Price | Form::TradeRatio => {}
            Form::Nonce | Form::Time | Form::Flag | Form::Slot | Form::OrderNonce => {}
        }
    }
    Ok(())
}

pub(crate) fn check_sub(sub: u8) -> Result<(), Violation> {
    if Form::Sub.takes(sub) { Ok(()) } else { Err(Violation::SubOutOfRange(sub)) }
}

fn check_account(account: u32) -> Result<(), Violation> {
    if Form::Account.takes(account) { Ok(()) } else { Err(Violation::AccountOutOfRange(account)) }
}

pub(crate) fn check_chain(chain: u8) -> Result<(), Violation> {
    if Form::Chain.takes(chain) { Ok(()) } else { Err(Violation::ChainOutOfRange(chain)) }
}

/// A token that users hold.
pub(crate) fn check_token(token: u16) -> Result<(), Violation> {
    if Form::Token.takes(token) { Ok(()) } else { Err(Violation::TokenNotHeld(token)) }
}

fn check_ratio(ratio: u16) -> Result<(), Violation> {
    if Form::Ratio.takes(ratio) { Ok(()) } else { Err(Violation::FeeRatioOutOfRange(ratio)) }
}

/// A token on a chain and the token it is in the rollup.
pub(crate) fn check_token_pair(l1_token: u16, l2_token: u16) -> Result<(), Violation> {
    let same = l1_token == l2_token && l1_token >= FIRST_STABLECOIN;
    let pooled = l2_token == POOLED_USD && (FIRST_STABLECOIN..=LAST_STABLECOIN).contains(&l1_token);
    if same || pooled { Ok(()) } else { Err(Violation::TokenPair { l1_token, l2_token }) }
}

/// The token of account 1 under which the reserve of a valid pair is kept; the sub-account is the chain.
pub fn reserve_token(l1_token: u16, l2_token: u16) -> u16 {
    if l2_token == POOLED_USD { l1_token - MIRROR_OFFSET } else { l1_token }
}

/// The pair (token on the chain, token in the rollup) whose reserve is kept under this token of account 1.
pub fn backing_of(reserve_token: u16) -> (u16, u16) {
    if reserve_token < FIRST_STABLECOIN {
        (reserve_token + MIRROR_OFFSET, POOLED_USD)
    } else {
        (reserve_token, reserve_token)
    }
}

/// ⌊amount · ratio / 10,000⌋, for ratios up to 10,000.
pub fn ratio_of(amount: u128, ratio: u8) -> u128 {
    let fee = BigUint::from(amount) * ratio / RATIO_UNIT;
    // At most 255 / 10,000 of the amount.
    u128::try_from(fee).unwrap_or(amount)
}
