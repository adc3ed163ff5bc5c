//! What a call of the verifier contract says about a proof: it returned a value, reverted with one of its errors, or was
//! stopped by the EVM. Only a returned value judges the proof; all else is about the call or the chain.

use revm::context::result::ExecutionResult;

use super::memory::WORD;

/// First four bytes of keccak256("NotEnoughGas()").
const NOT_ENOUGH_GAS: [u8; 4] = [0xdd, 0x62, 0x9f, 0x86];
/// First four bytes of keccak256("PrecompileUnusable(uint256)").
const PRECOMPILE_UNUSABLE: [u8; 4] = [0xc8, 0x87, 0xe0, 0x30];

/// What the contract said to a proof.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EvmVerdict {
    /// The proof holds.
    Accepted,
    /// The proof does not hold, and no gas makes it.
    Refused,
    /// The call had too little gas to tell whether the proof holds: repeat it with more.
    NotEnoughGas,
    /// A precompile fails for input that is right, so the proof cannot be verified on this chain.
    PrecompileUnusable {
        /// Address of the precompile.
        address: u8,
    },
    /// The contract reverted without a reason: the calldata is not encoded by its ABI.
    Reverted,
    /// The EVM stopped the call, which for this contract means that it ran out of gas: repeat it with more.
    Halted,
}

impl EvmVerdict {
    /// Reads the verdict from how a call ended.
    pub(super) fn of(result: &ExecutionResult) -> Self {
        match result {
            ExecutionResult::Success { output, .. } => match output.data().split_last() {
                Some((1, zeros)) if zeros == [0; WORD - 1] => Self::Accepted,
                _ => Self::Refused,
            },
            ExecutionResult::Revert { output, .. } => Self::of_revert(output),
            ExecutionResult::Halt { .. } => Self::Halted,
        }
    }

    fn of_revert(data: &[u8]) -> Self {
        match data.split_first_chunk() {
            Some((&NOT_ENOUGH_GAS, [])) => Self::NotEnoughGas,
            Some((&PRECOMPILE_UNUSABLE, [zeros @ .., address])) if zeros == [0; WORD - 1] => {
                Self::PrecompileUnusable { address: *address }
            }
            _ => Self::Reverted,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sha3::{Digest, Keccak256};

    #[test]
    fn selectors_are_hashes_of_the_errors_signatures() {
        assert_eq!(NOT_ENOUGH_GAS, Keccak256::digest("NotEnoughGas()")[..4]);
        assert_eq!(PRECOMPILE_UNUSABLE, Keccak256::digest("PrecompileUnusable(uint256)")[..4]);
    }

    #[test]
    fn the_artefact_declares_both_errors() {
        let artefact: serde_json::Value =
            serde_json::from_str(include_str!("../../../contracts/BatchVerifier.json")).unwrap();
        let errors: Vec<_> = artefact["abi"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|entry| entry["type"] == "error")
            .map(|entry| {
                let inputs = entry["inputs"].as_array().unwrap();
                (entry["name"].as_str().unwrap(), inputs.iter().map(|input| input["type"].as_str().unwrap()).collect())
            })
            .collect();
        assert_eq!(errors, [("NotEnoughGas", vec![]), ("PrecompileUnusable", vec!["uint256"])]);
    }

    #[test]
    fn a_revert_is_read_by_its_whole_data() {
        let unusable = [&PRECOMPILE_UNUSABLE[..], &[0; 31], &[7]].concat();
        assert_eq!(EvmVerdict::of_revert(&NOT_ENOUGH_GAS), EvmVerdict::NotEnoughGas);
        assert_eq!(EvmVerdict::of_revert(&unusable), EvmVerdict::PrecompileUnusable { address: 7 });
        let longer = [&NOT_ENOUGH_GAS[..], &[0]].concat();
        for other in [&[][..], &NOT_ENOUGH_GAS[..3], &longer, &unusable[..35], &[1; 36]] {
            assert_eq!(EvmVerdict::of_revert(other), EvmVerdict::Reverted);
        }
    }
}
