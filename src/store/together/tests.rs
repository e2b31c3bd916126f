use std::collections::HashMap;
use std::pin::pin;
use std::sync::Arc;

use futures_util::{FutureExt, poll};
use sea_orm::ConnectionTrait;
use tempfile::TempDir;

use super::seeing;
use crate::clock::Clock;
use crate::domain::ids::UserId;
use crate::domain::user::{Role, User, UserKind};
use crate::store::{DatabaseUrl, Store, WriteTx};

/// A store with some people in it: what a write changes is their role.
struct Room {
    store: Store,
    people: Vec<UserId>,
    directory: TempDir,
}

impl Room {
    async fn with(people: usize) -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let url = DatabaseUrl::Sqlite(directory.path().join("talkback.db"));
        let store = Store::open(&url).await.expect("a store");
        let mut ids = Vec::new();
        for number in 0..people {
            let id = UserId(Clock::system().new_id());
            let user = User { id, display_name: format!("Person {number}"), role: Role::Reader };
            store.add_user(&user, UserKind::Local, Clock::system().now()).await.expect("no fault");
            ids.push(id);
        }
        Self { store, people: ids, directory }
    }

    async fn promote(&self, tx: &WriteTx, person: usize) {
        let done = tx.set_role(self.people[person], Role::Editor, Clock::system().now()).await;
        assert!(done.expect("no fault"), "person {person} is there");
    }

    /// Who was promoted, as readers see it.
    async fn promoted(&self) -> Vec<usize> {
        let found: HashMap<_, _> = self.store.latest().users(&self.people).await.expect("no fault");
        (0..self.people.len()).filter(|person| found[&self.people[*person]].role == Role::Editor).collect()
    }
}

#[tokio::test]
async fn a_write_that_waits_shares_the_commit_of_the_one_before_it() {
    let room = Room::with(3).await;
    let first = room.store.write().await.expect("a turn");
    room.promote(&first, 0).await;
    let mut asks = pin!(room.store.write());
    assert!(poll!(&mut asks).is_pending(), "one at a time");
    let mut first = tokio::spawn(first.commit());
    let second = asks.await.expect("the next turn");
    assert!(room.promoted().await.is_empty(), "nothing is there before the commit");
    assert!((&mut first).now_or_never().is_none(), "nor acknowledged");
    room.promote(&second, 1).await;
    second.commit().await.expect("no fault");
    assert_eq!(room.promoted().await, [0, 1], "both at once");
    first.await.expect("it ends").expect("no fault");

    let alone = room.store.write().await.expect("a turn");
    room.promote(&alone, 2).await;
    alone.commit().await.expect("who is alone waits for nobody");
    assert_eq!(room.promoted().await, [0, 1, 2]);
}

#[tokio::test]
async fn a_write_that_is_given_up_takes_nothing_along() {
    let room = Room::with(3).await;
    let first = room.store.write().await.expect("a turn");
    room.promote(&first, 0).await;
    let (mut asks, mut asks_too) = (pin!(room.store.write()), pin!(room.store.write()));
    assert!(poll!(&mut asks).is_pending() && poll!(&mut asks_too).is_pending());
    let first = tokio::spawn(first.commit());
    let second = asks.await.expect("the next turn");
    room.promote(&second, 1).await;
    drop(second);
    let third = asks_too.await.expect("the turn after it");
    room.promote(&third, 2).await;
    // Whoever handed their write in and does not wait for the answer: it is done all the same.
    let handed_in = tokio::spawn(third.commit());
    first.await.expect("it ends").expect("no fault");
    handed_in.abort();
    assert_eq!(room.promoted().await, [0, 2]);

    // Given up by the first of all, nothing stays open: another program may write.
    drop(room.store.write().await.expect("a turn"));
    let other = sea_orm::Database::connect(format!(
        "sqlite://{}?mode=rw",
        room.directory.path().join("talkback.db").display()
    ))
    .await
    .expect("the same file");
    other
        .execute_unprepared("UPDATE \"user\" SET display_name = 'Somebody'")
        .await
        .expect("nobody is in the way");
}

#[tokio::test]
async fn who_saw_what_is_not_durable_yet_waits_for_it() {
    let room = Arc::new(Room::with(1).await);
    let first = room.store.write().await.expect("a turn");
    room.promote(&first, 0).await;
    let asks = {
        let room = Arc::clone(&room);
        seeing(async move {
            let second = room.store.write().await.expect("the next turn");
            // It comes second, and writes nothing.
            drop(second);
            room.store.settled().await.expect("no fault");
            room.promoted().await
        })
    };
    let mut asks = pin!(asks);
    assert!(poll!(&mut asks).is_pending());
    let first = tokio::spawn(first.commit());
    assert_eq!(asks.await, [0], "what it was told of is there when it reads on");
    first.await.expect("it ends").expect("no fault");
}

