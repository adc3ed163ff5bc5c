//! The campaign over items: for every item of every program, a witness that only this item refuses.
//!
//! From a run of the program, a lie about one value is followed through all that is computed from it; where others object, a second
//! value is shifted until they no longer do (equations are met by the secant, most of them being linear in any one value). What is
//! found for an item is one of:
//! - *killed*: a witness that this item alone refuses, so a circuit without it would accept a lie;
//! - *shadowed*: whatever breaks it, this other item objects as well;
//! - *survivor*: nothing was found that breaks it at all.
//!
//! The cells in which an item holds its values are copies of theirs; they are needed where the item is: the witness that it alone
//! refuses, with one of its cells changed so that it holds, breaks that copy and nothing else.

use std::collections::{BTreeMap, BTreeSet};

use halo2curves::bn256::Fr;
use halo2curves::ff::Field;
use rayon::prelude::*;

use super::scenario::{Program, Scenario, scenarios};
use super::world::{Objection, integer, residual};
use crate::circuit::bus::Tag;
use crate::circuit::signature::values::{field, integer as natural};
use crate::circuit::slot::{Builder, Constraint, Item, Lies, Var};
use crate::encoding::{element_to_bytes, format_hex};

/// Others that may be repaired at once.
const REPAIRS: usize = 3;
/// Lies about one value that are tried to be repaired.
const REPAIRED: usize = 24;
/// Values are made equal to others where there are no more of them than this.
const FEW: usize = 24;

/// What became of one item.
#[derive(Clone, Debug)]
pub enum Verdict {
    /// A witness that it alone refuses.
    Killed {
        /// What the run is about.
        scenario: &'static str,
        /// The run that it starts from, by its number; `None`: any honest one will do.
        run: Option<usize>,
        /// What is added to values.
        lies: Lies,
        /// Whether one of its cells can be changed so that it holds, which breaks the cell's copy alone.
        copies: bool,
    },
    /// The others who object to all that breaks it, by what each is called.
    Shadowed(Vec<String>),
    /// Nothing breaks it.
    Survivor,
}

/// An item with what became of it.
#[derive(Clone, Debug)]
pub struct Judged {
    /// The program.
    pub program: Program,
    /// Its place among the program's items.
    pub number: usize,
    /// Where the program states it.
    pub site: String,
    /// The kind of constraint.
    pub kind: &'static str,
    /// How many cells hold its values beside the values' first ones.
    pub copies: usize,
    /// What became of it.
    pub verdict: Verdict,
}

impl Judged {
    /// What the item is called in reports.
    pub fn name(&self) -> String {
        name(self.program, self.number, &self.site, self.kind)
    }

    /// The witness that this item alone refuses, if one was made.
    pub fn witness(&self) -> Option<Builder> {
        let Verdict::Killed { run: Some(run), lies, .. } = &self.verdict else { return None };
        scenarios(self.program).get(*run).map(|scenario| scenario.run(lies.clone()))
    }
}

/// What an item is called in reports: program, number, line, kind.
fn name(program: Program, number: usize, site: &str, kind: &str) -> String {
    format!("{} #{number} {site} ({kind})", program.name())
}

fn site(item: &Item) -> String {
    let file = item.site.file();
    let file = file.rsplit('/').next().unwrap_or(file);
    format!("{file}:{}", item.site.line())
}

/// Judges all items of a program, or those that `wanted` names.
pub fn campaign(program: Program, wanted: impl Fn(usize, &Item) -> bool + Sync) -> Vec<Judged> {
    let scenarios = scenarios(program);
    let Some(first) = scenarios.first() else { return Vec::new() };
    let honest = first.run(Lies::new());
    let copies = copies(&honest);
    let alone = refused_alone(&scenarios);
    let legal: Vec<Subject<'_>> = scenarios.iter().filter(|scenario| scenario.legal).map(Subject::new).collect();
    let judged = honest.items().par_iter().enumerate().filter(|(number, item)| wanted(*number, item));
    let judged = judged.map(|(number, item)| {
        let verdict = match (&item.constraint, alone.get(&number)) {
            (Constraint::Tuple { sign: 1, .. }, _) => by_itself("an honest block, whose next draw finds nothing"),
            (Constraint::Instance { .. }, _) => by_itself("an honest run with another public input"),
            (Constraint::Tuple { tag: Tag::Signature, .. }, _) => unsigned(first, number),
            (_, Some(scenario)) => killed(scenario, Lies::new(), number),
            (_, None) => search(program, number, &legal),
        };
        let (site, kind) = (site(item), item.constraint.kind());
        Judged { program, number, site, kind, copies: copies[number], verdict }
    });
    judged.collect()
}

