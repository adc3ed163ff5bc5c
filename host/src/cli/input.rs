//! What commands read: a file or stdin, within a limit of size, in the one form that [`json`] takes.
//!
//! The limits are far above what is of use, and are there so that a wrong file, a device or an endless pipe costs no memory.

use penstock_circuits::json::{self, JsonError};
use penstock_circuits::operation::Block;
use penstock_circuits::state::Genesis;
use serde::de::DeserializeOwned;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// The file name that stands for stdin.
pub const STDIN: &str = "-";

/// A kind of input.
#[derive(Clone, Copy, Debug)]
pub struct Content {
    /// In a word or two.
    name: &'static str,
    /// Bytes that it may have.
    limit: u64,
    /// The option that sets the limit.
    option: Option<&'static str>,
}

/// Some hundred thousand accounts.
const GENESIS: Content = Content { name: "genesis", limit: 256 << 20, option: None };
/// An operation or an order without its signature; the largest has two thousand bytes.
pub const UNSIGNED: Content = Content { name: "operation to be signed", limit: 1 << 20, option: None };
/// 64 digits.
pub const KEY: Content = Content { name: "private key", limit: 4 << 10, option: None };

/// Why input is not taken.
#[derive(Debug, thiserror::Error)]
pub enum InputError {
    /// The system refused.
    #[error("{}: cannot be read: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// More than is read.
    #[error(
        "{} has more than {limit} bytes, too many for a {name}{}",
        path.display(),
        option.map(|option| format!("; {option} BYTES allows more")).unwrap_or_default()
    )]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// What it should be.
        name: &'static str,
        /// The limit in bytes.
        limit: u64,
        /// The option that sets the limit.
        option: Option<&'static str>,
    },
    /// Something else than it should be.
    #[error("{}: it is no {name}: {source}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What it should be.
        name: &'static str,
        /// What is wrong, and where.
        source: JsonError,
    },
}

impl InputError {
    fn new(path: &Path, content: Content, error: JsonError) -> Self {
        let (path, Content { name, option, .. }) = (path.to_owned(), content);
        match error {
            JsonError::Read(source) => Self::Read { path, source },
            JsonError::TooLong { limit } => Self::TooLarge { path, name, limit, option },
            source => Self::Malformed { path, name, source },
        }
    }
}

/// The block in a file, or in stdin, of at most `limit` bytes.
pub fn read_block(path: &Path, limit: u64) -> Result<Block, InputError> {
    read_json(path, Content { name: "block", limit, option: Some("--max-block-bytes") })
}

/// The genesis in a file, or in stdin.
pub fn read_genesis(path: &Path) -> Result<Genesis, InputError> {
    read_json(path, GENESIS)
}

/// A value in a file, or in stdin.
pub fn read_json<T: DeserializeOwned>(path: &Path, content: Content) -> Result<T, InputError> {
    read(path, content)
        .and_then(|bytes| json::from_slice(&bytes))
        .map_err(|error| InputError::new(path, content, error))
}

/// The text of a file, or of stdin.
pub fn read_text(path: &Path, content: Content) -> Result<String, InputError> {
    read(path, content)
        .and_then(|bytes| json::text(&bytes).map(str::to_owned))
        .map_err(|error| InputError::new(path, content, error))
}

fn read(path: &Path, content: Content) -> Result<Vec<u8>, JsonError> {
    let source: Box<dyn Read> = match path {
        path if path == Path::new(STDIN) => Box::new(io::stdin()),
        path => Box::new(File::open(path).map_err(JsonError::Read)?),
    };
    json::read(source, content.limit)
}
