//! Released bitstreams: what a manifest says of one, whether it may be put on a board, and by what command.
//!
//! ```text
//! BOARD ──> folder ──> manifest.json ──┐
//! FILE  ──> its folder ────────────────┴─ board, ABI, checksum ──> openFPGALoader
//! ```
//!
//! A folder holds one board's constraints, manifest and, where open tools can build it, bitstream.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use penstock_abi::{ABI_MAJOR, ABI_MINOR};
use penstock_circuits::json::{self, JsonError};
use serde::Deserialize;
use sha2::{Digest, Sha256};

/// A manifest's name in a board's folder.
const MANIFEST: &str = "manifest.json";
/// Bytes that are read of a manifest.
const MANIFEST_BYTES: u64 = 1 << 20;
/// What the vendor's tools run, in the folder of a board that open tools cannot build for.
const RECIPE: &str = "build.tcl";
/// The program that talks to boards.
const LOADER: &str = "openFPGALoader";
/// Boards that can be loaded, with the loader's names for them.
const BOARDS: [(&str, &str); 1] = [("ulx3s-85f", "ulx3s")];

/// What a manifest says that matters when a bitstream is used.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Manifest {
    /// The board, as its folder is called.
    pub board: String,
    /// The version of the registers and commands: major.minor.
    pub abi: String,
    /// The Verilog that it is made of.
    pub rtl: Rtl,
    /// The file; none for a board that only has a recipe.
    #[serde(default)]
    pub bitstream: Option<File>,
}

/// What identifies a card's Verilog.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Rtl {
    /// The first eight bytes of its SHA-256, as the card's registers hold them; hexadecimal.
    #[serde(default)]
    pub identity_register: String,
}

/// A bitstream's file.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct File {
    /// Its name in the manifest's folder.
    pub file: String,
    /// Its SHA-256; hexadecimal.
    pub sha256: String,
}

/// Why a bitstream is not put on a board.
#[derive(Debug, thiserror::Error)]
pub enum BitstreamError {
    /// Something cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// What.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A manifest that is none.
    #[error("{} is no bitstream's manifest: {source}", path.display())]
    Manifest {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: JsonError,
    },
    /// There is a recipe only.
    #[error(
        "there is no bitstream for {board}, only a recipe: build it with the vendor's tools, as {} says",
        folder.join("README.md").display()
    )]
    NotBuilt {
        /// The board.
        board: String,
        /// The board's folder.
        folder: PathBuf,
    },
    /// The manifest speaks of something else.
    #[error("{} is for {found}, not for {expected}", path.display())]
    Board {
        /// The manifest.
        path: PathBuf,
        /// What was asked for: a board or a file's name.
        expected: String,
        /// What it is for.
        found: String,
    },
    /// A board that the loader is not known to reach.
    #[error("{board} cannot be loaded from here; known are {}", BOARDS.map(|(board, _)| board).join(", "))]
    Unknown {
        /// The board.
        board: String,
    },
    /// Not the file that was released.
    #[error("{} is damaged or another file: its SHA-256 is {found}, the manifest says {expected}", path.display())]
    Checksum {
        /// The file.
        path: PathBuf,
        /// By the manifest.
        expected: String,
        /// By the file.
        found: String,
    },
    /// The card would not speak with this driver.
    #[error("{} has ABI {found}, this driver speaks {ABI_MAJOR}.{ABI_MINOR}: take a bitstream of this release", path.display())]
    Abi {
        /// The manifest.
        path: PathBuf,
        /// Its version.
        found: String,
    },
    /// The loader is not there.
    #[error("cannot start {LOADER}: {source}; install it (Debian: apt install openfpgaloader)")]
    NoLoader {
        /// Why.
        source: io::Error,
    },
    /// The loader gave up.
    #[error("{LOADER} failed ({status}): is the board connected, and may you use its USB device?")]
    Loader {
        /// How it ended.
        status: String,
    },
}

/// A bitstream that may be put on its board.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checked {
    /// What its manifest says.
    pub manifest: Manifest,
    /// Where it is.
    pub file: PathBuf,
    loader_board: &'static str,
}

