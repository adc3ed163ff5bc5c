//! Projective points of Baby Jubjub, for computing the ladder's points with one inversion.
//! Formulas: Bernstein, Birkner, Joye, Lange, Peters, "Twisted Edwards curves" (eprint 2008/013), section 6.

use halo2curves::bn256::Fr;
use halo2curves::ff::{BatchInvert, Field};

use crate::babyjubjub::{A, D, Point};

/// (X : Y : Z), x = X / Z, y = Y / Z.
#[derive(Clone, Copy, Debug)]
pub struct Projective {
    x: Fr,
    y: Fr,
    z: Fr,
}

impl From<Point> for Projective {
    fn from(point: Point) -> Self {
        Self { x: point.x, y: point.y, z: Fr::ONE }
    }
}

impl Projective {
    /// The sum.
    pub fn add(&self, other: &Self) -> Self {
        let a = self.z * other.z;
        let b = a.square();
        let (c, d) = (self.x * other.x, self.y * other.y);
        let e = D * c * d;
        let (f, g) = (b - e, b + e);
        let cross = (self.x + self.y) * (other.x + other.y) - c - d;
        Self { x: a * f * cross, y: a * g * (d - A * c), z: f * g }
    }

    /// Twice the point.
    pub fn double(&self) -> Self {
        let b = (self.x + self.y).square();
        let (c, d) = (self.x.square(), self.y.square());
        let e = A * c;
        let f = e + d;
        let j = f - self.z.square().double();
        Self { x: (b - c - d) * j, y: f * (e - d), z: f * j }
    }
}

/// Affine coordinates of all points, with one inversion.
pub fn normalize(points: &[Projective]) -> Vec<Point> {
    let mut inverses: Vec<Fr> = points.iter().map(|point| point.z).collect();
    inverses.iter_mut().batch_invert();
    points.iter().zip(inverses).map(|(point, inverse)| Point { x: point.x * inverse, y: point.y * inverse }).collect()
}
