//! From a circuit to its committed advice columns.
//!
//! `synthesize` runs over an [`Assignment`] that keeps nothing but advice. When the circuit moves to its next phase,
//! the columns of the phase are blinded and committed to, and the challenges of the phase are squeezed. While the
//! engine commits, the host interpolates. Cells read back as unknown: the trait hands out references that outlive
//! the table, which safe code cannot give, so circuits compute their witness before they assign it (halo2's key
//! generation asks the same of them).

use std::collections::HashMap;
use std::sync::Arc;

use halo2_axiom::circuit::Value;
use halo2_axiom::plonk::{
    Advice, Any, Assigned, Assignment, Challenge, Circuit, Column, ConstraintSystem, Error, Fixed, FloorPlanner,
    Instance, Selector,
};
use halo2curves::bn256::Fr;
use halo2curves::ff::BatchInvert;
use rand::RngCore;
use rayon::prelude::*;

use super::session::Session;
use super::{ProverError, Stage};
use crate::engine::Basis;

/// A column as both of its representations.
pub(super) struct Polynomial {
    /// Values over the subgroup.
    pub values: Arc<[Fr]>,
    /// Coefficients.
    pub coefficients: Vec<Fr>,
}

/// Runs the circuit through its phases. Returns the committed advice columns and the challenges by index.
pub(super) fn commit<C: Circuit<Fr>, R: RngCore + Send + Sync>(
    session: &mut Session<'_, R>,
    circuit: &C,
    instances: &[&[Fr]],
) -> Result<(Vec<Polynomial>, Vec<Fr>), ProverError> {
    for value in instances.iter().copied().flatten() {
        session.absorb(*value)?;
    }
    let config = C::configure_with_params(&mut ConstraintSystem::default(), circuit.params());
    let cs = session.key.vk().cs();
    let column_phases = cs.advice_column_phase();
    let challenge_phases = cs.challenge_phase();
    let phases = column_phases.iter().max().map_or(1, |last| last + 1);
    let mut witness = Witness {
        instances,
        cells: vec![vec![Fr::zero(); session.key.rows()]; column_phases.len()],
        denominators: HashMap::new(),
        committed: column_phases.iter().map(|_| None).collect(),
        challenges: vec![None; challenge_phases.len()],
        column_phases,
        challenge_phases,
        phase: 0,
        phases,
        error: None,
        session,
    };
    // Once, unless the circuit leaves it to the prover to move from phase to phase.
    while witness.phase < phases {
        witness.session.begin(Stage::Synthesis);
        C::FloorPlanner::synthesize(&mut witness, circuit, config.clone(), cs.constants().clone())
            .map_err(|error| witness.error.take().unwrap_or(ProverError::Synthesis(error)))?;
        witness.session.end(Stage::Synthesis);
        if let Some(error) = witness.error {
            return Err(error);
        }
        if witness.phase < phases {
            witness.commit_phase()?;
        }
    }
    // Every column and every challenge belongs to one of the phases.
    let advice = witness.committed.into_iter().flatten().collect();
    Ok((advice, witness.challenges.into_iter().flatten().collect()))
}

struct Witness<'s, 'a, R> {
    session: &'s mut Session<'a, R>,
    instances: &'s [&'s [Fr]],
    /// Values of the columns that are not committed yet; of a fraction, its numerator.
    cells: Vec<Vec<Fr>>,
    /// Denominators of the cells assigned as fractions, by column and row: inverted together.
    denominators: HashMap<(usize, usize), Fr>,
    committed: Vec<Option<Polynomial>>,
    challenges: Vec<Option<Fr>>,
    column_phases: Vec<u8>,
    challenge_phases: Vec<u8>,
    phase: u8,
    phases: u8,
    /// The first error met where the trait has no way to return one.
    error: Option<ProverError>,
}

impl<R: RngCore> Witness<'_, '_, R> {
    /// Commits to the columns of the current phase and squeezes its challenges.
    fn commit_phase(&mut self) -> Result<(), ProverError> {
        if self.phase >= self.phases {
            return Err(ProverError::TooManyPhases);
        }
        self.session.begin(Stage::Advice);
        self.divide();
        let columns = indices(&self.column_phases, self.phase);
        let usable = self.session.key.usable_rows();
        let mut values: Vec<Arc<[Fr]>> = Vec::with_capacity(columns.len());
        let mut pending = Vec::with_capacity(columns.len());
        for &column in &columns {
            let mut cells = std::mem::take(&mut self.cells[column]);
            self.session.randomize(&mut cells[usable..]);
            let cells = cells.into();
            pending.push(self.session.commit(Basis::Lagrange, &cells)?);
            values.push(cells);
        }
        let domain = self.session.key.domain();
        let coefficients: Vec<_> = values.par_iter().map(|values| domain.interpolate(values)).collect();
        for ((&column, values), coefficients) in columns.iter().zip(values).zip(coefficients) {
            self.committed[column] = Some(Polynomial { values, coefficients });
        }
        for pending in pending {
            self.session.write(pending)?;
        }
        for challenge in indices(&self.challenge_phases, self.phase) {
            self.challenges[challenge] = Some(self.session.challenge());
        }
        self.phase += 1;
        self.session.end(Stage::Advice);
        Ok(())
    }

