//! Placement and routing with several seeds, of which the fastest is kept.

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Context, Result, bail};
use indicatif::MultiProgress;
use penstock_hdl::board::ulx3s;
use serde_json::Value;

use super::manifest::Timing;
use super::step::{self, Step};
use super::tools::Tools;
use super::watch::{self, Watched};

/// Rounds of the router after which a placement is given up. It has no limit of its own; what was routed took up to 142.
const ROUNDS: u32 = 200;

/// What became of a seed.
pub(super) struct Placed {
    pub(super) seed: u32,
    pub(super) seconds: u64,
    /// None of a placement that the router could not finish.
    pub(super) routed: Option<Routed>,
}

/// What placement and routing came to.
pub(super) struct Routed {
    pub(super) timing: Timing,
    pub(super) utilisation: Value,
}

/// Places and routes `ulx3s.json` with `ulx3s.lpf`.
pub(super) struct Placer<'a> {
    pub(super) tools: &'a Tools,
    pub(super) work: &'a Path,
    /// Checksums of netlist and constraints.
    pub(super) inputs: [&'a str; 2],
    pub(super) bars: MultiProgress,
}

impl Placer<'_> {
    /// All seeds, so many at a time.
    pub(super) fn all(&self, seeds: &[u32], jobs: u32) -> Result<Vec<Placed>> {
        // The same one twice would write the same files at once.
        let mut seeds = seeds.to_vec();
        seeds.sort_unstable();
        seeds.dedup();
        let next = AtomicUsize::new(0);
        let worker = || -> Result<Vec<Placed>> {
            let waiting = std::iter::from_fn(|| seeds.get(next.fetch_add(1, Ordering::Relaxed)));
            waiting.map(|seed| self.one(*seed)).collect()
        };
        let mut placed = std::thread::scope(|scope| {
            let workers: Vec<_> = (0..jobs).map(|_| scope.spawn(worker)).collect();
            let done = workers.into_iter().map(|worker| worker.join().unwrap_or_else(|_| bail!("a worker died")));
            done.collect::<Result<Vec<_>>>()
        })?
        .into_iter()
        .flatten()
        .collect::<Vec<_>>();
        placed.sort_by_key(|placed| placed.seed);
        Ok(placed)
    }

    /// Placement and routing in one run: nextpnr, when it reads what it has placed, forgets that the router must not swap the
    /// inputs of memories in look-up tables and of carry chains.
    fn one(&self, seed: u32) -> Result<Placed> {
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
        let words = [&[&*self.tools.nextpnr][..], &device, &files, &limits, &engines, &others].concat();
        let options = words[1..].join(" ");
        let rounds = ROUNDS.to_string();
        let inputs = [&self.inputs[..], &[&*self.tools.nextpnr_version, &options, &rounds]].concat();
        let step = Step::new(self.work, &seed_text, &inputs);
        let path = self.work.join(&report);
        let seconds = step.run(|| {
            // nextpnr's last file tells afterwards whether it came to its end.
            step::remove(&path)?;
            let program = Watched { words: &words, log: &log, name: &format!("seed {seed}") };
            watch::run(self.work, &program, &self.bars, is_hopeless)
        })?;
        if !path.exists() {
            self.bars.suspend(|| println!("seed {seed}: not routed in {ROUNDS} rounds, {seconds} s"));
            return Ok(Placed { seed, seconds, routed: None });
        }
        let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let report: Value = serde_json::from_str(&text).context("nextpnr's report")?;
        let timing = Timing::read(&report)?;
        self.bars.suspend(|| println!("seed {seed}: {timing} after {seconds} s"));
        let utilisation = report["utilization"].clone();
        Ok(Placed { seed, seconds, routed: Some(Routed { timing, utilisation }) })
    }
}

/// Whether this line of nextpnr's log is of a round of the router after which it will not finish.
fn is_hopeless(line: &str) -> bool {
    let round = || line.split_once("iter=")?.1.split_once(" wires=")?.0.parse::<u32>().ok();
    round().is_some_and(|round| round > ROUNDS)
}

/// The seed whose clocks have most to spare, and its clocks.
pub(super) fn best(placed: &[Placed]) -> Result<(u32, &Routed)> {
    let routed = placed.iter().filter_map(|placed| Some((placed.seed, placed.routed.as_ref()?)));
    // Of equals the first, so that the choice is the same every time.
    let spare = |routed: &Routed| routed.timing.slowest();
    let faster = |a: &(u32, &Routed), b: &(u32, &Routed)| spare(a.1).total_cmp(&spare(b.1)).then(b.0.cmp(&a.0));
    routed.max_by(faster).context("no seed could be routed; try others with --seeds")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_router_is_given_up_after_its_rounds_and_the_placer_never() {
        let round = |round: u32| format!("Info:     iter={round} wires=1060106 overused=22 overuse=22 archfail=NA");
        assert!(!is_hopeless(&round(ROUNDS)));
        assert!(is_hopeless(&round(ROUNDS + 1)));
        assert!(!is_hopeless("Info: iter=549 steplen=1.083208 a=276.902344 penalty=[31.56, 31.56, 31.56, 31.56]"));
    }
}
