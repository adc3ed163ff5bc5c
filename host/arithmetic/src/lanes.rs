//! Eight field elements at a time, on processors with AVX-512 IFMA.
//!
//! Such a processor multiplies eight pairs of 52-bit numbers in one instruction and adds the lower or the upper half of
//! the products to eight sums. Elements are five limbs of 52 bits in Montgomery form with R = 2^260, which leaves six
//! bits above the modulus: values need not be reduced below it, and sums of products are reduced once, at their end.
//! Who uses this keeps track of how large values can become, in multiples of the modulus: see the bounds below.
//!
//! [`pulp`] checks for the instructions and wraps them, so that nothing here is unsafe.

use std::arch::x86_64::__m512i;
use std::array;

use halo2curves::bn256::Fr;
use halo2curves::serde::SerdeObject;
use pulp::cast;

/// Elements side by side.
pub const LANES: usize = 8;
const LIMBS: usize = 5;
const BITS: u32 = 52;
const MASK: u64 = (1 << BITS) - 1;

/// What a value must stay below, in multiples of the modulus, to fit its limbs.
pub const LIMIT: u64 = 84;
/// What an element is below when it is loaded.
pub const LOADED: u64 = 16;
/// Terms that a sum takes: each adds at most ten limbs to a column of 63 bits, and reduction and constant a hundred.
pub const TERMS: usize = 128;

pulp::simd_type! {
    /// A proof that the instructions are there.
    pub struct Ifma {
        avx512f: "avx512f",
        avx512ifma: "avx512ifma",
    }
}

/// Five limbs of eight values each: below 2^52, or signed after a [`butterfly`](Ifma::butterfly).
#[derive(Clone, Copy, Debug)]
pub struct Lanes([__m512i; LIMBS]);

/// A number by its limbs, the same in all lanes where it is used. Negative limbs are in two's complement.
#[derive(Clone, Copy, Debug)]
pub struct Limbs([u64; LIMBS]);

/// A sum of products, not reduced yet.
#[derive(Clone, Copy)]
pub struct Sum([__m512i; 2 * LIMBS]);

/// The modulus' limbs, and what makes the lowest limb zero.
const MODULUS: [u64; LIMBS] =
    split(0, [0x43e1f593f0000001, 0x2833e84879b97091, 0xb85045b68181585d, 0x30644e72e131a029]);
const MINUS_INVERSE: u64 = 0xc2e1f593efffffff & MASK;
/// 2^256, which takes a value out of this Montgomery form into halo2curves'.
const STORE: [u64; LIMBS] = split(0, [0xac96341c4ffffffb, 0x36fc76959f60cd29, 0x666ea36f7879462e, 0x0e0a77c19a07df2f]);

/// Limbs of 52 bits of a number below 2^256 times 2^`shift`.
const fn split(shift: u32, words: [u64; 4]) -> [u64; LIMBS] {
    let [a, b, c, d] = words;
    [
        a << shift & MASK,
        (a >> (52 - shift) | b << (12 + shift)) & MASK,
        (b >> (40 - shift) | c << (24 + shift)) & MASK,
        (c >> (28 - shift) | d << (36 + shift)) & MASK,
        d >> (16 - shift),
    ]
}

/// An element's words as halo2curves keeps them, in Montgomery form with R = 2^256.
#[inline(always)]
fn words(element: &Fr) -> [u64; 4] {
    let mut bytes = [0; 32];
    // Writing into an array that is long enough does not fail; `to_raw_bytes` would allocate.
    let _ = element.write_raw(&mut &mut bytes[..]);
    let (words, _) = bytes.as_chunks();
    array::from_fn(|word| words.get(word).map_or(0, |word| u64::from_le_bytes(*word)))
}

impl Limbs {
    /// An element in Montgomery form, below the modulus.
    pub fn new(element: Fr) -> Self {
        // R is 2^260 here and 2^256 there.
        Self(split(0, words(&(element * Fr::from(16)))))
    }

    /// An element plus a multiple of the modulus.
    pub fn offset(element: Fr, multiple: u64) -> Self {
        let Self(limbs) = Self::new(element);
        Self(array::from_fn(|limb| limbs[limb] + multiple * MODULUS[limb]))
    }
}

impl Lanes {
    /// Zeros.
    pub fn zero() -> Self {
        Self([cast([0u64; LANES]); LIMBS])
    }
}

