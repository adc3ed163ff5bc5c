//! Random blocks against a plain-map ledger written from the protocol's rules alone: both accept and refuse the same operations and
//! end with the same balances, nonces, keys and order slots.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use std::collections::{BTreeMap, BTreeSet};

use common::*;
use num_bigint::BigUint;
use penstock_circuits::execute::BlockError;
use penstock_circuits::operation::*;
use penstock_circuits::state::State;
use proptest::prelude::*;
use rand::seq::SliceRandom;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha20Rng;

const PEOPLE: [Person; 6] = [SUBMITTER, ALICE, BOB, CAROL, DAVE, COLLECTOR_PERSON];

#[derive(Clone, Default)]
struct Model {
    owners: Vec<Option<Person>>,
    keyed: Vec<bool>,
    nonces: Vec<u32>,
    seen: Vec<BTreeSet<u8>>,
    balances: BTreeMap<(u32, u8, u16), i128>,
    slots: BTreeMap<(u32, u8, u16), (u32, i128)>,
    fees: BTreeMap<(u32, u16), i128>,
}

impl Model {
    fn start() -> Self {
        let owners = vec![Some(COLLECTOR_PERSON), None, Some(SUBMITTER), Some(ALICE), Some(BOB)];
        let balances = [((2, 0, USD), 100), ((3, 0, USD), 20), ((1, ETHEREUM, 2), 120)];
        Self {
            owners,
            keyed: vec![true, false, true, true, true],
            nonces: vec![0; 5],
            seen: vec![BTreeSet::new(); 5],
            balances: balances.map(|(leaf, amount)| (leaf, amount * ONE as i128)).into(),
            ..Self::default()
        }
    }

    fn id(&self, who: Person) -> Option<u32> {
        self.owners.iter().position(|owner| owner.is_some_and(|owner| owner.0 == who.0)).map(|id| id as u32)
    }

    fn get(&self, leaf: (u32, u8, u16)) -> i128 {
        self.balances.get(&leaf).copied().unwrap_or(0)
    }

    fn add(&mut self, leaf: (u32, u8, u16), amount: i128) -> Option<()> {
        let sum = self.get(leaf) + amount;
        self.balances.insert(leaf, sum);
        (sum >= 0).then_some(())
    }

    fn open(&mut self, id: u32, owner: Owner) -> Option<()> {
        let who = PEOPLE.into_iter().find(|who| who.owner() == owner)?;
        match self.owners.get(id as usize) {
            Some(known) => known.is_some_and(|known| known.0 == who.0).then_some(()),
            None if id as usize == self.owners.len() => {
                self.owners.push(Some(who));
                self.keyed.push(false);
                self.nonces.push(0);
                self.seen.push(BTreeSet::new());
                Some(())
            }
            None => None,
        }
    }

    fn owned(&self, id: u32, owner: Owner) -> Option<()> {
        (self.owners.get(id as usize)?.as_ref()?.owner() == owner).then_some(())
    }

    fn signed(&mut self, id: u32, nonce: Option<u32>, signer: PubKeyHash) -> Option<()> {
        let position = id as usize;
        if !*self.keyed.get(position)?
            || self.owners[position]?.pkh() != signer
            || nonce.is_some_and(|nonce| nonce != self.nonces[position])
        {
            return None;
        }
        self.nonces[position] += u32::from(nonce.is_some());
        Some(())
    }

    fn fee(&mut self, account: u32, token: u16, fee: u128) {
        *self.fees.entry((account, token)).or_default() += fee as i128;
    }

