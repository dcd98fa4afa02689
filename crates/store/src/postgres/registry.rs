//! The boards of a database: which there are, and how they come and go. A board is a schema; `andon.boards` lists them.

use std::future::Future;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use andon_core::BoardSlug;
use deadpool_postgres::{Manager, ManagerConfig, Object, Pool, RecyclingMethod, Runtime};
use tokio_postgres::NoTls;
use tokio_postgres::config::SslMode;
use tokio_postgres::types::ToSql;

use super::bell::{BOARDS, Bell};
use super::engine::{Engine, Inner, Keys, PLANS, SILENCE_MS, STATEMENT_MS, number};
use super::error::{Failure, of_pool, translate};
use super::runtime;
use super::session::kind_of;
use super::tls;
use super::url::DatabaseUrl;
use crate::board::Mode;
use crate::board_file::BoardFile;
use crate::error::DbError;
use crate::migrate::{Dialect, SCHEMA, hex, migrations};
use crate::vals;
use crate::value::Val;
use crate::world::World;

/// How long an answer may take that waits for nobody.
const ASKED: Duration = Duration::from_secs(5);
/// How long one may take in a transaction, which may wait for others or carry a large board.
const LONGEST: Duration = Duration::from_secs(3_600);
/// The oldest server that is supported.
const OLDEST: i64 = 15;

/// A database that holds boards.
#[derive(Clone, Debug)]
pub(crate) struct Server {
    url: DatabaseUrl,
    pool: Pool,
    /// The server has said that it is new enough.
    checked: Arc<AtomicBool>,
    pub(super) world: Arc<dyn World>,
}

/// A board as the registry lists it.
#[derive(Clone, Debug)]
pub(crate) struct Listed {
    pub(crate) slug: BoardSlug,
    pub(crate) file: BoardFile,
    pub(super) schema: String,
    pub(crate) identity: String,
}

pub(super) const REGISTRY: &str = "create schema if not exists andon;
    create table if not exists andon.boards (
        identity    text primary key,
        slug        text collate \"C\" not null,
        schema      text not null unique,
        file        text not null,
        created_at  bigint not null,
        archived_at bigint
    );
    create unique index if not exists boards_slug on andon.boards (slug) where archived_at is null;
    create table if not exists andon.facts (key text primary key, value text not null);";

/// The most connections that ask at once what became of transactions.
const ASKING: usize = 2;

fn pool(url: &DatabaseUrl, schema: Option<&str>, most: usize) -> Result<Pool, DbError> {
    let mut config = url.config.clone();
    if url.prepared {
        let own = config.get_options().unwrap_or_default().to_owned();
        let path = schema.map(|schema| format!(" -c search_path={schema}")).unwrap_or_default();
        let plans: String = PLANS.iter().map(|(name, value)| format!(" -c {name}={value}")).collect();
        config.options(format!(
            "{own} -c statement_timeout={STATEMENT_MS} -c idle_in_transaction_session_timeout={SILENCE_MS}{plans}{path}"
        ));
    }
    let settings = ManagerConfig { recycling_method: RecyclingMethod::Fast };
    let timeout = config.get_connect_timeout().copied();
    let manager = if config.get_ssl_mode() == SslMode::Disable {
        Manager::from_config(config, NoTls, settings)
    } else {
        Manager::from_config(config, tls::connector(url)?, settings)
    };
    Pool::builder(manager)
        .max_size(most)
        .runtime(Runtime::Tokio1)
        .create_timeout(timeout)
        .wait_timeout(Some(Duration::from_secs(30)))
        .build()
        .map_err(|error| DbError::Other(error.to_string()))
}

impl Server {
    /// The database at this URL; it is not asked yet.
    pub(crate) fn new(url: &DatabaseUrl, world: Arc<dyn World>) -> Result<Self, DbError> {
        Ok(Self { url: url.clone(), pool: pool(url, None, 2)?, checked: Arc::default(), world })
    }

    pub(crate) fn url(&self) -> &DatabaseUrl {
        &self.url
    }

    pub(crate) fn with_world(mut self, world: Arc<dyn World>) -> Self {
        self.world = world;
        self
    }

    /// The boards that are not archived, by name; none where nothing of Andon's is there yet.
    pub(crate) fn boards(&self) -> Result<Vec<Listed>, DbError> {
        let server = self.clone();
        runtime::block(async move { server.talk().await?.listed(None).await })
    }

