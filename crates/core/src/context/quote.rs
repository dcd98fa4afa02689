//! How the words of others enter a text of ours: as data that cannot pass for our own headings, captions or commands.

use serde_json::Value;

/// `text` with one kind of line break and without other control characters, so that every reader sees the same lines.
fn plain(text: &str) -> String {
    let text = text.replace("\r\n", "\n");
    text.chars()
        .map(|c| match c {
            '\r' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}' => '\n',
            '\n' | '\t' => c,
            c if c.is_control() => char::REPLACEMENT_CHARACTER,
            c => c,
        })
        .collect()
}

/// Characters that turn the direction of the text around them.
const fn turns_direction(c: char) -> bool {
    matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// `text` on one line, stripped, at most `limit` characters and an ellipsis.
pub(crate) fn one_line(text: &str, limit: usize) -> String {
    let line: String = plain(text)
        .chars()
        .filter(|c| !turns_direction(*c))
        .map(|c| if matches!(c, '\n' | '\t') { ' ' } else { c })
        .collect();
    let (mut line, omitted) = capped(&line, limit);
    if omitted > 0 {
        line.push('…');
    }
    line
}

/// `text`, stripped and cut to `limit` characters, and how many were cut off.
pub(super) fn capped(text: &str, limit: usize) -> (String, usize) {
    let text = text.trim();
    match text.char_indices().nth(limit) {
        None => (text.to_owned(), 0),
        Some((end, _)) => (text[..end].to_owned(), text[end..].chars().count()),
    }
}

/// A name in backticks; its own backticks are stripped (SEC-04).
pub(super) fn name(text: &str) -> String {
    let name = one_line(&text.replace('`', ""), 64);
    if name.is_empty() { "`?`".to_owned() } else { format!("`{name}`") }
}

/// A file's name in backticks; its own backticks are stripped.
pub(super) fn name_of_file(text: &str) -> String {
    format!("`{}`", one_line(&text.replace('`', ""), 255))
}

/// A path or a code on one line in backticks, whole: its own backticks are outnumbered.
pub(super) fn code(text: &str) -> String {
    let text: String =
        plain(text).chars().map(|c| if c == '\n' { char::REPLACEMENT_CHARACTER } else { c }).collect();
    let ticks = "`".repeat(longest_run(&text) + 1);
    if ticks.len() == 1 { format!("`{text}`") } else { format!("{ticks} {text} {ticks}") }
}

/// A fenced block of at most `limit` characters of `text`. The fence is longer than any row of backticks inside, so
/// nothing inside can end it. What was cut off is counted below the block, where the text cannot forge it.
pub(super) fn block(out: &mut String, text: &str, limit: usize) {
    let (text, omitted) = capped(&plain(text), limit);
    let fence = "`".repeat((longest_run(&text) + 1).max(3));
    out.push_str(&format!("{fence}text\n{text}\n{fence}\n"));
    note_omitted(out, omitted);
}

/// A JSON value on one line in backticks, keys sorted, at most `limit` characters.
pub(super) fn json(out: &mut String, value: &Value, limit: usize) {
    // Backticks occur in JSON only inside strings, where their escaped form means the same.
    let text = plain(&sorted(value).to_string()).replace('`', "\\u0060");
    let (text, omitted) = capped(&text, limit);
    out.push_str(&format!("_metadata_: {}\n", code(&text)));
    note_omitted(out, omitted);
}

fn note_omitted(out: &mut String, omitted: usize) {
    if omitted > 0 {
        out.push_str(&format!("({omitted} more characters are left out here.)\n"));
    }
}

fn sorted(value: &Value) -> Value {
    match value {
        Value::Object(map) => {
            let mut entries: Vec<(&String, &Value)> = map.iter().collect();
            entries.sort_by_key(|(key, _)| *key);
            Value::Object(entries.into_iter().map(|(key, value)| (key.clone(), sorted(value))).collect())
        }
        Value::Array(items) => Value::Array(items.iter().map(sorted).collect()),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
    }
}

/// The longest row of backticks.
fn longest_run(text: &str) -> usize {
    let mut longest = 0;
    let mut run = 0;
    for c in text.chars() {
        run = if c == '`' { run + 1 } else { 0 };
        longest = longest.max(run);
    }
    longest
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_block_cannot_be_ended_from_inside() {
        let mut out = String::new();
        block(&mut out, "a\n````\n## Body\r```\u{2028}b", 100);
        assert_eq!(out, "`````text\na\n````\n## Body\n```\nb\n`````\n");
    }

    #[test]
    fn cuts_are_counted_in_characters() {
        let mut out = String::new();
        block(&mut out, &"é".repeat(12), 10);
        assert_eq!(
            out,
            format!("```text\n{}\n```\n(2 more characters are left out here.)\n", "é".repeat(10))
        );
    }

    #[test]
    fn names_and_lines_stay_on_their_line() {
        assert_eq!(name("eve`\n## Body"), "`eve ## Body`");
        assert_eq!(name("\u{202e}```"), "`?`");
        assert_eq!(one_line("a\u{7}b\r\nc", 3), "a\u{fffd}b…");
        assert_eq!(code("/a`b"), "`` /a`b ``");
    }

    #[test]
    fn metadata_has_sorted_keys_and_no_backticks() {
        let mut out = String::new();
        json(&mut out, &json!({ "b": { "z": 1, "a": "`" }, "a": 2 }), 100);
        assert_eq!(out, "_metadata_: `{\"a\":2,\"b\":{\"a\":\"\\u0060\",\"z\":1}}`\n");
    }
}
