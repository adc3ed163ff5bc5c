//! A dishonest sequencer's ledger: it refuses nothing, and writes down as best it can what an operation would do.
//!
//! Leaves are field elements, so balances below zero and beyond 2^128 are whatever the field makes of them. Trees are not hashed:
//! a root is a name, and [`root_of_other_tree`] names the tree after an update. Who judges ([`super::world`]) knows which leaves
//! each name stands for. What an honest ledger accepts comes out as the execution has it, but for the names of the roots.

use std::collections::BTreeMap;

use halo2curves::bn256::Fr;
use halo2curves::ff::{Field, PrimeField};

use crate::circuit::programs::rules::low128;
use crate::circuit::slot::root_of_other_tree;
use crate::execute::quantity;
use crate::operation::{
    Block, COLLECTOR, Deployment, Order, OrderMatching, POOLED_USD, Price, Pubdata, RESERVES, SignedOperation, ratio_of,
};
use crate::poseidon::hash2;
use crate::trace::{
    Account, AccountUpdate, BlockTrace, CreditTrace, OperationTrace, Outcome, PathUpdate, Side, Slot, Trade,
};
use crate::tree::{empty_account, leaf_index};

/// Which of an account's trees.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Branch {
    /// Balances.
    Balances,
    /// Order slots.
    Orders,
}

/// A change of one leaf.
struct Change {
    branch: Branch,
    index: u32,
    /// What is added; `None`: the leaf becomes `to`.
    to: Option<Fr>,
    by: Fr,
}

fn add(index: u32, by: Fr) -> Change {
    Change { branch: Branch::Balances, index, to: None, by }
}

/// The ledger.
#[derive(Clone)]
pub struct LyingLedger {
    root: Fr,
    deployment: Deployment,
    accounts: BTreeMap<u32, Account>,
    leaves: BTreeMap<(u32, Branch, u32), Fr>,
    fees: BTreeMap<(u32, u16), u128>,
    /// How much less than all there is an exit or a match takes.
    short: u128,
}

impl LyingLedger {
    /// An empty one.
    pub fn new(deployment: Deployment) -> Self {
        let root = Fr::from(77);
        let (accounts, leaves, fees) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        Self { root, deployment, accounts, leaves, fees, short: 0 }
    }

    /// Lets exits and matches take so much less than they should.
    pub fn fall_short(&mut self, by: u128) {
        self.short = by;
    }

    /// The account at a position. Every account's trees have names of their own.
    pub fn account(&self, id: u32) -> Account {
        self.accounts.get(&id).cloned().unwrap_or_else(|| {
            let name = |branch: u64| hash2(Fr::from(u64::from(id)), Fr::from(branch));
            Account { balance_root: name(1), order_root: name(2), ..empty_account() }
        })
    }

    /// Changes an account before the first block.
    pub fn set_account(&mut self, id: u32, change: impl FnOnce(&mut Account)) {
        let mut account = self.account(id);
        change(&mut account);
        self.accounts.insert(id, account);
    }

    /// A leaf.
    pub fn leaf(&self, id: u32, branch: Branch, index: u32) -> Fr {
        self.leaves.get(&(id, branch, index)).copied().unwrap_or(Fr::ZERO)
    }

    /// Sets a leaf before the first block.
    pub fn set_leaf(&mut self, id: u32, branch: Branch, index: u32, leaf: Fr) {
        self.leaves.insert((id, branch, index), leaf);
    }

    /// Runs a block.
    pub fn block(&mut self, block: &Block) -> BlockTrace {
        let old_root = self.root;
        let operations = block.operations.iter().map(|operation| self.run(operation)).collect();
        let credits = std::mem::take(&mut self.fees).into_iter().filter(|(_, total)| *total != 0);
        let credits: Vec<_> = credits.collect();
        let credits = credits.into_iter().map(|((account, token), total)| {
            let update = self.update(account, vec![add(token.into(), Fr::from_u128(total))], |_| ());
            CreditTrace { account, token, total, update }
        });
        let credits = credits.collect();
        BlockTrace {
            number: block.number,
            timestamp: block.timestamp,
            deployment: self.deployment,
            old_root,
            new_root: self.root,
            operations,
            credits,
        }
    }

    fn update(&mut self, id: u32, changes: Vec<Change>, change: impl FnOnce(&mut Account)) -> AccountUpdate {
        let before = self.account(id);
        let mut after = before.clone();
        let mut leaves = Vec::new();
        for Change { branch, index, to, by } in changes {
            let old_leaf = self.leaf(id, branch, index);
            let new_leaf = to.unwrap_or(old_leaf) + by;
            self.leaves.insert((id, branch, index), new_leaf);
            let root = match branch {
                Branch::Balances => &mut after.balance_root,
                Branch::Orders => &mut after.order_root,
            };
            let path = path(index.into(), [old_leaf, new_leaf], *root);
            *root = path.new_root;
            leaves.push(path);
        }
        change(&mut after);
        let path = path(id.into(), [before.leaf(), after.leaf()], self.root);
        self.root = path.new_root;
        self.accounts.insert(id, after.clone());
        AccountUpdate { id, before, after, leaves, path }
    }

