//! `penstock completions` and `penstock man`: what packages install beside the command, made from its own arguments.

use super::error::CommandError;
use super::report::{Location, Report};
use clap::CommandFactory;
use clap_complete::Shell;
use penstock_prover::files::FileError;
use serde::Serialize;
use std::fs;
use std::path::{Path, PathBuf};

#[derive(clap::Args)]
pub struct Completions {
    /// The shell.
    shell: Shell,
}

#[derive(clap::Args)]
pub struct Manual {
    /// The folder for the pages, one a command.
    #[arg(value_name = "DIR")]
    folder: PathBuf,
}

#[derive(Serialize)]
struct Completed {
    shell: String,
    script: String,
}

#[derive(Serialize)]
struct Written {
    folder: Location,
    pages: usize,
}

pub fn completions(arguments: &Completions) -> Result<Report, CommandError> {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut super::Arguments::command(), "penstock", &mut script);
    let script = String::from_utf8_lossy(&script).into_owned();
    Report::new(&Completed { shell: arguments.shell.to_string(), script: script.clone() }, script)
}

pub fn man(arguments: &Manual) -> Result<Report, CommandError> {
    let folder = arguments.folder.as_path();
    let failed = |error| FileError::new("write pages in", folder, error);
    fs::create_dir_all(folder).map_err(failed)?;
    clap_mangen::generate_to(super::Arguments::command(), folder).map_err(failed)?;
    let pages = pages(folder).map_err(failed)?;
    let text = format!("{pages} pages are in {}", folder.display());
    Report::new(&Written { folder: Location::from(folder), pages }, text)
}

fn pages(folder: &Path) -> std::io::Result<usize> {
    let mut pages = 0;
    for entry in fs::read_dir(folder)? {
        pages += usize::from(entry?.path().extension().is_some_and(|extension| extension == "1"));
    }
    Ok(pages)
}
