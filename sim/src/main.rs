//! `penstock-sim`: serves a simulated card to vfio-user clients.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use clap::{Parser, Subcommand, ValueEnum};
use penstock_sim::board::{BoardConfig, SimulatedBoard, ulx3s};
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
        /// Of the RTL: a VCD file to write every signal of every cycle to.
        #[arg(long, value_name = "FILE")]
        trace: Option<PathBuf>,
    },
    /// Simulate the ULX3S board at its pins, behind a pseudo-terminal, until killed: a card at uart:LINK.
    /// A sum takes a minute, longer than clients wait unless `--timeout` says so.
    Board {
        /// Where to put a link to the terminal.
        #[arg(long)]
        link: PathBuf,
        /// Clock cycles of a bit on the line. Fewer are quicker; with nine it is the Verilog of the released bitstream.
        #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u32).range(4..=10_000))]
        bit_cycles: u32,
        /// Width of the MSM windows; the shape's, if not given.
        #[arg(long, value_parser = clap::value_parser!(u8).range(4..=16))]
        window_bits: Option<u8>,
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
    let (card, socket, window_bits, fault, shape, options) = match Cli::parse().command {
        Command::Serve { card, socket, window_bits, fault, shape, fast_multipliers, trace } => {
            let options = RtlOptions { fast_multipliers, trace, ..RtlOptions::default() };
            (card, socket, window_bits, fault, shape, options)
        }
        Command::Board { link, bit_cycles, window_bits } => return board(&link, bit_cycles, window_bits),
    };
    let function = match card {
        Kind::Model if options.trace.is_some() => Err("--trace is for the RTL: the model has no signals".to_owned()),
        Kind::Model => Ok(model(window_bits, fault)),
        Kind::Rtl if !fault.is_empty() => Err("--fault is for the model: the RTL keeps its contract".to_owned()),
        Kind::Rtl => replaceable(options.trace.as_deref())
            .and_then(|()| rtl(window_bits, shape, options).map_err(|error| error.to_string())),
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

/// Refuses to write a trace over anything but another trace.
fn replaceable(trace: Option<&Path>) -> Result<(), String> {
    let Some(trace) = trace.filter(|trace| trace.exists()) else { return Ok(()) };
    let mut first = [0; 8];
    let read = File::open(trace).and_then(|mut file| file.read_exact(&mut first));
    if trace.is_file() && read.is_ok() && &first == b"$version" {
        return Ok(());
    }
    Err(format!("{} is there already and is no trace: choose another --trace", trace.display()))
}

fn board(link: &Path, bit_cycles: u32, window_bits: Option<u8>) -> ExitCode {
    let mut config = BoardConfig { bit_cycles, ..ulx3s::config() };
    config.card.msm.window_bits = window_bits.map_or(config.card.msm.window_bits, usize::from);
    let linked = SimulatedBoard::new(&config).map_err(|error| error.to_string()).and_then(|board| {
        // Only a link that leads to a terminal is one that an earlier run left behind.
        if std::fs::read_link(link).is_ok_and(|target| target.starts_with("/dev/pts")) {
            std::fs::remove_file(link).map_err(|error| format!("cannot replace {}: {error}", link.display()))?;
        }
        std::os::unix::fs::symlink(board.path(), link)
            .map_err(|error| format!("cannot make {}: {error}", link.display()))?;
        Ok(board)
    });
    match linked {
        Ok(_board) => {
            println!("simulating the board at uart:{}", link.display());
            loop {
                std::thread::park();
            }
        }
        Err(error) => {
            eprintln!("penstock-sim: {error}");
            ExitCode::FAILURE
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

fn rtl(window_bits: Option<u8>, shape: ShapeName, options: RtlOptions) -> Result<Function, RtlError> {
    let mut config = CardConfig::of(match shape {
        ShapeName::Compact => Shape::Compact,
        ShapeName::Pipelined => Shape::Pipelined,
    });
    config.msm.window_bits = window_bits.map_or(config.msm.window_bits, usize::from);
    Rtl::function(&config, &options)
}
