//! Writes the program of a slot together with the values of one operation.
//!
//! Control flow must not depend on values: an empty slot runs the same program on zeros. What only holds for real
//! operations is multiplied by [`Builder::active`].

use std::collections::BTreeMap;
use std::panic::Location;

use halo2curves::bn256::Fr;
use halo2curves::ff::{Field, PrimeField};

use super::item::{Constraint, Item, Var};
use crate::circuit::bus::Tag;
use crate::poseidon::hash2;
use crate::trace::PathUpdate;

/// A part of a word of concatenated bytes.
#[derive(Clone, Copy, Debug)]
pub enum Part {
    /// A value that is known to fit so many bytes.
    Value(Var, usize),
    /// A constant in so many bytes; counts only in slots that hold an operation.
    Constant(u64, usize),
}

/// Program and values of one slot.
pub struct Builder {
    items: Vec<Item>,
    values: Vec<Fr>,
    inputs: Vec<Var>,
    hints: Vec<Var>,
    hashes: Vec<(Fr, Fr)>,
    messages: Vec<Fr>,
    holds_operation: bool,
    active: Var,
    zero: Var,
    lies: Lies,
    /// Whether roots follow lies about what is below them.
    follows: bool,
}

/// What a cheating prover adds to values when the program first names them; all that is computed from them follows.
pub type Lies = BTreeMap<Var, Fr>;

/// Stands for the root after an update of a tree that nobody has: (index, new leaf, old root) lead to it and nothing else does.
/// `hash`: Poseidon, or a memory of it.
pub fn root_of_other_tree(hash: impl Fn(Fr, Fr) -> Fr, [index, new_leaf, old_root]: [Fr; 3]) -> Fr {
    hash(hash(index, new_leaf), old_root)
}

/// A field element of a small integer.
pub fn fr(value: u128) -> Fr {
    Fr::from_u128(value)
}

impl Builder {
    /// Starts the program of a slot that holds an operation, or of an empty one.
    pub fn new(holds_operation: bool) -> Self {
        Self { follows: false, ..Self::with_lies(holds_operation, Lies::new()) }
    }

    /// The same by a prover who lies about some values.
    pub fn with_lies(holds_operation: bool, lies: Lies) -> Self {
        let (active, zero) = (Var(0), Var(1));
        let mut builder = Self {
            items: Vec::new(),
            values: Vec::new(),
            inputs: Vec::new(),
            hints: Vec::new(),
            hashes: Vec::new(),
            messages: Vec::new(),
            holds_operation,
            active,
            zero,
            lies,
            follows: true,
        };
        builder.input(Fr::from(u64::from(holds_operation)));
        builder.assert_product(active, active, active);
        builder.name(Fr::ZERO);
        builder.assert_sum(&[(Fr::ONE, zero)], Fr::ZERO);
        builder
    }

    /// The constraints, in the order in which they were stated.
    pub fn items(&self) -> &[Item] {
        &self.items
    }

    /// All values, by index.
    pub fn vars(&self) -> impl Iterator<Item = Var> + use<> {
        (0..self.values.len()).map(Var)
    }

    /// What the operation declares, and what the block hands to it.
    pub fn inputs(&self) -> &[Var] {
        &self.inputs
    }

    /// What the prover computes and the constraints have to hold.
    pub fn hints(&self) -> &[Var] {
        &self.hints
    }

    #[track_caller]
    fn state(&mut self, constraint: Constraint) {
        self.items.push(Item { constraint, site: Location::caller() });
    }

    fn name(&mut self, value: Fr) -> Var {
        let var = Var(self.values.len());
        let lie = self.lies.get(&var).copied().unwrap_or(Fr::ZERO);
        self.values.push(value + lie);
        var
    }

    /// One in a slot that holds an operation, zero in an empty one.
    pub fn active(&self) -> Var {
        self.active
    }

    /// The constant zero.
    pub fn zero(&self) -> Var {
        self.zero
    }

    /// Whether the slot holds an operation: for computing values only, never for the shape of the program.
    pub fn holds_operation(&self) -> bool {
        self.holds_operation
    }

    /// The present value.
    pub fn value(&self, var: Var) -> Fr {
        self.values[var.0]
    }

    /// A value that the operation declares, or that the block hands to it; nothing constrains it yet.
    pub fn input(&mut self, value: Fr) -> Var {
        let var = self.name(value);
        self.inputs.push(var);
        var
    }

    /// A value that the prover computes from the inputs; nothing constrains it yet.
    pub fn hint(&mut self, value: Fr) -> Var {
        let var = self.name(value);
        self.hints.push(var);
        var
    }

    /// A value of the block's own slot that all slots share, by its number.
    #[track_caller]
    pub fn import(&mut self, global: usize, value: Fr) -> Var {
        let var = self.input(value);
        self.state(Constraint::Import { var, global });
        var
    }

    /// Public input `index`. Only for the slot that starts at row 0.
    #[track_caller]
    pub fn instance(&mut self, index: usize, value: Fr) -> Var {
        let var = self.input(value);
        self.state(Constraint::Instance { var, index });
        var
    }