impl Ifma {
    /// Eight elements, or fewer and zeros. What comes out is below [`LOADED`].
    #[inline(always)]
    pub fn load(self, elements: &[Fr]) -> Lanes {
        let mut rows = [[0u64; LANES]; 4];
        for (lane, element) in elements.iter().take(LANES).enumerate() {
            let element = words(element);
            for word in 0..4 {
                rows[word][lane] = element[word];
            }
        }
        let f = self.avx512f;
        let mask = self.splat(MASK);
        let [a, b, c, d]: [__m512i; 4] = rows.map(cast);
        let and = |x| f._mm512_and_si512(x, mask);
        let or = |x, y| and(f._mm512_or_si512(x, y));
        // `split` with a shift of 4: the factor between both Montgomery forms.
        Lanes([
            and(f._mm512_slli_epi64::<4>(a)),
            or(f._mm512_srli_epi64::<48>(a), f._mm512_slli_epi64::<16>(b)),
            or(f._mm512_srli_epi64::<36>(b), f._mm512_slli_epi64::<28>(c)),
            or(f._mm512_srli_epi64::<24>(c), f._mm512_slli_epi64::<40>(d)),
            f._mm512_srli_epi64::<12>(d),
        ])
    }

    /// The elements, reduced.
    #[inline(always)]
    pub fn store(self, value: &Lanes, elements: &mut [Fr]) {
        let f = self.avx512f;
        let mut sum = self.sum(&Limbs([0; LIMBS]));
        self.add_scaled(&mut sum, value, &Limbs(STORE));
        // Below twice the modulus: LIMIT / 84 + 1.
        let value = self.reduce(sum);
        let mut less = value;
        for (limb, modulus) in less.0.iter_mut().zip(MODULUS) {
            *limb = f._mm512_sub_epi64(*limb, self.splat(modulus));
        }
        let less = self.carried(&less);
        let negative = f._mm512_cmplt_epi64_mask(less.0[LIMBS - 1], self.splat(0));
        let rows: [[u64; LANES]; LIMBS] =
            array::from_fn(|limb| cast(f._mm512_mask_blend_epi64(negative, less.0[limb], value.0[limb])));
        for (lane, element) in elements.iter_mut().take(LANES).enumerate() {
            let [a, b, c, d, e] = array::from_fn(|limb| rows[limb][lane]);
            let words = [a | b << 52, b >> 12 | c << 40, c >> 24 | d << 28, d >> 36 | e << 16];
            let mut bytes = [0; 32];
            for (bytes, word) in bytes.as_chunks_mut().0.iter_mut().zip(words) {
                *bytes = word.to_le_bytes();
            }
            *element = Fr::from_raw_bytes_unchecked(&bytes);
        }
    }

    /// A sum that so far reduces to a constant.
    #[inline(always)]
    pub fn sum(self, constant: &Limbs) -> Sum {
        Sum(array::from_fn(|column| self.splat(column.checked_sub(LIMBS).map_or(0, |limb| constant.0[limb]))))
    }

    /// Adds `a · b`: both bounds' product over [`LIMIT`].
    #[inline(always)]
    pub fn add_product(self, sum: &mut Sum, a: &Lanes, b: &Lanes) {
        for i in 0..LIMBS {
            self.add_row(sum, i, a.0[i], |j| b.0[j]);
        }
    }

    /// Adds `a` times a constant below the modulus: the bound of `a` over [`LIMIT`].
    #[inline(always)]
    pub fn add_scaled(self, sum: &mut Sum, a: &Lanes, factor: &Limbs) {
        for i in 0..LIMBS {
            self.add_row(sum, i, self.splat(factor.0[i]), |j| a.0[j]);
        }
    }

    /// Adds a value to what the sum reduces to.
    #[inline(always)]
    pub fn add(self, sum: &mut Sum, a: &Lanes) {
        for (column, limb) in sum.0[LIMBS..].iter_mut().zip(a.0) {
            *column = self.avx512f._mm512_add_epi64(*column, limb);
        }
    }

    /// Takes a value from what the sum reduces to, which must not become negative.
    #[inline(always)]
    pub fn subtract(self, sum: &mut Sum, a: &Lanes) {
        for (column, limb) in sum.0[LIMBS..].iter_mut().zip(a.0) {
            *column = self.avx512f._mm512_sub_epi64(*column, limb);
        }
    }

    /// The sum's value: the bounds of all that was added, and one more.
    #[inline(always)]
    pub fn reduce(self, mut sum: Sum) -> Lanes {
        let f = self.avx512f;
        for i in 0..LIMBS {
            let factor = self.avx512ifma._mm512_madd52lo_epu64(self.splat(0), sum.0[i], self.splat(MINUS_INVERSE));
            self.add_row(&mut sum, i, factor, |j| self.splat(MODULUS[j]));
            sum.0[i + 1] = f._mm512_add_epi64(sum.0[i + 1], f._mm512_srli_epi64::<BITS>(sum.0[i]));
        }
        self.carried(&Lanes(array::from_fn(|limb| sum.0[LIMBS + limb])))
    }

    /// The product of two values, the first one's limbs being signed.
    #[inline(always)]
    pub fn multiply(self, a: &Lanes, b: &Lanes) -> Lanes {
        let mut sum = self.sum(&Limbs([0; LIMBS]));
        self.add_product(&mut sum, &self.carried(a), b);
        self.reduce(sum)
    }

