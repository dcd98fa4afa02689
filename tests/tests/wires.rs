//! The built-in agent against each API of models: what works and what goes wrong is the same whoever answers.

use andon_tests::workshop::{KEY, Workshop, call, complete};
use serde_json::{Value, json};

/// Providers whose APIs differ from OpenAI's.
const OTHERS: [&str; 3] = ["anthropic", "gemini", "ollama"];
/// Those that want a key.
const KEYED: [&str; 2] = ["anthropic", "gemini"];

#[track_caller]
fn done(workshop: &Workshop, task: &str, provider: &str) {
    assert_eq!(workshop.house.status(task), "done", "{provider}: {}", workshop.shown(task));
}

#[test]
fn a_task_is_worked_on_to_its_end_whoever_answers() {
    for provider in OTHERS {
        for stream in [true, false] {
            let turns = json!([
                call("kanban_show", json!({})),
                { "say": "I write it.", "think": "first the file",
                  "calls": [{ "name": "shell", "arguments": { "command": "echo hello | tee out.txt" } },
                            { "name": "read", "arguments": { "path": "out.txt" } }],
                  "usage": { "input": 1000, "output": 50, "cached": 400 } },
                complete(),
            ]);
            let workshop = Workshop::speaking(provider, turns, &format!("stream = {stream}\n"));
            let task = workshop.worked(&[]);
            done(&workshop, &task, provider);
            let run = workshop.house.runs(&task)[0].clone();
            assert_eq!(
                [&run["input_tokens"], &run["output_tokens"], &run["cached_tokens"]],
                [&json!(1_200), &json!(90), &json!(400)],
                "{provider}: {run:#}"
            );
            assert_eq!(
                (&run["summary"], &run["model"]),
                (&json!("it is written"), &json!("scripted")),
                "{provider}"
            );
            let asked = workshop.server.requests();
            assert!(asked.iter().all(|one| one.streams == stream && one.api == provider), "{provider}");
            let first = asked[0].body.to_string();
            assert!(first.contains("Write hello into out.txt.") && first.contains("pirate"), "{provider}");
            let last = workshop.last_asked();
            assert!(last.matches("hello").count() >= 3, "{provider}: {last}");
            if KEYED.contains(&provider) {
                assert_eq!(asked[0].authorization.as_deref(), Some(KEY), "{provider}");
                // A thought goes back as it came: these providers refuse a conversation whose thoughts are not signed.
                assert!(last.contains("signature_scripted_0_1"), "{provider}: {last}");
            }
            workshop.nothing_leaks();
        }
    }
}

#[test]
fn an_openai_endpoint_of_ollama_needs_no_key() {
    let workshop = Workshop::new(json!([call("read", json!({ "path": "." })), complete()]));
    workshop.house.profile(
        "coder",
        &format!(
            "runner = \"agent\"\n[agent]\nprovider = \"openai\"\nmodel = \"qwen3\"\nbase_url = \"{}\"\n",
            workshop.server.base_url()
        ),
    );
    let task = workshop.worked(&[]);
    done(&workshop, &task, "ollama");
    assert_eq!(workshop.server.requests()[0].body["model"], "qwen3");
}

#[test]
fn what_anthropic_has_read_before_is_paid_for_once() {
    let workshop =
        Workshop::speaking("anthropic", json!([call("read", json!({ "path": "." })), complete()]), "");
    let task = workshop.worked(&[]);
    done(&workshop, &task, "anthropic");
    for request in workshop.server.requests() {
        let messages = request.body["messages"].as_array().unwrap();
        let last = messages.last().unwrap().to_string();
        assert!(last.contains("\"cache_control\""), "{last}");
        assert_eq!(request.body.to_string().matches("cache_control").count(), 1);
    }
}

#[test]
fn a_refused_key_needs_a_person_whoever_refuses_it() {
    let words = format!("this key is wrong: {KEY}");
    for (provider, status, body) in [
        (
            "anthropic",
            401,
            json!({ "type": "error", "error": { "type": "authentication_error", "message": words } }),
        ),
        (
            "gemini",
            400,
            json!({ "error": { "code": 400, "message": words, "status": "INVALID_ARGUMENT",
                               "details": [{ "reason": "API_KEY_INVALID" }] } }),
        ),
    ] {
        let workshop = Workshop::speaking(provider, json!([{ "status": status, "body": body }]), "");
        let task = workshop.worked(&[]);
        let sentence = format!("the model's provider refused the key (status {status})");
        workshop.expect(&task, "crashed", "blocked", &sentence);
        assert_eq!(workshop.house.task(&task)["block_kind"], "capability", "{provider}");
        assert_eq!(workshop.server.calls(), 1, "{provider}");
    }
}

