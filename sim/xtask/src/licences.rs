//! `cargo xtask licences`: every dependency's licence and source against deny.toml, offline and without cargo-deny.
//!
//! Cargo's metadata says what each package declares; deny.toml says what is accepted. Read are `licenses.allow`,
//! `bans.deny` and, from `sources`, that only crates.io and this workspace are known.

use anyhow::{Context, Result, bail};
use serde::Deserialize;
use spdx::{Expression, LicenseReq, ParseMode};
use std::fs;
use xtask::shell;

const CRATES_IO: &str = "registry+https://github.com/rust-lang/crates.io-index";

#[derive(Deserialize)]
struct Policy {
    licenses: Licenses,
    bans: Bans,
}

#[derive(Deserialize)]
struct Licenses {
    allow: Vec<String>,
}

#[derive(Deserialize)]
struct Bans {
    deny: Vec<Ban>,
}

#[derive(Deserialize)]
struct Ban {
    #[serde(rename = "crate")]
    name: String,
}

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    version: String,
    license: Option<String>,
    source: Option<String>,
}

pub(crate) fn run() -> Result<()> {
    let policy = fs::read_to_string(shell::root().join("deny.toml")).context("cannot read deny.toml")?;
    let policy: Policy = toml::from_str(&policy).context("deny.toml")?;
    let metadata = shell::command("", &["cargo", "metadata", "--format-version", "1", "--locked", "--all-features"])
        .output()
        .context("cannot start `cargo metadata`")?;
    if !metadata.status.success() {
        bail!("`cargo metadata` failed: {}", String::from_utf8_lossy(&metadata.stderr));
    }
    let packages = serde_json::from_slice::<Metadata>(&metadata.stdout).context("cargo's metadata")?.packages;
    let allowed = parse_allowed(&policy.licenses.allow)?;
    let objections: Vec<String> =
        packages.iter().filter_map(|package| objection(package, &allowed, &policy.bans.deny)).collect();
    if objections.is_empty() {
        println!("{} packages, all under accepted licences", packages.len());
        Ok(())
    } else {
        bail!("dependencies that deny.toml does not accept:\n  {}", objections.join("\n  "))
    }
}

fn parse_allowed(allow: &[String]) -> Result<Vec<LicenseReq>> {
    let mut allowed = Vec::new();
    for text in allow {
        let expression = Expression::parse(text).with_context(|| format!("deny.toml: {text}"))?;
        allowed.extend(expression.requirements().map(|requirement| requirement.req.clone()));
    }
    Ok(allowed)
}

/// What is wrong with `package`, if anything.
fn objection(package: &Package, allowed: &[LicenseReq], bans: &[Ban]) -> Option<String> {
    let Package { name, version, license, source } = package;
    let reason = match (license, source) {
        _ if bans.iter().any(|ban| ban.name == *name) => "it is banned".into(),
        (_, Some(source)) if source != CRATES_IO => format!("it comes from {source}"),
        (None, _) => "it declares no licence".into(),
        // Older packages separate alternatives with a slash.
        (Some(license), _) => match Expression::parse_mode(license, ParseMode::LAX) {
            Err(error) => format!("its licence `{license}` cannot be read: {}", error.reason),
            Ok(expression) if expression.evaluate(|requirement| allowed.contains(requirement)) => return None,
            Ok(_) => format!("its licence `{license}` is not in licenses.allow"),
        },
    };
    Some(format!("{name} {version}: {reason}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn objection_to(license: Option<&str>, source: Option<&str>) -> Option<String> {
        let package = Package {
            name: "sample".into(),
            version: "1.0.0".into(),
            license: license.map(Into::into),
            source: source.map(Into::into),
        };
        let allowed = ["MIT", "Apache-2.0", "Apache-2.0 WITH LLVM-exception", "Unicode-3.0"].map(String::from);
        objection(&package, &parse_allowed(&allowed).unwrap(), &[Ban { name: "banned".into() }])
    }

    #[test]
    fn one_accepted_alternative_is_enough_and_every_conjunct_is_needed() {
        for license in ["MIT", "GPL-3.0-only OR MIT", "GPL-3.0/MIT", "(MIT OR ISC) AND Unicode-3.0"] {
            assert_eq!(objection_to(Some(license), Some(CRATES_IO)), None, "{license}");
        }
        for license in ["GPL-3.0-only", "MIT AND GPL-3.0-only", "LGPL-2.1-or-later OR ISC", "nonsense"] {
            assert!(objection_to(Some(license), Some(CRATES_IO)).is_some(), "{license}");
        }
        assert_eq!(objection_to(Some("Apache-2.0 WITH LLVM-exception"), None), None);
        assert!(objection_to(None, None).is_some());
    }

    #[test]
    fn other_sources_and_banned_names_are_refused() {
        assert!(objection_to(Some("MIT"), Some("git+https://example.org/fork")).is_some());
        let banned = Package {
            name: "banned".into(),
            version: "1.0.0".into(),
            license: Some("MIT".into()),
            source: Some(CRATES_IO.into()),
        };
        let allowed = parse_allowed(&["MIT".into()]).unwrap();
        assert!(objection(&banned, &allowed, &[Ban { name: "banned".into() }]).unwrap().contains("banned"));
        assert_eq!(objection(&banned, &allowed, &[]), None);
    }
}
