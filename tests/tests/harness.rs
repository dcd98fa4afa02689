//! The house that the other tests live in.

use andon_tests::{House, processes};

/// A script that writes its run to `ran`, writes to `overlap` where a process of another run of its task lives, and goes on
/// with `then`. A zombie has no environment, and does not count.
pub(crate) fn alone(then: &str) -> String {
    let look = r#"
printf '%s\n' "$ANDON_RUN" >> "$OUT/ran"
for process in $(grep -lz "^ANDON_TASK=$ANDON_TASK\$" /proc/[0-9]*/environ 2>/dev/null); do
  grep -z '^ANDON_RUN=' "$process" 2>/dev/null | grep -qzv "^ANDON_RUN=$ANDON_RUN\$" && echo "$process" >> "$OUT/overlap"
done
"#;
    format!("{look}{then}\n")
}

#[test]
fn a_task_runs_to_completion_in_a_house_of_its_own() {
    let house = House::new();
    let task = house.script("printf '%s\\n' \"$ANDON_RUN\" >> \"$OUT/ran\"; echo 'all is well'");
    house.until_idle();
    let shown = house.show(&task);
    assert_eq!(shown["task"]["status"], "done");
    assert_eq!(shown["latest_summary"], "all is well");
    let runs = house.runs(&task);
    assert_eq!(house.lines("ran"), [runs[0]["id"].as_str().unwrap()]);
    assert_eq!(runs[0]["exit_code"], 0);
    house.wait_empty();
}

#[test]
fn a_house_finds_its_workers_and_supervisors() {
    let house = House::new();
    let _dispatcher = house.dispatcher();
    let task = house.script("while [ ! -e \"$OUT/go\" ]; do sleep 0.02; done");
    let run = house.wait_running(&task);
    assert_eq!(processes::supervisors_of(&run).len(), 1);
    house.touch("go");
    house.wait_status(&task, "done");
}
