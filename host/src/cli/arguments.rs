//! Arguments that several commands take, and input that they read.

use super::Context;
use super::error::CommandError;
use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use penstock::appliance::{EngineChoice, SetupChoice};
use penstock_circuits::circuit::preset::Preset;
use penstock_circuits::operation::Block;
use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// The file name that stands for stdin.
pub const STDIN: &str = "-";

/// Which setup the keys are made from.
#[derive(Args)]
pub struct SetupArguments {
    /// A setup's file, as `penstock srs` writes it [default: a generated development setup, INSECURE].
    #[arg(long, value_name = "FILE")]
    setup: Option<PathBuf>,
}

/// What computes the commitments.
#[derive(Args)]
pub struct EngineArguments {
    /// What computes the commitments.
    #[arg(long, value_name = "ENGINE", default_value_t, value_parser = engine())]
    pub engine: EngineChoice,
}

impl SetupArguments {
    /// The choice that was made.
    pub fn choice(&self) -> SetupChoice {
        self.setup.clone().map_or(SetupChoice::Development, SetupChoice::File)
    }
}

/// A preset's name.
pub fn preset() -> impl TypedValueParser<Value = Preset> {
    PossibleValuesParser::new(Preset::ALL.map(Preset::name)).try_map(|name| name.parse::<Preset>())
}

fn engine() -> impl TypedValueParser<Value = EngineChoice> {
    PossibleValuesParser::new(EngineChoice::ALL.map(EngineChoice::name)).try_map(|name| name.parse::<EngineChoice>())
}

/// 32 bytes in hexadecimal, with or without 0x.
pub fn seed(text: &str) -> Result<[u8; 32], String> {
    let mut bytes = [0; 32];
    match hex::decode_to_slice(text.strip_prefix("0x").unwrap_or(text), &mut bytes) {
        Ok(()) => Ok(bytes),
        Err(_) => Err("expected 64 hexadecimal digits".into()),
    }
}

/// The text of a file, or of stdin.
pub fn read_text(path: &Path) -> Result<String, CommandError> {
    let mut text = String::new();
    let read = if path == Path::new(STDIN) {
        io::stdin().read_to_string(&mut text).map(|_| text)
    } else {
        fs::read_to_string(path)
    };
    read.map_err(|error| CommandError::Input { path: path.into(), what: format!("cannot be read: {error}") })
}

/// The block in a file, or in stdin.
pub fn read_block(path: &Path) -> Result<Block, CommandError> {
    Block::from_json(&read_text(path)?)
        .map_err(|error| CommandError::Input { path: path.into(), what: format!("it is no block: {error}") })
}

/// Warns of the setup whose secret was known.
pub fn warn_if_insecure(context: &Context, setup: &penstock::setup::Setup) {
    if setup.is_insecure() {
        context.note(format_args!("warning: {}", setup.origin()));
    }
}
