//! Puts the registers before a multiplier into it.
//!
//! A multiplier of the ECP5 has a register for each operand, which yosys leaves out too. Where several multipliers share an
//! operand's register, each gets one of its own: they cost nothing, and the wires from a shared one to all of them are what the
//! part is short of. One that is used by anything else stays for that.
//!
//! Between its registers a multiplier takes 3.9 ns (nextpnr's figures for the slowest speed grade, from an operand's register
//! to the product), which nextpnr does not check. The ways outside leave it three times that and more.

use std::collections::{HashMap, HashSet};

use anyhow::{Context, Result};
use serde_json::{Map, Value, json};

use super::registers::{FLIP_FLOP, MULTIPLIER, net, plain};

/// A multiplier's operands.
const OPERANDS: [&str; 2] = ["A", "B"];
/// Bits of an operand.
const BITS: usize = 18;
/// What makes an operand's register one of the product's clock.
const REGISTER: [(&str, &str); 3] = [("CLK", "CLK0"), ("CE", "CE0"), ("RST", "RST0")];

/// Packs the operands' registers of all multipliers of a flat netlist whose products have theirs
/// ([`super::registers::pack`]), and says of how many. One with an operand that is neither constant nor out of plain flip-flops
/// of the product's clock alone keeps what it has.
///
/// # Errors
/// A netlist without cells.
pub(super) fn pack(netlist: &mut Value, top: &str) -> Result<usize> {
    let module = &mut netlist["modules"][top];
    // Flip-flops by what they drive; those of the module's own outputs stay.
    let mut used = HashSet::new();
    for port in module["ports"].as_object().into_iter().flat_map(Map::values) {
        used.extend(port["bits"].as_array().into_iter().flatten().filter_map(Value::as_u64));
    }
    let cells = module["cells"].as_object_mut().context("the netlist has no cells")?;
    let flip_flops = flip_flops(cells);
    let mut packed = 0;
    let mut freed = HashSet::new();
    for cell in cells.values_mut().filter(|cell| cell["type"] == MULTIPLIER) {
        // nextpnr has no figures for a register before one operand alone. A constant's is right from the second cycle on.
        let Some(before) = before(cell, &flip_flops).filter(|before| !before.is_empty()) else { continue };
        for (port, bit) in before {
            freed.extend(net(cell, &port));
            cell["connections"][port] = json!([bit]);
        }
        for (operand, (parameter, value)) in OPERANDS.iter().flat_map(|operand| REGISTER.map(|kind| (operand, kind))) {
            cell["parameters"][format!("REG_INPUT{operand}_{parameter}")] = json!(value);
        }
        packed += 1;
    }
    for cell in cells.values() {
        for (port, bits) in cell["connections"].as_object().into_iter().flatten() {
            if cell["port_directions"][port] == "input" {
                used.extend(bits.as_array().into_iter().flatten().filter_map(Value::as_u64));
            }
        }
    }
    for flip_flop in freed.difference(&used).filter_map(|net| flip_flops.get(net)) {
        cells.remove(&flip_flop.name);
    }
    Ok(packed)
}

/// A plain flip-flop.
struct FlipFlop {
    name: String,
    clock: u64,
    /// A net or a constant.
    from: Value,
}

fn flip_flops(cells: &Map<String, Value>) -> HashMap<u64, FlipFlop> {
    let all = cells.iter().filter(|(_, cell)| cell["type"] == FLIP_FLOP);
    all.filter_map(|(name, cell)| {
        let (clock, to) = plain(cell)?;
        Some((to, FlipFlop { name: name.clone(), clock, from: cell["connections"]["DI"].get(0)?.clone() }))
    })
    .collect()
}

