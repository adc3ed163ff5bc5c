//! From an executed block to a checked proof.
//!
//! ```text
//! powers of tau ──setup──> Setup ─┐
//!                                 ├─keys──> proving key ─┐
//! circuit of a preset ────────────┘                      │
//! executed block ──────Prepared─────────> witness ───────┴─prover::prove──> proof ──prover::verify──> ProofRecord
//!                                                             │ scalars ⇅ points                        │
//!                                                        engine: cpu, or a card                     evm: the same check
//!                                                                                                   by a contract
//! ```
//!
//! - [`Appliance`] is the whole way for a preset of the batch circuit: [`Prepared`] lays a block into it, [`SetupChoice`] and
//!   [`DataDirectory`] say where setup and keys come from, a [`Lineup`] of engines after [`EngineSettings`] computes the
//!   commitments, and a [`ProofRecord`] comes out.
//! - The modules below take any halo2 circuit: [`setup`], [`keys`], [`prover`] with its [`transcript`], [`engine`] (over [`card`] or
//!   on the processor), [`evm`].
//! - [`files`] appear whole or not at all; setups and keys are [`sealed`] with hashes. [`Stages`] measures what work takes, and
//!   [`Progress`] tells whoever listens how far it is. [`limits`] says what memory is left.
//!
//! # Example
//! What `examples/prove.rs` does step by step:
//!
//! ```no_run
//! use penstock_circuits::{Block, Preset, State};
//! use penstock_prover::{
//!     Appliance, DataDirectory, Destination, EngineSettings, Lineup, Prepared, Progress, SetupChoice, Stages, block_id,
//! };
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let state = State::open("state".as_ref())?;
//! let block = Block::from_json(&std::fs::read_to_string("block.json")?)?;
//! let (trace, changes) = state.execute(&block)?;
//!
//! let data = DataDirectory::new("data".into());
//! let stages = Stages::new(Progress::silent());
//! let prepared = Prepared::new(&trace, Preset::Tiny)?;
//! let setup = SetupChoice::File("ceremony.srs".into());
//! let appliance = Appliance::open(Preset::Tiny, prepared.batch(), &setup, &data, &stages, &Progress::silent())?;
//! let engines = Lineup::open(&EngineSettings::default(), &appliance.bases(), |failed| eprintln!("{failed}"))?;
//! let record = appliance.prove(&engines, &prepared, block_id(&block)?, None, &stages)?;
//! let destination = Destination::check("proof.json".as_ref(), false, 0, |_| Some("is there already".into()))?;
//! record.write(&destination)?;
//! state.commit(changes)?;
//! # Ok(())
//! # }
//! ```

pub mod appliance;
pub mod card;
pub mod data;
pub mod engine;
pub mod evm;
pub mod files;
pub mod keys;
pub mod limits;
pub mod measure;
pub mod progress;
pub mod prover;
pub mod record;
pub mod sealed;
pub mod setup;
pub mod transcript;

pub use appliance::{Appliance, Prepared, SetupChoice, verify_on_evm};
pub use data::DataDirectory;
pub use engine::lineup::Lineup;
pub use engine::{Engine, EngineChoice, EngineSettings};
pub use files::Destination;
pub use measure::Stages;
pub use progress::Progress;
pub use record::{ProofRecord, block_id};
pub use setup::{Origin, Setup};
