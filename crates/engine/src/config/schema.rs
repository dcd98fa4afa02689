//! One table of fields per kind of file: from it follow the struct, its defaults, the reader with its messages, the
//! environment overrides and the listing.

use std::collections::BTreeMap;
use std::path::Path;

use andon_core::nearest::nearest;
use toml_edit::{Document, Item, TableLike, Value};

use super::problem::{Place, Problem, quoted};

/// The smallest and largest allowed value, as texts that the type itself reads.
pub(crate) type Range = Option<(&'static str, &'static str)>;

/// Why a value was not taken.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Wrong {
    /// It is not what the type expects.
    Value,
    /// It is refused for this reason, a clause that follows the key's name.
    Because(String, Option<String>),
}

/// A type that can stand in a file of ours.
pub(crate) trait Setting: Sized {
    /// Whether values are kept out of messages and listings.
    const HIDDEN: bool = false;

    /// What a value must be, after "must be".
    fn expects(range: Range) -> String;

    /// A text from the environment or the command line as it would stand in a file.
    fn item(text: &str) -> Item;

    /// Reads a value.
    fn read(item: &Item) -> Result<Self, Wrong>;

    /// Whether the value lies in the range.
    fn within(&self, _low: &str, _high: &str) -> bool {
        true
    }

    /// The value as it stands in a file; nothing when it is unset.
    fn value(&self) -> Option<Value>;
}

impl<S: Setting> Setting for Option<S> {
    const HIDDEN: bool = S::HIDDEN;

    fn expects(range: Range) -> String {
        S::expects(range)
    }

    fn item(text: &str) -> Item {
        S::item(text)
    }

    fn read(item: &Item) -> Result<Self, Wrong> {
        S::read(item).map(Some)
    }

    fn within(&self, low: &str, high: &str) -> bool {
        self.as_ref().is_none_or(|value| value.within(low, high))
    }

    fn value(&self) -> Option<Value> {
        self.as_ref().and_then(S::value)
    }
}

/// One key: how it is called, explained, read and shown.
pub(crate) struct Field<T: 'static> {
    /// The full name, with dots.
    pub(crate) name: &'static str,
    /// What it means, for people, a line each.
    pub(crate) doc: &'static [&'static str],
    /// The default as a person would write it; empty for unset.
    pub(crate) default: &'static str,
    /// What it must be.
    pub(crate) expects: fn() -> String,
    /// Whether its value is kept out of messages.
    pub(crate) hidden: bool,
    /// Takes a text for a value.
    pub(crate) item: fn(&str) -> Item,
    /// Reads a value into its owner.
    pub(crate) read: fn(&mut T, &Item) -> Result<(), Wrong>,
    /// The owner's value.
    pub(crate) value: fn(&T) -> Option<Value>,
}

impl<T> Field<T> {
    /// Reads a value; the message of a refusal names the key and the value.
    pub(crate) fn take(&self, owner: &mut T, item: &Item) -> Result<(), (String, Option<String>)> {
        (self.read)(owner, item).map_err(|wrong| match wrong {
            Wrong::Because(reason, meant) => (format!("`{}` {reason}", self.name), meant),
            Wrong::Value if self.hidden => (format!("`{}` must be {}", self.name, (self.expects)()), None),
            Wrong::Value => {
                (format!("`{}` must be {}, not {}", self.name, (self.expects)(), shown(item)), None)
            }
        })
    }
}

/// A value as it may stand in a message.
fn shown(item: &Item) -> String {
    match item {
        Item::Value(Value::String(text)) => quoted(text.value()),
        Item::Value(value) => value.clone().decorated("", "").to_string().chars().take(60).collect(),
        Item::Table(_) => "a table".to_owned(),
        Item::ArrayOfTables(_) => "an array of tables".to_owned(),
        Item::None => "nothing".to_owned(),
    }
}

