//! Registers.

use penstock_abi::{ALL_ONES, BAR0_BYTES, Capabilities, CapabilityError, IDENTITY, REGISTERS, registers as r};
use penstock_driver::{CommandRegister, PciConfig, TransportError};

use crate::subject::Subject;

pub fn registers_and_dma_show_the_same_identity(subject: &Subject) {
    let card = subject.open();
    let by_dma = card.identify().unwrap();
    assert_eq!(by_dma[0], IDENTITY);
    for (index, word) in by_dma.iter().enumerate() {
        let offset = 4 * index as u32;
        if offset != r::TEMPERATURE.offset {
            assert_eq!(card.transport().read(offset).unwrap(), *word, "register {offset:#x}");
        }
    }
    let read = Capabilities::read::<CapabilityError>(|register| Ok(by_dma[register.offset as usize / 4])).unwrap();
    assert_eq!(read, *card.capabilities());
}

pub fn unknown_registers_read_zero(subject: &Subject) {
    let card = subject.open();
    let known = |offset: u32| REGISTERS.iter().any(|register| register.offset == offset);
    for offset in (0..BAR0_BYTES).step_by(4).filter(|offset| !known(*offset)) {
        card.transport().write(offset, ALL_ONES).unwrap();
        assert_eq!(card.transport().read(offset).unwrap(), 0, "offset {offset:#x}");
    }
    card.identify().unwrap();
}

pub fn read_only_registers_ignore_writes(subject: &Subject) {
    let card = subject.open();
    for register in REGISTERS.iter().filter(|register| register.access == penstock_abi::Access::ReadOnly) {
        let moves = [r::CYCLES_LOW, r::CYCLES_HIGH, r::TEMPERATURE].contains(register);
        let before = card.transport().read(register.offset).unwrap();
        card.transport().write(register.offset, !before).unwrap();
        assert!(moves || card.transport().read(register.offset).unwrap() == before, "{}", register.name);
    }
    card.transport().write(r::SCRATCH.offset, 0x1234_5678).unwrap();
    assert_eq!(card.transport().read(r::SCRATCH.offset).unwrap(), 0x1234_5678);
    card.identify().unwrap();
}

pub fn accesses_outside_the_window_are_refused(subject: &Subject) {
    let transport = subject.transport();
    transport.set_command(CommandRegister { memory: true, bus_master: false }).unwrap();
    for offset in [1, 2, 3, u32::MAX, u32::MAX - 3] {
        assert!(matches!(transport.read(offset), Err(TransportError::OutOfRange { .. })), "{offset:#x}");
        assert!(matches!(transport.write(offset, 0), Err(TransportError::OutOfRange { .. })), "{offset:#x}");
    }
    assert!(matches!(transport.config_read(u16::MAX, &mut [0; 4]), Err(TransportError::OutOfRange { .. })));
    assert_eq!(transport.read(0).unwrap(), IDENTITY);
}

pub fn rings_cannot_move_while_the_card_is_enabled(subject: &Subject) {
    let card = subject.open();
    let rings = [
        r::SUBMISSION_BASE_LOW,
        r::SUBMISSION_BASE_HIGH,
        r::SUBMISSION_ENTRIES,
        r::COMPLETION_BASE_LOW,
        r::COMPLETION_BASE_HIGH,
        r::COMPLETION_ENTRIES,
    ];
    for register in rings {
        let before = card.transport().read(register.offset).unwrap();
        card.transport().write(register.offset, before ^ 0x40).unwrap();
        assert_eq!(card.transport().read(register.offset).unwrap(), before, "{}", register.name);
    }
    card.identify().unwrap();
}

pub fn bad_rings_are_refused(subject: &Subject) {
    let transport = subject.transport();
    transport.set_command(CommandRegister { memory: true, bus_master: false }).unwrap();
    let most = transport.read(r::MAX_RING_ENTRIES.offset).unwrap();
    for (register, bad) in [
        (r::SUBMISSION_BASE_LOW, 0x20),
        (r::COMPLETION_BASE_LOW, 0x1008),
        (r::SUBMISSION_ENTRIES, 0),
        (r::SUBMISSION_ENTRIES, 1),
        (r::COMPLETION_ENTRIES, 3),
        (r::COMPLETION_ENTRIES, 2 * most),
    ] {
        transport.write(r::CONTROL.offset, r::CONTROL_RESET.with(1)).unwrap();
        while r::CONTROL_RESET.of(transport.read(r::CONTROL.offset).unwrap()) == 1 {}
        for entries in [r::SUBMISSION_ENTRIES, r::COMPLETION_ENTRIES] {
            transport.write(entries.offset, 4).unwrap();
        }
        transport.write(register.offset, bad).unwrap();
        transport.write(r::CONTROL.offset, r::CONTROL_ENABLE.with(1)).unwrap();
        let status = transport.read(r::STATUS.offset).unwrap();
        assert_eq!(r::STATUS_BAD_RING.of(status), 1, "{} = {bad:#x}", register.name);
        assert_eq!(r::STATUS_READY.of(status), 0, "{} = {bad:#x}", register.name);
    }
    transport.reset().unwrap();
}
