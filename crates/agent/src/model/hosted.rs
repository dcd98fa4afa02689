//! Models of providers, through the client library.

use std::time::Duration;

use futures::StreamExt as _;
use futures::future::BoxFuture;
use genai::adapter::AdapterKind;
use genai::chat::{
    Binary, BinarySource, CacheControl, ChatMessage, ChatOptions, ChatRequest, ChatStreamEvent, ContentPart,
    MessageContent, ReasoningEffort, StopReason, StreamEnd, Tool, ToolCall, ToolResponse,
};
use genai::resolver::{AuthData, Endpoint};
use genai::{Client, ModelIden};
use serde_json::Value;

use super::failure::failure;
use super::{Answer, Call, CallResult, Model, ModelError, Part, Reply, Request, Thought, Tokens, Turn};
use crate::Secret;
use crate::settings::AgentSettings;

/// A longer answer is none: nothing that a model should say has so many bytes.
const LARGEST_ANSWER: usize = 8 << 20;

/// A model at a provider.
pub struct HostedModel {
    client: Client,
    adapter: AdapterKind,
    name: String,
    key: Option<Secret>,
    stream: bool,
    first_byte: Duration,
    options: ChatOptions,
}

impl std::fmt::Debug for HostedModel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HostedModel")
            .field("adapter", &self.adapter)
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

fn misconfigured(reason: impl Into<String>) -> ModelError {
    ModelError::Misconfigured { reason: reason.into() }
}

impl HostedModel {
    /// Sets up the model `name` of the settings' provider. Nothing is asked yet.
    ///
    /// # Errors
    /// [`ModelError::Misconfigured`].
    pub fn new(settings: &AgentSettings, name: &str, key: Option<Secret>) -> Result<Self, ModelError> {
        let provider = settings.provider.as_deref().unwrap_or_default().trim().to_lowercase();
        let adapter = adapter(&provider)?;
        let base_url = settings.base_url.as_deref().map(base_url).transpose()?;
        let plain = base_url.as_deref().is_some_and(|url| url.starts_with("http:"));
        let mut foundation = crate::fetching::client(plain);
        if base_url.as_deref().is_some_and(is_loopback) {
            foundation = foundation.no_proxy();
        }
        let client = foundation
            .connect_timeout(settings.connect_timeout)
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .map_err(|error| misconfigured(format!("no HTTP client: {error}")))?;
        let mut options = ChatOptions::default()
            .with_capture_usage(true)
            .with_capture_content(true)
            .with_capture_tool_calls(true)
            .with_stream_header_timeout(settings.first_byte_timeout)
            .with_stream_read_timeout(settings.idle_timeout);
        if matches!(adapter, AdapterKind::Anthropic | AdapterKind::Gemini) {
            options = options.with_capture_reasoning_content(true);
        }
        let effort = match &settings.reasoning_effort {
            Some(word) => {
                Some(word.parse().map_err(|_| misconfigured(format!("`{word}` is no reasoning_effort")))?)
            }
            // Without one, the library takes a name's ending such as `-high` for one; a budget is not sent.
            None if adapter == AdapterKind::OpenAI => Some(ReasoningEffort::Budget(0)),
            None => None,
        };
        options.reasoning_effort = effort;
        let mut builder = Client::builder().with_reqwest(client).with_adapter_kind(adapter);
        if let Some(url) = base_url {
            builder = builder.append_provider_config(adapter, Endpoint::from_owned(url));
        }
        // Endpoints without a login take any key; the library wants one.
        if key.is_some() || adapter != AdapterKind::Ollama {
            let key = key.as_ref().map_or("none", Secret::expose);
            builder = builder.append_provider_config(adapter, AuthData::from_single(key));
        }
        Ok(Self {
            client: builder.build().map_err(|error| misconfigured(error.to_string()))?,
            adapter,
            name: name.to_owned(),
            key,
            stream: settings.stream,
            first_byte: settings.first_byte_timeout,
            options,
        })
    }

    async fn ask(&self, request: &Request<'_>) -> Result<Reply, ModelError> {
        let name = if request.model.is_empty() { &self.name } else { request.model };
        let target = ModelIden::new(self.adapter, name.to_owned());
        let mut options = self.options.clone();
        options.temperature = request.temperature;
        options.max_tokens = request.max_output_tokens;
        let mut asked = chat_request(request, self.adapter == AdapterKind::Ollama);
        if self.adapter == AdapterKind::Anthropic {
            remembered(&mut asked);
        }
        if self.stream {
            self.streamed(target, asked, &options).await
        } else {
            self.at_once(target, asked, &options).await
        }
    }

