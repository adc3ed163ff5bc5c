//! Gates of the signature table. Five selectors; constants come from the shared coefficient columns.

use halo2_axiom::plonk::{Column, ConstraintSystem, Expression, Fixed, VirtualCells};
use halo2_axiom::poly::Rotation;
use halo2curves::bn256::Fr;
use halo2curves::ff::Field;

use super::values::bounds;
use super::{
    ABSORB, DIGITS, DIGITS_PER_ROW, FIRST_FULL, KEY, LADDER, LAST_FULL, LINK, OUTPUT, PARTIAL, RANGES, absorb, key,
    ladder, link, rounds,
};
use crate::babyjubjub::{A, BASE, D};
use crate::circuit::bus::{Fraction, Tag, transition};
use crate::circuit::columns::Columns;
use crate::circuit::gates::Gates;

/// The last row of the hash's rounds.
const LAST_ROUND: usize = OUTPUT - 1;
/// Coefficient: the slot's number, on the key row.
const KEY_SLOT: usize = 0;
/// Coefficients of the absorb row: the first round's constants.
const FIRST_ROUND: usize = 0;
/// Coefficient: one on the link row.
const IS_LINK: usize = 12;
/// Coefficient: one on the absorb row.
const IS_ABSORB: usize = 13;
/// Coefficient: one on digit rows.
const IS_DIGITS: usize = 11;
/// Coefficient of a digit row: the scale of the accumulator above.
const CARRY: usize = 0;
/// Coefficient: one on the first ladder row.
const LADDER_START: usize = 0;
/// Coefficient: the slot's number, on ladder rows.
const LADDER_SLOT: usize = 1;

type Cells<'a, 'b> = &'a mut VirtualCells<'b, Fr>;
type Value = Expression<Fr>;

/// The table's own fixed columns.
#[derive(Clone, Debug)]
pub struct SignatureConfig {
    key: Column<Fixed>,
    /// Link, absorb, output and digit rows.
    head: Column<Fixed>,
    full: Column<Fixed>,
    partial: Column<Fixed>,
    ladder: Column<Fixed>,
}

/// The constants of a slot's row, by coefficient column.
pub(super) fn constants(row: usize, slot: usize) -> Vec<(usize, Fr)> {
    match row {
        KEY => vec![(KEY_SLOT, Fr::from(slot as u64))],
        LINK => vec![(IS_LINK, Fr::ONE)],
        ABSORB => {
            let first = rounds::first_constants().iter().enumerate().map(|(i, constant)| (FIRST_ROUND + i, *constant));
            first.chain([(IS_ABSORB, Fr::ONE)]).collect()
        }
        FIRST_FULL..=LAST_ROUND => rounds::ROWS[row - FIRST_FULL].constants().into_iter().enumerate().collect(),
        DIGITS..LADDER => {
            let mut start = DIGITS;
            let starts = RANGES.map(|(_, rows)| {
                start += rows;
                start - rows
            });
            let carry = if starts.contains(&row) { Fr::ZERO } else { Fr::from(1 << 32) };
            vec![(CARRY, carry), (IS_DIGITS, Fr::ONE)]
        }
        LADDER.. => vec![(LADDER_START, Fr::from(u64::from(row == LADDER))), (LADDER_SLOT, Fr::from(slot as u64))],
        _ => Vec::new(),
    }
}

fn one() -> Value {
    Expression::Constant(Fr::ONE)
}

fn constant(value: Fr) -> Value {
    Expression::Constant(value)
}

/// a·x² + y² − 1 − d·x²·y².
fn on_curve([x, y]: [Value; 2]) -> Value {
    let (x, y) = (x.clone() * x, y.clone() * y);
    x.clone() * A + y.clone() - one() - x * y * D
}

/// That (x, y) doubled is `double`, both coordinates: x' (a·x² + y²) = 2·x·y, y' (2 − a·x² − y²) = y² − a·x².
fn doubled([x, y]: [Value; 2], [double_x, double_y]: [Value; 2]) -> [Value; 2] {
    let (ax, yy) = (x.clone() * x.clone() * A, y.clone() * y.clone());
    let norm = ax.clone() + yy.clone();
    [double_x * norm.clone() - x * y * Fr::from(2), double_y * (constant(Fr::from(2)) - norm) - (yy - ax)]
}