    /// `None`: refused, and this copy of the model is spoilt.
    fn run(&mut self, operation: &SignedOperation) -> Option<()> {
        match operation {
            SignedOperation::Noop(_) => {}
            SignedOperation::Deposit(deposit) => {
                self.open(deposit.account, deposit.owner)?;
                self.add((deposit.account, deposit.sub, deposit.l2_token), deposit.amount as i128)?;
                self.add((1, deposit.chain, mirror(deposit.l1_token, deposit.l2_token)), deposit.amount as i128)?;
                if deposit.by_owner {
                    self.seen[deposit.account as usize].insert(deposit.chain);
                }
            }
            SignedOperation::Transfer(signed) => {
                let body = &signed.body;
                self.signed(body.from, Some(body.nonce), signed.signer())?;
                let (amount, fee) = (body.amount.value(), body.fee.value());
                self.add((body.from, body.from_sub, body.token), -((amount + fee) as i128))?;
                self.owned(body.to, body.to_owner)?;
                self.add((body.to, body.to_sub, body.token), amount as i128)?;
                self.fee(0, body.token, fee);
            }
            SignedOperation::TransferToNew(signed) => {
                let body = &signed.body;
                self.signed(body.from, Some(body.nonce), signed.signer())?;
                let (amount, fee) = (body.amount.value(), body.fee.value());
                self.add((body.from, body.from_sub, body.token), -((amount + fee) as i128))?;
                (body.to as usize == self.owners.len()).then_some(())?;
                self.open(body.to, body.to_owner)?;
                self.add((body.to, body.to_sub, body.token), amount as i128)?;
                self.fee(0, body.token, fee);
            }
            SignedOperation::Withdraw(signed) => {
                let body = &signed.body;
                self.signed(body.account, Some(body.nonce), signed.signer())?;
                let (amount, fee) = (body.amount, body.fee.value());
                self.add((body.account, body.sub, body.l2_token), -((amount + fee) as i128))?;
                self.add((1, body.chain, mirror(body.l1_token, body.l2_token)), -(amount as i128))?;
                self.fee(0, body.l2_token, fee);
            }
            SignedOperation::FullExit(exit) => {
                if self.owned(exit.account, exit.owner).is_some() {
                    self.seen[exit.account as usize].insert(exit.chain);
                    self.exit((exit.account, exit.sub, exit.l2_token), exit.chain, exit.l1_token);
                }
            }
            SignedOperation::ChangePubKey(signed) => {
                let body = &signed.body;
                let owner = self.owners.get(body.account as usize).copied().flatten()?;
                assert_eq!(owner.pkh(), body.pub_key_hash);
                (self.nonces[body.account as usize] == body.nonce).then_some(())?;
                self.nonces[body.account as usize] += 1;
                self.keyed[body.account as usize] = true;
                self.add((body.account, body.sub, body.fee_token), -(body.fee.value() as i128))?;
                self.fee(0, body.fee_token, body.fee.value());
            }
            SignedOperation::ForcedExit(signed) => {
                let body = &signed.body;
                self.signed(body.initiator, Some(body.nonce), signed.signer())?;
                self.add((body.initiator, body.initiator_sub, body.fee_token), -(body.fee.value() as i128))?;
                self.owned(body.target, body.target_owner)?;
                (!self.keyed[body.target as usize]).then_some(())?;
                self.seen[body.target as usize].contains(&body.chain).then_some(())?;
                self.exit((body.target, body.target_sub, body.l2_token), body.chain, body.l1_token);
                self.fee(0, body.fee_token, body.fee.value());
            }
            SignedOperation::OrderMatching(signed) => self.trade(signed)?,
        }
        Some(())
    }

    fn exit(&mut self, from: (u32, u8, u16), chain: u8, l1_token: u16) {
        let reserve = (1, chain, mirror(l1_token, from.2));
        let amount = self.get(from).min(self.get(reserve));
        self.add(from, -amount).unwrap();
        self.add(reserve, -amount).unwrap();
    }

