//! The shell with stub engines, and with real ones (`real`): registers, rings, commands, faults, resets, on a bus that does all that AXI allows.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod bench;
mod real;
mod stub;

use bench::{BASE, Bench, Reply};
use penstock_abi::registers as r;
use penstock_abi::{Access, Capabilities, Command, Completion, REGISTERS, Status};
use penstock_hdl::simulation::AxiOptions;
use rand::{Rng, RngCore, SeedableRng};
use rand_chacha::ChaCha8Rng;

#[test]
fn registers_read_as_the_contract_says_and_keep_what_may_be_written() {
    let mut bench = Bench::stub::<64, 8>(AxiOptions::rough(1));
    let read =
        Capabilities::read(|register| Ok::<_, penstock_abi::CapabilityError>(bench.read(register.offset))).unwrap();
    assert_eq!(read, bench.capabilities);
    assert_eq!(bench.read(r::TEMPERATURE.offset), 0x8000_0000);
    for register in REGISTERS.iter().filter(|register| register.reset.is_some()) {
        assert_eq!(Some(bench.read(register.offset)), register.reset, "{}", register.name);
    }
    for offset in (0..4096).step_by(4).filter(|offset| !REGISTERS.iter().any(|register| register.offset == *offset)) {
        if offset % 52 == 0 {
            bench.write(offset, u32::MAX);
            assert_eq!(bench.read(offset), 0, "{offset:#x}");
        }
    }
    for register in REGISTERS {
        let before = bench.read(register.offset);
        bench.write(register.offset, 0xffff_fff8);
        let after = bench.read(register.offset);
        match (register.access, *register) {
            (_, r::CYCLES_LOW | r::CYCLES_HIGH) => {}
            (Access::ReadOnly, _) => assert_eq!(before, after, "{}", register.name),
            (Access::ReadWrite, r::CONTROL | r::SUBMISSION_TAIL | r::COMPLETION_HEAD) => assert_eq!(after, 0),
            (Access::ReadWrite, _) => assert_eq!(after, 0xffff_fff8, "{}", register.name),
        }
    }
    bench.card.register_write_bytes(r::SCRATCH.offset, 0, 0b0111, &mut bench.ram).unwrap();
    assert_eq!(bench.read(r::SCRATCH.offset), 0xffff_fff8, "a partial write changes nothing");
    let first = bench.read(r::CYCLES_LOW.offset);
    assert!(bench.read(r::CYCLES_LOW.offset) > first);
}

fn identify<const D: usize, const S: usize>(seed: u64) {
    let mut bench = Bench::stub::<D, S>(AxiOptions::rough(seed));
    bench.enable(4, 8);
    for round in 0..40u32 {
        let at = 0x8000 + 64 * u64::from(round % 7);
        let guards = bench.snapshot();
        let reply = bench.run(Command::Identify { result: BASE + at, capacity: 64 });
        assert_eq!(reply, Reply { status: Status::Success, detail: 64 }, "round {round}");
        let identity: Vec<u8> = (0..64).step_by(4).flat_map(|offset| bench.read(offset).to_le_bytes()).collect();
        bench.check_writes(guards, &[(at, identity)]);
    }
}

#[test]
fn identify_writes_the_registers_through_wrapping_rings_on_64_bits() {
    identify::<64, 8>(2);
}

#[test]
fn identify_writes_the_registers_through_wrapping_rings_on_256_bits() {
    identify::<256, 32>(3);
}

#[test]
fn identify_writes_the_registers_through_wrapping_rings_on_512_bits() {
    identify::<512, 64>(4);
}

#[test]
fn commands_are_refused_as_the_contract_says() {
    let mut bench = Bench::stub::<64, 8>(AxiOptions::rough(5));
    bench.enable(16, 16);
    let mut random = ChaCha8Rng::seed_from_u64(5);
    for round in 0..600 {
        let mut bytes = bench.random_command(&mut random).encode();
        if round % 3 == 0 {
            bytes[random.gen_range(4..64)] ^= 1 << random.gen_range(0..8);
        }
        // What the model would say; only refusals are of interest here.
        let checked = Command::decode(&bytes).and_then(|command| command.check(&bench.capabilities).map(|()| command));
        let Err(rejection) = checked else { continue };
        let reply = bench.run_bytes(bytes);
        assert_eq!(reply, Reply { status: rejection.status, detail: rejection.detail }, "{bytes:?}");
    }
}