    /// One of them.
    pub(crate) fn find(&self, slug: &BoardSlug) -> Result<Option<Listed>, DbError> {
        let (server, slug) = (self.clone(), slug.clone());
        runtime::block(async move {
            server.talk().await?.listed(Some(&slug)).await.map(|found| found.into_iter().next())
        })
    }

    /// Creates a board; one that is there stays as it is. Two racing creators make one board. Gives whether it is new.
    pub(crate) fn create(&self, slug: &BoardSlug, file: &BoardFile) -> Result<bool, DbError> {
        let (server, slug, file) = (self.clone(), slug.clone(), file.clone());
        runtime::block(async move {
            let mut talk = server.talk().await?;
            if talk.listed(Some(&slug)).await?.into_iter().next().is_some() {
                return Ok(false);
            }
            talk.begin().await?;
            let made = talk.create(&slug, file, server.world.as_ref()).await;
            talk.end(made).await
        })
    }

    /// Changes what the registry says of a board.
    pub(crate) fn write(&self, board: &Listed) -> Result<(), DbError> {
        let (server, identity, file) = (self.clone(), board.identity.clone(), board.file.clone());
        runtime::block(async move {
            let mut talk = server.talk().await?;
            let text = text_of(&file)?;
            talk.execute("update andon.boards set file = $2 where identity = $1", vals![&identity, &text])
                .await
        })
    }

    /// Puts a board away under another name of its schema.
    pub(crate) fn archive(&self, board: &Listed) -> Result<String, DbError> {
        let (server, board) = (self.clone(), board.clone());
        runtime::block(async move {
            let mut talk = server.talk().await?;
            talk.begin().await?;
            let archived = talk.archive(&board, server.world.now().0).await;
            talk.end(archived).await
        })
    }

    /// Deletes an archived board with everything in it.
    pub(crate) fn drop_archived(&self, schema: &str) -> Result<(), DbError> {
        let (server, schema) = (self.clone(), schema.to_owned());
        runtime::block(async move {
            let mut talk = server.talk().await?;
            talk.begin().await?;
            let dropped = talk.drop_archived(&schema).await;
            talk.end(dropped).await
        })
    }

    /// Whether a fact about all boards holds.
    pub(crate) fn fact(&self, key: &str) -> Result<bool, DbError> {
        let (server, key) = (self.clone(), key.to_owned());
        runtime::block(async move {
            let mut talk = server.talk().await?;
            if !talk.known().await? {
                return Ok(false);
            }
            Ok(!talk.query("select 1 from andon.facts where key = $1", vals![&key]).await?.is_empty())
        })
    }

    /// Notes a fact about all boards, or that it holds no longer.
    pub(crate) fn set_fact(&self, key: &str, holds: bool) -> Result<(), DbError> {
        const SET: &str = "insert into andon.facts (key, value) values ($1, '') on conflict do nothing";
        const CLEAR: &str = "delete from andon.facts where key = $1";
        let (server, key) = (self.clone(), key.to_owned());
        runtime::block(async move {
            let mut talk = server.talk().await?;
            talk.begin().await?;
            let made = match talk.batch(REGISTRY).await {
                Ok(()) => talk.execute(if holds { SET } else { CLEAR }, vals![&key]).await,
                Err(error) => Err(error),
            };
            talk.end(made).await
        })
    }

    /// Opens a board.
    pub(crate) fn open(&self, board: &Listed, folder: &Path, mode: Mode) -> Result<Engine, DbError> {
        let (server, board, folder) = (self.clone(), board.clone(), folder.to_owned());
        runtime::block(async move {
            let mut talk = server.talk().await?;
            talk.check(&board, server.world.as_ref()).await?;
            server.engine(&board, &folder, mode)
        })
    }

    /// The engine of a board that has been checked.
    pub(super) fn engine(&self, board: &Listed, folder: &Path, mode: Mode) -> Result<Engine, DbError> {
        // A process that ends soon asks each statement once: to prepare it would cost a second exchange.
        let short = mode == Mode::Short;
        let pool_of = |most| pool(&self.url, Some(&board.schema), most);
        Ok(Engine::new(Inner {
            pool: pool_of(if short { 4 } else { self.url.connections })?,
            asking: pool_of(ASKING)?,
            name: Arc::from(self.url.name_of(&board.schema)),
            keys: Keys::new(&board.identity),
            bell: Bell::new(&self.url, &board.schema, folder),
            schema: board.schema.clone(),
            world: Arc::clone(&self.world),
            mode,
            prepared: self.url.prepared && !short,
            settled: self.url.prepared,
            floors: Default::default(),
            waits: Default::default(),
            operations: Default::default(),
            tally: Default::default(),
        }))
    }

