//! What a planner's answer says. Lenient about the form, strict about the content: nobody gets work by a name that is not on
//! the team, nothing waits for what is not there, and a text is only ever a text. Pure, and it never panics.

use andon_core::ProfileName;
use andon_core::graph::order_plan;
use andon_core::text::cap_chars;
use serde_json::Value;

use super::failure::PlanFailure;

/// Characters of a title.
const TITLE: usize = 200;
/// Characters of a body.
const BODY: usize = 16_000;
/// Characters of a description.
const DESCRIPTION: usize = 280;
/// Characters of a rationale.
const RATIONALE: usize = 400;
/// Tasks of one plan: it is asked for up to six.
const PARTS: usize = 20;
/// Bytes of an answer that are looked at.
const LONGEST: usize = 1 << 20;

/// Who may be chosen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Team {
    /// Those whom a model may choose.
    pub names: Vec<ProfileName>,
    /// Who gets what nobody fits.
    pub fallback: Option<ProfileName>,
}

impl Team {
    /// Whom a model's word means: somebody of the team, else the fallback (LL-05).
    fn chosen(&self, value: Option<&Value>) -> Option<ProfileName> {
        let named = value.and_then(Value::as_str).and_then(|name| name.parse::<ProfileName>().ok());
        named.filter(|name| self.names.contains(name)).or_else(|| self.fallback.clone())
    }
}

/// A plan, cleaned.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Draft {
    /// A better title.
    pub title: Option<String>,
    /// A better body.
    pub body: Option<String>,
    /// Who could work on it; for an idea that stays one.
    pub assignee: Option<ProfileName>,
    /// Its parts; none: it stays one.
    pub parts: Vec<Part>,
    /// Why, in the model's words.
    pub rationale: Option<String>,
}

/// One part of a plan.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Part {
    /// Its title.
    pub title: String,
    /// Its specification.
    pub body: Option<String>,
    /// Who works on it.
    pub assignee: Option<ProfileName>,
    /// Its parents, by position from 0.
    pub parents: Vec<usize>,
}

/// A specification (LL-01). What is no JSON becomes the body as a whole.
///
/// # Errors
/// An answer with nothing in it.
pub fn specification(answer: &str) -> Result<Draft, PlanFailure> {
    let answer = unfenced(bounded(answer));
    if answer.is_empty() {
        return Err(PlanFailure::Empty);
    }
    let Some(object) = object(answer) else {
        return Ok(Draft { body: text(Some(&Value::from(answer)), BODY), ..Draft::default() });
    };
    one(&object, None)
}

fn one(object: &Value, team: Option<&Team>) -> Result<Draft, PlanFailure> {
    let (title, body) = (line(object.get("title"), TITLE), text(object.get("body"), BODY));
    if title.is_none() && body.is_none() {
        return Err(PlanFailure::Unreadable("it has neither a title nor a body".to_owned()));
    }
    let assignee = team.and_then(|team| team.chosen(object.get("assignee")));
    let rationale = line(object.get("rationale"), RATIONALE);
    Ok(Draft { title, body, assignee, parts: Vec::new(), rationale })
}

/// A plan (LL-03, LL-05, LL-07).
///
/// # Errors
/// What is no JSON object, has no tasks though it is split, a task without a title, too many of them, or a circle.
pub fn plan(answer: &str, team: &Team) -> Result<Draft, PlanFailure> {
    let answer = unfenced(bounded(answer));
    if answer.is_empty() {
        return Err(PlanFailure::Empty);
    }
    let no_plan = |reason: &str| PlanFailure::Unreadable(reason.to_owned());
    let object = object(answer).ok_or_else(|| no_plan("it has no JSON object"))?;
    let tasks = object.get("tasks").and_then(Value::as_array);
    let split = object.get("fanout").and_then(Value::as_bool).unwrap_or(tasks.is_some());
    if !split {
        return one(&object, Some(team));
    }
    let tasks = tasks.filter(|tasks| !tasks.is_empty()).ok_or_else(|| no_plan("it has no tasks"))?;
    if tasks.len() > PARTS {
        return Err(PlanFailure::BadPlan(format!("it has {} tasks; at most {PARTS}", tasks.len())));
    }
    let count = tasks.len();
    let parts = tasks.iter().enumerate().map(|(index, task)| part(task, index, count, team));
    let parts = parts.collect::<Result<Vec<Part>, _>>()?;
    let parents: Vec<Vec<usize>> = parts.iter().map(|part| part.parents.clone()).collect();
    order_plan(&parents).map_err(|refusal| PlanFailure::BadPlan(refusal.to_string()))?;
    let rationale = line(object.get("rationale"), RATIONALE);
    Ok(Draft { parts, rationale, ..Draft::default() })
}

