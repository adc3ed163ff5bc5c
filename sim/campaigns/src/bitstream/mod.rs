//! `cargo xtask bitstream BOARD`: from rust-hdl to a board, reproducibly.
//!
//! ```text
//! rust-hdl ──emit──> Verilog ──yosys──> netlist ──nextpnr, several seeds──> placed ──best──> ecppack ──> bitstream
//!                       │                                                     │                 │
//!                       └────────────────────────> manifest.json, floor plan <┴─────────────────┘
//! ```
//!
//! The tools are those that `cargo xtask setup` pins; natively installed ones are taken when asked for. The manifest says
//! which. The same inputs and tools give the same bitstream, so a build that was broken off goes on with the steps that it
//! had finished. A clock that is not met is a failure.

mod addresses;
mod blocks;
mod floor_plan;
mod manifest;
mod memories;
mod netlist;
mod operands;
mod place;
mod registers;
mod sites;
mod step;
mod tools;
mod watch;

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use clap::{Args, ValueEnum};
use indicatif::MultiProgress;
use penstock_hdl::board::ulx3s;
use sha2::{Digest, Sha256};

use crate::recipe;
use blocks::Blocks;
use manifest::Manifest;
use memories::Table;
use place::Placer;
use step::Step;
use tools::Tools;
use watch::Watched;
use xtask::shell;

/// Where a board's folder says which sites its block RAMs have.
const BLOCK_RAMS: &str = "block-rams.txt";

/// The boards.
#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum Board {
    /// Radiona ULX3S with an ECP5-85F.
    #[value(name = "ulx3s-85f")]
    Ulx3s,
    /// AMD Alveo U55C: its recipe is checked, not built; no option matters.
    #[value(name = "alveo-u55c")]
    AlveoU55c,
}

#[derive(Args)]
pub(crate) struct Arguments {
    /// Which board.
    #[arg(value_enum)]
    board: Board,
    /// Seeds to place with, of which the fastest is kept; without it the released bitstream's.
    #[arg(long, value_delimiter = ',', default_values_t = [2])]
    seeds: Vec<u32>,
    /// Placements at a time; each takes about 2 GB.
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u32).range(1..=64))]
    jobs: u32,
    /// Take yosys, nextpnr-ecp5 and ecppack from PATH.
    #[arg(long)]
    native: bool,
    /// Leave out the simulation that projects points and hashes a second.
    #[arg(long)]
    no_projection: bool,
}

pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    match arguments.board {
        Board::Ulx3s => build(arguments),
        Board::AlveoU55c => recipe::check(),
    }
}

/// The ULX3S's bitstream, its manifest and its floor plan.
fn build(arguments: &Arguments) -> Result<()> {
    let tools = Tools::find(arguments.native)?;
    let released = shell::root().join("bitstreams/ulx3s-85f");
    let work = shell::target_folder()?.join("bitstream/ulx3s-85f");
    fs::create_dir_all(&work).with_context(|| format!("cannot make {}", work.display()))?;
    let logic = ulx3s::config().design()?;
    let top = ulx3s::design(&logic);
    fs::write(work.join("ulx3s.v"), &top.verilog)?;
    let read = |path: &Path| fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()));
    let pins = read(&released.join("ulx3s.lpf"))?;
    fs::write(work.join("ulx3s.lpf"), &pins)?;
    let constraints_sha256 = sha256(pins.as_bytes());
    let table_path = released.join(BLOCK_RAMS);
    let block_rams = read(&table_path)?;
    let table = Table::parse(&block_rams).with_context(|| table_path.display().to_string())?;

    let script = netlist::script(&top.top, "ulx3s.v", "yosys.json");
    fs::write(work.join("ulx3s.ys"), &script)?;
    let bars = MultiProgress::new();
    let synthesis = Step::new(&work, "yosys", &[&top.checksum(), &tools.yosys_version, &script]);
    let synthesis_seconds = synthesis.run(|| {
        let words = [&*tools.yosys, "-q", "-l", "yosys.log", "ulx3s.ys"];
        watch::run(&work, &Watched { words: &words, log: "yosys.log", name: "synthesis" }, &bars, |_| false)
    })?;
    println!("synthesised in {synthesis_seconds} s");
    let mut netlist = serde_json::from_slice(&fs::read(work.join("yosys.json"))?).context("yosys' netlist")?;
    println!("{}", netlist::improve(&mut netlist, &top.top)?);
    sites::assign(&mut netlist, &top.top)?;
    table.assign(&mut netlist, &top.top)?;
    let netlist = serde_json::to_vec(&netlist)?;
    fs::write(work.join("ulx3s.json"), &netlist)?;

    let placed = Placer { tools: &tools, work: &work, inputs: [&sha256(&netlist), &constraints_sha256], bars }
        .all(&arguments.seeds, arguments.jobs)?;
    let (seed, best) = place::best(&placed)?;
    if best.timing.slowest() < 1.0 {
        bail!("no seed meets its clocks; the best, {seed}: {}", best.timing);
    }
    let bitstream = "ulx3s-85f.bit";
    let config = format!("{seed}.config");
    shell::run_in(&work, &[&tools.ecppack, "--compress", "--input", &config, "--bit", bitstream])?;
    let bytes = fs::read(work.join(bitstream))?;
    fs::write(released.join(bitstream), &bytes)?;
    // As if nothing had been done before, with the placements one after the other on each core.
    let at_once = u64::from(arguments.jobs).min(placed.len() as u64);
    let placing = placed.iter().map(|placed| placed.seconds).sum::<u64>() / at_once;
    let built = synthesis_seconds + placing;

    let blocks = Blocks::read(&work.join(format!("{seed}.placed.json")), &top.top)?;
    fs::write(released.join("floor-plan.svg"), floor_plan::draw(&blocks))?;
    let manifest = Manifest {
        board: "ulx3s-85f",
        part: "LFE5U-85F-6BG381C",
        logic: &logic,
        top: &top,
        tools: &tools,
        constraints_sha256,
        block_rams_sha256: sha256(block_rams.as_bytes()),
        bitstream,
        bitstream_sha256: sha256(&bytes),
        seed,
        best,
        all: &placed,
        blocks: &blocks,
        seconds: [synthesis_seconds, built],
        projected: !arguments.no_projection,
    };
    let text = serde_json::to_string_pretty(&manifest.json()?)? + "\n";
    fs::write(released.join("manifest.json"), &text)?;
    println!("{text}\nbuilt in {built} s: {}", released.join(bitstream).display());
    Ok(())
}

fn sha256(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[test]
    fn the_released_bitstream_is_of_this_verilog_and_these_constraints() {
        let released = shell::root().join("bitstreams/ulx3s-85f");
        let file = |name: &str| fs::read(released.join(name)).unwrap();
        let manifest: Value = serde_json::from_slice(&file("manifest.json")).unwrap();
        let logic = ulx3s::config().design().unwrap();
        assert_eq!(manifest["rtl"]["sha256"], logic.checksum());
        assert_eq!(manifest["rtl"]["top_sha256"], ulx3s::design(&logic).checksum());
        assert_eq!(manifest["constraints_sha256"], sha256(&file("ulx3s.lpf")));
        assert_eq!(manifest["block_rams_sha256"], sha256(&file(BLOCK_RAMS)));
        assert_eq!(manifest["bitstream"]["sha256"], sha256(&file(manifest["bitstream"]["file"].as_str().unwrap())));
    }
}
