//! Time and memory of this process: wall and CPU seconds by stage, the peak of resident memory, and what is still free.
//!
//! CPU seconds are those of all threads, so on an idle machine of n cores they grow up to n times as fast as the
//! wall's. Stages are named; a stage that comes more than once adds up.

use crate::prover::{Observer, Stage};
use indicatif::ProgressBar;
use rustix::process::{Resource, getrlimit};
use rustix::time::{ClockId, clock_gettime};
use serde::{Deserialize, Serialize};
use std::fs;
use std::ops::Add;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

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
    /// Shows the stage that the prover is at.
    progress: ProgressBar,
}

#[derive(Debug, Default)]
struct Measured {
    spans: Vec<(&'static str, Span)>,
    running: Option<Stopwatch>,
}

impl Stages {
    /// None yet. The prover's stages are shown on `progress`.
    pub fn new(progress: ProgressBar) -> Self {
        Self { measured: Mutex::default(), progress }
    }

    /// Runs `work` as a part of the stage `name`.
    pub fn time<T>(&self, name: &'static str, work: impl FnOnce() -> T) -> T {
        let watch = Stopwatch::start();
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
        match self.spans.iter_mut().find(|(other, _)| *other == name) {
            Some((_, sum)) => *sum = *sum + span,
            None => self.spans.push((name, span)),
        }
    }
}

impl Observer for Stages {
    fn begin(&self, stage: Stage) {
        self.progress.set_message(format!("proof: {}", stage.name()));
        self.lock().running = Some(Stopwatch::start());
    }

    fn end(&self, stage: Stage) {
        let mut measured = self.lock();
        if let Some(watch) = measured.running.take() {
            measured.add(stage.name(), watch.elapsed());
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
    Some(number(&fs::read_to_string("/proc/self/status").ok()?, "VmHWM:")? / 1024)
}

/// Bytes that this process may still take: what the system has free, within the limits of its control group and of
/// its address space; `None` where nothing is known.
pub fn available_memory() -> Option<u64> {
    let system = fs::read_to_string("/proc/meminfo").ok().and_then(|text| number(&text, "MemAvailable:"));
    let group = group_memory();
    let taken = fs::read_to_string("/proc/self/status").ok().and_then(|text| number(&text, "VmSize:"));
    let space = getrlimit(Resource::As).current.map(|limit| limit.saturating_sub(taken.unwrap_or(0) * 1024));
    [system.map(|free| free * 1024), group, space].into_iter().flatten().min()
}

/// Bytes within the limit of the control group, caches that can be dropped not counted as taken.
fn group_memory() -> Option<u64> {
    let limit: u64 = fs::read_to_string("/sys/fs/cgroup/memory.max").ok()?.trim().parse().ok()?;
    let taken = number(&fs::read_to_string("/sys/fs/cgroup/memory.stat").ok()?, "anon ")?;
    Some(limit.saturating_sub(taken))
}

/// The number that follows `key` at the beginning of a line.
fn number(text: &str, key: &str) -> Option<u64> {
    text.lines().find_map(|line| line.strip_prefix(key))?.split_whitespace().next()?.parse().ok()
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
        let stages = Stages::new(ProgressBar::hidden());
        stages.time("work", busy);
        stages.time("sleep", || std::thread::sleep(Duration::from_millis(20)));
        stages.time("work", busy);
        let spans = stages.spans();
        assert_eq!(spans.iter().map(|span| span.stage.as_str()).collect::<Vec<_>>(), ["work", "sleep"]);
        assert!(spans[0].cpu_seconds >= 0.04 && spans[1].seconds >= 0.02, "{spans:?}");
    }

    #[test]
    fn the_provers_stages_add_up_by_name() {
        let stages = Stages::new(ProgressBar::hidden());
        for stage in [Stage::Synthesis, Stage::Advice, Stage::Synthesis] {
            stages.begin(stage);
            stages.end(stage);
        }
        let names: Vec<_> = stages.spans().into_iter().map(|span| span.stage).collect();
        assert_eq!(names, ["synthesis", "advice"]);
    }

    #[test]
    fn memory_is_read_from_the_system() {
        assert_eq!(number("VmSize:  12 kB\nVmHWM:\t   5120 kB\n", "VmHWM:"), Some(5120));
        assert_eq!(number("VmHWM: many\n", "VmHWM:"), None);
        assert!(peak_rss_mib().unwrap() > 0);
        assert!(available_memory().unwrap() > 0);
    }
}
