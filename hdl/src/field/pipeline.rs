//! Writes pipelined arithmetic as Verilog text and keeps the schedule.
//!
//! A [`Value`] is a number whose bits may become valid at different cycles: additions are cut into segments, and a
//! segment's carry reaches the next one a cycle later, so that no carry chain is longer than a segment and no cycle is
//! spent on waiting for the whole number. Operands that come too early are delayed by registers, which operations on the
//! same value share. What the text's latency is follows from how it was built.

use std::collections::BTreeMap;
use std::fmt::Write;

use num_bigint::BigUint;

#[derive(Clone, Debug)]
enum Source {
    Register(String),
    Constant(BigUint),
}

/// Bits that become valid together.
#[derive(Clone, Debug)]
struct Piece {
    source: Source,
    low: usize,
    width: usize,
    stage: usize,
}

/// A number, its pieces from the low to the high bits.
#[derive(Clone, Debug, Default)]
pub(super) struct Value {
    pieces: Vec<Piece>,
}

impl Value {
    /// `value` as a number of `width` bits.
    pub(super) fn constant(value: BigUint, width: usize) -> Self {
        let source = Source::Constant(value);
        Self { pieces: if width == 0 { vec![] } else { vec![Piece { source, low: 0, width, stage: 0 }] } }
    }

    fn zero(width: usize) -> Self {
        Self::constant(BigUint::ZERO, width)
    }

    /// Number of bits.
    pub(super) fn width(&self) -> usize {
        self.pieces.iter().map(|piece| piece.width).sum()
    }

    /// The cycle at which the last bit becomes valid.
    pub(super) fn stage(&self) -> usize {
        self.pieces.iter().map(|piece| piece.stage).max().unwrap_or(0)
    }

    /// `width` bits from bit `low` on; zeros above the value's own.
    pub(super) fn bits(&self, low: usize, width: usize) -> Self {
        let mut pieces = Vec::new();
        let mut start = 0;
        for piece in &self.pieces {
            let from = low.max(start);
            let to = (low + width).min(start + piece.width);
            if from < to {
                pieces.push(Piece { low: piece.low + from - start, width: to - from, ..piece.clone() });
            }
            start += piece.width;
        }
        let missing = width - pieces.iter().map(|piece| piece.width).sum::<usize>();
        Self { pieces }.then(&Self::zero(missing))
    }

    /// This value in the low bits, `high` above it.
    pub(super) fn then(&self, high: &Self) -> Self {
        Self { pieces: self.pieces.iter().chain(&high.pieces).cloned().collect() }
    }

    /// The value times 2^by.
    pub(super) fn shifted(&self, by: usize) -> Self {
        Self::zero(by).then(self)
    }

    /// How many of the low bits are known to be zero.
    fn low_zeros(&self) -> usize {
        let mut zeros = 0;
        for piece in &self.pieces {
            match &piece.source {
                Source::Constant(value) => match (value >> piece.low).trailing_zeros() {
                    Some(count) if (count as usize) < piece.width => return zeros + count as usize,
                    _ => zeros += piece.width,
                },
                Source::Register(_) => return zeros,
            }
        }
        zeros
    }
}

/// The text so far.
pub(super) struct Pipeline {
    text: String,
    segment: usize,
    /// How many registers have a label.
    labels: BTreeMap<&'static str, usize>,
    /// Width of each register, and how many delays of it exist.
    registers: BTreeMap<String, (usize, usize)>,
}

impl Pipeline {
    /// An empty text whose additions are cut into segments of that many bits.
    pub(super) fn new(segment: usize) -> Self {
        Self { text: String::new(), segment, labels: BTreeMap::new(), registers: BTreeMap::new() }
    }

    /// A port that is valid at cycle 0.
    pub(super) fn input(&mut self, name: &str, width: usize) -> Value {
        self.registers.insert(name.to_owned(), (width, 0));
        Value { pieces: vec![Piece { source: Source::Register(name.to_owned()), low: 0, width, stage: 0 }] }
    }

    /// A register that takes `expression` and is valid at `stage`.
    pub(super) fn register(&mut self, label: &'static str, width: usize, stage: usize, expression: &str) -> Value {
        let count = self.labels.entry(label).or_default();
        *count += 1;
        let name = format!("{label}_{count}");
        self.declare(&name, width, expression);
        Value { pieces: vec![Piece { source: Source::Register(name), low: 0, width, stage }] }
    }

    /// Text that no value depends on: a declaration.
    pub(super) fn line(&mut self, text: &str) {
        self.text += text;
        self.text.push('\n');
    }

