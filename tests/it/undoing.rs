//! An undo that is undone while it is under way stops: whoever undid it is told the truth.

use rstest::rstest;
use talkback::domain::action::{ActionKind, BulkAction};
use talkback::domain::comment::CommentStatus;
use talkback::domain::ids::ActionId;
use talkback::domain::user::Viewer;
use talkback::service::Service;
use talkback::service::bulk::BulkDecision;
use talkback::store::DatabaseUrl;

use crate::support::inside::Inside;
use crate::support::postgres::Postgres;
use crate::support::reaper;
use crate::support::world::Backend;

/// An undo whose node went away before it had brought back anything.
async fn begin(service: &Service, by: &Viewer, action: ActionId) -> ActionId {
    let now = service.clock.now();
    let tx = service.store.write().await.unwrap();
    let mut undone = tx.lock_action(action).await.unwrap().unwrap();
    let undo = BulkAction {
        id: ActionId(service.clock.new_id()),
        kind: ActionKind::Undo,
        by: by.id(),
        to: None,
        undoes: Some(action),
        undone_by: None,
        at: now,
        finished_at: None,
        ..undone.clone()
    };
    tx.insert_action(&undo, None).await.unwrap();
    undone.undone_by = Some(undo.id);
    tx.update_action(&undone).await.unwrap();
    tx.commit().await.unwrap();
    undo.id
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn an_undo_that_was_undone_brings_nothing_back(
    #[values(Backend::Embedded, Backend::Scaled)] backend: Backend,
) {
    let (url, _database) = match backend {
        Backend::Embedded => (DatabaseUrl::Sqlite(reaper::directory("undo").join("talkback.db")), None),
        Backend::Scaled => {
            let database = Postgres::shared().await.database().await;
            (DatabaseUrl::Postgres(database.url().to_owned()), Some(database))
        }
    };
    let inside = Inside::open(&url).await;
    let (service, edith) = (&inside.service, &inside.people[0]);
    let article = inside.article("story").await;
    let mut items = Vec::new();
    for number in 0..3 {
        items.push((inside.say(&article, None, number).await.id, 1));
    }
    let ids: Vec<_> = items.iter().map(|(id, _)| *id).collect();
    let to = CommentStatus::Rejected;
    let decision = BulkDecision { items, to, reason: None, note: None, idempotency_key: None };
    let rejected = service.moderate_many(edith, decision).await.unwrap().unwrap().action;

    let first = begin(service, edith, rejected).await;
    let second = service.undo(edith, first).await.unwrap().unwrap();
    assert_eq!(
        (second.brought_back, second.left_alone, second.is_complete),
        (0, 0, true),
        "it had done nothing"
    );
    // Whoever was at the first one goes on with it, or asks for it again.
    service.resume_actions().await.unwrap();
    let again = service.undo(edith, rejected).await.unwrap().unwrap();
    assert_eq!((again.action, again.brought_back, again.left_alone), (first, 0, 3));
    for comment in service.store.latest().comments(&ids).await.unwrap() {
        assert_eq!(comment.state.status(), CommentStatus::Rejected, "refused, as the second undo said");
    }
    assert_eq!(service.store.check().await.unwrap().violations, []);
}
