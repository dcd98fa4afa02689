//! Text of others, made safe to show: no control character reaches the terminal, no mark turns the direction of a line.

use std::fmt::Write as _;

/// Whether a character must be shown as its code: controls, and the invisible marks that reorder text.
const fn is_unsafe(c: char) -> bool {
    matches!(
        c,
        '\0'..='\u{1f}'
            | '\u{7f}'..='\u{9f}'
            | '\u{61c}'
            | '\u{200e}'
            | '\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2066}'..='\u{2069}'
            | '\u{feff}'
    )
}

fn escaped(text: &str, keep: impl Fn(char) -> bool) -> String {
    if !text.chars().any(|c| is_unsafe(c) && !keep(c)) {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if !is_unsafe(c) || keep(c) {
            out.push(c);
        } else {
            // Writing to a `String` cannot fail.
            let _ = write!(out, "\\u{{{:x}}}", u32::from(c));
        }
    }
    out
}

/// A text on one line.
pub(crate) fn line(text: &str) -> String {
    if text.contains(['\n', '\r', '\t']) {
        let one: String =
            text.trim().chars().map(|c| if matches!(c, '\n' | '\r' | '\t') { ' ' } else { c }).collect();
        return escaped(&one, |_| false);
    }
    escaped(text, |_| false)
}

/// A text of several lines, each after `indent`.
pub(crate) fn block(text: &str, indent: &str) -> String {
    let mut out = String::with_capacity(text.len() + 64);
    for line in text.trim_end().lines() {
        let safe = escaped(line, |c| c == '\t');
        out.push_str(if safe.is_empty() { "" } else { indent });
        out.push_str(&safe);
        out.push('\n');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_control_and_no_reordering_mark_reaches_the_terminal() {
        assert_eq!(line("a\u{1b}[31mb\u{7}"), "a\\u{1b}[31mb\\u{7}");
        assert_eq!(line("x\u{202e}y\u{2066}"), "x\\u{202e}y\\u{2066}");
        assert_eq!(line("\u{9b}31m"), "\\u{9b}31m");
        assert_eq!(line("two\nlines"), "two lines");
        assert_eq!(line("שלום 👋"), "שלום 👋");
        assert_eq!(block("a\n\n\tb\u{0}\r\n", "  "), "  a\n\n  \tb\\u{0}\n");
    }
}