/// A refusal for the rate, as each says it, with the time that it wants; none: a word without a time.
fn limited(provider: &str, seconds: Option<&str>) -> Value {
    let headers = match (provider, seconds) {
        ("gemini", _) | (_, None) => json!({}),
        (_, Some(seconds)) => json!({ "retry-after": seconds }),
    };
    let mut body =
        json!({ "error": { "type": "rate_limit_error", "code": 429, "message": "slow down, please" } });
    if let ("gemini", Some(seconds)) = (provider, seconds) {
        body["error"]["details"] = json!([{ "@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": format!("{seconds}s") }]);
    }
    json!({ "status": 429, "headers": headers, "body": body })
}

#[test]
fn a_rate_limit_that_passes_costs_a_pause_whoever_sets_it() {
    for provider in OTHERS {
        let turns = json!([limited(provider, Some("0")), limited(provider, None), complete()]);
        let workshop = Workshop::speaking(provider, turns, "");
        let task = workshop.worked(&[]);
        done(&workshop, &task, provider);
        assert_eq!(workshop.server.calls(), 3, "{provider}");
    }
}

#[test]
fn a_rate_limit_that_stays_ends_the_run_without_a_fault_whoever_sets_it() {
    for provider in OTHERS {
        let workshop = Workshop::speaking(provider, json!([limited(provider, Some("3600"))]), "");
        let task = workshop.worked(&[]);
        workshop.expect(&task, "rate_limited", "ready", "slow down, please");
        assert_eq!(workshop.server.calls(), 1, "{provider}: an hour is not waited for in a run");
    }
}

#[test]
fn the_time_to_ask_again_may_be_a_date() {
    for (date, calls) in [("Tue, 21 Oct 2070 07:28:00 GMT", 1), ("Wed, 21 Oct 2015 07:28:00 GMT", 2)] {
        let workshop =
            Workshop::new(json!([{ "status": 429, "headers": { "retry-after": date } }, complete()]));
        let task = workshop.worked(&[]);
        assert_eq!(workshop.server.calls(), calls, "{date}");
        if calls == 1 {
            workshop.expect(&task, "rate_limited", "ready", "limits the rate");
        } else {
            done(&workshop, &task, date);
        }
    }
}

#[test]
fn an_answer_that_breaks_off_is_asked_for_again_whoever_gave_it() {
    for provider in OTHERS {
        let say = "half of it, and the other half";
        let error = match provider {
            "anthropic" => {
                json!({ "type": "error", "error": { "type": "overloaded_error", "message": "Overloaded" } })
            }
            "gemini" => json!({ "error": { "code": 503, "message": "overloaded", "status": "UNAVAILABLE" } }),
            _ => json!({ "error": "the runner has stopped" }),
        };
        let turns = json!([
            { "say": say, "truncate": true },
            { "say": say, "ends_early": true },
            { "say": say, "fails": error },
            { "drop": true },
            { "status": 529, "body": { "error": { "message": "Overloaded" } } },
            complete(),
        ]);
        let workshop = Workshop::speaking(provider, turns, "retry_limit = 9\n");
        let task = workshop.worked(&[]);
        done(&workshop, &task, provider);
        assert_eq!(workshop.server.calls(), 6, "{provider}");
        // A half answer is none: it stands neither in the conversation nor in the transcript.
        assert!(!workshop.last_asked().contains("half of it"), "{provider}");
    }
}

#[test]
fn an_answer_that_is_no_json_is_a_crash_with_a_sentence_whoever_gave_it() {
    for provider in OTHERS {
        for stream in [true, false] {
            let turns = json!([{ "malformed": true }, { "malformed": true }, { "malformed": true }]);
            let workshop = Workshop::speaking(provider, turns, &format!("stream = {stream}\n"));
            let task = workshop.worked(&["--max-retries", "1"]);
            workshop.expect(&task, "crashed", "blocked", "the model's answer cannot be read");
            assert_eq!(workshop.server.calls(), 3, "{provider}");
        }
    }
}

#[test]
fn wrong_calls_are_answered_and_the_work_goes_on_whoever_makes_them() {
    for provider in OTHERS {
        let turns = json!([
            { "calls": [{ "name": "kanban_compleet", "arguments": {}, "exact": true },
                        { "name": "read", "raw_arguments": "{\"path\": " }] },
            call("read", json!({})),
            complete(),
        ]);
        let workshop = Workshop::speaking(provider, turns, "");
        let task = workshop.worked(&[]);
        done(&workshop, &task, provider);
        let asked = workshop.last_asked();
        for sentence in [
            "Did you mean `kanban_complete`?",
            "arguments of `read` are no JSON object",
            "missing field `path`",
        ] {
            assert!(asked.contains(sentence), "{provider}: {sentence}\n{asked}");
        }
    }
}
