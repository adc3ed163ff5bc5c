//! The bus: a LogUp argument through which the regions of the batch circuit exchange tuples.
//!
//! A row adds fractions `m / (gamma + tag + Σ beta^(i+1) · element_i)` to a running sum: `m` is the number of times that
//! it provides (positive) or draws (negative) the tuple. The sum starts and ends at zero, so every draw is met by
//! what another region provides (Haböck, "Multivariate lookups based on logarithmic derivatives", eprint 2022/1530).
//! The running sum lives in one second-phase column: `next - current` equals the row's fractions, cleared of
//! denominators; up to four fractions fit a row at degree 6.

use halo2_axiom::plonk::{Expression, VirtualCells};
use halo2_axiom::poly::Rotation;
use halo2curves::bn256::Fr;
use halo2curves::ff::{BatchInvert, Field};

use super::columns::Columns;
use super::table::Table;

/// Kinds of tuples. A path of `n` levels has the tag [`Tag::Path`]`(n)`, so that who draws a path fixes its length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tag {
    /// (left, right, hash): `hash = poseidon([left, right])`.
    Hash,
    /// (public key hash, message): a valid signature exists.
    Signature,
    /// (signature slot, digit, x, y): the points that a signature's ladder selects from.
    Point,
    /// (sequence number, state root, pubdata fold, pubdata evaluation): the block after so many operations.
    Block,
    /// (sequence number, state root): the block after so many fee credits.
    Credit,
    /// (chain, sequence number, evaluation): a chain's on-chain operations so far.
    Chain,
    /// (account, token, total): fees owed to an account.
    Fee,
    /// (index, old leaf, new leaf, old root, new root) of a Merkle path with this many levels.
    Path(u64),
}

impl Tag {
    /// The tag's field element. Paths follow all others, one a length.
    pub fn value(self) -> Fr {
        Fr::from(match self {
            Tag::Hash => 1,
            Tag::Signature => 2,
            Tag::Point => 3,
            Tag::Block => 4,
            Tag::Credit => 5,
            Tag::Chain => 6,
            Tag::Fee => 7,
            Tag::Path(levels) => PATH_BASE + levels,
        })
    }
}

/// The tag of a path is this plus its number of levels (at least one).
pub const PATH_BASE: u64 = 16;

/// A fraction of the running sum as expressions.
pub struct Fraction {
    /// How often the tuple is provided; negative: drawn.
    pub multiplicity: Expression<Fr>,
    /// `gamma + tag + Σ beta^(i+1) · element_i`.
    pub denominator: Expression<Fr>,
}

impl Fraction {
    /// A fraction of the tuple `elements` under `tag`.
    pub fn new(
        columns: &Columns,
        multiplicity: Expression<Fr>,
        tag: Expression<Fr>,
        elements: impl IntoIterator<Item = Expression<Fr>>,
    ) -> Self {
        let mut denominator = columns.gamma.expr() + tag;
        let mut power = columns.beta.expr();
        for element in elements {
            denominator = denominator + power.clone() * element;
            power = power * columns.beta.expr();
        }
        Self { multiplicity, denominator }
    }
}

/// `(next - current) · Π d_i - Σ m_i · Π_{j≠i} d_j`: vanishes iff the running sum grows by the fractions.
/// Degree: 1 + the sum of the denominators' degrees, without the region's selector.
pub fn transition(columns: &Columns, cells: &mut VirtualCells<'_, Fr>, fractions: &[Fraction]) -> Expression<Fr> {
    let current = cells.query_advice(columns.bus, Rotation::cur());
    let next = cells.query_advice(columns.bus, Rotation::next());
    let product = |skip: Option<usize>| {
        fractions
            .iter()
            .enumerate()
            .filter(|(i, _)| Some(*i) != skip)
            .map(|(_, fraction)| fraction.denominator.clone())
            .reduce(|a, b| a * b)
    };
    let grown = next - current;
    let mut sum = match product(None) {
        Some(all) => grown * all,
        None => grown,
    };
    for (i, fraction) in fractions.iter().enumerate() {
        let others = product(Some(i));
        let term = fraction.multiplicity.clone();
        sum = sum - others.map_or(term.clone(), |others| term * others);
    }
    sum
}

/// A fraction of the running sum as values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Term {
    /// How often the tuple is provided; negative: drawn.
    pub multiplicity: Fr,
    /// The kind of tuple, as [`Tag::value`].
    pub tag: Fr,
    /// The tuple.
    pub elements: Vec<Fr>,
}

/// What a region adds to the running sum, read back from the assigned cells.
pub trait BusRegion {
    /// Rows of the region.
    fn rows(&self) -> std::ops::Range<usize>;
    /// The fractions of one of its rows, in the cells' present values.
    fn terms(&self, advice: &Table, fixed: &Table, row: usize) -> Vec<Term>;
}

/// The running sum over the rows of the regions (contiguous from row 0): `rows + 1` values, the first is zero, and
/// the last is zero too iff every draw is met. A vanishing denominator contributes nothing (probability 2^-240).
pub fn running_sum(regions: &[&dyn BusRegion], advice: &Table, fixed: &Table, beta: Fr, gamma: Fr) -> Vec<Fr> {
    let mut multiplicities = Vec::new();
    let mut denominators = Vec::new();
    let mut counts = Vec::new();
    for region in regions {
        for row in region.rows() {
            let terms = region.terms(advice, fixed, row);
            counts.push(terms.len());
            for term in terms {
                let compressed = term.elements.iter().rev().fold(Fr::ZERO, |sum, element| (sum + element) * beta);
                multiplicities.push(term.multiplicity);
                denominators.push(gamma + term.tag + compressed);
            }
        }
    }
    denominators.iter_mut().batch_invert();
    let mut sum = Fr::ZERO;
    let mut sums = vec![sum];
    let mut fractions = multiplicities.iter().zip(&denominators);
    for count in counts {
        for (multiplicity, inverse) in fractions.by_ref().take(count) {
            sum += multiplicity * inverse;
        }
        sums.push(sum);
    }
    sums
}