    async fn streamed(
        &self,
        target: ModelIden,
        asked: ChatRequest,
        options: &ChatOptions,
    ) -> Result<Reply, ModelError> {
        let opened = self.client.exec_chat_stream(target, asked, Some(options)).await;
        let mut stream = opened.map_err(|error| failure(&error))?.stream;
        let mut length = 0;
        while let Some(event) = stream.next().await {
            match event.map_err(|error| failure(&error))? {
                ChatStreamEvent::End(end) if self.broke_off(&end) => break,
                ChatStreamEvent::End(end) => return Ok(reply_of_stream(end)),
                ChatStreamEvent::Chunk(chunk) | ChatStreamEvent::ReasoningChunk(chunk) => {
                    length += chunk.content.len()
                }
                // It carries all of the arguments so far.
                ChatStreamEvent::ToolCallChunk(chunk) => {
                    length = length.max(chunk.tool_call.fn_arguments.as_str().map_or(0, str::len));
                }
                ChatStreamEvent::Start
                | ChatStreamEvent::ThoughtSignatureChunk(_)
                | ChatStreamEvent::Heartbeat => {}
            }
            if length > LARGEST_ANSWER {
                return Err(ModelError::Malformed {
                    reason: format!("it has more than {LARGEST_ANSWER} bytes"),
                });
            }
        }
        Err(ModelError::Unavailable {
            reason: "the answer broke off before its end".to_owned(),
            retry_after: None,
        })
    }

    /// Whether a stream ended before its answer did: where the API has no last word of its own, the library makes one up.
    fn broke_off(&self, end: &StreamEnd) -> bool {
        match self.adapter {
            AdapterKind::Gemini => end.captured_stop_reason.is_none(),
            AdapterKind::Ollama => end.captured_stop_reason.is_none() && end.captured_usage.is_none(),
            _ => false,
        }
    }

    async fn at_once(
        &self,
        target: ModelIden,
        asked: ChatRequest,
        options: &ChatOptions,
    ) -> Result<Reply, ModelError> {
        let call = self.client.exec_chat(target, asked, Some(options));
        let answered =
            tokio::time::timeout(self.first_byte, call).await.map_err(|_| ModelError::Unavailable {
                reason: format!("no answer within {} s", self.first_byte.as_secs_f32()),
                retry_after: None,
            })?;
        let response = answered.map_err(|error| failure(&error))?;
        let cut = matches!(response.stop_reason, Some(StopReason::MaxTokens(_)));
        Ok(Reply { answer: answer(response.content), tokens: tokens(&response.usage), cut })
    }
}

impl Model for HostedModel {
    fn complete<'a>(&'a self, request: &'a Request<'a>) -> BoxFuture<'a, Result<Reply, ModelError>> {
        Box::pin(async move {
            let answered = self.ask(request).await;
            match &self.key {
                Some(key) => answered.map_err(|error| hidden(error, key)),
                None => answered,
            }
        })
    }
}

/// A provider that quotes the key in its refusal must not bring it into a log.
fn hidden(mut error: ModelError, key: &Secret) -> ModelError {
    match &mut error {
        ModelError::RateLimited { reason, .. }
        | ModelError::Unavailable { reason, .. }
        | ModelError::Malformed { reason }
        | ModelError::Refused { reason, .. }
        | ModelError::TooLong { reason }
        | ModelError::Misconfigured { reason } => *reason = key.hidden(std::mem::take(reason)),
    }
    error
}

/// The library guesses a provider by the model's name, and falls back to one that nobody asked for: it is always told.
fn adapter(provider: &str) -> Result<AdapterKind, ModelError> {
    let known = match provider {
        "openai" | "openai-compatible" | "openai_compatible" | "compatible" => Some(AdapterKind::OpenAI),
        "openai-responses" | "openai_responses" | "responses" => Some(AdapterKind::OpenAIResp),
        other => AdapterKind::from_lower_str(other),
    };
    known.ok_or_else(|| {
        misconfigured(format!(
            "`{provider}` is no provider; set `provider` in the profile's `[agent]` table to openai (any compatible endpoint), \
             openai_resp, anthropic, gemini, ollama, openrouter, groq, deepseek, mistral, xai …"
        ))
    })
}

