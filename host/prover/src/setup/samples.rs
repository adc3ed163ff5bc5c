//! Files of powers of tau for the tests, whole and spoilt, and importing them.

use super::source::ImportError;
use super::{Blake2b512, ImportOptions, Setup, SetupError};
use crate::files::Destination;
use crate::progress::Progress;
use std::fs;
use std::path::Path;
use tempfile::TempDir;

/// Power 6, two contributions and a beacon, not prepared. Made with snarkjs by tests/ptau/record.sh.
pub(super) const CEREMONY: &[u8] = include_bytes!("../../tests/ptau/ceremony.ptau");
/// The same ceremony, prepared and truncated to power 4.
pub(super) const PREPARED: &[u8] = include_bytes!("../../tests/ptau/prepared.ptau");
/// The Hermez ceremony's final file of power 8, prepared, as it was published.
pub(super) const HERMEZ: &[u8] = include_bytes!("../../tests/ptau/powersOfTau28_hez_final_08.ptau");

pub(super) fn import(directory: &TempDir, file: &[u8], k: u32) -> Result<Setup, SetupError> {
    let path = directory.path().join("source");
    fs::write(&path, file).unwrap();
    Setup::import(
        &path,
        k,
        &to(&directory.path().join("out.srs")),
        options(directory.path(), None),
        &Progress::silent(),
    )
}

/// The place at a path, whatever is there.
pub(super) fn to(path: &Path) -> Destination {
    Destination::check(path, true, 0, |_| None).unwrap()
}

/// Checkpoints are kept in this folder.
pub(super) fn options<'a>(folder: &'a Path, expected: Option<&'a Blake2b512>) -> ImportOptions<'a> {
    ImportOptions { expected, checkpoints: folder, lock_timeout: None }
}

/// Why the file is not imported; nothing but the lock stays behind.
pub(super) fn refusal(file: &[u8], k: u32) -> SetupError {
    let directory = tempfile::tempdir().unwrap();
    let error = import(&directory, file, k).unwrap_err();
    let left = fs::read_dir(directory.path()).unwrap().map(|entry| entry.unwrap().file_name());
    assert!(
        left.into_iter().all(|name| name == "source" || name.to_string_lossy().ends_with(".checkpoint.lock")),
        "something stays"
    );
    error
}

pub(super) fn import_refusal(file: &[u8], k: u32) -> ImportError {
    match refusal(file, k) {
        SetupError::Import { source, .. } => source,
        other => panic!("{other}"),
    }
}

/// Ids, offsets of the content and lengths of all sections of a `.ptau` file.
pub(super) fn sections(ptau: &[u8]) -> Vec<(u32, usize, usize)> {
    let mut at = 12;
    let mut sections = Vec::new();
    while at < ptau.len() {
        let id = u32::from_le_bytes(ptau[at..at + 4].try_into().unwrap());
        let length = u64::from_le_bytes(ptau[at + 4..at + 12].try_into().unwrap()) as usize;
        sections.push((id, at + 12, length));
        at += 12 + length;
    }
    sections
}

/// Where the content of a section begins.
pub(super) fn offset(ptau: &[u8], id: u32) -> usize {
    sections(ptau).into_iter().find(|section| section.0 == id).unwrap().1
}

pub(super) fn patched(file: &[u8], at: usize, bytes: &[u8]) -> Vec<u8> {
    let mut patched = file.to_vec();
    patched[at..at + bytes.len()].copy_from_slice(bytes);
    patched
}

/// The file with the lowest bit of one byte flipped.
pub(super) fn flipped(file: &[u8], at: usize) -> Vec<u8> {
    patched(file, at, &[file[at] ^ 1])
}
