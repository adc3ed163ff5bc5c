//! Points as files write them, and what every point of a file has to be.
//!
//! Raw points are both coordinates as the curve library keeps them in memory: 32 bytes little-endian in Montgomery form
//! with radix 2^256. Compressed points are x alone, 32 bytes little-endian (64 in G2), with two bits that no coordinate
//! needs in the last byte: one for the parity of y, one for the identity. Which is which changed twice in the history of
//! the curve library: its oldest and its newest releases keep the parity in bit 7, those between, and the one linked
//! here, in bit 6. No point of a setup is the identity, so the parity's bit alone tells the two layouts apart.

use halo2curves::bn256::{Fq, G1Affine, G2Affine};
use halo2curves::group::GroupEncoding;
use halo2curves::group::cofactor::CofactorGroup;
use halo2curves::group::prime::PrimeCurveAffine;
use halo2curves::serde::SerdeObject;

const COORDINATE: usize = 32;
/// The bits of a compressed point's last byte that are none of the coordinate's.
pub(super) const FLAGS: u8 = 0b1100_0000;
/// Where the curve library that is linked here keeps the parity of y.
const OWN_SIGN: u8 = 0b0100_0000;

const OFF_THE_CURVE: &str = "is not on the curve";
const IDENTITY: &str = "is the identity";

/// How points are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encoding {
    /// Both coordinates.
    Raw,
    /// x with flags, of which `sign` (a mask of one bit) is the parity of y.
    Compressed {
        /// `0x40` or `0x80`.
        sign: u8,
    },
}

impl Encoding {
    /// Bytes of a point in G1.
    pub(super) fn g1_length(self) -> usize {
        match self {
            Self::Raw => 2 * COORDINATE,
            Self::Compressed { .. } => COORDINATE,
        }
    }

    /// Bytes of a point in G2.
    pub(super) fn g2_length(self) -> usize {
        2 * self.g1_length()
    }

    /// A point of G1 other than the identity, or why these bytes are none.
    pub(super) fn g1(self, bytes: &[u8]) -> Result<G1Affine, &'static str> {
        let point = match self {
            Self::Raw => G1Affine::from_raw_bytes(bytes).ok_or(OFF_THE_CURVE)?,
            Self::Compressed { sign } => decompress(bytes, sign)?,
        };
        if bool::from(point.is_identity()) { Err(IDENTITY) } else { Ok(point) }
    }

    /// A point of G2's subgroup of prime order other than the identity, or why these bytes are none.
    pub(super) fn g2(self, bytes: &[u8]) -> Result<G2Affine, &'static str> {
        let point = match self {
            Self::Raw => G2Affine::from_raw_bytes(bytes).ok_or(OFF_THE_CURVE)?,
            Self::Compressed { sign } => decompress(bytes, sign)?,
        };
        if bool::from(point.is_identity()) {
            Err(IDENTITY)
        } else if !bool::from(point.to_curve().is_torsion_free()) {
            Err("is not in the subgroup of prime order")
        } else {
            Ok(point)
        }
    }
}

/// The point with this x and parity of y.
fn decompress<C: GroupEncoding>(bytes: &[u8], sign: u8) -> Result<C, &'static str> {
    let mut repr = C::Repr::default();
    repr.as_mut().copy_from_slice(bytes);
    let Some(last) = repr.as_mut().last_mut() else { return Err(OFF_THE_CURVE) };
    let flags = *last & FLAGS;
    *last &= !FLAGS;
    // Every layout writes the identity with x = 0.
    if repr.as_ref().iter().all(|byte| *byte == 0) {
        return Err(IDENTITY);
    }
    if flags & !sign != 0 {
        return Err("has a flag where the file's other points have none");
    }
    // The library panics on a coordinate in G2 that is not reduced.
    let reduced =
        |bytes: &[u8]| <[u8; COORDINATE]>::try_from(bytes).is_ok_and(|bytes| Fq::from_bytes(&bytes).is_some().into());
    if !repr.as_ref().chunks(COORDINATE).all(reduced) {
        return Err(OFF_THE_CURVE);
    }
    if flags != 0
        && let Some(last) = repr.as_mut().last_mut()
    {
        *last |= OWN_SIGN;
    }
    Option::from(C::from_bytes(&repr)).ok_or(OFF_THE_CURVE)
}

