//! `penstock srs`: setups from a powers-of-tau ceremony, for development, and what a setup's file says.

use super::Context;
use super::arguments::seed;
use super::error::CommandError;
use super::report::{Facts, Report};
use penstock_prover::progress::Progress;
use penstock_prover::sealed;
use penstock_prover::setup::{Setup, SetupInfo};
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
struct Outcome<'a> {
    file: &'a Path,
    #[serde(flatten)]
    info: SetupInfo,
    insecure: bool,
    /// Whether the points were checked with pairings in this run.
    checked: bool,
}

pub fn run(command: &Command, context: &Context) -> Result<Report, CommandError> {
    match command {
        Command::Import { ptau, k, out } => {
            if let Err(error) = File::open(ptau) {
                return Err(CommandError::Input { path: ptau.clone(), what: format!("cannot be read: {error}") });
            }
            let setup = Setup::import(ptau, *k, out, context.progress)?;
            report(out, &setup, true)
        }
        Command::Dev { k, seed, out } => match out {
            Some(out) => {
                let setup = generate(out, *k, *seed, context.progress)?;
                report(out, &setup, false)
            }
            None => {
                let data = context.data()?;
                let path = data.development_setup_path(*k);
                let setup = match (path.exists(), seed) {
                    (false, Some(_)) => generate(&path, *k, *seed, context.progress)?,
                    (_, None) => data.development_setup(*k, context.progress)?,
                    (true, Some(_)) => {
                        let what = "is there already, and a seed would make another".into();
                        return Err(CommandError::OutputTaken { path, what });
                    }
                };
                report(&path, &setup, false)
            }
        },
        Command::Info { file, check } => {
            if *check {
                let setup = Setup::read(file)?;
                let spinner = context.progress.spinner("checking");
                setup.check()?;
                drop(spinner);
                return report(file, &setup, true);
            }
            told(file, Setup::info(file)?, false)
        }
    }
}

fn generate(path: &Path, k: u32, seed: Option<[u8; 32]>, progress: Progress) -> Result<Setup, CommandError> {
    sealed::probe(path)?;
    let setup = Setup::insecure(k, seed, progress)?;
    setup.write(path)?;
    Ok(setup)
}

fn report(file: &Path, setup: &Setup, checked: bool) -> Result<Report, CommandError> {
    let info = SetupInfo { k: setup.k(), origin: setup.origin().clone(), digest: setup.digest() };
    told(file, info, checked)
}

fn told(file: &Path, info: SetupInfo, checked: bool) -> Result<Report, CommandError> {
    let insecure = info.origin == penstock_prover::setup::Origin::Insecure;
    let text = Facts::default()
        .add("file", file.display())
        .add("powers", format_args!("2^{}", info.k))
        .add("origin", &info.origin)
        .add("digest", hex::encode(info.digest))
        .add("checked with pairings", if checked { "yes" } else { "not in this run" })
        .to_string();
    Report::new(&Outcome { file, info, insecure, checked }, text)
}