    pub(super) async fn talk(&self) -> Result<Talk, DbError> {
        let name = self.url.name_of("andon");
        let client = self.pool.get().await.map_err(|error| of_pool(&name, &error).error)?;
        let (silent, pool) = (AtomicBool::new(false), self.pool.clone());
        let mut talk = Talk { client: Some(client), name: Arc::from(name), open: false, silent, pool };
        if !self.checked.load(Ordering::Relaxed) {
            talk.check_server().await?;
            self.checked.store(true, Ordering::Relaxed);
        }
        Ok(talk)
    }
}

pub(super) fn text_of(file: &BoardFile) -> Result<String, DbError> {
    toml::to_string(file).map_err(|error| DbError::Other(error.to_string()))
}

/// A connection that asks about boards, outside of any.
pub(super) struct Talk {
    client: Option<Object>,
    name: Arc<Path>,
    open: bool,
    /// An answer has not come in time.
    silent: AtomicBool,
    pool: Pool,
}

impl Drop for Talk {
    fn drop(&mut self) {
        let silent = self.silent.load(Ordering::Relaxed);
        if silent {
            // Whatever lies between has forgotten it, and perhaps others with it.
            self.pool.retain(|_, _| false);
        }
        if (self.open || silent)
            && let Some(client) = self.client.take()
        {
            drop(Object::take(client));
        }
    }
}

impl Talk {
    /// Waits for an answer, outside of a transaction not for long: there nobody holds a lock, and who asks holds up all else.
    async fn answer<R>(
        &self,
        asked: impl Future<Output = Result<R, tokio_postgres::Error>> + Send,
    ) -> Result<R, DbError> {
        let longest = if self.open { LONGEST } else { ASKED };
        match tokio::time::timeout(longest, asked).await {
            Ok(answer) => answer.map_err(|error| self.fail(&error)),
            Err(_) => {
                self.silent.store(true, Ordering::Relaxed);
                Err(DbError::Unreachable("the connection gives no answer any more".to_owned()))
            }
        }
    }

    fn client(&self) -> Result<&Object, DbError> {
        self.client.as_ref().ok_or(DbError::Closed)
    }

    fn fail(&self, error: &tokio_postgres::Error) -> DbError {
        let Failure { error, .. } = translate(&self.name, error);
        error
    }

    pub(super) async fn query(&self, sql: &str, params: &[Val]) -> Result<Vec<tokio_postgres::Row>, DbError> {
        let typed: Vec<_> =
            params.iter().map(|value| (value as &(dyn ToSql + Sync), kind_of(value))).collect();
        self.answer(self.client()?.query_typed(sql, &typed)).await
    }

    pub(super) async fn execute(&mut self, sql: &str, params: &[Val]) -> Result<(), DbError> {
        self.query(sql, params).await.map(drop)
    }

    pub(super) async fn batch(&self, sql: &str) -> Result<(), DbError> {
        self.answer(self.client()?.batch_execute(sql)).await
    }

    /// The registry's lock comes first: racing creators and migrators wait for each other.
    pub(super) async fn begin(&mut self) -> Result<(), DbError> {
        // A connection that is dead shows here; from here on an answer may take its time.
        self.batch("").await?;
        self.open = true;
        let lock = number(&["registry"]).cast_signed();
        self.batch(&format!("begin; select pg_advisory_xact_lock({lock})")).await
    }

    pub(super) async fn end<R>(&mut self, made: Result<R, DbError>) -> Result<R, DbError> {
        let ended = self.batch(if made.is_ok() { "commit" } else { "rollback" }).await;
        if ended.is_ok() {
            self.open = false;
        }
        let made = made?;
        ended.map(|()| made)
    }

    async fn check_server(&mut self) -> Result<(), DbError> {
        let rows = self.query("select current_setting('server_version_num')", &[]).await?;
        let found: Option<String> = rows.first().and_then(|row| row.try_get(0).ok());
        let found: i64 = found.and_then(|text| text.parse().ok()).unwrap_or(0) / 10_000;
        if found < OLDEST { Err(DbError::TooOld { found, oldest: OLDEST }) } else { Ok(()) }
    }

    /// Whether there is a registry.
    async fn known(&mut self) -> Result<bool, DbError> {
        let rows = self.query("select to_regclass('andon.boards') is not null", &[]).await?;
        Ok(rows.first().is_some_and(|row| row.try_get(0).unwrap_or(false)))
    }