/// Nearly legal runs that one item alone refuses.
fn refused_alone(scenarios: &[Scenario]) -> BTreeMap<usize, &Scenario> {
    let illegal = scenarios.iter().filter(|scenario| !scenario.legal);
    let refused = illegal.filter_map(|scenario| match scenario.judge(&scenario.run(Lies::new()))[..] {
        [Objection::Item(number)] => Some((number, scenario)),
        _ => None,
    });
    refused.collect()
}

/// What nothing but this item says to anybody outside: a tuple that it provides, a public input that it takes.
fn by_itself(scenario: &'static str) -> Verdict {
    Verdict::Killed { scenario, run: None, lies: Lies::new(), copies: true }
}

/// A signature that nobody made: its draw alone refuses the honest run.
fn unsigned(scenario: &Scenario, number: usize) -> Verdict {
    let objections = scenario.judge_without_signature(&scenario.run(Lies::new()), number);
    match objections[..] {
        [Objection::Item(refused)] if refused == number => by_itself("an honest run without this signature"),
        _ => Verdict::Survivor,
    }
}

fn killed(scenario: &Scenario, lies: Lies, number: usize) -> Verdict {
    let b = scenario.run(lies.clone());
    let copies = b.items().get(number).is_some_and(|item| can_hold(&b, &item.constraint));
    Verdict::Killed { scenario: scenario.name, run: Some(scenario.number), lies, copies }
}

/// Whether changing one cell of a broken item makes it hold.
fn can_hold(b: &Builder, constraint: &Constraint) -> bool {
    match constraint {
        Constraint::Sum { terms, product, .. } => {
            let partner = |i: usize| match (i, &terms[..]) {
                (0, [_, (_, other), ..]) | (1, [(_, other), ..]) => *product * b.value(*other),
                _ => Fr::ZERO,
            };
            terms.iter().enumerate().any(|(i, (scale, _))| *scale + partner(i) != Fr::ZERO)
        }
        // The product's own cell, the hash's, the accumulator's, the path's new root, the tuple's.
        _ => true,
    }
}

/// Cells beyond the first one of each value, by item.
fn copies(b: &Builder) -> Vec<usize> {
    let mut named = BTreeSet::new();
    let cells = |item: &Item| item.constraint.operands().into_iter().filter(|var| !named.insert(*var)).count();
    b.items().iter().map(cells).collect()
}

/// A legal run with what lies about it can move.
struct Subject<'a> {
    scenario: &'a Scenario,
    honest: Builder,
    /// By value: the free values (inputs and hints) that it is computed from.
    cones: Vec<BTreeSet<Var>>,
}

impl<'a> Subject<'a> {
    fn new(scenario: &'a Scenario) -> Self {
        let honest = scenario.run(Lies::new());
        let free: Vec<Var> = honest.inputs().iter().chain(honest.hints()).copied().collect();
        let mut cones = vec![BTreeSet::new(); honest.vars().count()];
        // By trial: what changes when a free value does.
        let moved: Vec<_> = free
            .par_iter()
            .map(|var| {
                let b = scenario.run(Lies::from([(*var, Fr::from(1 << 20) + Fr::ONE)]));
                b.vars().filter(|other| b.value(*other) != honest.value(*other)).collect::<Vec<_>>()
            })
            .collect();
        for (source, moved) in free.iter().zip(moved) {
            for var in moved {
                cones[var.index()].insert(*source);
            }
        }
        Self { scenario, honest, cones }
    }

    fn judge(&self, lies: &Lies) -> Vec<Objection> {
        self.scenario.judge(&self.scenario.run(lies.clone()))
    }

