//! The folded gates as straight-line code over blocks of rows.
//!
//! The polynomial is factored greedily (selectors first), powers and products that recur are computed once, and the
//! result is a list of products and linear combinations over registers of [`BLOCK`] rows each, so that the cost of
//! dispatch is spread over a block and the registers stay in the cache.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};

use halo2curves::bn256::Fr;
use halo2curves::ff::Field;

use super::fold::{Atom, AtomId, Cell, Folded, Kind, Monomial};

/// Rows that an instruction works on.
pub(super) const BLOCK: usize = 32;

type NodeId = usize;

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Node {
    Cell(Cell),
    Product(NodeId, NodeId),
    Combination(Fr, Vec<(NodeId, Fr)>),
}

/// Where an instruction finds an operand.
#[derive(Clone, Copy, Debug)]
enum Operand {
    Cell(usize),
    Register(usize),
}

/// A coefficient by what it costs.
#[derive(Clone, Copy, Debug)]
enum Coefficient {
    One,
    MinusOne,
    Other(Fr),
}

#[derive(Debug)]
enum Operation {
    Product(Operand, Operand),
    Combination(Fr, Vec<(Operand, Coefficient)>),
}

#[derive(Debug)]
struct Instruction {
    register: usize,
    operation: Operation,
}

/// Straight-line code for one polynomial.
#[derive(Debug)]
pub(super) struct Program {
    cells: Vec<Cell>,
    instructions: Vec<Instruction>,
    registers: usize,
    result: Operand,
}

/// The columns over the coset that a program runs on.
#[derive(Clone, Copy)]
pub(super) struct Tables<'a> {
    pub fixed: &'a [Vec<Fr>],
    pub advice: &'a [Vec<Fr>],
    pub instance: &'a [Vec<Fr>],
}

impl<'a> Tables<'a> {
    /// One of the columns.
    pub fn column(&self, kind: Kind, column: usize) -> &'a [Fr] {
        match kind {
            Kind::Fixed => &self.fixed[column],
            Kind::Advice => &self.advice[column],
            Kind::Instance => &self.instance[column],
        }
    }
}

/// The rows `start .. start + len`, shifted by `rotation`, of a column that wraps around.
pub(super) fn window(column: &[Fr], start: usize, len: usize, rotation: i32) -> Cow<'_, [Fr]> {
    let n = column.len();
    let first = (start as i64 + i64::from(rotation)).rem_euclid(n as i64) as usize;
    match column.get(first..first + len) {
        Some(window) => Cow::Borrowed(window),
        None => Cow::Owned((0..len).map(|i| column[(first + i) % n]).collect()),
    }
}

impl Program {
    /// Compiles the folded gates.
    pub fn new(folded: &Folded) -> Self {
        let mut compiler = Compiler { folded, nodes: Vec::new(), index: HashMap::new(), atoms: HashMap::new() };
        let terms = folded.polynomial.iter().map(|(monomial, coefficient)| (monomial.clone(), *coefficient)).collect();
        let root = compiler.sum(terms);
        compiler.schedule(root)
    }

    /// Multiplications that a row costs.
    pub fn multiplications(&self) -> usize {
        let count = |instruction: &Instruction| match &instruction.operation {
            Operation::Product(..) => 1,
            Operation::Combination(_, terms) => {
                terms.iter().filter(|(_, coefficient)| matches!(coefficient, Coefficient::Other(_))).count()
            }
        };
        self.instructions.iter().map(count).sum()
    }

    /// Registers for one thread.
    pub fn registers(&self) -> Vec<[Fr; BLOCK]> {
        vec![[Fr::ZERO; BLOCK]; self.registers]
    }

