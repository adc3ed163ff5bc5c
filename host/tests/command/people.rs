//! The people of the sample genesis, with their keys, and the operations they sign.

use penstock_circuits::eddsa::PrivateKey;
use penstock_circuits::operation::{
    Block, Deployment, Message, Order, OrderMatching, Owner, Signed, SignedOperation, Transfer, Withdraw,
};
use penstock_circuits::packing::{PackedAmount, PackedFee};
use penstock_circuits::state::Genesis;
use std::fs;
use std::path::PathBuf;

pub const ONE: u128 = 1_000_000_000_000_000_000;
pub const USD: u16 = 1;
pub const STABLE: u16 = 17;
pub const SUBMITTER: Person = Person { id: 2, byte: 0x5b };
pub const ALICE: Person = Person { id: 3, byte: 0xa1 };
pub const BOB: Person = Person { id: 4, byte: 0xb0 };

/// Somebody whose address and key are made of one byte.
#[derive(Clone, Copy)]
pub struct Person {
    pub id: u32,
    pub byte: u8,
}

impl Person {
    pub fn owner(self) -> Owner {
        let mut owner = [0; 32];
        owner[12..].fill(self.byte);
        Owner(owner)
    }

    pub fn key(self) -> PrivateKey {
        PrivateKey::new([self.byte; 32])
    }

    /// As `--key` reads it.
    pub fn key_text(self) -> String {
        hex::encode([self.byte; 32])
    }

    pub fn sign<T: Message>(self, body: T) -> Signed<T> {
        Signed::sign(body, &self.key(), deployment()).unwrap()
    }
}

/// The sample genesis' rollup.
pub fn deployment() -> Deployment {
    let genesis: Genesis = serde_json::from_str(&fs::read_to_string(example("genesis.json")).unwrap()).unwrap();
    genesis.deployment
}

pub fn example(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("examples").join(name)
}

/// Of pooled dollars, with a fee of a tenth.
pub fn transfer(from: Person, to: Person, amount: u128, nonce: u32) -> Transfer {
    Transfer {
        from: from.id,
        from_sub: 0,
        token: USD,
        amount: PackedAmount::new(amount).unwrap(),
        to: to.id,
        to_sub: 0,
        to_owner: to.owner(),
        fee: PackedFee::new(ONE / 10).unwrap(),
        nonce,
        time: u32::MAX,
    }
}

/// Of the stablecoin, from pooled dollars.
pub fn withdraw(who: Person, chain: u8, amount: u128) -> Withdraw {
    Withdraw {
        chain,
        account: who.id,
        sub: 0,
        to: who.owner(),
        l1_token: STABLE,
        l2_token: USD,
        amount,
        fee: PackedFee::new(0).unwrap(),
        nonce: 0,
        fast: false,
        fee_ratio: 0,
        time: u32::MAX,
    }
}

/// A match of Alice's and Bob's orders at these prices of one ether in dollars.
pub fn matching(sells_at: u128, buys_at: u128) -> OrderMatching {
    let order = |who: Person, is_sell, price: u128| {
        let order = serde_json::json!({
            "account": who.id, "sub": 0, "slot": 0, "nonce": 0, "base_token": 32, "quote_token": USD,
            "price": price.to_string(), "is_sell": is_sell, "maker_ratio": 0, "taker_ratio": 0, "amount": ONE.to_string(),
            "expiry": u32::MAX,
        });
        who.sign(serde_json::from_value::<Order>(order).unwrap())
    };
    OrderMatching {
        submitter: SUBMITTER.id,
        sub: 0,
        maker: order(ALICE, true, sells_at),
        taker: order(BOB, false, buys_at),
        fee_token: USD,
        fee: PackedFee::new(0).unwrap(),
        expected_base: 0,
        expected_quote: 0,
        nonce: 0,
        time: u32::MAX,
    }
}

pub fn block(number: u64, operations: Vec<SignedOperation>) -> Block {
    Block { number, timestamp: 0, operations }
}
