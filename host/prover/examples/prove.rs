//! From a block to a checked proof: executes the sample block, proves it with the preset `tiny` and writes the record.
//!
//! ```sh
//! cargo run --release -p penstock-prover --example prove -- proof.json
//! ```
//!
//! The first run makes a development setup (INSECURE) and keys in the user's cache folder; later runs find them there.

use std::error::Error;
use std::path::PathBuf;

use penstock_circuits::{Block, Genesis, Preset, State};
use penstock_prover::{
    Appliance, DataDirectory, Destination, EngineSettings, Lineup, Prepared, Progress, SetupChoice, Stages, block_id,
};

const GENESIS: &str = include_str!("../../examples/genesis.json");
const BLOCK: &str = include_str!("../../examples/block.json");

fn main() -> Result<(), Box<dyn Error>> {
    let out: PathBuf = std::env::args_os().nth(1).ok_or("usage: prove PROOF.json")?.into();
    // Looked at before the work: nothing of somebody else's is overwritten.
    let destination = Destination::check(&out, false, 0, |_| Some("is there already".into()))?;
    let data = DataDirectory::of_platform().ok_or("this user has no cache folder")?;
    // Measures how long each stage takes; it goes into the record.
    let stages = Stages::new(Progress::silent());

    // 1. Execution checks every rule and signature. It changes nothing: the trace is what the circuit proves, the changes
    //    are for `State::commit`, once there is a proof.
    let genesis: Genesis = serde_json::from_str(GENESIS)?;
    let block = Block::from_json(BLOCK)?;
    let folder = tempfile::tempdir()?;
    let state = State::init(folder.path(), &genesis)?;
    let (trace, changes) = state.execute(&block)?;

    // 2. The trace is laid into a preset's circuit, if it fits.
    let prepared = Prepared::new(&trace, Preset::Tiny)?;

    // 3. Setup and keys depend on the preset alone, and serve every block.
    let setup = SetupChoice::Development;
    let appliance = Appliance::open(Preset::Tiny, prepared.batch(), &setup, &data, &stages, &Progress::silent())?;

    // 4. Engines compute the commitments: the processor here, or a card. Which one did, the record says.
    let engines = Lineup::open(&EngineSettings::default(), &appliance.bases(), |failed| eprintln!("{failed}"))?;

    // 5. The proof. The stock verifier has accepted it when this returns.
    let record = appliance.prove(&engines, &prepared, block_id(&block)?, None, &stages)?;
    record.write(&destination)?;
    state.commit(changes)?;

    println!("block {}: {} bytes of proof by {}", record.block.number, record.proof.0.len(), record.engine);
    println!("state root {} -> {}", record.block.old_root, record.block.new_root);
    println!("written to {}; check it with the example `verify`", out.display());
    Ok(())
}