    /// Writes the polynomial's values on the rows from `start` on: at most a block.
    pub fn run(&self, tables: Tables<'_>, start: usize, registers: &mut [[Fr; BLOCK]], values: &mut [Fr]) {
        let len = values.len();
        let cells: Vec<Cow<'_, [Fr]>> = self
            .cells
            .iter()
            .map(|cell| window(tables.column(cell.kind, cell.column), start, len, cell.rotation))
            .collect();
        for Instruction { register, operation } in &self.instructions {
            let mut block = [Fr::ZERO; BLOCK];
            match operation {
                Operation::Product(a, b) => {
                    let (a, b) = (operand(*a, &cells, registers), operand(*b, &cells, registers));
                    for ((value, a), b) in block.iter_mut().zip(a).zip(b) {
                        *value = a * b;
                    }
                }
                Operation::Combination(constant, terms) => {
                    block.fill(*constant);
                    for (term, coefficient) in terms {
                        let terms = block.iter_mut().zip(operand(*term, &cells, registers));
                        match coefficient {
                            Coefficient::One => terms.for_each(|(value, term)| *value += term),
                            Coefficient::MinusOne => terms.for_each(|(value, term)| *value -= term),
                            Coefficient::Other(factor) => terms.for_each(|(value, term)| *value += term * factor),
                        }
                    }
                }
            }
            registers[*register] = block;
        }
        values.copy_from_slice(&operand(self.result, &cells, registers)[..len]);
    }
}

fn operand<'a>(operand: Operand, cells: &'a [Cow<'_, [Fr]>], registers: &'a [[Fr; BLOCK]]) -> &'a [Fr] {
    match operand {
        Operand::Cell(cell) => &cells[cell],
        Operand::Register(register) => &registers[register],
    }
}

struct Compiler<'a> {
    folded: &'a Folded,
    nodes: Vec<Node>,
    index: HashMap<Node, NodeId>,
    atoms: HashMap<AtomId, NodeId>,
}

