//! Every field block against big integers: edge values in all pairs, then random ones.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod arithmetic;

use std::sync::LazyLock;

use arithmetic::{random_below, words};
use num_bigint::BigUint;
use penstock_hdl::emit::{Design, emit};
use penstock_hdl::field::{
    Canonical, CanonicalConfig, Combination, CombinationConfig, Field, MultiplierConfig, OPERAND_BITS,
    PipelinedMultiplier, RingMultiplier, Shape, Term, from_montgomery, to_montgomery,
};
use penstock_hdl::verilator::{Library, Options, Simulation};
use rand::SeedableRng;
use rand_chacha::ChaCha20Rng;

const RANDOM_PRODUCTS: usize = 100_000;
const FIELDS: [Field; 2] = [Field::Base, Field::Scalar];

/// Cycles from the ring's reset to its first operands.
const RING_START: usize = 3;

/// Addition, subtraction, negation, and the combinations of a point addition: coefficient and bound of each operand.
const COMBINATIONS: [&[(i32, u32)]; 8] = [
    &[(1, 8), (1, 8)],
    &[(1, 8), (-1, 8)],
    &[(-1, 8)],
    &[(1, 2), (-1, 2), (-1, 2)],
    &[(1, 2), (-9, 2)],
    &[(1, 2), (9, 2)],
    &[(9, 6)],
    &[(3, 2)],
];

/// In both fields, in segments and in one carry chain.
fn combinations() -> Vec<CombinationConfig> {
    let terms = |terms: &[(i32, u32)]| terms.iter().map(|&(coefficient, bound)| Term { coefficient, bound }).collect();
    let configs = |(field, segment)| {
        COMBINATIONS.iter().map(move |list| CombinationConfig { field, terms: terms(list), segment })
    };
    FIELDS.into_iter().flat_map(|field| [(field, 60), (field, OPERAND_BITS + 1)]).flat_map(configs).collect()
}

fn canonicals() -> Vec<CanonicalConfig> {
    FIELDS.into_iter().flat_map(|field| (1..=3).map(move |doublings| CanonicalConfig { field, doublings })).collect()
}

fn multipliers() -> Vec<Design> {
    FIELDS.map(|field| emit(&format!("multiplier_{field:?}"), || PipelinedMultiplier::new(field)).unwrap()).to_vec()
}

/// One simulation library for all pipelined blocks: most of a library's cost is not in the design.
static PIPELINED: LazyLock<Library> = LazyLock::new(|| {
    let mut designs = multipliers();
    for (index, config) in combinations().iter().enumerate() {
        designs.push(emit(&format!("combination_{index}"), || Combination::new(config)).unwrap());
    }
    for (index, config) in canonicals().iter().enumerate() {
        designs.push(emit(&format!("canonical_{index}"), || Canonical::new(config)).unwrap());
    }
    Library::build(&bench("pipelined_blocks", &designs), &Options::default()).unwrap()
});

/// 0, 1, and around each multiple of p from p to `bound` p that is a power of two or the bound itself; below the bound.
fn edges(field: Field, bound: u32) -> Vec<BigUint> {
    let p = field.modulus();
    let mut edges = vec![BigUint::ZERO, BigUint::from(1u32)];
    let multiples = (1..=bound).filter(|multiple| multiple.is_power_of_two() || *multiple == bound);
    for multiple in multiples.map(|multiple| &p * multiple) {
        edges.extend([&multiple - 1u32, multiple]);
    }
    edges.pop();
    edges
}

const SHARED: [&str; 4] = ["clock", "reset", "ring_clock", "ring_strobe"];

