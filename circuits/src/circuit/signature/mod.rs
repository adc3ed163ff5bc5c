//! The signature table: slots that each verify one EdDSA signature over Baby Jubjub (circomlib's `signPoseidon`).
//!
//! A slot proves: A is on the curve (hence R8), 8·A is not the identity, h = poseidon(R8x, R8y, Ax, Ay, M),
//! S·B8 − h·8A = R8 with S and h canonical; it provides (pkh, M), pkh being the low 160 bits of poseidon(Ax, Ay).
//!
//! ```text
//! key       1   A, R8, 2A, 4A, 8A, B8 − 8A; provides the ladder's four points
//! link      1   leading bits of S and h below those of the orders, parts of the key's hash; all by copies
//! absorb    1   R8, A, M enter the hash; draws poseidon(A), provides (pkh, M)
//! full      2   four full rounds, two a row        \
//! partial  10   sixty partial rounds, six a row     | poseidon of width 6
//! full      2                                       |
//! output    1   h                                  /
//! digits   19   ranges, 32 bits a row
//! ladder  127   two steps a row: double, add one of 0, B8, −8A, B8 − 8A; first bits first
//! ```
//!
//! Canonical: only the leading 128 bits of S and h are compared, strictly, with those of ℓ and r, and the leading 94 bits of
//! poseidon(A) with those of r; equality there has a probability below 2^-92, and native verification refuses it too.
//! The addition law is complete for points on the curve (a is a square, d is not), so no case needs a branch. It also keeps
//! the ladder's sums on the curve, since all points added are; R8, a copy of the last sum, needs no check of its own.

mod gates;
mod points;
pub(super) mod rounds;
#[cfg(test)]
mod tests;
pub(super) mod values;

use std::ops::Range;

use halo2curves::bn256::Fr;
use halo2curves::ff::Field;
use rayon::prelude::*;

use super::bus::{BusRegion, Tag, Term};
use super::columns::{COEFFICIENTS, Columns};
use super::slot::Cell;
use super::table::Table;
use super::tape::HashUse;
use crate::babyjubjub::BASE;
pub use gates::SignatureConfig;
pub use values::SignatureUse;
use values::SlotValues;

/// Rows of a slot by kind, in order.
pub(super) const KEY: usize = 0;
pub(super) const LINK: usize = 1;
pub(super) const ABSORB: usize = 2;
pub(super) const FIRST_FULL: usize = 3;
pub(super) const PARTIAL: usize = FIRST_FULL + 2;
pub(super) const LAST_FULL: usize = PARTIAL + rounds::PARTIAL_ROWS;
pub(super) const OUTPUT: usize = LAST_FULL + 2;
pub(super) const DIGITS: usize = OUTPUT + 1;
pub(super) const LADDER: usize = DIGITS + DIGIT_ROWS;
/// Two steps a row, 254 bits.
pub(super) const LADDER_ROWS: usize = 127;
/// Ladder row at whose end 128 bits have been read.
pub(super) const LEADING: usize = LADDER + 63;
/// Rows of a slot.
pub const ROWS_PER_SLOT: usize = LADDER + LADDER_ROWS;

/// Base-4 digits of a digit row; its accumulator is in column 0.
pub(super) const DIGITS_PER_ROW: usize = 16;
/// What is range-checked: cells of the link row, and rows of 32 bits.
pub(super) const RANGES: [(usize, usize); 5] =
    [(link::PKH, 5), (link::HIGH, 3), (link::HIGH_ROOM, 3), (link::CHALLENGE_ROOM, 4), (link::RESPONSE_ROOM, 4)];
pub(super) const DIGIT_ROWS: usize = 19;

/// Columns of the key row.
pub(super) mod key {
    pub const A: [usize; 2] = [0, 1];
    pub const R8: [usize; 2] = [2, 3];
    /// 2A, 4A, 8A.
    pub const DOUBLES: [[usize; 2]; 3] = [[4, 5], [6, 7], [8, 9]];
    /// B8 − 8A.
    pub const COMBINED: [usize; 2] = [10, 11];
    /// The inverse of 8A's x.
    pub const INVERSE: usize = 12;
    /// How often the ladder draws each of its four points.
    pub const COUNTS: [usize; 4] = [13, 14, 15, 16];
}

