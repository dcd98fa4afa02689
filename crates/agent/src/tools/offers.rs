//! What the model is told of each tool.

use serde_json::{Value, json};

use crate::model::Offer;

fn offer(name: &str, description: &str, properties: &Value, required: &[&str]) -> Offer {
    let schema = json!({
        "type": "object", "properties": properties, "required": required, "additionalProperties": false,
    });
    Offer { name: name.to_owned(), description: description.to_owned(), schema }
}

/// Every tool of the workspace.
pub(super) fn all() -> Vec<Offer> {
    let path = json!({ "type": "string", "description": "Relative to the workspace" });
    vec![
        offer(
            "shell",
            "Run a command in a shell in the workspace and see its output, both streams, with the middle left out where it is long. \
             Whatever a command leaves running is stopped when it ends; start servers and long jobs with background: true, and you \
             are told once when they end.",
            &json!({
                "command": { "type": "string", "description": "For bash, without a terminal and without input" },
                "folder": path,
                "timeout_s": { "type": "integer", "minimum": 1, "description": "After so many seconds it is stopped" },
                "background": { "type": "boolean", "description": "Return at once with a number for the tool process" },
            }),
            &["command"],
        ),
        offer(
            "process",
            "Look after a process in the background: its output so far, waiting for its end, or stopping it.",
            &json!({
                "id": { "type": "integer", "description": "The number that shell gave" },
                "action": { "type": "string", "enum": ["output", "wait", "stop"], "description": "Show what it has said so far, wait until it ends, or stop it" },
                "timeout_s": { "type": "integer", "minimum": 1, "description": "How long to wait at most; 60 if left out" },
            }),
            &["id", "action"],
        ),
        offer(
            "read",
            "Read a text file, or list a folder. Long files come in parts: offset is the first line, from 1.",
            &json!({
                "path": path,
                "offset": { "type": "integer", "minimum": 1, "description": "The first line to show; 1 if left out" },
                "limit": { "type": "integer", "minimum": 1, "description": "How many lines to show at most" },
            }),
            &["path"],
        ),
        offer(
            "write",
            "Write a whole file; folders are made. Says so when it replaced changes that git does not hold.",
            &json!({ "path": path, "content": { "type": "string", "description": "All that the file is to hold" } }),
            &["path", "content"],
        ),
        offer(
            "edit",
            "Replace a text in a file. The old text must occur exactly once, unless all is true.",
            &json!({
                "path": path,
                "old": { "type": "string", "description": "Exactly as it stands in the file" },
                "new": { "type": "string", "description": "What stands there afterwards; may be empty" },
                "all": { "type": "boolean", "description": "Replace every place; without it there must be exactly one" },
            }),
            &["path", "old", "new"],
        ),
        offer(
            "glob",
            "Find files by a pattern such as src/**/*.rs. What git ignores is left out.",
            &json!({
                "pattern": { "type": "string", "description": "With *, ** and ?, below the folder `path`" },
                "path": path,
            }),
            &["pattern"],
        ),
        offer(
            "grep",
            "Find lines by a regular expression. What git ignores, and binary files, are left out.",
            &json!({
                "pattern": { "type": "string", "description": "A regular expression, for one line at a time" },
                "path": path,
                "glob": { "type": "string", "description": "Only files like this" },
                "ignore_case": { "type": "boolean", "description": "Upper and lower case are the same" },
            }),
            &["pattern"],
        ),
        offer(
            "fetch",
            "Get a page of the web by http or https, as text.",
            &json!({ "url": { "type": "string", "description": "Whole, with http:// or https://" } }),
            &["url"],
        ),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_tool_says_what_each_argument_is() {
        for offer in all() {
            assert!(offer.description.len() > 40, "{}", offer.name);
            let properties = offer.schema["properties"].as_object().expect("properties");
            for (name, property) in properties {
                let said = property["description"].as_str().unwrap_or_default();
                assert!(said.len() > 9, "{}: {name}", offer.name);
            }
            for required in offer.schema["required"].as_array().into_iter().flatten() {
                assert!(
                    required.as_str().is_some_and(|name| properties.contains_key(name)),
                    "{}",
                    offer.name
                );
            }
        }
    }
}
