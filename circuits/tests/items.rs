//! The campaign over items: every item of every program is needed, and is what the rows of the circuit say.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeSet;

use penstock_circuits::circuit::slot::Lies;
use penstock_circuits::circuit::soundness::Rows;
use penstock_circuits::circuit::soundness::items::{Judged, Verdict, campaign};
use penstock_circuits::circuit::soundness::scenario::{Program, scenarios};
use penstock_circuits::operation::Kind;

#[test]
fn legal_runs_break_nothing_and_others_do() {
    for program in Program::all() {
        for scenario in scenarios(program) {
            let objections = scenario.judge(&scenario.run(Lies::new()));
            assert_eq!(objections.is_empty(), scenario.legal, "{} {}: {objections:?}", program.name(), scenario.name);
        }
    }
}

#[test]
fn honest_runs_are_what_their_rows_say() {
    for program in Program::all() {
        let rows = Rows::new(program);
        for scenario in scenarios(program).iter().filter(|scenario| scenario.legal) {
            assert_eq!(rows.broken(&scenario.run(Lies::new())), Some(BTreeSet::new()), "{}", scenario.name);
        }
    }
}

fn assert_needed(judged: &[Judged]) {
    let survivors: Vec<_> = judged.iter().filter(|it| matches!(it.verdict, Verdict::Survivor)).collect();
    assert!(survivors.is_empty(), "{survivors:?}");
    let copies = judged.iter().filter(|it| it.copies > 0);
    assert!(copies.into_iter().all(|it| !matches!(it.verdict, Verdict::Killed { copies: false, .. })));
    let rows = Rows::new(judged[0].program);
    for it in judged {
        let Some(witness) = it.witness() else { continue };
        let in_rows = ["sum", "product", "bit", "range"].contains(&it.kind);
        let expected = in_rows.then_some(it.number).into_iter().collect();
        assert_eq!(rows.broken(&witness), Some(expected), "{} #{} {}", it.program.name(), it.number, it.site);
    }
}

/// The rest takes minutes: `cargo xtask soundness --items`.
#[test]
fn every_item_of_the_quick_programs_is_needed_and_is_what_its_rows_say() {
    use Kind::{ChangePubKey, Noop, Transfer, TransferToNew, Withdraw};
    let kinds = [Noop, Transfer, TransferToNew, Withdraw, ChangePubKey].map(Program::Operation);
    for program in kinds.into_iter().chain([Program::Credit, Program::Block]) {
        assert_needed(&campaign(program, |_, _| true));
    }
}

/// Eight assertions that once could be taken out without any test that failed.
#[test]
fn what_once_went_unnoticed_is_noticed() {
    let killed = |kind: Kind, site: &str, item: &str| {
        let judged = campaign(Program::Operation(kind), |_, it| it.site.file().ends_with(site));
        let of_kind: Vec<_> = judged.iter().filter(|it| it.kind == item).collect();
        assert!(!of_kind.is_empty(), "{kind}: {site} states no {item}");
        of_kind.iter().filter(|it| matches!(it.verdict, Verdict::Killed { .. })).count()
    };
    // Ranges of limbs, of owners and amounts.
    assert!(killed(Kind::Deposit, "amount.rs", "range") >= 5);
    assert!(killed(Kind::TransferToNew, "amount.rs", "range") >= 5);
    // Accounts that belong to somebody.
    for kind in [Kind::Deposit, Kind::Transfer, Kind::TransferToNew, Kind::ChangePubKey, Kind::ForcedExit] {
        assert!(killed(kind, "rules.rs", "product") >= 1, "{kind}");
    }
    // The old key's hash, an order's slot before and after, base and quote that differ.
    assert_eq!(killed(Kind::ChangePubKey, "key_change.rs", "range"), 1);
    let judged = campaign(Program::Operation(Kind::OrderMatching), |_, it| {
        it.site.file().ends_with("matching.rs") && ["range", "product"].contains(&it.constraint.kind())
    });
    let killed = judged.iter().filter(|it| matches!(it.verdict, Verdict::Killed { .. })).count();
    assert!(killed >= 40, "{killed} of {}", judged.len());
}
