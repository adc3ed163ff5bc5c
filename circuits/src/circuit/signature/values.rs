//! The cells of one signature slot.

use halo2curves::bn256::Fr;
use halo2curves::ff::{Field, PrimeField};
use num_bigint::BigUint;

use super::points::{Projective, normalize};
use super::{
    ABSORB, DIGITS, DIGITS_PER_ROW, FIRST_FULL, KEY, LADDER, LADDER_ROWS, LEADING, LINK, RANGES, ROWS_PER_SLOT, absorb,
    key, ladder, link, rounds,
};
use crate::babyjubjub::{BASE, ORDER, Point};
use crate::circuit::columns::MAIN;
use crate::eddsa::challenge;
use crate::poseidon::hash2;

/// Bits of S and h below the leading ones that are compared.
const COMPARED_FROM: u32 = 126;
/// Bits of a public key hash.
const PKH_BITS: u32 = 160;
/// Bits that the ladder reads.
const LADDER_BITS: usize = 2 * LADDER_ROWS;

/// A signature that others draw.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)] // The coordinates of A and R8, S and M.
pub struct SignatureUse {
    pub ax: Fr,
    pub ay: Fr,
    pub r8x: Fr,
    pub r8y: Fr,
    pub s: Fr,
    pub message: Fr,
    /// How often it is drawn.
    pub count: u64,
}

impl SignatureUse {
    /// A valid signature for slots without one: A = B8, R8 the identity, S = 8h.
    pub fn idle() -> Self {
        let h = integer(&challenge(&Point::IDENTITY, &BASE, Fr::ZERO));
        let s = field(&(h * 8u8 % &*ORDER));
        let (r8x, r8y) = (Point::IDENTITY.x, Point::IDENTITY.y);
        Self { ax: BASE.x, ay: BASE.y, r8x, r8y, s, message: Fr::ZERO, count: 0 }
    }
}

pub(in crate::circuit) fn integer(value: &Fr) -> BigUint {
    BigUint::from_bytes_le(value.to_repr().as_ref())
}

pub(in crate::circuit) fn field(value: &BigUint) -> Fr {
    value.iter_u64_digits().rev().fold(Fr::ZERO, |sum, digit| sum * Fr::from(2).pow_vartime([64]) + Fr::from(digit))
}

/// The orders' bounds on the link row: (leading bits of r, of ℓ, of r above the public key hash), less one.
pub fn bounds() -> [Fr; 3] {
    let modulus = integer(&-Fr::ONE) + 1u8;
    [&modulus >> COMPARED_FROM, &*ORDER >> COMPARED_FROM, modulus >> PKH_BITS].map(|bound| field(&(bound - 1u8)))
}

/// All cells of a slot.
#[derive(Clone)]
pub struct SlotValues {
    /// By row and column.
    pub rows: Vec<[Fr; MAIN]>,
}

impl SlotValues {
    /// The cells for a signature. One that does not verify gives cells that break a constraint.
    pub fn new(signature: &SignatureUse) -> Self {
        let mut rows = vec![[Fr::ZERO; MAIN]; ROWS_PER_SLOT];
        let a = Point { x: signature.ax, y: signature.ay };
        let r8 = Point { x: signature.r8x, y: signature.r8y };
        let h = challenge(&r8, &a, signature.message);
        let hash = hash2(a.x, a.y);

        let mut write = |row: usize, [x, y]: [usize; 2], point: Point| {
            rows[row][x] = point.x;
            rows[row][y] = point.y;
        };
        write(KEY, key::A, a);
        write(KEY, key::R8, r8);
        let doubles = doublings(a);
        for (columns, point) in key::DOUBLES.into_iter().zip(&doubles) {
            write(KEY, columns, *point);
        }
        let negated = doubles[2].negate();
        let combined = BASE.add(&negated);
        write(KEY, key::COMBINED, combined);
        write(ABSORB, absorb::R8, r8);
        write(ABSORB, absorb::A, a);
        rows[KEY][key::INVERSE] = doubles[2].x.invert().unwrap_or(Fr::ZERO);
        rows[ABSORB][absorb::MESSAGE] = signature.message;
        rows[ABSORB][absorb::COUNT] = Fr::from(signature.count);
        rows[ABSORB][absorb::HASH] = hash;

        let absorbed = [r8.x, r8.y, a.x, a.y, signature.message];
        for (row, cells) in rounds::trace(&absorbed).iter().enumerate() {
            rows[FIRST_FULL + row][..cells.len()].copy_from_slice(cells);
        }
        let mut values = Self { rows };
        values.fill_ladder(&integer(&signature.s), &integer(&h), [Point::IDENTITY, BASE, negated, combined]);
        values.fill_link(hash);
        values
    }

