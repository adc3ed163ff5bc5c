//! Blocks that are likely, but not certain, to be legal, and values at which rules begin and end.

use halo2curves::bn256::Fr;
use halo2curves::ff::PrimeField;
use rand::Rng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha20Rng;

use super::super::liar::{Branch, LyingLedger};
use crate::circuit::programs::rules::low128;
use crate::eddsa::PrivateKey;
use crate::operation::*;
use crate::packing::{Packed, PackedAmount, PackedFee};
use crate::state::{Genesis, GenesisAccount, GenesisBalance, GenesisReserve};
use crate::tree::leaf_index;

const TIMESTAMP: u32 = 1_790_000_000;
const ONE: u128 = 1_000_000_000_000_000_000;
const USD: u16 = 1;
const STABLE: u16 = 17;
const ETHER: u16 = 32;
/// People by number; the first ones have accounts from the start, and keys but for one.
const PEOPLE: u8 = 10;
const SETTLED: u8 = 5;

fn deployment() -> Deployment {
    Deployment(Fr::from(0xf0_22))
}

fn owner(who: u8) -> Owner {
    let mut bytes = [0; 32];
    bytes[if who.is_multiple_of(2) { 0 } else { 12 }..].fill(who + 1);
    Owner(bytes)
}

fn key(who: u8) -> PrivateKey {
    PrivateKey::new([who + 1; 32])
}

fn pkh(who: u8) -> PubKeyHash {
    PubKeyHash::of(&key(who).public_key())
}

/// The collector and four accounts; now and then with as much as there can be.
pub fn genesis(rng: &mut ChaCha20Rng) -> Genesis {
    let most = if rng.gen_bool(0.3) { MAX_RESERVE } else { 1_000_000 * ONE };
    let tokens = [(STABLE, USD), (STABLE, STABLE), (ETHER, ETHER)];
    let reserves = (1..=3).flat_map(|chain| {
        tokens.map(|(l1_token, l2_token)| GenesisReserve {
            chain,
            l1_token,
            l2_token,
            amount: most - u128::from(chain),
        })
    });
    let account = |who: u8| GenesisAccount {
        owner: owner(who),
        pub_key_hash: if who + 1 == SETTLED { PubKeyHash::default() } else { pkh(who) },
        balances: [USD, STABLE, ETHER]
            .into_iter()
            .flat_map(|token| [0, 31].map(|sub| GenesisBalance { sub, token, amount: most / 8 }))
            .collect(),
    };
    Genesis {
        deployment: deployment(),
        collector: account(0),
        accounts: (1..SETTLED).map(account).collect(),
        reserves: reserves.collect(),
    }
}

/// The same state for the lying ledger.
pub fn ledger(genesis: &Genesis) -> LyingLedger {
    let mut ledger = LyingLedger::new(genesis.deployment);
    let people = [(COLLECTOR, &genesis.collector)].into_iter().chain((FIRST_USER..).zip(&genesis.accounts));
    for (id, person) in people {
        ledger.set_account(id, |account| (account.owner, account.pkh) = (person.owner, person.pub_key_hash));
        for GenesisBalance { sub, token, amount } in &person.balances {
            ledger.set_leaf(id, Branch::Balances, leaf_index(*sub, *token), Fr::from_u128(*amount));
        }
    }
    for GenesisReserve { chain, l1_token, l2_token, amount } in &genesis.reserves {
        let index = leaf_index(*chain, reserve_token(*l1_token, *l2_token));
        ledger.set_leaf(RESERVES, Branch::Balances, index, Fr::from_u128(*amount));
    }
    ledger
}

/// A block of up to four operations, each on the state that the ones before would leave.
pub(super) fn block(rng: &mut ChaCha20Rng, ledger: &LyingLedger, number: u64) -> Block {
    let timestamp = *[TIMESTAMP, TIMESTAMP, TIMESTAMP, 0, u32::MAX].choose(rng).unwrap_or(&TIMESTAMP);
    let count = if rng.gen_bool(0.01) { 0 } else { rng.gen_range(1..=4) };
    let mut ledger = ledger.clone();
    let mut operations: Vec<SignedOperation> = Vec::new();
    for _ in 0..count {
        let again = rng.gen_bool(0.03).then(|| operations.choose(rng).cloned()).flatten();
        let operation = again.unwrap_or_else(|| Proposer { rng, ledger: &ledger, timestamp }.operation());
        ledger.block(&Block { number, timestamp, operations: vec![operation.clone()] });
        operations.push(operation);
    }
    Block { number, timestamp, operations }
}

