//! Commands, valid and not.

use halo2curves::bn256::{Fr, G1, G1Affine};
use halo2curves::ff::Field;
use halo2curves::group::Group;
use halo2curves::group::prime::PrimeCurveAffine;
use penstock_abi::{Command, Opcode, Status};
use penstock_driver::{Card, CardError};

use crate::expected::{hash, pairs, points, scalars, sum};
use crate::subject::Subject;

pub fn sums_equal_halo2curves(subject: &Subject) {
    let card = subject.open();
    let count = subject.size(600, 40);
    let mut points = points(count);
    points[3] = G1Affine::identity();
    points[5] = points[4];
    points[7] = -points[6];
    card.pin_bases(0, &points).unwrap();
    let mut edges = scalars(count, 1);
    (edges[0], edges[1], edges[2]) = (Fr::ZERO, Fr::ONE, -Fr::ONE);
    (edges[4], edges[5], edges[6], edges[7]) = (Fr::from(9), Fr::from(9), Fr::from(8), Fr::from(8));
    for scalars in [
        edges,
        vec![Fr::ZERO; count],
        vec![Fr::ONE; count],
        vec![-Fr::ONE; count],
        vec![Fr::from(128); count],
        scalars(1, 2),
        scalars(33, 3),
    ] {
        let (sums, _) = card.msm(0, &[&scalars]).unwrap().wait_with_cycles().unwrap();
        assert_eq!(sums, [sum(&scalars, &points)], "{} scalars from {:?}", scalars.len(), scalars[0]);
    }
}

pub fn several_vectors_share_a_command(subject: &Subject) {
    let card = subject.open();
    let count = subject.size(101, 21);
    let points = points(count);
    card.pin_bases(0, &points).unwrap();
    let vectors: Vec<Vec<Fr>> = (0..card.capabilities().vectors).map(|seed| scalars(count, seed)).collect();
    let borrowed: Vec<&[Fr]> = vectors.iter().map(Vec::as_slice).collect();
    let expected: Vec<G1> = vectors.iter().map(|vector| sum(vector, &points)).collect();
    assert_eq!(card.msm(0, &borrowed).unwrap().wait().unwrap(), expected);
}

pub fn hashes_equal_circomlib(subject: &Subject) {
    let card = subject.open();
    let mut pairs = pairs(subject.size(200, 40));
    pairs[0] = [Fr::ZERO; 2];
    pairs[1] = [-Fr::ONE; 2];
    let expected: Vec<Fr> = pairs.iter().map(|pair| hash(*pair)).collect();
    assert_eq!(card.poseidon(&pairs).unwrap().wait().unwrap(), expected);
    assert_eq!(card.poseidon(&pairs[..1]).unwrap().wait().unwrap(), expected[..1]);
}

pub fn self_tests_pass(subject: &Subject) {
    let card = subject.open();
    for tests in [0, 1, 2, 3] {
        assert_eq!(card.self_test(tests).unwrap(), 0);
    }
    let error = card.self_test(1 << 31).unwrap_err();
    assert!(matches!(error, CardError::Rejected { status: Status::Unsupported, detail: 32, .. }), "{error}");
}

pub fn bases_can_be_replaced(subject: &Subject) {
    let card = subject.open();
    let (points, scalars) = (points(40), scalars(20, 8));
    let last = card.capabilities().base_sets - 1;
    card.pin_bases(0, &points[..20]).unwrap();
    card.pin_bases(last, &points[..20]).unwrap();
    card.pin_bases(0, &points[20..]).unwrap();
    assert_eq!(card.msm(0, &[&scalars]).unwrap().wait().unwrap(), [sum(&scalars, &points[20..])]);
    assert_eq!(card.msm(last, &[&scalars]).unwrap().wait().unwrap(), [sum(&scalars, &points[..20])]);
    let error = card.pin_bases(last + 1, &points).unwrap_err();
    assert!(matches!(error, CardError::Rejected { status: Status::Unsupported, .. }), "{error}");
}

fn refusal(card: &Card, bytes: [u8; 64]) -> (Status, u64) {
    match card.submit_bytes(bytes, Opcode::Identify, Vec::new()).unwrap().wait() {
        Err(CardError::Rejected { status, detail, .. }) => (status, detail),
        other => panic!("{bytes:02x?} gave {other:?}"),
    }
}

pub fn unknown_opcodes_and_reserved_bytes_are_refused(subject: &Subject) {
    let card = subject.open();
    for opcode in [0, 6, 0xffff] {
        let mut bytes = [0; 64];
        bytes[4..6].copy_from_slice(&u16::to_le_bytes(opcode));
        assert_eq!(refusal(&card, bytes), (Status::BadOpcode, opcode.into()));
    }
    for at in [6, 7, 40, 63] {
        let mut bytes = Command::SelfTest { tests: 0 }.encode();
        bytes[at] = 1;
        assert_eq!(refusal(&card, bytes), (Status::BadReserved, at as u64));
    }
    card.identify().unwrap();
}