    fn reserve(&mut self, chain: u8, token: u16, by: Fr) -> AccountUpdate {
        self.update(RESERVES, vec![add(leaf_index(chain, token), by)], |_| ())
    }

    fn earn(&mut self, account: u32, token: u16, fee: u128) {
        let total = self.fees.entry((account, token)).or_default();
        *total = total.wrapping_add(fee);
    }

    /// An account that signs and pays.
    fn debit(&mut self, id: u32, sub: u8, token: u16, amount: u128, fee: u128) -> AccountUpdate {
        self.earn(COLLECTOR, token, fee);
        let by = -(Fr::from_u128(amount) + Fr::from_u128(fee));
        self.update(id, vec![add(leaf_index(sub, token), by)], raise)
    }

    fn exit_amount(&self, (id, sub, token): (u32, u8, u16), (chain, reserve): (u8, u16)) -> u128 {
        let at = |id, sub, token| low128(&self.leaf(id, Branch::Balances, leaf_index(sub, token)));
        at(id, sub, token).min(at(RESERVES, chain, reserve)).saturating_sub(self.short)
    }

    fn run(&mut self, operation: &SignedOperation) -> OperationTrace {
        let (updates, pubdata, outcome) = match operation {
            SignedOperation::Noop(_) => (Vec::new(), Pubdata::noop(), Outcome::Noop),
            SignedOperation::Deposit(op) => {
                let created = !self.account(op.account).exists();
                let (index, amount) = (leaf_index(op.sub, op.l2_token), Fr::from_u128(op.amount));
                let user = self.update(op.account, vec![add(index, amount)], |account| {
                    if created {
                        account.owner = op.owner;
                    }
                    if op.by_owner {
                        account.chains.insert(op.chain);
                    }
                });
                let reserve = self.reserve(op.chain, mirror(op.l1_token, op.l2_token), amount);
                (vec![user, reserve], op.pubdata(), Outcome::Deposit { created })
            }
            SignedOperation::Transfer(signed) => {
                let op = &signed.body;
                let amount = op.amount.value();
                let from = self.debit(op.from, op.from_sub, op.token, amount, op.fee.value());
                let index = leaf_index(op.to_sub, op.token);
                let to = self.update(op.to, vec![add(index, Fr::from_u128(amount))], |_| ());
                (vec![from, to], op.pubdata(), Outcome::Transfer)
            }
            SignedOperation::TransferToNew(signed) => {
                let op = &signed.body;
                let amount = op.amount.value();
                let from = self.debit(op.from, op.from_sub, op.token, amount, op.fee.value());
                let index = leaf_index(op.to_sub, op.token);
                let owner = op.to_owner;
                let to = self.update(op.to, vec![add(index, Fr::from_u128(amount))], |to| to.owner = owner);
                (vec![from, to], op.pubdata(), Outcome::TransferToNew)
            }
            SignedOperation::Withdraw(signed) => {
                let op = &signed.body;
                let account = self.debit(op.account, op.sub, op.l2_token, op.amount, op.fee.value());
                let reserve = self.reserve(op.chain, mirror(op.l1_token, op.l2_token), -Fr::from_u128(op.amount));
                (vec![account, reserve], op.pubdata(), Outcome::Withdraw)
            }
            SignedOperation::FullExit(op) => {
                let token = mirror(op.l1_token, op.l2_token);
                let own = self.account(op.account).owner == op.owner;
                let whole = self.exit_amount((op.account, op.sub, op.l2_token), (op.chain, token));
                let amount = if own { whole } else { 0 };
                let by = -Fr::from_u128(amount);
                let account = self.update(op.account, vec![add(leaf_index(op.sub, op.l2_token), by)], |account| {
                    if own {
                        account.chains.insert(op.chain);
                    }
                });
                let reserve = self.reserve(op.chain, token, by);
                (vec![account, reserve], op.pubdata(amount), Outcome::FullExit { amount })
            }
            SignedOperation::ChangePubKey(signed) => {
                let op = &signed.body;
                self.earn(COLLECTOR, op.fee_token, op.fee.value());
                let by = -Fr::from_u128(op.fee.value());
                let account = self.update(op.account, vec![add(leaf_index(op.sub, op.fee_token), by)], |account| {
                    raise(account);
                    account.pkh = op.pub_key_hash;
                });
                let owner = account.before.owner;
                (vec![account], op.pubdata(&owner), Outcome::ChangePubKey { owner })
            }
            SignedOperation::ForcedExit(signed) => {
                let op = &signed.body;
                let initiator = self.debit(op.initiator, op.initiator_sub, op.fee_token, 0, op.fee.value());
                let token = mirror(op.l1_token, op.l2_token);
                let amount = self.exit_amount((op.target, op.target_sub, op.l2_token), (op.chain, token));
                let by = -Fr::from_u128(amount);
                let target = self.update(op.target, vec![add(leaf_index(op.target_sub, op.l2_token), by)], |_| ());
                let reserve = self.reserve(op.chain, token, by);
                (vec![initiator, target, reserve], op.pubdata(amount), Outcome::ForcedExit { amount })
            }
            SignedOperation::OrderMatching(signed) => self.trade(&signed.body),
        };
        OperationTrace { operation: operation.clone(), pubdata, updates, outcome }
    }

