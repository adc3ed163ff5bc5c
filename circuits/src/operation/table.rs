//! The table of operations: their codes, their fields, what is signed of them and what is published, in order.
//!
//! What has to agree on this reads it here: the encoder (`message`, `pubdata`), the programs of the circuit
//! (`circuit::programs::fields`), the refusal of values out of range (`limits`), and the tables of `PROTOCOL.md`, which
//! [`super::page`] prints.
//!
//! A kind's fields are a struct with one field a field of the operation, generic in what these hold: [`Field`]s in the table,
//! [`Value`]s in the encoder, variables in a program. So whoever fills it can neither forget a field nor invent one,
//! and nobody else says in which order they stand or how wide they are.

use super::field::{Field, Value, breaks};
use super::limits::{self, Violation};
use super::message::WORD_BYTES;
use super::pubdata::CHUNK_BYTES;
use super::{
    ChangePubKey, Deposit, ForcedExit, Form, FullExit, Kind, Order, OrderMatching, Transfer, TransferToNew, Withdraw,
};

/// The first of an order's signed bytes, where an operation has its code: no kind's, so an order is no operation.
pub const ORDER_CODE: u8 = 0xff;

/// Fields of which some are signed.
pub trait SignedFields<T> {
    /// The first of the signed bytes.
    const CODE: u8;
    /// What is signed after the code, in order.
    const SIGNED: &'static [Field];
    /// What the fields of [`Self::SIGNED`] hold.
    fn signed(&self) -> Vec<T>;
}

/// Fields of which some are published.
pub trait PublicFields<T> {
    /// The kind, whose code is the first byte of the public data.
    const KIND: Kind;
    /// What is published after the code, in order.
    const PUBLIC: &'static [Field];
    /// What the fields of [`Self::PUBLIC`] hold.
    fn public(&self) -> Vec<T>;
}

/// An operation, or an order, whose fields the table lists.
pub trait Described {
    /// Its fields.
    type Fields;

    /// The values of its fields; zero in those that it does not declare itself.
    fn fields(&self) -> Self::Fields;

    /// The fields that it declares, with their values.
    fn declared(&self) -> Vec<(Field, Value)>;

    /// Checks the values that it declares.
    ///
    /// # Errors
    /// The first value that its field's form does not take.
    fn check_fields(&self) -> Result<(), Violation> {
        limits::check(&self.declared())
    }
}

