//! The chaos table: four hosts on one PostgreSQL, under load, while things go wrong. After each: no task is lost, none ran
//! twice at once, every task is finished. How long it took until work went on is printed, and judged by nobody.
//!
//! Each row is a test in its short form; `cargo xtask chaos` runs the long ones and prints the table.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use andon_tests::{Dispatcher, House, Proxy, Server, chaos, wait_for, wait_until};

/// Hosts that dispatch.
const HOSTS: usize = 4;
/// Patience with faults that are not the tasks' own, and a lease that a host which is cut off can give up in time: it begins
/// 5 s and the grace before its end.
const PATIENT: &str = "failure_limit = 1000\nreclaim_limit = 1000\nlease_ttl = \"9s\"\nbackoff_base = \"10ms\"\n\
     backoff_cap = \"30ms\"\nsweep_interval = \"500ms\"\nmax_running_per_host = 4\n";
/// A worker that reports every start and end, and every other worker of its task that lives beside it, on any host.
const WORKER: &str = "exec 9>\"$SHARED/lock-$ANDON_TASK\"\n\
     flock -n 9 || echo \"$ANDON_TASK $ANDON_RUN\" >> \"$SHARED/clashes\"\n\
     sleep 1\n\
     echo \"$ANDON_TASK\" >> \"$SHARED/ended\"\n";

/// The fleet under load.
struct Fleet {
    server: Server,
    proxy: Proxy,
    /// A house for each host: they share nothing but the database and the folder where workers report.
    houses: Vec<House>,
    dispatchers: Vec<Dispatcher>,
    tasks: BTreeSet<String>,
}

/// How long a fault lasts, in its short and its long form.
fn lasting(short: u64, long: u64) -> Duration {
    Duration::from_secs(if chaos() { long } else { short })
}

impl Fleet {
    /// Four hosts at work on a server; the last one reaches it through a proxy.
    fn on(server: Server) -> Self {
        let proxy = Proxy::new(server.address());
        let houses: Vec<House> = (0..HOSTS).map(|_| House::new()).collect();
        let mut fleet = Self { server, proxy, houses, dispatchers: Vec::new(), tasks: BTreeSet::new() };
        for host in 0..HOSTS {
            fleet.configure(host, &format!("host-{host}"));
        }
        let _ = fleet.houses[0].andon(["init"]).exits(0);
        fleet.create(if chaos() { 1_000 } else { 100 });
        for host in 0..HOSTS {
            let dispatcher = fleet.dispatch(host, &format!("machine-{host}"));
            fleet.dispatchers.push(dispatcher);
        }
        fleet.waits_for_progress();
        fleet
    }

    fn configure(&self, host: usize, name: &str) {
        let by = if host + 1 == HOSTS { self.proxy.address() } else { self.server.address() };
        let house = &self.houses[host];
        house.config(&format!("{PATIENT}host_name = {name:?}\ndatabase_url = {:?}\n", self.server.url(by)));
        let shared = self.houses[0].outside();
        house.profile("sh", &format!("runner = \"shell\"\n[env]\nSHARED = {:?}\n", shared.to_str().unwrap()));
    }

    fn dispatch(&self, host: usize, machine: &str) -> Dispatcher {
        self.houses[host].dispatcher_with(&[], &[("ANDON_MACHINE_ID", machine)])
    }

    fn create(&mut self, count: usize) {
        for _ in 0..count {
            self.tasks.insert(self.houses[0].script(WORKER));
        }
    }

    fn ended(&self) -> usize {
        self.houses[0].lines("ended").len()
    }

    fn waits_for_progress(&self) {
        let before = self.ended();
        wait_until("work goes on", || self.ended() > before);
    }

    /// Whether every task is done, as far as anybody can ask now.
    fn finished(&self) -> bool {
        let open = "select count(*) from andon_default.tasks where status <> 'done'";
        self.server.try_ask(open).is_ok_and(|open| open == "0")
    }

    /// The fault is over: work must go on and come to its end, and all promises must hold.
    fn recovers(&self, row: &str) {
        let begun = Instant::now();
        let before = self.ended();
        wait_until("the server answers", || self.server.answers());
        wait_until("work goes on", || self.ended() > before || self.finished());
        let recovered = begun.elapsed();
        let until = Instant::now() + lasting(90, 900);
        wait_for("every task is finished", || {
            assert!(Instant::now() < until, "{row}: work does not come to its end");
            self.finished().then_some(())
        });
        let finished = begun.elapsed();
        let listed = self.server.ask("select id from andon_default.tasks order by id");
        let there: BTreeSet<String> = listed.lines().map(str::to_owned).collect();
        assert!(self.tasks.is_subset(&there), "{row}: tasks that were acknowledged are lost");
        assert_eq!(self.houses[0].lines("clashes"), [""; 0], "{row}: a task ran twice at once");
        wait_until("every process tree is gone", || {
            self.server.ask("select count(*) from andon_default.runs where reaped_at is null") == "0"
        });
        let completed = "select count(*) from (select task_id from andon_default.runs where outcome = 'completed' \
            group by task_id having count(*) <> 1) as twice";
        assert_eq!(self.server.ask(completed), "0", "{row}: a task was completed more than once");
        self.houses[0].healthy();
        let runs = self.server.ask("select count(*) from andon_default.runs");
        tell(row, recovered, finished, self.tasks.len(), &runs);
    }
}

