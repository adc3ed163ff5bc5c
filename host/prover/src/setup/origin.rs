//! Where a setup's secret comes from: what is known of it, told apart from what a file only claims.
//!
//! Anybody can write a file with any number of contributions in it. An origin therefore keeps the digest of the whole
//! file, and says a ceremony's name only if that digest is one that the ceremony published.

use super::ceremony::{Blake2b512, PublishedFile};
use serde::{Deserialize, Serialize};
use std::fmt;

/// Where a setup's secret comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Origin {
    /// Generated on one machine, which knew the secret: for development only.
    Insecure,
    /// A snarkjs `.ptau` file, which holds the powers with a list of who contributed to their secret.
    PowersOfTau {
        /// Name of the imported file.
        name: String,
        /// Digest of the whole file.
        blake2b: Blake2b512,
        /// How many contributions the file says it has; nothing vouches for it unless the digest is a published one.
        claimed_contributions: u32,
    },
    /// A file of halo2's `ParamsKZG`, which says nothing about its secret.
    Halo2 {
        /// Name of the imported file.
        name: String,
        /// Digest of the whole file.
        blake2b: Blake2b512,
    },
}

impl Origin {
    /// The digest of the imported file, if the setup was imported.
    pub fn blake2b(&self) -> Option<&Blake2b512> {
        match self {
            Self::Insecure => None,
            Self::PowersOfTau { blake2b, .. } | Self::Halo2 { blake2b, .. } => Some(blake2b),
        }
    }

    /// The published file that was imported, recognised by its digest.
    pub fn recognised(&self) -> Option<&'static PublishedFile> {
        self.blake2b().and_then(PublishedFile::recognise)
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(published) = self.recognised() {
            return write!(f, "{published}, recognised by its published BLAKE2b-512");
        }
        match self {
            Self::Insecure => f.write_str("INSECURE development setup: whoever made it can forge proofs"),
            // A file's name is anybody's text: what a terminal would obey is escaped.
            Self::PowersOfTau { name, claimed_contributions, .. } => {
                write!(
                    f,
                    "powers of tau from {}: claims {claimed_contributions} contributions; nobody's published hash that is \
                     known here",
                    name.escape_debug()
                )
            }
            Self::Halo2 { name, .. } => {
                write!(f, "powers of tau from a halo2 file, {}: its ceremony is unknown", name.escape_debug())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERMEZ_8: &str = "d6a8fb3a04feb600096c3b791f936a578c4e664d262e4aa24beed1b7a9a96aa5\
                            eb72864d628db247e9293384b74b36ffb52ca8d148d6e1b8b51e279fdf57b583";

    fn ptau(name: &str, blake2b: Blake2b512) -> Origin {
        Origin::PowersOfTau { name: name.into(), blake2b, claimed_contributions: 54 }
    }

    #[test]
    fn only_a_published_digest_makes_a_ceremony_of_a_claim() {
        let published = ptau("any name", HERMEZ_8.parse().unwrap());
        let words = "Hermez ceremony, final file of power 8, recognised by its published BLAKE2b-512";
        assert_eq!(published.to_string(), words);
        let claimed = ptau("powersOfTau28_hez_final_08.ptau", Blake2b512([0; 64])).to_string();
        assert!(claimed.contains("claims 54 contributions; nobody's published hash"), "{claimed}");
        assert!(!claimed.contains("Hermez"), "{claimed}");
        let halo2 = Origin::Halo2 { name: "kzg_bn254_8.srs".into(), blake2b: Blake2b512([0; 64]) };
        assert!(halo2.to_string().contains("kzg_bn254_8.srs: its ceremony is unknown"), "{halo2}");
        assert_eq!((halo2.recognised(), Origin::Insecure.recognised()), (None, None));
    }

    #[test]
    fn a_file_name_cannot_write_to_the_terminal() {
        for origin in [
            ptau("\u{1b}[2J\nHermez", Blake2b512([0; 64])),
            Origin::Halo2 { name: "\u{1b}[2J\n".into(), blake2b: Blake2b512([0; 64]) },
        ] {
            assert!(!origin.to_string().contains(char::is_control), "{origin:?}");
        }
    }

    #[test]
    fn the_json_calls_a_claim_a_claim() {
        let json = serde_json::to_value(ptau("a.ptau", HERMEZ_8.parse().unwrap())).unwrap();
        let fields = serde_json::json!({ "name": "a.ptau", "blake2b": HERMEZ_8, "claimed_contributions": 54 });
        assert_eq!(json, serde_json::json!({ "powers_of_tau": fields }));
    }
}
