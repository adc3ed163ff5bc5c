//! What the card reads and writes, and what it leaves alone.

use halo2curves::bn256::Fr;
use halo2curves::ff::PrimeField;
use penstock_abi::{Command, Status};
use penstock_driver::{CardError, Options};

use crate::expected::{hash, pairs};
use crate::subject::{Subject, options};

const GUARD: u8 = 0xa5;

pub fn results_stay_inside_their_buffers_at_every_offset(subject: &Subject) {
    let card = subject.open();
    let buffer = card.allocate(4 * 4096).unwrap();
    let pairs = pairs(3);
    let expected: Vec<[u8; 32]> = pairs.iter().map(|pair| hash(*pair).to_repr()).collect();
    let input: Vec<u8> = pairs.as_flattened().iter().flat_map(Fr::to_repr).collect();
    // Inputs in the first half, results in the second, each across the middle of its half at every offset.
    let most = subject.size(3, 1);
    for offset in (0..=4096).step_by(64) {
        for count in 1..=most {
            let (from, to) = (2048 + offset, 8192 + 2048 + offset);
            let mut image = vec![GUARD; 4 * 4096];
            image[from..from + 64 * count].copy_from_slice(&input[..64 * count]);
            buffer.write(0, &image).unwrap();
            let command = Command::Poseidon {
                result: buffer.address() + to as u64,
                capacity: 32 * count as u64,
                input: buffer.address() + from as u64,
                count: count as u32,
            };
            card.submit(command, Vec::new()).unwrap().wait().unwrap();
            image[to..to + 32 * count].copy_from_slice(expected[..count].as_flattened());
            let mut seen = vec![0; image.len()];
            buffer.read(0, &mut seen).unwrap();
            assert!(seen == image, "{count} hashes at {offset}");
        }
    }
}

pub fn misaligned_addresses_are_refused_and_nothing_is_written(subject: &Subject) {
    let card = subject.open();
    let buffer = card.allocate(8192).unwrap();
    let image = vec![GUARD; 8192];
    buffer.write(0, &image).unwrap();
    let at = buffer.address();
    for offset in 1..64 {
        let commands = [
            (Command::Identify { result: at + offset, capacity: 64 }, 8),
            (Command::Poseidon { result: at + offset, capacity: 64, input: at, count: 1 }, 8),
            (Command::Poseidon { result: at, capacity: 64, input: at + offset, count: 1 }, 24),
        ];
        for (command, field) in commands {
            match card.submit(command, Vec::new()).unwrap().wait() {
                Err(CardError::Rejected { status: Status::Misaligned, detail, .. }) => assert_eq!(detail, field),
                other => panic!("{command:?} gave {other:?}"),
            }
        }
    }
    let mut seen = vec![0; image.len()];
    buffer.read(0, &mut seen).unwrap();
    assert_eq!(seen, image);
}

pub fn unmapped_addresses_are_faults(subject: &Subject) {
    let card = subject.open();
    let buffer = card.allocate(4096).unwrap();
    for address in [0, 64, 1 << 40] {
        let commands = [
            Command::Identify { result: address, capacity: 64 },
            Command::Poseidon { result: address, capacity: 64, input: buffer.address(), count: 1 },
            Command::Poseidon { result: buffer.address(), capacity: 64, input: address, count: 1 },
        ];
        for command in commands {
            match card.submit(command, Vec::new()).unwrap().wait() {
                Err(CardError::DmaFault { address: at }) => assert_eq!(at, address, "{command:?}"),
                other => panic!("{command:?} gave {other:?}"),
            }
        }
    }
    card.identify().unwrap();
}

pub fn buffers_that_run_out_of_their_mapping_are_faults(subject: &Subject) {
    let card = subject.open_with(Options { segment_bytes: 1 << 20, ..options() });
    // Larger than a segment, so that it has one for itself, and no other follows.
    let bytes = 2 << 20;
    let buffer = card.allocate(bytes).unwrap();
    let end = buffer.address() + bytes as u64;
    let inside = Command::Poseidon { result: buffer.address(), capacity: 4096, input: end - 128, count: 2 };
    card.submit(inside, Vec::new()).unwrap().wait().unwrap();
    let outside = Command::Poseidon { result: buffer.address(), capacity: 4096, input: end - 128, count: 3 };
    match card.submit(outside, Vec::new()).unwrap().wait() {
        Err(CardError::DmaFault { address }) => assert!((end - 128..end + 4096).contains(&address)),
        other => panic!("{other:?}"),
    }
}

pub fn memory_is_reused_and_limited(subject: &Subject) {
    let card = subject.open_with(Options { memory_limit: 4 << 20, ..options() });
    for _ in 0..50 {
        let buffer = card.allocate(1 << 20).unwrap();
        let mut seen = vec![1; 1 << 20];
        buffer.read(0, &mut seen).unwrap();
        assert!(seen.iter().all(|byte| *byte == 0), "buffers come zeroed");
        buffer.write(0, &[7; 4096]).unwrap();
    }
    let error = card.allocate(4 << 20).unwrap_err();
    assert!(matches!(error, CardError::OutOfMemory { .. }), "{error}");
    card.identify().unwrap();
}
