//! The proof record: what `penstock prove` leaves, as JSON, and what anyone needs to check the proof again.
//!
//! A record holds the block's header, roots and public data, the values of the instance column, the proof, and by which
//! circuit, setup and engine it was made. Nothing in it is believed: the instance values are computed anew from the
//! public data, digests are compared with the checker's own keys, and the stock verifier has the last word.
//!
//! ```text
//! public data, header, roots --statement()--> instance values = those recorded?
//! setup, circuit digests                                      = those of the checker's keys?
//! proof + instance values                     --> stock verifier
//! ```
//!
//! The proof does not bind the block's id, the engine's name, the failed attempts and the times: they are for people and
//! for resuming.

use crate::engine::lineup::FailedAttempt;
use crate::files::{Destination, FileError};
use crate::measure::StageSpan;
use crate::prover::{self, VerifyError};
use crate::sealed::SealedError;
use crate::setup::{Origin, Setup};
use halo2_axiom::plonk::VerifyingKey;
use halo2curves::bn256::{Fr, G1Affine};
use penstock_circuits::circuit::preset::Preset;
use penstock_circuits::encoding::{self, element_from_bytes, element_to_bytes, format_hex};
use penstock_circuits::json::{self, JsonError};
use penstock_circuits::operation::{Block, Deployment, Pubdata, PubdataError};
use penstock_circuits::public_inputs::{ChainNotServed, PublicInputs, Publication};
use penstock_circuits::trace::BlockTrace;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};
use sha2::{Digest, Sha256};
use std::fmt;
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

/// The version of the record's form.
pub const VERSION: u32 = 4;

/// Bytes that are read of a record: many times what the largest preset's has.
const MAX_BYTES: u64 = 16 << 20;

/// 32 bytes, as 0x-hex.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Word(#[serde(with = "encoding::bytes")] pub [u8; 32]);

/// Bytes, as 0x-hex.
#[derive(Clone, PartialEq, Eq)]
pub struct Bytes(pub Vec<u8>);

/// A proof with what it takes to check it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProofRecord {
    /// [`VERSION`].
    pub version: u32,
    /// The circuit's preset.
    #[serde(with = "preset")]
    pub preset: Preset,
    /// What computed the commitments.
    pub engine: String,
    /// Attempts that led to no proof before this one, on this engine or another.
    #[serde(default)]
    pub failed_attempts: Vec<FailedAttempt>,
    /// The setup that the keys were made from.
    pub setup: SetupRecord,
    /// See [`circuit_digest`].
    pub circuit: Word,
    /// What was proved.
    pub block: BlockRecord,
    /// The instance column: [old root, new root, h, z, deployment, timestamp, E, E_1, …, E_C].
    pub instances: Vec<Word>,
    /// The proof.
    pub proof: Bytes,
    /// What making it took.
    pub stages: Vec<StageSpan>,
}

/// A setup, by name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SetupRecord {
    /// Where its secret comes from.
    pub origin: Origin,
    /// See [`Setup::digest`].
    pub digest: Word,
}

/// A block, as it was published.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BlockRecord {
    /// See [`block_id`].
    pub id: Word,
    /// The block's number.
    pub number: u64,
    /// The block's timestamp.
    pub timestamp: u32,
    /// Which rollup the block belongs to.
    pub deployment: Word,
    /// Root before.
    pub old_root: Word,
    /// Root after.
    pub new_root: Word,
    /// Operations in their order.
    pub operations: Vec<PublishedOperation>,
}

/// An operation, as it was published.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PublishedOperation {
    /// The kind's name.
    pub kind: String,
    /// Whole chunks.
    pub pubdata: Bytes,
}

