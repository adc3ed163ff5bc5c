//! The programs that are analysed, as their items alone.

use halo2curves::bn256::Fr;

use crate::circuit::preset::Preset;
use crate::circuit::programs::block::{Ends, block};
use crate::circuit::programs::frame::{Running, Shared};
use crate::circuit::programs::{credit, run};
use crate::circuit::slot::{Builder, Item, Var};
use crate::operation::Kind;

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

    /// The program without some constraints.
    pub fn without(&self, dropped: impl Fn(&Item) -> bool) -> Self {
        let mut rest = self.clone();
        rest.items.retain(|item| !dropped(item));
        rest
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
