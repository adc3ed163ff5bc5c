//! A lane's multiplier, whichever it is: the one that starts a product in every cycle, or the serial one.

use rust_hdl::prelude::*;

use crate::field::{ELEMENT_BITS, Field, OPERAND_BITS, PipelinedMultiplier, Shape};

use super::serial::SerialMultiplier;

/// left·right / R modulo the scalar field's prime, below 2p.
#[derive(LogicBlock, Default)]
pub struct Multiplier {
    pub clock: Signal<In, Clock>,
    /// The operands are taken in this cycle.
    pub start: Signal<In, Bit>,
    pub left: Signal<In, Bits<OPERAND_BITS>>,
    pub right: Signal<In, Bits<OPERAND_BITS>>,
    /// The product, in the cycle that is the latency after its start.
    pub product: Signal<Out, Bits<ELEMENT_BITS>>,
    // One of the two has one element.
    pipelined: Vec<PipelinedMultiplier>,
    serial: Vec<SerialMultiplier>,
    _pipelined: usize,
    _serial: usize,
}

impl Multiplier {
    /// The shape's multiplier.
    pub fn new(shape: Shape) -> Self {
        match shape {
            Shape::Pipelined => {
                Self { pipelined: vec![PipelinedMultiplier::new(Field::Scalar)], _pipelined: 1, ..Self::default() }
            }
            Shape::Compact => Self { serial: vec![SerialMultiplier::default()], _serial: 1, ..Self::default() },
        }
    }
}

impl Logic for Multiplier {
    #[hdl_gen]
    fn update(&mut self) {
        self.product.next = 0.into();
        for k in 0..self._pipelined {
            self.pipelined[k].clock.next = self.clock.val();
            self.pipelined[k].left.next = self.left.val();
            self.pipelined[k].right.next = self.right.val();
            self.product.next = self.pipelined[k].product.val();
        }
        for k in 0..self._serial {
            self.serial[k].clock.next = self.clock.val();
            self.serial[k].start.next = self.start.val();
            self.serial[k].left.next = self.left.val();
            self.serial[k].right.next = self.right.val();
            self.product.next = self.serial[k].product.val();
        }
    }
}
