//! The model's control registers and rings.
//!
//! Everything here happens under one lock, in the thread that writes a doorbell or finishes a command: fetching and
//! completing are short. Work that a reset overtakes is told by its generation, and touches nothing any more.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::Sender;

use penstock_abi::{
    ALIGNMENT, COMMAND_BYTES, COMPLETION_BYTES, Command, Completion, Opcode, Rejection, Status, registers as r,
};

use super::engine::{Job, immediate};
use super::{Card, Fault};

/// Host memory that a command moves in one go, before others get their turn.
pub(super) const BURST: usize = 1 << 20;
/// Bytes of a completion before its phase.
const BEFORE_PHASE: usize = COMPLETION_BYTES - 2;

/// Registers and what follows from them.
pub(super) struct State {
    control: u32,
    rings: Rings,
    fatal: Option<u64>,
    scratch: u32,
    pub(super) cycles_high: u32,
    /// Where the bases of each set are, and how many.
    bases: Vec<Option<(u64, u32)>>,
    /// Commands fetched and not completed.
    under_way: u32,
    /// Completions that wait for a free slot.
    waiting: VecDeque<Completion>,
    faults: Vec<(Fault, u32)>,
    gone: bool,
    stalled: bool,
    msm: Sender<Job>,
    poseidon: Sender<Job>,
}

/// Ring registers.
#[derive(Clone, Copy, Default)]
struct Rings {
    submission_base: u64,
    submission_entries: u32,
    submission_head: u32,
    submission_tail: u32,
    completion_base: u64,
    completion_entries: u32,
    completion_head: u32,
    completion_tail: u32,
    /// Phase of the next completion.
    phase: bool,
}

impl Rings {
    fn are_good(&self, most: u32) -> bool {
        let ring = |base: u64, entries: u32| {
            base.is_multiple_of(ALIGNMENT) && entries.is_power_of_two() && (2..=most).contains(&entries)
        };
        ring(self.submission_base, self.submission_entries) && ring(self.completion_base, self.completion_entries)
    }
}

fn low(word: &mut u64, value: u32) {
    *word = *word >> 32 << 32 | u64::from(value);
}

fn high(word: &mut u64, value: u32) {
    *word = u64::from(value) << 32 | *word & u64::from(u32::MAX);
}

impl State {
    pub(super) fn new([msm, poseidon]: [Sender<Job>; 2]) -> Self {
        Self {
            control: 0,
            rings: Rings { phase: true, ..Rings::default() },
            fatal: None,
            scratch: 0,
            cycles_high: 0,
            bases: Vec::new(),
            under_way: 0,
            waiting: VecDeque::new(),
            faults: Vec::new(),
            gone: false,
            stalled: false,
            msm,
            poseidon,
        }
    }

    pub(super) fn arm(&mut self, fault: Fault, after: u32) {
        self.faults.push((fault, after));
    }

    pub(super) fn is_gone(&self) -> bool {
        self.gone
    }

    /// Forgets everything; a soft reset spares the scratch register. Armed faults are no part of the card.
    pub(super) fn reset(&mut self, card: &Card, hard: bool) {
        card.generation.fetch_add(1, Ordering::SeqCst);
        let fresh = Self::new([self.msm.clone(), self.poseidon.clone()]);
        let old = std::mem::replace(self, fresh);
        (self.faults, self.gone) = (old.faults, old.gone);
        self.scratch = if hard { 0 } else { old.scratch };
    }

    /// A register that is no capability.
    pub(super) fn register(&self, offset: u32) -> u32 {
        let rings = &self.rings;
        let values = [
            (r::CONTROL, self.control),
            (r::STATUS, self.status()),
            (r::FAULT_ADDRESS_LOW, self.fatal.unwrap_or(0) as u32),
            (r::FAULT_ADDRESS_HIGH, (self.fatal.unwrap_or(0) >> 32) as u32),
            (r::SUBMISSION_BASE_LOW, rings.submission_base as u32),
            (r::SUBMISSION_BASE_HIGH, (rings.submission_base >> 32) as u32),
            (r::SUBMISSION_ENTRIES, rings.submission_entries),
            (r::COMPLETION_BASE_LOW, rings.completion_base as u32),
            (r::COMPLETION_BASE_HIGH, (rings.completion_base >> 32) as u32),
            (r::COMPLETION_ENTRIES, rings.completion_entries),
            (r::SUBMISSION_TAIL, rings.submission_tail),
            (r::COMPLETION_HEAD, rings.completion_head),
            (r::SUBMISSION_HEAD, rings.submission_head),
            (r::COMPLETION_TAIL, rings.completion_tail),
            (r::CYCLES_HIGH, self.cycles_high),
            (r::SCRATCH, self.scratch),
        ];
        values.iter().find(|(register, _)| register.offset == offset).map_or(0, |(_, value)| *value)
    }

