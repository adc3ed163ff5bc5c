//! What is claimed of a program, and what of it propagation shows.

use std::collections::{BTreeMap, BTreeSet};
use std::panic::Location;

use super::cases::Case;
use super::known::{Known, Rule};
use super::program::Program;
use super::question::Questions;
use super::ranges::Ranges;
use super::system::System;
use crate::circuit::slot::{Constraint, Var};

/// What has to be determined by what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Claim {
    /// Whatever leaves the slot (elements of tuples and paths, what is hashed, public inputs) by the inputs.
    Results,
    /// The inputs by what others see: the tuples on the bus, and through their hashes the public data and the signed messages.
    Inputs,
}

/// A value, and the first constraint that makes it matter.
#[derive(Clone, Copy, Debug)]
pub struct Value {
    /// The value.
    pub var: Var,
    /// The kind of constraint.
    pub kind: &'static str,
    /// The line that states it.
    pub site: &'static Location<'static>,
}

/// Whether a value can differ between two solutions, in SMT-LIB: `unsat` says no.
#[derive(Clone, Debug)]
pub struct Question {
    /// Which value.
    pub value: Value,
    /// The question.
    pub smt: String,
}

/// What propagation shows.
pub struct Analysis {
    /// How many values are claimed to be determined.
    pub claimed: usize,
    /// Those of them that are not.
    pub undetermined: Vec<Value>,
    /// How many others are not.
    pub undetermined_others: usize,
    /// How many values each rule determines.
    pub rules: BTreeMap<Rule, usize>,
    /// What a solver can be asked, if anything is left.
    pub questions: Vec<Question>,
}

/// Analyses a program in one case, in which the values `shown` are determined by other means.
pub fn analyse(program: &Program, case: &Case, claim: Claim, shown: &BTreeSet<Var>) -> Analysis {
    let system = System::new(program, case);
    let ranges = Ranges::new(&system);
    let given = match claim {
        Claim::Results => program.inputs.clone(),
        Claim::Inputs => visible(program),
    };
    let known = Known::new(&system, &ranges, given.iter().chain(shown).map(|var| var.index()));

    let values = first_sites(program, |_| true);
    let claimed = match claim {
        Claim::Results => first_sites(program, leaves),
        Claim::Inputs => {
            let inputs: BTreeSet<_> = program.inputs.iter().collect();
            values.iter().filter(|(var, _)| inputs.contains(var)).map(|(var, value)| (*var, *value)).collect()
        }
    };
    let open = |value: &&Value| !known.has(value.var.index());
    let undetermined: Vec<_> = claimed.values().filter(open).copied().collect();
    let others = values.iter().filter(|(var, _)| !claimed.contains_key(var)).map(|(_, value)| value);
    let mut rules = BTreeMap::new();
    for rule in values.keys().filter_map(|var| known.rule(var.index())) {
        *rules.entry(rule).or_default() += 1;
    }
    let mut questions = Vec::new();
    if !undetermined.is_empty() {
        let writer = Questions::new(&system, &ranges, &known);
        let ask = |value: &Value| Some(Question { value: *value, smt: writer.about(value.var.index())? });
        questions = values.values().filter(open).filter_map(ask).collect();
    }
    let undetermined_others = others.filter(open).count();
    Analysis { claimed: claimed.len(), undetermined, undetermined_others, rules, questions }
}

/// Whether others see the constraint's values.
fn leaves(constraint: &Constraint) -> bool {
    match constraint {
        Constraint::Tuple { .. } | Constraint::Path { .. } | Constraint::Hash(_) | Constraint::Instance { .. } => true,
        Constraint::Sum { .. } | Constraint::Product(_) | Constraint::Range { .. } | Constraint::Import { .. } => false,
    }
}

/// The values of the bus, of the block, and of the public inputs.
fn visible(program: &Program) -> Vec<Var> {
    let shared = program.items.iter().filter(|item| {
        matches!(item.constraint, Constraint::Tuple { .. } | Constraint::Import { .. } | Constraint::Instance { .. })
    });
    shared.flat_map(|item| item.constraint.operands()).collect()
}

/// The values that some constraints read, each with the first of them.
fn first_sites(program: &Program, chosen: impl Fn(&Constraint) -> bool) -> BTreeMap<Var, Value> {
    let mut values = BTreeMap::new();
    for item in program.items.iter().filter(|item| chosen(&item.constraint)) {
        for var in item.constraint.operands() {
            let value = Value { var, kind: item.constraint.kind(), site: item.site };
            values.entry(var).or_insert(value);
        }
    }
    values
}
