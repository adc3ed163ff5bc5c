//! The modules of a printed Verilog file and what each instantiates.
//!
//! rust-hdl prints a module's head on one line, each port on a line of its own and an instance as `KIND NAME(` at the end
//! of a line; that is all this reader knows. It serves the emitter, which merges modules, and whoever asks what a
//! design is made of.

use std::collections::{BTreeMap, BTreeSet};

/// A module of a file.
#[derive(Clone, Debug)]
pub struct Module<'a> {
    /// From `module NAME(…);` to `endmodule`.
    pub lines: Vec<&'a str>,
    /// What it instantiates of the same file, in the file's order.
    pub instances: Vec<Instance<'a>>,
}

/// A module's use in another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Instance<'a> {
    /// The module that is used.
    pub kind: &'a str,
    /// Its name in the module that uses it.
    pub name: &'a str,
}

/// A module's port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Port<'a> {
    /// Its name.
    pub name: &'a str,
    /// Whether the module drives it.
    pub output: bool,
    /// How many bits it has.
    pub bits: usize,
}

impl<'a> Module<'a> {
    /// The kinds of its instances, each once, by name.
    pub fn children(&self) -> BTreeSet<&'a str> {
        self.instances.iter().map(|instance| instance.kind).collect()
    }

    /// Its ports in the file's order.
    pub fn ports(&self) -> impl Iterator<Item = Port<'a>> {
        self.lines.iter().filter_map(|line| port(line))
    }
}

/// All modules of a file by name.
pub fn modules(verilog: &str) -> BTreeMap<&str, Module<'_>> {
    let mut bodies: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let mut current = None;
    for line in verilog.lines() {
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
    bodies
        .iter()
        .map(|(name, lines)| {
            let instances = lines.iter().filter_map(|line| instance(line));
            let instances = instances.filter(|instance| names.contains(instance.kind)).collect();
            (*name, Module { lines: lines.clone(), instances })
        })
        .collect()
}

/// What a line that ends in `KIND NAME(` instantiates.
pub fn instance(line: &str) -> Option<Instance<'_>> {
    let mut words = line.strip_suffix('(')?.split_whitespace();
    match (words.next(), words.next(), words.next()) {
        (Some(kind), Some(name), None) if kind != "module" => Some(Instance { kind, name }),
        _ => None,
    }
}

/// A line such as `input wire [7:0] data;`.
fn port(line: &str) -> Option<Port<'_>> {
    let line = line.trim().strip_suffix(';')?;
    let (output, rest) = match line.split_once(' ')? {
        ("input", rest) => (false, rest),
        ("output", rest) => (true, rest),
        _ => return None,
    };
    let name = rest.rsplit(' ').next()?;
    let bits = match rest.split_once('[') {
        None => 1,
        Some((_, range)) => range.split(':').next()?.trim().parse::<usize>().ok()? + 1,
    };
    Some(Port { name, output, bits })
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "
module leaf(x,y);
    input wire  x;
    output reg  [7:0] y;
    always @(*) y = x;
endmodule

module top(x);
    input wire  x;
    leaf leaf$0(
        .x(x)
    );
    leaf leaf$1(
        .x(x)
    );
    foreign other(
        .x(x)
    );
endmodule
";

    #[test]
    fn instances_of_the_files_modules_are_found() {
        let modules = modules(FILE);
        assert_eq!(modules.keys().copied().collect::<Vec<_>>(), ["leaf", "top"]);
        let names: Vec<_> = modules["top"].instances.iter().map(|instance| (instance.kind, instance.name)).collect();
        assert_eq!(names, [("leaf", "leaf$0"), ("leaf", "leaf$1")]);
        assert!(modules["leaf"].instances.is_empty());
    }

    #[test]
    fn ports_have_direction_and_width() {
        let ports: Vec<_> = modules(FILE)["leaf"].ports().collect();
        let wanted = [Port { name: "x", output: false, bits: 1 }, Port { name: "y", output: true, bits: 8 }];
        assert_eq!(ports, wanted);
    }
}
