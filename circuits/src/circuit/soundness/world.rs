//! Judges programs by their items: which of them a witness breaks, and whether the rest of the circuit could go along with it.
//!
//! The tables that programs draw from are taken for what they are shown to be elsewhere: a hash is a hash, a path leads from one
//! tree to the same tree with one leaf changed, a signature is one. Trees are names with the leaves that are known of them. A
//! witness may choose what the state before was like, as far as an honest state can be like that.
//!
//! ```text
//! Builder ── items on their own values ──> broken items
//!         ── paths ──> trees by name: is there a state in which this leaf was there?
//!         ── tuples ──> what is provided and drawn, to be balanced over a block (or answered by `Alone`)
//! ```

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{LazyLock, Mutex};

use halo2curves::bn256::Fr;
use halo2curves::ff::{Field, PrimeField};

use crate::circuit::bus::{Tag, Term};
use crate::circuit::check::Balance;
use crate::circuit::programs::account::CHAINS_AT;
use crate::circuit::programs::frame::{Running, Shared};
use crate::circuit::slot::{Builder, Constraint, Var, root_of_other_tree};
use crate::operation::RESERVES;
use crate::poseidon::hash2;
use crate::trace::{AccountUpdate, PathUpdate};
use crate::tree::ACCOUNT_DEPTH;

/// Levels of the tree of accounts.
const ACCOUNT_LEVELS: u64 = ACCOUNT_DEPTH as u64;

/// Who objects to a witness.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Objection {
    /// An item of the program, by its number.
    Item(usize),
    /// No honest state is like that.
    State(&'static str),
}

/// Who answers the tuples of one program.
pub enum Others<'a> {
    /// Nobody yet: they are added up, to be balanced over the block.
    Block(&'a mut Balance),
    /// A block in which everything else goes along, as far as its own rules let it.
    Alone {
        /// What the block hands to the program.
        running: &'a Running,
        /// The chains that it serves.
        chains: u64,
        /// Number of fee credits so far, and the state root after them.
        credit: [Fr; 2],
    },
}

/// Hashes, with those that were computed before: campaigns run the same program over and over.
pub fn known_hash(left: Fr, right: Fr) -> Fr {
    static KNOWN: LazyLock<Mutex<HashMap<(Fr, Fr), Fr>>> = LazyLock::new(Mutex::default);
    let known = |map: &Mutex<HashMap<(Fr, Fr), Fr>>| match map.lock() {
        Ok(map) => map.get(&(left, right)).copied(),
        Err(_) => None,
    };
    if let Some(hash) = known(&KNOWN) {
        return hash;
    }
    let hash = hash2(left, right);
    if let Ok(mut map) = KNOWN.lock() {
        if map.len() > 1 << 20 {
            map.clear();
        }
        map.insert((left, right), hash);
    }
    hash
}

/// A field element as an integer, if it has at most so many bits.
pub fn integer(value: Fr, bits: usize) -> Option<u128> {
    let bytes = value.to_repr();
    let fits = (bits..256).all(|bit| bytes[bit / 8] >> (bit % 8) & 1 == 0);
    fits.then(|| u128::from_le_bytes(std::array::from_fn(|i| bytes[i])))
}

/// Whether a value is below 2^bits.
fn fits(value: Fr, bits: usize) -> bool {
    integer(value, bits).is_some()
}

/// What is known of the trees, and who signs whatever they are asked to.
#[derive(Clone, Default)]
pub struct World {
    /// Leaves by the name of their tree.
    trees: HashMap<Fr, BTreeMap<u128, Fr>>,
    /// Updates as they were executed.
    executed: HashSet<[Fr; 5]>,
    /// (key hash, message) of valid signatures; a key hash has 160 bits.
    signatures: HashSet<(Fr, Fr)>,
    /// Whether the owner of every key goes along with everything.
    conspiracy: bool,
}

impl World {
    /// Takes an update for granted.
    pub fn execute(&mut self, update: &AccountUpdate) {
        for PathUpdate { index, old_leaf, new_leaf, old_root, new_root, .. } in
            update.leaves.iter().chain([&update.path])
        {
            self.executed.insert([Fr::from(*index), *old_leaf, *new_leaf, *old_root, *new_root]);
        }
    }

    /// Adds a valid signature.
    pub fn sign(&mut self, pkh: Fr, message: Fr) {
        self.signatures.insert((pkh, message));
    }

