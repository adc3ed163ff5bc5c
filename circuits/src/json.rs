//! Reads JSON in exactly one form, and says where it is wrong.
//!
//! What serde derives takes more than it writes: a struct also from an array of its fields in order, a variant without
//! content also from `{"name": null}`, an absent field also from `null`. Two programs could then read one text as two
//! things, and a hash of the text would not be a hash of the content. Here every value has the one form that this
//! program writes: structs are objects, optional fields are left out, variants without content are strings.
//!
//! ```text
//! file, stdin --read--> bytes, within a limit --from_slice--> UTF-8 without mark --from_str--> T
//!                                                             serde_json <- OneForm <- path <- T
//! ```
//! The layers of the last step: serde_json parses, `OneForm` asks it for objects only, `serde_path_to_error` keeps the
//! path. Repeated fields are refused by what serde derives. Whitespace, the order of fields and escapes within strings are
//! JSON's own and free.

use std::borrow::Cow;
use std::fmt;
use std::io::{self, Read};

use serde::de::value::StrDeserializer;
use serde::de::{
    Deserialize, DeserializeOwned, DeserializeSeed, Deserializer, EnumAccess, Error, IgnoredAny, MapAccess, SeqAccess,
    VariantAccess, Visitor,
};
use serde_path_to_error::Path;

/// Characters of a message up to which it is shown whole: more than any message without a stranger's text has.
const LONGEST: usize = 320;
/// Characters shown of the beginning and of the end of a longer one. What is wrong stands at one of them.
const ENDS: [usize; 2] = [80, 160];
/// The byte-order mark that some editors put before UTF-8.
const MARK: char = '\u{feff}';

/// Why a text is not taken.
#[derive(Debug, thiserror::Error)]
pub enum JsonError {
    /// The source failed.
    #[error("it cannot be read: {0}")]
    Read(io::Error),
    /// The source does not end within the limit.
    #[error("it has more than {limit} bytes")]
    TooLong {
        /// The limit in bytes.
        limit: u64,
    },
    /// Two-byte characters, as some editors write them.
    #[error("its text is UTF-16: save it as UTF-8")]
    Utf16,
    /// Bytes that are no characters.
    #[error("its text is not UTF-8 (line {line}, byte {byte} of it)")]
    NotUtf8 {
        /// The line, from 1.
        line: usize,
        /// The byte's position in the line, from 1.
        byte: usize,
    },
    /// Not JSON, or something after its end.
    #[error("{what} (line {line}, column {column})")]
    Syntax {
        /// What is wrong, at most a few hundred characters.
        what: String,
        /// The line, from 1.
        line: usize,
        /// The byte's position in the line, from 1; 0 before the first.
        column: usize,
    },
    /// JSON, but not of the form that is read.
    #[error("{path}: {what} (line {line}, column {column})")]
    Form {
        /// Where in the value, as in `operations[3].transfer.body.amount`.
        path: String,
        /// What is wrong, at most a few hundred characters.
        what: String,
        /// The line, from 1.
        line: usize,
        /// The byte's position in the line, from 1; 0 before the first.
        column: usize,
    },
}

/// Reads a source to its end, but no more than `limit` bytes.
///
/// # Errors
/// [`JsonError::Read`], [`JsonError::TooLong`].
pub fn read(source: impl Read, limit: u64) -> Result<Vec<u8>, JsonError> {
    let mut bytes = Vec::new();
    source.take(limit.saturating_add(1)).read_to_end(&mut bytes).map_err(JsonError::Read)?;
    if bytes.len() as u64 > limit { Err(JsonError::TooLong { limit }) } else { Ok(bytes) }
}

/// The text of these bytes: UTF-8, without a byte-order mark if there is one.
///
/// # Errors
/// [`JsonError::Utf16`], [`JsonError::NotUtf8`].
pub fn text(bytes: &[u8]) -> Result<&str, JsonError> {
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        return Err(JsonError::Utf16);
    }
    let text = str::from_utf8(bytes).map_err(|error| {
        let good = &bytes[..error.valid_up_to()];
        let start = good.iter().rposition(|byte| *byte == b'\n').map_or(0, |newline| newline + 1);
        let line = 1 + good.iter().filter(|byte| **byte == b'\n').count();
        JsonError::NotUtf8 { line, byte: 1 + good.len() - start }
    })?;
    Ok(text.strip_prefix(MARK).unwrap_or(text))
}

