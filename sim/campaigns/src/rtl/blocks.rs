//! Where a design is cut for synthesis: large modules apart, small ones within the module that uses them.
//!
//! A block is synthesised once however often it is used, and what it takes of memory stays bounded. Inside a block the
//! hierarchy is dissolved; towards other blocks it only sees ports, so that nothing is optimised across a boundary.

use std::collections::{BTreeMap, HashMap};

use penstock_hdl::emit::Design;
use penstock_hdl::hierarchy::{Module, instance, modules};

/// More Verilog than this, with what is dissolved in it, makes a module a block of its own. Beside it the cost of a
/// start of yosys and of what crosses the boundary unoptimised is small.
const LARGE_BYTES: usize = 30_000;

/// The name that a block has in its own text.
pub(super) const TOP: &str = "block";

/// A module with what is dissolved in it.
pub(super) struct Block {
    /// Its name in the design.
    pub(super) name: String,
    /// Verilog that does not depend on names of modules in the design: equal blocks of two designs have equal texts.
    pub(super) text: String,
    /// The blocks that it uses, by their names in `text`.
    pub(super) children: BTreeMap<String, String>,
}

/// The blocks of a design, each before those that use it; the last one is the top.
pub(super) fn blocks(design: &Design) -> Vec<Block> {
    let modules = modules(&design.verilog);
    let mut cutter = Cutter { modules: &modules, weights: HashMap::new(), blocks: Vec::new() };
    cutter.weigh(&design.top, true);
    cutter.blocks.iter().map(|name| Text::new(&modules, &cutter.blocks, name)).collect()
}

struct Cutter<'a> {
    modules: &'a BTreeMap<&'a str, Module<'a>>,
    /// Bytes that a module adds to the one that uses it.
    weights: HashMap<&'a str, usize>,
    blocks: Vec<&'a str>,
}

impl<'a> Cutter<'a> {
    fn weigh(&mut self, name: &str, top: bool) -> usize {
        let Some((&name, module)) = self.modules.get_key_value(name) else { return 0 };
        if let Some(&weight) = self.weights.get(name) {
            return weight;
        }
        let own: usize = module.lines.iter().map(|line| line.len()).sum();
        let below: usize = module.instances.iter().map(|instance| self.weigh(instance.kind, false)).sum();
        let is_block = top || own + below > LARGE_BYTES;
        if is_block {
            self.blocks.push(name);
        }
        let weight = if is_block { 0 } else { own + below };
        self.weights.insert(name, weight);
        weight
    }
}

/// A block's text while it is written.
struct Text<'a> {
    modules: &'a BTreeMap<&'a str, Module<'a>>,
    blocks: &'a [&'a str],
    names: HashMap<&'a str, String>,
    children: BTreeMap<String, String>,
    text: String,
}

impl<'a> Text<'a> {
    #[allow(clippy::new_ret_no_self)]
    fn new(modules: &'a BTreeMap<&'a str, Module<'a>>, blocks: &'a [&'a str], name: &'a str) -> Block {
        let mut text = Self { modules, blocks, names: HashMap::new(), children: BTreeMap::new(), text: String::new() };
        text.names.insert(name, TOP.to_owned());
        if let Some(module) = modules.get(name) {
            text.whole(TOP, name, module);
        }
        Block { name: name.to_owned(), text: text.text, children: text.children }
    }

    /// A module with all that it uses.
    fn whole(&mut self, new_name: &str, name: &str, module: &Module<'a>) {
        for used in &module.instances {
            self.place(used.kind);
        }
        let lines =
            module.lines.iter().map(|line| match instance(line).and_then(|used| self.names.get_key_value(used.kind)) {
                Some((kind, new_kind)) => line.replacen(kind, new_kind, 1),
                None => (*line).to_owned(),
            });
        let body = lines.skip(1).take(module.lines.len().saturating_sub(2)).collect::<Vec<_>>().join("\n");
        self.text += &format!("{}\n{body}\nendmodule\n\n", head(module, name, new_name));
    }

    fn place(&mut self, name: &'a str) {
        let Some(module) = self.modules.get(name).filter(|_| !self.names.contains_key(name)) else { return };
        let is_block = self.blocks.contains(&name);
        let new_name = format!("{}_{}", if is_block { "other" } else { "part" }, self.names.len());
        self.names.insert(name, new_name.clone());
        if is_block {
            let ports: String = module
                .ports()
                .map(|port| {
                    let direction = if port.output { "output" } else { "input" };
                    format!("    {direction} [{}:0] {};\n", port.bits - 1, port.name)
                })
                .collect();
            self.text += &format!("(* blackbox *)\n{}\n{ports}endmodule\n\n", head(module, name, &new_name));
            self.children.insert(new_name, name.to_owned());
        } else {
            self.whole(&new_name, name, module);
        }
    }
}

/// The module's first line under its new name.
fn head(module: &Module<'_>, name: &str, new_name: &str) -> String {
    let line = module.lines.first().copied().unwrap_or_default();
    line.replacen(name, new_name, 1)
}
