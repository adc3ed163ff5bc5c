//! An EVM in memory with the verifier contract on it: what a chain would say to a proof, and what it would charge.
//!
//! Rules are those of Paris, the oldest that the contract supports; later ones charge the same for what it does.

use halo2curves::bn256::Fr;
use revm::context::result::{ExecutionResult, Output};
use revm::context::{CfgEnv, TxEnv};
use revm::database::InMemoryDB;
use revm::handler::{MainnetContext, MainnetEvm};
use revm::inspector::NoOpInspector;
use revm::primitives::hardfork::SpecId;
use revm::primitives::{Address, TxKind};
use revm::{Context, DatabaseCommit, ExecuteEvm, InspectEvm, Inspector, MainBuilder, MainContext};

use super::{EvmError, EvmVerdict, VerifyingKeyData, encode_call, verifier_contract};

/// Gas that every transaction costs before it starts.
const GAS_TRANSACTION: u64 = 21_000;
/// Gas of a byte of calldata, zero or not (EIP-2028).
const GAS_BYTE: (u64, u64) = (4, 16);
/// Gas that a transaction may use here unless said otherwise: a block's worth.
pub(super) const GAS_LIMIT: u64 = 30_000_000;

/// What the contract said to a proof.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EvmOutcome {
    /// Whether the proof holds, or why that is not known.
    pub verdict: EvmVerdict,
    /// Gas of the whole transaction, its base and calldata included.
    pub gas_used: u64,
    /// Gas of the execution alone.
    pub gas_execution: u64,
    /// Bytes of the verifier's code.
    pub code_bytes: usize,
}

impl EvmOutcome {
    /// Whether the contract found that the proof holds.
    pub fn accepted(&self) -> bool {
        self.verdict == EvmVerdict::Accepted
    }
}

/// An EVM with the verifier contract deployed.
#[derive(Debug)]
pub struct Evm {
    db: InMemoryDB,
    nonce: u64,
    verifier: Address,
    code_bytes: usize,
}

impl Evm {
    /// Starts an empty chain and deploys the verifier contract.
    ///
    /// # Errors
    /// When the embedded artefact is broken or does not deploy.
    pub fn new() -> Result<Self, EvmError> {
        let contract = verifier_contract()?;
        let mut evm = Self {
            db: InMemoryDB::default(),
            nonce: 0,
            verifier: Address::ZERO,
            code_bytes: contract.runtime_code.len(),
        };
        evm.verifier = evm.deploy(contract.init_code)?;
        Ok(evm)
    }

    /// Deploys a verifying key; gives the address by which the verifier knows it.
    ///
    /// # Errors
    /// When one of its contracts does not deploy.
    pub fn deploy_key(&mut self, key: &VerifyingKeyData) -> Result<[u8; 20], EvmError> {
        let mut next = [0; 20];
        for part in (0..key.parts()).rev() {
            next = self.deploy(init_code(&key.part_code(part, next)))?.into_array();
        }
        Ok(next)
    }

    /// Has the contract verify a proof under the key at an address.
    ///
    /// # Errors
    /// When the EVM does not execute the transaction at all; whatever is wrong with the proof is an outcome.
    pub fn verify(&mut self, key: [u8; 20], proof: &[u8], instances: &[Fr]) -> Result<EvmOutcome, EvmError> {
        self.call(encode_call(key, proof, instances), GAS_LIMIT, NoOpInspector)
    }

    /// Calls the verifier with that much gas, watched by an inspector.
    pub(super) fn call<I>(&mut self, data: Vec<u8>, gas_limit: u64, inspector: I) -> Result<EvmOutcome, EvmError>
    where
        I: for<'a> Inspector<MainnetContext<&'a mut InMemoryDB>>,
    {
        let zeros = data.iter().filter(|&&byte| byte == 0).count() as u64;
        let calldata = zeros * GAS_BYTE.0 + (data.len() as u64 - zeros) * GAS_BYTE.1;
        let transaction = TxEnv { gas_limit, ..self.transaction(TxKind::Call(self.verifier), data) };
        let result = self
            .machine(inspector)
            .inspect_one_tx(transaction)
            .map_err(|error| EvmError::Evm { what: "run the call", why: error.to_string() })?;
        let gas_used = result.tx_gas_used();
        let gas_execution = gas_used - GAS_TRANSACTION - calldata;
        let verdict = EvmVerdict::of(&result);
        Ok(EvmOutcome { verdict, gas_used, gas_execution, code_bytes: self.code_bytes })
    }

    fn machine<I>(&mut self, inspector: I) -> MainnetEvm<MainnetContext<&mut InMemoryDB>, I> {
        let cfg = CfgEnv::new_with_spec(SpecId::MERGE);
        Context::mainnet().with_cfg(cfg).with_db(&mut self.db).build_mainnet_with_inspector(inspector)
    }

    fn transaction(&self, kind: TxKind, data: Vec<u8>) -> TxEnv {
        TxEnv { kind, data: data.into(), nonce: self.nonce, gas_limit: GAS_LIMIT, gas_price: 0, ..TxEnv::default() }
    }

    fn deploy(&mut self, init_code: Vec<u8>) -> Result<Address, EvmError> {
        let failed = |why: String| EvmError::Evm { what: "deploy a contract", why };
        let transaction = self.transaction(TxKind::Create, init_code);
        let result = self.machine(NoOpInspector).transact(transaction).map_err(|error| failed(error.to_string()))?;
        self.db.commit(result.state);
        self.nonce += 1;
        match result.result {
            ExecutionResult::Success { output: Output::Create(_, Some(address)), .. } => Ok(address),
            other => Err(failed(format!("{other:?}"))),
        }
    }
}

/// Code that deploys `code`: PUSH2 length, DUP1, PUSH1 10, RETURNDATASIZE (zero here), CODECOPY, RETURNDATASIZE, RETURN.
fn init_code(code: &[u8]) -> Vec<u8> {
    let [high, low] = (code.len() as u16).to_be_bytes();
    let mut init = vec![0x61, high, low, 0x80, 0x60, 10, 0x3d, 0x39, 0x3d, 0xf3];
    init.extend(code);
    init
}
