//! Debian packages: installed by root, through sudo by whoever may use it, or by whoever types the command that is shown.
//!
//! ```text
//! root ────────────────────────────────────────> apt-get …
//! sudo asks for nothing ───────────────────────> sudo -n apt-get …
//! sudo asks, and somebody is there to answer ──> sudo apt-get …
//! otherwise ───────────────────────────────────> an error that says what to type
//! ```

use std::io::IsTerminal;

use anyhow::{Result, bail};

use xtask::shell;

/// What this process may do about packages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rights {
    /// It is root.
    Root,
    /// sudo lets it, without a password.
    Sudo,
    /// sudo is there and asks for a password on the terminal.
    SudoAtTerminal,
    /// sudo is there and would ask for a password, which nobody could type.
    SudoUnattended,
    /// It is not root, and there is no sudo.
    Nothing,
}

/// Installs packages; none is nothing to do.
pub(crate) fn install(packages: &[&str]) -> Result<()> {
    if packages.is_empty() {
        return Ok(());
    }
    if shell::output(&["apt-get", "--version"]).is_none() {
        bail!("there is no apt-get: install what these Debian packages have by other means: {}", packages.join(" "));
    }
    for command in commands(Rights::of_this_process(), packages)? {
        shell::run("", &command)?;
    }
    Ok(())
}

impl Rights {
    fn of_this_process() -> Self {
        let is_root = rustix::process::geteuid().is_root();
        // Without a password or not at all: this never waits.
        let passwordless = || shell::output(&["sudo", "-n", "true"]).is_some();
        let sudo = || shell::output(&["sudo", "--version"]).is_some();
        Self::decide(is_root, passwordless, sudo, std::io::stdin().is_terminal())
    }

    fn decide(
        is_root: bool,
        passwordless: impl FnOnce() -> bool,
        sudo: impl FnOnce() -> bool,
        is_terminal: bool,
    ) -> Self {
        match () {
            () if is_root => Self::Root,
            () if passwordless() => Self::Sudo,
            () if !sudo() => Self::Nothing,
            () if is_terminal => Self::SudoAtTerminal,
            () => Self::SudoUnattended,
        }
    }
}

/// The command lines, in their order.
fn commands(rights: Rights, packages: &[&str]) -> Result<[String; 2]> {
    let by = |prefix: &str| {
        let install = format!("{prefix}apt-get install --yes --no-install-recommends {}", packages.join(" "));
        [format!("{prefix}apt-get update"), install]
    };
    match rights {
        Rights::Root => Ok(by("")),
        Rights::Sudo => Ok(by("sudo -n ")),
        Rights::SudoAtTerminal => Ok(by("sudo ")),
        Rights::SudoUnattended => {
            bail!("sudo asks for a password: run `{}`, then this again", by("sudo ").join(" && "))
        }
        Rights::Nothing => bail!("there is no sudo: as root, run `{}`, then this again", by("").join(" && ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PACKAGES: [&str; 2] = ["g++", "tcl"];

    #[test]
    fn root_needs_no_sudo_and_is_not_asked_about_it() {
        let unasked = || -> bool { panic!("sudo was asked") };
        assert_eq!(Rights::decide(true, unasked, unasked, true), Rights::Root);
        let lines = ["apt-get update", "apt-get install --yes --no-install-recommends g++ tcl"];
        assert_eq!(commands(Rights::Root, &PACKAGES).unwrap(), lines);
    }

    #[test]
    fn others_go_through_sudo_where_it_lets_them_or_can_ask() {
        let rights = |passwordless, is_terminal| Rights::decide(false, || passwordless, || true, is_terminal);
        // Without a password it never asks, so that a script cannot hang.
        for is_terminal in [true, false] {
            assert_eq!(rights(true, is_terminal), Rights::Sudo);
        }
        let lines = ["sudo -n apt-get update", "sudo -n apt-get install --yes --no-install-recommends g++ tcl"];
        assert_eq!(commands(Rights::Sudo, &PACKAGES).unwrap(), lines);

        assert_eq!(rights(false, true), Rights::SudoAtTerminal);
        let lines = ["sudo apt-get update", "sudo apt-get install --yes --no-install-recommends g++ tcl"];
        assert_eq!(commands(Rights::SudoAtTerminal, &PACKAGES).unwrap(), lines);
    }

    #[test]
    fn where_nothing_can_be_run_the_error_says_what_to_type() {
        let refusal = |sudo| {
            let rights = Rights::decide(false, || false, || sudo, false);
            commands(rights, &PACKAGES).unwrap_err().to_string()
        };
        let typed = "`sudo apt-get update && sudo apt-get install --yes --no-install-recommends g++ tcl`";
        assert!(refusal(true).contains(typed), "{}", refusal(true));
        let typed = "as root, run `apt-get update && apt-get install --yes --no-install-recommends g++ tcl`";
        assert!(refusal(false).contains(typed), "{}", refusal(false));
    }
}