fn poseidon<const D: usize, const S: usize>(seed: u64) {
    let mut bench = Bench::stub::<D, S>(AxiOptions::rough(seed));
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    bench.enable(8, 8);
    for round in 0..25 {
        let count = random.gen_range(1..70u32);
        let (input, result) = (0x4000 + 64 * random.gen_range(0..90u64), 0xa000 + 64 * random.gen_range(0..60u64));
        let expected: Vec<u8> = (0..count)
            .flat_map(|k| {
                let pair: [[u8; 32]; 2] = std::array::from_fn(|_| bench::element(&mut random));
                for (half, element) in pair.iter().enumerate() {
                    bench.put(input + 64 * u64::from(k) + 32 * half as u64, element);
                }
                std::array::from_fn::<u8, 32, _>(|byte| pair[0][byte] ^ pair[1][byte])
            })
            .collect();
        let guards = bench.snapshot();
        let capacity = 32 * u64::from(count);
        let reply = bench.run(Command::Poseidon { result: BASE + result, capacity, input: BASE + input, count });
        assert_eq!(reply, Reply { status: Status::Success, detail: capacity }, "round {round}");
        bench.check_writes(guards, &[(result, expected)]);
    }
}

#[test]
fn hashes_arrive_and_nothing_else_on_64_bits() {
    poseidon::<64, 8>(6);
}

#[test]
fn hashes_arrive_and_nothing_else_on_256_bits() {
    poseidon::<256, 32>(7);
}

#[test]
fn hashes_arrive_and_nothing_else_on_512_bits() {
    poseidon::<512, 64>(8);
}

fn msm<const D: usize, const S: usize>(seed: u64) {
    let mut bench = Bench::stub::<D, S>(AxiOptions::rough(seed));
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    bench.enable(8, 8);
    let (bases, total) = (0x2000, 40u32);
    let mut base_words = Vec::new();
    for k in 0..total {
        let point: [[u8; 32]; 2] = std::array::from_fn(|_| bench::element(&mut random));
        bench.put(bases + 64 * u64::from(k), point.as_flattened());
        base_words.push(point);
    }
    assert_eq!(bench.run(Command::SetBases { input: BASE + bases, count: total, set: 1 }).status, Status::Success);
    for round in 0..12 {
        let vectors = random.gen_range(1..=bench.capabilities.vectors);
        let first = random.gen_range(0..total);
        let count = random.gen_range(1..=total - first);
        let stride = u64::from(count * 32).next_multiple_of(64) + 64 * random.gen_range(0..3u64);
        let (input, result) = (0x6000 + 64 * random.gen_range(0..30u64), 0x10000 + 64 * random.gen_range(0..30u64));
        let scalars: Vec<Vec<[u8; 32]>> =
            (0..vectors).map(|_| (0..count).map(|_| bench::element(&mut random)).collect()).collect();
        for (v, vector) in scalars.iter().enumerate() {
            bench.put(input + stride * v as u64, vector.as_flattened());
        }
        let used = &base_words[first as usize..][..count as usize];
        let expected = stub::sums(&bench.capabilities.msm_layout, used, &scalars);
        let capacity = expected.len() as u64;
        let guards = bench.snapshot();
        let (input, result) = (BASE + input, BASE + result);
        let reply = bench.run(Command::Msm { result, capacity, input, count, set: 1, vectors, first, stride });
        assert_eq!(reply, Reply { status: Status::Success, detail: capacity }, "round {round}");
        bench.check_writes(guards, &[(result - BASE, expected)]);
    }
    let over = Command::Msm {
        result: BASE + 0x10000,
        capacity: u64::MAX,
        input: BASE,
        count: total,
        set: 1,
        vectors: 1,
        first: 1,
        stride: 0,
    };
    assert_eq!(bench.run(over), Reply { status: Status::NoBases, detail: 1 });
    let unset = Command::Msm {
        result: BASE + 0x10000,
        capacity: u64::MAX,
        input: BASE,
        count: 1,
        set: 0,
        vectors: 1,
        first: 0,
        stride: 0,
    };
    assert_eq!(bench.run(unset), Reply { status: Status::NoBases, detail: 0 });
}

