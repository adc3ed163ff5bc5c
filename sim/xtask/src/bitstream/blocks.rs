//! Which part of the design a placed cell belongs to.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use anyhow::{Context, Result};
use serde::Deserialize;
use serde_json::{Value, json};

/// Parts by the beginning of their cells' names, longest first.
const PARTS: [(&str, &str); 7] = [
    ("board.card.msm.core.adder", "point adder"),
    ("board.card.msm.adder", "point adder"),
    ("board.card.msm", "sums"),
    ("board.card.poseidon", "Poseidon"),
    ("board.card.shell", "shell"),
    ("board", "line, card memory"),
    ("", "clock, pins, unnamed"),
];

/// Kinds of cells, as the report calls them.
const KINDS: [(&str, &str); 4] =
    [("TRELLIS_COMB", "lut"), ("TRELLIS_FF", "ff"), ("MULT18X18D", "dsp"), ("DP16KD", "bram")];

/// A placed cell.
pub(super) struct Cell {
    pub(super) part: &'static str,
    pub(super) kind: &'static str,
    pub(super) x: u32,
    pub(super) y: u32,
}

/// All placed cells of the kinds that are counted.
pub(super) struct Blocks(pub(super) Vec<Cell>);

#[derive(Deserialize)]
struct Netlist {
    modules: BTreeMap<String, Module>,
}

#[derive(Deserialize)]
struct Module {
    cells: BTreeMap<String, NetlistCell>,
}

#[derive(Deserialize)]
struct NetlistCell {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    attributes: Attributes,
}

#[derive(Default, Deserialize)]
struct Attributes {
    #[serde(rename = "NEXTPNR_BEL", default)]
    bel: String,
}

impl Blocks {
    /// From the netlist that nextpnr writes.
    pub(super) fn read(path: &Path, top: &str) -> Result<Self> {
        let file = File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
        let netlist: Netlist = serde_json::from_reader(BufReader::new(file)).context("nextpnr's netlist")?;
        let module = netlist.modules.get(top).or_else(|| netlist.modules.values().next());
        let cells = &module.context("nextpnr's netlist is empty")?.cells;
        Ok(Self(cells.iter().filter_map(|(name, cell)| place(name, cell)).collect()))
    }

    /// Cells of each kind by part.
    pub(super) fn counts(&self) -> BTreeMap<&'static str, BTreeMap<&'static str, u64>> {
        let mut counts: BTreeMap<_, BTreeMap<_, u64>> = BTreeMap::new();
        for cell in &self.0 {
            *counts.entry(cell.part).or_default().entry(cell.kind).or_default() += 1;
        }
        counts
    }

    pub(super) fn json(&self) -> Value {
        json!(self.counts())
    }
}

fn place(name: &str, cell: &NetlistCell) -> Option<Cell> {
    let kind = KINDS.iter().find(|(kind, _)| *kind == cell.kind)?.1;
    // A cell's site is written as X12/Y34/SLICEA.LUT0.
    let mut parts = cell.attributes.bel.split('/');
    let x = parts.next()?.strip_prefix('X')?.parse().ok()?;
    let y = parts.next()?.strip_prefix('Y')?.parse().ok()?;
    let part = PARTS.iter().find(|(start, _)| name.starts_with(start))?.1;
    Some(Cell { part, kind, x, y })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::*;

    fn cell(kind: &str, bel: &str) -> NetlistCell {
        NetlistCell { kind: kind.to_owned(), attributes: Attributes { bel: bel.to_owned() } }
    }

    #[test]
    fn cells_are_counted_where_they_belong() {
        let placed = place("board.card.msm.core.slots.x", &cell("DP16KD", "X3/Y40/EBR0")).unwrap();
        assert_eq!((placed.part, placed.kind, placed.x, placed.y), ("sums", "bram", 3, 40));
        assert_eq!(place("board.line_in.x", &cell("TRELLIS_FF", "X1/Y2/A")).unwrap().part, "line, card memory");
        assert!(place("board.x", &cell("TRELLIS_IO", "X1/Y2/A")).is_none());
        assert!(place("board.x", &cell("TRELLIS_FF", "")).is_none());
    }
}
