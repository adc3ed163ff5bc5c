//! `cargo xtask rtl`: the card's Verilog and its figures.

pub(crate) mod area;
mod blocks;
mod report;
mod synthesis;

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use clap::{Subcommand, ValueEnum};
use penstock_hdl::emit::Design;
use penstock_hdl::field::Shape;
use penstock_hdl::shape::{self, SHAPES};

use xtask::shell;

pub(crate) use synthesis::SHIFT_REGISTER_CYCLES;

/// A line a top: its SHA-256 and its name.
const CHECKSUMS: &str = "hdl/checksums.txt";

#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum ShapeName {
    Compact,
    Pipelined,
}

impl From<ShapeName> for Shape {
    fn from(name: ShapeName) -> Self {
        match name {
            ShapeName::Compact => Self::Compact,
            ShapeName::Pipelined => Self::Pipelined,
        }
    }
}

#[derive(Subcommand)]
pub(crate) enum Task {
    /// Writes the Verilog of every top to target/rtl.
    Emit {
        /// One shape only.
        #[arg(long)]
        shape: Option<ShapeName>,
        /// Record the checksums as those that CI expects.
        #[arg(long, conflicts_with = "shape")]
        record: bool,
    },
    /// Checks that what is emitted is what was recorded.
    Check,
    /// Simulates both engines of both shapes and prints cycles, utilisation and, with --area, synthesis counts.
    Report {
        /// Points of each multi-scalar multiplication.
        #[arg(long, default_value_t = 65536)]
        points: usize,
        /// Pairs hashed.
        #[arg(long, default_value_t = 8192)]
        hashes: usize,
        /// One shape only.
        #[arg(long)]
        shape: Option<ShapeName>,
        /// Synthesise with yosys for UltraScale+ and ECP5.
        #[arg(long)]
        area: bool,
        /// Write every signal of a small multi-scalar multiplication to a VCD file.
        #[arg(long, value_name = "FILE", requires = "shape")]
        trace: Option<PathBuf>,
    },
    /// Synthesises both engines and the card of both shapes with yosys and prints what they take, without simulating.
    Area {
        /// One shape only.
        #[arg(long)]
        shape: Option<ShapeName>,
    },
}

pub(crate) fn run(task: &Task) -> Result<()> {
    match task {
        Task::Emit { shape, record } => emit(&chosen(*shape), *record),
        Task::Check => check(),
        Task::Report { points, hashes, shape, area, trace } => {
            let shapes = chosen(*shape);
            report::run(&shapes, *points, *hashes, *area)?;
            trace.as_ref().map_or(Ok(()), |file| shapes.iter().try_for_each(|shape| report::trace(*shape, file)))
        }
        Task::Area { shape } => chosen(*shape).into_iter().try_for_each(|shape| area::figures(shape).map(drop)),
    }
}

fn chosen(shape: Option<ShapeName>) -> Vec<Shape> {
    shape.map_or_else(|| SHAPES.to_vec(), |shape| vec![shape.into()])
}

fn designs(shape: Shape) -> Result<Vec<Design>> {
    let mut designs = vec![shape::msm(shape)?, shape::poseidon(shape)?, shape::card(shape)?];
    designs.extend(shape::boards(shape)?);
    Ok(designs)
}

fn folder() -> Result<PathBuf> {
    let folder = shell::target_folder()?.join("rtl");
    fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    Ok(folder)
}

fn emit(shapes: &[Shape], record: bool) -> Result<()> {
    let folder = folder()?;
    let mut checksums = BTreeMap::new();
    for shape in shapes {
        for design in designs(*shape)? {
            let file = folder.join(format!("{}.v", design.top));
            fs::write(&file, &design.verilog).with_context(|| format!("cannot write {}", file.display()))?;
            println!("{}  {}", design.checksum(), file.display());
            checksums.insert(design.top.clone(), design.checksum());
        }
    }
    if record {
        let lines: String = checksums.iter().map(|(top, checksum)| format!("{checksum}  {top}\n")).collect();
        fs::write(shell::root().join(CHECKSUMS), lines).with_context(|| format!("cannot write {CHECKSUMS}"))?;
    }
    Ok(())
}

fn check() -> Result<()> {
    let recorded =
        fs::read_to_string(shell::root().join(CHECKSUMS)).with_context(|| format!("cannot read {CHECKSUMS}"))?;
    for shape in SHAPES {
        for design in designs(shape)? {
            let line = format!("{}  {}", design.checksum(), design.top);
            if !recorded.lines().any(|recorded| recorded == line) {
                bail!(
                    "{} is not what {CHECKSUMS} records: if it is meant, run `cargo xtask rtl emit --record`",
                    design.top
                );
            }
        }
    }
    println!("the Verilog is what {CHECKSUMS} records");
    Ok(())
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_emitted_verilog_is_what_is_recorded() {
        super::check().unwrap();
    }
}
