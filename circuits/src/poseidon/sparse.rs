//! The width-3 permutation with 7 multiplications a partial round (4 of them linear) instead of 12.
//!
//! With M = [[m, v], [w, A]] (lane 0 against lanes 1, 2), y the S-box output and s = (lane 1, lane 2), partial round i is
//! `x_{i+1} = m·y_i + v·s_i + c`, `s_{i+1} = w·y_i + A·s_i + d`. Three changes of variables, all of them computed here once:
//! - u_i = A^(n-i)·s_i makes A the identity: `u_{i+1} = u_i + w_i·y_i`, `x_{i+1} = m·y_i + v_i·u_i`, with A^n absorbed in the
//!   mix before the first partial round and u_n = s_n after the last;
//! - the constants d never meet an S-box on their way, so they move on into the constants of lane 0 and of the round after;
//! - lane 0 is scaled by λ_{i+1} = λ_i⁵ / m, which turns the coefficient of y into one; the last round scales back.
//!
//! Beside that, the first round's S-box of the empty capacity lane is a constant, and the last mix computes lane 0 alone.

use halo2curves::bn256::Fr;
use halo2curves::ff::Field;

use super::{Parameters, fifth_power};

type Matrix = [[Fr; 3]; 3];

struct PartialRound {
    /// Coefficients of u in the next (scaled) lane 0.
    from_lanes: [Fr; 2],
    /// Coefficients of the (scaled) S-box output in the next u.
    to_lanes: [Fr; 2],
    /// Added to the next lane 0.
    constant: Fr,
}

pub(super) struct SparsePermutation {
    /// Lane 0 of the first round behind its S-box.
    first_lane: Fr,
    /// Constants of the full rounds, the first of each half first.
    head: Vec<[Fr; 3]>,
    tail: Vec<[Fr; 3]>,
    mds: Matrix,
    /// The mix between the last full round of the head and the first partial round, and what it adds to lane 0.
    entry: Matrix,
    entry_constant: Fr,
    partial: Vec<PartialRound>,
    /// Scales lane 0 back behind the last partial round.
    unscale: Fr,
}

impl SparsePermutation {
    /// Of parameters of width 3.
    pub(super) fn new(parameters: &Parameters) -> Self {
        let mds: Matrix = std::array::from_fn(|row| std::array::from_fn(|column| parameters.mds[row][column]));
        let constants: Vec<[Fr; 3]> =
            parameters.round_constants.iter().map(|round| std::array::from_fn(|lane| round[lane])).collect();
        let half = parameters.full_rounds / 2;
        let n = parameters.partial_rounds;

        let [[m, v1, v2], [w1, a, b], [w2, c, d]] = mds;
        let forward = [[a, b], [c, d]];
        // An MDS matrix has no singular square submatrix and no zero entry.
        let scale = (a * d - b * c).invert().unwrap_or(Fr::ZERO);
        let backward = [[d * scale, -b * scale], [-c * scale, a * scale]];
        let m_inverse = m.invert().unwrap_or(Fr::ZERO);

        // powers[i] = A^i, inverses[i] = A^-i.
        let powers: Vec<_> =
            std::iter::successors(Some(IDENTITY), |p| Some(product(&forward, p))).take(n + 1).collect();
        let inverses: Vec<_> =
            std::iter::successors(Some(IDENTITY), |p| Some(product(&backward, p))).take(n + 1).collect();

        // `moved`: the sum of the lanes' constants so far, in terms of u. Round i's own constant reaches u_i.
        let lanes_constant =
            |round: usize| apply(&powers[n - round], [constants[half + round][1], constants[half + round][2]]);
        let mut moved = lanes_constant(0);
        let mut lambda = Fr::ONE;
        let mut partial = Vec::with_capacity(n);
        for i in 0..n {
            let [[a, b], [c, d]] = inverses[n - i];
            let [q, r] = [v1 * a + v2 * c, v1 * b + v2 * d];
            let fifth = fifth_power(&lambda);
            let fifth_inverse = fifth.invert().unwrap_or(Fr::ZERO);
            let next = fifth * m_inverse;
            let to_lanes = apply(&powers[n - i - 1], [w1, w2]).map(|w| w * fifth_inverse);
            // The round after the last partial one is full: its constants stay there.
            let own = if i + 1 < n { constants[half + i + 1][0] } else { Fr::ZERO };
            partial.push(PartialRound {
                from_lanes: [q * next, r * next],
                to_lanes,
                constant: (own + q * moved[0] + r * moved[1]) * next,
            });
            if i + 1 < n {
                let more = lanes_constant(i + 1);
                moved = [moved[0] + more[0], moved[1] + more[1]];
            }
            lambda = next;
        }
        let mut tail = constants[half + n..].to_vec();
        tail[0][1] += moved[0];
        tail[0][2] += moved[1];

        let mut entry = mds;
        for column in 0..3 {
            [entry[1][column], entry[2][column]] = apply(&powers[n], [mds[1][column], mds[2][column]]);
        }
        Self {
            first_lane: fifth_power(&constants[0][0]),
            head: constants[..half].to_vec(),
            tail,
            mds,
            entry,
            entry_constant: constants[half][0],
            partial,
            unscale: lambda.invert().unwrap_or(Fr::ZERO),
        }
    }

    /// Lane 0 of the permutation of (0, a, b).
    pub(super) fn hash(&self, a: Fr, b: Fr) -> Fr {
        let mut state = [Fr::ZERO, a, b];
        for (round, constants) in self.head.iter().enumerate() {
            state = if round == 0 {
                [self.first_lane, fifth_power(&(a + constants[1])), fifth_power(&(b + constants[2]))]
            } else {
                s_boxes(state, constants)
            };
            state = mix(if round + 1 < self.head.len() { &self.mds } else { &self.entry }, &state);
        }
        let [mut x, mut u, mut v] = state;
        x += self.entry_constant;
        for round in &self.partial {
            let y = fifth_power(&x);
            x = y + round.from_lanes[0] * u + round.from_lanes[1] * v + round.constant;
            u += round.to_lanes[0] * y;
            v += round.to_lanes[1] * y;
        }
        state = [x * self.unscale, u, v];
        for (round, constants) in self.tail.iter().enumerate() {
            state = s_boxes(state, constants);
            if round + 1 < self.tail.len() {
                state = mix(&self.mds, &state);
            }
        }
        dot(&self.mds[0], &state)
    }
}

fn s_boxes(state: [Fr; 3], constants: &[Fr; 3]) -> [Fr; 3] {
    std::array::from_fn(|lane| fifth_power(&(state[lane] + constants[lane])))
}

fn mix(matrix: &Matrix, state: &[Fr; 3]) -> [Fr; 3] {
    [dot(&matrix[0], state), dot(&matrix[1], state), dot(&matrix[2], state)]
}

fn dot(row: &[Fr; 3], state: &[Fr; 3]) -> Fr {
    row[0] * state[0] + row[1] * state[1] + row[2] * state[2]
}

const IDENTITY: [[Fr; 2]; 2] = [[Fr::ONE, Fr::ZERO], [Fr::ZERO, Fr::ONE]];

fn product(a: &[[Fr; 2]; 2], b: &[[Fr; 2]; 2]) -> [[Fr; 2]; 2] {
    let column = |j: usize| apply(a, [b[0][j], b[1][j]]);
    let (left, right) = (column(0), column(1));
    [[left[0], right[0]], [left[1], right[1]]]
}

fn apply(matrix: &[[Fr; 2]; 2], vector: [Fr; 2]) -> [Fr; 2] {
    matrix.map(|row| row[0] * vector[0] + row[1] * vector[1])
}