/// Reads the value of a field whose range is known.
pub(crate) fn read_within<S: Setting>(item: &Item, range: Range) -> Result<S, Wrong> {
    let value = S::read(item)?;
    match range {
        Some((low, high)) if !value.within(low, high) => Err(Wrong::Value),
        _ => Ok(value),
    }
}

/// The value of a default's text; the type's own default where the text is empty.
pub(crate) fn initial<S: Setting + Default>(text: &str) -> S {
    if text.is_empty() { S::default() } else { S::read(&S::item(text)).unwrap_or_default() }
}

/// Declares a struct with public fields, its `Default`, and the table of its fields. `at` names the member of the
/// owner in which the struct stands, `[]` the owner itself. Further members, whose fields have tables of their own, follow `with`.
macro_rules! settings {
    (
        $(#[$meta:meta])*
        pub struct $name:ident in $owner:ident at $at:tt, table $table:ident {
            $( $(#[doc = $doc:literal])+ $field:ident: $ty:ty = $default:literal $(in $low:literal to $high:literal)? ),+ $(,)?
        }
        $(with $( $(#[doc = $xdoc:literal])+ $extra:ident: $extra_ty:ty ),+ $(,)?)?
    ) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq)]
        pub struct $name {
            $( $(#[doc = $doc])+ pub $field: $ty, )+
            $( $( $(#[doc = $xdoc])+ pub $extra: $extra_ty, )+ )?
        }

        impl Default for $name {
            fn default() -> Self {
                Self {
                    $( $field: $crate::config::schema::initial::<$ty>($default), )+
                    $( $( $extra: <$extra_ty>::default(), )+ )?
                }
            }
        }

        pub(crate) static $table: &[$crate::config::schema::Field<$owner>] = &[
            $( {
                const RANGE: $crate::config::schema::Range = $crate::config::schema::range!($($low, $high)?);
                $crate::config::schema::Field {
                    name: $crate::config::schema::full_name!($at $field),
                    doc: &[$($doc),+],
                    default: $default,
                    expects: || <$ty as $crate::config::schema::Setting>::expects(RANGE),
                    hidden: <$ty as $crate::config::schema::Setting>::HIDDEN,
                    item: <$ty as $crate::config::schema::Setting>::item,
                    read: |owner, item| {
                        $crate::config::schema::member!(owner $at $field) =
                            $crate::config::schema::read_within::<$ty>(item, RANGE)?;
                        Ok(())
                    },
                    value: |owner| {
                        $crate::config::schema::Setting::value(&$crate::config::schema::member!(owner $at $field))
                    },
                }
            }, )+
        ];
    };
}

/// A range as an option, for fields with and without one.
macro_rules! range {
    () => {
        None
    };
    ($low:literal, $high:literal) => {
        Some(($low, $high))
    };
}

/// A field's full name from the place of its struct.
macro_rules! full_name {
    ([] $field:ident) => {
        stringify!($field)
    };
    ([$at:ident] $field:ident) => {
        concat!(stringify!($at), ".", stringify!($field))
    };
}

/// A field of an owner from the place of its struct.
macro_rules! member {
    ($owner:ident [] $field:ident) => {
        $owner.$field
    };
    ($owner:ident [$at:ident] $field:ident) => {
        $owner.$at.$field
    };
}

pub(crate) use {full_name, member, range, settings};

/// Reads one file, collecting every mistake with its place.
pub(crate) struct Reader<'a> {
    path: &'a Path,
    text: &'a str,
    places: BTreeMap<String, Place>,
    /// What was wrong so far.
    pub(crate) problems: Vec<Problem>,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(path: &'a Path, text: &'a str) -> Self {
        Self { path, text, places: BTreeMap::new(), problems: Vec::new() }
    }

    /// The file's syntax tree; the mistake is recorded when it has none.
    pub(crate) fn parse(&mut self) -> Option<Document<&'a str>> {
        match Document::parse(self.text) {
            Ok(document) => Some(document),
            Err(error) => {
                let offset = error.span().map_or(0, |span| span.start);
                let reason = error.message().trim_end().replace('\n', ", ");
                self.problem(self.place(offset), None, format!("this is not TOML: {reason}"), None);
                None
            }
        }
    }

    /// The same with keys that are somebody else's to read.
    pub(crate) fn table_besides<T>(
        &mut self,
        owner: &mut T,
        fields: &[&Field<T>],
        table: &dyn TableLike,
        besides: &[&str],
    ) {
        for (key, item) in table.iter().filter(|(key, _)| !besides.contains(key)) {
            self.key(owner, fields, table, "", key, item);
        }
    }

    /// Reads a table's keys into the owner. `prefix` is the table's full name with a dot, empty at the top.
    pub(crate) fn table<T>(
        &mut self,
        owner: &mut T,
        fields: &[&Field<T>],
        table: &dyn TableLike,
        prefix: &str,
    ) {
        for (key, item) in table.iter() {
            self.key(owner, fields, table, prefix, key, item);
        }
    }

    fn key<T>(
        &mut self,
        owner: &mut T,
        fields: &[&Field<T>],
        table: &dyn TableLike,
        prefix: &str,
        key: &str,
        item: &Item,
    ) {
        let name = format!("{prefix}{key}");
        let key_place =
            self.place(table.key(key).and_then(toml_edit::Key::span).map_or(0, |span| span.start));
        self.places.insert(name.clone(), key_place.clone());
        let section = format!("{name}.");
        if let Some(field) = fields.iter().find(|field| field.name == name) {
            if let Err((message, meant)) = field.take(owner, item) {
                let place = item.span().map_or(key_place, |span| self.place(span.start));
                self.problem(place, Some(name), message, meant);
            }
        } else if fields.iter().any(|field| field.name.starts_with(&section)) {
            match item.as_table_like() {
                Some(inner) => self.table(owner, fields, inner, &section),
                None => {
                    let message = format!("`{name}` must be a table, written [{name}], not {}", shown(item));
                    self.problem(key_place, Some(name), message, None);
                }
            }
        } else {
            let (message, meant) = unknown_key(&name, fields.iter().map(|field| field.name));
            self.problem(key_place, Some(name), message, meant);
        }
    }

    /// Where a key stands, if the file has it.
    pub(crate) fn place_of(&self, name: &str) -> Option<&Place> {
        self.places.get(name)
    }

    /// Every key that was met, with its place.
    pub(crate) fn into_places(self) -> BTreeMap<String, Place> {
        self.places
    }

    /// Records what is wrong with a key, at its place, or at the file's start when the file does not have it.
    pub(crate) fn problem_with(&mut self, name: &str, message: String, meant: Option<String>) {
        let place = self.places.get(name).cloned().unwrap_or_else(|| self.place(0));
        self.problem(place, Some(name.to_owned()), message, meant);
    }

    fn problem(&mut self, place: Place, key: Option<String>, message: String, nearest: Option<String>) {
        self.problems.push(Problem { place, key, message, nearest });
    }

    fn place(&self, offset: usize) -> Place {
        Place::at(self.path, self.text, offset)
    }
}

/// The message for a key that nobody knows, and the known key that was probably meant.
pub(crate) fn unknown_key<'n>(
    given: &str,
    known: impl Iterator<Item = &'n str> + Clone,
) -> (String, Option<String>) {
    let last = |name: &str| name.rsplit('.').next().unwrap_or_default().to_owned();
    let misplaced = known.clone().find(|name| last(name) == last(given));
    let meant = misplaced.or_else(|| nearest(given, known.clone()).first().copied());
    let given = quoted(given).replace('"', "`");
    match meant {
        Some(meant) => (format!("unknown key {given}; did you mean `{meant}`?"), Some(meant.to_owned())),
        None => {
            let known: Vec<&str> = known.collect();
            (format!("unknown key {given}; the known keys are {}", known.join(", ")), None)
        }
    }
}
