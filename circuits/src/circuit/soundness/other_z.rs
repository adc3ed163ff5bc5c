//! Attacks on what all slots share: an empty slot evaluates public data at another point than the block.

use halo2curves::bn256::Fr;
use halo2curves::ff::Field;

use super::attack::Attack;
use super::subject::Subject;
use crate::circuit::columns::MAIN;
use crate::circuit::programs::frame::{Running, Shared};
use crate::circuit::programs::run;
use crate::circuit::table::Table;

/// The last slot of each kind, if it is empty, run on z + 1.
pub(super) fn attacks(subject: &Subject) -> Vec<Attack> {
    let (layout, honest) = (subject.checker.layout(), &subject.witness.advice);
    let attacks = layout.kinds.iter().filter(|(_, slots)| slots.count() > 0).map(|(kind, slots)| {
        let shared = subject.shared();
        let builder = run(*kind, None, &mut Running::idle(Shared { z: shared.z + Fr::ONE, ..shared }));
        let mut forged = Table::new(MAIN, layout.end + 1);
        slots.fill(&mut forged, slots.count() - 1, &builder);
        let rows = slots.rows_of(slots.count() - 1);
        let cells = rows.flat_map(|row| (0..MAIN).map(move |column| (column, row)));
        let changed = cells.map(|(column, row)| ((column, row), forged.get(column, row)));
        let changed = changed.filter(|((column, row), value)| honest.get(*column, *row) != *value);
        Attack::cells(format!("{} evaluates at another z", kind.name()), changed.collect())
    });
    attacks.collect()
}
