//! `cargo xtask soundness --determinism`: the programs leave a prover no choice.
//!
//! ```text
//! items of a program ──propagation──> what is left ──z3──> determined, or a fault
//! ```
//!
//! Each program is analysed as it is, and then without constraints that it needs: an analysis that did not notice their loss
//! would say nothing.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::fs;
use std::io::Write;
use std::panic::Location;
use std::process::Stdio;
use std::time::Instant;

use anyhow::{Context, Result, bail, ensure};
use penstock_circuits::circuit::soundness::determinism::{
    Claim, MUTATIONS, Mutation, Outcome, Program, Question, programs, settle,
};
use penstock_tools::programs_folder;

use xtask::shell;

/// Seconds for one question. Questions are linear: a hundredth of this is enough.
const TIMEOUT: u32 = 60;

/// What was shown.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Report {
    /// Programs that were analysed.
    pub(crate) programs: usize,
    /// Of these, those that determine what they publish.
    pub(crate) determined: usize,
    /// Values that are claimed to be determined, in all programs.
    pub(crate) values: usize,
    /// Values that z3 showed to be determined, so that the others follow by propagation.
    pub(crate) solved: usize,
    /// Broken programs whose lack was noticed.
    pub(crate) noticed: usize,
}

/// Analyses all programs, says what is found, and then breaks them.
pub(crate) fn run(say: impl Fn(String)) -> Result<Report> {
    let start = Instant::now();
    let mut report = Report::default();
    let programs = programs();
    for program in &programs {
        let sources = program.sources();
        let inputs: Vec<_> = sources.iter().map(|(source, vars)| format!("{} {source:?}", vars.len())).collect();
        say(format!("{:14} inputs by source: {}", program.name, inputs.join(", ")));
        let mut faults = Vec::new();
        for claim in [Claim::Results, Claim::Inputs] {
            let outcome = settle(program, claim, ask)?;
            describe(program, claim, &outcome, &say);
            faults.extend(outcome.faults().iter().map(|fault| format!("{:14} A CHOICE  {fault}", program.name)));
            report.values += outcome.cases.first().map_or(0, |settled| settled.analysis.claimed);
            report.solved += outcome.cases.iter().map(|settled| settled.solved.len()).sum::<usize>();
        }
        report.programs += 1;
        report.determined += usize::from(faults.is_empty());
        faults.into_iter().for_each(&say);
    }
    // What is broken on purpose says something only where nothing was broken before.
    let whole = report.determined == report.programs;
    for mutation in MUTATIONS.iter().filter(|_| whole) {
        notice(mutation, &programs)?;
        say(format!("{:14} noticed without the {} `{}`", mutation.program, mutation.kind, mutation.line));
        report.noticed += 1;
    }
    let Report { programs, determined, values, solved, noticed } = report;
    say(format!(
        "determinism: {determined} of {programs} programs, {values} values, {solved} by z3, {noticed} losses noticed, in {:.1} s",
        start.elapsed().as_secs_f64()
    ));
    Ok(report)
}

fn describe(program: &Program, claim: Claim, outcome: &Outcome, say: &impl Fn(String)) {
    for settled in &outcome.cases {
        let (analysis, case) = (&settled.analysis, settled.case.name);
        let rules: Vec<_> = analysis.rules.iter().map(|(rule, values)| format!("{values} {rule:?}")).collect();
        say(format!(
            "{:14} {claim:?}, {case}: {} of {} determined, {} others are not; by rule: {}",
            program.name,
            analysis.claimed - analysis.undetermined.len(),
            analysis.claimed,
            analysis.undetermined_others,
            rules.join(", "),
        ));
        for value in &settled.solved {
            say(format!("{:14}   by z3: value {} of the {} at {}", "", value.var.index(), value.kind, value.site));
        }
    }
}

/// Expects the loss that the mutation names, of a program that has lost nothing.
fn notice(mutation: &Mutation, programs: &[Program]) -> Result<()> {
    let program = programs.iter().find(|program| program.name == mutation.program);
    let program = program.with_context(|| format!("no program is called {}", mutation.program))?;
    let sources = sources(program)?;
    let text = |site: &Location<'_>| sources.get(&(site.file(), site.line())).cloned().unwrap_or_default();
    let broken = mutation.apply(program, text)?;
    let lost = settle(&broken, Claim::Results, ask)?.undetermined();
    let (kind, line) = mutation.loses;
    if !lost.iter().any(|value| value.kind == kind && text(value.site).contains(line)) {
        bail!("{mutation:?}: the analysis still finds the {kind} `{line}` determined");
    }
    if mutation.by_solver {
        let Ok(alone) = settle(program, Claim::Results, |_| Ok::<_, Infallible>(false));
        ensure!(!alone.undetermined().is_empty(), "{mutation:?}: no solver is needed for this program");
    }
    Ok(())
}

/// The lines on which a program states its constraints, by file and number.
fn sources(program: &Program) -> Result<BTreeMap<(&'static str, u32), String>> {
    let mut files: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    let mut lines = BTreeMap::new();
    for site in program.items.iter().map(|item| item.site) {
        if !files.contains_key(site.file()) {
            let path = shell::root().join(site.file());
            let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
            files.insert(site.file(), text.lines().map(str::to_owned).collect());
        }
        let line = files[site.file()].get(site.line() as usize - 1).cloned().unwrap_or_default();
        lines.insert((site.file(), site.line()), line);
    }
    Ok(lines)
}

/// Whether z3 finds that the value cannot differ.
fn ask(question: &Question) -> Result<bool> {
    let program = programs_folder().join("z3");
    let program = program.to_string_lossy();
    let timeout = format!("-T:{TIMEOUT}");
    let mut command = shell::command("", &[&*program, &timeout, "-in"]);
    let started = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
    let mut solver = started.with_context(|| format!("{program} does not run; run `cargo xtask setup` first"))?;
    if let Some(mut input) = solver.stdin.take() {
        input.write_all(question.smt.as_bytes()).context("z3 stopped reading")?;
    }
    let output = solver.wait_with_output().context("z3 was interrupted")?;
    let said = String::from_utf8_lossy(&output.stdout);
    match said.trim() {
        "unsat" => Ok(true),
        "sat" | "unknown" | "timeout" => Ok(false),
        other => bail!("z3 did not understand a question: {other}"),
    }
}
