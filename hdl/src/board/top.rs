//! The board's logic: everything but pins and clock.

use rust_hdl::prelude::*;

use super::line::{LineReceiver, LineSender};
use super::memory::CardMemory;
use super::receiver::FrameReceiver;
use super::requests::Requests;
use super::sender::FrameSender;
use super::tunnel::Tunnel;
use crate::card::{CardConfig, CardError, CompactCard};
use crate::emit::{Design, emit};
use crate::leaf::{Parameter, leaf};

/// TEMPERATURE of a board without a sensor.
const NO_SENSOR: u64 = 0x8000_0000;

/// What a board is built for.
#[derive(Clone, Debug)]
pub struct BoardConfig {
    /// The card; its bus has 64 bits.
    pub card: CardConfig,
    /// Clock cycles of a bit on the line, at least 4.
    pub bit_cycles: u32,
    /// The card has 2^this words of 8 bytes of its own memory, at most 2^16.
    pub memory_bits: usize,
    /// A frame that stops in the middle for so many cycles is given up.
    pub frame_patience: u32,
    /// A request to the host is repeated after so many cycles.
    pub request_patience: u32,
    /// The self-test after power-up has failed after so many cycles.
    pub self_test_cycles: u64,
}

impl BoardConfig {
    /// A board with this card and bit length, and patience in proportion to the card's clock.
    pub fn new(card: CardConfig, bit_cycles: u32) -> Self {
        let milliseconds = |count: u32| count * card.clock_khz;
        Self {
            bit_cycles,
            memory_bits: 12,
            frame_patience: milliseconds(20),
            request_patience: milliseconds(200),
            self_test_cycles: u64::from(milliseconds(1000)),
            card,
        }
    }

    /// The board's Verilog, as module `board`.
    ///
    /// # Errors
    /// See [`CardError`].
    pub fn design(&self) -> Result<Design, CardError> {
        self.card.check()?;
        let program = self.card.poseidon.lane.microprogram()?;
        Ok(emit("board", || Board::new(self, self.card.compact(&program)))?)
    }
}

leaf! {
    /// A light that blinks about once a second while the clock runs.
    Heartbeat { => light: Bit, }
}

impl Heartbeat {
    fn new(clock_khz: u32) -> Self {
        let half = clock_khz * 500;
        Self::from_text(format!(
            "// module: heartbeat
reg [31:0] count;
always @(posedge clock) begin
  count <= count == {half} - 1 ? 0 : count + 1'b1;
  if (count == {half} - 1) light <= !light;
  if (reset) begin
    count <= 0;
    light <= 0;
  end
end
"
        ))
    }
}

leaf! {
    /// A light that an event keeps on for long enough to be seen.
    Stretch { seen: Bit, => light: Bit, }
}

impl Stretch {
    fn new(clock_khz: u32) -> Self {
        Self::from_text(format!(
            "// module: stretch
reg [31:0] left;
always @(*) light = left != 0;
always @(posedge clock)
  if (reset) left <= 0;
  else if (seen) left <= {cycles};
  else if (left != 0) left <= left - 1'b1;
",
            cycles = clock_khz * 50,
        ))
    }
}

/// The card behind its line.
#[derive(LogicBlock)]
#[allow(missing_docs)]
pub struct Board {
    pub clock: Signal<In, Clock>,
    /// Power-up reset.
    pub reset: Signal<In, Bit>,
    /// Of the multipliers, three times the clock, and its strobe.
    pub ring_clock: Signal<In, Clock>,
    pub ring_strobe: Signal<In, Bit>,
    /// What the card says of its own Verilog.
    pub rtl_checksum: Signal<In, Bits<64>>,
    /// The line from the host.
    pub receive: Signal<In, Bit>,
    /// The line to the host.
    pub send: Signal<Out, Bit>,
    /// From the lowest: heartbeat; self-test passed, failed, under way; frames from the host, to the host; bursts of the
    /// card's; interrupts.
    pub lights: Signal<Out, Bits<8>>,
    card: CompactCard<64, 8>,
    line_in: LineReceiver,
    line_out: LineSender,
    receiver: FrameReceiver,
    sender: FrameSender,
    requests: Requests,
    tunnel: Tunnel,
    memory: CardMemory,
    heartbeat: Heartbeat,
    seen_in: Stretch,
    seen_out: Stretch,
    seen_burst: Stretch,
    seen_interrupt: Stretch,
    no_sensor: Parameter<Bits<32>>,
    failed: Signal<Local, Bit>,
    testing: Signal<Local, Bit>,
    low: Signal<Local, Bits<8>>,
}