#[cfg(test)]
mod tests {
    use super::*;
    use halo2curves::bn256::{Fr, G1, G2};
    use halo2curves::ff::Field;
    use halo2curves::group::Curve;

    const LAYOUTS: [u8; 2] = [0x40, 0x80];

    /// x with the parity of y in `sign`, put together here from the coordinates' bytes.
    fn g1_bytes(point: &G1Affine, sign: u8) -> Vec<u8> {
        let mut bytes = point.x.to_bytes().to_vec();
        bytes[31] |= (point.y.to_bytes()[0] & 1) * sign;
        bytes
    }

    fn g2_bytes(point: &G2Affine, sign: u8) -> Vec<u8> {
        let mut bytes = [point.x.c0.to_bytes(), point.x.c1.to_bytes()].concat();
        bytes[63] |= (point.y.c0.to_bytes()[0] & 1) * sign;
        bytes
    }

    #[test]
    fn compressed_points_of_both_layouts_and_both_parities_are_read() {
        let mut parities = [0; 2];
        for scalar in 1..20 {
            let g1 = (G1::generator() * Fr::from(scalar)).to_affine();
            let g2 = (G2::generator() * Fr::from(scalar)).to_affine();
            parities[usize::from(g1.y.to_bytes()[0] & 1)] += 1;
            for sign in LAYOUTS {
                let encoding = Encoding::Compressed { sign };
                assert_eq!(encoding.g1(&g1_bytes(&g1, sign)), Ok(g1));
                assert_eq!(encoding.g2(&g2_bytes(&g2, sign)), Ok(g2));
            }
            assert_eq!(Encoding::Raw.g1(&g1.to_raw_bytes()), Ok(g1));
            assert_eq!(Encoding::Raw.g2(&g2.to_raw_bytes()), Ok(g2));
        }
        assert!(parities.iter().all(|count| *count > 0));
    }

    #[test]
    fn the_identity_is_refused_however_it_is_written() {
        for sign in LAYOUTS {
            let encoding = Encoding::Compressed { sign };
            for flags in [0, 0x40, 0x80, 0xc0] {
                let written = |length: usize| [vec![0; length - 1], vec![flags]].concat();
                assert_eq!(encoding.g1(&written(32)), Err(IDENTITY));
                assert_eq!(encoding.g2(&written(64)), Err(IDENTITY));
            }
        }
        assert_eq!(Encoding::Raw.g1(&[0; 64]), Err(IDENTITY));
        assert_eq!(Encoding::Raw.g2(&[0; 128]), Err(IDENTITY));
    }

    #[test]
    fn coordinates_that_are_not_reduced_or_have_no_point_are_refused() {
        let without_point =
            (1u64..).map(Fq::from).find(|x| bool::from((x.square() * x + Fq::from(3)).sqrt().is_none())).unwrap();
        for sign in LAYOUTS {
            let encoding = Encoding::Compressed { sign };
            assert_eq!(encoding.g1(&without_point.to_bytes()), Err(OFF_THE_CURVE));
            let too_large = [vec![0xff; 31], vec![0x3f]].concat();
            assert_eq!(encoding.g1(&too_large), Err(OFF_THE_CURVE));
            for half in 0..2 {
                let mut bytes = g2_bytes(&G2Affine::generator(), sign);
                bytes[32 * half..][..32].copy_from_slice(&too_large);
                assert_eq!(encoding.g2(&bytes), Err(OFF_THE_CURVE));
            }
            let mut both_flags = g1_bytes(&G1Affine::generator(), sign);
            both_flags[31] |= FLAGS & !sign;
            assert!(encoding.g1(&both_flags).is_err());
        }
    }
}
