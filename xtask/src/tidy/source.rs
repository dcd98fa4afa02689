//! A Rust source taken apart into code, comments and string literals.
//!
//! Each part is as long as the source, with blanks where another part has its text, so that a position in one is a
//! position in all and line numbers agree.

use std::ops::Range;

/// A Rust source and its parts.
pub(super) struct Rust {
    pub(super) code: String,
    pub(super) comments: String,
    /// What stands between the quotes of each string literal, with the line on which it starts.
    pub(super) literals: Vec<Literal>,
    /// Lines (counted from 0) of items that are compiled for tests only.
    test_lines: Vec<Range<usize>>,
}

/// The text of a string literal.
pub(super) struct Literal {
    /// Counted from 1.
    pub(super) line: usize,
    pub(super) text: String,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Code,
    Comment,
    Literal,
}

impl Rust {
    pub(super) fn new(text: &str) -> Self {
        let chars: Vec<char> = text.chars().collect();
        let parts = split(&chars);
        let code = only(&chars, &parts, Part::Code);
        let comments = only(&chars, &parts, Part::Comment);
        let literals = literals(&chars, &parts);
        let test_lines = test_lines(&code);
        Self { code, comments, literals, test_lines }
    }

    /// Whether the line (counted from 1) belongs to an item that is compiled for tests only.
    pub(super) fn is_test_line(&self, line: usize) -> bool {
        self.test_lines.iter().any(|lines| lines.contains(&(line.saturating_sub(1))))
    }

    /// Lines that are not compiled for tests only.
    pub(super) fn size(&self) -> usize {
        (1..=self.code.lines().count()).filter(|line| !self.is_test_line(*line)).count()
    }

    /// The lines of its code, with their numbers counted from 1.
    pub(super) fn code_lines(&self) -> impl Iterator<Item = (usize, &str)> {
        self.code.lines().enumerate().map(|(index, line)| (index + 1, line))
    }
}

fn split(chars: &[char]) -> Vec<Part> {
    let mut parts = vec![Part::Code; chars.len()];
    let mut at = 0;
    while at < chars.len() {
        let (part, end) = token(chars, at);
        let end = end.min(chars.len());
        parts.get_mut(at..end).into_iter().flatten().for_each(|slot| *slot = part);
        at = end;
    }
    parts
}

/// The token that starts at `at`: what it is, and where it ends.
fn token(chars: &[char], at: usize) -> (Part, usize) {
    let peek = |offset: usize| chars.get(at + offset).copied().unwrap_or('\0');
    match (peek(0), peek(1)) {
        ('/', '/') => (Part::Comment, find(chars, at, |rest| rest.first() == Some(&'\n'))),
        ('/', '*') => (Part::Comment, block_comment_end(chars, at)),
        ('"', _) => (Part::Literal, quoted_end(chars, at)),
        ('r', '"' | '#') if !is_word(chars, at) => raw_string(chars, at),
        ('\'', _) => (Part::Code, character_end(chars, at)),
        _ => (Part::Code, at + 1),
    }
}

/// Whether the character before `at` makes it part of a longer word; `b`, `c` before `r"` do not.
fn is_word(chars: &[char], at: usize) -> bool {
    let before =
        |offset: usize| at.checked_sub(offset).and_then(|index| chars.get(index)).copied().unwrap_or(' ');
    let in_word = |character: char| character.is_alphanumeric() || character == '_';
    match before(1) {
        'b' | 'c' => in_word(before(2)),
        other => in_word(other),
    }
}

fn find(chars: &[char], from: usize, found: impl Fn(&[char]) -> bool) -> usize {
    (from..chars.len()).find(|index| found(chars.get(*index..).unwrap_or_default())).unwrap_or(chars.len())
}

fn block_comment_end(chars: &[char], at: usize) -> usize {
    let mut depth = 0_usize;
    let mut index = at;
    while index < chars.len() {
        let pair = (chars.get(index).copied(), chars.get(index + 1).copied());
        index += 2;
        match pair {
            (Some('/'), Some('*')) => depth += 1,
            (Some('*'), Some('/')) => depth -= 1,
            _ => index -= 1,
        }
        if depth == 0 {
            break;
        }
    }
    index
}

fn quoted_end(chars: &[char], at: usize) -> usize {
    let mut index = at + 1;
    while let Some(character) = chars.get(index) {
        match character {
            '\\' => index += 2,
            '"' => return index + 1,
            _ => index += 1,
        }
    }
    index
}

