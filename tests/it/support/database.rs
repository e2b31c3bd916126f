//! The databases of single tests, and a look into them.

use std::{thread, time::Duration};

use sea_orm::{ConnectOptions, ConnectionTrait, DatabaseConnection};

use super::wait;

/// One connection, for a test that looks into a store (PostgreSQL or SQLite) behind the service's back.
pub async fn connect(url: &str) -> DatabaseConnection {
    let mut options = ConnectOptions::new(url);
    options.max_connections(1).sqlx_logging(false).acquire_timeout(wait::deadline());
    let connection = sea_orm::Database::connect(options).await;
    connection.unwrap_or_else(|error| panic!("can't connect to the test's database: {error}"))
}

/// A database of one test.
#[derive(Debug)]
pub struct TestDatabase {
    name: String,
    url: String,
    /// Of its server's superuser, who drops it.
    server: String,
}

impl TestDatabase {
    pub(super) fn new(server: String, url: String, name: String) -> Self {
        Self { name, url, server }
    }

    pub fn url(&self) -> &str {
        &self.url
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        let sql = format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name);
        let server = self.server.clone();
        // A thread, because a destructor inside a runtime can't await. A server that a test left dead keeps its database:
        // its directory goes anyway.
        let dropping = thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(async {
                let mut options = ConnectOptions::new(server);
                options.max_connections(1).sqlx_logging(false).acquire_timeout(Duration::from_secs(2));
                let dropped =
                    async { sea_orm::Database::connect(options).await?.execute_unprepared(&sql).await };
                let _ = tokio::time::timeout(Duration::from_secs(5), dropped).await;
            });
            std::io::Result::Ok(())
        });
        let _ = dropping.join();
    }
}
