//! Transforms eight sub-transforms at a time, see [`lanes`](crate::lanes).
//!
//! Bit-reversed, the coefficients of eight neighbours are the same place of eight sub-transforms of size n / 8: a vector
//! that is loaded as it lies in memory has one place of each in its lanes. All layers but three run on such vectors,
//! with one twiddle for all lanes. Then eight vectors are turned round, so that lanes are neighbours, and the last
//! three layers combine the sub-transforms and store.
//!
//! No value is reduced on the way: they are below twice the modulus once they have their factors, each layer adds as
//! much again, and 28 layers are the most there are.

use halo2curves::bn256::Fr;
use halo2curves::ff::Field;
use pulp::NullaryFnOnce;
use rayon::prelude::*;

use crate::lanes::{Ifma, LANES, Lanes, Limbs};

/// Vectors below which a sub-transform stays on one core.
const LEAF: usize = 1 << 7;
/// Vectors of a layer that one task of the pool combines.
const CHUNK: usize = 1 << 10;
/// The smallest transform: its last layers have whole vectors of twiddles.
const SMALLEST: usize = LANES * LANES;

/// Twiddles for transforms of one size.
#[derive(Debug)]
pub(crate) struct VectorTransform {
    ifma: Ifma,
    /// Entry m + j is the j-th power of a primitive 2m-th root of unity, for m = 1, 2, 4, …, n / 16.
    twiddles: Vec<Limbs>,
    /// The same for m = n / 8, n / 4 and n / 2, eight j to a vector.
    last: [Vec<Lanes>; 3],
}

/// Factors of the coefficients.
#[derive(Debug)]
pub(crate) enum Factors {
    /// One for all.
    All(Limbs),
    /// One for each, eight to a vector.
    Each(Vec<Lanes>),
}

impl VectorTransform {
    /// Takes the table of all layers' twiddles, if the processor has the instructions and the transform is large enough.
    pub fn new(twiddles: &[Fr]) -> Option<Self> {
        let ifma = Ifma::try_new()?;
        let n = twiddles.len();
        if n < SMALLEST {
            return None;
        }
        let layer = |m: usize| ifma.vectorize(Load { ifma, elements: &twiddles[m..2 * m] });
        Some(Self {
            ifma,
            twiddles: twiddles[..n / LANES].iter().map(|twiddle| Limbs::new(*twiddle)).collect(),
            last: [layer(n / 8), layer(n / 4), layer(n / 2)],
        })
    }

    /// Takes the factors of all coefficients.
    pub fn factors(&self, factors: &[Fr]) -> Factors {
        Factors::Each(self.ifma.vectorize(Load { ifma: self.ifma, elements: factors }))
    }

    /// One factor for all coefficients.
    pub fn factor(factor: Fr) -> Factors {
        Factors::All(Limbs::new(factor))
    }

    /// The values over the subgroup of the coefficients times their factors.
    pub fn run(&self, coefficients: &[Fr], factors: &Factors) -> Vec<Fr> {
        let n = coefficients.len();
        let bits = (n / LANES).ilog2();
        let mut vectors = vec![Lanes::zero(); n / LANES];
        vectors.par_chunks_mut(CHUNK).enumerate().for_each(|(chunk, vectors)| {
            let first = chunk * CHUNK;
            self.ifma.vectorize(Gather { transform: self, coefficients, factors, bits, first, vectors });
        });
        self.layers(&mut vectors);

        let mut values = vec![Fr::ZERO; n];
        let mut streams: Vec<_> = values.chunks_mut(n / LANES).map(|stream| stream.chunks_mut(CHUNK)).collect();
        let tasks: Vec<Vec<&mut [Fr]>> =
            (0..(n / LANES).div_ceil(CHUNK)).map(|_| streams.iter_mut().filter_map(Iterator::next).collect()).collect();
        tasks.into_par_iter().zip(vectors.par_chunks(CHUNK)).enumerate().for_each(|(chunk, (streams, vectors))| {
            self.ifma.vectorize(Last { transform: self, first: chunk * CHUNK, vectors, streams });
        });
        values
    }