/// That the sum of two points is `sum`: x' (1 + d·x1·x2·y1·y2) = x1·y2 + y1·x2, y' (1 − d·x1·x2·y1·y2) = y1·y2 − a·x1·x2.
fn added([x1, y1]: [Value; 2], [x2, y2]: [Value; 2], [x, y]: [Value; 2]) -> [Value; 2] {
    let cross = x1.clone() * x2.clone() * y1.clone() * y2.clone() * D;
    [
        x * (one() + cross.clone()) - x1.clone() * y2.clone() - y1.clone() * x2.clone(),
        y * (one() - cross) - y1 * y2 + x1 * x2 * A,
    ]
}

/// The bits of a digit s + 2h: (s, h), polynomials of degree 3 that are right on 0..4.
fn bits(digit: &Value) -> [Value; 2] {
    let without = |skip: u64| {
        (0..4)
            .filter(|other| *other != skip)
            .fold(one(), |product, other| product * (digit.clone() - constant(Fr::from(other))))
    };
    // Lagrange denominators of 1, 2, 3 on 0..4: 2, −2, 6.
    let half = Fr::from(2).invert().unwrap_or(Fr::ZERO);
    let sixth = Fr::from(6).invert().unwrap_or(Fr::ZERO);
    let (is_one, is_two, is_three) = (without(1) * half, without(2) * -half, without(3) * sixth);
    [is_one + is_three.clone(), is_two + is_three]
}

const AXES: [&str; 2] = ["x", "y"];

impl SignatureConfig {
    /// Allocates the selectors.
    pub fn configure(cs: &mut ConstraintSystem<Fr>) -> Self {
        let mut column = || cs.fixed_column();
        Self { key: column(), head: column(), full: column(), partial: column(), ladder: column() }
    }

    /// The selector that is one on a row of a slot.
    pub(super) fn selector_of(&self, row: usize) -> Column<Fixed> {
        match row {
            KEY => self.key,
            LINK | ABSORB | OUTPUT | DIGITS..LADDER => self.head,
            PARTIAL..LAST_FULL => self.partial,
            FIRST_FULL..=LAST_ROUND => self.full,
            _ => self.ladder,
        }
    }

    /// Adds the gates. Degree 6.
    pub fn gates(&self, gates: &mut Gates<'_>, columns: &Columns) {
        self.key_gates(gates, columns);
        self.head_gates(gates, columns);
        self.hash_gates(gates, columns);
        self.digit_gates(gates, columns);
        self.ladder_gates(gates, columns);
        gates.add("signature.bus_rests", |cells| {
            let is_absorb = columns.coefficient(cells, IS_ABSORB);
            let mut rests = self.selector(cells, self.head) * (one() - is_absorb);
            for column in [self.full, self.partial] {
                rests = rests + self.selector(cells, column);
            }
            rests * transition(columns, cells, &[])
        });
    }

    fn selector(&self, cells: Cells<'_, '_>, column: Column<Fixed>) -> Value {
        cells.query_fixed(column, Rotation::cur())
    }

    /// One on head rows of a kind.
    fn is(&self, cells: Cells<'_, '_>, columns: &Columns, kind: usize) -> Value {
        self.selector(cells, self.head) * columns.coefficient(cells, kind)
    }

