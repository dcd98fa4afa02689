//! A verb of the command line that a server runs for somebody elsewhere: the command line with what it needs of the place
//! where it was typed, and what comes back.

use std::collections::BTreeMap;

use andon_core::BoardSlug;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::names::BoardSlugText;

/// A command line.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct VerbCall {
    /// The arguments after the program's name.
    #[schema(example = json!(["list", "--json"]), min_items = 1, max_items = 10_000)]
    pub argv: Vec<String>,
    /// The board that is meant where the arguments name none.
    #[serde(default)]
    #[schema(value_type = Option<BoardSlugText>)]
    pub board: Option<BoardSlug>,
    /// Files that the arguments name, as they are where the command was typed.
    #[serde(default)]
    pub files: Vec<VerbFile>,
    /// The time zone in which moments are read and shown, such as `Europe/Berlin`.
    #[serde(default)]
    #[schema(max_length = 100)]
    pub zone: Option<String>,
    /// Names this call among those of its caller: repeated to the same server, it is not run a second time.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 100)]
    pub operation: Option<String>,
    /// The server that is meant, as [`VerbFacts::instance`] named it; another one refuses.
    #[serde(default)]
    #[schema(max_length = 100)]
    pub instance: Option<String>,
    /// Over the home's own socket, from the server's own user: the folder in which the command was typed.
    #[serde(default)]
    pub folder: Option<String>,
    /// Over the home's own socket, from the server's own user: the variables that say who calls.
    #[serde(default)]
    pub environment: BTreeMap<String, String>,
}

/// A file that goes along.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct VerbFile {
    /// Its path, as it stands among the arguments; `-` is standard input.
    pub name: String,
    /// What is in it.
    #[serde(with = "base64_text")]
    #[schema(value_type = String, content_encoding = "base64")]
    pub content: Vec<u8>,
}

impl std::fmt::Debug for VerbFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("VerbFile").field("name", &self.name).field("bytes", &self.content.len()).finish()
    }
}

/// One line of the answer. The last one is `exit`; an answer without it was cut off.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum VerbFrame {
    /// Data for people, with the escapes of a terminal.
    Out {
        /// As it is.
        text: String,
    },
    /// Data as they are.
    Raw {
        /// Bytes.
        #[serde(with = "base64_text")]
        #[schema(value_type = String, content_encoding = "base64")]
        bytes: Vec<u8>,
    },
    /// Talk: one or several lines, without the last line break.
    Err {
        /// As it is.
        text: String,
    },
    /// A file that the arguments asked to have written.
    File {
        /// Its path, as it stands among the arguments.
        name: String,
        /// What belongs in it.
        #[serde(with = "base64_text")]
        #[schema(value_type = String, content_encoding = "base64")]
        content: Vec<u8>,
    },
    /// Nothing to say yet.
    Alive,
    /// The end.
    Exit {
        /// The exit code.
        code: u8,
    },
}

/// What a caller knows of a server before it lets it run a verb that changes something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct VerbFacts {
    /// The server's version.
    pub version: String,
    /// Names this server among all that ever ran.
    pub instance: String,
    /// The program that it runs: device, inode, size and time of its file. Told to its own user alone.
    pub program: String,
    /// Checksums of the variables that change what a verb does, by name. Told to its own user alone.
    pub variables: BTreeMap<String, String>,
}

mod base64_text {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use serde::{Deserialize as _, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(bytes: &[u8], to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&STANDARD.encode(bytes))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<u8>, D::Error> {
        let text = String::deserialize(from)?;
        STANDARD.decode(text).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_cross_as_they_are_and_files_keep_their_content_out_of_messages() {
        let frame = VerbFrame::Raw { bytes: vec![0, 255, b'\n'] };
        let text = serde_json::to_string(&frame).unwrap();
        assert_eq!(text, "{\"kind\":\"raw\",\"bytes\":\"AP8K\"}");
        assert_eq!(serde_json::from_str::<VerbFrame>(&text).unwrap(), frame);
        let file = VerbFile { name: "a".to_owned(), content: b"secret".to_vec() };
        assert_eq!(format!("{file:?}"), "VerbFile { name: \"a\", bytes: 6 }");
    }

    #[test]
    fn a_call_needs_its_arguments_alone() {
        let call: VerbCall = serde_json::from_str("{\"argv\":[\"list\"]}").unwrap();
        assert_eq!(call, VerbCall { argv: vec!["list".to_owned()], ..VerbCall::default() });
        assert!(serde_json::from_str::<VerbCall>("{\"argv\":[],\"as\":\"root\"}").is_err());
    }
}
