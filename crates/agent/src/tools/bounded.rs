//! Output that a model can look at: bounded, with its start and its end; what is no text is described.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

/// So much of the start decides whether it is text.
const SAMPLE: usize = 8 * 1024;

/// What a file holds, in at most about `limit` bytes. A file that became too long and was begun anew holds the last part alone,
/// and says so.
pub(super) fn shown(path: &Path, limit: usize) -> io::Result<String> {
    let mut file = File::open(path)?;
    let size = file.metadata()?.len();
    let before = {
        let mut name = path.as_os_str().to_owned();
        name.push(".1");
        PathBuf::from(name)
    };
    let place = if before.exists() {
        format!(
            "this is the last part of it: it is in {}, what came before in {}, and what came long before is gone",
            path.display(),
            before.display()
        )
    } else {
        format!("all of it is in {}", path.display())
    };
    let head = if size <= limit as u64 { limit } else { limit / 3 };
    let start = part(&mut file, 0, head)?;
    if is_binary(&start) {
        return Ok(format!("({}; {place})", described(&start, size)));
    }
    if size <= limit as u64 && before.exists() {
        return Ok(format!("[… {place} …]\n{}", String::from_utf8_lossy(&start)));
    }
    if size <= limit as u64 {
        return Ok(String::from_utf8_lossy(&start).into_owned());
    }
    let tail = limit - head;
    let end = part(&mut file, size - tail as u64, tail)?;
    let left_out = size - (head + tail) as u64;
    Ok(format!(
        "{}\n[… {left_out} of {size} bytes left out; {place} …]\n{}",
        String::from_utf8_lossy(&start).trim_end_matches('\u{fffd}'),
        String::from_utf8_lossy(&end).trim_start_matches('\u{fffd}'),
    ))
}

fn part(file: &mut File, from: u64, length: usize) -> io::Result<Vec<u8>> {
    file.seek(SeekFrom::Start(from))?;
    let mut bytes = Vec::new();
    file.take(length as u64).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The text in at most about `limit` bytes, with its start and its end.
pub(crate) fn cut(text: &str, limit: usize) -> String {
    if text.len() <= limit {
        return text.to_owned();
    }
    let (mut head, mut tail) = (limit / 3 * 2, text.len() - limit / 3);
    while !text.is_char_boundary(head) {
        head -= 1;
    }
    while !text.is_char_boundary(tail) {
        tail += 1;
    }
    format!("{}\n[… {} of {} bytes left out …]\n{}", &text[..head], tail - head, text.len(), &text[tail..])
}

/// Whether bytes are no text: a NUL, or much that no text has.
pub(super) fn is_binary(bytes: &[u8]) -> bool {
    let sample = bytes.get(..SAMPLE).unwrap_or(bytes);
    if sample.contains(&0) {
        return true;
    }
    let odd = sample.utf8_chunks().map(|chunk| {
        let control =
            |c: &char| c.is_control() && !matches!(c, '\n' | '\r' | '\t' | '\u{1b}' | '\u{8}' | '\u{c}');
        chunk.invalid().len() + chunk.valid().chars().filter(control).count()
    });
    odd.sum::<usize>() * 10 > sample.len().max(1) * 3
}

/// What kind of thing binary bytes are.
pub(super) fn described(bytes: &[u8], size: u64) -> String {
    const KINDS: &[(&[u8], &str)] = &[
        (b"\x89PNG", "a PNG image"),
        (b"\xff\xd8\xff", "a JPEG image"),
        (b"GIF8", "a GIF image"),
        (b"%PDF", "a PDF document"),
        (b"PK\x03\x04", "a ZIP archive"),
        (b"\x1f\x8b", "gzip data"),
        (b"\x7fELF", "an ELF program"),
        (b"SQLite format 3", "a SQLite database"),
    ];
    let kind =
        KINDS.iter().find(|(start, _)| bytes.starts_with(start)).map_or("binary data", |(_, kind)| kind);
    let start: Vec<String> = bytes.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    format!("{kind}, {size} bytes, starting with {}", start.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_megabytes_are_shown_by_their_ends() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out");
        std::fs::write(&path, format!("START{}END", "y".repeat(10 << 20))).unwrap();
        let text = shown(&path, 3_000).unwrap();
        assert!(text.len() < 3_500 && text.starts_with("START") && text.ends_with("END"));
        assert!(text.contains("bytes left out"));
    }

    #[test]
    fn a_file_that_was_begun_anew_is_not_said_to_hold_everything() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out");
        std::fs::write(&path, "the end").unwrap();
        assert_eq!(shown(&path, 3_000).unwrap(), "the end");
        std::fs::write(folder.path().join("out.1"), "before it").unwrap();
        let text = shown(&path, 3_000).unwrap();
        assert!(text.contains("out.1") && text.contains("is gone") && text.ends_with("the end"), "{text}");
        std::fs::write(&path, "z".repeat(10_000)).unwrap();
        let text = shown(&path, 3_000).unwrap();
        assert!(text.contains("left out; this is the last part") && !text.contains("all of it"), "{text}");
    }

    #[test]
    fn what_is_no_text_is_described() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out");
        std::fs::write(&path, b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR").unwrap();
        let text = shown(&path, 3_000).unwrap();
        assert!(text.contains("a PNG image") && text.contains("16 bytes"), "{text}");
        assert!(is_binary(&[0xff; 100]) && !is_binary("käse\n".as_bytes()) && !is_binary(b""));
    }

    #[test]
    fn cut_texts_stay_text() {
        let text = cut(&"ü".repeat(5_000), 1_000);
        assert!(text.len() < 1_100 && text.contains("left out"));
        assert_eq!(cut("short", 1_000), "short");
    }
}
