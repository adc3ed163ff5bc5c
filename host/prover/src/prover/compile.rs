//! From the folded gates to straight-line code.
//!
//! The polynomial is factored greedily, selectors first: what many terms share is multiplied once. Powers, products and
//! sums that recur become one node of a graph. The graph is then ordered depth first, products that are used once go
//! into the sum that they are part of, and every other node gets a register that is free again after its last use.

use std::collections::{BTreeMap, HashMap};

use halo2curves::bn256::Fr;
use halo2curves::ff::Field;

use super::fold::{Atom, AtomId, Cell, Folded, Monomial};
use super::program::{Instruction, Operand, Program, Term};

type NodeId = usize;

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Node {
    Cell(Cell),
    Product(NodeId, NodeId),
    Combination(Fr, Vec<(NodeId, Fr)>),
}

/// Compiles the folded gates.
pub(super) fn compile(folded: &Folded) -> Program {
    let mut compiler = Compiler { folded, nodes: Vec::new(), index: HashMap::new(), atoms: HashMap::new() };
    let terms = folded.polynomial.iter().map(|(monomial, coefficient)| (monomial.clone(), *coefficient)).collect();
    let root = compiler.sum(terms);
    compiler.schedule(root)
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
        if exponent.is_multiple_of(2) {
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
        let inlined = self.inlined(&order);
        let mut uses = vec![0usize; self.nodes.len()];
        uses[root] = 1;
        let kept = order.iter().filter(|node| !inlined[**node]);
        for operand in kept.flat_map(|node| self.terms(*node, &inlined)).flat_map(Term::operands) {
            uses[operand] += 1;
        }
        let mut program =
            Program { cells: Vec::new(), instructions: Vec::new(), registers: 0, result: Operand::Cell(0) };
        let mut places: Vec<Option<Operand>> = vec![None; self.nodes.len()];
        let mut free = Vec::new();
        for id in order {
            let constant = match &self.nodes[id] {
                _ if inlined[id] => continue,
                Node::Cell(cell) => {
                    places[id] = Some(Operand::Cell(program.cells.len()));
                    program.cells.push(*cell);
                    continue;
                }
                Node::Product(..) => Fr::ZERO,
                Node::Combination(constant, _) => *constant,
            };
            let terms = self.terms(id, &inlined);
            let place = |id: NodeId| places[id].unwrap_or(Operand::Cell(0));
            let placed = terms.iter().map(|term| term.map(place)).collect();
            for operand in terms.into_iter().flat_map(Term::operands) {
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
            program.instructions.push(Instruction { register, constant, terms: placed });
        }
        program.result = places[root].unwrap_or(Operand::Cell(0));
        program
    }

    /// The products that are nothing but a summand of one sum: they become its terms.
    fn inlined(&self, order: &[NodeId]) -> Vec<bool> {
        let mut users = vec![0usize; self.nodes.len()];
        order.iter().flat_map(|node| operands(&self.nodes[*node])).for_each(|operand| users[operand] += 1);
        let mut inlined = vec![false; self.nodes.len()];
        for node in order {
            let Node::Combination(_, parts) = &self.nodes[*node] else { continue };
            for (part, factor) in parts {
                let product = matches!(self.nodes[*part], Node::Product(..));
                inlined[*part] = product && users[*part] == 1 && *factor == Fr::ONE;
            }
        }
        inlined
    }

    /// What a node is the sum of.
    fn terms(&self, node: NodeId, inlined: &[bool]) -> Vec<Term<NodeId>> {
        match &self.nodes[node] {
            Node::Cell(_) => Vec::new(),
            Node::Product(a, b) => vec![Term::Product(*a, *b)],
            Node::Combination(_, parts) => {
                let term = |(part, factor): &(NodeId, Fr)| match self.nodes[*part] {
                    Node::Product(a, b) if inlined[*part] => Term::Product(a, b),
                    _ => Term::scaled(*part, *factor),
                };
                parts.iter().map(term).collect()
            }
        }
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

#[cfg(test)]
mod tests {
    use super::super::program::Tables;
    use super::super::vector::VectorProgram;
    use super::*;
    use halo2_axiom::plonk::{Advice, ColumnType, ConstraintSystem, Expression, FirstPhase, Fixed, Instance};
    use halo2_axiom::poly::Rotation;
    use proptest::prelude::*;
    use rand::SeedableRng;
    use rand_chacha::ChaCha20Rng;

    const ROWS: usize = 80;
    const COLUMNS: usize = 3;

    /// An expression in reverse Polish notation.
    fn expression(tokens: &[(u8, u8, i8)]) -> Expression<Fr> {
        let mut stack: Vec<Expression<Fr>> = Vec::new();
        for &(kind, column, number) in tokens {
            let (column, rotation) = (usize::from(column) % COLUMNS, i32::from(number) % 4);
            let number = if number < 0 { -Fr::from(u64::from(number.unsigned_abs())) } else { Fr::from(number as u64) };
            let leaf = match kind % 12 {
                0 => Expression::Constant(number),
                1 | 2 => Fixed.query_cell(column, Rotation(rotation)),
                3 => Instance.query_cell(column, Rotation(rotation)),
                4..=6 => Advice::new(FirstPhase).query_cell(column, Rotation(rotation)),
                operation => {
                    let (Some(b), Some(a)) = (stack.pop(), stack.pop()) else {
                        stack.clear();
                        continue;
                    };
                    match operation {
                        7 => a - b,
                        8 => a + b * number,
                        9 if a.degree() + b.degree() <= 8 => a * b,
                        _ => a + b,
                    }
                }
            };
            stack.push(leaf);
        }
        stack.into_iter().reduce(|a, b| a + b).unwrap_or(Expression::Constant(Fr::ONE))
    }

    fn column(n: usize, rng: &mut ChaCha20Rng) -> Vec<Fr> {
        (0..n).map(|_| Fr::random(&mut *rng)).collect()
    }

    proptest! {
        #[test]
        fn folded_gates_have_the_value_of_the_gates(
            gates in proptest::collection::vec(proptest::collection::vec(any::<(u8, u8, i8)>(), 1..30), 0..6),
            y in 0u64..4,
        ) {
            let mut cs = ConstraintSystem::<Fr>::default();
            for _ in 0..COLUMNS {
                cs.fixed_column();
                cs.advice_column();
                cs.instance_column();
            }
            let expressions: Vec<_> = gates.iter().map(|tokens| expression(tokens)).collect();
            for expression in &expressions {
                // A gate without a query is refused.
                let query = Fixed.query_cell::<Fr>(0, Rotation::cur()) * Fr::from(3);
                cs.create_gate("gate", |_| vec![expression.clone() + query]);
            }
            let mut rng = ChaCha20Rng::from_seed([y as u8; 32]);
            let mut table = || (0..COLUMNS).map(|_| column(ROWS, &mut rng)).collect::<Vec<_>>();
            let (fixed, advice, instance) = (table(), table(), table());
            let tables = Tables { fixed: &fixed, advice: &advice, instance: &instance };
            let (y, scale) = (Fr::from(y), Fr::from(5));
            let program = compile(&Folded::new(&cs, &[], y, scale));

            let mut values = vec![Fr::ZERO; ROWS];
            program.run(tables, 0, &mut values);
            if let Some(program) = VectorProgram::new(&program) {
                let mut vectors = vec![Fr::ZERO; ROWS];
                for (task, vectors) in vectors.chunks_mut(25).enumerate() {
                    program.run(tables, 25 * task, vectors);
                }
                prop_assert_eq!(&vectors, &values);
            }
            for (row, value) in values.into_iter().enumerate() {
                let at = |table: &[Vec<Fr>], column: usize, rotation: i32| {
                    table[column][(row as i32 + rotation).rem_euclid(ROWS as i32) as usize]
                };
                let expected = cs.gates().iter().flat_map(|gate| gate.polynomials()).fold(Fr::ZERO, |sum, gate| {
                    sum * y + gate.evaluate(
                        &|constant| constant,
                        &|_| unreachable!(),
                        &|query| at(&fixed, query.column_index(), query.rotation().0),
                        &|query| at(&advice, query.column_index(), query.rotation().0),
                        &|query| at(&instance, query.column_index(), query.rotation().0),
                        &|_| unreachable!(),
                        &|a| -a,
                        &|a, b| a + b,
                        &|a, b| a * b,
                        &|a, factor| a * factor,
                    )
                });
                prop_assert_eq!(value, expected * scale, "row {}", row);
            }
        }
    }

    #[test]
    fn like_terms_of_gates_under_one_selector_merge() {
        let mut cs = ConstraintSystem::<Fr>::default();
        let (selector, a, b) = (cs.fixed_column(), cs.advice_column(), cs.advice_column());
        for coefficient in 1..20 {
            cs.create_gate("gate", |_| {
                let (x, y): (Expression<Fr>, Expression<Fr>) = (a.cur(), b.cur());
                let fifth = x.clone() * x.clone() * x.clone() * x.clone() * x;
                vec![selector.cur() * (fifth * Fr::from(coefficient) - y)]
            });
        }
        // a², a⁴, a⁵, two coefficients, the selector.
        assert_eq!(compile(&Folded::new(&cs, &[], Fr::from(7), Fr::from(3))).multiplications(), 6);
    }
}