struct Proposer<'a> {
    rng: &'a mut ChaCha20Rng,
    ledger: &'a LyingLedger,
    timestamp: u32,
}

impl Proposer<'_> {
    /// Mostly the first value, now and then one of the others.
    fn mostly<T: Clone>(&mut self, usual: T, borders: &[T]) -> T {
        if self.rng.gen_bool(0.99) { usual } else { borders.choose(self.rng).cloned().unwrap_or(usual) }
    }

    fn who(&mut self) -> u8 {
        let settled = self.rng.gen_bool(0.8);
        self.rng.gen_range(0..if settled { SETTLED } else { PEOPLE })
    }

    /// An account of somebody, if there is one.
    fn account_of(&mut self, who: u8) -> u32 {
        let own = (0..16).filter(|id| self.ledger.account(*id).owner == owner(who)).collect::<Vec<_>>();
        let usual = own.choose(self.rng).copied().unwrap_or_else(|| self.free());
        self.mostly(usual, &[0, 1, 2, 15, MAX_ACCOUNT, MAX_ACCOUNT + 1, (1 << 24) + usual, u32::MAX])
    }

    fn free(&mut self) -> u32 {
        let next = (2..).find(|id| !self.ledger.account(*id).exists()).unwrap_or(2);
        let any = self.rng.gen_range(0..16);
        self.mostly(next, &[0, 1, any, any, any, MAX_ACCOUNT, MAX_ACCOUNT + 1])
    }

    fn sub(&mut self) -> u8 {
        let usual = if self.rng.gen_bool(0.8) { 0 } else { 31 };
        self.mostly(usual, &[1, 31, 32, 255])
    }

    fn token(&mut self) -> u16 {
        let usual = *[USD, STABLE, ETHER].choose(self.rng).unwrap_or(&USD);
        self.mostly(usual, &[0, 1, 2, 15, 16, 17, 31, 32, u16::MAX])
    }

    fn pair(&mut self) -> (u16, u16) {
        let usual = *[(STABLE, USD), (STABLE, STABLE), (ETHER, ETHER)].choose(self.rng).unwrap_or(&(ETHER, ETHER));
        let (l1, l2) = (self.token(), self.token());
        self.mostly(usual, &[(l1, l2), (l1, USD), (l1, l1), (31, USD), (32, USD), (16, USD), (16, 16), (0, 0), (1, 1)])
    }

    fn chain(&mut self) -> u8 {
        let usual = self.rng.gen_range(1..=3);
        self.mostly(usual, &[0, 8, 9, 31, 32, 255])
    }

    fn time(&mut self) -> u32 {
        let now = self.timestamp;
        self.mostly(now.saturating_add(60), &[now, now.wrapping_sub(1), now.saturating_add(1), 0, u32::MAX])
    }

    fn nonce(&mut self, id: u32) -> u32 {
        let usual = self.ledger.account(id).nonce;
        self.mostly(usual, &[usual.wrapping_add(1), usual.wrapping_sub(1), 0, u32::MAX])
    }

    fn balance(&self, id: u32, sub: u8, token: u16) -> u128 {
        low128(&self.ledger.leaf(id, Branch::Balances, leaf_index(sub, token)))
    }

    /// Mostly an account without a key, and a chain on which its owner has acted, if there is one.
    fn target(&mut self, other: (u32, Owner, u8)) -> (u32, Owner, u8) {
        let keyless = (2..16).map(|id| (id, self.ledger.account(id)));
        let keyless = keyless.filter(|(_, account)| account.exists() && account.pkh.is_zero());
        let targets =
            keyless.flat_map(|(id, account)| account.chains.iter().map(move |chain| (id, account.owner, chain)));
        let target = targets.collect::<Vec<_>>().choose(self.rng).copied().unwrap_or(other);
        self.mostly(target, &[other])
    }

    /// Around what there is.
    fn amount(&mut self, there: u128) -> u128 {
        let some = there / u128::from(self.rng.gen_range(2..1_000u32));
        let borders =
            [0, 1, there, there.wrapping_add(1), there.saturating_sub(1), MAX_RESERVE, MAX_RESERVE + 1, u128::MAX];
        self.mostly(some, &borders)
    }

    fn packed<const M: u32>(&mut self, about: u128) -> Packed<M> {
        let (mut mantissa, mut exponent) = (about, 0u64);
        while mantissa >> M != 0 {
            (mantissa, exponent) = (mantissa / 10, exponent + 1);
        }
        // Another exponent for the same value, or any bits at all.
        if self.rng.gen_bool(0.1) && mantissa.is_multiple_of(10) {
            (mantissa, exponent) = (mantissa / 10, exponent + 1);
        }
        let any = self.rng.gen_range(0..1u64 << (M + 5));
        let bits = self.mostly((mantissa as u64) << 5 | exponent, &[any, 5, (1 << (M + 5)) - 1]);
        let zero = || Packed::from_bits(0);
        // What reaches 2^128 has no packed form in execution either.
        Packed::from_bits(bits).or_else(zero).unwrap_or_else(|| unreachable!("zero packs"))
    }

    fn fee(&mut self) -> PackedFee {
        let about = u128::from(self.rng.gen_range(0..3u32)) * ONE / 100;
        self.packed(about)
    }

    /// Signed by who should, mostly; now and then by another, for another deployment, or about something else: not about another
    /// nonce or owner, of which the circuit takes those in the state, whatever the block's file repeats of them.
    fn sign<T: Message + Clone>(&mut self, who: u8, body: T, other: impl FnOnce(&mut T)) -> Signed<T> {
        let who = if self.rng.gen_bool(0.98) { who } else { self.who() };
        let deployment = if self.rng.gen_bool(0.99) { deployment() } else { Deployment::default() };
        let mut signed_body = body.clone();
        if self.rng.gen_bool(0.01) {
            other(&mut signed_body);
        }
        let Ok(signed) = Signed::sign(signed_body, &key(who), deployment) else {
            unreachable!("refused with a probability below 2^-124")
        };
        Signed { body, ..signed }
    }

    fn operation(mut self) -> SignedOperation {
        let (who, other) = (self.who(), self.who());
        let (id, other_id) = (self.account_of(who), self.account_of(other));
        let (sub, other_sub, token, chain) = (self.sub(), self.sub(), self.token(), self.chain());
        let (l1_token, l2_token) = self.pair();
        let (fee, time, nonce) = (self.fee(), self.time(), self.nonce(id));
        let to_owner = self.mostly(owner(other), &[owner(who), Owner::default()]);
        match self.rng.gen_range(0..20) {
            0 => SignedOperation::Noop(Noop {}),
            1..=4 => {
                let reserve = self.balance(RESERVES, chain, reserve_token(l1_token.max(15), l2_token));
                let room = MAX_RESERVE.saturating_sub(reserve);
                let amount = self.amount(room.min(1 << 90));
                let amount = self.mostly(amount, &[room, room.wrapping_add(1)]);
                let account = if self.rng.gen_bool(0.2) { self.free() } else { other_id };
                let by_owner = self.rng.r#gen();
                let owner = to_owner;
                SignedOperation::Deposit(Deposit { chain, account, sub, l1_token, l2_token, amount, owner, by_owner })
            }
            5..=7 => {
                let there = self.balance(id, sub, token);
                let about = self.amount(there);
                let (from, from_sub, to, to_sub) = (id, sub, other_id, other_sub);
                let amount = self.packed(about);
                let body = Transfer { from, from_sub, token, amount, to, to_sub, to_owner, fee, nonce, time };
                SignedOperation::Transfer(self.sign(who, body, |body| body.to_sub ^= 1))
            }
            8 | 9 => {
                let there = self.balance(id, sub, token);
                let about = self.amount(there);
                let (from, from_sub, to, to_sub) = (id, sub, self.free(), other_sub);
                let amount = self.packed(about);
                let body = TransferToNew { from, from_sub, token, amount, to, to_sub, to_owner, fee, nonce, time };
                SignedOperation::TransferToNew(self.sign(who, body, |body| body.to_sub ^= 1))
            }
            10 | 11 => {
                let there = self.balance(id, sub, l2_token);
                let amount = self.amount(there);
                let fee_ratio = self.mostly(30, &[0, 10_000, 10_001, u16::MAX]);
                let fast = self.rng.r#gen();
                let (account, to) = (id, to_owner);
                let body =
                    Withdraw { chain, account, sub, to, l1_token, l2_token, amount, fee, nonce, fast, fee_ratio, time };
                SignedOperation::Withdraw(self.sign(who, body, |body| body.fast ^= true))
            }
            12 | 13 => {
                let (account, owner) = (other_id, to_owner);
                SignedOperation::FullExit(FullExit { chain, account, sub, owner, l1_token, l2_token })
            }
            14 => {
                let (account, fee_token, pub_key_hash) = (id, token, pkh(who));
                let body = ChangePubKey { chain, account, sub, pub_key_hash, fee_token, fee, nonce, time };
                SignedOperation::ChangePubKey(self.sign(who, body, |body| body.sub ^= 1))
            }
            15 | 16 => {
                let (target, target_owner, chain) = self.target((other_id, to_owner, chain));
                let body = ForcedExit {
                    chain,
                    initiator: id,
                    initiator_sub: sub,
                    target,
                    target_sub: other_sub,
                    target_owner,
                    l1_token,
                    l2_token,
                    fee_token: token,
                    fee,
                    nonce,
                    time,
                };
                SignedOperation::ForcedExit(self.sign(who, body, |body| body.target_sub ^= 1))
            }
            _ => self.matching((who, id), (other, other_id)),
        }
    }

    fn matching(mut self, maker: (u8, u32), taker: (u8, u32)) -> SignedOperation {
        let sub = self.sub();
        let is_sell = self.rng.r#gen();
        let (base_token, quote_token) =
            self.mostly((ETHER, USD), &[(USD, ETHER), (ETHER, ETHER), (2, USD), (ETHER, 0)]);
        let mut order = |(who, account): (u8, u32), is_sell: bool| {
            let slot = self.rng.gen_range(0..2);
            let stored = self.ledger.slot(account, sub, slot);
            let usual = stored.nonce + u32::from(stored.residue != 0 && self.rng.gen_bool(0.2));
            let nonce = self.mostly(usual, &[usual + 1, usual.wrapping_sub(1) & 0xff_ffff, (1 << 24) - 1]);
            let price = ONE / 2 + ONE / 10 * self.rng.gen_range(0..3) + if is_sell { 0 } else { ONE / 10 } + 7;
            let price = self.mostly(price, &[1, (1 << 120) - 1, ONE]);
            let there = self.balance(account, sub, if is_sell { base_token } else { quote_token });
            let about = self.amount(there);
            let amount: PackedAmount = self.packed(about);
            let expiry = self.time();
            let (maker_ratio, taker_ratio) = (self.rng.r#gen(), self.rng.r#gen());
            let order_sub = self.mostly(sub, &[sub ^ 1]);
            let base_token = self.mostly(base_token, &[STABLE]);
            let body = Order {
                account,
                sub: order_sub,
                slot,
                nonce: OrderNonce::try_from(nonce & 0xff_ffff).unwrap_or_else(|_| unreachable!("24 bits")),
                base_token,
                quote_token,
                price: Price::new(price).unwrap_or_else(|_| unreachable!("not zero, and below 2^120")),
                is_sell,
                maker_ratio,
                taker_ratio,
                amount,
                expiry,
            };
            self.sign(who, body, |body| body.slot ^= 1)
        };
        let (maker, taker) = (order(maker, is_sell), order(taker, !is_sell));
        let submitter_who = self.who();
        let submitter = self.account_of(submitter_who);
        let limit = |proposer: &mut Self| if proposer.rng.gen_bool(0.7) { 0 } else { proposer.amount(ONE) };
        let (expected_base, expected_quote) = (limit(&mut self), limit(&mut self));
        let (fee_token, fee, nonce, time) = (self.token(), self.fee(), self.nonce(submitter), self.time());
        let body =
            OrderMatching { submitter, sub, maker, taker, fee_token, fee, expected_base, expected_quote, nonce, time };
        SignedOperation::OrderMatching(Box::new(self.sign(submitter_who, body, |body| body.expected_base ^= 1)))
    }
}
