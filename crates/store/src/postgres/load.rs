//! Whole boards that come to a server or leave it: loaded into a schema that nobody sees and then listed in one step;
//! sealed before they go.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use andon_core::{BoardSlug, Millis};
use futures::executor::block_on;
use rusqlite::Connection;

use super::registry::{Listed, REGISTRY, Server, Talk, text_of};
use super::runtime;
use crate::board::Mode;
use crate::board_file::BoardFile;
use crate::error::{DbError, OpError};
use crate::maintenance::seal::{self, PROBE};
use crate::maintenance::{Label, Table, WriteAll};
use crate::tx::{Operation, Tx, first};
use crate::vals;

/// A schema that is not listed goes after so many milliseconds: whoever loaded it is gone.
const ABANDONED: i64 = 86_400_000;
/// How often a seal is tried where writers are in the way.
const TRIES: u32 = 20;

/// A board that has been loaded and is not listed yet.
#[derive(Clone, Debug)]
pub(crate) struct Arriving {
    board: Listed,
}

/// What is known of the server of a board, for the doctor.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct ServerFacts {
    /// Its version, as it says it.
    pub version: String,
    /// Connections to the server, of everybody.
    pub connections: i64,
    /// How many it takes.
    pub max_connections: i64,
    /// Sessions of this database that wait for a lock.
    pub waiting: i64,
    /// For how long the oldest transaction of this database has been open, milliseconds.
    pub oldest_transaction: i64,
}

/// Moves the counters of a schema behind the rows that were loaded into it, in PostgreSQL's own words.
#[derive(Clone, Debug)]
struct MoveCounters;

impl Operation for MoveCounters {
    type Reply = ();

    async fn apply<T: Tx>(&self, tx: &mut T) -> Result<(), OpError> {
        for sql in [
            "select setval(pg_get_serial_sequence('events', 'number'), coalesce(max(number), 0) + 1, false) from events",
            "select setval(pg_get_serial_sequence('comments', 'id'), coalesce(max(id), 0) + 1, false) from comments",
            "select setval(pg_get_serial_sequence('attachments', 'id'), coalesce(max(id), 0) + 1, false) from attachments",
        ] {
            first(tx, sql, &[]).await?;
        }
        Ok(())
    }
}

/// All of a board, in one transaction.
#[derive(Clone)]
struct LoadAll(WriteAll);

impl Operation for LoadAll {
    type Reply = u64;

    async fn apply<T: Tx>(&self, tx: &mut T) -> Result<u64, OpError> {
        let count = self.0.apply(tx).await?;
        MoveCounters.apply(tx).await?;
        Ok(count)
    }
}

impl Server {
    /// Loads all rows of the database at `path`, which is at this binary's schema, into a new schema. Nobody sees it before
    /// it is listed.
    pub(crate) fn load(
        &self,
        slug: &BoardSlug,
        file: &BoardFile,
        said: &Label,
        tables: Arc<[Table]>,
        source: Connection,
        path: &Path,
    ) -> Result<Arriving, OpError> {
        let now = self.world.now();
        let schema = format!("andon_arriving_{}_{:016x}", now.0, rand::random::<u64>());
        let board = Listed {
            slug: slug.clone(),
            file: BoardFile { identity: Some(said.identity.clone()), ..file.clone() },
            schema,
            identity: said.identity.clone(),
        };
        let (server, arriving, epoch) = (self.clone(), board.clone(), said.epoch);
        runtime::block(async move {
            let mut talk = server.talk().await?;
            talk.begin().await?;
            let made = talk.arrive(&arriving, epoch, now, server.world.as_ref()).await;
            talk.end(made).await
        })?;
        let arriving = Arriving { board };
        let all = WriteAll { tables, source: Arc::new(Mutex::new(source)), path: path.to_owned() };
        let engine = self.engine(&arriving.board, Path::new("/nonexistent"), Mode::Long)?;
        if let Err(error) = block_on(engine.run(LoadAll(all))) {
            self.dismiss(&arriving);
            return Err(error);
        }
        engine.close_idle();
        Ok(arriving)
    }

    /// Drops a board that is not going to be listed, as far as the server can be reached.
    pub(crate) fn dismiss(&self, arriving: &Arriving) {
        let (server, schema) = (self.clone(), arriving.board.schema.clone());
        let dropped = runtime::block(async move {
            server.talk().await?.batch(&format!("drop schema if exists \"{schema}\" cascade")).await
        });
        if let Err(error) = dropped {
            tracing::warn!(%error, "what was loaded stays in a schema that nobody uses; it goes with a later load");
        }
    }