#[test]
fn sums_arrive_pass_by_pass_on_64_bits() {
    msm::<64, 8>(9);
}

#[test]
fn sums_arrive_pass_by_pass_on_256_bits() {
    msm::<256, 32>(10);
}

#[test]
fn sums_arrive_pass_by_pass_on_512_bits() {
    msm::<512, 64>(11);
}

#[test]
fn refused_accesses_complete_with_their_address() {
    let mut bench = Bench::stub::<64, 8>(AxiOptions::rough(12));
    bench.enable(8, 8);
    let command = Command::Poseidon { result: BASE + 0x8000, capacity: 6400, input: BASE + 0x4000, count: 200 };
    bench.ram.unreadable = std::iter::once(BASE + 0x5000..BASE + 0x6000).collect();
    assert_eq!(bench.run(command), Reply { status: Status::ReadFault, detail: BASE + 0x5000 });
    bench.ram.unreadable.clear();
    bench.ram.unwritable = std::iter::once(BASE + 0x9000..BASE + 0xa000).collect();
    assert_eq!(bench.run(command), Reply { status: Status::WriteFault, detail: BASE + 0x9000 });
    let identify = Command::Identify { result: BASE + 0x9fc0, capacity: 64 };
    assert_eq!(bench.run(identify), Reply { status: Status::WriteFault, detail: BASE + 0x9fc0 });
    bench.ram.unwritable.clear();
    assert_eq!(bench.run(command).status, Status::Success, "a fault leaves nothing behind");
    let bases = Command::SetBases { input: BASE + 0x2000, count: 100, set: 0 };
    assert_eq!(bench.run(bases).status, Status::Success);
    let input = BASE + 0x4000;
    let msm = Command::Msm {
        result: BASE + 0x10000,
        capacity: 1 << 15,
        input,
        count: 100,
        set: 0,
        vectors: 1,
        first: 0,
        stride: 0,
    };
    bench.ram.unreadable = std::iter::once(BASE + 0x3000..BASE + 0x4000).collect();
    assert_eq!(bench.run(msm), Reply { status: Status::ReadFault, detail: BASE + 0x3000 });
    bench.ram.unreadable = std::iter::once(BASE + 0x4080..BASE + 0x4081).collect();
    assert_eq!(bench.run(msm), Reply { status: Status::ReadFault, detail: BASE + 0x4080 });
    bench.ram.unreadable.clear();
    assert_eq!(bench.run(msm).status, Status::Success);
}

#[test]
fn elements_that_are_not_canonical_are_named() {
    let mut bench = Bench::stub::<512, 64>(AxiOptions::rough(13));
    bench.enable(8, 8);
    let command = Command::Poseidon { result: BASE + 0x8000, capacity: 96, input: BASE + 0x4000, count: 3 };
    assert_eq!(bench.run(command).status, Status::Success);
    let modulus = bench::modulus_bytes();
    for element in [5u64, 2, 0] {
        bench.put(0x4000 + 32 * element, &modulus);
        let address = BASE + 0x4000 + 32 * element;
        assert_eq!(bench.run(command), Reply { status: Status::NotCanonical, detail: address });
    }
    let mut below = modulus;
    below[0] -= 1;
    for element in 0..6 {
        bench.put(0x4000 + 32 * element, &below);
    }
    assert_eq!(bench.run(command).status, Status::Success);
}

