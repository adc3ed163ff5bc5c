//! Mutation check (`cargo xtask soundness`): is every constraint of the batch circuit needed, and would a test notice if it were missing?
//!
//! For each class of constraints (every gate, the bus by kind of tuple, the copies by what they tie together) it finds an
//! *attack*: a tampered witness that breaks this class and no other. A circuit without the class would accept it, so
//! the class is needed, and the attack is the negative test that notices its loss. A class without an attack survives: it is either
//! redundant, and then does not belong into the circuit, or not understood.
//!
//! ```text
//! Subject (honest witness) ──> attacks: values, running_sum, forged_path, permutation, forged_signature
//!                                  └──> Judge (which classes break?) ──> Kill ──> confirm (all rows; halo2)
//! ```
//!
//! Classes stand for every place where a gate is at work. What programs say is judged one by one instead:
//!
//! - [`items`]: every item of every program, on runs of [`scenario`], judged by `world`; [`Rows`] ties items to rows;
//! - [`determinism`]: what programs publish follows from what they are given;
//! - [`fuzz`]: random blocks, made by an honest execution and by the dishonest one of `liar`, are accepted by both or by none.
//!
//! The tape is judged as a region of its own: it provides paths and hashes to whoever draws them, so an attack on it may
//! provide a false one that nobody draws.

mod attack;
mod bus_sum;
mod confirm;
pub mod determinism;
mod forged_path;
mod forged_signature;
pub mod fuzz;
pub mod items;
mod judge;
mod liar;
mod off_curve;
mod other_z;
mod permutation;
mod rows;
pub mod scenario;
mod subject;
mod values;
mod world;

use std::collections::BTreeMap;

pub use attack::Attack;
pub use confirm::confirm;
pub use judge::Judge;
pub use rows::Rows;
pub use subject::{Subject, SubjectError};
pub use values::slot_values;

/// What the campaign found.
#[derive(Clone, Debug)]
pub struct Report {
    /// All classes, in the circuit's order, each with the first attack that breaks it alone.
    pub classes: Vec<(String, Option<Attack>)>,
}

impl Report {
    /// Classes that no attack isolates.
    pub fn survivors(&self) -> impl Iterator<Item = &str> {
        self.classes.iter().filter(|(_, attack)| attack.is_none()).map(|(class, _)| class.as_str())
    }

    /// How many classes an attack isolates.
    pub fn killed(&self) -> usize {
        self.classes.iter().filter(|(_, attack)| attack.is_some()).count()
    }
}

/// Looks for an attack on every class, constructed ones first, then by search over the cells of `subject`.
pub fn campaign(subject: &Subject) -> Report {
    let mut judge = Judge::new(subject);
    let mut found: BTreeMap<String, Option<Attack>> =
        subject.checker.classes().into_iter().map(|class| (class, None)).collect();
    let mut open = found.len();
    let constructed =
        [forged_path::attacks, permutation::attacks, forged_signature::attacks, other_z::attacks, bus_sum::attacks];
    let attacks = constructed.into_iter().flat_map(|attacks| attacks(subject)).chain(values::attacks(subject));
    for attack in attacks {
        let mut broken = judge.broken(&attack).into_iter();
        if let (Some(class), None) = (broken.next(), broken.next())
            && let Some(slot @ None) = found.get_mut(&class)
        {
            *slot = Some(attack);
            open -= 1;
        }
        if open == 0 {
            break;
        }
    }
    let classes = subject.checker.classes().into_iter();
    Report { classes: classes.map(|class| (class.clone(), found.remove(&class).flatten())).collect() }
}
