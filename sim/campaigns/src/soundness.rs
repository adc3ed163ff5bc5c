//! `cargo xtask soundness`: is every constraint of the batch circuit needed, would a negative test notice its loss, do programs
//! determine what they publish, and do circuit and execution accept the same?
//!
//! ```text
//! classes      gates, kinds of tuples, copies: an attack that only this class stops, confirmed by halo2
//! items        every item of every program: a witness that only this item refuses
//! determinism  every program: what it publishes follows from what it is given
//! fuzz         random blocks, put to execution and circuit
//! ```

use std::collections::BTreeMap;
use std::time::Instant;

use anyhow::{Context, Result, bail, ensure};
use penstock_circuits::circuit::soundness::fuzz::{FuzzReport, fuzz};
use penstock_circuits::circuit::soundness::items::{Judged, Verdict, campaign as item_campaign, figure};
use penstock_circuits::circuit::soundness::scenario::Program;
use penstock_circuits::circuit::soundness::{Subject, campaign, confirm};
use penstock_circuits::json;
use penstock_circuits::operation::{Block, Kind};
use penstock_circuits::state::{Genesis, State};
use penstock_circuits::trace::BlockTrace;
use serde::Serialize;

use crate::soundness_determinism;

const EXAMPLES: &str = "host/examples";
/// Random blocks where no number is asked for, and in the short form.
const FUZZ_BLOCKS: usize = 2_000;
const SHORT_FUZZ_BLOCKS: usize = 200;

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Classes on a block of one transfer, without halo2; items of Transfer alone; few random blocks.
    #[arg(long)]
    short: bool,
    /// Only the items of every program.
    #[arg(long, conflicts_with = "short")]
    items: bool,
    /// Only the determinism of every program.
    #[arg(long)]
    determinism: bool,
    /// Only so many random blocks, put to execution and circuit.
    #[arg(long, value_name = "BLOCKS")]
    fuzz: Option<usize>,
    /// Where the random blocks start.
    #[arg(long, default_value_t = 1, value_name = "NUMBER")]
    seed: u64,
    /// Prints one JSON object instead.
    #[arg(long)]
    json: bool,
}

/// What was seen; what was not looked at is absent.
#[derive(Default, Serialize)]
struct Report {
    #[serde(skip_serializing_if = "Option::is_none")]
    classes: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    classes_killed: Option<usize>,
    #[serde(flatten)]
    items: Option<Items>,
    #[serde(skip_serializing_if = "Option::is_none")]
    programs: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    programs_determined: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fuzz_blocks: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fuzz_accepted: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fuzz_differences: Option<usize>,
}

/// Items of programs and copies of their values.
#[derive(Default, Serialize)]
struct Items {
    items: usize,
    killed: usize,
    shadowed: usize,
    survivors: usize,
    by_kind: BTreeMap<&'static str, Figures>,
}

#[derive(Default, Serialize)]
struct Figures {
    items: usize,
    killed: usize,
    shadowed: usize,
}

pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let say = Say { json: arguments.json };
    let chosen = arguments.items || arguments.determinism || arguments.fuzz.is_some();
    let mut report = Report::default();
    if !chosen {
        classes(arguments.short, &say, &mut report)?;
    }
    if !chosen || arguments.items {
        let programs: Vec<Program> = match arguments.short {
            true => vec![Program::Operation(Kind::Transfer)],
            false => Program::all().collect(),
        };
        report.items = Some(items(&programs, &say));
    }
    if !chosen || arguments.determinism {
        let determinism = soundness_determinism::run(|line| say.line(line))?;
        report.programs = Some(determinism.programs);
        report.programs_determined = Some(determinism.determined);
    }
    let blocks = match (arguments.fuzz, arguments.short) {
        (Some(blocks), _) => Some(blocks),
        (None, _) if chosen => None,
        (None, short) => Some(if short { SHORT_FUZZ_BLOCKS } else { FUZZ_BLOCKS }),
    };
    if let Some(blocks) = blocks {
        let found = random_blocks(arguments.seed, blocks, &say)?;
        (report.fuzz_blocks, report.fuzz_accepted) = (Some(found.blocks), Some(found.accepted));
        report.fuzz_differences = Some(found.differences.len());
    }
    if arguments.json {
        println!("{}", serde_json::to_string(&report)?);
    }
    report.judge()
}

impl Report {
    fn judge(&self) -> Result<()> {
        if let (Some(classes), Some(killed)) = (self.classes, self.classes_killed) {
            ensure!(killed == classes, "{} classes of constraints are not shown to be needed", classes - killed);
        }
        if let Some(items) = &self.items {
            ensure!(items.survivors == 0, "{} items of programs are not shown to be needed", items.survivors);
        }
        if let (Some(programs), Some(determined)) = (self.programs, self.programs_determined) {
            ensure!(programs == determined, "{} programs do not determine what they publish", programs - determined);
        }
        if let Some(differences @ 1..) = self.fuzz_differences {
            bail!("circuit and execution differ on {differences} blocks");
        }
        Ok(())
    }
}

/// Lines for people, where no object is asked for.
struct Say {
    json: bool,
}

