//! Gates of the tape: one polynomial a column for the permutations, and the path's constraints on one row a pair.

use halo2_axiom::plonk::{Column, ConstraintSystem, Expression, Fixed, VirtualCells};
use halo2_axiom::poly::Rotation;
use halo2curves::bn256::Fr;
use halo2curves::ff::Field;

use super::recurrence::{HASHED, SEQUENCE};
use super::{ROWS_PER_PAIR, ROWS_PER_PERMUTATION, TAPE, WIDTH, row};
use crate::circuit::affine::Affine;
use crate::circuit::bus::{Fraction, PATH_BASE, Tag, transition};
use crate::circuit::columns::Columns;
use crate::circuit::gates::Gates;

/// Coefficient column that is one on the anchor of the first pair.
pub(super) const FIRST: usize = 0;
/// Coefficient column that is one on the anchor of the last pair.
pub(super) const LAST: usize = 1;

/// Coefficient column that is one on a permutation's second row; those of the third and fourth follow.
pub(super) const BETWEEN: usize = 0;

/// The kind of a permutation's row.
pub(super) fn kind_of(row: usize) -> usize {
    match row {
        0 => 0,
        row if row + 1 == ROWS_PER_PERMUTATION => 2,
        _ => 1,
    }
}

/// The tape's own fixed columns.
#[derive(Clone, Debug)]
pub struct TapeConfig {
    /// One on the permutations' first row, on the rows between, on their last row.
    pub kinds: [Column<Fixed>; 3],
    /// One on one row of each pair.
    pub anchor: Column<Fixed>,
}

type Cells<'a, 'b> = &'a mut VirtualCells<'b, Fr>;

fn constant(value: Fr) -> Expression<Fr> {
    Expression::Constant(value)
}

/// The pair's cells as seen from its anchor.
struct Anchored<'a> {
    columns: &'a Columns,
    selector: Expression<Fr>,
    /// One: a path may start here, because the previous one has ended.
    start: Expression<Fr>,
}

impl<'a> Anchored<'a> {
    fn new(config: &TapeConfig, columns: &'a Columns, cells: Cells<'_, '_>) -> Self {
        let selector = cells.query_fixed(config.anchor, Rotation::cur());
        let first = columns.coefficient(cells, FIRST);
        let mut anchored = Self { columns, selector, start: first.clone() };
        anchored.start = first.clone() + (constant(Fr::ONE) - first) * anchored.previous(cells, row::END);
        anchored
    }

    fn tape(&self, cells: Cells<'_, '_>, row: usize) -> Expression<Fr> {
        self.columns.cell(cells, TAPE, row as i32 - row::ANCHOR as i32)
    }

    fn previous(&self, cells: Cells<'_, '_>, row: usize) -> Expression<Fr> {
        self.columns.cell(cells, TAPE, row as i32 - row::ANCHOR as i32 - ROWS_PER_PAIR as i32)
    }

    /// Left and right input of the first (0) or second (1) permutation.
    fn hashed(&self, cells: Cells<'_, '_>, half: usize) -> [Expression<Fr>; HASHED] {
        let rotation = (half * ROWS_PER_PERMUTATION) as i32 - row::ANCHOR as i32;
        std::array::from_fn(|i| self.columns.cell(cells, i, rotation) - constant(SEQUENCE.offsets[i]))
    }

    /// The child that the path passes through, and its sibling.
    fn node_and_sibling(&self, cells: Cells<'_, '_>, half: usize) -> [Expression<Fr>; 2] {
        let [left, right] = self.hashed(cells, half);
        let swapped = self.tape(cells, row::BIT) * (right.clone() - left.clone());
        [left + swapped.clone(), right - swapped]
    }
}

impl TapeConfig {
    /// Allocates the fixed columns.
    pub fn configure(cs: &mut ConstraintSystem<Fr>) -> Self {
        Self { kinds: std::array::from_fn(|_| cs.fixed_column()), anchor: cs.fixed_column() }
    }