/// Reads a value from bytes.
///
/// # Errors
/// What the text is instead, and where.
pub fn from_slice<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, JsonError> {
    from_str(text(bytes)?)
}

/// Reads a value from text.
///
/// # Errors
/// What the text is instead, and where.
pub fn from_str<'de, T: Deserialize<'de>>(text: &'de str) -> Result<T, JsonError> {
    let mut json = serde_json::Deserializer::from_str(text.strip_prefix(MARK).unwrap_or(text));
    let value = serde_path_to_error::deserialize(OneForm(&mut json))
        .map_err(|error| located(Some(error.path()), error.inner()))?;
    json.end().map_err(|error| located(None, &error))?;
    Ok(value)
}

/// An error of serde_json's with its place told apart from its words.
fn located(path: Option<&Path>, error: &serde_json::Error) -> JsonError {
    let (line, column) = (error.line(), error.column());
    let text = error.to_string();
    let what = text.strip_suffix(&format!(" at line {line} column {column}")).unwrap_or(&text);
    let what = shortened(what).into_owned();
    match path {
        Some(path) if error.is_data() && path.iter().next().is_some() => {
            JsonError::Form { path: shortened(&path.to_string()).into_owned(), what, line, column }
        }
        _ => JsonError::Syntax { what, line, column },
    }
}

/// A message that may quote a stranger's text: its ends only if it is long, control characters escaped.
fn shortened(text: &str) -> Cow<'_, str> {
    let length = text.chars().count();
    if length <= LONGEST && !text.contains(char::is_control) {
        return Cow::Borrowed(text);
    }
    let escaped = |part: &mut dyn Iterator<Item = char>| -> String {
        part.flat_map(|character| {
            let control = character.is_control();
            control.then(|| character.escape_default()).into_iter().flatten().chain((!control).then_some(character))
        })
        .collect()
    };
    if length <= LONGEST {
        return Cow::Owned(escaped(&mut text.chars()));
    }
    let [first, last] = ENDS;
    let left_out = length - first - last;
    let (start, end) = (escaped(&mut text.chars().take(first)), escaped(&mut text.chars().skip(first + left_out)));
    Cow::Owned(format!("{start}… {left_out} characters left out …{end}"))
}

/// Around a deserializer, and around everything that it hands out: has objects made of structs and nothing else.
struct OneForm<T>(T);

/// Each method hands on to the inner deserializer, with the visitor wrapped as well.
macro_rules! forward {
    ($($method:ident($($argument:ident: $type:ty),*)),* $(,)?) => {
        $(fn $method<V: Visitor<'de>>(self, $($argument: $type,)* visitor: V) -> Result<V::Value, D::Error> {
            self.0.$method($($argument,)* OneForm(visitor))
        })*
    };
}