    fn declare(&mut self, name: &str, width: usize, expression: &str) {
        self.registers.insert(name.to_owned(), (width, 0));
        let _ = writeln!(self.text, "reg [{}:0] {name};\nalways @(posedge clock) {name} <= {expression};", width - 1);
    }

    /// An expression for the value as it is at cycle `stage`.
    pub(super) fn at(&mut self, value: &Value, stage: usize) -> String {
        let parts: Vec<_> = value.pieces.iter().rev().map(|piece| self.piece_at(piece, stage)).collect();
        if parts.len() == 1 { parts.concat() } else { format!("{{{}}}", parts.join(", ")) }
    }

    fn piece_at(&mut self, piece: &Piece, stage: usize) -> String {
        let Piece { source, low, width, .. } = piece;
        match source {
            Source::Constant(value) => {
                let bits = (value >> low) % (BigUint::from(1u32) << width);
                format!("{width}'h{bits:x}")
            }
            Source::Register(name) => {
                let name = self.delayed(name, stage - piece.stage);
                format!("{name}[{}:{low}]", low + width - 1)
            }
        }
    }

    fn delayed(&mut self, name: &str, by: usize) -> String {
        let label = |count| if count == 0 { name.to_owned() } else { format!("{name}_d{count}") };
        let (width, have) = self.registers.get(name).copied().unwrap_or((1, 0));
        for count in have..by {
            self.declare(&label(count + 1), width, &label(count));
        }
        self.registers.insert(name.to_owned(), (width, have.max(by)));
        label(by)
    }

    /// `left` + `right`, which the caller knows to be below 2^width.
    pub(super) fn add(&mut self, label: &'static str, left: &Value, right: &Value, width: usize) -> Value {
        let (left, right) = if right.low_zeros() < left.low_zeros() { (right, left) } else { (left, right) };
        self.segments(label, left, right, width, ("+", 1))
    }

    /// `left` - `right`, which the caller knows not to be negative and to be below 2^width.
    pub(super) fn subtract(&mut self, label: &'static str, left: &Value, right: &Value, width: usize) -> Value {
        self.segments(label, left, right, width, ("-", 0))
    }

    /// `operator` and the bit below the left operand that lets a carry below the right one through.
    fn segments(
        &mut self,
        label: &'static str,
        left: &Value,
        right: &Value,
        width: usize,
        (operator, below): (&str, u8),
    ) -> Value {
        let mut low = right.low_zeros().min(width);
        let mut sum = left.bits(0, low);
        let mut carry: Option<Value> = None;
        while low < width {
            let size = self.segment.min(width - low);
            let (x, y) = (left.bits(low, size), right.bits(low, size));
            let stage = x.stage().max(y.stage()).max(carry.as_ref().map_or(0, Value::stage));
            let (x, y) = (self.at(&x, stage), self.at(&y, stage));
            let last = low + size == width;
            let bits = size + usize::from(!last);
            let register = match &carry {
                // One more bit below both operands lets the carry into the chain.
                Some(carry) => {
                    let carry = self.at(carry, stage);
                    let expression = format!("({{1'b0, {x}, 1'b{below}}} {operator} {{1'b0, {y}, {carry}}}) >> 1");
                    self.register(label, bits, stage + 1, &expression)
                }
                None => self.register(label, bits, stage + 1, &format!("{{1'b0, {x}}} {operator} {{1'b0, {y}}}")),
            };
            sum = sum.then(&register.bits(0, size));
            carry = Some(register.bits(size, 1));
            low += size;
        }
        sum
    }

    /// `yes` where `condition` is set, `no` elsewhere.
    pub(super) fn select(
        &mut self,
        label: &'static str,
        condition: &Value,
        yes: &Value,
        no: &Value,
        width: usize,
    ) -> Value {
        let mut selected = Value::default();
        while selected.width() < width {
            let low = selected.width();
            let size = self.segment.min(width - low);
            let (x, y) = (yes.bits(low, size), no.bits(low, size));
            let stage = condition.stage().max(x.stage()).max(y.stage());
            let expression = format!("{} ? {} : {}", self.at(condition, stage), self.at(&x, stage), self.at(&y, stage));
            selected = selected.then(&self.register(label, size, stage + 1, &expression));
        }
        selected
    }

    /// Drives the port with the value once all its bits are there, and says when that is.
    pub(super) fn output(&mut self, port: &str, value: &Value) -> usize {
        let stage = value.stage();
        let expression = self.at(value, stage);
        self.line(&format!("always @(*) {port} = {expression};"));
        stage
    }

    /// The text.
    pub(super) fn finish(self) -> String {
        self.text
    }
}