impl Checked {
    /// The bitstream of `target`: a board's name, to be found in `folder`, or a file beside its manifest.
    ///
    /// # Errors
    /// See [`BitstreamError`]; nothing has been done then.
    pub fn new(folder: &Path, target: &str) -> Result<Self, BitstreamError> {
        let named = BOARDS.iter().any(|(board, _)| *board == target) || folder.join(target).join(MANIFEST).is_file();
        let home = if named { folder.join(target) } else { beside(Path::new(target)) };
        let path = home.join(MANIFEST);
        if !path.exists() && folder.join(target).join(RECIPE).is_file() {
            return Err(BitstreamError::NotBuilt { board: target.to_owned(), folder: folder.join(target) });
        }
        let manifest = read(&path)?;
        let other = |found: &str| BitstreamError::Board {
            path: path.clone(),
            expected: target.to_owned(),
            found: found.to_owned(),
        };
        if named && manifest.board != target {
            return Err(other(&manifest.board));
        }
        let Some(bitstream) = &manifest.bitstream else {
            return Err(BitstreamError::NotBuilt { board: manifest.board, folder: home });
        };
        if !named && Path::new(target).file_name().is_none_or(|name| name != bitstream.file.as_str()) {
            return Err(other(&bitstream.file));
        }
        let Some((_, loader_board)) = BOARDS.iter().find(|(board, _)| *board == manifest.board) else {
            return Err(BitstreamError::Unknown { board: manifest.board });
        };
        if !speaks(&manifest.abi) {
            return Err(BitstreamError::Abi { path, found: manifest.abi });
        }
        let file = home.join(&bitstream.file);
        let bytes = fs::read(&file).map_err(|source| BitstreamError::Read { path: file.clone(), source })?;
        let found = hex::encode(Sha256::digest(bytes));
        if found != bitstream.sha256 {
            return Err(BitstreamError::Checksum { path: file, expected: bitstream.sha256.clone(), found });
        }
        Ok(Self { manifest, file, loader_board })
    }

    /// The command that puts it on the board: into the flash that the board starts from, or until power goes.
    pub fn command(&self, keep: bool) -> Vec<OsString> {
        let mut words: Vec<OsString> = [LOADER, "--board", self.loader_board].map(Into::into).into();
        if keep {
            words.push("--write-flash".into());
        }
        words.push(self.file.clone().into());
        words
    }

    /// Runs that command.
    ///
    /// # Errors
    /// The loader is not there or fails.
    pub fn load(&self, keep: bool) -> Result<(), BitstreamError> {
        let words = self.command(keep);
        let status = Command::new(&words[0]).args(&words[1..]).status();
        let status = status.map_err(|source| BitstreamError::NoLoader { source })?;
        if status.success() { Ok(()) } else { Err(BitstreamError::Loader { status: status.to_string() }) }
    }
}

/// The manifest among those in `folder` whose Verilog is the card's, and where it is.
pub fn manifest_of(folder: &Path, rtl_checksum: [u8; 8]) -> Option<(PathBuf, Manifest)> {
    let wanted = hex::encode(rtl_checksum);
    let mut homes: Vec<_> = fs::read_dir(folder).ok()?.filter_map(|entry| Some(entry.ok()?.path())).collect();
    homes.sort();
    homes.into_iter().map(|home| home.join(MANIFEST)).find_map(|path| {
        let manifest = read(&path).ok()?;
        (manifest.rtl.identity_register == wanted).then_some((path, manifest))
    })
}

fn beside(file: &Path) -> PathBuf {
    file.parent().map(Path::to_owned).unwrap_or_default()
}

fn read(path: &Path) -> Result<Manifest, BitstreamError> {
    let refused = |error: JsonError| match error {
        JsonError::Read(source) => BitstreamError::Read { path: path.to_owned(), source },
        source => BitstreamError::Manifest { path: path.to_owned(), source },
    };
    let file = fs::File::open(path).map_err(JsonError::Read).map_err(refused)?;
    json::read(file, MANIFEST_BYTES).and_then(|bytes| json::from_slice(&bytes)).map_err(refused)
}

/// Whether a card of that version has all that this driver uses: the same major version.
fn speaks(abi: &str) -> bool {
    let numbers = abi.split_once('.').map(|(major, minor)| (major.parse::<u16>(), minor.parse::<u16>()));
    matches!(numbers, Some((Ok(ABI_MAJOR), Ok(_))))
}
