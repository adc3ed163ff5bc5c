//! Generated texts, each worked out once a run: a block's latency follows from how its text was built, and is asked for
//! often.

use std::sync::{Arc, Mutex, PoisonError};

/// A module's inside.
#[derive(Debug)]
pub(super) struct Generated {
    pub(super) text: String,
    /// Cycles from its inputs to its outputs.
    pub(super) latency: usize,
}

/// The texts of a kind of block by configuration; there are few of them.
pub(super) struct Memo<K>(Mutex<Vec<(K, Arc<Generated>)>>);

impl<K: Clone + PartialEq> Memo<K> {
    pub(super) const fn new() -> Self {
        Self(Mutex::new(Vec::new()))
    }

    /// The text of this configuration, from `generate` the first time.
    pub(super) fn get(&self, config: &K, generate: impl FnOnce() -> Generated) -> Arc<Generated> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, generated)) = known.iter().find(|(key, _)| key == config) {
            return generated.clone();
        }
        let generated = Arc::new(generate());
        known.push((config.clone(), generated.clone()));
        generated
    }
}
