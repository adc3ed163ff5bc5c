//! Where the files of halo2's `ParamsKZG` keep their points: what `kzg_bn254_K.srs` and its like are.
//!
//! ```text
//! k u32   2^k powers in G1   2^k points of their Lagrange form   generator of G2   τ times it
//! ```
//! The integer is little-endian. Points are raw or compressed (see [`super::encoding`]), as the program that wrote the
//! file chose; no byte of the file says so, but no length fits both. Nothing says whose secret τ is, either.

use super::encoding::{Encoding, FLAGS};
use super::file::SourceFile;
use super::{Format, ImportError, Lagrange, Layout};
use crate::setup::MAX_K;

/// Bytes of the k before the points.
const HEADER: u64 = 4;
/// Points in G1 that are looked at for the bit that holds the parity: half of an honest file's points have it set.
const SAMPLE: u64 = 64;

/// Reads the head of a file that may be one.
pub(super) fn layout(file: &SourceFile) -> Result<Layout, ImportError> {
    let k = file.u32(0, "its first bytes")?;
    if !(1..=MAX_K).contains(&k) {
        return Err(ImportError::Unknown);
    }
    let raw = length(k, Encoding::Raw);
    let compressed = length(k, Encoding::Compressed { sign: FLAGS });
    let encoding = match file.length() {
        found if found == raw => Encoding::Raw,
        found if found == compressed => Encoding::Compressed { sign: sign(file, k)? },
        found => return Err(ImportError::Length { k, found, raw, compressed }),
    };
    let basis = (encoding.g1_length() as u64) << k;
    Ok(Layout {
        power: k,
        encoding,
        powers: HEADER,
        g2: HEADER + 2 * basis,
        lagrange: Lagrange::LargestSize { offset: HEADER + basis },
        format: match encoding {
            Encoding::Raw => Format::Halo2Raw,
            Encoding::Compressed { .. } => Format::Halo2Compressed,
        },
    })
}

fn length(k: u32, encoding: Encoding) -> u64 {
    HEADER + ((2 * encoding.g1_length() as u64) << k) + 2 * encoding.g2_length() as u64
}

