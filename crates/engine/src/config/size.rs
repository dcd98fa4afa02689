//! Sizes as people write them: `2GiB`, `512MB`, or bytes.

use std::fmt;

use toml_edit::{Item, Value};

use super::schema::{Range, Setting, Wrong};

/// A number of bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Bytes(pub u64);

const UNITS: [(&str, u64); 8] = [
    ("TiB", 1 << 40),
    ("GiB", 1 << 30),
    ("MiB", 1 << 20),
    ("KiB", 1 << 10),
    ("TB", 1_000_000_000_000),
    ("GB", 1_000_000_000),
    ("MB", 1_000_000),
    ("KB", 1_000),
];

impl Bytes {
    /// Reads `2GiB` (powers of 1024), `2GB` (powers of 1000), `2G` (as `2GiB`), `1024` or `1024B`; nothing when it is none.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        let (number, unit) = text.split_at(digits);
        let unit = unit.trim_start().to_ascii_lowercase();
        let factor = match unit.as_str() {
            "" | "b" => 1,
            "k" => 1 << 10,
            "m" => 1 << 20,
            "g" => 1 << 30,
            "t" => 1 << 40,
            other => UNITS.iter().find(|(name, _)| name.eq_ignore_ascii_case(other))?.1,
        };
        number.parse::<u64>().ok()?.checked_mul(factor).map(Self)
    }
}

impl fmt::Display for Bytes {
    /// In the largest binary unit that divides it, else in bytes.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let binary = UNITS.iter().take(4).find(|(_, size)| self.0 != 0 && self.0.is_multiple_of(*size));
        match binary {
            Some((unit, size)) => f.pad(&format!("{}{unit}", self.0 / size)),
            None => f.pad(&self.0.to_string()),
        }
    }
}

impl Setting for Bytes {
    fn expects(range: Range) -> String {
        match range {
            Some((low, high)) => format!("a size from {low} to {high}, such as \"2GiB\" or bytes"),
            None => "a size such as \"2GiB\", or bytes".to_owned(),
        }
    }

    fn item(text: &str) -> Item {
        Item::from(text)
    }

    fn read(item: &Item) -> Result<Self, Wrong> {
        if let Some(bytes) = item.as_integer() {
            return u64::try_from(bytes).map(Self).map_err(|_| Wrong::Value);
        }
        item.as_str().and_then(Self::parse).ok_or(Wrong::Value)
    }

    fn within(&self, low: &str, high: &str) -> bool {
        Self::parse(low).is_some_and(|low| *self >= low)
            && Self::parse(high).is_some_and(|high| *self <= high)
    }

    fn value(&self) -> Option<Value> {
        i64::try_from(self.0).ok().map(|bytes| match self.to_string() {
            plain if plain.bytes().all(|byte| byte.is_ascii_digit()) => Value::from(bytes),
            friendly => Value::from(friendly),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_and_shown_back() {
        for (text, bytes) in [
            ("2GiB", 2 << 30),
            ("2gib", 2 << 30),
            ("2G", 2 << 30),
            ("2 GB", 2_000_000_000),
            ("512MiB", 512 << 20),
            ("0", 0),
            ("77", 77),
            ("77B", 77),
        ] {
            let size = Bytes::parse(text).unwrap();
            assert_eq!(size, Bytes(bytes), "{text}");
            assert_eq!(Bytes::parse(&size.to_string()), Some(size), "{text}");
        }
        for text in ["", "GiB", "-1", "1.5GiB", "1XB", "99999999999TiB", "é"] {
            assert_eq!(Bytes::parse(text), None, "{text}");
        }
    }
}
