//! `cargo xtask soundness`: is every constraint of the batch circuit needed, and would a negative test notice its loss?

use std::time::Instant;

use anyhow::{Context, Result, bail};
use penstock_circuits::circuit::soundness::{Subject, campaign, confirm};
use penstock_circuits::operation::Block;
use penstock_circuits::state::{Genesis, State};
use penstock_circuits::trace::BlockTrace;

const EXAMPLES: &str = "host/examples";

/// `short`: attacks on a block of one transfer, confirmed by our own evaluation of all rows. Otherwise on a block of all
/// kinds, and confirmed by halo2: accepted by the circuit without the attacked gate.
pub(crate) fn run(short: bool) -> Result<()> {
    let start = Instant::now();
    let (capacities, block) = if short {
        (Subject::transfer_capacities(), "transfer.json")
    } else {
        (Subject::all_kinds_capacities(), "block.json")
    };
    let subject = Subject::new(capacities, &execute(block)?)?;
    let report = campaign(&subject);
    let mut refuted = 0;
    for (class, attack) in &report.classes {
        let Some(attack) = attack else {
            println!("SURVIVES  {class}");
            continue;
        };
        let confirmed = confirm(&subject, class, attack, !short);
        refuted += usize::from(!confirmed);
        let verdict = if confirmed { "killed   " } else { "REFUTED  " };
        println!("{verdict} {class}: {}", attack.name);
    }
    let (total, killed) = (report.classes.len(), report.killed() - refuted);
    println!("killed {killed}/{total} in {:.1} s", start.elapsed().as_secs_f64());
    if killed < total {
        let survivors: Vec<_> = report.survivors().collect();
        bail!(
            "{} classes of constraints are not shown to be needed; without any attack: {survivors:?}",
            total - killed
        );
    }
    Ok(())
}

/// Runs a sample block on the sample genesis.
pub(crate) fn execute(block: &str) -> Result<BlockTrace> {
    let read = |name: &str| {
        let path = format!("{EXAMPLES}/{name}");
        std::fs::read_to_string(&path).with_context(|| format!("cannot read {path}: run this in the workspace's root"))
    };
    let genesis: Genesis = serde_json::from_str(&read("genesis.json")?)?;
    let folder = tempfile::tempdir()?;
    let state = State::init(folder.path(), &genesis)?;
    Ok(state.execute(&Block::from_json(&read(block)?)?)?.0)
}
