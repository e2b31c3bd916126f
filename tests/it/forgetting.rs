//! A guest who did nothing is forgotten, once their token has long run out. Who said something is not.

use std::sync::Arc;

use chrono::Duration;
use rstest::rstest;
use talkback::clock::Clock;
use talkback::domain::moderation::ReasonCode;
use talkback::domain::reaction::ReactionKind;
use talkback::domain::user::Viewer;
use talkback::service::Service;
use talkback::store::DatabaseUrl;

use crate::support::inside::Inside;
use crate::support::postgres::Postgres;
use crate::support::reaper;
use crate::support::world::Backend;

async fn guest(service: &Service, name: &str) -> Viewer {
    Viewer::acting(service.start_guest(name).await.unwrap().unwrap())
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn guests_who_did_nothing_are_forgotten_and_others_are_not(
    #[values(Backend::Embedded, Backend::Scaled)] backend: Backend,
) {
    let (url, _database) = match backend {
        Backend::Embedded => (DatabaseUrl::Sqlite(reaper::directory("guests").join("talkback.db")), None),
        Backend::Scaled => {
            let database = Postgres::shared().await.database().await;
            (DatabaseUrl::Postgres(database.url().to_owned()), Some(database))
        }
    };
    let clock = Arc::new(Clock::manual(Clock::system().now()));
    let inside = Inside::open_at(&url, Arc::clone(&clock)).await;
    let service = &inside.service;
    let article = inside.article("story").await;
    let comment = inside.say(&article, None, 0).await;
    let (idle, liked, told) =
        (guest(service, "Idle").await, guest(service, "Liked").await, guest(service, "Told").await);
    service.react(&liked, comment.id, ReactionKind::Like, true).await.unwrap().unwrap();
    service.report(&told, comment.id, ReasonCode::Abuse, None).await.unwrap().unwrap();
    service.end_sessions(&idle, None).await.unwrap();

    clock.advance(Duration::days(91));
    let young = guest(service, "Young").await;
    let before = clock.now() - Duration::days(90);
    let mut forgotten = 0;
    while service.store.forget_guests(before, 1).await.unwrap() == 1 {
        forgotten += 1;
    }
    // One of the two readers that are there from the beginning has said nothing, either.
    assert_eq!(forgotten, 2);
    let is_there = async |who: &Viewer| service.store.kind_of(who.id().unwrap()).await.unwrap().is_some();
    assert!(!is_there(&idle).await && !is_there(&inside.people[2]).await);
    for who in [&inside.people[0], &inside.people[1], &liked, &told, &young] {
        assert!(is_there(who).await, "{who:?}");
    }
    assert_eq!(service.store.check().await.unwrap().violations, []);
}