    /// Adds the gates. Degree 6.
    pub fn gates(&self, gates: &mut Gates<'_>, columns: &Columns) {
        self.permutation_gates(gates, columns);
        self.path_gates(gates, columns);
        self.bus_gates(gates, columns);
    }

    /// x_s = what the sequence says, at row s / 16, column s % 16. What all rows of a column have in common is written once.
    fn permutation_gates(&self, gates: &mut Gates<'_>, columns: &Columns) {
        for column in 0..WIDTH {
            gates.add(format!("tape.sbox[{column}]"), |cells| {
                let mut sum = constant(Fr::ZERO);
                let mut common = constant(Fr::ZERO);
                let mut template = None;
                for row in 0..ROWS_PER_PERMUTATION {
                    let s = row * WIDTH + column;
                    if s < HASHED {
                        continue;
                    }
                    let kind = kind_of(row);
                    let mut selector = cells.query_fixed(self.kinds[kind], Rotation::cur());
                    let affine = &SEQUENCE.inputs[s];
                    if SEQUENCE.invariant.contains(&s) {
                        if kind != 1 || row == 1 {
                            common = common + selector.clone();
                        }
                        if kind == 1 {
                            selector = selector * columns.coefficient(cells, BETWEEN + row - 1);
                        }
                        sum = sum - selector * affine.constant;
                        template = Some((s, affine));
                    } else {
                        let combined = self.affine(columns, cells, row, affine) + constant(affine.constant);
                        sum = sum + selector * (columns.cell(cells, column, 0) - combined);
                    }
                }
                if let Some((s, affine)) = template {
                    let combined = self.affine(columns, cells, s / WIDTH, affine);
                    sum = sum + common * (columns.cell(cells, column, 0) - combined);
                }
                sum
            });
        }
        gates.add("tape.hash", |cells| {
            let row = ROWS_PER_PERMUTATION - 1;
            let selector = cells.query_fixed(self.kinds[kind_of(row)], Rotation::cur());
            selector * (columns.cell(cells, TAPE, 0) - self.affine(columns, cells, row, &SEQUENCE.output))
        });
    }

    /// The combination without its constant, as seen from a row of the permutation.
    fn affine(&self, columns: &Columns, cells: Cells<'_, '_>, row: usize, affine: &Affine) -> Expression<Fr> {
        affine.expression(|s| columns.cell(cells, s % WIDTH, (s / WIDTH) as i32 - row as i32))
    }

