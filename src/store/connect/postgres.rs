//! Connections to PostgreSQL: they may end, and they may go silent. A server that lost its power says nothing any more, and the
//! kernel waits a quarter of an hour before it gives up; so every test of a connection has a time limit of its own.

use std::time::Duration;

use migration::{Migrator, MigratorTrait};
use sea_orm::sqlx::postgres::PgConnection;
use sea_orm::sqlx::{self, Connection};
use sea_orm::{ConnectOptions, ConnectionTrait, Database, DbErr};

use super::{ACQUIRE_TIMEOUT, Use, common};

/// Connections of one node.
const CONNECTIONS: u32 = 32;
/// How old a connection gets: after a failover none of the old ones lasts.
const CONNECTION_AGE: Duration = Duration::from_secs(10 * 60);
/// How long a connection that nobody uses is taken to be alive. When the database ends every session, a pool is full of
/// dead ones: without a test each would fail somebody's request, and readers would wait out their retries one by one.
const TRUSTED_FOR: Duration = Duration::from_millis(200);
/// How long a connection may take to answer a test, before it is given up.
const ANSWERS_WITHIN: Duration = Duration::from_secs(2);

/// Connects once, so that what is wrong is told as the server puts it, and at once: a pool would try until its time is up.
///
/// # Errors
/// What is wrong, in one line.
pub(super) async fn probe(url: &str) -> Result<(), String> {
    let connected = tokio::time::timeout(ACQUIRE_TIMEOUT, PgConnection::connect(url)).await;
    let connection = match connected {
        Err(_) => return Err(format!("no answer within {} s", ACQUIRE_TIMEOUT.as_secs())),
        Ok(Err(sqlx::Error::Database(error))) => return Err(error.message().to_owned()),
        Ok(Err(error)) => return Err(error.to_string()),
        Ok(Ok(connection)) => connection,
    };
    // The server hears of it or not: it was for the answer.
    let _ = tokio::time::timeout(ANSWERS_WITHIN, connection.close()).await;
    Ok(())
}

/// How a pool is set up.
pub(super) fn pool(url: &str, wanted: Use) -> ConnectOptions {
    let mut options = ConnectOptions::new(url);
    common(&mut options).max_connections(CONNECTIONS).max_lifetime(CONNECTION_AGE);
    if wanted == Use::Serving {
        options.map_sqlx_postgres_opts(|postgres| {
            postgres.options([("statement_timeout", "10s"), ("idle_in_transaction_session_timeout", "15s")])
        });
    }
    options.map_sqlx_postgres_before_acquire(|connection, about| {
        Box::pin(async move {
            if about.idle_for >= TRUSTED_FOR {
                answers(connection).await?;
            }
            Ok(true)
        })
    });
    // A request that was given up gives its connection back as it is. The pool would wait for an answer without end, and
    // keep the place: a server that went silent under load would take all of them.
    options.map_sqlx_postgres_pool_opts(|pool| {
        pool.after_release(|connection, _| {
            Box::pin(async move {
                answers(connection).await?;
                Ok(true)
            })
        })
    });
    options
}

/// An error makes the pool close the connection without another word.
async fn answers(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    let asked = tokio::time::timeout(ANSWERS_WITHIN, connection.ping()).await;
    asked.unwrap_or_else(|_| Err(sqlx::Error::Io(std::io::ErrorKind::TimedOut.into())))
}

/// Brings the schema up to date. Several nodes may start on the same database at once: an advisory lock, held by the one
/// connection that does it, lets one migrate at a time, however long that takes.
///
/// # Errors
/// The database failed.
pub(super) async fn migrate(url: &str) -> Result<(), DbErr> {
    const LOCK: i64 = 0x7461_6c6b_6261_636b; // "talkback"
    let mut options = ConnectOptions::new(url);
    common(&mut options).max_connections(1);
    let connection = Database::connect(options).await?;
    connection.execute_unprepared(&format!("SELECT pg_advisory_lock({LOCK})")).await?;
    let outcome = Migrator::up(&connection, None).await;
    // The lock ends with its session.
    connection.close().await?;
    outcome
}
