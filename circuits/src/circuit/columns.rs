//! The columns that all regions of the batch circuit share.
//!
//! Regions lie one below the other in the same advice columns, so a block pays for rows, not for columns: 17 columns in
//! the first phase and the bus column in the second. Each region has fixed columns of its own where degree leaves no
//! room, and borrows the operation slots' coefficient columns (`coefficients`) for its constants elsewhere: the slot
//! gates are multiplied by their own selector, so the borrowed cells are free on all other rows.

use halo2_axiom::plonk::{
    Advice, Challenge, Column, ConstraintSystem, Expression, FirstPhase, Fixed, Instance, SecondPhase, VirtualCells,
};
use halo2_axiom::poly::Rotation;
use halo2curves::bn256::Fr;

/// Number of advice columns of the first phase.
pub const MAIN: usize = 17;
/// Number of fixed columns that hold a region's constants; named coefficients after their first user, the slots.
pub const COEFFICIENTS: usize = 14;
/// Main columns that copy constraints may touch: 0..8 (two grand products at degree 6).
pub const COPYABLE: usize = 8;

/// Columns and challenges shared by the regions.
#[derive(Clone, Debug)]
pub struct Columns {
    /// First-phase advice.
    pub main: [Column<Advice>; MAIN],
    /// Second-phase running sum of the bus.
    pub bus: Column<Advice>,
    /// Constants of the region that a row belongs to.
    pub coefficients: [Column<Fixed>; COEFFICIENTS],
    /// Public inputs.
    pub instance: Column<Instance>,
    /// Compresses the elements of a bus tuple.
    pub beta: Challenge,
    /// Where the bus fractions are evaluated.
    pub gamma: Challenge,
}

impl Columns {
    /// Allocates the columns.
    pub fn configure(cs: &mut ConstraintSystem<Fr>) -> Self {
        let main = std::array::from_fn(|_| cs.advice_column_in(FirstPhase));
        for column in &main[..COPYABLE] {
            cs.enable_equality(*column);
        }
        let bus = cs.advice_column_in(SecondPhase);
        let coefficients = std::array::from_fn(|_| cs.fixed_column());
        let instance = cs.instance_column();
        let beta = cs.challenge_usable_after(FirstPhase);
        let gamma = cs.challenge_usable_after(FirstPhase);
        Self { main, bus, coefficients, instance, beta, gamma }
    }

    /// The cell of main column `column`, `rotation` rows below the current one.
    pub fn cell(&self, cells: &mut VirtualCells<'_, Fr>, column: usize, rotation: i32) -> Expression<Fr> {
        cells.query_advice(self.main[column], Rotation(rotation))
    }

    /// The current row's constant `index`.
    pub fn coefficient(&self, cells: &mut VirtualCells<'_, Fr>, index: usize) -> Expression<Fr> {
        cells.query_fixed(self.coefficients[index], Rotation::cur())
    }
}