    fn key_gates(&self, gates: &mut Gates<'_>, columns: &Columns) {
        let point = |cells: Cells<'_, '_>, at: [usize; 2]| at.map(|column| columns.cell(cells, column, 0));
        // R8 needs no such gate: it is the ladder's sum.
        gates.add("signature.key_on_curve", |cells| self.selector(cells, self.key) * on_curve(point(cells, key::A)));
        let chain = [key::A, key::DOUBLES[0], key::DOUBLES[1], key::DOUBLES[2]];
        for (step, pair) in chain.windows(2).enumerate() {
            for (axis, name) in AXES.iter().enumerate() {
                gates.add(format!("signature.key_doubled[{step}].{name}"), |cells| {
                    let double = doubled(point(cells, pair[0]), point(cells, pair[1]));
                    self.selector(cells, self.key) * double[axis].clone()
                });
            }
        }
        gates.add("signature.key_order", |cells| {
            let product = columns.cell(cells, key::DOUBLES[2][0], 0) * columns.cell(cells, key::INVERSE, 0);
            self.selector(cells, self.key) * (product - one())
        });
        for (axis, name) in AXES.iter().enumerate() {
            gates.add(format!("signature.combined.{name}"), |cells| {
                let [x, y] = point(cells, key::DOUBLES[2]);
                let sum = added([constant(BASE.x), constant(BASE.y)], [-x, y], point(cells, key::COMBINED));
                self.selector(cells, self.key) * sum[axis].clone()
            });
        }
        gates.add("signature.key_bus", |cells| {
            let [x, y] = point(cells, key::DOUBLES[2]);
            let table = [
                [constant(Fr::ZERO), one()],
                [constant(BASE.x), constant(BASE.y)],
                [-x, y],
                point(cells, key::COMBINED),
            ];
            let slot = columns.coefficient(cells, KEY_SLOT);
            let entries = table.into_iter().zip(key::COUNTS).zip(0u64..).map(|(([x, y], count), digit)| {
                let elements = [slot.clone(), constant(Fr::from(digit)), x, y];
                Fraction::new(columns, columns.cell(cells, count, 0), constant(Tag::Point.value()), elements)
            });
            let entries: Vec<_> = entries.collect();
            self.selector(cells, self.key) * transition(columns, cells, &entries)
        });
    }

    fn head_gates(&self, gates: &mut Gates<'_>, columns: &Columns) {
        let [challenge_bound, response_bound, hash_bound] = bounds();
        for (name, value, room, bound) in [
            ("signature.challenge_canonical", link::CHALLENGE, link::CHALLENGE_ROOM, challenge_bound),
            ("signature.response_canonical", link::RESPONSE, link::RESPONSE_ROOM, response_bound),
            ("signature.hash_canonical", link::HIGH, link::HIGH_ROOM, hash_bound),
        ] {
            gates.add(name, |cells| {
                let is_link = self.is(cells, columns, IS_LINK);
                is_link * (columns.cell(cells, value, 0) + columns.cell(cells, room, 0) - constant(bound))
            });
        }
        gates.add("signature.hash_parts", |cells| {
            let is_link = self.is(cells, columns, IS_LINK);
            let high = columns.cell(cells, link::HIGH, 0) * Fr::from(2).pow_vartime([160]);
            is_link * (high + columns.cell(cells, link::PKH, 0) - columns.cell(cells, link::HASH, 0))
        });
        for lane in 0..rounds::WIDTH {
            gates.add(format!("signature.absorbed[{lane}]"), |cells| {
                let is_absorb = self.is(cells, columns, IS_ABSORB);
                let mut input = columns.coefficient(cells, FIRST_ROUND + lane);
                if lane > 0 {
                    input = input + columns.cell(cells, lane, 0);
                }
                is_absorb * (columns.cell(cells, lane, 1) - input)
            });
        }
        gates.add("signature.bus", |cells| {
            let is_absorb = self.is(cells, columns, IS_ABSORB);
            let mut fraction = |multiplicity: Value, tag: Tag, at: &[usize]| {
                let elements: Vec<_> = at.iter().map(|column| columns.cell(cells, *column, 0)).collect();
                Fraction::new(columns, multiplicity, constant(tag.value()), elements)
            };
            let drawn = fraction(-one(), Tag::Hash, &[absorb::A[0], absorb::A[1], absorb::HASH]);
            let mut provided = fraction(one(), Tag::Signature, &[absorb::PKH, absorb::MESSAGE]);
            provided.multiplicity = columns.cell(cells, absorb::COUNT, 0);
            is_absorb * transition(columns, cells, &[drawn, provided])
        });
    }

