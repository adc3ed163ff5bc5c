//! The permutation as a straight-line program of products with an addend, before it is put in order.
//!
//! Every operation is `left · right / R + addend`, R being the multiplier's Montgomery radix. A register holds a field
//! element times a *scale* that is known here: scales run through S-boxes (σ → σ⁵/R⁴) and are set freely by mixes. So the
//! last mix hands out plain numbers, and any other may choose the scale that makes the coefficient of its first term one:
//! that term is the addend of the first product. A full round costs 9 + 6 products instead of 9 + 9. Constants enter behind
//! the S-boxes, as addends too. Loading an input is a product, for nothing else writes registers.
//!
//! Partial rounds. With M = [[m, v], [w, A]] (lane 0 against lanes 1 and 2), y = x⁵ behind the S-box, s = (lane 1, lane 2)
//! and e, d the next round's constants: `x' = m·y + v·s + e`, `s' = A·s + w·y + d`. Let `a = v·s + e`; then
//! `x' = m·y + a`, and at the scale of x⁵/m the S-box's last product has `a` as its addend: 3 products. With τ, δ the trace
//! and determinant of A, and b = (vA - τv)·s + constant, the two numbers a and b stand for s (Cayley and Hamilton):
//! ```text
//! a' = (τ - g)·a + g·x' + b                 g = vw/m, h = (vAw - τvw)/m, and y = (x' - a)/m throughout
//! b' = (-δ - h)·a + h·x' + constant
//! ```
//! 4 products at whatever scales; b's is the one of the next a. These seven hang loosely together: from x to x' there are
//! three products in sequence only, so that a thread can have two in the pipeline.

use halo2curves::bn256::Fr;
use halo2curves::ff::Field;

use super::grain;

/// Full rounds of circomlib's instance of width 3, half of them before the partial rounds.
pub const FULL_ROUNDS: usize = 8;
/// Partial rounds of circomlib's instance of width 3.
pub const PARTIAL_ROUNDS: usize = 57;

const HALF: usize = FULL_ROUNDS / 2;

/// Index of an operation in its program.
pub type Id = usize;

/// The first factor of a product.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Left {
    /// Input 0 or 1 of the hash.
    Input(usize),
    /// An operation's result.
    Value(Id),
}

/// The second factor of a product.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Right {
    /// An operation's result.
    Value(Id),
    /// A number from the table of constants.
    Constant(Fr),
}

/// What is added to a product.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Addend {
    /// An operation's result.
    Value(Id),
    /// A number from the table of constants.
    Constant(Fr),
}

/// `left · right / R + addend`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Operation {
    /// First factor.
    pub left: Left,
    /// Second factor.
    pub right: Right,
    /// Summand.
    pub addend: Addend,
}

/// A result with the factor by which it exceeds what it stands for.
#[derive(Clone, Copy)]
struct Value {
    id: Id,
    scale: Fr,
}

/// A coefficient and what it multiplies.
type Term = (Fr, Value);

struct Builder {
    operations: Vec<Operation>,
    radix: Fr,
    radix_inverse: Fr,
}

/// The program that hashes a pair, for a Montgomery radix of 2^`radix_bits`. Its last operation is the hash itself.
pub fn hash_pair(radix_bits: usize) -> Vec<Operation> {
    let radix = Fr::from(2).pow([radix_bits as u64]);
    let mut builder = Builder { operations: Vec::new(), radix, radix_inverse: invert(radix) };
    let (constants, mds) = grain::generate(3, FULL_ROUNDS, PARTIAL_ROUNDS);
    let constants: Vec<[Fr; 3]> = constants.iter().map(|round| std::array::from_fn(|lane| round[lane])).collect();
    let mds: [[Fr; 3]; 3] = std::array::from_fn(|row| std::array::from_fn(|column| mds[row][column]));

    let mut state = builder.first_round(&constants, &mds);
    for round in 1..HALF - 1 {
        state = builder.full_round(state, &mds, &constants[round + 1]);
    }
    let partial = Partial::new(&mds, &constants[HALF..]);
    let boxes = builder.s_boxes(state, solve(mds, constants[HALF]));
    state = builder.partial_rounds(&partial, &mds, boxes);
    for constants in &constants[HALF + PARTIAL_ROUNDS + 1..] {
        state = builder.full_round(state, &mds, constants);
    }
    let boxes = builder.s_boxes(state, [Fr::ZERO; 3]);
    builder.mix_to(&terms(&mds[0], &boxes), Fr::ZERO, Fr::ONE);
    builder.operations
}

impl Builder {
    fn push(&mut self, left: Left, right: Right, addend: Addend, scale: Fr) -> Value {
        self.operations.push(Operation { left, right, addend });
        Value { id: self.operations.len() - 1, scale }
    }

