//! `cargo xtask conformance`: the whole conformance suite on simulated cards, with what is too long for every day.

use anyhow::Result;

use crate::shell;

/// Runs all that is in the suite against `card`: `model`, `rtl`, or both.
pub(crate) fn run(card: Option<&str>) -> Result<()> {
    let suite = "cargo test --locked -p penstock-sim --test conformance --";
    if card.is_none_or(|card| card == "model") {
        shell::run("", &format!("{suite} cards:: faulty:: layouts:: socket::"))?;
    }
    if card.is_none_or(|card| card == "rtl") {
        // One a core at a time: a card's clock keeps a core busy.
        shell::run("", &format!("{suite} rtl:: --ignored"))?;
    }
    Ok(())
}
