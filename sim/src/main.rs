//! `penstock-sim`: serves a simulated card to vfio-user clients.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::{Parser, Subcommand, ValueEnum};
use penstock_sim::model::{self, Fault, FaultError, Model};
use penstock_sim::rtl::{CardConfig, Rtl, RtlError, RtlOptions, Shape};
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
        /// Width of the MSM windows; the model's, or the shape's, if not given.
        #[arg(long, value_parser = clap::value_parser!(u8).range(2..=24))]
        window_bits: Option<u8>,
        /// Of the model: a fault to inject, NAME, or NAME@N to spare N commands first.
        #[arg(long, value_parser = fault)]
        fault: Vec<(Fault, u32)>,
        /// Of the RTL: its shape.
        #[arg(long, value_enum, default_value = "compact")]
        shape: ShapeName,
        /// Of the RTL: multipliers as one wide product and a delay. Same results in the same cycles, sooner.
        #[arg(long)]
        fast_multipliers: bool,
    },
}

#[derive(Clone, Copy, ValueEnum)]
enum Kind {
    /// The functional model.
    Model,
    /// The RTL under Verilator.
    Rtl,
}

#[derive(Clone, Copy, ValueEnum)]
enum ShapeName {
    /// For small parts.
    Compact,
    /// For large parts.
    Pipelined,
}

fn fault(text: &str) -> Result<(Fault, u32), FaultError> {
    Fault::parse(text)
}

fn main() -> ExitCode {
    let Command::Serve { card, socket, window_bits, fault, shape, fast_multipliers } = Cli::parse().command;
    let function = match card {
        Kind::Model => Ok(model(window_bits, fault)),
        Kind::Rtl if !fault.is_empty() => Err("--fault is for the model: the RTL keeps its contract".to_owned()),
        Kind::Rtl => rtl(window_bits, shape, fast_multipliers).map_err(|error| error.to_string()),
    };
    let listening =
        function.and_then(|function| server::listen(&socket, Arc::new(function)).map_err(|error| error.to_string()));
    let listening = match listening {
        Ok(listening) => listening,
        Err(error) => {
            eprintln!("penstock-sim: {error}");
            return ExitCode::FAILURE;
        }
    };
    println!("serving the card at {}", socket.display());
    loop {
        if let Err(reason) = listening.serve_client() {
            eprintln!("penstock-sim: a client broke off: {reason}");
        }
    }
}

fn model(window_bits: Option<u8>, faults: Vec<(Fault, u32)>) -> Function {
    let mut capabilities = model::CAPABILITIES;
    capabilities.msm_layout.window_bits = window_bits.unwrap_or(capabilities.msm_layout.window_bits);
    Function::new(|bus| {
        let model = Model::new(capabilities, bus);
        for (fault, after) in faults {
            model.inject(fault, after);
        }
        model
    })
}

fn rtl(window_bits: Option<u8>, shape: ShapeName, fast_multipliers: bool) -> Result<Function, RtlError> {
    let mut config = CardConfig::of(match shape {
        ShapeName::Compact => Shape::Compact,
        ShapeName::Pipelined => Shape::Pipelined,
    });
    config.msm.window_bits = window_bits.map_or(config.msm.window_bits, usize::from);
    Rtl::function(&config, &RtlOptions { fast_multipliers, ..RtlOptions::default() })
}
