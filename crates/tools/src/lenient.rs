//! Reading values as models write them: a number as a text, one text for a list, JSON inside a text. What could mean two
//! things is refused, never guessed.

use serde::de::Error as _;
use serde::{Deserialize as _, Deserializer};
use serde_json::{Map, Value};

fn shown(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(80) {
        None => text,
        Some((end, _)) => format!("{}…", &text[..end]),
    }
}

fn wrong<E: serde::de::Error>(value: &Value, expected: &str) -> E {
    E::custom(format!("{} is no {expected}", shown(value)))
}

fn as_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

/// A text that must be there.
pub(crate) fn required<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let value = Value::deserialize(deserializer)?;
    as_text(&value).ok_or_else(|| wrong(&value, "text"))
}

/// A text; a blank one counts as left out.
pub(crate) fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let value = Value::deserialize(deserializer)?;
    if value.is_null() {
        return Ok(None);
    }
    let text = as_text(&value).ok_or_else(|| wrong::<D::Error>(&value, "text"))?;
    Ok(Some(text).filter(|text| !text.trim().is_empty()))
}

/// A whole number, also as a text.
pub(crate) fn whole<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    let value = Value::deserialize(deserializer)?;
    let number = match &value {
        Value::Null => return Ok(None),
        Value::Number(number) => number.as_i64().or_else(|| whole_float(number.as_f64()?)),
        Value::String(text) if text.trim().is_empty() => return Ok(None),
        Value::String(text) => text.trim().parse().ok(),
        Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    };
    number.map(Some).ok_or_else(|| wrong(&value, "whole number"))
}

/// The whole number that a float is, where every digit of it is certain.
#[expect(clippy::cast_possible_truncation, reason = "checked to be whole and of at most 53 bits")]
fn whole_float(number: f64) -> Option<i64> {
    let exact = number.fract() == 0.0 && number.abs() <= 9_007_199_254_740_992.0;
    exact.then_some(number as i64)
}

/// Yes or no, also as a text or as 1 and 0.
pub(crate) fn flag<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<bool>, D::Error> {
    let value = Value::deserialize(deserializer)?;
    let word = match &value {
        Value::Null => return Ok(None),
        Value::Bool(flag) => return Ok(Some(*flag)),
        Value::Number(number) => number.to_string(),
        Value::String(text) => text.trim().to_lowercase(),
        Value::Array(_) | Value::Object(_) => return Err(wrong(&value, "true or false")),
    };
    match word.as_str() {
        "" => Ok(None),
        "true" | "yes" | "1" => Ok(Some(true)),
        "false" | "no" | "0" => Ok(Some(false)),
        _ => Err(wrong(&value, "true or false")),
    }
}

/// Texts; a single one, or JSON of a list inside a text, is a list too. Blank ones are dropped.
pub(crate) fn list<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    read_list(&Value::deserialize(deserializer)?)
}

/// Names without commas and blanks in them: `a, b` is two.
pub(crate) fn names<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    let items = read_list(&Value::deserialize(deserializer)?)?;
    let split = |item: &String| {
        item.split(|c: char| c == ',' || c.is_whitespace()).map(str::to_owned).collect::<Vec<_>>()
    };
    Ok(items.iter().flat_map(split).filter(|name| !name.is_empty()).collect())
}

fn read_list<E: serde::de::Error>(value: &Value) -> Result<Vec<String>, E> {
    let items = match value {
        Value::Null => return Ok(Vec::new()),
        Value::Array(items) => items,
        Value::String(text) => match serde_json::from_str(text) {
            Ok(Value::Array(items)) => return read_list(&Value::Array(items)),
            Ok(_) | Err(_) => &vec![value.clone()],
        },
        Value::Number(_) => &vec![value.clone()],
        Value::Bool(_) | Value::Object(_) => return Err(wrong(value, "list of texts")),
    };
    let texts = items.iter().map(|item| as_text(item).ok_or_else(|| wrong(item, "text in this list")));
    let texts: Vec<String> = texts.collect::<Result<_, _>>()?;
    Ok(texts.into_iter().map(|text| text.trim().to_owned()).filter(|text| !text.is_empty()).collect())
}

/// A JSON object, also inside a text.
pub(crate) fn object<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Map<String, Value>>, D::Error> {
    let value = Value::deserialize(deserializer)?;
    match &value {
        Value::Null => Ok(None),
        Value::Object(object) => Ok(Some(object.clone())),
        Value::String(text) if text.trim().is_empty() => Ok(None),
        Value::String(text) => match serde_json::from_str(text) {
            Ok(Value::Object(object)) => Ok(Some(object)),
            Ok(Value::Null) => Ok(None),
            Ok(_) | Err(_) => Err(wrong(&value, "JSON object, such as {\"files_changed\": 3}")),
        },
        Value::Bool(_) | Value::Number(_) | Value::Array(_) => Err(D::Error::custom(format!(
            "{} is no JSON object, such as {{\"files_changed\": 3}}",
            shown(&value)
        ))),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn values_are_read_as_models_write_them() {
        assert_eq!(whole(json!("5")).unwrap(), Some(5));
        assert_eq!(whole(json!(5.0)).unwrap(), Some(5));
        assert_eq!(whole(json!(null)).unwrap(), None);
        assert_eq!(flag(json!("Yes")).unwrap(), Some(true));
        assert_eq!(flag(json!(0)).unwrap(), Some(false));
        assert_eq!(text(json!("  ")).unwrap(), None);
        assert_eq!(text(json!(7)).unwrap(), Some("7".to_owned()));
        assert_eq!(list(json!("a, b.txt")).unwrap(), ["a, b.txt"]);
        assert_eq!(list(json!("[\"a\", \"b\"]")).unwrap(), ["a", "b"]);
        assert_eq!(names(json!("a, b")).unwrap(), ["a", "b"]);
        assert_eq!(names(json!(["a", " b ", ""])).unwrap(), ["a", "b"]);
        assert_eq!(object(json!("{\"a\": 1}")).unwrap(), json!({ "a": 1 }).as_object().cloned());
    }

    #[test]
    fn what_could_mean_something_else_is_refused() {
        assert!(whole(json!(5.5)).is_err());
        assert!(whole(json!("5 tasks")).is_err());
        assert!(whole(json!(1e300)).is_err());
        assert!(flag(json!("maybe")).is_err());
        assert!(text(json!({ "a": 1 })).is_err());
        assert!(list(json!([["a"]])).is_err());
        assert!(object(json!("[1]")).is_err());
        assert!(object(json!([1])).is_err());
    }
}
