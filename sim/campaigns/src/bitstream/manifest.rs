//! The manifest: what a bitstream was made of, by what, and what came out.

use std::collections::BTreeMap;
use std::fmt::{self, Display, Formatter};

use anyhow::{Context, Result};
use penstock_abi::{ABI_MAJOR, ABI_MINOR};
use penstock_hdl::board::ulx3s;
use penstock_hdl::emit::Design;
use penstock_hdl::msm::bench::Engine;
use penstock_hdl::msm::config::MsmConfig;
use penstock_hdl::msm::measure::measure;
use penstock_hdl::msm::scalars::Distribution;
use penstock_hdl::poseidon;
use penstock_hdl::verilator::{Library, Options};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::blocks::Blocks;
use super::place::{Placed, Routed};
use super::tools::Tools;

/// Points and hashes of the simulations behind the projection.
const POINTS: usize = 4096;
const HASHES: usize = 1024;

/// What a path between card and multipliers may take: the strobe gives it two periods of the multipliers' clock, and the
/// card's clock, which nextpnr takes for simultaneous, may be late by half of one.
const CROSSING_NS: f64 = 1.5e6 / ulx3s::RING_CLOCK_KHZ as f64;

/// What placement and routing achieved.
pub(super) struct Timing {
    /// Each clock's constraint and what was achieved, in MHz.
    clocks: BTreeMap<String, [f64; 2]>,
    /// The longest path from one clock to another, in ns.
    crossing: f64,
}

#[derive(Deserialize)]
struct CriticalPath {
    from: String,
    to: String,
    path: Vec<Segment>,
}

#[derive(Deserialize)]
struct Segment {
    delay: f64,
}

impl Timing {
    /// From nextpnr's report.
    pub(super) fn read(report: &Value) -> Result<Self> {
        let clocks = report["fmax"].as_object().context("nextpnr's report names no clock")?;
        let clock = |(name, value): (&String, &Value)| {
            let figure = |key: &str| value[key].as_f64().with_context(|| format!("{name} has no {key} frequency"));
            Ok((name.clone(), [figure("constraint")?, figure("achieved")?]))
        };
        let clocks = clocks.iter().map(clock).collect::<Result<_>>()?;
        let paths: Vec<CriticalPath> =
            Deserialize::deserialize(&report["critical_paths"]).context("nextpnr's critical paths")?;
        let crossing = paths
            .iter()
            .filter(|path| path.from != path.to && [&path.from, &path.to].iter().all(|end| end.contains("edge ")))
            .map(|path| path.path.iter().map(|segment| segment.delay).sum())
            .fold(0.0, f64::max);
        Ok(Self { clocks, crossing })
    }

    /// Achieved over asked for, of the clock or crossing that is worst off.
    pub(super) fn slowest(&self) -> f64 {
        let clocks = self.clocks.values().map(|[constraint, achieved]| achieved / constraint);
        clocks.fold(CROSSING_NS / self.crossing, f64::min)
    }

    fn json(&self) -> Value {
        let clock = |(name, [constraint, achieved]): (&String, &[f64; 2])| {
            (name.clone(), json!({ "constraint_mhz": constraint, "achieved_mhz": achieved }))
        };
        let mut figures: Map<String, Value> = self.clocks.iter().map(clock).collect();
        figures.insert("crossing".to_owned(), json!({ "limit_ns": CROSSING_NS, "longest_ns": self.crossing }));
        Value::Object(figures)
    }
}

impl Display for Timing {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for (name, [asked, reached]) in &self.clocks {
            write!(f, "{name} {reached:.1} of {asked:.1} MHz, ")?;
        }
        write!(f, "between them {:.1} of {CROSSING_NS:.1} ns", self.crossing)
    }
}