    /// The product of a value, its limbs being signed, and a constant.
    #[inline(always)]
    pub fn multiply_by(self, a: &Lanes, factor: &Limbs) -> Lanes {
        let mut sum = self.sum(&Limbs([0; LIMBS]));
        self.add_scaled(&mut sum, &self.carried(a), factor);
        self.reduce(sum)
    }

    /// `a + b` and `a - b` for b below twice the modulus, which both bounds grow by. Limbs are not carried.
    #[inline(always)]
    pub fn butterfly(self, a: &Lanes, b: &Lanes) -> (Lanes, Lanes) {
        let f = self.avx512f;
        let sum = array::from_fn(|limb| f._mm512_add_epi64(a.0[limb], b.0[limb]));
        let lifted = |limb: usize| f._mm512_add_epi64(a.0[limb], self.splat(2 * MODULUS[limb]));
        let difference = array::from_fn(|limb| f._mm512_sub_epi64(lifted(limb), b.0[limb]));
        (Lanes(sum), Lanes(difference))
    }

    /// The value in lane l of vector i goes to lane i of vector l.
    #[inline(always)]
    pub fn transposed(self, square: &[Lanes; LANES]) -> [Lanes; LANES] {
        let mut turned = [Lanes::zero(); LANES];
        for limb in 0..LIMBS {
            let rows: [[u64; LANES]; LANES] = array::from_fn(|row| cast(square[row].0[limb]));
            for (lane, vector) in turned.iter_mut().enumerate() {
                vector.0[limb] = cast(array::from_fn::<u64, LANES, _>(|row| rows[row][lane]));
            }
        }
        turned
    }

    /// The lanes with the bits of their numbers reversed.
    #[inline(always)]
    pub fn reversed(self, value: &Lanes) -> Lanes {
        let order = cast([0u64, 4, 2, 6, 1, 5, 3, 7]);
        Lanes(value.0.map(|limb| self.avx512f._mm512_permutexvar_epi64(order, limb)))
    }

    /// The value with its limbs brought back to 52 bits. The last keeps the sign.
    #[inline(always)]
    pub fn carried(self, value: &Lanes) -> Lanes {
        let f = self.avx512f;
        let Lanes(mut limbs) = *value;
        for i in 0..LIMBS - 1 {
            limbs[i + 1] = f._mm512_add_epi64(limbs[i + 1], f._mm512_srai_epi64::<BITS>(limbs[i]));
            limbs[i] = f._mm512_and_si512(limbs[i], self.splat(MASK));
        }
        Lanes(limbs)
    }

    /// Adds `factor · b` from column `i` on.
    #[inline(always)]
    fn add_row(self, sum: &mut Sum, i: usize, factor: __m512i, b: impl Fn(usize) -> __m512i) {
        for j in 0..LIMBS {
            sum.0[i + j] = self.avx512ifma._mm512_madd52lo_epu64(sum.0[i + j], factor, b(j));
        }
        for j in 0..LIMBS {
            sum.0[i + j + 1] = self.avx512ifma._mm512_madd52hi_epu64(sum.0[i + j + 1], factor, b(j));
        }
    }

