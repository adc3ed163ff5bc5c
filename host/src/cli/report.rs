//! What a command says on stdout: tables for people, or one JSON object for programs.

use super::error::CommandError;
use super::printable::printable;
use comfy_table::{CellAlignment, Table, presets};
use serde::Serialize;
use serde_json::Value;
use std::fmt::Display;
use std::io::{self, Write};
use std::path::Path;

/// A command's result, in both forms.
pub struct Report {
    value: Value,
    text: String,
    done: String,
}

impl Report {
    /// The object for programs, and what people read instead.
    pub fn new(value: &impl Serialize, text: impl Into<String>) -> Result<Self, CommandError> {
        Ok(Self { text: text.into(), ..Self::from_value(serde_json::to_value(value)?) })
    }

    /// JSON for both.
    pub fn from_value(value: Value) -> Self {
        let text = format!("{value:#}");
        Self { value, text, done: "the command has done its work".into() }
    }

    /// What has been done, in case nobody can read the report.
    pub fn that_did(self, done: impl Into<String>) -> Self {
        Self { done: done.into(), ..self }
    }

    /// What has been done.
    pub fn done(&self) -> &str {
        &self.done
    }

    /// Prints the object, or the text. A reader that has closed the pipe is no error.
    pub fn print(&self, json: bool) -> io::Result<()> {
        match self.write(json) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            written => written,
        }
    }

    fn write(&self, json: bool) -> io::Result<()> {
        let mut stdout = io::stdout().lock();
        if json {
            writeln!(stdout, "{}", self.value)?
        } else {
            writeln!(stdout, "{}", self.text.trim_end())?
        }
        stdout.flush()
    }
}

/// A file or folder, as JSON shows it: names need not be text, and a report is never lost for one.
#[derive(Serialize)]
#[serde(transparent)]
pub struct Location(String);

impl From<&Path> for Location {
    fn from(path: &Path) -> Self {
        Self(path.to_string_lossy().into_owned())
    }
}

/// Labels with their values.
#[derive(Default)]
pub struct Properties(Vec<[String; 2]>);

impl Properties {
    /// One more.
    pub fn add(mut self, label: &str, value: impl Display) -> Self {
        self.0.push([label.into(), printable(&value.to_string())]);
        self
    }
}

impl Display for Properties {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut table = Table::new();
        table.load_preset(presets::UTF8_BORDERS_ONLY);
        table.add_rows(&self.0);
        writeln!(f, "{table}")
    }
}

/// A table under a heading of column names; all columns but the first are aligned to the right. Nothing if it has no rows.
pub fn table<const COLUMNS: usize>(
    heading: [&str; COLUMNS],
    rows: impl IntoIterator<Item = [String; COLUMNS]>,
) -> String {
    let mut table = Table::new();
    table.load_preset(presets::UTF8_FULL_CONDENSED).set_header(heading);
    table.add_rows(rows.into_iter().map(|row| row.map(|cell| printable(&cell))));
    if table.row_count() == 0 {
        return String::new();
    }
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    format!("{table}\n")
}
