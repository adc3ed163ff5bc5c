//! The compiled verifier contract, embedded: `host/contracts/BatchVerifier.json`, made by `build.mjs` there.

use serde::Deserialize;

use super::EvmError;

const ARTEFACT: &str = include_str!("../../../contracts/BatchVerifier.json");

/// The compiled contract with the checksums that tie it to its source.
#[derive(Clone, Debug, Deserialize)]
pub struct VerifierContract {
    /// Version of the compiler.
    pub compiler: String,
    /// SHA-256 of the Solidity source, hexadecimal.
    pub source_sha256: String,
    /// SHA-256 of the runtime code, hexadecimal.
    pub runtime_sha256: String,
    /// Code that deploys the contract.
    #[serde(rename = "bytecode", with = "hex")]
    pub init_code: Vec<u8>,
    /// Code of the deployed contract.
    #[serde(rename = "runtime", with = "hex")]
    pub runtime_code: Vec<u8>,
}

/// The embedded contract.
///
/// # Errors
/// When the artefact was damaged before the build.
pub fn verifier_contract() -> Result<VerifierContract, EvmError> {
    serde_json::from_str(ARTEFACT).map_err(|error| EvmError::Artefact(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use sha2::{Digest, Sha256};
    use std::process::Command;

    const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../contracts");
    const MAX_CODE: usize = 24_576;

    /// Opcodes of the Paris rules: what an EVM may meet in the code (Yellow Paper, appendix H; EIPs 3198, 3855 on).
    fn is_paris(opcode: u8) -> bool {
        matches!(opcode,
            0x00..=0x0b | 0x10..=0x1d | 0x20 | 0x30..=0x48 | 0x50..=0x5b | 0x60..=0x9f | 0xa0..=0xa4
            | 0xf0..=0xf5 | 0xfa | 0xfd..=0xff)
    }

    /// The opcodes in the code, without the data that PUSH instructions carry.
    fn opcodes(code: &[u8]) -> Vec<u8> {
        let mut found = Vec::new();
        let mut at = 0;
        while let Some(&opcode) = code.get(at) {
            found.push(opcode);
            at += 1 + if (0x60..=0x7f).contains(&opcode) { usize::from(opcode - 0x5f) } else { 0 };
        }
        found
    }

    #[test]
    fn the_artefact_belongs_to_the_source() {
        let contract = verifier_contract().unwrap();
        let source = std::fs::read(format!("{FOLDER}/BatchVerifier.sol")).unwrap();
        assert_eq!(contract.source_sha256, hex::encode(Sha256::digest(source)));
        assert_eq!(contract.runtime_sha256, hex::encode(Sha256::digest(&contract.runtime_code)));
        let pinned = std::fs::read_to_string(format!("{FOLDER}/package.json")).unwrap();
        let version = contract.compiler.split('+').next().unwrap();
        assert!(pinned.contains(&format!("\"solc\": \"{version}\"")), "built by the pinned compiler");
    }

    #[test]
    fn a_rebuild_gives_the_same_artefact() {
        if !std::path::Path::new(&format!("{FOLDER}/node_modules/solc")).exists() {
            eprintln!("skipped: no compiler in host/contracts/node_modules (npm ci puts it there)");
            return;
        }
        let output = Command::new("node").args(["build.mjs", "--check"]).current_dir(FOLDER).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }

    #[test]
    fn the_code_fits_and_is_what_the_init_code_deploys() {
        let contract = verifier_contract().unwrap();
        assert!(contract.runtime_code.len() <= MAX_CODE, "{} bytes", contract.runtime_code.len());
        assert!(contract.init_code.ends_with(&contract.runtime_code));
    }

    #[test]
    fn the_code_has_no_opcode_newer_than_paris() {
        let contract = verifier_contract().unwrap();
        let newer: Vec<_> = opcodes(&contract.init_code).into_iter().filter(|&op| !is_paris(op)).collect();
        assert!(newer.is_empty(), "{newer:02x?}");
    }

    #[test]
    fn the_opcode_scan_sees_opcodes_and_skips_data() {
        assert_eq!(opcodes(&[0x61, 0x5f, 0x5e, 0x5f, 0x00]), [0x61, 0x5f, 0x00]);
        for (name, opcode) in [("PUSH0", 0x5f), ("MCOPY", 0x5e), ("TLOAD", 0x5c), ("TSTORE", 0x5d), ("BLOBHASH", 0x49)]
        {
            assert!(!is_paris(opcode), "{name}");
        }
    }
}
