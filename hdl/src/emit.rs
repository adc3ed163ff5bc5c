//! From a rust-hdl unit to one deterministic Verilog file.
//!
//! rust-hdl prints a module for every *instance*, named after its path. Here modules with the same text are merged,
//! children first, and named after the instance (`adder`, `adder_2`, …) or, for generated leaves, by their first line
//! `// module: NAME`. Children stand before their parents.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use rust_hdl::core::check_error::{CheckError, check_all};
use rust_hdl::core::module_defines::ModuleDefines;
use rust_hdl::prelude::Block;
use sha2::{Digest, Sha256};

/// What elaboration needs: `Bits<N>` above 32 bits are arrays of `bool` on the stack.
const STACK_BYTES: usize = 1 << 30;

/// The mark of a leaf that names its module.
const NAME_MARK: &str = "// module: ";

/// A unit's Verilog, with everything below it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Design {
    /// The name of the top module.
    pub top: String,
    /// The whole file.
    pub verilog: String,
}

impl Design {
    /// SHA-256 of the file, in hexadecimal.
    pub fn checksum(&self) -> String {
        hex::encode(Sha256::digest(&self.verilog))
    }

    /// The first bytes of the checksum: what a card's registers say of its own Verilog.
    pub fn fingerprint(&self) -> [u8; 8] {
        let mut bytes = [0; 8];
        bytes.copy_from_slice(&Sha256::digest(&self.verilog)[..8]);
        bytes
    }
}

/// Why a unit has no Verilog.
#[derive(Debug, thiserror::Error)]
pub enum EmitError {
    /// A signal without a driver, a combinational loop or a driven input.
    #[error("{top}: rust-hdl's check failed: {error:?}")]
    Check {
        /// The top module.
        top: String,
        /// What rust-hdl found, with paths.
        error: CheckError,
    },
    /// rust-hdl panicked while building or printing the unit.
    #[error("{top}: elaboration stopped: {message}")]
    Elaboration {
        /// The top module.
        top: String,
        /// The panic's message.
        message: String,
    },
}

/// Builds the unit on a thread with a stack that wide signals need, checks it and prints it as module `top`.
///
/// # Errors
/// See [`EmitError`].
pub fn emit<U: Block>(top: &str, build: impl FnOnce() -> U + Send) -> Result<Design, EmitError> {
    let elaborate = || {
        let mut unit = build();
        unit.connect_all();
        check_all(&unit).map_err(|error| EmitError::Check { top: top.to_owned(), error })?;
        let mut defines = ModuleDefines::default();
        unit.accept(top, &mut defines);
        Ok(defines.defines())
    };
    let stopped = |message: String| EmitError::Elaboration { top: top.to_owned(), message };
    let printed = std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(STACK_BYTES).spawn_scoped(scope, elaborate);
        match thread.map_err(|error| stopped(error.to_string()))?.join() {
            Ok(result) => result,
            Err(panic) => {
                let text = panic.downcast_ref::<String>().cloned();
                Err(stopped(text.or(panic.downcast_ref::<&str>().map(ToString::to_string)).unwrap_or_default()))
            }
        }
    })?;
    Ok(Design { top: top.to_owned(), verilog: merge(top, &printed) })
}

/// A module as rust-hdl prints it.
struct Module<'a> {
    lines: Vec<&'a str>,
    /// Printed names of the modules that it instantiates.
    children: BTreeSet<&'a str>,
}

/// Merges identical modules below `top`.
fn merge(top: &str, printed: &str) -> String {
    let modules = parse(printed);
    let mut merger = Merger { modules: &modules, names: HashMap::new(), by_text: HashMap::new(), file: String::new() };
    let mut taken = BTreeSet::from([top.to_owned()]);
    merger.place(top, &mut taken, top);
    merger.file
}

fn parse(printed: &str) -> BTreeMap<&str, Module<'_>> {
    let mut bodies: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let mut current = None;
    for line in printed.lines() {
        if let Some(rest) = line.strip_prefix("module ") {
            current = rest.split('(').next();
        }
        if let Some(name) = current {
            bodies.entry(name).or_default().push(line.trim_end());
        }
        if line.starts_with("endmodule") {
            current = None;
        }
    }
    let names: BTreeSet<&str> = bodies.keys().copied().collect();
    let children = |lines: &[&'_ str]| {
        lines.iter().filter_map(|line| instance(line)).filter_map(|kind| names.get(kind).copied()).collect()
    };
    bodies.iter().map(|(name, lines)| (*name, Module { children: children(lines), lines: lines.clone() })).collect()
}

