//! The netlist that yosys makes of a design, and what is done to it before it is placed.

use std::fmt;

use anyhow::Result;
use serde_json::Value;

use super::{addresses, operands, registers};

/// yosys' commands for a flat netlist of the module `top` in `verilog`.
pub(super) fn script(top: &str, verilog: &str, netlist: &str) -> String {
    // Names for every cell, which synth_ecp5 works out at its end, take a quarter of the time: the report goes by nets.
    format!(
        "read_verilog {verilog}\nsynth_ecp5 -top {top} -run begin:check\nclean\nblackbox =A:whitebox\nwrite_json {netlist}\n"
    )
}

/// How much of a netlist was improved.
pub(super) struct Improved {
    products: usize,
    operands: usize,
    addresses: usize,
}

/// Makes of a netlist one that does the same with fewer wires and flip-flops.
///
/// # Errors
/// A netlist that is not what this board's design gives.
pub(super) fn improve(netlist: &mut Value, top: &str) -> Result<Improved> {
    let products = registers::pack(netlist, top)?;
    let operands = operands::pack(netlist, top)?;
    let addresses = addresses::fill(netlist, top)?;
    Ok(Improved { products, operands, addresses })
}

impl fmt::Display for Improved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { products, operands, addresses } = self;
        write!(f, "{products} multipliers have their product's register, {operands} their operands'; ")?;
        write!(f, "{addresses} spare address bits of memories follow the bits below them")
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use penstock_hdl::emit::{Design, emit};
    use penstock_hdl::field::{ELEMENT_BITS, Field, OPERAND_BITS, RingMultiplier};
    use penstock_hdl::verilator::{Library, Options};

    use super::super::tools::Tools;
    use super::*;
    use xtask::shell;

    /// Cycles from reset to the first operands.
    const START: usize = 3;
    /// Products to compare.
    const PRODUCTS: usize = 500;

    /// What yosys' library leaves out: a multiplier without signs, shifted operands and other clocks, which the rings do not use.
    fn multiplier() -> String {
        let bits = |name: &str, count: usize| {
            (0..count).rev().map(|bit| format!("{name}{bit}")).collect::<Vec<_>>().join(", ")
        };
        let (a, b, c, p) = (bits("A", 18), bits("B", 18), bits("C", 18), bits("P", 36));
        let registers = ["INPUTA", "INPUTB", "OUTPUT"];
        let kinds = ["CLK", "CE", "RST"];
        let parameters =
            registers.iter().flat_map(|register| kinds.map(|kind| format!("REG_{register}_{kind} = \"NONE\"")));
        let parameters = parameters.collect::<Vec<_>>().join(", ");
        format!(
            "module MULT18X18D(input {a}, {b}, {c}, CLK0, CE0, RST0, SIGNEDA, SIGNEDB, SOURCEA, SOURCEB, output {p});
parameter {parameters}, RESETMODE = \"SYNC\", GSR = \"ENABLED\";
reg [17:0] a = 0, b = 0;
reg [35:0] p = 0;
wire [35:0] product =
  (REG_INPUTA_CLK == \"NONE\" ? {{{a}}} : a) * (REG_INPUTB_CLK == \"NONE\" ? {{{b}}} : b);
always @(posedge CLK0) if (RST0) begin a <= 0; b <= 0; p <= 0; end
  else if (CE0) begin a <= {{{a}}}; b <= {{{b}}}; p <= product; end
assign {{{p}}} = REG_OUTPUT_CLK == \"NONE\" ? product : p;
endmodule
"
        )
    }

    /// Runs yosys on a script of this name.
    fn yosys(folder: &Path, name: &str, script: &str) {
        let tools = Tools::find(false).unwrap();
        fs::write(folder.join(name), script).unwrap();
        shell::run_in(folder, &[&tools.yosys, "-q", name]).unwrap();
    }

    /// The design, synthesised and improved, as Verilog of module `netlist`.
    fn synthesised(design: &Design) -> String {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str| folder.path().join(name);
        fs::write(file("design.v"), &design.verilog).unwrap();
        yosys(folder.path(), "synthesis.ys", &script(&design.top, "design.v", "yosys.json"));
        let mut netlist: Value = serde_json::from_slice(&fs::read(file("yosys.json")).unwrap()).unwrap();
        let Improved { products, operands, addresses } = improve(&mut netlist, &design.top).unwrap();
        let multipliers = 2 * RingMultiplier::DIGITS + 1;
        assert_eq!((products, operands), (multipliers, multipliers));
        assert!(addresses > 0);
        netlist["modules"].as_object_mut().unwrap().retain(|name, _| *name == design.top);
        fs::write(file("netlist.json"), netlist.to_string()).unwrap();
        fs::write(file("multiplier.v"), multiplier()).unwrap();
        let top = &design.top;
        let script = format!(
            "read_json netlist.json\nread_verilog multiplier.v\nread_verilog -DNO_INCLUDES +/ecp5/cells_sim.v\n\
             hierarchy -top {top}\nproc\nflatten\nopt_clean\nrename {top} netlist\nwrite_verilog -noattr netlist.v\n"
        );
        yosys(folder.path(), "simulation.ys", &script);
        fs::read_to_string(file("netlist.v")).unwrap()
    }

    #[test]
    fn a_ring_that_was_synthesised_and_improved_is_the_ring() {
        let ring = emit("ring", || RingMultiplier::new(Field::Base, START)).unwrap();
        let shared = ["reset", "ring_clock", "ring_strobe", "left", "right"];
        let shared = shared.map(|port| format!(".{port}({port})")).join(", ");
        let (operand, element) = (OPERAND_BITS - 1, ELEMENT_BITS - 1);
        let verilog = format!(
            "/* verilator lint_off UNOPTFLAT */
{ring}{netlist}module bench(clock, reset, ring_clock, ring_strobe, left, right, product, synthesised);
input wire clock;
input wire reset;
input wire ring_clock;
input wire ring_strobe;
input wire [{operand}:0] left;
input wire [{operand}:0] right;
output wire [{element}:0] product;
output wire [{element}:0] synthesised;
ring ring({shared}, .product(product));
netlist netlist({shared}, .product(synthesised));
endmodule
",
            ring = ring.verilog,
            netlist = synthesised(&ring),
        );
        let library = Library::build(&Design { top: "bench".to_owned(), verilog }, &Options::default()).unwrap();
        let mut simulation = library.simulation().unwrap();
        let port = |name: &str| simulation.port(name).unwrap();
        let (reset, operands) = (port("reset"), ["left", "right"].map(port));
        let products = ["product", "synthesised"].map(port);
        simulation.set(reset, 1);
        simulation.tick();
        simulation.set(reset, 0);
        let mut state = 1u32;
        let mut seen = std::collections::HashSet::new();
        for cycle in 0..START + RingMultiplier::LATENCY + RingMultiplier::INTERVAL * PRODUCTS {
            for port in operands {
                // Numerical Recipes' generator; of a number's bits the high ones are the random ones.
                let word = |_| {
                    state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    state.rotate_left(16)
                };
                let mut words: Vec<u32> = (0..OPERAND_BITS.div_ceil(32)).map(word).collect();
                words[OPERAND_BITS / 32] %= 1 << (OPERAND_BITS % 32);
                simulation.set_words(port, &words);
            }
            simulation.tick();
            let age = (cycle + 1).checked_sub(START + RingMultiplier::LATENCY);
            if age.is_some_and(|age| age % RingMultiplier::INTERVAL < RingMultiplier::STABLE) {
                let [product, synthesised] = products.map(|port| {
                    let mut words = [0; ELEMENT_BITS.div_ceil(32)];
                    simulation.get_words(port, &mut words);
                    words
                });
                assert_eq!(product, synthesised, "cycle {cycle}");
                seen.insert(product);
            }
        }
        assert!(seen.len() >= PRODUCTS, "products differ from each other: {}", seen.len());
    }
}
