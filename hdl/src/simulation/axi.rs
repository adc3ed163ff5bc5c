//! An AXI4 slave behind the card's master ports, in front of a [`Memory`].
//!
//! It is as unhelpful as the protocol allows: latencies and stalls vary, responses of different identifiers overtake each
//! other, and read data of different identifiers interleaves beat by beat. It also watches: what a master must not do is
//! written down in [`AxiBus::violations`].

use std::collections::VecDeque;
use std::ops::Range;

use super::memory::Memory;
use crate::verilator::{Port, Simulation, VerilatorError};

/// Two-bit response: the access was refused.
const SLVERR: u64 = 2;
/// Two-bit burst type: rising addresses.
const INCR: u64 = 1;
/// Cycles that a response of a register waits at most, where there are stalls.
const LONGEST_PAUSE: u64 = 6;
/// Identifiers on the bus.
const IDENTIFIERS: usize = 16;
/// The span that no burst may leave.
const PAGE_BYTES: u64 = 4096;

/// How the bus behaves.
#[derive(Clone, Debug)]
pub struct AxiOptions {
    /// Of the random choices.
    pub seed: u64,
    /// Cycles from a request to its response.
    pub latency: Range<u64>,
    /// Of 256 cycles, those in which a channel does not move.
    pub stalls: u8,
}

impl AxiOptions {
    /// A bus without stalls, of a fixed latency.
    pub fn steady(latency: u64) -> Self {
        Self { seed: 0, latency: latency..latency + 1, stalls: 0 }
    }

    /// A bus that does all that the protocol allows.
    pub fn rough(seed: u64) -> Self {
        Self { seed, latency: 1..80, stalls: 100 }
    }
}

/// SplitMix64 (Steele, Lea, Flood 2014).
#[derive(Clone, Debug)]
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn within(&mut self, range: &Range<u64>) -> u64 {
        range.start + self.next() % (range.end - range.start).max(1)
    }
}

#[derive(Debug)]
struct ReadBurst {
    address: u64,
    beats: usize,
    served: usize,
    due: u64,
    /// Data and errors by beat, fetched with the first beat.
    data: Vec<u8>,
    errors: Vec<bool>,
}

#[derive(Debug)]
struct WriteBurst {
    id: usize,
    address: u64,
    beats: usize,
    taken: usize,
    refused: bool,
}

#[derive(Debug)]
struct Ports {
    ar_id: Port,
    ar_address: Port,
    ar_length: Port,
    ar_size: Port,
    ar_burst: Port,
    ar_valid: Port,
    ar_ready: Port,
    r_id: Port,
    r_data: Port,
    r_response: Port,
    r_last: Port,
    r_valid: Port,
    r_ready: Port,
    aw_id: Port,
    aw_address: Port,
    aw_length: Port,
    aw_size: Port,
    aw_burst: Port,
    aw_valid: Port,
    aw_ready: Port,
    w_data: Port,
    w_strobe: Port,
    w_last: Port,
    w_valid: Port,
    w_ready: Port,
    b_id: Port,
    b_response: Port,
    b_valid: Port,
    b_ready: Port,
}

/// The slave. Its cycle is: [`AxiBus::drive`] the ports, one clock, and so on.
#[derive(Debug)]
pub struct AxiBus {
    ports: Ports,
    options: AxiOptions,
    random: Random,
    bytes: usize,
    now: u64,
    reads: [VecDeque<ReadBurst>; IDENTIFIERS],
    writes: VecDeque<WriteBurst>,
    answers: [VecDeque<(u64, bool)>; IDENTIFIERS],
    /// Read data and write response on offer, until taken.
    offered_read: bool,
    offered_answer: bool,
    /// AR and AW as they waited in the cycle before.
    waiting: [Option<(u64, u64)>; 2],
    beat: Vec<u8>,
    words: Vec<u32>,
    strobes: Vec<u32>,
    /// What the master did that it must not do.
    pub violations: Vec<String>,
    /// Beats read and written since the start.
    pub beats: [u64; 2],
    /// Requests accepted whose response has not been delivered, at most.
    pub most_outstanding: usize,
}

