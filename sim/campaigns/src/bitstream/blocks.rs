//! Which part of the design a placed cell belongs to.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use anyhow::{Context, Result};
use serde::Deserialize;
use serde_json::{Value, json};

/// Parts by the beginning of their nets' names, longest first.
const PARTS: [(&str, &str); 5] = [
    ("board.card.msm.adder", "point adder"),
    ("board.card.msm", "sums"),
    ("board.card.poseidon", "Poseidon"),
    ("board.card.shell", "shell"),
    ("board", "line, card memory"),
];
/// Where everything else belongs.
const OTHER: &str = "clock, pins, unnamed";

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
    netnames: BTreeMap<String, Net>,
}

#[derive(Deserialize)]
struct Net {
    bits: Vec<Bit>,
}

/// A net's number, or a constant.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(untagged)]
enum Bit {
    Net(u32),
    Constant(Constant),
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
enum Constant {
    #[serde(rename = "0")]
    Zero,
    #[serde(rename = "1")]
    One,
    #[serde(rename = "x")]
    Unknown,
    #[serde(rename = "z")]
    Open,
}

#[derive(Deserialize)]
struct NetlistCell {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    attributes: Attributes,
    #[serde(default)]
    port_directions: BTreeMap<String, String>,
    #[serde(default)]
    connections: BTreeMap<String, Vec<Bit>>,
}

#[derive(Default, Deserialize)]
struct Attributes {
    #[serde(rename = "NEXTPNR_BEL", default)]
    bel: String,
}

impl NetlistCell {
    fn nets(&self, direction: &str) -> impl Iterator<Item = u32> {
        let ports = self
            .connections
            .iter()
            .filter(move |(port, _)| self.port_directions.get(*port).is_some_and(|direct| direct == direction));
        ports.flat_map(|(_, bits)| bits).filter_map(|bit| match bit {
            Bit::Net(net) => Some(*net),
            Bit::Constant(_) => None,
        })
    }
}

impl Blocks {
    /// From the netlist that nextpnr writes.
    pub(super) fn read(path: &Path, top: &str) -> Result<Self> {
        let file = File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
        let netlist: Netlist = serde_json::from_reader(BufReader::new(file)).context("nextpnr's netlist")?;
        let module = netlist.modules.get(top).or_else(|| netlist.modules.values().next());
        Ok(Self(placed(module.context("nextpnr's netlist is empty")?)))
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

/// The module's cells of the kinds that are counted. A cell is where the net that it drives belongs; synthesis leaves many
/// nets without a name, and such a cell is where its inputs come from.
fn placed(module: &Module) -> Vec<Cell> {
    let mut parts: BTreeMap<u32, &'static str> = BTreeMap::new();
    for (name, net) in &module.netnames {
        if let (Some(part), [Bit::Net(net)]) = (part(name), &net.bits[..]) {
            parts.insert(*net, part);
        }
    }
    let mut unnamed: Vec<&NetlistCell> = Vec::new();
    let mut cells = Vec::new();
    for cell in module.cells.values() {
        match cell.nets("output").find_map(|net| parts.get(&net)) {
            Some(part) => cells.extend(place(part, cell)),
            None => unnamed.push(cell),
        }
    }
    loop {
        let before = unnamed.len();
        unnamed.retain(|cell| {
            let Some(part) = cell.nets("input").find_map(|net| parts.get(&net).copied()) else { return true };
            cells.extend(place(part, cell));
            parts.extend(cell.nets("output").map(|net| (net, part)));
            false
        });
        if unnamed.len() == before {
            break;
        }
    }
    cells.extend(unnamed.into_iter().filter_map(|cell| place(OTHER, cell)));
    cells
}

fn part(net: &str) -> Option<&'static str> {
    PARTS.iter().find(|(start, _)| net.starts_with(start)).map(|(_, part)| *part)
}

fn place(part: &'static str, cell: &NetlistCell) -> Option<Cell> {
    let kind = KINDS.iter().find(|(kind, _)| *kind == cell.kind)?.1;
    // A cell's site is written as X12/Y34/SLICEA.LUT0.
    let mut words = cell.attributes.bel.split('/');
    let x = words.next()?.strip_prefix('X')?.parse().ok()?;
    let y = words.next()?.strip_prefix('Y')?.parse().ok()?;
    Some(Cell { part, kind, x, y })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_counted_where_their_nets_belong() {
        let cell = |kind: &str, bel: &str, input: u32, output: u32| {
            json!({
                "type": kind,
                "attributes": { "NEXTPNR_BEL": bel },
                "port_directions": { "A": "input", "Q": "output" },
                "connections": { "A": [input], "Q": [output, "x"] },
            })
        };
        let module: Module = serde_json::from_value(json!({
            "cells": {
                "named": cell("DP16KD", "X3/Y40/EBR0", 1, 2),
                "behind": cell("TRELLIS_COMB", "X4/Y41/A", 2, 3),
                "farther": cell("TRELLIS_FF", "X5/Y42/A", 3, 4),
                "lonely": cell("TRELLIS_FF", "X6/Y43/A", 90, 91),
                "pin": cell("TRELLIS_IO", "X7/Y44/A", 2, 5),
                "nowhere": cell("TRELLIS_FF", "", 2, 6),
            },
            "netnames": { "board.card.msm.core.x": { "bits": [2] }, "$abc$1": { "bits": [3] } },
        }))
        .unwrap();
        let mut cells: Vec<_> = placed(&module).iter().map(|cell| (cell.x, cell.y, cell.kind, cell.part)).collect();
        cells.sort_unstable();
        let expected = [(3, 40, "bram", "sums"), (4, 41, "lut", "sums"), (5, 42, "ff", "sums"), (6, 43, "ff", OTHER)];
        assert_eq!(cells, expected);
    }
}
