//! `penstock state`: creates a state from a genesis, shows what is in it, exports it.
//!
//! A genesis knows neither nonces nor orders, nor the chains on which owners have acted. An export is a genesis, which `init` reads back to the same root, as long as the
//! state has none; otherwise it is the full listing that `show` prints, which `init` does not take.

use super::demo;
use super::error::CommandError;
use super::input::read_genesis;
use super::report::{Properties, Report, table};
use penstock_circuits::chain;
use penstock_circuits::encoding::{amount, element_to_bytes};
use penstock_circuits::json;
use penstock_circuits::operation::{COLLECTOR, Deployment, FIRST_USER, Owner, PubKeyHash, RESERVES, backing_of};
use penstock_circuits::state::{Genesis, GenesisAccount, GenesisBalance, GenesisReserve, State, StateError, View};
use penstock_prover::record::Word;
use serde::Serialize;
use std::path::{Path, PathBuf};
use tracing::{info, warn};

#[derive(clap::Subcommand)]
pub enum Command {
    /// Creates a state from a genesis.
    Init {
        #[command(flatten)]
        place: Place,
        /// The genesis, as JSON [default: the sample genesis, whose private keys are public].
        #[arg(long, value_name = "FILE")]
        genesis: Option<PathBuf>,
    },
    /// Shows the last block, accounts, balances, orders and reserves.
    Show {
        #[command(flatten)]
        place: Place,
    },
    /// Prints the state as JSON: a genesis if it can be one.
    Export {
        #[command(flatten)]
        place: Place,
    },
}

#[derive(clap::Args)]
pub struct Place {
    /// The state's folder.
    #[arg(long, value_name = "DIR")]
    state: PathBuf,
}

#[derive(Serialize)]
struct Listing {
    number: u64,
    deployment: Deployment,
    root: Word,
    next_account: u32,
    accounts: Vec<ListedAccount>,
    reserves: Vec<GenesisReserve>,
}

#[derive(Serialize)]
struct ListedAccount {
    id: u32,
    owner: Owner,
    pub_key_hash: PubKeyHash,
    nonce: u32,
    chains: Vec<u8>,
    balances: Vec<GenesisBalance>,
    orders: Vec<ListedOrder>,
}

#[derive(Serialize)]
struct ListedOrder {
    sub: u8,
    slot: u16,
    nonce: u32,
    #[serde(with = "amount")]
    residue: u128,
}

pub fn run(command: &Command) -> Result<Report, CommandError> {
    match command {
        Command::Init { place, genesis } => init(&place.state, genesis.as_deref()),
        Command::Show { place } => {
            let listing = Listing::of(&View::open(&place.state)?)?;
            let text = listing.text();
            Report::new(&listing, text)
        }
        Command::Export { place } => {
            let listing = Listing::of(&View::open(&place.state)?)?;
            let value = match listing.genesis() {
                Some(genesis) => serde_json::to_value(genesis)?,
                None => {
                    info!(
                        "the state has been used: a genesis cannot hold its nonces, orders, chains or ids; this is a full listing",
                    );
                    serde_json::to_value(listing)?
                }
            };
            Ok(Report::from_value(value))
        }
    }
}

fn init(folder: &Path, genesis: Option<&Path>) -> Result<Report, CommandError> {
    let genesis: Genesis = match genesis {
        Some(path) => read_genesis(path)?,
        None => {
            warn!("the sample genesis is used; its private keys are public");
            json::from_str(demo::GENESIS)?
        }
    };
    let listing = Listing::of(&State::init(folder, &genesis)?.view()?)?;
    let text = listing.text();
    Report::new(&listing, text)
}

impl Listing {
    fn of(view: &View) -> Result<Self, StateError> {
        let head = view.head();
        let mut accounts = Vec::new();
        let mut reserves = Vec::new();
        for (id, account) in view.accounts()? {
            let balances = view.balances(id)?;
            if id == RESERVES {
                reserves = balances.into_iter().map(|(chain, token, amount)| reserve(chain, token, amount)).collect();
                continue;
            }
            let orders = view.slots(id)?.into_iter();
            accounts.push(ListedAccount {
                id,
                owner: account.owner,
                pub_key_hash: account.pkh,
                nonce: account.nonce,
                chains: account.chains.iter().collect(),
                balances: balances
                    .into_iter()
                    .map(|(sub, token, amount)| GenesisBalance { sub, token, amount })
                    .collect(),
                orders: orders
                    .map(|(sub, slot, order)| ListedOrder { sub, slot, nonce: order.nonce, residue: order.residue })
                    .collect(),
            });
        }
        let root = Word(element_to_bytes(&head.root));
        let (number, deployment, next_account) = (head.number, head.deployment, head.next_account);
        Ok(Self { number, deployment, root, next_account, accounts, reserves })
    }

    /// The genesis that leads to the same root, if there is one.
    fn genesis(&self) -> Option<Genesis> {
        let used =
            |account: &ListedAccount| account.nonce != 0 || !account.orders.is_empty() || !account.chains.is_empty();
        // A genesis numbers its accounts one after the other.
        let ids = [COLLECTOR].into_iter().chain(FIRST_USER..);
        if self.accounts.iter().any(used) || self.accounts.iter().zip(ids).any(|(account, id)| account.id != id) {
            return None;
        }
        let mut accounts = self.accounts.iter().map(|account| {
            let (owner, pub_key_hash, balances) = (account.owner, account.pub_key_hash, account.balances.clone());
            (account.id, GenesisAccount { owner, pub_key_hash, balances })
        });
        let (COLLECTOR, collector) = accounts.next()? else { return None };
        let accounts = accounts.map(|(_, account)| account).collect();
        let genesis = Genesis { deployment: self.deployment, collector, accounts, reserves: self.reserves.clone() };
        genesis.check().is_ok().then_some(genesis)
    }

    fn text(&self) -> String {
        let properties = Properties::default()
            .add("last block", self.number)
            .add("deployment", self.deployment)
            .add("root", self.root)
            .add("next account", self.next_account);
        let accounts = self.accounts.iter().map(|account| {
            [
                account.id.to_string(),
                account.owner.to_string(),
                account.pub_key_hash.to_string(),
                account.nonce.to_string(),
                account.chains.iter().map(u8::to_string).collect::<Vec<_>>().join(" "),
            ]
        });
        let balances = self.accounts.iter().flat_map(|account| {
            account.balances.iter().map(|GenesisBalance { sub, token, amount }| {
                [account.id.to_string(), sub.to_string(), token.to_string(), amount.to_string()]
            })
        });
        let orders = self.accounts.iter().flat_map(|account| {
            account.orders.iter().map(|order| {
                let ListedOrder { sub, slot, nonce, residue } = order;
                [account.id.to_string(), sub.to_string(), slot.to_string(), nonce.to_string(), residue.to_string()]
            })
        });
        let reserves = self.reserves.iter().map(|GenesisReserve { chain, l1_token, l2_token, amount }| {
            [chain::name(*chain), l1_token.to_string(), l2_token.to_string(), amount.to_string()]
        });
        [
            properties.to_string(),
            table(["account", "owner", "key hash", "nonce", "acted on chains"], accounts),
            table(["account", "sub-account", "token", "balance"], balances),
            table(["account", "sub-account", "slot", "generation", "left of the order"], orders),
            table(["chain", "token there", "token here", "reserve"], reserves),
        ]
        .concat()
    }
}

fn reserve(chain: u8, token: u16, amount: u128) -> GenesisReserve {
    let (l1_token, l2_token) = backing_of(token);
    GenesisReserve { chain, l1_token, l2_token, amount }
}
