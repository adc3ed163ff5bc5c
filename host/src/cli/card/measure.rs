//! `penstock card info`, `selftest` and `bench`: one open card.

use super::Which;
use super::flash::Released;
use crate::card::bench::{self, Bandwidth, Figures, Load, Throughput};
use crate::card::bitstream;
use crate::card::check;
use crate::cli::error::CommandError;
use crate::cli::report::{Properties, Report, table};
use penstock_abi::{ABI_MAJOR, Capabilities};
use penstock_driver::Waiting;
use serde::Serialize;
use std::fmt::Display;
use std::path::PathBuf;

#[derive(clap::Args)]
pub struct Bench {
    #[command(flatten)]
    which: Which,
    /// Points of a sum.
    #[arg(long, value_name = "N", default_value_t = 1 << 16)]
    points: usize,
    /// Hashes of a batch.
    #[arg(long, value_name = "N", default_value_t = 1 << 14)]
    hashes: usize,
    /// Repetitions, of which the median counts.
    #[arg(long, value_name = "N", default_value_t = 5)]
    rounds: usize,
    /// Commands whose latency is taken.
    #[arg(long, value_name = "N", default_value_t = 1000)]
    commands: usize,
    /// Look at the rings all the time instead of sleeping until the card interrupts.
    #[arg(long)]
    polling: bool,
}

#[derive(clap::Args)]
pub struct Info {
    #[command(flatten)]
    which: Which,
    #[command(flatten)]
    released: Released,
}

#[derive(Serialize)]
struct Shown {
    card: String,
    abi: String,
    simulated: bool,
    /// The first bytes of the SHA-256 of the card's Verilog.
    rtl_checksum: String,
    /// The released bitstream that is made of it.
    manifest: Option<PathBuf>,
    clock_khz: u32,
    data_bits: u32,
    address_bits: u32,
    ring_entries: u32,
    temperature_celsius: Option<f32>,
    msm: Option<Msm>,
    poseidon: Option<Poseidon>,
}

#[derive(Serialize)]
struct Msm {
    window_bits: u8,
    reductions: u8,
    pass_windows: u8,
    vectors: u8,
    max_points: u32,
    base_sets: u8,
    resident_bases: bool,
    radix_bits: u32,
}

#[derive(Serialize)]
struct Poseidon {
    lanes: u32,
    max_hashes: u32,
}

#[derive(Serialize)]
struct Checked {
    card: String,
    passed: bool,
    checks: Vec<CheckOutcome>,
}

#[derive(Serialize)]
struct CheckOutcome {
    check: &'static str,
    passed: bool,
}

#[derive(Serialize)]
struct Measured {
    card: String,
    simulated: bool,
    /// `interrupts` or `polling`.
    waiting: &'static str,
    #[serde(flatten)]
    figures: Figures,
}

pub fn info(arguments: &Info) -> Result<Report, CommandError> {
    let card = arguments.which.open(1, Waiting::Interrupts)?;
    let can = card.capabilities();
    let Capabilities { simulated, clock_khz, data_bits, address_bits, max_ring_entries, .. } = *can;
    let manifest = bitstream::manifest_of(&arguments.released.folder, can.rtl_checksum).map(|(path, _)| path);
    let info = Shown {
        card: card.name(),
        abi: format!("{ABI_MAJOR}.{}", can.abi_minor),
        simulated,
        rtl_checksum: hex::encode(can.rtl_checksum),
        manifest,
        clock_khz,
        data_bits,
        address_bits,
        ring_entries: max_ring_entries,
        temperature_celsius: card.temperature()?,
        msm: can.msm.then_some(Msm {
            window_bits: can.msm_layout.window_bits,
            reductions: can.msm_layout.reductions,
            pass_windows: can.pass_windows,
            vectors: can.vectors,
            max_points: can.max_points,
            base_sets: can.base_sets,
            resident_bases: can.resident_bases,
            radix_bits: can.radix_bits,
        }),
        poseidon: can.poseidon.then_some(Poseidon { lanes: can.poseidon_lanes, max_hashes: can.max_hashes }),
    };
    let none = || "none".to_owned();
    let properties = Properties::default()
        .add("card", &info.card)
        .add("hardware", if info.simulated { "simulated" } else { "yes" })
        .add("ABI", &info.abi)
        .add("RTL", &info.rtl_checksum)
        .add(
            "bitstream",
            info.manifest.as_ref().map_or_else(|| "not a released one".into(), |path| path.display().to_string()),
        )
        .add("clock", format_args!("{} MHz", f64::from(info.clock_khz) / 1000.0))
        .add(
            "temperature",
            info.temperature_celsius.map_or_else(|| "no sensor".into(), |degrees| format!("{degrees} °C")),
        )
        .add("DMA", format_args!("{} bits wide, {} bits of address", info.data_bits, info.address_bits))
        .add("ring entries", info.ring_entries)
        .add("MSM", info.msm.as_ref().map_or_else(none, msm_in_words))
        .add(
            "Poseidon",
            info.poseidon.as_ref().map_or_else(none, |engine| {
                format!("{} lanes, up to {} hashes a command", engine.lanes, engine.max_hashes)
            }),
        );
    Report::new(&info, properties.to_string())
}

