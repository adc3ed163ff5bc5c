//! Evaluates every constraint on every row and names those that a witness breaks.
//!
//! MockProver does the same for halo2; this one works on the tables before halo2 sees them, tells constraints apart by
//! name, and is fast enough to judge thousands of tampered witnesses. Beside the gates it names what a witness does to
//! the bus, by kind of tuple (`bus:path`), and to the copies, by what they tie together (`copies:z`). [`super::soundness`]
//! is built on it.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};

use halo2_axiom::plonk::{ConstraintSystem, Expression, Gate};
use halo2curves::bn256::Fr;
use halo2curves::ff::Field;
use rayon::prelude::*;

use super::bus::{BusRegion, Tag, Term, running_sum};
use super::layout::{BatchConfig, Layout};
use super::preset::Capacities;
use super::slot::Cell;
use super::table::Table;
use super::witness::Witness;

/// The gate that brings the running sum back to zero: what an unbalanced bus breaks.
pub const BUS_END: &str = "bus.end";
/// Copies that give all cells of one value in a slot.
pub const COPIES_SLOTS: &str = "copies:slots";
/// Copies that give every slot the block's z.
pub const COPIES_Z: &str = "copies:z";
/// Copies inside the slots of the signature table.
pub const COPIES_SIGNATURES: &str = "copies:signatures";

/// Names of the copy classes.
pub const COPIES: [&str; 3] = [COPIES_SLOTS, COPIES_Z, COPIES_SIGNATURES];

/// Names of the bus's classes, one a kind of tuple.
pub const TUPLES: [&str; 8] =
    ["bus:hash", "bus:signature", "bus:point", "bus:block", "bus:credit", "bus:chain", "bus:fee", "bus:path"];

/// The class of a tuple with this tag.
pub fn tuple_class(tag: Fr) -> &'static str {
    let tags = [Tag::Hash, Tag::Signature, Tag::Point, Tag::Block, Tag::Credit, Tag::Chain, Tag::Fee];
    tags.iter().zip(TUPLES).find(|(other, _)| other.value() == tag).map_or(TUPLES[7], |(_, class)| class)
}

/// What is left of each tuple when all that is provided and drawn is added up.
#[derive(Default)]
pub struct Balance(HashMap<(Fr, Vec<Fr>), Fr>);

impl Balance {
    /// Adds `scale` times a fraction.
    pub fn add(&mut self, term: Term, scale: Fr) {
        if term.multiplicity != Fr::ZERO {
            // Short tuples are padded with zeros, as their compressed forms are equal.
            let mut elements = term.elements;
            while elements.last() == Some(&Fr::ZERO) {
                elements.pop();
            }
            *self.0.entry((term.tag, elements)).or_insert(Fr::ZERO) += scale * term.multiplicity;
        }
    }

    /// The classes of tuples that are not balanced.
    pub fn broken(&self) -> impl Iterator<Item = String> {
        self.0.iter().filter(|(_, rest)| **rest != Fr::ZERO).map(|((tag, _), _)| tuple_class(*tag).to_owned())
    }
}

/// All cells that a constraint may read.
pub struct Assignment<'a> {
    /// First-phase advice and public inputs.
    pub witness: &'a Witness,
    /// Running sum.
    pub bus: &'a [Fr],
    /// beta, gamma.
    pub challenges: [Fr; 2],
}

/// What a gate reads.
#[derive(Clone, Default)]
pub struct Reads {
    /// Advice by column and rotation.
    pub advice: BTreeSet<(usize, i32)>,
    /// Fixed columns on the current row.
    pub fixed: BTreeSet<usize>,
}

impl Reads {
    /// Of a gate's polynomial.
    pub fn of(expression: &Expression<Fr>) -> Self {
        let reads = RefCell::new(Self::default());
        expression.evaluate(
            &|_| (),
            &|_| (),
            &|query| {
                reads.borrow_mut().fixed.insert(query.column_index());
            },
            &|query| {
                reads.borrow_mut().advice.insert((query.column_index(), query.rotation().0));
            },
            &|_| (),
            &|_| (),
            &|()| (),
            &|(), ()| (),
            &|(), ()| (),
            &|(), _| (),
        );
        reads.into_inner()
    }
}

/// The constraints of one layout.
pub struct Checker {
    cs: ConstraintSystem<Fr>,
    layout: Layout,
    constraints: Vec<String>,
    fixed: Table,
    copies: Vec<(Cell, Cell, &'static str)>,
    bus: usize,
    coefficients: Vec<usize>,
    reads: Vec<Reads>,
}

impl Checker {
    /// All constraints of a circuit of these capacities.
    pub fn new(capacities: &Capacities) -> Self {
        let mut cs = ConstraintSystem::default();
        let config = BatchConfig::configure(&mut cs, None);
        let layout = Layout::new(&config, capacities);
        let fixed = layout.fixed();
        let class = |(left, right): (Cell, Cell)| {
            let (shared, table) = (layout.globals().contains(&left), layout.signatures.rows().contains(&left.1));
            (left, right, if shared { COPIES_Z } else { [COPIES_SLOTS, COPIES_SIGNATURES][usize::from(table)] })
        };
        let copies = layout.copies().into_iter().map(class).collect();
        let reads = cs.gates().iter().map(|gate| Reads::of(&gate.polynomials()[0])).collect();
        let coefficients: Vec<usize> = config.columns.coefficients.iter().map(|column| column.index()).collect();
        let bus = config.columns.bus.index();
        Self { cs, layout, constraints: config.constraints, fixed, copies, bus, coefficients, reads }
    }

