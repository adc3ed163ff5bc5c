//! Standard error: messages and progress, for people or for programs.
//!
//! ```text
//! tracing events ──────────────> Console ──> "warning: …"            with --log json: one JSON object a line
//! Progress (the library's work) ─┘    └────> on a terminal: one line that is redrawn; otherwise a line every few seconds
//! ```
//!
//! The line is redrawn and repeated by one thread, which is started with the first piece of work. A system that refuses the
//! thread gets lines when the work itself says something, and nothing else changes.

use super::printable::{cut, printable};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use penstock_prover::progress::{Listener, Position, Progress};
use std::fmt;
use std::io::{self, IsTerminal, Write};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};
use std::time::{Duration, Instant};
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber, info};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields, MakeWriter};
use tracing_subscriber::registry::LookupSpan;

/// How often the line on a terminal is redrawn.
const REDRAWN: Duration = Duration::from_millis(200);
/// How often a line is written where there is no terminal.
const REPEATED: Duration = Duration::from_secs(5);
/// Cells of a drawn bar.
const CELLS: u64 = 20;

/// The form of what goes to standard error.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum LogFormat {
    /// Sentences.
    #[default]
    Plain,
    /// One JSON object a line.
    Json,
}

/// Standard error, shared by messages and progress.
#[derive(Clone)]
pub struct Console(Arc<Shared>);

struct Shared {
    terminal: bool,
    works: Mutex<Works>,
    ticker: OnceLock<()>,
}

/// Work under way, the latest last: that one is shown.
#[derive(Default)]
struct Works {
    shown: Vec<Shown>,
    bar: Option<ProgressBar>,
}

struct Shown {
    id: u64,
    position: Position,
    began: Instant,
    /// When the position came.
    reached: Instant,
    repeated: Instant,
}

impl Shown {
    fn times(&self) -> Times {
        Times { elapsed: self.began.elapsed(), reached: self.reached - self.began }
    }
}

/// How long work has taken until now, and until it reached its position: from stage to stage that may be long.
#[derive(Clone, Copy)]
struct Times {
    elapsed: Duration,
    reached: Duration,
}

impl Console {
    /// Takes standard error, and the program's messages from `level` on.
    pub fn install(format: LogFormat, level: Level) -> Self {
        let terminal = io::stderr().is_terminal() && format == LogFormat::Plain;
        let shared = Shared { terminal, works: Mutex::default(), ticker: OnceLock::new() };
        let console = Self(Arc::new(shared));
        let builder = tracing_subscriber::fmt().with_max_level(level).with_writer(console.clone());
        // Somebody who embeds the command has a subscriber already: that one stays.
        let _ = match format {
            LogFormat::Plain => tracing::subscriber::set_global_default(builder.event_format(Plain).finish()),
            LogFormat::Json => {
                tracing::subscriber::set_global_default(builder.json().flatten_event(true).with_target(false).finish())
            }
        };
        console
    }

    /// Whom long work is to tell.
    pub fn progress(&self) -> Progress {
        Progress::told_to(Arc::new(self.clone()))
    }

    fn works(&self) -> MutexGuard<'_, Works> {
        self.0.works.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Shows the latest work again, if it is time.
    fn tick(&self) {
        if self.0.terminal { self.works().draw() } else { self.repeat() }
    }

    fn repeat(&self) {
        let mut works = self.works();
        let Some(shown) = works.shown.last_mut().filter(|shown| shown.repeated.elapsed() >= REPEATED) else { return };
        shown.repeated = Instant::now();
        let (position, times) = (shown.position.clone(), shown.times());
        // The message takes the lock to be written.
        drop(works);
        let left = left(&position, times).map(|left| left.as_secs());
        let Position { label, stage, done, total } = &position;
        info!(
            work = *label,
            stage,
            done,
            total,
            seconds = times.elapsed.as_secs(),
            seconds_left = left,
            "{}",
            line(&position, times)
        );
    }

    fn start_ticker(&self) {
        self.0.ticker.get_or_init(|| {
            let shared = Arc::downgrade(&self.0);
            let tick = move || {
                while let Some(shared) = Weak::upgrade(&shared) {
                    Self(shared).tick();
                    std::thread::sleep(REDRAWN);
                }
            };
            // Without it, lines come when the work says something.
            drop(std::thread::Builder::new().name("progress".into()).spawn(tick));
        });
    }
}

impl Listener for Console {
    fn update(&self, id: u64, position: Option<&Position>) {
        self.start_ticker();
        {
            let mut works = self.works();
            match position {
                None => works.shown.retain(|shown| shown.id != id),
                Some(position) => match works.shown.iter_mut().find(|shown| shown.id == id) {
                    Some(shown) => {
                        if shown.position.done != position.done {
                            shown.reached = Instant::now();
                        }
                        shown.position = position.clone();
                    }
                    None => {
                        let now = Instant::now();
                        works.shown.push(Shown {
                            id,
                            position: position.clone(),
                            began: now,
                            reached: now,
                            repeated: now,
                        });
                    }
                },
            }
            if self.0.terminal && (position.is_none() || works.bar.is_none()) {
                works.draw();
            }
        }
        if !self.0.terminal {
            self.repeat();
        }
    }
}

