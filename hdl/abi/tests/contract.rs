//! The tables are consistent in themselves, and what is encoded is what is decoded.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use penstock_abi::{
    ABI_MINOR, BAR0_BYTES, COMMAND_BYTES, COMMANDS, COMPLETION_BYTES, COMPLETION_FIELDS, Capabilities, CapabilityError,
    Command, Completion, Field, MsmLayout, REGISTERS, STATUSES, Status, phase_of, registers,
};

fn card() -> Capabilities {
    Capabilities {
        abi_minor: ABI_MINOR,
        rtl_checksum: [1, 2, 3, 4, 5, 6, 7, 8],
        msm: true,
        poseidon: true,
        resident_bases: false,
        simulated: true,
        msm_layout: MsmLayout { window_bits: 13, reductions: 2 },
        pass_windows: 4,
        vectors: 3,
        max_points: 1 << 20,
        base_sets: 2,
        radix_bits: 260,
        poseidon_lanes: 8,
        max_hashes: 1000,
        clock_khz: 250_000,
        data_bits: 512,
        address_bits: 64,
        max_ring_entries: 256,
    }
}

const MSM: Command = Command::Msm {
    result: 0x1000,
    capacity: u64::MAX,
    input: 0x2_0000_0040,
    count: 100,
    set: 1,
    vectors: 3,
    first: 7,
    stride: 3200,
};
const POSEIDON: Command = Command::Poseidon { result: 64, capacity: 320, input: 128, count: 10 };

#[test]
fn the_committed_register_page_is_the_printed_one() {
    let committed = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/REGISTERS.md")).unwrap();
    assert_eq!(committed, penstock_abi::page::Page.to_string(), "print it again, as the page itself says");
}

#[test]
fn registers_stand_apart_in_the_bar_and_their_fields_apart_in_them() {
    assert!(REGISTERS.windows(2).all(|pair| pair[0].offset + 4 <= pair[1].offset));
    for register in REGISTERS {
        assert!(register.offset.is_multiple_of(4) && register.offset < BAR0_BYTES, "{}", register.name);
        assert_apart(register.fields, 32, register.name);
    }
}

#[test]
fn fields_of_commands_and_completions_are_whole_bytes_that_do_not_overlap() {
    for command in COMMANDS {
        assert_apart(command.fields, COMMAND_BYTES * 8, command.name);
        assert!(command.fields.iter().all(|field| field.low % 8 == 0 && field.bits % 8 == 0));
    }
    assert_apart(COMPLETION_FIELDS, COMPLETION_BYTES * 8, "completion");
}

fn assert_apart(fields: &[Field], bits: usize, name: &str) {
    let mut taken = vec![false; bits];
    for field in fields {
        for bit in &mut taken[usize::from(field.low)..usize::from(field.low + field.bits)] {
            assert!(!std::mem::replace(bit, true), "{} overlaps in {name}", field.name);
        }
    }
}

#[test]
fn commands_decode_as_encoded() {
    for command in [
        MSM,
        POSEIDON,
        Command::Identify { result: 1 << 40, capacity: 64 },
        Command::SetBases { input: u64::MAX, count: u32::MAX, set: u8::MAX },
        Command::SelfTest { tests: 3 },
    ] {
        let mut bytes = command.encode();
        Command::set_id(&mut bytes, 0xdead_beef);
        assert_eq!(Command::id(&bytes), 0xdead_beef);
        assert_eq!(Command::decode(&bytes), Ok(command));
    }
}

#[test]
fn a_command_has_its_documented_bytes() {
    let mut bytes = POSEIDON.encode();
    Command::set_id(&mut bytes, 0x0102);
    let mut expected = [0; COMMAND_BYTES];
    (expected[0], expected[1], expected[4]) = (2, 1, 4);
    (expected[8], expected[16], expected[17], expected[24], expected[32]) = (64, 64, 1, 128, 10);
    assert_eq!(bytes, expected);
}

#[test]
fn unknown_opcodes_and_reserved_bytes_are_refused() {
    let mut bytes = MSM.encode();
    bytes[4] = 99;
    assert_eq!(Command::decode(&bytes).unwrap_err().status, Status::BadOpcode);
    for command in [MSM, POSEIDON, Command::SelfTest { tests: 0 }] {
        let covered = |at: usize| command.opcode().layout().fields.iter().any(|field| field.bytes().contains(&at));
        for at in (0..COMMAND_BYTES).filter(|at| !covered(*at)) {
            let mut bytes = command.encode();
            bytes[at] = 0x80;
            let rejection = Command::decode(&bytes).unwrap_err();
            assert_eq!((rejection.status, rejection.detail), (Status::BadReserved, at as u64));
        }
    }
}

#[test]
fn completions_decode_as_encoded_and_show_their_phase_last() {
    for phase in [false, true] {
        let completion = Completion { id: 7, status: 4, cycles: 1 << 50, detail: u64::MAX, head: 12, phase };
        let bytes = completion.encode();
        assert_eq!(Completion::decode(&bytes), completion);
        assert_eq!(phase_of(u64::from_le_bytes(bytes[24..].try_into().unwrap())), phase);
    }
}

#[test]
fn statuses_are_numbered_without_gaps() {
    for (index, (status, ..)) in STATUSES.iter().enumerate() {
        assert_eq!(usize::from(status.code()), index);
        assert_eq!(Status::from_code(status.code()), Some(*status));
    }
    assert_eq!(Status::from_code(STATUSES.len() as u16), None);
}

