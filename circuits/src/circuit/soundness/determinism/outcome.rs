//! Propagation and a solver in turn, and what may stay undetermined.

use std::collections::{BTreeMap, BTreeSet};

use super::analysis::{Analysis, Claim, Question, Value, analyse};
use super::cases::Case;
use super::program::Program;
use crate::circuit::slot::Var;

/// An input that need not be told from what others see.
struct Exception {
    /// In the program of this kind of slot.
    program: &'static str,
    /// How many inputs.
    values: usize,
    /// Where the first constraint that reads one stands, and its kind.
    first: (&'static str, &'static str),
}

/// `rules::token` gives token 1 as a bit, and any other as its distance from 17. With the bit set, the distance (16 bits, range-checked in
/// `rules::chain_token`) is multiplied away, whatever it is. Nothing else reads it; so it changes nothing that anybody sees.
const EXCEPTIONS: [Exception; 5] = {
    const fn unused_distance(program: &'static str, values: usize) -> Exception {
        Exception { program, values, first: ("programs/rules.rs", "range") }
    }
    [
        unused_distance("TransferToNew", 1),
        unused_distance("Transfer", 1),
        unused_distance("ChangePubKey", 1),
        unused_distance("ForcedExit", 1),
        unused_distance("OrderMatching", 3),
    ]
};

/// One case of a program.
pub struct Settled {
    /// Which.
    pub case: Case,
    /// With what the solver has shown.
    pub analysis: Analysis,
    /// What that is.
    pub solved: Vec<Value>,
    /// How many questions were asked.
    pub asked: usize,
}

/// What propagation and a solver show together.
pub struct Outcome {
    /// Case by case.
    pub cases: Vec<Settled>,
    program: String,
    claim: Claim,
}

/// Why a claim does not hold.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// A value is a prover's choice.
    #[error("{program}: the value {index} of the {kind} at {site} is not determined")]
    Undetermined {
        /// The kind of slot.
        program: String,
        /// The value's number.
        index: usize,
        /// The constraint that it matters to.
        kind: &'static str,
        /// That constraint's line.
        site: String,
    },
    /// The table of exceptions is out of date.
    #[error("{program}: {found} inputs of `rules::token` are unused distances, not {stated}: correct the exceptions")]
    Exception {
        /// The kind of slot.
        program: String,
        /// How many there are.
        found: usize,
        /// How many there should be.
        stated: usize,
    },
}

impl Outcome {
    /// What is not determined in some case.
    pub fn undetermined(&self) -> Vec<Value> {
        let values = self.cases.iter().flat_map(|settled| &settled.analysis.undetermined);
        values.map(|value| (value.var, *value)).collect::<BTreeMap<_, _>>().into_values().collect()
    }

    /// What is not determined and should be; and exceptions that are not needed.
    pub fn faults(&self) -> Vec<Fault> {
        let exception = EXCEPTIONS.iter().find(|e| self.claim == Claim::Inputs && e.program == self.program);
        let excepted = |value: &Value| {
            exception.is_some_and(|e| value.site.file().ends_with(e.first.0) && value.kind == e.first.1)
        };
        let (excepted, undetermined): (Vec<_>, Vec<_>) = self.undetermined().into_iter().partition(excepted);
        let program = || self.program.clone();
        let fault = |value: Value| Fault::Undetermined {
            program: program(),
            index: value.var.index(),
            kind: value.kind,
            site: value.site.to_string(),
        };
        let (found, stated) = (excepted.len(), exception.map_or(0, |e| e.values));
        let outdated = (found != stated).then(|| Fault::Exception { program: program(), found, stated });
        undetermined.into_iter().map(fault).chain(outdated).collect()
    }
}

/// Asks the solver for what propagation leaves, and propagates what it shows, until the claim holds or no answer helps.
///
/// # Errors
/// The solver's.
pub fn settle<E>(
    program: &Program,
    claim: Claim,
    mut is_determined: impl FnMut(&Question) -> Result<bool, E>,
) -> Result<Outcome, E> {
    let settle_case = |case| settle_case(program, case, claim, &mut is_determined);
    let cases = Case::of(program).into_iter().map(settle_case).collect::<Result<_, _>>()?;
    Ok(Outcome { cases, program: program.name.clone(), claim })
}

fn settle_case<E>(
    program: &Program,
    case: Case,
    claim: Claim,
    is_determined: &mut impl FnMut(&Question) -> Result<bool, E>,
) -> Result<Settled, E> {
    let (mut shown, mut solved, mut asked) = (BTreeSet::<Var>::new(), Vec::new(), 0);
    loop {
        let analysis = analyse(program, &case, claim, &shown);
        let mut found = None;
        for question in &analysis.questions {
            asked += 1;
            if is_determined(question)? {
                found = Some(question.value);
                break;
            }
        }
        let Some(value) = found else { return Ok(Settled { case, analysis, solved, asked }) };
        shown.insert(value.var);
        solved.push(value);
    }
}
