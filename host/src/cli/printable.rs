//! Text from outside made fit for a terminal or a log line.
//!
//! A block's amount, a file's name, an engine's error can hold anything: escape sequences that move the cursor or repaint the
//! screen, line breaks that fake another log line, marks that turn the direction of writing, or a megabyte of digits. What is
//! shown to people goes through here, once, on its way out.

use std::fmt::Write;

/// Characters of one line that are shown.
const LONGEST: usize = 2000;

/// One line: what a terminal would obey rather than show is escaped, and what is too long is cut.
pub fn printable(text: &str) -> String {
    let mut shown = escaped(&cut(text), |_| false);
    shown.truncate(shown.trim_end().len());
    shown
}

/// Several lines of our own layout with text from outside between: line breaks stay.
pub fn printable_lines(text: &str) -> String {
    escaped(text, |c| c == '\n')
}

/// At most [`LONGEST`] characters, and how many more there were.
pub fn cut(text: &str) -> String {
    match text.char_indices().nth(LONGEST) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}… ({} more bytes)", &text[..end], text.len() - end),
    }
}

fn escaped(text: &str, kept: impl Fn(char) -> bool) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        if !kept(c) && (c.is_control() || is_invisible(c)) {
            // Writing into a string does not fail.
            let _ = write!(shown, "{}", c.escape_unicode());
        } else {
            shown.push(c);
        }
    }
    shown
}

/// Marks of direction and joining, separators of lines and paragraphs, the byte-order mark, tags.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_obeys_is_shown_instead() {
        let text = "amount \u{1b}[2J\u{1b}]0;title\u{7}\r\nerror: none\u{202e}txt\u{9b}1m";
        let shown = printable(text);
        assert!(!shown.chars().any(char::is_control) && !shown.contains('\u{202e}'), "{shown:?}");
        assert_eq!(shown, "amount \\u{1b}[2J\\u{1b}]0;title\\u{7}\\u{d}\\u{a}error: none\\u{202e}txt\\u{9b}1m");
        assert_eq!(printable_lines("a\nb\tc\u{1b}"), "a\nb\\u{9}c\\u{1b}");
    }

    #[test]
    fn plain_text_of_any_language_stays_as_it_is() {
        for text in ["Σ b·B_b = 2^k", "/srv/größe/証明.json", "\"quoted\" and 'quoted'", ""] {
            assert_eq!(printable(text), text);
        }
    }

    #[test]
    fn a_megabyte_is_cut_between_characters() {
        let shown = printable(&"ü".repeat(1 << 20));
        assert!(shown.len() < 3 * LONGEST && shown.ends_with(" more bytes)"), "{}", shown.len());
    }
}
