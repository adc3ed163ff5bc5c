//! `cargo xtask rtl report`: cycles, utilisation, latency, simulation speed and area, as a table and as JSON.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use halo2curves::bn256::Fr;
use halo2curves::ff::PrimeField;
use penstock_circuits::circuit::columns::MAIN as MAIN_COLUMNS;
use penstock_circuits::circuit::soundness::Subject;
use penstock_hdl::field::{Field, MultiplierConfig, RING_CYCLES, Shape};
use penstock_hdl::msm::bench::{Engine, Scalar};
use penstock_hdl::msm::config::MsmConfig;
use penstock_hdl::msm::measure::measure;
use penstock_hdl::msm::scalars::Distribution;
use penstock_hdl::point::PointAdderConfig;
use penstock_hdl::poseidon::{self, EngineConfig};
use penstock_hdl::shape;
use penstock_hdl::verilator::{Library, Options};
use serde_json::{Map, Value, json};

use super::area;
use crate::soundness;
use xtask::shell;

pub(super) fn run(shapes: &[Shape], points: usize, hashes: usize, with_area: bool) -> Result<()> {
    let distributions = distributions(points)?;
    let mut report = Map::new();
    for &shape in shapes {
        let name = shape::name(shape);
        let mut entry = Map::new();
        entry.insert("msm".into(), msm(shape, &distributions, points)?);
        let (poseidon, speed) = poseidon_figures(shape, hashes)?;
        entry.insert("poseidon".into(), poseidon);
        let msm_speed = entry["msm"]["uniform"]["sim_cycles_per_second"].clone();
        entry.insert("sim".into(), json!({ "cycles_per_second": msm_speed, "poseidon_cycles_per_second": speed }));
        entry.insert("latency".into(), latency(shape));
        if with_area {
            entry.insert("area".into(), area::figures(shape)?);
        }
        report.insert(name.to_owned(), Value::Object(entry));
    }
    let file = shell::target_folder()?.join("rtl-report.json");
    fs::write(&file, serde_json::to_string_pretty(&report)? + "\n")
        .with_context(|| format!("cannot write {}", file.display()))?;
    println!("written to {}", file.display());
    Ok(())
}

fn distributions(points: usize) -> Result<Vec<(&'static str, Distribution)>> {
    Ok(vec![
        ("uniform", Distribution::Uniform),
        ("all_equal", Distribution::AllEqual),
        ("two_values", Distribution::TwoValues),
        ("sorted", Distribution::Sorted),
        ("mostly_ones", Distribution::MostlyOnes),
        ("witness", Distribution::Given(witness(points)?)),
    ])
}

/// The advice columns of the sample block, one after the other; of more than are wanted, evenly spread runs of rows.
fn witness(points: usize) -> Result<Vec<Scalar>> {
    const RUN: usize = 256;
    let subject = Subject::new(Subject::all_kinds_capacities(), &soundness::execute("block.json")?)?;
    let advice = &subject.witness.advice;
    let cells = (0..MAIN_COLUMNS).flat_map(|column| (0..advice.rows()).map(move |row| advice.get(column, row)));
    let scalars: Vec<Scalar> = cells.map(|cell| scalar(&cell)).collect();
    let step = (scalars.len() / points.max(1)).max(1);
    Ok(scalars.chunks(RUN).step_by(step).flatten().copied().collect())
}

fn scalar(element: &Fr) -> Scalar {
    let bytes = element.to_repr();
    std::array::from_fn(|word| {
        (0..8).fold(0, |value, byte| value | u64::from(bytes.as_ref()[8 * word + byte]) << (8 * byte))
    })
}

