//! Sums, differences and small multiples modulo p without reduction.
//!
//! The operands are any representatives below known multiples of p; what is subtracted is subtracted from such a multiple
//! of p that nothing becomes negative. Addition, subtraction and negation are combinations of one or two operands.

use std::sync::Arc;

use num_bigint::BigUint;
use rust_hdl::prelude::*;

use super::memo::{Generated, Memo};
use super::pipeline::{Pipeline, Value};
use super::{Field, OPERAND_BITS, Shape};

/// An operand of a combination.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Term {
    /// What it is multiplied with.
    pub coefficient: i32,
    /// The operand is below this multiple of p.
    pub bound: u32,
}

/// What a combination computes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CombinationConfig {
    /// The field.
    pub field: Field,
    /// One term for each operand.
    pub terms: Vec<Term>,
    /// Bits of the longest carry chain: what is wider is added in segments, a cycle each.
    pub segment: usize,
}

impl CombinationConfig {
    /// A combination of operands with these coefficients, all below `bound` p, as suits a shape.
    pub fn new(shape: Shape, field: Field, coefficients: &[i32], bound: u32) -> Self {
        let terms = coefficients.iter().map(|coefficient| Term { coefficient: *coefficient, bound }).collect();
        Self { field, terms, segment: shape.longest_chain() }
    }

    /// The multiple of p that keeps the result from being negative.
    pub fn offset(&self) -> u32 {
        self.terms
            .iter()
            .filter(|term| term.coefficient < 0)
            .map(|term| term.coefficient.unsigned_abs() * term.bound)
            .sum()
    }

    /// The result is below this multiple of p, at most 84 for a multiplier's operand.
    pub fn bound(&self) -> u32 {
        let added = self.terms.iter().filter(|term| term.coefficient > 0);
        // Nothing subtracted from the offset leaves the offset itself.
        self.offset() + added.map(|term| term.coefficient.unsigned_abs() * term.bound).sum::<u32>().max(1)
    }

    /// Cycles from operands to result.
    pub fn latency(&self) -> usize {
        self.generated().latency
    }

    /// Cycles between two starts.
    pub fn interval(&self) -> usize {
        1
    }

    fn generated(&self) -> Arc<Generated> {
        static TEXTS: Memo<CombinationConfig> = Memo::new();
        TEXTS.get(self, || self.generate())
    }

    fn generate(&self) -> Generated {
        let mut pipeline = Pipeline::new(self.segment);
        let p = self.field.modulus();
        let bits = |multiple: u32| (&p * multiple).bits() as usize;
        // What is added, on the offset, and what is subtracted are summed side by side: as few registers wait as can be.
        let offset =
            (self.offset() > 0).then(|| (Value::constant(&p * self.offset(), bits(self.offset())), self.offset()));
        let [mut added, mut subtracted] = [offset, None];
        for (index, Term { coefficient, bound }) in self.terms.iter().enumerate() {
            let times = coefficient.unsigned_abs();
            let operand = pipeline.input(&format!("operands${index}"), OPERAND_BITS).bits(0, bits(*bound));
            let product = multiple(&mut pipeline, &operand, times, bits(times * bound));
            let (side, label) = if *coefficient < 0 { (&mut subtracted, "subtracted") } else { (&mut added, "added") };
            *side = Some(match side.take() {
                None => (product, times * bound),
                Some((sum, have)) => {
                    let bound = have + times * bound;
                    (pipeline.add(label, &sum, &product, bits(bound)), bound)
                }
            });
        }
        let (added, bound) = added.unwrap_or_else(|| (Value::constant(BigUint::ZERO, 1), 1));
        let value = match subtracted {
            None => added,
            Some((subtracted, _)) => pipeline.subtract("difference", &added, &subtracted, bits(bound)),
        };
        let latency = pipeline.output("result", &value);
        Generated { text: format!("// module: {}\n{}", self.name(), pipeline.finish()), latency }
    }

    fn name(&self) -> String {
        let sign = |term: &Term| if term.coefficient < 0 { "minus" } else { "plus" };
        let terms = self.terms.iter().map(|term| format!("{}_{}", sign(term), term.coefficient.unsigned_abs()));
        format!("{}_{}_by_{}", self.field.name(), terms.collect::<Vec<_>>().join("_"), self.segment)
    }
}

/// `operand` x `times`, for coefficients with few ones.
fn multiple(pipeline: &mut Pipeline, operand: &Value, times: u32, width: usize) -> Value {
    let mut ones = (0..32).filter(|bit| times >> bit & 1 == 1);
    let first = operand.shifted(ones.next().unwrap_or(0));
    ones.fold(first, |sum, bit| pipeline.add("multiple", &sum, &operand.shifted(bit), width))
}

/// Computes a [`CombinationConfig`], a start each cycle.
#[derive(LogicBlock, Default)]
pub struct Combination {
    /// The clock.
    pub clock: Signal<In, Clock>,
    /// One operand for each term.
    pub operands: Vec<Signal<In, Bits<OPERAND_BITS>>>,
    /// The combination of the operands `latency` cycles ago.
    pub result: Signal<Out, Bits<OPERAND_BITS>>,
    _text: String,
}

impl Combination {
    /// A block for that combination.
    pub fn new(config: &CombinationConfig) -> Self {
        let operands = config.terms.iter().map(|_| Signal::default()).collect();
        Self { operands, _text: config.generated().text.clone(), ..Self::default() }
    }
}

impl Logic for Combination {
    fn update(&mut self) {}

    fn connect(&mut self) {
        self.result.connect();
    }

    fn hdl(&self) -> Verilog {
        Verilog::Custom(self._text.clone())
    }
}
