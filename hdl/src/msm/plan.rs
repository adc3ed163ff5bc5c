//! How a job of many scalars becomes passes.
//!
//! Windows in which no scalar has a digit are not streamed, nor are runs of points whose scalars are all zero. A pass takes as many windows of as many vectors as the engine has groups for; all windows
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

/// Splits `vectors` scalar vectors over the same `points` bases into passes; `used` says of each window whether some
/// scalar has a digit there. No used window or no point means no pass.
pub fn passes(config: &MsmConfig, points: u32, vectors: usize, used: &[bool]) -> Vec<PlannedPass> {
    let used_windows = |windows: Range<usize>| {
        let first = windows.clone().find(|window| used[*window])?;
        let last = windows.rev().find(|window| used[*window])?;
        Some(first..last + 1)
    };
    let Some(all) = used_windows(0..used.len()).filter(|_| points > 0) else { return Vec::new() };
    let vectors_a_pass = (config.groups / all.len()).clamp(1, 255);
    // As few passes as the groups allow, and all of about the same number of windows.
    let rounds = all.len().div_ceil(config.groups / vectors_a_pass);
    let windows_a_pass = all.len().div_ceil(rounds);
    let mut planned = Vec::new();
    for first_vector in (0..vectors).step_by(vectors_a_pass) {
        let vectors = first_vector..vectors.min(first_vector + vectors_a_pass);
        for start in all.clone().step_by(windows_a_pass) {
            let Some(windows) = used_windows(start..all.end.min(start + windows_a_pass)) else { continue };
            let pass = Pass {
                points,
                vectors: vectors.len() as u8,
                first_window: windows.start as u8,
                windows: windows.len() as u8,
            };
            planned.push(PlannedPass { pass, vectors: vectors.clone() });
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::field::Shape;

    #[test]
    fn every_vector_meets_every_used_window_once() {
        for groups in [1, 3, 5, 20, 64] {
            let config = MsmConfig { groups, ..MsmConfig::of(Shape::Pipelined) };
            for vectors in [1, 2, 7] {
                let used: Vec<bool> = (0..20).map(|window| window % 7 != 0).collect();
                let planned = passes(&config, 5, vectors, &used);
                let mut met = vec![0; vectors * 20];
                for planned in &planned {
                    assert!(planned.pass.fits(&config), "{groups} {vectors} {planned:?}");
                    for vector in planned.vectors.clone() {
                        let first = usize::from(planned.pass.first_window);
                        (first..first + usize::from(planned.pass.windows))
                            .for_each(|window| met[vector * 20 + window] += 1);
                    }
                }
                assert!(
                    met.iter().enumerate().all(|(at, met)| *met == 1 || *met == 0 && !used[at % 20]),
                    "{groups} {vectors}"
                );
            }
        }
    }

    #[test]
    fn nothing_to_do_is_no_pass() {
        let config = MsmConfig::of(Shape::Pipelined);
        assert!(passes(&config, 0, 1, &[true; 20]).is_empty());
        assert!(passes(&config, 9, 1, &[false; 20]).is_empty());
    }

    #[test]
    fn only_long_runs_of_idle_points_are_left_out() {
        let idle = |point: usize| matches!(point, 0..=3 | 10..=12 | 20..=29);
        let stretches = |points, gap| stretches(points, gap, idle).iter().map(|s| (s.start, s.end)).collect::<Vec<_>>();
        assert_eq!(stretches(30, 4), [(4, 20)]);
        assert_eq!(stretches(30, 3), [(4, 10), (13, 20)]);
        assert!(stretches(4, 1).is_empty());
    }
}
