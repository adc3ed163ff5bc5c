//! The state before the first block: who collects fees, and accounts that exist from the start with what backs them.

use std::collections::{BTreeMap, BTreeSet};

use halo2curves::bn256::Fr;
use halo2curves::ff::PrimeField;
use serde::{Deserialize, Serialize};

use super::{Changes, Overlay, StateError};
use crate::encoding;
use crate::operation::{
    COLLECTOR, Deployment, FIRST_USER, MAX_ACCOUNT, MAX_RESERVE, Owner, PubKeyHash, RESERVES, Violation, reserve_token,
};
use crate::operation::{check_chain, check_sub, check_token, check_token_pair};
use crate::trace::Account;
use crate::tree::{Tree, empty_account, leaf_index};

/// As JSON: `deployment`, `collector`, and optionally `accounts` (ids 2, 3, … in order) and `reserves`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Genesis {
    /// Which rollup this is: what signatures are for, and what its contracts were deployed with.
    pub deployment: Deployment,
    /// Account 0, which collects the fees.
    pub collector: GenesisAccount,
    /// Further accounts.
    #[serde(default)]
    pub accounts: Vec<GenesisAccount>,
    /// What the chains hold for the balances above.
    #[serde(default)]
    pub reserves: Vec<GenesisReserve>,
}

/// An account that exists from the start.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GenesisAccount {
    /// Its owner, nobody else's.
    pub owner: Owner,
    /// Its key; zero or absent: none yet.
    #[serde(default)]
    pub pub_key_hash: PubKeyHash,
    /// What it holds.
    #[serde(default)]
    pub balances: Vec<GenesisBalance>,
}

/// A balance.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GenesisBalance {
    /// The sub-account.
    pub sub: u8,
    /// The token in the rollup.
    pub token: u16,
    /// How much.
    #[serde(with = "encoding::amount")]
    pub amount: u128,
}

/// What a chain holds of a token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GenesisReserve {
    /// The chain.
    pub chain: u8,
    /// The token on the chain.
    pub l1_token: u16,
    /// The token that it is in the rollup.
    pub l2_token: u16,
    /// How much.
    #[serde(with = "encoding::amount")]
    pub amount: u128,
}

/// Why a genesis is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GenesisError {
    /// A value out of its range.
    #[error("{place}: {violation}")]
    Violation {
        /// Where.
        place: String,
        /// What.
        violation: Violation,
    },
    /// The zero address.
    #[error("{0} has the zero address for an owner")]
    ZeroOwner(String),
    /// Two accounts of one owner.
    #[error("{place}: the owner {owner} has an account already")]
    OwnerTwice {
        /// Where.
        place: String,
        /// Who.
        owner: Owner,
    },
    /// Two entries for one leaf.
    #[error("{0} is given twice")]
    LeafTwice(String),
    /// More accounts than ids.
    #[error("{0} accounts exceed the tree of accounts")]
    TooManyAccounts(usize),
    /// A reserve as large as no deposit may make it.
    #[error("{0} is 2^119 or more")]
    ReserveTooLarge(String),
    /// Users hold more than the chains do.
    #[error("accounts hold {held} of token {token}, but the reserves only {reserved}: add reserves")]
    NotCovered {
        /// The token in the rollup.
        token: u16,
        /// The sum of all balances, at most 2^128 − 1.
        held: u128,
        /// The sum of all reserves, at most 2^128 − 1.
        reserved: u128,
    },
}

impl Genesis {
    /// The collector and the accounts with their ids.
    fn numbered(&self) -> impl Iterator<Item = (u32, &GenesisAccount)> {
        [(COLLECTOR, &self.collector)].into_iter().chain((FIRST_USER..).zip(&self.accounts))
    }

    /// The rules on a genesis.
    ///
    /// # Errors
    /// The first rule that is broken.
    pub fn check(&self) -> Result<(), GenesisError> {
        if self.accounts.len() > (MAX_ACCOUNT - FIRST_USER) as usize {
            return Err(GenesisError::TooManyAccounts(self.accounts.len()));
        }
        let mut owners = BTreeSet::new();
        let mut held: BTreeMap<u16, u128> = BTreeMap::new();
        for (id, account) in self.numbered() {
            let place = format!("account {id}");
            if account.owner.is_zero() {
                return Err(GenesisError::ZeroOwner(place));
            }
            if !owners.insert(account.owner) {
                return Err(GenesisError::OwnerTwice { place, owner: account.owner });
            }
            let mut leaves = BTreeSet::new();
            for GenesisBalance { sub, token, amount } in &account.balances {
                let place = || format!("account {id}'s balance of token {token} in sub-account {sub}");
                let refused = |violation| GenesisError::Violation { place: place(), violation };
                check_sub(*sub).and_then(|()| check_token(*token)).map_err(refused)?;
                if !leaves.insert((sub, token)) {
                    return Err(GenesisError::LeafTwice(place()));
                }
                let total = held.entry(*token).or_default();
                *total = total.saturating_add(*amount);
            }
        }
        let mut reserved: BTreeMap<u16, u128> = BTreeMap::new();
        let mut leaves = BTreeSet::new();
        for GenesisReserve { chain, l1_token, l2_token, amount } in &self.reserves {
            let place = || format!("the reserve of token {l1_token} (in the rollup {l2_token}) on chain {chain}");
            let refused = |violation| GenesisError::Violation { place: place(), violation };
            check_chain(*chain).and_then(|()| check_token_pair(*l1_token, *l2_token)).map_err(refused)?;
            if !leaves.insert((chain, l1_token, l2_token)) {
                return Err(GenesisError::LeafTwice(place()));
            }
            if *amount > MAX_RESERVE {
                return Err(GenesisError::ReserveTooLarge(place()));
            }
            let total = reserved.entry(*l2_token).or_default();
            *total = total.saturating_add(*amount);
        }
        for (token, held) in held {
            let reserved = reserved.get(&token).copied().unwrap_or(0);
            if held > reserved {
                return Err(GenesisError::NotCovered { token, held, reserved });
            }
        }
        Ok(())
    }

    /// What a checked genesis writes into an empty state.
    pub(super) fn changes(&self, mut overlay: Overlay<'_>) -> Result<Changes, StateError> {
        let mut accounts = BTreeMap::new();
        for (id, given) in self.numbered() {
            let leaves = given
                .balances
                .iter()
                .map(|balance| (leaf_index(balance.sub, balance.token), Fr::from_u128(balance.amount)));
            let balance_root = overlay.fill(Tree::Balances(id), leaves.collect());
            overlay.register(given.owner, id);
            accounts
                .insert(id, Account { owner: given.owner, pkh: given.pub_key_hash, balance_root, ..empty_account() });
        }
        let reserves = self.reserves.iter().map(|reserve| {
            let token = reserve_token(reserve.l1_token, reserve.l2_token);
            (leaf_index(reserve.chain, token), Fr::from_u128(reserve.amount))
        });
        let balance_root = overlay.fill(Tree::Balances(RESERVES), reserves.collect());
        accounts.insert(RESERVES, Account { balance_root, ..empty_account() });
        overlay.fill_accounts(accounts);
        overlay.set_deployment(self.deployment);
        overlay.into_changes(0)
    }
}
