//! Writes the program of a slot together with the values of one operation.
//!
//! Control flow must not depend on values: an empty slot runs the same program on zeros. What only holds for real
//! operations is multiplied by [`Builder::active`].

use halo2curves::bn256::Fr;
use halo2curves::ff::{Field, PrimeField};

use crate::circuit::bus::Tag;
use crate::poseidon::hash2;

/// A named value of the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Var(pub(super) usize);

/// One item of the sum lane.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum SumItem {
    /// `Σ scale · var + product · x0 · x1 + constant = 0` over at most four values.
    Gate { terms: Vec<(Fr, Var)>, product: Fr, constant: Fr },
    /// The first value equals this public input.
    Instance { var: Var, index: usize },
    /// A tuple of at most four elements, provided (`sign` = 1) or drawn (−1).
    Tuple { tag: Tag, sign: i8, elements: [Var; 4] },
    /// A path drawn: (index, old leaf, new leaf, old root, new root).
    Path { levels: u64, elements: [Var; 5] },
}

/// One item of the product lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ProductItem {
    /// `a · b = c`.
    Product([Var; 3]),
    /// A hash drawn: (left, right, hash).
    Hash([Var; 3]),
}

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
    pub(super) sums: Vec<SumItem>,
    pub(super) products: Vec<ProductItem>,
    pub(super) ranges: Vec<(Var, usize)>,
    pub(super) imports: Vec<(Var, usize)>,
    pub(super) values: Vec<Fr>,
    hashes: Vec<(Fr, Fr)>,
    messages: Vec<Fr>,
    holds_operation: bool,
    active: Var,
    zero: Var,
}

/// A field element of a small integer.
pub fn fr(value: u128) -> Fr {
    Fr::from_u128(value)
}

