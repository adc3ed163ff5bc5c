//! Attacks on the signature table: slots that verify what is no signature.
//!
//! The forger knows the discrete logarithm of the key A = k·B8, so it can make S fit whatever goes wrong once: a wrong round of
//! the hash, a negated double, a ladder that jumps from P to −P. (−x, y) is −P, and (x, −y) is −P plus the point (0, −1) of order
//! two, so errors in one coordinate alone keep points on the curve, and scalars say where they lead.

use halo2curves::bn256::Fr;
use halo2curves::ff::Field;
use num_bigint::BigUint;

use super::attack::Attack;
use super::off_curve::point_of_order_32;
use super::subject::{IDLE_PAIRS, Subject};
use crate::babyjubjub::{BASE, ORDER, Point};
use crate::circuit::signature::rounds::{ROWS, WIDTH, first_constants};
use crate::circuit::signature::values::{SlotValues, field, integer};
use crate::circuit::signature::{
    ABSORB, DIGITS, DIGITS_PER_ROW, FIRST_FULL, KEY, LADDER, LADDER_ROWS, LINK, RANGES, SignatureUse, absorb, key,
    ladder, link,
};
use crate::circuit::tape::recurrence::{SEQUENCE, trace};
use crate::circuit::tape::{ROWS_PER_PERMUTATION, TAPE, WIDTH as TAPE_WIDTH, row};
use crate::eddsa::challenge;

/// The point of order two.
fn two_torsion() -> Point {
    Point { x: Fr::ZERO, y: -Fr::ONE }
}

/// All attacks on the last slot, which nobody draws from.
pub(super) fn attacks(subject: &Subject) -> Vec<Attack> {
    let slots = [wrong_rounds(), wrong_doublings(), wrong_keys(), wrong_steps(), wrong_scalars(), wrong_ranges()];
    let slots = slots.into_iter().flatten();
    slots.map(|(name, values)| attack(subject, name, &values)).collect()
}

type Forged = (String, SlotValues);

/// Overwrites the last slot, and lets the tape provide the hash of its key.
fn attack(subject: &Subject, name: String, values: &SlotValues) -> Attack {
    let layout = subject.checker.layout();
    let slot = layout.signatures.slots() - 1;
    let mut cells = Vec::new();
    for (row, honest) in values.rows.iter().enumerate() {
        let at = layout.signatures.row(slot, row);
        cells.extend(honest.iter().enumerate().map(|(column, value)| ((column, at), *value)));
    }
    let [x, y] = key::A.map(|column| values.rows[KEY][column]);
    if (x, y) != (BASE.x, BASE.y) {
        cells.extend(provide_key_hash(subject, x, y));
    }
    Attack::cells(name, cells)
}

/// The idle key's hash is drawn once less, that of (x, y) once.
fn provide_key_hash(subject: &Subject, x: Fr, y: Fr) -> Vec<((usize, usize), Fr)> {
    let (tape, advice) = (&subject.checker.layout().tape, &subject.witness.advice);
    let halves = [(row::OLD_HASH, row::INDEX), (row::NEW_HASH, row::LEVELS)];
    let mut cells = Vec::new();
    for pair in 0..tape.pairs() {
        for (half, (_, count)) in halves.into_iter().enumerate() {
            let first = tape.cell(pair, half * ROWS_PER_PERMUTATION);
            let hashed = [0, 1].map(|i| advice.get(i, first) - SEQUENCE.offsets[i]);
            let count = tape.cell(pair, count);
            if hashed == [BASE.x, BASE.y] && advice.get(TAPE, tape.cell(pair, row::PATH)) == Fr::ZERO {
                cells.push(((TAPE, count), advice.get(TAPE, count) - Fr::ONE));
            }
        }
    }
    let pair = tape.pairs() - IDLE_PAIRS + 1;
    let (inputs, hash) = trace(x, y);
    cells.extend(inputs.iter().enumerate().map(|(s, x)| ((s % TAPE_WIDTH, tape.cell(pair, s / TAPE_WIDTH)), *x)));
    cells.extend([(row::OLD_HASH, hash), (row::INDEX, Fr::ONE)].map(|(row, x)| ((TAPE, tape.cell(pair, row)), x)));
    cells
}

/// scalar·h mod ℓ.
fn times(scalar: u64, h: &Fr) -> BigUint {
    integer(h) * scalar % &*ORDER
}

fn negated(scalar: BigUint) -> BigUint {
    (&*ORDER - scalar % &*ORDER) % &*ORDER
}

