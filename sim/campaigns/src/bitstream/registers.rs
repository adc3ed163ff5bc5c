//! Puts the register behind a multiplier into it.
//!
//! A multiplier of the ECP5 has an output register, which yosys leaves out: it puts 36 flip-flops beside each. Inside they
//! cost nothing, and the path to them needs no wires.

use std::collections::HashMap;

use anyhow::{Context, Result, bail};
use serde_json::{Map, Value, json};

/// What a netlist calls a multiplier.
pub(super) const MULTIPLIER: &str = "MULT18X18D";
/// What a netlist calls a flip-flop.
pub(super) const FLIP_FLOP: &str = "TRELLIS_FF";
/// Bits of a product.
pub(super) const PRODUCT: usize = 36;

/// Packs the registers of all multipliers of a flat netlist, and says how many there are.
///
/// # Errors
/// A multiplier whose product is used otherwise than by plain flip-flops of one clock.
pub(super) fn pack(netlist: &mut Value, top: &str) -> Result<usize> {
    let cells = netlist["modules"][top]["cells"].as_object_mut().context("the netlist has no cells")?;
    let registers = registers(cells)?;
    for (multiplier, register) in &registers {
        let connections = cells[multiplier]["connections"].as_object_mut().context("a cell without connections")?;
        for (port, _, to) in &register.bits {
            connections.insert(port.clone(), json!([to]));
        }
        connections.insert("CLK0".to_owned(), json!([register.clock]));
        connections.insert("CE0".to_owned(), json!(["1"]));
        connections.insert("RST0".to_owned(), json!(["0"]));
        for port in ["CLK0", "CE0", "RST0"] {
            cells[multiplier]["port_directions"][port] = json!("input");
        }
        for (parameter, value) in [
            ("REG_OUTPUT_CLK", "CLK0"),
            ("REG_OUTPUT_CE", "CE0"),
            ("REG_OUTPUT_RST", "RST0"),
            ("RESETMODE", "SYNC"),
            ("GSR", "DISABLED"),
        ] {
            cells[multiplier]["parameters"][parameter] = json!(value);
        }
        for (_, flip_flop, _) in &register.bits {
            cells.remove(flip_flop);
        }
    }
    Ok(registers.len())
}

/// The flip-flops behind a multiplier.
struct Register {
    clock: u64,
    /// Output of the multiplier, flip-flop, net behind it.
    bits: Vec<(String, String, u64)>,
}

/// For each multiplier its register.
fn registers(cells: &Map<String, Value>) -> Result<Vec<(String, Register)>> {
    // Who drives a net, and who uses it.
    let mut users: HashMap<u64, Vec<(&str, &str)>> = HashMap::new();
    let multipliers = || cells.iter().filter(|(_, cell)| cell["type"] == MULTIPLIER);
    for (_, cell) in multipliers() {
        users.extend((0..PRODUCT).filter_map(|k| Some((net(cell, &format!("P{k}"))?, Vec::new()))));
    }
    for (name, cell) in cells {
        for port in cell["connections"].as_object().into_iter().flat_map(Map::keys) {
            if let Some(users) = net(cell, port).and_then(|net| users.get_mut(&net))
                && cell["port_directions"][port] == "input"
            {
                users.push((name, port));
            }
        }
    }
    let mut registers = Vec::new();
    for (name, cell) in multipliers() {
        let mut register: Option<Register> = None;
        for port in (0..PRODUCT).map(|k| format!("P{k}")) {
            let Some(users) = net(cell, &port).and_then(|net| users.get(&net)) else { continue };
            let (flip_flop, clock, to) = match users[..] {
                [] => continue,
                [(user, "DI")] => plain(&cells[user]).map(|(clock, to)| (user, clock, to)),
                _ => None,
            }
            .with_context(|| format!("{port} of multiplier {name} does not enter a plain flip-flop alone"))?;
            let register = register.get_or_insert_with(|| Register { clock, bits: Vec::new() });
            if register.clock != clock {
                bail!("the register behind multiplier {name} has two clocks");
            }
            register.bits.push((port, flip_flop.to_owned(), to));
        }
        registers.push((name.clone(), register.with_context(|| format!("multiplier {name} has no product"))?));
    }
    Ok(registers)
}

/// Clock and output of a flip-flop without enable and reset.
pub(super) fn plain(cell: &Value) -> Option<(u64, u64)> {
    let parameter = |name: &str| cell["parameters"][name].as_str().map(str::trim);
    let enabled = parameter("CEMUX") == Some("1");
    let never_reset = parameter("LSRMUX") == Some("LSR") && cell["connections"]["LSR"] == json!(["0"]);
    let rising = parameter("CLKMUX") == Some("CLK");
    let is_plain =
        cell["type"] == FLIP_FLOP && enabled && never_reset && rising && parameter("REGSET") == Some("RESET");
    if is_plain { Some((net(cell, "CLK")?, net(cell, "Q")?)) } else { None }
}

/// The net at a port of one bit, unless it is constant or open.
pub(super) fn net(cell: &Value, port: &str) -> Option<u64> {
    cell["connections"][port].get(0)?.as_u64()
}

/// A plain flip-flop of a netlist.
#[cfg(test)]
pub(super) fn flip_flop(from: u64, to: u64, clock: u64) -> Value {
    json!({
        "type": FLIP_FLOP,
        "parameters": { "CEMUX": "1 ", "CLKMUX": "CLK", "LSRMUX": "LSR", "REGSET": "RESET" },
        "port_directions": { "CLK": "input", "DI": "input", "LSR": "input", "Q": "output" },
        "connections": { "CLK": [clock], "DI": [from], "LSR": ["0"], "Q": [to] },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn netlist(enable: &str) -> Value {
        let mut high = flip_flop(11, 21, 2);
        high["parameters"]["CEMUX"] = json!(enable);
        json!({ "modules": { "top": { "cells": {
            "product": {
                "type": "MULT18X18D",
                "parameters": {},
                "port_directions": { "A0": "input", "P0": "output", "P1": "output", "P2": "output" },
                "connections": { "A0": [3], "P0": [10], "P1": [11], "P2": [12] },
            },
            "low": flip_flop(10, 20, 2),
            "high": high,
            "other": flip_flop(20, 30, 2),
        } } } })
    }

    #[test]
    fn a_product_leaves_through_the_multipliers_own_register() {
        let mut netlist = netlist("1 ");
        assert_eq!(pack(&mut netlist, "top").unwrap(), 1);
        let cells = &netlist["modules"]["top"]["cells"];
        assert_eq!(cells.as_object().unwrap().keys().collect::<Vec<_>>(), ["other", "product"]);
        let connections = &cells["product"]["connections"];
        assert_eq!(
            [&connections["P0"], &connections["P1"], &connections["P2"]],
            [20, 21, 12].map(|net| json!([net])).each_ref()
        );
        assert_eq!([&connections["CLK0"], &connections["CE0"]], [&json!([2]), &json!(["1"])]);
        assert_eq!(cells["product"]["parameters"]["REG_OUTPUT_CLK"], "CLK0");
    }

    #[test]
    fn a_register_with_an_enable_is_refused() {
        let error = pack(&mut netlist("CE"), "top").unwrap_err();
        assert!(error.to_string().contains("P1 of multiplier product"), "{error}");
    }

    #[test]
    fn a_product_that_is_also_used_before_the_register_is_refused() {
        let mut netlist = netlist("1 ");
        netlist["modules"]["top"]["cells"]["other"]["connections"]["DI"] = json!([10]);
        assert!(pack(&mut netlist, "top").is_err());
    }
}
