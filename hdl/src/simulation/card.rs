//! A Verilated card: registers, DMA, interrupt.

use super::axi::{AxiBus, AxiOptions};
use super::memory::Memory;
use crate::verilator::{Port, Simulation, VerilatorError};

/// Cycles that a register access may take.
const PATIENCE: u64 = 1000;
/// Cycles of the power-up reset.
const RESET_CYCLES: u64 = 4;

/// Why a simulated card does not answer.
#[derive(Debug, thiserror::Error)]
pub enum CardError {
    /// The design is not a card.
    #[error(transparent)]
    Verilator(#[from] VerilatorError),
    /// A register access never ended.
    #[error("the card did not answer an access to register {offset:#05x} within {PATIENCE} cycles")]
    Hung {
        /// The register.
        offset: u32,
    },
    /// The response to an access changed while it waited.
    #[error("the card's response to an access to register {offset:#05x} changed before it was taken")]
    Withdrawn {
        /// The register.
        offset: u32,
    },
}

#[derive(Debug)]
struct Ports {
    aw_address: Port,
    aw_valid: Port,
    aw_ready: Port,
    w_data: Port,
    w_strobe: Port,
    w_valid: Port,
    w_ready: Port,
    b_response: Port,
    b_valid: Port,
    b_ready: Port,
    ar_address: Port,
    ar_valid: Port,
    ar_ready: Port,
    r_data: Port,
    r_valid: Port,
    r_ready: Port,
    reset: Port,
    function_reset: Port,
    interrupt: Port,
    interrupt_taken: Port,
}

/// A card of any shape: a simulation whose top has the shell's ports.
pub struct RtlCard {
    simulation: Simulation,
    bus: AxiBus,
    ports: Ports,
    interrupts: u64,
}

impl RtlCard {
    /// Powers a card up. `checksum` is what it says of its own Verilog ([`crate::emit::Design::fingerprint`]).
    ///
    /// # Errors
    /// The design has not the ports of a card.
    pub fn new(mut simulation: Simulation, options: AxiOptions, checksum: [u8; 8]) -> Result<Self, CardError> {
        let port = |name: &str| simulation.port(name);
        let lite = |name: &str| simulation.port(&format!("s_axil_{name}"));
        let ports = Ports {
            aw_address: lite("awaddr")?,
            aw_valid: lite("awvalid")?,
            aw_ready: lite("awready")?,
            w_data: lite("wdata")?,
            w_strobe: lite("wstrb")?,
            w_valid: lite("wvalid")?,
            w_ready: lite("wready")?,
            b_response: lite("bresp")?,
            b_valid: lite("bvalid")?,
            b_ready: lite("bready")?,
            ar_address: lite("araddr")?,
            ar_valid: lite("arvalid")?,
            ar_ready: lite("arready")?,
            r_data: lite("rdata")?,
            r_valid: lite("rvalid")?,
            r_ready: lite("rready")?,
            reset: port("reset")?,
            function_reset: port("function_reset")?,
            interrupt: port("interrupt_request")?,
            interrupt_taken: port("interrupt_taken")?,
        };
        let bus = AxiBus::new(&simulation, options)?;
        let checksum_port = port("rtl_checksum")?;
        let temperature = port("temperature")?;
        simulation.set(checksum_port, u64::from_le_bytes(checksum));
        simulation.set(temperature, NO_SENSOR);
        simulation.set(ports.reset, 1);
        for _ in 0..RESET_CYCLES {
            simulation.tick();
        }
        simulation.set(ports.reset, 0);
        simulation.set(ports.interrupt_taken, 1);
        Ok(Self { simulation, bus, ports, interrupts: 0 })
    }

    /// Brings the trace's file, if there is one, up to this cycle.
    pub fn flush_trace(&mut self) {
        self.simulation.flush_trace();
    }

    /// One clock cycle.
    pub fn cycle(&mut self, memory: &mut dyn Memory) {
        self.bus.drive(&mut self.simulation, memory);
        self.interrupts += self.simulation.get(self.ports.interrupt);
        self.simulation.tick();
    }

    /// Clock cycles.
    pub fn step(&mut self, cycles: u64, memory: &mut dyn Memory) {
        for _ in 0..cycles {
            self.cycle(memory);
        }
    }

