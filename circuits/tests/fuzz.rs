//! Random blocks: execution and circuit accept the same. `cargo xtask soundness --fuzz 100000` takes a quarter of an hour.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use penstock_circuits::circuit::soundness::fuzz::fuzz;

#[test]
fn execution_and_circuit_accept_the_same_blocks() {
    let folder = tempfile::tempdir().unwrap();
    let report = fuzz(folder.path(), 11, 400).unwrap();
    assert_eq!(report.differences, Vec::<String>::new());
    assert_eq!(report.blocks, 400);
    // Enough of them are accepted for the comparison to say something.
    assert!(report.accepted >= 60 && report.operations.len() >= 7, "{report:?}");
}
