//! `penstock card flash`: puts a released bitstream on a board.

use crate::card::bitstream::Checked;
use crate::cli::error::CommandError;
use crate::cli::report::Report;
use serde::Serialize;
use std::path::PathBuf;

#[derive(clap::Args)]
pub struct Flash {
    /// A board, such as ulx3s-85f, or a bitstream's file beside its manifest.
    #[arg(value_name = "BOARD|FILE")]
    target: String,
    #[command(flatten)]
    released: Released,
    /// Only until power goes: leave the board's flash as it is.
    #[arg(long)]
    volatile: bool,
    /// Check, and print the command instead of running it.
    #[arg(long)]
    dry_run: bool,
}

/// Where released bitstreams are.
#[derive(clap::Args)]
pub struct Released {
    /// The folder with one folder a board.
    #[arg(long = "bitstreams", value_name = "DIR", env = "PENSTOCK_BITSTREAMS", default_value = "bitstreams")]
    pub folder: PathBuf,
}

#[derive(Serialize)]
struct Flashed {
    board: String,
    file: PathBuf,
    abi: String,
    /// As the card's registers will hold it.
    rtl_checksum: String,
    command: Vec<String>,
    done: bool,
}

pub fn flash(arguments: &Flash) -> Result<Report, CommandError> {
    let checked = Checked::new(&arguments.released.folder, &arguments.target)?;
    let keep = !arguments.volatile;
    let command: Vec<_> = checked.command(keep).iter().map(|word| word.to_string_lossy().into_owned()).collect();
    if !arguments.dry_run {
        checked.load(keep)?;
    }
    // Names of files have no NUL, which alone cannot be quoted.
    let line = shlex::try_join(command.iter().map(String::as_str)).unwrap_or_else(|_| format!("{command:?}"));
    let text =
        if arguments.dry_run { line } else { format!("{} runs {}", checked.manifest.board, checked.file.display()) };
    let flashed = Flashed {
        board: checked.manifest.board,
        file: checked.file,
        abi: checked.manifest.abi,
        rtl_checksum: checked.manifest.rtl.identity_register,
        command,
        done: !arguments.dry_run,
    };
    Report::new(&flashed, text)
}