macro_rules! fields {
    ($(#[doc = $doc:literal])+ $fields:ident of $operation:ident {
        $($declared:ident: $form:ident),* $(,)?
        $(; $($found:ident: $found_form:ident),* $(,)?)?
    }
    $(signed $code:expr => [$($signed:ident)*])?
    $(public $kind:expr => [$($public:ident)*])?) => {
        $(#[doc = $doc])+
        #[derive(Clone, Copy, Debug)]
        #[allow(missing_docs)] // Named after the operation's own.
        pub struct $fields<T> {
            $(pub $declared: T,)*
            $($(pub $found: T,)*)?
        }

        impl $fields<Field> {
            /// The fields themselves.
            pub const FIELDS: Self = Self {
                $($declared: Field::new(stringify!($declared), Form::$form),)*
                $($($found: Field::new(stringify!($found), Form::$found_form),)*)?
            };
            $(
                /// What is signed after the code, in order.
                pub const SIGNED: &'static [Field] = &[$(Self::FIELDS.$signed),*];
            )?
            $(
                /// What is published after the code, in order.
                pub const PUBLIC: &'static [Field] = &[$(Self::FIELDS.$public),*];
            )?

            /// Where a field has to be cut: where a word of the signed bytes or a chunk of the public data ends within it, and
            /// where one of the two words ends that an owner's hash is of.
            pub fn cuts(field: fn(&Self) -> Field) -> Vec<usize> {
                let layouts: &[(&[Field], usize)] = &[
                    $((&[$(Self::FIELDS.$signed),*], WORD_BYTES),)?
                    $((&[$(Self::FIELDS.$public),*], CHUNK_BYTES),)?
                ];
                cuts(field(&Self::FIELDS), layouts)
            }
        }

        impl Described for $operation {
            type Fields = $fields<Value>;

            fn fields(&self) -> $fields<Value> {
                $fields {
                    $($declared: self.$declared.into(),)*
                    $($($found: Value::default(),)*)?
                }
            }

            fn declared(&self) -> Vec<(Field, Value)> {
                vec![$(($fields::FIELDS.$declared, self.$declared.into())),*]
            }
        }

        $(
            impl<T: Copy> SignedFields<T> for $fields<T> {
                const CODE: u8 = $code;
                const SIGNED: &'static [Field] = $fields::SIGNED;

                fn signed(&self) -> Vec<T> {
                    vec![$(self.$signed),*]
                }
            }
        )?

        $(
            impl<T: Copy> PublicFields<T> for $fields<T> {
                const KIND: Kind = $kind;
                const PUBLIC: &'static [Field] = $fields::PUBLIC;

                fn public(&self) -> Vec<T> {
                    vec![$(self.$public),*]
                }
            }
        )?
    };
}

// Before a semicolon stand the fields that an operation declares, in the order in which they are checked; behind it those that
// its execution finds.

fields! {
    /// The fields of a Deposit.
    DepositFields of Deposit {
        chain: Chain, account: Account, sub: Sub, l1_token: L1Token, l2_token: L2Token, amount: Amount, owner: Owner,
        by_owner: Flag,
    }
    public Kind::Deposit => [chain account sub l1_token l2_token amount owner by_owner]
}

fields! {
    /// The fields of a TransferToNew.
    TransferToNewFields of TransferToNew {
        from: Account, from_sub: Sub, token: Token, amount: PackedAmount, to: Account, to_sub: Sub, to_owner: Owner,
        fee: PackedFee, nonce: Nonce, time: Time,
    }
    signed Kind::TransferToNew.code() => [from from_sub to_owner to_sub token amount fee nonce time]
    public Kind::TransferToNew => [from from_sub token amount to_owner to to_sub fee]
}

fields! {
    /// The fields of a Withdraw.
    WithdrawFields of Withdraw {
        chain: Chain, account: Account, sub: Sub, to: Address, l1_token: L1Token, l2_token: L2Token, amount: Amount,
        fee: PackedFee, nonce: Nonce, fast: Flag, fee_ratio: Ratio, time: Time,
    }
    signed Kind::Withdraw.code() => [chain account sub to l2_token l1_token amount fee nonce fast fee_ratio time]
    public Kind::Withdraw => [chain account sub l1_token l2_token amount fee to nonce fee_ratio]
}

fields! {
    /// The fields of a Transfer.
    TransferFields of Transfer {
        from: Account, from_sub: Sub, token: Token, amount: PackedAmount, to: Account, to_sub: Sub, to_owner: Owner,
        fee: PackedFee, nonce: Nonce, time: Time,
    }
    signed Kind::Transfer.code() => [from from_sub to_owner to_sub token amount fee nonce time]
    public Kind::Transfer => [from from_sub token to to_sub amount fee]
}

fields! {
    /// The fields of a FullExit; `amount` is what left.
    FullExitFields of FullExit {
        chain: Chain, account: Account, sub: Sub, owner: Owner, l1_token: L1Token, l2_token: L2Token;
        amount: Amount,
    }
    public Kind::FullExit => [chain account sub owner l1_token l2_token amount]
}

fields! {
    /// The fields of a ChangePubKey; `owner` is the account's.
    ChangePubKeyFields of ChangePubKey {
        chain: Chain, account: Account, sub: Sub, fee_token: Token, fee: PackedFee, pub_key_hash: KeyHash, nonce: Nonce,
        time: Time;
        owner: Owner,
    }
    signed Kind::ChangePubKey.code() => [chain account sub pub_key_hash fee_token fee nonce time]
    public Kind::ChangePubKey => [chain account sub pub_key_hash owner nonce fee_token fee]
}

fields! {
    /// The fields of a ForcedExit; `amount` is what left.
    ForcedExitFields of ForcedExit {
        chain: Chain, initiator: Account, initiator_sub: Sub, target: Account, target_sub: Sub, target_owner: Owner,
        l1_token: L1Token, l2_token: L2Token, fee_token: Token, fee: PackedFee, nonce: Nonce, time: Time;
        amount: Amount,
    }
    signed Kind::ForcedExit.code() => [
        chain initiator initiator_sub target_owner target_sub l2_token l1_token fee_token fee nonce time
    ]
    public Kind::ForcedExit => [
        chain initiator initiator_sub target target_sub l1_token l2_token fee_token amount fee target_owner
    ]
}

fields! {
    /// The fields of an order.
    OrderFields of Order {
        account: Account, sub: Sub, slot: Slot, nonce: OrderNonce, base_token: Token, quote_token: Token, price: Price,
        is_sell: Flag, maker_ratio: TradeRatio, taker_ratio: TradeRatio, amount: PackedAmount, expiry: Time,
    }
    signed ORDER_CODE => [
        account sub slot nonce base_token quote_token price is_sell maker_ratio taker_ratio amount expiry
    ]
}

fields! {
    /// The fields of an OrderMatching. Those that it does not declare are its orders', but for `maker_sells` and `taker_sells`, what
    /// each of them gave away in this trade.
    OrderMatchingFields of OrderMatching {
        submitter: Account, sub: Sub, fee_token: Token, fee: PackedFee, expected_base: Amount, expected_quote: Amount,
        nonce: Nonce, time: Time;
        maker: Account, taker: Account, maker_slot: Slot, taker_slot: Slot, maker_sell_token: Token,
        taker_sell_token: Token, maker_amount: PackedAmount, taker_amount: PackedAmount, maker_ratio: TradeRatio,
        taker_ratio: TradeRatio, maker_sells: Amount, taker_sells: Amount, maker_nonce: OrderNonce, taker_nonce: OrderNonce,
        maker_is_sell: Flag,
    }
    signed Kind::OrderMatching.code() => [submitter sub fee_token fee expected_base expected_quote nonce time]
    public Kind::OrderMatching => [
        sub maker taker submitter maker_slot taker_slot maker_sell_token taker_sell_token fee_token maker_amount
        taker_amount fee maker_ratio taker_ratio maker_sells taker_sells maker_nonce taker_nonce maker_is_sell
    ]
}

/// A kind of operation, as the table lists it.
#[derive(Clone, Copy, Debug)]
pub struct Operation {
    /// The kind.
    pub kind: Kind,
    /// The name in JSON and messages.
    pub name: &'static str,
    /// Chunks of public data.
    pub chunks: usize,
    /// What is published after the code, in order.
    pub public: &'static [Field],
    /// What is signed after the code, in order; nothing where nobody signs.
    pub signed: &'static [Field],
}

const fn operation(
    kind: Kind,
    name: &'static str,
    chunks: usize,
    public: &'static [Field],
    signed: &'static [Field],
) -> Operation {
    Operation { kind, name, chunks, public, signed }
}

/// Every kind of operation, by code.
pub const OPERATIONS: [Operation; 9] = [
    operation(Kind::Noop, "noop", 1, &[], &[]),
    operation(Kind::Deposit, "deposit", 3, DepositFields::PUBLIC, &[]),
    operation(Kind::TransferToNew, "transfer_to_new", 3, TransferToNewFields::PUBLIC, TransferToNewFields::SIGNED),
    operation(Kind::Withdraw, "withdraw", 3, WithdrawFields::PUBLIC, WithdrawFields::SIGNED),
    operation(Kind::Transfer, "transfer", 2, TransferFields::PUBLIC, TransferFields::SIGNED),
    operation(Kind::FullExit, "full_exit", 3, FullExitFields::PUBLIC, &[]),
    operation(Kind::ChangePubKey, "change_pub_key", 3, ChangePubKeyFields::PUBLIC, ChangePubKeyFields::SIGNED),
    operation(Kind::ForcedExit, "forced_exit", 3, ForcedExitFields::PUBLIC, ForcedExitFields::SIGNED),
    operation(Kind::OrderMatching, "order_matching", 4, OrderMatchingFields::PUBLIC, OrderMatchingFields::SIGNED),
];

fn cuts(field: Field, layouts: &[(&[Field], usize)]) -> Vec<usize> {
    let mut cuts = Vec::new();
    for (fields, width) in layouts {
        let found = fields.iter().zip(breaks(fields, *width)).filter(|(other, _)| **other == field);
        cuts.extend(found.flat_map(|(_, breaks)| breaks));
    }
    if field.form == Form::Owner {
        cuts.push(super::Owner::SPLIT);
    }
    cuts.sort_unstable();
    cuts.dedup();
    cuts
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;
    use crate::operation::field::length;

    #[test]
    fn operations_are_listed_by_code_and_their_data_fit_their_chunks() {
        for (position, operation) in OPERATIONS.iter().enumerate() {
            assert_eq!(usize::from(operation.kind.code()), position);
            assert!(length(operation.public) <= operation.chunks * CHUNK_BYTES, "{}", operation.name);
        }
        // A transfer would fit one chunk; all others need theirs.
        let spare = |it: &&Operation| length(it.public) <= (it.chunks - 1) * CHUNK_BYTES;
        assert_eq!(OPERATIONS.iter().filter(spare).map(|it| it.name).collect::<Vec<_>>(), ["transfer"]);
    }

    #[test]
    fn what_is_signed_begins_with_a_code_of_its_own() {
        assert!(OPERATIONS.iter().all(|operation| operation.kind.code() != ORDER_CODE));
        assert_eq!(<OrderFields<Value> as SignedFields<Value>>::CODE, ORDER_CODE);
    }

    #[test]
    fn no_field_stands_twice_in_a_layout() {
        let layouts = OPERATIONS.iter().flat_map(|it| [it.public, it.signed]).chain([OrderFields::SIGNED]);
        for fields in layouts {
            let names: BTreeSet<_> = fields.iter().map(|field| field.name).collect();
            assert_eq!(names.len(), fields.len(), "{fields:?}");
        }
    }

    #[test]
    fn name_and_width_of_a_field_tell_its_form() {
        let mut forms = BTreeMap::new();
        for field in OPERATIONS.iter().flat_map(|it| [it.public, it.signed]).chain([OrderFields::SIGNED]).flatten() {
            let form = forms.entry((field.name, field.form.bytes())).or_insert(field.form);
            assert_eq!(*form, field.form, "{}", field.name);
        }
    }

    /// What a program cuts; spelled out by hand from the byte offsets in the layouts.
    #[test]
    fn values_are_cut_where_words_and_chunks_end() {
        assert_eq!(DepositFields::cuts(|it| it.amount), [12]);
        assert_eq!(DepositFields::cuts(|it| it.owner), [19, 25]);
        assert_eq!(TransferToNewFields::cuts(|it| it.to_owner), [10, 25]);
        assert_eq!(TransferToNewFields::cuts(|it| it.to), [1]);
        assert_eq!(WithdrawFields::cuts(|it| it.amount), [12]);
        assert_eq!(WithdrawFields::cuts(|it| it.to), [17, 24]);
        assert_eq!(WithdrawFields::cuts(|it| it.nonce), [1]);
        assert_eq!(TransferFields::cuts(|it| it.to_owner), [25]);
        assert_eq!(FullExitFields::cuts(|it| it.owner), [16, 25]);
        assert_eq!(FullExitFields::cuts(|it| it.amount), [3]);
        assert_eq!(ChangePubKeyFields::cuts(|it| it.pub_key_hash), [16]);
        assert_eq!(ChangePubKeyFields::cuts(|it| it.owner), [19, 25]);
        assert_eq!(ForcedExitFields::cuts(|it| it.target_owner), [10, 24, 25]);
        assert_eq!(ForcedExitFields::cuts(|it| it.amount), [5]);
        assert_eq!(OrderMatchingFields::cuts(|it| it.expected_quote), [5]);
        assert_eq!(OrderMatchingFields::cuts(|it| it.fee_token), [1]);
        assert_eq!(OrderMatchingFields::cuts(|it| it.maker_sells), [8]);
        assert_eq!(OrderMatchingFields::cuts(|it| it.taker_sells), [15]);
        assert_eq!(OrderMatchingFields::cuts(|it| it.expected_base), [0; 0]);
    }
}
