//! What a call does and where its gas goes.

use revm::Inspector;
use revm::interpreter::interpreter_types::Jumps;
use revm::interpreter::{CallInputs, CallOutcome, Interpreter, InterpreterTypes};

/// A call to a precompile.
#[derive(Clone, Copy, Debug)]
pub struct PrecompileCall {
    pub address: u8,
    pub input_bytes: usize,
    pub gas: u64,
    /// Gas that the caller had left before.
    pub gas_left: u64,
}

/// All calls to precompiles and hashes, in order.
#[derive(Debug, Default)]
pub struct Profile {
    pub calls: Vec<PrecompileCall>,
    /// Gas left at the start, and at the last hash.
    pub start: u64,
    pub last_hash: u64,
    current: u64,
}

impl<CTX, INTR: InterpreterTypes> Inspector<CTX, INTR> for Profile {
    fn step(&mut self, interpreter: &mut Interpreter<INTR>, _: &mut CTX) {
        self.current = interpreter.gas.remaining();
        self.start = self.start.max(self.current);
        if interpreter.bytecode.opcode() == 0x20 {
            self.last_hash = self.current;
        }
    }

    fn call_end(&mut self, _: &mut CTX, inputs: &CallInputs, outcome: &mut CallOutcome) {
        if inputs.bytecode_address.as_slice()[..19] == [0; 19] {
            self.calls.push(PrecompileCall {
                address: inputs.bytecode_address.as_slice()[19],
                input_bytes: inputs.input.len(),
                gas: outcome.result.gas.total_gas_spent(),
                gas_left: self.current,
            });
        }
    }
}
