//! Poseidon of width 6 in rows: two full rounds, or six partial rounds, a row. Rows of a kind differ in constants only,
//! which are in fixed columns, so each kind needs one set of gates.
//!
//! A row starts with the six lanes as they enter a round's S-boxes, constants added, in columns 0 to 6. Further S-box
//! inputs follow in the next columns; the next row's first six cells are affine in this row's cells and fifth powers.

use std::sync::LazyLock;

use halo2curves::bn256::Fr;
use halo2curves::ff::Field;

use crate::circuit::affine::Affine;
use crate::poseidon::WIDTH_6;

/// Lanes.
pub const WIDTH: usize = 6;
/// Partial rounds of a row.
const PARTIAL_ROUNDS: usize = 6;
/// Rows of partial rounds.
pub const PARTIAL_ROWS: usize = 10;

/// A row's combinations: of the cells after the lanes, then of the next row's lanes.
pub struct Row {
    /// Cells of columns 6, 7, …
    pub inner: Vec<Affine>,
    /// The next row's first six cells.
    pub next: [Affine; WIDTH],
}

impl Row {
    /// The constants, in the order of the coefficient columns.
    pub fn constants(&self) -> Vec<Fr> {
        self.inner.iter().chain(&self.next).map(|affine| affine.constant).collect()
    }
}

/// All rows in order: two of full rounds, ten of partial rounds, two of full rounds.
pub static ROWS: LazyLock<Vec<Row>> = LazyLock::new(|| {
    let starts = [0, 2].into_iter().chain((0..PARTIAL_ROWS).map(|row| 4 + row * PARTIAL_ROUNDS)).chain([64, 66]);
    starts.map(row).collect()
});

fn row(first: usize) -> Row {
    let parameters = &*WIDTH_6;
    let full = parameters.is_full(first);
    let constants = |round: usize| parameters.round_constants.get(round).map(Vec::as_slice);
    let mut lanes: [Affine; WIDTH] =
        std::array::from_fn(|lane| if full || lane == 0 { Affine::fifth(lane) } else { Affine::linear(lane) });
    let mut inner = Vec::new();
    let rounds = if full { 2 } else { PARTIAL_ROUNDS };
    for round in first + 1..first + rounds {
        lanes = Affine::mix(&lanes, &parameters.mds, constants(round));
        for lane in &mut lanes[..if full { WIDTH } else { 1 }] {
            let stored = Affine::fifth(WIDTH + inner.len());
            inner.push(std::mem::replace(lane, stored));
        }
    }
    Row { inner, next: Affine::mix(&lanes, &parameters.mds, constants(first + rounds)) }
}

/// The constants of the first round: what the absorbed lanes grow by.
pub fn first_constants() -> &'static [Fr] {
    &WIDTH_6.round_constants[0]
}

/// The cells of all rows, and of the output row, for the absorbed (0, inputs).
pub fn trace(inputs: &[Fr; WIDTH - 1]) -> Vec<Vec<Fr>> {
    let mut lanes = vec![first_constants()[0]];
    lanes.extend(inputs.iter().zip(&first_constants()[1..]).map(|(input, constant)| *input + constant));
    let mut rows = Vec::new();
    for row in ROWS.iter() {
        let mut cells = lanes;
        cells.resize(WIDTH + row.inner.len(), Fr::ZERO);
        for (i, affine) in row.inner.iter().enumerate() {
            cells[WIDTH + i] = affine.evaluate(&cells);
        }
        lanes = row.next.iter().map(|affine| affine.evaluate(&cells)).collect();
        rows.push(cells);
    }
    rows.push(lanes);
    rows
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::poseidon::hash5;

    #[test]
    fn rows_lead_to_the_hash() {
        let inputs = [1, 2, 3, 4, 5].map(Fr::from);
        assert_eq!(trace(&inputs)[14][0], hash5(inputs));
    }

    #[test]
    fn rows_of_a_kind_differ_in_constants_only() {
        for (kind, rows) in [(0, [1, 12].as_slice()), (2, &[3, 7, 11])] {
            for row in rows {
                let terms = |row: usize| -> Vec<_> {
                    ROWS[row].inner.iter().chain(&ROWS[row].next).map(|affine| affine.terms.clone()).collect()
                };
                assert_eq!(terms(kind), terms(*row));
            }
        }
    }
}
