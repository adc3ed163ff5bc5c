//! How a job of many scalars becomes passes.
//!
//! Windows above the longest scalar of a batch of vectors are left out, as are runs of points whose scalars are all
//! zero: neither is streamed. A pass takes as many windows of as many vectors as the engine has groups for; all windows
//! of one vector come before a second vector.

use std::ops::Range;

use super::config::MsmConfig;
use super::pass::Pass;

/// A pass, the vectors that it serves, and the points that it streams.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlannedPass {
    /// The pass.
    pub pass: Pass,
    /// Its vectors.
    pub vectors: Range<usize>,
}

/// Splits `vectors` scalar vectors over the same `points` bases, all digits of which lie in the first `windows` windows,
/// into passes. No window or no point means no pass.
pub fn passes(config: &MsmConfig, points: u32, vectors: usize, windows: usize) -> Vec<PlannedPass> {
    if points == 0 || windows == 0 {
        return Vec::new();
    }
    let windows = windows.min(config.windows());
    let vectors_a_pass = (config.groups / windows).clamp(1, 255);
    let rounds = windows.div_ceil(config.groups / vectors_a_pass);
    let windows_a_pass = windows.div_ceil(rounds);
    let mut planned = Vec::new();
    for first_vector in (0..vectors).step_by(vectors_a_pass) {
        let last_vector = vectors.min(first_vector + vectors_a_pass);
        for first_window in (0..windows).step_by(windows_a_pass) {
            let pass = Pass {
                points,
                vectors: (last_vector - first_vector) as u8,
                first_window: first_window as u8,
                windows: windows_a_pass.min(windows - first_window) as u8,
            };
            planned.push(PlannedPass { pass, vectors: first_vector..last_vector });
        }
    }
    planned
}

/// The points worth streaming: everything but runs of at least `gap` points that are all idle.
pub fn stretches(points: usize, gap: usize, idle: impl Fn(usize) -> bool) -> Vec<Range<usize>> {
    let mut stretches: Vec<Range<usize>> = Vec::new();
    for point in (0..points).filter(|point| !idle(*point)) {
        match stretches.last_mut() {
            Some(last) if point - last.end < gap => last.end = point + 1,
            _ => stretches.push(point..point + 1),
        }
    }
    stretches
}
