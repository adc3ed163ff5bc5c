//! Values of a set of columns, filled before halo2 sees them.
//!
//! The witness and the fixed columns of the batch circuit are plain tables: regions write rows into them, the bus
//! reads them back to accumulate its fractions, and tests tamper with single cells.

use halo2curves::bn256::Fr;

/// Field elements by column and row; cells never written are zero.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    columns: Vec<Vec<Fr>>,
}

impl Table {
    /// A table of zeros.
    pub fn new(columns: usize, rows: usize) -> Self {
        Self { columns: vec![vec![Fr::zero(); rows]; columns] }
    }

    /// The value of a cell.
    pub fn get(&self, column: usize, row: usize) -> Fr {
        self.columns[column][row]
    }

    /// Writes a cell.
    pub fn set(&mut self, column: usize, row: usize, value: Fr) {
        self.columns[column][row] = value;
    }

    /// All columns, each of [`Table::rows`] values.
    pub fn columns(&self) -> &[Vec<Fr>] {
        &self.columns
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.columns.first().map_or(0, Vec::len)
    }
}
