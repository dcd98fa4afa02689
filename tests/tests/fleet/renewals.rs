//! Who renews the leases of a host: its dispatcher, for all of them at once; where there is none, each supervisor for itself.

use std::collections::BTreeMap;

use andon_tests::{House, wait_until};

/// No sweep comes in between: what is renewed is renewed for its own sake.
const LEASE: &str = "lease_ttl = \"1600ms\"\nsweep_interval = \"60s\"\n";
const UNTIL_GO: &str = "while [ ! -e \"$OUT/go\" ]; do sleep 0.05; done";
const WORKERS: usize = 4;

/// Counts how often each lease is renewed, and what that asks of the server.
struct Watch<'a> {
    house: &'a House,
    expiries: BTreeMap<String, (String, usize)>,
    asked: i64,
}

impl<'a> Watch<'a> {
    fn new(house: &'a House) -> Self {
        Self { house, expiries: BTreeMap::new(), asked: 0 }
    }

    /// Sessions that were made on the board's database, but for those of this watch.
    fn sessions(&mut self) -> i64 {
        self.asked += 1;
        let sql = "select sessions from pg_stat_database where datname = current_database()";
        let told = self.house.database().unwrap().ask(sql);
        told[0].as_deref().unwrap().parse::<i64>().unwrap() - self.asked
    }

    fn wait_for_renewals(&mut self, count: usize) {
        self.expiries.clear();
        wait_until("every lease is renewed again and again", || {
            self.asked += 1;
            let sql = "select run_id || ' ' || expires_at from andon_default.leases";
            for line in self.house.database().unwrap().ask(sql).into_iter().flatten() {
                let (run, expiry) = line.split_once(' ').unwrap();
                let one = self.expiries.entry(run.to_owned()).or_default();
                if one.0 != expiry {
                    *one = (expiry.to_owned(), one.1 + 1);
                }
            }
            self.expiries.len() == WORKERS && self.expiries.values().all(|(_, seen)| *seen > count)
        });
    }
}

#[test]
fn a_dispatcher_renews_for_its_host_and_without_it_each_supervisor_for_itself() {
    let house = House::new();
    house.config(LEASE);
    let dispatcher = house.dispatcher();
    let tasks: Vec<String> = (0..WORKERS).map(|_| house.script(UNTIL_GO)).collect();
    for task in &tasks {
        house.wait_running(task);
    }
    let mut watch = Watch::new(&house);
    watch.wait_for_renewals(2);
    let before = watch.sessions();
    watch.wait_for_renewals(4);
    let made = watch.sessions() - before;
    // Supervisors would have made one for each renewal of each of them.
    assert!(made < 6, "{made} sessions were made while {WORKERS} leases were renewed four times each");
    dispatcher.kill();
    let before = watch.sessions();
    watch.wait_for_renewals(4);
    let alone = watch.sessions() - before;
    assert!(alone > made, "without a dispatcher supervisors connect, {alone} times; with one {made} times");
    house.touch("go");
    for task in &tasks {
        house.wait_status(task, "done");
        assert_eq!(house.outcomes(task), ["completed"]);
    }
    house.healthy();
}