    /// Lists a loaded board, in one step with putting away what has its name, where that is wanted. Gives how that is named
    /// now. A copy with a `token` that has been given up meanwhile is not listed any more.
    pub(crate) fn list(
        &self,
        arriving: &Arriving,
        replace: bool,
        token: Option<&str>,
    ) -> Result<Option<PathBuf>, DbError> {
        let (server, board) = (self.clone(), arriving.board.clone());
        let token = token.map(str::to_owned);
        let aside = runtime::block(async move {
            let mut talk = server.talk().await?;
            talk.begin().await?;
            let listed = talk.list(board, replace, token.as_deref(), server.world.now()).await;
            talk.end(listed).await
        })?;
        Ok(aside.map(|schema| self.url().name_of(&schema)))
    }

    /// Whether the board of this identity is listed under this name. If not, the copy with this token never will be.
    pub(crate) fn has_arrived(&self, slug: &BoardSlug, identity: &str, token: &str) -> Result<bool, DbError> {
        let (server, slug, identity) = (self.clone(), slug.clone(), identity.to_owned());
        let fact = abandoned(token);
        runtime::block(async move {
            let mut talk = server.talk().await?;
            // Whoever lists it holds the registry's lock: this waits for its end.
            talk.begin().await?;
            let asked = talk.has_arrived(&slug, &identity, &fact).await;
            talk.end(asked).await
        })
    }

    /// Seals a board, unless runs of it live: then it gives how many.
    pub(crate) fn seal(&self, board: &Listed, tables: &[Table], to: &str) -> Result<u32, DbError> {
        let names: Vec<String> = tables.iter().map(|table| format!("\"{}\"", table.name())).collect();
        let lock = format!(
            "set local search_path to \"{}\"; set local lock_timeout = 2000; \
             lock table {} in share row exclusive mode",
            board.schema,
            names.join(", ")
        );
        let text = seal::postgres(tables, to);
        let mut tries = 0;
        loop {
            let (server, lock, text) = (self.clone(), lock.clone(), text.clone());
            let sealed = runtime::block(async move {
                let mut talk = server.talk().await?;
                talk.begin().await?;
                let sealed = talk.seal(&lock, &text).await;
                talk.end(sealed).await
            });
            tries += 1;
            match sealed {
                Err(DbError::Contended(_)) if tries < TRIES => {}
                sealed => return sealed,
            }
        }
    }

    /// Refuses a board that is sealed.
    pub(crate) fn check_unsealed(&self, board: &Listed) -> Result<(), DbError> {
        let (server, schema) = (self.clone(), board.schema.clone());
        runtime::block(async move {
            let mut talk = server.talk().await?;
            talk.begin().await?;
            let asked = talk.batch(&format!("set local search_path to \"{schema}\"; {PROBE}")).await;
            talk.end(asked).await
        })
    }

    /// Breaks the seal of a board; one without a seal stays as it is.
    pub(crate) fn unseal(&self, board: &Listed) -> Result<(), DbError> {
        let (server, schema) = (self.clone(), board.schema.clone());
        let text = seal::unseal_postgres();
        runtime::block(async move {
            let mut talk = server.talk().await?;
            talk.begin().await?;
            let broken = talk.batch(&format!("set local search_path to \"{schema}\"; {text}")).await;
            talk.end(broken).await
        })
    }

    /// What is known of the server.
    pub(crate) fn facts(&self) -> Result<ServerFacts, DbError> {
        let server = self.clone();
        runtime::block(async move { server.talk().await?.facts().await })
    }
}

fn abandoned(token: &str) -> String {
    format!("abandoned copy {token}")
}

impl Talk {
    async fn arrive(
        &mut self,
        board: &Listed,
        epoch: i64,
        now: Millis,
        world: &dyn crate::world::World,
    ) -> Result<(), DbError> {
        self.batch(REGISTRY).await?;
        self.drop_abandoned(now).await?;
        let schema = &board.schema;
        self.batch(&format!("create schema \"{schema}\"")).await?;
        self.migrate(schema, world).await?;
        self.execute(
            "insert into meta (key, value) values ('identity', $1), ('epoch', $2)",
            vals![&board.identity, epoch.to_string()],
        )
        .await
    }

