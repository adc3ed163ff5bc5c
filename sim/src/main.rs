//! `penstock-sim`: serves a simulated card to vfio-user clients.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::{Parser, Subcommand, ValueEnum};
use penstock_abi::{Capabilities, MsmLayout};
use penstock_sim::model::{self, Fault, FaultError, Model};
use penstock_sim::{Function, server};

/// Simulated cards.
#[derive(Parser)]
#[command(version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serve a card as a vfio-user PCI device until killed: one client at a time, reset in between.
    Serve {
        /// Which card.
        #[arg(long, value_enum)]
        card: Kind,
        /// Where to listen.
        #[arg(long)]
        socket: PathBuf,
        /// Width of the MSM windows.
        #[arg(long, default_value_t = model::CAPABILITIES.msm_layout.window_bits, value_parser = clap::value_parser!(u8).range(2..=24))]
        window_bits: u8,
        /// A fault to inject: NAME, or NAME@N to spare N commands first.
        #[arg(long, value_parser = fault)]
        fault: Vec<(Fault, u32)>,
    },
}

#[derive(Clone, Copy, ValueEnum)]
enum Kind {
    /// The functional model.
    Model,
}

fn fault(text: &str) -> Result<(Fault, u32), FaultError> {
    Fault::parse(text)
}

fn main() -> ExitCode {
    let Command::Serve { card: Kind::Model, socket, window_bits, fault } = Cli::parse().command;
    let msm_layout = MsmLayout { window_bits, ..model::CAPABILITIES.msm_layout };
    let capabilities = Capabilities { msm_layout, ..model::CAPABILITIES };
    let function = Function::new(|bus| {
        let model = Model::new(capabilities, bus);
        for (fault, after) in fault {
            model.inject(fault, after);
        }
        model
    });
    let listening = match server::listen(&socket, Arc::new(function)) {
        Ok(listening) => listening,
        Err(error) => {
            eprintln!("penstock-sim: {error}");
            return ExitCode::FAILURE;
        }
    };
    println!("serving the model at {}", socket.display());
    loop {
        if let Err(reason) = listening.serve_client() {
            eprintln!("penstock-sim: a client broke off: {reason}");
        }
    }
}
