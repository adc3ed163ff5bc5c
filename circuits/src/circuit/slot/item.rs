//! What a program consists of: the constraints that it emits, in order, each with the line that emitted it.
//!
//! The plan lays items out in rows; the soundness campaign takes each of them away; the determinism check reads what they say.

use std::panic::Location;

use halo2curves::bn256::Fr;

use crate::circuit::bus::Tag;

/// A named value of the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Var(pub(super) usize);

impl Var {
    /// Values are numbered in the order in which the program names them.
    pub fn index(self) -> usize {
        self.0
    }
}

/// One constraint of a program, and where the program states it.
#[derive(Clone, Debug)]
pub struct Item {
    /// What it says.
    pub constraint: Constraint,
    /// The line that emitted it.
    pub site: &'static Location<'static>,
}

/// What an item says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Constraint {
    /// `Σ scale · var + product · x0 · x1 + constant = 0` over at most four values, x0 and x1 being the first two.
    Sum {
        /// Scales and values.
        terms: Vec<(Fr, Var)>,
        /// Scale of the product of the first two values.
        product: Fr,
        /// Added constant.
        constant: Fr,
    },
    /// `a · b = c`.
    Product([Var; 3]),
    /// A hash drawn: (left, right, hash).
    Hash([Var; 3]),
    /// The value is an integer below 2^bits, a multiple of 8 bits.
    Range {
        /// The value.
        var: Var,
        /// The width.
        bits: usize,
    },
    /// The value equals this public input.
    Instance {
        /// The value.
        var: Var,
        /// The public input.
        index: usize,
    },
    /// The value equals a value of the block's own slot that all slots share.
    Import {
        /// The value.
        var: Var,
        /// The shared value's number.
        global: usize,
    },
    /// A tuple of at most four elements, provided (`sign` = 1) or drawn (−1).
    Tuple {
        /// Its kind.
        tag: Tag,
        /// Provided or drawn.
        sign: i8,
        /// Its elements, padded with the constant zero.
        elements: [Var; 4],
    },
    /// A path drawn: (index, old leaf, new leaf, old root, new root).
    Path {
        /// Its length; the index is below 2^levels.
        levels: u64,
        /// Its elements.
        elements: [Var; 5],
    },
}

impl Constraint {
    /// The values that it reads, in the order of its cells.
    pub fn operands(&self) -> Vec<Var> {
        match self {
            Self::Sum { terms, .. } => terms.iter().map(|(_, var)| *var).collect(),
            Self::Product(vars) | Self::Hash(vars) => vars.to_vec(),
            Self::Range { var, .. } | Self::Instance { var, .. } | Self::Import { var, .. } => vec![*var],
            Self::Tuple { elements, .. } => elements.to_vec(),
            Self::Path { elements, .. } => elements.to_vec(),
        }
    }

    /// The kind of constraint, for reports.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Sum { .. } => "sum",
            Self::Product([a, b, c]) if a == b && b == c => "bit",
            Self::Product(_) => "product",
            Self::Hash(_) => "hash",
            Self::Range { .. } => "range",
            Self::Instance { .. } => "instance",
            Self::Import { .. } => "import",
            Self::Tuple { .. } => "tuple",
            Self::Path { .. } => "path",
        }
    }
}
