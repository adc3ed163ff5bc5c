//! A step of a build that is not done twice.
//!
//! Beside what a step makes lies a file that says what it was made of and how long it took; a step with the same inputs is
//! taken as done.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, Result};

/// A program that makes the same files of the same inputs.
pub(super) struct Step {
    stamp: PathBuf,
    /// All that its result depends on.
    inputs: String,
}

impl Step {
    pub(super) fn new(work: &Path, name: &str, inputs: &[&str]) -> Self {
        Self { stamp: work.join(format!("{name}.done")), inputs: inputs.join("\n") }
    }

    /// Runs it unless it has been run; says how many seconds it took.
    pub(super) fn run(&self, what: impl FnOnce() -> Result<()>) -> Result<u64> {
        if let Some(seconds) = self.done() {
            return Ok(seconds);
        }
        remove(&self.stamp)?;
        let started = Instant::now();
        what()?;
        let seconds = started.elapsed().as_secs();
        fs::write(&self.stamp, format!("{seconds}\n{}", self.inputs))
            .with_context(|| format!("cannot write {}", self.stamp.display()))?;
        Ok(seconds)
    }

    fn done(&self) -> Option<u64> {
        let stamp = fs::read_to_string(&self.stamp).ok()?;
        let (seconds, inputs) = stamp.split_once('\n')?;
        if inputs == self.inputs { seconds.parse().ok() } else { None }
    }
}

/// Removes what an earlier run may have left.
pub(super) fn remove(path: &Path) -> Result<()> {
    if path.exists() {
        fs::remove_file(path).with_context(|| format!("cannot remove {}", path.display()))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_is_run_once_for_the_same_inputs_and_again_after_a_failure() {
        let folder = tempfile::tempdir().unwrap();
        let runs = std::cell::Cell::new(0);
        let run = |inputs: &[&str], fails: bool| {
            Step::new(folder.path(), "step", inputs).run(|| {
                runs.set(runs.get() + 1);
                if fails { anyhow::bail!("no") } else { Ok(()) }
            })
        };
        for (inputs, fails, expected) in
            [("a", false, 1), ("a", false, 1), ("b", true, 2), ("a", false, 3), ("b", false, 4), ("b", true, 4)]
        {
            let _ = run(&[inputs], fails);
            assert_eq!(runs.get(), expected, "{inputs} {fails}");
        }
    }
}