/// The module's name in a line that starts an instance: `KIND NAME(`.
fn instance(line: &str) -> Option<&str> {
    let mut words = line.strip_suffix('(')?.split_whitespace();
    match (words.next(), words.next(), words.next()) {
        (Some(kind), Some(_), None) if kind != "module" => Some(kind),
        _ => None,
    }
}

struct Merger<'a> {
    modules: &'a BTreeMap<&'a str, Module<'a>>,
    /// From printed to merged names.
    names: HashMap<&'a str, String>,
    /// From a module's text without its name to its merged name.
    by_text: HashMap<String, String>,
    file: String,
}

impl<'a> Merger<'a> {
    fn place(&mut self, printed: &'a str, taken: &mut BTreeSet<String>, top: &str) {
        if self.names.contains_key(printed) {
            return;
        }
        let Some(module) = self.modules.get(printed) else { return };
        for child in &module.children {
            self.place(child, taken, top);
        }
        let text: String =
            module.lines[1..module.lines.len() - 1].iter().map(|line| self.renamed(line) + "\n").collect();
        let head = module.lines[0].strip_prefix("module ").and_then(|rest| rest.strip_prefix(printed)).unwrap_or("();");
        let key = format!("{head}\n{text}");
        let name = match self.by_text.get(&key) {
            Some(name) => name.clone(),
            None => {
                let name =
                    if printed == top { top.to_owned() } else { free_name(&wanted_name(printed, module), taken) };
                self.file += &format!("module {name}{key}endmodule\n\n");
                self.by_text.insert(key, name.clone());
                name
            }
        };
        self.names.insert(printed, name);
    }

    /// The line with the kind of the instance that it starts, if it does, under its merged name.
    fn renamed(&self, line: &str) -> String {
        match instance(line).and_then(|kind| Some((kind, self.names.get(kind)?))) {
            Some((kind, name)) => line.replacen(kind, name, 1),
            None => line.to_owned(),
        }
    }
}

/// The name that a leaf asks for, or the last part of the path that is not an index.
fn wanted_name(printed: &str, module: &Module<'_>) -> String {
    let asked = module.lines.iter().find_map(|line| line.trim().strip_prefix(NAME_MARK));
    let last = || printed.rsplit('$').find(|part| !part.chars().all(|c| c.is_ascii_digit()));
    asked.or_else(last).unwrap_or(printed).to_owned()
}

fn free_name(wanted: &str, taken: &mut BTreeSet<String>) -> String {
    let mut name = wanted.to_owned();
    let mut count = 1;
    while !taken.insert(name.clone()) {
        count += 1;
        name = format!("{wanted}_{count}");
    }
    name
}

#[cfg(test)]
mod tests {
    use super::merge;

    const PRINTED: &str = "
module top(x);
    // Sub module instances
    top$leaf$0 leaf$0(
        .x(leaf$0$x)
    );
    top$leaf$1 leaf$1(
        .x(leaf$1$x)
    );
    top$other other(
        .x(other$x)
    );
endmodule // top


module top$leaf$0(x);
    input wire x;
endmodule // top$leaf$0


module top$leaf$1(x);
    input wire x;
endmodule // top$leaf$1


module top$other(x);
    // module: named
    input wire [1:0] x;
endmodule // top$other
";

    #[test]
    fn identical_modules_become_one_before_their_parent() {
        let merged = merge("top", PRINTED);
        let heads: Vec<_> = merged.lines().filter(|line| line.starts_with("module")).collect();
        assert_eq!(heads, ["module leaf(x);", "module named(x);", "module top(x);"]);
        assert!(merged.contains("    leaf leaf$0(\n") && merged.contains("    leaf leaf$1(\n"));
        assert!(merged.contains("    named other(\n"));
    }

    #[test]
    fn modules_that_differ_get_different_names() {
        let merged = merge("top", &PRINTED.replacen("    input wire x;", "    input wire [7:0] x;", 1));
        let heads: Vec<_> = merged.lines().filter(|line| line.starts_with("module")).collect();
        assert_eq!(heads, ["module leaf(x);", "module leaf_2(x);", "module named(x);", "module top(x);"]);
    }
}
