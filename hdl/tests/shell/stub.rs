//! Engines with the real ones' streams whose results are easy to foretell.
//!
//! The Poseidon stub's hash is the exclusive or of its pair, and the known answer for the pair of the self-test. The MSM
//! stub's sums have in X the sum of scalars times position plus base, in Y where they belong, in Z one.

use num_bigint::BigUint;
use penstock_abi::MsmLayout;
use penstock_hdl::field::Field;
use penstock_hdl::msm::{BASE_BITS, SUM_WORD_BITS};
use penstock_hdl::shell::msm::PASS_BITS;
use penstock_hdl::shell::self_test::KnownSum;
use rust_hdl::prelude::*;

#[derive(LogicBlock, Default)]
pub struct StubPoseidon {
    pub clock: Signal<In, Clock>,
    pub reset: Signal<In, Bit>,
    pub pairs_data: Signal<In, Bits<512>>,
    pub pairs_valid: Signal<In, Bit>,
    pub pairs_ready: Signal<Out, Bit>,
    pub hashes_data: Signal<Out, Bits<256>>,
    pub hashes_valid: Signal<Out, Bit>,
    pub hashes_ready: Signal<In, Bit>,
}

impl Logic for StubPoseidon {
    fn update(&mut self) {}

    fn connect(&mut self) {
        self.pairs_ready.connect();
        self.hashes_data.connect();
        self.hashes_valid.connect();
    }

    fn hdl(&self) -> Verilog {
        Verilog::Custom(
            "reg [2:0] beat;
wire known = pairs_data == {256'd2, 256'd1};
always @(*) pairs_ready = !hashes_valid && beat[1];
always @(posedge clock) begin
  beat <= beat + 1;
  if (hashes_valid && hashes_ready) hashes_valid <= 0;
  if (pairs_valid && pairs_ready) begin
    hashes_data <= known ? 256'h115cc0f5e7d690413df64c6b9662e9cf2a3617f2743245519e19607a4417189a : pairs_data[511:256] ^ pairs_data[255:0];
    hashes_valid <= 1;
  end
  if (reset) begin beat <= 0; hashes_valid <= 0; end
end
"
            .into(),
        )
    }
}

#[derive(LogicBlock, Default)]
pub struct StubMsm {
    pub clock: Signal<In, Clock>,
    pub reset: Signal<In, Bit>,
    pub ring_clock: Signal<In, Clock>,
    pub ring_strobe: Signal<In, Bit>,
    pub pass_data: Signal<In, Bits<PASS_BITS>>,
    pub pass_valid: Signal<In, Bit>,
    pub pass_ready: Signal<Out, Bit>,
    pub base_data: Signal<In, Bits<BASE_BITS>>,
    pub base_valid: Signal<In, Bit>,
    pub base_ready: Signal<Out, Bit>,
    pub scalar_data: Signal<In, Bits<256>>,
    pub scalar_valid: Signal<In, Bit>,
    pub scalar_ready: Signal<Out, Bit>,
    pub sum_data: Signal<Out, Bits<SUM_WORD_BITS>>,
    pub sum_valid: Signal<Out, Bit>,
    pub sum_ready: Signal<In, Bit>,
    pub done_ready: Signal<In, Bit>,
    _window_points: u32,
    _part: u32,
}

impl StubMsm {
    pub fn new(layout: &MsmLayout) -> Self {
        Self {
            _window_points: layout.window_points(),
            _part: layout.window_points() / if layout.reductions == 1 { 2 } else { 4 },
            ..Self::default()
        }
    }
}

impl Logic for StubMsm {
    fn update(&mut self) {}

    fn connect(&mut self) {
        self.pass_ready.connect();
        self.base_ready.connect();
        self.scalar_ready.connect();
        self.sum_data.connect();
        self.sum_valid.connect();
    }

