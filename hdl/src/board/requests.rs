//! Serves the host's requests, and before them the board's own: the self-test after power-up.
//!
//! The self-test is a list of register and memory writes that lays a ring with one command into the card's memory, rings
//! the doorbell, waits for the completion and resets the card, as a driver would.

use std::fmt::Write;

use penstock_abi::registers as r;
use penstock_abi::serial::{Kind, MEMORY_BASE};
use penstock_abi::{ALIGNMENT, COMMAND_BYTES, COMPLETION_FIELDS, Command, phase_of};
use rust_hdl::prelude::*;

use crate::leaf::leaf;

/// Where the self-test's rings stand in the card's memory: submissions at 0, completions behind them.
const SELF_TEST_ENTRIES: u32 = 2;
const SELF_TEST_COMPLETIONS: u64 = (SELF_TEST_ENTRIES as u64 * COMMAND_BYTES as u64).next_multiple_of(ALIGNMENT);

leaf! {
    /// One request at a time: register accesses over AXI4-Lite, blocks of the card's memory, resets.
    Requests {
        request: Bit, kind: Bits<8>, number: Bits<8>, words: Bits<8>, value: Bits<32>, address: Bits<64>,
        word: Bits<64>,
        aw_ready: Bit, w_ready: Bit, b_valid: Bit, ar_ready: Bit, r_valid: Bit, r_data: Bits<32>,
        memory_ready: Bit, memory_word: Bits<64>,
        answer_sent: Bit,
        => busy: Bit, word_index: Bits<5>,
        aw_valid: Bit, w_valid: Bit, b_ready: Bit, ar_valid: Bit, r_ready: Bit,
        register_address: Bits<12>, register_value: Bits<32>,
        memory_read: Bit, memory_write: Bit, memory_address: Bits<16>, memory_data: Bits<64>,
        function_reset: Bit,
        answer: Bit, answer_kind: Bits<8>, answer_sequence: Bits<8>, answer_words: Bits<8>, answer_value: Bits<32>,
        answer_write: Bit, answer_write_address: Bits<5>, answer_write_data: Bits<64>,
        tested: Bit, passed: Bit,
    }
}

