//! The ports of a top module, read from its Verilog.

use crate::emit::Design;

/// A port of a simulation: an index into its table, good for every simulation of the same design.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Port {
    pub(super) index: usize,
    /// Bits.
    pub width: usize,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Declaration {
    pub(super) name: String,
    pub(super) width: usize,
}

/// The ports of the design's top module in order of declaration.
pub(super) fn declarations(design: &Design) -> Vec<Declaration> {
    let head = format!("module {}(", design.top);
    let inside = design.verilog.lines().skip_while(|line| !line.starts_with(&head)).skip(1);
    inside.take_while(|line| !line.starts_with("endmodule")).filter_map(declaration).collect()
}

/// `input wire [7:0] name;`, `output reg name;`
fn declaration(line: &str) -> Option<Declaration> {
    let line = line.trim().strip_suffix(';')?;
    let rest = ["input wire", "output reg", "output wire"].iter().find_map(|kind| line.strip_prefix(kind))?.trim();
    match rest.strip_prefix('[') {
        Some(range) => {
            let (high, name) = range.split_once(":0]")?;
            Some(Declaration { name: name.trim().to_owned(), width: high.parse::<usize>().ok()? + 1 })
        }
        None => Some(Declaration { name: rest.to_owned(), width: 1 }),
    }
}

impl Declaration {
    /// The name of the member of Verilator's class.
    pub(super) fn member(&self) -> String {
        self.name.replace('$', "__024")
    }
}

#[cfg(test)]
mod tests {
    use super::{Declaration, declarations};
    use crate::emit::Design;

    #[test]
    fn only_the_tops_ports_are_found() {
        let verilog = "module leaf(q);\n    input wire q;\nendmodule\n\nmodule top(clock,in$x,y);\n    input wire  clock;\n    \
                       input wire  [7:0] in$x;\n    output reg  [256:0] y;\n    reg  z;\nendmodule\n";
        let design = Design { top: "top".into(), verilog: verilog.into() };
        let expected = [("clock", 1), ("in$x", 8), ("y", 257)];
        let expected = expected.map(|(name, width)| Declaration { name: name.into(), width });
        assert_eq!(declarations(&design), expected);
    }
}
