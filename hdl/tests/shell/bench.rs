//! A card with stub engines and a driver small enough to be seen through.

use std::ops::Range;

use halo2curves::bn256::Fr;
use halo2curves::ff::{Field as _, PrimeField};
use penstock_abi::registers as r;
use penstock_abi::{COMMAND_BYTES, COMPLETION_BYTES, Capabilities, Command, Completion, MsmLayout, Status};
use penstock_hdl::emit::{Design, emit};
use penstock_hdl::field::{Field, RADIX_BITS};
use penstock_hdl::msm::{BASE_BITS, SUM_WORD_BITS};
use penstock_hdl::shell::top::{Shell, ShellConfig};
use penstock_hdl::simulation::{AxiOptions, Memory, Ram, RtlCard};
use penstock_hdl::verilator::{Library, Options};
use rand::{Rng, RngCore, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rust_hdl::prelude::*;

use super::stub::{StubMsm, StubPoseidon};

penstock_hdl::card! {
    /// The shell with stubs.
    StubCard, StubMsm, BASE_BITS, SUM_WORD_BITS, StubPoseidon
}

/// Where host memory is.
pub const BASE: u64 = 0x12_3456_0000;
const SUBMISSION: u64 = 0x1000 - 2 * COMMAND_BYTES as u64;
const COMPLETION: u64 = 0x3f000 - 4 * COMPLETION_BYTES as u64;

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reply {
    pub status: Status,
    pub detail: u64,
}

pub struct Bench {
    pub card: RtlCard,
    pub ram: Ram,
    pub capabilities: Capabilities,
    /// Cycles that a command may take.
    pub patience: u64,
    entries: [u32; 2],
    tail: u32,
    head: u32,
    phase: bool,
}

/// Of the scalar field.
pub fn modulus_bytes() -> [u8; 32] {
    Field::Scalar.modulus().to_bytes_le().try_into().unwrap()
}

/// Canonical in both fields.
pub fn element(random: &mut impl RngCore) -> [u8; 32] {
    Fr::random(random).to_repr()
}

impl Bench {
    /// A card with stub engines on a bus of `D` bits.
    pub fn stub<const D: usize, const S: usize>(options: AxiOptions) -> Self {
        let capabilities = Capabilities {
            abi_minor: penstock_abi::ABI_MINOR,
            rtl_checksum: [1, 2, 3, 4, 5, 6, 7, 8],
            msm: true,
            poseidon: true,
            resident_bases: false,
            simulated: true,
            // Many windows of few points.
            msm_layout: MsmLayout { window_bits: 3, reductions: 1 },
            pass_windows: 2,
            vectors: 3,
            max_points: 1 << 20,
            base_sets: 2,
            radix_bits: RADIX_BITS as u32,
            poseidon_lanes: 1,
            max_hashes: 1000,
            clock_khz: 100_000,
            data_bits: D as u32,
            address_bits: 64,
            max_ring_entries: 256,
        };
        let config = ShellConfig {
            capabilities,
            groups: 40,
            known_sum: super::stub::known_sum(&capabilities.msm_layout),
            most_beats: 8,
            depth_bits: 5,
        };
        let build = || {
            StubCard::<D, S>::new(Shell::new(&config), StubMsm::new(&capabilities.msm_layout), StubPoseidon::default())
        };
        let design = emit("stub_card", build).unwrap();
        Self::new(&design, &Options::default(), capabilities, options)
    }

    /// A card of any design.
    pub fn new(design: &Design, options: &Options, capabilities: Capabilities, bus: AxiOptions) -> Self {
        let library = Library::build(design, options).unwrap();
        let card = RtlCard::new(library.simulation().unwrap(), bus, capabilities.rtl_checksum).unwrap();
        let mut ram = Ram::new(BASE, 1 << 19);
        let mut random = ChaCha8Rng::seed_from_u64(99);
        for element in ram.bytes.chunks_mut(32) {
            element.copy_from_slice(&self::element(&mut random));
        }
        Self { card, ram, capabilities, patience: 400_000, entries: [2; 2], tail: 0, head: 0, phase: true }
    }

    pub fn read(&mut self, offset: u32) -> u32 {
        self.card.register_read(offset, &mut self.ram).unwrap()
    }

    pub fn write(&mut self, offset: u32, value: u32) {
        self.card.register_write(offset, value, &mut self.ram).unwrap();
    }

    pub fn enable(&mut self, submissions: u32, completions: u32) {
        self.entries = [submissions, completions];
        (self.tail, self.head, self.phase) = (0, 0, true);
        for (low, high, entries, at, count) in [
            (r::SUBMISSION_BASE_LOW, r::SUBMISSION_BASE_HIGH, r::SUBMISSION_ENTRIES, SUBMISSION, submissions),
            (r::COMPLETION_BASE_LOW, r::COMPLETION_BASE_HIGH, r::COMPLETION_ENTRIES, COMPLETION, completions),
        ] {
            self.write(low.offset, (BASE + at) as u32);
            self.write(high.offset, ((BASE + at) >> 32) as u32);
            self.write(entries.offset, count);
        }
        let ring = self.completion_ring();
        let bytes = (ring.start - BASE) as usize..(ring.end - BASE) as usize;
        self.ram.bytes[bytes].fill(0);
        self.write(r::CONTROL.offset, r::CONTROL_ENABLE.with(1) | r::CONTROL_INTERRUPT.with(1));
        assert_eq!(r::STATUS_READY.of(self.read(r::STATUS.offset)), 1);
        self.card.take_interrupts();
    }

    pub fn submission_ring(&self) -> Range<u64> {
        BASE + SUBMISSION..BASE + SUBMISSION + u64::from(self.entries[0]) * COMMAND_BYTES as u64
    }

    pub fn completion_ring(&self) -> Range<u64> {
        BASE + COMPLETION..BASE + COMPLETION + u64::from(self.entries[1]) * COMPLETION_BYTES as u64
    }

    pub fn put(&mut self, at: u64, bytes: &[u8]) {
        self.ram.bytes[at as usize..][..bytes.len()].copy_from_slice(bytes);
    }

    pub fn submit(&mut self, id: u32, mut bytes: [u8; COMMAND_BYTES]) {
        Command::set_id(&mut bytes, id);
        self.put(SUBMISSION + u64::from(self.tail) * COMMAND_BYTES as u64, &bytes);
        self.tail = (self.tail + 1) % self.entries[0];
    }

    pub fn ring(&mut self) {
        self.write(r::SUBMISSION_TAIL.offset, self.tail);
    }

    /// Waits for the next completion and frees its slot.
    pub fn wait(&mut self) -> Completion {
        let at = BASE + COMPLETION + u64::from(self.head) * COMPLETION_BYTES as u64;
        let mut bytes = [0; COMPLETION_BYTES];
        for _ in 0..self.patience {
            self.ram.read(at, &mut bytes).unwrap();
            let completion = Completion::decode(&bytes);
            if completion.phase == self.phase {
                self.head = (self.head + 1) % self.entries[1];
                self.phase ^= self.head == 0;
                self.write(r::COMPLETION_HEAD.offset, self.head);
                assert_eq!(self.card.bus().violations, Vec::<String>::new());
                return completion;
            }
            self.card.cycle(&mut self.ram);
        }
        panic!("no completion; status {:#x}", self.read(r::STATUS.offset));
    }

    pub fn run(&mut self, command: Command) -> Reply {
        self.run_bytes(command.encode())
    }

    pub fn run_bytes(&mut self, bytes: [u8; COMMAND_BYTES]) -> Reply {
        let id = self.tail * 1000 + 17;
        self.submit(id, bytes);
        self.ring();
        let completion = self.wait();
        assert_eq!((completion.id, completion.head), (id, self.tail));
        Reply { status: Status::from_code(completion.status).unwrap(), detail: completion.detail }
    }

    pub fn soft_reset(&mut self) {
        self.write(r::CONTROL.offset, r::CONTROL_RESET.with(1));
        self.wait_for_reset();
    }

    pub fn wait_for_reset(&mut self) {
        for _ in 0..1000 {
            if self.read(r::CONTROL.offset) == 0 {
                return;
            }
        }
        panic!("the reset never ends");
    }

    pub fn snapshot(&self) -> Vec<u8> {
        self.ram.bytes.clone()
    }

    /// Memory is as it was, but for these writes and the rings.
    pub fn check_writes(&self, mut before: Vec<u8>, writes: &[(u64, Vec<u8>)]) {
        for (at, bytes) in writes {
            before[*at as usize..][..bytes.len()].copy_from_slice(bytes);
        }
        for ring in [self.submission_ring(), self.completion_ring()] {
            let range = (ring.start - BASE) as usize..(ring.end - BASE) as usize;
            before[range.clone()].copy_from_slice(&self.ram.bytes[range]);
        }
        let differs = before.iter().zip(&self.ram.bytes).position(|(before, after)| before != after);
        assert_eq!(differs, None, "memory differs");
    }

    /// A command whose fields are mostly near what is allowed.
    pub fn random_command(&self, random: &mut impl Rng) -> Command {
        let mut address = || {
            let aligned = BASE + 64 * random.gen_range(0..100u64);
            if random.gen_range(0..8) == 0 { aligned + random.gen_range(1..64u64) } else { aligned }
        };
        let (result, input, stride) = (address(), address(), address());
        let most = self.capabilities.max_points;
        let count = [0, 1, 2, most - 1, most, most + 1, u32::MAX, 1000, 1001][random.gen_range(0..9)];
        let first = [0, 1, most - 1, most, u32::MAX][random.gen_range(0..5)];
        let capacity = [0, 63, 64, 31_999, 32_000, u64::MAX, 1 << 40][random.gen_range(0..7)];
        let (set, vectors) = (random.gen_range(0..4), random.gen_range(0..5));
        match random.gen_range(0..5) {
            0 => Command::Identify { result, capacity },
            1 => Command::SetBases { input, count, set },
            2 => Command::Msm { result, capacity, input, count, set, vectors, first, stride },
            3 => Command::Poseidon { result, capacity, input, count },
            _ => Command::SelfTest { tests: random.gen_range(0..16) },
        }
    }
}