/// For each bit of both operands that is not constant, its port and what is before its flip-flop; nothing if a bit has none.
fn before(cell: &Value, flip_flops: &HashMap<u64, FlipFlop>) -> Option<Vec<(String, Value)>> {
    let clock = net(cell, "CLK0")?;
    let ports = OPERANDS.iter().flat_map(|operand| (0..BITS).map(move |bit| format!("{operand}{bit}")));
    let bits = ports.filter_map(|port| Some((net(cell, &port)?, port)));
    bits.map(|(net, port)| {
        let flip_flop = flip_flops.get(&net).filter(|flip_flop| flip_flop.clock == clock)?;
        Some((port, flip_flop.from.clone()))
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::super::registers::flip_flop;
    use super::*;

    const CLOCK: u64 = 2;

    /// A multiplier of operands of two bits, whose second one is `second`.
    fn multiplier(second: [&Value; 2]) -> Value {
        let mut connections = json!({ "CLK0": [CLOCK], "A0": [20], "A1": [21], "B0": [second[0]], "B1": [second[1]] });
        let mut directions = json!({ "CLK0": "input" });
        for bit in 0..BITS {
            for operand in OPERANDS {
                directions[format!("{operand}{bit}")] = json!("input");
                if bit >= 2 {
                    connections[format!("{operand}{bit}")] = json!(["0"]);
                }
            }
        }
        json!({ "type": MULTIPLIER, "parameters": {}, "port_directions": directions, "connections": connections })
    }

    /// Two multipliers that share the first operand's register, nets 10 and 11 before 20 and 21; the first one's second operand is
    /// `second`, with nets 30 and 31 out of flip-flops of clocks 2 and 3 and net 22 out of nothing.
    fn packed(second: [&Value; 2]) -> (usize, Value) {
        let one = json!("1");
        let mut netlist = json!({ "modules": { "top": {
            "ports": { "out": { "direction": "output", "bits": [41] } },
            "cells": {
                "first": multiplier(second),
                "second": multiplier([&one, &one]),
                "low": flip_flop(10, 20, CLOCK),
                "high": flip_flop(11, 21, CLOCK),
                "own": flip_flop(12, 30, CLOCK),
                "other": flip_flop(13, 31, CLOCK + 1),
                "out": flip_flop(14, 41, CLOCK),
            },
        } } });
        let count = pack(&mut netlist, "top").unwrap();
        (count, netlist["modules"]["top"]["cells"].take())
    }

    fn operand(cell: &Value, operand: &str) -> (Value, bool) {
        let bits = [0, 1].map(|bit| cell["connections"][format!("{operand}{bit}")][0].clone());
        (json!(bits), cell["parameters"][format!("REG_INPUT{operand}_CLK")] == "CLK0")
    }

    #[test]
    fn a_shared_register_moves_into_each_multiplier() {
        let (count, cells) = packed([&json!(30), &json!("0")]);
        assert_eq!(count, 2);
        assert_eq!(operand(&cells["first"], "A"), (json!([10, 11]), true));
        assert_eq!(operand(&cells["second"], "A"), (json!([10, 11]), true));
        assert_eq!(operand(&cells["first"], "B"), (json!([12, "0"]), true));
        assert_eq!(operand(&cells["second"], "B"), (json!(["1", "1"]), true));
        assert_eq!(cells.as_object().unwrap().keys().collect::<Vec<_>>(), ["first", "other", "out", "second"]);
    }

    #[test]
    fn a_multiplier_with_an_operand_that_has_no_register_of_its_clock_stays() {
        for second in [[30, 31], [30, 22]].map(|nets| nets.map(|net| json!(net))) {
            let (count, cells) = packed(second.each_ref());
            assert_eq!(count, 1, "the other one");
            assert_eq!(operand(&cells["first"], "A"), (json!([20, 21]), false));
            assert_eq!(operand(&cells["first"], "B"), (json!(second), false));
            assert!(["low", "high", "own", "other"].iter().all(|name| cells.get(name).is_some()));
        }
    }

    #[test]
    fn a_register_that_something_else_uses_stays_for_that() {
        let (count, cells) = packed([&json!(20), &json!(41)]);
        assert_eq!(count, 2);
        assert_eq!(operand(&cells["first"], "B"), (json!([10, 14]), true));
        assert!(cells.get("out").is_some(), "the module's own output");
        assert!(cells.get("low").is_none(), "all its users are multipliers");
    }

    #[test]
    fn a_multiplier_of_constants_stays() {
        let constants = json!({ "type": MULTIPLIER, "connections": { "CLK0": [CLOCK], "A0": ["1"], "B0": ["0"] } });
        let mut netlist = json!({ "modules": { "top": { "cells": { "product": constants } } } });
        assert_eq!(pack(&mut netlist, "top").unwrap(), 0);
    }
}
