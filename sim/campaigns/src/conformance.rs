//! `cargo xtask conformance`: the whole conformance suite on simulated cards, with what is too long for every day.

use anyhow::{Result, bail};

use crate::serve::Served;
use xtask::shell;

const SUITE: [&str; 6] = ["cargo", "test", "--locked", "--workspace", "--test", "conformance"];

/// Runs all that is in the suite against `card`: `model`, `rtl`, `board`, or all three.
pub(crate) fn run(card: Option<&str>) -> Result<()> {
    let is = |name: &str| card.is_none_or(|card| card == name);
    if is("model") {
        suite(&["cards::", "faulty::", "layouts::", "socket::"])?;
    }
    if is("rtl") {
        // One a core at a time: a card's clock keeps a core busy.
        suite(&["rtl::", "--ignored"])?;
    }
    if is("board") {
        board()?;
    }
    Ok(())
}

fn suite(arguments: &[&str]) -> Result<()> {
    shell::run_words("", &[&SUITE[..], &["--"], arguments].concat())
}

/// The ULX3S's Verilog at its pins, with windows and a line that suit simulation, through the driver's serial transport.
fn board() -> Result<()> {
    // The suite's build has the server in it.
    shell::run_words("", &[&SUITE[..], &["--no-run"]].concat())?;
    let program = shell::target_folder()?.join("debug/penstock-sim");
    let served = Served::board(&program, &["--window-bits", "6", "--bit-cycles", "4"])?;
    // There is one line: one case after the other.
    let words = [&SUITE[..], &["--", "named::", "--test-threads", "1", "--nocapture"]].concat();
    let address = format!("uart:{}", served.socket.display());
    let mut command = shell::command("", &words);
    let status = command.env("PENSTOCK_CARD", &address).env("PENSTOCK_CARD_SLOW", "1").status()?;
    if !status.success() {
        bail!("the board behind {address} does not conform: {status}");
    }
    Ok(())
}
