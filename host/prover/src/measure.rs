//! What this process takes: wall and CPU seconds by stage, and the peak of resident memory.
//!
//! CPU seconds are those of all threads, so on an idle machine of n cores they grow up to n times as fast as the
//! wall's. Stages are named; a stage that comes more than once adds up.

use crate::progress::{Progress, Work};
use crate::prover::{Observer, Stage};
use procfs::process::Process;
use rustix::time::{ClockId, clock_gettime};
use serde::{Deserialize, Serialize};
use std::ops::Add;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tracing::debug;

/// Bytes of a mebibyte.
pub const MIB: u64 = 1 << 20;

/// Wall and CPU seconds since a moment.
#[derive(Clone, Copy, Debug)]
pub struct Stopwatch {
    wall: Instant,
    cpu: Duration,
}

/// What a stretch of work took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Span {
    /// Seconds on the wall.
    pub seconds: f64,
    /// Seconds of all cores.
    pub cpu_seconds: f64,
}

/// A stage with what it took.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StageSpan {
    /// The stage's name.
    pub stage: String,
    /// Seconds on the wall.
    pub seconds: f64,
    /// Seconds of all cores.
    pub cpu_seconds: f64,
}

impl Stopwatch {
    /// Starts now.
    pub fn start() -> Self {
        Self { wall: Instant::now(), cpu: cpu_time() }
    }

    /// What has passed.
    pub fn elapsed(&self) -> Span {
        let cpu = cpu_time().saturating_sub(self.cpu);
        Span { seconds: self.wall.elapsed().as_secs_f64(), cpu_seconds: cpu.as_secs_f64() }
    }
}

impl Add for Span {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self { seconds: self.seconds + other.seconds, cpu_seconds: self.cpu_seconds + other.cpu_seconds }
    }
}

/// Stages in the order of their first appearance; as an [`Observer`] also those of a proof.
#[derive(Debug)]
pub struct Stages {
    measured: Mutex<Measured>,
    progress: Progress,
}

#[derive(Debug, Default)]
struct Measured {
    spans: Vec<(&'static str, Span)>,
    running: Option<Stopwatch>,
    /// The proof that is being made, in thousandths of its time, and how far it is.
    proof: Option<(Work, u64)>,
}

impl Stages {
    /// None yet. Each is told to `progress` as work of its name, a proof as one with stages.
    pub fn new(progress: Progress) -> Self {
        Self { measured: Mutex::default(), progress }
    }

    /// Runs `work` as a part of the stage `name`.
    pub fn time<T>(&self, name: &'static str, work: impl FnOnce() -> T) -> T {
        let (watch, _work) = (Stopwatch::start(), self.progress.begin(name));
        let result = work();
        self.lock().add(name, watch.elapsed());
        result
    }

    /// What was measured.
    pub fn spans(&self) -> Vec<StageSpan> {
        let span = |(name, Span { seconds, cpu_seconds }): &(&str, Span)| StageSpan {
            stage: (*name).into(),
            seconds: *seconds,
            cpu_seconds: *cpu_seconds,
        };
        self.lock().spans.iter().map(span).collect()
    }

    fn lock(&self) -> MutexGuard<'_, Measured> {
        self.measured.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Measured {
    fn add(&mut self, name: &'static str, span: Span) {
        debug!(stage = name, seconds = span.seconds, cpu_seconds = span.cpu_seconds, "stage done");
        match self.spans.iter_mut().find(|(other, _)| *other == name) {
            Some((_, sum)) => *sum = *sum + span,
            None => self.spans.push((name, span)),
        }
    }
}

impl Observer for Stages {
    fn begin(&self, stage: Stage) {
        let mut measured = self.lock();
        // Synthesis comes again in a second phase, and in a second attempt.
        let again = stage == Stage::Synthesis
            && measured.proof.as_ref().is_some_and(|(_, at)| *at > Stage::Advice.share_before());
        let proof = measured.proof.take().filter(|_| !again);
        let (proof, at) = proof.unwrap_or_else(|| (self.progress.steps("proof", Stage::WHOLE), 0));
        let at = at.max(stage.share_before());
        proof.stage(stage.name());
        proof.reach(at);
        measured.proof = Some((proof, at));
        measured.running = Some(Stopwatch::start());
    }

    fn end(&self, stage: Stage) {
        let mut measured = self.lock();
        if let Some(watch) = measured.running.take() {
            measured.add(stage.name(), watch.elapsed());
        }
        if Some(&stage) == Stage::ALL.last() {
            measured.proof = None;
        }
    }
}

/// The sample with the median value, of an even number the upper one; none of none.
pub fn median<T>(samples: impl IntoIterator<Item = T>, value: impl Fn(&T) -> f64) -> Option<T> {
    let mut samples: Vec<T> = samples.into_iter().collect();
    samples.sort_by(|a, b| value(a).total_cmp(&value(b)));
    let middle = samples.len() / 2;
    samples.into_iter().nth(middle)
}

/// CPU time of all threads of this process.
fn cpu_time() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(u64::try_from(time.tv_sec).unwrap_or(0), u32::try_from(time.tv_nsec).unwrap_or(0))
}

/// The most memory that this process had resident so far, in MiB; `None` where the system does not say.
pub fn peak_rss_mib() -> Option<u64> {
    Some(Process::myself().ok()?.status().ok()?.vmhwm? / 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn busy() -> u64 {
        let start = cpu_time();
        let mut sum = 0u64;
        while cpu_time() - start < Duration::from_millis(20) {
            sum = std::hint::black_box(sum.wrapping_add(1));
        }
        sum
    }

    #[test]
    fn work_costs_cpu_seconds_and_sleep_does_not_hide_wall_seconds() {
        let stages = Stages::new(Progress::silent());
        stages.time("work", busy);
        stages.time("sleep", || std::thread::sleep(Duration::from_millis(20)));
        stages.time("work", busy);
        let spans = stages.spans();
        assert_eq!(spans.iter().map(|span| span.stage.as_str()).collect::<Vec<_>>(), ["work", "sleep"]);
        assert!(spans[0].cpu_seconds >= 0.04 && spans[1].seconds >= 0.02, "{spans:?}");
    }

    #[test]
    fn the_provers_stages_add_up_by_name() {
        let stages = Stages::new(Progress::silent());
        for stage in [Stage::Synthesis, Stage::Advice, Stage::Synthesis] {
            stages.begin(stage);
            stages.end(stage);
        }
        let names: Vec<_> = stages.spans().into_iter().map(|span| span.stage).collect();
        assert_eq!(names, ["synthesis", "advice"]);
    }

    #[test]
    fn the_peak_of_memory_is_read_from_the_system() {
        assert!(peak_rss_mib().unwrap() > 0);
    }
}
