//! The tape: Poseidon permutations in pairs, each pair one level of a Merkle path or two free hashes.
//!
//! A permutation takes 5 rows: columns 0..16 hold its 80 stored S-box inputs ([`recurrence`]), column 16 its hash and four
//! cells of the tape. A pair is a permutation of the old tree above one of the new tree:
//!
//! ```text
//! row   0    1      2         3    4         5     6       7         8   9
//!       bit  index  old root  end  old hash  path  levels  new root  -   new hash
//! ```
//!
//! With path = 1 the pair is one level: old and new node have the same sibling and the same side (bit); their hashes are
//! the next pair's nodes, up to the pair with end = 1, whose hashes are the roots. `index` and `levels` are what is left of
//! them from this level on. A path starts after a pair with end = 1, and there it is provided to the bus, once. A path cut
//! short is a valid path of fewer levels; whoever draws one fixes the number of levels by its tag.
//! The tape is the last region: after its last pair the bus must be back at zero.
//! That `end` is a bit follows: with path = 0 it is 1. With path = 1 and end other than 0 and 1, `levels` is 1 here and, since no
//! path starts there, 0 in the next pair, which is a level too; from there it only falls, never is 1 again on a tape this
//! short, so that no pair may end, but the last one must.
//! With path = 0 both hashes are provided to the bus, as often as the cells `index` and `levels` say.

mod gates;
pub mod recurrence;

use std::ops::Range;

use halo2curves::bn256::Fr;
use halo2curves::ff::Field;
use rayon::prelude::*;

use super::bus::{BusRegion, PATH_BASE, Tag, Term};
use super::columns::Columns;
use super::table::Table;
use crate::trace::PathUpdate;
pub use gates::TapeConfig;
use recurrence::{INPUTS, SEQUENCE, trace};

/// Rows of a permutation.
pub const ROWS_PER_PERMUTATION: usize = 5;
/// Rows of a pair.
pub const ROWS_PER_PAIR: usize = 2 * ROWS_PER_PERMUTATION;
/// Inputs in a row.
pub(super) const WIDTH: usize = INPUTS / ROWS_PER_PERMUTATION;
/// Column of hashes and tape cells.
pub const TAPE: usize = WIDTH;

/// Rows of the tape column within a pair.
pub mod row {
    /// Whether the node is the right child.
    pub const BIT: usize = 0;
    /// Index from this level on; of free hashes: how often the old hash is provided.
    pub const INDEX: usize = 1;
    /// Root of the old tree.
    pub const OLD_ROOT: usize = 2;
    /// One: the path ends here.
    pub const END: usize = 3;
    /// Hash of the first permutation.
    pub const OLD_HASH: usize = 4;
    /// One: a level of a path; zero: two free hashes.
    pub const PATH: usize = 5;
    /// Levels from this one on; of free hashes: how often the new hash is provided.
    pub const LEVELS: usize = 6;
    /// Root of the new tree.
    pub const NEW_ROOT: usize = 7;
    /// Hash of the second permutation.
    pub const NEW_HASH: usize = 9;
    /// The row on which the pair's constraints stand.
    pub const ANCHOR: usize = 5;
}

/// A hash that others draw.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HashUse {
    /// Left input.
    pub left: Fr,
    /// Right input.
    pub right: Fr,
    /// How often it is drawn.
    pub count: u64,
}

/// Why a tape cannot be filled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TapeError {
    /// More pairs are needed than there are.
    #[error("the tape has {available} pairs, {needed} are needed")]
    Full {
        /// Pairs needed.
        needed: usize,
        /// Pairs there are.
        available: usize,
    },
}

/// The tape region.
pub struct Tape {
    start: usize,
    pairs: usize,
    kinds: [usize; 3],
    anchor: usize,
    first: usize,
    last: usize,
    between: [usize; ROWS_PER_PERMUTATION - 2],
}

/// One pair to be written.
enum Pair<'a> {
    Level { path: &'a PathUpdate, level: usize, nodes: [Fr; 2] },
    Free([HashUse; 2]),
}

impl Tape {
    /// A tape of so many pairs from row `start` on.
    pub fn new(config: &TapeConfig, columns: &Columns, start: usize, pairs: usize) -> Self {
        Self {
            start,
            pairs,
            kinds: config.kinds.map(|column| column.index()),
            anchor: config.anchor.index(),
            first: columns.coefficients[gates::FIRST].index(),
            last: columns.coefficients[gates::LAST].index(),
            between: std::array::from_fn(|i| columns.coefficients[gates::BETWEEN + i].index()),
        }
    }

    /// Number of pairs.
    pub fn pairs(&self) -> usize {
        self.pairs
    }

    /// The row of a pair's cell in the tape column.
    pub fn cell(&self, pair: usize, row: usize) -> usize {
        self.start + pair * ROWS_PER_PAIR + row
    }

    /// Writes the selectors.
    pub fn fill_fixed(&self, fixed: &mut Table) {
        for at in self.rows() {
            let row = (at - self.start) % ROWS_PER_PERMUTATION;
            let kind = gates::kind_of(row);
            fixed.set(self.kinds[kind], at, Fr::ONE);
            if kind == 1 {
                fixed.set(self.between[row - 1], at, Fr::ONE);
            }
        }
        for pair in 0..self.pairs {
            fixed.set(self.anchor, self.cell(pair, row::ANCHOR), Fr::ONE);
        }
        if self.pairs > 0 {
            fixed.set(self.first, self.cell(0, row::ANCHOR), Fr::ONE);
            fixed.set(self.last, self.cell(self.pairs - 1, row::ANCHOR), Fr::ONE);
        }
    }