    fn product(&mut self, left: Value, right: Value, added: Fr) -> Value {
        let scale = left.scale * right.scale * self.radix_inverse;
        self.push(Left::Value(left.id), Right::Value(right.id), Addend::Constant(added * scale), scale)
    }

    fn fourth_power(&mut self, x: Value) -> Value {
        let square = self.product(x, x, Fr::ZERO);
        self.product(square, square, Fr::ZERO)
    }

    /// x⁵ + `added` for each lane.
    fn s_boxes<const N: usize>(&mut self, lanes: [Value; N], added: [Fr; N]) -> [Value; N] {
        let fourth = lanes.map(|x| self.fourth_power(x));
        std::array::from_fn(|lane| self.product(fourth[lane], lanes[lane], added[lane]))
    }

    /// `Σ terms`, at the scale that makes the first coefficient one.
    fn mix(&mut self, terms: &[Term]) -> Value {
        let (coefficient, first) = terms[0];
        let scale = first.scale * invert(coefficient);
        self.accumulate(&terms[1..], Addend::Value(first.id), scale)
    }

    /// `Σ terms + added` at a given scale.
    fn mix_to(&mut self, terms: &[Term], added: Fr, scale: Fr) -> Value {
        self.accumulate(terms, Addend::Constant(added * scale), scale)
    }

    fn accumulate(&mut self, terms: &[Term], mut sum: Addend, scale: Fr) -> Value {
        for (coefficient, value) in terms {
            let factor = *coefficient * scale * self.radix * invert(value.scale);
            self.push(Left::Value(value.id), Right::Constant(factor), sum, scale);
            sum = Addend::Value(self.operations.len() - 1);
        }
        Value { id: self.operations.len() - 1, scale }
    }

    /// S-boxes, mix, and the constants of the round that follows: they enter behind the S-boxes, solved through the mix.
    fn full_round(&mut self, state: [Value; 3], mds: &[[Fr; 3]; 3], next: &[Fr; 3]) -> [Value; 3] {
        let boxes = self.s_boxes(state, solve(*mds, *next));
        mds.map(|row| self.mix(&terms(&row, &boxes)))
    }

    /// The inputs and the first round, in which lane 0 is a constant.
    fn first_round(&mut self, constants: &[[Fr; 3]], mds: &[[Fr; 3]; 3]) -> [Value; 3] {
        let inputs = [0, 1].map(|input| {
            let added = constants[0][input + 1] * self.radix;
            let conversion = Right::Constant(self.radix.square());
            self.push(Left::Input(input), conversion, Addend::Constant(added), self.radix)
        });
        let capacity = constants[0][0].square().square() * constants[0][0];
        let wanted: [Fr; 3] = std::array::from_fn(|lane| constants[1][lane] + mds[lane][0] * capacity);
        // Two S-boxes can carry the constants of two lanes; what the third misses is added in its mix.
        let [[_, p, q], [_, r, s], [_, t, u]] = *mds;
        let determinant = invert(p * s - q * r);
        let [k, l] = [(s * wanted[0] - q * wanted[1]) * determinant, (p * wanted[1] - r * wanted[0]) * determinant];
        let boxes = self.s_boxes(inputs, [k, l]);
        let missing = wanted[2] - t * k - u * l;
        let carried = [0, 1].map(|lane| self.mix(&terms(&[mds[lane][1], mds[lane][2]], &boxes)));
        [carried[0], carried[1], self.mix_to(&terms(&[t, u], &boxes), missing, self.radix)]
    }

    /// From the S-boxes of the last full round of the first half, which carry the constants, to the state before the S-boxes
    /// of the first full round of the second half.
    fn partial_rounds(&mut self, partial: &Partial, mds: &[[Fr; 3]; 3], boxes: [Value; 3]) -> [Value; 3] {
        let of_lanes = |[p, q]: [Fr; 2]| terms(&std::array::from_fn(|k| p * mds[1][k] + q * mds[2][k]), &boxes);
        let mut x = self.mix(&terms(&mds[0], &boxes));
        let mut scale = self.scale_behind(x, partial.m);
        let mut a = self.mix_to(&of_lanes(partial.v), partial.e[0], scale);
        let mut b = of_lanes(partial.u).to_vec();
        for round in 0..PARTIAL_ROUNDS - 1 {
            x = self.s_box_onto(x, a);
            scale = self.scale_behind(x, partial.m);
            let b_here = self.mix_to(&b, partial.added_to_b[round], scale);
            b = vec![(-partial.determinant - partial.h, a), (partial.h, x)];
            a = self.mix(&[(Fr::ONE, b_here), (partial.trace - partial.g, a), (partial.g, x)]);
        }
        x = self.s_box_onto(x, a);
        let b = self.mix(&b);
        let lane = |this: &mut Self, [of_a, of_b, of_x, added]: [Fr; 4]| {
            this.mix_to(&[(of_a, a), (of_b, b), (of_x, x)], added, this.radix)
        };
        let [second, third] = partial.leave.map(|row| lane(self, row));
        [x, second, third]
    }