impl<'de, D: Deserializer<'de>> Deserializer<'de> for OneForm<D> {
    type Error = D::Error;

    forward! {
        deserialize_bool(), deserialize_i8(), deserialize_i16(), deserialize_i32(), deserialize_i64(), deserialize_i128(),
        deserialize_u8(), deserialize_u16(), deserialize_u32(), deserialize_u64(), deserialize_u128(), deserialize_f32(),
        deserialize_f64(), deserialize_char(), deserialize_str(), deserialize_string(), deserialize_bytes(),
        deserialize_byte_buf(), deserialize_unit(), deserialize_unit_struct(name: &'static str),
        deserialize_newtype_struct(name: &'static str), deserialize_seq(), deserialize_tuple(length: usize),
        deserialize_tuple_struct(name: &'static str, length: usize), deserialize_map(), deserialize_identifier(),
        deserialize_ignored_any(),
    }

    /// An object; the visitor would take an array too.
    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        self.0.deserialize_map(OneForm(visitor))
    }

    /// Absent fields never come here: `null` is nothing but a value of the wrong form.
    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        visitor.visit_some(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        self.0.deserialize_any(Variants(visitor))
    }

    /// Untagged and internally tagged enums take any form and choose later: none is read here.
    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, D::Error> {
        Err(D::Error::custom("this program reads a type here that has no one form; please report this"))
    }

    fn is_human_readable(&self) -> bool {
        self.0.is_human_readable()
    }
}

/// Each method hands on to the inner visitor.
macro_rules! hand_on {
    ($($method:ident($type:ty)),* $(,)?) => {
        $(fn $method<E: Error>(self, value: $type) -> Result<V::Value, E> {
            self.0.$method(value)
        })*
    };
}

impl<'de, V: Visitor<'de>> Visitor<'de> for OneForm<V> {
    type Value = V::Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.expecting(formatter)
    }

    hand_on! {
        visit_bool(bool), visit_i8(i8), visit_i16(i16), visit_i32(i32), visit_i64(i64), visit_i128(i128), visit_u8(u8),
        visit_u16(u16), visit_u32(u32), visit_u64(u64), visit_u128(u128), visit_f32(f32), visit_f64(f64),
        visit_char(char), visit_str(&str), visit_borrowed_str(&'de str), visit_string(String), visit_bytes(&[u8]),
        visit_borrowed_bytes(&'de [u8]), visit_byte_buf(Vec<u8>),
    }

    fn visit_unit<E: Error>(self) -> Result<V::Value, E> {
        self.0.visit_unit()
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, inner: D) -> Result<V::Value, D::Error> {
        self.0.visit_newtype_struct(OneForm(inner))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<V::Value, A::Error> {
        self.0.visit_seq(OneForm(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<V::Value, A::Error> {
        self.0.visit_map(OneForm(map))
    }
}

impl<'de, S: DeserializeSeed<'de>> DeserializeSeed<'de> for OneForm<S> {
    type Value = S::Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<S::Value, D::Error> {
        self.0.deserialize(OneForm(deserializer))
    }
}

impl<'de, A: SeqAccess<'de>> SeqAccess<'de> for OneForm<A> {
    type Error = A::Error;

    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, A::Error> {
        self.0.next_element_seed(OneForm(seed))
    }

    fn size_hint(&self) -> Option<usize> {
        self.0.size_hint()
    }
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for OneForm<A> {
    type Error = A::Error;

    fn next_key_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, A::Error> {
        self.0.next_key_seed(seed)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, A::Error> {
        self.0.next_value_seed(OneForm(seed))
    }

    fn size_hint(&self) -> Option<usize> {
        self.0.size_hint()
    }
}

/// Reads an enum: a string is a variant without content, an object with one entry one with content.
struct Variants<V>(V);

impl<'de, V: Visitor<'de>> Visitor<'de> for Variants<V> {
    type Value = V::Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.expecting(formatter)
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<V::Value, E> {
        self.0.visit_enum(StrDeserializer::new(name))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<V::Value, A::Error> {
        self.0.visit_enum(Entry(map))
    }
}

/// The one entry of an object: the variant's name, and its content.
struct Entry<A>(A);

impl<'de, A: MapAccess<'de>> EnumAccess<'de> for Entry<A> {
    type Error = A::Error;
    type Variant = Self;

    fn variant_seed<S: DeserializeSeed<'de>>(mut self, seed: S) -> Result<(S::Value, Self), A::Error> {
        match self.0.next_key_seed(seed)? {
            Some(variant) => Ok((variant, self)),
            None => Err(A::Error::custom("the object is empty: its one entry would say what it is")),
        }
    }
}

impl<'de, A: MapAccess<'de>> Entry<A> {
    fn content<S: DeserializeSeed<'de>>(mut self, seed: S) -> Result<S::Value, A::Error> {
        let content = self.0.next_value_seed(OneForm(seed))?;
        match self.0.next_key::<IgnoredAny>()? {
            None => Ok(content),
            Some(_) => Err(A::Error::custom("the object has a second entry: its one entry says what it is")),
        }
    }
}

impl<'de, A: MapAccess<'de>> VariantAccess<'de> for Entry<A> {
    type Error = A::Error;

    fn unit_variant(self) -> Result<(), A::Error> {
        Err(A::Error::custom("this has no content: it is a string, not an object"))
    }

    fn newtype_variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<S::Value, A::Error> {
        self.content(seed)
    }

    fn tuple_variant<V: Visitor<'de>>(self, length: usize, visitor: V) -> Result<V::Value, A::Error> {
        self.content(Fields { length: Some(length), visitor })
    }

    fn struct_variant<V: Visitor<'de>>(self, _: &'static [&'static str], visitor: V) -> Result<V::Value, A::Error> {
        self.content(Fields { length: None, visitor })
    }
}