fn part(task: &Value, index: usize, count: usize, team: &Team) -> Result<Part, PlanFailure> {
    let place = index + 1;
    if !task.is_object() {
        return Err(PlanFailure::Unreadable(format!("its task {place} is no object")));
    }
    let title = line(task.get("title"), TITLE)
        .ok_or_else(|| PlanFailure::Unreadable(format!("its task {place} has no title")))?;
    let mut parents: Vec<usize> = Vec::new();
    for parent in task.get("parents").and_then(Value::as_array).into_iter().flatten() {
        let parent = parent.as_u64().and_then(|parent| usize::try_from(parent).ok());
        if let Some(parent) = parent.filter(|parent| *parent < count && *parent != index)
            && !parents.contains(&parent)
        {
            parents.push(parent);
        }
    }
    let assignee = team.chosen(task.get("assignee"));
    Ok(Part { title, body: text(task.get("body"), BODY), assignee, parents })
}

/// A description (LL-11). What is no JSON gives its first paragraph.
///
/// # Errors
/// An answer with nothing in it.
pub fn description(answer: &str) -> Result<String, PlanFailure> {
    let answer = unfenced(bounded(answer));
    let said = match object(answer) {
        Some(object) => line(object.get("description"), DESCRIPTION),
        None => line(Some(&Value::from(answer.split("\n\n").next().unwrap_or_default())), DESCRIPTION),
    };
    said.ok_or(PlanFailure::Empty)
}

fn bounded(answer: &str) -> &str {
    let mut end = answer.len().min(LONGEST);
    while !answer.is_char_boundary(end) {
        end -= 1;
    }
    answer.get(..end).unwrap_or_default()
}

/// Without a fence of code around it.
fn unfenced(answer: &str) -> &str {
    let answer = answer.trim();
    let Some(rest) = answer.strip_prefix("```") else { return answer };
    let rest = rest.split_once('\n').map_or("", |(_, rest)| rest);
    rest.trim_end().strip_suffix("```").unwrap_or(rest).trim()
}

/// What lies between the first brace and the last one.
fn object(answer: &str) -> Option<Value> {
    let (start, end) = (answer.find('{')?, answer.rfind('}')?);
    serde_json::from_str::<Value>(answer.get(start..=end)?).ok().filter(Value::is_object)
}

/// One line of visible characters.
fn line(value: Option<&Value>, limit: usize) -> Option<String> {
    let words: Vec<&str> = value?.as_str()?.split(|c: char| c.is_whitespace() || c.is_control()).collect();
    let joined = words.into_iter().filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
    let capped = cap_chars(&joined, limit).trim().to_owned();
    (!capped.is_empty()).then_some(capped)
}

/// Lines, without other control characters.
fn text(value: Option<&Value>, limit: usize) -> Option<String> {
    let kept: String =
        value?.as_str()?.chars().filter(|c| matches!(c, '\n' | '\t') || !c.is_control()).collect();
    let capped = cap_chars(kept.trim(), limit).trim_end().to_owned();
    (!capped.is_empty()).then_some(capped)
}

#[cfg(test)]
mod tests {
    use rand::rngs::StdRng;
    use rand::{Rng as _, SeedableRng as _};
    use serde_json::json;

    use super::*;

    fn team() -> Team {
        Team {
            names: vec!["coder".parse().unwrap(), "writer".parse().unwrap()],
            fallback: Some("writer".parse().unwrap()),
        }
    }