/// Why a record is not accepted.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// The file cannot be read or written.
    #[error(transparent)]
    File(#[from] SealedError),
    /// Not the JSON of a record.
    #[error("{} is no proof record: {what}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong, with line and column.
        what: String,
    },
    /// Another version's record.
    #[error("{} is a proof record of version {found}, this program reads version {VERSION}: use the program that wrote it", path.display())]
    Version {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: u64,
    },
    /// Bytes that are no public data.
    #[error("the public data of operation {index} is none: {source}")]
    Pubdata {
        /// The operation.
        index: usize,
        /// Why.
        source: PubdataError,
    },
    /// The kind is not that of the public data.
    #[error("operation {index} is called {recorded}, its public data is that of a {found}")]
    Kind {
        /// The operation.
        index: usize,
        /// In the record.
        recorded: String,
        /// In the public data.
        found: &'static str,
    },
    /// A root or deployment that is no field element.
    #[error("the {what} {value} is no field element")]
    Element {
        /// Which.
        what: &'static str,
        /// Its value.
        value: Word,
    },
    /// The preset does not serve a chain of the block.
    #[error(transparent)]
    Chain(#[from] ChainNotServed),
    /// An instance value that the public data does not lead to.
    #[error(
        "instance value {index} is {recorded}, the block's data leads to {computed}: record and block do not belong together"
    )]
    Instance {
        /// Its position.
        index: usize,
        /// In the record.
        recorded: Word,
        /// From the data.
        computed: Word,
    },
    /// Too many or too few instance values.
    #[error("the record has {recorded} instance values, the preset has {expected}")]
    InstanceCount {
        /// In the record.
        recorded: usize,
        /// Of the preset.
        expected: usize,
    },
    /// Made from another setup.
    #[error("the proof was made under the setup {recorded}, the one here is {own}: give the right one with --setup")]
    Setup {
        /// In the record.
        recorded: Word,
        /// The checker's.
        own: Word,
    },
    /// Made by another circuit.
    #[error("the proof was made by the circuit {recorded}, the one here is {own}: use the version that made the proof")]
    Circuit {
        /// In the record.
        recorded: Word,
        /// The checker's.
        own: Word,
    },
    /// The verifier refuses it.
    #[error(transparent)]
    Rejected(#[from] VerifyError),
}

impl ProofRecord {
    /// Reads a record.
    ///
    /// # Errors
    /// [`RecordError::File`], [`RecordError::Malformed`], [`RecordError::Version`].
    pub fn read(path: &Path) -> Result<Self, RecordError> {
        #[derive(Deserialize)]
        #[serde(expecting = "a proof record")]
        struct Versioned {
            version: u64,
        }

        let refused = |error: JsonError| match error {
            JsonError::Read(error) => SealedError::io("read", path, error).into(),
            error => RecordError::Malformed { path: path.into(), what: error.to_string() },
        };
        let file = File::open(path).map_err(JsonError::Read).map_err(refused)?;
        let bytes = json::read(file, MAX_BYTES).map_err(refused)?;
        // First the version alone: another one may have other fields.
        let Versioned { version: found } = json::from_slice(&bytes).map_err(refused)?;
        if found != u64::from(VERSION) {
            return Err(RecordError::Version { path: path.into(), found });
        }
        json::from_slice(&bytes).map_err(refused)
    }

    /// Writes the record, whole and durable or not at all.
    ///
    /// # Errors
    /// [`FileError`], which tells a full disk from other trouble.
    pub fn write(&self, destination: &Destination) -> Result<(), FileError> {
        destination.write(|file| {
            let mut text = serde_json::to_vec_pretty(self)?;
            text.push(b'\n');
            file.write_all(&text)
        })
    }

    /// The public inputs that the block's data leads to, once they are those of the record.
    ///
    /// # Errors
    /// Whatever in the record does not agree.
    pub fn statement(&self) -> Result<PublicInputs, RecordError> {
        let block = &self.block;
        let pubdata = block.pubdata()?;
        let element =
            |what, value: Word| element_from_bytes(&value.0).map_err(|_| RecordError::Element { what, value });
        let publication = Publication {
            number: block.number,
            timestamp: block.timestamp,
            deployment: Deployment(element("deployment", block.deployment)?),
            old_root: element("old root", block.old_root)?,
            new_root: element("new root", block.new_root)?,
            operations: pubdata.iter().collect(),
        };
        let public = PublicInputs::of(&publication, self.preset.capacities().chains)?;
        let computed = words(&public.instance());
        if computed.len() != self.instances.len() {
            return Err(RecordError::InstanceCount { recorded: self.instances.len(), expected: computed.len() });
        }
        let differs = self.instances.iter().zip(&computed).position(|(recorded, computed)| recorded != computed);
        match differs {
            None => Ok(public),
            Some(index) => {
                let (recorded, computed) = (self.instances[index], computed[index]);
                Err(RecordError::Instance { index, recorded, computed })
            }
        }
    }