#[tokio::test]
async fn a_transaction_that_the_database_ended_is_a_failure_for_all_of_the_group() {
    let room = Room::with(3).await;
    let first = room.store.write().await.expect("a turn");
    room.promote(&first, 0).await;
    let mut asks = pin!(room.store.write());
    assert!(poll!(&mut asks).is_pending());
    let first = tokio::spawn(first.commit());
    let second = asks.await.expect("the next turn");
    room.promote(&second, 1).await;
    // As it does by itself when the disk is full, or fails.
    second.conn.execute_unprepared("ROLLBACK").await.expect("it can be ended");
    assert!(second.commit().await.is_err(), "nothing is there to be committed");
    assert!(first.await.expect("it ends").is_err(), "nor what was in it before");
    assert!(room.promoted().await.is_empty());
    let third = room.store.write().await.expect("a turn");
    room.promote(&third, 2).await;
    third.commit().await.expect("it goes on");
    assert_eq!(room.promoted().await, [2]);
    // The driver does not go on in what was ended.
    drop(room.store.write().await.expect("a turn"));
    let last = room.store.write().await.expect("a turn");
    room.promote(&last, 0).await;
    last.commit().await.expect("it goes on");
    assert_eq!(room.promoted().await, [0, 2], "what is acknowledged is there");
}

#[tokio::test]
async fn a_write_that_failed_and_took_the_transaction_along_leaves_nothing_to_those_after_it() {
    let room = Room::with(4).await;
    let first = room.store.write().await.expect("a turn");
    room.promote(&first, 0).await;
    let (mut asks, mut asks_too) = (pin!(room.store.write()), pin!(room.store.write()));
    assert!(poll!(&mut asks).is_pending() && poll!(&mut asks_too).is_pending());
    let first = tokio::spawn(first.commit());
    let second = asks.await.expect("the next turn");
    second.conn.execute_unprepared("ROLLBACK").await.expect("it can be ended");
    drop(second);
    assert!(asks_too.await.is_err(), "there is nothing to join any more");
    assert!(first.await.expect("it ends").is_err(), "nor is what was in it before");
    for person in [1, 2] {
        drop(room.store.write().await.expect("a turn"));
        let next = room.store.write().await.expect("a turn");
        room.promote(&next, person).await;
        next.commit().await.expect("it goes on");
    }
    assert_eq!(room.promoted().await, [1, 2]);
}

#[tokio::test]
async fn who_saw_what_came_to_nothing_is_told() {
    let room = Arc::new(Room::with(1).await);
    let first = room.store.write().await.expect("a turn");
    room.promote(&first, 0).await;
    let asks = {
        let room = Arc::clone(&room);
        seeing(async move {
            let second = room.store.write().await.expect("the next turn");
            // It finds the other's work done, and writes nothing. Then the disk fails.
            second.conn.execute_unprepared("ROLLBACK").await.expect("it can be ended");
            drop(second);
            room.store.settled().await
        })
    };
    let mut asks = pin!(asks);
    assert!(poll!(&mut asks).is_pending());
    let first = tokio::spawn(first.commit());
    assert!(asks.await.is_err(), "what it saw is not there");
    assert!(first.await.expect("it ends").is_err());
    assert!(room.promoted().await.is_empty());
}

/// Forty writers at once, each promoting a person; a third gives up before the end, a third is cut short wherever it is.
#[tokio::test(flavor = "multi_thread")]
async fn whatever_is_acknowledged_is_there_and_whatever_was_given_up_is_not() {
    let room = Arc::new(Room::with(120).await);
    let write = async |room: Arc<Room>, person: usize| {
        let tx = room.store.write().await.expect("a turn");
        room.promote(&tx, person).await;
        if person % 3 == 1 {
            return false;
        }
        tx.commit().await.expect("no fault");
        true
    };
    let writers: Vec<_> =
        (0..120).map(|person| (person, tokio::spawn(write(Arc::clone(&room), person)))).collect();
    let mut acknowledged = Vec::new();
    for (person, writer) in writers {
        if person % 3 == 2 {
            // Somewhere on its way: in the queue, at its turn, in its group.
            writer.abort();
        }
        match writer.await {
            Ok(true) => acknowledged.push(person),
            Ok(false) => assert_eq!(person % 3, 1),
            Err(error) => assert!(error.is_cancelled(), "{error}"),
        }
    }
    let promoted = room.promoted().await;
    assert!(promoted.iter().all(|person| person % 3 != 1), "given up: {promoted:?}");
    assert!(acknowledged.iter().all(|person| promoted.contains(person)), "{acknowledged:?} of {promoted:?}");
    assert!(acknowledged.len() >= 40);
    let last = room.store.write().await.expect("a turn");
    last.commit().await.expect("no fault");
}
