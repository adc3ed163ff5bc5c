//! A Verilated board, at its pins: bytes go in and come out as bits of the serial line.

use std::collections::VecDeque;

use crate::verilator::{Port, Simulation, VerilatorError};

/// Cycles of the power-up reset.
const RESET_CYCLES: u64 = 4;
/// Bits of a byte on the line: start, eight, stop.
const BYTE_BITS: u32 = 10;

/// A board that runs.
pub struct RtlBoard {
    simulation: Simulation,
    receive: Port,
    send: Port,
    lights: Port,
    bit_cycles: u32,
    to_card: VecDeque<u8>,
    /// Bits still to be put on the line, lowest first, the one that is on it included, and what is left of that one's time.
    leaving: (u32, u32, u32),
    /// Bits of the byte that comes, how many have come, and cycles to the next one's middle; none between bytes.
    coming: Option<(u32, u32, u32)>,
    from_card: Vec<u8>,
}

impl RtlBoard {
    /// Powers a board up: a simulation of [`crate::board::BoardConfig::design`] with bits of `bit_cycles`.
    ///
    /// # Errors
    /// The design has not the ports of a board.
    pub fn new(mut simulation: Simulation, bit_cycles: u32, fingerprint: [u8; 8]) -> Result<Self, VerilatorError> {
        let [receive, send, lights] =
            [simulation.port("receive")?, simulation.port("send")?, simulation.port("lights")?];
        let (reset, checksum) = (simulation.port("reset")?, simulation.port("rtl_checksum")?);
        simulation.set(checksum, u64::from_le_bytes(fingerprint));
        simulation.set(receive, 1);
        simulation.set(reset, 1);
        for _ in 0..RESET_CYCLES {
            simulation.tick();
        }
        simulation.set(reset, 0);
        Ok(Self {
            simulation,
            receive,
            send,
            lights,
            bit_cycles,
            to_card: VecDeque::new(),
            leaving: (0, 0, 0),
            coming: None,
            from_card: Vec::new(),
        })
    }

    /// Queues bytes for the card.
    pub fn write(&mut self, bytes: &[u8]) {
        self.to_card.extend(bytes);
    }

    /// Bytes that have not started on their way to the card.
    pub fn queued(&self) -> usize {
        self.to_card.len()
    }

    /// Bytes that have come from the card since the last call.
    pub fn take(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.from_card)
    }

    /// The LEDs.
    pub fn lights(&self) -> u8 {
        self.simulation.get(self.lights) as u8
    }

    /// Cycles since power-up.
    pub fn cycles(&self) -> u64 {
        self.simulation.cycles()
    }

    /// Clock cycles.
    pub fn step(&mut self, cycles: u32) {
        for _ in 0..cycles {
            self.cycle();
        }
    }

    fn cycle(&mut self) {
        self.drive();
        self.simulation.tick();
        self.sample();
    }

    /// Sets the line to the card.
    fn drive(&mut self) {
        let (bits, left, cycles) = &mut self.leaving;
        if *cycles > 0 {
            *cycles -= 1;
            return;
        }
        if *left == 0 {
            let Some(byte) = self.to_card.pop_front() else { return };
            *bits = u32::from(byte) << 1 | 1 << (BYTE_BITS - 1);
            *left = BYTE_BITS;
        }
        self.simulation.set(self.receive, u64::from(*bits & 1));
        *bits >>= 1;
        *left -= 1;
        *cycles = self.bit_cycles - 1;
    }

    /// Looks at the line from the card.
    fn sample(&mut self) {
        let level = self.simulation.get(self.send) as u32;
        self.coming = match self.coming {
            None if level == 0 => Some((0, 0, self.bit_cycles / 2 - 1)),
            None => None,
            Some((bits, count, 0)) => {
                let bits = bits | level << count;
                if count + 1 < BYTE_BITS {
                    Some((bits, count + 1, self.bit_cycles - 1))
                } else {
                    // A byte without its stop bit is noise.
                    if level == 1 {
                        self.from_card.push((bits >> 1) as u8);
                    }
                    None
                }
            }
            Some((bits, count, cycles)) => Some((bits, count, cycles - 1)),
        };
    }
}