    /// Lets the owner of every key sign whatever is asked.
    pub fn conspire(&mut self) {
        self.conspiracy = true;
    }

    /// All who object to the program's values.
    pub fn judge(&mut self, b: &Builder, shared: Shared, mut others: Others<'_>) -> Vec<Objection> {
        let mut objections = Vec::new();
        let owners = Owners::read(b);
        let active = b.value(b.active());
        for (number, item) in b.items().iter().enumerate() {
            let holds = match &item.constraint {
                Constraint::Hash([left, right, hash]) if active != Fr::ZERO => {
                    known_hash(b.value(*left), b.value(*right)) == b.value(*hash)
                }
                Constraint::Hash(_) => true,
                Constraint::Import { var, global } => shared.values().get(*global) == Some(&b.value(*var)),
                Constraint::Path { .. } | Constraint::Tuple { .. } if active == Fr::ZERO => true,
                Constraint::Path { levels, elements } => {
                    let path = elements.map(|var| b.value(var));
                    self.follows(*levels, path, &owners, &mut objections)
                }
                Constraint::Tuple { tag, sign, elements } => {
                    let tuple = elements.map(|var| b.value(var));
                    match (&mut others, tag) {
                        (_, Tag::Signature) => self.is_signed(tuple),
                        (Others::Block(balance), _) => {
                            let multiplicity = if *sign > 0 { active } else { -active };
                            balance.add(Term { multiplicity, tag: tag.value(), elements: tuple.to_vec() }, Fr::ONE);
                            true
                        }
                        (Others::Alone { running, chains, credit }, _) => {
                            answered(*tag, *sign, tuple, running, *chains, *credit)
                        }
                    }
                }
                other => holds(b, other),
            };
            if !holds {
                objections.push(Objection::Item(number));
            }
        }
        objections
    }

    fn is_signed(&self, [pkh, message, rest @ ..]: [Fr; 4]) -> bool {
        // Nobody knows a key whose hash is zero.
        let conspires = self.conspiracy && fits(pkh, 160) && pkh != Fr::ZERO;
        let signed = conspires || self.signatures.contains(&(pkh, message));
        signed && rest == [Fr::ZERO; 2]
    }

    /// Whether a path leads from a tree that may have been there to the one after it.
    fn follows(&mut self, levels: u64, path: [Fr; 5], owners: &Owners, objections: &mut Vec<Objection>) -> bool {
        let [index, old, new, old_root, new_root] = path;
        let Some(position) = integer(index, levels as usize) else { return false };
        if new_root != root_of_other_tree(known_hash, [index, new, old_root]) && !self.executed.contains(&path) {
            return false;
        }
        let mut tree = self.trees.get(&old_root).cloned().unwrap_or_default();
        match tree.get(&position) {
            Some(known) if *known != old => return false,
            Some(_) => {}
            None => {
                let doubt = if levels == ACCOUNT_LEVELS {
                    owners.doubt_account(position, old)
                } else {
                    owners.doubt_leaf(old_root, old)
                };
                objections.extend(doubt.map(Objection::State));
                tree.insert(position, old);
                self.trees.insert(old_root, tree.clone());
            }
        }
        tree.insert(position, new);
        self.trees.insert(new_root, tree);
        true
    }
}

/// Whether an item that needs nobody else holds.
fn holds(b: &Builder, constraint: &Constraint) -> bool {
    residual(b, constraint).is_none_or(|residual| residual == Fr::ZERO)
        && match constraint {
            Constraint::Range { var, bits } => fits(b.value(*var), *bits),
            _ => true,
        }
}

/// What an equation leaves.
pub fn residual(b: &Builder, constraint: &Constraint) -> Option<Fr> {
    let value = |var: &Var| b.value(*var);
    match constraint {
        Constraint::Sum { terms, product, constant } => {
            let linear = terms.iter().map(|(scale, var)| *scale * value(var)).sum::<Fr>();
            let product = match terms[..] {
                [(_, x), (_, y), ..] if *product != Fr::ZERO => *product * b.value(x) * b.value(y),
                _ => Fr::ZERO,
            };
            Some(linear + product + constant)
        }
        Constraint::Product([x, y, z]) => Some(value(x) * value(y) - value(z)),
        _ => None,
    }
}