    #[inline(always)]
    fn splat(self, value: u64) -> __m512i {
        self.avx512f._mm512_set1_epi64(value as i64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use halo2curves::ff::Field;
    use proptest::collection::vec;
    use proptest::prelude::*;

    /// Any element; often one whose limbs are all zeros or as large as they get.
    fn element() -> impl Strategy<Value = Fr> {
        prop_oneof![
            any::<[u64; 4]>().prop_map(Fr::from_raw),
            Just(Fr::ZERO),
            Just(-Fr::ONE),
            // Words with few ones, and the modulus less one.
            Just(Fr::from_raw_bytes_unchecked(&(1u128 << 104).to_le_bytes().repeat(2))),
            Just(-Fr::from_raw_bytes_unchecked(&[[1].as_slice(), &[0; 31]].concat())),
        ]
    }

    fn stored(ifma: Ifma, value: &Lanes) -> Vec<Fr> {
        let mut elements = vec![Fr::ZERO; LANES];
        ifma.store(value, &mut elements);
        elements
    }

    /// A value as large as one may be: the elements plus multiples of the modulus, below `bound` of it.
    fn raised(ifma: Ifma, elements: &[Fr], bound: u64) -> Lanes {
        let mut sum = ifma.sum(&Limbs::offset(Fr::ZERO, bound - LOADED));
        ifma.add(&mut sum, &ifma.load(elements));
        ifma.carried(&Lanes(array::from_fn(|limb| sum.0[LIMBS + limb])))
    }

    proptest! {
        #[test]
        fn elements_come_back_as_they_were(elements in vec(element(), 0..=LANES)) {
            let Some(ifma) = Ifma::try_new() else { return Ok(()) };
            let mut back = vec![Fr::ONE; elements.len()];
            ifma.store(&ifma.load(&elements), &mut back);
            prop_assert_eq!(back, elements);
        }

        #[test]
        fn sums_of_products_agree_with_the_field(
            constant in element(),
            products in vec((vec(element(), LANES), vec(element(), LANES)), 0..5),
            scaled in vec((vec(element(), LANES), element()), 0..20),
            plus in vec(vec(element(), LANES), 0..3),
            minus in vec(vec(element(), LANES), 0..3),
        ) {
            let Some(ifma) = Ifma::try_new() else { return Ok(()) };
            let mut sum = ifma.sum(&Limbs::offset(constant, LOADED * minus.len() as u64));
            let mut expected = vec![constant; LANES];
            let mut expect = |term: &dyn Fn(usize) -> Fr| {
                expected.iter_mut().enumerate().for_each(|(lane, sum)| *sum += term(lane));
            };
            for (a, b) in &products {
                ifma.add_product(&mut sum, &ifma.load(a), &ifma.load(b));
                expect(&|lane| a[lane] * b[lane]);
            }
            for (a, factor) in &scaled {
                ifma.add_scaled(&mut sum, &ifma.load(a), &Limbs::new(*factor));
                expect(&|lane| a[lane] * factor);
            }
            for a in &plus {
                ifma.add(&mut sum, &ifma.load(a));
                expect(&|lane| a[lane]);
            }
            for a in &minus {
                ifma.subtract(&mut sum, &ifma.load(a));
                expect(&|lane| -a[lane]);
            }
            prop_assert_eq!(stored(ifma, &ifma.reduce(sum)), expected);
        }

        #[test]
        fn the_largest_values_and_the_longest_sums_are_right(a in vec(element(), LANES), b in vec(element(), LANES), factor in element()) {
            let Some(ifma) = Ifma::try_new() else { return Ok(()) };
            let large = raised(ifma, &a, LIMIT);
            prop_assert_eq!(&stored(ifma, &large), &a);
            let half = raised(ifma, &b, LIMIT / 2);
            let mut sum = ifma.sum(&Limbs::new(factor));
            ifma.add_product(&mut sum, &half, &half);
            for _ in 1..TERMS {
                ifma.add_scaled(&mut sum, &raised(ifma, &a, LOADED), &Limbs::new(factor));
            }
            let value = |lane: usize| b[lane].square() + a[lane] * factor * Fr::from(TERMS as u64 - 1) + factor;
            prop_assert_eq!(stored(ifma, &ifma.reduce(sum)), (0..LANES).map(value).collect::<Vec<_>>());
        }

        #[test]
        fn butterflies_may_follow_one_another_without_a_carry(a in vec(element(), LANES), b in vec(element(), LANES), factor in element()) {
            let Some(ifma) = Ifma::try_new() else { return Ok(()) };
            let factor_of = Limbs::new(factor);
            let (mut left, mut right) = (ifma.load(&a), ifma.load(&b));
            let mut expected: Vec<(Fr, Fr)> = a.iter().copied().zip(b.iter().copied()).collect();
            // As many as the largest domain has layers.
            for _ in 0..28 {
                (left, right) = ifma.butterfly(&left, &ifma.multiply_by(&right, &factor_of));
                expected.iter_mut().for_each(|(a, b)| (*a, *b) = (*a + *b * factor, *a - *b * factor));
            }
            let (a, b): (Vec<Fr>, Vec<Fr>) = expected.into_iter().unzip();
            prop_assert_eq!(stored(ifma, &ifma.carried(&left)), a.clone());
            prop_assert_eq!(stored(ifma, &ifma.carried(&right)), b.clone());
            let product = ifma.multiply(&right, &ifma.carried(&left));
            prop_assert_eq!(stored(ifma, &product), a.iter().zip(&b).map(|(a, b)| a * b).collect::<Vec<_>>());
        }

        #[test]
        fn lanes_change_places(elements in vec(element(), LANES * LANES)) {
            let Some(ifma) = Ifma::try_new() else { return Ok(()) };
            let square: [Lanes; LANES] = array::from_fn(|row| ifma.load(&elements[row * LANES..][..LANES]));
            for (lane, vector) in ifma.transposed(&square).iter().enumerate() {
                let column: Vec<Fr> = elements.iter().copied().skip(lane).step_by(LANES).collect();
                prop_assert_eq!(stored(ifma, vector), column);
            }
            let reversed = [0, 4, 2, 6, 1, 5, 3, 7].map(|lane| elements[lane]);
            prop_assert_eq!(stored(ifma, &ifma.reversed(&square[0])), reversed);
        }
    }
}
