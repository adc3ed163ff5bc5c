//! Where the multipliers lie.
//!
//! All but one of the part's multipliers are in use, and a placer that fills them one by one leaves the last ones far from
//! what they belong to. So they are given sites before placement: a ring takes a fifth of each of the three rows, five of its
//! fifteen digits in each, the product by the operand beside the product by the modulus. The sites then pull everything else
//! to its place.

use std::collections::{BTreeMap, HashMap};

use anyhow::{Context, Result, ensure};
use penstock_hdl::field::RingMultiplier;
use serde_json::{Value, json};

use super::registers::{MULTIPLIER, PRODUCT, net};

/// Rows of multipliers of the LFE5U-85F.
const ROWS: [u32; 3] = [10, 34, 58];
/// The first column of each group of four multipliers in a row of them, and of each group of four block RAMs in one of theirs.
pub(super) const GROUPS: [u32; 13] = [4, 13, 22, 31, 40, 49, 58, 69, 78, 87, 96, 105, 114];
/// Where multipliers are in their group.
const GROUP: [(u32, &str); 4] = [(0, "MULT18_0"), (1, "MULT18_1"), (4, "MULT18_4"), (5, "MULT18_5")];
/// Digits of a ring in a row.
const DIGITS: usize = RingMultiplier::DIGITS / ROWS.len();
/// A row has two sites more than the digits take, too few for the factors of the modulus of all rings: rings, and which of their
/// products goes from the middle row to which.
const MOVED: [(usize, &str, usize); 3] = [(0, "multiple_5", 0), (2, "multiple_9", 2), (4, "multiple_5", 0)];
const MIDDLE: usize = 1;
/// Rings.
const RINGS: usize = RingMultiplier::INTERVAL;

/// Gives each multiplier of a flat netlist, whose registers are packed, its site.
///
/// # Errors
/// A product that no multiplier drives, or a multiplier whose product is none of the rings'.
pub(super) fn assign(netlist: &mut Value, top: &str) -> Result<()> {
    let module = &mut netlist["modules"][top];
    let drivers = drivers(&module["cells"]);
    let nets = product_nets(&module["netnames"]);
    let mut sites = BTreeMap::new();
    for (product, site) in sites_of_products() {
        let of = |what: &str| format!("{what} product {} of ring {}", product.1, product.0);
        let bits = nets.get(&product).with_context(|| of("the netlist has no"))?;
        let multiplier = bits.iter().find_map(|net| drivers.get(net));
        let multiplier = multiplier.with_context(|| of("no multiplier drives"))?;
        ensure!(sites.insert(multiplier.clone(), site).is_none(), "multiplier {multiplier} drives two products");
    }
    give(&mut module["cells"], MULTIPLIER, "multiplier", sites)
}

/// Gives each cell of a type, which messages call `what`, its site.
///
/// # Errors
/// A cell that has none, or a site whose cell is not there.
pub(super) fn give(cells: &mut Value, kind: &str, what: &str, mut sites: BTreeMap<String, String>) -> Result<()> {
    let cells = cells.as_object_mut().context("the netlist has no cells")?;
    for (name, cell) in cells.iter_mut().filter(|(_, cell)| cell["type"] == kind) {
        let site = sites.remove(name).with_context(|| format!("{what} {name} has no site"))?;
        cell["attributes"]["BEL"] = json!(site);
    }
    ensure!(sites.is_empty(), "there are sites for {what}s that the netlist does not have: {:?}", sites.keys());
    Ok(())
}

/// Which multiplier drives a net.
fn drivers(cells: &Value) -> HashMap<u64, String> {
    let mut drivers = HashMap::new();
    for (name, cell) in cells.as_object().into_iter().flatten().filter(|(_, cell)| cell["type"] == MULTIPLIER) {
        drivers.extend((0..PRODUCT).filter_map(|bit| Some((net(cell, &format!("P{bit}"))?, name.clone()))));
    }
    drivers
}