/// Whether some block has an answer to a tuple of one program.
fn answered(tag: Tag, sign: i8, tuple: [Fr; 4], running: &Running, chains: u64, credit: [Fr; 2]) -> bool {
    let width = match tag {
        Tag::Block => 4,
        Tag::Chain | Tag::Fee => 3,
        _ => 2,
    };
    if tuple[width..].iter().any(|padding| *padding != Fr::ZERO) {
        return false;
    }
    if sign > 0 {
        return true;
    }
    let small = |value: Fr| integer(value, 64).and_then(|value| u64::try_from(value).ok());
    match tag {
        Tag::Block => tuple == [Fr::from(running.sequence), running.root, running.fold, running.evaluation],
        Tag::Credit => tuple[..2] == credit,
        // The chain's tuple may come from any operation of the block, of which there are not 2^16.
        Tag::Chain => small(tuple[0]).is_some_and(|id| (1..=chains).contains(&id)) && fits(tuple[1], 16),
        // A total is started by a fee credit, whose paths bound both account and token.
        Tag::Fee => {
            let key = small(tuple[0]).zip(small(tuple[1]));
            let total = key.and_then(|key| running.fees.get(&key)).copied().unwrap_or(Fr::ZERO);
            fits(tuple[0], 24) && fits(tuple[1], 21) && tuple[2] == total
        }
        _ => true,
    }
}

/// What a program's hashes say about the accounts that it opens.
struct Owners {
    preimages: HashMap<Fr, [Fr; 2]>,
    /// Roots of balances and of orders, with whether their account belongs to nobody and is not the one of the reserves.
    balances: HashMap<Fr, bool>,
    orders: HashMap<Fr, bool>,
}

impl Owners {
    fn read(b: &Builder) -> Self {
        let mut preimages = HashMap::new();
        for item in b.items() {
            if let Constraint::Hash([left, right, hash]) = item.constraint {
                preimages.insert(b.value(hash), [b.value(left), b.value(right)]);
            }
        }
        let mut owners = Self { preimages, balances: HashMap::new(), orders: HashMap::new() };
        for item in b.items() {
            if let Constraint::Path { levels: ACCOUNT_LEVELS, elements: [id, old, ..] } = item.constraint
                && let Some(([_, owner], [balances, orders])) = owners.account(b.value(old))
            {
                let vacant = owner == nobody() && b.value(id) != Fr::from(u64::from(RESERVES));
                owners.balances.insert(balances, vacant);
                owners.orders.insert(orders, vacant);
            }
        }
        owners
    }

    /// ([auth, owner hash], [balance root, order root]) of an account's leaf.
    fn account(&self, leaf: Fr) -> Option<([Fr; 2], [Fr; 2])> {
        let [keys, roots] = self.preimages.get(&leaf)?;
        Some((*self.preimages.get(keys)?, *self.preimages.get(roots)?))
    }

    fn doubt_account(&self, id: u128, leaf: Fr) -> Option<&'static str> {
        let Some(([auth, owner], _)) = self.account(leaf) else {
            return Some("an account is not the hash of its parts");
        };
        let is_nobody = owner == nobody();
        if !fits(auth, CHAINS_AT + 31) {
            return Some("an account's nonce, key or chains are out of range");
        }
        if is_nobody && auth != Fr::ZERO {
            return Some("nobody's account has a nonce, a key or chains");
        }
        if id == u128::from(RESERVES) && !is_nobody {
            return Some("the reserves have an owner");
        }
        match self.preimages.get(&owner) {
            Some([high, low]) if !fits(*high, 200) || !fits(*low, 56) => Some("an owner is not 32 bytes"),
            _ => None,
        }
    }

    fn doubt_leaf(&self, root: Fr, leaf: Fr) -> Option<&'static str> {
        let vacant = self.balances.get(&root).or_else(|| self.orders.get(&root));
        if vacant == Some(&true) && leaf != Fr::ZERO {
            return Some("nobody's account has balances or orders");
        }
        // A slot's nonce has 24 bits, its residue 128.
        let bits = if self.orders.contains_key(&root) { 152 } else { 128 };
        (!fits(leaf, bits)).then_some("a stored balance or order is out of range")
    }
}

fn nobody() -> Fr {
    known_hash(Fr::ZERO, Fr::ZERO)
}
