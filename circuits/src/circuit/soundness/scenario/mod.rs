//! Where the campaign over items starts: operations on a small state, one program's run each, legal ones and nearly legal ones.
//!
//! Nearly legal ones break a rule, and the lying ledger writes down what comes of it: often exactly one item objects, which is the
//! proof that the rule needs it. The search in [`super::items`] shifts values of the legal ones.
//!
//! ```text
//! setting (state and operation) ──variants──> changed ──lying ledger──> Scenario ──lies──> Builder ──World──> objections
//! ```

mod setting;
mod variants;

use halo2curves::bn256::Fr;
use halo2curves::ff::PrimeField;

use super::world::{Objection, Others, World};
use crate::circuit::bus::Tag;
use crate::circuit::programs::block::{Ends, block};
use crate::circuit::programs::credit::credit;
use crate::circuit::programs::frame::Running;
use crate::circuit::programs::write;
use crate::circuit::slot::{Builder, Constraint, Lies};
use crate::operation::Kind;
use crate::trace::BlockTrace;
use setting::Setting;
use variants::variants;

/// Chains of the blocks here.
pub const CHAINS: u64 = 31;

/// What programs there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Program {
    /// Of a kind of operation.
    Operation(Kind),
    /// Of a fee credit.
    Credit,
    /// Of the block's own slot.
    Block,
}

impl Program {
    /// All of them.
    pub fn all() -> impl Iterator<Item = Self> {
        Kind::ALL.into_iter().map(Self::Operation).chain([Self::Credit, Self::Block])
    }

    /// Its name in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Operation(kind) => kind.name(),
            Self::Credit => "credit",
            Self::Block => "block",
        }
    }
}

/// One run of a program.
#[derive(Clone)]
pub struct Scenario {
    /// What it is about.
    pub name: &'static str,
    /// Its place among the program's scenarios.
    pub number: usize,
    /// Whether an honest ledger does this.
    pub legal: bool,
    program: Program,
    trace: BlockTrace,
    running: Running,
}

impl Scenario {
    /// Runs the program, with lies about its values.
    pub fn run(&self, lies: Lies) -> Builder {
        let mut b = Builder::with_lies(true, lies);
        let mut running = self.running.clone();
        match self.program {
            Program::Operation(kind) => write(&mut b, kind, self.trace.operations.first(), &mut running),
            Program::Credit => drop(credit(&mut b, self.trace.credits.first(), 4, running.root)),
            Program::Block => drop(block(&mut b, &self.ends(), &running, CHAINS)),
        }
        b
    }

    fn ends(&self) -> Ends {
        Ends { old_root: self.trace.old_root, new_root: self.trace.new_root, credits: 4 }
    }

    /// All who object to these values, when every key's owner goes along.
    pub fn judge(&self, b: &Builder) -> Vec<Objection> {
        let mut world = self.world();
        world.conspire();
        self.ask(world, b)
    }

    /// The same when all is signed but what one item draws.
    pub fn judge_without_signature(&self, b: &Builder, number: usize) -> Vec<Objection> {
        let mut world = self.world();
        for (other, item) in b.items().iter().enumerate() {
            if let Constraint::Tuple { tag: Tag::Signature, elements: [pkh, message, ..], .. } = item.constraint
                && other != number
            {
                world.sign(b.value(pkh), b.value(message));
            }
        }
        self.ask(world, b)
    }

    fn world(&self) -> World {
        let mut world = World::default();
        for operation in &self.trace.operations {
            operation.updates.iter().for_each(|update| world.execute(update));
        }
        self.trace.credits.iter().for_each(|credit| world.execute(&credit.update));
        world
    }

    fn ask(&self, mut world: World, b: &Builder) -> Vec<Objection> {
        let root = if self.program == Program::Block { self.trace.new_root } else { self.running.root };
        let others = Others::Alone { running: &self.running, chains: CHAINS, credit: [Fr::from(4), root] };
        world.judge(b, self.running.shared, others)
    }
}

/// Every run that the campaign starts from, of one program.
pub fn scenarios(program: Program) -> Vec<Scenario> {
    let mut scenarios = runs(program);
    scenarios.iter_mut().enumerate().for_each(|(number, scenario)| scenario.number = number);
    scenarios
}

fn runs(program: Program) -> Vec<Scenario> {
    match program {
        Program::Operation(kind) => {
            let mut list = vec![Setting::new(kind).scenario("as it should be", true)];
            variants(kind, &mut list);
            list
        }
        Program::Credit => {
            let mut scenario = Setting::new(Kind::Transfer).scenario("the collector's fees", true);
            scenario.program = Program::Credit;
            if let Some(credit) = scenario.trace.credits.first() {
                scenario.running.root = credit.update.path.old_root;
                let key = (u64::from(credit.account), u64::from(credit.token));
                scenario.running.fees.insert(key, Fr::from_u128(credit.total));
            }
            vec![scenario]
        }
        Program::Block => {
            let mut scenario = Setting::new(Kind::Transfer).scenario("a block of one transfer", true);
            scenario.program = Program::Block;
            let mut empty = scenario.clone();
            (empty.name, empty.legal) = ("an empty block", false);
            empty.running = Running::start(empty.trace.old_root, empty.running.shared);
            vec![scenario, empty]
        }
    }
}
