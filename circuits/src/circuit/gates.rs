//! Registry of named constraints.
//!
//! Every constraint of the batch circuit is added here under a name of its own (`tape.root`, `slot.product`, …). The
//! names serve error messages, and they let the mutation check build the circuit with exactly one constraint
//! missing, to see whether a negative test notices.

use halo2_axiom::plonk::{ConstraintSystem, Expression, VirtualCells};
use halo2curves::bn256::Fr;

/// Adds named constraints to a constraint system.
pub struct Gates<'a> {
    cs: &'a mut ConstraintSystem<Fr>,
    dropped: Option<&'a str>,
    names: Vec<String>,
}

impl<'a> Gates<'a> {
    /// `dropped`: the name of the one constraint to leave out (mutation check), normally `None`.
    pub fn new(cs: &'a mut ConstraintSystem<Fr>, dropped: Option<&'a str>) -> Self {
        Self { cs, dropped, names: Vec::new() }
    }

    /// Adds the constraint that the expression vanishes on every row.
    pub fn add(&mut self, name: impl Into<String>, build: impl FnOnce(&mut VirtualCells<'_, Fr>) -> Expression<Fr>) {
        let name = name.into();
        if self.dropped != Some(name.as_str()) {
            self.cs.create_gate(name.as_str(), |cells| vec![build(cells)]);
        }
        self.names.push(name);
    }

    /// The names of all constraints added so far, dropped one included, in order.
    pub fn into_names(self) -> Vec<String> {
        self.names
    }
}
