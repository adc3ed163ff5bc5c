//! The board at its pins, over a pseudo-terminal: the driver's own way to a ULX3S, with a faster line.
//!
//! `PENSTOCK_CARD=uart:PATH cargo test --test conformance` runs the whole conformance suite on what `penstock-sim board`
//! serves; here is what any part of the bridge would fail, and what only a board has.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::fs::OpenOptions;
use std::io::Write;
use std::sync::Arc;
use std::time::{Duration, Instant};

use halo2curves::bn256::{Fr, G1, G1Affine};
use halo2curves::ff::{Field, PrimeField};
use halo2curves::group::{Curve, Group};
use halo2curves::msm::msm_best;
use light_poseidon::{Poseidon, PoseidonBytesHasher};
use penstock_abi::serial::MEMORY_BASE;
use penstock_abi::{Command, registers as r};
use penstock_driver::transport::uart::{Uart, UartOptions};
use penstock_driver::{Card, CardError, CommandRegister, Options, PciConfig, Transport, TransportError};
use penstock_sim::board::{BoardConfig, SimulatedBoard};
use penstock_sim::rtl::{CardConfig, Shape};
use rand::SeedableRng;
use rand_chacha::ChaCha20Rng;

/// For a command, on a busy machine.
const PATIENT: Duration = Duration::from_secs(600);
/// For the answer to a frame.
const ANSWER: Duration = Duration::from_secs(2);
const PASSED: u8 = 1 << 1;
const FAILED: u8 = 1 << 2;
const TESTING: u8 = 1 << 3;

/// Few buckets, so that small sums are quick; four clock cycles a bit.
fn config() -> BoardConfig {
    let mut card = CardConfig::of(Shape::Compact);
    card.msm.window_bits = 6;
    card.max_hashes = 1 << 12;
    BoardConfig::new(card, 4)
}

fn board() -> SimulatedBoard {
    SimulatedBoard::new(&config()).unwrap()
}

fn uart(board: &SimulatedBoard) -> Arc<Uart> {
    let options = UartOptions { timeout: ANSWER, tries: 20, ..UartOptions::default() };
    Arc::new(Uart::open(board.path(), options).unwrap())
}

fn open(uart: &Arc<Uart>) -> Card {
    let options = Options { timeout: PATIENT, segment_bytes: 1 << 20, ..Options::default() };
    Card::open(uart.clone(), options).unwrap()
}

fn hash(pair: [Fr; 2]) -> Fr {
    let mut bytes = pair.map(|x| x.to_repr());
    bytes.iter_mut().for_each(|bytes| bytes.reverse());
    let mut digest = Poseidon::<ark_bn254::Fr>::new_circom(2).unwrap().hash_bytes_be(&[&bytes[0], &bytes[1]]).unwrap();
    digest.reverse();
    Fr::from_repr(digest).unwrap()
}

fn pairs(count: usize) -> Vec<[Fr; 2]> {
    let mut rng = ChaCha20Rng::from_seed([5; 32]);
    (0..count).map(|_| [(); 2].map(|()| Fr::random(&mut rng))).collect()
}

#[test]
fn the_lights_show_the_self_test_after_power_up() {
    let board = board();
    let deadline = Instant::now() + PATIENT;
    let mut seen = 0;
    while board.lights() & (PASSED | FAILED) == 0 || board.lights() & TESTING != 0 {
        assert!(Instant::now() < deadline, "the self-test does not end");
        seen |= board.lights();
        std::thread::sleep(Duration::from_millis(1));
    }
    assert_eq!(board.lights() & (PASSED | FAILED | TESTING), PASSED);
    assert_eq!(seen & FAILED, 0);
}

#[test]
fn sums_hashes_and_self_tests_are_right_over_the_line() {
    let (board, mut rng) = (board(), ChaCha20Rng::from_seed([1; 32]));
    let card = open(&uart(&board));
    assert!(card.name().starts_with("uart:"));
    assert_eq!(card.capabilities().rtl_checksum, config().design().unwrap().fingerprint());
    assert_eq!(card.self_test(0).unwrap(), 0);
    let pairs = pairs(2);
    let expected: Vec<Fr> = pairs.iter().copied().map(hash).collect();
    assert_eq!(card.poseidon(&pairs).unwrap().wait().unwrap(), expected);
    let points: Vec<G1Affine> = (0..4).map(|_| G1::random(&mut rng).to_affine()).collect();
    let scalars: Vec<Fr> = (0..4).map(|_| Fr::random(&mut rng)).collect();
    card.pin_bases(0, &points).unwrap();
    assert_eq!(card.msm(0, &[&scalars]).unwrap().wait().unwrap(), [msm_best(&scalars, &points)]);
    card.reset().unwrap();
    assert_eq!(card.poseidon(&pairs).unwrap().wait().unwrap(), expected);
}

