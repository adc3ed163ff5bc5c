//! Checks a card: its registers over DMA, its built-in tests, and sums and hashes against the host's own.

use halo2curves::bn256::Fr;
use halo2curves::ff::Field;
use penstock_abi::registers as r;
use penstock_circuits::poseidon::hash2;
use penstock_driver::{Card, CardError};

use super::sample::{SET, pairs, points, scalars};
use penstock_arithmetic::msm;

/// Terms of the sum.
const POINTS: usize = 64;
/// Hashes of the batch.
const HASHES: usize = 64;

/// A check, and what was wrong if it failed.
#[derive(Debug)]
pub struct Check {
    /// What was checked.
    pub name: &'static str,
    /// Nothing, if it passed.
    pub failure: Option<Failure>,
}

/// Why a check failed.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The card did not do it.
    #[error(transparent)]
    Card(#[from] CardError),
    /// The card gave another result.
    #[error("{0}")]
    Wrong(&'static str),
}

/// Checks every engine that the card has.
pub fn run(card: &Card) -> Vec<Check> {
    let mut checks = vec![check("registers", registers(card)), check("built-in tests", built_in(card))];
    if card.capabilities().msm {
        checks.push(check("sums", sums(card)));
    }
    if card.capabilities().poseidon {
        checks.push(check("hashes", hashes(card)));
    }
    checks
}

fn check(name: &'static str, outcome: Result<bool, Failure>) -> Check {
    let failure = match outcome {
        Ok(true) => None,
        Ok(false) => Some(Failure::Wrong("the card's result is not the right one")),
        Err(failure) => Some(failure),
    };
    Check { name, failure }
}

/// What the card writes by DMA is what its registers read.
fn registers(card: &Card) -> Result<bool, Failure> {
    let written = card.identify()?;
    let mut equal = true;
    for (offset, word) in (0u32..).step_by(4).zip(written) {
        // A temperature may change in between.
        let changes = offset == r::TEMPERATURE.offset;
        equal &= changes || card.transport().read(offset).map_err(CardError::from)? == word;
    }
    Ok(equal)
}

fn built_in(card: &Card) -> Result<bool, Failure> {
    match card.self_test(0)? {
        0 => Ok(true),
        1 => Err(Failure::Wrong("the MSM engine's own test failed")),
        2 => Err(Failure::Wrong("the Poseidon engine's own test failed")),
        _ => Err(Failure::Wrong("the engines' own tests failed")),
    }
}

fn sums(card: &Card) -> Result<bool, Failure> {
    let points = points(POINTS);
    let mut scalars = scalars(POINTS);
    // Digits at the ends of their range.
    scalars[..4].copy_from_slice(&[Fr::ZERO, Fr::ONE, -Fr::ONE, Fr::from(1 << 12)]);
    card.pin_bases(SET, &points)?;
    Ok(card.msm(SET, &[&scalars])?.wait()? == [msm(&scalars, &points)])
}

fn hashes(card: &Card) -> Result<bool, Failure> {
    let pairs = pairs(HASHES);
    let expected: Vec<Fr> = pairs.iter().map(|[a, b]| hash2(*a, *b)).collect();
    Ok(card.poseidon(&pairs)?.wait()? == expected)
}
