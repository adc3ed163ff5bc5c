//! `cargo xtask bitstream alveo-u55c`: what can be checked of a recipe for the vendor's tools without them.
//!
//! ```text
//! rust-hdl ──emit──> card ──> ports, cells, registers ┐
//! wrapper, vendor's blocks ─────> connections ────────┼──> refused, or ready for the vendor's tools
//! Tcl and constraints ──tclsh, stubs──> calls, ids ───┤
//! card ──yosys──> counts ──> budget of the part ──────┘
//! ```

mod budget;
mod identity;
mod placement;
mod tcl;
mod wrapper;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use penstock_hdl::card::CardConfig;
use penstock_hdl::emit::Design;
use penstock_hdl::field::Shape;
use penstock_hdl::hierarchy::{instance, modules};

use crate::rtl::SHIFT_REGISTER_CYCLES;
use placement::Cells;
use tcl::{Answers, Run};
use xtask::shell;

/// The wrapper's module, and its file without the suffix.
const TOP: &str = "alveo_u55c";
/// Kinds in a region whose own inputs are not registers of the card's: the memory blocks take address and data at the
/// clock's edge.
const CAPTURED: [&str; 1] = ["slot_memory"];

/// Checks the Alveo U55C's recipe, prints its budget and writes what Vivado needs beside the recipe.
pub(crate) fn check() -> Result<()> {
    let recipe = Recipe::read(&folder())?;
    let config = CardConfig::of(Shape::Pipelined);
    let card = config.design()?;
    let output = shell::target_folder()?.join("bitstream/alveo-u55c");
    write_card(&card, &output)?;
    recipe.check(&config, &card, &output)?;
    println!(
        "ports, Tcl, ids, pins, cells and regions' registers agree with {} (SHA-256 {})",
        card.top,
        card.checksum()
    );
    println!("for Vivado: {}", output.display());
    budget::check(&config, &card, &recipe)
}

fn folder() -> PathBuf {
    shell::root().join("bitstreams/alveo-u55c")
}

/// The card's Verilog and what its registers say of it, for `build.tcl`.
fn write_card(card: &Design, output: &Path) -> Result<()> {
    fs::create_dir_all(output).with_context(|| format!("cannot make {}", output.display()))?;
    fs::write(output.join("card_pipelined.v"), &card.verilog)?;
    let fingerprint = u64::from_le_bytes(card.fingerprint());
    fs::write(output.join("card_pipelined.checksum"), format!("{fingerprint:016x}\n"))?;
    Ok(())
}

/// A recipe's Verilog, and the folder with its Tcl and constraints.
struct Recipe {
    folder: PathBuf,
    wrapper: String,
    vendor: String,
}

impl Recipe {
    fn read(folder: &Path) -> Result<Self> {
        let read = |name: &str| {
            let path = folder.join(name);
            fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))
        };
        Ok(Self { folder: folder.to_owned(), wrapper: read(&format!("{TOP}.v"))?, vendor: read("vendor.v")? })
    }

    fn check(&self, config: &CardConfig, card: &Design, output: &Path) -> Result<()> {
        let card_modules = modules(&card.verilog);
        for (kind, module) in modules(&self.vendor).iter().chain(card_modules.get_key_value(&*card.top)) {
            wrapper::check(&self.wrapper, kind, &module.ports().collect::<Vec<_>>())?;
        }
        let run = self.calls(output)?;
        identity::check_ids(&run, config)?;
        identity::check_pins(&run, &self.wrapper)?;
        let cells = Cells { modules: &card_modules, top: self.instances() };
        placement::check_cells(&run, &cells)?;
        placement::check_crossings(&run, &cells, "slr1", &CAPTURED)
    }

    /// Runs the Tcl as if all went well, and as if not.
    fn calls(&self, output: &Path) -> Result<Run> {
        let run = tcl::run(&self.folder, output, &Answers { slack: 0.012, routed: true })?;
        ensure!(run.done, "build.tcl fails: {}", run.error);
        for step in ["synth_design", "place_design", "route_design", "write_bitstream", "write_cfgmem"] {
            ensure!(run.of(step).count() == 1, "build.tcl does not call {step} once");
        }
        let option = |name| run.of("synth_design").next().and_then(|words| value_of(words, name));
        let part = option("-part");
        ensure!(part == Some(budget::PART), "build.tcl builds for {part:?}");
        let cycles = option("-shreg_min_size").and_then(|cycles| cycles.parse().ok());
        ensure!(
            cycles == Some(SHIFT_REGISTER_CYCLES),
            "build.tcl begins shift registers at {cycles:?} cycles, the count at {SHIFT_REGISTER_CYCLES}"
        );
        for (answers, what) in [
            (Answers { slack: -0.004, routed: true }, "missed timing"),
            (Answers { slack: 0.1, routed: false }, "nets that are not routed"),
        ] {
            let failed = tcl::run(&self.folder, output, &answers)?;
            ensure!(!failed.done, "build.tcl does not fail on {what}");
            ensure!(failed.of("write_bitstream").count() == 0, "build.tcl writes a bitstream despite {what}");
            ensure!(failed.of("report_timing_summary").count() == 1, "build.tcl reports no timing on {what}");
        }
        Ok(run)
    }

    /// The wrapper's instances: name and kind.
    fn instances(&self) -> BTreeMap<String, String> {
        let found = self.wrapper.lines().filter_map(instance);
        found.map(|instance| (instance.name.trim_end_matches('(').to_owned(), instance.kind.to_owned())).collect()
    }
}

/// The word behind an option.
fn value_of<'a>(words: &'a [String], option: &str) -> Option<&'a str> {
    words.iter().skip_while(|word| *word != option).nth(1).map(|word| &**word)
}

#[cfg(test)]
mod tests;
