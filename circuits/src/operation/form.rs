//! The forms of fields: how wide each is, and which values it takes.
//!
//! The table of operations ([`super::table`]) gives every field one of these forms; the widths of the encoder and of the circuit's
//! range checks, the refusals of [`super::limits`] and the printed page follow from here.

use super::limits::{FIRST_STABLECOIN, MAX_ACCOUNT, MAX_SUB, POOLED_USD, RATIO_UNIT};
use crate::chain::MAX_CHAIN;

/// Which values a form takes, beside the limit that its width sets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Values {
    /// All.
    Any,
    /// Integers from the first to the last.
    Within(u128, u128),
    /// All but zero.
    NotZero,
    /// The tokens that users hold.
    Held,
    /// A token that goes with the L1 token before it.
    Paired,
}

macro_rules! forms {
    ($( $(#[doc = $doc:literal])+ $form:ident: $bytes:literal, $values:expr; )*) => {
        /// The form of a field: an unsigned integer, big-endian.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Form {
            $( $(#[doc = $doc])+ $form, )*
        }

        impl Form {
            /// Every form.
            pub const ALL: &'static [Self] = &[$(Self::$form),*];

            /// Width in bytes.
            pub const fn bytes(self) -> usize {
                match self { $(Self::$form => $bytes,)* }
            }

            /// Which values it takes.
            pub const fn values(self) -> Values {
                use Values::*;
                match self { $(Self::$form => $values,)* }
            }

            /// What it means, in words.
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$form => concat!($($doc),+).trim_ascii(),)* }
            }
        }
    };
}

forms! {
    /// The number of a chain.
    Chain: 1, Within(1, MAX_CHAIN as u128);
    /// The id of an account.
    Account: 4, Within(0, MAX_ACCOUNT as u128);
    /// The number of a sub-account.
    Sub: 1, Within(0, MAX_SUB as u128);
    /// A token that users hold.
    Token: 2, Held;
    /// A token on a chain.
    L1Token: 2, Any;
    /// What the L1 token is in the rollup.
    L2Token: 2, Paired;
    /// The address that owns an account; shorter addresses are zero-padded in front.
    Owner: 32, NotZero;
    /// The address that receives on a chain; shorter addresses are zero-padded in front.
    Address: 32, NotZero;
    /// The hash of a public key.
    KeyHash: 20, NotZero;
    /// An amount.
    Amount: 16, Any;
    /// A packed amount: 35 bits of mantissa, 5 of decimal exponent; it stands for less than 2^128.
    PackedAmount: 5, Any;
    /// A packed fee: 11 bits of mantissa, 5 of decimal exponent.
    PackedFee: 2, Any;
    /// The nonce of an account.
    Nonce: 4, Any;
    /// Seconds since 1970.
    Time: 4, Any;
    /// 1 for yes, 0 for no.
    Flag: 1, Within(0, 1);
    /// A part of an amount, in 1/10,000.
    Ratio: 2, Within(0, RATIO_UNIT as u128);
    /// A small part of what is bought, in 1/10,000.
    TradeRatio: 1, Any;
    /// The number of an order slot.
    Slot: 2, Any;
    /// The nonce of an order slot.
    OrderNonce: 3, Any;
    /// Quote per base, times 10^18.
    Price: 15, Within(1, u128::MAX >> 8);
}

impl Form {
    /// Width in bits.
    pub const fn bits(self) -> usize {
        8 * self.bytes()
    }

    /// Whether it takes a number. A paired token depends on another one: any will do here.
    pub fn takes(self, number: impl Into<u128>) -> bool {
        let number = number.into();
        let fits = self.bytes() >= 16 || number >> self.bits() == 0;
        fits && match self.values() {
            Values::Any | Values::Paired => true,
            Values::Within(first, last) => (first..=last).contains(&number),
            Values::NotZero => number != 0,
            Values::Held => number == POOLED_USD.into() || number >= FIRST_STABLECOIN.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_takes_numbers_from_its_first_to_its_last_within_its_width() {
        for form in Form::ALL.iter().filter(|form| form.bytes() < 16) {
            let (first, last) = match form.values() {
                Values::Within(first, last) => (first, last),
                Values::NotZero => (1, (1 << form.bits()) - 1),
                Values::Any | Values::Paired => (0, (1 << form.bits()) - 1),
                Values::Held => continue,
            };
            assert!(form.takes(first) && form.takes(last) && !form.takes(last + 1), "{form:?}");
            assert!(first == 0 || !form.takes(first - 1), "{form:?}");
        }
    }

    #[test]
    fn users_hold_the_pooled_token_and_those_from_17_up() {
        let held: Vec<u16> = (0..40).filter(|token| Form::Token.takes(*token)).collect();
        assert_eq!(held, [1].into_iter().chain(17..40).collect::<Vec<_>>());
    }
}
