//! Opening, resetting, closing.

use penstock_abi::registers as r;
use penstock_driver::{CardError, CommandRegister, PciConfig};

use crate::expected::{hash, pairs, points, scalars, sum};
use crate::subject::Subject;

pub fn a_reset_ends_what_is_under_way_and_the_card_works_on(subject: &Subject) {
    let card = subject.open();
    let count = subject.size(20_000, 200);
    let (points, scalars, pairs) = (points(count), scalars(count, 6), pairs(2));
    card.pin_bases(0, &points).unwrap();
    for _ in 0..5 {
        let under_way = card.msm(0, &[&scalars]).unwrap();
        card.reset().unwrap();
        let error = under_way.wait().unwrap_err();
        assert!(matches!(error, CardError::Reset { .. }), "{error}");
        assert_eq!(card.poseidon(&pairs).unwrap().wait().unwrap(), [hash(pairs[0]), hash(pairs[1])]);
    }
    // The bases have survived.
    assert_eq!(card.msm(0, &[&scalars]).unwrap().wait().unwrap(), [sum(&scalars, &points)]);
}

pub fn a_soft_reset_by_someone_else_is_noticed(subject: &Subject) {
    let card = subject.open();
    card.transport().write(r::CONTROL.offset, r::CONTROL_RESET.with(1)).unwrap();
    let error = card.identify().unwrap_err();
    assert!(matches!(error, CardError::Lost { .. }), "{error}");
    card.reset().unwrap();
    card.identify().unwrap();
}

pub fn without_bus_mastering_nothing_moves(subject: &Subject) {
    let card = subject.open();
    card.identify().unwrap();
    card.transport().set_command(CommandRegister { memory: true, bus_master: false }).unwrap();
    let error = card.identify().unwrap_err();
    assert!(matches!(error, CardError::DmaFault { .. }), "{error}");
    card.reset().unwrap();
    card.identify().unwrap();
}

pub fn a_card_can_be_opened_again_and_again(subject: &Subject) {
    let count = subject.size(20_000, 200);
    let (points, scalars) = (points(count), scalars(count, 6));
    for _ in 0..5 {
        let card = subject.open();
        card.pin_bases(0, &points).unwrap();
        // Left under way: closing the card has to stop it first.
        drop(card.msm(0, &[&scalars]).unwrap());
        let transport = card.transport().clone();
        drop(card);
        assert_eq!(subject.mapped_ranges().unwrap_or(0), 0, "mappings are gone with the card");
        let mut command = [0; 2];
        transport.config_read(CommandRegister::OFFSET, &mut command).unwrap();
        assert_eq!(u16::from_le_bytes(command) & CommandRegister::BUS_MASTER, 0);
    }
}