impl Board {
    fn new(config: &BoardConfig, card: CompactCard<64, 8>) -> Self {
        let stretch = || Stretch::new(config.card.clock_khz);
        Self {
            clock: Default::default(),
            reset: Default::default(),
            ring_clock: Default::default(),
            ring_strobe: Default::default(),
            rtl_checksum: Default::default(),
            receive: Default::default(),
            send: Default::default(),
            lights: Default::default(),
            card,
            line_in: LineReceiver::new(config.bit_cycles),
            line_out: LineSender::new(config.bit_cycles),
            receiver: FrameReceiver::new(config.frame_patience),
            sender: FrameSender::new(),
            requests: Requests::new(config.self_test_cycles),
            tunnel: Tunnel::new(config.request_patience, config.memory_bits),
            memory: CardMemory::new(config.memory_bits),
            heartbeat: Heartbeat::new(config.card.clock_khz),
            seen_in: stretch(),
            seen_out: stretch(),
            seen_burst: stretch(),
            seen_interrupt: stretch(),
            no_sensor: Parameter::new(NO_SENSOR.into()),
            failed: Default::default(),
            testing: Default::default(),
            low: Default::default(),
        }
    }
}

impl Logic for Board {
    #[hdl_gen]
    fn update(&mut self) {
        clock!(self, clock, card, line_in, line_out, receiver, sender, requests, tunnel, memory, heartbeat);
        clock!(self, clock, seen_in, seen_out, seen_burst, seen_interrupt);
        self.card.reset.next = self.reset.val();
        self.card.ring_clock.next = self.ring_clock.val();
        self.card.ring_strobe.next = self.ring_strobe.val();
        self.line_in.reset.next = self.reset.val();
        self.line_out.reset.next = self.reset.val();
        self.receiver.reset.next = self.reset.val();
        self.sender.reset.next = self.reset.val();
        self.requests.reset.next = self.reset.val();
        self.tunnel.reset.next = self.reset.val();
        self.memory.reset.next = self.reset.val();
        self.heartbeat.reset.next = self.reset.val();
        self.seen_in.reset.next = self.reset.val();
        self.seen_out.reset.next = self.reset.val();
        self.seen_burst.reset.next = self.reset.val();
        self.seen_interrupt.reset.next = self.reset.val();

        // The line.
        self.line_in.line.next = self.receive.val();
        self.send.next = self.line_out.line.val();
        self.receiver.data.next = self.line_in.data.val();
        self.receiver.valid.next = self.line_in.valid.val();
        self.line_out.data.next = self.sender.data.val();
        self.line_out.valid.next = self.sender.valid.val();
        self.sender.ready.next = self.line_out.ready.val();

        // The host's requests.
        self.receiver.request_busy.next = self.requests.busy.val();
        self.receiver.request_index.next = self.requests.word_index.val();
        self.requests.request.next = self.receiver.request.val();
        self.requests.kind.next = self.receiver.kind.val();
        self.requests.number.next = self.receiver.number.val();
        self.requests.words.next = self.receiver.words.val();
        self.requests.value.next = self.receiver.value.val();
        self.requests.address.next = self.receiver.address.val();
        self.requests.word.next = self.receiver.request_word.val();
        self.sender.answer.next = self.requests.answer.val();
        self.sender.answer_kind.next = self.requests.answer_kind.val();
        self.sender.answer_sequence.next = self.requests.answer_sequence.val();
        self.sender.answer_words.next = self.requests.answer_words.val();
        self.sender.answer_value.next = self.requests.answer_value.val();
        self.sender.answer_write.next = self.requests.answer_write.val();
        self.sender.answer_write_address.next = self.requests.answer_write_address.val();
        self.sender.answer_write_data.next = self.requests.answer_write_data.val();
        self.requests.answer_sent.next = self.sender.answer_sent.val();
        self.card.s_axil_awaddr.next = self.requests.register_address.val();
        self.card.s_axil_awvalid.next = self.requests.aw_valid.val();
        self.requests.aw_ready.next = self.card.s_axil_awready.val();
        self.card.s_axil_wdata.next = self.requests.register_value.val();
        self.card.s_axil_wstrb.next = 15.into();
        self.card.s_axil_wvalid.next = self.requests.w_valid.val();
        self.requests.w_ready.next = self.card.s_axil_wready.val();
        self.requests.b_valid.next = self.card.s_axil_bvalid.val();
        self.card.s_axil_bready.next = self.requests.b_ready.val();
        self.card.s_axil_araddr.next = self.requests.register_address.val();
        self.card.s_axil_arvalid.next = self.requests.ar_valid.val();
        self.requests.ar_ready.next = self.card.s_axil_arready.val();
        self.requests.r_valid.next = self.card.s_axil_rvalid.val();
        self.requests.r_data.next = self.card.s_axil_rdata.val();
        self.card.s_axil_rready.next = self.requests.r_ready.val();
        self.card.function_reset.next = self.requests.function_reset.val();
        self.card.rtl_checksum.next = self.rtl_checksum.val();
        self.card.temperature.next = self.no_sensor.val();

        // The card's bursts.
        self.tunnel.ar_id.next = self.card.m_axi_arid.val();
        self.tunnel.ar_address.next = self.card.m_axi_araddr.val();
        self.tunnel.ar_length.next = self.card.m_axi_arlen.val();
        self.tunnel.ar_valid.next = self.card.m_axi_arvalid.val();
        self.card.m_axi_arready.next = self.tunnel.ar_ready.val();
        self.card.m_axi_rid.next = self.tunnel.r_id.val();
        self.card.m_axi_rdata.next = self.tunnel.r_data.val();
        self.card.m_axi_rresp.next = self.tunnel.r_response.val();
        self.card.m_axi_rlast.next = self.tunnel.r_last.val();
        self.card.m_axi_rvalid.next = self.tunnel.r_valid.val();
        self.tunnel.r_ready.next = self.card.m_axi_rready.val();
        self.tunnel.aw_id.next = self.card.m_axi_awid.val();
        self.tunnel.aw_address.next = self.card.m_axi_awaddr.val();
        self.tunnel.aw_length.next = self.card.m_axi_awlen.val();
        self.tunnel.aw_valid.next = self.card.m_axi_awvalid.val();
        self.card.m_axi_awready.next = self.tunnel.aw_ready.val();
        self.tunnel.w_data.next = self.card.m_axi_wdata.val();
        self.tunnel.w_strobe.next = self.card.m_axi_wstrb.val();
        self.tunnel.w_last.next = self.card.m_axi_wlast.val();
        self.tunnel.w_valid.next = self.card.m_axi_wvalid.val();
        self.card.m_axi_wready.next = self.tunnel.w_ready.val();
        self.card.m_axi_bid.next = self.tunnel.b_id.val();
        self.card.m_axi_bresp.next = self.tunnel.b_response.val();
        self.card.m_axi_bvalid.next = self.tunnel.b_valid.val();
        self.tunnel.b_ready.next = self.card.m_axi_bready.val();
        self.sender.request.next = self.tunnel.request.val();
        self.sender.request_kind.next = self.tunnel.request_kind.val();
        self.sender.request_sequence.next = self.tunnel.request_sequence.val();
        self.sender.request_words.next = self.tunnel.request_words.val();
        self.sender.request_value.next = self.tunnel.request_value.val();
        self.sender.request_address.next = self.tunnel.request_address.val();
        self.sender.request_write.next = self.tunnel.request_write.val();
        self.sender.request_write_address.next = self.tunnel.request_write_address.val();
        self.sender.request_write_data.next = self.tunnel.request_write_data.val();
        self.tunnel.request_sent.next = self.sender.request_sent.val();
        self.receiver.answer_awaited.next = self.tunnel.awaited.val();
        self.receiver.answer_sequence.next = self.tunnel.request_sequence.val();
        self.receiver.answer_index.next = self.tunnel.word_index.val();
        self.tunnel.answer.next = self.receiver.answer.val();
        self.tunnel.detail.next = self.receiver.detail.val();
        self.tunnel.word.next = self.receiver.answer_word.val();
        self.sender.interrupt.next = self.card.interrupt_request.val();
        self.card.interrupt_taken.next = self.sender.interrupt_taken.val();

        // The card's own memory.
        self.memory.burst_write.next = self.tunnel.memory_write.val();
        self.memory.burst_write_address.next = self.tunnel.memory_address.val();
        self.memory.burst_write_data.next = self.tunnel.memory_data.val();
        self.memory.burst_read.next = self.tunnel.memory_read.val();
        self.memory.burst_read_address.next = self.tunnel.memory_address.val();
        self.memory.host_write.next = self.requests.memory_write.val();
        self.memory.host_read.next = self.requests.memory_read.val();
        self.memory.host_address.next = self.requests.memory_address.val();
        self.memory.host_data.next = self.requests.memory_data.val();
        self.requests.memory_ready.next = self.memory.host_ready.val();
        self.requests.memory_word.next = self.memory.read_data.val();
        self.tunnel.memory_word.next = self.memory.read_data.val();

        // Lights.
        self.seen_in.seen.next = self.receiver.request.val() | self.receiver.answer.val();
        self.seen_out.seen.next = self.sender.answer_sent.val() | self.sender.request_sent.val();
        self.seen_burst.seen.next = self.tunnel.r_valid.val() | self.tunnel.b_valid.val();
        self.seen_interrupt.seen.next = self.sender.interrupt_taken.val();
        self.failed.next = self.requests.tested.val() & !self.requests.passed.val();
        self.testing.next = !self.requests.tested.val();
        self.low.next = 0.into();
        if self.heartbeat.light.val() {
            self.low.next = self.low.val() | 1;
        }
        if self.requests.passed.val() {
            self.low.next = self.low.val() | 2;
        }
        if self.failed.val() {
            self.low.next = self.low.val() | 4;
        }
        if self.testing.val() {
            self.low.next = self.low.val() | 8;
        }
        if self.seen_in.light.val() {
            self.low.next = self.low.val() | 16;
        }
        if self.seen_out.light.val() {
            self.low.next = self.low.val() | 32;
        }
        if self.seen_burst.light.val() {
            self.low.next = self.low.val() | 64;
        }
        if self.seen_interrupt.light.val() {
            self.low.next = self.low.val() | 128;
        }
        self.lights.next = self.low.val();
    }
}
