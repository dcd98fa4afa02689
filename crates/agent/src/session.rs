//! A conversation that a later run can go on with: kept beside the log when a run ends in good order.

use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use crate::Secret;
use crate::model::{Part, Turn};

/// A larger file is none of ours, bytes.
const LARGEST: u64 = 32 << 20;

/// Writes a conversation, readable by its owner alone; images are named only.
pub(crate) fn save(path: &Path, turns: &[Turn], key: Option<&Secret>) -> io::Result<()> {
    let named: Vec<Turn> = turns.iter().cloned().map(without_images).collect();
    let mut text = serde_json::to_string(&named)?;
    if let Some(key) = key {
        text = key.hidden(text);
    }
    let mut file =
        std::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
    file.write_all(text.as_bytes())
}

fn without_images(turn: Turn) -> Turn {
    let Turn::Told(parts) = turn else { return turn };
    let named = parts.into_iter().map(|part| match part {
        Part::Image { .. } => Part::Text("(an image was here)".to_owned()),
        text @ Part::Text(_) => text,
    });
    Turn::Told(named.collect())
}

/// Reads a conversation, without calls at its end that never had a result; none where there is none that can be read.
pub(crate) fn load(path: &Path) -> Option<Vec<Turn>> {
    if !std::fs::metadata(path).is_ok_and(|meta| meta.is_file() && meta.len() <= LARGEST) {
        return None;
    }
    let mut turns: Vec<Turn> = serde_json::from_str(&std::fs::read_to_string(path).ok()?).ok()?;
    while matches!(turns.last(), Some(Turn::Answered(answer)) if !answer.calls.is_empty()) {
        turns.pop();
    }
    (!turns.is_empty()).then_some(turns)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Answer, Call, CallResult};

    #[test]
    fn a_conversation_comes_back_without_images_keys_and_open_calls() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("s.json");
        let call = Call {
            id: "1".to_owned(),
            name: "read".to_owned(),
            arguments: serde_json::json!({}),
            signatures: vec![],
        };
        let asked = Turn::Answered(Answer { calls: vec![call], ..Answer::default() });
        let content = "it holds sk-geheim-123".to_owned();
        let given = Turn::Results(vec![CallResult { id: "1".to_owned(), name: "read".to_owned(), content }]);
        let image = Part::Image { kind: "image/png".to_owned(), data: "AAAA".into() };
        let turns = [Turn::Told(vec![Part::Text("a".to_owned()), image]), asked.clone(), given, asked];
        save(&path, &turns, Secret::new("sk-geheim-123").as_ref()).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(!text.contains("geheim") && !text.contains("AAAA"));
        assert_eq!(load(&path).unwrap().len(), 3);
        std::fs::write(&path, "{broken").unwrap();
        assert!(load(&path).is_none() && load(&folder.path().join("none")).is_none());
    }
}
