//! The tables in PROTOCOL.md are those of the table of operations.
//!
//! To print them anew: `PENSTOCK_RECORD=1 cargo test -p penstock-circuits --test protocol`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use penstock_circuits::operation::page::print;

const PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/PROTOCOL.md");

#[test]
fn the_committed_protocol_has_the_printed_tables() {
    let committed = std::fs::read_to_string(PATH).unwrap();
    let printed = print(&committed).unwrap();
    if std::env::var_os("PENSTOCK_RECORD").is_some() {
        std::fs::write(PATH, &printed).unwrap();
    } else {
        assert_eq!(committed, printed, "print them again, as this test's first lines say");
    }
}
