//! A tampered witness, as its difference from an honest one.

use halo2curves::bn256::Fr;

use crate::circuit::slot::Cell;

/// What a cheating prover changes.
#[derive(Clone, Debug)]
pub struct Attack {
    /// What it claims.
    pub name: String,
    /// Changed cells of the main columns.
    pub cells: Vec<(Cell, Fr)>,
    /// `Some`: an attack on the running sum, not on the tuples. Added on these rows to the sum that the changed cells have.
    pub bus: Option<Vec<(usize, Fr)>>,
    /// Classes of tuples that the attacked region provides falsely, with nobody to draw them.
    pub provides: &'static [&'static str],
}

impl Attack {
    /// Changes cells.
    pub fn cells(name: impl Into<String>, cells: Vec<(Cell, Fr)>) -> Self {
        Self { name: name.into(), cells, bus: None, provides: &[] }
    }
}
