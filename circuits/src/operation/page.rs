//! The protocol's page: prints the table of operations into the places that `PROTOCOL.md` keeps for it.
//!
//! A place begins with a line `<!-- printed: NAME -->` and ends with the next line `<!-- end of print -->`. What stands between them is
//! printed from the table, all else is left as it is.

use super::field::{Field, length};
use super::table::{OPERATIONS, ORDER_CODE, OrderFields};
use super::{FIRST_STABLECOIN, Form, POOLED_USD, Values};

const END: &str = "<!-- end of print -->";

/// A page without the marks that a printed part has to stand between.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the page has no place for the printed part '{0}': put '<!-- printed: {0} -->' and '{END}' round it")]
pub struct NoPlace(pub &'static str);

/// The page with every printed part as the table has it.
///
/// # Errors
/// A part has no place in the page.
pub fn print(page: &str) -> Result<String, NoPlace> {
    let parts = [("signed bytes", signed_bytes()), ("public data", public_data()), ("forms", forms())];
    parts.into_iter().try_fold(page.to_owned(), |page, (name, part)| {
        let begin = format!("<!-- printed: {name} -->\n");
        let (before, rest) = page.split_once(&begin).ok_or(NoPlace(name))?;
        let (_, after) = rest.split_once(END).ok_or(NoPlace(name))?;
        Ok(format!("{before}{begin}\n{part}\n{END}{after}"))
    })
}

/// Fields with their widths in bytes, in order.
fn layout(fields: &[Field]) -> String {
    fields.iter().map(|field| format!("{}:{}", field.name, field.form.bytes())).collect::<Vec<_>>().join(" ")
}

/// A table of a heading and rows.
fn table<const N: usize>(heading: [&str; N], rows: impl IntoIterator<Item = [String; N]>) -> String {
    let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
    let rule = ["---"; N].map(str::to_owned);
    let rows: String = rows.into_iter().map(|row| line(&row)).collect();
    line(&heading.map(str::to_owned)) + &line(&rule) + &rows
}

fn signed_bytes() -> String {
    let operations = OPERATIONS.iter().filter(|operation| !operation.signed.is_empty());
    let signed = operations.map(|operation| (format!("{:?}", operation.kind), operation.kind.code(), operation.signed));
    let rows = signed.chain([("an order".to_owned(), ORDER_CODE, OrderFields::SIGNED)]);
    let rows = rows.map(|(name, code, fields)| [name, code.to_string(), layout(fields), length(fields).to_string()]);
    table(["signed", "code", "fields, with their bytes", "bytes"], rows)
}

fn public_data() -> String {
    let rows = OPERATIONS.iter().map(|operation| {
        let numbers = [operation.kind.code().into(), length(operation.public), operation.chunks];
        let [code, bytes, chunks] = numbers.map(|number: usize| number.to_string());
        [format!("{:?}", operation.kind), code, layout(operation.public), bytes, chunks]
    });
    table(["operation", "code", "fields, with their bytes", "bytes", "chunks"], rows)
}

fn forms() -> String {
    let rows = Form::ALL.iter().map(|form| {
        let (name, bytes) = (format!("{form:?}"), form.bytes().to_string());
        [name, bytes, form.meaning().to_owned(), values(*form), fields_of(*form)]
    });
    table(["form", "bytes", "meaning", "values", "fields"], rows)
}

/// The names of all fields of a form, each once.
fn fields_of(form: Form) -> String {
    let mut names: Vec<&str> = Vec::new();
    let all = OPERATIONS.iter().flat_map(|operation| [operation.public, operation.signed]).chain([OrderFields::SIGNED]);
    for field in all.flatten().filter(|field| field.form == form) {
        if !names.contains(&field.name) {
            names.push(field.name);
        }
    }
    names.join(", ")
}

fn values(form: Form) -> String {
    match form.values() {
        Values::Any => "any".to_owned(),
        Values::Within(first, last) if last > u16::MAX.into() => format!("{first} to 2^{} − 1", (last + 1).ilog2()),
        Values::Within(first, last) => format!("{first} to {last}"),
        Values::NotZero => "not zero".to_owned(),
        Values::Held => format!("{POOLED_USD}, and from {FIRST_STABLECOIN} up"),
        Values::Paired => "what goes with the L1 token: see Tokens".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_keeps_what_stands_outside_the_printed_parts() {
        let place = |name: &str, content: &str| format!("<!-- printed: {name} -->\n{content}{END}\n");
        let page = |content| {
            let places = ["signed bytes", "public data", "forms"].map(|name| place(name, content));
            format!("# Before\n{}\nAfter.\n", places.join("Between.\n"))
        };
        let printed = print(&page("stale\n")).unwrap();
        assert!(printed.starts_with("# Before\n") && printed.ends_with("\nAfter.\n") && !printed.contains("stale"));
        assert_eq!(printed.matches("Between.\n").count(), 2);
        assert_eq!(print(&printed), Ok(printed.clone()));
        assert!(printed.contains("| an order | 255 | account:4 sub:1 slot:2 nonce:3 "), "{printed}");
    }

    #[test]
    fn a_page_without_a_place_for_a_part_is_refused() {
        assert_eq!(print("# Nothing\n"), Err(NoPlace("signed bytes")));
        assert_eq!(print("<!-- printed: signed bytes -->\nno end\n"), Err(NoPlace("signed bytes")));
    }
}
