//! First steps that are killed at a random moment and then taken again.
//!
//! ```text
//! undisturbed: a folder, the step run to its end ──> its duration, the files it makes, what a check says of them
//! a kill:      a fresh folder ──> the step ──random delay──> SIGKILL ──> nothing but whole files, if any
//!                                 the step again ──> succeeds ──> the same check, the same files and no others
//! ```
//! The short form is a test like any other. `cargo xtask interrupt` runs the long one, and says with [`KILLS`], [`SEED`] and [`ONLY`]
//! how often, where the random delays start and with which step.

use crate::people::example;
use crate::run::{Ran, penstock, ran, text};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

const KILLS: &str = "PENSTOCK_INTERRUPT_KILLS";
const SEED: &str = "PENSTOCK_INTERRUPT_SEED";
const ONLY: &str = "PENSTOCK_INTERRUPT_STEP";
/// Kills of all steps together where no number is asked for, and in the short form.
const MANY: usize = 1_000;
const FEW: usize = 30;
const SIGKILL: i32 = 9;
/// Delays reach a little beyond the end of the step, so that its last moments are met too.
const BEYOND: f64 = 1.1;
/// What differs from setup to setup and from run to run in what commands say.
const VOLATILE: [&str; 5] = ["seconds", "digest", "circuit", "setup", "keys"];
/// Files that are the same each time a repeatable step makes them; a record and a lock's file name times and processes.
const REPEATABLE: [&str; 3] = ["srs", "keys", "cosets"];

/// Something that users run first, in a folder of its own. Commands are split at spaces and run in that folder.
struct Step {
    name: &'static str,
    /// Kills of a thousand: few where each takes seconds.
    share: usize,
    /// Puts into the folder what has to be there.
    given: fn(&Path),
    command: &'static str,
    /// Shows that what the command made is whole.
    check: &'static str,
    /// Part of what the check says as long as nothing is made, if the check leaves everything as it is.
    absent: Option<&'static str>,
    /// Part of what the command says if everything is made, where that is a refusal.
    taken: Option<&'static str>,
    /// Whether it makes the same files each time.
    repeatable: bool,
}

const STEPS: [Step; 7] = [
    Step {
        name: "state init",
        share: 480,
        given: |_| (),
        command: "state init --state state --json",
        check: "state show --state state --json",
        absent: Some("holds no state"),
        taken: Some("already holds a state"),
        repeatable: false,
    },
    Step {
        name: "srs dev --out",
        share: 170,
        given: |_| (),
        command: "srs dev --k 8 --seed 0x0707070707070707070707070707070707070707070707070707070707070707 --out made.srs --json",
        check: "srs info made.srs --check --json",
        absent: Some("No such file"),
        taken: None,
        repeatable: true,
    },
    Step {
        name: "srs dev",
        share: 160,
        given: |_| (),
        command: "srs dev --k 8 --json",
        check: "srs info data/setups/insecure-k8.srs --check --json",
        absent: Some("No such file"),
        taken: None,
        repeatable: false,
    },
    Step {
        name: "srs import",
        share: 140,
        given: |folder| {
            fs::copy(example("../prover/tests/ptau/ceremony.ptau"), folder.join("ceremony.ptau")).unwrap();
        },
        command: "srs import ceremony.ptau --k 6 --out imported.srs --json",
        check: "srs info imported.srs --check --json",
        absent: Some("No such file"),
        taken: None,
        repeatable: true,
    },
    Step {
        name: "keys build",
        share: 10,
        given: |_| (),
        command: "keys build --preset tiny --json",
        check: "keys build --preset tiny --json",
        absent: None,
        taken: None,
        repeatable: false,
    },
    Step {
        name: "keys build, with a setup",
        share: 25,
        given: |folder| {
            succeed(folder, "srs dev --k 14 --json");
        },
        command: "keys build --preset tiny --json",
        check: "keys build --preset tiny --json",
        absent: None,
        taken: None,
        repeatable: true,
    },
    Step {
        name: "demo, with keys",
        share: 15,
        given: |folder| {
            succeed(folder, "keys build --preset tiny --json");
        },
        command: "demo --json",
        check: "verify data/proofs/demo-tiny.json --json",
        absent: None,
        taken: None,
        repeatable: true,
    },
];

/// The files in a folder by their path, with a hash where they are to be the same each time.
type Files = BTreeMap<String, Option<[u8; 32]>>;

