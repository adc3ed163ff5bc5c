//! Progress of work that somebody waits for: setups, imports, keys, proofs.
//!
//! Whoever works says what it does and how far it is. Whether and where that is shown is for the [`Listener`] to decide, which
//! the program's entry made: the command draws on a terminal, a service may publish events. Nothing here draws, and nothing
//! needs a thread.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Hears of work that begins, goes on and ends. Called from any thread, often: it must be quick.
pub trait Listener: Send + Sync {
    /// Work `id` has come to `position`, or has ended if there is none.
    fn update(&self, id: u64, position: Option<&Position>);
}

/// How far work is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Position {
    /// What is done.
    pub label: &'static str,
    /// Which part of it.
    pub stage: Option<&'static str>,
    /// Steps done.
    pub done: u64,
    /// Steps in all, if that is known.
    pub total: Option<u64>,
}

/// Whom to tell of progress: somebody, or nobody.
#[derive(Clone, Default)]
pub struct Progress(Option<Arc<dyn Listener>>);

/// Work under way; it ends when this is dropped.
pub struct Work {
    listener: Option<Arc<dyn Listener>>,
    id: u64,
    position: Mutex<Position>,
}

impl Progress {
    /// Tells nobody.
    pub fn silent() -> Self {
        Self(None)
    }

    /// Tells this listener.
    pub fn told_to(listener: Arc<dyn Listener>) -> Self {
        Self(Some(listener))
    }

    /// Begins work whose length is not known.
    pub fn begin(&self, label: &'static str) -> Work {
        self.work(label, None)
    }

    /// Begins work of `total` steps.
    pub fn steps(&self, label: &'static str, total: u64) -> Work {
        self.work(label, Some(total))
    }

    fn work(&self, label: &'static str, total: Option<u64>) -> Work {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let position = Mutex::new(Position { label, stage: None, done: 0, total });
        let work = Work { listener: self.0.clone(), id: NEXT.fetch_add(1, Ordering::Relaxed), position };
        work.change(|_| ());
        work
    }
}

impl Work {
    /// Some more steps are done.
    pub fn advance(&self, steps: u64) {
        self.change(|position| position.done += steps);
    }

    /// So many steps are done.
    pub fn reach(&self, done: u64) {
        self.change(|position| position.done = done);
    }

    /// A part of the work begins.
    pub fn stage(&self, stage: &'static str) {
        self.change(|position| position.stage = Some(stage));
    }

    fn change(&self, change: impl FnOnce(&mut Position)) {
        let Some(listener) = &self.listener else { return };
        let mut position = self.lock();
        change(&mut position);
        listener.update(self.id, Some(&position));
    }

    fn lock(&self) -> MutexGuard<'_, Position> {
        self.position.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Work {
    fn drop(&mut self) {
        if let Some(listener) = &self.listener {
            listener.update(self.id, None);
        }
    }
}

impl fmt::Debug for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Progress(told)" } else { "Progress(silent)" })
    }
}

impl fmt::Debug for Work {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.lock().fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Default)]
    struct Heard(Mutex<Vec<String>>);

    impl Listener for Heard {
        fn update(&self, _: u64, position: Option<&Position>) {
            let text = position.map_or("end".into(), |Position { label, stage, done, total }| {
                format!("{label} {stage:?} {done}/{total:?}")
            });
            self.0.lock().unwrap().push(text);
        }
    }

    #[test]
    fn a_listener_hears_of_every_step_and_of_the_end() {
        let heard = Arc::new(Heard::default());
        let work = Progress::told_to(heard.clone()).steps("keys", 3);
        work.stage("writing");
        work.advance(2);
        work.reach(3);
        drop(work);
        let expected = [
            "keys None 0/Some(3)",
            "keys Some(\"writing\") 0/Some(3)",
            "keys Some(\"writing\") 2/Some(3)",
            "keys Some(\"writing\") 3/Some(3)",
            "end",
        ];
        assert_eq!(*heard.0.lock().unwrap(), expected);
    }
}