    /// A constant.
    #[track_caller]
    pub fn constant(&mut self, value: Fr) -> Var {
        let var = self.name(value);
        self.assert_sum(&[(-Fr::ONE, var)], value);
        var
    }

    /// `Σ scale · var + constant = 0`.
    #[track_caller]
    pub fn assert_sum(&mut self, terms: &[(Fr, Var)], constant: Fr) {
        let mut rest = terms;
        let mut carried: Vec<(Fr, Var)> = Vec::new();
        while rest.len() + carried.len() > 4 {
            let take = 3 - carried.len();
            carried.extend_from_slice(&rest[..take]);
            rest = &rest[take..];
            let value = carried.iter().map(|(scale, var)| *scale * self.value(*var)).sum();
            let partial = self.name(value);
            carried.push((-Fr::ONE, partial));
            self.state(Constraint::Sum { terms: carried, product: Fr::ZERO, constant: Fr::ZERO });
            carried = vec![(Fr::ONE, partial)];
        }
        carried.extend_from_slice(rest);
        self.state(Constraint::Sum { terms: carried, product: Fr::ZERO, constant });
    }

    /// `Σ scale · var + constant`.
    #[track_caller]
    pub fn sum(&mut self, terms: &[(Fr, Var)], constant: Fr) -> Var {
        // Long sums name partial ones before the whole, so that what is computed from them follows a lie about one.
        let mut terms = terms.to_vec();
        while terms.len() > 3 {
            let rest = terms.split_off(3);
            let partial = self.sum(&terms, Fr::ZERO);
            terms = [(Fr::ONE, partial)].into_iter().chain(rest).collect();
        }
        let value = terms.iter().map(|(scale, var)| *scale * self.value(*var)).sum::<Fr>() + constant;
        let var = self.name(value);
        terms.push((-Fr::ONE, var));
        self.state(Constraint::Sum { terms, product: Fr::ZERO, constant });
        var
    }

    /// `a + b`.
    #[track_caller]
    pub fn add(&mut self, a: Var, b: Var) -> Var {
        self.sum(&[(Fr::ONE, a), (Fr::ONE, b)], Fr::ZERO)
    }

    /// `a - b`.
    #[track_caller]
    pub fn sub(&mut self, a: Var, b: Var) -> Var {
        self.sum(&[(Fr::ONE, a), (-Fr::ONE, b)], Fr::ZERO)
    }

    /// `a = b`.
    #[track_caller]
    pub fn assert_equal(&mut self, a: Var, b: Var) {
        self.assert_sum(&[(Fr::ONE, a), (-Fr::ONE, b)], Fr::ZERO);
    }

    /// `scale · a · b + c`.
    #[track_caller]
    pub fn multiply_add(&mut self, scale: Fr, a: Var, b: Var, c: Var) -> Var {
        let var = self.name(scale * self.value(a) * self.value(b) + self.value(c));
        let terms = vec![(Fr::ZERO, a), (Fr::ZERO, b), (Fr::ONE, c), (-Fr::ONE, var)];
        self.state(Constraint::Sum { terms, product: scale, constant: Fr::ZERO });
        var
    }

    /// `a · b`.
    #[track_caller]
    pub fn product(&mut self, a: Var, b: Var) -> Var {
        let var = self.name(self.value(a) * self.value(b));
        self.assert_product(a, b, var);
        var
    }

    /// `a · b = c`.
    #[track_caller]
    pub fn assert_product(&mut self, a: Var, b: Var, c: Var) {
        self.state(Constraint::Product([a, b, c]));
    }

    /// A bit that the operation declares.
    #[track_caller]
    pub fn bit(&mut self, value: bool) -> Var {
        let var = self.input(Fr::from(u64::from(value)));
        self.assert_product(var, var, var);
        var
    }

    /// A bit that the prover computes.
    #[track_caller]
    pub fn hint_bit(&mut self, value: bool) -> Var {
        let var = self.hint(Fr::from(u64::from(value)));
        self.assert_product(var, var, var);
        var
    }

    /// `flag ? a : b` for a bit.
    #[track_caller]
    pub fn select(&mut self, flag: Var, a: Var, b: Var) -> Var {
        let difference = self.sub(a, b);
        self.multiply_add(Fr::ONE, flag, difference, b)
    }

    /// `1 - flag`.
    #[track_caller]
    pub fn not(&mut self, flag: Var) -> Var {
        self.sum(&[(-Fr::ONE, flag)], Fr::ONE)
    }

    /// The value is not zero, if the slot holds an operation.
    #[track_caller]
    pub fn assert_nonzero(&mut self, a: Var) {
        let active = self.value(self.active);
        let inverse = self.hint(active * self.value(a).invert().unwrap_or(Fr::ZERO));
        self.assert_product(a, inverse, self.active);
    }

    /// One if the value is zero, else zero.
    #[track_caller]
    pub fn is_zero(&mut self, a: Var) -> Var {
        let inverse = self.hint(self.value(a).invert().unwrap_or(Fr::ZERO));
        let nonzero = self.product(a, inverse);
        let zero = self.not(nonzero);
        self.assert_product(a, zero, self.zero);
        zero
    }