/// A top with an instance of each design, whose ports are called `DESIGN$PORT`; all share clocks and `reset`.
fn bench(top: &str, designs: &[Design]) -> Design {
    let mut ports = SHARED.map(str::to_owned).to_vec();
    let mut declarations = SHARED.map(|name| format!("    input wire  {name};\n")).concat();
    let mut instances = String::new();
    for Design { top, verilog } in designs {
        let module = &verilog[verilog.find(&format!("module {top}(")).unwrap()..];
        let names = module[module.find('(').unwrap() + 1..module.find(')').unwrap()].split(',');
        let mut connections = Vec::new();
        for name in names {
            let shared = SHARED.contains(&name);
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

/// All pairs of edge values, then random operands below 2^260.
fn operand_pairs(field: Field, random: usize) -> Vec<Vec<BigUint>> {
    let mut values = edges(field, 84);
    values.push((BigUint::from(1u32) << OPERAND_BITS) - 1u32);
    let mut pairs: Vec<_> = values.iter().flat_map(|x| values.iter().map(|y| vec![x.clone(), y.clone()])).collect();
    let mut rng = ChaCha20Rng::seed_from_u64(1);
    let limit = BigUint::from(1u32) << OPERAND_BITS;
    pairs.extend((0..random).map(|_| vec![random_below(&mut rng, &limit), random_below(&mut rng, &limit)]));
    pairs
}

/// a b / R mod p, and below 2p.
fn check_product(field: Field, pair: &[BigUint], product: &BigUint) {
    let (left, right) = (&pair[0], &pair[1]);
    let p = field.modulus();
    assert_eq!(product % &p, from_montgomery(field, &(left * right)), "{field:?}: {left:x} x {right:x}");
    assert!(product < &(&p * 2u32), "{field:?}: {left:x} x {right:x} gives {product:x}");
}

/// Feeds an operand list a cycle and hands over each result as it leaves.
fn stream(
    simulation: &mut Simulation,
    (inputs, output): (&[String], &str),
    latency: usize,
    operands: &[Vec<BigUint>],
    mut check: impl FnMut(&[BigUint], BigUint),
) {
    let inputs: Vec<_> = inputs.iter().map(|name| simulation.port(name).unwrap()).collect();
    let output = simulation.port(output).unwrap();
    for cycle in 0..operands.len() + latency {
        if let Some(done) = cycle.checked_sub(latency) {
            let mut read = [0; 9];
            simulation.get_words(output, &mut read);
            check(&operands[done], BigUint::from_slice(&read));
        }
        if let Some(values) = operands.get(cycle) {
            for (port, value) in inputs.iter().zip(values) {
                simulation.set_words(*port, &words(value));
            }
        }
        simulation.tick();
    }
}

fn pipelined_products(library: &Library, field: Field, random: usize) -> Vec<BigUint> {
    let mut simulation = library.simulation().unwrap();
    let pairs = operand_pairs(field, random);
    let latency = MultiplierConfig { field, shape: Shape::Pipelined }.latency();
    let ports = ["left", "right"].map(|port| format!("multiplier_{field:?}${port}"));
    let product = format!("multiplier_{field:?}$product");
    let mut products = Vec::new();
    stream(&mut simulation, (&ports, &product), latency, &pairs, |pair, product| {
        check_product(field, pair, &product);
        products.push(product);
    });
    products
}

#[test]
fn pipelined_multiplier_agrees_with_big_integers() {
    for field in FIELDS {
        assert!(pipelined_products(&PIPELINED, field, RANDOM_PRODUCTS).len() > RANDOM_PRODUCTS);
    }
}

#[test]
fn fast_multiplier_has_the_bits_of_the_exact_one() {
    let options = Options { fast_multipliers: true, ..Options::default() };
    let fast = Library::build(&bench("multipliers", &multipliers()), &options).unwrap();
    for field in FIELDS {
        assert_eq!(pipelined_products(&fast, field, 2_000), pipelined_products(&PIPELINED, field, 2_000));
    }
}

#[test]
fn ring_multiplier_agrees_with_big_integers() {
    let rings =
        FIELDS.map(|field| emit(&format!("ring_{field:?}"), || RingMultiplier::new(field, RING_START)).unwrap());
    let library = Library::build(&bench("rings", &rings), &Options::default()).unwrap();
    for field in FIELDS {
        check_ring(&library, field);
    }
}

fn check_ring(library: &Library, field: Field) {
    let mut simulation = library.simulation().unwrap();
    let [left, right, product] =
        ["left", "right", "product"].map(|name| simulation.port(&format!("ring_{field:?}${name}")).unwrap());
    let reset = simulation.port("reset").unwrap();
    let config = MultiplierConfig { field, shape: Shape::Compact };
    let pairs = operand_pairs(field, RANDOM_PRODUCTS);
    simulation.set(reset, 1);
    simulation.tick();
    simulation.set(reset, 0);
    simulation.eval();
    let mut checked = 0;
    for cycle in 0.. {
        let phase = (cycle + config.interval() - RING_START) % config.interval();
        // At both ends of the time in which a product can be read.
        for late in [0, RingMultiplier::STABLE - 1] {
            let age = cycle.checked_sub(RING_START + config.latency() + late);
            if let Some(index) = age.filter(|age| age % config.interval() == 0).map(|age| age / config.interval()) {
                if let Some(pair) = pairs.get(index) {
                    let mut read = [0; 9];
                    simulation.get_words(product, &mut read);
                    check_product(field, pair, &BigUint::from_slice(&read));
                }
                checked = index;
            }
        }
        if checked > pairs.len() {
            break;
        }
        // Operands are there in the one cycle in which they are taken, and nothing in the others.
        let pair =
            cycle.checked_sub(RING_START).filter(|_| phase == 0).and_then(|age| pairs.get(age / config.interval()));
        for (index, port) in [left, right].into_iter().enumerate() {
            simulation.set_words(port, &pair.map_or_else(|| vec![0x5555_5555; 9], |pair| words(&pair[index])));
        }
        simulation.tick();
    }
}

/// The integer that a combination computes.
fn combined(config: &CombinationConfig, operands: &[BigUint]) -> BigUint {
    let mut sum = config.field.modulus() * config.offset();
    for (term, operand) in config.terms.iter().zip(operands).filter(|(term, _)| term.coefficient > 0) {
        sum += operand * term.coefficient.unsigned_abs();
    }
    for (term, operand) in config.terms.iter().zip(operands).filter(|(term, _)| term.coefficient < 0) {
        sum -= operand * term.coefficient.unsigned_abs();
    }
    sum
}

#[test]
fn sums_differences_and_multiples_agree_with_big_integers() {
    for (index, config) in combinations().iter().enumerate() {
        let p = config.field.modulus();
        let edges: Vec<_> = config.terms.iter().map(|term| edges(config.field, term.bound)).collect();
        let mut operands: Vec<Vec<BigUint>> = vec![vec![]];
        for values in &edges {
            let with = |list: &Vec<BigUint>| {
                values.iter().map(|value| [&list[..], std::slice::from_ref(value)].concat()).collect()
            };
            operands = operands.iter().flat_map(|list| -> Vec<_> { with(list) }).collect();
        }
        let mut rng = ChaCha20Rng::seed_from_u64(2);
        let mut random = || config.terms.iter().map(|term| random_below(&mut rng, &(&p * term.bound))).collect();
        operands.extend((0..2_000).map(|_| random()));
        let ports: Vec<_> = (0..config.terms.len()).map(|k| format!("combination_{index}$operands${k}")).collect();
        let result = format!("combination_{index}$result");
        let mut simulation = PIPELINED.simulation().unwrap();
        stream(&mut simulation, (&ports, &result), config.latency(), &operands, |operands, result| {
            assert_eq!(result, combined(config, operands), "{config:?}");
            assert!(result < &p * config.bound());
        });
    }
}

#[test]
fn canonical_elements_are_the_remainders() {
    for (index, config) in canonicals().iter().enumerate() {
        let bound = 1 << config.doublings;
        let p = config.field.modulus();
        let mut rng = ChaCha20Rng::seed_from_u64(3);
        let mut values: Vec<_> = edges(config.field, bound).into_iter().map(|value| vec![value]).collect();
        values.extend((0..2_000).map(|_| vec![random_below(&mut rng, &(&p * bound))]));
        let ports = [format!("canonical_{index}$value")];
        let result = format!("canonical_{index}$result");
        let mut simulation = PIPELINED.simulation().unwrap();
        stream(&mut simulation, (&ports, &result), config.latency(), &values, |values, result| {
            assert_eq!(result, &values[0] % &p);
        });
    }
}

#[test]
fn montgomery_form_is_undone() {
    for field in FIELDS {
        let values = edges(field, 1);
        for value in &values {
            let form = to_montgomery(field, value);
            assert!(form < field.modulus());
            assert_eq!(&from_montgomery(field, &form), value);
        }
    }
}

#[test]
fn the_moduli_are_those_of_halo2curves() {
    use halo2curves::bn256::{Fq, Fr};
    use halo2curves::ff::PrimeField;
    let parsed = [Fq::MODULUS, Fr::MODULUS].map(|text| BigUint::parse_bytes(&text.as_bytes()[2..], 16).unwrap());
    assert_eq!(parsed, FIELDS.map(Field::modulus));
}
