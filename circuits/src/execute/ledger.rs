//! The steps that operations are made of: open an account, check who signed, move a balance, write the account back.
//!
//! Every balance that an operation touches is written even when it stays the same: the circuit has one shape of update for
//! an operation. An account is open in one place at a time; closing it moves the root.

use std::collections::BTreeMap;

use halo2curves::bn256::Fr;
use halo2curves::ff::PrimeField;

use super::Rule;
use crate::operation::{COLLECTOR, MAX_RESERVE, Owner, PubKeyHash, RESERVES};
use crate::packing::PackedFee;
use crate::state::{Changes, Overlay, StateError};
use crate::trace::{Account, AccountUpdate, PathUpdate, Slot};
use crate::tree::{Tree, leaf_index};

/// A broken rule, or a state that cannot be read.
pub(super) enum Failure {
    /// Boxed: it is large, and rare.
    Rule(Box<Rule>),
    State(StateError),
}

impl From<Rule> for Failure {
    fn from(rule: Rule) -> Self {
        Self::Rule(Box::new(rule))
    }
}

impl From<StateError> for Failure {
    fn from(error: StateError) -> Self {
        Self::State(error)
    }
}

/// An account that an operation works on.
pub(super) struct Opened {
    pub(super) id: u32,
    before: Account,
    pub(super) after: Account,
    leaves: Vec<PathUpdate>,
}

impl Opened {
    /// Whether the account had an owner.
    pub(super) fn existed(&self) -> bool {
        self.before.exists()
    }
}

pub(super) struct Ledger<'a> {
    overlay: Overlay<'a>,
    /// Fees of the block so far, by who earns them and token; none is zero.
    fees: BTreeMap<(u32, u16), u128>,
}

impl<'a> Ledger<'a> {
    pub(super) fn new(overlay: Overlay<'a>) -> Self {
        Self { overlay, fees: BTreeMap::new() }
    }

    pub(super) fn into_changes(self, number: u64) -> Result<Changes, StateError> {
        self.overlay.into_changes(number)
    }

    /// The account at a position, whether it exists or not.
    pub(super) fn open(&self, id: u32) -> Result<Opened, Failure> {
        let before = self.overlay.account(id)?;
        Ok(Opened { id, after: before.clone(), before, leaves: Vec::new() })
    }

    /// An account that exists.
    pub(super) fn open_existing(&self, id: u32) -> Result<Opened, Failure> {
        let opened = self.open(id)?;
        if opened.before.exists() { Ok(opened) } else { Err(Rule::AccountMissing { account: id }.into()) }
    }

    /// An account that exists and belongs to `owner`.
    pub(super) fn open_owned(&self, id: u32, owner: &Owner) -> Result<Opened, Failure> {
        let opened = self.open_existing(id)?;
        let given = *owner;
        match opened.before.owner {
            owner if owner == given => Ok(opened),
            owner => Err(Rule::OwnerDiffers { account: id, owner, given }.into()),
        }
    }

    /// An account that exists and whose key is `signer`.
    pub(super) fn open_signed(&self, id: u32, signer: PubKeyHash) -> Result<Opened, Failure> {
        let opened = self.open_existing(id)?;
        match opened.before.pkh {
            key if key.is_zero() => Err(Rule::NoKey { account: id }.into()),
            key if key == signer => Ok(opened),
            expected => Err(Rule::KeyDiffers { account: id, expected, signer }.into()),
        }
    }

    /// The account that holds the reserves.
    pub(super) fn open_reserves(&self) -> Result<Opened, Failure> {
        self.open(RESERVES)
    }

    /// A new account, under any id that is free.
    pub(super) fn create(&mut self, id: u32, owner: Owner) -> Result<Opened, Failure> {
        let mut opened = self.open(id)?;
        if id == RESERVES {
            return Err(Rule::ReserveAccount { account: id }.into());
        }
        if opened.before.exists() {
            return Err(Rule::AccountTaken { account: id, owner: opened.before.owner }.into());
        }
        self.overlay.register(owner, id);
        opened.after.owner = owner;
        Ok(opened)
    }

    /// The owner's account under this id, or a new one.
    pub(super) fn open_or_create(&mut self, id: u32, owner: Owner) -> Result<Opened, Failure> {
        if self.open(id)?.before.exists() { self.open_owned(id, &owner) } else { self.create(id, owner) }
    }

    /// Checks the nonce of an operation and moves on to the next.
    pub(super) fn spend_nonce(&self, opened: &mut Opened, given: u32) -> Result<(), Failure> {
        let (account, nonce) = (opened.id, opened.before.nonce);
        if given != nonce {
            return Err(Rule::Nonce { account, nonce, given }.into());
        }
        opened.after.nonce = nonce.checked_add(1).ok_or(Rule::NonceExhausted { account })?;
        Ok(())
    }

