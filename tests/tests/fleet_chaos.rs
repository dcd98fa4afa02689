//! The chaos table: four hosts on one PostgreSQL, under load, while things go wrong. After each: no task is lost, none ran
//! twice at once, every task is finished. How long it took until work went on is printed, and judged by nobody.
//!
//! Each row is a test in its short form; `cargo xtask chaos` runs the long ones and prints the table.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::process::{Child, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use andon_tests::{Dispatcher, House, Proxy, Server, chaos, processes, wait_for, wait_until};

/// Hosts that dispatch.
const HOSTS: usize = 4;
/// The host that reaches the server through a proxy.
const LAST: &str = "host-3";
/// A fault that is about every host.
const EVERYBODY: &str = "%";
/// Patience with faults that are not the tasks' own, and a lease that a host which is cut off can give up in time: it begins
/// 5 s and the grace before its end.
const PATIENT: &str = "failure_limit = 1000\nreclaim_limit = 1000\nlease_ttl = \"9s\"\nbackoff_base = \"10ms\"\n\
     backoff_cap = \"30ms\"\nsweep_interval = \"500ms\"\nmax_running_per_host = 4\n";
/// A worker that reports every start and end, and every other worker of its task that lives beside it, on any host. While
/// there is a file `long` it stays on the last host, and says again and again that it lives.
const WORKER: &str = "exec 9>\"$SHARED/lock-$ANDON_TASK\"\n\
     flock -n 9 || echo \"$ANDON_TASK $ANDON_RUN\" >> \"$SHARED/clashes\"\n\
     sleep 1\n\
     while [ -n \"$LONG_ON_LAST\" ] && [ -e \"$SHARED/long\" ]; do\n\
       echo \"$ANDON_RUN $(date +%s%3N)\" >> \"$SHARED/beats\"\n\
       sleep 0.1\n\
     done\n\
     echo \"$ANDON_TASK\" >> \"$SHARED/ended-$WHO\"\n\
     echo \"$ANDON_TASK\" >> \"$SHARED/ended\"\n";

/// Tasks that wait at any moment while the fault lasts.
const WAITING: usize = 30;

/// The fleet under load.
struct Fleet {
    server: Server,
    proxy: Proxy,
    /// A house for each host: they share nothing but the database and the folder where workers report.
    houses: Arc<Vec<House>>,
    dispatchers: Vec<Dispatcher>,
    load: Load,
}

/// Creates tasks as others are finished, until the fault is over: a load that ends before the fault proves nothing.
struct Load {
    /// What was acknowledged.
    tasks: Arc<Mutex<BTreeSet<String>>>,
    over: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

/// Who creates tasks side by side.
const CREATORS: usize = 3;

impl Load {
    fn on(houses: &Arc<Vec<House>>) -> Self {
        let (tasks, over) = (Arc::<Mutex<BTreeSet<String>>>::default(), Arc::<AtomicBool>::default());
        let create = || {
            let (houses, made, ended) = (Arc::clone(houses), Arc::clone(&tasks), Arc::clone(&over));
            std::thread::spawn(move || {
                let house = &houses[0];
                while !ended.load(Ordering::SeqCst) {
                    if made.lock().unwrap().len() > house.lines("ended").len() + WAITING {
                        std::thread::park_timeout(Duration::from_millis(50));
                        continue;
                    }
                    let answer =
                        house.andon(["create", "a script", "--assignee", "sh", "--body", WORKER, "--json"]);
                    // What was not acknowledged may be there or not.
                    if answer.code == 0 {
                        made.lock().unwrap().insert(andon_tests::text_of(&answer.json()["id"]));
                    }
                }
            })
        };
        let threads = (0..CREATORS).map(|_| create()).collect();
        Self { tasks, over, threads }
    }

