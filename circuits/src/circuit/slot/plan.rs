//! Lays a program out in rows, once a kind, and fills the slots of that kind.

use std::ops::Range;

use halo2curves::bn256::Fr;
use halo2curves::ff::Field;

use super::builder::Builder;
use super::gates::{ACCUMULATOR, ACTIVE, DIGITS, SlotConfig, coefficient};
use super::item::{Constraint, Item, Var};
use crate::circuit::bus::{BusRegion, Tag, Term};
use crate::circuit::columns::{COEFFICIENTS, COPYABLE, Columns};
use crate::circuit::table::Table;

/// A cell of the main columns: (column, row).
pub type Cell = (usize, usize);

/// One row of a slot.
#[derive(Clone, Default)]
struct Row {
    coefficients: [Fr; COEFFICIENTS],
    cells: [Option<Var>; COPYABLE],
    /// The value whose digits are accumulated, and how many of its low bits lie below this row.
    digits: Option<(Var, usize)>,
    sum_lane: bool,
    product_lane: bool,
}

/// The rows of a slot, the same for every slot of a kind.
pub struct Plan {
    rows: Vec<Row>,
    imports: Vec<(Var, usize)>,
    /// By item of the program: the rows that hold it.
    rows_of_items: Vec<Vec<usize>>,
}

impl Plan {
    /// Lays out the program of `builder`.
    pub fn new(builder: &Builder) -> Self {
        let rows_of_items = vec![Vec::new(); builder.items().len()];
        let mut plan = Self { rows: Vec::new(), imports: imports(builder), rows_of_items };
        plan.place_instances(builder);
        plan.place_paths(builder);
        plan.place_products(builder);
        plan.place_sums(builder);
        plan.place_ranges(builder);
        plan.row(0).coefficients[coefficient::START] = Fr::ONE;
        plan
    }

    /// Rows of a slot.
    pub fn height(&self) -> usize {
        self.rows.len()
    }

    fn row(&mut self, index: usize) -> &mut Row {
        if index >= self.rows.len() {
            self.rows.resize_with(index + 1, Row::default);
        }
        &mut self.rows[index]
    }

    fn place_instances(&mut self, builder: &Builder) {
        for (number, item) in builder.items().iter().enumerate() {
            if let Constraint::Instance { var, index } = &item.constraint {
                self.rows_of_items[number].push(*index);
                let row = self.row(*index);
                row.sum_lane = true;
                row.cells[0] = Some(*var);
                row.coefficients[coefficient::TERM] = -Fr::ONE;
                row.coefficients[coefficient::INSTANCE] = Fr::ONE;
            }
        }
    }

    /// Paths take both lanes of a row; row 0's product lane belongs to the slot's active flag.
    fn place_paths(&mut self, builder: &Builder) {
        let mut next = 1;
        for (number, item) in builder.items().iter().enumerate() {
            if let Constraint::Path { levels, elements } = &item.constraint {
                while self.row(next).sum_lane {
                    next += 1;
                }
                self.rows_of_items[number].push(next);
                let row = self.row(next);
                (row.sum_lane, row.product_lane) = (true, true);
                for (cell, element) in row.cells.iter_mut().zip(elements) {
                    *cell = Some(*element);
                }
                row.coefficients[coefficient::TAG] = Tag::Path(*levels).value();
                row.coefficients[coefficient::SIGN] = -Fr::ONE;
                row.coefficients[coefficient::PATH] = Fr::ONE;
            }
        }
    }

    fn place_products(&mut self, builder: &Builder) {
        let mut next = 0;
        for (number, item) in builder.items().iter().enumerate() {
            let (Constraint::Product(vars) | Constraint::Hash(vars)) = &item.constraint else { continue };
            while self.row(next).product_lane {
                next += 1;
            }
            self.rows_of_items[number].push(next);
            let row = self.row(next);
            row.product_lane = true;
            for (cell, var) in row.cells[4..7].iter_mut().zip(vars) {
                *cell = Some(*var);
            }
            if matches!(item.constraint, Constraint::Hash(_)) {
                row.coefficients[coefficient::HASH] = Fr::ONE;
            }
        }
    }