    /// Checks that the proof was made under this setup.
    ///
    /// # Errors
    /// [`RecordError::Setup`].
    pub fn check_setup(&self, setup: &Setup) -> Result<(), RecordError> {
        let (recorded, own) = (self.setup.digest, Word(setup.digest()));
        if recorded == own { Ok(()) } else { Err(RecordError::Setup { recorded, own }) }
    }

    /// Checks everything: the digests, the data, the proof. Returns what is proved.
    ///
    /// # Errors
    /// The first thing that is wrong: setup, circuit, data, proof, in this order.
    pub fn verify(&self, setup: &Setup, vk: &VerifyingKey<G1Affine>) -> Result<PublicInputs, RecordError> {
        self.check_setup(setup)?;
        let own = circuit_digest(vk);
        if self.circuit != own {
            return Err(RecordError::Circuit { recorded: self.circuit, own });
        }
        let public = self.statement()?;
        prover::verify(vk, setup.params(), &[&public.instance()], &self.proof.0)?;
        Ok(public)
    }
}

impl BlockRecord {
    /// The operations' public data.
    ///
    /// # Errors
    /// Bytes that are no public data, or not that of the kind.
    pub fn pubdata(&self) -> Result<Vec<Pubdata>, RecordError> {
        self.operations.iter().enumerate().map(|(index, operation)| operation.parse(index)).collect()
    }

    /// What is published of an executed block.
    pub fn new(id: Word, trace: &BlockTrace) -> Self {
        let operation = |pubdata: &Pubdata| PublishedOperation {
            kind: pubdata.kind().name().into(),
            pubdata: Bytes(pubdata.bytes().to_vec()),
        };
        Self {
            id,
            number: trace.number,
            timestamp: trace.timestamp,
            deployment: Word(element_to_bytes(&trace.deployment.0)),
            old_root: Word(element_to_bytes(&trace.old_root)),
            new_root: Word(element_to_bytes(&trace.new_root)),
            operations: trace.operations.iter().map(|traced| operation(&traced.pubdata)).collect(),
        }
    }
}

impl PublishedOperation {
    fn parse(&self, index: usize) -> Result<Pubdata, RecordError> {
        let pubdata =
            Pubdata::from_bytes(self.pubdata.0.clone()).map_err(|source| RecordError::Pubdata { index, source })?;
        let found = pubdata.kind().name();
        if self.kind == found {
            Ok(pubdata)
        } else {
            Err(RecordError::Kind { index, recorded: self.kind.clone(), found })
        }
    }
}

/// The block's content hash: SHA-256 of its JSON in the form that this program writes, without whitespace.
///
/// # Errors
/// The block has no JSON form, which does not happen to one that was read from JSON.
pub fn block_id(block: &Block) -> Result<Word, serde_json::Error> {
    Ok(Word(Sha256::digest(serde_json::to_vec(block)?).into()))
}

/// What the transcript of every proof of this key begins with: a hash of constraint system and fixed commitments.
pub fn circuit_digest(vk: &VerifyingKey<G1Affine>) -> Word {
    Word(element_to_bytes(&vk.transcript_repr()))
}

/// Field elements as words.
pub fn words(elements: &[Fr]) -> Vec<Word> {
    elements.iter().map(|element| Word(element_to_bytes(element))).collect()
}

impl fmt::Display for Word {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&format_hex(&self.0))
    }
}

impl fmt::Debug for Word {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Debug for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes", self.0.len())
    }
}

impl Serialize for Bytes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&format_hex(&self.0))
    }
}

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let bytes = text.strip_prefix("0x").and_then(|digits| hex::decode(digits).ok());
        bytes.map(Self).ok_or_else(|| D::Error::custom("expected 0x followed by an even number of hexadecimal digits"))
    }
}

/// A preset by its name.
mod preset {
    use super::{Deserialize, Deserializer, Error, Preset, Serializer};

    pub(super) fn serialize<S: Serializer>(preset: &Preset, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(preset.name())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Preset, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}
