//! The Radiona ULX3S with an ECP5-85F: pins, clock, and the module that joins them to the board's logic.

use crate::card::CardConfig;
use crate::emit::Design;
use crate::field::{RING_CYCLES, Shape};

use super::BoardConfig;

/// The board's oscillator in kHz.
const OSCILLATOR_KHZ: u32 = 25_000;
/// Bits a second on the line to the FTDI chip.
pub const BAUD: u32 = 3_000_000;
/// The top module.
pub const TOP: &str = "ulx3s";

/// The clock generator's dividers: the output is the oscillator times `feedback` / `input`, its own oscillator, between 400
/// and 800 MHz, `output` times that.
struct Pll {
    input: u32,
    feedback: u32,
    output: u32,
}

const PLL: Pll = Pll { input: 5, feedback: 16, output: 6 };

/// The clock of the digit-serial multipliers in kHz.
pub const RING_CLOCK_KHZ: u32 = OSCILLATOR_KHZ * PLL.feedback / PLL.input;
/// The clock of card and line in kHz.
pub const CLOCK_KHZ: u32 = RING_CLOCK_KHZ / RING_CYCLES as u32;

/// What the board carries.
pub fn config() -> BoardConfig {
    // To the nearest: what is left over may be four percent on a line, and is nothing here.
    BoardConfig::new(CardConfig::of(Shape::Compact), (CLOCK_KHZ * 1000 + BAUD / 2) / BAUD)
}

/// The board's logic with its pins and its clocks, as module [`TOP`]. The card's checksum is `logic`'s.
pub fn design(logic: &Design) -> Design {
    let Pll { input, feedback, output } = PLL;
    let checksum = logic.checksum();
    // The register's first byte is the checksum's first.
    let bytes: Vec<&str> = (0..8).rev().map(|byte| &checksum[2 * byte..2 * byte + 2]).collect();
    let wrapper = format!(
        "module {TOP}(
  input clk_25mhz,
  input ftdi_txd,
  output ftdi_rxd,
  output [7:0] led,
  output wifi_gpio0
);
// Low would reset the FPGA by way of the ESP32.
assign wifi_gpio0 = 1'b1;
wire ring_clock, locked;
(* FREQUENCY_PIN_CLKI = \"{oscillator}\", FREQUENCY_PIN_CLKOP = \"{ring_clock}\", ICP_CURRENT = \"12\", LPF_RESISTOR = \"8\",
   MFG_ENABLE_FILTEROPAMP = \"1\", MFG_GMCREF_SEL = \"2\" *)
EHXPLLL #(
  .PLLRST_ENA(\"DISABLED\"), .INTFB_WAKE(\"DISABLED\"), .STDBY_ENABLE(\"DISABLED\"), .DPHASE_SOURCE(\"DISABLED\"),
  .OUTDIVIDER_MUXA(\"DIVA\"), .OUTDIVIDER_MUXB(\"DIVB\"), .OUTDIVIDER_MUXC(\"DIVC\"), .OUTDIVIDER_MUXD(\"DIVD\"),
  .CLKI_DIV({input}), .CLKFB_DIV({feedback}), .CLKOP_DIV({output}), .CLKOP_ENABLE(\"ENABLED\"),
  .CLKOP_CPHASE({phase}), .CLKOP_FPHASE(0), .FEEDBK_PATH(\"CLKOP\")
) pll (
  .RST(1'b0), .STDBY(1'b0), .CLKI(clk_25mhz), .CLKOP(ring_clock), .CLKFB(ring_clock), .CLKINTFB(),
  .PHASESEL0(1'b0), .PHASESEL1(1'b0), .PHASEDIR(1'b1), .PHASESTEP(1'b1), .PHASELOADREG(1'b1),
  .PLLWAKESYNC(1'b0), .ENCLKOP(1'b0), .LOCK(locked)
);
// The card's clock rises after every third edge of the multipliers' clock: what they hand to each other is timed by the
// strobe, and a late clock only adds to the time that it has.
reg [1:0] turn = 0;
reg clock = 0, ring_strobe = 0;
always @(posedge ring_clock) begin
  turn <= turn == {last_turn} ? 0 : turn + 1'b1;
  clock <= turn == {last_turn};
  ring_strobe <= turn == 0;
end
// The reset lasts for a while after the clock has settled.
reg [1:0] settled = 0;
reg [15:0] count = 0;
reg reset = 1;
always @(posedge clock) begin
  settled <= {{settled[0], locked}};
  count <= !settled[1] ? 0 : &count ? count : count + 1'b1;
  reset <= !(&count);
end
board board(
  .clock(clock), .reset(reset), .ring_clock(ring_clock), .ring_strobe(ring_strobe), .rtl_checksum(64'h{checksum}),
  .receive(ftdi_txd), .send(ftdi_rxd), .lights(led)
);
endmodule
",
        oscillator = OSCILLATOR_KHZ / 1000,
        ring_clock = RING_CLOCK_KHZ / 1000,
        last_turn = RING_CYCLES - 1,
        phase = output - 1,
        checksum = bytes.concat(),
    );
    Design { top: TOP.to_owned(), verilog: logic.verilog.clone() + &wrapper }
}