/// Columns of the link row.
pub(super) mod link {
    /// h >> 126.
    pub const CHALLENGE: usize = 0;
    /// (r >> 126) − 1 − (h >> 126).
    pub const CHALLENGE_ROOM: usize = 1;
    /// S >> 126.
    pub const RESPONSE: usize = 2;
    /// (ℓ >> 126) − 1 − (S >> 126).
    pub const RESPONSE_ROOM: usize = 3;
    /// poseidon(A) >> 160.
    pub const HIGH: usize = 4;
    /// (r >> 160) − 1 − the above.
    pub const HIGH_ROOM: usize = 5;
    /// poseidon(A) mod 2^160.
    pub const PKH: usize = 6;
    /// poseidon(A).
    pub const HASH: usize = 7;
}

/// Columns of the absorb row. Columns 1 to 5 hold R8x, R8y, Ax, Ay, M.
pub(super) mod absorb {
    pub const R8: [usize; 2] = [1, 2];
    pub const A: [usize; 2] = [3, 4];
    pub const MESSAGE: usize = 5;
    pub const PKH: usize = 6;
    pub const HASH: usize = 7;
    /// How often (pkh, M) is drawn.
    pub const COUNT: usize = 8;
}

/// Columns of a ladder row.
pub(super) mod ladder {
    /// h so far.
    pub const CHALLENGE: usize = 0;
    /// S so far.
    pub const RESPONSE: usize = 1;
    /// The sum after the row.
    pub const SUM: [usize; 2] = [2, 3];
    /// The two steps' digits, s + 2h.
    pub const DIGITS: [usize; 2] = [4, 5];
    /// The points added.
    pub const ADDED: [[usize; 2]; 2] = [[6, 7], [8, 9]];
    /// Doubled, before adding.
    pub const DOUBLED: [[usize; 2]; 2] = [[10, 11], [14, 15]];
    /// The sum between the two steps.
    pub const BETWEEN: [usize; 2] = [12, 13];
}

/// The signature region.
pub struct Signatures {
    start: usize,
    slots: usize,
    config: SignatureConfig,
    coefficients: [usize; COEFFICIENTS],
}

impl Signatures {
    /// So many slots from row `start` on.
    pub fn new(config: &SignatureConfig, columns: &Columns, start: usize, slots: usize) -> Self {
        let coefficients = columns.coefficients.map(|column| column.index());
        Self { start, slots, config: config.clone(), coefficients }
    }

    /// Number of slots.
    pub fn slots(&self) -> usize {
        self.slots
    }

    /// How many hashes a table of so many slots draws from the tape, so many of them in use: one a signature, and one for
    /// all that are idle.
    pub fn hashes(slots: usize, used: usize) -> usize {
        used + usize::from(used < slots)
    }

    /// The row of the table's column where a slot's row lies.
    pub(super) fn row(&self, slot: usize, row: usize) -> usize {
        self.start + slot * ROWS_PER_SLOT + row
    }

    /// Writes selectors and constants.
    pub fn fill_fixed(&self, fixed: &mut Table) {
        for slot in 0..self.slots {
            for row in 0..ROWS_PER_SLOT {
                let at = self.row(slot, row);
                fixed.set(self.config.selector_of(row).index(), at, Fr::ONE);
                for (index, constant) in gates::constants(row, slot) {
                    fixed.set(self.coefficients[index], at, constant);
                }
            }
        }
    }