/// All that goes into a manifest.
pub(super) struct Manifest<'a> {
    pub(super) board: &'a str,
    pub(super) part: &'a str,
    pub(super) logic: &'a Design,
    pub(super) top: &'a Design,
    pub(super) tools: &'a Tools,
    pub(super) constraints_sha256: String,
    pub(super) block_rams_sha256: String,
    pub(super) bitstream: &'a str,
    pub(super) bitstream_sha256: String,
    pub(super) seed: u32,
    pub(super) best: &'a Routed,
    pub(super) all: &'a [Placed],
    pub(super) blocks: &'a Blocks,
    /// After synthesis, and in all.
    pub(super) seconds: [u64; 2],
    pub(super) projected: bool,
}

impl Manifest<'_> {
    pub(super) fn json(&self) -> Result<Value> {
        let used = |cell: &str| {
            json!({
                "used": self.best.utilisation[cell]["used"],
                "available": self.best.utilisation[cell]["available"],
            })
        };
        let timing = |placed: &Placed| placed.routed.as_ref().map_or(json!("not routed"), |it| it.timing.json());
        let seeds: Map<String, Value> =
            self.all.iter().map(|placed| (placed.seed.to_string(), timing(placed))).collect();
        let mut manifest = json!({
            "board": self.board,
            "part": self.part,
            "abi": format!("{ABI_MAJOR}.{ABI_MINOR}"),
            "rtl": {
                "sha256": self.logic.checksum(),
                "identity_register": hex::encode(self.logic.fingerprint()),
                "top": self.top.top,
                "top_sha256": self.top.checksum(),
            },
            "constraints_sha256": self.constraints_sha256,
            "block_rams_sha256": self.block_rams_sha256,
            "tools": {
                "yosys": self.tools.yosys_version,
                "nextpnr-ecp5": self.tools.nextpnr_version,
                "source": if self.tools.native { "native" } else { "sim/xtask/requirements.txt" },
            },
            "seed": self.seed,
            "timing": self.best.timing.json(),
            "timing_by_seed": seeds,
            "utilisation": {
                "lut": used("TRELLIS_COMB"),
                "ff": used("TRELLIS_FF"),
                "dsp": used("MULT18X18D"),
                "bram": used("DP16KD"),
            },
            "utilisation_by_block": self.blocks.json(),
            "bitstream": { "file": self.bitstream, "sha256": self.bitstream_sha256 },
            "build_seconds": { "synthesis": self.seconds[0], "all": self.seconds[1] },
            "line": { "baud": ulx3s::BAUD, "clock_khz": ulx3s::CLOCK_KHZ, "bit_cycles": ulx3s::config().bit_cycles },
        });
        if self.projected {
            manifest["projected"] = projection()?;
        }
        Ok(manifest)
    }
}

/// Cycles from simulation times the clock that the board runs at.
fn projection() -> Result<Value> {
    let (hz, config) = (f64::from(ulx3s::CLOCK_KHZ) * 1e3, ulx3s::config().card);
    let msm: &MsmConfig = &config.msm;
    // Cycles do not depend on the values of points: an adder that only keeps time gives the same counts, sooner.
    let library = Library::build(&penstock_hdl::msm::top::behavioural_design(msm)?, &Options::default())?;
    let mut engine = Engine::new(&library, msm)?;
    let sums = measure(&mut engine, &Distribution::Uniform.scalars(POINTS, &msm.order))?;
    let options = Options { fast_multipliers: true, trace: false };
    let hashes = poseidon::measure(config.poseidon, HASHES, &options)?;
    Ok(json!({
        "what": "cycles from simulation of the engines times the clock; not measured on a board, and without the line",
        "clock_mhz": hz / 1e6,
        "points": POINTS,
        "msm_cycles": sums.cycles,
        "points_per_second": (POINTS as f64 * hz / sums.cycles as f64).round(),
        "poseidon_cycles_per_hash": hashes.cycles_per_hash,
        "hashes_per_second": (hz / hashes.cycles_per_hash).round(),
    }))
}
