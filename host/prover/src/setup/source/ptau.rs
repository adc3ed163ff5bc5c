//! Where snarkjs's `.ptau` files keep their points.
//!
//! ```text
//! "ptau"  version u32 = 1  sections u32  (id u32, length u64, bytes) x sections
//!  1 header        32 u32, q [32], power u32, power of the ceremony u32
//!  2 tauG1         2^(power + 1) - 1 points of G1     3 tauG2   2^power points of G2
//!  7 contributions count u32, ...                    12 tauG1 in Lagrange form at sizes 1, 2, 4, ... (if prepared)
//! ```
//! Integers are little-endian, points raw. Other sections belong to other proof systems.

use super::encoding::Encoding;
use super::file::SourceFile;
use super::{Format, ImportError, Lagrange, Layout};
use crate::setup::MAX_K;
use halo2curves::bn256::{Fq, Fr};
use halo2curves::ff::{Field, PrimeField};
use std::collections::BTreeMap;

pub(super) const MAGIC: &[u8; 4] = b"ptau";
const HEADER: u32 = 1;
const TAU_G1: u32 = 2;
const TAU_G2: u32 = 3;
const CONTRIBUTIONS: u32 = 7;
const LAGRANGE_G1: u32 = 12;
const HEADER_LENGTH: u64 = 44;
/// More sections than any version of snarkjs writes.
const MAX_SECTIONS: u32 = 64;

/// Reads the section table and the header of a file that begins with [`MAGIC`].
pub(super) fn layout(file: &SourceFile) -> Result<Layout, ImportError> {
    let version = file.u32(4, "its first bytes")?;
    if version != 1 {
        return Err(ImportError::Version(version));
    }
    let sections = Sections::read(file)?;
    let encoding = Encoding::Raw;
    let (g1, g2) = (encoding.g1_length() as u64, encoding.g2_length() as u64);
    let power = sections.power(file)?;
    let lagrange = match sections.0.get(&LAGRANGE_G1) {
        None => Lagrange::None,
        // Bases of all sizes up to the file's: 1 + 2 + ... + 2^power points.
        Some((offset, length)) if *length >= ((2 << power) - 1) * g1 => Lagrange::EverySize { offset: *offset },
        Some((_, length)) => return Err(ImportError::Malformed(format!("section {LAGRANGE_G1} has {length} bytes"))),
    };
    let (contributions, _) = sections.find(CONTRIBUTIONS)?;
    Ok(Layout {
        power,
        encoding,
        powers: sections.expect_length(TAU_G1, ((2 << power) - 1) * g1)?,
        g2: sections.expect_length(TAU_G2, g2 << power)?,
        lagrange,
        format: Format::Ptau { claimed_contributions: file.u32(contributions, "the contributions")? },
    })
}

/// Offset and length of each section's content.
struct Sections(BTreeMap<u32, (u64, u64)>);

impl Sections {
    fn read(file: &SourceFile) -> Result<Self, ImportError> {
        let count = file.u32(8, "its first bytes")?;
        if count > MAX_SECTIONS {
            return Err(ImportError::Malformed(format!("it says it has {count} sections")));
        }
        let mut sections = BTreeMap::new();
        let mut offset = 12;
        for _ in 0..count {
            let id = file.u32(offset, "the section table")?;
            let size = u64::from_le_bytes(file.bytes(offset + 4, "the section table")?);
            let start = offset + 12;
            offset = start
                .checked_add(size)
                .filter(|end| *end <= file.length())
                .ok_or_else(|| ImportError::Truncated(format!("section {id}")))?;
            if sections.insert(id, (start, size)).is_some() {
                return Err(ImportError::Malformed(format!("it has section {id} twice")));
            }
        }
        Ok(Self(sections))
    }

    /// The power in the header, whose curve is BN254.
    fn power(&self, file: &SourceFile) -> Result<u32, ImportError> {
        let header = self.expect_length(HEADER, HEADER_LENGTH)?;
        let mut field: [u8; 32] = file.bytes(header + 4, "its header")?;
        // The modulus is odd, so taking one away clears its lowest bit.
        field[0] ^= 1;
        if file.u32(header, "its header")? != 32 || field != (-Fq::ONE).to_repr() {
            return Err(ImportError::Curve);
        }
        let power = file.u32(header + 36, "its header")?;
        // With a single power there is no τ G2.
        if !(1..=MAX_K).contains(&power) {
            return Err(ImportError::Malformed(format!("its power is {power}")));
        }
        Ok(power)
    }

    fn find(&self, id: u32) -> Result<(u64, u64), ImportError> {
        self.0.get(&id).copied().ok_or(ImportError::Missing(id))
    }