/// What is in a variant: a list of so many values, or an object.
struct Fields<V> {
    length: Option<usize>,
    visitor: V,
}

impl<'de, V: Visitor<'de>> DeserializeSeed<'de> for Fields<V> {
    type Value = V::Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<V::Value, D::Error> {
        match self.length {
            Some(length) => deserializer.deserialize_tuple(length, self.visitor),
            None => deserializer.deserialize_map(self.visitor),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Outer {
        name: String,
        inner: Inner,
        #[serde(default)]
        several: Vec<Inner>,
        maybe: Option<Inner>,
        kind: Kind,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Inner {
        number: u8,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(rename_all = "snake_case")]
    enum Kind {
        Plain,
        Wrapped(Inner),
        Pair(u8, u8),
        Named { number: u8 },
    }

    fn outer(inner: &str, several: &str, kind: &str) -> String {
        format!(r#"{{"name": "n", "inner": {inner}, "several": [{several}], "kind": {kind}}}"#)
    }

    fn refusal<'de, T: Deserialize<'de> + fmt::Debug>(text: &'de str) -> String {
        from_str::<T>(text).unwrap_err().to_string()
    }

    const ONE: &str = r#"{"number": 1}"#;

    #[test]
    fn every_type_is_read_from_its_one_form() {
        let read = |kind: &str| from_str::<Outer>(&outer(ONE, ONE, kind)).unwrap().kind;
        assert_eq!(read(r#""plain""#), Kind::Plain);
        assert_eq!(read(r#"{"wrapped": {"number": 2}}"#), Kind::Wrapped(Inner { number: 2 }));
        assert_eq!(read(r#"{"pair": [3, 4]}"#), Kind::Pair(3, 4));
        assert_eq!(read(r#"{"named": {"number": 5}}"#), Kind::Named { number: 5 });
        let whole = outer(ONE, ONE, r#""plain""#).replace(r#""kind""#, r#""maybe": {"number": 7}, "kind""#);
        assert_eq!(from_str::<Outer>(&whole).unwrap().maybe, Some(Inner { number: 7 }));
    }

    #[test]
    fn second_forms_that_serde_takes_are_refused_with_path_and_place() {
        let accepted = [
            (outer("[1]", ONE, r#""plain""#), "inner: invalid type: sequence, expected struct Inner (line 1, column"),
            (outer(ONE, &format!("{ONE}, [1]"), r#""plain""#), "several[1]: invalid type: sequence"),
            (outer(ONE, ONE, r#"{"plain": null}"#), "kind.plain: this has no content"),
            (outer(ONE, ONE, r#"{"wrapped": [2]}"#), "kind.wrapped: invalid type: sequence"),
            (outer(ONE, ONE, r#"{"named": [5]}"#), "kind.named: invalid type: sequence"),
            (outer(ONE, ONE, r#""plain", "maybe": null"#), "maybe: invalid type: null, expected struct Inner"),
            (r#"["n", {"number": 1}, [], null, "plain"]"#.to_owned(), "invalid type: sequence, expected struct Outer"),
        ];
        for (text, part) in accepted {
            assert!(serde_json::from_str::<Outer>(&text).is_ok(), "serde takes {text}");
            let refusal = refusal::<Outer>(&text);
            assert!(refusal.starts_with(part), "{refusal}");
        }
    }

    #[test]
    fn forms_that_nobody_takes_are_refused_too() {
        for (kind, part) in [
            ("0", "kind: invalid type: integer `0`, expected enum Kind"),
            ("{}", "kind: the object is empty"),
            (r#""wrapped""#, "unit variant"),
            (r#"{"pair": [1, 2], "named": {"number": 1}}"#, "second entry"),
            (r#""other""#, "unknown variant `other`"),
        ] {
            let refusal = refusal::<Outer>(&outer(ONE, ONE, kind));
            assert!(refusal.contains(part), "{refusal}");
        }
        let twice = refusal::<Outer>(&outer(r#"{"number": 1, "number": 1}"#, ONE, r#""plain""#));
        assert!(twice.starts_with("inner: duplicate field `number`"), "{twice}");
    }

    #[test]
    fn types_without_one_form_are_not_read() {
        assert!(refusal::<serde_json::Value>("{}").contains("no one form"));
    }

    #[test]
    fn a_byte_order_mark_is_taken_off_and_other_encodings_are_named() {
        let marked = [b"\xef\xbb\xbf", ONE.as_bytes()].concat();
        assert_eq!(from_slice::<Inner>(&marked).unwrap(), Inner { number: 1 });
        assert_eq!(from_str::<Inner>(&format!("{MARK}{ONE}")).unwrap(), Inner { number: 1 });
        assert!(from_str::<Inner>(&format!("{MARK}{MARK}{ONE}")).is_err());
        for endian in [u16::to_le_bytes, u16::to_be_bytes] {
            let wide: Vec<u8> = format!("{MARK}{ONE}").encode_utf16().flat_map(endian).collect();
            assert!(matches!(from_slice::<Inner>(&wide), Err(JsonError::Utf16)));
        }
        let broken = from_slice::<Inner>(b"{\n\"a\xff").unwrap_err();
        assert!(matches!(broken, JsonError::NotUtf8 { line: 2, byte: 3 }), "{broken}");
    }

    #[test]
    fn trailing_text_and_deep_nesting_are_refused() {
        let trailing = refusal::<Inner>("{\"number\": 1}\n x");
        assert_eq!(trailing, "trailing characters (line 2, column 2)");
        let deep = "[".repeat(100_000);
        assert!(refusal::<Inner>(&deep).contains("sequence"));
        assert!(refusal::<Deep>(&deep).contains("recursion limit"));
    }

    #[derive(Debug, Deserialize)]
    #[serde(transparent)]
    struct Deep(#[allow(dead_code)] Vec<Deep>);

    #[test]
    fn long_texts_are_cut_in_the_middle_and_control_characters_escaped() {
        let long = "x".repeat(1 << 20);
        for text in [
            format!(r#"{{"number": "{long}"}}"#),
            format!(r#"{{"{long}": 1}}"#),
            outer(&format!(r#"{{"number": 1, "{long}": 1}}"#), ONE, r#""plain""#),
        ] {
            let refusals = [refusal::<Inner>(&text), refusal::<Outer>(&text)];
            assert!(refusals.iter().any(|refusal| refusal.contains("characters left out")), "{refusals:?}");
            assert!(refusals.iter().all(|refusal| refusal.len() < 700), "{refusals:?}");
        }
        let escaped = refusal::<Inner>(r#"{"\u001b[31m\n": 1}"#);
        assert!(escaped.contains(r"\u{1b}[31m\n") && !escaped.contains(char::is_control), "{escaped}");
    }

    #[test]
    fn a_source_is_read_up_to_its_limit_and_no_further() {
        assert_eq!(read(&b"1234"[..], 4).unwrap(), b"1234");
        assert!(matches!(read(&b"12345"[..], 4), Err(JsonError::TooLong { limit: 4 })));
        assert!(matches!(read(io::repeat(b' '), 1000), Err(JsonError::TooLong { limit: 1000 })));
    }
}