    fn place_sums(&mut self, builder: &Builder) {
        let mut next = 0;
        for (number, item) in builder.items().iter().enumerate() {
            if !matches!(item.constraint, Constraint::Sum { .. } | Constraint::Tuple { .. }) {
                continue;
            }
            while self.row(next).sum_lane {
                next += 1;
            }
            self.rows_of_items[number].push(next);
            let row = self.row(next);
            row.sum_lane = true;
            match &item.constraint {
                Constraint::Sum { terms, product, constant } => {
                    for (i, (scale, var)) in terms.iter().enumerate() {
                        row.cells[i] = Some(*var);
                        row.coefficients[coefficient::TERM + i] = *scale;
                    }
                    row.coefficients[coefficient::PRODUCT] = *product;
                    row.coefficients[coefficient::CONSTANT] = *constant;
                }
                Constraint::Tuple { tag, sign, elements } => {
                    for (cell, element) in row.cells.iter_mut().zip(elements) {
                        *cell = Some(*element);
                    }
                    row.coefficients[coefficient::TAG] = tag.value();
                    row.coefficients[coefficient::SIGN] = if *sign > 0 { Fr::ONE } else { -Fr::ONE };
                }
                _ => {}
            }
        }
    }

    /// A range of n bits takes ⌈n / 16⌉ rows, the most significant digits first; that row may be half full.
    fn place_ranges(&mut self, builder: &Builder) {
        let mut next = 0;
        for (number, item) in builder.items().iter().enumerate() {
            let Constraint::Range { var, bits } = &item.constraint else { continue };
            let mut below = *bits;
            while below > 0 {
                self.rows_of_items[number].push(next);
                let here = if below.is_multiple_of(16) { 16 } else { 8 };
                let first = below == *bits;
                below -= here;
                let row = self.row(next);
                row.digits = Some((*var, below));
                row.coefficients[coefficient::FULL] = Fr::from(u64::from(here == 16));
                row.coefficients[coefficient::CARRY] = if first { Fr::ZERO } else { Fr::from(1 << 16) };
                if below == 0 {
                    row.cells[ACCUMULATOR] = Some(*var);
                }
                next += 1;
            }
        }
    }
}

/// The values that a program takes from the block's own slot, with their numbers.
fn imports(builder: &Builder) -> Vec<(Var, usize)> {
    let import = |item: &Item| match item.constraint {
        Constraint::Import { var, global } => Some((var, global)),
        _ => None,
    };
    builder.items().iter().filter_map(import).collect()
}

/// All slots of one kind: `count` copies of a plan, one below the other.
pub struct Slots {
    plan: Plan,
    start: usize,
    count: usize,
    selector: usize,
    coefficients: [usize; COEFFICIENTS],
}

impl Slots {
    /// Slots from row `start` on.
    pub fn new(plan: Plan, start: usize, count: usize, config: &SlotConfig, columns: &Columns) -> Self {
        let coefficients = columns.coefficients.map(|column| column.index());
        Self { plan, start, count, selector: config.selector.index(), coefficients }
    }

    /// Number of slots.
    pub fn count(&self) -> usize {
        self.count
    }

    /// Rows of one slot.
    pub fn height(&self) -> usize {
        self.plan.height()
    }

    /// The rows of one slot.
    pub fn rows_of(&self, slot: usize) -> Range<usize> {
        let start = self.start + slot * self.plan.height();
        start..start + self.plan.height()
    }

    /// The rows of a slot that hold an item of the program.
    pub fn rows_of_item(&self, slot: usize, number: usize) -> impl Iterator<Item = usize> {
        let start = self.rows_of(slot).start;
        self.plan.rows_of_items.get(number).into_iter().flatten().map(move |row| start + row)
    }

