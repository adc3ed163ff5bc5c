//! The batch circuit for halo2: copies the tables into columns, and runs the bus in the second phase.

use halo2_axiom::circuit::{Layouter, SimpleFloorPlanner, Value};
use halo2_axiom::plonk::{Circuit, ConstraintSystem, Error};
use halo2curves::bn256::Fr;

use super::bus::running_sum;
use super::columns::COPYABLE;
use super::layout::{BatchConfig, Layout};
use super::preset::Capacities;
use super::witness::Witness;

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
                for (index, values) in fixed.columns().iter().enumerate() {
                    let column = halo2_axiom::plonk::Column::new(index, halo2_axiom::plonk::Fixed);
                    for (row, value) in values.iter().enumerate() {
                        region.assign_fixed(column, row, *value);
                    }
                }
                let mut copyable = vec![Vec::with_capacity(layout.end); COPYABLE];
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