#[test]
fn engines_run_at_once_and_complete_out_of_order() {
    let mut bench = Bench::stub::<64, 8>(AxiOptions::rough(14));
    bench.enable(16, 16);
    assert_eq!(bench.run(Command::SetBases { input: BASE + 0x2000, count: 100, set: 0 }).status, Status::Success);
    let input = BASE + 0x4000;
    let msm = Command::Msm {
        result: BASE + 0x10000,
        capacity: 1 << 15,
        input,
        count: 100,
        set: 0,
        vectors: 1,
        first: 0,
        stride: 0,
    };
    let poseidon = Command::Poseidon { result: BASE + 0x8000, capacity: 32, input, count: 1 };
    for id in 0..2 {
        bench.submit(id, msm.encode());
    }
    for id in 2..5 {
        bench.submit(id, poseidon.encode());
    }
    bench.ring();
    let completions: Vec<Completion> = (0..5).map(|_| bench.wait()).collect();
    let order: Vec<u32> = completions.iter().map(|completion| completion.id).collect();
    assert_eq!(order, [2, 3, 4, 0, 1]);
    assert!(completions[3].cycles > completions[0].cycles && completions[0].cycles > 10);
    // The interrupt follows the answer to the completion's write.
    bench.card.step(300, &mut bench.ram);
    assert_eq!(bench.card.take_interrupts(), 6);
}

#[test]
fn a_full_completion_ring_waits_for_its_reader() {
    let mut bench = Bench::stub::<64, 8>(AxiOptions::rough(15));
    bench.enable(16, 4);
    let identify = Command::Identify { result: BASE + 0x8000, capacity: 64 };
    for id in 0..10 {
        bench.submit(id, identify.encode());
    }
    bench.ring();
    bench.card.step(5000, &mut bench.ram);
    assert_eq!(bench.read(r::COMPLETION_TAIL.offset), 3, "one slot stays free");
    assert_eq!(r::STATUS_BUSY.of(bench.read(r::STATUS.offset)), 1);
    let ids: Vec<u32> = (0..10).map(|_| bench.wait().id).collect();
    assert_eq!(ids, (0..10).collect::<Vec<_>>());
    bench.card.step(300, &mut bench.ram);
    assert_eq!(r::STATUS_BUSY.of(bench.read(r::STATUS.offset)), 0);
}

#[test]
fn rings_that_cannot_be_reached_are_fatal_until_a_reset() {
    let mut bench = Bench::stub::<64, 8>(AxiOptions::rough(16));
    for fetch in [true, false] {
        bench.enable(8, 8);
        let holes = vec![if fetch { bench.submission_ring() } else { bench.completion_ring() }];
        if fetch {
            bench.ram.unreadable.clone_from(&holes);
        } else {
            bench.ram.unwritable.clone_from(&holes);
        }
        bench.submit(1, Command::SelfTest { tests: 2 }.encode());
        bench.ring();
        bench.card.step(3000, &mut bench.ram);
        let status = bench.read(r::STATUS.offset);
        assert_eq!((r::STATUS_FATAL.of(status), r::STATUS_READY.of(status)), (1, 0));
        let address = u64::from(bench.read(r::FAULT_ADDRESS_HIGH.offset)) << 32
            | u64::from(bench.read(r::FAULT_ADDRESS_LOW.offset));
        assert_eq!(address, holes[0].start);
        bench.ram.unreadable.clear();
        bench.ram.unwritable.clear();
        bench.soft_reset();
        assert_eq!(bench.read(r::STATUS.offset), 0);
    }
    bench.enable(8, 8);
    assert_eq!(bench.run(Command::Identify { result: BASE + 0x8000, capacity: 64 }).status, Status::Success);
}

