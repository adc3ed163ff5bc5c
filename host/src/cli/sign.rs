//! `penstock sign`: makes signed operations from unsigned ones, and keys.
//!
//! The key comes from a file, from stdin or from the environment, never from an argument, which other users could read.
//! What is signed is checked by the block's execution, not here.

use super::error::CommandError;
use super::input::{KEY, STDIN, UNSIGNED, read_json, read_text};
use super::report::Report;
use penstock_circuits::babyjubjub::Point;
use penstock_circuits::eddsa::PrivateKey;
use penstock_circuits::encoding::{self, format_hex};
use penstock_circuits::operation::{
    ChangePubKey, Deployment, ForcedExit, Message, Order, OrderMatching, PubKeyHash, Signed, SignedOperation, Transfer,
    TransferToNew, Withdraw,
};
use penstock_prover::files::Destination;
use rand::RngCore;
use rand::rngs::OsRng;
use serde::{Deserialize, Serialize};
use std::env;
use std::io::Write;
use std::path::{Path, PathBuf};

/// Names the variable that holds a key.
const KEY_VARIABLE: &str = "PENSTOCK_KEY";

#[derive(clap::Args)]
pub struct Arguments {
    /// The unsigned operation under its kind, as in {"transfer": {…}}; orders are {"order": {…}}; - is stdin.
    #[arg(value_name = "OPERATION.json", required_unless_present_any = ["new_key", "public"])]
    operation: Option<PathBuf>,
    /// The rollup that the signature is for, as `state show` names it.
    #[arg(long, value_name = "HEX", required_unless_present_any = ["new_key", "public"])]
    deployment: Option<Deployment>,
    /// A file with the private key, 32 bytes in hexadecimal; - is stdin [default: the variable PENSTOCK_KEY].
    #[arg(long, value_name = "FILE", conflicts_with = "new_key")]
    key: Option<PathBuf>,
    /// Makes a new private key.
    #[arg(long, conflicts_with_all = ["operation", "public"])]
    new_key: bool,
    /// Shows the public key and its hash.
    #[arg(long, conflicts_with = "operation")]
    public: bool,
    /// Where the new private key goes, readable by its owner only; - is stdout [default: stdout].
    #[arg(long, value_name = "FILE", requires = "new_key")]
    out: Option<PathBuf>,
}

/// What can be signed.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case", expecting = "an object with one entry, the operation or order under its kind")]
enum Unsigned {
    Order(Order),
    TransferToNew(TransferToNew),
    Withdraw(Withdraw),
    Transfer(Transfer),
    ChangePubKey(ChangePubKey),
    ForcedExit(ForcedExit),
    OrderMatching(Box<OrderMatching>),
}

#[derive(Serialize)]
struct Keys {
    #[serde(skip_serializing_if = "Option::is_none")]
    private_key: Option<String>,
    #[serde(with = "encoding::point")]
    public_key: Point,
    pub_key_hash: PubKeyHash,
}

pub fn run(arguments: &Arguments) -> Result<Report, CommandError> {
    if arguments.new_key {
        return new_key(arguments.out.as_deref());
    }
    let key = private_key(arguments.key.as_deref(), arguments.operation.as_deref())?;
    let (Some(path), Some(deployment)) = (&arguments.operation, arguments.deployment) else { return keys(&key, None) };
    let unsigned: Unsigned = read_json(path, UNSIGNED)?;
    let place = (deployment, path.as_path());
    let value = match unsigned {
        Unsigned::Order(order) => serde_json::to_value(sign(order, &key, place)?),
        Unsigned::TransferToNew(body) => serde_json::to_value(SignedOperation::TransferToNew(sign(body, &key, place)?)),
        Unsigned::Withdraw(body) => serde_json::to_value(SignedOperation::Withdraw(sign(body, &key, place)?)),
        Unsigned::Transfer(body) => serde_json::to_value(SignedOperation::Transfer(sign(body, &key, place)?)),
        Unsigned::ChangePubKey(body) => serde_json::to_value(SignedOperation::ChangePubKey(sign(body, &key, place)?)),
        Unsigned::ForcedExit(body) => serde_json::to_value(SignedOperation::ForcedExit(sign(body, &key, place)?)),
        Unsigned::OrderMatching(body) => {
            serde_json::to_value(SignedOperation::OrderMatching(Box::new(sign(*body, &key, place)?)))
        }
    };
    Ok(Report::from_value(value?))
}

/// What a signature is for, and where what is signed comes from.
type Place<'a> = (Deployment, &'a Path);

fn sign<T: Message>(body: T, key: &PrivateKey, (deployment, path): Place<'_>) -> Result<Signed<T>, CommandError> {
    Signed::sign(body, key, deployment)
        .map_err(|error| CommandError::Input { path: path.into(), what: error.to_string() })
}

fn private_key(file: Option<&Path>, operation: Option<&Path>) -> Result<PrivateKey, CommandError> {
    let (place, text) = match file {
        Some(path) if path == Path::new(STDIN) && operation == Some(path) => {
            return Err(CommandError::Usage("key and operation cannot both come from stdin".into()));
        }
        Some(path) => (path, read_text(path, KEY)?),
        None => {
            let missing = || format!("no key: give a file with --key, or the key itself in {KEY_VARIABLE}");
            (Path::new(KEY_VARIABLE), env::var(KEY_VARIABLE).map_err(|_| CommandError::Usage(missing()))?)
        }
    };
    let digits = text.trim();
    let mut bytes = [0; 32];
    match hex::decode_to_slice(digits.strip_prefix("0x").unwrap_or(digits), &mut bytes) {
        Ok(()) => Ok(PrivateKey::new(bytes)),
        // The text is not shown: it may be a key with a slip of the pen.
        Err(_) => {
            Err(CommandError::Input { path: place.into(), what: "no private key: 32 bytes in hexadecimal".into() })
        }
    }
}

fn new_key(out: Option<&Path>) -> Result<Report, CommandError> {
    let mut bytes = [0; 32];
    OsRng.fill_bytes(&mut bytes);
    let (key, text) = (PrivateKey::new(bytes), format_hex(&bytes));
    // `-` is standard output, as it is without --out.
    let Some(out) = out.filter(|out| *out != Path::new(STDIN)) else { return keys(&key, Some(text)) };
    let there = |_: &Path| Some("is there already".into());
    let destination = Destination::check(out, false, 0, there)?.private();
    destination.write(|file| writeln!(file, "{text}"))?;
    Ok(keys(&key, None)?.that_did(format!("the new key is in {}", out.display())))
}

fn keys(key: &PrivateKey, private_key: Option<String>) -> Result<Report, CommandError> {
    let public_key = key.public_key();
    let keys = Keys { private_key, public_key, pub_key_hash: PubKeyHash::of(&public_key) };
    Ok(Report::from_value(serde_json::to_value(keys)?))
}
