//! Claims from many processes at once.

use std::collections::BTreeSet;

use andon_core::task::Status;
use andon_store::maintenance::Fill;
use andon_store::{Board, Home, Mode};
use andon_testkit::{Inspect, block_on};
use andon_tests::{House, text_of};

const PROCESSES: usize = 8;
const TASKS: usize = 2_000;

/// Claims until there is nothing left; gives what was claimed.
fn claim_all(house: &House) -> Vec<String> {
    let mut claimed = Vec::new();
    loop {
        let answer = house.andon(["claim", "--profile", "sh", "--json"]);
        if answer.code != 0 {
            assert_eq!(answer.error_code(), "nothing_to_claim", "{answer:?}");
            assert_eq!(answer.code, 1, "{answer:?}");
            return claimed;
        }
        claimed.push(text_of(&answer.json()["task"]["id"]));
    }
}

/// The board `default` of a house.
fn open(house: &House) -> Board {
    let home = Home::new(house.home());
    let home = match house.database() {
        Some(database) => home.with_database(&database.url().parse().unwrap()).unwrap(),
        None => home,
    };
    home.open(&"default".parse().unwrap(), Mode::Short).unwrap()
}

/// Fills the board with tasks that are ready for `sh`.
fn fill(house: &House, count: usize) -> BTreeSet<String> {
    let _ = house.andon(["init"]).exits(0);
    let board = open(house);
    let mut made = BTreeSet::new();
    while made.len() < count {
        let slice = Fill {
            count: u32::try_from((count - made.len()).min(500)).unwrap(),
            from: u32::try_from(made.len()).unwrap(),
            parent: None,
            assignee: Some("sh".parse().unwrap()),
            ready: true,
        };
        made.extend(block_on(board.run(slice)).unwrap().iter().map(ToString::to_string));
    }
    made
}

#[test]
fn eight_processes_that_claim_in_loops_take_every_task_exactly_once() {
    let house = House::new();
    // A process that connects to a server anew costs ten times as much.
    let count = if house.database().is_some() { TASKS / 4 } else { TASKS };
    let tasks = fill(&house, count);
    let claimed: Vec<Vec<String>> = std::thread::scope(|scope| {
        let claimers: Vec<_> = (0..PROCESSES).map(|_| scope.spawn(|| claim_all(&house))).collect();
        claimers.into_iter().map(|claimer| claimer.join().unwrap()).collect()
    });
    let claimed: Vec<String> = claimed.into_iter().flatten().collect();
    assert_eq!(claimed.len(), count);
    assert_eq!(claimed.into_iter().collect::<BTreeSet<_>>(), tasks);
    let inspection = block_on(open(&house).run(Inspect)).unwrap();
    inspection.check().unwrap();
    assert_eq!(inspection.live.len(), count);
    assert!(inspection.tasks.values().all(|(task, _)| task.state.status == Status::Running));
    house.healthy();
}