    fn is_enabled(&self) -> bool {
        r::CONTROL_ENABLE.of(self.control) == 1
    }

    /// Whether commands are fetched; rings that were good when the card was enabled cannot change since.
    fn is_ready(&self) -> bool {
        self.is_enabled() && self.rings.submission_entries != 0 && self.fatal.is_none()
    }

    fn status(&self) -> u32 {
        r::STATUS_READY.with(self.is_ready().into())
            | r::STATUS_BUSY.with((self.under_way > 0).into())
            | r::STATUS_FATAL.with(self.fatal.is_some().into())
            | r::STATUS_BAD_RING.with((self.is_enabled() && self.rings.submission_entries == 0).into())
    }

    pub(super) fn set_register(&mut self, card: &Arc<Card>, offset: u32, value: u32) {
        const CONTROL: u32 = r::CONTROL.offset;
        const SUBMISSION_TAIL: u32 = r::SUBMISSION_TAIL.offset;
        const COMPLETION_HEAD: u32 = r::COMPLETION_HEAD.offset;
        const SCRATCH: u32 = r::SCRATCH.offset;
        match offset {
            CONTROL if r::CONTROL_RESET.of(value) == 1 => self.reset(card, false),
            CONTROL => {
                if r::CONTROL_ENABLE.of(value) == 1
                    && !self.is_enabled()
                    && !self.rings.are_good(card.capabilities.max_ring_entries)
                {
                    // Rings without entries stand for bad ones.
                    self.rings.submission_entries = 0;
                }
                self.control = value & (r::CONTROL_ENABLE.with(1) | r::CONTROL_INTERRUPT.with(1));
            }
            SUBMISSION_TAIL if self.is_ready() && value < self.rings.submission_entries => {
                self.rings.submission_tail = value;
                self.fetch(card);
            }
            COMPLETION_HEAD if self.is_ready() && value < self.rings.completion_entries => {
                self.rings.completion_head = value;
                while !self.is_full()
                    && let Some(completion) = self.waiting.pop_front()
                {
                    self.write_completion(card, completion);
                }
                self.fetch(card);
            }
            SCRATCH => self.scratch = value,
            _ if !self.is_enabled() => self.set_ring_register(offset, value),
            _ => {}
        }
    }

    fn set_ring_register(&mut self, offset: u32, value: u32) {
        const SUBMISSION_BASE_LOW: u32 = r::SUBMISSION_BASE_LOW.offset;
        const SUBMISSION_BASE_HIGH: u32 = r::SUBMISSION_BASE_HIGH.offset;
        const SUBMISSION_ENTRIES: u32 = r::SUBMISSION_ENTRIES.offset;
        const COMPLETION_BASE_LOW: u32 = r::COMPLETION_BASE_LOW.offset;
        const COMPLETION_BASE_HIGH: u32 = r::COMPLETION_BASE_HIGH.offset;
        const COMPLETION_ENTRIES: u32 = r::COMPLETION_ENTRIES.offset;
        let rings = &mut self.rings;
        match offset {
            SUBMISSION_BASE_LOW => low(&mut rings.submission_base, value),
            SUBMISSION_BASE_HIGH => high(&mut rings.submission_base, value),
            SUBMISSION_ENTRIES => rings.submission_entries = value,
            COMPLETION_BASE_LOW => low(&mut rings.completion_base, value),
            COMPLETION_BASE_HIGH => high(&mut rings.completion_base, value),
            COMPLETION_ENTRIES => rings.completion_entries = value,
            _ => {}
        }
    }

    /// Reads and starts commands up to the tail.
    fn fetch(&mut self, card: &Arc<Card>) {
        while self.is_ready()
            && !self.stalled
            && self.waiting.is_empty()
            && self.rings.submission_head != self.rings.submission_tail
        {
            let address = self.rings.submission_base + u64::from(self.rings.submission_head) * COMMAND_BYTES as u64;
            let mut bytes = [0; COMMAND_BYTES];
            if let Err(fault) = card.bus.read(address, &mut bytes) {
                self.fatal = Some(fault.address);
                return;
            }
            self.rings.submission_head = (self.rings.submission_head + 1) % self.rings.submission_entries;
            self.start(card, &bytes);
        }
    }

