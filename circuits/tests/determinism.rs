//! The determinism analysis: what it shows of the programs without a solver, and that it notices constraints that are missing.
//!
//! Answers that a solver gives in `cargo xtask soundness --determinism` are taken from a table here.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::panic::Location;
use std::path::Path;

use penstock_circuits::circuit::slot::Constraint;
use penstock_circuits::circuit::soundness::determinism::{
    Claim, Fault, MUTATIONS, Mutation, Outcome, Program, Question, Source, Value, programs, settle,
};

/// What the solver shows, first uses by program and line.
const SOLVED: [(&str, &str); 9] = [
    ("Deposit", "let above = b.hint_integer("),
    ("Deposit", "let is_set = b.hint_bit("),
    ("FullExit", "let above = b.hint_integer("),
    ("FullExit", "let is_set = b.hint_bit("),
    ("FullExit", "let rest = b.sub(value, amount)"),
    ("ForcedExit", "let above = b.hint_integer("),
    ("ForcedExit", "b.range(limb, 8 * (to - from))"),
    ("OrderMatching", "b.assert_nonzero(quantity)"),
    ("OrderMatching", "let token = b.multiply_add("),
];
/// The same, in any program that has tokens.
const SOLVED_BIT: &str = "let pooled = b.bit(is_pooled)";

fn text(site: &Location<'_>) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(site.file());
    let source = std::fs::read_to_string(path).unwrap();
    source.lines().nth(site.line() as usize - 1).unwrap().to_owned()
}

fn program(name: &str) -> Program {
    programs().into_iter().find(|program| program.name == name).unwrap()
}

fn with_solver(program: &Program, claim: Claim) -> Outcome {
    let answer = |question: &Question| {
        let line = text(question.value.site);
        let shown = |(name, part): &(&str, &str)| program.name == *name && line.contains(part);
        Ok::<_, Infallible>(line.contains(SOLVED_BIT) || SOLVED.iter().any(shown))
    };
    let Ok(outcome) = settle(program, claim, answer);
    outcome
}

fn without_solver(program: &Program, claim: Claim) -> Outcome {
    let Ok(outcome) = settle(program, claim, |_| Ok::<_, Infallible>(false));
    outcome
}

fn is(value: &Value, (kind, line): (&str, &str)) -> bool {
    value.kind == kind && text(value.site).contains(line)
}

#[test]
fn whatever_leaves_a_slot_follows_from_its_inputs() {
    for program in programs() {
        assert_eq!(with_solver(&program, Claim::Results).faults(), Vec::<Fault>::new(), "{}", program.name);
    }
}

#[test]
fn inputs_can_be_told_from_what_others_see_but_for_the_named_exceptions() {
    for program in programs() {
        assert_eq!(with_solver(&program, Claim::Inputs).faults(), Vec::<Fault>::new(), "{}", program.name);
    }
}

#[test]
fn only_exits_matches_and_chain_bits_need_a_solver() {
    let needs = |program: &Program| !without_solver(program, Claim::Results).undetermined().is_empty();
    let names: BTreeSet<_> = programs().iter().filter(|program| needs(program)).map(|p| p.name.clone()).collect();
    let expected = ["Deposit", "ForcedExit", "FullExit", "OrderMatching"].map(str::to_owned);
    assert_eq!(names, BTreeSet::from(expected));
}

#[test]
fn the_operation_declares_what_the_bus_and_the_block_do_not_hand_over() {
    let counts = |name| {
        let sources = program(name).sources();
        [Source::Operation, Source::Bus, Source::Block, Source::Public].map(|s| sources.get(&s).map_or(0, Vec::len))
    };
    assert_eq!(counts("Noop"), [0, 4, 1, 0]);
    assert_eq!(counts("FeeCredit"), [2, 3, 0, 0]);
    assert_eq!(counts("Transfer"), [19, 5, 3, 0]);
}

#[test]
fn a_missing_constraint_leaves_the_named_value_undetermined() {
    for mutation in MUTATIONS.iter().filter(|mutation| !mutation.by_solver) {
        let whole = program(mutation.program);
        assert!(with_solver(&whole, Claim::Results).undetermined().is_empty());
        let broken = mutation.apply(&whole, text).unwrap();
        let lost = with_solver(&broken, Claim::Results).undetermined();
        assert!(lost.iter().any(|value| is(value, mutation.loses)), "{mutation:?}: {lost:?}");
    }
}

#[test]
fn a_zero_test_without_its_second_product_says_nothing() {
    let whole = program("FullExit");
    let broken = whole.without(|item| {
        let vanishes = matches!(item.constraint, Constraint::Product([_, _, c]) if c.index() == 1);
        vanishes && text(item.site).contains("let entitled = b.is_zero(other)")
    });
    assert_eq!(broken.items.len() + 1, whole.items.len());
    let lost = with_solver(&broken, Claim::Results).undetermined();
    assert!(lost.iter().any(|value| is(value, ("path", "self.balances = b.path("))));
}

#[test]
fn a_mutation_of_a_line_that_is_not_there_is_an_error() {
    let absent = Mutation { line: "no such line", ..MUTATIONS[0] };
    assert!(absent.apply(&program(absent.program), text).is_err());
}

#[test]
fn exceptions_are_counted() {
    let transfer = program("Transfer");
    let always = without_solver(&transfer, Claim::Inputs);
    assert!(!always.faults().is_empty(), "without a solver, the bit of token 1 is left too");
    let mut renamed = transfer;
    renamed.name = "Deposit".into();
    let faults = with_solver(&renamed, Claim::Inputs).faults();
    assert!(matches!(faults.as_slice(), [Fault::Undetermined { kind: "range", .. }]), "{faults:?}");
    let mut renamed = program("Deposit");
    renamed.name = "Transfer".into();
    let faults = with_solver(&renamed, Claim::Inputs).faults();
    assert!(matches!(faults.as_slice(), [Fault::Exception { found: 0, stated: 1, .. }]), "{faults:?}");
}
