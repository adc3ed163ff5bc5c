//! Baby Jubjub: the twisted Edwards curve a·x² + y² = 1 + d·x²·y² over the BN254 scalar field, as in circomlib (ERC-2494).
//!
//! a is a square and d is not, so the addition law is complete: no exceptional points, in code as in the circuit. Points
//! are affine towards callers; multiplication runs in projective coordinates. Nothing here runs in constant time.

use std::sync::LazyLock;

use halo2curves::bn256::Fr;
use halo2curves::ff::{Field, PrimeField};
use num_bigint::BigUint;

/// Coefficient of x².
pub const A: Fr = Fr::from_raw([168_700, 0, 0, 0]);
/// Coefficient of x²·y².
pub const D: Fr = Fr::from_raw([168_696, 0, 0, 0]);

/// B8, circomlib's generator of the subgroup of prime order (eight times the curve's generator).
pub const BASE: Point = Point {
    x: Fr::from_raw([0x2893_f3f6_bb95_7051, 0x2ab8_d801_0534_e0b6, 0x4eac_b2e0_9d62_77c1, 0x0bb7_7a6a_d63e_739b]),
    y: Fr::from_raw([0x4b3c_257a_872d_7d8b, 0xfce0_051f_b9e1_3377, 0x2557_2e1c_d16b_f9ed, 0x2579_7203_f7a0_b249]),
};

/// ℓ, the prime order of the subgroup that [`BASE`] generates. The curve has 8·ℓ points.
pub static ORDER: LazyLock<BigUint> = LazyLock::new(|| {
    BigUint::from_slice(&[
        0x3921_26f1,
        0x6772_97dc,
        0x3920_ee0a,
        0xab3e_edb8,
        0xd030_2b0b,
        0x370a_08b6,
        0x5c26_3405,
        0x060c_89ce,
    ])
});

/// An affine point; coordinates are those of the curve above, not of its Montgomery form. Fields are not checked on
/// construction: see [`Point::is_on_curve`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Point {
    /// First coordinate.
    pub x: Fr,
    /// Second coordinate.
    pub y: Fr,
}

impl Point {
    /// The neutral element.
    pub const IDENTITY: Self = Self { x: Fr::ZERO, y: Fr::ONE };

    /// Whether the coordinates satisfy the curve's equation.
    pub fn is_on_curve(&self) -> bool {
        let (x2, y2) = (self.x.square(), self.y.square());
        A * x2 + y2 == Fr::ONE + D * x2 * y2
    }

    /// Whether 8·P is the identity: such a point lies outside the prime-order subgroup, or is the identity.
    pub fn is_of_small_order(&self) -> bool {
        self.times_eight() == Self::IDENTITY
    }

    /// P + Q.
    pub fn add(&self, other: &Self) -> Self {
        Projective::from(*self).add(&(*other).into()).affine()
    }

    /// −P.
    pub fn negate(&self) -> Self {
        Self { x: -self.x, y: self.y }
    }

    /// 8·P: clears the cofactor.
    pub fn times_eight(&self) -> Self {
        Projective::from(*self).double().double().double().affine()
    }

    /// scalar·P, the scalar taken as an integer below the field's modulus.
    pub fn multiply(&self, scalar: &Fr) -> Self {
        let mut sum = Projective::from(Self::IDENTITY);
        let point = Projective::from(*self);
        for byte in scalar.to_repr().into_iter().rev() {
            for bit in (0..8).rev() {
                sum = sum.double();
                if byte >> bit & 1 == 1 {
                    sum = sum.add(&point);
                }
            }
        }
        sum.affine()
    }
}

/// (X : Y : Z) with x = X / Z, y = Y / Z; Z is never zero on this curve.
#[derive(Clone, Copy)]
struct Projective {
    x: Fr,
    y: Fr,
    z: Fr,
}

impl From<Point> for Projective {
    fn from(Point { x, y }: Point) -> Self {
        Self { x, y, z: Fr::ONE }
    }
}

impl Projective {
    /// Bernstein, Birkner, Joye, Lange, Peters: "Twisted Edwards Curves" (<https://eprint.iacr.org/2008/013>), section 6.
    fn add(&self, other: &Self) -> Self {
        let a = self.z * other.z;
        let b = a.square();
        let c = self.x * other.x;
        let d = self.y * other.y;
        let e = D * c * d;
        let (f, g) = (b - e, b + e);
        Self { x: a * f * ((self.x + self.y) * (other.x + other.y) - c - d), y: a * g * (d - A * c), z: f * g }
    }

    /// As [`Self::add`], same source.
    fn double(&self) -> Self {
        let b = (self.x + self.y).square();
        let (c, d) = (self.x.square(), self.y.square());
        let e = A * c;
        let f = e + d;
        let j = f - self.z.square().double();
        Self { x: (b - c - d) * j, y: f * (e - d), z: f * j }
    }

    fn affine(&self) -> Point {
        let inverse = self.z.invert().unwrap_or(Fr::ZERO);
        Point { x: self.x * inverse, y: self.y * inverse }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn decimal(digits: &str) -> Fr {
        Fr::from_str_vartime(digits).unwrap()
    }

    fn order() -> Fr {
        decimal(&ORDER.to_string())
    }

    #[test]
    fn constants_are_those_of_erc_2494() {
        assert_eq!(BASE.x, decimal("5299619240641551281634865583518297030282874472190772894086521144482721001553"));
        assert_eq!(BASE.y, decimal("16950150798460657717958625567821834550301663161624707787222815936182638968203"));
        assert_eq!(ORDER.to_string(), "2736030358979909402780800718157159386076813972158567259200215660948447373041");
        let generator = Point {
            x: decimal("995203441582195749578291179787384436505546430278305826713579947235728471134"),
            y: decimal("5472060717959818805561601436314318772137091100104008585924551046643952123905"),
        };
        assert!(generator.is_on_curve());
        assert_eq!(generator.times_eight(), BASE);
    }

    #[test]
    fn the_base_has_prime_order_and_the_curve_a_point_of_order_two() {
        assert!(BASE.is_on_curve() && !BASE.is_of_small_order());
        assert_eq!(BASE.multiply(&order()), Point::IDENTITY);
        let two = Point { x: Fr::ZERO, y: -Fr::ONE };
        assert!(two.is_on_curve() && two.is_of_small_order() && Point::IDENTITY.is_of_small_order());
        assert_eq!(two.add(&two), Point::IDENTITY);
    }

    #[test]
    fn addition_equals_the_affine_law() {
        // ERC-2494, section "Twisted Edwards Form".
        let (p, q) = (BASE.multiply(&Fr::from(5)), BASE.multiply(&Fr::from(11)));
        let product = D * p.x * q.x * p.y * q.y;
        let x = (p.x * q.y + p.y * q.x) * (Fr::ONE + product).invert().unwrap();
        let y = (p.y * q.y - A * p.x * q.x) * (Fr::ONE - product).invert().unwrap();
        assert_eq!(p.add(&q), Point { x, y });
        assert_eq!(p.add(&p), BASE.multiply(&Fr::from(10)));
        assert_eq!(p.add(&p.negate()), Point::IDENTITY);
        assert!(!Point { x: p.x, y: p.y + Fr::ONE }.is_on_curve());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(16))]
        #[test]
        fn multiplication_distributes(a in any::<u64>(), b in any::<u64>()) {
            let (a, b) = (Fr::from(a).square(), Fr::from(b).square());
            prop_assert_eq!(BASE.multiply(&a).add(&BASE.multiply(&b)), BASE.multiply(&(a + b)));
        }
    }
}
