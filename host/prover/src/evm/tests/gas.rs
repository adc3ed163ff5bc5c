//! Calls with too little gas, points off the curve, and chains whose precompiles are dear or absent: what the contract
//! says then, and what it costs.

use std::collections::BTreeSet;

use revm::Inspector;
use revm::interpreter::{CallInputs, CallOutcome, Gas, InstructionResult, InterpreterResult, InterpreterTypes};
use revm::primitives::Bytes;

use super::profile::PrecompileCall;
use super::*;
use crate::evm::EvmVerdict::{Halted, NotEnoughGas, PrecompileUnusable};
use crate::evm::layout::Layout;
use crate::evm::memory::Cell;

const SOURCE: &str = include_str!("../../../../contracts/BatchVerifier.sol");

/// Precompiles with the contract's name of their cap and the dearest published price of a call as the contract makes it
/// (EIPs 196, 197, 198).
const PRECOMPILES: [(u8, &str, u64); 4] = [
    (MODEXP, "MODEXP_CAP", 13_056),
    (EC_ADD, "EC_ADD_CAP", 500),
    (EC_MUL, "EC_MUL_CAP", 40_000),
    (PAIRING, "PAIRING_CAP", 180_000),
];

/// What the contract gives to a call of a precompile at most, as its source has it.
fn cap(address: u8) -> u64 {
    let (_, name, _) = PRECOMPILES.into_iter().find(|&(other, ..)| other == address).unwrap();
    let (_, rest) = SOURCE.split_once(&format!("uint256 private constant {name} = ")).unwrap();
    rest.split_once(';').unwrap().0.replace('_', "").parse().unwrap()
}

/// The small circuit's key on an EVM.
struct Chain {
    evm: Evm,
    key: [u8; 20],
}

impl Chain {
    fn new() -> Self {
        let mut evm = Evm::new().unwrap();
        let key = evm.deploy_key(&SMALL.key).unwrap();
        Self { evm, key }
    }

    fn verify(&mut self, proof: &[u8], gas_limit: u64) -> EvmOutcome {
        self.evm.call(encode_call(self.key, proof, &SMALL.instances), gas_limit, NoOpInspector).unwrap()
    }

    fn profile(&mut self, proof: &[u8]) -> (EvmOutcome, Profile) {
        let mut profile = Profile::default();
        let call = encode_call(self.key, proof, &SMALL.instances);
        (self.evm.call(call, GAS_LIMIT, &mut profile).unwrap(), profile)
    }

    /// The least gas limit at which a proof gets this verdict, if it gets it from some limit on.
    fn least(&mut self, proof: &[u8], verdict: EvmVerdict, mut below: u64) -> u64 {
        let mut enough = GAS_LIMIT;
        while enough - below > 1 {
            let middle = below + (enough - below) / 2;
            if self.verify(proof, middle).verdict == verdict {
                enough = middle;
            } else {
                below = middle;
            }
        }
        enough
    }
}

/// Gas limits from the base price of a call on, dense where a precompile gets just enough, for its price or its cap.
fn limits(outcome: &EvmOutcome, calls: &[PrecompileCall]) -> BTreeSet<u64> {
    let base = outcome.gas_used - outcome.gas_execution;
    let mut limits: BTreeSet<u64> = (base..outcome.gas_used + 5_000).step_by(1_009).collect();
    for call in calls {
        let reached = GAS_LIMIT - call.gas_left;
        // A call of a contract that is known already costs 100; a 64th of the rest stays with the caller.
        let gets = |gas: u64| reached + 100 + gas * 64 / 63;
        limits.extend((0..6).map(|sixth| reached + call.gas * sixth / 6));
        limits.extend([gets(call.gas), gets(cap(call.address))].into_iter().flat_map(|at| at - 2..at + 3));
    }
    limits
}

