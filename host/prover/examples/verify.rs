//! Verifies a proof record, as somebody who trusts neither its maker nor its file.
//!
//! ```sh
//! cargo run --release -p penstock-prover --example verify -- proof.json              # with the development setup
//! cargo run --release -p penstock-prover --example verify -- proof.json ceremony.srs # with an imported one
//! ```

use std::error::Error;
use std::path::Path;
use std::process::ExitCode;

use penstock_circuits::Batch;
use penstock_prover::{DataDirectory, Progress, ProofRecord, keys};

fn main() -> ExitCode {
    match verify() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn verify() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args_os().skip(1);
    let path = arguments.next().ok_or("usage: verify PROOF.json [SETUP.srs]")?;
    let record = ProofRecord::read(Path::new(&path))?;

    // The circuit is this program's own: of the record, only the name of the preset is taken.
    let batch = Batch::new(record.preset);

    // The setup is the verifier's own choice as well. One that was generated here would prove nothing to anybody else.
    let data = DataDirectory::of_platform().ok_or("this user has no cache folder")?;
    let setup = match arguments.next() {
        Some(file) => data.fitted_setup(Path::new(&file), batch.k(), &Progress::silent())?,
        None => {
            data.existing_development_setup(batch.k())?.ok_or("no development setup here: run the example `prove`")?
        }
    };

    // The verifying key follows from circuit and setup.
    let (key, _) =
        keys::load_or_build(&data.keys(), record.preset.name(), &setup, &batch.shape(), None, &Progress::silent())?;

    // Recomputes the public inputs from the published data, compares digests, and asks halo2's verifier. A record that does
    // not hold is an error that says why.
    let public = record.verify(&setup, key.get_vk())?;

    println!("the proof holds, under the setup: {}", setup.origin());
    println!("block {}: {} -> {}", record.block.number, record.block.old_root, record.block.new_root);
    println!("{} values in the instance column", public.instance().len());
    Ok(())
}
