//! What gathers the factors of the compact adder's last products: the bus of the first ones and its registers. See
//! [`super::schedule`].

use num_bigint::BigUint;
use rust_hdl::prelude::*;

use super::formula::PRODUCT_BOUND;
use super::schedule::{Factor, PLACE_BITS};
use crate::field::{ELEMENT_BITS, Field, OPERAND_BITS};
use crate::leaf::{DISTRIBUTED_READ_FIRST, leaf};

/// p times `times`, as a number in Verilog.
fn multiple(width: usize, times: u32) -> String {
    format!("{width}'h{:x}", Field::Base.modulus() * BigUint::from(times))
}

leaf! {
    /// Keeps the first products and puts one on the bus: in this cycle, as it is and with its sign.
    TermBus {
        product: Bits<ELEMENT_BITS>, write: Bit, write_place: Bits<PLACE_BITS>,
        read_place: Bits<PLACE_BITS>, eightfold: Bit, negative: Bit,
        => term: Bits<OPERAND_BITS>, signed_term: Bits<OPERAND_BITS>,
    }
}

impl TermBus {
    pub(super) fn new() -> Self {
        Self::from_text(format!(
            "// module: term_bus
{DISTRIBUTED_READ_FIRST}reg [{top}:0] products [0:{last}];
wire [{top}:0] single = products[read_place];
wire [{term_top}:0] chosen = eightfold ? {{single, 3'd0}} : {{3'd0, single}};
always @(posedge clock) if (write) products[write_place] <= product;
always @(*) begin
  term = chosen;
  signed_term = chosen ^ {{{OPERAND_BITS}{{negative}}}};
end
",
            top = ELEMENT_BITS - 1,
            last = (1 << PLACE_BITS) - 1,
            term_top = OPERAND_BITS - 1,
        ))
    }
}

leaf! {
    /// A factor: what it was cleared to and the terms that it has gathered since. `carry` makes a signed term's complement
    /// its negative.
    Gatherer {
        clear: Bit, gather: Bit, term: Bits<OPERAND_BITS>, signed_term: Bits<OPERAND_BITS>, carry: Bit,
        => factor: Bits<OPERAND_BITS>,
    }
}

impl Gatherer {
    pub(super) fn new(factor: Factor) -> Self {
        let times = factor.subtracted() * PRODUCT_BOUND;
        let (name, sum) = if factor.signed() {
            ("signed", "({factor, 1'b1} + {signed_term, carry}) >> 1")
        } else {
            ("plain", "factor + term")
        };
        Self::from_text(format!(
            "// module: gatherer_{name}_from_{times}
always @(posedge clock)
  if (clear) factor <= {};
  else if (gather) factor <= {sum};
",
            multiple(OPERAND_BITS, times)
        ))
    }
}
