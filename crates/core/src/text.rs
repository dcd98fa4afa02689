//! Texts that people and agents give: what is accepted, and how long ones are cut.

use crate::task::Refusal;

/// Longest title, in characters.
pub const TITLE_LIMIT: usize = 1_000;
/// Longest body, comment or reason, in bytes.
pub const TEXT_LIMIT: usize = 1 << 20;

/// The first `limit` characters of `text`, whole when it is shorter.
#[must_use]
pub fn cap_chars(text: &str, limit: usize) -> String {
    match text.char_indices().nth(limit) {
        None => text.to_owned(),
        Some((end, _)) => text[..end].to_owned(),
    }
}

/// The first line, cut to `limit` characters.
#[must_use]
pub fn first_line(text: &str, limit: usize) -> String {
    cap_chars(text.trim().lines().next().unwrap_or("").trim_end(), limit)
}

/// A title: stripped, not blank, one line (line breaks and tabs become spaces), without other control characters, at
/// most [`TITLE_LIMIT`] characters.
///
/// # Errors
/// `invalid_value`.
pub fn title(given: &str) -> Result<String, Refusal> {
    let title: String =
        given.trim().chars().map(|c| if matches!(c, '\n' | '\r' | '\t') { ' ' } else { c }).collect();
    if title.is_empty() {
        return Err(Refusal::invalid("title", given, "a title has at least one visible character"));
    }
    if title.chars().nth(TITLE_LIMIT).is_some() {
        return Err(Refusal::invalid(
            "title",
            given,
            format!("a title has at most {TITLE_LIMIT} characters; the rest belongs into the body"),
        ));
    }
    if title.chars().any(char::is_control) {
        return Err(Refusal::invalid("title", given, "a title has no control characters"));
    }
    Ok(title)
}

/// A longer text: no NUL, at most [`TEXT_LIMIT`] bytes. It is stored as it is given.
///
/// # Errors
/// `invalid_value`, naming `field`.
pub fn body(field: &'static str, given: &str) -> Result<(), Refusal> {
    if given.len() > TEXT_LIMIT {
        return Err(Refusal::invalid(
            field,
            given,
            format!("it has {} bytes; at most {TEXT_LIMIT} fit, attach the rest as a file", given.len()),
        ));
    }
    if given.contains('\0') {
        return Err(Refusal::invalid(field, given, "it contains a NUL character"));
    }
    Ok(())
}

/// A longer text that must say something.
///
/// # Errors
/// `invalid_value`, naming `field`.
pub fn required(field: &'static str, given: &str) -> Result<String, Refusal> {
    body(field, given)?;
    let text = given.trim();
    if text.is_empty() { Err(Refusal::invalid(field, given, "it is blank")) } else { Ok(text.to_owned()) }
}

/// Names of skills: stripped, blanks dropped, each once, in order (ST-03).
///
/// # Errors
/// `invalid_value` for a name with a comma, a slash, white space or a control character.
pub fn skills<'a>(given: impl IntoIterator<Item = &'a str>) -> Result<Vec<String>, Refusal> {
    let mut names: Vec<String> = Vec::new();
    for name in given {
        let name = name.trim();
        if name.is_empty() || names.iter().any(|known| known == name) {
            continue;
        }
        let bad = |c: char| c.is_control() || c.is_whitespace() || matches!(c, ',' | '/' | '\\');
        if name.chars().any(bad) || name.starts_with('.') || name.chars().count() > 64 {
            return Err(Refusal::invalid("skill", name, "a skill is the name of a folder, one per option"));
        }
        names.push(name.to_owned());
    }
    Ok(names)
}

/// Labels of hosts, as `--require` names them: stripped, blanks dropped, each once, in order.
///
/// # Errors
/// `invalid_value` for a label that is not letters, digits, `-`, `_`, `.`, `:` or `=`, at most 64 of them.
pub fn labels<'a>(given: impl IntoIterator<Item = &'a str>) -> Result<Vec<String>, Refusal> {
    let mut labels: Vec<String> = Vec::new();
    for label in given {
        let label = label.trim();
        if label.is_empty() || labels.iter().any(|known| known == label) {
            continue;
        }
        let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | ':' | '=');
        if !label.chars().all(fits) || label.len() > 64 {
            let rule = "a label is up to 64 letters, digits, `-`, `_`, `.`, `:` or `=`, one per option";
            return Err(Refusal::invalid("label", label, rule));
        }
        labels.push(label.to_owned());
    }
    Ok(labels)
}

/// The task ids that a text mentions: `t_` and at least 8 id characters at a word boundary (ST-13).
#[must_use]
pub fn mentioned_tasks(text: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for word in text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_')) {
        let is_id = word.strip_prefix("t_").is_some_and(|rest| {
            rest.len() == 8 && word.parse::<crate::TaskId>().is_ok_and(|id| id.as_str() == word)
        });
        if is_id && !found.iter().any(|known| known == word) {
            found.push(word.to_owned());
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn titles_are_one_visible_line() {
        assert_eq!(title("  two\nlines ").unwrap(), "two lines");
        assert_eq!(title("שלום 👋").unwrap(), "שלום 👋");
        for bad in ["", "  \n", "a\0b", "bell\u{7}", &"x".repeat(1_001)] {
            assert_eq!(title(bad).unwrap_err().code(), "invalid_value");
        }
    }

    #[test]
    fn cuts_fall_between_characters() {
        assert_eq!(cap_chars("äöü", 2), "äö");
        assert_eq!(first_line("\n  one \ntwo", 9), "one");
        assert_eq!(first_line("   ", 9), "");
    }

    #[test]
    fn skills_are_folder_names() {
        assert_eq!(skills([" a ", "", "b", "a"]).unwrap(), ["a", "b"]);
        for bad in ["a,b", "../x", "a b", "a/b"] {
            assert!(skills([bad]).is_err(), "{bad}");
        }
    }

    #[test]
    fn mentions_are_whole_words() {
        assert_eq!(mentioned_tasks("see t_0123abcd, t_0123abcd and xt_0123abcd t_0123abcde"), ["t_0123abcd"]);
        assert!(mentioned_tasks("t_function t_01234567u").is_empty());
    }
}