/// The library joins paths to it, so it ends with a slash.
fn base_url(given: &str) -> Result<String, ModelError> {
    let wrong = |why: &str| misconfigured(format!("`base_url` is {given:?}, {why}"));
    let url =
        reqwest::Url::parse(given.trim()).map_err(|error| wrong(&format!("which is no URL: {error}")))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(wrong("but only http and https are known"));
    }
    let given = given.trim();
    Ok(if given.contains('?') || given.ends_with('/') { given.to_owned() } else { format!("{given}/") })
}

/// What is on this host is not asked for through a proxy.
fn is_loopback(url: &str) -> bool {
    let url = reqwest::Url::parse(url).ok();
    let host = url.as_ref().and_then(reqwest::Url::host_str).unwrap_or_default().trim_matches(['[', ']']);
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// The request as the library has it. With `apart` each result of a call is a message of its own: of several in one the
/// library sends the last alone to Ollama.
fn chat_request(request: &Request<'_>, apart: bool) -> ChatRequest {
    let messages = request.turns.iter().flat_map(|turn| match turn {
        Turn::Results(results) if apart => {
            results.iter().map(|result| message(&Turn::Results(vec![result.clone()]))).collect()
        }
        Turn::Told(_) | Turn::Answered(_) | Turn::Results(_) => vec![message(turn)],
    });
    let mut asked = ChatRequest::new(messages.collect());
    if !request.system.is_empty() {
        asked = asked.with_system(request.system);
    }
    if !request.tools.is_empty() {
        let offered = request.tools.iter().map(|offer| {
            Tool::new(offer.name.as_str())
                .with_description(offer.description.as_str())
                .with_schema(offer.schema.clone())
        });
        asked = asked.with_tools(offered);
    }
    asked
}

/// Marks the end of the conversation: what stands before it is paid for in full once, not in every turn.
fn remembered(asked: &mut ChatRequest) {
    if let Some(last) = asked.messages.pop() {
        asked.messages.push(last.with_options(CacheControl::Ephemeral));
    }
}

fn message(turn: &Turn) -> ChatMessage {
    match turn {
        Turn::Told(parts) => {
            ChatMessage::user(MessageContent::from_parts(parts.iter().map(part).collect::<Vec<_>>()))
        }
        Turn::Answered(answer) => {
            let thoughts = answer.thoughts.iter().map(|thought| match thought {
                Thought::Words(words) => ContentPart::ReasoningContent(words.clone()),
                Thought::Signature(signature) => ContentPart::ThoughtSignature(signature.clone()),
                Thought::Hidden(block) => ContentPart::from_custom(block.clone(), None),
            });
            let text = Some(&answer.text).filter(|text| !text.is_empty() || answer.calls.is_empty());
            let text = text.map(|text| ContentPart::Text(text.clone()));
            let calls = answer.calls.iter().map(|call| ContentPart::ToolCall(tool_call(call)));
            ChatMessage::assistant(MessageContent::from_parts(
                thoughts.chain(text).chain(calls).collect::<Vec<_>>(),
            ))
        }
        Turn::Results(results) => {
            let results = results.iter().map(|CallResult { id, name, content }| {
                ContentPart::ToolResponse(
                    ToolResponse::new(id.as_str(), content.as_str()).with_fn_name(name.as_str()),
                )
            });
            ChatMessage::tool(MessageContent::from_parts(results.collect::<Vec<_>>()))
        }
    }
}

fn part(part: &Part) -> ContentPart {
    match part {
        Part::Text(text) => ContentPart::Text(text.clone()),
        Part::Image { kind, data } => {
            ContentPart::Binary(Binary::new(kind.as_str(), BinarySource::Base64(data.clone()), None))
        }
    }
}

fn tool_call(call: &Call) -> ToolCall {
    ToolCall {
        call_id: call.id.clone(),
        fn_name: call.name.clone(),
        fn_arguments: if call.arguments.is_object() {
            call.arguments.clone()
        } else {
            Value::Object(serde_json::Map::new())
        },
        thought_signatures: (!call.signatures.is_empty()).then(|| call.signatures.clone()),
    }
}

fn reply_of_stream(end: StreamEnd) -> Reply {
    let cut = matches!(end.captured_stop_reason, Some(StopReason::MaxTokens(_)));
    let tokens = end.captured_usage.as_ref().map(tokens).unwrap_or_default();
    Reply { answer: end.captured_content.map(answer).unwrap_or_default(), tokens, cut }
}

fn answer(content: MessageContent) -> Answer {
    let mut answer = Answer::default();
    for part in content.into_parts() {
        match part {
            ContentPart::Text(text) => answer.text.push_str(&text),
            ContentPart::ToolCall(call) => answer.calls.push(Call {
                id: call.call_id,
                name: call.fn_name,
                arguments: arguments(call.fn_arguments),
                signatures: call.thought_signatures.unwrap_or_default(),
            }),
            ContentPart::ThoughtSignature(signature) => answer.thoughts.push(Thought::Signature(signature)),
            ContentPart::ReasoningContent(words) => answer.thoughts.push(Thought::Words(words)),
            ContentPart::Custom(block) if block.data["type"] == "redacted_thinking" => {
                answer.thoughts.push(Thought::Hidden(block.data));
            }
            ContentPart::Binary(_) | ContentPart::ToolResponse(_) | ContentPart::Custom(_) => {}
        }
    }
    answer
}

/// Some providers send arguments as text, and no arguments as an empty one.
fn arguments(given: Value) -> Value {
    match given {
        Value::String(text) if text.trim().is_empty() => Value::Object(serde_json::Map::new()),
        Value::String(text) => serde_json::from_str(&text).unwrap_or(Value::String(text)),
        Value::Null => Value::Object(serde_json::Map::new()),
        other => other,
    }
}

fn tokens(usage: &genai::chat::Usage) -> Tokens {
    let count = |given: Option<i32>| given.and_then(|given| u64::try_from(given).ok()).unwrap_or(0);
    let cached = usage.prompt_tokens_details.as_ref().and_then(|details| details.cached_tokens);
    Tokens {
        input: count(usage.prompt_tokens),
        output: count(usage.completion_tokens),
        cached: count(cached),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn providers_are_named_never_guessed() {
        assert_eq!(adapter("openai").unwrap(), AdapterKind::OpenAI);
        assert_eq!(adapter("anthropic").unwrap(), AdapterKind::Anthropic);
        assert_eq!(adapter("ollama").unwrap(), AdapterKind::Ollama);
        assert!(adapter("gpt-5").unwrap_err().to_string().contains("`gpt-5` is no provider"));
    }

    #[test]
    fn a_base_url_is_checked_and_ends_with_a_slash() {
        assert_eq!(base_url("http://127.0.0.1:1/v1").unwrap(), "http://127.0.0.1:1/v1/");
        assert!(base_url("localhost:80").is_err());
        assert!(base_url("file:///etc").unwrap_err().to_string().contains("only http and https"));
    }

    #[test]
    fn arguments_that_are_no_json_stay_as_they_are() {
        assert_eq!(arguments(Value::String("{\"a\":1}".to_owned())), serde_json::json!({ "a": 1 }));
        assert_eq!(arguments(Value::String("{a".to_owned())), Value::String("{a".to_owned()));
        assert_eq!(arguments(Value::String(String::new())), serde_json::json!({}));
    }

    #[test]
    fn a_thought_that_the_provider_hides_goes_back_in_its_place() {
        let hidden = serde_json::json!({ "type": "redacted_thinking", "data": "x" });
        let thought = |signature: &str| ContentPart::ThoughtSignature(signature.to_owned());
        let parts = vec![thought("a"), ContentPart::from_custom(hidden.clone(), None), thought("b")];
        let answer = answer(MessageContent::from_parts(parts));
        assert_eq!(answer.thoughts[1], Thought::Hidden(hidden.clone()));
        let back = message(&Turn::Answered(answer)).content.into_parts();
        assert!(matches!(&back[1], ContentPart::Custom(block) if block.data == hidden), "{back:?}");
    }

    #[test]
    fn a_key_in_the_provider_s_words_is_hidden() {
        let key = Secret::new("sk-geheim-123").unwrap();
        let error = ModelError::of_status(401, None, "bad key sk-geheim-123");
        assert!(!hidden(error, &key).to_string().contains("geheim"));
    }

    #[tokio::test]
    async fn an_encrypted_endpoint_that_is_down_is_unavailable() {
        let settings = AgentSettings {
            provider: Some("openai".to_owned()),
            base_url: Some("https://127.0.0.1:1/v1".to_owned()),
            ..AgentSettings::default()
        };
        // A host without any certificate says so at once; nobody panics for want of an encryption.
        let Ok(model) = HostedModel::new(&settings, "m", None) else { return };
        let turns = [Turn::told("hi")];
        let request = Request {
            model: "",
            system: "",
            turns: &turns,
            tools: &[],
            temperature: None,
            max_output_tokens: None,
        };
        let error = model.complete(&request).await.unwrap_err();
        assert!(matches!(error, ModelError::Unavailable { .. }), "{error}");
    }
}