    /// The regions.
    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    /// The fixed columns.
    pub fn fixed(&self) -> &Table {
        &self.fixed
    }

    /// Pairs of cells that must be equal, with the class of the copy.
    pub fn copies(&self) -> &[(Cell, Cell, &'static str)] {
        &self.copies
    }

    /// The gates.
    pub fn gates(&self) -> &[Gate<Fr>] {
        self.cs.gates()
    }

    /// What each gate reads.
    pub fn reads(&self) -> &[Reads] {
        &self.reads
    }

    /// Whether a gate can be other than zero on a row: every gate is a sum of multiples of its own selectors, the fixed
    /// columns beside the shared coefficients.
    pub fn is_live(&self, gate: usize, row: usize) -> bool {
        let selectors = self.reads[gate].fixed.iter().filter(|column| !self.coefficients.contains(column));
        selectors.copied().any(|column| self.fixed.get(column, row) != Fr::ZERO)
    }

    /// A constant of a row, by coefficient column.
    pub fn coefficient(&self, index: usize, row: usize) -> Fr {
        self.fixed.get(self.coefficients[index], row)
    }

    /// Column of the running sum.
    pub fn bus_column(&self) -> usize {
        self.bus
    }

    /// Everything that can be broken: gates by name, bus and copies by class.
    pub fn classes(&self) -> Vec<String> {
        let others = TUPLES.into_iter().chain(COPIES).map(str::to_owned);
        self.constraints.iter().cloned().chain(others).collect()
    }

    /// The running sum that a prover computes for a witness.
    pub fn running_sum(&self, witness: &Witness, [beta, gamma]: [Fr; 2]) -> Vec<Fr> {
        running_sum(&self.layout.regions(), &witness.advice, &self.fixed, beta, gamma)
    }

    /// The value of a gate's polynomial on a row.
    pub fn evaluate(&self, expression: &Expression<Fr>, row: usize, cells: &Assignment<'_>) -> Fr {
        let at = |column: &[Fr], rotation: i32| {
            let row = row as i64 + i64::from(rotation);
            usize::try_from(row).ok().and_then(|row| column.get(row)).copied().unwrap_or(Fr::ZERO)
        };
        let advice =
            |column: usize| if column == self.bus { cells.bus } else { &cells.witness.advice.columns()[column] };
        expression.evaluate(
            &|constant| constant,
            &|_| Fr::ZERO,
            &|query| at(&self.fixed.columns()[query.column_index()], query.rotation().0),
            &|query| at(advice(query.column_index()), query.rotation().0),
            &|query| at(&cells.witness.instance, query.rotation().0),
            &|challenge| cells.challenges[challenge.index()],
            &|a| -a,
            &|a, b| a + b,
            &|a, b| a * b,
            &|a, scale| a * scale,
        )
    }

    /// The names of the gates and copies that the witness breaks, under the given challenges (beta, gamma). The running
    /// sum is recomputed from the witness, as a prover would.
    pub fn broken(&self, witness: &Witness, challenges: [Fr; 2]) -> BTreeSet<String> {
        self.broken_with_bus(witness, &self.running_sum(witness, challenges), challenges)
    }

    /// The same for a given running sum.
    pub fn broken_with_bus(&self, witness: &Witness, bus: &[Fr], challenges: [Fr; 2]) -> BTreeSet<String> {
        let cells = Assignment { witness, bus, challenges };
        let gates = self.cs.gates().par_iter().enumerate().filter(|(index, gate)| {
            let mut rows = (0..=self.layout.end).filter(|row| self.is_live(*index, *row));
            rows.any(|row| self.evaluate(&gate.polynomials()[0], row, &cells) != Fr::ZERO)
        });
        let mut broken: BTreeSet<String> = gates.map(|(_, gate)| gate.name().to_owned()).collect();
        let cell = |(column, row): Cell| witness.advice.get(column, row);
        let unequal = self.copies.iter().filter(|(left, right, _)| cell(*left) != cell(*right));
        broken.extend(unequal.map(|(_, _, class)| (*class).to_owned()));
        broken
    }

    /// The kinds of tuples that the witness leaves unbalanced.
    pub fn unbalanced(&self, witness: &Witness) -> BTreeSet<String> {
        let mut balance = Balance::default();
        for region in self.layout.regions() {
            for row in region.rows() {
                for term in region.terms(&witness.advice, &self.fixed, row) {
                    balance.add(term, Fr::ONE);
                }
            }
        }
        balance.broken().collect()
    }
}