impl Requests {
    /// The self-test may take `self_test_cycles`.
    pub fn new(self_test_cycles: u64) -> Self {
        let (steps, last) = self_test();
        let [status, detail] = ["STATUS", "DETAIL"].map(|name| {
            let field = COMPLETION_FIELDS.iter().find(|field| field.name == name);
            field.map_or(0, |field| field.low)
        });
        let phase = (0..64).find(|bit| phase_of(1 << bit)).unwrap_or(0);
        Self::from_text(format!(
            "// module: requests
localparam START = 0, WAIT = 1, RESULT = 2, QUIET = 3, IDLE = 4, WRITE = 5, WRITTEN = 6, READ = 7, VALUE = 8,
  COPY_IN = 9, COPY_OUT = 10, ANSWER = 11, FETCH = 12, LOAD = 13, STILL = 14;
reg [3:0] state, back;
reg [5:0] step;
reg [47:0] patience;
reg [7:0] index, count;
reg [1:0] delay;
reg [15:0] first;
reg step_memory;
reg [15:0] step_address;
reg [63:0] step_data;
reg failed;
always @(*) begin
  step_memory = 0;
  step_address = 0;
  step_data = 0;
  case (step)
{steps}    default: ;
  endcase
end
always @(*) begin
  busy = state != IDLE;
  word_index = index[4:0];
  b_ready = 1;
  r_ready = 1;
  memory_write = state == LOAD || (state == START && step_memory);
  memory_read = state == FETCH;
  memory_address = state == START ? step_address : first + index;
  memory_data = state == START ? step_data : word;
  answer = state == ANSWER;
end
always @(posedge clock) begin
  function_reset <= 0;
  answer_write <= 0;
  if (!tested) patience <= patience + 1'b1;
  case (state)
    // The self-test.
    START: begin
      back <= START;
      register_address <= step_address[11:0];
      register_value <= step_data[31:0];
      if (step_memory ? memory_ready : 1'b1) begin
        step <= step + 1'b1;
        if (!step_memory) begin
          aw_valid <= 1;
          w_valid <= 1;
          state <= WRITE;
        end
        if (step == {last}) back <= WAIT;
      end
    end
    // The last word of the completion tells that it is there, and its status; the second one is its detail.
    WAIT: begin
      back <= RESULT;
      first <= {completion} + {phase_word};
      count <= 1;
      index <= 0;
      state <= FETCH;
    end
    RESULT: begin
      if (first == {completion} + {phase_word}) begin
        state <= WAIT;
        if (patience >= {self_test_cycles}) state <= QUIET;
        if (answer_write_data[{phase}]) begin
          failed <= answer_write_data[{status_bit}+:16] != 0;
          first <= {completion} + {detail_word};
          index <= 0;
          state <= FETCH;
        end
      end else begin
        passed <= !failed && answer_write_data == 0;
        state <= QUIET;
      end
    end
    QUIET: begin
      tested <= 1;
      function_reset <= !tested;
      register_address <= {control};
      back <= STILL;
      ar_valid <= 1;
      state <= READ;
    end
    STILL: state <= answer_value[{reset_bit}] ? QUIET : IDLE;
    // The host's.
    IDLE: begin
      back <= ANSWER;
      index <= 0;
      answer_kind <= kind;
      answer_sequence <= number;
      answer_words <= 0;
      register_address <= address[11:0];
      register_value <= value;
      first <= address[18:3];
      count <= kind == {memory_write_kind} ? words : value[7:0];
      if (request) case (kind)
        {register_read}: begin
          ar_valid <= 1;
          state <= READ;
        end
        {register_write}: begin
          aw_valid <= 1;
          w_valid <= 1;
          state <= WRITE;
        end
        {reset_kind}: begin
          function_reset <= 1;
          state <= ANSWER;
        end
        {memory_read_kind}: begin
          answer_words <= value[5:0];
          state <= value[7:0] == 0 ? ANSWER : FETCH;
        end
        {memory_write_kind}: state <= words == 0 ? ANSWER : COPY_IN;
        default: ;
      endcase
    end
    WRITE: begin
      if (aw_ready) aw_valid <= 0;
      if (w_ready) w_valid <= 0;
      if ((!aw_valid || aw_ready) && (!w_valid || w_ready)) state <= WRITTEN;
    end
    WRITTEN: if (b_valid) state <= back;
    READ: begin
      if (ar_ready) begin
        ar_valid <= 0;
        state <= VALUE;
      end
    end
    VALUE: if (r_valid) begin
      answer_value <= r_data;
      state <= back;
    end
    // A word of the frame takes a cycle to show, one of the card's memory two.
    COPY_IN: state <= LOAD;
    LOAD: if (memory_ready) begin
      index <= index + 1'b1;
      state <= index + 1'b1 == count ? back : COPY_IN;
    end
    FETCH: begin
      delay <= 0;
      if (memory_ready) state <= COPY_OUT;
    end
    COPY_OUT: begin
      delay <= delay + 1'b1;
      if (delay == 1) begin
        answer_write <= 1;
        answer_write_address <= index[4:0];
        answer_write_data <= memory_word;
        index <= index + 1'b1;
        state <= index + 1'b1 == count ? back : FETCH;
      end
    end
    default: if (answer_sent) state <= IDLE;
  endcase
  if (reset) begin
    state <= START;
    step <= 0;
    patience <= 0;
    aw_valid <= 0;
    w_valid <= 0;
    ar_valid <= 0;
    tested <= 0;
    passed <= 0;
    failed <= 0;
  end
end
",
            completion = SELF_TEST_COMPLETIONS / 8,
            phase_word = 3,
            detail_word = detail / 64,
            status_bit = status % 64,
            control = r::CONTROL.offset,
            reset_bit = r::CONTROL_RESET.low,
            register_read = Kind::RegisterRead as u8,
            register_write = Kind::RegisterWrite as u8,
            reset_kind = Kind::Reset as u8,
            memory_read_kind = Kind::MemoryRead as u8,
            memory_write_kind = Kind::MemoryWrite as u8,
        ))
    }
}

/// The steps up to the doorbell, as cases, and the last one's number.
fn self_test() -> (String, usize) {
    let command = Command::SelfTest { tests: 0 }.encode();
    let words = command.as_chunks::<8>().0.iter().map(|word| u64::from_le_bytes(*word)).enumerate();
    let mut steps: Vec<(bool, u64, u64)> = words.map(|(at, word)| (true, at as u64, word)).collect();
    // No completion yet.
    steps.extend((0..8).map(|word| (true, SELF_TEST_COMPLETIONS / 8 + word, 0)));
    let completions = MEMORY_BASE + SELF_TEST_COMPLETIONS;
    for (register, value) in [
        (r::SUBMISSION_BASE_LOW, MEMORY_BASE & 0xffff_ffff),
        (r::SUBMISSION_BASE_HIGH, MEMORY_BASE >> 32),
        (r::SUBMISSION_ENTRIES, SELF_TEST_ENTRIES.into()),
        (r::COMPLETION_BASE_LOW, completions & 0xffff_ffff),
        (r::COMPLETION_BASE_HIGH, completions >> 32),
        (r::COMPLETION_ENTRIES, SELF_TEST_ENTRIES.into()),
        (r::CONTROL, r::CONTROL_ENABLE.with(1).into()),
        (r::SUBMISSION_TAIL, 1),
    ] {
        steps.push((false, register.offset.into(), value));
    }
    let mut cases = String::new();
    for (step, (memory, address, data)) in steps.iter().enumerate() {
        let memory = u8::from(*memory);
        let _ = writeln!(
            cases,
            "    {step}: begin step_memory = {memory}; step_address = {address}; step_data = 64'h{data:x}; end"
        );
    }
    (cases, steps.len() - 1)
}