    /// Turns the fractions into values. A denominator of zero makes the value zero.
    fn divide(&mut self) {
        let mut fractions: Vec<_> = std::mem::take(&mut self.denominators).into_iter().collect();
        fractions.iter_mut().map(|(_, denominator)| denominator).batch_invert();
        for ((column, row), inverse) in fractions {
            if let Some(cell) = self.cells[column].get_mut(row) {
                *cell *= inverse;
            }
        }
    }

    fn assign(&mut self, column: Column<Advice>, row: usize, value: Value<Assigned<Fr>>) -> Result<(), ProverError> {
        let phase = column.column_type().phase();
        let (column, usable) = (column.index(), self.session.key.usable_rows());
        if phase < self.phase {
            // A circuit that is synthesized once a phase assigns its committed columns again.
            return Ok(());
        }
        let columns = self.cells.len();
        let out_of_table = ProverError::OutOfTable { column, row, columns, rows: usable };
        let cell = self.cells.get_mut(column).and_then(|cells| cells[..usable].get_mut(row)).ok_or(out_of_table)?;
        let mut known = None;
        value.map(|value| known = Some(value));
        let (numerator, denominator) = match known {
            Some(Assigned::Zero) => (Fr::zero(), None),
            Some(Assigned::Trivial(value)) => (value, None),
            Some(Assigned::Rational(numerator, denominator)) => (numerator, Some(denominator)),
            // It may depend on a challenge that is still to come.
            None if phase > self.phase => return Ok(()),
            None => return Err(ProverError::UnknownValue { column, row }),
        };
        *cell = numerator;
        match denominator {
            Some(denominator) => drop(self.denominators.insert((column, row), denominator)),
            None if self.denominators.is_empty() => {}
            None => drop(self.denominators.remove(&(column, row))),
        }
        Ok(())
    }

    fn record(&mut self, result: Result<(), ProverError>) {
        if let (Err(error), None) = (result, &self.error) {
            self.error = Some(error);
        }
    }
}

fn indices(phases: &[u8], phase: u8) -> Vec<usize> {
    phases.iter().enumerate().filter(|(_, of)| **of == phase).map(|(index, _)| index).collect()
}

impl<R: RngCore> Assignment<Fr> for Witness<'_, '_, R> {
    fn enter_region<NR: Into<String>, N: FnOnce() -> NR>(&mut self, _: N) {}

    fn exit_region(&mut self) {}

    fn annotate_column<A: FnOnce() -> AR, AR: Into<String>>(&mut self, _: A, _: Column<Any>) {}

    fn enable_selector<A: FnOnce() -> AR, AR: Into<String>>(
        &mut self,
        _: A,
        _: &Selector,
        _: usize,
    ) -> Result<(), Error> {
        Ok(())
    }

    fn query_instance(&self, column: Column<Instance>, row: usize) -> Result<Value<Fr>, Error> {
        let value = self.instances.get(column.index()).and_then(|values| values.get(row));
        value.map(|value| Value::known(*value)).ok_or(Error::BoundsFailure)
    }

    fn assign_advice<'v>(
        &mut self,
        column: Column<Advice>,
        row: usize,
        to: Value<Assigned<Fr>>,
    ) -> Value<&'v Assigned<Fr>> {
        if self.error.is_none() {
            let result = self.assign(column, row, to);
            self.record(result);
        }
        Value::unknown()
    }

    fn assign_fixed(&mut self, _: Column<Fixed>, _: usize, _: Assigned<Fr>) {}

    fn copy(&mut self, _: Column<Any>, _: usize, _: Column<Any>, _: usize) {}

    fn fill_from_row(&mut self, _: Column<Fixed>, _: usize, _: Value<Assigned<Fr>>) -> Result<(), Error> {
        Ok(())
    }

    fn get_challenge(&self, challenge: Challenge) -> Value<Fr> {
        self.challenges.get(challenge.index()).copied().flatten().map_or_else(Value::unknown, Value::known)
    }

    fn push_namespace<NR: Into<String>, N: FnOnce() -> NR>(&mut self, _: N) {}

    fn pop_namespace(&mut self, _: Option<String>) {}

    fn next_phase(&mut self) {
        if self.error.is_none() {
            self.session.end(Stage::Synthesis);
            let result = self.commit_phase();
            self.record(result);
            self.session.begin(Stage::Synthesis);
        }
    }
}
