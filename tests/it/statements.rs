//! Reading costs a fixed number of SQL statements, however many comments there are. Counted inside one
//! process, at the store's own meter.

use rstest::rstest;
use serde_json::json;
use talkback::domain::user::Viewer;
use talkback::graphql::GlobalId;
use talkback::store::DatabaseUrl;

use crate::support::inside::Inside;
use crate::support::postgres::Postgres;
use crate::support::reaper;
use crate::support::world::Backend;

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_page_costs_the_same_statements_however_many_comments_it_shows(
    #[values(Backend::Embedded, Backend::Scaled)] backend: Backend,
) {
    let database = match backend {
        Backend::Embedded => None,
        Backend::Scaled => Some(Postgres::shared().await.database().await),
    };
    let url = match &database {
        None => DatabaseUrl::Sqlite(reaper::directory("statements").join("talkback.db")),
        Some(database) => DatabaseUrl::Postgres(database.url().to_owned()),
    };
    let inside = Inside::open(&url).await;
    let (few, many) = (inside.article("few").await, inside.article("many").await);
    for (article, threads, replies) in [(&few, 1, 1), (&many, 40, 5)] {
        for thread in 0..threads {
            let top = inside.say(article, None, thread).await;
            for reply in 0..replies {
                inside.say(article, Some(&top), reply).await;
            }
        }
    }
    for viewer in [&Viewer::Anonymous, &inside.people[1]] {
        let small = inside.cost(viewer, "Article", json!({ "slug": "few", "first": 50 })).await;
        let large = inside.cost(viewer, "Article", json!({ "slug": "many", "first": 50 })).await;
        assert_eq!(small, large, "the article graph");
        assert!((5..=12).contains(&large), "the article graph took {large} statements");
    }
    let list = inside.cost(&Viewer::Anonymous, "Articles", json!({})).await;
    assert_eq!(list, 2, "the list of articles, and its count");

    let editor = &inside.people[0];
    let small = inside.cost(editor, "ModerationQueue", json!({ "queue": "ALL", "first": 2 })).await;
    let large = inside.cost(editor, "ModerationQueue", json!({ "queue": "ALL", "first": 100 })).await;
    assert_eq!(small, large, "the moderators' queue");
    assert!((4..=10).contains(&large), "the queue took {large} statements");

    let id = GlobalId::User(inside.people[1].id().unwrap()).encode();
    let small = inside.cost(editor, "UserRecord", json!({ "id": id, "first": 1 })).await;
    let large = inside.cost(editor, "UserRecord", json!({ "id": id, "first": 100 })).await;
    assert_eq!(small, large, "a person's record");
    assert!((6..=12).contains(&large), "the record took {large} statements");
    let one = inside.cost(editor, "UserRecordsOfArticle", json!({ "slug": "few", "first": 1 })).await;
    let both = inside.cost(editor, "UserRecordsOfArticle", json!({ "slug": "many", "first": 40 })).await;
    assert_eq!(one, both, "the records of a list of people");
}