    fn hash_gates(&self, gates: &mut Gates<'_>, columns: &Columns) {
        for (kind, selector, row) in
            [("full", self.full, &rounds::ROWS[0]), ("partial", self.partial, &rounds::ROWS[2])]
        {
            let combined = row.inner.iter().enumerate().map(|(i, affine)| (rounds::WIDTH + i, 0, affine));
            let combined = combined.chain(row.next.iter().enumerate().map(|(lane, affine)| (lane, 1, affine)));
            for (index, (column, rotation, affine)) in combined.enumerate() {
                gates.add(format!("signature.{kind}[{index}]"), |cells| {
                    let sum =
                        affine.expression(|cell| columns.cell(cells, cell, 0)) + columns.coefficient(cells, index);
                    self.selector(cells, selector) * (columns.cell(cells, column, rotation) - sum)
                });
            }
        }
    }

    fn digit_gates(&self, gates: &mut Gates<'_>, columns: &Columns) {
        for i in 0..DIGITS_PER_ROW {
            gates.add(format!("signature.digit[{i}]"), |cells| {
                let digit = columns.cell(cells, 1 + i, 0);
                let product =
                    (1..4).fold(digit.clone(), |product, value| product * (digit.clone() - constant(Fr::from(value))));
                self.is(cells, columns, IS_DIGITS) * product
            });
        }
        gates.add("signature.accumulator", |cells| {
            let carried = columns.coefficient(cells, CARRY) * columns.cell(cells, 0, -1);
            let sum = (0..DIGITS_PER_ROW)
                .fold(carried, |sum, i| sum + columns.cell(cells, 1 + i, 0) * Fr::from(1 << (2 * i)));
            self.is(cells, columns, IS_DIGITS) * (columns.cell(cells, 0, 0) - sum)
        });
    }

    fn ladder_gates(&self, gates: &mut Gates<'_>, columns: &Columns) {
        let point = |cells: Cells<'_, '_>, at: [usize; 2]| at.map(|column| columns.cell(cells, column, 0));
        // The sum before a step: above, within the row, or the identity at the start.
        let before = |cells: Cells<'_, '_>, step: usize| {
            if step == 1 {
                return point(cells, ladder::BETWEEN);
            }
            let start = columns.coefficient(cells, LADDER_START);
            let [x, y] = ladder::SUM.map(|column| columns.cell(cells, column, -1));
            [(one() - start.clone()) * x, (one() - start.clone()) * y + start]
        };
        for (step, after) in [ladder::BETWEEN, ladder::SUM].into_iter().enumerate() {
            for (axis, name) in AXES.iter().enumerate() {
                gates.add(format!("signature.doubled[{step}].{name}"), |cells| {
                    let double = doubled(before(cells, step), point(cells, ladder::DOUBLED[step]));
                    self.selector(cells, self.ladder) * double[axis].clone()
                });
                gates.add(format!("signature.added[{step}].{name}"), |cells| {
                    let doubled = point(cells, ladder::DOUBLED[step]);
                    let sum = added(doubled, point(cells, ladder::ADDED[step]), point(cells, after));
                    self.selector(cells, self.ladder) * sum[axis].clone()
                });
            }
        }
        for (bit, (name, column)) in
            [("signature.response", ladder::RESPONSE), ("signature.challenge", ladder::CHALLENGE)]
                .into_iter()
                .enumerate()
        {
            gates.add(name, |cells| {
                let start = columns.coefficient(cells, LADDER_START);
                let carried = (one() - start) * columns.cell(cells, column, -1) * Fr::from(4);
                let [high, low] = ladder::DIGITS.map(|column| bits(&columns.cell(cells, column, 0))[bit].clone());
                self.selector(cells, self.ladder)
                    * (columns.cell(cells, column, 0) - carried - high * Fr::from(2) - low)
            });
        }
        gates.add("signature.ladder_bus", |cells| {
            let slot = columns.coefficient(cells, LADDER_SLOT);
            let draws = [0, 1].map(|step| {
                let digit = columns.cell(cells, ladder::DIGITS[step], 0);
                let [x, y] = point(cells, ladder::ADDED[step]);
                Fraction::new(columns, -one(), constant(Tag::Point.value()), [slot.clone(), digit, x, y])
            });
            self.selector(cells, self.ladder) * transition(columns, cells, &draws)
        });
    }
}
