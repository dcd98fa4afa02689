//! What PostgreSQL alone can do wrong: transactions that overlap, connections that die, servers that say no.

use std::collections::BTreeSet;
use std::io::{Read as _, Write as _};
use std::os::unix::net::{UnixListener, UnixStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};

use andon_core::task::Status;
use andon_core::{Cursor, TaskId};
use andon_store::operation::Create;
use andon_store::query::{EventFilter, EventsAfter};
use andon_store::{
    Board, BoardFile, DatabaseUrl, DbError, Home, HomeError, Mode, OpError, Operation, Ring, Tx, ambient,
};
use andon_testkit::{Draft, Inspect, PostgresBoards, Scene, Sql, SqliteBoards, block_on};

/// How often a race is run: often enough to be met, and very often on request.
fn races() -> usize {
    #[expect(clippy::disallowed_methods, reason = "the switch of the long form of a test")]
    if std::env::var_os("ANDON_CHAOS").is_some() { 10_000 } else { 200 }
}

/// Waits until something holds; a test that waits for ever says what for.
fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !holds() {
        assert!(Instant::now() < deadline, "waited for: {what}");
        #[expect(clippy::disallowed_methods, reason = "polls with a deadline")]
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn both_engines_have_the_same_columns() {
    let lite = SqliteBoards::new(Mode::Short);
    let s = Scene::new(&lite);
    let sql = "select m.name || '.' || c.name from sqlite_schema m join pragma_table_info(m.name) c \
               where m.type = 'table' and m.name not like 'sqlite%' order by 1";
    let columns = |rows: Vec<andon_store::Row>| -> BTreeSet<String> {
        rows.into_iter().map(|mut row| row.text().unwrap()).collect()
    };
    let ours = columns(block_on(s.ok(Sql(sql, Vec::new()))));
    let boards = PostgresBoards::new(Mode::Short);
    let s = Scene::new(&boards);
    let sql = "select table_name || '.' || column_name from information_schema.columns \
               where table_schema = current_schema()";
    let theirs = columns(block_on(s.ok(Sql(sql, Vec::new()))));
    assert!(ours.len() > 50);
    assert_eq!(ours, theirs);
}

#[test]
fn event_numbers_are_in_the_order_of_commits_whoever_is_slow() {
    let boards = PostgresBoards::new(Mode::Long);
    let s = Scene::new(&boards);
    // A commit that takes its time, with the number of its event taken already.
    boards.database().run(
        "create function andon_board_0.nap() returns trigger language plpgsql as $$ begin perform pg_sleep(0.02); return null; end $$; \
         create constraint trigger nap after insert on andon_board_0.tasks deferrable initially deferred \
         for each row when (new.title = 'slow') execute function andon_board_0.nap()",
    );
    let done = AtomicBool::new(false);
    let (seen, written) = std::thread::scope(|scope| {
        let writers: Vec<_> = (0..8)
            .map(|writer| {
                let s = s.again(&boards);
                scope.spawn(move || {
                    for n in 0..25 {
                        let title = if (writer + n) % 4 == 0 { "slow" } else { "quick" };
                        block_on(s.ok(s.creation(Draft::new(title))));
                    }
                })
            })
            .collect();
        let reader = s.again(&boards);
        let done = &done;
        let reading = scope.spawn(move || {
            let (mut cursor, mut seen) = (Cursor::default(), Vec::new());
            loop {
                let last = done.load(Ordering::SeqCst);
                let after = EventsAfter { cursor, filter: EventFilter::default(), limit: 50 };
                let read = block_on(reader.ok(after));
                seen.extend(read.events.iter().map(|event| event.number));
                cursor = read.cursor;
                if last && read.events.is_empty() {
                    return seen;
                }
            }
        });
        for writer in writers {
            writer.join().unwrap();
        }
        done.store(true, Ordering::SeqCst);
        let all = block_on(s.inspect()).events.iter().map(|event| event.number).collect::<Vec<_>>();
        (reading.join().unwrap(), all)
    });
    assert_eq!(written.len(), 200);
    assert_eq!(seen, written, "a reader that followed missed or repeated an event");
}

#[test]
fn racing_first_opens_make_one_board() {
    let boards = PostgresBoards::new(Mode::Short);
    let made: BTreeSet<TaskId> = std::thread::scope(|scope| {
        let openers: Vec<_> = (0..8)
            .map(|_| {
                let boards = &boards;
                scope.spawn(move || {
                    let home = boards.home(&ambient());
                    let board = home.open_or_default(&"default".parse().unwrap(), Mode::Short).unwrap();
                    block_on(board.run(crate::processes::creation("t"))).unwrap().task.id
                })
            })
            .collect();
        openers.into_iter().map(|opener| opener.join().unwrap()).collect()
    });
    let board = boards.home(&ambient()).open(&"default".parse().unwrap(), Mode::Short).unwrap();
    let tasks: BTreeSet<TaskId> = block_on(board.run(Inspect)).unwrap().tasks.into_keys().collect();
    assert_eq!((tasks.len(), tasks), (8, made));
    assert_eq!(boards.database().ask("select count(*) from andon.boards"), [Some("1".to_owned())]);
}

#[test]
fn two_parents_that_end_together_leave_no_child_behind() {
    let boards = PostgresBoards::new(Mode::Long);
    let (s, other) = {
        let s = Scene::new(&boards);
        let other = s.again(&boards);
        (s, other)
    };
    for round in 0..races() {
        block_on(async {
            let (one, two) = (s.task("one").await, s.task("two").await);
            let child = s.create(Draft::new("child").after(&one).after(&two)).await.id;
            let ends = Box::pin(futures::future::join(s.complete(&one), other.complete(&two))).await;
            assert_eq!((ends.0.state.status, ends.1.state.status), (Status::Done, Status::Done));
            assert_eq!(s.status(&child).await, Status::Ready, "round {round}");
            assert_eq!(s.count(&child, "promoted").await, 1, "round {round}");
        });
    }
}

#[test]
fn a_child_created_while_its_parent_ends_is_not_left_behind() {
    let boards = PostgresBoards::new(Mode::Long);
    let s = Scene::new(&boards);
    let other = s.again(&boards);
    for round in 0..races() {
        block_on(async {
            let parent = s.task("parent").await;
            let creating = other.creation(Draft::new("child").after(&parent));
            let (_, child) = Box::pin(futures::future::join(s.complete(&parent), other.ok(creating))).await;
            assert_eq!(s.status(&child.task.id).await, Status::Ready, "round {round}");
        });
    }
    block_on(async {
        assert_eq!(s.sweep().await, Vec::<TaskId>::new());
    });
}

/// Creates a task, and has the server end its connection: the first so many times.
#[derive(Clone, Debug)]
struct CutOff(Create, Arc<AtomicU32>);

impl Operation for CutOff {
    type Reply = TaskId;

    async fn apply<T: Tx>(&self, tx: &mut T) -> Result<TaskId, OpError> {
        let created = self.0.apply(tx).await?;
        let left = self.1.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
        if left.is_ok() {
            tx.query("select pg_terminate_backend(pg_backend_pid())::int", &[]).await?;
        }
        Ok(created.task.id)
    }
}

#[test]
fn a_connection_that_is_cut_off_leaves_nothing_half_done() {
    for mode in [Mode::Short, Mode::Long] {
        let boards = PostgresBoards::new(mode);
        let s = Scene::new(&boards);
        let once = CutOff(s.creation(Draft::new("once")), Arc::new(AtomicU32::new(1)));
        let made = block_on(s.ok(once));
        assert_eq!(block_on(s.inspect()).tasks.into_keys().collect::<Vec<_>>(), [made]);
        let always = CutOff(s.creation(Draft::new("always")), Arc::new(AtomicU32::new(u32::MAX)));
        let refused = block_on(s.run(always)).unwrap_err();
        assert!(matches!(refused, OpError::Db(DbError::Unreachable(_))), "{mode:?}: {refused:?}");
        let inspection = block_on(s.inspect());
        assert_eq!((inspection.tasks.len(), inspection.events.len()), (1, 1));
    }
}

#[test]
fn a_commit_that_the_server_broke_off_was_not_done() {
    let boards = PostgresBoards::new(Mode::Long);
    let s = Scene::new(&boards);
    boards.database().run(
        "create function andon_board_0.die() returns trigger language plpgsql as $$ \
         begin perform pg_terminate_backend(pg_backend_pid()); perform pg_sleep(5); return null; end $$; \
         create constraint trigger die after insert on andon_board_0.tasks deferrable initially deferred \
         for each row when (new.title = 'die') execute function andon_board_0.die()",
    );
    let refused = block_on(s.run(s.creation(Draft::new("die")))).unwrap_err();
    assert_eq!(refused.code(), "database_unreachable", "{refused}");
    let alone = CutOff(s.creation(Draft::new("die")), Arc::default());
    assert_eq!(block_on(s.run(alone)).unwrap_err().code(), "database_unreachable");
    block_on(s.task("next"));
    assert_eq!(block_on(s.inspect()).tasks.len(), 1);
}

#[test]
fn operations_go_on_while_sessions_are_ended_all_the_time() {
    let boards = PostgresBoards::new(Mode::Long);
    let s = Scene::new(&boards);
    let done = AtomicBool::new(false);
    let told = std::thread::scope(|scope| {
        let (database, done) = (boards.database(), &done);
        scope.spawn(move || {
            while !done.load(Ordering::SeqCst) {
                database.run(
                    "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() \
                     and pid <> pg_backend_pid() and random() < 0.3",
                );
                #[expect(clippy::disallowed_methods, reason = "the rate of the disturbance")]
                std::thread::sleep(Duration::from_millis(60));
            }
        });
        let writers: Vec<_> = (0..6)
            .map(|_| {
                let s = s.clone();
                scope.spawn(move || {
                    (0..30).map(|_| block_on(s.run(s.creation(Draft::new("t"))))).collect::<Vec<_>>()
                })
            })
            .collect();
        let told: Vec<_> = writers.into_iter().flat_map(|writer| writer.join().unwrap()).collect();
        done.store(true, Ordering::SeqCst);
        told
    });
    until("the sessions are left alone", || block_on(s.board.run(Inspect)).is_ok());
    let tasks = block_on(s.inspect()).tasks;
    for answer in &told {
        match answer {
            Ok(created) => assert!(tasks.contains_key(&created.task.id), "an acknowledged task is lost"),
            Err(OpError::Db(DbError::Unreachable(_))) => {}
            Err(error) => panic!("{}: {error}", error.code()),
        }
    }
    let acknowledged = told.iter().filter(|answer| answer.is_ok()).count();
    assert!(acknowledged > 0);
    assert_eq!(tasks.len(), acknowledged, "what was not acknowledged was not done");
}

/// A socket before the server's, which once keeps the answer to a commit to itself.
struct Swallowing {
    folder: tempfile::TempDir,
    armed: Arc<AtomicBool>,
}

impl Swallowing {
    /// Before the socket of this URL.
    fn new(url: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let armed = Arc::new(AtomicBool::new(false));
        let listener = UnixListener::bind(folder.path().join(".s.PGSQL.5432")).unwrap();
        let behind = format!("{}/.s.PGSQL.5432", Self::folder_of(url).replace("%2F", "/"));
        let arms = Arc::clone(&armed);
        // They end with the process of the test.
        std::thread::spawn(move || {
            for near in listener.incoming() {
                let (near, far) = (near.unwrap(), UnixStream::connect(&behind).unwrap());
                let swallows = Arc::new(AtomicBool::new(false));
                let (arms, swallowed) = (Arc::clone(&arms), Arc::clone(&swallows));
                let (from, to) = (near.try_clone().unwrap(), far.try_clone().unwrap());
                std::thread::spawn(move || {
                    Self::carry(from, to, |bytes| {
                        if bytes.windows(7).any(|part| part == b"commit\0")
                            && arms.swap(false, Ordering::SeqCst)
                        {
                            swallowed.store(true, Ordering::SeqCst);
                        }
                        true
                    });
                });
                std::thread::spawn(move || Self::carry(far, near, |_| !swallows.load(Ordering::SeqCst)));
            }
        });
        Self { folder, armed }
    }

    fn folder_of(url: &str) -> &str {
        url.split_once('@').unwrap().1.rsplit_once('/').unwrap().0
    }

    /// Carries bytes until one of the two ends, or they may not pass.
    fn carry(mut from: UnixStream, mut to: UnixStream, pass: impl Fn(&[u8]) -> bool) {
        let mut bytes = [0; 65_536];
        while let Ok(count) = from.read(&mut bytes)
            && count > 0
            && pass(&bytes[..count])
            && to.write_all(&bytes[..count]).is_ok()
        {}
        for end in [from, to] {
            let _ = end.shutdown(std::net::Shutdown::Both);
        }
    }

    /// The same URL, through here.
    fn url(&self, url: &str) -> DatabaseUrl {
        let own = self.folder.path().display().to_string().replace('/', "%2F");
        url.replace(Self::folder_of(url), &own).parse().unwrap()
    }
}

#[test]
fn a_commit_whose_answer_is_lost_is_found_out_and_done_once() {
    for mode in [Mode::Long, Mode::Short] {
        let boards = PostgresBoards::new(mode);
        let s = Scene::new(&boards);
        let url = boards.database().url();
        let between = Swallowing::new(&url);
        let root = tempfile::tempdir().unwrap();
        let home = Home::new(root.path()).with_database(&between.url(&url)).unwrap();
        let board = home.open_or_default(&"default".parse().unwrap(), mode).unwrap();
        for done in 1..=3 {
            between.armed.store(true, Ordering::SeqCst);
            let made = block_on(board.run(s.creation(Draft::new("t")))).unwrap();
            assert!(!between.armed.load(Ordering::SeqCst), "no answer was lost");
            let tasks = block_on(board.run(Inspect)).unwrap().tasks;
            assert!(tasks.contains_key(&made.task.id) && tasks.len() == done, "{mode:?}: {}", tasks.len());
        }
    }
}

fn opened(url: &str) -> Result<Board, HomeError> {
    let root = tempfile::tempdir().unwrap();
    let url: DatabaseUrl = url.parse()?;
    Home::new(root.path()).with_database(&url)?.open_or_default(&"default".parse().unwrap(), Mode::Short)
}

fn refusal(url: &str) -> (&'static str, String) {
    match opened(url) {
        Err(HomeError::Db(error)) => (error.code(), error.to_string()),
        Err(error) => panic!("{error}"),
        Ok(_) => panic!("{url} opens"),
    }
}

#[test]
fn a_database_that_says_no_is_told_in_one_line_without_the_password() {
    let boards = PostgresBoards::new(Mode::Short);
    let database = boards.database();
    let (user, password) = database.sealed();
    let (good, wrong) = (format!("{user}:{}", password.replace(' ', "%20")), format!("{user}:s3cret"));
    let cases = [
        ("postgres://ada:s3cret@/nowhere?host=/nowhere/at/all".to_owned(), "database_unreachable"),
        ("postgres://ada:s3cret@127.0.0.1:1/x?connect_timeout=2".to_owned(), "database_unreachable"),
        (database.url_of(&wrong), "database_denied"),
        (database.url_of(user), "database_denied"),
        (database.url_of(&good), "database_denied"),
        (database.url().replace(database.name(), "no_such_database"), "database_denied"),
    ];
    for (url, code) in cases {
        let (told, line) = refusal(&url);
        assert_eq!(told, code, "{url}: {line}");
        assert!(!line.contains('\n') && !line.contains("s3cret") && !line.contains(password), "{line}");
    }
    database.run(&format!("grant create on database {} to {user}", database.name()));
    assert!(opened(&database.url_of(&good)).is_ok(), "a user with the right to create is enough");
}

#[test]
fn a_newer_or_foreign_board_is_refused() {
    let boards = PostgresBoards::new(Mode::Short);
    let database = boards.database();
    drop(opened(&database.url()).unwrap());
    database.run("insert into andon_default.migrations values (99, 'later', 'x', 0)");
    assert_eq!(refusal(&database.url()).0, "database_newer");
    database.run("delete from andon_default.migrations where version = 99; update andon_default.meta set value = 'x' where key = 'identity'");
    assert_eq!(refusal(&database.url()).0, "database_identity");
    database.run("drop schema andon_default cascade");
    assert_eq!(refusal(&database.url()).0, "database_missing");
}

#[test]
fn boards_come_and_go() {
    let boards = PostgresBoards::new(Mode::Short);
    let home = boards.home(&ambient());
    let slug = |text: &str| text.parse().unwrap();
    for name in ["team-a", "team_a", "default"] {
        assert!(home.create(&slug(name), &BoardFile::default()).unwrap());
        assert!(!home.create(&slug(name), &BoardFile::default()).unwrap());
    }
    assert_eq!(home.boards(), [slug("default"), slug("team-a"), slug("team_a")]);
    let edited = home.edit(&slug("team-a"), |file| file.description = Some("the line".to_owned())).unwrap();
    assert_eq!(home.describe(&slug("team-a")).unwrap(), edited);
    let board = home.open(&slug("team-a"), Mode::Short).unwrap();
    block_on(board.run(crate::processes::creation("t"))).unwrap();
    home.archive(&slug("team-a")).unwrap();
    assert!(!home.exists(&slug("team-a")));
    assert_eq!(block_on(board.run(Inspect)).unwrap_err().code(), "database_missing");
    assert!(home.create(&slug("team-a"), &BoardFile::default()).unwrap(), "its name is free again");
    let board = home.open(&slug("team-a"), Mode::Short).unwrap();
    assert!(block_on(board.run(Inspect)).unwrap().tasks.is_empty());
    home.delete(&slug("team_a")).unwrap();
    assert_eq!(home.boards(), [slug("default"), slug("team-a")]);
    assert!(home.delete(&slug("default")).is_err());
}

#[test]
fn a_commit_rings_other_processes_and_a_lost_listener_rings_when_it_is_back() {
    let boards = PostgresBoards::new(Mode::Long);
    let s = Scene::new(&boards);
    let other = s.again(&boards);
    let waiter = s.board.doorbell().wait_for_board(1).unwrap();
    until("the listener listens", || waiter.drain());
    block_on(s.board.run(Inspect)).unwrap();
    block_on(other.task("t"));
    until("the commit of another process rings", || waiter.drain());
    assert!(s.board.changed().unwrap() && !s.board.changed().unwrap());
    boards.database().run(
        "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'andon doorbell' \
         and datname = current_database()",
    );
    until("the listener is back", || waiter.drain());
    block_on(other.task("t"));
    until("it hears again", || waiter.drain());
    let run = "01ARZ3NDEKTSV4RRFFQ69G5FAV".parse().unwrap();
    let supervisor = s.board.doorbell().wait_for_run(&run, 2).unwrap();
    other.board.doorbell().ring(&[Ring::Run(run)]);
    until("the supervisor of a run is rung", || supervisor.drain());
}

#[test]
fn a_pooler_that_keeps_no_statements_is_served() {
    let boards = PostgresBoards::with_parameters(Mode::Long, "prepared=false");
    let s = Scene::new(&boards);
    block_on(async {
        let parent = s.task("parent").await;
        let child = s.child("child", &parent).await;
        let claimed = s.claim_one().await;
        s.ok(s.completion(&claimed.task.id, s.worker(&claimed))).await;
        assert_eq!(s.status(&child).await, Status::Ready);
        s.inspect().await;
    });
}

#[test]
fn an_operation_waits_for_the_server_a_few_times_only() {
    let boards = PostgresBoards::new(Mode::Short);
    let s = Scene::new(&boards);
    let waits = |what: &str, most: u64, run: &dyn Fn()| {
        let before = s.board.waits().unwrap().0;
        run();
        let count = s.board.waits().unwrap().0 - before;
        println!("{what}: {count} round trips");
        assert!(count <= most, "{what} waited {count} times");
    };
    waits("create", 4, &|| drop(block_on(s.task("t"))));
    let claimed = std::cell::RefCell::new(Vec::new());
    waits("claim", 12, &|| claimed.borrow_mut().extend(block_on(s.claim(1))));
    let claimed = claimed.into_inner().remove(0);
    let complete = s.completion(&claimed.task.id, s.worker(&claimed));
    waits("complete", 8, &|| drop(block_on(s.ok(complete.clone()))));
}

/// Also prints the rate: with `--nocapture`, and long enough to mean something on request.
#[test]
fn sixty_four_callers_at_once_finish_every_task_once() {
    let boards = PostgresBoards::new(Mode::Long);
    let s = Scene::new(&boards);
    let each = if races() > 200 { 80 } else { 4 };
    let (begun, before) = (Instant::now(), s.board.waits().unwrap());
    block_on(futures::future::join_all((0..64).map(|_| one_of(&s, each))));
    let (took, after) = (begun.elapsed(), s.board.waits().unwrap());
    println!(
        "{:.0} tasks/s, {:.2} waits an operation",
        64.0 * f64::from(each) / took.as_secs_f64(),
        (after.0 - before.0) as f64 / (after.1 - before.1) as f64
    );
    let inspection = block_on(s.inspect());
    assert_eq!(inspection.tasks.len(), 64 * each as usize);
    assert!(inspection.tasks.values().all(|(task, _)| task.state.status == Status::Done));
    let claims = inspection.events.iter().filter(|event| event.kind == "claimed").count();
    assert_eq!(claims, 64 * each as usize, "a task was claimed twice");
}

async fn one_of(s: &Scene, each: u32) {
    for _ in 0..each {
        s.ok(s.creation(Draft::new("t"))).await;
        // Another caller may have claimed it, and has another one left for this one.
        loop {
            let claimed = s.claim(1).await;
            for claimed in &claimed {
                s.ok(s.completion(&claimed.task.id, s.worker(claimed))).await;
            }
            if !claimed.is_empty() {
                break;
            }
        }
    }
}

/// A board whose times are the server's.
fn in_real_time(boards: &PostgresBoards) -> Board {
    let home = boards.home(&ambient());
    let slug = "real".parse().unwrap();
    home.create(&slug, &BoardFile::default()).unwrap();
    home.open(&slug, Mode::Long).unwrap()
}

#[test]
fn work_that_comes_back_late_is_claimed_however_much_was_claimed_after_it() {
    let boards = PostgresBoards::new(Mode::Long);
    let board = in_real_time(&boards);
    let s = Scene::new(&SqliteBoards::new(Mode::Short));
    let create = |count| {
        let created = (0..count).map(|_| board.run(s.creation(Draft::new("t"))));
        let created = block_on(futures::future::join_all(created));
        created.into_iter().map(|made| made.unwrap().task.id).collect::<Vec<TaskId>>()
    };
    let claim = || block_on(board.run(s.claiming(50))).unwrap();
    create(1_100);
    let mut first = None;
    while let [claimed, ..] = claim().as_slice() {
        first.get_or_insert_with(|| claimed.clone());
    }
    // From here on claims begin where the last one found work. The first of all comes back, older than all that follow.
    let first = first.unwrap();
    create(1);
    assert_eq!(claim().len(), 1);
    let lost = s.failure(&first, andon_core::run::Failure::Interrupted);
    block_on(board.run(lost)).unwrap();
    let back =
        "update andon_real.tasks set eligible_at = null, eligible_reason = null where status = 'ready'";
    boards.database().run(back);
    let younger = create(1);
    let mut claimed: Vec<TaskId> = claim().into_iter().map(|one| one.task.id).collect();
    claimed.extend(claim().into_iter().map(|one| one.task.id));
    let both: BTreeSet<&TaskId> = [&first.task.id, &younger[0]].into();
    assert_eq!(claimed.iter().collect::<BTreeSet<_>>(), both, "a claim passed over what came back");
}

#[test]
fn a_glance_is_one_statement_for_the_server() {
    let boards = PostgresBoards::new(Mode::Long);
    let board = in_real_time(&boards);
    let glance = || block_on(board.run(andon_store::query::Glance)).unwrap();
    // The first one prepares the statement.
    glance();
    let (before, _) = board.waits().unwrap();
    glance();
    let (after, _) = board.waits().unwrap();
    assert_eq!(after - before, 1);
    let open =
        "select count(*) from pg_stat_activity where datname = current_database() and state like 'idle in%'";
    assert_eq!(boards.database().ask(open), [Some("0".to_owned())], "a question leaves no transaction open");
}