    /// All layers but the last three, depth first.
    fn layers(&self, vectors: &mut [Lanes]) {
        let n = vectors.len();
        if n <= LEAF {
            return self.ifma.vectorize(Leaf { transform: self, vectors });
        }
        let m = n / 2;
        let (left, right) = vectors.split_at_mut(m);
        rayon::join(|| self.layers(left), || self.layers(right));
        let pairs = left.par_chunks_mut(CHUNK).zip(right.par_chunks_mut(CHUNK));
        pairs.zip(self.twiddles[m..n].par_chunks(CHUNK)).for_each(|((left, right), twiddles)| {
            self.ifma.vectorize(Layer { ifma: self.ifma, left, right, twiddles });
        });
    }
}

struct Load<'a> {
    ifma: Ifma,
    elements: &'a [Fr],
}

impl NullaryFnOnce for Load<'_> {
    type Output = Vec<Lanes>;

    #[inline(always)]
    fn call(self) -> Vec<Lanes> {
        self.elements.chunks(LANES).map(|elements| self.ifma.load(elements)).collect()
    }
}

/// Loads coefficients so that lane l of vector q has place q of sub-transform l.
struct Gather<'a> {
    transform: &'a VectorTransform,
    coefficients: &'a [Fr],
    factors: &'a Factors,
    bits: u32,
    first: usize,
    vectors: &'a mut [Lanes],
}

impl NullaryFnOnce for Gather<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let ifma = self.transform.ifma;
        for (q, vector) in (self.first..).zip(self.vectors) {
            let source = q.reverse_bits() >> (usize::BITS - self.bits);
            let loaded = ifma.load(&self.coefficients[source * LANES..][..LANES]);
            let product = match self.factors {
                Factors::All(factor) => ifma.multiply_by(&loaded, factor),
                Factors::Each(factors) => ifma.multiply(&loaded, &factors[source]),
            };
            *vector = ifma.reversed(&product);
        }
    }
}

struct Leaf<'a> {
    transform: &'a VectorTransform,
    vectors: &'a mut [Lanes],
}

impl NullaryFnOnce for Leaf<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let VectorTransform { ifma, twiddles, .. } = self.transform;
        let mut m = 1;
        while m < self.vectors.len() {
            for block in self.vectors.chunks_exact_mut(2 * m) {
                let (left, right) = block.split_at_mut(m);
                Layer { ifma: *ifma, left, right, twiddles: &twiddles[m..2 * m] }.call();
            }
            m *= 2;
        }
    }
}

/// Butterflies with one twiddle for all lanes.
struct Layer<'a> {
    ifma: Ifma,
    left: &'a mut [Lanes],
    right: &'a mut [Lanes],
    twiddles: &'a [Limbs],
}

impl NullaryFnOnce for Layer<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        for ((left, right), twiddle) in self.left.iter_mut().zip(self.right).zip(self.twiddles) {
            let product = self.ifma.multiply_by(right, twiddle);
            (*left, *right) = self.ifma.butterfly(left, &product);
        }
    }
}

/// Turns vectors round and combines the sub-transforms.
struct Last<'a> {
    transform: &'a VectorTransform,
    first: usize,
    vectors: &'a [Lanes],
    /// Where the values of each sub-transform's places go.
    streams: Vec<&'a mut [Fr]>,
}

impl NullaryFnOnce for Last<'_> {
    type Output = ();

    #[inline(always)]
    fn call(mut self) {
        let VectorTransform { ifma, last, .. } = self.transform;
        // Vectors of twiddles to a sub-transform.
        let step = last[0].len();
        let (squares, _) = self.vectors.as_chunks::<LANES>();
        for (index, square) in squares.iter().enumerate() {
            let mut parts = ifma.transposed(square);
            let q = self.first / LANES + index;
            for (layer, twiddles) in last.iter().enumerate() {
                let m = 1 << layer;
                for left in (0..LANES).filter(|part| part & m == 0) {
                    let product = ifma.multiply(&parts[left + m], &twiddles[(left % m) * step + q]);
                    (parts[left], parts[left + m]) = ifma.butterfly(&parts[left], &product);
                }
            }
            for (stream, part) in self.streams.iter_mut().zip(&parts) {
                ifma.store(&ifma.carried(part), &mut stream[index * LANES..][..LANES]);
            }
        }
    }
}
