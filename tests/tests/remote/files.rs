//! Files belong to the machine where the command is typed: what is read goes along, what comes back is written there.

use std::io::Write as _;
use std::process::Stdio;

use andon_tests::{Answer, House, text_of};

use super::served::Served;

/// Runs a command by the server with this on its standard input.
fn fed(served: &Served, house: &House, words: &[&str], input: &[u8]) -> Answer {
    let mut command = served.command(house);
    command.args(words).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let file = house.outside().join("input");
    std::fs::File::create(&file).unwrap().write_all(input).unwrap();
    command.stdin(std::fs::File::open(&file).unwrap());
    House::answer(command)
}

#[test]
fn bodies_plans_and_profiles_go_along_with_the_command() {
    let house = House::new();
    let served = Served::start(&house);
    let place = house.outside();
    let path = |name: &str| place.join(name).to_str().unwrap().to_owned();
    std::fs::write(path("body.md"), "# Grüße\nzwei").unwrap();
    let made =
        served.andon(&house, &["create", "a", "--body-file", &path("body.md"), "--json"]).exits(0).json();
    assert_eq!(made["body"], "# Grüße\nzwei");
    let made = fed(&served, &house, &["create", "b", "--triage", "--body-file", "-", "--json"], b"typed")
        .exits(0)
        .json();
    assert_eq!(made["body"], "typed");
    let plan = r#"{"children": [{"title": "one"}, {"title": "two", "parents": [0]}]}"#;
    let idea = text_of(&made["id"]);
    let parts = fed(&served, &house, &["decompose", &idea, "--plan", "-", "--json"], plan.as_bytes());
    assert_eq!(parts.exits(0).json()["fanout"], 2);
    let _ = served.andon(&house, &["profile", "export", "sh", "--output", &path("sh.toml")]).exits(0);
    let exported = std::fs::read_to_string(path("sh.toml")).unwrap();
    assert!(exported.contains("shell"), "{exported}");
    let _ = served.andon(&house, &["profile", "install", &path("sh.toml"), "--name", "other"]).exits(0);
    let _ = house.andon(["profile", "show", "other"]).exits(0);
    // What cannot be read here is told here, and nothing is asked of the server.
    let missing = served.andon(&house, &["create", "c", "--body-file", &path("none"), "--json"]).exits(5);
    assert_eq!(missing.error_code(), "file_io");
}

#[test]
fn attachments_go_both_ways_as_they_are() {
    let house = House::new();
    let served = Served::start(&house);
    let task = house.create(["a"]);
    let place = house.outside();
    let bytes: Vec<u8> = (0..200_000_u32).flat_map(u32::to_le_bytes).collect();
    let source = place.join("data.bin");
    std::fs::write(&source, &bytes).unwrap();
    let told = served.andon(&house, &["attach", &task, source.to_str().unwrap(), "--json"]).exits(0).json();
    assert_eq!((&told[0]["name"], &told[0]["size"]), (&"data.bin".into(), &bytes.len().into()));
    let target = place.join("back.bin");
    let get = ["attachments", "get", &task, "data.bin", "--output", target.to_str().unwrap()];
    let _ = served.andon(&house, &get).exits(0);
    assert_eq!(std::fs::read(&target).unwrap(), bytes);
    let mut command = served.command(&house);
    command.args(["attachments", "get", &task, "data.bin"]);
    assert_eq!(command.output().unwrap().stdout, bytes, "to standard output");
    let large = place.join("large");
    std::fs::File::create(&large).unwrap().set_len((25 << 20) + 1).unwrap();
    let words = ["attach", task.as_str(), large.to_str().unwrap(), "--json"];
    let direct = house.andon(words).exits(1);
    let refused = served.andon(&house, &words).exits(1);
    assert_eq!((refused.error_code(), direct.error_code()), ("too_large".to_owned(), "too_large".to_owned()));
    let artifact = ["complete", &task, "--summary", "x", "--artifact", source.to_str().unwrap()];
    let _ = served.andon(&house, &artifact).exits(0);
    let kept = house.show(&task)["attachments"].as_array().unwrap().len();
    assert_eq!(kept, 1, "the same file under the same name is one file");
}

#[test]
fn no_file_of_the_server_s_machine_is_read_for_somebody_elsewhere() {
    let house = House::new();
    let served = Served::start(&house);
    let task = house.create(["a"]);
    let secret = house.outside().join("secret.txt");
    std::fs::write(&secret, "sesame").unwrap();
    let metadata = serde_json::json!({ "artifacts": [secret] }).to_string();
    let told = served.andon(&house, &["complete", &task, "--metadata", &metadata]).exits(0);
    assert!(told.stderr.contains("not kept"), "{}", told.stderr);
    assert_eq!(house.show(&task)["attachments"].as_array().map(Vec::len), Some(0));
}