impl AxiBus {
    /// The slave for the ports `m_axi_…` of a simulation.
    ///
    /// # Errors
    /// A port is missing.
    pub fn new(simulation: &Simulation, options: AxiOptions) -> Result<Self, VerilatorError> {
        let port = |name: &str| simulation.port(&format!("m_axi_{name}"));
        let ports = Ports {
            ar_id: port("arid")?,
            ar_address: port("araddr")?,
            ar_length: port("arlen")?,
            ar_size: port("arsize")?,
            ar_burst: port("arburst")?,
            ar_valid: port("arvalid")?,
            ar_ready: port("arready")?,
            r_id: port("rid")?,
            r_data: port("rdata")?,
            r_response: port("rresp")?,
            r_last: port("rlast")?,
            r_valid: port("rvalid")?,
            r_ready: port("rready")?,
            aw_id: port("awid")?,
            aw_address: port("awaddr")?,
            aw_length: port("awlen")?,
            aw_size: port("awsize")?,
            aw_burst: port("awburst")?,
            aw_valid: port("awvalid")?,
            aw_ready: port("awready")?,
            w_data: port("wdata")?,
            w_strobe: port("wstrb")?,
            w_last: port("wlast")?,
            w_valid: port("wvalid")?,
            w_ready: port("wready")?,
            b_id: port("bid")?,
            b_response: port("bresp")?,
            b_valid: port("bvalid")?,
            b_ready: port("bready")?,
        };
        let bytes = ports.r_data.width / 8;
        Ok(Self {
            random: Random(options.seed),
            options,
            bytes,
            now: 0,
            reads: Default::default(),
            writes: VecDeque::new(),
            answers: Default::default(),
            offered_read: false,
            offered_answer: false,
            waiting: [None; 2],
            beat: vec![0; bytes],
            words: vec![0; bytes / 4],
            strobes: vec![0; bytes.div_ceil(32)],
            violations: Vec::new(),
            beats: [0; 2],
            most_outstanding: 0,
            ports,
        })
    }

    /// Bytes a beat.
    pub fn beat_bytes(&self) -> usize {
        self.bytes
    }

    /// Nothing is under way.
    pub fn idle(&self) -> bool {
        self.outstanding() == 0
    }

    fn outstanding(&self) -> usize {
        let reads: usize = self.reads.iter().map(VecDeque::len).sum();
        let answers: usize = self.answers.iter().map(VecDeque::len).sum();
        reads + answers + self.writes.len()
    }

    /// Drives the slave's side of one cycle; the caller's next clock edge completes its transfers. The master's outputs come
    /// from registers, so they are already those of this cycle.
    pub fn drive(&mut self, simulation: &mut Simulation, memory: &mut dyn Memory) {
        self.now += 1;
        self.offer_read(simulation, memory);
        self.offer_answer(simulation);
        self.take_read(simulation);
        self.take_write(simulation);
        self.take_data(simulation, memory);
        self.most_outstanding = self.most_outstanding.max(self.outstanding());
    }

    /// Cycles that a host keeps a register's response waiting.
    pub(super) fn pause(&mut self) -> u64 {
        if self.options.stalls == 0 { 0 } else { self.random.within(&(0..LONGEST_PAUSE)) }
    }

    fn moves(&mut self) -> bool {
        self.options.stalls == 0 || (self.random.next() & 0xff) as u8 >= self.options.stalls
    }

    /// One of the identifiers that have something due.
    fn choose(&mut self, due: impl Fn(&Self, usize) -> bool) -> Option<usize> {
        let candidates: Vec<usize> = (0..IDENTIFIERS).filter(|id| due(self, *id)).collect();
        let index = if candidates.len() > 1 { self.random.next() as usize % candidates.len() } else { 0 };
        candidates.get(index).copied()
    }

    fn offer_read(&mut self, simulation: &mut Simulation, memory: &mut dyn Memory) {
        if self.offered_read {
            // Offered in an earlier cycle in which the master was not ready: it stays.
            self.offered_read = simulation.get(self.ports.r_ready) == 0;
            return;
        }
        let due = |bus: &Self, id: usize| bus.reads[id].front().is_some_and(|burst| burst.due <= bus.now);
        let chosen =
            if self.reads.iter().any(|queue| !queue.is_empty()) && self.moves() { self.choose(due) } else { None };
        let Some((id, burst)) = chosen.and_then(|id| Some((id, self.reads[id].front_mut()?))) else {
            simulation.set(self.ports.r_valid, 0);
            return;
        };
        let bytes = self.bytes;
        if burst.served == 0 {
            burst.data = vec![0; burst.beats * bytes];
            burst.errors = vec![false; burst.beats];
            if memory.read(burst.address, &mut burst.data).is_err() {
                for (beat, (data, error)) in burst.data.chunks_mut(bytes).zip(&mut burst.errors).enumerate() {
                    *error = memory.read(burst.address + (beat * bytes) as u64, data).is_err();
                }
            }
        }
        let data = &burst.data[burst.served * bytes..][..bytes];
        for (word, bytes) in self.words.iter_mut().zip(data.as_chunks().0) {
            *word = u32::from_le_bytes(*bytes);
        }
        let error = burst.errors[burst.served];
        burst.served += 1;
        let last = burst.served == burst.beats;
        if last {
            self.reads[id].pop_front();
        }
        simulation.set_words(self.ports.r_data, &self.words);
        simulation.set(self.ports.r_id, id as u64);
        simulation.set(self.ports.r_response, if error { SLVERR } else { 0 });
        simulation.set(self.ports.r_last, last.into());
        simulation.set(self.ports.r_valid, 1);
        self.beats[0] += 1;
        self.offered_read = simulation.get(self.ports.r_ready) == 0;
    }