/// Where the points of the small circuit's proof are.
fn points() -> Vec<usize> {
    let layout = Layout::new(SMALL.pk.get_vk(), SMALL.instances.len());
    let offset = |cell: Cell| match cell {
        Cell::Behind(offset) => offset - WORD * SMALL.instances.len(),
        Cell::At(_) => panic!("not in the proof"),
    };
    let commitments = (0..offset(layout.evals_at)).step_by(2 * WORD);
    commitments.chain([offset(layout.h1), offset(layout.h2)]).collect()
}

/// The small circuit's proof with other bytes at an offset.
fn with(at: usize, bytes: &[u8]) -> Vec<u8> {
    let mut proof = SMALL.proof.clone();
    proof[at..at + bytes.len()].copy_from_slice(bytes);
    proof
}

/// The proof with one point off the curve: another y.
fn off_the_curve(point: usize) -> Vec<u8> {
    let last = point + 2 * WORD - 1;
    with(last, &[SMALL.proof[last] ^ 1])
}

#[test]
fn a_right_proof_is_never_refused_for_want_of_gas() {
    let mut chain = Chain::new();
    let (outcome, profile) = chain.profile(&SMALL.proof);
    let limits = limits(&outcome, profile.calls());
    let least = chain.least(&SMALL.proof, Accepted, limits.first().unwrap() - 1);
    let limits: BTreeSet<u64> = limits.into_iter().chain(least - 20..least + 20).collect();
    assert!(limits.len() > 400);
    let (mut reverted, mut halted) = (0, 0);
    for &limit in &limits {
        let verdict = chain.verify(&SMALL.proof, limit).verdict;
        match verdict {
            Accepted => {}
            NotEnoughGas => reverted += 1,
            Halted => halted += 1,
            _ => panic!("{verdict:?} with {limit} gas"),
        }
        assert_eq!(verdict == Accepted, limit >= least, "{verdict:?} with {limit} gas, least {least}");
    }
    println!("{} limits, {least} accepted, {reverted} NotEnoughGas, {halted} halted", limits.len());
    assert!(reverted > 0 && halted > 0);
}

#[test]
fn want_of_gas_is_named_where_enough_is_left_to_name_it() {
    let mut chain = Chain::new();
    let (_, profile) = chain.profile(&SMALL.proof);
    // A failed inversion leaves some twenty gas, which is not enough to say anything.
    for address in [EC_MUL, PAIRING] {
        for call in profile.calls().iter().filter(|call| call.address == address) {
            let limit = GAS_LIMIT - call.gas_left + call.gas;
            assert_eq!(chain.verify(&SMALL.proof, limit).verdict, NotEnoughGas, "{call:?}");
        }
    }
}

#[test]
fn a_wrong_point_is_refused_with_all_gas_from_a_limit_on_and_with_none_below() {
    let mut chain = Chain::new();
    let points = points();
    for point in [points[0], points[points.len() - 3], points[points.len() - 1]] {
        let proof = off_the_curve(point);
        let (outcome, profile) = chain.profile(&proof);
        let limits = limits(&outcome, profile.calls());
        let least = chain.least(&proof, Refused, limits.first().unwrap() - 1);
        for limit in limits.into_iter().chain(least - 20..least + 20) {
            let verdict = chain.verify(&proof, limit).verdict;
            let undecided = matches!(verdict, NotEnoughGas | Halted);
            assert!(undecided || verdict == Refused, "{verdict:?} with {limit} gas");
            assert_eq!(undecided, limit < least, "{verdict:?} with {limit} gas, least {least}");
        }
    }
}

