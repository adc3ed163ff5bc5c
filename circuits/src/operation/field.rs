//! Fields and their values: what the table of operations is made of, and how values follow each other as bytes.
//!
//! Encoder and circuit lay fields alike: a code of one byte, then every field in its width, big-endian, in words of a fixed
//! number of bytes. The circuit has to cut a value where a word ends within it; [`breaks`] says where that is.

use super::{Form, Owner, PubKeyHash};
use crate::operation::{OrderNonce, Price};
use crate::packing::Packed;

/// A named field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field {
    /// Name, as in JSON.
    pub name: &'static str,
    /// Width and values.
    pub form: Form,
}

impl Field {
    /// A field of a form.
    pub const fn new(name: &'static str, form: Form) -> Self {
        Self { name, form }
    }
}

/// A field's value: an unsigned integer of 32 bytes, big-endian.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Value([u8; 32]);

impl Value {
    fn right_aligned(bytes: &[u8]) -> Self {
        let mut value = Self::default();
        let unused = value.0.len() - bytes.len();
        value.0[unused..].copy_from_slice(bytes);
        value
    }

    /// The last `N` bytes.
    pub fn low<const N: usize>(&self) -> [u8; N] {
        std::array::from_fn(|i| self.0[self.0.len() - N + i])
    }

    /// Whether all bytes are zero.
    pub fn is_zero(&self) -> bool {
        self.0 == [0; 32]
    }
}

macro_rules! from_integers {
    ($($integer:ty),*) => {$(
        impl From<$integer> for Value {
            fn from(integer: $integer) -> Self {
                Self::right_aligned(&integer.to_be_bytes())
            }
        }
    )*};
}

from_integers!(u8, u16, u32, u64, u128);

impl From<bool> for Value {
    fn from(flag: bool) -> Self {
        u8::from(flag).into()
    }
}

impl From<Owner> for Value {
    fn from(owner: Owner) -> Self {
        Self(owner.0)
    }
}

impl From<PubKeyHash> for Value {
    fn from(hash: PubKeyHash) -> Self {
        Self::right_aligned(&hash.0)
    }
}

impl<const MANTISSA: u32> From<Packed<MANTISSA>> for Value {
    fn from(packed: Packed<MANTISSA>) -> Self {
        packed.bits().into()
    }
}

impl From<Price> for Value {
    fn from(price: Price) -> Self {
        price.value().into()
    }
}

impl From<OrderNonce> for Value {
    fn from(nonce: OrderNonce) -> Self {
        u32::from(nonce).into()
    }
}

/// The code and the values of fields, one after the other, each in its field's width.
pub fn encode(code: u8, fields: &[Field], values: &[Value]) -> Vec<u8> {
    let mut bytes = vec![code];
    for (field, value) in fields.iter().zip(values) {
        let (unused, used) = value.0.split_at(value.0.len() - field.form.bytes());
        debug_assert!(unused.iter().all(|byte| *byte == 0), "{} does not hold {value:?}", field.name);
        bytes.extend_from_slice(used);
    }
    bytes
}

/// Bytes of the code and the fields, without padding.
pub fn length(fields: &[Field]) -> usize {
    1 + fields.iter().map(|field| field.form.bytes()).sum::<usize>()
}

/// For each field that follows the code: the offsets in it at which one word of `width` bytes ends and the next one begins.
pub fn breaks(fields: &[Field], width: usize) -> impl Iterator<Item = Vec<usize>> {
    let mut end = 1;
    fields.iter().map(move |field| {
        let start = end;
        end += field.form.bytes();
        (start + 1..end).filter(|at| at.is_multiple_of(width)).map(|at| at - start).collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIELDS: [Field; 3] =
        [Field::new("chain", Form::Chain), Field::new("amount", Form::Amount), Field::new("fee", Form::PackedFee)];

    #[test]
    fn values_follow_the_code_in_their_fields_widths() {
        let bytes = encode(9, &FIELDS, &[3u8.into(), 258u128.into(), 5u64.into()]);
        let amount = [0; 14].into_iter().chain([1, 2]);
        assert_eq!(bytes, [9, 3].into_iter().chain(amount).chain([0, 5]).collect::<Vec<u8>>());
        assert_eq!(bytes.len(), length(&FIELDS));
    }

    #[test]
    fn a_field_breaks_where_a_word_ends_within_it() {
        let all = |width| breaks(&FIELDS, width).collect::<Vec<Vec<usize>>>();
        let none = Vec::new;
        assert_eq!(all(18), [none(), none(), none()]);
        assert_eq!(all(19), [none(), none(), vec![1]]);
        assert_eq!(all(6), [none(), vec![4, 10], none()]);
    }
}
