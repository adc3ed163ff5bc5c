//! The rollup's state in an embedded database: accounts, owners, and every written node of every tree.
//!
//! A block runs in memory over a snapshot and yields a trace and [`Changes`] (see [`execute`](crate::execute)); committing the
//! changes is one durable write transaction, so a block applies wholly or not at all, whenever the process dies. What is read
//! back is checked: values by their types, tree nodes against their parents up to the root, once a block.
//!
//! One process at a time has the state open to change it, for as long as a proof takes. Others read beside it what was
//! committed last.

mod check;
mod error;
mod genesis;
mod overlay;
mod store;

use std::path::Path;

use halo2curves::bn256::Fr;

pub use error::StateError;
pub use genesis::{Genesis, GenesisAccount, GenesisBalance, GenesisError, GenesisReserve};
pub use overlay::Changes;
pub(crate) use overlay::Overlay;
use overlay::{read_balance, read_slot};
pub use store::Head;
pub(crate) use store::Snapshot;
use store::{Draft, Source, Store};

use crate::operation::Owner;
use crate::trace::{Account, Slot};
use crate::tree::{Tree, empty_account};

/// The state of the rollup, open to be changed: in one process at a time.
pub struct State {
    store: Store,
}

/// A consistent view of the state, unaffected by later commits.
pub struct View {
    snapshot: Snapshot,
    /// What the snapshot is read from, unless a [`State`] has that open.
    _source: Option<Source>,
}

impl State {
    /// Creates the state in a folder from a genesis: it is there whole or not at all, whenever the process dies.
    ///
    /// # Errors
    /// A genesis that breaks a rule, a folder that already holds a state, a failing disk.
    pub fn init(folder: &Path, genesis: &Genesis) -> Result<Self, StateError> {
        genesis.check()?;
        let draft = Draft::new(folder)?;
        let changes = {
            let snapshot = draft.store().snapshot()?;
            genesis.changes(Overlay::new(&snapshot))?
        };
        draft.store().commit(&changes)?;
        Ok(Self { store: draft.publish()? })
    }

    /// Opens the state in a folder. Waits a few seconds for a process that is only reading it.
    ///
    /// # Errors
    /// No state there, a state of another version, another process that has it open, a failing disk.
    pub fn open(folder: &Path) -> Result<Self, StateError> {
        Ok(Self { store: Store::open(folder)? })
    }

    /// The state as it is now.
    ///
    /// # Errors
    /// Of the database.
    pub fn view(&self) -> Result<View, StateError> {
        Ok(View { snapshot: self.store.snapshot()?, _source: None })
    }

    /// What a block runs on.
    pub(crate) fn snapshot(&self) -> Result<Snapshot, StateError> {
        self.store.snapshot()
    }

    /// Makes an executed block's changes durable: all or none.
    ///
    /// # Errors
    /// Changes that were not made on the state as it is now; a failing disk.
    pub fn commit(&self, changes: Changes) -> Result<(), StateError> {
        self.store.commit(&changes)
    }
}

impl View {
    /// The state in a folder as it was committed last, also while another process has it open.
    ///
    /// # Errors
    /// No state there, a state of another version, a failing disk.
    pub fn open(folder: &Path) -> Result<Self, StateError> {
        let source = Source::open(folder)?;
        Ok(Self { snapshot: source.snapshot(folder)?, _source: Some(source) })
    }

    /// The last block, its root, the first free account id and the deployment.
    pub fn head(&self) -> Head {
        self.snapshot.head()
    }

    /// The root of the accounts.
    pub fn root(&self) -> Fr {
        self.snapshot.head().root
    }

    /// The account at a position; one without an owner does not exist.
    ///
    /// # Errors
    /// Of the database.
    pub fn account(&self, id: u32) -> Result<Account, StateError> {
        Ok(self.snapshot.account(id)?.unwrap_or_else(empty_account))
    }

    /// The accounts of an owner, by id: usually one.
    ///
    /// # Errors
    /// Of the database.
    pub fn accounts_of(&self, owner: &Owner) -> Result<Vec<u32>, StateError> {
        self.snapshot.accounts_of(owner)
    }

    /// Every written account, by id.
    ///
    /// # Errors
    /// Of the database.
    pub fn accounts(&self) -> Result<Vec<(u32, Account)>, StateError> {
        self.snapshot.accounts()
    }

    /// An account's balances that are not zero: (sub, token, amount).
    ///
    /// # Errors
    /// Of the database.
    pub fn balances(&self, id: u32) -> Result<Vec<(u8, u16, u128)>, StateError> {
        let leaves = self.snapshot.nodes(Tree::Balances(id), 0..=0)?;
        let balances = leaves.into_iter().map(|(node, leaf)| {
            let (sub, token) = sub_and_low(node.index);
            Ok((sub, token, read_balance(leaf)?))
        });
        balances.filter(|balance| !matches!(balance, Ok((_, _, 0)))).collect()
    }

    /// One balance.
    ///
    /// # Errors
    /// Of the database.
    pub fn balance(&self, id: u32, sub: u8, token: u16) -> Result<u128, StateError> {
        Overlay::new(&self.snapshot).balance(id, sub, token)
    }

    /// An account's order slots that were used: (sub, slot number, slot).
    ///
    /// # Errors
    /// Of the database.
    pub fn slots(&self, id: u32) -> Result<Vec<(u8, u16, Slot)>, StateError> {
        let leaves = self.snapshot.nodes(Tree::Orders(id), 0..=0)?;
        let slots = leaves.into_iter().map(|(node, leaf)| {
            let (sub, slot) = sub_and_low(node.index);
            Ok((sub, slot, read_slot(leaf)?))
        });
        slots.collect()
    }

    /// Rebuilds every tree from its leaves and compares all roots.
    ///
    /// # Errors
    /// The first thing that does not agree.
    pub fn check(&self) -> Result<(), StateError> {
        check::check(&self.snapshot)
    }
}

/// The sub-account and the token or slot of a leaf's index.
fn sub_and_low(index: u32) -> (u8, u16) {
    ((index >> 16) as u8, index as u16)
}