    fn trade(&mut self, signed: &Signed<OrderMatching>) -> Option<()> {
        let matching = &signed.body;
        let (maker, taker) = (&matching.maker.body, &matching.taker.body);
        (maker.is_sell != taker.is_sell && maker.account != taker.account).then_some(())?;
        let (ask, bid) = if maker.is_sell { (maker, taker) } else { (taker, maker) };
        (bid.price >= ask.price).then_some(())?;
        let mut left = Vec::new();
        for signed in [&matching.maker, &matching.taker] {
            let order = &signed.body;
            self.signed(order.account, None, signed.signer())?;
            let (nonce, residue) = self.slots.get(&(order.account, order.sub, order.slot)).copied().unwrap_or((0, 0));
            let given = u32::from(order.nonce);
            let fresh = given == nonce && residue == 0 || given == nonce + 1 && residue > 0;
            left.push(if fresh { order.amount.value() as i128 } else { residue });
            (fresh || given == nonce).then_some(())?;
        }
        let quote_of =
            |base: i128| -> i128 { (BigUint::from(base as u128) * maker.price.value() / ONE).try_into().unwrap() };
        // Bisection for the largest base that all limits allow.
        let allowed = |base: i128| {
            base <= left[0]
                && base <= left[1]
                && (matching.expected_base == 0 || base <= matching.expected_base as i128)
                && (matching.expected_quote == 0 || quote_of(base) <= matching.expected_quote as i128)
        };
        let (mut base, mut beyond) = (0, left[0] + 1);
        while beyond - base > 1 {
            let middle = (base + beyond) / 2;
            if allowed(middle) { base = middle } else { beyond = middle }
        }
        let quote = quote_of(base);
        (base > 0 && quote > 0).then_some(())?;
        for (order, left, ratio) in [(maker, left[0], maker.maker_ratio), (taker, left[1], taker.taker_ratio)] {
            let (sold, bought) = if order.is_sell { (base, quote) } else { (quote, base) };
            let (sell, buy) = if order.is_sell { (ETHER, USD) } else { (USD, ETHER) };
            let fee = bought * i128::from(ratio) / 10_000;
            self.add((order.account, order.sub, sell), -sold)?;
            self.add((order.account, order.sub, buy), bought - fee)?;
            self.fee(matching.submitter, buy, fee as u128);
            let rest = left - base;
            let nonce = u32::from(order.nonce) + u32::from(rest == 0);
            self.slots.insert((order.account, order.sub, order.slot), (nonce, rest));
        }
        self.signed(matching.submitter, Some(matching.nonce), signed.signer())?;
        self.add((matching.submitter, matching.sub, matching.fee_token), -(matching.fee.value() as i128))?;
        self.fee(0, matching.fee_token, matching.fee.value());
        Some(())
    }

    fn end_block(&mut self) {
        for ((account, token), total) in std::mem::take(&mut self.fees) {
            self.add((account, 0, token), total).unwrap();
        }
    }

    fn assert_equals(&self, state: &State) {
        let view = state.view().unwrap();
        view.check().unwrap();
        assert_eq!(view.head().next_account as usize, self.owners.len());
        for (id, owner) in (0..).zip(&self.owners) {
            let account = view.account(id).unwrap();
            assert_eq!(account.owner, owner.map_or(Owner::default(), Person::owner));
            assert_eq!(account.nonce, self.nonces[id as usize]);
            assert_eq!(account.chains.iter().collect::<BTreeSet<_>>(), self.seen[id as usize]);
            let key = if self.keyed[id as usize] { owner.unwrap().pkh() } else { PubKeyHash::default() };
            assert_eq!(account.pkh, key);
            let balances = self.balances.iter().filter(|((account, ..), amount)| *account == id && **amount != 0);
            let balances: Vec<_> = balances.map(|((_, sub, token), amount)| (*sub, *token, *amount as u128)).collect();
            assert_eq!(view.balances(id).unwrap(), balances);
            let slots = self.slots.iter().filter(|((account, ..), _)| *account == id);
            let slots: Vec<_> =
                slots.map(|((_, sub, slot), (nonce, rest))| (*sub, *slot, *nonce, *rest as u128)).collect();
            let stored = view.slots(id).unwrap().into_iter();
            assert_eq!(stored.map(|(sub, slot, at)| (sub, slot, at.nonce, at.residue)).collect::<Vec<_>>(), slots);
        }
    }

