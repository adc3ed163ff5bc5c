//! `penstock card`: finds cards, shows, checks and measures one, and gives one to vfio-pci.

mod devices;
mod flash;
mod measure;

use super::arguments::seconds;
use super::error::CommandError;
use super::report::Report;
use penstock_driver::{Address, Card, Waiting};
use penstock_prover::card::{self, CardSettings};
use std::time::Duration;

#[derive(clap::Subcommand)]
pub enum Command {
    /// Lists the cards on the PCI bus, with what keeps each from being opened.
    List(devices::List),
    /// Shows what a card is and can do.
    Info(measure::Info),
    /// Checks a card: registers over DMA, built-in tests, sums and hashes against the host's own.
    Selftest(Which),
    /// Measures a card: sums, hashes, latency, DMA.
    Bench(measure::Bench),
    /// Prints the steps that give a card to vfio-pci.
    Bind(devices::Bind),
    /// Puts a released bitstream on a board, once its manifest, checksum and ABI have been checked.
    Flash(flash::Flash),
}

/// A card.
#[derive(clap::Args)]
pub struct Which {
    #[arg(value_name = "ADDRESS", help = Address::FORMS)]
    address: Address,
    /// How long a command may take [default: 60; an hour for rtl].
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    timeout: Option<Duration>,
}

impl Which {
    /// Opens it, for sums of so many points.
    fn open(&self, points: usize, waiting: Waiting) -> Result<Card, CommandError> {
        Ok(card::open(&self.address, CardSettings { points, timeout: self.timeout, waiting })?)
    }
}

pub fn run(command: &Command) -> Result<Report, CommandError> {
    match command {
        Command::List(arguments) => devices::list(arguments),
        Command::Info(arguments) => measure::info(arguments),
        Command::Selftest(which) => measure::self_test(which),
        Command::Bench(arguments) => measure::bench(arguments),
        Command::Bind(arguments) => devices::bind(arguments),
        Command::Flash(arguments) => flash::flash(arguments),
    }
}