    /// Cycles since power-up.
    pub fn cycles(&self) -> u64 {
        self.simulation.cycles()
    }

    /// Reads a register of BAR 0; the card's other work goes on meanwhile.
    ///
    /// # Errors
    /// [`CardError::Hung`], [`CardError::Withdrawn`].
    pub fn register_read(&mut self, offset: u32, memory: &mut dyn Memory) -> Result<u32, CardError> {
        self.simulation.set(self.ports.ar_address, offset.into());
        self.simulation.set(self.ports.ar_valid, 1);
        self.until(self.ports.ar_ready, offset, memory)?;
        self.simulation.set(self.ports.ar_valid, 0);
        let value = self.response([self.ports.r_valid, self.ports.r_ready, self.ports.r_data], offset, memory)?;
        Ok(value as u32)
    }

    /// Writes a register of BAR 0.
    ///
    /// # Errors
    /// [`CardError::Hung`], [`CardError::Withdrawn`].
    pub fn register_write(&mut self, offset: u32, value: u32, memory: &mut dyn Memory) -> Result<(), CardError> {
        self.register_write_bytes(offset, value, 0xf, memory)
    }

    /// Writes those bytes of a register that `strobe` names, by bits.
    ///
    /// # Errors
    /// [`CardError::Hung`], [`CardError::Withdrawn`].
    pub fn register_write_bytes(
        &mut self,
        offset: u32,
        value: u32,
        strobe: u8,
        memory: &mut dyn Memory,
    ) -> Result<(), CardError> {
        self.simulation.set(self.ports.aw_address, offset.into());
        self.simulation.set(self.ports.aw_valid, 1);
        self.until(self.ports.aw_ready, offset, memory)?;
        self.simulation.set(self.ports.aw_valid, 0);
        self.simulation.set(self.ports.w_data, value.into());
        self.simulation.set(self.ports.w_strobe, strobe.into());
        self.simulation.set(self.ports.w_valid, 1);
        self.until(self.ports.w_ready, offset, memory)?;
        self.simulation.set(self.ports.w_valid, 0);
        self.response([self.ports.b_valid, self.ports.b_ready, self.ports.b_response], offset, memory).map(drop)
    }

    /// Waits for a response, keeps it waiting as a host may, and takes it. It has to stand still meanwhile.
    fn response(&mut self, ports: [Port; 3], offset: u32, memory: &mut dyn Memory) -> Result<u64, CardError> {
        let [valid, ready, data] = ports;
        let mut left = PATIENCE;
        while self.simulation.get(valid) == 0 {
            left = left.checked_sub(1).ok_or(CardError::Hung { offset })?;
            self.cycle(memory);
        }
        let value = self.simulation.get(data);
        let pause = self.bus.pause();
        self.simulation.set(ready, 0);
        for _ in 0..pause {
            self.cycle(memory);
            if self.simulation.get(valid) == 0 || self.simulation.get(data) != value {
                return Err(CardError::Withdrawn { offset });
            }
        }
        self.simulation.set(ready, 1);
        self.cycle(memory);
        Ok(value)
    }

    /// Clocks until a cycle in which `port` is high has passed.
    fn until(&mut self, port: Port, offset: u32, memory: &mut dyn Memory) -> Result<(), CardError> {
        for _ in 0..PATIENCE {
            let high = self.simulation.get(port) == 1;
            self.cycle(memory);
            if high {
                return Ok(());
            }
        }
        Err(CardError::Hung { offset })
    }

    /// Holds the function-level reset for one cycle. CONTROL.RESET reads 0 again once it is done.
    pub fn function_level_reset(&mut self, memory: &mut dyn Memory) {
        self.simulation.set(self.ports.function_reset, 1);
        self.cycle(memory);
        self.simulation.set(self.ports.function_reset, 0);
    }

    /// Interrupts raised since the last call.
    pub fn take_interrupts(&mut self) -> u64 {
        std::mem::take(&mut self.interrupts)
    }

    /// The bus, with what it noticed.
    pub fn bus(&self) -> &AxiBus {
        &self.bus
    }
}

/// TEMPERATURE of a board without a sensor.
const NO_SENSOR: u64 = 0x8000_0000;
