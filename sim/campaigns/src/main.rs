//! What takes long and is not part of every check: `cargo xtask <campaign>`.
//!
//! ```text
//! circuits ──> soundness                      hdl ──emit──> rtl, formal, bitstream, recipe
//! sim ──> conformance, vm (a kernel's vfio-pci), rtl-proof (a batch proof whose sums come from RTL)
//! ```
//!
//! The task runner starts this program, so that what a contributor needs first (set-up, checks) does not wait for half of the
//! workspace. Every campaign runs from the workspace's root.

mod bitstream;
mod conformance;
mod formal;
mod recipe;
mod rtl;
mod rtl_proof;
mod serve;
mod soundness;
mod soundness_determinism;
mod vm;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Penstock's campaigns")]
struct Arguments {
    #[command(subcommand)]
    campaign: Campaign,
}

#[derive(Subcommand)]
enum Campaign {
    /// Shows that every constraint of the batch circuit and every item of its programs is needed, that programs determine what they
    /// publish, and that circuit and execution accept the same blocks.
    Soundness(soundness::Arguments),
    /// The card's Verilog and its figures.
    Rtl {
        #[command(subcommand)]
        task: rtl::Task,
    },
    /// Builds a board's bitstream: emit, synthesise, place, route, pack; writes its manifest. Where the board's tools are not
    /// open: checks its recipe and writes the card's Verilog for it.
    Bitstream(bitstream::Arguments),
    /// Proves what is claimed of the card's control logic, and that each proof notices a broken unit.
    Formal {
        /// Only this one.
        name: Option<String>,
    },
    /// Runs the whole conformance suite on simulated cards (the RTL: half an hour; the board at its pins: longer).
    Conformance {
        /// Only this one.
        #[arg(long, value_parser = ["model", "rtl", "board"])]
        card: Option<String>,
    },
    /// Makes a batch proof whose every commitment comes from the card's RTL, and compares it with the CPU's.
    RtlProof {
        /// Capacity preset.
        #[arg(long, default_value = "tiny")]
        preset: String,
        /// A board's card, served over a socket, in place of the parameters that simulate soonest.
        #[arg(long)]
        shape: Option<rtl::ShapeName>,
    },
    /// Runs the conformance suite in a virtual machine, whose kernel drives a simulated card with vfio-pci.
    VmTest {
        /// Which card: `model` or `rtl`.
        #[arg(long, default_value = "model", value_parser = ["model", "rtl"])]
        card: String,
        /// Use KVM instead of emulation, where this machine has it.
        #[arg(long)]
        kvm: bool,
    },
}

fn main() -> anyhow::Result<()> {
    match Arguments::parse().campaign {
        Campaign::Soundness(arguments) => soundness::run(&arguments),
        Campaign::Rtl { task } => rtl::run(&task),
        Campaign::Bitstream(arguments) => bitstream::run(&arguments),
        Campaign::Formal { name } => formal::run(name.as_deref()),
        Campaign::Conformance { card } => conformance::run(card.as_deref()),
        Campaign::RtlProof { preset, shape } => rtl_proof::run(&preset, shape.map(Into::into)),
        Campaign::VmTest { card, kvm } => vm::run(&card, kvm),
    }
}
