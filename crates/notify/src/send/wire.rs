//! The bodies of messages as Slack, Discord and Telegram read them. Every text of a board is untrusted there.

use serde_json::{Value, json};

use crate::escape::{angles, attribute, cut, marks};
use crate::message::Message;

/// Most characters of a message to Discord, and to be safe to all.
const LONGEST: usize = 1_900;

/// The lines below the headline.
fn lines(message: &Message) -> Vec<String> {
    message.detail.clone().into_iter().chain(message.files_line()).collect()
}

/// Blocks of plain text, in which nothing is a mark; the text is what notifications on a phone show.
pub(super) fn slack(message: &Message) -> Value {
    let plain = |text: &str| json!({ "type": "section", "text": { "type": "plain_text", "emoji": false, "text": cut(text, LONGEST) } });
    let mut blocks = vec![plain(&message.headline)];
    let rest = lines(message).join("\n");
    if !rest.is_empty() {
        blocks.push(plain(&rest));
    }
    if let Some(url) = &message.url {
        let link = format!("<{}|Open the task>", angles(url).replace('|', "%7C"));
        blocks.push(json!({ "type": "section", "text": { "type": "mrkdwn", "text": link } }));
    }
    json!({ "text": angles(&message.headline), "blocks": blocks, "unfurl_links": false, "unfurl_media": false })
}

/// Escaped text; nobody is called by it.
pub(super) fn discord(message: &Message) -> Value {
    let mut text = format!("**{}**", marks(&message.headline));
    for line in lines(message) {
        text.push('\n');
        text.push_str(&marks(&line));
    }
    let mut text = cut(&text, LONGEST);
    if let Some(url) = &message.url {
        text.push_str(&format!("\n<{url}>"));
    }
    json!({ "content": text, "allowed_mentions": { "parse": [] } })
}

/// HTML, of which all that is not ours is escaped.
pub(super) fn telegram(message: &Message, chat: &str, thread: Option<i64>) -> Value {
    let mut text = format!("<b>{}</b>", angles(&message.headline));
    for line in lines(message) {
        text.push('\n');
        text.push_str(&angles(&line));
    }
    if let Some(url) = &message.url {
        text.push_str(&format!("\n<a href=\"{}\">Open the task</a>", attribute(url)));
    }
    let mut body = json!({
        "chat_id": chat, "text": text, "parse_mode": "HTML", "link_preview_options": { "is_disabled": true },
    });
    if let (Some(thread), Some(body)) = (thread, body.as_object_mut()) {
        body.insert("message_thread_id".to_owned(), json!(thread));
    }
    body
}

#[cfg(test)]
mod tests {
    use andon_core::Millis;

    use super::*;

    fn hostile() -> Message {
        Message {
            headline: "? <!channel> @everyone <b>x</b> [a](b)".to_owned(),
            detail: Some("*bold* & <https://evil.example|click>".to_owned()),
            url: Some("https://board.example/b/web?task=t_0123abcd".to_owned()),
            ..Message::trial(1, Millis(0), "ada")
        }
    }

    #[test]
    fn slack_gets_plain_text_and_one_link_of_ours() {
        let body = slack(&hostile());
        assert_eq!(body["text"], "? &lt;!channel&gt; @everyone &lt;b&gt;x&lt;/b&gt; [a](b)");
        assert_eq!(body["blocks"][0]["text"]["type"], "plain_text");
        assert_eq!(body["blocks"][1]["text"]["type"], "plain_text");
        let link = "<https://board.example/b/web?task=t_0123abcd|Open the task>";
        assert_eq!(body["blocks"][2]["text"]["text"], link);
    }

    #[test]
    fn discord_gets_escaped_text_that_calls_nobody() {
        let body = discord(&hostile());
        assert_eq!(body["allowed_mentions"]["parse"], json!([]));
        let text = body["content"].as_str().unwrap();
        assert!(text.contains("\\@everyone") && text.contains("\\*bold\\*"), "{text}");
        assert!(!text.contains("<https://evil"), "{text}");
        let long = Message { detail: Some("*".repeat(9_000)), ..hostile() };
        assert!(discord(&long)["content"].as_str().unwrap().chars().count() <= 2_000);
    }

    #[test]
    fn telegram_gets_html_whose_marks_are_ours_alone() {
        let body = telegram(&hostile(), "-100", Some(7));
        assert_eq!((&body["chat_id"], &body["message_thread_id"]), (&json!("-100"), &json!(7)));
        let text = body["text"].as_str().unwrap();
        assert!(text.contains("&lt;b&gt;x&lt;/b&gt;") && text.contains("*bold* &amp; &lt;https"), "{text}");
        assert_eq!(text.matches('<').count(), 4, "{text}");
        assert!(telegram(&hostile(), "1", None).get("message_thread_id").is_none());
    }
}
