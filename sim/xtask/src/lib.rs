//! What tasks and campaigns share: how other programs are run.

pub mod shell;
