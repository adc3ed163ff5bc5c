//! What is left to the host: from the sums that leave the engine to the results.
//!
//! A group's sums, in order. With one reduction: rows R_i, then columns C_j, and the group's value is
//! `columns * Σ i R_i + Σ (j + 1) C_j`. With two: four quarters, the upper and lower parts of the rows' and of the
//! columns' numbers, and each of the two sums splits once more in the same way.

use std::ops::Add;

use super::config::MsmConfig;
use super::pass::Pass;

/// Adds what a pass gave to `results`, one a vector: `results[v] += Σ_w 2^(c w) value(v, w)`, in the order of the pass's
/// groups. `sums` are [`MsmConfig::sums`] points for each group.
pub fn finish<G: Copy + Add<Output = G>>(config: &MsmConfig, pass: &Pass, sums: &[G], zero: G, results: &mut [G]) {
    let windows = usize::from(pass.windows);
    for (vector, result) in sums.chunks(config.sums() * windows).zip(results) {
        let value = vector
            .chunks(config.sums())
            .rev()
            .fold(zero, |value, group| double(value, config.window_bits) + group_value(config, group, zero));
        *result = *result + double(value, config.window_bits * usize::from(pass.first_window));
    }
}

/// `Σ (bucket + 1) B_bucket` of one group.
fn group_value<G: Copy + Add<Output = G>>(config: &MsmConfig, sums: &[G], zero: G) -> G {
    let (rows, columns) = sums.split_at(sums.len() / 2);
    let (rows, columns) = if config.reductions == 1 {
        (weighted(rows, zero), weighted(columns, zero) + total(columns, zero))
    } else {
        let part = |sums: &[G], extra: bool| {
            let (upper, lower) = sums.split_at(sums.len() / 2);
            let value = double(weighted(upper, zero), config.low_bits()) + weighted(lower, zero);
            if extra { value + total(lower, zero) } else { value }
        };
        (part(rows, false), part(columns, true))
    };
    double(rows, config.column_bits()) + columns
}

/// `Σ i S_i`, by running sums from the end.
fn weighted<G: Copy + Add<Output = G>>(sums: &[G], zero: G) -> G {
    let (_, value) = sums.iter().skip(1).rev().fold((zero, zero), |(running, value), sum| {
        let running = running + *sum;
        (running, value + running)
    });
    value
}

fn total<G: Copy + Add<Output = G>>(sums: &[G], zero: G) -> G {
    sums.iter().fold(zero, |total, sum| total + *sum)
}

fn double<G: Copy + Add<Output = G>>(value: G, times: usize) -> G {
    (0..times).fold(value, |value, _| value + value)
}
