//! The rules that an operation can break, each with the values that broke it.

use crate::eddsa::SignatureError;
use crate::operation::{Owner, PubKeyHash, Signee, Violation};

/// A broken rule.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs)] // The fields are named after what they hold.
pub enum Rule {
    /// A value that no operation may carry.
    #[error(transparent)]
    Violation(#[from] Violation),
    /// A signature that does not verify.
    #[error("the signature for account {account} is refused: {error}")]
    Signature { account: u32, error: SignatureError },
    /// Nobody owns the account.
    #[error("account {account} does not exist")]
    AccountMissing { account: u32 },
    /// The account has another owner than the operation says.
    #[error("account {account} belongs to {owner}, not to {given}")]
    OwnerDiffers { account: u32, owner: Owner, given: Owner },
    /// A new account must get a free id.
    #[error("account {account} belongs to {owner} already: give the new account a free id")]
    AccountTaken { account: u32, owner: Owner },
    /// Nobody becomes the reserves' owner.
    #[error("account {account} holds the chains' reserves: give the new account a free id")]
    ReserveAccount { account: u32 },
    /// The block is later than what the signer allowed.
    #[error("{what} was good until {time}, the block's timestamp is {timestamp}")]
    Expired { what: Signee, time: u32, timestamp: u32 },
    /// The operation's nonce is not the account's.
    #[error("the nonce is {given}, account {account} is at {nonce}")]
    Nonce { account: u32, nonce: u32, given: u32 },
    /// The account has used its last nonce.
    #[error("account {account} has used all its nonces")]
    NonceExhausted { account: u32 },
    /// The account has no key yet.
    #[error("account {account} has no key: a change_pub_key operation sets it")]
    NoKey { account: u32 },
    /// Signed by another key than the account's, or than the new one of a key change.
    #[error("the key {signer} signed, account {account} needs {expected}")]
    KeyDiffers { account: u32, expected: PubKeyHash, signer: PubKeyHash },
    /// The target of a forced exit has a key.
    #[error("account {account} has the key {key}: only accounts without a key can be forced out")]
    TargetHasKey { account: u32, key: PubKeyHash },
    /// The target's owner has not acted on the chain, where the address may be somebody else's.
    #[error("the owner of account {account} has not acted on chain {chain}: it can be forced out only where it has")]
    TargetNotSeen { account: u32, chain: u8 },
    /// The balance does not cover amount and fee.
    #[error("account {account} holds {balance} of token {token} in sub-account {sub}, short of {amount} + fee {fee}")]
    Overdraft { account: u32, sub: u8, token: u16, balance: u128, amount: u128, fee: u128 },
    /// A balance or a sum of fees would reach 2^128: nobody can have what is added.
    #[error("account {account}'s {balance} of token {token} in sub-account {sub} and {credit} more exceed 128 bits")]
    Overflow { account: u32, sub: u8, token: u16, balance: u128, credit: u128 },
    /// A chain would hold 2^119 or more of a token.
    #[error("the reserve of token {token} on chain {chain} is {reserve}; with {amount} more it exceeds 119 bits")]
    ReserveFull { chain: u8, token: u16, reserve: u128, amount: u128 },
    /// The chain does not hold what would leave there.
    #[error("the reserve of token {token} on chain {chain} is {reserve}, short of {amount}")]
    ReserveExceeded { chain: u8, token: u16, reserve: u128, amount: u128 },
    /// The order's nonce does not fit its order slot.
    #[error(
        "the order's nonce {given} does not fit slot {slot} of account {account} (sub-account {sub}), at nonce {nonce} with \
         {residue} left"
    )]
    SlotNonce { account: u32, sub: u8, slot: u16, nonce: u32, residue: u128, given: u32 },
    /// The order slot has no nonce left after this order.
    #[error("the order would use up slot {slot} of account {account} (sub-account {sub}): take another slot")]
    SlotExhausted { account: u32, sub: u8, slot: u16 },
    /// The buyer offers less than the seller asks.
    #[error("the prices do not cross: the buyer's {buyer} is below the seller's {seller}")]
    NotCrossed { buyer: u128, seller: u128 },
    /// Nothing would change hands.
    #[error("the trade is empty: {quantity} base for {quote} quote")]
    EmptyTrade { quantity: u128, quote: u128 },
    /// The quote would reach 2^128.
    #[error("{quantity} base at {price} (times 10^-18) are 2^128 quote or more")]
    QuoteOverflow { quantity: u128, price: u128 },
}
