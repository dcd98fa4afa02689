//! Who may use whom: the edges between the crates, and what the core stays away from.

use super::check::Finding;
use super::tree::Tree;

/// A crate of `crates/`, and which of its neighbours it may use.
struct Layer {
    name: &'static str,
    may_use: &'static [&'static str],
}

const LAYERS: &[Layer] = &[
    Layer { name: "core", may_use: &[] },
    Layer { name: "process", may_use: &["core"] },
    Layer { name: "store", may_use: &["core"] },
    Layer { name: "tools", may_use: &["core", "store"] },
    Layer { name: "agent", may_use: &["core", "store", "tools"] },
    Layer { name: "notify", may_use: &["core", "store"] },
    Layer { name: "engine", may_use: &["core", "store", "process", "agent"] },
    Layer { name: "api", may_use: &["core"] },
    Layer { name: "server", may_use: &["core", "store", "engine", "agent", "tools", "notify", "api"] },
    Layer { name: "tui", may_use: &["api"] },
    Layer { name: "cli", may_use: EVERYTHING },
    Layer { name: "testkit", may_use: EVERYTHING },
];

const EVERYTHING: &[&str] =
    &["core", "process", "store", "tools", "agent", "notify", "engine", "api", "server", "tui"];

/// Libraries that know a database; only these crates of `crates/` may use them.
const DATABASES: &[&str] = &["rusqlite", "libsqlite3-sys", "tokio-postgres", "deadpool-postgres", "sqlx"];
const KNOW_DATABASES: &[&str] = &["store", "testkit"];

/// Libraries that bring the world into the core: input and output, clocks, randomness, threads.
const IMPURE: &[&str] = &["tokio", "rustix", "rand", "jiff", "ulid", "tempfile", "tracing", "futures"];

/// Each crate uses only what its row allows.
pub(super) fn edges(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in tree.files.iter().filter(|file| file.is_under("crates/") && file.name() == "Cargo.toml") {
        let crate_name = file.path.split('/').nth(1).unwrap_or_default();
        let Some(layer) = LAYERS.iter().find(|layer| layer.name == crate_name) else {
            findings.push(Finding::error(
                &file.path,
                0,
                format!("crate `{crate_name}` has no row in the table of layers"),
            ));
            continue;
        };
        match Uses::read(file.text().unwrap_or_default()) {
            Ok(uses) => {
                findings.extend(broken(layer, &uses).map(|message| Finding::error(&file.path, 0, message)))
            }
            Err(reason) => findings.push(Finding::error(&file.path, 0, reason)),
        }
    }
    findings
}

/// The core has no input, output, clock, randomness or thread, by library or by the standard one.
pub(super) fn pure_core(tree: &Tree) -> Vec<Finding> {
    const WORLD: [&str; 7] = ["fs", "net", "process", "thread", "env", "io", "os"];
    const CLOCKS: [&str; 2] = ["SystemTime", "Instant"];
    let mut findings = Vec::new();
    let core = tree.rust().filter(|(file, _)| file.is_under("crates/core/src/") && !file.is_test());
    for (file, rust) in core {
        for (line, code) in rust.code_lines().filter(|(line, _)| !rust.is_test_line(*line)) {
            let module = WORLD.iter().find(|module| names_module(code, module));
            let clock = CLOCKS.iter().find(|clock| code.contains(&format!("{clock}::now")));
            if let Some(what) = module.or(clock) {
                findings.push(Finding::error(
                    &file.path,
                    line,
                    format!("the core is pure and knows no `{what}`"),
                ));
            }
        }
    }
    findings
}

/// Whether a line names a module of the standard library, by its path or in a list of imports.
fn names_module(code: &str, module: &str) -> bool {
    let imported = code.split_once("std::{").map_or("", |(_, list)| list);
    let mut words = imported.split(|c: char| !c.is_alphanumeric() && c != '_');
    code.contains(&format!("std::{module}::"))
        || code.contains(&format!("use std::{module};"))
        || words.any(|word| word == module)
}

/// What a manifest names, by the kind of its dependency.
#[derive(Default)]
struct Uses {
    normal: Vec<String>,
    in_tests: Vec<String>,
}

