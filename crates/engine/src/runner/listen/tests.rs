//! What listening to agents promises, with lines as they write them.

use super::*;
use crate::runner::Runners;

fn listener(name: &str) -> Arc<Listener> {
    Listener::new(&Runners::default().get(name).unwrap())
}

fn hear(name: &str, lines: &[&str]) -> Heard {
    let listener = listener(name);
    for line in lines {
        listener.feed(line.as_bytes());
        listener.feed(b"\n");
    }
    listener.heard()
}

#[test]
fn claude_says_session_model_tokens_and_cost() {
    let heard = hear(
        "claude",
        &[
            r#"{"type":"system","subtype":"init","session_id":"2f43","model":"claude-x"}"#,
            r#"{"type":"assistant","message":{"usage":{"input_tokens":999}},"session_id":"2f43"}"#,
            r#"{"type":"result","subtype":"success","is_error":false,"result":"all done","session_id":"2f43","total_cost_usd":0.0123,"usage":{"input_tokens":10,"cache_creation_input_tokens":5,"cache_read_input_tokens":85,"output_tokens":7}}"#,
        ],
    );
    assert_eq!((heard.session.as_deref(), heard.model.as_deref()), (Some("2f43"), Some("claude-x")));
    assert_eq!(
        (heard.input_tokens, heard.output_tokens, heard.cached_tokens),
        (Some(100), Some(7), Some(85))
    );
    assert_eq!((heard.cost_micros, heard.text.as_deref()), (Some(12_300), Some("all done")));
}

#[test]
fn codex_says_thread_and_tokens_of_the_whole_session() {
    let listener = listener("codex");
    listener
        .feed(b"{\"type\":\"thread.started\",\"thread_id\":\"01a1\"}\nno json at all\n{\"type\":\"item.comp");
    listener.feed(b"leted\",\"item\":{\"type\":\"agent_message\",\"text\":\"done\"}}\n");
    listener.feed(br#"{"type":"turn.completed","usage":{"input_tokens":200,"cached_input_tokens":80,"output_tokens":14}}"#);
    let heard = listener.heard();
    assert_eq!((heard.session.as_deref(), heard.text.as_deref()), (Some("01a1"), Some("done")));
    assert_eq!(
        (heard.input_tokens, heard.output_tokens, heard.cached_tokens),
        (Some(200), Some(14), Some(80))
    );
    assert_eq!((listener.totals(), heard.cost_micros), (Totals::Session, None));
}

#[test]
fn gemini_and_opencode_say_the_same_in_their_own_words() {
    let heard = hear(
        "gemini",
        &[
            r#"{"type":"init","timestamp":"t","session_id":"g1","model":"gemini-x"}"#,
            r#"{"type":"result","status":"success","stats":{"total_tokens":30,"input_tokens":20,"output_tokens":10,"cached":4}}"#,
        ],
    );
    assert_eq!((heard.session.as_deref(), heard.model.as_deref()), (Some("g1"), Some("gemini-x")));
    assert_eq!((heard.input_tokens, heard.output_tokens, heard.cached_tokens), (Some(20), Some(10), Some(4)));
    let step = r#"{"type":"step_finish","sessionID":"ses_1","part":{"cost":0.5,"tokens":{"input":5,"output":2,"reasoning":1,"cache":{"read":3,"write":0}}}}"#;
    let heard = hear("opencode", &[step, step]);
    assert_eq!((heard.session.as_deref(), heard.cost_micros), (Some("ses_1"), Some(1_000_000)));
    assert_eq!((heard.input_tokens, heard.output_tokens, heard.cached_tokens), (Some(16), Some(6), Some(6)));
}

#[test]
fn a_text_says_it_by_expressions() {
    let heard = hear("hermes", &["Resume this session with:", "  hermes --resume 20260102_030405_ab12cd"]);
    assert_eq!(heard.session.as_deref(), Some("20260102_030405_ab12cd"));
}

#[test]
fn rate_limits_are_known_and_when_they_end() {
    let now = Millis(1_800_000_000_000);
    let claude = listener("claude");
    let event =
        r#"{"type":"rate_limit_event","rate_limit_info":{"status":"rejected","resetsAt":1800003600}}"#;
    let result =
        r#"{"type":"result","is_error":true,"result":"Claude usage limit reached","session_id":"s"}"#;
    claude.feed(format!("{event}\n{result}\n").as_bytes());
    assert_eq!(claude.rate_limit(&claude.heard(), None, now), Some(Some(Millis(1_800_003_600_000))));
    let codex = listener("codex");
    codex.feed(b"{\"type\":\"turn.failed\",\"error\":{\"message\":\"exceeded retry limit, last status: 429 Too Many Requests\"}}\n");
    assert_eq!(codex.rate_limit(&codex.heard(), None, now), Some(None));
    assert_eq!(codex.rate_limit(&Heard::default(), Some("panicked"), now), None);
    assert!(codex.is_not_logged_in(&Heard::default(), Some("Not logged in"), ""));
    assert!(!codex.is_not_logged_in(&Heard::default(), None, "curl says: 401 Unauthorized"));
    assert!(listener("hermes").is_not_logged_in(&Heard::default(), None, "error: 401 Unauthorized"));
    assert!(codex.is_session_gone("Error: thread/resume failed: no rollout found for thread id 01"));
}

#[test]
fn endless_lines_cost_no_memory_and_hide_nothing_after_them() {
    let codex = listener("codex");
    for _ in 0..100 {
        codex.feed(&[b'x'; 100_000]);
    }
    assert!(codex.lock().line.len() <= LONGEST_LINE);
    codex.feed(b"\n{\"type\":\"thread.started\",\"thread_id\":\"t\"}\n");
    assert_eq!(codex.heard().session.as_deref(), Some("t"));
}

#[test]
fn what_is_no_number_or_no_id_is_left_out() {
    let long = "x".repeat(300);
    let heard = hear(
        "codex",
        &[
            &format!(r#"{{"type":"thread.started","thread_id":"{long}"}}"#),
            r#"{"type":"turn.completed","usage":{"input_tokens":"many","output_tokens":-5,"cached_input_tokens":null}}"#,
        ],
    );
    assert_eq!((heard.session, heard.input_tokens, heard.output_tokens), (None, None, None));
}
