//! The part's resources against counts from yosys.

use anyhow::{Context, Result, ensure};
use penstock_hdl::card::CardConfig;
use penstock_hdl::emit::Design;
use penstock_hdl::field::Shape;
use penstock_hdl::hierarchy::modules;
use penstock_hdl::poseidon::{self, EngineConfig};
use penstock_hdl::shape;

use super::{Recipe, TOP};
use crate::rtl::area::{Counts, area, with_blocks};

/// The part, as Vivado names it.
pub(super) const PART: &str = "xcu55c-fsvh2892-2L-e";
/// Its resources (DS978, "Alveo U55C Data Center Accelerator Card Data Sheet").
const RESOURCES: Resources = Resources { dsp: 9_024, lut: 1_303_680, ff: 2_607_360, bram: 2_016, uram: 960 };
/// Lanes of the engine that one adder has to leave room for.
const LANES: usize = 16;

struct Resources {
    dsp: u64,
    lut: u64,
    ff: u64,
    bram: u64,
    uram: u64,
}

/// Synthesises and compares: one adder and sixteen lanes with their share, the whole card in its wrapper with the part.
pub(super) fn check(config: &CardConfig, card: &Design, recipe: &Recipe) -> Result<()> {
    let adder = area(Shape::Pipelined, &shape::point_adder(Shape::Pipelined)?)?;
    let lanes = EngineConfig { lanes: LANES, ..config.poseidon };
    let mut arithmetic = area(Shape::Pipelined, &poseidon::design("poseidon_of_16_lanes", &lanes)?)?;
    arithmetic += adder;
    let mut whole = area(Shape::Pipelined, card)?;
    whole += wrapper(recipe, card)?;
    print("one adder and 16 lanes", &arithmetic);
    print(&format!("card of {} lanes in its wrapper", config.poseidon.lanes), &whole);
    check_whole(&whole)?;
    check_arithmetic(&arithmetic)
}

/// The wrapper's own cells; the vendor's blocks and the card are black boxes.
fn wrapper(recipe: &Recipe, card: &Design) -> Result<Counts> {
    let modules = modules(&card.verilog);
    let module = modules.get(&*card.top).context("the card has no top")?;
    let ports: String = module
        .ports()
        .map(|port| {
            let direction = if port.output { "output" } else { "input" };
            format!("    {direction} [{}:0] {};\n", port.bits - 1, port.name)
        })
        .collect();
    let card = format!("(* blackbox *)\n{}\n{ports}endmodule\n", module.lines[0]);
    with_blocks(Shape::Pipelined, TOP, format!("{card}\n{}\n{}", recipe.vendor, recipe.wrapper))
}

fn print(what: &str, counts: &Counts) {
    println!("{what}:");
    for (name, used, there) in shares(counts) {
        println!("  {name:4} {used:9} of {there:9}  {:5.1} %", 100.0 * used as f64 / there as f64);
    }
    let computing = 100.0 * counts.lut as f64 / RESOURCES.lut as f64;
    println!("  of the LUT {} ({computing:.1} %) compute, the others delay or store", counts.lut);
}

fn shares(counts: &Counts) -> [(&'static str, u64, u64); 5] {
    [
        ("DSP", counts.dsp, RESOURCES.dsp),
        ("LUT", counts.lut + counts.lutram, RESOURCES.lut),
        ("FF", counts.ff, RESOURCES.ff),
        ("BRAM", counts.bram(), RESOURCES.bram),
        ("URAM", counts.uram, RESOURCES.uram),
    ]
}

/// Everything has to fit; the vendor's blocks, which are not counted, need about one part in twenty.
fn check_whole(counts: &Counts) -> Result<()> {
    for (name, used, there) in shares(counts) {
        ensure!(20 * used <= 19 * there, "the card takes {used} {name} of {there}: it does not fit");
    }
    Ok(())
}

/// The share of the part that the arithmetic may take: 60 % of its multipliers, 50 % of its look-up tables, those that delay
/// or store among them.
fn check_arithmetic(counts: &Counts) -> Result<()> {
    let Counts { dsp, lut, lutram, .. } = *counts;
    let lut = lut + lutram;
    ensure!(10 * dsp <= 6 * RESOURCES.dsp, "{dsp} DSP are more than 60 % of {}", RESOURCES.dsp);
    ensure!(2 * lut <= RESOURCES.lut, "{lut} LUT are more than 50 % of {}", RESOURCES.lut);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_than_the_arithmetics_share_is_refused() {
        let refused = |dsp, lut, lutram| {
            let mut counts = Counts::default();
            (counts.dsp, counts.lut, counts.lutram) = (dsp, lut, lutram);
            check_arithmetic(&counts).is_err()
        };
        assert!(!refused(5_414, 600_000, 51_840));
        assert!(refused(5_415, 600_000, 51_840));
        assert!(refused(5_414, 600_001, 51_840));
        assert!(refused(5_414, 600_000, 51_841));
    }

    /// The count of everything takes long; the multipliers are nine tenths of it.
    #[test]
    fn multipliers_of_one_adder_and_16_lanes_stay_within_the_share() {
        const MULTIPLIERS: u64 = 12 + LANES as u64;
        let one = area(Shape::Pipelined, &shape::multiplier(Shape::Pipelined).unwrap()).unwrap();
        let all = one.times(MULTIPLIERS);
        assert_eq!(all.dsp, 3_024);
        check_arithmetic(&all).unwrap();
    }
}
