//! The point adders against halo2curves: all pairs of special points, in several representations, then random ones.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod arithmetic;

use std::collections::VecDeque;

use arithmetic::{random_below, words};
use halo2curves::bn256::{Fq, G1, G1Affine};
use halo2curves::ff::PrimeField;
use halo2curves::group::{Curve, Group, prime::PrimeCurveAffine};
use num_bigint::BigUint;
use penstock_hdl::emit::emit;
use penstock_hdl::field::{ELEMENT_BITS, Field, RING_CYCLES, Shape, from_montgomery, to_montgomery};
use penstock_hdl::point::{
    COORDINATE_BOUND, CompactPointAdder, LIMB_BITS, POINT_BITS, PipelinedPointAdder, PointAdderConfig,
};
use penstock_hdl::verilator::{Library, Options, Port, Simulation};
use rand::{Rng, RngCore, SeedableRng};
use rand_chacha::ChaCha20Rng;

const ADDITIONS: usize = 10_000;
const TAG_BITS: usize = 16;
/// Limbs of a coordinate.
const LIMBS: usize = 4;

fn integer(coordinate: &Fq) -> BigUint {
    BigUint::from_bytes_le(coordinate.to_repr().as_ref())
}

/// How a point's coordinates stand on the bus.
#[derive(Clone, Copy)]
enum Form {
    /// Z = 1 (or the identity as (0 : 1 : 0)), each coordinate canonical.
    Affine,
    /// Any Z, and this multiple of p on top of each coordinate.
    Shifted(u32),
    /// Any Z, any multiples of p.
    Random,
}

fn bus(point: &G1Affine, form: Form, rng: &mut ChaCha20Rng) -> [BigUint; 3] {
    let p = Field::Base.modulus();
    let scale = match form {
        Form::Affine => BigUint::from(1u32),
        _ => random_below(rng, &(&p - 1u32)) + 1u32,
    };
    let coordinates = if bool::from(point.is_identity()) {
        [BigUint::ZERO, scale, BigUint::ZERO]
    } else {
        [integer(&point.x) * &scale, integer(&point.y) * &scale, scale]
    };
    coordinates.map(|coordinate| {
        let multiple = match form {
            Form::Affine => 0,
            Form::Shifted(multiple) => multiple,
            Form::Random => rng.gen_range(0..COORDINATE_BOUND),
        };
        to_montgomery(Field::Base, &coordinate) + &p * multiple
    })
}

/// A point as it crosses a bus of a shape's adder: at once, or a limb a cycle.
fn packed(shape: Shape, coordinates: &[BigUint; 3]) -> Vec<Vec<u32>> {
    let [x, y, z] = coordinates;
    match shape {
        Shape::Pipelined => vec![words(&(x + (y << ELEMENT_BITS) + (z << (2 * ELEMENT_BITS))))],
        Shape::Compact => coordinates
            .iter()
            .flat_map(|coordinate| {
                let mut limbs = coordinate.to_u64_digits();
                assert!(limbs.len() <= LIMBS);
                limbs.resize(LIMBS, 0);
                limbs
            })
            .map(|limb| vec![limb as u32, (limb >> 32) as u32])
            .collect(),
    }
}

/// `sum` has a coordinate in each of `stride` bits.
fn check_sum(sum: &BigUint, stride: usize, expected: &G1Affine, name: &dyn Fn() -> String) {
    let p = Field::Base.modulus();
    let mask = (BigUint::from(1u32) << stride) - 1u32;
    let coordinates = [0, 1, 2].map(|k| (sum >> (k * stride)) & &mask);
    for coordinate in &coordinates {
        assert!(coordinate < &(&p * COORDINATE_BOUND), "{}: {coordinate:x} is out of bounds", name());
    }
    let [x, y, z] = coordinates.map(|coordinate| from_montgomery(Field::Base, &coordinate));
    if bool::from(expected.is_identity()) {
        assert!(x == BigUint::ZERO && y != BigUint::ZERO && z == BigUint::ZERO, "{}: not the identity", name());
    } else {
        assert!(z != BigUint::ZERO, "{}: the identity", name());
        assert_eq!(x, integer(&expected.x) * &z % &p, "{}: X", name());
        assert_eq!(y, integer(&expected.y) * &z % &p, "{}: Y", name());
    }
}