    /// m·x⁵ + a, where a has the scale for it.
    fn s_box_onto(&mut self, x: Value, a: Value) -> Value {
        let fourth = self.fourth_power(x);
        self.push(Left::Value(fourth.id), Right::Value(x.id), Addend::Value(a.id), a.scale)
    }

    /// The scale at which x⁵ stands for m·x⁵.
    fn scale_behind(&self, x: Value, m: Fr) -> Fr {
        let of_fourth = (x.scale.square() * self.radix_inverse).square() * self.radix_inverse;
        of_fourth * x.scale * self.radix_inverse * invert(m)
    }
}

/// Coefficients of the partial rounds, by the names in the module's text.
struct Partial {
    m: Fr,
    v: [Fr; 2],
    /// vA - τv.
    u: [Fr; 2],
    trace: Fr,
    determinant: Fr,
    g: Fr,
    h: Fr,
    /// Constants of lane 0 in the round that follows.
    e: Vec<Fr>,
    /// What b of each round has beside its terms.
    added_to_b: Vec<Fr>,
    /// Lanes 1 and 2 behind the last partial round: coefficients of a, b, x, and what is added.
    leave: [[Fr; 4]; 2],
}

impl Partial {
    /// `constants`: from the first partial round on, to the full round behind the last one.
    fn new(mds: &[[Fr; 3]; 3], constants: &[[Fr; 3]]) -> Self {
        const N: usize = PARTIAL_ROUNDS;
        let [[m, v1, v2], [w1, p, q], [w2, r, s]] = *mds;
        let v = [v1, v2];
        let times_lanes = |[x, y]: [Fr; 2]| [x * p + y * r, x * q + y * s];
        let dot = |x: [Fr; 2], y: [Fr; 2]| x[0] * y[0] + x[1] * y[1];
        let (trace, determinant) = (p + s, p * s - q * r);
        let va = times_lanes(v);
        let u = [va[0] - trace * v1, va[1] - trace * v2];
        let (g, h) = (dot(v, [w1, w2]) * invert(m), dot(u, [w1, w2]) * invert(m));

        let e: Vec<Fr> = constants[1..=N].iter().map(|round| round[0]).collect();
        let d: Vec<[Fr; 2]> = constants[..=N].iter().map(|round| [round[1], round[2]]).collect();
        let on_entry = |round: usize| dot(v, d[round + 1]) + e[round + 1] - trace * e[round];
        let from_before = |round: usize| determinant * e[round - 1] + dot(u, d[round]);
        let added_to_b =
            (0..N - 1).map(|round| on_entry(round) + if round == 0 { Fr::ZERO } else { from_before(round) }).collect();

        // s = S⁻¹·(a - e, b), S having the rows v and u; lanes = A·s + w·(x - a)/m + d; the last b lacks its constant.
        let scale = invert(v1 * u[1] - v2 * u[0]);
        let columns = [[u[1] * scale, -u[0] * scale], [-v2 * scale, v1 * scale]];
        let leave = [([p, q], w1, d[N][0]), ([r, s], w2, d[N][1])].map(|(row, w, added)| {
            let [of_a, of_b] = columns.map(|column| dot(row, column));
            let of_x = w * invert(m);
            [of_a - of_x, of_b, of_x, added - of_a * e[N - 1] + of_b * from_before(N - 1)]
        });
        Self { m, v, u, trace, determinant, g, h, e, added_to_b, leave }
    }
}

fn terms<const N: usize>(row: &[Fr; N], values: &[Value; N]) -> [Term; N] {
    std::array::from_fn(|k| (row[k], values[k]))
}

/// The solution x of `matrix · x = right`, by Cramer's rule.
fn solve(matrix: [[Fr; 3]; 3], right: [Fr; 3]) -> [Fr; 3] {
    let determinant = |m: [[Fr; 3]; 3]| {
        let minor = |i: usize, j: usize| m[1][i] * m[2][j] - m[1][j] * m[2][i];
        m[0][0] * minor(1, 2) - m[0][1] * minor(0, 2) + m[0][2] * minor(0, 1)
    };
    let scale = invert(determinant(matrix));
    std::array::from_fn(|column| {
        let mut replaced = matrix;
        for (row, value) in replaced.iter_mut().zip(right) {
            row[column] = value;
        }
        determinant(replaced) * scale
    })
}

/// The inverse. Nothing that is inverted here is zero: an MDS matrix has no singular square submatrix, and scales are
/// products of its entries.
fn invert(x: Fr) -> Fr {
    Option::from(x.invert()).unwrap_or(Fr::ZERO)
}
