//! Arguments that several commands take.

use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use penstock_circuits::circuit::preset::Preset;
use penstock_prover::appliance::SetupChoice;
use penstock_prover::engine::{EngineChoice, EngineSettings};
use std::path::PathBuf;
use std::time::Duration;
use tracing::warn;

/// How large a block's file may be.
#[derive(Args)]
pub struct BlockLimit {
    /// How many bytes of JSON a block may have. The largest that a preset holds has less than a million.
    #[arg(long = "max-block-bytes", value_name = "BYTES", default_value_t = 16 << 20)]
    pub bytes: u64,
}

/// Which setup the keys are made from.
#[derive(Args)]
pub struct SetupArguments {
    /// A setup's file, as `penstock srs` writes it [default: a generated development setup, INSECURE].
    #[arg(long, value_name = "FILE")]
    setup: Option<PathBuf>,
}

/// What may happen to a file that is where the result goes.
#[derive(Args)]
pub struct ForceArgument {
    /// Replace the file at --out, whatever it is.
    #[arg(long)]
    pub force: bool,
}

/// What computes the commitments.
#[derive(Args)]
pub struct EngineArguments {
    /// What computes the commitments: cpu, or card:ADDRESS with ADDRESS as `penstock card` takes it.
    #[arg(long, value_name = "ENGINE", default_value_t)]
    engine: EngineChoice,
    /// Prove on the CPU what the card does not prove, even in a second attempt.
    #[arg(long, value_name = "ENGINE", value_parser = ["cpu"])]
    fallback: Option<String>,
    /// How long a command may take on the card [default: 60; an hour for card:rtl].
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    card_timeout: Option<Duration>,
}

impl EngineArguments {
    /// The choice that was made.
    pub fn settings(&self) -> EngineSettings {
        EngineSettings {
            engine: self.engine.clone(),
            cpu_fallback: self.fallback.is_some(),
            card_timeout: self.card_timeout,
        }
    }
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

/// A positive number of seconds.
pub fn seconds(text: &str) -> Result<Duration, String> {
    let seconds = text.parse().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    seconds.filter(|seconds| !seconds.is_zero()).ok_or_else(|| "expected a positive number of seconds".into())
}

/// 32 bytes in hexadecimal, with or without 0x.
pub fn seed(text: &str) -> Result<[u8; 32], String> {
    let mut bytes = [0; 32];
    match hex::decode_to_slice(text.strip_prefix("0x").unwrap_or(text), &mut bytes) {
        Ok(()) => Ok(bytes),
        Err(_) => Err("expected 64 hexadecimal digits".into()),
    }
}

/// Warns of the setup whose secret was known.
pub fn warn_if_insecure(setup: &penstock_prover::setup::Setup) {
    if setup.is_insecure() {
        warn!("{}", setup.origin());
    }
}