    fn offer_answer(&mut self, simulation: &mut Simulation) {
        if self.offered_answer {
            self.offered_answer = simulation.get(self.ports.b_ready) == 0;
            return;
        }
        let due = |bus: &Self, id: usize| bus.answers[id].front().is_some_and(|(due, _)| *due <= bus.now);
        let chosen =
            if self.answers.iter().any(|queue| !queue.is_empty()) && self.moves() { self.choose(due) } else { None };
        let Some((id, (_, refused))) = chosen.and_then(|id| Some((id, self.answers[id].pop_front()?))) else {
            simulation.set(self.ports.b_valid, 0);
            return;
        };
        simulation.set(self.ports.b_id, id as u64);
        simulation.set(self.ports.b_response, if refused { SLVERR } else { 0 });
        simulation.set(self.ports.b_valid, 1);
        self.offered_answer = simulation.get(self.ports.b_ready) == 0;
    }

    fn take_read(&mut self, simulation: &mut Simulation) {
        let ready = self.moves();
        simulation.set(self.ports.ar_ready, ready.into());
        let valid = simulation.get(self.ports.ar_valid) == 1;
        let [address, length, id, size, burst] =
            [self.ports.ar_address, self.ports.ar_length, self.ports.ar_id, self.ports.ar_size, self.ports.ar_burst]
                .map(|port| if valid { simulation.get(port) } else { 0 });
        self.watch(0, valid, ready, address, length);
        if valid && ready {
            self.check("read", address, length, size, burst);
            let due = self.now + self.random.within(&self.options.latency);
            let (beats, data, errors) = (length as usize + 1, Vec::new(), Vec::new());
            self.reads[id as usize].push_back(ReadBurst { address, beats, served: 0, due, data, errors });
        }
    }

    fn take_write(&mut self, simulation: &mut Simulation) {
        let ready = self.moves();
        simulation.set(self.ports.aw_ready, ready.into());
        let valid = simulation.get(self.ports.aw_valid) == 1;
        let [address, length, id, size, burst] =
            [self.ports.aw_address, self.ports.aw_length, self.ports.aw_id, self.ports.aw_size, self.ports.aw_burst]
                .map(|port| if valid { simulation.get(port) } else { 0 });
        self.watch(1, valid, ready, address, length);
        if valid && ready {
            self.check("write", address, length, size, burst);
            let (id, beats) = (id as usize, length as usize + 1);
            self.writes.push_back(WriteBurst { id, address, beats, taken: 0, refused: false });
        }
    }

    fn take_data(&mut self, simulation: &mut Simulation, memory: &mut dyn Memory) {
        let ready = self.moves();
        simulation.set(self.ports.w_ready, ready.into());
        if !ready || simulation.get(self.ports.w_valid) == 0 {
            return;
        }
        let Some(burst) = self.writes.front_mut() else {
            self.violations.push("write data before its address".into());
            return;
        };
        simulation.get_words(self.ports.w_data, &mut self.words);
        simulation.get_words(self.ports.w_strobe, &mut self.strobes);
        for (bytes, word) in self.beat.chunks_mut(4).zip(&self.words) {
            bytes.copy_from_slice(&word.to_le_bytes());
        }
        let address = burst.address + (burst.taken * self.bytes) as u64;
        let strobe = |byte: usize| self.strobes[byte / 32] >> (byte % 32) & 1 == 1;
        let mut start = 0;
        while start < self.bytes {
            let end = (start..self.bytes).find(|byte| strobe(*byte) != strobe(start)).unwrap_or(self.bytes);
            if strobe(start) {
                burst.refused |= memory.write(address + start as u64, &self.beat[start..end]).is_err();
            }
            start = end;
        }
        burst.taken += 1;
        self.beats[1] += 1;
        let last = burst.taken == burst.beats;
        if (simulation.get(self.ports.w_last) == 1) != last {
            self.violations.push(format!("WLAST is wrong in beat {} of {}", burst.taken, burst.beats));
        }
        if last && let Some(burst) = self.writes.pop_front() {
            let due = self.now + self.random.within(&self.options.latency);
            self.answers[burst.id].push_back((due, burst.refused));
        }
    }

    /// A request that waits must not change.
    fn watch(&mut self, channel: usize, valid: bool, ready: bool, address: u64, length: u64) {
        if self.waiting[channel].is_some_and(|waited| !valid || waited != (address, length)) {
            self.violations.push(format!("a request for {address:#x} changed while it waited"));
        }
        self.waiting[channel] = (valid && !ready).then_some((address, length));
    }

    fn check(&mut self, what: &str, address: u64, length: u64, size: u64, burst: u64) {
        let bytes = (length + 1) * self.bytes as u64;
        let within = |holds: bool, rule: &str| {
            if holds { None } else { Some(format!("a {what} of {bytes} bytes at {address:#x}: {rule}")) }
        };
        let rules = [
            within(address % PAGE_BYTES + bytes <= PAGE_BYTES, "crosses a multiple of 4 KiB"),
            within(address.is_multiple_of(self.bytes as u64), "starts within a beat"),
            within(1 << size == self.bytes, "has beats of another size"),
            within(burst == INCR, "does not rise"),
        ];
        self.violations.extend(rules.into_iter().flatten());
    }
}
