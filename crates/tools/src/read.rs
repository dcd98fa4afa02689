//! From the name and arguments of a call to a request, or to an error that a model can mend the call by.

use andon_core::nearest::nearest;
use serde_json::Value;

use crate::error::{CallError, ToolError};
use crate::identity::Toolset;
use crate::spec::{Request, Tool, ToolSpec, all, offered};

/// Checks a call without making it: whether there is such a tool and whether it takes these arguments.
///
/// # Errors
/// `unknown_tool` or `bad_arguments`.
pub fn check(name: &str, arguments: Value) -> Result<(), ToolError> {
    let (tool, spec) = all().find(|(_, spec)| spec.name == name).ok_or_else(|| unknown(name, all()))?;
    read(*tool, spec, arguments).map(drop)
}

/// Finds the tool and reads its arguments.
pub(crate) fn find(toolset: Toolset, name: &str, arguments: Value) -> Result<(Tool, Request), ToolError> {
    let found = offered(toolset).find(|(_, spec)| spec.name == name);
    let (tool, spec) = found.ok_or_else(|| unknown(name, offered(toolset)))?;
    Ok((*tool, read(*tool, spec, arguments)?))
}

fn unknown(name: &str, known: impl Iterator<Item = &'static (Tool, ToolSpec)>) -> ToolError {
    let nearest = nearest(name, known.map(|(_, spec)| spec.name));
    let nearest = nearest.into_iter().map(str::to_owned).collect();
    CallError::UnknownTool { name: name.to_owned(), nearest }.into()
}

fn read(tool: Tool, spec: &ToolSpec, arguments: Value) -> Result<Request, ToolError> {
    let bad = |message: String| {
        let mut error = ToolError::from(CallError::BadArguments(message));
        error.hint = Some(takes(spec));
        error
    };
    let mut arguments = match arguments {
        Value::Null => Value::Object(serde_json::Map::new()),
        Value::String(text) if text.trim().is_empty() => Value::Object(serde_json::Map::new()),
        Value::String(text) => match serde_json::from_str(&text) {
            Ok(value @ Value::Object(_)) => value,
            Ok(_) | Err(_) => return Err(bad("the arguments are no JSON object".to_owned())),
        },
        Value::Object(object) => Value::Object(object),
        Value::Bool(_) | Value::Number(_) | Value::Array(_) => {
            return Err(bad("the arguments are no JSON object".to_owned()));
        }
    };
    // Who writes is known; a name that is given beside it is not heard (TL-15).
    if tool == Tool::Comment
        && let Some(given) = arguments.as_object_mut()
    {
        given.remove("author");
    }
    if let Some(unknown) = arguments.as_object().and_then(|given| given.keys().find(|key| !has(spec, key))) {
        let meant = nearest(unknown, names(spec));
        let shown: String = unknown.chars().take(80).collect();
        let meant = meant.first().map_or_else(String::new, |name| format!("; did you mean {name:?}?"));
        return Err(bad(format!("{} has no argument {shown:?}{meant}", spec.name)));
    }
    tool.read(arguments).map_err(|error| {
        let path = error.path().to_string();
        let inner = error.into_inner().to_string();
        bad(if path == "." { inner } else { format!("`{path}`: {inner}") })
    })
}

fn names(spec: &ToolSpec) -> impl Iterator<Item = &str> {
    spec.input_schema["properties"].as_object().into_iter().flat_map(|all| all.keys().map(String::as_str))
}

fn has(spec: &ToolSpec, name: &str) -> bool {
    names(spec).any(|known| known == name)
}

/// What a tool takes, on one line.
fn takes(spec: &ToolSpec) -> String {
    let required = |name: &str| {
        spec.input_schema["required"].as_array().is_some_and(|all| all.iter().any(|known| known == name))
    };
    let each: Vec<String> = names(spec)
        .map(|name| if required(name) { format!("{name} (needed)") } else { name.to_owned() })
        .collect();
    format!("nothing has changed; {} takes {}", spec.name, each.join(", "))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn mistakes_in_a_call_name_what_is_right() {
        let error = check("kanban_complet", json!({})).unwrap_err();
        assert_eq!(error.code, "unknown_tool");
        assert!(error.message.contains("did you mean kanban_complete"), "{error}");
        let error = check("kanban_block", json!({ "resaon": "why" })).unwrap_err();
        assert_eq!(error.code, "bad_arguments");
        assert!(error.message.contains("did you mean \"reason\""), "{error}");
        let error = check("kanban_block", json!({})).unwrap_err();
        assert!(error.message.contains("reason"), "{error}");
        assert!(error.hint.unwrap().contains("reason (needed)"));
        let error = check("kanban_create", json!({ "title": "x", "priority": "high" })).unwrap_err();
        assert!(error.message.contains("`priority`") && error.message.contains("high"), "{error}");
        for bad in [json!([]), json!(3), json!("x"), json!({ "reason": null }), json!({ "reason": {} })] {
            assert_eq!(check("kanban_block", bad).unwrap_err().code, "bad_arguments");
        }
    }

    #[test]
    fn calls_of_lenient_models_are_read() {
        check("kanban_show", Value::Null).unwrap();
        check("kanban_show", json!("{\"task_id\": \"t_01234567\"}")).unwrap();
        check("kanban_list", json!({ "limit": "20", "include_archived": "yes", "status": null })).unwrap();
        check("kanban_comment", json!({ "task_id": "t_01234567", "body": "seen", "author": "somebody" }))
            .unwrap();
        check("kanban_complete", json!({ "summary": "done", "artifacts": "report.md", "metadata": "{}" }))
            .unwrap();
    }
}