/// What a step does when nobody disturbs it.
struct Undisturbed<'a> {
    step: &'a Step,
    given: tempfile::TempDir,
    given_files: Files,
    files: Files,
    checked: Value,
    took: Duration,
}

/// How the kills of a step went.
#[derive(Default)]
struct Outcome {
    /// Those that met the step before its end.
    in_mid_step: usize,
    /// Those of them after which there were files.
    with_files: usize,
    faults: Vec<String>,
}

#[test]
fn a_state_or_a_setup_whose_making_was_killed_at_any_moment_is_made_by_the_next_run() {
    // Keys take seconds.
    let quick: Vec<&Step> = STEPS.iter().filter(|step| !step.name.contains("keys")).collect();
    let faults: Vec<String> = campaign(&quick, FEW, 1).into_iter().flat_map(|(_, _, outcome)| outcome.faults).collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
#[ignore = "takes half an hour: cargo xtask interrupt"]
fn every_first_step_that_was_killed_at_any_moment_is_taken_up_by_the_next_run() {
    let number = |name| std::env::var(name).ok().map(|number| number.parse().unwrap());
    let (kills, seed) = (number(KILLS).map_or(MANY, |kills: u64| kills as usize), number(SEED).unwrap_or(1));
    let only = std::env::var(ONLY).ok();
    let steps: Vec<&Step> = STEPS.iter().filter(|step| only.as_ref().is_none_or(|only| step.name == only)).collect();
    assert!(!steps.is_empty(), "no step is called {only:?}");
    let outcomes = campaign(&steps, kills, seed);
    println!("{:<28}{:>8}{:>14}{:>14}{:>10}", "step", "kills", "in mid-step", "left files", "failures");
    for (name, kills, outcome) in &outcomes {
        let Outcome { in_mid_step, with_files, faults } = outcome;
        println!("{name:<28}{kills:>8}{in_mid_step:>14}{with_files:>14}{:>10}", faults.len());
    }
    let faults: Vec<&String> = outcomes.iter().flat_map(|(_, _, outcome)| &outcome.faults).collect();
    faults.iter().for_each(|fault| println!("{fault}"));
    assert!(faults.is_empty(), "{} of {kills} kills were not taken up (seed {seed})", faults.len());
    let missed = outcomes.iter().find(|(_, kills, outcome)| *kills > 0 && outcome.in_mid_step == 0);
    assert!(missed.is_none(), "no kill met {:?} before its end", missed.map(|(name, ..)| name));
}

/// Kills every step, each by its share, so many times in all.
fn campaign(steps: &[&Step], kills: usize, seed: u64) -> Vec<(&'static str, usize, Outcome)> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let whole: usize = steps.iter().map(|step| step.share).sum();
    let run = |step: &&Step| {
        let kills = (kills * step.share).div_ceil(whole);
        let start = Instant::now();
        let mut undisturbed = Undisturbed::of(step);
        let mut outcome = Outcome::default();
        for _ in 0..kills {
            let delay = undisturbed.took.mul_f64(random.gen_range(0.0..BEYOND));
            undisturbed.kill_after(delay, &mut outcome);
        }
        eprintln!("{}: {kills} kills in {:.0} s", step.name, start.elapsed().as_secs_f64());
        (step.name, kills, outcome)
    };
    steps.iter().map(run).collect()
}

impl<'a> Undisturbed<'a> {
    fn of(step: &'a Step) -> Self {
        let given = tempfile::tempdir().unwrap();
        (step.given)(given.path());
        let given_files = files(given.path(), step.repeatable);
        let folder = tempfile::tempdir().unwrap();
        copy(given.path(), folder.path());
        let start = Instant::now();
        succeed(folder.path(), step.command);
        let took = start.elapsed();
        let checked = succeed(folder.path(), step.check);
        let files = files(folder.path(), step.repeatable);
        Self { step, given, given_files, files, checked, took }
    }

    /// Kills the step in a fresh folder and runs it again; keeps the folder if anything is amiss.
    fn kill_after(&mut self, delay: Duration, outcome: &mut Outcome) {
        let folder = tempfile::tempdir().unwrap();
        copy(self.given.path(), folder.path());
        let mut child = command(folder.path(), self.step.command);
        let mut child = child.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        sleep(delay);
        child.kill().unwrap();
        let in_mid_step = child.wait().unwrap().signal() == Some(SIGKILL);
        let left = files(folder.path(), self.step.repeatable);
        let with_files = left != self.given_files;
        outcome.in_mid_step += usize::from(in_mid_step);
        outcome.with_files += usize::from(in_mid_step && with_files);
        match self.left_whole(folder.path(), &left).and_then(|made| self.again(folder.path(), made)) {
            // It had all to do: a busy machine takes longer at one time than at another.
            Ok(took) if !with_files => self.took = took,
            Ok(_) => {}
            Err(fault) => {
                let (name, kept) = (self.step.name, folder.keep());
                outcome.faults.push(format!("{name}, killed after {delay:?}: {fault}; see {}", kept.display()));
            }
        }
    }

    /// Whether the killed run had made everything, of which there may only be whole files.
    fn left_whole(&self, folder: &Path, left: &Files) -> Result<bool, String> {
        if let Some(file) = left.iter().find(|(name, hash)| self.files.get(*name) != Some(hash)) {
            return Err(format!("the killed run left {} or half of it", file.0));
        }
        let Some(absent) = self.step.absent else { return Ok(false) };
        match run(folder, self.step.check) {
            ran if ran.code == 0 => self.agrees(&lasting(ran.json())).map(|()| true),
            ran if ran.code != 101 && ran.stderr.contains(absent) => Ok(false),
            ran => Err(format!("the check of what the killed run left: {ran:?}")),
        }
    }

    /// How long the second run took, which may be refused if everything was made.
    fn again(&self, folder: &Path, made: bool) -> Result<Duration, String> {
        let start = Instant::now();
        let again = run(folder, self.step.command);
        let took = start.elapsed();
        let refused = self.step.taken.is_some_and(|taken| made && again.code == 3 && again.stderr.contains(taken));
        let rebuilt = again.code == 0 && (again.json()["outcome"] == "rebuilt" || again.stderr.contains("anew"));
        if rebuilt || (again.code != 0 && !refused) {
            return Err(format!("the second run: {again:?}"));
        }
        let check = run(folder, self.step.check);
        if check.code != 0 {
            return Err(format!("the check after the second run: {check:?}"));
        }
        self.agrees(&lasting(check.json()))?;
        let found = files(folder, self.step.repeatable);
        if found != self.files {
            return Err(format!("the files are {found:?} instead of {:?}", self.files));
        }
        Ok(took)
    }

    fn agrees(&self, checked: &Value) -> Result<(), String> {
        match *checked == self.checked {
            true => Ok(()),
            false => Err(format!("the check says {checked} instead of {}", self.checked)),
        }
    }
}

fn command(folder: &Path, words: &str) -> Command {
    let mut command = penstock(words.split(' '));
    command.current_dir(folder).env("PENSTOCK_DATA", "data").env_remove("PENSTOCK_LOG_LEVEL");
    command
}

fn run(folder: &Path, words: &str) -> Ran {
    ran(command(folder, words).output().unwrap())
}

fn succeed(folder: &Path, words: &str) -> Value {
    lasting(run(folder, words).success())
}

/// What a command says, without what differs from run to run.
fn lasting(mut told: Value) -> Value {
    if let Some(told) = told.as_object_mut() {
        told.retain(|key, _| !VOLATILE.contains(&key.as_str()));
    }
    told
}

fn files(folder: &Path, repeatable: bool) -> Files {
    let file = |path: &Path| {
        let name = text(path.strip_prefix(folder).unwrap()).split_inclusive(['-', '.']).map(masked).collect();
        let same = repeatable && REPEATABLE.iter().any(|extension| path.extension() == Some(extension.as_ref()));
        (name, same.then(|| Sha256::digest(fs::read(path).unwrap()).into()))
    };
    walk(folder).iter().map(|path| file(path)).collect()
}

/// A part of a name, unless it is the digest of something.
fn masked(part: &str) -> &str {
    let digits = part.trim_end_matches(['-', '.']);
    if digits.len() == 16 && hex::decode(digits).is_ok() { "DIGEST." } else { part }
}

fn walk(folder: &Path) -> Vec<PathBuf> {
    let inside = |entry: fs::DirEntry| match entry.file_type().unwrap().is_dir() {
        true => walk(&entry.path()),
        false => vec![entry.path()],
    };
    fs::read_dir(folder).unwrap().flat_map(|entry| inside(entry.unwrap())).collect()
}

/// Copies all files below a folder.
fn copy(from: &Path, to: &Path) {
    for path in walk(from) {
        let copy = to.join(path.strip_prefix(from).unwrap());
        fs::create_dir_all(copy.parent().unwrap()).unwrap();
        fs::copy(path, copy).unwrap();
    }
}