impl Builder {
    /// Starts the program of a slot that holds an operation, or of an empty one.
    pub fn new(holds_operation: bool) -> Self {
        let active = Var(0);
        let zero = Var(1);
        let values = vec![Fr::from(u64::from(holds_operation)), Fr::ZERO];
        let mut builder = Self {
            sums: Vec::new(),
            products: vec![ProductItem::Product([active; 3])],
            ranges: Vec::new(),
            imports: Vec::new(),
            values,
            hashes: Vec::new(),
            messages: Vec::new(),
            holds_operation,
            active,
            zero,
        };
        builder.assert_sum(&[(Fr::ONE, zero)], Fr::ZERO);
        builder
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

    /// A value that the prover chooses; nothing constrains it yet.
    pub fn witness(&mut self, value: Fr) -> Var {
        self.values.push(value);
        Var(self.values.len() - 1)
    }

    /// A value of the block's own slot that all slots share, by its number.
    pub fn import(&mut self, global: usize, value: Fr) -> Var {
        let var = self.witness(value);
        self.imports.push((var, global));
        var
    }

    /// Public input `index`. Only for the slot that starts at row 0.
    pub fn instance(&mut self, index: usize, value: Fr) -> Var {
        let var = self.witness(value);
        self.sums.push(SumItem::Instance { var, index });
        var
    }

    /// A constant.
    pub fn constant(&mut self, value: Fr) -> Var {
        let var = self.witness(value);
        self.assert_sum(&[(-Fr::ONE, var)], value);
        var
    }

    /// `Σ scale · var + constant = 0`.
    pub fn assert_sum(&mut self, terms: &[(Fr, Var)], constant: Fr) {
        let mut rest = terms;
        let mut carried: Vec<(Fr, Var)> = Vec::new();
        while rest.len() + carried.len() > 4 {
            let take = 3 - carried.len();
            carried.extend_from_slice(&rest[..take]);
            rest = &rest[take..];
            let value = carried.iter().map(|(scale, var)| *scale * self.value(*var)).sum();
            let partial = self.witness(value);
            carried.push((-Fr::ONE, partial));
            self.sums.push(SumItem::Gate { terms: carried, product: Fr::ZERO, constant: Fr::ZERO });
            carried = vec![(Fr::ONE, partial)];
        }
        carried.extend_from_slice(rest);
        self.sums.push(SumItem::Gate { terms: carried, product: Fr::ZERO, constant });
    }

    /// `Σ scale · var + constant`.
    pub fn sum(&mut self, terms: &[(Fr, Var)], constant: Fr) -> Var {
        let value = terms.iter().map(|(scale, var)| *scale * self.value(*var)).sum::<Fr>() + constant;
        let var = self.witness(value);
        let mut all = terms.to_vec();
        all.push((-Fr::ONE, var));
        self.assert_sum(&all, constant);
        var
    }

    /// `a + b`.
    pub fn add(&mut self, a: Var, b: Var) -> Var {
        self.sum(&[(Fr::ONE, a), (Fr::ONE, b)], Fr::ZERO)
    }

    /// `a - b`.
    pub fn sub(&mut self, a: Var, b: Var) -> Var {
        self.sum(&[(Fr::ONE, a), (-Fr::ONE, b)], Fr::ZERO)
    }

    /// `a = b`.
    pub fn assert_equal(&mut self, a: Var, b: Var) {
        self.assert_sum(&[(Fr::ONE, a), (-Fr::ONE, b)], Fr::ZERO);
    }

    /// `scale · a · b + c`.
    pub fn multiply_add(&mut self, scale: Fr, a: Var, b: Var, c: Var) -> Var {
        let var = self.witness(scale * self.value(a) * self.value(b) + self.value(c));
        let terms = vec![(Fr::ZERO, a), (Fr::ZERO, b), (Fr::ONE, c), (-Fr::ONE, var)];
        self.sums.push(SumItem::Gate { terms, product: scale, constant: Fr::ZERO });
        var
    }

    /// `a · b`.
    pub fn product(&mut self, a: Var, b: Var) -> Var {
        let var = self.witness(self.value(a) * self.value(b));
        self.assert_product(a, b, var);
        var
    }

    /// `a · b = c`.
    pub fn assert_product(&mut self, a: Var, b: Var, c: Var) {
        self.products.push(ProductItem::Product([a, b, c]));
    }

    /// A bit that the prover chooses.
    pub fn bit(&mut self, value: bool) -> Var {
        let var = self.witness(Fr::from(u64::from(value)));
        self.assert_product(var, var, var);
        var
    }

    /// `flag ? a : b` for a bit.
    pub fn select(&mut self, flag: Var, a: Var, b: Var) -> Var {
        let difference = self.sub(a, b);
        self.multiply_add(Fr::ONE, flag, difference, b)
    }

    /// `1 - flag`.
    pub fn not(&mut self, flag: Var) -> Var {
        self.sum(&[(-Fr::ONE, flag)], Fr::ONE)
    }

    /// The value is not zero, if the slot holds an operation.
    pub fn assert_nonzero(&mut self, a: Var) {
        let inverse = self.witness(self.value(a).invert().unwrap_or(Fr::ZERO));
        self.assert_product(a, inverse, self.active);
    }

    /// One if the value is zero, else zero.
    pub fn is_zero(&mut self, a: Var) -> Var {
        let inverse = self.witness(self.value(a).invert().unwrap_or(Fr::ZERO));
        let nonzero = self.product(a, inverse);
        let zero = self.not(nonzero);
        self.assert_product(a, zero, self.zero);
        zero
    }

    /// The value is an integer below 2^bits. Widths are rounded up to whole bytes; the excess is checked on the shifted value.
    pub fn range(&mut self, a: Var, bits: usize) {
        let whole = bits.next_multiple_of(8);
        self.ranges.push((a, whole));
        if whole > bits {
            let shifted = self.sum(&[(Fr::from(1 << (whole - bits)), a)], Fr::ZERO);
            self.ranges.push((shifted, whole));
        }
    }

    /// A value below 2^bits that the prover chooses.
    pub fn integer(&mut self, value: u128, bits: usize) -> Var {
        let var = self.witness(fr(value));
        self.range(var, bits);
        var
    }

    /// `poseidon([left, right])`, drawn from the tape.
    pub fn hash(&mut self, left: Var, right: Var) -> Var {
        let value = if self.holds_operation {
            self.hashes.push((self.value(left), self.value(right)));
            hash2(self.value(left), self.value(right))
        } else {
            Fr::ZERO
        };
        let var = self.witness(value);
        self.products.push(ProductItem::Hash([left, right, var]));
        var
    }

    /// How many hashes the program draws.
    pub fn hash_count(&self) -> usize {
        self.products.iter().filter(|item| matches!(item, ProductItem::Hash(_))).count()
    }

    /// How many levels all paths that the program draws have together.
    pub fn path_levels(&self) -> usize {
        let levels = |item: &SumItem| if let SumItem::Path { levels, .. } = item { *levels as usize } else { 0 };
        self.sums.iter().map(levels).sum()
    }

    /// The hashes drawn so far, for the tape to provide.
    pub fn drawn_hashes(&self) -> &[(Fr, Fr)] {
        &self.hashes
    }

    /// Draws a signature of `message` by a key with this hash, which the signature table keeps within 160 bits.
    pub fn signature(&mut self, pkh: Var, message: Var) {
        self.messages.push(self.value(message));
        self.draw(Tag::Signature, &[pkh, message]);
    }

    /// The messages whose signatures were drawn so far, in order.
    pub fn signed_messages(&self) -> &[Fr] {
        &self.messages
    }

    /// Provides a tuple of at most four elements, once if the slot holds an operation.
    pub fn provide(&mut self, tag: Tag, elements: &[Var]) {
        self.tuple(tag, 1, elements);
    }

    /// Draws a tuple of at most four elements, once if the slot holds an operation.
    pub fn draw(&mut self, tag: Tag, elements: &[Var]) {
        self.tuple(tag, -1, elements);
    }

    fn tuple(&mut self, tag: Tag, sign: i8, elements: &[Var]) {
        let padded = std::array::from_fn(|i| elements.get(i).copied().unwrap_or(self.zero));
        self.sums.push(SumItem::Tuple { tag, sign, elements: padded });
    }

    /// Draws a path of so many levels: (index, old leaf, new leaf, old root, new root). The index is below 2^levels.
    pub fn path(&mut self, levels: u64, elements: [Var; 5]) {
        self.sums.push(SumItem::Path { levels, elements });
    }

    /// Concatenates byte strings, big-endian, zero-padded at the end to a multiple of `width`, into words of `width`
    /// bytes. No part may straddle two words.
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
        words.into_iter().map(|terms| self.sum(&terms, Fr::ZERO)).collect()
    }
}
