//! A card that breaks its contract: each fault ends in a typed error or in a right result, never in a wrong one that
//! looks right, and never in a hang.

use std::time::Duration;

use penstock_driver::{Card, CardError, Options};
use penstock_sim::model::Fault;

use crate::expected::{hash, pairs, points, scalars, sum};
use crate::subject::{IMPATIENT, Subject, options};

fn impatient(subject: &Subject) -> Card {
    subject.open_with(Options { timeout: IMPATIENT, ..options() })
}

/// The card works after a reset.
fn recovers(card: &Card) {
    card.reset().unwrap();
    let pairs = pairs(1);
    assert_eq!(card.poseidon(&pairs).unwrap().wait().unwrap(), [hash(pairs[0])]);
}

pub fn a_command_that_never_completes_times_out(subject: &Subject) {
    let card = impatient(subject);
    subject.inject(Fault::NeverCompletes, 1);
    card.identify().unwrap();
    let error = card.identify().unwrap_err();
    assert!(matches!(error, CardError::TimedOut { .. }), "{error}");
    recovers(&card);
}

pub fn a_second_completion_is_a_violation(subject: &Subject) {
    let card = subject.open();
    subject.inject(Fault::CompletesTwice, 0);
    // The first completion may be taken before the second is seen.
    let errors: Vec<_> = (0..2).filter_map(|_| card.identify().err()).collect();
    assert!(matches!(errors[..], [.., CardError::ProtocolViolation { .. }]), "{errors:?}");
    recovers(&card);
}

pub fn an_unknown_id_is_a_violation(subject: &Subject) {
    let card = subject.open();
    subject.inject(Fault::UnknownId, 0);
    let error = card.identify().unwrap_err();
    assert!(matches!(error, CardError::ProtocolViolation { .. }), "{error}");
    recovers(&card);
}

pub fn a_flipped_bit_in_a_sum_is_noticed(subject: &Subject) {
    let card = subject.open();
    let (points, scalars) = (points(50), scalars(50, 1));
    card.pin_bases(0, &points).unwrap();
    subject.inject(Fault::FlippedBit, 0);
    let error = card.msm(0, &[&scalars]).unwrap().wait().unwrap_err();
    assert!(matches!(error, CardError::ProtocolViolation { .. }), "{error}");
    assert_eq!(card.msm(0, &[&scalars]).unwrap().wait().unwrap(), [sum(&scalars, &points)]);
}

pub fn a_corrupt_scalar_gives_another_sum(subject: &Subject) {
    let card = subject.open();
    let (points, mut scalars) = (points(50), scalars(50, 1));
    scalars[0] = 8.into();
    card.pin_bases(0, &points).unwrap();
    subject.inject(Fault::CorruptInput, 0);
    let sums = card.msm(0, &[&scalars]).unwrap().wait().unwrap();
    // A card that misreads its input cannot be found out by the driver: the proof's verifier is there for that.
    assert_ne!(sums, [sum(&scalars, &points)]);
    scalars[0] = 9.into();
    assert_eq!(sums, [sum(&scalars, &points)]);
}

pub fn a_card_that_vanishes_is_lost(subject: &Subject) {
    let card = subject.open();
    subject.inject(Fault::Vanishes, 0);
    let error = card.identify().unwrap_err();
    assert!(matches!(error, CardError::Lost { .. }), "{error}");
    let error = card.identify().unwrap_err();
    assert!(matches!(error, CardError::Lost { .. }), "{error}");
    drop(card);
    let error = Card::open(subject.transport(), options()).err().unwrap();
    assert!(matches!(error, CardError::Lost { .. }), "{error}");
    assert_eq!(subject.mapped_ranges(), Some(0));
}

pub fn refused_dma_is_a_fault(subject: &Subject) {
    let card = subject.open();
    let (points, scalars) = (points(50), scalars(50, 1));
    card.pin_bases(0, &points).unwrap();
    subject.inject(Fault::DmaRefused, 0);
    let error = card.msm(0, &[&scalars]).unwrap().wait().unwrap_err();
    assert!(matches!(error, CardError::DmaFault { .. }), "{error}");
    assert_eq!(card.msm(0, &[&scalars]).unwrap().wait().unwrap(), [sum(&scalars, &points)]);
}

pub fn a_stalled_ring_fills_up(subject: &Subject) {
    let card = subject.open_with(Options { ring_entries: 4, timeout: IMPATIENT, ..options() });
    subject.inject(Fault::Stalls, 0);
    let pairs = pairs(1);
    let tickets: Vec<_> = (0..3).map(|_| card.poseidon(&pairs).unwrap()).collect();
    let error = card.poseidon(&pairs).err().unwrap();
    assert!(matches!(error, CardError::RingFull { .. }), "{error}");
    for ticket in tickets {
        let error = ticket.wait().unwrap_err();
        assert!(matches!(error, CardError::TimedOut { .. }), "{error}");
    }
    recovers(&card);
}

pub fn a_lost_interrupt_costs_time_only(subject: &Subject) {
    let card = subject.open();
    let pairs = pairs(1);
    for _ in 0..3 {
        subject.inject(Fault::LosesInterrupt, 0);
        assert_eq!(card.poseidon(&pairs).unwrap().wait().unwrap(), [hash(pairs[0])]);
    }
}

pub fn commands_that_wait_their_turn_are_not_late(subject: &Subject) {
    // Together they take twice as long as any of them may.
    let card = subject.open_with(Options { timeout: Duration::from_secs(1), ..options() });
    let pairs = pairs(20);
    for after in 0..20 {
        subject.inject(Fault::Dawdles, after);
    }
    let tickets: Vec<_> = pairs.chunks(1).map(|pair| card.poseidon(pair).unwrap()).collect();
    for (pair, ticket) in pairs.iter().zip(tickets).rev() {
        assert_eq!(ticket.wait().unwrap(), [hash(*pair)]);
    }
}

pub fn a_failed_card_accepts_nothing_until_reset(subject: &Subject) {
    let card = subject.open();
    subject.inject(Fault::UnknownId, 0);
    card.identify().unwrap_err();
    for _ in 0..3 {
        let error = card.poseidon(&pairs(1)).err().unwrap();
        assert!(matches!(error, CardError::ProtocolViolation { .. }), "{error}");
    }
    recovers(&card);
}
