//! The `penstock` command.

mod card;
mod cli;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::main()
}