fn raw_string(chars: &[char], at: usize) -> (Part, usize) {
    let hashes = chars.iter().skip(at + 1).take_while(|character| **character == '#').count();
    let open = at + 1 + hashes;
    if chars.get(open) != Some(&'"') {
        // A raw identifier.
        return (Part::Code, at + 1);
    }
    let closes = |rest: &[char]| {
        rest.first() == Some(&'"')
            && rest.iter().skip(1).take(hashes).filter(|c| **c == '#').count() == hashes
    };
    (Part::Literal, find(chars, open + 1, closes) + 1 + hashes)
}

/// A character literal ends at its quote; a lifetime is one character of code.
fn character_end(chars: &[char], at: usize) -> usize {
    match (chars.get(at + 1), chars.get(at + 2)) {
        (Some('\\'), _) => find(chars, at + 3, |rest| rest.first() == Some(&'\'')) + 1,
        (Some(_), Some('\'')) => at + 3,
        _ => at + 1,
    }
}

fn only(chars: &[char], parts: &[Part], wanted: Part) -> String {
    let keep = |(character, part): (&char, &Part)| match (*character, *part) {
        ('\n', _) => '\n',
        (character, part) if part == wanted => character,
        _ => ' ',
    };
    chars.iter().zip(parts).map(keep).collect()
}

fn literals(chars: &[char], parts: &[Part]) -> Vec<Literal> {
    let mut found = Vec::new();
    let mut line = 1;
    let mut at = 0;
    while at < chars.len() {
        let (part, end) = match parts.get(at) {
            Some(Part::Literal) => token(chars, at),
            _ => (Part::Code, at + 1),
        };
        let text: String = chars.get(at..end.min(chars.len())).into_iter().flatten().collect();
        let lines = text.matches('\n').count();
        if part == Part::Literal {
            let text = text.trim_start_matches(['r', '#']).trim_end_matches('#').trim_matches('"').to_owned();
            found.push(Literal { line, text });
        }
        line += lines;
        at = end;
    }
    found
}

fn test_lines(code: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let line_of = |position: usize| code.get(..position).unwrap_or_default().matches('\n').count();
    for attribute in ["#[cfg(test)]", "#[cfg(all(test"] {
        for (start, _) in code.match_indices(attribute) {
            let end = item_end(code, start);
            found.push(line_of(start)..line_of(end) + 1);
        }
    }
    found
}

/// Where the item whose attribute starts at `from` ends: at its first `;` outside of brackets, or its closing brace.
fn item_end(code: &str, from: usize) -> usize {
    let mut depth = 0_i32;
    for (offset, character) in code.get(from..).unwrap_or_default().char_indices() {
        match character {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth -= 1,
            _ => {}
        }
        if depth == 0 && matches!(character, ';' | '}') {
            return from + offset;
        }
    }
    code.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_comments_and_literals_are_told_apart() {
        let rust = Rust::new(
            "let a = \"// no comment\"; // a \"quote\"\nlet b = 'x'; let c: &'a str = r#\"}\"#; /* } */ done",
        );
        assert!(!rust.code.contains("comment") && !rust.code.contains('}') && rust.code.contains("done"));
        assert!(rust.comments.contains("a \"quote\"") && !rust.comments.contains("no comment"));
        let texts: Vec<_> =
            rust.literals.iter().map(|literal| (literal.line, literal.text.as_str())).collect();
        assert_eq!(texts, [(1, "// no comment"), (2, "}")]);
    }

    #[test]
    fn a_quote_in_a_character_literal_opens_no_string() {
        let rust = Rust::new("let a = ('\"', '\\'', b'\"', '\\u{7f}'); let b = br\"x\"; end");
        assert!(rust.code.contains("end"));
        assert_eq!(rust.literals.len(), 1);
    }

    #[test]
    fn a_test_module_does_not_count_towards_the_size() {
        let rust = Rust::new(
            "fn a() {}\n#[cfg(test)]\nmod tests {\n    const A: &str = \"}\";\n    fn b() {}\n}\nfn c() {}\n",
        );
        assert_eq!(rust.size(), 2);
        assert!(rust.is_test_line(5) && !rust.is_test_line(7));
    }

    #[test]
    fn a_test_import_ends_at_its_semicolon() {
        let rust = Rust::new("#[cfg(test)]\nuse a::{b, c};\nfn d() {}\n");
        assert_eq!(rust.size(), 1);
    }
}