/// The bit that holds the parity of y: the only one of the two that is ever set.
fn sign(file: &SourceFile, k: u32) -> Result<u8, ImportError> {
    let encoding = Encoding::Compressed { sign: FLAGS };
    let what = "its points";
    let mut g1 = vec![0; ((2 << k).min(SAMPLE) as usize) * encoding.g1_length()];
    file.fill(&mut g1, HEADER, what)?;
    let g2_length = 2 * encoding.g2_length();
    let mut g2 = vec![0; g2_length];
    file.fill(&mut g2, file.length() - g2_length as u64, what)?;
    let last_bytes = g1.chunks(encoding.g1_length()).chain(g2.chunks(encoding.g2_length())).filter_map(<[u8]>::last);
    let seen = last_bytes.fold(0, |seen, byte| seen | (byte & FLAGS));
    // Where both are seen no choice is right: the first point with the wrong one is refused.
    Ok(if seen == 0x80 { 0x80 } else { 0x40 })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::progress::Progress;
    use crate::setup::samples::{flipped, import, import_refusal, patched, refusal};
    use crate::setup::{Origin, Setup, SetupError, SourceInfo};
    use halo2_axiom::SerdeFormat::{self, Processed, RawBytes, RawBytesUnchecked};
    use halo2_axiom::poly::commitment::{Params, ParamsProver};
    use halo2_axiom::poly::kzg::commitment::ParamsKZG;
    use halo2curves::CurveAffine;
    use halo2curves::bn256::{Bn256, Fq, Fq2, G1Affine, G2Affine};
    use halo2curves::ff::Field;
    use halo2curves::group::prime::PrimeCurveAffine;
    use halo2curves::group::{Curve, GroupEncoding};
    use halo2curves::serde::SerdeObject;
    use rand::SeedableRng;
    use rand_chacha::ChaCha20Rng;
    use std::fs;

    /// 2^3 powers of one secret, compressed by two other releases of the curve library: see tests/halo2/record.sh.
    const RECORDED: [&[u8]; 2] = [
        include_bytes!("../../../tests/halo2/sign-in-bit-6.srs"),
        include_bytes!("../../../tests/halo2/sign-in-bit-7.srs"),
    ];

    const FORMATS: [SerdeFormat; 3] = [Processed, RawBytes, RawBytesUnchecked];

    fn params(k: u32) -> ParamsKZG<Bn256> {
        ParamsKZG::setup(k, ChaCha20Rng::from_seed([4; 32]))
    }

    fn written(params: &ParamsKZG<Bn256>, format: SerdeFormat) -> Vec<u8> {
        let mut bytes = Vec::new();
        params.write_custom(&mut bytes, format).unwrap();
        bytes
    }

    /// Bytes of a point in G1 in a file of this format.
    fn g1_length(format: SerdeFormat) -> usize {
        if matches!(format, Processed) { 32 } else { 64 }
    }

    /// Where τ G2 is, the last point of the file.
    fn s_g2(file: &[u8], format: SerdeFormat) -> usize {
        file.len() - 2 * g1_length(format)
    }

    fn g2_bytes(point: &G2Affine, format: SerdeFormat) -> Vec<u8> {
        if matches!(format, Processed) { point.to_bytes().as_ref().to_vec() } else { point.to_raw_bytes() }
    }

    fn g1_bytes(point: &G1Affine, format: SerdeFormat) -> Vec<u8> {
        if matches!(format, Processed) { point.to_bytes().as_ref().to_vec() } else { point.to_raw_bytes() }
    }

    #[test]
    fn files_that_halo2_writes_are_imported_whole_and_cut() {
        let directory = tempfile::tempdir().unwrap();
        for format in FORMATS {
            let file = written(&params(6), format);
            for k in 1..=6 {
                let setup = import(&directory, &file, k).unwrap();
                setup.check().unwrap();
                let mut expected = params(6);
                expected.downsize(k);
                assert_eq!(setup.monomial().as_ref(), expected.get_g(), "{format:?}, k = {k}");
                assert_eq!(written(setup.params(), RawBytes), written(&expected, RawBytes));
                let blake2b = crate::setup::Blake2b512(*blake2b_simd::blake2b(&file).as_array());
                assert_eq!(setup.origin(), &Origin::Halo2 { name: "source".into(), blake2b });
                assert!(!setup.is_insecure());
                assert_eq!(Setup::read(&directory.path().join("out.srs")).unwrap().origin(), setup.origin());
            }
            assert!(matches!(import_refusal(&file, 7), ImportError::TooFewPowers { has: 6, needs: 7 }));
        }
    }

    #[test]
    fn the_smallest_files_are_read_whatever_their_points_parities_are() {
        let directory = tempfile::tempdir().unwrap();
        for seed in 0..16 {
            let params = ParamsKZG::<Bn256>::setup(1, ChaCha20Rng::from_seed([seed; 32]));
            let setup = import(&directory, &written(&params, Processed), 1).unwrap();
            assert_eq!(setup.monomial().as_ref(), params.get_g(), "seed {seed}");
        }
    }

    #[test]
    fn compressed_points_of_other_releases_of_the_curve_library_are_the_same_points() {
        assert_ne!(RECORDED[0], RECORDED[1]);
        let directory = tempfile::tempdir().unwrap();
        for k in 1..=3 {
            let [six, seven] = RECORDED.map(|file| import(&directory, file, k).unwrap());
            assert_eq!(
                (six.digest(), six.monomial(), six.lagrange()),
                (seven.digest(), seven.monomial(), seven.lagrange())
            );
            assert_eq!(
                six.monomial()[1],
                (G1Affine::generator() * halo2curves::bn256::Fr::from(987_654_321)).to_affine()
            );
        }
    }

    #[test]
    fn a_file_with_both_flags_is_refused() {
        for file in RECORDED {
            let length = file.len();
            for at in [HEADER as usize + 31, HEADER as usize + 12 * 32 + 31, length - 1] {
                for flag in [0x40, 0x80] {
                    let error = refusal(&patched(file, at, &[file[at] ^ flag]), 3);
                    // Either a flag that the others have not, or a point's opposite.
                    let refused = matches!(&error, SetupError::Import { source: ImportError::Point { .. }, .. })
                        || matches!(&error, SetupError::Inconsistent { .. });
                    assert!(refused, "byte {at}, flag {flag:x}: {error}");
                }
            }
        }
    }

    #[test]
    fn every_flipped_byte_is_noticed() {
        for format in [Processed, RawBytes] {
            let file = written(&params(2), format);
            for at in 0..file.len() {
                let error = refusal(&flipped(&file, at), 2);
                assert!(matches!(error, SetupError::Import { .. } | SetupError::Inconsistent { .. }), "{at}: {error}");
            }
        }
    }

    #[test]
    fn every_other_length_is_refused_and_named() {
        for format in [Processed, RawBytes] {
            let file = written(&params(2), format);
            for length in 0..file.len() {
                let error = import_refusal(&file[..length], 2);
                match length {
                    0..4 => assert!(matches!(error, ImportError::Truncated(_)), "{length}: {error}"),
                    // This much of a raw file is as long as a compressed one, whose points these are not.
                    388 => assert!(matches!(error, ImportError::Point { .. }), "{error}"),
                    _ => assert!(matches!(error, ImportError::Length { k: 2, .. }), "{length}: {error}"),
                }
            }
            let longer = [file.as_slice(), &[0]].concat();
            assert!(matches!(import_refusal(&longer, 2), ImportError::Length { k: 2, .. }));
        }
    }

    #[test]
    fn a_k_that_is_a_lie_is_refused_before_anything_is_read() {
        let file = written(&params(2), RawBytes);
        for k in [1, 3, 28u32] {
            let error = import_refusal(&patched(&file, 0, &k.to_le_bytes()), 1);
            assert!(matches!(error, ImportError::Length { k: found, .. } if found == k), "{error}");
        }
        for k in [0, 29, u32::MAX] {
            assert!(matches!(import_refusal(&patched(&file, 0, &k.to_le_bytes()), 1), ImportError::Unknown));
        }
    }

    #[test]
    fn points_that_are_swapped_replaced_or_the_identity_are_refused_in_both_bases() {
        let k = 4;
        for format in [Processed, RawBytes] {
            let file = written(&params(k), format);
            let length = g1_length(format);
            let at = |index: usize| HEADER as usize + index * length;
            let point = |index: usize| &file[at(index)..at(index + 1)];
            // 0..16 are the powers, 16..32 the Lagrange basis.
            for (left, right) in [(5, 6), (1, 15), (16, 17), (20, 31), (7, 23)] {
                let swapped = patched(&patched(&file, at(left), point(right)), at(right), point(left));
                let error = refusal(&swapped, k);
                assert!(matches!(error, SetupError::Inconsistent { .. }), "{left}, {right}: {error}");
            }
            for index in [0, 1, 9, 15, 16, 31] {
                let error =
                    refusal(&patched(&file, at(index), &g1_bytes(&G1Affine::identity(), format)), k).to_string();
                assert!(error.contains("is the identity"), "{index}: {error}");
            }
            let first = import_refusal(&patched(&file, at(0), point(1)), k);
            assert!(matches!(first, ImportError::Point { index: 0, reason: "is not the generator", .. }), "{first}");
            let doubled = (G1Affine::generator() + G1Affine::generator()).to_affine();
            let last = refusal(&patched(&file, at(15), &g1_bytes(&doubled, format)), k);
            assert!(matches!(last, SetupError::Inconsistent { .. }), "{last}");
            // What lies beyond the powers that are taken is not looked at.
            let beyond = patched(&file, at(15), &g1_bytes(&doubled, format));
            import(&tempfile::tempdir().unwrap(), &beyond, 3).unwrap().check().unwrap();
        }
    }

    #[test]
    fn the_points_in_g2_are_checked() {
        // Nearly no point of the twist lies in the subgroup of prime order.
        let outside = (1..)
            .find_map(|x| {
                let x = Fq2::new(Fq::from(x), Fq::ONE);
                Option::from((x.square() * x + G2Affine::b()).sqrt()).map(|y| G2Affine { x, y })
            })
            .unwrap();
        let doubled = (G2Affine::generator() + G2Affine::generator()).to_affine();
        for format in [Processed, RawBytes] {
            let file = written(&params(3), format);
            let second = s_g2(&file, format);
            let first = second - 2 * g1_length(format);
            let cases = [
                (second, g2_bytes(&outside, format), "not in the subgroup"),
                (second, g2_bytes(&G2Affine::identity(), format), "the identity"),
                (second, vec![0x3f; 2 * g1_length(format)], "not on the curve"),
                (second, g2_bytes(&doubled, format), "pairing"),
                (second, g2_bytes(&G2Affine::generator(), format), "pairing"),
                (first, g2_bytes(&doubled, format), "not the generator"),
            ];
            for (at, bytes, reason) in cases {
                let error = refusal(&patched(&file, at, &bytes), 3).to_string();
                assert!(error.contains(reason), "{error}");
            }
        }
    }

    #[test]
    fn powers_of_one_are_refused() {
        let one = ParamsKZG::<Bn256>::setup(1, ChaCha20Rng::from_seed([0; 32])).from_parts(
            2,
            vec![G1Affine::generator(); 4],
            Some(vec![G1Affine::generator(); 4]),
            G2Affine::generator(),
            G2Affine::generator(),
        );
        for format in FORMATS {
            assert!(matches!(import_refusal(&written(&one, format), 2), ImportError::NoContribution));
        }
    }

    #[test]
    fn a_file_says_what_it_is_before_it_is_imported() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("kzg_bn254_5.srs");
        for (format, expected) in
            [(Processed, Format::Halo2Compressed), (RawBytes, Format::Halo2Raw), (RawBytesUnchecked, Format::Halo2Raw)]
        {
            let file = written(&params(5), format);
            fs::write(&path, &file).unwrap();
            let info = SourceInfo::read(&path, false, &Progress::silent()).unwrap();
            assert_eq!((info.format, info.k, info.bytes, info.has_lagrange), (expected, 5, file.len() as u64, true));
            assert_eq!(info.blake2b.unwrap().0, *blake2b_simd::blake2b(&file).as_array());
            assert!(info.origin().unwrap().to_string().contains("kzg_bn254_5.srs: its ceremony is unknown"));
        }
    }

    #[test]
    fn the_head_of_a_file_too_large_to_hash_unasked_is_told_without_reading_the_rest() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("sparse.srs");
        // The disk holds only the first bytes of these 34 GB.
        let k = 28u32;
        fs::write(&path, k.to_le_bytes()).unwrap();
        fs::File::options().write(true).open(&path).unwrap().set_len(length(k, Encoding::Raw)).unwrap();
        let info = SourceInfo::read(&path, false, &Progress::silent()).unwrap();
        assert_eq!((info.format, info.k, info.blake2b, info.origin()), (Format::Halo2Raw, 28, None, None));
    }
}
