//! What a call does and where its gas goes.

use std::fmt;

use revm::Inspector;
use revm::interpreter::interpreter_types::Jumps;
use revm::interpreter::{CallInputs, CallOutcome, Interpreter, InterpreterTypes};

/// Addresses of precompiles.
pub const MODEXP: u8 = 5;
pub const EC_ADD: u8 = 6;
pub const EC_MUL: u8 = 7;
pub const PAIRING: u8 = 8;

/// A call to a precompile.
#[derive(Clone, Copy, Debug)]
pub struct PrecompileCall {
    pub address: u8,
    pub input_bytes: usize,
    pub gas: u64,
    /// Gas that the caller had left at the call.
    pub gas_left: u64,
}

/// All calls to precompiles, in order, and the gas left at the start and at the last hash.
#[derive(Debug, Default)]
pub struct Profile {
    calls: Vec<PrecompileCall>,
    start: u64,
    last_hash: u64,
    current: u64,
}

impl Profile {
    /// Bytes of input of every call to a precompile.
    pub fn inputs(&self, address: u8) -> Vec<usize> {
        self.of(address).map(|call| call.input_bytes).collect()
    }

    /// All calls to precompiles, in order.
    pub fn calls(&self) -> &[PrecompileCall] {
        &self.calls
    }

    fn of(&self, address: u8) -> impl Iterator<Item = &PrecompileCall> {
        self.calls.iter().filter(move |call| call.address == address)
    }
}

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, address) in [("modexp", MODEXP), ("ecAdd", EC_ADD), ("ecMul", EC_MUL), ("pairing", PAIRING)] {
            let gas: u64 = self.of(address).map(|call| call.gas).sum();
            writeln!(f, "{name:10} {:3} calls {gas:7} gas", self.of(address).count())?;
        }
        let first = |address| self.of(address).next().map_or(0, |call| call.gas_left);
        writeln!(f, "loading, range checks, transcript {:7}", self.start - self.last_hash)?;
        writeln!(f, "Lagrange polynomials, inversion   {:7}", self.last_hash - first(MODEXP))?;
        writeln!(f, "gates and opening weights         {:7}", first(MODEXP) - first(EC_MUL))?;
        write!(f, "commitments                       {:7}", first(EC_MUL) - first(PAIRING))
    }
}

impl<CTX, INTR: InterpreterTypes> Inspector<CTX, INTR> for Profile {
    fn step(&mut self, interpreter: &mut Interpreter<INTR>, _: &mut CTX) {
        const KECCAK256: u8 = 0x20;
        self.current = interpreter.gas.remaining();
        self.start = self.start.max(self.current);
        if interpreter.bytecode.opcode() == KECCAK256 {
            self.last_hash = self.current;
        }
    }

    fn call_end(&mut self, _: &mut CTX, inputs: &CallInputs, outcome: &mut CallOutcome) {
        if let [0, .., address] = inputs.bytecode_address.into_array() {
            self.calls.push(PrecompileCall {
                address,
                input_bytes: inputs.input.len(),
                gas: outcome.result.gas.total_gas_spent(),
                gas_left: self.current,
            });
        }
    }
}