    /// Writes paths and hashes.
    ///
    /// # Errors
    /// There are not enough pairs.
    pub fn fill(&self, advice: &mut Table, paths: &[&PathUpdate], hashes: &[HashUse]) -> Result<(), TapeError> {
        let needed = paths.iter().map(|path| path.siblings.len()).sum::<usize>() + hashes.len().div_ceil(2);
        if needed > self.pairs {
            return Err(TapeError::Full { needed, available: self.pairs });
        }
        let idle = HashUse { left: Fr::ZERO, right: Fr::ZERO, count: 0 };
        let mut pairs = Vec::with_capacity(self.pairs);
        for path in paths {
            let mut nodes = [path.old_leaf, path.new_leaf];
            for level in 0..path.siblings.len() {
                pairs.push(Pair::Level { path, level, nodes });
                nodes = nodes.map(|node| parent(path, level, node));
            }
        }
        pairs.extend(hashes.chunks(2).map(|two| Pair::Free([two[0], two.get(1).copied().unwrap_or(idle)])));
        pairs.resize_with(self.pairs, || Pair::Free([idle; 2]));

        let written: Vec<_> = pairs.par_iter().map(Pair::cells).collect();
        for (pair, (permutations, tape)) in written.iter().enumerate() {
            for (half, inputs) in permutations.iter().enumerate() {
                for (s, input) in inputs.iter().enumerate() {
                    advice.set(s % WIDTH, self.cell(pair, half * ROWS_PER_PERMUTATION + s / WIDTH), *input);
                }
            }
            for (row, value) in tape.iter().enumerate() {
                advice.set(TAPE, self.cell(pair, row), *value);
            }
        }
        Ok(())
    }
}

fn children(path: &PathUpdate, level: usize, node: Fr) -> (Fr, Fr) {
    let sibling = path.siblings[level];
    if path.index >> level & 1 == 1 { (sibling, node) } else { (node, sibling) }
}

fn parent(path: &PathUpdate, level: usize, node: Fr) -> Fr {
    let (left, right) = children(path, level, node);
    crate::poseidon::hash2(left, right)
}

impl Pair<'_> {
    /// The inputs of both permutations, and the cells of the tape column.
    fn cells(&self) -> ([[Fr; INPUTS]; 2], [Fr; ROWS_PER_PAIR]) {
        let mut tape = [Fr::ZERO; ROWS_PER_PAIR];
        let hashed = match self {
            Pair::Level { path, level, nodes } => {
                let levels = path.siblings.len();
                tape[row::BIT] = Fr::from(path.index >> level & 1);
                tape[row::INDEX] = Fr::from(path.index >> level);
                tape[row::OLD_ROOT] = path.old_root;
                tape[row::NEW_ROOT] = path.new_root;
                tape[row::END] = Fr::from(u64::from(level + 1 == levels));
                tape[row::PATH] = Fr::ONE;
                tape[row::LEVELS] = Fr::from((levels - level) as u64);
                nodes.map(|node| children(path, *level, node))
            }
            Pair::Free(hashes) => {
                tape[row::END] = Fr::ONE;
                tape[row::INDEX] = Fr::from(hashes[0].count);
                tape[row::LEVELS] = Fr::from(hashes[1].count);
                hashes.map(|hash| (hash.left, hash.right))
            }
        };
        let [(old, old_hash), (new, new_hash)] = hashed.map(|(left, right)| trace(left, right));
        tape[row::OLD_HASH] = old_hash;
        tape[row::NEW_HASH] = new_hash;
        ([old, new], tape)
    }
}

impl BusRegion for Tape {
    fn rows(&self) -> Range<usize> {
        self.start..self.start + self.pairs * ROWS_PER_PAIR
    }

    fn terms(&self, advice: &Table, _: &Table, anchor: usize) -> Vec<Term> {
        let Some((pair, row::ANCHOR)) =
            anchor.checked_sub(self.start).map(|row| (row / ROWS_PER_PAIR, row % ROWS_PER_PAIR))
        else {
            return Vec::new();
        };
        let tape = |row: usize| advice.get(TAPE, self.cell(pair, row));
        let hashed = |half: usize| -> [Fr; 2] {
            let row = self.cell(pair, half * ROWS_PER_PERMUTATION);
            std::array::from_fn(|i| advice.get(i, row) - SEQUENCE.offsets[i])
        };
        let [old, new] = [hashed(0), hashed(1)];
        let bit = tape(row::BIT);
        let node = |children: [Fr; 2]| children[0] + bit * (children[1] - children[0]);
        let start = if pair == 0 { Fr::ONE } else { advice.get(TAPE, self.cell(pair - 1, row::END)) };
        let path = tape(row::PATH);
        let free = |count: usize, [left, right]: [Fr; 2], hash: usize| Term {
            multiplicity: (Fr::ONE - path) * tape(count),
            tag: Tag::Hash.value(),
            elements: vec![left, right, tape(hash)],
        };
        vec![
            Term {
                multiplicity: path * start,
                tag: Fr::from(PATH_BASE) + tape(row::LEVELS),
                elements: vec![tape(row::INDEX), node(old), node(new), tape(row::OLD_ROOT), tape(row::NEW_ROOT)],
            },
            free(row::INDEX, old, row::OLD_HASH),
            free(row::LEVELS, new, row::NEW_HASH),
        ]
    }
}