    /// Writes selector and coefficients.
    pub fn fill_fixed(&self, fixed: &mut Table) {
        for row in self.rows() {
            fixed.set(self.selector, row, Fr::ONE);
            let planned = &self.plan.rows[(row - self.start) % self.plan.height()];
            for (column, value) in self.coefficients.iter().zip(planned.coefficients) {
                fixed.set(*column, row, value);
            }
        }
    }

    /// The cell where the first slot holds a value.
    pub fn cell_of(&self, var: Var) -> Option<Cell> {
        self.cells(0).find(|(_, other)| *other == var).map(|(cell, _)| cell)
    }

    /// The cells of a slot with the values that they hold.
    pub fn cells(&self, slot: usize) -> impl Iterator<Item = (Cell, Var)> {
        let start = self.start + slot * self.plan.height();
        self.plan.rows.iter().enumerate().flat_map(move |(index, row)| {
            let used = row.cells.iter().enumerate();
            used.filter_map(move |(column, var)| var.map(|var| ((column, start + index), var)))
        })
    }

    /// The pairs of cells that must be equal: all cells of a value, and imported values to `globals`.
    pub fn copies(&self, globals: &[Cell]) -> Vec<(Cell, Cell)> {
        let mut copies = Vec::new();
        for slot in 0..self.count {
            let mut first = std::collections::HashMap::new();
            for (var, global) in &self.plan.imports {
                first.insert(*var, globals[*global]);
            }
            for (cell, var) in self.cells(slot) {
                match first.entry(var) {
                    std::collections::hash_map::Entry::Occupied(known) => copies.push((*known.get(), cell)),
                    std::collections::hash_map::Entry::Vacant(new) => {
                        new.insert(cell);
                    }
                }
            }
        }
        copies
    }

    /// Writes one slot's values.
    pub fn fill(&self, advice: &mut Table, slot: usize, builder: &Builder) {
        for (cell, var) in self.cells(slot) {
            advice.set(cell.0, cell.1, builder.value(var));
        }
        let start = self.start + slot * self.plan.height();
        for (index, row) in self.plan.rows.iter().enumerate() {
            advice.set(ACTIVE, start + index, builder.value(builder.active()));
            if let Some((var, below)) = row.digits {
                fill_digits(advice, start + index, &builder.value(var), below);
            }
        }
    }
}

/// Writes the accumulator (the value without its `below` low bits) and its low sixteen bits as digits.
fn fill_digits(advice: &mut Table, row: usize, value: &Fr, below: usize) {
    let bytes = value.to_bytes();
    let shifted = &bytes[below / 8..];
    let mut accumulator = [0; 32];
    accumulator[..shifted.len()].copy_from_slice(shifted);
    let low = u64::from(u16::from_le_bytes([accumulator[0], accumulator[1]]));
    for digit in 0..DIGITS {
        advice.set(ACCUMULATOR + 1 + digit, row, Fr::from(low >> (2 * digit) & 3));
    }
    // A shifted canonical value is canonical.
    advice.set(ACCUMULATOR, row, Option::from(Fr::from_bytes(&accumulator)).unwrap_or(Fr::ZERO));
}

impl BusRegion for Slots {
    fn rows(&self) -> Range<usize> {
        self.start..self.start + self.count * self.plan.height()
    }

    fn terms(&self, advice: &Table, fixed: &Table, row: usize) -> Vec<Term> {
        let coefficient = |index: usize| fixed.get(self.coefficients[index], row);
        let cells = |range: Range<usize>| range.map(|column| advice.get(column, row)).collect::<Vec<_>>();
        let active = advice.get(ACTIVE, row);
        let mut terms = Vec::new();
        let sign = coefficient(coefficient::SIGN);
        if sign != Fr::ZERO {
            let elements = if coefficient(coefficient::PATH) == Fr::ONE { cells(0..5) } else { cells(0..4) };
            terms.push(Term { multiplicity: sign * active, tag: coefficient(coefficient::TAG), elements });
        }
        if coefficient(coefficient::HASH) == Fr::ONE {
            terms.push(Term { multiplicity: -active, tag: Tag::Hash.value(), elements: cells(4..7) });
        }
        terms
    }
}