    /// An operation that is likely, but not certain, to be accepted.
    fn propose(&self, rng: &mut ChaCha20Rng) -> SignedOperation {
        let chain = rng.gen_range(1..=3);
        let sub = if rng.gen_bool(0.9) { 0 } else { 31 };
        let token = *[USD, ETHER].choose(rng).unwrap();
        let (l1_token, l2_token) = *[(STABLE, USD), (STABLE, STABLE), (ETHER, ETHER)].choose(rng).unwrap();
        let value = u128::from(rng.gen_range(0..5_000u32)) * ONE / 1_000;
        let who = *PEOPLE.choose(rng).unwrap();
        let next = self.owners.len() as u32;
        let id = self.id(who).unwrap_or(next);
        let other = *PEOPLE.choose(rng).unwrap();
        let other_id = if rng.gen_bool(0.95) { self.id(other).unwrap_or(next) } else { rng.gen_range(0..8) };
        let nonce = self.nonces.get(id as usize).copied().unwrap_or(0) + u32::from(rng.gen_bool(0.05));
        let charge = fee(u128::from(rng.gen_range(0..3u32)) * ONE / 100);
        match rng.gen_range(0..12) {
            0..=2 => SignedOperation::Deposit(Deposit {
                chain,
                account: id,
                sub,
                l1_token,
                l2_token,
                amount: value * 10,
                owner: who.owner(),
                by_owner: rng.r#gen(),
            }),
            3 | 4 => SignedOperation::Transfer(who.sign(Transfer {
                from_sub: sub,
                fee: charge,
                ..transfer_body(id, other_id, other.owner(), token, value, nonce)
            })),
            5 => SignedOperation::TransferToNew(who.sign(TransferToNew {
                from: id,
                from_sub: 0,
                token,
                amount: amount(value),
                to: next,
                to_sub: sub,
                to_owner: other.owner(),
                fee: charge,
                nonce,
                time: TIME,
            })),
            6 => SignedOperation::Withdraw(who.sign(Withdraw {
                chain,
                account: id,
                sub,
                to: who.owner(),
                l1_token,
                l2_token,
                amount: value,
                fee: charge,
                nonce,
                fast: rng.r#gen(),
                fee_ratio: 10,
                time: TIME,
            })),
            7 => SignedOperation::FullExit(FullExit {
                chain,
                account: other_id,
                sub: 0,
                owner: other.owner(),
                l1_token,
                l2_token,
            }),
            8 => SignedOperation::ForcedExit(who.sign(ForcedExit {
                chain,
                initiator: id,
                initiator_sub: 0,
                target: other_id,
                target_sub: 0,
                target_owner: other.owner(),
                l1_token,
                l2_token,
                fee_token: token,
                fee: charge,
                nonce,
                time: TIME,
            })),
            9 => SignedOperation::ChangePubKey(who.sign(ChangePubKey {
                chain,
                account: id,
                sub: 0,
                pub_key_hash: who.pkh(),
                fee_token: token,
                fee: charge,
                nonce,
                time: TIME,
            })),
            _ => {
                let is_sell = rng.r#gen();
                let mut side = |account: u32, is_sell: bool| {
                    let slot = rng.gen_range(0..2);
                    let (nonce, _) = self.slots.get(&(account, 0, slot)).copied().unwrap_or((0, 0));
                    let price = ONE / 2 + ONE / 10 * rng.gen_range(0..3) + if is_sell { 0 } else { ONE / 10 } + 7;
                    let value = u128::from(rng.gen_range(0..2_000u32)) * ONE / 1_000;
                    let nonce = OrderNonce::try_from(nonce + u32::from(rng.gen_bool(0.1))).unwrap();
                    Order { slot, nonce, ..order(account, is_sell, price, value) }
                };
                let (maker, taker) = (side(id, is_sell), side(other_id, !is_sell));
                let mut limit = || if rng.gen_bool(0.7) { 0 } else { rng.gen_range(0..ONE) };
                SignedOperation::OrderMatching(Box::new(SUBMITTER.sign(OrderMatching {
                    fee: charge,
                    expected_base: limit(),
                    expected_quote: limit(),
                    nonce: self.nonces[SUBMITTER_ID as usize],
                    ..matching(who.sign(maker), other.sign(taker))
                })))
            }
        }
    }
}

fn mirror(l1_token: u16, l2_token: u16) -> u16 {
    if l1_token == l2_token { l1_token } else { l1_token - 15 }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn random_blocks_end_as_the_plain_ledger_says(seed in any::<u64>()) {
        let mut rng = ChaCha20Rng::seed_from_u64(seed);
        let (_folder, state) = fresh(&genesis());
        let mut model = Model::start();
        let mut accepted = BTreeSet::new();
        for _ in 0..6 {
            let mut operations = vec![SignedOperation::Noop(Noop {})];
            while operations.len() < 12 {
                let operation = model.propose(&mut rng);
                let mut next = model.clone();
                if next.run(&operation).is_some() {
                    model = next;
                    accepted.insert(operation.kind());
                    operations.push(operation);
                } else {
                    // The state refuses it at this place, too.
                    let refused = operations.iter().cloned().chain([operation]).collect();
                    match state.apply(&next_block(&state, refused)) {
                        Err(BlockError::Refused { index, .. }) => prop_assert_eq!(index, operations.len()),
                        other => panic!("{other:?}"),
                    }
                }
            }
            let trace = state.apply(&next_block(&state, operations)).unwrap();
            assert_consistent(&trace);
            model.end_block();
            model.assert_equals(&state);
        }
        prop_assert!(accepted.len() >= 4, "only {accepted:?}");
    }
}