/// All pairs of special points in three forms each, then random pairs, of which some are equal or opposite.
fn pairs() -> Vec<[(G1Affine, Form); 2]> {
    let mut rng = ChaCha20Rng::seed_from_u64(4);
    let generator = G1Affine::generator();
    let random = G1::random(&mut rng).to_affine();
    let special = [G1Affine::identity(), generator, -generator, (generator + generator).to_affine(), random, -random];
    let forms = [Form::Affine, Form::Shifted(1), Form::Shifted(COORDINATE_BOUND - 1)];
    let shown: Vec<_> = special.iter().flat_map(|point| forms.map(|form| (*point, form))).collect();
    let mut pairs: Vec<_> = shown.iter().flat_map(|left| shown.iter().map(|right| [*left, *right])).collect();
    let mut point = generator;
    while pairs.len() < ADDITIONS {
        let left = point;
        point = (point + random).to_affine();
        let right = match rng.next_u32() % 16 {
            0 => left,
            1 => -left,
            _ => point,
        };
        pairs.push([left, right].map(|point| (point, Form::Random)));
    }
    pairs
}

struct Bench {
    simulation: Simulation,
    config: PointAdderConfig,
    reset: Port,
    in_valid: Port,
    in_ready: Port,
    in_left: Port,
    in_right: Port,
    in_tag: Port,
    out_valid: Port,
    out_sum: Port,
    out_tag: Port,
}

impl Bench {
    fn new(shape: Shape, fast_multipliers: bool) -> Self {
        let config = PointAdderConfig { shape };
        let name = format!("point_adder_{shape:?}").to_lowercase();
        let design = match shape {
            Shape::Pipelined => emit(&name, PipelinedPointAdder::<TAG_BITS>::new),
            Shape::Compact => emit(&name, CompactPointAdder::<TAG_BITS>::new),
        };
        let design = design.unwrap();
        let options = Options { fast_multipliers, ..Options::default() };
        let simulation = Library::build(&design, &options).unwrap().simulation().unwrap();
        let port = |name| simulation.port(name).unwrap();
        let mut bench = Self {
            reset: port("reset"),
            in_valid: port("in_valid"),
            in_ready: port("in_ready"),
            in_left: port("in_left"),
            in_right: port("in_right"),
            in_tag: port("in_tag"),
            out_valid: port("out_valid"),
            out_sum: port("out_sum"),
            out_tag: port("out_tag"),
            simulation,
            config,
        };
        bench.restart();
        bench
    }

    fn restart(&mut self) {
        self.simulation.set(self.reset, 1);
        self.simulation.set(self.in_valid, 0);
        self.simulation.tick();
        self.simulation.set(self.reset, 0);
        self.simulation.eval();
    }