impl Uses {
    fn read(manifest: &str) -> Result<Self, String> {
        let table: toml::Table = toml::from_str(manifest).map_err(|error| error.message().to_owned())?;
        let mut uses = Self::default();
        uses.add(&table);
        // Dependencies of one platform count as those of all.
        for platform in
            table.get("target").and_then(toml::Value::as_table).into_iter().flat_map(toml::Table::values)
        {
            platform.as_table().into_iter().for_each(|table| uses.add(table));
        }
        Ok(uses)
    }

    fn add(&mut self, table: &toml::Table) {
        let names = |section: &str| {
            let section = table.get(section).and_then(toml::Value::as_table);
            section.into_iter().flatten().map(|(name, value)| package(name, value)).collect::<Vec<_>>()
        };
        self.normal.extend(names("dependencies"));
        self.normal.extend(names("build-dependencies"));
        self.in_tests.extend(names("dev-dependencies"));
    }
}

/// What a dependency is called at home, where the manifest gives it another name.
fn package(name: &str, value: &toml::Value) -> String {
    value.get("package").and_then(toml::Value::as_str).unwrap_or(name).to_owned()
}

/// The folder of a crate of ours; the binary's crate bears the plain name.
fn neighbour(package: &str) -> Option<&str> {
    if package == "andon" { Some("cli") } else { package.strip_prefix("andon-") }
}

fn broken<'a>(layer: &'a Layer, uses: &'a Uses) -> impl Iterator<Item = String> + 'a {
    let name = layer.name;
    let normal = uses.normal.iter().filter_map(move |used| match neighbour(used) {
        Some(neighbour) if !layer.may_use.contains(&neighbour) => {
            Some(format!("`{name}` may not use `{neighbour}`"))
        }
        None if DATABASES.contains(&used.as_str()) && !KNOW_DATABASES.contains(&name) => {
            Some(format!("only the store knows a database, so `{name}` may not use `{used}`"))
        }
        None if name == "core" && IMPURE.contains(&used.as_str()) => {
            Some(format!("the core is pure, so it may not use `{used}`"))
        }
        _ => None,
    });
    // Tests may use the test kit as well; it may use everything but the binary.
    let in_tests = uses.in_tests.iter().filter_map(move |used| {
        let neighbour = neighbour(used)?;
        let allowed = layer.may_use.contains(&neighbour) || neighbour == "testkit";
        (!allowed).then(|| format!("the tests of `{name}` may not use `{neighbour}`"))
    });
    normal.chain(in_tests)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn messages(path: &str, manifest: &str) -> Vec<String> {
        edges(&Tree::of(&[(path, manifest)])).into_iter().map(|finding| finding.message).collect()
    }

    #[test]
    fn an_edge_against_the_table_is_found() {
        let found = messages("crates/store/Cargo.toml", "[dependencies]\nandon-engine.workspace = true\n");
        assert_eq!(found, ["`store` may not use `engine`"]);
        let hidden = "[target.'cfg(unix)'.dependencies]\nkit = { package = \"andon\" }\n";
        assert_eq!(messages("crates/testkit/Cargo.toml", hidden), ["`testkit` may not use `cli`"]);
    }

    #[test]
    fn what_the_table_allows_passes() {
        let manifest = "[dependencies]\nandon-core = \"1\"\nrusqlite = \"1\"\n[dev-dependencies]\nandon-testkit = \"1\"\n";
        assert!(messages("crates/store/Cargo.toml", manifest).is_empty());
    }

    #[test]
    fn a_database_outside_the_store_and_a_runtime_in_the_core_are_found() {
        assert_eq!(messages("crates/cli/Cargo.toml", "[dependencies]\nrusqlite = \"1\"\n").len(), 1);
        assert_eq!(messages("crates/core/Cargo.toml", "[dependencies]\ntokio = \"1\"\n").len(), 1);
    }

    #[test]
    fn a_crate_without_a_row_is_found() {
        assert_eq!(messages("crates/extra/Cargo.toml", "").len(), 1);
    }

    #[test]
    fn the_core_reads_no_clock_outside_its_tests() {
        let source = "fn a() { std::fs::read(p); }\n#[cfg(test)]\nmod tests {\n    fn b() { std::env::var(n); }\n}\nuse std::{fmt, fs};\n";
        let found = pure_core(&Tree::of(&[("crates/core/src/a.rs", source)]));
        assert_eq!(found.iter().map(|finding| finding.line).collect::<Vec<_>>(), [1, 6]);
    }
}