/// The nets of each ring's products, by ring and name.
fn product_nets(names: &Value) -> HashMap<(usize, String), Vec<u64>> {
    let ring_and_product = |name: &str| {
        let (ring, product) = name.rsplit_once("rings$")?.1.split_once('.')?;
        Some((ring.parse().ok()?, product.to_owned()))
    };
    let bits = |net: &Value| net["bits"].as_array().into_iter().flatten().filter_map(Value::as_u64).collect();
    let names = names.as_object().into_iter().flatten();
    names.filter_map(|(name, net)| Some((ring_and_product(name)?, bits(net)))).collect()
}

/// Each product's site: ring and name, and what nextpnr calls the place.
fn sites_of_products() -> impl Iterator<Item = ((usize, String), String)> {
    ROWS.iter().enumerate().flat_map(|(row, y)| {
        let groups = GROUPS.iter().flat_map(|x| GROUP.map(|(column, name)| (x + column, name)));
        products(row).into_iter().zip(groups).map(move |(product, (x, name))| (product, format!("X{x}/Y{y}/{name}")))
    })
}

/// The registers of a row's products, from left to right, with their rings. The factors of the modulus lie in the middle row:
/// each goes to a whole ring, and that is a ring's longest way.
fn products(row: usize) -> Vec<(usize, String)> {
    let of_ring = |ring: usize| {
        let digits = (row * DIGITS..(row + 1) * DIGITS).flat_map(|k| [format!("partial_{k}"), format!("multiple_{k}")]);
        let stays = |product: &String| !MOVED.iter().any(|(of, moved, _)| *of == ring && moved == product);
        let comes = MOVED.iter().filter(move |(of, _, to)| (*of, *to) == (ring, row));
        let mut products: Vec<_> = digits.filter(stays).chain(comes.map(|(_, moved, _)| (*moved).to_owned())).collect();
        if row == MIDDLE {
            products.insert(DIGITS, "quotient".to_owned());
        }
        products.into_iter().map(move |product| (ring, product))
    };
    (0..RINGS).flat_map(of_ring).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A multiplier for each product, named after it, with its product's lowest bit alone.
    fn netlist() -> Value {
        let mut cells = serde_json::Map::new();
        let mut names = serde_json::Map::new();
        for (net, ((ring, product), _)) in sites_of_products().enumerate() {
            let cell = json!({ "type": "MULT18X18D", "attributes": {}, "connections": { "P0": [net], "P1": ["x"] } });
            cells.insert(format!("{ring} {product}"), cell);
            names.insert(format!("board.rings${ring}.{product}"), json!({ "bits": [net, "0"] }));
        }
        names.insert("board.other".to_owned(), json!({ "bits": [1] }));
        json!({ "modules": { "top": { "cells": cells, "netnames": names } } })
    }

    #[test]
    fn every_multiplier_has_a_site_of_its_own() {
        let mut netlist = netlist();
        assign(&mut netlist, "top").unwrap();
        let cells = netlist["modules"]["top"]["cells"].as_object().unwrap();
        let sites: BTreeMap<_, _> =
            cells.iter().map(|(name, cell)| (cell["attributes"]["BEL"].as_str(), name)).collect();
        // Two products a digit and the factor of the modulus.
        assert_eq!(sites_of_products().count(), sites.len());
        assert_eq!(sites.len(), RINGS * (2 * RingMultiplier::DIGITS + 1));
        assert_eq!(sites[&Some("X4/Y10/MULT18_0")], "0 partial_0");
        assert_eq!(sites[&Some("X5/Y10/MULT18_1")], "0 multiple_0");
        assert!((0..ROWS.len()).all(|row| products(row).len() <= GROUPS.len() * GROUP.len()));
    }

    #[test]
    fn a_multiplier_without_a_product_and_a_product_without_a_multiplier_are_refused() {
        let mut spare = netlist();
        spare["modules"]["top"]["cells"]["spare"] = json!({ "type": "MULT18X18D", "connections": { "P0": [9999] } });
        let error = assign(&mut spare, "top").unwrap_err();
        assert!(error.to_string().contains("multiplier spare has no site"), "{error}");
        let mut missing = netlist();
        missing["modules"]["top"]["cells"].as_object_mut().unwrap().remove("3 quotient");
        assert!(assign(&mut missing, "top").is_err());
    }
}
