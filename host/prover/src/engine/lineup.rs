//! The engines that a proof may come from, in their order, and what became of the attempts.
//!
//! ```text
//! card --fails or answers wrongly--> reset, the card once more --fails--> an error,
//!                                                              or, only if it was asked for, the CPU
//! ```
//!
//! Nothing of this is silent: each failed attempt is reported when it happens and recorded with the proof.

use std::fmt;
use std::time::Instant;

use serde::{Deserialize, Serialize};

use super::card::CardEngine;
use super::cpu::CpuEngine;
use super::{Bases, Engine, EngineChoice, EngineError, EngineSettings};

/// Attempts on an engine that can be made usable again.
const ATTEMPTS: usize = 2;

/// An attempt that led to no proof.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FailedAttempt {
    /// The engine.
    pub engine: String,
    /// What went wrong.
    pub reason: String,
    /// Seconds on the wall that it took.
    pub seconds: f64,
}

impl FailedAttempt {
    fn new(engine: &dyn fmt::Display, reason: &dyn fmt::Display, start: Instant) -> Self {
        Self { engine: engine.to_string(), reason: reason.to_string(), seconds: start.elapsed().as_secs_f64() }
    }
}

impl fmt::Display for FailedAttempt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} failed after {:.1} s: {}", self.engine, self.seconds, self.reason)
    }
}

/// Hears of failed attempts when they happen.
type Listener = Box<dyn Fn(&FailedAttempt) + Send + Sync>;

/// Engines, ready to work.
pub struct Lineup {
    first: Box<dyn Engine>,
    fallback: Option<CpuEngine>,
    /// What went wrong when they were opened.
    failed: Vec<FailedAttempt>,
    listener: Listener,
}

/// What came of an attempt that succeeded.
#[derive(Debug)]
pub struct Attempted<T> {
    /// The result.
    pub value: T,
    /// The engine that it comes from.
    pub engine: String,
    /// The attempts before.
    pub failed: Vec<FailedAttempt>,
}

impl Lineup {
    /// Opens the engines; `listener` hears of failed attempts when they happen.
    ///
    /// # Errors
    /// The card cannot be opened, and nothing else was allowed.
    pub fn open(
        settings: &EngineSettings,
        bases: &Bases,
        listener: impl Fn(&FailedAttempt) + Send + Sync + 'static,
    ) -> Result<Self, EngineError> {
        let cpu = || CpuEngine::new(bases.clone());
        let (mut fallback, mut failed) = (None, Vec::new());
        let first: Box<dyn Engine> = match &settings.engine {
            EngineChoice::Cpu => Box::new(cpu()),
            EngineChoice::Card(address) => {
                let start = Instant::now();
                match CardEngine::open(address, settings.card_timeout, bases) {
                    Ok(card) => {
                        fallback = settings.cpu_fallback.then(cpu);
                        Box::new(card)
                    }
                    Err(error) if settings.cpu_fallback => {
                        let attempt = FailedAttempt::new(&settings.engine, &error, start);
                        listener(&attempt);
                        failed.push(attempt);
                        Box::new(cpu())
                    }
                    Err(error) => return Err(error),
                }
            }
        };
        Ok(Self { first, fallback, failed, listener: Box::new(listener) })
    }

