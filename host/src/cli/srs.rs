//! `penstock srs`: setups from powers of tau, for development, and what a file of either says about itself.

use super::Context;
use super::arguments::{ForceArgument, seed};
use super::error::CommandError;
use super::report::{Location, Properties, Report};
use penstock_prover::files::{Destination, DestinationError};
use penstock_prover::progress::Progress;
use penstock_prover::setup::{
    Blake2b512, Format, ImportError, ImportOptions, Origin, Setup, SetupError, SetupInfo, SourceInfo,
};
use serde::Serialize;
use std::path::{Path, PathBuf};

#[derive(clap::Subcommand)]
pub enum Command {
    /// Imports powers of tau, a snarkjs .ptau file or a halo2 file (ParamsKZG, kzg_bn254_K.srs), and checks every point.
    /// An interrupted import goes on where it was.
    Import {
        /// The file; what is in it says of which kind it is.
        #[arg(value_name = "FILE")]
        source: PathBuf,
        /// 2^K powers are taken.
        #[arg(long, value_name = "K")]
        k: u32,
        /// The BLAKE2b-512 that the ceremony published for the file; any other file is refused.
        #[arg(long, value_name = "HEX")]
        expect_blake2b: Option<Blake2b512>,
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
    /// Shows what a setup's file, a .ptau file or a halo2 file says about itself.
    Info {
        /// The file.
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// Reads all of it: checks with pairings that a setup is what it says; computes the BLAKE2b-512 of any other file,
        /// which is done unasked up to 256 MiB.
        #[arg(long)]
        check: bool,
    },
}

#[derive(Serialize)]
struct Outcome {
    file: Location,
    format: &'static str,
    #[serde(flatten)]
    info: SetupInfo,
    /// The published file that was imported.
    recognised: Option<String>,
    insecure: bool,
    /// Whether the points were checked with pairings in this run.
    checked: bool,
}

/// A file that can be imported.
#[derive(Serialize)]
struct Source {
    file: Location,
    #[serde(flatten)]
    info: SourceInfo,
    /// The published file that it is.
    recognised: Option<String>,
    /// Points are checked by the import.
    checked: bool,
}

pub fn run(command: &Command, context: &Context) -> Result<Report, CommandError> {
    match command {
        Command::Import { source, k, expect_blake2b, out, force } => {
            let destination = destination(out, *k, force, false)?.apart_from(source)?;
            let data = context.data()?;
            let options = ImportOptions {
                expected: expect_blake2b.as_ref(),
                checkpoints: &data.imports(),
                lock_timeout: data.lock_timeout(),
            };
            let setup = Setup::import(source, *k, &destination, options, &context.progress)?;
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
        Command::Info { file, check } => match SourceInfo::read(file, *check, &context.progress) {
            Ok(info) => importable(file, info),
            Err(SetupError::Import { source: ImportError::Sealed, .. }) if *check => {
                let setup = Setup::read(file)?;
                let spinner = context.progress.begin("checking");
                setup.check()?;
                drop(spinner);
                report(file, &setup, true)
            }
            Err(SetupError::Import { source: ImportError::Sealed, .. }) => told(file, Setup::info(file)?, false),
            Err(error) => Err(error.into()),
        },
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
    let mut properties = Properties::default()
        .add("file", file.display())
        .add("powers", format_args!("2^{}", info.k))
        .add("origin", &info.origin);
    if let Some(blake2b) = info.origin.blake2b() {
        properties = properties.add("BLAKE2b-512 of the imported file", blake2b);
    }
    let text = properties
        .add("digest", hex::encode(info.digest))
        .add("checked with pairings", if checked { "yes" } else { "not in this run" })
        .to_string();
    let recognised = info.origin.recognised().map(ToString::to_string);
    Report::new(&Outcome { file: Location::from(file), format: "setup", info, recognised, insecure, checked }, text)
}

fn importable(file: &Path, info: SourceInfo) -> Result<Report, CommandError> {
    let origin = info.origin();
    let mut properties = Properties::default()
        .add("file", file.display())
        .add("format", info.format)
        .add("powers", format_args!("2^{}", info.k))
        .add("bytes", info.bytes);
    properties = match (&origin, info.format) {
        (Some(origin), _) => properties.add("origin", origin),
        (None, Format::Ptau { claimed_contributions }) => {
            properties.add("claims", format_args!("{claimed_contributions} contributions"))
        }
        (None, Format::Halo2Raw | Format::Halo2Compressed) => properties,
    };
    let text = properties
        .add("BLAKE2b-512", info.blake2b.map_or("computed with --check".into(), |blake2b| blake2b.to_string()))
        .add("Lagrange basis", if info.has_lagrange { "in the file" } else { "computed by the import" })
        .add("points", "checked by the import")
        .to_string();
    let recognised = origin.and_then(|origin| origin.recognised()).map(ToString::to_string);
    Report::new(&Source { file: Location::from(file), info, recognised, checked: false }, text)
}