    /// The pairs of cells that must be equal.
    pub fn copies(&self) -> Vec<(Cell, Cell)> {
        let mut within = vec![
            ((ladder::CHALLENGE, LEADING), (link::CHALLENGE, LINK)),
            ((ladder::RESPONSE, LEADING), (link::RESPONSE, LINK)),
            ((ladder::CHALLENGE, ROWS_PER_SLOT - 1), (0, OUTPUT)),
            ((absorb::PKH, ABSORB), (link::PKH, LINK)),
            ((absorb::HASH, ABSORB), (link::HASH, LINK)),
        ];
        for i in 0..2 {
            within.push(((absorb::R8[i], ABSORB), (key::R8[i], KEY)));
            within.push(((absorb::A[i], ABSORB), (key::A[i], KEY)));
            within.push(((ladder::SUM[i], ROWS_PER_SLOT - 1), (key::R8[i], KEY)));
        }
        let mut row = DIGITS;
        for (cell, rows) in RANGES {
            row += rows;
            within.push(((0, row - 1), (cell, LINK)));
        }
        let shifted = |slot: usize, (column, row): Cell| (column, self.row(slot, row));
        (0..self.slots)
            .flat_map(|slot| within.iter().map(move |(left, right)| (shifted(slot, *left), shifted(slot, *right))))
            .collect()
    }

    /// Writes signatures into the first slots, a valid one that nobody draws into the rest. At most [`Signatures::slots`].
    /// Returns the hashes that the slots draw from the tape.
    pub fn fill(&self, advice: &mut Table, signatures: &[SignatureUse]) -> Vec<HashUse> {
        let idle = SignatureUse::idle();
        let used = signatures.len().min(self.slots);
        let mut filled: Vec<SlotValues> = signatures[..used].par_iter().map(SlotValues::new).collect();
        let spare = (used < self.slots).then(|| SlotValues::new(&idle));
        filled.extend(spare.iter().flat_map(|spare| std::iter::repeat_n(spare.clone(), self.slots - used)));
        for (slot, values) in filled.iter().enumerate() {
            for (row, cells) in values.rows.iter().enumerate() {
                for (column, value) in cells.iter().enumerate() {
                    advice.set(column, self.row(slot, row), *value);
                }
            }
        }
        let hash = |signature: &SignatureUse, count| HashUse { left: signature.ax, right: signature.ay, count };
        let mut hashes: Vec<_> = signatures[..used].iter().map(|signature| hash(signature, 1)).collect();
        if used < self.slots {
            hashes.push(hash(&idle, (self.slots - used) as u64));
        }
        hashes
    }
}

impl BusRegion for Signatures {
    fn rows(&self) -> Range<usize> {
        self.start..self.start + self.slots * ROWS_PER_SLOT
    }

    fn terms(&self, advice: &Table, _: &Table, at: usize) -> Vec<Term> {
        let (slot, row) = ((at - self.start) / ROWS_PER_SLOT, (at - self.start) % ROWS_PER_SLOT);
        let cell = |column: usize| advice.get(column, at);
        let point = |multiplicity: Fr, digit: Fr, [x, y]: [Fr; 2]| Term {
            multiplicity,
            tag: Tag::Point.value(),
            elements: vec![Fr::from(slot as u64), digit, x, y],
        };
        match row {
            KEY => {
                let [x, y] = key::DOUBLES[2].map(cell);
                let table = [[Fr::ZERO, Fr::ONE], [BASE.x, BASE.y], [-x, y], key::COMBINED.map(cell)];
                let entries = table.into_iter().zip(key::COUNTS).zip(0u64..);
                entries.map(|((entry, count), digit)| point(cell(count), Fr::from(digit), entry)).collect()
            }
            ABSORB => vec![
                Term {
                    multiplicity: -Fr::ONE,
                    tag: Tag::Hash.value(),
                    elements: vec![cell(absorb::A[0]), cell(absorb::A[1]), cell(absorb::HASH)],
                },
                Term {
                    multiplicity: cell(absorb::COUNT),
                    tag: Tag::Signature.value(),
                    elements: vec![cell(absorb::PKH), cell(absorb::MESSAGE)],
                },
            ],
            LADDER.. => {
                (0..2).map(|step| point(-Fr::ONE, cell(ladder::DIGITS[step]), ladder::ADDED[step].map(cell))).collect()
            }
            _ => Vec::new(),
        }
    }
}
