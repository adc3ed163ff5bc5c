//! The digest that ceremonies publish of their files, and the files that are recognised by it.
//!
//! Pairings show that a file's points are powers of one secret; they cannot show who knew that secret. What can is a
//! digest of the whole file that others published: the one in the table here, or one that the user compares.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;
use std::sync::LazyLock;

/// The table: comment lines, a heading, then power, file name and digest, separated by tabs.
const HERMEZ: &str = include_str!("hermez-ptau.tsv");

static PUBLISHED: LazyLock<Vec<PublishedFile>> = LazyLock::new(|| HERMEZ.lines().filter_map(parse).collect());

/// The BLAKE2b-512 of a whole file, written as 128 hexadecimal digits: what snarkjs, `b2sum` and ceremonies print.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Blake2b512(#[serde(with = "hex::serde")] pub [u8; 64]);

/// Text that is no [`Blake2b512`].
#[derive(Debug, thiserror::Error)]
#[error("expected a BLAKE2b-512: 128 hexadecimal digits")]
pub struct NotADigest;

impl FromStr for Blake2b512 {
    type Err = NotADigest;

    fn from_str(text: &str) -> Result<Self, NotADigest> {
        let mut bytes = [0; 64];
        hex::decode_to_slice(text.strip_prefix("0x").unwrap_or(text), &mut bytes).map_err(|_| NotADigest)?;
        Ok(Self(bytes))
    }
}

impl fmt::Display for Blake2b512 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for Blake2b512 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A file of the Hermez ceremony whose digest was published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublishedFile {
    /// The file has 2^power powers.
    pub power: u32,
    /// The name under which it was published.
    pub name: &'static str,
    /// The digest that was published.
    pub blake2b: Blake2b512,
}

impl PublishedFile {
    /// The published file that has this digest.
    pub fn recognise(blake2b: &Blake2b512) -> Option<&'static Self> {
        PUBLISHED.iter().find(|file| file.blake2b == *blake2b)
    }
}

impl fmt::Display for PublishedFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Hermez ceremony, final file of power {}", self.power)
    }
}

/// A row of the table; nothing for comments and the heading.
fn parse(line: &'static str) -> Option<PublishedFile> {
    let mut columns = line.split('\t');
    let (power, name, blake2b) = (columns.next()?, columns.next()?, columns.next()?);
    Some(PublishedFile { power: power.parse().ok()?, name, blake2b: blake2b.parse().ok()? })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_row_of_the_table_is_read_once_and_names_its_source() {
        let powers: Vec<u32> = PUBLISHED.iter().map(|file| file.power).collect();
        assert_eq!(powers, (8..=28).collect::<Vec<u32>>());
        let digests: BTreeSet<[u8; 64]> = PUBLISHED.iter().map(|file| file.blake2b.0).collect();
        assert_eq!(digests.len(), powers.len());
        for file in &PUBLISHED[..20] {
            assert_eq!(file.name, format!("powersOfTau28_hez_final_{:02}.ptau", file.power));
        }
        assert_eq!(PUBLISHED[20].name, "powersOfTau28_hez_final.ptau");
        assert!(HERMEZ.starts_with("# ") && HERMEZ.contains("snarkjs"));
    }

    #[test]
    fn a_digest_is_recognised_whole_or_not_at_all() {
        let file = PublishedFile::recognise(&PUBLISHED[3].blake2b).unwrap();
        assert_eq!(file.to_string(), "Hermez ceremony, final file of power 11");
        for byte in [0, 31, 63] {
            let mut other = file.blake2b;
            other.0[byte] ^= 1;
            assert_eq!(PublishedFile::recognise(&other), None);
        }
    }

    #[test]
    fn digests_are_read_as_people_copy_them_and_nothing_shorter_is() {
        let digest = PUBLISHED[0].blake2b;
        for text in [digest.to_string(), digest.to_string().to_uppercase(), format!("0x{digest}")] {
            assert_eq!(text.parse::<Blake2b512>().unwrap(), digest);
        }
        let text = digest.to_string();
        for wrong in ["", "0x", &text[1..], &text[..64], &format!("{text}00"), &text.replace('a', "g")] {
            assert!(wrong.parse::<Blake2b512>().is_err(), "{wrong}");
        }
        assert_eq!(serde_json::to_value(digest).unwrap(), text);
    }
}
