//! The whole matrix of the lifecycle, and the page that is made from it.

#![expect(clippy::expect_used, reason = "a test that cannot go on should stop")]

#[path = "../examples/state_machine/matrix.rs"]
mod matrix;
#[path = "../examples/state_machine/page.rs"]
mod page;

use matrix::{Answer, Who, answer, events, places};

/// The matrix as text, one line per place and event: what becomes of it by a person, a worker, and Andon itself. Where an
/// open parent makes a difference, its answer follows a slash.
fn as_text() -> String {
    let show = |answer| match answer {
        Answer::Goes(status) => status.to_string(),
        Answer::Nothing => "-".to_owned(),
        Answer::Refused(code) => format!("!{code}"),
    };
    let mut lines = Vec::new();
    for (name, event) in events() {
        lines.push(name.to_owned());
        for place in places() {
            let cells = Who::ALL.map(|who| {
                let (free, open) = (answer(&place, &event, who, 0), answer(&place, &event, who, 1));
                let cell = if free == open { show(free) } else { format!("{} / {}", show(free), show(open)) };
                format!("{} {cell:<18}", who.name())
            });
            lines.push(format!("  {:<21} {}", place.name, cells.join(" ")).trim_end().to_owned());
        }
    }
    lines.join("\n")
}

#[test]
fn every_status_event_and_actor_has_its_known_answer() {
    insta::assert_snapshot!("matrix", as_text());
}

#[test]
fn the_committed_page_is_up_to_date() {
    let committed = include_str!("../../../docs/state-machine.md");
    assert!(
        committed == page::render(),
        "docs/state-machine.md is out of date: `cargo run -p andon-core --example state_machine > docs/state-machine.md`"
    );
}

#[test]
fn every_status_is_in_the_matrix() {
    use andon_core::task::Status;
    for status in Status::ALL {
        assert!(places().iter().any(|place| place.task.status == *status), "{status}");
    }
}
