//! Counts of a design's primitives after synthesis with yosys: an estimate, before placement.
//!
//! ```text
//! design ──cut──> blocks ──yosys, each once──> cells ──sum over instances──> counts of the whole
//! ```
//!
//! Nothing is optimised across blocks, and parts pack what yosys counts one by one (two small functions into one LUT):
//! the vendor's tools end below these counts rather than above them.

use std::collections::{BTreeMap, HashMap};
use std::ops::AddAssign;

use anyhow::Result;
use penstock_hdl::emit::Design;
use penstock_hdl::field::Shape;
use penstock_hdl::shape;
use serde_json::{Map, Value, json};

use super::blocks::{Block, TOP, blocks};
use super::synthesis::{Cells, Synthesis};

/// What a design takes of a part.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    /// Multiplier blocks: DSP48E2 or MULT18X18D.
    pub(crate) dsp: u64,
    /// Look-up tables that compute.
    pub(crate) lut: u64,
    /// Look-up tables that serve as shift registers or memory.
    pub(crate) lutram: u64,
    /// Flip-flops.
    pub(crate) ff: u64,
    /// Halves of block RAMs: 18 kbit of 36 on UltraScale+, each block whole on ECP5.
    bram_halves: u64,
    /// UltraRAM of 288 kbit.
    pub(crate) uram: u64,
}

impl AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.dsp += other.dsp;
        self.lut += other.lut;
        self.lutram += other.lutram;
        self.ff += other.ff;
        self.bram_halves += other.bram_halves;
        self.uram += other.uram;
    }
}

impl Counts {
    /// Block RAMs, two halves to one.
    pub(crate) fn bram(self) -> u64 {
        self.bram_halves.div_ceil(2)
    }

    /// What so many of them take.
    pub(crate) fn times(self, count: u64) -> Self {
        Self {
            dsp: self.dsp * count,
            lut: self.lut * count,
            lutram: self.lutram * count,
            ff: self.ff * count,
            bram_halves: self.bram_halves * count,
            uram: self.uram * count,
        }
    }

    /// What one cell of a type takes.
    fn of_cell(kind: &str) -> Self {
        let none = Self::default();
        match kind {
            _ if kind.starts_with("DSP48") || kind.starts_with("MULT18X18") => Self { dsp: 1, ..none },
            // A carry of ECP5 has two bits, each in the place of a look-up table.
            "CCU2C" => Self { lut: 2, ..none },
            _ if kind.starts_with("LUT") => Self { lut: 1, ..none },
            _ if kind.starts_with("FD") || kind == "TRELLIS_FF" => Self { ff: 1, ..none },
            "RAMB18E2" => Self { bram_halves: 1, ..none },
            "RAMB36E2" | "DP16KD" | "PDPW16KD" => Self { bram_halves: 2, ..none },
            _ if kind.starts_with("URAM288") => Self { uram: 1, ..none },
            _ => Self { lutram: memory_luts(kind), ..none },
        }
    }

    /// As the report writes them.
    pub(super) fn json(self) -> Value {
        json!({
            "dsp": self.dsp,
            "lut": self.lut,
            "lutram": self.lutram,
            "ff": self.ff,
            "bram": self.bram(),
            "uram": self.uram,
        })
    }
}

/// Look-up tables in a memory cell (UG974 "UltraScale Architecture Libraries Guide"; ECP5 family data sheet, "Distributed memory").
fn memory_luts(kind: &str) -> u64 {
    match kind {
        "SRL16E" | "SRLC16E" | "SRLC32E" | "RAM32X1S" | "RAM64X1S" => 1,
        "RAM32X1D" | "RAM64X1D" | "RAM128X1S" => 2,
        "RAM128X1D" | "RAM256X1S" | "RAM32M" | "RAM64M" => 4,
        "RAM256X1D" | "RAM512X1S" | "RAM32M16" | "RAM64M8" => 8,
        // Two slices hold the bits, a third one's inputs write them.
        "TRELLIS_DPR16X4" => 6,
        _ => 0,
    }
}

/// Counts of a design on the part of its shape: UltraScale+ for `pipelined`, ECP5 for `compact`.
pub(crate) fn area(shape: Shape, design: &Design) -> Result<Counts> {
    let synthesis = Synthesis::of(shape)?;
    let mut totals: HashMap<String, Counts> = HashMap::new();
    let mut last = Counts::default();
    for block in blocks(design) {
        let cells = synthesis.cells(&block)?;
        last = sum(&cells, |kind| block.children.get(kind).and_then(|name| totals.get(name)).copied());
        totals.insert(block.name, last);
    }
    Ok(last)
}

/// Counts of a file's top alone; what the file declares as black boxes counts nothing.
pub(crate) fn with_blocks(shape: Shape, top: &str, text: String) -> Result<Counts> {
    let block = Block {
        name: top.to_owned(),
        text: text.replace(&format!("module {top} "), &format!("module {TOP} ")),
        children: BTreeMap::new(),
    };
    Ok(sum(&Synthesis::of(shape)?.cells(&block)?, |_| None))
}

fn sum(cells: &Cells, block: impl Fn(&str) -> Option<Counts>) -> Counts {
    let mut counts = Counts::default();
    for (kind, count) in cells {
        counts += block(kind).unwrap_or_else(|| Counts::of_cell(kind)).times(*count);
    }
    counts
}

/// Counts of each part of a card and of the whole card.
pub(super) fn figures(shape: Shape) -> Result<Value> {
    let mut figures = Map::new();
    let mut card = Value::Null;
    println!("{}: synthesis", shape::name(shape));
    println!("  {:12} {:>6} {:>8} {:>8} {:>8} {:>6} {:>6}", "", "DSP", "LUT", "LUTRAM", "FF", "BRAM", "URAM");
    for (name, design) in [
        ("multiplier", shape::multiplier(shape)?),
        ("point_adder", shape::point_adder(shape)?),
        ("poseidon", shape::poseidon(shape)?),
        ("msm", shape::msm(shape)?),
        ("card", shape::card(shape)?),
    ] {
        let counts = area(shape, &design)?;
        println!(
            "  {name:12} {:6} {:8} {:8} {:8} {:6} {:6}",
            counts.dsp,
            counts.lut,
            counts.lutram,
            counts.ff,
            counts.bram(),
            counts.uram
        );
        card = counts.json();
        figures.insert(name.to_owned(), counts.json());
    }
    for part in ["dsp", "lut", "lutram", "ff", "bram", "uram"] {
        figures.insert(part.to_owned(), card[part].clone());
    }
    figures.insert("dsp_per_multiplier".to_owned(), figures["multiplier"]["dsp"].clone());
    Ok(Value::Object(figures))
}