#[test]
fn bad_rings_are_named_and_not_used() {
    let mut bench = Bench::stub::<64, 8>(AxiOptions::rough(17));
    for (register, value) in [
        (r::SUBMISSION_BASE_LOW, 32),
        (r::SUBMISSION_ENTRIES, 3),
        (r::SUBMISSION_ENTRIES, 1),
        (r::SUBMISSION_ENTRIES, 0),
        (r::COMPLETION_ENTRIES, 1 << 20),
        (r::COMPLETION_BASE_LOW, 1),
    ] {
        bench.enable(8, 8);
        bench.write(r::CONTROL.offset, 0);
        let good = bench.read(register.offset);
        bench.write(register.offset, value);
        bench.write(r::CONTROL.offset, r::CONTROL_ENABLE.with(1));
        assert_eq!(bench.read(r::STATUS.offset), r::STATUS_BAD_RING.with(1), "{} {value}", register.name);
        bench.write(r::SUBMISSION_TAIL.offset, 1);
        assert_eq!(bench.read(r::SUBMISSION_TAIL.offset), 0, "no doorbell while not ready");
        bench.write(register.offset, good);
        assert_eq!(bench.read(register.offset), value, "rings do not change while enabled");
        bench.soft_reset();
    }
}

/// At any moment, a reset ends with a quiet bus, all registers as new, and a card that works.
fn resets<const D: usize, const S: usize>(seed: u64) {
    let mut bench = Bench::stub::<D, S>(AxiOptions::rough(seed));
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    for round in 0..60 {
        bench.enable(8, 8);
        bench.write(r::SCRATCH.offset, 77);
        bench.submit(0, Command::SetBases { input: BASE + 0x2000, count: 100, set: 0 }.encode());
        let input = BASE + 0x4000;
        let msm = Command::Msm {
            result: BASE + 0x10000,
            capacity: 1 << 16,
            input,
            count: 90,
            set: 0,
            vectors: 2,
            first: 3,
            stride: 2880,
        };
        bench.submit(1, msm.encode());
        bench.submit(2, Command::Poseidon { result: BASE + 0x8000, capacity: 3200, input, count: 100 }.encode());
        bench.submit(3, Command::Identify { result: BASE + 0xc000, capacity: 64 }.encode());
        bench.ring();
        let cycles = random.next_u64() % 3000;
        bench.card.step(cycles, &mut bench.ram);
        let function = round % 2 == 0;
        if function {
            bench.card.function_level_reset(&mut bench.ram);
            bench.wait_for_reset();
        } else {
            bench.soft_reset();
        }
        assert!(bench.card.bus().idle(), "the bus is quiet");
        for register in REGISTERS.iter().filter(|register| register.reset.is_some()) {
            let expected = if *register == r::SCRATCH && !function { Some(77) } else { register.reset };
            assert_eq!(Some(bench.read(register.offset)), expected, "{} in round {round}", register.name);
        }
        let guards = bench.snapshot();
        bench.card.step(2000, &mut bench.ram);
        bench.check_writes(guards, &[]);
        assert!(bench.card.bus().idle());
        assert_eq!(bench.card.bus().violations, Vec::<String>::new());
        bench.enable(8, 8);
        let unset = Command::Msm {
            result: BASE + 0x10000,
            capacity: u64::MAX,
            input,
            count: 1,
            set: 0,
            vectors: 1,
            first: 0,
            stride: 0,
        };
        assert_eq!(bench.run(unset), Reply { status: Status::NoBases, detail: 0 }, "the bases are forgotten");
        let hash = Command::Poseidon { result: BASE + 0x8000, capacity: 64, input, count: 2 };
        assert_eq!(bench.run(hash).status, Status::Success);
        bench.soft_reset();
    }
}

#[test]
fn resets_at_any_moment_leave_nothing_behind_on_64_bits() {
    resets::<64, 8>(18);
}

#[test]
fn resets_at_any_moment_leave_nothing_behind_on_512_bits() {
    resets::<512, 64>(19);
}

#[test]
fn self_tests_pass_and_leave_the_engines_free() {
    let mut bench = Bench::stub::<64, 8>(AxiOptions::rough(20));
    bench.enable(8, 8);
    for tests in [0, 1, 2, 3] {
        assert_eq!(
            bench.run(Command::SelfTest { tests }),
            Reply { status: Status::Success, detail: 0 },
            "tests {tests}"
        );
    }
    let hash = Command::Poseidon { result: BASE + 0x8000, capacity: 64, input: BASE + 0x4000, count: 2 };
    assert_eq!(bench.run(hash).status, Status::Success);
}
