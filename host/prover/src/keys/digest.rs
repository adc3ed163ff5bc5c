//! A circuit's digest: everything that key generation would take from it, hashed.
//!
//! That is the constraint system and, from one synthesis without a witness, every fixed value, selector and copy in
//! the order in which they are made. It costs a synthesis, a small part of key generation, and spares whoever edits a
//! circuit from having to remember to raise a version.

use super::KeysError;
use halo2_axiom::circuit::Value;
use halo2_axiom::plonk::{
    Advice, Any, Assigned, Assignment, Challenge, Circuit, Column, ConstraintSystem, Error, Fixed, FloorPlanner,
    Instance, Selector,
};
use halo2curves::bn256::Fr;
use halo2curves::ff::PrimeField;
use sha2::{Digest, Sha256};

/// The digest of `circuit` at this `k`, once it is known to fit, and how many polynomials its keys hold.
pub(super) fn circuit<C: Circuit<Fr>>(name: &str, circuit: &C, k: u32) -> Result<([u8; 32], usize), KeysError> {
    let mut system = ConstraintSystem::default();
    let config = C::configure_with_params(&mut system, circuit.params());
    let mut recorder = Recorder { hasher: Sha256::new(), rows: 0 };
    recorder.hasher.update(format!("{:?}", system.pinned()));
    recorder.hasher.update(k.to_le_bytes());
    C::FloorPlanner::synthesize(&mut recorder, circuit, config, system.constants().clone())
        .map_err(|source| KeysError::Circuit { name: name.into(), source })?;
    let usable = (1usize << k).saturating_sub(system.blinding_factors() + 1);
    if recorder.rows > usable || system.minimum_rows() > 1 << k {
        return Err(KeysError::TooLarge { name: name.into(), rows: recorder.rows, usable, k });
    }
    let columns = system.num_fixed_columns() + system.num_selectors() + system.permutation().get_columns().len();
    Ok((recorder.hasher.finalize().into(), super::file::LAGRANGE + 2 * columns))
}

/// Takes a synthesis down as a stream of tagged events.
struct Recorder {
    hasher: Sha256,
    /// One more than the largest row touched.
    rows: usize,
}

impl Recorder {
    fn event(&mut self, tag: u8, numbers: &[usize]) {
        self.hasher.update([tag]);
        for number in numbers {
            self.hasher.update((*number as u64).to_le_bytes());
        }
    }

    fn touch(&mut self, row: usize) {
        self.rows = self.rows.max(row + 1);
    }

    fn value(&mut self, value: Assigned<Fr>) {
        self.hasher.update(value.numerator().to_repr());
        self.hasher.update(value.denominator().unwrap_or(Fr::one()).to_repr());
    }
}

/// A column's kind and index as numbers.
fn place(column: Column<Any>) -> [usize; 2] {
    let kind = match column.column_type() {
        Any::Advice(advice) => usize::from(advice.phase()),
        Any::Fixed => 256,
        Any::Instance => 257,
    };
    [kind, column.index()]
}

impl Assignment<Fr> for Recorder {
    fn enable_selector<A, AR>(&mut self, _: A, selector: &Selector, row: usize) -> Result<(), Error>
    where
        A: FnOnce() -> AR,
        AR: Into<String>,
    {
        self.touch(row);
        self.event(b's', &[selector.index(), row]);
        Ok(())
    }

    fn assign_advice<'v>(&mut self, _: Column<Advice>, row: usize, _: Value<Assigned<Fr>>) -> Value<&'v Assigned<Fr>> {
        self.touch(row);
        Value::unknown()
    }

    fn assign_fixed(&mut self, column: Column<Fixed>, row: usize, to: Assigned<Fr>) {
        self.touch(row);
        self.event(b'f', &[column.index(), row]);
        self.value(to);
    }

    fn copy(&mut self, left_column: Column<Any>, left_row: usize, right_column: Column<Any>, right_row: usize) {
        self.touch(left_row.max(right_row));
        let ([left, left_index], [right, right_index]) = (place(left_column), place(right_column));
        self.event(b'c', &[left, left_index, left_row, right, right_index, right_row]);
    }

    fn fill_from_row(&mut self, column: Column<Fixed>, row: usize, to: Value<Assigned<Fr>>) -> Result<(), Error> {
        self.touch(row);
        self.event(b'r', &[column.index(), row]);
        to.map(|value| self.value(value));
        Ok(())
    }

    fn query_instance(&self, _: Column<Instance>, _: usize) -> Result<Value<Fr>, Error> {
        Ok(Value::unknown())
    }

    fn get_challenge(&self, _: Challenge) -> Value<Fr> {
        Value::unknown()
    }

    // Names carry no meaning.

    fn enter_region<NR, N>(&mut self, _: N)
    where
        NR: Into<String>,
        N: FnOnce() -> NR,
    {
    }

    fn exit_region(&mut self) {}

    fn annotate_column<A, AR>(&mut self, _: A, _: Column<Any>)
    where
        A: FnOnce() -> AR,
        AR: Into<String>,
    {
    }

    fn push_namespace<NR, N>(&mut self, _: N)
    where
        NR: Into<String>,
        N: FnOnce() -> NR,
    {
    }

    fn pop_namespace(&mut self, _: Option<String>) {}
}