    fn trade(&mut self, op: &OrderMatching) -> (Vec<AccountUpdate>, Pubdata, Outcome) {
        let orders = [&op.maker.body, &op.taker.body];
        let slots = orders.map(|order| self.slot(order.account, order.sub, order.slot));
        let residues = [0, 1].map(|side| residue(orders[side], slots[side]));
        let price = orders[0].price.value();
        let quantity = quantity(residues[0].min(residues[1]), price, op.expected_base, op.expected_quote);
        let quantity = quantity.saturating_sub(self.short);
        let quote = num_bigint::BigUint::from(quantity) * price / Price::UNIT;
        // A quote of 2^128 and more is as good as any other wrong one.
        let quote = u128::try_from(quote).unwrap_or(u128::MAX);
        let sides = [0, 1].map(|side| {
            let order = orders[side];
            let (sold, bought) = if order.is_sell { (quantity, quote) } else { (quote, quantity) };
            let ratio = if side == 0 { order.maker_ratio } else { order.taker_ratio };
            let (nonce, rest) = (u32::from(order.nonce), residues[side].wrapping_sub(quantity));
            let slot_after = Slot { nonce: nonce + u32::from(rest == 0), residue: rest };
            let slot_before = slots[side];
            Side { slot_before, residue: residues[side], slot_after, sold, bought, fee: ratio_of(bought, ratio) }
        });
        let mut updates = Vec::new();
        for (order, side) in orders.into_iter().zip(&sides) {
            let index = |low| leaf_index(op.sub, low);
            let net = Fr::from_u128(side.bought) - Fr::from_u128(side.fee);
            let slot = Change {
                branch: Branch::Orders,
                index: index(order.slot),
                to: Some(side.slot_after.leaf()),
                by: Fr::ZERO,
            };
            let sold = add(index(order.sell_token()), -Fr::from_u128(side.sold));
            updates.push(self.update(order.account, vec![slot, sold, add(index(order.buy_token()), net)], |_| ()));
            self.earn(op.submitter, order.buy_token(), side.fee);
        }
        updates.push(self.debit(op.submitter, op.sub, op.fee_token, 0, op.fee.value()));
        let [maker, taker] = sides;
        let trade = Trade { quantity, quote, maker, taker };
        (updates, op.pubdata(maker.sold, taker.sold), Outcome::OrderMatching(Box::new(trade)))
    }

    /// An order slot.
    pub fn slot(&self, id: u32, sub: u8, slot: u16) -> Slot {
        let bytes = self.leaf(id, Branch::Orders, leaf_index(sub, slot)).to_repr();
        let nonce = u32::from_le_bytes(std::array::from_fn(|i| bytes[16 + i]));
        Slot { nonce, residue: u128::from_le_bytes(std::array::from_fn(|i| bytes[i])) }
    }
}

fn raise(account: &mut Account) {
    account.nonce = account.nonce.wrapping_add(1);
}

fn residue(order: &Order, slot: Slot) -> u128 {
    let fresh = slot.residue == 0 || u32::from(order.nonce) != slot.nonce;
    if fresh { order.amount.value() } else { slot.residue }
}

/// The reserve leaf's token, whether the pair is valid or not.
fn mirror(l1_token: u16, l2_token: u16) -> u16 {
    if l2_token == POOLED_USD && l1_token != l2_token { l1_token.wrapping_sub(15) } else { l1_token }
}

fn path(index: u64, [old_leaf, new_leaf]: [Fr; 2], old_root: Fr) -> PathUpdate {
    let new_root = root_of_other_tree(hash2, [Fr::from(index), new_leaf, old_root]);
    PathUpdate { index, old_leaf, new_leaf, siblings: Vec::new(), old_root, new_root }
}
