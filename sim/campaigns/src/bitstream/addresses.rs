//! Addresses of memories that are smaller than the blocks of look-up tables they are made of.
//!
//! A memory of eight places leaves the highest address bit of its blocks of sixteen constant. nextpnr takes constants at
//! these pins from one look-up table for the whole part, by ordinary wires, and this design has thousands of such pins. So
//! a spare bit follows the bit below it, whose net is there anyway: other places are used, as many of them.

use anyhow::{Context, Result};
use serde_json::Value;

/// What a netlist calls a memory block: sixteen places of four bits.
const MEMORY: &str = "TRELLIS_DPR16X4";
/// Its ports for the addresses that are written and read.
const ADDRESSES: [&str; 2] = ["WAD", "RAD"];

/// Gives the spare address bits of all memory blocks of a flat netlist the nets below them, and says how many bits there were.
///
/// # Errors
/// A block without addresses.
pub(super) fn fill(netlist: &mut Value, top: &str) -> Result<usize> {
    let cells = netlist["modules"][top]["cells"].as_object_mut().context("the netlist has no cells")?;
    let mut filled = 0;
    for (name, cell) in cells.iter_mut().filter(|(_, cell)| cell["type"] == MEMORY && starts_undefined(cell)) {
        let bits = cell["connections"][ADDRESSES[0]].as_array().map(Vec::len);
        for bit in 1..bits.with_context(|| format!("memory {name} has no address"))? {
            // The same constant, or what was written would not be found.
            let constant = |address: &str| cell["connections"][address][bit].as_str();
            let [written, read] = ADDRESSES.map(constant);
            if written.is_none() || written != read {
                continue;
            }
            for address in ADDRESSES {
                let address = &mut cell["connections"][address];
                address[bit] = address[bit - 1].clone();
            }
            filled += 1;
        }
    }
    Ok(filled)
}

/// Nothing is to be found in it that was not written before.
fn starts_undefined(cell: &Value) -> bool {
    cell["parameters"]["INITVAL"].as_str().is_none_or(|bits| bits.chars().all(|bit| bit == 'x'))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// A block with these addresses, after [`fill`], and how many bits were filled.
    fn filled(written: &Value, read: &Value, initial: &str) -> (usize, [Value; 2]) {
        let cell = json!({
            "type": MEMORY,
            "parameters": { "INITVAL": initial },
            "connections": { "WAD": written, "RAD": read },
        });
        let mut netlist = json!({ "modules": { "top": { "cells": { "memory": cell } } } });
        let count = fill(&mut netlist, "top").unwrap();
        (count, ADDRESSES.map(|port| netlist["modules"]["top"]["cells"]["memory"]["connections"][port].clone()))
    }

    /// The place that a block takes an address for: nets 10 and up carry the bits of what is written, 20 and up of what is read.
    fn place(address: &Value, value: u64) -> u64 {
        let bit = |bit: &Value| bit.as_u64().map_or(u64::from(bit == "1"), |net| value >> (net % 10) & 1);
        address.as_array().unwrap().iter().rev().fold(0, |place, next| place << 1 | bit(next))
    }

    #[test]
    fn what_was_written_is_read_and_nothing_else() {
        for (written, read, spare) in [
            (json!([10, 11, 12, "0"]), json!([20, 21, 22, "0"]), 1),
            (json!([10, 11, "0", "0"]), json!([20, 21, "0", "0"]), 2),
            (json!([10, 11, 12, 13]), json!([20, 21, 22, 23]), 0),
            (json!([10, 11, 12, 13]), json!([20, 21, "0", 23]), 0),
            (json!([10, 11, 12, "1"]), json!([20, 21, 22, "0"]), 0),
        ] {
            let (count, [new_written, new_read]) = filled(&written, &read, "xxxx");
            assert_eq!(count, spare, "{written} {read}");
            for (from, to) in (0..16).flat_map(|from| (0..16).map(move |to| (from, to))) {
                let meet = place(&written, from) == place(&read, to);
                assert_eq!(place(&new_written, from) == place(&new_read, to), meet, "{written} {read} {from} {to}");
            }
        }
    }

    #[test]
    fn no_constant_is_left_at_a_block_of_eight_places() {
        let (_, addresses) = filled(&json!([10, 11, 12, "0"]), &json!([20, 21, 22, "0"]), "xxxx");
        assert_eq!(addresses, [json!([10, 11, 12, 12]), json!([20, 21, 22, 22])]);
    }

    #[test]
    fn a_block_with_initial_contents_keeps_its_addresses() {
        let written = json!([10, 11, 12, "0"]);
        assert_eq!(filled(&written, &written, "0x0x"), (0, [written.clone(), written.clone()]));
    }
}