impl Compiler<'_> {
    fn node(&mut self, node: Node) -> NodeId {
        *self.index.entry(node).or_insert_with_key(|node| {
            self.nodes.push(node.clone());
            self.nodes.len() - 1
        })
    }

    /// A sum of terms: the atom that most of the mixed monomials share is factored out, and so on for the rest.
    fn sum(&mut self, mut terms: Vec<(Monomial, Fr)>) -> NodeId {
        let mut constant = Fr::ZERO;
        let mut parts = Vec::new();
        while let Some(atom) = self.most_shared(&terms) {
            let exponent_of = |monomial: &Monomial| monomial.iter().find(|(a, _)| *a == atom).map_or(0, |(_, e)| *e);
            let mixed = terms.iter().filter(|(monomial, _)| monomial.len() > 1);
            let exponent = mixed.map(|(monomial, _)| exponent_of(monomial)).filter(|e| *e > 0).min().unwrap_or(1);
            let (shared, rest): (Vec<_>, Vec<_>) = terms.into_iter().partition(|(monomial, _)| {
                let e = exponent_of(monomial);
                e == exponent || e > exponent && monomial.len() > 1
            });
            terms = rest;
            let quotients = shared.into_iter().map(|(monomial, coefficient)| {
                let reduce = |(a, e): (AtomId, u32)| (a, if a == atom { e - exponent } else { e });
                (monomial.into_iter().map(reduce).filter(|(_, e)| *e > 0).collect(), coefficient)
            });
            let quotient = self.sum(quotients.collect());
            let factor = self.power(atom, exponent);
            parts.push((self.product(factor, quotient), Fr::ONE));
        }
        for (monomial, coefficient) in terms {
            let factors: Vec<_> = monomial.into_iter().map(|(atom, exponent)| self.power(atom, exponent)).collect();
            match factors.into_iter().reduce(|a, b| self.product(a, b)) {
                Some(product) => parts.push((product, coefficient)),
                None => constant += coefficient,
            }
        }
        match parts[..] {
            [(node, coefficient)] if coefficient == Fr::ONE && constant == Fr::ZERO => node,
            _ => self.node(Node::Combination(constant, parts)),
        }
    }

    /// The atom to factor out next: one that at least two mixed monomials share, a selector if there is one.
    fn most_shared(&self, terms: &[(Monomial, Fr)]) -> Option<AtomId> {
        let mut counts = BTreeMap::<AtomId, usize>::new();
        for (atom, _) in terms.iter().map(|(monomial, _)| monomial).filter(|monomial| monomial.len() > 1).flatten() {
            *counts.entry(*atom).or_default() += 1;
        }
        let shared = counts.into_iter().filter(|(_, count)| *count > 1);
        shared
            .max_by_key(|(atom, count)| (self.folded.is_fixed[*atom], *count, std::cmp::Reverse(*atom)))
            .map(|(atom, _)| atom)
    }

    fn product(&mut self, a: NodeId, b: NodeId) -> NodeId {
        self.node(Node::Product(a.min(b), a.max(b)))
    }

    fn power(&mut self, atom: AtomId, exponent: u32) -> NodeId {
        if exponent == 1 {
            return self.atom(atom);
        }
        let half = self.power(atom, exponent / 2);
        let square = self.product(half, half);
        if exponent % 2 == 0 {
            return square;
        }
        let base = self.atom(atom);
        self.product(square, base)
    }

    fn atom(&mut self, atom: AtomId) -> NodeId {
        if let Some(node) = self.atoms.get(&atom) {
            return *node;
        }
        let folded = self.folded;
        let node = match &folded.atoms[atom] {
            Atom::Cell(cell) => self.node(Node::Cell(*cell)),
            Atom::Sum(terms) => self.sum(terms.clone()),
        };
        self.atoms.insert(atom, node);
        node
    }

    /// Orders what the root needs, depth first, and assigns registers that are free again after their last use.
    fn schedule(&self, root: NodeId) -> Program {
        let order = self.order(root);
        let mut uses = vec![0usize; self.nodes.len()];
        uses[root] = 1;
        for node in &order {
            operands(&self.nodes[*node]).for_each(|operand| uses[operand] += 1);
        }
        let mut program =
            Program { cells: Vec::new(), instructions: Vec::new(), registers: 0, result: Operand::Cell(0) };
        let mut places: Vec<Option<Operand>> = vec![None; self.nodes.len()];
        let mut free = Vec::new();
        for id in order {
            let node = &self.nodes[id];
            let place = |id: NodeId| places[id].unwrap_or(Operand::Cell(0));
            let operation = match node {
                Node::Cell(cell) => {
                    places[id] = Some(Operand::Cell(program.cells.len()));
                    program.cells.push(*cell);
                    continue;
                }
                Node::Product(a, b) => Operation::Product(place(*a), place(*b)),
                Node::Combination(constant, terms) => {
                    let terms = terms.iter().map(|(id, coefficient)| (place(*id), Coefficient::from(*coefficient)));
                    Operation::Combination(*constant, terms.collect())
                }
            };
            for operand in operands(node) {
                uses[operand] -= 1;
                if let (0, Some(Operand::Register(register))) = (uses[operand], places[operand]) {
                    free.push(register);
                }
            }
            let register = free.pop().unwrap_or_else(|| {
                program.registers += 1;
                program.registers - 1
            });
            places[id] = Some(Operand::Register(register));
            program.instructions.push(Instruction { register, operation });
        }
        program.result = places[root].unwrap_or(Operand::Cell(0));
        program
    }

    /// The nodes that the root needs, operands before their users.
    fn order(&self, root: NodeId) -> Vec<NodeId> {
        let mut order = Vec::new();
        let mut seen = vec![false; self.nodes.len()];
        let mut stack = vec![(root, false)];
        while let Some((node, ready)) = stack.pop() {
            if ready {
                order.push(node);
            } else if !std::mem::replace(&mut seen[node], true) {
                stack.push((node, true));
                stack.extend(
                    operands(&self.nodes[node]).filter(|operand| !seen[*operand]).map(|operand| (operand, false)),
                );
            }
        }
        order
    }
}

fn operands(node: &Node) -> Box<dyn Iterator<Item = NodeId> + '_> {
    match node {
        Node::Cell(_) => Box::new(std::iter::empty()),
        Node::Product(a, b) => Box::new([*a, *b].into_iter()),
        Node::Combination(_, terms) => Box::new(terms.iter().map(|(node, _)| *node)),
    }
}

impl From<Fr> for Coefficient {
    fn from(factor: Fr) -> Self {
        if factor == Fr::ONE {
            Self::One
        } else if factor == -Fr::ONE {
            Self::MinusOne
        } else {
            Self::Other(factor)
        }
    }
}
