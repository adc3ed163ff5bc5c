//! Field elements and points between the host's form and the card's.
//!
//! Scalars travel canonical, 32 bytes little-endian. Coordinates travel in the card's Montgomery form, multiplied by
//! 2^R. What comes back is checked: a point off the curve is a broken card.

use halo2curves::bn256::{Fq, Fr, G1, G1Affine};
use halo2curves::ff::{Field, FromUniformBytes, PrimeField};
use halo2curves::group::Group;
use penstock_abi::{ELEMENT_BYTES, MsmLayout, POINT_BYTES};

use crate::{CardError, DmaBuffer};

const ELEMENT: usize = ELEMENT_BYTES as usize;
const POINT: usize = POINT_BYTES as usize;
/// Elements that are converted before they are copied: a page of them, which stays in the cache.
const CHUNK: usize = 128;

/// The card's Montgomery form.
#[derive(Clone, Copy, Debug)]
pub struct Montgomery {
    factor: Fq,
    inverse: Fq,
}

impl Montgomery {
    /// The form with the factor 2^`radix_bits`.
    pub fn new(radix_bits: u32) -> Self {
        let factor = Fq::from(2).pow_vartime([u64::from(radix_bits)]);
        // A power of two has an inverse.
        Self { factor, inverse: factor.invert().unwrap_or(Fq::ZERO) }
    }

    /// Writes affine points, (0, 0) for the identity.
    pub fn write_bases(&self, points: &[G1Affine], buffer: &DmaBuffer) -> Result<(), CardError> {
        let coordinates = points.iter().flat_map(|point| [point.x, point.y]);
        write_elements(coordinates.map(|coordinate| (coordinate * self.factor).to_repr()), buffer, 0)
    }

    /// Reads a point of a result.
    fn read_point(&self, bytes: &[u8; POINT]) -> Result<G1, CardError> {
        let coordinate = |at: usize| {
            let mut wide = [0; 64];
            wide[..ELEMENT].copy_from_slice(&bytes[at..at + ELEMENT]);
            // Any representative of 256 bits is allowed: this reduces it.
            Fq::from_uniform_bytes(&wide) * self.inverse
        };
        let (x, y, z) = (coordinate(0), coordinate(ELEMENT), coordinate(2 * ELEMENT));
        if bytes.iter().all(|byte| *byte == 0) {
            return Ok(G1::identity());
        }
        // Y²Z = X³ + 3Z³; with Z = 0 this leaves X = 0, and (0 : 0 : 0) in any other form is no point.
        let on_curve = y.square() * z == x.square() * x + z.square() * z * Fq::from(3);
        if on_curve && !(z == Fq::ZERO && y == Fq::ZERO) {
            Ok(G1 { x, y, z })
        } else {
            Err(CardError::ProtocolViolation { how: "a point of an MSM result is not on the curve".to_owned() })
        }
    }

    /// Reads the sums of one vector, from `offset` on, and finishes them.
    pub fn finish(&self, layout: &MsmLayout, buffer: &DmaBuffer, offset: usize) -> Result<G1, CardError> {
        let mut bytes = vec![0; layout.result_bytes(1) as usize];
        buffer.read(offset, &mut bytes)?;
        let (points, _) = bytes.as_chunks::<POINT>();
        let sums = points.iter().map(|bytes| self.read_point(bytes)).collect::<Result<Vec<G1>, _>>()?;
        Ok(layout.value(&sums, G1::identity()))
    }
}

/// Writes scalars from `offset` on.
pub fn write_scalars<'a>(
    scalars: impl Iterator<Item = &'a Fr>,
    buffer: &DmaBuffer,
    offset: usize,
) -> Result<(), CardError> {
    write_elements(scalars.map(Fr::to_repr), buffer, offset)
}

fn write_elements<R: AsRef<[u8]>>(
    elements: impl Iterator<Item = R>,
    buffer: &DmaBuffer,
    mut offset: usize,
) -> Result<(), CardError> {
    let mut chunk = [0; CHUNK * ELEMENT];
    let mut filled = 0;
    for element in elements {
        chunk[filled..filled + ELEMENT].copy_from_slice(element.as_ref());
        filled += ELEMENT;
        if filled == chunk.len() {
            buffer.write(offset, &chunk)?;
            offset += filled;
            filled = 0;
        }
    }
    Ok(buffer.write(offset, &chunk[..filled])?)
}

/// Reads `count` canonical scalars.
pub fn read_scalars(buffer: &DmaBuffer, count: usize) -> Result<Vec<Fr>, CardError> {
    let mut bytes = vec![0; count * ELEMENT];
    buffer.read(0, &mut bytes)?;
    let (elements, _) = bytes.as_chunks::<ELEMENT>();
    let scalar = |bytes: &[u8; ELEMENT]| Option::from(Fr::from_repr(*bytes));
    elements
        .iter()
        .map(scalar)
        .collect::<Option<_>>()
        .ok_or_else(|| CardError::ProtocolViolation { how: "a hash is not below the field's modulus".to_owned() })
}