    /// The value as it would be if a sum in which it is the leading part went once around the field.
    fn wraps(&self, var: Var) -> Vec<Fr> {
        let modulus = natural(&-Fr::ONE) + 1u8;
        let mut wraps = Vec::new();
        for item in self.honest.items() {
            let Constraint::Sum { terms, .. } = &item.constraint else { continue };
            for (scale, _) in terms.iter().filter(|(_, other)| *other == var) {
                let scale = natural(scale);
                if scale.bits() > 64 && scale.bits() < 250 {
                    let around = field(&(&modulus / scale));
                    wraps.extend([around, around + Fr::ONE].map(|around| self.honest.value(var) + around));
                }
            }
        }
        wraps
    }

    /// The value and another one of the same sum, shifted so that the sum stays.
    fn linked(&self, var: Var) -> Vec<Lies> {
        let mut linked = Vec::new();
        for item in self.honest.items() {
            let Constraint::Sum { terms, .. } = &item.constraint else { continue };
            let Some((scale, _)) = terms.iter().find(|(_, other)| *other == var) else { continue };
            let Some(inverse) = Option::<Fr>::from(scale.invert()) else { continue };
            for (other_scale, other) in terms.iter().filter(|(_, other)| *other != var) {
                for by in [Fr::ONE, -Fr::ONE] {
                    linked.push(Lies::from([(*other, by), (var, -*other_scale * by * inverse)]));
                }
            }
        }
        linked
    }

    /// The same, where they are few; else the value alone.
    fn few_sources(&self, var: Var) -> Vec<Var> {
        let sources = self.sources(var);
        if sources.len() <= FEW { sources } else { vec![var] }
    }

    /// What a lie about a value may start from: the value itself, and what it is computed from.
    fn sources(&self, var: Var) -> Vec<Var> {
        let mut sources = vec![var];
        sources.extend(self.cones[var.index()].iter().filter(|source| **source != var));
        sources
    }
}

/// Lies that may break an item, cheapest first.
fn attempts<'s>(subject: &'s Subject<'_>, item: &'s Item) -> impl Iterator<Item = Lies> + 's {
    let operands = || item.constraint.operands().into_iter();
    let value = |var: Var| subject.honest.value(var);
    let targets = move |operand: Var| match item.constraint {
        Constraint::Range { bits, .. } => {
            let limit = Fr::from(2).pow_vartime([bits as u64]);
            let half = Fr::from(2).invert().unwrap_or(limit);
            let mut targets = vec![limit, -Fr::ONE, limit + value(operand), value(operand) - limit, half];
            targets.extend(subject.wraps(operand));
            targets
        }
        _ => vec![value(operand) + Fr::ONE, value(operand) - Fr::ONE, Fr::ZERO, Fr::ONE, Fr::from(2), -Fr::ONE],
    };
    let direct = operands().flat_map(move |operand| {
        targets(operand).into_iter().map(move |to| Lies::from([(operand, to - value(operand))]))
    });
    let linked = operands().flat_map(|operand| subject.few_sources(operand)).flat_map(|var| subject.linked(var));
    let nudged = operands().flat_map(|operand| subject.few_sources(operand));
    let nudged = nudged.flat_map(|var| [Fr::ONE, -Fr::ONE].map(|by| Lies::from([(var, by)])));
    // Flags the other way round.
    let flipped = operands().flat_map(|operand| subject.sources(operand)).filter_map(move |var| {
        let flag = value(var);
        (flag == Fr::ZERO || flag == Fr::ONE).then(|| Lies::from([(var, Fr::ONE - flag.double())]))
    });
    let by_way = operands().flat_map(move |operand| {
        let sources = subject.sources(operand).into_iter().skip(1);
        sources.flat_map(move |source| {
            targets(operand).into_iter().filter_map(move |to| {
                let by = secant(subject, (&Lies::new(), &subject.honest), source, |b| b.value(operand) - to)?;
                Some(Lies::from([(source, by)]))
            })
        })
    });
    // Two values that must differ, made equal.
    let equal = operands().flat_map(move |operand| {
        let few = subject.few_sources(operand);
        let others = few.clone();
        few.into_iter().flat_map(move |left| {
            others.clone().into_iter().map(move |right| Lies::from([(left, value(right) - value(left))]))
        })
    });
    direct
        .chain(nudged)
        .chain(flipped)
        .chain(linked)
        .chain(by_way)
        .chain(equal)
        .filter(|lies| lies.values().any(|by| *by != Fr::ZERO))
}