fn msm_in_words(msm: &Msm) -> String {
    let bases = if msm.resident_bases { "in card memory" } else { "in host memory" };
    format!(
        "windows of {} bits, {} a pass, {} vectors a command, up to {} points, {} sets of bases {bases}",
        msm.window_bits, msm.pass_windows, msm.vectors, msm.max_points, msm.base_sets
    )
}

pub fn self_test(which: &Which) -> Result<Report, CommandError> {
    let card = which.open(1, Waiting::Interrupts)?;
    let checks = check::run(&card);
    let failed: Vec<String> =
        checks.iter().filter_map(|check| Some(format!("{}: {}", check.name, check.failure.as_ref()?))).collect();
    if !failed.is_empty() {
        return Err(CommandError::SelfTest { card: card.name(), failed });
    }
    let rows = checks.iter().map(|check| [check.name.to_owned(), "passed".to_owned()]);
    let text = table(["check", "outcome"], rows);
    let checks = checks.iter().map(|check| CheckOutcome { check: check.name, passed: true }).collect();
    Report::new(&Checked { card: card.name(), passed: true, checks }, text)
}

pub fn bench(arguments: &Bench) -> Result<Report, CommandError> {
    let Bench { points, hashes, rounds, commands, polling, .. } = *arguments;
    let (waiting, name) = if polling { (Waiting::Polling, "polling") } else { (Waiting::Interrupts, "interrupts") };
    let card = arguments.which.open(points, waiting)?;
    let figures = bench::run(&card, Load { points, hashes, rounds, commands })?;
    let measured = Measured { card: card.name(), simulated: card.capabilities().simulated, waiting: name, figures };
    let latency = &figures.latency;
    let mut rows = vec![
        row("doorbell to completion, p50", format_args!("{:.1} µs", latency.p50_microseconds)),
        row("doorbell to completion, p99", format_args!("{:.1} µs", latency.p99_microseconds)),
    ];
    rows.extend(figures.msm.iter().flat_map(|msm| throughput("points of a sum", msm)));
    rows.extend(figures.poseidon.iter().flat_map(|poseidon| throughput("hashes", poseidon)));
    if let Some(Bandwidth { bytes_per_second, .. }) = figures.dma {
        rows.push(row("DMA, the card reads", format_args!("{:.2} GB/s", bytes_per_second / 1e9)));
    }
    Report::new(&measured, table(["measured", &measured.card], rows))
}

fn row(what: &str, value: impl Display) -> [String; 2] {
    [what.to_owned(), value.to_string()]
}

fn throughput(what: &str, measured: &Throughput) -> [[String; 2]; 2] {
    [
        row(&format!("{} {what}", measured.count), format_args!("{:.0} a second", measured.per_second)),
        row("", format_args!("{:.3} cycles each", measured.cycles_each)),
    ]
}