#[test]
fn what_is_not_mapped_cannot_be_reached_over_the_line() {
    let board = board();
    let card = open(&uart(&board));
    let buffer = card.allocate(4096).unwrap();
    for address in [0, 1 << 40] {
        for command in [
            Command::Identify { result: address, capacity: 64 },
            Command::Poseidon { result: buffer.address(), capacity: 64, input: address, count: 1 },
        ] {
            match card.submit(command, Vec::new()).unwrap().wait() {
                Err(CardError::DmaFault { address: at }) => assert_eq!(at, address, "{command:?}"),
                other => panic!("{command:?} gave {other:?}"),
            }
        }
    }
    card.transport().set_command(CommandRegister { memory: true, bus_master: false }).unwrap();
    let error = card.identify().unwrap_err();
    assert!(matches!(error, CardError::DmaFault { .. }), "{error}");
    card.reset().unwrap();
    card.identify().unwrap();
}

#[test]
fn commands_work_on_the_cards_own_memory() {
    let board = board();
    let uart = uart(&board);
    let card = open(&uart);
    let pairs = pairs(2);
    let input: Vec<u8> = pairs.as_flattened().iter().flat_map(Fr::to_repr).collect();
    uart.memory_write(0x1000, &input).unwrap();
    let mut back = vec![0; input.len()];
    uart.memory_read(0x1000, &mut back).unwrap();
    assert_eq!(back, input);
    let command = Command::Poseidon {
        result: MEMORY_BASE + 0x800,
        capacity: 32 * pairs.len() as u64,
        input: MEMORY_BASE + 0x1000,
        count: pairs.len() as u32,
    };
    card.submit(command, Vec::new()).unwrap().wait().unwrap();
    let mut digests = vec![0; 32 * pairs.len()];
    uart.memory_read(0x800, &mut digests).unwrap();
    let expected: Vec<u8> = pairs.iter().flat_map(|pair| hash(*pair).to_repr()).collect();
    assert_eq!(digests, expected);
    assert!(matches!(uart.memory_read(4, &mut [0; 8]), Err(TransportError::OutOfRange { .. })));
    assert!(matches!(uart.memory_write(0, &[0; 12]), Err(TransportError::OutOfRange { .. })));
    // The byte behind the memory is nobody's.
    let behind = MEMORY_BASE + (8 << config().memory_bits);
    let outside = Command::Identify { result: behind, capacity: 64 };
    assert!(matches!(card.submit(outside, Vec::new()).unwrap().wait(), Err(CardError::DmaFault { .. })));
}

#[test]
fn noise_on_the_line_is_survived() {
    let board = board();
    let uart = uart(&board);
    // A frame's start and the beginning of a header that never goes on, from somebody else on the same line.
    let mut intruder = OpenOptions::new().write(true).open(board.path());
    for noise in [&[0xd5u8, 1][..], &[0xff; 40], &[0xd5; 60], &[0; 3]] {
        if let Ok(line) = &mut intruder {
            line.write_all(noise).unwrap();
        }
        uart.set_command(CommandRegister { memory: true, bus_master: false }).unwrap();
        uart.write(r::SCRATCH.offset, 0x1234_5678 ^ noise.len() as u32).unwrap();
        assert_eq!(uart.read(r::SCRATCH.offset).unwrap(), 0x1234_5678 ^ noise.len() as u32);
    }
}

#[test]
fn a_line_without_a_card_is_an_error_in_time() {
    let folder = tempfile::tempdir().unwrap();
    let missing = Uart::open(&folder.path().join("none"), UartOptions::default()).err().unwrap();
    assert!(matches!(missing, TransportError::Io { .. }), "{missing}");
}