    /// Adds the pairs, offering one with a probability of `density` percent a cycle, and checks sums, order and latency.
    fn run(&mut self, pairs: &[[(G1Affine, Form); 2]], density: u32) {
        let (latency, interval) = (self.config.latency() as u64, self.config.interval() as u64);
        let mut rng = ChaCha20Rng::seed_from_u64(5);
        let mut flying: VecDeque<(usize, u64)> = VecDeque::new();
        let (mut offered, mut cycle, mut last_taken) = (0, 0u64, None);
        let mut offering = false;
        // Words of the operands still to come, those of the first one last, and of a sum that have left.
        let mut operands: Vec<[Vec<u32>; 2]> = Vec::new();
        let mut leaving: Vec<BigUint> = Vec::new();
        let (word_bits, words, stride) = match self.config.shape {
            Shape::Pipelined => (POINT_BITS, 1, ELEMENT_BITS),
            Shape::Compact => (LIMB_BITS, 3 * LIMBS, LIMBS * LIMB_BITS),
        };
        let mut finished: Option<usize> = None;
        let limit = 4 * (pairs.len() as u64 * interval * 100 / u64::from(density) + latency);
        while offered < pairs.len() || !flying.is_empty() || finished.is_some() {
            if !offering && operands.is_empty() && offered < pairs.len() && rng.next_u32() % 100 < density {
                let [left, right] =
                    pairs[offered].map(|(point, form)| packed(self.config.shape, &bus(&point, form, &mut rng)));
                operands = left.into_iter().zip(right).map(|(left, right)| [left, right]).rev().collect();
                self.simulation.set(self.in_tag, offered as u64);
                offering = true;
            }
            if let Some([left, right]) = operands.last() {
                self.simulation.set_words(self.in_left, left);
                self.simulation.set_words(self.in_right, right);
            }
            if !offering {
                operands.pop();
            }
            self.simulation.set(self.in_valid, u64::from(offering));
            if self.simulation.get(self.in_ready) == 1 {
                assert!(last_taken.is_none_or(|last| (cycle - last) % interval == 0), "ready out of turn");
                if offering {
                    flying.push_back((offered, cycle));
                    offered += 1;
                    offering = false;
                    operands.pop();
                    last_taken = Some(cycle);
                }
            }
            if self.simulation.get(self.out_valid) == 1 {
                let (index, begun) = flying.pop_front().expect("a sum of nothing");
                assert_eq!(cycle - begun, latency, "latency");
                assert_eq!(self.simulation.get(self.out_tag), index as u64, "tag");
                assert!(finished.is_none(), "a sum in the middle of another");
                finished = Some(index);
            }
            if let Some(index) = finished {
                let mut word = vec![0; word_bits.div_ceil(32)];
                self.simulation.get_words(self.out_sum, &mut word);
                leaving.push(BigUint::from_slice(&word));
                if leaving.len() == words {
                    let sum = leaving.drain(..).rev().fold(BigUint::ZERO, |sum, word| (sum << word_bits) + word);
                    let [(left, _), (right, _)] = pairs[index];
                    let expected = (left + right).to_affine();
                    check_sum(&sum, stride, &expected, &|| format!("addition {index}: {left:?} + {right:?}"));
                    finished = None;
                }
            }
            assert!(cycle < limit, "{offered} of {} additions were taken in {cycle} cycles", pairs.len());
            let oldest = flying.front().map_or(cycle, |(_, begun)| *begun);
            assert!(cycle - oldest <= latency, "addition {:?} never left", flying.front());
            self.simulation.tick();
            cycle += 1;
        }
    }

    /// Nothing leaves after a reset that was not offered after it.
    fn check_reset(&mut self, pairs: &[[(G1Affine, Form); 2]]) {
        let mut rng = ChaCha20Rng::seed_from_u64(6);
        let point = packed(self.config.shape, &bus(&pairs[0][0].0, Form::Random, &mut rng));
        self.simulation.set_words(self.in_left, &point[0]);
        self.simulation.set_words(self.in_right, &point[0]);
        self.simulation.set(self.in_valid, 1);
        let latency = self.config.latency();
        for _ in 0..latency / 2 {
            self.simulation.tick();
        }
        self.restart();
        for _ in 0..2 * latency {
            assert_eq!(self.simulation.get(self.out_valid), 0);
            self.simulation.tick();
        }
        self.restart();
        self.run(&pairs[..200], 70);
    }
}

#[test]
fn pipelined_adder_agrees_with_halo2curves() {
    let pairs = pairs();
    let mut bench = Bench::new(Shape::Pipelined, false);
    assert_eq!(bench.config.interval(), 1);
    bench.run(&pairs, 90);
    bench.check_reset(&pairs);
}

#[test]
fn pipelined_adder_with_fast_multipliers_agrees_with_halo2curves() {
    Bench::new(Shape::Pipelined, true).run(&pairs()[..2_000], 100);
}

#[test]
fn compact_adder_agrees_with_halo2curves() {
    let pairs = pairs();
    let mut bench = Bench::new(Shape::Compact, false);
    // Of the multipliers' clock.
    assert!(bench.config.interval() * RING_CYCLES <= 36);
    bench.run(&pairs, 60);
    bench.check_reset(&pairs);
}
