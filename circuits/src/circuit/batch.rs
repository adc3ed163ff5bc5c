//! The batch circuit for halo2: copies the tables into columns, and runs the bus in the second phase.

use halo2_axiom::circuit::{Layouter, SimpleFloorPlanner, Value};
use halo2_axiom::plonk::{Circuit, ConstraintSystem, Error};
use halo2curves::bn256::Fr;

use super::bus::running_sum;
use super::columns::COPYABLE;
use super::demand::CapacityError;
use super::layout::{BatchConfig, Layout};
use super::preset::{Capacities, Preset};
use super::programs::Need;
use super::signature::ROWS_PER_SLOT;
use super::tape::ROWS_PER_PAIR;
use super::witness::Witness;
use crate::operation::Kind;
use crate::public_inputs::PublicInputs;
use crate::trace::BlockTrace;

/// What a batch circuit's shape depends on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BatchParams {
    /// How much fits.
    pub capacities: Capacities,
    /// The name of one constraint to leave out: only for checking that tests notice.
    pub dropped: Option<String>,
}

/// A batch circuit, with the witness of a block or without any (for key generation).
#[derive(Clone, Debug)]
pub struct BatchCircuit {
    /// Shape.
    pub params: BatchParams,
    /// Values; `None` for key generation.
    pub witness: Option<Witness>,
}

/// The batch circuit of a preset, ready to be filled with blocks.
pub struct Batch {
    capacities: Capacities,
    config: BatchConfig,
    columns: ConstraintSystem<Fr>,
    layout: Layout,
}

/// What a preset costs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BatchReport {
    /// Rows in use, of 2^k.
    pub rows: usize,
    /// Advice columns of both phases.
    pub advice_columns: usize,
    /// Fixed columns.
    pub fixed_columns: usize,
    /// Columns under copy constraints.
    pub copy_columns: usize,
    /// Degree of the constraint system.
    pub degree: usize,
    /// Distinct (column, rotation) pairs that the verifier reads of the advice.
    pub advice_queries: usize,
    /// Advice cells that one operation takes, its signatures, paths and hashes included, by kind.
    pub cells: Vec<(Kind, usize)>,
    /// Advice cells that one fee credit takes.
    pub credit_cells: usize,
}

impl Batch {
    /// The circuit of a preset.
    pub fn new(preset: Preset) -> Self {
        Self::with(preset.capacities())
    }

    /// A circuit of given capacities.
    pub fn with(capacities: Capacities) -> Self {
        let mut columns = ConstraintSystem::default();
        let config = BatchConfig::configure(&mut columns, None);
        let layout = Layout::new(&config, &capacities);
        Self { capacities, config, columns, layout }
    }

    /// Rows are 2^k.
    pub fn k(&self) -> u32 {
        self.capacities.k
    }

    /// How much fits.
    pub fn capacities(&self) -> &Capacities {
        &self.capacities
    }

    /// The regions.
    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    /// Names of all constraints.
    pub fn constraints(&self) -> &[String] {
        &self.config.constraints
    }

    /// The circuit without a witness, for key generation.
    pub fn shape(&self) -> BatchCircuit {
        BatchCircuit { params: self.params(), witness: None }
    }

    /// The circuit of an executed block.
    ///
    /// # Errors
    /// The block needs more of something than the preset has.
    pub fn assign(&self, trace: &BlockTrace, public: &PublicInputs) -> Result<BatchCircuit, CapacityError> {
        let witness = Witness::new(&self.layout, trace, public)?;
        Ok(BatchCircuit { params: self.params(), witness: Some(witness) })
    }

    fn params(&self) -> BatchParams {
        BatchParams { capacities: self.capacities.clone(), dropped: None }
    }

    /// What the preset costs.
    pub fn report(&self) -> BatchReport {
        let advice_columns = self.columns.num_advice_columns();
        let rows = |need: &Need, height: usize| {
            height + need.signatures * ROWS_PER_SLOT + (need.levels + need.hashes.div_ceil(2)) * ROWS_PER_PAIR
        };
        let cells = self
            .layout
            .kinds
            .iter()
            .map(|(kind, slots)| (*kind, rows(&Need::of(*kind), slots.height()) * advice_columns));
        BatchReport {
            rows: self.layout.end,
            advice_columns,
            fixed_columns: self.columns.num_fixed_columns(),
            copy_columns: COPYABLE,
            degree: self.columns.degree(),
            advice_queries: self.columns.advice_queries().len(),
            cells: cells.collect(),
            credit_cells: rows(&Need::of_credit(), self.layout.credits.height()) * advice_columns,
        }
    }
}

impl Circuit<Fr> for BatchCircuit {
    type Config = BatchConfig;
    type FloorPlanner = SimpleFloorPlanner;
    type Params = BatchParams;

    fn params(&self) -> BatchParams {
        self.params.clone()
    }

    fn without_witnesses(&self) -> Self {
        Self { params: self.params.clone(), witness: None }
    }

    fn configure_with_params(cs: &mut ConstraintSystem<Fr>, params: BatchParams) -> BatchConfig {
        BatchConfig::configure(cs, params.dropped.as_deref())
    }

    fn configure(cs: &mut ConstraintSystem<Fr>) -> BatchConfig {
        BatchConfig::configure(cs, None)
    }

    fn synthesize(&self, config: BatchConfig, mut layouter: impl Layouter<Fr>) -> Result<(), Error> {
        let layout = Layout::new(&config, &self.params.capacities);
        let fixed = layout.fixed();
        let columns = &config.columns;
        layouter.assign_region(
            || "batch",
            |mut region| {
                for column in &config.fixed {
                    for (row, value) in fixed.columns()[column.index()].iter().enumerate() {
                        region.assign_fixed(*column, row, *value);
                    }
                }
                let mut copyable = vec![Vec::new(); COPYABLE];
                for (index, column) in columns.main.iter().enumerate() {
                    for row in 0..=layout.end {
                        let value = match &self.witness {
                            Some(witness) => Value::known(witness.advice.get(index, row)),
                            None => Value::unknown(),
                        };
                        let assigned = region.assign_advice(*column, row, value);
                        if index < COPYABLE {
                            copyable[index].push(assigned.cell());
                        }
                    }
                }
                for ((left_column, left_row), (right_column, right_row)) in layout.copies() {
                    region.constrain_equal(copyable[left_column][left_row], copyable[right_column][right_row]);
                }
                region.next_phase();
                let challenges = region.get_challenge(columns.beta).zip(region.get_challenge(columns.gamma));
                let sums = challenges.map(|(beta, gamma)| match &self.witness {
                    Some(witness) => running_sum(&layout.regions(), &witness.advice, &fixed, beta, gamma),
                    None => vec![Fr::zero(); layout.end + 1],
                });
                for row in 0..=layout.end {
                    region.assign_advice(columns.bus, row, sums.as_ref().map(|sums| sums[row]));
                }
                Ok(())
            },
        )
    }
}