    pub(super) async fn listed(&mut self, slug: Option<&BoardSlug>) -> Result<Vec<Listed>, DbError> {
        // An error would end a transaction: there the registry is asked for first.
        if self.open && !self.known().await? {
            return Ok(Vec::new());
        }
        let one = slug.map(BoardSlug::as_str);
        let rows = self
            .query(
                "select slug, file, schema, identity from andon.boards \
                 where archived_at is null and ($1::text is null or slug = $1) order by slug",
                vals![one],
            )
            .await;
        match rows {
            Ok(rows) => rows.iter().map(|row| self.decode(row)).collect(),
            // Nothing of Andon's is there yet.
            Err(DbError::Missing(_)) => Ok(Vec::new()),
            Err(error) => Err(error),
        }
    }

    fn decode(&self, row: &tokio_postgres::Row) -> Result<Listed, DbError> {
        let text = |index: usize| row.try_get::<_, String>(index).map_err(|error| self.fail(&error));
        let (slug, file) = (text(0)?, text(1)?);
        let bad = |detail: String| DbError::BadRow { table: "board", id: slug.clone(), detail };
        Ok(Listed {
            slug: slug.parse().map_err(|_| bad("its name cannot be read".to_owned()))?,
            file: toml::from_str(&file).map_err(|error| bad(error.to_string().replace('\n', " ")))?,
            schema: text(2)?,
            identity: text(3)?,
        })
    }

    async fn create(
        &mut self,
        slug: &BoardSlug,
        mut file: BoardFile,
        world: &dyn World,
    ) -> Result<bool, DbError> {
        self.batch(REGISTRY).await?;
        if !self.listed(Some(slug)).await?.is_empty() {
            return Ok(false);
        }
        let identity = format!("{:016x}{:016x}", world.bits(), rand::random::<u64>());
        let now = world.now();
        file.identity = Some(identity.clone());
        file.created_at = jiff::Timestamp::from_millisecond(now.0).ok().map(|created| created.to_string());
        let schema = self.free_schema(slug).await?;
        self.batch(&format!("create schema \"{schema}\"")).await?;
        self.migrate(&schema, world).await?;
        self.batch(&format!(
            "insert into meta (key, value) values ('identity', '{identity}'), ('epoch', '0')"
        ))
        .await?;
        if !self.query("select 1 from andon.facts where key = 'paused'", &[]).await?.is_empty() {
            let reason = "everything was paused when this board was created";
            let values = "'everything', 'andon'";
            self.batch(&format!(
                "insert into pauses (scope, by, reason, at) values ({values}, '{reason}', {at}); \
                 insert into events (kind, actor, data, at) values ('paused', 'andon', \
                 '{{\"scope\":\"everything\",\"reason\":\"{reason}\"}}', {at})",
                at = now.0
            ))
            .await?;
        }
        let text = text_of(&file)?;
        self.execute(
            "insert into andon.boards (identity, slug, schema, file, created_at) values ($1, $2, $3, $4, $5)",
            vals![&identity, slug, &schema, &text, now],
        )
        .await?;
        self.tell_boards().await?;
        Ok(true)
    }

    /// With the commit, dispatchers hear that boards came or went.
    pub(super) async fn tell_boards(&self) -> Result<(), DbError> {
        self.query("select pg_notify($1, '')", vals![BOARDS]).await.map(drop)
    }

    /// A schema's name that nobody has: the board's, where that fits and no other board's reads the same.
    pub(super) async fn free_schema(&mut self, slug: &BoardSlug) -> Result<String, DbError> {
        let plain = schema_of(slug, None);
        let hashed = (8..=16).map(|digits| schema_of(slug, Some(digits)));
        for schema in plain.into_iter().chain(hashed.flatten()) {
            let taken = self.query("select 1 from pg_namespace where nspname = $1", vals![&schema]).await?;
            if taken.is_empty() {
                return Ok(schema);
            }
        }
        Err(DbError::Conflict(format!("every name of a schema for board {slug} is taken")))
    }

    /// Brings a schema up to date, and stands in it.
    pub(super) async fn migrate(&mut self, schema: &str, world: &dyn World) -> Result<(), DbError> {
        // A large board takes its time.
        self.batch(&format!(
            "set local statement_timeout = 0; set local search_path to \"{schema}\"; create table if not exists migrations (version bigint primary key, \
             name text not null, sha256 text not null, applied_at bigint not null)"
        ))
        .await?;
        let applied = self.applied().await?;
        for migration in migrations(Dialect::Postgres) {
            match applied.iter().find(|(version, _)| *version == migration.version) {
                Some((_, sha256)) if *sha256 == migration.sha256 => {}
                Some(_) => return Err(DbError::ChangedMigration { version: migration.version }),
                None => {
                    self.batch(&migration.sql).await?;
                    self.execute(
                        "insert into migrations (version, name, sha256, applied_at) values ($1, $2, $3, $4)",
                        vals![migration.version, migration.name, &migration.sha256, world.now()],
                    )
                    .await?;
                }
            }
        }
        Ok(())
    }