impl Say {
    fn line(&self, line: impl std::fmt::Display) {
        if self.json { eprintln!("{line}") } else { println!("{line}") }
    }
}

/// `short`: attacks on a block of one transfer, confirmed by our own evaluation of all rows. Otherwise on a block of all
/// kinds, and confirmed by halo2: accepted by the circuit without the attacked gate.
fn classes(short: bool, say: &Say, report: &mut Report) -> Result<()> {
    let start = Instant::now();
    let (capacities, block) = if short {
        (Subject::transfer_capacities(), "transfer.json")
    } else {
        (Subject::all_kinds_capacities(), "block.json")
    };
    let subject = Subject::new(capacities, &execute(block)?)?;
    let found = campaign(&subject);
    let mut killed = 0;
    for (class, attack) in &found.classes {
        let Some(attack) = attack else {
            say.line(format_args!("SURVIVES  {class}"));
            continue;
        };
        let confirmed = confirm(&subject, class, attack, !short);
        killed += usize::from(confirmed);
        let verdict = if confirmed { "killed   " } else { "REFUTED  " };
        say.line(format_args!("{verdict} {class}: {}", attack.name));
    }
    let classes = found.classes.len();
    say.line(format_args!("classes: killed {killed}/{classes} in {:.1} s", start.elapsed().as_secs_f64()));
    (report.classes, report.classes_killed) = (Some(classes), Some(killed));
    Ok(())
}

/// Every item of these programs.
fn items(programs: &[Program], say: &Say) -> Items {
    let mut all = Items::default();
    for program in programs {
        let start = Instant::now();
        let judged = item_campaign(*program, |_, _| true);
        let killed = judged.iter().filter(|it| matches!(it.verdict, Verdict::Killed { .. })).count();
        let seconds = start.elapsed().as_secs_f64();
        say.line(format_args!("{}: killed {killed} of {} items in {seconds:.1} s", program.name(), judged.len()));
        for it in &judged {
            tell(it, say);
            all.add(it);
        }
    }
    for (kind, figures) in &all.by_kind {
        let Figures { items, killed, shadowed } = figures;
        say.line(format_args!("{kind}: {items}, killed {killed}, shadowed {shadowed}"));
    }
    say.line(format_args!(
        "items: {}, killed {}, shadowed {}, survivors {}",
        all.items, all.killed, all.shadowed, all.survivors
    ));
    all
}

fn tell(judged: &Judged, say: &Say) {
    let place = judged.name();
    match &judged.verdict {
        Verdict::Killed { scenario, lies, .. } => {
            let lies: Vec<String> =
                lies.iter().map(|(var, by)| format!("value {} + {}", var.index(), figure(*by))).collect();
            say.line(format_args!("  killed    {place}: {scenario} {}", lies.join(", ")));
        }
        Verdict::Shadowed(others) => say.line(format_args!("  shadowed  {place} by {}", others.join("; "))),
        Verdict::Survivor => say.line(format_args!("  SURVIVES  {place}")),
    }
}

impl Items {
    /// Adds an item, and the copies of the values that its cells hold.
    fn add(&mut self, judged: &Judged) {
        self.count(judged.kind, 1, &judged.verdict);
        if judged.copies > 0 {
            let verdict = match &judged.verdict {
                Verdict::Killed { copies: false, .. } => &Verdict::Survivor,
                verdict => verdict,
            };
            self.count("copies of an item", 1, verdict);
        }
    }

    fn count(&mut self, kind: &'static str, items: usize, verdict: &Verdict) {
        let figures = self.by_kind.entry(kind).or_default();
        self.items += items;
        figures.items += items;
        match verdict {
            Verdict::Killed { .. } => {
                self.killed += items;
                figures.killed += items;
            }
            Verdict::Shadowed(_) => {
                self.shadowed += items;
                figures.shadowed += items;
            }
            Verdict::Survivor => self.survivors += items,
        }
    }
}

fn random_blocks(seed: u64, blocks: usize, say: &Say) -> Result<FuzzReport> {
    let start = Instant::now();
    let folder = tempfile::tempdir()?;
    let found = fuzz(folder.path(), seed, blocks)?;
    for difference in &found.differences {
        say.line(format_args!("DIFFERENT  {difference}"));
    }
    let (accepted, differences) = (found.accepted, found.differences.len());
    let seconds = start.elapsed().as_secs_f64();
    say.line(format_args!("operations of accepted blocks: {:?}", found.operations));
    say.line(format_args!(
        "random blocks: {}, accepted by both {accepted}, differences {differences}, in {seconds:.1} s",
        found.blocks
    ));
    Ok(found)
}

/// Runs a sample block on the sample genesis.
pub(crate) fn execute(block: &str) -> Result<BlockTrace> {
    let read = |name: &str| {
        let path = format!("{EXAMPLES}/{name}");
        std::fs::read_to_string(&path).with_context(|| format!("cannot read {path}: run this in the workspace's root"))
    };
    let genesis: Genesis = json::from_str(&read("genesis.json")?)?;
    let folder = tempfile::tempdir()?;
    let state = State::init(folder.path(), &genesis)?;
    Ok(state.execute(&Block::from_json(&read(block)?)?)?.0)
}
