//! Gadget: lays an operation's fields into the words of its signed bytes and the chunks of its public data.
//!
//! Order and widths come from the table of operations, which the encoder follows as well; a program only says what each field
//! holds. Where a word or a chunk ends within a value, the value is cut in two.

use super::amount::{Cut, Packed, cut_value};
use crate::circuit::slot::{Builder, Part, Var};
use crate::operation::field::{Field, breaks};
use crate::operation::table::{PublicFields, SignedFields};
use crate::operation::{CHUNK_BYTES, WORD_BYTES};

/// What a field holds.
#[derive(Clone, Copy)]
pub enum Cell<'a> {
    /// A value that is known to fit the field's width.
    Value(Var),
    /// A value of the field's width that has been cut wherever it has to be.
    Cut(&'a Cut),
}

impl From<Var> for Cell<'_> {
    fn from(value: Var) -> Self {
        Self::Value(value)
    }
}

impl From<Packed> for Cell<'_> {
    fn from(amount: Packed) -> Self {
        Self::Value(amount.packed)
    }
}

impl<'a> From<&'a Cut> for Cell<'a> {
    fn from(cut: &'a Cut) -> Self {
        Self::Cut(cut)
    }
}

/// The words of the signed bytes.
pub fn signed_words<'a, F: SignedFields<Cell<'a>>>(b: &mut Builder, fields: &F) -> Vec<Var> {
    lay(b, WORD_BYTES, F::CODE, F::SIGNED, &fields.signed())
}

/// The chunks of the public data, padded to the kind's number of them.
pub fn pubdata<'a, F: PublicFields<Cell<'a>>>(b: &mut Builder, fields: &F) -> Vec<Var> {
    let mut chunks = lay(b, CHUNK_BYTES, F::KIND.code(), F::PUBLIC, &fields.public());
    chunks.resize(F::KIND.chunks(), b.zero());
    chunks
}

fn lay(b: &mut Builder, width: usize, code: u8, fields: &[Field], cells: &[Cell<'_>]) -> Vec<Var> {
    let mut parts = vec![Part::Constant(code.into(), 1)];
    for ((field, breaks), cell) in fields.iter().zip(breaks(fields, width)).zip(cells) {
        let bytes = field.form.bytes();
        match *cell {
            Cell::Cut(cut) => {
                debug_assert_eq!(cut.bytes(), bytes, "the field {}", field.name);
                parts.extend(cut.parts());
            }
            Cell::Value(value) if breaks.is_empty() => parts.push(Part::Value(value, bytes)),
            Cell::Value(value) => parts.extend(cut_value(b, value, bytes, &breaks).parts()),
        }
    }
    b.words(width, &parts)
}
