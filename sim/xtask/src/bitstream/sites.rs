//! Where the multipliers lie.
//!
//! All but one of the part's multipliers are in use, and a placer that fills them one by one leaves the last ones far from
//! what they belong to. So they are given sites before placement: a ring takes a fifth of each of the three rows, five of its
//! fifteen digits in each, the product by the operand beside the product by the modulus. The sites then pull everything else
//! to its place.

use std::fmt::Write;

use penstock_hdl::field::RingMultiplier;

/// Rows of multipliers of the LFE5U-85F.
const ROWS: [u32; 3] = [10, 34, 58];
/// In each, the first column of each group of four multipliers, and where they are in it.
const GROUPS: [u32; 13] = [4, 13, 22, 31, 40, 49, 58, 69, 78, 87, 96, 105, 114];
const GROUP: [(u32, &str); 4] = [(0, "MULT18_0"), (1, "MULT18_1"), (4, "MULT18_4"), (5, "MULT18_5")];
/// Digits of a ring in a row.
const DIGITS: usize = RingMultiplier::DIGITS / ROWS.len();
/// Rings.
const RINGS: usize = RingMultiplier::INTERVAL;

/// Commands for yosys that give each multiplier of a flat netlist its site.
pub(super) fn script() -> String {
    let mut script = String::new();
    for (row, y) in ROWS.iter().enumerate() {
        let groups = GROUPS.iter().flat_map(|x| GROUP.map(|(column, name)| (x + column, name)));
        for ((ring, product), (x, name)) in products(row).into_iter().zip(groups) {
            // The multiplier whose product enters that register.
            let _ = writeln!(
                script,
                "select -set site w:*rings${ring}.{product} %ci4 t:MULT18X18D %i\n\
                 select -assert-count 1 @site\nsetattr -set BEL \"X{x}/Y{y}/{name}\" @site"
            );
        }
    }
    script + "select -assert-none t:MULT18X18D a:BEL %d\n"
}

/// The registers of a row's products, from left to right, with their rings. A row has two sites more than the digits take:
/// room for the factors of the modulus of two rings.
fn products(row: usize) -> Vec<(usize, String)> {
    let of_ring = |ring: usize| {
        let digits = (row * DIGITS..(row + 1) * DIGITS).flat_map(|k| [format!("partial_{k}"), format!("multiple_{k}")]);
        let mut products: Vec<_> = digits.collect();
        if ring / 2 == row {
            products.insert(DIGITS, "quotient".to_owned());
        }
        products.into_iter().map(move |product| (ring, product))
    };
    (0..RINGS).flat_map(of_ring).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_multiplier_has_a_site_of_its_own() {
        let script = script();
        let all = |start: &str| -> Vec<_> { script.lines().filter(|line| line.starts_with(start)).collect() };
        let (products, sites) = (all("select -set"), all("setattr"));
        let distinct = |lines: &[&str]| lines.iter().collect::<BTreeSet<_>>().len();
        // Two products a digit and the factor of the modulus.
        let count = RINGS * (2 * RingMultiplier::DIGITS + 1);
        assert_eq!((products.len(), distinct(&products)), (count, count));
        assert_eq!((sites.len(), distinct(&sites)), (count, count));
        assert!((0..ROWS.len()).all(|row| super::products(row).len() <= GROUPS.len() * GROUP.len()));
    }
}
