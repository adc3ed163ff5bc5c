//! `cargo xtask rtl-proof`: a batch proof whose every commitment comes from the card's RTL.
//!
//! `penstock demo` proves a sample block on the Verilated card, without a fallback, and checks the proof with the stock
//! verifier and the verifier contract. The same block is then proved on the CPU with the same seed: both proofs have to be
//! the same bytes, as both engines compute the same sums.
//!
//! By default the card runs in the prover's process, in the shape and with the window width that simulate soonest
//! (`penstock_sim::rtl::suited_to`): minutes. A named shape is a board's card with all its parameters, served by
//! `penstock-sim` over a socket: longer, and for `compact` much longer.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use penstock_circuits::json;
use penstock_hdl::field::Shape;
use penstock_hdl::shape;
use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::serve::Served;
use xtask::shell;

/// Of the blinding; any will do, if both engines use the same.
const SEED: &str = "5eed000000000000000000000000000000000000000000000000000000000001";
/// How long one command may take in simulation.
const TIMEOUT: Duration = Duration::from_secs(24 * 3600);

/// What is looked at in a proof record.
#[derive(Deserialize)]
struct Record {
    engine: String,
    failed_attempts: Vec<IgnoredAny>,
    proof: String,
    instances: Vec<String>,
}

/// Proves the sample block of `preset` twice, on the card in `shape` and on the CPU.
pub(crate) fn run(preset: &str, shape: Option<Shape>) -> Result<()> {
    shell::run("", "cargo build --locked -p penstock -p penstock-sim --bins --features penstock/rtl")?;
    let programs = shell::target_folder()?.join("debug");
    let folder = shell::root().join("target/rtl-proof");
    fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let served = shape
        .map(|shape| {
            let options = ["rtl", "--shape", shape::name(shape), "--fast-multipliers"];
            Served::start(&programs.join("penstock-sim"), &options)
        })
        .transpose()?;
    let engine =
        served.as_ref().map_or("card:rtl".to_owned(), |served| format!("card:sim:{}", served.socket.display()));

    let prove = |engine: &str, file: PathBuf| {
        let (start, program) = (Instant::now(), programs.join("penstock"));
        let timeout = TIMEOUT.as_secs().to_string();
        let (program, out) = (text(&program)?, text(&file)?);
        let demo = [program, "demo", "--preset", preset, "--engine", engine, "--card-timeout", &timeout];
        shell::run_words("", &[&demo[..], &["--seed", SEED, "--out", out]].concat())?;
        let record: Record = json::from_slice(&fs::read(&file)?).with_context(|| format!("{out} is no record"))?;
        ensure!(record.engine == engine && record.failed_attempts.is_empty(), "{out}: {} proved it", record.engine);
        Ok((record, start.elapsed()))
    };
    let (by_card, took) = prove(&engine, folder.join("card.json"))?;
    let (by_cpu, _) = prove("cpu", folder.join("cpu.json"))?;
    ensure!(by_card.instances == by_cpu.instances, "the card's proof and the CPU's are of different statements");
    ensure!(by_card.proof == by_cpu.proof, "the card's proof and the CPU's differ");
    println!("a {preset} proof by {engine}, verified and equal to the CPU's, in {:.0} s", took.as_secs_f64());
    Ok(())
}

fn text(path: &Path) -> Result<&str> {
    path.to_str().with_context(|| format!("{} is not UTF-8", path.display()))
}
