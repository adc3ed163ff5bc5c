//! Penstock's task runner: `cargo xtask <task>`.
//!
//! What a contributor or the CI runs beyond `cargo build` lives here, in Rust, so that it works alike everywhere and
//! needs nothing installed but Rust. Every task runs from the workspace's root.

mod bitstream;
mod ci;
mod conformance;
mod contracts;
mod formal;
mod interrupt;
mod licences;
mod recipe;
mod rtl;
mod rtl_proof;
mod serve;
mod setup;
mod shell;
mod soundness;
mod soundness_determinism;
mod vm;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Penstock's set-up, checks and campaigns")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Installs what tests and campaigns need beyond Rust.
    Setup,
    /// Runs formatter, lints, licence check and tests: what has to pass before a merge.
    Ci,
    /// Checks the licence and the source of every dependency against deny.toml.
    Licences,
    /// Compiles the verifier contract again with the pinned compiler (needs node and npm).
    Contracts {
        /// Compare with the committed artefact instead of replacing it.
        #[arg(long)]
        check: bool,
    },
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
    /// Kills every first step (state, setup, keys, cosets) at a random moment, many times, and runs it again: it succeeds, what it made is
    /// whole, and nothing else stays.
    Interrupt(interrupt::Arguments),
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
    match Arguments::parse().task {
        Task::Setup => setup::run(),
        Task::Ci => ci::run(),
        Task::Licences => licences::run(),
        Task::Contracts { check } => contracts::run(check),
        Task::Soundness(arguments) => soundness::run(&arguments),
        Task::Rtl { task } => rtl::run(&task),
        Task::Bitstream(arguments) => bitstream::run(&arguments),
        Task::Formal { name } => formal::run(name.as_deref()),
        Task::Conformance { card } => conformance::run(card.as_deref()),
        Task::Interrupt(arguments) => interrupt::run(&arguments),
        Task::RtlProof { preset, shape } => rtl_proof::run(&preset, shape.map(Into::into)),
        Task::VmTest { card, kvm } => vm::run(&card, kvm),
    }
}