fn unsigned(a: Point, r8: Point, s: &BigUint, message: Fr) -> SignatureUse {
    SignatureUse { ax: a.x, ay: a.y, r8x: r8.x, r8y: r8.y, s: field(s), message, count: 0 }
}

/// The first message whose h `accept` turns into something.
fn find<T>(a: Point, r8: Point, accept: impl Fn(&Fr) -> Option<T>) -> Option<(Fr, Fr, T)> {
    (0..4_096u64).map(Fr::from).find_map(|message| {
        let h = challenge(&r8, &a, message);
        accept(&h).map(|found| (message, h, found))
    })
}

fn is_multiple(h: &Fr, divisor: u8) -> bool {
    integer(h) % divisor == BigUint::ZERO
}

/// Writes the ladder again, over other points or for another h.
fn climb(values: &mut SlotValues, s: &BigUint, h: &Fr, table: [Point; 4]) {
    values.fill_ladder(s, &integer(h), table);
    let hash = values.rows[ABSORB][absorb::HASH];
    values.fill_link(hash);
}

fn write(cells: &mut [Fr], [x, y]: [usize; 2], point: Point) {
    (cells[x], cells[y]) = (point.x, point.y);
}

/// The ladder's points for a key whose eightfold is said to be `eight`.
fn table(eight: Point) -> [Point; 4] {
    [Point::IDENTITY, BASE, eight.negate(), BASE.add(&eight.negate())]
}

/// An error of one in each lane absorbed, and in each cell that a row of rounds leads to; h follows from it.
fn wrong_rounds() -> Vec<Forged> {
    let absorbed = (0..WIDTH).map(|lane| (format!("a signature over a hash with a wrong lane {lane}"), None, lane));
    let rows = [("full", 0), ("partial", 2)].into_iter().flat_map(|(kind, row)| {
        let cells = ROWS[row].inner.len() + WIDTH;
        (0..cells).map(move |cell| {
            (format!("a signature over a hash with a wrong cell {cell} of {kind} rounds"), Some(row), cell)
        })
    });
    let forge = |(name, wrong_row, wrong): (String, Option<usize>, usize)| {
        let error = |row: Option<usize>, cell: usize| Fr::from(u64::from(row == wrong_row && cell == wrong));
        let honest = SignatureUse::idle();
        let mut values = SlotValues::new(&honest);
        let inputs = [Fr::ZERO, honest.r8x, honest.r8y, honest.ax, honest.ay, honest.message];
        let mut lanes: Vec<Fr> =
            (0..WIDTH).map(|lane| inputs[lane] + first_constants()[lane] + error(None, lane)).collect();
        for (number, row) in ROWS.iter().enumerate() {
            let mut cells = lanes;
            cells.resize(WIDTH + row.inner.len(), Fr::ZERO);
            for (i, affine) in row.inner.iter().enumerate() {
                cells[WIDTH + i] = affine.evaluate(&cells) + error(Some(number), i);
            }
            let next = row.next.iter().enumerate();
            lanes = next
                .map(|(lane, affine)| affine.evaluate(&cells) + error(Some(number), row.inner.len() + lane))
                .collect();
            values.rows[FIRST_FULL + number][..cells.len()].copy_from_slice(&cells);
        }
        values.rows[FIRST_FULL + ROWS.len()][..WIDTH].copy_from_slice(&lanes);
        climb(&mut values, &times(8, &lanes[0]), &lanes[0], table(BASE.times_eight()));
        (name, values)
    };
    absorbed.chain(rows).map(forge).collect()
}

/// (−x, y) or (x, −y).
fn mirrored(point: Point, axis: usize) -> Point {
    if axis == 0 { point.negate() } else { Point { y: -point.y, ..point } }
}

/// One of 2A, 4A, 8A mirrored: the slot verifies a signature by −A.
fn wrong_doublings() -> Vec<Forged> {
    let mut forged = Vec::new();
    for step in 0..3 {
        for axis in 0..2 {
            let r8 = Point::IDENTITY;
            // Mirroring y at the last step adds the point of order two h times.
            let Some((message, h, s)) = find(BASE, r8, |h| is_multiple(h, 2).then(|| negated(times(8, h)))) else {
                continue;
            };
            let mut values = SlotValues::new(&unsigned(BASE, r8, &s, message));
            let mut point = BASE;
            for (number, columns) in key::DOUBLES.into_iter().enumerate() {
                point = point.add(&point);
                if number == step {
                    point = mirrored(point, axis);
                }
                write(&mut values.rows[KEY], columns, point);
            }
            let points = table(point);
            write(&mut values.rows[KEY], key::COMBINED, points[3]);
            values.rows[KEY][key::INVERSE] = point.x.invert().unwrap_or(Fr::ZERO);
            climb(&mut values, &s, &h, points);
            forged.push((format!("a signature by the negated key, mirrored at doubling {step}, axis {axis}"), values));
        }
    }
    forged
}