    pub(super) fn balance(&self, id: u32, sub: u8, token: u16) -> Result<u128, Failure> {
        Ok(self.overlay.balance(id, sub, token)?)
    }

    pub(super) fn slot(&self, id: u32, sub: u8, slot: u16) -> Result<Slot, Failure> {
        Ok(self.overlay.slot(id, sub, slot)?)
    }

    /// Adds to a user's balance. Reserves bound what all users together hold of a token, so a sum overflows only when there is no such
    /// amount: a deposit is too large for its reserve, or the other side of a trade cannot pay.
    pub(super) fn credit(&mut self, opened: &mut Opened, sub: u8, token: u16, credit: u128) -> Result<(), Failure> {
        let (account, balance) = (opened.id, self.balance(opened.id, sub, token)?);
        let sum = balance.checked_add(credit).ok_or(Rule::Overflow { account, sub, token, balance, credit })?;
        self.set_balance(opened, sub, token, sum)
    }

    /// Adds to what a chain holds.
    pub(super) fn credit_reserve(&mut self, chain: u8, token: u16, amount: u128) -> Result<AccountUpdate, Failure> {
        let mut reserves = self.open_reserves()?;
        let reserve = self.balance(RESERVES, chain, token)?;
        let sum = reserve.checked_add(amount).filter(|sum| *sum <= MAX_RESERVE);
        let sum = sum.ok_or(Rule::ReserveFull { chain, token, reserve, amount })?;
        self.set_balance(&mut reserves, chain, token, sum)?;
        self.close(reserves)
    }

    /// Takes an amount and a fee from one balance.
    pub(super) fn debit(
        &mut self,
        opened: &mut Opened,
        sub: u8,
        token: u16,
        amount: u128,
        fee: u128,
    ) -> Result<(), Failure> {
        let (account, balance) = (opened.id, self.balance(opened.id, sub, token)?);
        let rest = balance.checked_sub(amount).and_then(|rest| rest.checked_sub(fee));
        let rest = rest.ok_or(Rule::Overdraft { account, sub, token, balance, amount, fee })?;
        self.set_balance(opened, sub, token, rest)
    }

    /// Takes from what a chain holds: the reserve's sub-account is the chain.
    pub(super) fn debit_reserve(&mut self, chain: u8, token: u16, amount: u128) -> Result<AccountUpdate, Failure> {
        let mut reserves = self.open_reserves()?;
        let reserve = self.balance(RESERVES, chain, token)?;
        let rest = reserve.checked_sub(amount).ok_or(Rule::ReserveExceeded { chain, token, reserve, amount })?;
        self.set_balance(&mut reserves, chain, token, rest)?;
        self.close(reserves)
    }

    fn set_balance(&mut self, opened: &mut Opened, sub: u8, token: u16, amount: u128) -> Result<(), Failure> {
        let (tree, index) = (Tree::Balances(opened.id), leaf_index(sub, token));
        let update = self.overlay.write_leaf(tree, index, Fr::from_u128(amount), opened.after.balance_root)?;
        opened.after.balance_root = update.new_root;
        opened.leaves.push(update);
        Ok(())
    }

    pub(super) fn set_slot(&mut self, opened: &mut Opened, sub: u8, slot: u16, value: Slot) -> Result<(), Failure> {
        let (tree, index) = (Tree::Orders(opened.id), leaf_index(sub, slot));
        let update = self.overlay.write_leaf(tree, index, value.leaf(), opened.after.order_root)?;
        opened.after.order_root = update.new_root;
        opened.leaves.push(update);
        Ok(())
    }

    /// Writes the account back.
    pub(super) fn close(&mut self, opened: Opened) -> Result<AccountUpdate, Failure> {
        let Opened { id, before, after, leaves } = opened;
        let path = self.overlay.write_account(id, &before, &after)?;
        Ok(AccountUpdate { id, before, after, leaves, path })
    }

    /// Notes a fee of an operation, which the collector earns.
    pub(super) fn fee(&mut self, token: u16, fee: PackedFee) -> Result<(), Failure> {
        self.earn(COLLECTOR, token, fee.value())
    }

    /// Notes a fee that `account` earns at the block's end.
    pub(super) fn earn(&mut self, account: u32, token: u16, fee: u128) -> Result<(), Failure> {
        if fee == 0 {
            return Ok(());
        }
        let total = self.fees.entry((account, token)).or_default();
        let overflow = Rule::Overflow { account, sub: 0, token, balance: *total, credit: fee };
        *total = total.checked_add(fee).ok_or(overflow)?;
        Ok(())
    }

    pub(super) fn take_fees(&mut self) -> BTreeMap<(u32, u16), u128> {
        std::mem::take(&mut self.fees)
    }
}