    /// The offset of section `id`, which has `expected` bytes.
    fn expect_length(&self, id: u32, expected: u64) -> Result<u64, ImportError> {
        let (offset, found) = self.find(id)?;
        if found != expected {
            return Err(ImportError::Malformed(format!("section {id} has {found} bytes where {expected} belong")));
        }
        Ok(offset)
    }
}

/// The generator of the domain of size 2^`k` as snarkjs chooses it: from 5, the smallest quadratic non-residue.
pub(super) fn root_of_unity(k: u32) -> Fr {
    let cofactor = num_bigint::BigUint::from_bytes_le((-Fr::ONE).to_repr().as_ref()) >> k;
    Fr::from(5).pow_vartime(cofactor.to_u64_digits())
}

#[cfg(test)]
mod tests {
    use crate::setup::samples::{
        CEREMONY, PREPARED, flipped, import, import_refusal, offset, patched, refusal, sections,
    };
    use crate::setup::{ImportError, Origin, Setup, SetupError};
    use halo2curves::bn256::{Fq, Fq2, G1Affine, G2Affine};
    use halo2curves::ff::Field;
    use halo2curves::serde::SerdeObject;
    use halo2curves::{CurveAffine, group::Curve};

    fn g1(ptau: &[u8], index: usize) -> usize {
        offset(ptau, 2) + 64 * index
    }

    #[test]
    fn a_ceremony_is_imported_at_every_size_and_comes_back_from_its_file() {
        let directory = tempfile::tempdir().unwrap();
        for k in 1..=6 {
            let setup = import(&directory, CEREMONY, k).unwrap();
            setup.check().unwrap();
            assert!(!setup.is_insecure());
            let Origin::PowersOfTau { name, claimed_contributions, .. } = setup.origin() else { panic!() };
            assert_eq!((name.as_str(), *claimed_contributions), ("source", 3));
            let read = Setup::read(&directory.path().join("out.srs")).unwrap();
            assert_eq!((read.origin(), read.digest()), (setup.origin(), setup.digest()));
            assert_eq!((read.monomial(), read.lagrange()), (setup.monomial(), setup.lagrange()));
        }
        assert!(!directory.path().join("out.srs.checkpoint").exists());
    }

    #[test]
    fn a_prepared_file_yields_the_same_setup_as_the_transform() {
        let directory = tempfile::tempdir().unwrap();
        for k in 1..=4 {
            let transformed = import(&directory, CEREMONY, k).unwrap();
            let prepared = import(&directory, PREPARED, k).unwrap();
            assert_eq!(prepared.lagrange(), transformed.lagrange(), "k = {k}");
            assert_eq!(prepared.digest(), transformed.digest());
            assert_ne!(prepared.origin(), transformed.origin());
        }
    }

    #[test]
    fn a_prepared_file_with_a_wrong_lagrange_point_is_refused() {
        let at = offset(PREPARED, 12) + 64 * (15 + 3);
        let error = refusal(&patched(PREPARED, at, &G1Affine::generator().to_raw_bytes()), 4);
        assert!(matches!(error, SetupError::Inconsistent { what } if what.contains("Lagrange")), "{error}");
    }

    #[test]
    fn every_truncation_at_or_near_a_border_is_noticed() {
        for ptau in [CEREMONY, PREPARED] {
            let borders = sections(ptau).into_iter().flat_map(|(_, at, length)| [at - 12, at, at + length]);
            for border in borders.chain([0, 4, 8, 12]) {
                for length in [border.saturating_sub(1), border, border + 1] {
                    if length < ptau.len() {
                        let error = import_refusal(&ptau[..length], 3);
                        assert!(matches!(error, ImportError::Truncated(_)), "{length}: {error}");
                    }
                }
            }
        }
    }

    #[test]
    fn a_flipped_byte_in_any_power_that_is_used_is_noticed() {
        let first = g1(CEREMONY, 0);
        for at in (first..first + 64 * 64).step_by(37) {
            let error = refusal(&flipped(CEREMONY, at), 6);
            assert!(matches!(error, SetupError::Import { source: ImportError::Point { .. }, .. }), "{at}: {error}");
        }
    }

    #[test]
    fn a_bad_point_is_named_by_its_index() {
        let not_reduced = patched(CEREMONY, g1(CEREMONY, 5), &[0xff; 32]);
        let off_the_curve = patched(CEREMONY, g1(CEREMONY, 5), &CEREMONY[g1(CEREMONY, 6)..][..32]);
        let identity = patched(CEREMONY, g1(CEREMONY, 5), &[0; 64]);
        for ptau in [not_reduced, off_the_curve, identity] {
            let error = import_refusal(&ptau, 3);
            assert!(matches!(error, ImportError::Point { array: "the powers in G1", index: 5, .. }), "{error}");
            import(&tempfile::tempdir().unwrap(), &ptau, 2).unwrap();
        }
    }

