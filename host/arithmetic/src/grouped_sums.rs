//! Sums of points by tag on the processor: what the card's MSM engine computes, for the model and for the host's own
//! engine.
//!
//! The card's method, tag reduction, in affine coordinates. Every tag has a slot for one waiting point. A point that
//! arrives waits there, or meets the one that waits: the two form a pair. A full batch of pairs is added up with one
//! inversion for all (Montgomery's trick), and its sums arrive as points in their turn. Points come in any order of tags,
//! and no distribution of tags is worse than another.

use halo2curves::bn256::{Fq, G1Affine};
use halo2curves::ff::Field;
use halo2curves::group::prime::PrimeCurveAffine;

/// Additions that share an inversion; they stay in the cache.
const BATCH: usize = 512;

/// Sums of affine points by tag.
pub struct GroupedSums {
    /// The waiting points; the identity where none waits.
    slots: Vec<G1Affine>,
    pairs: Vec<Pair>,
    /// The batch before, whose sums arrive.
    arriving: Vec<Pair>,
}

/// Two points of one tag that are not opposite.
struct Pair {
    tag: u32,
    a: G1Affine,
    b: G1Affine,
    /// The denominator of their slope.
    denominator: Fq,
    /// The product of the denominators of the pairs before.
    product: Fq,
}

impl GroupedSums {
    /// No points yet, for tags below `tags`.
    pub fn new(tags: usize) -> Self {
        Self {
            slots: vec![G1Affine::identity(); tags],
            pairs: Vec::with_capacity(BATCH),
            arriving: Vec::with_capacity(BATCH),
        }
    }

    /// Whether nothing but the identity has been added.
    pub fn is_empty(&self) -> bool {
        self.pairs.is_empty() && self.slots.iter().all(is_identity)
    }

    /// Adds a point to the sum of a tag.
    ///
    /// # Panics
    /// There is no such tag.
    pub fn add(&mut self, tag: u32, point: G1Affine) {
        if self.pairs.len() == BATCH {
            self.add_pairs();
        }
        self.arrive(tag, point);
    }

    fn arrive(&mut self, tag: u32, b: G1Affine) {
        if is_identity(&b) {
            return;
        }
        let slot = &mut self.slots[tag as usize];
        if is_identity(slot) {
            *slot = b;
            return;
        }
        let a = std::mem::replace(slot, G1Affine::identity());
        let denominator = if a.x != b.x {
            b.x - a.x
        } else if a.y == b.y {
            a.y.double()
        } else {
            // Opposite points leave nothing.
            return;
        };
        let product = self.pairs.last().map_or(Fq::ONE, |last| last.product * last.denominator);
        self.pairs.push(Pair { tag, a, b, denominator, product });
    }

    /// Adds up the pairs; their sums, half as many pairs at most, arrive.
    fn add_pairs(&mut self) {
        let Some(last) = self.pairs.last() else { return };
        // No denominator is zero: no point of the curve has y = 0. Of other points, any sum is as wrong as the next.
        let mut inverse = (last.product * last.denominator).invert().unwrap_or(Fq::ZERO);
        std::mem::swap(&mut self.pairs, &mut self.arriving);
        let mut arriving = std::mem::take(&mut self.arriving);
        for Pair { tag, a, b, denominator, product } in arriving.drain(..).rev() {
            let numerator = if a.x == b.x { a.x.square().double() + a.x.square() } else { b.y - a.y };
            let slope = numerator * (inverse * product);
            inverse *= denominator;
            let x = slope.square() - a.x - b.x;
            self.arrive(tag, G1Affine { x, y: slope * (a.x - x) - a.y });
        }
        self.arriving = arriving;
    }

    /// The sums by tag.
    pub fn finish(mut self) -> Vec<G1Affine> {
        while !self.pairs.is_empty() {
            self.add_pairs();
        }
        self.slots
    }
}

/// The identity is (0, 0); no other point of the curve has x = 0, as 3 is not a square.
fn is_identity(point: &G1Affine) -> bool {
    point.x == Fq::ZERO
}

#[cfg(test)]
mod tests {
    use super::*;
    use halo2curves::bn256::G1;
    use halo2curves::group::{Curve, Group};
    use rand::SeedableRng;
    use rand_chacha::ChaCha20Rng;

    #[test]
    fn grouped_sums_equal_plain_sums_whatever_the_points() {
        let mut rng = ChaCha20Rng::from_seed([4; 32]);
        let base = G1::random(&mut rng).to_affine();
        let mut points: Vec<G1Affine> = (0..3 * BATCH).map(|_| G1::random(&mut rng).to_affine()).collect();
        points.extend([base; 700]);
        points.extend([-base; 500]);
        points.extend([G1Affine::identity(); 9]);
        for tags in [1, 3, 4096] {
            let tag = |index: usize| index * index % tags;
            let mut expected = vec![G1::identity(); tags];
            for (index, point) in points.iter().enumerate() {
                expected[tag(index)] += point;
            }
            let mut sums = GroupedSums::new(tags);
            points.iter().enumerate().for_each(|(index, point)| sums.add(tag(index) as u32, *point));
            let sums: Vec<G1> = sums.finish().iter().map(|sum| sum.to_curve()).collect();
            assert_eq!(sums, expected, "{tags} tags");
        }
    }
}