    fn hdl(&self) -> Verilog {
        Verilog::Custom(format!(
            "reg active, have, draining;
reg [31:0] left;
reg [7:0] vectors, first, windows, vector, window;
reg [15:0] point;
reg [31:0] position;
reg [511:0] base;
reg [255:0] sums [0:7];
reg testing;
reg [767:0] sum;
reg [1:0] word;
always @(*) pass_ready = !active && !draining;
always @(*) base_ready = active && !have;
always @(*) scalar_ready = active && have;
always @(*) sum_valid = draining;
// The last point of a window reads as an empty slot.
always @(*) begin
  sum = {{256'd1, 232'd0, point, first + window, sums[vector]}};
  if (testing) sum = (point & {part}) == 1 ? {{256'd1, 256'd7, sums[0]}} : 0;
  else if (point == {points} - 1) sum = 0;
  sum_data = sum[word*256+:256];
end
integer k;
always @(posedge clock) begin
  if (pass_valid && pass_ready) begin
    active <= 1; have <= 0; vector <= 0; position <= 1;
    testing <= pass_data == {{8'd1, 8'd0, 8'd1, 32'd2}};
    left <= pass_data[31:0]; vectors <= pass_data[39:32]; first <= pass_data[47:40]; windows <= pass_data[55:48];
    for (k = 0; k < 8; k = k + 1) sums[k] <= 0;
  end
  if (base_valid && base_ready) begin base <= base_data; have <= 1; end
  if (scalar_valid && scalar_ready) begin
    sums[vector] <= sums[vector] + scalar_data * position + base[255:0] + (base[511:256] << 1);
    if (vector == vectors - 1) begin
      vector <= 0; have <= 0; left <= left - 1; position <= position + 1;
      if (left == 1) begin active <= 0; draining <= 1; window <= 0; point <= 0; end
    end else vector <= vector + 1;
  end
  if (sum_valid && sum_ready) word <= word == 2 ? 0 : word + 1;
  if (sum_valid && sum_ready && word == 2) begin
    if (point == {points} - 1) begin
      point <= 0;
      if (window == windows - 1) begin
        window <= 0;
        if (vector == vectors - 1) begin draining <= 0; vector <= 0; end
        else vector <= vector + 1;
      end else window <= window + 1;
    end else point <= point + 1;
  end
  if (reset) begin active <= 0; draining <= 0; have <= 0; vector <= 0; word <= 0; end
end
",
            points = self._window_points,
            part = self._part - 1,
        ))
    }
}

/// What the card should write for an MSM.
pub fn sums(layout: &MsmLayout, bases: &[[[u8; 32]; 2]], scalars: &[Vec<[u8; 32]>]) -> Vec<u8> {
    let word = |bytes: &[u8; 32]| BigUint::from_bytes_le(bytes);
    let mask = (BigUint::from(1u8) << 256) - 1u8;
    let bytes = |value: &BigUint| {
        let mut bytes = value.to_bytes_le();
        bytes.resize(32, 0);
        bytes
    };
    let mut result = Vec::new();
    for vector in scalars {
        let mut sum = BigUint::from(0u8);
        for (position, (scalar, [x, y])) in vector.iter().zip(bases).enumerate() {
            let doubled: BigUint = word(y) << 1;
            sum = (sum + word(scalar) * (position + 1) + word(x) + (doubled & &mask)) & &mask;
        }
        for window in 0..layout.windows() {
            for point in 0..layout.window_points() {
                if point == layout.window_points() - 1 {
                    result.extend([0; 96]);
                } else {
                    result.extend(bytes(&sum));
                    result.extend(bytes(&(BigUint::from(point) << 8 | BigUint::from(window))));
                    result.extend(bytes(&BigUint::from(1u8)));
                }
            }
        }
    }
    result
}

/// What the stub makes of the pass of the self-test.
pub fn known_sum(layout: &MsmLayout) -> KnownSum {
    let [one, seven] = [1u8, 7].map(BigUint::from);
    let bases = [[3u8, 5], [7, 11]].map(|point| point.map(BigUint::from));
    // The scalar stands at positions 1 and 2.
    let x = BigUint::from(KnownSum::scalar(layout) * 3 + (3 + 2 * 5) + (7 + 2 * 11));
    KnownSum { bases, sum: [x, seven, one], modulus: Field::Base.modulus() }
}
