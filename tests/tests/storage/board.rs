//! The board of a house as its store sees it, and what must hold of it.

use std::path::Path;

use andon_store::maintenance::{Finding, examine};
use andon_store::{Board, Home, Mode};
use andon_testkit::{Inspect, Inspection, block_on};
use andon_tests::House;

/// Opens the board `default` of a home.
pub(super) fn open(home: &Path, mode: Mode) -> Board {
    Home::new(home).open(&"default".parse().unwrap(), mode).unwrap()
}

/// The whole board, checked.
pub(super) fn inspect(home: &Path) -> Inspection {
    let inspection = block_on(open(home, Mode::Short).run(Inspect)).unwrap();
    inspection.check().unwrap();
    inspection
}

/// What the doctor finds on the board `default`.
pub(super) fn findings(home: &Path) -> Vec<Finding> {
    examine(&Home::new(home), &"default".parse().unwrap()).unwrap().findings
}

/// Nothing at all is wrong with a board on which nobody works any more.
pub(super) fn whole(home: &Path) {
    inspect(home);
    assert_eq!(findings(home), []);
}

/// Ids of the tasks of the board `default` and their statuses.
pub(super) fn statuses(house: &House) -> Vec<(String, String)> {
    let inspection = block_on(open(house.home(), Mode::Short).run(Inspect)).unwrap();
    let of = |(id, (task, _)): (&andon_core::TaskId, &(andon_store::sql::tasks::Task, bool))| {
        (id.to_string(), task.state.status.to_string())
    };
    inspection.tasks.iter().map(of).collect()
}