    /// What loads that died left behind: the time stands in the name.
    async fn drop_abandoned(&mut self, now: Millis) -> Result<(), DbError> {
        let found = self
            .query("select nspname::text from pg_namespace where nspname like 'andon\\_arriving\\_%'", &[])
            .await?;
        for row in found {
            let Ok(name) = row.try_get::<_, String>(0) else { continue };
            let since = name.split('_').nth(2).and_then(|text| text.parse().ok()).map(Millis);
            if since.is_some_and(|since| now.since(since) > ABANDONED) {
                self.batch(&format!("drop schema \"{name}\" cascade")).await?;
            }
        }
        Ok(())
    }

    async fn list(
        &mut self,
        board: Listed,
        replace: bool,
        token: Option<&str>,
        now: Millis,
    ) -> Result<Option<String>, DbError> {
        if let Some(token) = token {
            let fact = abandoned(token);
            if !self.query("select 1 from andon.facts where key = $1", vals![&fact]).await?.is_empty() {
                return Err(DbError::Conflict("this copy of the board has been given up".to_owned()));
            }
        }
        let standing = self.listed(Some(&board.slug)).await?.into_iter().next();
        let aside = match standing {
            Some(_) if !replace => {
                return Err(DbError::Conflict(format!("there is a board {} already", board.slug)));
            }
            Some(standing) => Some(self.put_aside(&standing, now).await?),
            None => None,
        };
        // An archived board keeps its rows, not its place in the register.
        self.execute(
            "update andon.boards set identity = identity || '-' || schema where identity = $1 \
             and archived_at is not null",
            vals![&board.identity],
        )
        .await?;
        let schema = self.free_schema(&board.slug).await?;
        self.batch(&format!("alter schema \"{}\" rename to \"{schema}\"", board.schema)).await?;
        let text = text_of(&board.file)?;
        self.execute(
            "insert into andon.boards (identity, slug, schema, file, created_at) values ($1, $2, $3, $4, $5)",
            vals![&board.identity, &board.slug, &schema, &text, now],
        )
        .await?;
        self.tell_boards().await?;
        Ok(aside)
    }

    async fn put_aside(&mut self, board: &Listed, now: Millis) -> Result<String, DbError> {
        let start = board.identity.get(..16).unwrap_or(&board.identity);
        let away = format!("andon_archived_{start}_{}", now.0);
        self.batch(&format!("alter schema \"{}\" rename to \"{away}\"", board.schema)).await?;
        self.execute(
            "update andon.boards set archived_at = $2, schema = $3 where identity = $1",
            vals![&board.identity, now, &away],
        )
        .await?;
        Ok(away)
    }

    async fn has_arrived(&mut self, slug: &BoardSlug, identity: &str, fact: &str) -> Result<bool, DbError> {
        self.batch(REGISTRY).await?;
        if self.listed(Some(slug)).await?.iter().any(|board| board.identity == identity) {
            return Ok(true);
        }
        const NOTE: &str = "insert into andon.facts (key, value) values ($1, '') on conflict do nothing";
        self.execute(NOTE, vals![fact]).await?;
        Ok(false)
    }

    async fn seal(&mut self, lock: &str, text: &str) -> Result<u32, DbError> {
        self.batch(lock).await?;
        self.batch(PROBE).await?;
        let rows = self.query("select count(*) from runs where reaped_at is null", &[]).await?;
        let live: i64 = rows.first().and_then(|row| row.try_get(0).ok()).unwrap_or(0);
        if live == 0 {
            self.batch(text).await?;
        }
        Ok(u32::try_from(live).unwrap_or(u32::MAX))
    }

    async fn facts(&mut self) -> Result<ServerFacts, DbError> {
        const SQL: &str = "select current_setting('server_version'), \
            (select count(*) from pg_stat_activity where backend_type = 'client backend'), \
            current_setting('max_connections')::bigint, \
            (select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'), \
            (select coalesce(floor(extract(epoch from max(clock_timestamp() - xact_start)) * 1000), 0)::bigint \
             from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid())";
        let rows = self.query(SQL, &[]).await?;
        let row = rows.first().ok_or(DbError::Closed)?;
        let number = |index: usize| row.try_get::<_, i64>(index).unwrap_or(0);
        Ok(ServerFacts {
            version: row.try_get(0).unwrap_or_default(),
            connections: number(1),
            max_connections: number(2),
            waiting: number(3),
            oldest_transaction: number(4),
        })
    }
}
