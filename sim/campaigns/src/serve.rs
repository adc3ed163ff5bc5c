//! A simulated card behind a socket or a serial line, for as long as a task needs it.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use tempfile::TempDir;

/// A card of RTL may have to be compiled first.
const LIMIT: Duration = Duration::from_secs(900);

/// A `penstock-sim`; ends when dropped.
pub(crate) struct Served {
    /// Its socket or serial line.
    pub(crate) socket: PathBuf,
    _server: KilledOnDrop,
    _folder: TempDir,
}

impl Served {
    /// Starts `penstock-sim serve --card CARD`; `card` is the card and its options.
    pub(crate) fn start(program: &Path, card: &[&str]) -> Result<Self> {
        Self::launch(program, &[&["serve", "--card"], card, &["--socket"]].concat())
    }

    /// Starts `penstock-sim board` with these options.
    pub(crate) fn board(program: &Path, options: &[&str]) -> Result<Self> {
        Self::launch(program, &[&["board"], options, &["--link"]].concat())
    }

    /// The last of the arguments is where the card is to be.
    fn launch(program: &Path, arguments: &[&str]) -> Result<Self> {
        // A path that fits a socket's address, wherever the workspace lies.
        let folder = tempfile::tempdir()?;
        let socket = folder.path().join("card");
        let mut command = Command::new(program);
        command.args(arguments).arg(&socket).stdin(Stdio::null());
        let child = command.spawn().with_context(|| format!("cannot start {}", program.display()))?;
        let mut server = KilledOnDrop(child);
        let start = Instant::now();
        while !socket.exists() {
            if let Some(status) = server.0.try_wait()? {
                bail!("the card's server stopped: {status}");
            }
            if start.elapsed() > LIMIT {
                bail!("the card's server made nothing at {}", socket.display());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(Self { socket, _server: server, _folder: folder })
    }
}

/// A child that does not outlive the task.
pub(crate) struct KilledOnDrop(pub(crate) Child);

impl Drop for KilledOnDrop {
    fn drop(&mut self) {
        // It may have ended by itself: then there is nothing to kill.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