    fn reason<T: std::fmt::Debug>(read: Result<T, PlanFailure>) -> &'static str {
        read.unwrap_err().code()
    }

    fn planned(tasks: &Value) -> Draft {
        plan(&json!({ "fanout": true, "rationale": "r", "tasks": tasks }).to_string(), &team()).unwrap()
    }

    #[test]
    fn a_specification_is_read_in_every_form() {
        let clean = |answer: &str| {
            let draft = specification(answer).unwrap();
            (draft.title, draft.body)
        };
        let both = (Some("Do it".to_owned()), Some("Goal\n\nx".to_owned()));
        for answer in [
            r#"{"title":"Do it","body":"Goal\n\nx"}"#,
            "```json\n{\"title\":\" Do\\nit \",\"body\":\"Goal\\n\\nx\\n\"}\n```",
            "Here it is: {\"title\":\"Do it\",\"body\":\"Goal\\n\\nx\"} I hope it helps.",
        ] {
            assert_eq!(clean(answer), both, "{answer}");
        }
        assert_eq!(clean("no JSON at all"), (None, Some("no JSON at all".to_owned())));
        assert_eq!(clean(r#"{"title":"x","body":7}"#), (Some("x".to_owned()), None));
        assert_eq!(reason(specification(" \n")), "answer_empty");
        assert_eq!(reason(specification("{}")), "answer_unreadable");
        assert_eq!(reason(specification("```\n```")), "answer_empty");
    }

    #[test]
    fn a_plan_is_cleaned_of_what_is_not_there() {
        let draft = planned(&json!([
            { "title": "a", "body": "do", "assignee": "CODER", "parents": [0, 1, 7, -1, 1.5, "1", true, 1] },
            { "title": "b\u{0}\u{7}b", "assignee": "root", "parents": "0" },
            { "title": "x".repeat(500), "assignee": 7, "parents": [0] },
        ]));
        let coder: Option<ProfileName> = Some("coder".parse().unwrap());
        assert_eq!((draft.parts[0].assignee.clone(), draft.parts[0].parents.clone()), (coder, vec![1]));
        assert_eq!(
            (draft.parts[1].assignee.clone(), draft.parts[1].title.as_str()),
            (team().fallback, "b b")
        );
        assert_eq!(draft.parts[2].title.chars().count(), TITLE);
        assert_eq!(draft.rationale.as_deref(), Some("r"));
        let alone = plan(r#"{"tasks":[{"title":"a","assignee":"ghost"}]}"#, &Team::default()).unwrap();
        assert_eq!(alone.parts[0].assignee, None);
    }

    #[test]
    fn an_idea_that_stays_one_is_a_specification_with_an_assignee() {
        let draft = plan(r#"{"fanout":false,"title":"t","body":"b","assignee":"coder","tasks":[]}"#, &team())
            .unwrap();
        assert_eq!((draft.parts.len(), draft.title.as_deref()), (0, Some("t")));
        assert_eq!(draft.assignee, Some("coder".parse().unwrap()));
    }

    #[test]
    fn a_plan_that_cannot_be_is_refused_before_anything_is_written() {
        let of = |tasks: Value| reason(plan(&json!({ "fanout": true, "tasks": tasks }).to_string(), &team()));
        assert_eq!(
            of(json!([{ "title": "a", "parents": [1] }, { "title": "b", "parents": [0] }])),
            "bad_plan"
        );
        assert_eq!(of(json!([])), "answer_unreadable");
        assert_eq!(of(json!(["a"])), "answer_unreadable");
        assert_eq!(of(json!([{ "body": "no title" }])), "answer_unreadable");
        assert_eq!(of(json!([{ "title": " \u{0} " }])), "answer_unreadable");
        assert_eq!(of(json!(vec![json!({ "title": "a" }); PARTS + 1])), "bad_plan");
        assert_eq!(reason(plan("I would rather not.", &team())), "answer_unreadable");
        assert_eq!(reason(plan("", &team())), "answer_empty");
        let deep = format!("{{\"tasks\":{}{}}}", "[".repeat(5_000), "]".repeat(5_000));
        assert_eq!(reason(plan(&deep, &team())), "answer_unreadable");
    }

    #[test]
    fn a_description_is_one_line_within_its_bound() {
        assert_eq!(description(r#"{"description":"Writes\n Rust."}"#).unwrap(), "Writes Rust.");
        assert_eq!(description("Writes Rust.\nWell.\n\nMore.").unwrap(), "Writes Rust. Well.");
        assert_eq!(description(&"ä".repeat(900)).unwrap().chars().count(), DESCRIPTION);
        assert_eq!(reason(description(r#"{"description":" "}"#)), "answer_empty");
    }

    /// Whatever a model says: no panic, names of the team alone, parents that are there and no circle.
    #[test]
    fn random_answers_are_read_or_refused_and_never_panic() {
        let seed = rand::random::<u64>();
        println!("seed {seed}");
        let mut random = StdRng::seed_from_u64(seed);
        let pieces = [
            "{",
            "}",
            "[",
            "]",
            "\"",
            ":",
            ",",
            "```",
            "```json\n",
            "\n\n",
            "\\u0000",
            "\\ud800",
            "ä",
            "🦀",
            "null",
            "true",
            "-1",
            "1e9",
            "18446744073709551616",
            "\"tasks\"",
            "\"title\"",
            "\"fanout\"",
            "\"parents\"",
            "\"assignee\"",
            "{\"title\":\"a\",\"parents\":[1]}",
            "{\"title\":\"b\",\"assignee\":\"coder\",\"parents\":[0]}",
            "\"body\":\"x\"",
            "{\"fanout\":true,\"tasks\":[",
            "]}",
            "{\"description\":\"",
            "\u{202e}",
            "<script>",
        ];
        for _ in 0..20_000 {
            let count = random.random_range(0..14);
            let answer: String = (0..count).map(|_| pieces[random.random_range(0..pieces.len())]).collect();
            let _ = (specification(&answer), description(&answer));
            let Ok(draft) = plan(&answer, &team()) else { continue };
            let names = draft.parts.iter().map(|part| &part.assignee).chain([&draft.assignee]);
            assert!(names.flatten().all(|name| team().names.contains(name)), "seed {seed}: {answer}");
            let parents: Vec<Vec<usize>> = draft.parts.iter().map(|part| part.parents.clone()).collect();
            assert!(order_plan(&parents).is_ok(), "seed {seed}: {answer}");
        }
    }

    #[test]
    fn a_huge_answer_is_cut_before_it_is_read() {
        let huge = format!("{{\"title\":\"t\",\"body\":\"{}\"}}", "ä".repeat(5 << 20));
        assert!(specification(&huge).unwrap().body.unwrap().chars().count() <= BODY);
        assert_eq!(reason(plan(&huge, &team())), "answer_unreadable");
    }
}
