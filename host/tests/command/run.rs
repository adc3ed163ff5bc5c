//! Starting the binary and reading what it says.

use serde_json::Value;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// What the command did.
#[derive(Debug)]
pub struct Ran {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

/// A setup and keys cost seconds: all tests share one data directory, kept between runs.
pub fn shared_data() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("penstock-data")
}

/// The command with these arguments.
pub fn penstock<'a>(arguments: impl IntoIterator<Item = &'a str>) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_penstock"));
    command.args(arguments).env("PENSTOCK_DATA", shared_data()).env_remove("PENSTOCK_KEY");
    command
}

/// Runs it to its end.
pub fn run<'a>(arguments: impl IntoIterator<Item = &'a str>) -> Ran {
    ran(penstock(arguments).output().unwrap())
}

/// Runs it with `text` on stdin.
pub fn run_with_input(mut command: Command, text: &str) -> Ran {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // It may end without reading.
    let _ = child.stdin.take().unwrap().write_all(text.as_bytes());
    ran(child.wait_with_output().unwrap())
}

pub fn ran(output: Output) -> Ran {
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Ran { code: output.status.code().unwrap(), stdout: text(output.stdout), stderr: text(output.stderr) }
}

impl Ran {
    /// The one JSON object on stdout.
    pub fn json(&self) -> Value {
        let value: Value = serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:?}"));
        assert!(value.is_object(), "{self:?}");
        value
    }

    /// The object, after a success.
    pub fn success(&self) -> Value {
        assert_eq!(self.code, 0, "{self:?}");
        self.json()
    }

    /// The error's object: exit code and kind are as expected, and the message, the same on stderr, holds all `parts`.
    pub fn failure(&self, code: i32, kind: &str, parts: &[&str]) -> Value {
        let error = self.json()["error"].clone();
        assert_eq!(
            (self.code, &error["exit_code"], error["kind"].as_str()),
            (code, &code.into(), Some(kind)),
            "{self:?}"
        );
        let message = error["message"].as_str().unwrap();
        for part in parts {
            assert!(message.contains(part), "{part:?} is not in {message:?}");
        }
        assert!(self.stderr.contains(message), "{self:?}");
        error
    }
}

/// A path as an argument.
pub fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}