/// Prints a row of the table; `cargo xtask chaos` collects them.
#[expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "the table is for whoever runs the tests"
)]
fn tell(row: &str, recovered: Duration, finished: Duration, tasks: usize, runs: &str) {
    let line = format!(
        "{row:<44} {:>7.2} s {:>8.2} s {tasks:>6} {runs:>6}",
        recovered.as_secs_f64(),
        finished.as_secs_f64()
    );
    println!("{line}");
    if let Some(table) = std::env::var_os("ANDON_CHAOS_TABLE") {
        let mut file = std::fs::File::options().create(true).append(true).open(table).unwrap();
        writeln!(file, "{line}").unwrap();
    }
}

/// Does something ten times a second for a time.
fn for_a_while(time: Duration, mut act: impl FnMut()) {
    let until = Instant::now() + time;
    while Instant::now() < until {
        act();
        #[expect(clippy::disallowed_methods, reason = "the pace of the fault")]
        std::thread::sleep(Duration::from_millis(100));
    }
}

fn restart(how: &str) {
    let fleet = Fleet::on(Server::new());
    for _ in 0..if chaos() { 5 } else { 1 } {
        fleet.server.stop(how);
        fleet.server.start();
    }
    fleet.recovers(&format!("server restart, {how}"));
}

#[test]
fn work_goes_on_after_a_fast_restart_of_the_server() {
    restart("fast");
}

#[test]
fn work_goes_on_after_an_immediate_restart_of_the_server() {
    restart("immediate");
}

#[test]
fn sessions_that_are_terminated_at_random_lose_nothing() {
    let fleet = Fleet::on(Server::new());
    let one = "select pg_terminate_backend(pid) from pg_stat_activity where backend_type = 'client backend' \
        and pid <> pg_backend_pid() order by random() limit 1";
    for_a_while(lasting(4, 60), || drop(fleet.server.try_ask(one)));
    fleet.recovers("random sessions terminated, 10 times a second");
}

#[test]
fn a_connection_that_swallows_bytes_holds_nobody_up_for_ever() {
    let fleet = Fleet::on(Server::new());
    for _ in 0..if chaos() { 10 } else { 1 } {
        fleet.proxy.swallow();
        fleet.waits_for_progress();
    }
    fleet.recovers("half-open connections of one host");
}

#[test]
fn a_host_that_is_cut_off_stops_its_work_before_others_do_it_again() {
    let fleet = Fleet::on(Server::new());
    fleet.proxy.part(true);
    for_a_while(lasting(12, 60), || ());
    fleet.proxy.part(false);
    fleet.recovers("one host cut off");
}

#[test]
fn a_full_disk_of_the_server_loses_nothing() {
    let server = match Server::on_a_small_disk(400) {
        Ok(server) => server,
        Err(reason) => {
            println!("skipped: {reason}");
            return;
        }
    };
    let fleet = Fleet::on(server);
    let ballast = fleet.server.data().join("ballast");
    let mut file = std::fs::File::create(&ballast).unwrap();
    while file.write_all(&[1; 65_536]).is_ok() {}
    drop(file);
    // What is already reserved may last for a while.
    for_a_while(lasting(4, 30), || ());
    std::fs::remove_file(&ballast).unwrap();
    if !fleet.server.answers() {
        fleet.server.stop("immediate");
        fleet.server.start();
    }
    fleet.recovers("disk of the server full");
}

/// A transaction that another program holds open; its end ends it.
struct Held(Child);

impl Drop for Held {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn a_transaction_that_is_held_open_all_the_time_changes_nothing() {
    let server = Server::new();
    let sql = "begin isolation level repeatable read; select txid_current(); select pg_sleep(100000)";
    let held = Held(server.client(sql).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap());
    let fleet = Fleet::on(server);
    fleet.recovers("a transaction held open all the time");
    drop(held);
}

#[test]
fn a_second_host_of_the_same_name_is_refused_and_disturbs_nobody() {
    let fleet = Fleet::on(Server::new());
    let twin = House::new();
    let config = format!(
        "{PATIENT}host_name = \"host-0\"\ndatabase_url = {:?}\n",
        fleet.server.url(fleet.server.address())
    );
    twin.config(&config);
    let refused = twin.dispatcher_with(&[], &[("ANDON_MACHINE_ID", "another machine")]);
    let said = || std::fs::read_to_string(&refused.log).unwrap();
    wait_until("the second one is told", || said().contains("under the host name \"host-0\""));
    fleet.waits_for_progress();
    assert!(!said().contains("started"), "{}", said());
    fleet.recovers("two hosts with one name");
}