    /// Writes the ladder of S and h, below 2^254 both, over a table of points, and how often each point is drawn.
    pub(in crate::circuit) fn fill_ladder(&mut self, s: &BigUint, h: &BigUint, table: [Point; 4]) {
        let bit = |value: &BigUint, step: usize| usize::from(value.bit((LADDER_BITS - 1 - step) as u64));
        let projective = table.map(Projective::from);
        let mut sum = Projective::from(Point::IDENTITY);
        let mut points = Vec::with_capacity(2 * LADDER_BITS);
        let digits: Vec<usize> = (0..LADDER_BITS).map(|step| bit(s, step) + 2 * bit(h, step)).collect();
        for digit in &digits {
            let doubled = sum.double();
            sum = doubled.add(&projective[*digit]);
            points.extend([doubled, sum]);
        }
        let points = normalize(&points);
        let [mut response, mut challenge] = [Fr::ZERO; 2];
        for row in 0..LADDER_ROWS {
            let cells = &mut self.rows[LADDER + row];
            for step in 0..2 {
                let digit = digits[2 * row + step];
                let (doubled, sum) = (points[4 * row + 2 * step], points[4 * row + 2 * step + 1]);
                response = response.double() + Fr::from(digit as u64 & 1);
                challenge = challenge.double() + Fr::from(digit as u64 >> 1);
                let after = if step == 0 { ladder::BETWEEN } else { ladder::SUM };
                for ([x, y], point) in
                    [(ladder::DOUBLED[step], doubled), (ladder::ADDED[step], table[digit]), (after, sum)]
                {
                    cells[x] = point.x;
                    cells[y] = point.y;
                }
                cells[ladder::DIGITS[step]] = Fr::from(digit as u64);
            }
            cells[ladder::RESPONSE] = response;
            cells[ladder::CHALLENGE] = challenge;
        }
        let counts = &mut self.rows[KEY];
        key::COUNTS.iter().for_each(|column| counts[*column] = Fr::ZERO);
        for digit in digits {
            counts[key::COUNTS[digit]] += Fr::ONE;
        }
    }

    /// Writes the leading bits that the ladder read, the parts of the key's hash, and their ranges.
    pub(in crate::circuit) fn fill_link(&mut self, hash: Fr) {
        let [challenge_bound, response_bound, hash_bound] = bounds();
        let high = field(&(integer(&hash) >> PKH_BITS));
        let pkh = hash - high * Fr::from(2).pow_vartime([u64::from(PKH_BITS)]);
        let leading = self.rows[LEADING];
        let cells = &mut self.rows[LINK];
        cells[link::CHALLENGE] = leading[ladder::CHALLENGE];
        cells[link::CHALLENGE_ROOM] = challenge_bound - leading[ladder::CHALLENGE];
        cells[link::RESPONSE] = leading[ladder::RESPONSE];
        cells[link::RESPONSE_ROOM] = response_bound - leading[ladder::RESPONSE];
        cells[link::HIGH] = high;
        cells[link::HIGH_ROOM] = hash_bound - high;
        cells[link::PKH] = pkh;
        cells[link::HASH] = hash;
        self.rows[ABSORB][absorb::PKH] = pkh;
        self.fill_ranges();
    }

    /// Writes the digits of the link row's cells. Those of a cell out of its range are its low ones.
    pub(in crate::circuit) fn fill_ranges(&mut self) {
        let mut row = DIGITS;
        for (cell, rows) in RANGES {
            let bytes = self.rows[LINK][cell].to_bytes();
            let mut accumulator = Fr::ZERO;
            for part in (0..rows).rev() {
                let word = u32::from_le_bytes(std::array::from_fn(|i| bytes[4 * part + i]));
                accumulator = accumulator * Fr::from(1 << 32) + Fr::from(u64::from(word));
                self.rows[row][0] = accumulator;
                for digit in 0..DIGITS_PER_ROW {
                    self.rows[row][1 + digit] = Fr::from(u64::from(word >> (2 * digit) & 3));
                }
                row += 1;
            }
        }
    }
}

/// 2A, 4A, 8A.
fn doublings(a: Point) -> [Point; 3] {
    let two = a.add(&a);
    let four = two.add(&two);
    [two, four, four.add(&four)]
}
