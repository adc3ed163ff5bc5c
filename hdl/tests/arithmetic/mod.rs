//! Big integers, and benches of several blocks, for the tests of field and points.

use num_bigint::BigUint;
use penstock_hdl::emit::Design;
use penstock_hdl::field::Field;
use rand::RngCore;

/// Little-endian 32-bit words.
pub fn words(value: &BigUint) -> Vec<u32> {
    value.to_u32_digits()
}

/// Uniform below `limit`.
pub fn random_below(rng: &mut impl RngCore, limit: &BigUint) -> BigUint {
    let mut words = vec![0; limit.bits().div_ceil(32) as usize + 2];
    words.iter_mut().for_each(|word| *word = rng.next_u32());
    BigUint::from_slice(&words) % limit
}

/// 0, 1, and around each multiple of p from p to `bound` p that is a power of two or the bound itself; below the bound.
pub fn edges(field: Field, bound: u32) -> Vec<BigUint> {
    let p = field.modulus();
    let mut edges = vec![BigUint::ZERO, BigUint::from(1u32)];
    let multiples = (1..=bound).filter(|multiple| multiple.is_power_of_two() || *multiple == bound);
    for multiple in multiples.map(|multiple| &p * multiple) {
        edges.extend([&multiple - 1u32, multiple]);
    }
    edges.pop();
    edges
}

/// A top with an instance of each design, whose ports are called `DESIGN$PORT`; all share `clock` and `reset`.
pub fn bench(top: &str, designs: &[Design]) -> Design {
    let mut ports = vec!["clock".to_owned(), "reset".to_owned()];
    let mut declarations = "    input wire  clock;\n    input wire  reset;\n".to_owned();
    let mut instances = String::new();
    for Design { top, verilog } in designs {
        let module = &verilog[verilog.find(&format!("module {top}(")).unwrap()..];
        let names = module[module.find('(').unwrap() + 1..module.find(')').unwrap()].split(',');
        let mut connections = Vec::new();
        for name in names {
            let shared = ["clock", "reset"].contains(&name);
            let outer = if shared { name.to_owned() } else { format!("{top}${name}") };
            connections.push(format!(".{name}({outer})"));
            if !shared {
                let ends = format!(" {name};");
                let line = module.lines().find(|line| line.ends_with(&ends) && line.contains("put ")).unwrap();
                declarations += &line.replace(&ends, &format!(" {outer};\n")).replace("output reg", "output wire");
                ports.push(outer);
            }
        }
        instances += &format!("    {top} {top}_instance ({});\n", connections.join(", "));
    }
    let files: String = designs.iter().map(|design| design.verilog.as_str()).collect();
    let ports = ports.join(",");
    Design {
        top: top.to_owned(),
        verilog: format!("{files}module {top}({ports});\n{declarations}{instances}endmodule\n"),
    }
}