pub fn invalid_fields_are_refused_by_name(subject: &Subject) {
    let card = subject.open();
    card.pin_bases(0, &points(10)).unwrap();
    let capabilities = *card.capabilities();
    let buffer = card.allocate(1 << 20).unwrap();
    let (at, most) = (buffer.address(), capabilities.max_points);
    let capacity = capabilities.msm_layout.result_bytes(1);
    let msm = |count, set, vectors, first, stride, capacity| Command::Msm {
        result: at,
        capacity,
        input: at,
        count,
        set,
        vectors,
        first,
        stride,
    };
    let poseidon = |count, capacity| Command::Poseidon { result: at, capacity, input: at, count };
    let cases = [
        (Command::Identify { result: at, capacity: 63 }, Status::BadLength, 16),
        (Command::SetBases { input: at, count: 0, set: 0 }, Status::BadLength, 32),
        (Command::SetBases { input: at, count: most + 1, set: 0 }, Status::BadLength, 32),
        (Command::SetBases { input: at, count: 1, set: capabilities.base_sets }, Status::Unsupported, 36),
        (msm(0, 0, 1, 0, 0, capacity), Status::BadLength, 32),
        (msm(u32::MAX, 0, 1, 0, 0, capacity), Status::BadLength, 32),
        (msm(10, capabilities.base_sets, 1, 0, 0, capacity), Status::Unsupported, 36),
        (msm(10, 0, 0, 0, 0, capacity), Status::BadLength, 37),
        (msm(10, 0, capabilities.vectors + 1, 0, 0, capacity), Status::BadLength, 37),
        (msm(10, 0, 1, u32::MAX, 0, capacity), Status::BadLength, 40),
        (msm(10, 0, 2, 0, 256, 2 * capacity), Status::BadLength, 48),
        (msm(10, 0, 1, 0, 0, capacity - 1), Status::BadLength, 16),
        (msm(11, 0, 1, 0, 0, capacity), Status::NoBases, 0),
        (msm(10, 0, 1, 1, 0, capacity), Status::NoBases, 0),
        (msm(10, 1, 1, 0, 0, capacity), Status::NoBases, 1),
        (poseidon(0, 64), Status::BadLength, 32),
        (poseidon(capabilities.max_hashes + 1, u64::MAX), Status::BadLength, 32),
        (poseidon(2, 63), Status::BadLength, 16),
    ];
    for (command, status, detail) in cases {
        assert_eq!(refusal(&card, command.encode()), (status, detail), "{command:?}");
    }
    card.submit(msm(10, 0, 1, 0, 0, capacity), Vec::new()).unwrap().wait().unwrap();
}

pub fn elements_that_are_not_canonical_are_refused(subject: &Subject) {
    const MODULUS: [u64; 4] =
        [0x43e1_f593_f000_0001, 0x2833_e848_79b9_7091, 0xb850_45b6_8181_585d, 0x3064_4e72_e131_a029];
    let card = subject.open();
    card.pin_bases(0, &points(10)).unwrap();
    let buffer = card.allocate(1 << 20).unwrap();
    let modulus: Vec<u8> = MODULUS.iter().flat_map(|limb| limb.to_le_bytes()).collect();
    let at = buffer.address();
    let commands = [
        Command::Poseidon { result: at + 4096, capacity: 4096, input: at, count: 4 },
        Command::Msm {
            result: at + 4096,
            capacity: 1 << 19,
            input: at,
            count: 8,
            set: 0,
            vectors: 1,
            first: 0,
            stride: 0,
        },
    ];
    for command in commands {
        for index in [0, 5, 7] {
            for bytes in [modulus.as_slice(), &[0xff; 32]] {
                buffer.clear();
                buffer.write(32 * index, bytes).unwrap();
                let expected = (Status::NotCanonical, at + 32 * index as u64);
                assert_eq!(refusal(&card, command.encode()), expected, "{command:?}");
            }
        }
        buffer.clear();
        card.submit(command, Vec::new()).unwrap().wait().unwrap();
    }
}

pub fn requests_that_the_card_cannot_take_never_reach_it(subject: &Subject) {
    let card = subject.open();
    let (points, scalars) = (points(10), scalars(11, 4));
    assert!(matches!(card.msm(0, &[&scalars]), Err(CardError::Unsupported { .. })), "no bases");
    card.pin_bases(0, &points).unwrap();
    let too_many = vec![&scalars[..1]; usize::from(card.capabilities().vectors) + 1];
    let all = scalars.as_slice();
    for vectors in [vec![], vec![&all[..0]], vec![all], vec![&all[..3], &all[..2]], too_many] {
        assert!(matches!(card.msm(0, &vectors), Err(CardError::Unsupported { .. })), "{} vectors", vectors.len());
    }
    let too_many = vec![[Fr::ONE; 2]; card.capabilities().max_hashes as usize + 1];
    assert!(matches!(card.poseidon(&[]), Err(CardError::Unsupported { .. })));
    assert!(matches!(card.poseidon(&too_many), Err(CardError::Unsupported { .. })));
    assert!(matches!(card.pin_bases(0, &[]), Err(CardError::Unsupported { .. })));
    assert_eq!(card.msm(0, &[&[Fr::ZERO]]).unwrap().wait().unwrap(), [G1::identity()]);
}
