//! The programs that are analysed, as their items alone.

use std::collections::BTreeMap;

use halo2curves::bn256::Fr;

use crate::circuit::bus::Tag;
use crate::circuit::preset::Preset;
use crate::circuit::programs::block::{Ends, block};
use crate::circuit::programs::frame::{Running, Shared};
use crate::circuit::programs::{credit, run};
use crate::circuit::slot::{Builder, Constraint, Item, Var};
use crate::operation::Kind;

/// Where an input comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Source {
    /// The operation says it.
    Operation,
    /// A tuple drawn from the bus hands it over.
    Bus,
    /// The block's own slot shares it.
    Block,
    /// It is a public input.
    Public,
}

/// What is analysed of a program. It holds no values.
#[derive(Clone, Debug)]
pub struct Program {
    /// The kind of slot.
    pub name: String,
    /// The constraints.
    pub items: Vec<Item>,
    /// What the operation declares, and what the block hands over.
    pub inputs: Vec<Var>,
    /// What the prover computes.
    pub(super) hints: Vec<Var>,
    /// One, since only slots that hold an operation count.
    pub(super) active: Var,
}

impl Program {
    /// The program that a builder holds.
    pub fn new(name: &str, builder: &Builder) -> Self {
        Self {
            name: name.to_owned(),
            items: builder.items().to_vec(),
            inputs: builder.inputs().to_vec(),
            hints: builder.hints().to_vec(),
            active: builder.active(),
        }
    }

    /// The inputs by where they come from, without the one that says that the slot holds an operation.
    pub fn sources(&self) -> BTreeMap<Source, Vec<Var>> {
        let mut found = BTreeMap::new();
        for item in &self.items {
            let (source, vars) = match &item.constraint {
                Constraint::Instance { var, .. } => (Source::Public, vec![*var]),
                Constraint::Import { var, .. } => (Source::Block, vec![*var]),
                Constraint::Tuple { tag, sign: -1, elements } => (Source::Bus, elements[keys(*tag)..].to_vec()),
                _ => continue,
            };
            for var in vars {
                found.entry(var).or_insert(source);
            }
        }
        let mut sources: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for input in self.inputs.iter().filter(|input| **input != self.active) {
            let source = found.get(input).copied().unwrap_or(Source::Operation);
            sources.entry(source).or_default().push(*input);
        }
        sources
    }

    /// The program without some constraints.
    pub fn without(&self, dropped: impl Fn(&Item) -> bool) -> Self {
        let mut rest = self.clone();
        rest.items.retain(|item| !dropped(item));
        rest
    }
}

/// How many elements of a drawn tuple say which one it is, rather than being handed over.
fn keys(tag: Tag) -> usize {
    match tag {
        Tag::Block | Tag::Credit => 0,
        Tag::Chain => 1,
        Tag::Fee => 2,
        Tag::Hash | Tag::Signature | Tag::Point | Tag::Path(_) => 4,
    }
}

/// All programs: the operations', a fee credit's, and the block's own with as many chains as the largest preset.
pub fn programs() -> Vec<Program> {
    let idle = || Running::idle(Shared::default());
    let mut programs: Vec<_> =
        Kind::ALL.into_iter().map(|kind| Program::new(&format!("{kind:?}"), &run(kind, None, &mut idle()))).collect();
    let mut b = Builder::new(false);
    credit::credit(&mut b, None, 0, Fr::zero());
    programs.push(Program::new("FeeCredit", &b));
    let mut b = Builder::new(true);
    block(&mut b, &Ends::default(), &idle(), Preset::Large.capacities().chains.into());
    programs.push(Program::new("Block", &b));
    programs
}
