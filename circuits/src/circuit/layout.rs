//! Where everything lies: the regions of the batch circuit, one below the other.
//!
//! ```text
//! row 0   the block's own slot         public inputs, ends of the running state
//!         slots of each kind           one program a kind
//!         fee credits
//!         signature table
//!         hash and path tape           at its end the bus must be back at zero
//! ```

use halo2_axiom::plonk::{Column, ConstraintSystem, Fixed};
use halo2curves::bn256::Fr;
use halo2curves::ff::Field;

use super::bus::BusRegion;
use super::columns::Columns;
use super::gates::Gates;
use super::preset::Capacities;
use super::programs::block::{Ends, block};
use super::programs::credit::credit;
use super::programs::frame::{Running, Shared};
use super::programs::run;
use super::signature::{SignatureConfig, Signatures};
use super::slot::{Builder, Cell, Plan, SlotConfig, Slots};
use super::table::Table;
use super::tape::{Tape, TapeConfig};
use crate::operation::Kind;

/// All columns of the batch circuit.
#[derive(Clone, Debug)]
pub struct BatchConfig {
    /// Shared columns.
    pub columns: Columns,
    slots: SlotConfig,
    tape: TapeConfig,
    signatures: SignatureConfig,
    /// All fixed columns, by column index.
    pub fixed: Vec<Column<Fixed>>,
    /// Names of all constraints.
    pub constraints: Vec<String>,
}

impl BatchConfig {
    /// Allocates columns and adds all constraints but `dropped`.
    pub fn configure(cs: &mut ConstraintSystem<Fr>, dropped: Option<&str>) -> Self {
        // Without this the degree is clamped to the environment's MAX_DEGREE, 5 by default.
        cs.set_minimum_degree(6);
        let columns = Columns::configure(cs);
        let slots = SlotConfig::configure(cs);
        let tape = TapeConfig::configure(cs);
        let signatures = SignatureConfig::configure(cs);
        let mut gates = Gates::new(cs, dropped);
        slots.gates(&mut gates, &columns);
        tape.gates(&mut gates, &columns);
        signatures.gates(&mut gates, &columns);
        let constraints = gates.into_names();
        let mut fixed: Vec<_> = cs.fixed_queries().iter().map(|(column, _)| *column).collect();
        fixed.sort_by_key(|column| column.index());
        fixed.dedup();
        Self { columns, slots, tape, signatures, fixed, constraints }
    }
}

/// The regions of a circuit with given capacities.
pub struct Layout {
    /// The block's own slot.
    pub block: Slots,
    /// Slots by kind of operation.
    pub kinds: Vec<(Kind, Slots)>,
    /// Fee credits.
    pub credits: Slots,
    /// Signature table.
    pub signatures: Signatures,
    /// Hash and path tape.
    pub tape: Tape,
    /// The row after the last region.
    pub end: usize,
    /// How much the regions hold.
    pub capacities: Capacities,
    /// Cells of the values that all slots share.
    globals: Vec<Cell>,
    fixed_columns: usize,
}

impl Layout {
    /// Lays out the regions.
    pub fn new(config: &BatchConfig, capacities: &Capacities) -> Self {
        let columns = &config.columns;
        let idle = Running::idle(Shared::default());
        let mut builder = Builder::new(true);
        let shared = block(&mut builder, &Ends::default(), &idle, capacities.chains.into());
        let block = Slots::new(Plan::new(&builder), 0, 1, &config.slots, columns);
        let globals = shared.into_iter().filter_map(|var| block.cell_of(var)).collect();

        let mut start = block.rows().end;
        let mut kinds = Vec::new();
        for (kind, count) in &capacities.slots {
            let builder = run(*kind, None, &mut idle.clone());
            let slots = Slots::new(Plan::new(&builder), start, *count, &config.slots, columns);
            start = slots.rows().end;
            kinds.push((*kind, slots));
        }
        let mut builder = Builder::new(false);
        credit(&mut builder, None, 0, Fr::ZERO);
        let credits = Slots::new(Plan::new(&builder), start, capacities.credits, &config.slots, columns);
        let signatures = Signatures::new(&config.signatures, columns, credits.rows().end, capacities.signatures);
        let tape = Tape::new(&config.tape, columns, signatures.rows().end, capacities.pairs);
        let end = tape.rows().end;
        let fixed_columns = config.fixed.len();
        let capacities = capacities.clone();
        Self { block, kinds, credits, signatures, tape, end, capacities, globals, fixed_columns }
    }

    /// The regions in the order of their rows.
    pub fn regions(&self) -> Vec<&dyn BusRegion> {
        let mut regions: Vec<&dyn BusRegion> = vec![&self.block];
        regions.extend(self.kinds.iter().map(|(_, slots)| slots as &dyn BusRegion));
        regions.push(&self.credits);
        regions.push(&self.signatures);
        regions.push(&self.tape);
        regions
    }

    /// All fixed columns, by column index.
    pub fn fixed(&self) -> Table {
        let mut fixed = Table::new(self.fixed_columns, self.end + 1);
        self.block.fill_fixed(&mut fixed);
        for (_, slots) in &self.kinds {
            slots.fill_fixed(&mut fixed);
        }
        self.credits.fill_fixed(&mut fixed);
        self.signatures.fill_fixed(&mut fixed);
        self.tape.fill_fixed(&mut fixed);
        fixed
    }

    /// Cells of the block's slot whose values all slots import, by number.
    pub fn globals(&self) -> &[Cell] {
        &self.globals
    }

    /// All pairs of cells that must be equal.
    pub fn copies(&self) -> Vec<(Cell, Cell)> {
        let mut copies = self.block.copies(&self.globals);
        for (_, slots) in &self.kinds {
            copies.extend(slots.copies(&self.globals));
        }
        copies.extend(self.credits.copies(&self.globals));
        copies.extend(self.signatures.copies());
        copies
    }
}