    /// Lets the engines try in their order until one succeeds. Errors of which `is_engines` says that no engine is to blame
    /// end it at once.
    ///
    /// # Errors
    /// That of the last attempt.
    pub fn attempt<T, E: fmt::Display>(
        &self,
        work: impl Fn(&dyn Engine) -> Result<T, E>,
        is_engines: impl Fn(&E) -> bool,
    ) -> Result<Attempted<T>, E> {
        let mut before = self.failed.clone();
        let mut note = |engine: &dyn Engine, reason: &dyn fmt::Display, start| {
            let failed = FailedAttempt::new(&engine.name(), reason, start);
            (self.listener)(&failed);
            before.push(failed);
        };
        let mut on = |engine: &dyn Engine| -> Result<T, E> {
            let mut left = ATTEMPTS;
            loop {
                left -= 1;
                let start = Instant::now();
                let error = match work(engine) {
                    Err(error) if is_engines(&error) => error,
                    outcome => return outcome,
                };
                note(engine, &error, start);
                // After the last attempt too: whoever comes next finds an engine in order.
                let start = Instant::now();
                let recovered = engine.recover();
                if let Err(error) = &recovered {
                    note(engine, error, start);
                }
                if left == 0 || !matches!(recovered, Ok(true)) {
                    return Err(error);
                }
            }
        };
        let (outcome, engine) = match (on(&*self.first), &self.fallback) {
            (Err(error), Some(cpu)) if is_engines(&error) => (on(cpu), cpu.name()),
            (outcome, _) => (outcome, self.first.name()),
        };
        Ok(Attempted { value: outcome?, engine: engine.into(), failed: before })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{Basis, Ticket};
    use halo2curves::bn256::{Fr, G1Affine};
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::{Arc, Mutex};

    /// An engine that does nothing, and is made usable again if it can be.
    struct Idle {
        recovers: bool,
        recoveries: Arc<AtomicUsize>,
    }

    impl Engine for Idle {
        fn name(&self) -> &str {
            "card:idle"
        }

        fn submit(&self, _: Basis, _: Arc<[Fr]>) -> Result<Ticket, EngineError> {
            Err(broken())
        }

        fn wait(&self, _: Ticket) -> Result<G1Affine, EngineError> {
            Err(broken())
        }

        fn recover(&self) -> Result<bool, EngineError> {
            self.recoveries.fetch_add(1, Ordering::Relaxed);
            if self.recovers { Ok(true) } else { Err(broken()) }
        }
    }

    fn broken() -> EngineError {
        EngineError::Internal { engine: "card:idle".into(), reason: "out of order".into() }
    }

    #[derive(Debug)]
    struct Outcome {
        attempted: Result<Attempted<()>, String>,
        /// The engines that were tried.
        tried: Vec<String>,
        heard: Vec<FailedAttempt>,
        recoveries: usize,
    }

    /// Attempts of which the first end with these errors; an error of the engine's begins with "engine".
    fn attempt(recovers: bool, fallback: bool, errors: &[&str]) -> Outcome {
        let (recoveries, heard) = (Arc::<AtomicUsize>::default(), Arc::<Mutex<Vec<FailedAttempt>>>::default());
        let bases = Bases { monomial: Arc::new([]), lagrange: Arc::new([]) };
        let listener = {
            let heard = heard.clone();
            move |failed: &FailedAttempt| heard.lock().unwrap().push(failed.clone())
        };
        let lineup = Lineup {
            first: Box::new(Idle { recovers, recoveries: recoveries.clone() }),
            fallback: fallback.then(|| CpuEngine::new(bases)),
            failed: Vec::new(),
            listener: Box::new(listener),
        };
        let tried = Mutex::new(Vec::new());
        let work = |engine: &dyn Engine| {
            let mut tried = tried.lock().unwrap();
            tried.push(engine.name().to_owned());
            errors.get(tried.len() - 1).map_or(Ok(()), |error| Err((*error).to_owned()))
        };
        let attempted = lineup.attempt(work, |error: &String| error.starts_with("engine"));
        let heard = heard.lock().unwrap().clone();
        Outcome { attempted, tried: tried.into_inner().unwrap(), heard, recoveries: recoveries.load(Ordering::Relaxed) }
    }

    #[test]
    fn what_succeeds_is_not_repeated() {
        let outcome = attempt(true, true, &[]);
        let attempted = outcome.attempted.unwrap();
        assert_eq!((&*attempted.engine, attempted.failed.len(), outcome.recoveries), ("card:idle", 0, 0));
        assert_eq!(outcome.tried, ["card:idle"]);
    }

    #[test]
    fn a_failed_attempt_is_repeated_once_after_recovery_and_told() {
        let outcome = attempt(true, false, &["engine one"]);
        let attempted = outcome.attempted.unwrap();
        assert_eq!((&*attempted.engine, outcome.recoveries), ("card:idle", 1));
        assert_eq!(attempted.failed, outcome.heard);
        assert_eq!((outcome.heard.len(), &*outcome.heard[0].reason), (1, "engine one"));

        let outcome = attempt(true, false, &["engine one", "engine two"]);
        assert_eq!(outcome.attempted.unwrap_err(), "engine two");
        assert_eq!((outcome.tried.len(), outcome.heard.len(), outcome.recoveries), (2, 2, 2));
    }

    #[test]
    fn the_cpu_comes_last_and_only_if_it_was_asked_for() {
        let outcome = attempt(true, true, &["engine one", "engine two"]);
        let attempted = outcome.attempted.unwrap();
        assert_eq!((&*attempted.engine, attempted.failed), ("cpu", outcome.heard));
        assert_eq!(outcome.tried, ["card:idle", "card:idle", "cpu"]);
        assert_eq!(
            attempt(true, true, &["engine one", "engine two", "engine three"]).attempted.unwrap_err(),
            "engine three"
        );
    }

    #[test]
    fn an_engine_that_does_not_recover_gets_no_second_attempt() {
        let outcome = attempt(false, false, &["engine one"]);
        assert_eq!(outcome.attempted.unwrap_err(), "engine one");
        assert_eq!(outcome.tried.len(), 1);
        let reasons: Vec<_> = outcome.heard.iter().map(|failed| failed.reason.clone()).collect();
        assert_eq!(reasons, ["engine one".to_owned(), broken().to_string()]);
        assert_eq!(attempt(false, true, &["engine one"]).tried, ["card:idle", "cpu"]);
    }

    #[test]
    fn an_error_that_is_not_the_engines_ends_it() {
        let outcome = attempt(true, true, &["circuit"]);
        assert_eq!(outcome.attempted.unwrap_err(), "circuit");
        assert_eq!((outcome.tried.len(), outcome.heard.len(), outcome.recoveries), (1, 0, 0));
    }
}