    async fn applied(&mut self) -> Result<Vec<(i64, String)>, DbError> {
        let rows = self.query("select version, sha256 from migrations order by version", &[]).await?;
        let read = |row: &tokio_postgres::Row| Ok((row.try_get(0)?, row.try_get(1)?));
        rows.iter().map(|row| read(row).map_err(|error| self.fail(&error))).collect()
    }

    /// Refuses a board that is not the one that the registry lists, or a newer one; migrates an older one.
    async fn check(&mut self, board: &Listed, world: &dyn World) -> Result<(), DbError> {
        let named = |name: &Path| {
            Path::new(&name.display().to_string().replace("#andon", &format!("#{}", board.schema))).to_owned()
        };
        let path = named(&self.name);
        self.name = Arc::from(path.clone());
        let sql = format!(
            "select (select max(version) from \"{0}\".migrations), (select value from \"{0}\".meta where key = 'identity')",
            board.schema
        );
        let rows = self.query(&sql, &[]).await?;
        let row = rows.first().ok_or_else(|| DbError::Missing(path.clone()))?;
        let version: Option<i64> = row.try_get(0).map_err(|error| self.fail(&error))?;
        let identity: Option<String> = row.try_get(1).map_err(|error| self.fail(&error))?;
        let (version, identity) = (version.unwrap_or(0), identity.unwrap_or_default());
        if version > SCHEMA {
            return Err(DbError::Newer { path, found: version, known: SCHEMA });
        }
        if identity != board.identity {
            return Err(DbError::WrongIdentity { path, expected: board.identity.clone(), found: identity });
        }
        if version < SCHEMA {
            self.begin().await?;
            let migrated = self.migrate(&board.schema, world).await;
            self.end(migrated).await?;
        }
        Ok(())
    }

    async fn archive(&mut self, board: &Listed, now: i64) -> Result<String, DbError> {
        let away = format!("andon_archived_{}", board.identity.get(..16).unwrap_or(&board.identity));
        let free =
            self.query("select 1 from pg_namespace where nspname = $1", vals![&away]).await?.is_empty();
        let away = if free { away } else { format!("andon_archived_{}", board.identity) };
        self.batch(&format!("alter schema \"{}\" rename to \"{away}\"", board.schema)).await?;
        self.execute(
            "update andon.boards set archived_at = $2, schema = $3 where identity = $1",
            vals![&board.identity, now, &away],
        )
        .await?;
        self.tell_boards().await?;
        Ok(away)
    }

    async fn drop_archived(&mut self, schema: &str) -> Result<(), DbError> {
        self.execute("delete from andon.boards where schema = $1 and archived_at is not null", vals![schema])
            .await?;
        self.batch(&format!("drop schema if exists \"{schema}\" cascade")).await
    }
}

/// The schema's name of a board. A plain one reads like the board's; with digits it ends in that many of a checksum.
fn schema_of(slug: &BoardSlug, digits: Option<usize>) -> Option<String> {
    let readable: String = slug.as_str().replace('-', "_");
    match digits {
        None => (readable.len() <= 50 && !slug.as_str().contains('_')).then(|| format!("andon_{readable}")),
        Some(digits) => {
            let digest = hex(&number(&["schema", slug.as_str()]).to_be_bytes());
            let start = readable.get(..readable.len().min(36))?;
            Some(format!("andon_{start}_{}", digest.get(..digits)?))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schemas_of_boards_fit_and_differ() {
        let slug = |text: &str| text.parse::<BoardSlug>().unwrap();
        assert_eq!(schema_of(&slug("team-a"), None).as_deref(), Some("andon_team_a"));
        assert_eq!(schema_of(&slug("team_a"), None), None);
        let long = "x".repeat(64);
        assert_eq!(schema_of(&slug(&long), None), None);
        let hashed = schema_of(&slug(&long), Some(16)).unwrap();
        assert!(hashed.len() <= 63, "{hashed}");
        assert_ne!(schema_of(&slug("team_a"), Some(8)), schema_of(&slug("team-a"), Some(8)));
    }
}