    #[test]
    fn swapped_or_replaced_powers_fail_the_pairing_check() {
        let (left, right) = (g1(CEREMONY, 9), g1(CEREMONY, 10));
        let swapped = patched(&patched(CEREMONY, left, &CEREMONY[right..][..64]), right, &CEREMONY[left..][..64]);
        let last = patched(CEREMONY, g1(CEREMONY, 63), &CEREMONY[g1(CEREMONY, 62)..][..64]);
        for ptau in [swapped, last] {
            let error = refusal(&ptau, 6);
            assert!(matches!(error, SetupError::Inconsistent { .. }), "{error}");
        }
    }

    #[test]
    fn the_point_in_g2_is_checked() {
        let generator = offset(CEREMONY, 3);
        let second = generator + 128;
        // Nearly no point of the twist lies in the subgroup of prime order.
        let outside = (1..)
            .find_map(|x| {
                let x = Fq2::new(Fq::from(x), Fq::ONE);
                Option::from((x.square() * x + G2Affine::b()).sqrt()).map(|y| G2Affine { x, y })
            })
            .unwrap();
        assert!(bool::from(outside.is_on_curve()));
        let doubled = (G2Affine::generator() + G2Affine::generator()).to_affine();
        let cases = [
            (second, outside.to_raw_bytes(), "not in the subgroup"),
            (second, vec![0; 128], "the identity"),
            (second, vec![0xff; 128], "not on the curve"),
            (second, doubled.to_raw_bytes(), "pairing"),
            (generator, doubled.to_raw_bytes(), "not the generator"),
        ];
        for (at, bytes, reason) in cases {
            let error = refusal(&patched(CEREMONY, at, &bytes), 4).to_string();
            assert!(error.contains(reason), "{error}");
        }
    }

    #[test]
    fn a_ceremony_without_contributions_is_refused() {
        let mut ptau = CEREMONY.to_vec();
        for index in 0..127 {
            let at = g1(CEREMONY, index);
            ptau[at..at + 64].copy_from_slice(&G1Affine::generator().to_raw_bytes());
        }
        let ptau = patched(&ptau, offset(CEREMONY, 3) + 128, &G2Affine::generator().to_raw_bytes());
        assert!(matches!(import_refusal(&ptau, 6), ImportError::NoContribution));
    }

    #[test]
    fn headers_that_do_not_fit_are_refused() {
        let header = offset(CEREMONY, 1);
        let g1_length = offset(CEREMONY, 2) - 8;
        let shorter = (127u64 * 64 - 64).to_le_bytes();
        assert!(matches!(import_refusal(&patched(CEREMONY, 0, b"zkey"), 3), ImportError::Unknown));
        assert!(matches!(import_refusal(&patched(CEREMONY, 4, &[2]), 3), ImportError::Version(2)));
        assert!(matches!(import_refusal(&patched(CEREMONY, 8, &[255; 4]), 3), ImportError::Malformed(_)));
        assert!(matches!(import_refusal(&patched(CEREMONY, header, &[48]), 3), ImportError::Curve));
        assert!(matches!(import_refusal(&patched(CEREMONY, header + 4, &[1]), 3), ImportError::Curve));
        assert!(matches!(import_refusal(&patched(CEREMONY, header + 36, &[7]), 3), ImportError::Malformed(_)));
        assert!(matches!(import_refusal(&patched(CEREMONY, header + 36, &[0]), 3), ImportError::Malformed(_)));
        assert!(matches!(import_refusal(&patched(CEREMONY, header + 36, &[255; 4]), 3), ImportError::Malformed(_)));
        assert!(matches!(import_refusal(&patched(CEREMONY, header - 12, &[9]), 3), ImportError::Missing(1)));
        assert!(matches!(import_refusal(&patched(CEREMONY, g1_length, &[255; 8]), 3), ImportError::Truncated(_)));
        let error = import_refusal(&patched(CEREMONY, g1_length, &shorter), 3);
        assert!(matches!(error, ImportError::Truncated(_) | ImportError::Malformed(_)), "{error}");
    }

    #[test]
    fn more_powers_than_the_file_has_are_refused() {
        assert!(matches!(import_refusal(CEREMONY, 7), ImportError::TooFewPowers { has: 6, needs: 7 }));
        assert!(matches!(refusal(CEREMONY, 29), SetupError::KOutOfRange { k: 29 }));
    }
}
