//! A store that takes no writes: they are refused with a code, reading goes on, and afterwards all is as before.

use rstest::rstest;
use rustix::process::{Pid, Resource, Rlimit, getrlimit, prlimit};
use sea_orm::{ConnectionTrait, DatabaseConnection};
use serde_json::json;

use crate::support::newsroom::words;
use crate::support::wait;
use crate::support::world::{Backend, World};

/// Makes the store refuse writes, and takes that back.
struct Disk<'w> {
    world: &'w World,
    inside: DatabaseConnection,
}

impl Disk<'_> {
    /// SQLite: the node may not write beyond the fourth kilobyte of any file, which ends as a full disk does, and
    /// needs no privilege. PostgreSQL: read-only, as a standby is, or one whose disk ran full.
    async fn set_writable(&self, writable: bool) {
        match &self.world.store.database_url {
            None => {
                let most = getrlimit(Resource::Fsize).maximum;
                let current = if writable { most } else { Some(4_096) };
                let pid = Pid::from_raw(self.world.node(0).pid());
                prlimit(pid, Resource::Fsize, Rlimit { current, maximum: most }).unwrap();
            }
            Some(_) => {
                let to = if writable {
                    "RESET default_transaction_read_only"
                } else {
                    "SET default_transaction_read_only = on"
                };
                let statement = format!(
                    "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I {to}', current_database()); END $$"
                );
                for statement in [
                    "SET default_transaction_read_only = off",
                    &statement,
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                     WHERE datname = current_database() AND pid <> pg_backend_pid()",
                ] {
                    self.inside.execute_unprepared(statement).await.unwrap();
                }
            }
        }
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_refuses_writes_and_goes_on_reading(
    #[values(Backend::Embedded, Backend::Scaled)] backend: Backend,
) {
    let world = World::start(backend).await;
    let article = world.open_article("last-keeper").await;
    let ana = world.guest("Ana").await;
    ana.comment(&article, None, "before").await;
    let before = ana.read(&article).await;
    let disk = Disk { world: &world, inside: world.store.look_inside().await };
    let submit = async |mark: &str| {
        let input = json!({ "articleId": article.id, "body": words(mark) });
        ana.run("CommentSubmit", json!({ "input": input })).await
    };

    disk.set_writable(false).await;
    let refused = async || {
        let answer = submit("into the void").await;
        // Connections that were open before fail in their own way first.
        if answer.errors().is_empty() || answer.code() == "INTERNAL" {
            Err(answer.to_string())
        } else {
            Ok(answer)
        }
    };
    let answer = wait::eventually(wait::deadline(), "a write to be refused", refused).await;
    assert_eq!((answer.status, answer.code()), (503, "STORAGE_UNAVAILABLE"), "{answer}");
    assert!(answer.errors()[0]["extensions"]["traceId"].is_string(), "{answer}");
    assert_eq!(ana.read(&article).await["comments"]["totalCount"], before["comments"]["totalCount"]);
    assert!(world.node(0).is_running());

    disk.set_writable(true).await;
    let taken = async || {
        let answer = submit("after").await;
        if answer.errors().is_empty() { Ok(()) } else { Err(answer.to_string()) }
    };
    wait::eventually(wait::deadline(), "a write to be taken again", taken).await;
    let count = ana.read(&article).await["comments"]["totalCount"].as_i64();
    assert_eq!(count, before["comments"]["totalCount"].as_i64().map(|count| count + 1), "nothing by halves");
    // Nothing of the failure stays in the connections: a write that is given up does not take later ones along.
    for mark in ["later", "later still"] {
        let comment = ana.comment(&article, None, mark).await;
        let given_up = json!({ "input": { "id": comment["id"], "revision": 7 } });
        let answer = world.moderator().await.run("CommentReject", given_up).await;
        assert_eq!(answer.user_errors()[0].code, "CONFLICT", "{answer}");
    }
    let count = ana.read(&article).await["comments"]["totalCount"].as_i64();
    assert_eq!(
        count,
        before["comments"]["totalCount"].as_i64().map(|count| count + 3),
        "what is taken is there"
    );
    world.check().await;
}