/// By how much a value has to be shifted, beside other lies and what they lead to, for a function of the program's values to vanish,
/// if it depends on the value linearly.
fn secant(subject: &Subject<'_>, (lies, told): (&Lies, &Builder), var: Var, of: impl Fn(&Builder) -> Fr) -> Option<Fr> {
    let shifted = |by: Fr| {
        let mut lies = lies.clone();
        *lies.entry(var).or_insert(Fr::ZERO) += by;
        of(&subject.scenario.run(lies))
    };
    let (start, one) = (of(told), shifted(Fr::ONE));
    let by = -start * Option::<Fr>::from((one - start).invert())?;
    (shifted(by) == Fr::ZERO).then_some(by)
}

fn search(program: Program, number: usize, subjects: &[Subject<'_>]) -> Verdict {
    let mut others: Option<BTreeSet<Objection>> = None;
    let mut hardest = usize::MAX;
    for subject in subjects {
        let item = &subject.honest.items()[number];
        let mut broken = Vec::new();
        for lies in attempts(subject, item) {
            let objections = subject.judge(&lies);
            if !objections.contains(&Objection::Item(number)) {
                continue;
            }
            if objections.len() == 1 {
                return killed(subject.scenario, lies, number);
            }
            note(&mut others, &mut hardest, number, &objections);
            broken.push((objections, lies));
        }
        broken.sort_by_key(|(objections, _)| objections.len());
        for broken in broken.into_iter().take(REPAIRED) {
            if let Some(lies) = repair(subject, number, broken, REPAIRS, &mut |objections| {
                note(&mut others, &mut hardest, number, objections)
            }) {
                return killed(subject.scenario, lies, number);
            }
        }
    }
    match others {
        Some(others) => {
            let items = subjects.first().map_or(&[][..], |subject| subject.honest.items());
            let called = |objection: &Objection| match objection {
                Objection::Item(other) => {
                    let called = |item: &Item| name(program, *other, &site(item), item.constraint.kind());
                    items.get(*other).map_or_else(String::new, called)
                }
                Objection::State(what) => format!("state: {what}"),
            };
            Verdict::Shadowed(others.iter().map(called).collect())
        }
        None => Verdict::Survivor,
    }
}

/// Keeps the fewest others that objected beside the item.
fn note(others: &mut Option<BTreeSet<Objection>>, hardest: &mut usize, number: usize, objections: &[Objection]) {
    if objections.len() < *hardest {
        *hardest = objections.len();
        *others = Some(objections.iter().filter(|other| **other != Objection::Item(number)).cloned().collect());
    }
}

/// Shifts further values until nobody but the item objects.
fn repair(
    subject: &Subject<'_>,
    number: usize,
    (objections, lies): (Vec<Objection>, Lies),
    depth: usize,
    note: &mut impl FnMut(&[Objection]),
) -> Option<Lies> {
    if !objections.contains(&Objection::Item(number)) {
        return None;
    }
    note(&objections);
    let Some(Objection::Item(other)) = objections.iter().find(|other| **other != Objection::Item(number)) else {
        return (objections.len() == 1).then_some(lies);
    };
    if depth == 0 {
        return None;
    }
    let b = subject.scenario.run(lies.clone());
    let item = &subject.honest.items()[*other];
    residual(&b, &item.constraint)?;
    let mut sources: Vec<Var> = item.constraint.operands().iter().flat_map(|var| subject.sources(*var)).collect();
    sources.sort();
    sources.dedup();
    let count = objections.len();
    for source in sources {
        if lies.contains_key(&source) {
            continue;
        }
        let Some(by) =
            secant(subject, (&lies, &b), source, |b| residual(b, &b.items()[*other].constraint).unwrap_or(Fr::ZERO))
        else {
            continue;
        };
        let mut lies = lies.clone();
        lies.insert(source, by);
        let objections = subject.judge(&lies);
        if objections.len() <= count
            && !objections.contains(&Objection::Item(*other))
            && let Some(lies) = repair(subject, number, (objections, lies), depth - 1, note)
        {
            return Some(lies);
        }
    }
    None
}

/// A value in few digits, for people.
pub fn figure(value: Fr) -> String {
    match (integer(value, 127), integer(-value, 127)) {
        (Some(value), _) => value.to_string(),
        (_, Some(value)) => format!("-{value}"),
        _ => format_hex(&element_to_bytes(&value)),
    }
}