/// S with S + 2·(S & h) ≡ 2·h mod ℓ: bit by bit, since every bit's weight is odd.
fn weigh(h: &Fr) -> Option<BigUint> {
    let h = integer(h);
    let start = &h * 2u8 % &*ORDER;
    (0..3u8).find_map(|wrap| {
        let (mut rest, mut s) = (&start + &*ORDER * wrap, BigUint::ZERO);
        for bit in 0..251 {
            if rest.bit(0) {
                let weight = BigUint::from(if h.bit(bit) { 3u8 } else { 1 });
                if rest < weight {
                    return None;
                }
                rest -= weight;
                s.set_bit(bit, true);
            }
            rest >>= 1u8;
        }
        (rest == BigUint::ZERO && &s >> 126u8 < &*ORDER >> 126u8).then_some(s)
    })
}

/// Keys that must not sign, and a wrong B8 − 8A.
fn wrong_keys() -> Vec<Forged> {
    let mut forged = Vec::new();
    let five = BigUint::from(5u8);
    let r8 = BASE.multiply(&Fr::from(5));
    let none = SlotValues::new(&unsigned(Point::IDENTITY, r8, &five, Fr::ONE));
    forged.push(("a signature of any message by a key of small order".to_owned(), none));

    if let Some([a, doubles @ ..]) = point_of_order_32()
        && let Some((message, h, ())) = find(a, r8, |h| is_multiple(h, 4).then_some(()))
    {
        let mut values = SlotValues::new(&unsigned(a, r8, &five, message));
        for (columns, point) in key::DOUBLES.into_iter().zip(doubles) {
            write(&mut values.rows[KEY], columns, point);
        }
        let points = table(doubles[2]);
        write(&mut values.rows[KEY], key::COMBINED, points[3]);
        values.rows[KEY][key::INVERSE] = doubles[2].x.invert().unwrap_or(Fr::ZERO);
        climb(&mut values, &five, &h, points);
        forged.push(("a signature of some message by a key off the curve".to_owned(), values));
    }

    // 8A = B8 has B8 − 8A = (0, 1); (0, −1) in its place counts where the last bits of S and h are both one.
    let inverse = BigUint::from(8u8).modinv(&ORDER).unwrap_or_default();
    let eighth = BASE.multiply(&field(&inverse));
    let accept = |h: &Fr| Some(times(1, h)).filter(|s| !(s.bit(0) && integer(h).bit(0)));
    if let Some((message, h, s)) = find(eighth, Point::IDENTITY, accept) {
        let points = [Point::IDENTITY, BASE, BASE.negate(), two_torsion()];
        forged.push(("y of B8 − 8A mirrored".to_owned(), with_table(eighth, &s, &h, message, points)));
    }
    // 8A = 2·B8 has B8 − 8A = −B8; B8 in its place makes S weigh more where h has ones.
    let quarter = eighth.add(&eighth);
    if let Some((message, h, s)) = find(quarter, Point::IDENTITY, weigh) {
        let points = [Point::IDENTITY, BASE, BASE.add(&BASE).negate(), BASE];
        forged.push(("x of B8 − 8A mirrored".to_owned(), with_table(quarter, &s, &h, message, points)));
    }
    forged
}

fn with_table(a: Point, s: &BigUint, h: &Fr, message: Fr, table: [Point; 4]) -> SlotValues {
    let mut values = SlotValues::new(&unsigned(a, Point::IDENTITY, s, message));
    write(&mut values.rows[KEY], key::COMBINED, table[3]);
    climb(&mut values, s, h, table);
    values
}