    fn path_gates(&self, gates: &mut Gates<'_>, columns: &Columns) {
        let one = || constant(Fr::ONE);
        let mut add = |name: &str, build: &dyn Fn(&Anchored<'_>, Cells<'_, '_>) -> Expression<Fr>| {
            gates.add(name, |cells| {
                let pair = Anchored::new(self, columns, cells);
                pair.selector.clone() * build(&pair, cells)
            });
        };
        // The end flag needs no such gate: see the module above.
        for (name, flag) in [("tape.bit", row::BIT), ("tape.path", row::PATH)] {
            add(name, &|pair, cells| pair.tape(cells, flag) * (one() - pair.tape(cells, flag)));
        }
        // A free pair ends whatever was before, and the last pair ends everything.
        add("tape.free_ends", &|pair, cells| {
            (one() - pair.tape(cells, row::PATH)) * (one() - pair.tape(cells, row::END))
        });
        add("tape.last_ends", &|pair, cells| {
            pair.columns.coefficient(cells, LAST) * (one() - pair.tape(cells, row::END))
        });
        add("tape.path_goes_on", &|pair, cells| (one() - pair.start.clone()) * (one() - pair.tape(cells, row::PATH)));
        add("tape.sibling", &|pair, cells| {
            let [[_, old], [_, new]] = [pair.node_and_sibling(cells, 0), pair.node_and_sibling(cells, 1)];
            pair.tape(cells, row::PATH) * (old - new)
        });
        for (name, half, hash, root) in
            [("old", 0, row::OLD_HASH, row::OLD_ROOT), ("new", 1, row::NEW_HASH, row::NEW_ROOT)]
        {
            add(&format!("tape.{name}_node"), &|pair, cells| {
                let [node, _] = pair.node_and_sibling(cells, half);
                (one() - pair.start.clone()) * (node - pair.previous(cells, hash))
            });
            add(&format!("tape.{name}_root"), &|pair, cells| {
                (one() - pair.start.clone()) * (pair.tape(cells, root) - pair.previous(cells, root))
            });
            add(&format!("tape.{name}_root_reached"), &|pair, cells| {
                let reached = pair.tape(cells, hash) - pair.tape(cells, root);
                pair.tape(cells, row::PATH) * pair.tape(cells, row::END) * reached
            });
        }
        add("tape.index", &|pair, cells| {
            let rest = pair.tape(cells, row::INDEX) * Fr::from(2);
            let previous = pair.previous(cells, row::INDEX) - pair.previous(cells, row::BIT);
            (one() - pair.start.clone()) * (previous - rest)
        });
        add("tape.last_index", &|pair, cells| {
            let ends = pair.tape(cells, row::PATH) * pair.tape(cells, row::END);
            ends * (pair.tape(cells, row::INDEX) - pair.tape(cells, row::BIT))
        });
        add("tape.levels", &|pair, cells| {
            let rest = pair.tape(cells, row::LEVELS) + one();
            (one() - pair.start.clone()) * (pair.previous(cells, row::LEVELS) - rest)
        });
        add("tape.last_level", &|pair, cells| {
            let ends = pair.tape(cells, row::PATH) * pair.tape(cells, row::END);
            ends * (pair.tape(cells, row::LEVELS) - one())
        });
    }

    fn bus_gates(&self, gates: &mut Gates<'_>, columns: &Columns) {
        gates.add("tape.bus", |cells| {
            let pair = Anchored::new(self, columns, cells);
            let path = pair.tape(cells, row::PATH);
            let [[old, _], [new, _]] = [pair.node_and_sibling(cells, 0), pair.node_and_sibling(cells, 1)];
            let elements = [
                pair.tape(cells, row::INDEX),
                old,
                new,
                pair.tape(cells, row::OLD_ROOT),
                pair.tape(cells, row::NEW_ROOT),
            ];
            let tag = pair.tape(cells, row::LEVELS) + constant(Fr::from(PATH_BASE));
            let mut fractions = vec![Fraction::new(columns, path.clone() * pair.start.clone(), tag, elements)];
            for (half, count, hash) in [(0, row::INDEX, row::OLD_HASH), (1, row::LEVELS, row::NEW_HASH)] {
                let multiplicity = (constant(Fr::ONE) - path.clone()) * pair.tape(cells, count);
                let [left, right] = pair.hashed(cells, half);
                let elements = [left, right, pair.tape(cells, hash)];
                fractions.push(Fraction::new(columns, multiplicity, constant(Tag::Hash.value()), elements));
            }
            pair.selector.clone() * transition(columns, cells, &fractions)
        });
        gates.add("tape.bus_rests", |cells| {
            let tape =
                self.kinds.iter().fold(constant(Fr::ZERO), |sum, kind| sum + cells.query_fixed(*kind, Rotation::cur()));
            let rests = tape - cells.query_fixed(self.anchor, Rotation::cur());
            rests * transition(columns, cells, &[])
        });
        // The rows after the last anchor add nothing, so this is the sum of all regions, of which the tape is the last.
        gates.add("bus.end", |cells| {
            let last = cells.query_fixed(self.anchor, Rotation::cur()) * columns.coefficient(cells, LAST);
            last * cells.query_advice(columns.bus, Rotation::next())
        });
    }
}
