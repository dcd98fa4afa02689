//! A database that cannot be used is one clear line, never with the password.

use andon_tests::{Engine, House};

/// Runs a command that the database refuses: one line of why, this code, exit 5, and no password.
#[track_caller]
fn refused(url: &str, verb: &str, code: &str) {
    let house = House::on(Engine::Sqlite, "home").with("ANDON_DATABASE_URL", url);
    let answer = house.andon([verb]).exits(5);
    let lines: Vec<&str> = answer.stderr.lines().collect();
    assert!(lines[0].starts_with("andon: "), "{answer:?}");
    assert!(lines.iter().skip(1).any(|line| line.trim_start() == format!("code: {code}")), "{answer:?}");
    assert!(!answer.stderr.contains("sesame") && !answer.stdout.contains("sesame"), "{answer:?}");
    let json = house.andon([verb, "--json"]).exits(5);
    assert_eq!(json.error_code(), code);
    assert!(!json.stderr.contains("sesame"), "{json:?}");
    assert!(!house.board().join("board.db").exists(), "nothing is made in files instead");
}

#[test]
fn a_url_that_cannot_be_used_is_told() {
    refused("mysql://ada:sesame@db/andon", "list", "database_url");
    refused("postgres://ada:sesame@db:x/andon", "list", "database_url");
    refused("postgres://ada:sesame@db/andon?sslmode=sometimes", "list", "database_url");
    refused("postgres://ada:sesame@127.0.0.1:1/andon?connect_timeout=3", "list", "database_unreachable");
}

#[test]
fn a_wrong_password_and_missing_rights_are_told() {
    let house = House::new();
    let database = house.database().unwrap();
    let (user, password) = database.sealed();
    refused(&database.url_of(&format!("{user}:not%20sesame")), "list", "database_denied");
    refused(&database.url_of(user), "list", "database_denied");
    let allowed = database.url_of(&format!("{user}:{}", password.replace(' ', "%20")));
    refused(&allowed, "init", "database_denied");
    let _ = house.andon(["init"]).exits(0);
    refused(&allowed, "list", "database_denied");
}

#[test]
fn a_password_file_that_is_its_owner_s_alone_is_enough() {
    use std::os::unix::fs::PermissionsExt as _;
    let house = House::new();
    let _ = house.andon(["init"]).exits(0);
    let database = house.database().unwrap();
    let (user, password) = database.sealed();
    database.run(&format!(
        "grant usage on schema andon, andon_default to {user}; \
         grant select, insert, update, delete on all tables in schema andon, andon_default to {user}"
    ));
    let file = house.outside().join("pgpass");
    let lines = format!(
        "elsewhere:*:*:*:wrong\nlocalhost:5432:{}:{user}:{password}\n*:*:*:*:wrong\n",
        database.name()
    );
    std::fs::write(&file, lines).unwrap();
    let ask = || {
        let by_file = House::on(Engine::Sqlite, "home").with("ANDON_DATABASE_URL", &database.url_of(user));
        by_file.with("PGPASSFILE", file.to_str().unwrap()).andon(["list"])
    };
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
    let _ = ask().exits(0);
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
    let answer = ask().exits(5);
    assert!(!answer.stderr.contains(password), "{answer:?}");
}

#[test]
fn a_server_that_takes_no_more_connections_is_told() {
    let house = House::new();
    let database = house.database().unwrap();
    let (user, password) = database.sealed();
    database.run(&format!("alter database {} connection limit 0", database.name()));
    let url = database.url_of(&format!("{user}:{}", password.replace(' ', "%20")));
    refused(&url, "list", "database_crowded");
}

#[test]
fn a_board_of_a_newer_andon_is_left_alone() {
    let house = House::new();
    let task = house.script("true");
    let database = house.database().unwrap();
    database.run("insert into andon_default.migrations values (99, '0099_later', 'x', 0)");
    refused(&database.url(), "list", "database_newer");
    database.run("delete from andon_default.migrations where version = 99");
    assert_eq!(house.status(&task), "ready");
}

#[test]
fn the_configuration_names_the_database_as_well_and_its_listing_hides_it() {
    let outer = House::new();
    let url = outer.database().unwrap().url();
    let house = House::on(Engine::Sqlite, "home");
    house.config(&format!("database_url = {url:?}\n"));
    let task = house.script("echo done; true");
    house.until_idle();
    assert_eq!(outer.status(&task), "done");
    assert!(!house.board().join("board.db").exists());
    house.config("database_url = \"postgres://ada:sesame@db:x/andon\"\n");
    let answer = house.andon(["list"]).exits(5);
    assert!(!answer.stderr.contains("sesame"), "{answer:?}");
    // A configuration that is wrong elsewhere does not make a home of files out of one with a database.
    house.config(&format!("database_url = {url:?}\nmax_runing = 3\n"));
    let answer = house.andon(["profile", "list", "--json"]).exits(5);
    assert_eq!(answer.error_code(), "config_invalid");
}

#[test]
fn where_the_database_is_stands_in_no_arguments() {
    let house = House::new();
    let _dispatcher = house.dispatcher();
    let task =
        house.script("while [ ! -e \"$OUT/go\" ]; do sleep 0.02; done; andon comment \"$ANDON_TASK\" hello");
    house.wait_running(&task);
    let name = house.database().unwrap().name().to_owned();
    for pid in house.processes() {
        let line = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        assert!(!String::from_utf8_lossy(&line).contains(&name), "{pid} shows where the database is");
    }
    house.touch("go");
    house.wait_status(&task, "done");
    assert!(house.kinds_of(&task).contains(&"commented".to_owned()));
    assert!(house.busy_processes().len() <= 3);
}
