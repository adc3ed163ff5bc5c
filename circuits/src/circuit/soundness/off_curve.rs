//! A point that is not on Baby Jubjub, but whose eightfold is.
//!
//! The doubling formula of the key row does not contain d, so it doubles a point on whichever Edwards curve with the same a the
//! point lies on. All these curves share the point (1/√a, 0) of order four: eight times a point of order 32 of another curve.

use halo2curves::bn256::Fr;
use halo2curves::ff::Field;

use crate::babyjubjub::{A, Point};

/// The point, and its doubles 2P, 4P, 8P = (1/√a, 0) as the formula has them. `None`: no such point was found.
pub(super) fn point_of_order_32() -> Option<[Point; 4]> {
    let root = Option::<Fr>::from(A.sqrt())?;
    (2..100u64).find_map(|ratio| halve_twice(Fr::from(ratio), root))
}

/// With s = √a·x the formula is s' = 2·s·y / (s² + y²), y' = (y² − s²) / (2 − s² − y²), and 4P must have s = y. `ratio` is s / y of 2P.
fn halve_twice(ratio: Fr, root: Fr) -> Option<[Point; 4]> {
    let square = ratio.square();
    let divide = |a: Fr, b: Fr| Option::<Fr>::from(b.invert()).map(|inverse| a * inverse);
    let of_double = divide(ratio * Fr::from(4), (Fr::ONE + square) * (Fr::ONE + ratio.double() - square))?;
    let y_double = Option::<Fr>::from(of_double.sqrt())?;
    let s_double = ratio * y_double;
    // The ratio t of P solves s' = 2t / (1 + t²).
    let ratio = divide(Fr::ONE + Option::<Fr>::from((Fr::ONE - s_double.square()).sqrt())?, s_double)?;
    let square = ratio.square();
    let of_point = divide(y_double.double(), Fr::ONE - square + y_double * (Fr::ONE + square))?;
    let y = Option::<Fr>::from(of_point.sqrt())?;
    let mut points = [Point { x: divide(ratio * y, root)?, y }; 4];
    for i in 1..4 {
        points[i] = double(points[i - 1])?;
    }
    (points[3].y == Fr::ZERO && !points[0].is_on_curve()).then_some(points)
}

/// The key row's doubling.
fn double(Point { x, y }: Point) -> Option<Point> {
    let (ax, yy) = (A * x.square(), y.square());
    let [x_inverse, y_inverse] = [ax + yy, Fr::from(2) - ax - yy].map(|it| Option::<Fr>::from(it.invert()));
    Some(Point { x: (x * y).double() * x_inverse?, y: (yy - ax) * y_inverse? })
}