    /// No more tasks; gives those that there are.
    fn end(&mut self) -> BTreeSet<String> {
        self.over.store(true, Ordering::SeqCst);
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
        self.tasks.lock().unwrap().clone()
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        drop(self.end());
    }
}

/// How long a fault lasts, in its short and its long form.
fn lasting(short: u64, long: u64) -> Duration {
    Duration::from_secs(if chaos() { long } else { short })
}

impl Fleet {
    /// Four hosts at work on a server; the last one reaches it through a proxy.
    fn on(server: Server) -> Self {
        let proxy = Proxy::new(server.address());
        let houses: Arc<Vec<House>> = Arc::new((0..HOSTS).map(|_| House::new()).collect());
        for (host, house) in houses.iter().enumerate() {
            configure(house, &format!("host-{host}"), &server, by(host, &server, &proxy), &houses[0]);
        }
        let _ = houses[0].andon(["init"]).exits(0);
        let load = Load::on(&houses);
        wait_until("there is work for every host", || load.tasks.lock().unwrap().len() >= 2 * HOSTS);
        let mut fleet = Self { server, proxy, houses, dispatchers: Vec::new(), load };
        for (host, house) in fleet.houses.iter().enumerate() {
            let machine = format!("machine-{host}");
            fleet.dispatchers.push(house.dispatcher_with(&[], &[("ANDON_MACHINE_ID", &machine)]));
        }
        fleet.waits_for_progress();
        fleet
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

    /// Lets a fault happen while workers are at work, and see to it that there is work when it is over.
    /// `whom` names the hosts that it is about, as a pattern of SQL.
    fn strikes(&mut self, row: &str, whom: &str, fault: impl FnOnce(&mut Self)) -> Blow {
        let at_work = format!(
            "select (extract(epoch from clock_timestamp()) * 1000)::bigint || ' ' || string_agg(id, ' ') \
             from andon_default.runs where spawned_at is not null and ended_at is null and host like '{whom}' \
             having count(*) > 0"
        );
        let look = || self.server.try_ask(&at_work).ok().filter(|told| !told.is_empty());
        let found = wait_for("workers are at work", look);
        let (at, runs) = found.split_once(' ').unwrap();
        fault(self);
        let over = Instant::now();
        wait_until("the server answers", || self.server.answers());
        let quoted: Vec<String> = runs.split(' ').map(|run| format!("'{run}'")).collect();
        // Not those that ended between the look at them and the fault's first blow.
        let hit = format!(
            "select count(*) from andon_default.runs where id in ({}) and (ended_at is null or ended_at > {at})",
            quoted.join(", ")
        );
        let open = "select count(*) from andon_default.tasks where status <> 'done'";
        let count = |sql: &str| self.server.ask(sql).parse::<usize>().unwrap();
        let blow = Blow { hit: count(&hit), open: count(open), over };
        assert!(blow.hit > 0, "{row}: nobody was at work when the fault began");
        assert!(blow.open > 0, "{row}: the load has ended before the fault");
        blow
    }

    /// The fault is over, and there is work still: it must go on and come to its end, and all promises must hold.
    fn recovers(&mut self, row: &str, blow: &Blow) {
        self.recovers_in(row, blow, "ended");
    }

    /// The same, where the work of one host is watched: `file` is where its workers say that they have ended.
    fn recovers_in(&mut self, row: &str, blow: &Blow, file: &str) {
        let begun = blow.over;
        let ended = || self.houses[0].lines(file).len();
        let before = ended();
        wait_until("work goes on", || ended() > before);
        let recovered = begun.elapsed();
        let tasks = self.load.end();
        let until = Instant::now() + lasting(90, 900);
        wait_for("every task is finished", || {
            assert!(Instant::now() < until, "{row}: work does not come to its end");
            self.finished().then_some(())
        });
        let finished = begun.elapsed();
        let listed = self.server.ask("select id from andon_default.tasks order by id");
        let there: BTreeSet<String> = listed.lines().map(str::to_owned).collect();
        assert!(tasks.is_subset(&there), "{row}: tasks that were acknowledged are lost");
        assert_eq!(self.houses[0].lines("clashes"), [""; 0], "{row}: a task ran twice at once");
        wait_until("every process tree is gone", || {
            self.server.ask("select count(*) from andon_default.runs where reaped_at is null") == "0"
        });
        let completed = "select count(*) from (select task_id from andon_default.runs where outcome = 'completed' \
            group by task_id having count(*) <> 1) as twice";
        assert_eq!(self.server.ask(completed), "0", "{row}: a task was completed more than once");
        self.houses[0].healthy();
        let runs = self.server.ask("select count(*) from andon_default.runs");
        tell(row, blow, (recovered, finished), tasks.len(), &runs);
    }
}

/// A fault that is over.
struct Blow {
    /// Workers that were at work when it began.
    hit: usize,
    /// Tasks that were not finished when it was over.
    open: usize,
    /// When it was over.
    over: Instant,
}

/// By which address a host reaches the server: the last one through the proxy.
fn by(host: usize, server: &Server, proxy: &Proxy) -> std::net::SocketAddr {
    if host + 1 == HOSTS { proxy.address() } else { server.address() }
}

fn configure(house: &House, name: &str, server: &Server, by: std::net::SocketAddr, first: &House) {
    house.config(&format!("{PATIENT}host_name = {name:?}\ndatabase_url = {:?}\n", server.url(by)));
    let (shared, last) = (first.outside(), name == LAST);
    let (shared, beats) = (shared.to_str().unwrap(), if last { "1" } else { "" });
    house.profile(
        "sh",
        &format!(
            "runner = \"shell\"\n[env]\nSHARED = {shared:?}\nWHO = {name:?}\nLONG_ON_LAST = {beats:?}\n"
        ),
    );
}

/// Prints a row of the table; `cargo xtask chaos` collects them.
#[expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "the table is for whoever runs the tests"
)]
fn tell(row: &str, blow: &Blow, (recovered, finished): (Duration, Duration), tasks: usize, runs: &str) {
    let line = format!(
        "{row:<44} {:>4} {:>4} {:>7.2} s {:>8.2} s {tasks:>6} {runs:>6}",
        blow.hit,
        blow.open,
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
    let mut fleet = Fleet::on(Server::new());
    let row = format!("server restart, {how}");
    let blow = fleet.strikes(&row, EVERYBODY, |fleet| {
        for _ in 0..if chaos() { 5 } else { 1 } {
            fleet.server.stop(how);
            fleet.server.start();
        }
    });
    fleet.recovers(&row, &blow);
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
    let mut fleet = Fleet::on(Server::new());
    let one = "select pg_terminate_backend(pid) from pg_stat_activity where backend_type = 'client backend' \
        and pid <> pg_backend_pid() order by random() limit 1";
    let row = "random sessions terminated, 10 times a second";
    let blow = fleet
        .strikes(row, EVERYBODY, |fleet| for_a_while(lasting(4, 60), || drop(fleet.server.try_ask(one))));
    fleet.recovers(row, &blow);
}

#[test]
fn a_connection_that_swallows_bytes_holds_nobody_up_for_ever() {
    let mut fleet = Fleet::on(Server::new());
    let row = "half-open connections, until that host works";
    let blow = fleet.strikes(row, LAST, |fleet| {
        for _ in 0..if chaos() { 10 } else { 1 } {
            fleet.proxy.swallow();
            fleet.waits_for_progress();
        }
    });
    fleet.recovers_in(row, &blow, &format!("ended-{LAST}"));
}

#[test]
fn a_host_that_is_cut_off_stops_its_work_before_others_do_it_again() {
    let mut fleet = Fleet::on(Server::new());
    std::fs::write(fleet.houses[0].outside().join("long"), "").unwrap();
    wait_until("the last host has work that would outlive its lease", || beats(&fleet).len() >= 2);
    let row = "one host cut off, until it works again";
    let blow = fleet.strikes(row, LAST, cut_off);
    fleet.recovers_in(row, &blow, &format!("ended-{LAST}"));
}

/// Cuts the last host off, which has work that would outlive its lease, until others may do that.
fn cut_off(fleet: &mut Fleet) {
    fleet.proxy.part(true);
    stops_in_time(fleet);
    fleet.proxy.part(false);
}

#[test]
fn supervisors_that_are_frozen_without_a_dispatcher_have_nothing_left_when_others_start() {
    let mut fleet = Fleet::on(Server::new());
    std::fs::write(fleet.houses[0].outside().join("long"), "").unwrap();
    wait_until("the last host has work that would outlive its lease", || beats(&fleet).len() >= 2);
    let row = "one host without dispatcher, all frozen";
    let blow = fleet.strikes(row, LAST, freeze);
    let again = fleet.houses[HOSTS - 1].dispatcher_with(&[], &[("ANDON_MACHINE_ID", "machine-3")]);
    fleet.dispatchers.push(again);
    fleet.recovers_in(row, &blow, &format!("ended-{LAST}"));
}

/// Kills the dispatcher of the last host, and freezes whatever it has started, until others may do that work. Their guards
/// alone are left.
fn freeze(fleet: &mut Fleet) {
    fleet.dispatchers.pop().unwrap().kill();
    let frozen = processes::supervisors_among(fleet.houses[HOSTS - 1].processes());
    frozen.into_iter().for_each(processes::stop_at_once);
    stops_in_time(fleet);
}

/// Waits until others may do the work of the last host, which would outlive its lease: none of its workers lived then.
fn stops_in_time(fleet: &Fleet) {
    // A renewal that was on its way has been made by now, or never will be.
    for_a_while(Duration::from_secs(1), || ());
    let sql = format!(
        "select run_id || ' ' || expires_at from andon_default.leases join andon_default.runs on runs.id = run_id \
         where leases.host = '{LAST}' and runs.ended_at is null"
    );
    let leases: BTreeMap<String, i64> = fleet.server.ask(&sql).lines().filter_map(pair).collect();
    assert!(!leases.is_empty(), "the last host had nothing to do");
    for_a_while(lasting(10, 60), || ());
    std::fs::remove_file(fleet.houses[0].outside().join("long")).unwrap();
    let alive = beats(fleet);
    let mut stopped = 0;
    for (run, expires_at) in &leases {
        let Some(last) = alive.get(run) else { continue };
        assert!(
            last < expires_at,
            "a worker of {run} lived at {last}, when its lease had run out at {expires_at}"
        );
        stopped += 1;
    }
    assert!(stopped > 0, "no worker of that host has said that it lives: {alive:?} {leases:?}");
}

/// When each run of the last host has last said that it lives.
fn beats(fleet: &Fleet) -> BTreeMap<String, i64> {
    fleet.houses[0].lines("beats").iter().filter_map(|line| pair(line)).collect()
}

fn pair(line: &str) -> Option<(String, i64)> {
    let (run, at) = line.split_once(' ')?;
    Some((run.to_owned(), at.parse().ok()?))
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
    let mut fleet = Fleet::on(server);
    let row = "disk of the server full";
    let blow = fleet.strikes(row, EVERYBODY, fill_the_disk);
    fleet.recovers(row, &blow);
}

fn fill_the_disk(fleet: &mut Fleet) {
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
    let mut fleet = Fleet::on(server);
    let row = "a transaction held open all the time";
    let blow = fleet.strikes(row, EVERYBODY, |_| for_a_while(lasting(4, 60), || ()));
    fleet.recovers(row, &blow);
    drop(held);
}

#[test]
fn a_second_host_of_the_same_name_is_refused_and_disturbs_nobody() {
    let mut fleet = Fleet::on(Server::new());
    let twin = House::new();
    let config = format!(
        "{PATIENT}host_name = \"host-0\"\ndatabase_url = {:?}\n",
        fleet.server.url(fleet.server.address())
    );
    twin.config(&config);
    let row = "two hosts with one name";
    let blow = fleet.strikes(row, EVERYBODY, |fleet| {
        let refused = twin.dispatcher_with(&[], &[("ANDON_MACHINE_ID", "another machine")]);
        let said = || std::fs::read_to_string(&refused.log).unwrap();
        wait_until("the second one is told", || said().contains("under the host name \"host-0\""));
        fleet.waits_for_progress();
        for_a_while(lasting(0, 60), || ());
        assert!(!said().contains("started"), "{}", said());
    });
    fleet.recovers(row, &blow);
}
