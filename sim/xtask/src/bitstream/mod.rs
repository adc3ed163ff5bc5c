//! `cargo xtask bitstream BOARD`: from rust-hdl to a board, reproducibly.
//!
//! ```text
//! rust-hdl ──emit──> Verilog ──yosys──> netlist ──nextpnr, several seeds──> placed ──best──> ecppack ──> bitstream
//!                       │                                                     │                 │
//!                       └────────────────────────> manifest.json, floor plan <┴─────────────────┘
//! ```
//!
//! The tools are those that `cargo xtask setup` pins; natively installed ones, several times as fast, are taken when asked
//! for. The manifest says which. The same inputs and tools give the same bitstream, so a build that was broken off goes on
//! with the steps that it had finished. A clock that is not met is a failure.

mod blocks;
mod floor_plan;
mod manifest;
mod registers;
mod sites;
mod step;
mod tools;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Context, Result, bail};
use clap::{Args, ValueEnum};
use penstock_hdl::board::ulx3s;
use sha2::{Digest, Sha256};

use crate::{recipe, shell};
use blocks::Blocks;
use manifest::{Manifest, Timing};
use step::Step;
use tools::Tools;

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
    /// Placements tried, numbered from 1; the fastest is kept.
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..=100))]
    seeds: u32,
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

/// A seed's placement.
struct Placed {
    seed: u32,
    timing: Timing,
    utilisation: serde_json::Value,
    seconds: u64,
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
    let constraints = released.join("ulx3s.lpf");
    let pins = fs::read(&constraints).with_context(|| format!("cannot read {}", constraints.display()))?;
    fs::write(work.join("ulx3s.lpf"), &pins)?;
    let constraints_sha256 = sha256(&pins);

    // Names for every cell, which synth_ecp5 works out at its end, take a quarter of the time: the report goes by nets.
    let script = format!(
        "read_verilog ulx3s.v\nsynth_ecp5 -top {} -run begin:check\nclean\nblackbox =A:whitebox\nwrite_json yosys.json\n",
        top.top
    );
    fs::write(work.join("ulx3s.ys"), &script)?;
    let synthesis = Step::new(&work, "yosys", &[&top.checksum(), &tools.yosys_version, &script]);
    let synthesis_seconds = synthesis.run(|| {
        println!("synthesising; yosys' log is in {}", work.join("yosys.log").display());
        shell::run_in(&work, &[&tools.yosys, "-q", "-l", "yosys.log", "ulx3s.ys"])
    })?;
    println!("synthesised in {synthesis_seconds} s");
    let mut netlist = serde_json::from_slice(&fs::read(work.join("yosys.json"))?).context("yosys' netlist")?;
    let packed = registers::pack(&mut netlist, &top.top)?;
    sites::assign(&mut netlist, &top.top)?;
    println!("{packed} multipliers, each with its register and its site");
    let netlist = serde_json::to_vec(&netlist)?;
    fs::write(work.join("ulx3s.json"), &netlist)?;

    let placed = place_all(&tools, &work, &[&sha256(&netlist), &constraints_sha256], arguments)?;
    let best = best(&placed)?;
    if best.timing.slowest() < 1.0 {
        bail!("no seed meets its clocks; the best, {}: {}", best.seed, best.timing);
    }
    let bitstream = "ulx3s-85f.bit";
    let config = format!("{}.config", best.seed);
    shell::run_in(&work, &[&tools.ecppack, "--compress", "--input", &config, "--bit", bitstream])?;
    let bytes = fs::read(work.join(bitstream))?;
    fs::write(released.join(bitstream), &bytes)?;
    // As if nothing had been done before, with the placements one after the other on each core.
    let placing: u64 = placed.iter().map(|placed| placed.seconds).sum::<u64>() / u64::from(arguments.jobs);
    let built = synthesis_seconds + placing;

    let blocks = Blocks::read(&work.join(format!("{}.placed.json", best.seed)), &top.top)?;
    fs::write(released.join("floor-plan.svg"), floor_plan::draw(&blocks))?;
    let manifest = Manifest {
        board: "ulx3s-85f",
        part: "LFE5U-85F-6BG381C",
        logic: &logic,
        top: &top,
        tools: &tools,
        constraints_sha256,
        bitstream,
        bitstream_sha256: sha256(&bytes),
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

/// Places and routes every seed, as many at a time as asked for.
fn place_all(tools: &Tools, work: &Path, inputs: &[&str], arguments: &Arguments) -> Result<Vec<Placed>> {
    let next = AtomicUsize::new(1);
    let worker = || -> Result<Vec<Placed>> {
        let mut placed = Vec::new();
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed) as u32;
            if seed > arguments.seeds {
                return Ok(placed);
            }
            let one = place(tools, work, inputs, seed)?;
            println!("seed {seed}: {} after {} s", one.timing, one.seconds);
            placed.push(one);
        }
    };
    let mut placed = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..arguments.jobs).map(|_| scope.spawn(worker)).collect();
        let done = workers.into_iter().map(|worker| worker.join().unwrap_or_else(|_| bail!("a worker died")));
        done.collect::<Result<Vec<_>>>()
    })?
    .into_iter()
    .flatten()
    .collect::<Vec<_>>();
    placed.sort_by_key(|placed| placed.seed);
    Ok(placed)
}

fn place(tools: &Tools, work: &Path, inputs: &[&str], seed: u32) -> Result<Placed> {
    let file = |kind: &str| format!("{seed}.{kind}");
    let (config, report, netlist, log) = (file("config"), file("report.json"), file("placed.json"), file("log"));
    let clock = (ulx3s::RING_CLOCK_KHZ / 1000).to_string();
    let seed_text = seed.to_string();
    let device = ["--85k", "--package", "CABGA381", "--speed", "6", "--freq", &clock];
    let files = ["--json", "ulx3s.json", "--lpf", "ulx3s.lpf", "--textcfg", &config, "--report", &report];
    // A clock that is missed is judged here, beside the other seeds'.
    let limits = ["--timing-allow-fail"];
    // The other placer takes a third more wire, which the part does not have; the other router takes hours.
    let engines = ["--placer", "static", "--threads", "1", "--router", "router2"];
    let others = ["--write", &netlist, "--seed", &seed_text, "--quiet", "--log", &log];
    let words: Vec<&str> = [&tools.nextpnr[..]]
        .into_iter()
        .chain(device)
        .chain(files)
        .chain(limits)
        .chain(engines)
        .chain(others)
        .collect();
    let step = Step::new(work, &seed_text, &[inputs, &[&*tools.nextpnr_version, &words[1..].join(" ")]].concat());
    let seconds = step.run(|| shell::run_in(work, &words))?;
    let path: PathBuf = work.join(&report);
    let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let report: serde_json::Value = serde_json::from_str(&text).context("nextpnr's report")?;
    Ok(Placed { seed, timing: Timing::read(&report)?, utilisation: report["utilization"].clone(), seconds })
}

fn best(placed: &[Placed]) -> Result<&Placed> {
    // Of equals the first, so that the choice is the same every time.
    let faster =
        |a: &&Placed, b: &&Placed| a.timing.slowest().total_cmp(&b.timing.slowest()).then_with(|| b.seed.cmp(&a.seed));
    placed.iter().max_by(faster).context("no seed was placed")
}
