//! Verbs of the command line, run by the server: the answer comes line by line.

use std::time::Duration;

use bytes::BytesMut;
use http_body_util::BodyExt as _;
use hyper::Method;
use hyper::body::Incoming;

use super::error::ClientError;
use super::request::{Client, reason};
use crate::{VerbCall, VerbFacts, VerbFrame};

/// Where verbs are asked for.
const PATH: &str = "/api/v1/verbs";
/// An answer that says nothing for so long, not even that it lives, is lost. The server speaks every 5 seconds.
const SILENCE: Duration = Duration::from_secs(30);
/// No line is longer.
const LARGEST: usize = 64 << 20;

/// What a verb says, until its end.
#[derive(Debug)]
pub struct VerbStream {
    client: Client,
    body: Incoming,
    buffer: BytesMut,
}

impl Client {
    /// What the server is, for a caller on the same machine.
    ///
    /// # Errors
    /// As [`ClientError`] says; [`ClientError::Lost`] where it takes longer than `patience`.
    pub async fn verb_facts(&self, patience: Duration) -> Result<VerbFacts, ClientError> {
        match tokio::time::timeout(patience, self.get(PATH)).await {
            Ok(facts) => facts,
            Err(_) => Err(self.lost(format!("no answer within {} ms", patience.as_millis()))),
        }
    }

    /// Has a verb run. Once this gives a stream, the server has begun.
    ///
    /// # Errors
    /// As [`ClientError`] says.
    pub async fn verb(&self, call: &VerbCall) -> Result<VerbStream, ClientError> {
        let body = self.encode(call)?;
        let response = self.ask(Method::POST, PATH, Some(body), &[]).await?;
        Ok(VerbStream { client: self.clone(), body: response.into_body(), buffer: BytesMut::new() })
    }
}

impl VerbStream {
    /// The next line.
    ///
    /// # Errors
    /// [`ClientError::Lost`] where the answer ends before `exit`.
    pub async fn next(&mut self) -> Result<VerbFrame, ClientError> {
        loop {
            if let Some(end) = self.buffer.iter().position(|byte| *byte == b'\n') {
                let line = self.buffer.split_to(end + 1);
                let frame = serde_json::from_slice(&line);
                return frame.map_err(|error| self.client.foreign(error.to_string()));
            }
            if self.buffer.len() > LARGEST {
                return Err(self.client.foreign("a line without an end"));
            }
            match tokio::time::timeout(SILENCE, self.body.frame()).await {
                Ok(Some(Ok(frame))) => {
                    if let Some(bytes) = frame.data_ref() {
                        self.buffer.extend_from_slice(bytes);
                    }
                }
                Ok(Some(Err(error))) => return Err(self.client.lost(reason(&error))),
                Ok(None) => return Err(self.client.lost("the answer was cut off")),
                Err(_) => return Err(self.client.lost(format!("silent for {} s", SILENCE.as_secs()))),
            }
        }
    }
}
