//! The polynomials whose combination the quotient divides, over memory cells: gates, then the permutation argument, in
//! the stock verifier's order.

use std::collections::HashMap;

use halo2_axiom::plonk::{Any, Column, Expression, VerifyingKey};
use halo2curves::bn256::{Fr, G1Affine};
use halo2curves::ff::{Field, PrimeField};

use super::EvmError;
use super::algebra::{Algebra, Poly};
use super::layout::Layout;
use super::memory::Cell;

/// A circuit's cells, and the algebra that collects its polynomials.
struct Context<'a> {
    layout: &'a Layout,
    algebra: &'a mut Algebra,
    advice: HashMap<(usize, i32), Cell>,
    fixed: HashMap<(usize, i32), Cell>,
}

/// All numerators, in the order in which y folds them.
pub(super) fn numerators(
    layout: &Layout,
    vk: &VerifyingKey<G1Affine>,
    algebra: &mut Algebra,
) -> Result<Vec<Poly>, EvmError> {
    let cs = vk.cs();
    let advice = cs.advice_queries().iter().map(|(column, rotation)| (column.index(), rotation.0));
    let fixed = cs.fixed_queries().iter().map(|(column, rotation)| (column.index(), rotation.0));
    let mut context = Context {
        layout,
        algebra,
        advice: advice.zip(layout.advice_evals.iter().copied()).collect(),
        fixed: fixed.zip(layout.fixed_evals.iter().copied()).collect(),
    };
    let gates = cs.gates().iter().flat_map(|gate| gate.polynomials());
    let mut polys = gates.map(|gate| context.poly(gate)).collect::<Result<Vec<_>, _>>()?;
    polys.extend(context.permutation(&cs.permutation().get_columns(), Layout::chunk_len(vk))?);
    Ok(polys)
}

impl Context<'_> {
    fn advice(&mut self, column: usize, rotation: i32) -> Result<Poly, EvmError> {
        let cell = self.advice.get(&(column, rotation)).copied();
        let cell = cell.ok_or_else(|| unknown(format!("advice column {column} at rotation {rotation}")))?;
        Ok(self.algebra.cell(cell, false))
    }

    fn fixed(&mut self, column: usize, rotation: i32) -> Result<Poly, EvmError> {
        let cell = self.fixed.get(&(column, rotation)).copied();
        let cell = cell.ok_or_else(|| unknown(format!("fixed column {column} at rotation {rotation}")))?;
        Ok(self.algebra.cell(cell, true))
    }

    fn poly(&mut self, expression: &Expression<Fr>) -> Result<Poly, EvmError> {
        Ok(match expression {
            Expression::Constant(value) => Poly::constant(*value),
            Expression::Selector(_) => return Err(unknown("a virtual selector".to_owned())),
            Expression::Fixed(query) => self.fixed(query.column_index(), query.rotation().0)?,
            Expression::Advice(query) => self.advice(query.column_index(), query.rotation().0)?,
            Expression::Instance(_) => self.algebra.cell(Cell::INSTANCE, false),
            Expression::Challenge(challenge) => {
                let cell = self.layout.user.get(challenge.index()).copied();
                let cell = cell.ok_or_else(|| unknown(format!("challenge {}", challenge.index())))?;
                self.algebra.cell(cell, false)
            }
            Expression::Negated(inner) => self.poly(inner)?.scaled(-Fr::ONE),
            Expression::Sum(a, b) => {
                let mut sum = self.poly(a)?;
                sum.add_scaled(&self.poly(b)?, Fr::ONE);
                sum
            }
            Expression::Product(a, b) => {
                let (a, b) = (self.poly(a)?, self.poly(b)?);
                self.algebra.mul(&a, &b)
            }
            Expression::Scaled(inner, scale) => self.poly(inner)?.scaled(*scale),
        })
    }

    /// The permutation argument over `columns`, `chunk_len` of them to a product:
    ///
    /// ```text
    /// l_first (1 - z_0),  l_last (z_m² - z_m),  l_first (z_i - z_(i-1)(ω^last x))
    /// l_active (z_i(ωx) Π (p + β σ + γ) - z_i Π (p + δ^j β x + γ))
    /// ```
    fn permutation(&mut self, columns: &[Column<Any>], chunk_len: usize) -> Result<Vec<Poly>, EvmError> {
        let products = &self.layout.product_evals;
        let (Some(first), Some(last)) = (products.first(), products.last()) else { return Ok(Vec::new()) };
        // These three vanish almost everywhere, like selectors, and are grouped like them.
        let [l_first, l_last, l_active] =
            [Cell::L_FIRST, Cell::L_LAST, Cell::L_ACTIVE].map(|cell| self.algebra.cell(cell, true));

        let mut polys = Vec::new();
        let mut start = Poly::constant(Fr::ONE);
        start.add_scaled(&self.algebra.cell(first.current, false), -Fr::ONE);
        polys.push(self.algebra.mul(&l_first, &start));
        let z = self.algebra.cell(last.current, false);
        let mut end = self.algebra.mul(&z, &z);
        end.add_scaled(&z, -Fr::ONE);
        polys.push(self.algebra.mul(&l_last, &end));
        for pair in products.windows(2) {
            let mut step = self.algebra.cell(pair[1].current, false);
            if let Some(previous) = pair[0].last {
                step.add_scaled(&self.algebra.cell(previous, false), -Fr::ONE);
            }
            polys.push(self.algebra.mul(&l_first, &step));
        }

        let [beta, gamma, x] =
            [self.layout.beta, self.layout.gamma, self.layout.x].map(|c| self.algebra.cell(c, false));
        let beta_x = self.algebra.mul(&beta, &x);
        let mut delta = Fr::ONE;
        let chunks = columns.chunks(chunk_len).zip(self.layout.sigma_evals.chunks(chunk_len));
        for ((columns, sigmas), product) in chunks.zip(products) {
            let mut left = self.algebra.cell(product.next, false);
            let mut right = self.algebra.cell(product.current, false);
            for (column, &sigma) in columns.iter().zip(sigmas) {
                let mut value = match column.column_type() {
                    Any::Advice(_) => self.advice(column.index(), 0)?,
                    Any::Fixed => self.fixed(column.index(), 0)?,
                    Any::Instance => self.algebra.cell(Cell::INSTANCE, false),
                };
                value.add_scaled(&gamma, Fr::ONE);
                let sigma = self.algebra.cell(sigma, false);
                let mut permuted = self.algebra.mul(&beta, &sigma);
                permuted.add_scaled(&value, Fr::ONE);
                left = self.algebra.mul(&left, &permuted);
                value.add_scaled(&beta_x, delta);
                right = self.algebra.mul(&right, &value);
                delta *= Fr::DELTA;
            }
            left.add_scaled(&right, -Fr::ONE);
            polys.push(self.algebra.mul(&l_active, &left));
        }
        Ok(polys)
    }
}

fn unknown(what: String) -> EvmError {
    EvmError::UnknownQuery { what }
}