    /// Starts a command, and finishes it if it is short.
    fn start(&mut self, card: &Arc<Card>, bytes: &[u8; COMMAND_BYTES]) {
        let mut job = Job {
            card: card.clone(),
            generation: card.generation.load(Ordering::SeqCst),
            id: Command::id(bytes),
            fault: self.next_fault(),
            started: card.cycles(),
            command: Command::SelfTest { tests: 0 },
            bases: 0,
        };
        match job.fault {
            Some(Fault::NeverCompletes) => {
                self.under_way += 1;
                return;
            }
            Some(Fault::Stalls) => {
                self.stalled = true;
                return;
            }
            Some(Fault::Vanishes) => {
                self.gone = true;
                return;
            }
            _ => {}
        }
        self.under_way += 1;
        let checked = Command::decode(bytes).and_then(|command| command.check(&card.capabilities).map(|()| command));
        job.command = match checked {
            Ok(command) => command,
            Err(rejection) => return self.finish(&job, Err(rejection)),
        };
        match job.command {
            Command::SetBases { input, count, set } => {
                let set = usize::from(set);
                self.bases.resize(self.bases.len().max(set + 1), None);
                self.bases[set] = Some((input, count));
                self.finish(&job, Ok((0, Vec::new())));
            }
            Command::Msm { set, count, first, .. } => match self.bases.get(usize::from(set)) {
                Some(Some((address, bases))) if first.checked_add(count).is_some_and(|end| end <= *bases) => {
                    job.bases = *address;
                    self.dispatch(job);
                }
                _ => self.finish(&job, Err(Rejection { status: Status::NoBases, detail: set.into() })),
            },
            Command::Poseidon { .. } => self.dispatch(job),
            Command::Identify { .. } | Command::SelfTest { .. } => {
                let outcome = immediate(&job.command, &card.capabilities);
                self.finish(&job, outcome);
            }
        }
    }

    fn dispatch(&mut self, job: Job) {
        let engine = if job.command.opcode() == Opcode::Msm { &self.msm } else { &self.poseidon };
        if let Err(unsent) = engine.send(job) {
            self.finish(&unsent.0, Err(Rejection { status: Status::Internal, detail: 0 }));
        }
    }

    /// The fault that the next command meets.
    fn next_fault(&mut self) -> Option<Fault> {
        let due = self.faults.iter().position(|(_, after)| *after == 0);
        for (_, after) in &mut self.faults {
            *after = after.saturating_sub(1);
        }
        due.map(|index| self.faults.remove(index).0)
    }

    /// Writes the result of a command, of `detail` and bytes, and completes it.
    pub(super) fn finish(&mut self, job: &Job, outcome: Result<(u64, Vec<u8>), Rejection>) {
        let card = &*job.card;
        if job.generation != card.generation.load(Ordering::SeqCst) {
            return;
        }
        let written = outcome.and_then(|(detail, mut result)| {
            if job.fault == Some(Fault::FlippedBit)
                && let Some(byte) = result.first_mut()
            {
                *byte ^= 1;
            }
            match job.result_address() {
                Some(address) if job.fault == Some(Fault::DmaRefused) => {
                    Err(Rejection { status: Status::WriteFault, detail: address })
                }
                Some(address) => {
                    for (index, burst) in result.chunks(BURST).enumerate() {
                        let address = address + (index * BURST) as u64;
                        card.bus
                            .write(address, burst)
                            .map_err(|fault| Rejection { status: Status::WriteFault, detail: fault.address })?;
                    }
                    Ok(detail)
                }
                None => Ok(detail),
            }
        });
        let (status, detail) = match written {
            Ok(detail) => (Status::Success, detail),
            Err(rejection) => (rejection.status, rejection.detail),
        };
        let mut completion = Completion {
            id: job.id,
            status: status.code(),
            cycles: card.cycles() - job.started,
            detail,
            head: self.rings.submission_head,
            phase: false,
        };
        self.under_way -= 1;
        if job.fault == Some(Fault::UnknownId) {
            completion.id ^= 0x8000_0000;
        }
        self.post(card, completion);
        if job.fault == Some(Fault::CompletesTwice) {
            self.post(card, completion);
        }
        if r::CONTROL_INTERRUPT.of(self.control) == 1 && job.fault != Some(Fault::LosesInterrupt) {
            card.bus.interrupt();
        }
    }

    fn is_full(&self) -> bool {
        (self.rings.completion_tail + 1) % self.rings.completion_entries == self.rings.completion_head
    }

    fn post(&mut self, card: &Card, completion: Completion) {
        if self.is_full() {
            self.waiting.push_back(completion);
        } else {
            self.write_completion(card, completion);
        }
    }

    fn write_completion(&mut self, card: &Card, mut completion: Completion) {
        let rings = &mut self.rings;
        completion.phase = rings.phase;
        let address = rings.completion_base + u64::from(rings.completion_tail) * COMPLETION_BYTES as u64;
        let bytes = completion.encode();
        let (before, phase) = bytes.split_at(BEFORE_PHASE);
        // The phase in a write of its own: a write through a file is not atomic, but two are in order.
        let written =
            card.bus.write(address, before).and_then(|()| card.bus.write(address + BEFORE_PHASE as u64, phase));
        if let Err(fault) = written {
            self.fatal = Some(fault.address);
            return;
        }
        rings.completion_tail = (rings.completion_tail + 1) % rings.completion_entries;
        rings.phase ^= rings.completion_tail == 0;
    }
}
