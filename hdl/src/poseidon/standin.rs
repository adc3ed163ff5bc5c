//! Stand-in.
#![allow(missing_docs)]
use num_bigint::BigUint;
use rust_hdl::prelude::*;
pub const ELEMENT_BITS: usize = 257;
pub const OPERAND_BITS: usize = 260;
pub enum Field {
    Scalar,
}
impl Field {
    pub fn modulus(self) -> BigUint {
        "21888242871839275222246405745257275088548364400416034343698204186575808495617".parse().unwrap()
    }
}
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct MultiplierConfig {
    pub latency: usize,
    pub interval: usize,
}
impl MultiplierConfig {
    pub fn latency(&self) -> usize {
        self.latency
    }
    pub fn interval(&self) -> usize {
        self.interval
    }
    pub fn radix_bits(&self) -> u32 {
        270
    }
}
#[derive(LogicBlock, Default)]
pub struct Multiplier {
    pub clock: Signal<In, Clock>,
    pub start: Signal<In, Bit>,
    pub left: Signal<In, Bits<OPERAND_BITS>>,
    pub right: Signal<In, Bits<OPERAND_BITS>>,
    pub product: Signal<Out, Bits<ELEMENT_BITS>>,
    _latency: usize,
}
impl Multiplier {
    pub fn new(config: MultiplierConfig) -> Self {
        Self { _latency: config.latency, ..Self::default() }
    }
}
impl Logic for Multiplier {
    fn update(&mut self) {}
    fn connect(&mut self) {
        self.product.connect();
    }
    fn hdl(&self) -> Verilog {
        let p = Field::Scalar.modulus();
        let r = BigUint::from(1u32) << 270;
        let pi = &r - p.modpow(&((&r >> 1u32) - 1u32), &r);
        Verilog::Custom(format!(
            "// module: standin_multiplier
reg [539:0] t; reg [539:0] mw; reg [269:0] m; reg [540:0] u;
reg [257*{l}-1:0] line;
always @(*) begin
 t = {{280'b0,left}} * {{280'b0,right}};
 mw = {{270'b0,t[269:0]}} * 540'h{pi:x};
 m = mw[269:0];
 u = {{1'b0,t}} + {{271'b0,m}} * 541'h{p:x};
end
always @(posedge clock) line <= {{line[257*{l}-257-1:0], start ? u[270+:257] : 257'b0}};
always @(*) product = line[257*{l}-1 -: 257];
",
            l = self._latency
        ))
    }
}
