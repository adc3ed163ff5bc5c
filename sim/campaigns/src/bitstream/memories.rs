//! Where the block RAMs lie.
//!
//! The placer spreads them over the part as if they were small, and puts all onto their sites at once, late. That adds a fifth
//! to the wire, of which it takes back now more, now less, and the router needs it to be more. So they are given sites before
//! placement, as the multipliers are: those of a table in the board's folder. It began as what the placer had found in its best
//! attempt; then the blocks of a memory, and the bits of the slots, were put into order among the sites that they had.
//!
//! The least wire between block RAMs and all else is not the best table: it is a tenth shorter there, and the router stalls.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::sites::{self, GROUPS};

/// What a netlist calls a block RAM.
const BLOCK_RAM: &str = "DP16KD";
/// Rows of block RAMs of the LFE5U-85F.
const ROWS: [u32; 4] = [22, 46, 70, 82];
/// Block RAMs of a group, two columns apart.
const GROUP: u32 = 4;

/// The site of each block RAM, by its name in the netlist.
#[derive(Debug)]
pub(super) struct Table(BTreeMap<String, String>);

impl Table {
    /// Of a text: a block RAM and its site a line; a line that starts with # is a comment.
    ///
    /// # Errors
    /// A line that is neither, a site that the part does not have, or a block RAM or a site that occurs twice.
    pub(super) fn parse(text: &str) -> Result<Self> {
        let mut free: BTreeSet<String> = all().collect();
        let mut sites = BTreeMap::new();
        for (line, text) in text.lines().enumerate().filter(|(_, text)| !text.starts_with('#')) {
            let of = |what: &str| format!("line {}: {what}: {text}", line + 1);
            let (name, site) = text.split_once(' ').with_context(|| of("not a block RAM and a site"))?;
            ensure!(free.remove(site), of("the part has no such site, or it is taken"));
            ensure!(sites.insert(name.to_owned(), site.to_owned()).is_none(), of("a second site"));
        }
        Ok(Self(sites))
    }

    /// Gives each block RAM of a flat netlist its site.
    ///
    /// # Errors
    /// A block RAM that has none, or a site whose block RAM is not there.
    pub(super) fn assign(self, netlist: &mut Value, top: &str) -> Result<()> {
        sites::give(&mut netlist["modules"][top]["cells"], BLOCK_RAM, "block RAM", self.0)
    }
}

/// What nextpnr calls the part's sites.
fn all() -> impl Iterator<Item = String> {
    let groups = ROWS.into_iter().flat_map(|y| GROUPS.map(|x| (x, y)));
    groups.flat_map(|(x, y)| (0..GROUP).map(move |place| format!("X{}/Y{y}/EBR{place}", x + 2 * place)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const TABLE: &str = "# Two.\nboard.words.0.0 X4/Y22/EBR0\nboard.words.0.1 X19/Y82/EBR3\n";

    fn netlist(block_rams: &[&str]) -> Value {
        let cell = |kind: &str| json!({ "type": kind, "attributes": {} });
        let block_rams = block_rams.iter().map(|name| ((*name).to_owned(), cell("DP16KD")));
        let cells: serde_json::Map<_, _> = block_rams.chain([("board.lut".to_owned(), cell("LUT4"))]).collect();
        json!({ "modules": { "top": { "cells": cells } } })
    }

    #[test]
    fn the_part_has_as_many_sites_as_its_data_sheet_says() {
        assert_eq!(all().collect::<BTreeSet<_>>().len(), 208);
    }

    #[test]
    fn block_rams_get_their_sites_and_nothing_else_does() {
        let mut netlist = netlist(&["board.words.0.0", "board.words.0.1"]);
        Table::parse(TABLE).unwrap().assign(&mut netlist, "top").unwrap();
        let site = |name: &str| netlist["modules"]["top"]["cells"][name]["attributes"]["BEL"].as_str();
        assert_eq!(site("board.words.0.0"), Some("X4/Y22/EBR0"));
        assert_eq!(site("board.words.0.1"), Some("X19/Y82/EBR3"));
        assert_eq!(site("board.lut"), None);
    }

    #[test]
    fn a_block_ram_without_a_site_and_a_site_without_a_block_ram_are_refused() {
        let refusal = |block_rams: &[&str]| {
            let error = Table::parse(TABLE).unwrap().assign(&mut netlist(block_rams), "top").unwrap_err();
            error.to_string()
        };
        assert_eq!(refusal(&["board.new.0.0", "board.words.0.0"]), "block RAM board.new.0.0 has no site");
        assert!(refusal(&["board.words.0.0"]).contains("board.words.0.1"));
    }

    #[test]
    fn wrong_tables_are_refused() {
        for (wrong, what) in [
            ("board.words.0.0\n", "line 1: not a block RAM and a site"),
            ("#\na X5/Y22/EBR0\n", "line 2: the part has no such site"),
            ("a X4/Y22/EBR0\na X6/Y22/EBR1\n", "line 2: a second site"),
            ("a X4/Y22/EBR0\nb X4/Y22/EBR0\n", "line 2: the part has no such site, or it is taken"),
        ] {
            let error = Table::parse(wrong).unwrap_err().to_string();
            assert!(error.contains(what), "{error}");
        }
    }
}
