//! Progress bars for work that a person waits for: setup, import, keys, proofs.
//!
//! Callers say what they do and how far they are; whether anything is drawn is decided once, by whoever parsed the
//! command line. Bars go to stderr and only to a terminal, so that pipes, logs and `--json` stay clean.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressFinish, ProgressStyle};
use std::time::Duration;

/// Whether long work draws progress.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// Draw on stderr if that is a terminal.
    Terminal,
    /// Draw nothing, whatever stderr is.
    Silent,
}

impl Progress {
    /// A bar of `length` steps under `label`.
    pub fn bar(self, label: &'static str, length: u64) -> ProgressBar {
        let bar = self.blank(Some(length), label);
        match ProgressStyle::with_template("{msg:32} {wide_bar} {pos}/{len} {eta:>4}") {
            Ok(style) => bar.with_style(style),
            Err(_) => bar,
        }
    }

    /// A spinner under `label`, for work whose length is not known.
    pub fn spinner(self, label: &'static str) -> ProgressBar {
        let spinner = self.blank(None, label);
        if self == Self::Terminal {
            spinner.enable_steady_tick(Duration::from_millis(120));
        }
        spinner
    }

    /// Whatever is drawn disappears when the bar is dropped.
    fn blank(self, length: Option<u64>, label: &'static str) -> ProgressBar {
        let target = match self {
            Self::Terminal => ProgressDrawTarget::stderr(),
            Self::Silent => ProgressDrawTarget::hidden(),
        };
        ProgressBar::with_draw_target(length, target).with_message(label).with_finish(ProgressFinish::AndClear)
    }
}