#[test]
fn capabilities_survive_their_registers() {
    let card = card();
    let read = Capabilities::read::<CapabilityError>(|register| Ok(card.register(register.offset).unwrap_or(0)));
    assert_eq!(read, Ok(card));
    assert_eq!(card.register(registers::CONTROL.offset), None);
}

#[test]
fn implausible_capabilities_are_refused() {
    for (register, value) in [
        (registers::MSM_SHAPE, 0x0101_030d),
        (registers::MSM_SHAPE, u32::MAX),
        (registers::MSM_MAX_POINTS, 0),
        (registers::FQ_RADIX_BITS, 253),
        (registers::POSEIDON_MAX_HASHES, u32::MAX),
        (registers::CLOCK_KHZ, 0),
        (registers::DATA_BITS, 100),
        (registers::MAX_RING_ENTRIES, 3),
    ] {
        let read = Capabilities::read(|other| {
            Ok(if *other == register { value } else { card().register(other.offset).unwrap_or(0) })
        });
        assert_eq!(read, Err(CapabilityError { register: register.name, value }));
    }
}

#[test]
fn invalid_fields_are_named_by_their_offset() {
    let card = card();
    let Command::Msm { result, input, count, stride, .. } = MSM else { unreachable!() };
    let capacity = card.msm_layout.result_bytes(3);
    let msm = |change: fn(&mut Command)| {
        let mut command = Command::Msm { result, capacity, input, count, set: 1, vectors: 3, first: 7, stride };
        change(&mut command);
        command.check(&card).map_err(|rejection| (rejection.status, rejection.detail))
    };
    macro_rules! with {
        ($field:ident, $value:expr) => {
            msm(|command| {
                if let Command::Msm { $field, .. } = command {
                    *$field = $value;
                }
            })
        };
    }
    assert_eq!(msm(|_| ()), Ok(()));
    assert_eq!(with!(result, 0x1020), Err((Status::Misaligned, 8)));
    assert_eq!(with!(input, 1), Err((Status::Misaligned, 24)));
    assert_eq!(with!(stride, 3232), Err((Status::Misaligned, 48)));
    assert_eq!(with!(stride, 3136), Err((Status::BadLength, 48)));
    assert_eq!(with!(set, 2), Err((Status::Unsupported, 36)));
    assert_eq!(with!(count, 0), Err((Status::BadLength, 32)));
    assert_eq!(with!(vectors, 4), Err((Status::BadLength, 37)));
    assert_eq!(with!(vectors, 0), Err((Status::BadLength, 37)));
    assert_eq!(with!(first, 1 << 20), Err((Status::BadLength, 40)));
    assert_eq!(with!(capacity, 20 * 32 * 96 * 3 - 1), Err((Status::BadLength, 16)));
    let without = Capabilities { msm: false, ..card };
    assert_eq!(MSM.check(&without).unwrap_err().status, Status::Unsupported);
    assert_eq!(Command::SelfTest { tests: 1 }.check(&without).unwrap_err().status, Status::Unsupported);
    assert_eq!(POSEIDON.check(&without), Ok(()));
}

#[test]
fn the_layout_covers_every_digit_and_every_bucket() {
    for window_bits in 2..=24 {
        let layout = MsmLayout { window_bits, reductions: 1 };
        assert_eq!(layout.row_bits() + layout.column_bits() + 1, window_bits.into());
        assert_eq!(layout.low_bits() + layout.high_bits(), layout.row_bits());
        assert!(layout.row_bits() >= layout.column_bits() && layout.high_bits() >= layout.low_bits());
        assert!(layout.windows() * u32::from(window_bits) >= 255);
        assert!((layout.windows() - 1) * u32::from(window_bits) < 255);
    }
    let points = |window_bits, reductions| MsmLayout { window_bits, reductions }.window_points();
    assert_eq!([points(13, 1), points(13, 2), points(11, 2), points(12, 1)], [128, 32, 32, 128]);
}

#[test]
fn the_sums_of_buckets_lead_to_the_product() {
    // Numbers stand for points, and each window's buckets for themselves.
    for (window_bits, reductions) in [(2, 1), (5, 1), (8, 1), (3, 2), (8, 2), (9, 2), (13, 2)] {
        let layout = MsmLayout { window_bits, reductions };
        let mut sums: Vec<i128> = Vec::new();
        let mut expected = 0i128;
        for window in 0..3 {
            let buckets: Vec<i128> = (0..1 << layout.bucket_bits()).map(|t: i128| t * t * 7 + t * 3 - window).collect();
            expected += buckets.iter().zip(1..).map(|(sum, digit)| sum * digit).sum::<i128>()
                << (u32::from(window_bits) * window as u32);
            let by = |sums: &[i128], bits: u32, number: &dyn Fn(usize) -> usize| {
                let mut by = vec![0; 1 << bits];
                sums.iter().enumerate().for_each(|(t, sum)| by[number(t)] += sum);
                by
            };
            let halves = |sums: &[i128], low: u32, bits: u32| {
                [by(sums, bits, &|t| t >> low), by(sums, bits, &|t| t & ((1 << low) - 1))]
            };
            let rows_and_columns = halves(&buckets, layout.column_bits(), layout.row_bits());
            let quarters = rows_and_columns.iter().flat_map(|sums| halves(sums, layout.low_bits(), layout.high_bits()));
            sums.extend(match reductions {
                1 => rows_and_columns.concat(),
                _ => quarters.flatten().collect(),
            });
        }
        assert_eq!(sums.len(), 3 * layout.window_points() as usize);
        assert_eq!(layout.value(&sums, 0), expected, "{layout:?}");
    }
}
