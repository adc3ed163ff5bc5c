//! The gates of the slots' three lanes. All are multiplied by the slots' selector, so that other regions may use the
//! coefficient columns for constants of their own.

use halo2_axiom::plonk::{Column, ConstraintSystem, Expression, Fixed, VirtualCells};
use halo2_axiom::poly::Rotation;
use halo2curves::bn256::Fr;
use halo2curves::ff::Field;

use crate::circuit::bus::{Fraction, Tag, transition};
use crate::circuit::columns::Columns;
use crate::circuit::gates::Gates;

/// Base-4 digits of a row.
pub(super) const DIGITS: usize = 8;
/// Main column of the range lane's accumulator; the digits follow.
pub(super) const ACCUMULATOR: usize = 7;
/// Main column that says whether the slot holds an operation.
pub(super) const ACTIVE: usize = 16;

/// What the coefficient columns mean on a slot's rows.
pub(super) mod coefficient {
    /// Scales of x0..x3 in the sum: 0..4.
    pub const TERM: usize = 0;
    /// Scale of x0·x1.
    pub const PRODUCT: usize = 4;
    /// Added constant.
    pub const CONSTANT: usize = 5;
    /// Scale of the row's public input.
    pub const INSTANCE: usize = 6;
    /// Scale of the accumulator of the row above.
    pub const CARRY: usize = 7;
    /// One: the row accumulates eight digits; zero: four.
    pub const FULL: usize = 8;
    /// Tag of the tuple in x0..
    pub const TAG: usize = 9;
    /// One: provided; minus one: drawn; zero: no tuple.
    pub const SIGN: usize = 10;
    /// One: the tuple goes on in x4, a path.
    pub const PATH: usize = 11;
    /// One: x4..x7 are a hash drawn, not a product.
    pub const HASH: usize = 12;
    /// One on the first row of a slot.
    pub const START: usize = 13;
}

/// The slots' own fixed column.
#[derive(Clone, Debug)]
pub struct SlotConfig {
    /// One on every row of every slot.
    pub selector: Column<Fixed>,
}

impl SlotConfig {
    /// Allocates the selector.
    pub fn configure(cs: &mut ConstraintSystem<Fr>) -> Self {
        Self { selector: cs.fixed_column() }
    }

    /// Adds the gates. Degree 6.
    pub fn gates(&self, gates: &mut Gates<'_>, columns: &Columns) {
        let one = || Expression::Constant(Fr::ONE);
        let selector = |cells: &mut VirtualCells<'_, Fr>| cells.query_fixed(self.selector, Rotation::cur());

        gates.add("slot.sum", |cells| {
            let mut sum = columns.coefficient(cells, coefficient::CONSTANT);
            for i in 0..4 {
                sum = sum + columns.coefficient(cells, coefficient::TERM + i) * columns.cell(cells, i, 0);
            }
            let product = columns.cell(cells, 0, 0) * columns.cell(cells, 1, 0);
            let instance = cells.query_instance(columns.instance, Rotation::cur());
            selector(cells)
                * (sum
                    + columns.coefficient(cells, coefficient::PRODUCT) * product
                    + columns.coefficient(cells, coefficient::INSTANCE) * instance)
        });
        gates.add("slot.product", |cells| {
            let rests = columns.coefficient(cells, coefficient::HASH) + columns.coefficient(cells, coefficient::PATH);
            let product = columns.cell(cells, 4, 0) * columns.cell(cells, 5, 0) - columns.cell(cells, 6, 0);
            selector(cells) * (one() - rests) * product
        });
        for i in 0..DIGITS {
            gates.add(format!("slot.digit[{i}]"), |cells| {
                let digit = columns.cell(cells, ACCUMULATOR + 1 + i, 0);
                let product = (1..4).fold(digit.clone(), |product, value| {
                    product * (digit.clone() - Expression::Constant(Fr::from(value)))
                });
                selector(cells) * product
            });
        }
        gates.add("slot.accumulator", |cells| {
            let mut half = |first: usize| {
                (first..first + DIGITS / 2).fold(Expression::Constant(Fr::ZERO), |sum, i| {
                    sum + columns.cell(cells, ACCUMULATOR + 1 + i, 0) * Fr::from(1 << (2 * i))
                })
            };
            let (low, high) = (half(0), half(DIGITS / 2));
            let carry = columns.coefficient(cells, coefficient::CARRY) * columns.cell(cells, ACCUMULATOR, -1);
            let full = columns.coefficient(cells, coefficient::FULL);
            selector(cells) * (columns.cell(cells, ACCUMULATOR, 0) - carry - low - full * high)
        });
        gates.add("slot.active", |cells| {
            let start = columns.coefficient(cells, coefficient::START);
            let active = columns.cell(cells, ACTIVE, 0);
            let above = columns.cell(cells, ACTIVE, -1);
            let named = columns.cell(cells, 4, 0);
            selector(cells) * (active.clone() - start.clone() * named - (one() - start) * above)
        });
        gates.add("slot.bus", |cells| {
            let active = columns.cell(cells, ACTIVE, 0);
            let path = columns.coefficient(cells, coefficient::PATH);
            let mut elements: Vec<_> = (0..4).map(|i| columns.cell(cells, i, 0)).collect();
            elements.push(path * columns.cell(cells, 4, 0));
            let tuple = Fraction::new(
                columns,
                columns.coefficient(cells, coefficient::SIGN) * active.clone(),
                columns.coefficient(cells, coefficient::TAG),
                elements,
            );
            let hash = Fraction::new(
                columns,
                -(columns.coefficient(cells, coefficient::HASH) * active),
                Expression::Constant(Tag::Hash.value()),
                (4..7).map(|i| columns.cell(cells, i, 0)).collect::<Vec<_>>(),
            );
            selector(cells) * transition(columns, cells, &[tuple, hash])
        });
        // Only row 0 starts a slot and holds a public input.
        gates.add("bus.start", |cells| {
            let start = columns.coefficient(cells, coefficient::START);
            let first = start * columns.coefficient(cells, coefficient::INSTANCE);
            selector(cells) * first * cells.query_advice(columns.bus, Rotation::cur())
        });
    }
}