#[test]
fn a_wrong_proof_costs_no_more_than_a_right_one() {
    let mut chain = Chain::new();
    let right = chain.verify(&SMALL.proof, GAS_LIMIT);
    let mut most = 0;
    for point in points() {
        let wrong = [
            off_the_curve(point),
            // A coordinate that is no field element.
            with(point, &[0xff; WORD]),
            with(point + WORD, &[0xff; WORD]),
            // Another point of the curve: the generator.
            with(point, &[&[0; 31][..], &[1], &[0; 31], &[2]].concat()),
        ];
        for proof in wrong {
            let (outcome, profile) = chain.profile(&proof);
            assert_eq!(outcome.verdict, Refused, "point at {point}");
            assert!(outcome.gas_execution <= right.gas_execution, "point at {point}: {outcome:?}, {right:?}");
            assert!(profile.calls().iter().all(|call| call.gas <= cap(call.address)), "point at {point}");
            most = most.max(outcome.gas_execution);
        }
    }
    println!("wrong {most}, right {}", right.gas_execution);
    // What the contract's documentation derives that from.
    assert!(cap(EC_MUL) + 40_000 < 113_000, "a wrong point burns less than the pairing that is not reached");
}

#[test]
fn caps_leave_half_as_much_again_as_the_dearest_published_prices() {
    let (_, profile) = Chain::new().profile(&SMALL.proof);
    for (address, name, price) in PRECOMPILES {
        assert!(2 * cap(address) >= 3 * price, "{name}");
        assert!(profile.calls().iter().all(|call| call.address != address || call.gas <= price), "{name}");
    }
}

/// What a chain does instead of running a precompile.
#[derive(Clone, Copy, Debug)]
enum Deviation {
    /// Fails calls that give less than this.
    Costs(u64),
    /// Has no code there: calls succeed and give nothing.
    Absent,
}

/// A chain that deviates at one address.
struct Deviating(u8, Deviation);

impl<CTX, INTR: InterpreterTypes> Inspector<CTX, INTR> for Deviating {
    fn call(&mut self, _: &mut CTX, inputs: &mut CallInputs) -> Option<CallOutcome> {
        let [zeros @ .., address] = inputs.bytecode_address.into_array();
        if zeros != [0; 19] || address != self.0 {
            return None;
        }
        let gas = inputs.gas_limit;
        let (result, gas) = match self.1 {
            Deviation::Costs(price) if gas >= price => return None,
            Deviation::Costs(_) => (InstructionResult::PrecompileOOG, Gas::new_spent_with_reservoir(gas, 0)),
            Deviation::Absent => (InstructionResult::Stop, Gas::new(gas)),
        };
        let result = InterpreterResult::new(result, Bytes::new(), gas);
        Some(CallOutcome::new(result, inputs.return_memory_offset.clone()))
    }
}

/// What a chain that deviates says to the right proof.
fn elsewhere(address: u8, deviation: Deviation, gas_limit: u64) -> EvmVerdict {
    let Chain { mut evm, key } = Chain::new();
    let call = encode_call(key, &SMALL.proof, &SMALL.instances);
    evm.call(call, gas_limit, Deviating(address, deviation)).unwrap().verdict
}

#[test]
fn a_chain_dearer_than_a_cap_is_told_from_a_wrong_proof() {
    for (address, _, dearest) in PRECOMPILES {
        assert_eq!(elsewhere(address, Deviation::Costs(dearest), GAS_LIMIT), Accepted);
        assert_eq!(elsewhere(address, Deviation::Costs(cap(address)), GAS_LIMIT), Accepted);
        for price in [cap(address) + 1, u64::MAX] {
            let verdict = elsewhere(address, Deviation::Costs(price), GAS_LIMIT);
            assert_eq!(verdict, PrecompileUnusable { address });
            // Nor with any less gas.
            for limit in (100_000..GAS_LIMIT / 20).step_by(50_021) {
                assert_ne!(elsewhere(address, Deviation::Costs(price), limit), Refused, "{limit} gas");
            }
        }
    }
}

#[test]
fn a_chain_without_a_precompile_accepts_nothing() {
    for (address, ..) in PRECOMPILES {
        assert_eq!(elsewhere(address, Deviation::Absent, GAS_LIMIT), Refused, "precompile {address}");
    }
}
