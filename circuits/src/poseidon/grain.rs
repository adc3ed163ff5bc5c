//! The parameter generator of Poseidon: round constants and MDS matrix of a width, from the field and the round counts.
//!
//! A Grain LFSR in self-shrinking mode, seeded with the instance's description, yields the bits (Poseidon paper, appendix
//! "Initialization of the Grain LFSR for Parameter Generation"). Constants are drawn by rejection, the Cauchy matrix's
//! points are reduced instead, as in the authors' reference script.

use std::collections::HashSet;

use halo2curves::bn256::Fr;
use halo2curves::ff::{FromUniformBytes, PrimeField};

const FIELD_BITS: usize = Fr::NUM_BITS as usize;

/// `(round_constants[round][lane], mds[row][column])`.
pub(super) fn generate(t: usize, full_rounds: usize, partial_rounds: usize) -> (Vec<Vec<Fr>>, Vec<Vec<Fr>>) {
    let mut grain = Grain::new(t, full_rounds, partial_rounds);
    let constants =
        (0..full_rounds + partial_rounds).map(|_| (0..t).map(|_| grain.element_by_rejection()).collect()).collect();
    (constants, cauchy(&mut grain, t))
}

/// `M[i][j] = 1 / (x_i + y_j)` for 2t distinct points.
fn cauchy(grain: &mut Grain, t: usize) -> Vec<Vec<Fr>> {
    loop {
        let points: Vec<Fr> = (0..2 * t).map(|_| grain.element_by_reduction()).collect();
        if points.iter().collect::<HashSet<_>>().len() < 2 * t {
            continue;
        }
        let (xs, ys) = points.split_at(t);
        let inverse = |x: &Fr, y: &Fr| Option::<Fr>::from((x + y).invert());
        let rows: Option<Vec<Vec<Fr>>> = xs.iter().map(|x| ys.iter().map(|y| inverse(x, y)).collect()).collect();
        if let Some(rows) = rows {
            return rows;
        }
    }
}

/// The 80-bit shift register; `bits[head]` is the oldest bit.
struct Grain {
    bits: [bool; 80],
    head: usize,
}

impl Grain {
    fn new(t: usize, full_rounds: usize, partial_rounds: usize) -> Self {
        // Prime field (1), S-box x^alpha (0), then the sizes; the 30 bits that remain are ones.
        let description =
            [(1, 2), (0, 4), (FIELD_BITS, 12), (t, 12), (full_rounds, 10), (partial_rounds, 10), ((1 << 30) - 1, 30)];
        let mut bits = [false; 80];
        let described =
            description.iter().flat_map(|&(value, width)| (0..width).rev().map(move |i| value >> i & 1 == 1));
        for (bit, value) in bits.iter_mut().zip(described) {
            *bit = value;
        }
        let mut grain = Self { bits, head: 0 };
        for _ in 0..160 {
            grain.clock();
        }
        grain
    }

    fn clock(&mut self) -> bool {
        let new = [62, 51, 38, 23, 13, 0].iter().fold(false, |sum, tap| sum ^ self.bits[(self.head + tap) % 80]);
        self.bits[self.head] = new;
        self.head = (self.head + 1) % 80;
        new
    }

    /// Bits come in pairs: the second counts if the first is one.
    fn bit(&mut self) -> bool {
        loop {
            let (keep, bit) = (self.clock(), self.clock());
            if keep {
                return bit;
            }
        }
    }

    /// As many bits as the modulus has, most significant first, as a little-endian number.
    fn number(&mut self) -> [u8; 32] {
        let mut number = [0; 32];
        for i in (0..FIELD_BITS).rev() {
            number[i / 8] |= u8::from(self.bit()) << (i % 8);
        }
        number
    }

    fn element_by_rejection(&mut self) -> Fr {
        loop {
            if let Some(element) = Option::from(Fr::from_repr(self.number())) {
                return element;
            }
        }
    }

    fn element_by_reduction(&mut self) -> Fr {
        let mut wide = [0; 64];
        wide[..32].copy_from_slice(&self.number());
        Fr::from_uniform_bytes(&wide)
    }
}
