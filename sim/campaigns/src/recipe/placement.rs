//! Cells that constraints name against the hierarchy, and regions' boundaries against registers.

use std::collections::BTreeMap;

use anyhow::{Result, bail, ensure};
use penstock_hdl::hierarchy::Module;

use super::tcl::Run;

/// Cells beyond the wrapper's instances: where the card's modules begin.
pub(super) struct Cells<'a> {
    pub(super) modules: &'a BTreeMap<&'a str, Module<'a>>,
    /// The wrapper's instances: name and kind. Those whose kind is not among the modules have nothing below.
    pub(super) top: BTreeMap<String, String>,
}

impl<'a> Cells<'a> {
    /// The kinds of all cells that a path with wildcards names, with the register at its end if it names one.
    fn find(&self, path: &str) -> Vec<(String, Option<String>)> {
        let mut parts = path.split('/');
        let first = parts.next().unwrap_or_default();
        let mut found: Vec<(String, Option<String>)> =
            self.top.iter().filter(|(name, _)| matches(first, name)).map(|(_, kind)| (kind.clone(), None)).collect();
        for part in parts {
            found = found.iter().flat_map(|(kind, _)| self.below(kind, part)).collect();
        }
        found
    }

    fn below(&self, kind: &str, part: &str) -> Vec<(String, Option<String>)> {
        let Some(module) = self.modules.get(kind) else { return Vec::new() };
        // Synthesis names a register's cells after it: `name_reg[bit]`.
        if let Some(name) = part.strip_suffix("_reg[*]") {
            let registers = module.lines.iter().filter_map(|line| register(line)).filter(|found| matches(name, found));
            return registers.map(|found| (kind.to_owned(), Some(found.to_owned()))).collect();
        }
        let instances = module.instances.iter().filter(|instance| matches(part, instance.name));
        instances.map(|instance| (instance.kind.to_owned(), None)).collect()
    }
}

/// The name in `reg [7:0] name;` or in an output that is a register.
fn register(line: &str) -> Option<&str> {
    let line = line.trim().strip_suffix(';')?;
    let rest = line.strip_prefix("output ").unwrap_or(line).strip_prefix("reg ")?;
    rest.rsplit(' ').next()
}

/// Whether a name fits a pattern with `*`.
fn matches(pattern: &str, name: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == name,
        Some((start, rest)) => name
            .strip_prefix(start)
            .is_some_and(|end| (0..=end.len()).any(|at| end.get(at..).is_some_and(|tail| matches(rest, tail)))),
    }
}

/// Checks that every cell that constraints name is there.
pub(super) fn check_cells(run: &Run, cells: &Cells<'_>) -> Result<()> {
    for words in run.of("get_cells") {
        ensure!(!cells.find(&words[0]).is_empty(), "a constraint names {}, which is no cell of the design", words[0]);
    }
    Ok(())
}

/// Checks that what a region holds apart from its surroundings meets them in registers, but for kinds in `captured`.
pub(super) fn check_crossings(run: &Run, cells: &Cells<'_>, region: &str, captured: &[&str]) -> Result<()> {
    let inside = run.of("add_cells_to_pblock").filter(|words| words[0] == region);
    let mut count = 0;
    for words in inside {
        for (kind, _) in cells.find(&words[1]) {
            count += 1;
            if captured.contains(&&*kind) {
                continue;
            }
            let Some(module) = cells.modules.get(&*kind) else {
                bail!("{region} holds {kind}, which is not the card's")
            };
            check_registered(&kind, module)?;
        }
    }
    ensure!(count > 0, "{region} holds nothing");
    Ok(())
}

/// Checks that a module takes its inputs into registers and puts its outputs together from registers.
fn check_registered(kind: &str, module: &Module<'_>) -> Result<()> {
    let body = synthesised(module);
    let clocked: Vec<(&str, &str)> = body.iter().filter_map(|line| assignment(line, CLOCKED, " <= ")).collect();
    for port in module.ports().filter(|port| port.name != "clock") {
        let mut used = 0;
        for line in body.iter().filter(|line| words(line).any(|word| word == port.name)) {
            used += 1;
            let registered = if port.output {
                let from = assignment(line, "always @(*) ", " = ").filter(|(to, _)| *to == port.name);
                let is_register = |name: &str| clocked.iter().any(|(to, _)| *to == name);
                is_register(port.name) || from.is_some_and(|(_, from)| names(from).all(is_register))
            } else {
                // The port as it is, or a slice of it.
                let from = assignment(line, CLOCKED, " <= ").map(|(_, from)| from.split('[').next().unwrap_or(from));
                from == Some(port.name)
            };
            ensure!(registered, "{kind}: port {} is not a register's: `{line}`", port.name);
        }
        ensure!(used > 0, "{kind}: port {} is not used", port.name);
    }
    Ok(())
}

const CLOCKED: &str = "always @(posedge clock) ";

/// The two sides of an assignment.
fn assignment<'a>(line: &'a str, start: &str, sign: &str) -> Option<(&'a str, &'a str)> {
    line.strip_prefix(start)?.strip_suffix(';')?.split_once(sign)
}

/// A module's lines behind its ports without those that only a simulation sees, which stand between `ifdef and `else.
fn synthesised<'a>(module: &Module<'a>) -> Vec<&'a str> {
    let mut simulated = false;
    let mut body = Vec::new();
    for line in module.lines.iter().skip(1).map(|line| line.trim()) {
        match line {
            "`else" => simulated = false,
            _ if line.starts_with("`ifdef") => simulated = true,
            _ if simulated || line.starts_with("input ") || line.starts_with("output ") || line.starts_with("//") => {}
            _ => body.push(line),
        }
    }
    body
}

/// The names in an expression of names, slices and concatenations.
fn names(expression: &str) -> impl Iterator<Item = &str> {
    words(expression).filter(|word| word.starts_with(|c: char| c.is_alphabetic() || c == '_'))
}

fn words(line: &str) -> impl Iterator<Item = &str> {
    line.split(|c: char| !(c.is_alphanumeric() || c == '_' || c == '$'))
}