/// One of the last row's four points mirrored. The ladder jumps from P to −P with `after` digits to come.
fn wrong_steps() -> Vec<Forged> {
    let mut forged = Vec::new();
    let places = [("doubled[0]", 2u32), ("added[0]", 1), ("doubled[1]", 1), ("added[1]", 0)];
    for (place, (name, after)) in places.into_iter().enumerate() {
        for axis in 0..2 {
            // The point of order two stays unless it is doubled once more.
            let offset = if axis == 1 && place >= 2 { two_torsion() } else { Point::IDENTITY };
            let r8 = BASE.multiply(&Fr::from(7)).add(&offset);
            let solve = |h: &Fr| {
                let (h, mask) = (integer(h), (BigUint::from(1u8) << after) - 1u8);
                let low = &h & &mask;
                // −(S − low S) + 8·(h − low h) + low S − 8·low h = 7.
                (0..1u32 << after).map(BigUint::from).find_map(|low_s| {
                    let positive = (&h - &low) * 8u8 + &low_s;
                    let top = (positive + negated(&low * 8u8 + 7u8)) % &*ORDER;
                    (&top & &mask == BigUint::ZERO).then(|| top + low_s)
                })
            };
            let Some((message, _, s)) = find(BASE, r8, solve) else { continue };
            let mut values = SlotValues::new(&unsigned(BASE, r8, &s, message));
            let point = |cells: &[Fr], [x, y]: [usize; 2]| Point { x: cells[x], y: cells[y] };
            let mut sum = point(&values.rows[LADDER + LADDER_ROWS - 2], ladder::SUM);
            let cells = &mut values.rows[LADDER + LADDER_ROWS - 1];
            for step in 0..2 {
                let addends = [None, Some(point(cells, ladder::ADDED[step]))];
                let columns = [ladder::DOUBLED[step], [ladder::BETWEEN, ladder::SUM][step]];
                for (half, (addend, columns)) in addends.into_iter().zip(columns).enumerate() {
                    sum = sum.add(&addend.unwrap_or(sum));
                    if 2 * step + half == place {
                        sum = mirrored(sum, axis);
                    }
                    write(cells, columns, sum);
                }
            }
            forged.push((format!("a ladder whose {name} is mirrored, axis {axis}"), values));
        }
    }
    forged
}

/// Digits of another h or S than the one that is hashed, or compared with the order.
fn wrong_scalars() -> Vec<Forged> {
    let last = LADDER + LADDER_ROWS - 1;
    let idle = SignatureUse::idle();
    let mut other = SlotValues::new(&idle);
    let h = other.rows[last][ladder::CHALLENGE];
    let flipped = if integer(&h).bit(0) { h - Fr::ONE } else { h + Fr::ONE };
    climb(&mut other, &times(8, &flipped), &flipped, table(BASE.times_eight()));
    other.rows[last][ladder::CHALLENGE] = h;
    let mut response = SlotValues::new(&idle);
    response.rows[last][ladder::RESPONSE] += Fr::ONE;
    vec![
        ("a signature over a hash that ends in another bit".to_owned(), other),
        ("an S that its digits do not make".to_owned(), response),
    ]
}

/// Range-checked cells and digits off by what no other gate sees.
fn wrong_ranges() -> Vec<Forged> {
    let honest = SlotValues::new(&SignatureUse::idle());
    let mut forged = Vec::new();
    let mut row = DIGITS;
    for (cell, rows) in RANGES {
        row += rows;
        let mut values = honest.clone();
        let step = if values.rows[row - 1][1] == Fr::from(3) { -Fr::ONE } else { Fr::ONE };
        for (at, column) in [(row - 1, 0), (row - 1, 1), (LINK, cell)] {
            values.rows[at][column] += step;
        }
        if cell == link::PKH {
            values.rows[ABSORB][absorb::PKH] += step;
        }
        forged.push((format!("cell {cell} of the link row off by one, in range"), values));
        for above in row - rows..row {
            forged.extend((1..=DIGITS_PER_ROW).filter_map(|digit| {
                Some((
                    format!("digit {} of a range too large", digit - 1),
                    wrong_digit(&honest, above, digit, above + 1 < row)?,
                ))
            }));
        }
    }
    let mut values = honest.clone();
    let digit = &mut values.rows[DIGITS][1];
    *digit = if *digit == Fr::ZERO { Fr::ONE } else { *digit - Fr::ONE };
    forged.push(("a range whose digits make another number".to_owned(), values));
    forged
}

/// The digit in this column is four more, the next one less; the top digit borrows from the row above, if that is `below`'s.
fn wrong_digit(honest: &SlotValues, row: usize, column: usize, below: bool) -> Option<SlotValues> {
    let mut values = honest.clone();
    let (row, borrowed) = if column < DIGITS_PER_ROW {
        (row, (row, column + 1))
    } else if below {
        values.rows[row][0] -= Fr::ONE;
        (row + 1, (row, 1))
    } else {
        return None;
    };
    if values.rows[borrowed.0][borrowed.1] == Fr::ZERO {
        return None;
    }
    values.rows[row][column] += Fr::from(4);
    values.rows[borrowed.0][borrowed.1] -= Fr::ONE;
    Some(values)
}
