//! Exit codes and the words for programs: the one table that help, README and errors share.

/// What each exit code means.
pub const CODES: [(u8, &str); 9] = [
    (0, "done"),
    (2, "usage"),
    (3, "the input was refused"),
    (4, "a proof does not verify"),
    (5, "the engine or card failed"),
    (6, "out of memory or disk"),
    (7, "keys or setup do not match"),
    (8, "the system refused: permission, a lock, a device"),
    (9, "done, but the report could not be written"),
];

/// The exit code when memory or a disk runs out.
pub const OUT_OF_MEMORY: u8 = 6;

/// A kind of failure: one word for programs, and the exit code.
pub type Class = (&'static str, u8);

pub const USAGE: Class = ("usage", 2);
pub const OUTPUT: Class = ("output", 2);
pub const OUTPUT_TAKEN: Class = ("output_taken", 2);
pub const INPUT: Class = ("input", 3);
pub const BLOCK_TIME: Class = ("block_time", 3);
pub const BLOCK_REFUSED: Class = ("block_refused", 3);
pub const CAPACITY: Class = ("capacity", 3);
pub const GENESIS: Class = ("genesis", 3);
pub const STATE: Class = ("state", 3);
pub const DIGEST: Class = ("digest", 3);
pub const PTAU: Class = ("ptau", 3);
pub const BITSTREAM: Class = ("bitstream", 3);
pub const PROOF: Class = ("proof", 4);
pub const ENGINE: Class = ("engine", 5);
pub const CARD: Class = ("card", 5);
pub const PROVER: Class = ("prover", 5);
pub const INTERNAL: Class = ("internal", 5);
pub const MEMORY: Class = ("memory", OUT_OF_MEMORY);
pub const DISK: Class = ("disk", 6);
pub const SETUP: Class = ("setup", 7);
pub const KEYS: Class = ("keys", 7);
pub const EVM: Class = ("evm", 7);
pub const PERMISSION: Class = ("permission", 8);
pub const LOCKED: Class = ("locked", 8);
pub const SYSTEM: Class = ("system", 8);
pub const REPORT: Class = ("report", 9);

/// The codes in one sentence, for help.
pub fn in_words() -> String {
    let codes: Vec<String> = CODES.iter().map(|(code, meaning)| format!("{code} {meaning}")).collect();
    format!("Exit codes: {}.", codes.join("; "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_readme_has_the_same_codes() {
        let readme = include_str!("../../../README.md").replace('\n', " ");
        for (code, meaning) in CODES {
            assert!(readme.contains(&format!("{code} {meaning}")), "{code} {meaning}");
        }
    }
}