    /// The value is an integer below 2^bits. Widths are rounded up to whole bytes; the excess is checked on the shifted value.
    #[track_caller]
    pub fn range(&mut self, a: Var, bits: usize) {
        let whole = bits.next_multiple_of(8);
        self.state(Constraint::Range { var: a, bits: whole });
        if whole > bits {
            let shifted = self.sum(&[(Fr::from(1 << (whole - bits)), a)], Fr::ZERO);
            self.state(Constraint::Range { var: shifted, bits: whole });
        }
    }

    /// A value below 2^bits that the operation declares.
    #[track_caller]
    pub fn integer(&mut self, value: u128, bits: usize) -> Var {
        let var = self.input(fr(value));
        self.range(var, bits);
        var
    }

    /// A value below 2^bits that the prover computes.
    #[track_caller]
    pub fn hint_integer(&mut self, value: u128, bits: usize) -> Var {
        let var = self.hint(fr(value));
        self.range(var, bits);
        var
    }

    /// `poseidon([left, right])`, drawn from the tape.
    #[track_caller]
    pub fn hash(&mut self, left: Var, right: Var) -> Var {
        let value = if self.holds_operation {
            self.hashes.push((self.value(left), self.value(right)));
            hash2(self.value(left), self.value(right))
        } else {
            Fr::ZERO
        };
        let var = self.name(value);
        self.state(Constraint::Hash([left, right, var]));
        var
    }

    /// How many hashes the program draws.
    pub fn hash_count(&self) -> usize {
        self.items.iter().filter(|item| matches!(item.constraint, Constraint::Hash(_))).count()
    }

    /// How many levels all paths that the program draws have together.
    pub fn path_levels(&self) -> usize {
        let levels =
            |item: &Item| if let Constraint::Path { levels, .. } = item.constraint { levels as usize } else { 0 };
        self.items.iter().map(levels).sum()
    }

    /// The hashes drawn so far, for the tape to provide.
    pub fn drawn_hashes(&self) -> &[(Fr, Fr)] {
        &self.hashes
    }

    /// Draws a signature of `message` by a key with this hash, which the signature table keeps within 160 bits.
    #[track_caller]
    pub fn signature(&mut self, pkh: Var, message: Var) {
        self.messages.push(self.value(message));
        self.draw(Tag::Signature, &[pkh, message]);
    }

    /// The messages whose signatures were drawn so far, in order.
    pub fn signed_messages(&self) -> &[Fr] {
        &self.messages
    }

    /// Provides a tuple of at most four elements, once if the slot holds an operation.
    #[track_caller]
    pub fn provide(&mut self, tag: Tag, elements: &[Var]) {
        self.tuple(tag, 1, elements);
    }

    /// Draws a tuple of at most four elements, once if the slot holds an operation.
    #[track_caller]
    pub fn draw(&mut self, tag: Tag, elements: &[Var]) {
        self.tuple(tag, -1, elements);
    }

    #[track_caller]
    fn tuple(&mut self, tag: Tag, sign: i8, elements: &[Var]) {
        let padded = std::array::from_fn(|i| elements.get(i).copied().unwrap_or(self.zero));
        self.state(Constraint::Tuple { tag, sign, elements: padded });
    }

    /// Draws a path of so many levels on which `old` becomes `new`, under `root`; returns the root after it. The index is below
    /// 2^levels. `update` is the path as it was executed.
    #[track_caller]
    pub fn path(&mut self, levels: u64, [index, old, new, root]: [Var; 4], update: Option<&PathUpdate>) -> Var {
        let executed = update.map_or(Fr::ZERO, |update| update.new_root);
        let after = match update {
            Some(update) if self.follows => {
                let found = [index, new, root].map(|var| self.value(var));
                let as_executed = found == [Fr::from(update.index), update.new_leaf, update.old_root];
                if as_executed { executed } else { root_of_other_tree(hash2, found) }
            }
            _ => executed,
        };
        let after = self.hint(after);
        self.state(Constraint::Path { levels, elements: [index, old, new, root, after] });
        after
    }

    /// Concatenates byte strings, big-endian, zero-padded at the end to a multiple of `width`, into words of `width`
    /// bytes. No part may straddle two words.
    #[track_caller]
    pub fn words(&mut self, width: usize, parts: &[Part]) -> Vec<Var> {
        let mut words = vec![Vec::new()];
        let mut room = width;
        for part in parts {
            let (Part::Value(_, bytes) | Part::Constant(_, bytes)) = *part;
            if room == 0 {
                words.push(Vec::new());
                room = width;
            }
            debug_assert!(bytes <= room, "a part straddles two words: {part:?}");
            room -= bytes;
            let scale = Fr::from(256).pow_vartime([room as u64]);
            if let Some(word) = words.last_mut() {
                word.push(match *part {
                    Part::Value(var, _) => (scale, var),
                    Part::Constant(value, _) => (scale * Fr::from(value), self.active),
                });
            }
        }
        let mut sums = Vec::new();
        for terms in words {
            sums.push(self.sum(&terms, Fr::ZERO));
        }
        sums
    }
}
