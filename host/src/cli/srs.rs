//! `penstock srs`: setups from a powers-of-tau ceremony, for development, and what a setup's file says.

use super::Context;
use super::arguments::{ForceArgument, seed};
use super::error::CommandError;
use super::report::{Properties, Location, Report};
use penstock_prover::files::{Destination, DestinationError};
use penstock_prover::progress::Progress;
use penstock_prover::setup::{Origin, Setup, SetupInfo};
use serde::Serialize;
use std::fs::File;
use std::path::{Path, PathBuf};

#[derive(clap::Subcommand)]
pub enum Command {
    /// Imports a snarkjs .ptau file and checks every point. An interrupted import goes on where it was.
    Import {
        /// The .ptau file.
        #[arg(value_name = "FILE.ptau")]
        ptau: PathBuf,
        /// 2^K powers are taken.
        #[arg(long, value_name = "K")]
        k: u32,
        /// Where the setup goes.
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
        #[command(flatten)]
        force: ForceArgument,
    },
    /// Generates a development setup: INSECURE, for this machine knew its secret.
    Dev {
        /// 2^K powers are made.
        #[arg(long, value_name = "K")]
        k: u32,
        /// Seed of the secret, 32 bytes [default: the operating system's randomness].
        #[arg(long, value_name = "HEX", value_parser = seed)]
        seed: Option<[u8; 32]>,
        /// Where the setup goes [default: the data directory's development setup of this size].
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
        #[command(flatten)]
        force: ForceArgument,
    },
    /// Shows what a setup's file says about itself.
    Info {
        /// The setup's file.
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// Reads all of it and checks with pairings that it is what it says.
        #[arg(long)]
        check: bool,
    },
}

#[derive(Serialize)]
struct Outcome {
    file: Location,
    #[serde(flatten)]
    info: SetupInfo,
    insecure: bool,
    /// Whether the points were checked with pairings in this run.
    checked: bool,
}

pub fn run(command: &Command, context: &Context) -> Result<Report, CommandError> {
    match command {
        Command::Import { ptau, k, out, force } => {
            if let Err(error) = File::open(ptau) {
                return Err(CommandError::Input { path: ptau.clone(), what: format!("cannot be read: {error}") });
            }
            let destination = destination(out, *k, force, false)?.apart_from(ptau)?;
            let setup = Setup::import(ptau, *k, &destination, context.lock_timeout, &context.progress)?;
            report(out, &setup, true)
        }
        Command::Dev { k, seed, out, force } => match out {
            Some(out) => {
                let setup = generate(&destination(out, *k, force, true)?, *k, *seed, &context.progress)?;
                report(out, &setup, false)
            }
            None => {
                let data = context.data()?;
                let path = data.development_setup_path(*k);
                let setup = match seed {
                    None => data.development_setup(*k, &context.progress)?,
                    Some(_) => {
                        let taken = |_: &Path| Some("is there already, and a seed would make another".into());
                        let destination = Destination::check(&path, force.force, Setup::bytes(*k), taken)?;
                        generate(&destination, *k, *seed, &context.progress)?
                    }
                };
                report(&path, &setup, false)
            }
        },
        Command::Info { file, check } => {
            if *check {
                let setup = Setup::read(file)?;
                let spinner = context.progress.begin("checking");
                setup.check()?;
                drop(spinner);
                return report(file, &setup, true);
            }
            told(file, Setup::info(file)?, false)
        }
    }
}

/// The place for a setup: over one of the same size and origin, and over nothing else.
fn destination(path: &Path, k: u32, force: &ForceArgument, insecure: bool) -> Result<Destination, DestinationError> {
    Destination::check(path, force.force, Setup::bytes(k), |path| match Setup::info(path) {
        Err(_) => Some("is there already and is no setup".into()),
        Ok(info) if (info.origin == Origin::Insecure) != insecure => {
            Some(format!("is another kind of setup ({})", info.origin))
        }
        Ok(info) if info.k != k => Some(format!("is a setup with 2^{} powers", info.k)),
        Ok(_) => None,
    })
}

fn generate(
    destination: &Destination,
    k: u32,
    seed: Option<[u8; 32]>,
    progress: &Progress,
) -> Result<Setup, CommandError> {
    let setup = Setup::insecure(k, seed, progress)?;
    setup.write_to(destination)?;
    Ok(setup)
}

fn report(file: &Path, setup: &Setup, checked: bool) -> Result<Report, CommandError> {
    let info = SetupInfo { k: setup.k(), origin: setup.origin().clone(), digest: setup.digest() };
    told(file, info, checked)
}

fn told(file: &Path, info: SetupInfo, checked: bool) -> Result<Report, CommandError> {
    let insecure = info.origin == Origin::Insecure;
    let text = Properties::default()
        .add("file", file.display())
        .add("powers", format_args!("2^{}", info.k))
        .add("origin", &info.origin)
        .add("digest", hex::encode(info.digest))
        .add("checked with pairings", if checked { "yes" } else { "not in this run" })
        .to_string();
    Report::new(&Outcome { file: Location::from(file), info, insecure, checked }, text)
}
