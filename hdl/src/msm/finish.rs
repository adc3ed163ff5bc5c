//! What is left to the host: from the sums that leave the engine to the results, see [`MsmLayout::value`].

use std::ops::Add;

use penstock_abi::MsmLayout;

use super::config::MsmConfig;
use super::pass::Pass;

/// Adds what a pass gave to `results`, one a vector: `results[v] += Σ_w 2^(c w) value(v, w)`, in the order of the pass's
/// groups. `sums` are [`MsmConfig::sums`] points for each group.
pub fn finish<G: Copy + Add<Output = G>>(config: &MsmConfig, pass: &Pass, sums: &[G], zero: G, results: &mut [G]) {
    let layout = MsmLayout { window_bits: config.window_bits as u8, reductions: config.reductions as u8 };
    let shift = config.window_bits * usize::from(pass.first_window);
    for (vector, result) in sums.chunks(config.sums() * usize::from(pass.windows)).zip(results) {
        *result = *result + (0..shift).fold(layout.value(vector, zero), |value, _| value + value);
    }
}
