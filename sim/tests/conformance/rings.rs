//! Rings, tickets, waiting.

use penstock_abi::{Command, IDENTITY};
use penstock_driver::{CardError, Options, Waiting};

use crate::expected::{hash, pairs, points, scalars, sum};
use crate::subject::{IMPATIENT, Subject, options};

pub fn rings_wrap_thousands_of_times(subject: &Subject) {
    let card = subject.open_with(Options { ring_entries: 4, ..options() });
    let pairs = pairs(1);
    let expected = [hash(pairs[0])];
    for _ in 0..subject.size(4000, 10) {
        let tickets: Vec<_> = (0..3).map(|_| card.poseidon(&pairs).unwrap()).collect();
        for ticket in tickets {
            assert_eq!(ticket.wait().unwrap(), expected);
        }
    }
    for _ in 0..3000 {
        let tickets: Vec<_> = (0..3)
            .map(|_| {
                let buffer = card.allocate(Command::IDENTIFY_BYTES as usize).unwrap();
                let command = Command::Identify { result: buffer.address(), capacity: Command::IDENTIFY_BYTES };
                card.submit(command, vec![buffer]).unwrap()
            })
            .collect();
        for ticket in tickets {
            let mut identity = [0; 4];
            ticket.wait().unwrap().buffers[0].read(0, &mut identity).unwrap();
            assert_eq!(u32::from_le_bytes(identity), IDENTITY);
        }
    }
}

pub fn a_full_ring_makes_the_submitter_wait(subject: &Subject) {
    let card = subject.open_with(Options { ring_entries: 2, ..options() });
    let pairs = pairs(8);
    let tickets: Vec<_> = pairs.chunks(1).map(|pair| card.poseidon(pair).unwrap()).collect();
    for (pair, ticket) in pairs.iter().zip(tickets) {
        assert_eq!(ticket.wait().unwrap(), [hash(*pair)]);
    }
}

pub fn completions_are_awaited_in_any_order(subject: &Subject) {
    let card = subject.open();
    let count = subject.size(3000, 100);
    let (points, scalars, pairs) = (points(count), scalars(count, 9), pairs(5));
    card.pin_bases(0, &points).unwrap();
    let msm = card.msm(0, &[&scalars]).unwrap();
    let hashes: Vec<_> = pairs.chunks(1).map(|pair| card.poseidon(pair).unwrap()).collect();
    for (pair, ticket) in pairs.iter().zip(hashes).rev() {
        assert_eq!(ticket.wait().unwrap(), [hash(*pair)]);
    }
    card.identify().unwrap();
    assert_eq!(msm.wait().unwrap(), [sum(&scalars, &points)]);
}

pub fn threads_share_a_card(subject: &Subject) {
    let card = subject.open_with(Options { ring_entries: 8, ..options() });
    let (pairs, rounds) = (pairs(64), subject.size(5, 1));
    std::thread::scope(|scope| {
        for pairs in pairs.chunks(8) {
            let card = card.clone();
            scope.spawn(move || {
                for _ in 0..rounds {
                    for pair in pairs {
                        let ticket = card.poseidon(&[*pair]).unwrap();
                        assert_eq!(ticket.wait().unwrap(), [hash(*pair)]);
                    }
                }
            });
        }
    });
}

pub fn dropped_tickets_are_forgotten(subject: &Subject) {
    let card = subject.open_with(Options { ring_entries: 4, memory_limit: 2 << 20, ..options() });
    let pairs = pairs(1);
    // Far more than there are slots and memory: both come back.
    for _ in 0..subject.size(1000, 100) {
        drop(card.poseidon(&pairs).unwrap());
    }
    assert_eq!(card.poseidon(&pairs).unwrap().wait().unwrap(), [hash(pairs[0])]);
}

pub fn polling_works_without_interrupts(subject: &Subject) {
    let card = subject.open_with(Options { waiting: Waiting::Polling, ..options() });
    let pairs = pairs(10);
    let expected: Vec<_> = pairs.iter().map(|pair| hash(*pair)).collect();
    for _ in 0..subject.size(20, 3) {
        assert_eq!(card.poseidon(&pairs).unwrap().wait().unwrap(), expected);
    }
    let never = Options { waiting: Waiting::Polling, timeout: IMPATIENT, ..options() };
    drop(card);
    let card = subject.open_with(never);
    let error = card.self_test(1 << 31).unwrap_err();
    assert!(matches!(error, CardError::Rejected { .. }), "{error}");
}