fn msm(shape: Shape, distributions: &[(&'static str, Distribution)], points: usize) -> Result<Value> {
    let config = MsmConfig::of(shape);
    // Cycles do not depend on the values of points: an adder that only keeps time gives the same counts, sooner.
    let library = Library::build(&penstock_hdl::msm::top::behavioural_design(&config)?, &Options::default())?;
    let mut engine = Engine::new(&library, &config)?;
    println!(
        "{}: multi-scalar multiplication of {points} points, windows of {} bits",
        shape::name(shape),
        config.window_bits
    );
    println!(
        "  {:12} {:>10} {:>10} {:>12} {:>16} {:>17}",
        "scalars", "digits", "points", "cycles", "cycles a digit", "cycles a bucket"
    );
    let mut figures = Map::new();
    for (name, distribution) in distributions {
        let measured = measure(&mut engine, &distribution.scalars(points, &config.order))?;
        println!(
            "  {name:12} {:10} {:10} {:12} {:16.4} {:17.3}",
            measured.digits,
            measured.points,
            measured.cycles,
            measured.cycles_per_digit(),
            measured.cycles_per_bucket()
        );
        figures.insert(
            (*name).to_owned(),
            json!({
                "cycles_per_digit": measured.cycles_per_digit(),
                "reduction_cycles_per_bucket": measured.cycles_per_bucket(),
                "cycles": measured.cycles,
                "reduction_cycles": measured.reduction_cycles,
                "digits": measured.digits,
                "points_streamed": measured.points,
                "passes": measured.passes,
                "start_interval": measured.interval,
                "control_cycles_per_second": measured.simulated_per_second(),
            }),
        );
    }
    // The simulation's speed is that of the real adder, in cycles of its fastest clock.
    let ratio = match shape {
        Shape::Compact => RING_CYCLES as f64,
        Shape::Pipelined => 1.0,
    };
    for (key, fast_multipliers) in [("sim_cycles_per_second", false), ("sim_cycles_per_second_fast", true)] {
        let library = Library::build(&shape::msm(shape)?, &Options { fast_multipliers, trace: false })?;
        let mut engine = Engine::new(&library, &config)?;
        let measured = measure(&mut engine, &Distribution::Uniform.scalars(64, &config.order))?;
        let speed = ratio * measured.simulated_per_second();
        println!("  {key}: {speed:.0}");
        if let Some(Value::Object(uniform)) = figures.get_mut("uniform") {
            uniform.insert(key.to_owned(), json!(speed));
        }
    }
    Ok(Value::Object(figures))
}

/// The signals of a multi-scalar multiplication of a few points, as a VCD file.
pub(super) fn trace(shape: Shape, file: &Path) -> Result<()> {
    const POINTS: usize = 8;
    let config = MsmConfig::of(shape);
    let mut engine = Engine::of(shape, &Options { fast_multipliers: false, trace: true })?;
    engine.simulation().trace(file)?;
    measure(&mut engine, &Distribution::Uniform.scalars(POINTS, &config.order))?;
    println!("signals of {POINTS} points written to {}", file.display());
    Ok(())
}

fn poseidon_figures(shape: Shape, hashes: usize) -> Result<(Value, f64)> {
    let options = Options { fast_multipliers: true, trace: false };
    let measured = poseidon::measure(EngineConfig::of(shape), hashes, &options)?;
    println!(
        "{}: {hashes} Poseidon hashes on {} lanes: utilisation {:.4}, {:.2} cycles a hash, {} multiplications each",
        shape::name(shape),
        measured.lanes,
        measured.utilisation,
        measured.cycles_per_hash,
        measured.multiplications
    );
    let figures = json!({
        "utilisation": measured.utilisation,
        "utilisation_of_544": measured.utilisation_of_544,
        "cycles_per_hash": measured.cycles_per_hash,
        "lanes": measured.lanes,
        "multiplications": measured.multiplications,
        "latency": measured.latency,
    });
    Ok((figures, measured.cycles as f64 / measured.elapsed.as_secs_f64()))
}

fn latency(shape: Shape) -> Value {
    let multiplier = MultiplierConfig { field: Field::Base, shape };
    let adder = PointAdderConfig { shape };
    json!({
        "multiplier": { "latency": multiplier.latency(), "interval": multiplier.interval() },
        "point_adder": { "latency": adder.latency(), "interval": adder.interval() },
    })
}