impl Works {
    fn draw(&mut self) {
        let Some(shown) = self.shown.last() else {
            if let Some(bar) = self.bar.take() {
                bar.finish_and_clear();
            }
            return;
        };
        let text = line(&shown.position, shown.times());
        self.bar.get_or_insert_with(bar).set_message(text);
        if let Some(bar) = &self.bar {
            bar.tick();
        }
    }
}

/// A line of our own words, cut to the terminal's width and taken away when messages are written.
fn bar() -> ProgressBar {
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    match ProgressStyle::with_template("{wide_msg}") {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}

/// What is done, how far it is, and how long it takes: `proof: quotient  ████████░░░░░░░░░░░░  41 %, 6 s, about 9 s left`.
fn line(position: &Position, times: Times) -> String {
    let Position { label, stage, done, total } = position;
    let mut line = (*label).to_owned();
    if let Some(stage) = stage {
        line += &format!(": {stage}");
    }
    if let Some(total) = total.filter(|total| *total > 0) {
        let done = (*done).min(total);
        let filled = done * CELLS / total;
        let cells: String = (0..CELLS).map(|cell| if cell < filled { '█' } else { '░' }).collect();
        line += &format!("  {cells}  {} %", done * 100 / total);
    }
    line += &format!(", {} s", times.elapsed.as_secs());
    if let Some(left) = left(position, times) {
        line += &format!(", about {} s left", left.as_secs().max(1));
    }
    line
}

/// An estimate from how long it took to come so far, once that is enough to tell.
fn left(position: &Position, Times { elapsed, reached }: Times) -> Option<Duration> {
    let share = position.done as f64 / position.total? as f64;
    let telling = share > 0.02 && share <= 1.0 && elapsed >= Duration::from_secs(1);
    telling.then(|| reached.mul_f64(1.0 / share).saturating_sub(elapsed))
}

/// Writes whole messages between the drawings of the line.
pub struct MessageWriter {
    console: Console,
    message: Vec<u8>,
}

impl<'a> MakeWriter<'a> for Console {
    type Writer = MessageWriter;

    fn make_writer(&'a self) -> MessageWriter {
        MessageWriter { console: self.clone(), message: Vec::new() }
    }
}

impl Write for MessageWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.message.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for MessageWriter {
    fn drop(&mut self) {
        let works = self.console.works();
        // Nobody is left to tell if stderr is gone.
        let write = || drop(io::stderr().lock().write_all(&self.message));
        match &works.bar {
            Some(bar) => bar.suspend(write),
            None => write(),
        }
    }
}

/// `warning: sentence`; from debug on with the fields that programs get.
struct Plain;

impl<S: Subscriber + for<'a> LookupSpan<'a>, N: for<'a> FormatFields<'a> + 'static> FormatEvent<S, N> for Plain {
    fn format_event(&self, _: &FmtContext<'_, S, N>, mut writer: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        let mut sentence = Sentence::default();
        event.record(&mut sentence);
        let level = *event.metadata().level();
        let prefix = match level {
            Level::ERROR => "error: ",
            Level::WARN => "warning: ",
            _ => "",
        };
        write!(writer, "{prefix}{}", printable(&sentence.message))?;
        if level > Level::INFO {
            write!(writer, "{}", printable(&sentence.fields))?;
        }
        writeln!(writer)
    }
}

#[derive(Default)]
struct Sentence {
    message: String,
    fields: String,
}

impl Visit for Sentence {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        match field.name() {
            "message" => self.message = cut(&format!("{value:?}")),
            name => self.fields += &format!(" {name}={value:?}"),
        }
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.fields += &format!(" {}={value:.3}", field.name());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn position(done: u64, total: Option<u64>) -> Position {
        Position { label: "proof", stage: Some("quotient"), done, total }
    }

    #[test]
    fn a_line_says_what_is_done_what_is_left_and_an_estimate() {
        let [four, six] = [4, 6].map(Duration::from_secs);
        let late = Times { elapsed: six, reached: four };
        assert_eq!(
            line(&position(400, Some(1000)), late),
            "proof: quotient  ████████░░░░░░░░░░░░  40 %, 6 s, about 4 s left"
        );
        let six = Times { elapsed: six, reached: six };
        assert_eq!(
            line(&position(400, Some(1000)), six),
            "proof: quotient  ████████░░░░░░░░░░░░  40 %, 6 s, about 9 s left"
        );
        assert_eq!(line(&position(0, None), six), "proof: quotient, 6 s");
        assert_eq!(line(&position(0, Some(1000)), six), "proof: quotient  ░░░░░░░░░░░░░░░░░░░░  0 %, 6 s");
        let whole = line(&Position { stage: None, ..position(7, Some(7)) }, six);
        assert_eq!(whole, "proof  ████████████████████  100 %, 6 s, about 1 s left");
    }

    #[test]
    fn more_steps_than_there_are_and_none_at_all_are_drawn_too() {
        for (done, total) in [(2000, Some(1000)), (0, Some(0)), (5, Some(0))] {
            line(&position(done, total), Times { elapsed: Duration::from_secs(3), reached: Duration::from_secs(1) });
        }
    }
}
