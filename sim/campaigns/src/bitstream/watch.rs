//! A program that takes minutes, and what its log says meanwhile.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use super::step;
use xtask::shell;

/// How often the log is looked at.
const PERIOD: Duration = Duration::from_millis(500);
/// No line of a log is longer.
const LONGEST_LINE: u64 = 4096;

/// A program to run, its log, and what the log is shown as.
pub(super) struct Watched<'a> {
    pub(super) words: &'a [&'a str],
    pub(super) log: &'a str,
    pub(super) name: &'a str,
}

/// Runs a program in a folder; on a terminal the last line of its log is shown while it runs. It is stopped, without an error,
/// when that line is one after which it will not get there.
pub(super) fn run(folder: &Path, program: &Watched, bars: &MultiProgress, is_hopeless: fn(&str) -> bool) -> Result<()> {
    let Watched { words, log, name } = *program;
    let line = words.join(" ");
    // The end of an earlier run's log says nothing about this one.
    let log = folder.join(log);
    step::remove(&log)?;
    // What is printed through the bars would not appear where there is no terminal.
    bars.suspend(|| eprintln!("$ {line}"));
    let bar = bars.add(ProgressBar::new_spinner());
    bar.set_style(ProgressStyle::with_template("{elapsed} {prefix} {wide_msg}")?);
    bar.set_prefix(name.to_owned());
    let mut child =
        shell::command("", words).current_dir(folder).spawn().with_context(|| format!("cannot start `{line}`"))?;
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break status;
        }
        let last_line = last_line(&log).unwrap_or_default();
        if is_hopeless(&last_line) {
            child.kill().with_context(|| format!("cannot stop `{line}`"))?;
            child.wait()?;
            bar.finish_and_clear();
            return Ok(());
        }
        bar.set_message(last_line);
        bar.tick();
        thread::sleep(PERIOD);
    };
    bar.finish_and_clear();
    if !status.success() {
        bail!("`{line}` failed: {status}; its log is {}", log.display());
    }
    Ok(())
}

/// The last line of a file that has something in it.
fn last_line(path: &Path) -> Option<String> {
    let mut file = File::open(path).ok()?;
    let length = file.metadata().ok()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(LONGEST_LINE))).ok()?;
    let mut end = Vec::new();
    file.read_to_end(&mut end).ok()?;
    let end = String::from_utf8_lossy(&end);
    end.lines().rev().map(str::trim).find(|line| !line.is_empty()).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use indicatif::ProgressDrawTarget;

    use super::*;

    #[test]
    fn the_last_line_is_the_newest_one_with_something_in_it() {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("log");
        assert_eq!(last_line(&log), None);
        std::fs::write(&log, format!("{}\nInfo: 3 left\n  Info: 2 left\n\n", "x".repeat(10_000))).unwrap();
        assert_eq!(last_line(&log).as_deref(), Some("Info: 2 left"));
    }

    #[test]
    fn a_program_that_fails_is_an_error_that_names_its_log() {
        let folder = tempfile::tempdir().unwrap();
        let bars = MultiProgress::with_draw_target(ProgressDrawTarget::hidden());
        let run =
            |words: &[&str]| run(folder.path(), &Watched { words, log: "its.log", name: "seed 1" }, &bars, |_| false);
        run(&["true"]).unwrap();
        assert!(run(&["false"]).unwrap_err().to_string().contains("its.log"));
        assert!(run(&["no-such-program"]).unwrap_err().to_string().contains("cannot start"));
    }

    #[test]
    fn a_program_whose_log_says_that_it_will_not_get_there_is_stopped() {
        let folder = tempfile::tempdir().unwrap();
        let bars = MultiProgress::with_draw_target(ProgressDrawTarget::hidden());
        // One process: what a shell had started would outlive it.
        let script = "import time; print('round 9', file=open('its.log', 'w')); time.sleep(5); open('done', 'w')";
        let program = Watched { words: &["python3", "-c", script], log: "its.log", name: "seed 1" };
        run(folder.path(), &program, &bars, |line| line == "round 9").unwrap();
        assert!(!folder.path().join("done").exists());
    }

    #[test]
    fn what_an_earlier_run_logged_stops_nothing() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("its.log"), "round 1\nround 9\n").unwrap();
        let bars = MultiProgress::with_draw_target(ProgressDrawTarget::hidden());
        let program = Watched { words: &["sh", "-c", "sleep 1; touch done"], log: "its.log", name: "seed 1" };
        run(folder.path(), &program, &bars, |line| line == "round 9").unwrap();
        assert!(folder.path().join("done").exists());
    }
}
