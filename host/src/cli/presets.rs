//! `penstock presets`: what a batch of each preset holds, and what its circuit is made of.

use super::error::CommandError;
use super::report::{Report, table};
use penstock_circuits::circuit::batch::{Batch, BatchReport};
use penstock_circuits::circuit::preset::{Capacities, Preset};
use penstock_circuits::operation::Kind;
use serde::Serialize;
use std::collections::BTreeMap;

#[derive(Serialize)]
struct Presets {
    presets: Vec<Described>,
    /// Advice cells that one operation takes, its signatures, paths and hashes included.
    cells: BTreeMap<&'static str, usize>,
    credit_cells: usize,
}

#[derive(Serialize)]
struct Described {
    preset: &'static str,
    k: u32,
    rows: usize,
    advice_columns: usize,
    fixed_columns: usize,
    copy_columns: usize,
    degree: usize,
    chains: u8,
    operations: BTreeMap<&'static str, usize>,
    credits: usize,
    signatures: usize,
    pairs: usize,
}

pub fn run() -> Result<Report, CommandError> {
    let described = Preset::ALL.map(|preset| {
        let batch = Batch::new(preset);
        describe(preset, batch.capacities(), &batch.report())
    });
    let report = Batch::new(Preset::Tiny).report();
    let cells = report.cells.iter().map(|(kind, cells)| (kind.name(), *cells)).collect();
    let presets = Presets { presets: described.into(), cells, credit_cells: report.credit_cells };
    let text = text(&presets);
    Report::new(&presets, text)
}

fn describe(preset: Preset, capacities: &Capacities, report: &BatchReport) -> Described {
    Described {
        preset: preset.name(),
        k: capacities.k,
        rows: report.rows,
        advice_columns: report.advice_columns,
        fixed_columns: report.fixed_columns,
        copy_columns: report.copy_columns,
        degree: report.degree,
        chains: capacities.chains,
        operations: capacities.slots.iter().map(|(kind, slots)| (kind.name(), *slots)).collect(),
        credits: capacities.credits,
        signatures: capacities.signatures,
        pairs: capacities.pairs,
    }
}

fn text(presets: &Presets) -> String {
    let row = |label: &str, value: &dyn Fn(&Described) -> String| {
        let mut row = [const { String::new() }; 5];
        row[0] = label.into();
        row.iter_mut().skip(1).zip(&presets.presets).for_each(|(cell, preset)| *cell = value(preset));
        row
    };
    let circuit = [
        row("rows (2^k)", &|preset| format!("2^{}", preset.k)),
        row("rows in use", &|preset| preset.rows.to_string()),
        row("advice columns", &|preset| preset.advice_columns.to_string()),
        row("fixed columns", &|preset| preset.fixed_columns.to_string()),
        row("copy columns", &|preset| preset.copy_columns.to_string()),
        row("degree", &|preset| preset.degree.to_string()),
    ];
    let held = [
        row("chains", &|preset| preset.chains.to_string()),
        row("signatures", &|preset| preset.signatures.to_string()),
        row("fee credits", &|preset| preset.credits.to_string()),
        row("Poseidon pairs", &|preset| preset.pairs.to_string()),
    ];
    let operations = Kind::ALL
        .map(|kind| row(kind.name(), &|preset| preset.operations.get(kind.name()).copied().unwrap_or(0).to_string()));
    let names = Preset::ALL.map(Preset::name);
    let heading = |label| [label, names[0], names[1], names[2], names[3]];
    let cells = presets.cells.iter().map(|(kind, cells)| [(*kind).into(), cells.to_string()]);
    let credit = [["fee credit".into(), presets.credit_cells.to_string()]];
    [
        table(heading("circuit"), circuit),
        table(heading("holds"), operations.into_iter().chain(held)),
        table(["operation", "advice cells"], cells.chain(credit)),
    ]
    .concat()
}
