//! The last reduction: from any representative below a small multiple of p to the one below p.

use std::sync::Arc;

use num_bigint::BigUint;
use rust_hdl::prelude::*;

use super::memo::{Generated, Memo};
use super::pipeline::{Pipeline, Value};
use super::{ELEMENT_BITS, Field};

const SEGMENT: usize = 60;

/// Width of a canonical element: 32 bytes.
pub const CANONICAL_BITS: usize = 256;

/// What the reduction has to expect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct CanonicalConfig {
    /// The field.
    pub field: Field,
    /// The value is below 2^doublings p; at most 3.
    pub doublings: u32,
}

impl CanonicalConfig {
    /// Cycles from value to result.
    pub fn latency(&self) -> usize {
        self.generated().latency
    }

    /// Cycles between two starts.
    pub fn interval(&self) -> usize {
        1
    }

    fn generated(&self) -> Arc<Generated> {
        static TEXTS: Memo<CanonicalConfig> = Memo::new();
        TEXTS.get(self, || self.generate())
    }

    fn generate(&self) -> Generated {
        let mut pipeline = Pipeline::new(SEGMENT);
        let mut value = pipeline.input("value", ELEMENT_BITS);
        for doubling in (0..self.doublings).rev() {
            let multiple: BigUint = self.field.modulus() << doubling;
            let width = (&multiple * 2u32).bits() as usize;
            let constant = Value::constant(multiple, width);
            let value_bits = value.bits(0, width);
            // The bit above the difference is set if it is negative.
            let difference = pipeline.subtract("difference", &value_bits, &constant, width + 1);
            value = pipeline.select("reduced", &difference.bits(width, 1), &value_bits, &difference, width - 1);
        }
        let latency = pipeline.output("result", &value.bits(0, CANONICAL_BITS));
        let name = format!("{}_canonical_{}", self.field.name(), self.doublings);
        Generated { text: format!("// module: {name}\n{}", pipeline.finish()), latency }
    }
}

/// Reduces fully; pipelined.
#[derive(LogicBlock, Default)]
pub struct Canonical {
    /// The clock.
    pub clock: Signal<In, Clock>,
    /// Any representative within the bound.
    pub value: Signal<In, Bits<ELEMENT_BITS>>,
    /// The one below p, `latency` cycles later.
    pub result: Signal<Out, Bits<CANONICAL_BITS>>,
    _text: String,
}

impl Canonical {
    /// A block for values within the configured bound.
    pub fn new(config: &CanonicalConfig) -> Self {
        Self { _text: config.generated().text.clone(), ..Self::default() }
    }
}

impl Logic for Canonical {
    fn update(&mut self) {}

    fn connect(&mut self) {
        self.result.connect();
    }

    fn hdl(&self) -> Verilog {
        Verilog::Custom(self._text.clone())
    }
}
