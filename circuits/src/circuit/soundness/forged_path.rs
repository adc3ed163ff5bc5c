//! Attacks on the tape's paths: paths that a Merkle tree does not have, on the idle pairs at the tape's end.

use halo2curves::bn256::Fr;
use halo2curves::ff::Field;

use super::attack::Attack;
use super::subject::{IDLE_PAIRS, Subject};
use crate::circuit::tape::recurrence::trace;
use crate::circuit::tape::{ROWS_PER_PAIR, ROWS_PER_PERMUTATION, TAPE, Tape, WIDTH, row};
use crate::poseidon::hash2;

/// One pair, with every cell free to lie. Nodes, siblings and roots are those of the old and of the new tree.
#[derive(Clone)]
struct Level {
    bit: Fr,
    nodes: [Fr; 2],
    siblings: [Fr; 2],
    index: Fr,
    levels: Fr,
    end: Fr,
    path: Fr,
    roots: [Fr; 2],
}

impl Level {
    /// (left, right) such that node and sibling are what the bit selects, even if it is not a bit: left + bit · (right − left) = node.
    fn children(&self, tree: usize) -> [Fr; 2] {
        let [node, sibling] = [self.nodes[tree], self.siblings[tree]];
        let half = Fr::from(2).invert().unwrap_or(Fr::ZERO);
        let difference = (node - sibling) * (Fr::ONE - self.bit.double()).invert().unwrap_or(Fr::ZERO);
        [(node + sibling + difference) * half, (node + sibling - difference) * half]
    }

    fn hash(&self, tree: usize) -> Fr {
        let [left, right] = self.children(tree);
        hash2(left, right)
    }

    fn cells(&self, tape: &Tape, pair: usize) -> Vec<((usize, usize), Fr)> {
        let mut cells = Vec::with_capacity(ROWS_PER_PAIR * (WIDTH + 1));
        for (tree, hash) in [row::OLD_HASH, row::NEW_HASH].into_iter().enumerate() {
            let [left, right] = self.children(tree);
            let (inputs, output) = trace(left, right);
            let first = tree * ROWS_PER_PERMUTATION;
            cells.extend(inputs.iter().enumerate().map(|(s, x)| ((s % WIDTH, tape.cell(pair, first + s / WIDTH)), *x)));
            cells.push(((TAPE, tape.cell(pair, hash)), output));
        }
        let [old_root, new_root] = self.roots;
        let column = [
            (row::BIT, self.bit),
            (row::INDEX, self.index),
            (row::LEVELS, self.levels),
            (row::END, self.end),
            (row::PATH, self.path),
            (row::OLD_ROOT, old_root),
            (row::NEW_ROOT, new_root),
        ];
        cells.extend(column.map(|(row, value)| ((TAPE, tape.cell(pair, row)), value)));
        cells
    }
}

/// A true path of so many levels.
fn path(levels: u64, index: u64) -> Vec<Level> {
    let level = |level: u64| Level {
        bit: Fr::from(index >> level & 1),
        nodes: [Fr::ONE, Fr::from(2)],
        siblings: [Fr::from(10 + level); 2],
        index: Fr::from(index >> level),
        levels: Fr::from(levels - level),
        end: Fr::from(u64::from(level + 1 == levels)),
        path: Fr::ONE,
        roots: [Fr::ZERO; 2],
    };
    let mut path: Vec<Level> = (0..levels).map(level).collect();
    link(&mut path, 1);
    path
}

/// Makes the nodes from level `from` on the hashes below, and the last hashes the roots.
fn link(path: &mut [Level], from: usize) {
    for level in from..path.len() {
        path[level].nodes = [0, 1].map(|tree| path[level - 1].hash(tree));
    }
    if let Some(last) = path.last() {
        let roots = [0, 1].map(|tree| last.hash(tree));
        path.iter_mut().for_each(|level| level.roots = roots);
    }
}

/// The forgeries by name.
fn forgeries() -> Vec<(String, Vec<Level>)> {
    let mut forgeries = Vec::new();
    let mut forge = |name: &str, levels: u64, lie: &dyn Fn(&mut Vec<Level>)| {
        let mut path = path(levels, 2 % (1 << levels));
        lie(&mut path);
        forgeries.push((name.to_owned(), path));
    };
    forge("a side that is neither left nor right", 2, &|path| {
        path[0].bit = Fr::from(2);
        path[0].index += Fr::from(2);
        link(path, 1);
    });
    forge("a path that counts twice", 1, &|path| {
        (path[0].bit, path[0].index, path[0].path) = (Fr::ZERO, Fr::ZERO, Fr::from(2));
        link(path, 1);
    });
    forge("a path whose first level is a free hash", 2, &|path| path[0].path = Fr::ZERO);
    forge("a path whose last level is a free hash", 2, &|path| path[1].path = Fr::ZERO);
    forge("an old and a new tree that differ beside the path", 2, &|path| {
        path[0].siblings[1] += Fr::ONE;
        link(path, 1);
    });
    forge("an index that has more bits than sides, on the way", 2, &|path| path[0].index += Fr::from(2));
    forge("an index that has more bits than sides, at the end", 1, &|path| path[0].index += Fr::from(2));
    forge("a path that claims more levels, on the way", 2, &|path| path[0].levels += Fr::ONE);
    forge("a path that claims more levels, at the end", 1, &|path| path[0].levels += Fr::ONE);
    for (tree, name) in ["old", "new"].into_iter().enumerate() {
        forge(&format!("{name} node that is not the hash below"), 2, &|path| {
            path[1].nodes[tree] += Fr::ONE;
            link(path, 2);
        });
        forge(&format!("{name} root that changes on the way"), 2, &|path| path[0].roots[tree] += Fr::ONE);
        forge(&format!("{name} root that is never reached"), 2, &|path| {
            path.iter_mut().for_each(|level| level.roots[tree] += Fr::ONE);
        });
    }
    forgeries
}

/// Forged paths on idle pairs, and one that the tape's end cuts short.
pub(super) fn attacks(subject: &Subject) -> Vec<Attack> {
    let tape = &subject.checker.layout().tape;
    let attack = |name: String, path: &[Level], first: usize| {
        let cells = path.iter().enumerate().flat_map(|(level, it)| it.cells(tape, first + level)).collect();
        Attack { name, cells, bus: None, provides: &["bus:path", "bus:hash"] }
    };
    let first = tape.pairs() - IDLE_PAIRS + 1;
    let mut attacks: Vec<Attack> = forgeries().into_iter().map(|(name, path)| attack(name, &path, first)).collect();
    attacks.push(attack("a path that the tape's end cuts short".to_owned(), &path(2, 2)[..1], tape.pairs() - 1));
    let name = "a true path that nobody draws".to_owned();
    attacks.push(Attack { provides: &[], ..attack(name, &path(2, 2), first) });
    attacks
}
