//! Reading costs a fixed number of SQL statements, however many comments there are. Counted inside one
//! process, at the store's own meter.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use async_graphql::Variables;
use rstest::rstest;
use serde_json::json;
use talkback::auth::{SigningKey, Tokens};
use talkback::bus::LocalBus;
use talkback::clock::Clock;
use talkback::domain::article::{Article, ModerationMode, Story};
use talkback::domain::comment::Comment;
use talkback::domain::ids::UserId;
use talkback::domain::user::{Role, User, UserKind, Viewer};
use talkback::feed::Feed;
use talkback::graphql::engine::Asked;
use talkback::graphql::guard::Limits;
use talkback::graphql::{Engine, Site};
use talkback::service::Service;
use talkback::service::articles::{PolicyChange, Publication};
use talkback::service::comments::Submission;
use talkback::store::{DatabaseUrl, Store};

use crate::support::operations::Operation;
use crate::support::postgres::Postgres;
use crate::support::reaper;
use crate::support::world::Backend;

struct Inside {
    engine: Engine,
    service: Service,
    people: Vec<Viewer>,
}

impl Inside {
    async fn open(url: &DatabaseUrl) -> Self {
        let (bus, notices) = LocalBus::new();
        let clock = Arc::new(Clock::System);
        let store = Store::open(url).await.unwrap();
        let service = Service { store: store.clone(), bus: bus.clone(), clock: Arc::clone(&clock) };
        let feed = Feed::start(store, bus, notices);
        let tokens = Tokens::new(&SigningKey::from_bytes([7; 32]), clock);
        let site = Site { base_url: "http://localhost".into() };
        let engine = Engine::new(service.clone(), feed, tokens, site, Limits::default(), None).unwrap();
        let mut people = Vec::new();
        for (name, role) in [("Edith", Role::Admin), ("Ana", Role::Reader), ("Ben", Role::Reader)] {
            let user = User { id: UserId(service.clock.new_id()), display_name: name.into(), role };
            service.store.add_user(&user, UserKind::Guest, service.clock.now()).await.unwrap();
            people.push(Viewer::Known { user, expires_at: chrono::DateTime::<chrono::Utc>::MAX_UTC });
        }
        Self { engine, service, people }
    }

    async fn article(&self, slug: &str) -> Article {
        let story = Story {
            slug: slug.into(),
            headline: "A headline".into(),
            summary: None,
            key_points_heading: None,
            story_headline: None,
            standfirst: None,
            pull_quote: None,
            dateline: None,
            byline: None,
            source: None,
            section: None,
            language: "en".into(),
            body: "Words.".into(),
            url: None,
        };
        let publication = Publication {
            story,
            key_points: vec!["One".into(), "Two".into()],
            tags: vec!["a".into()],
            published_at: None,
            revision: None,
        };
        let article = self.service.publish(&self.people[0], publication).await.unwrap().unwrap();
        let change = PolicyChange { moderation: Some(ModerationMode::Post), ..PolicyChange::default() };
        self.service.set_commenting(&self.people[0], article.id, change).await.unwrap().unwrap()
    }

    async fn say(&self, article: &Article, parent: Option<&Comment>, number: usize) -> Comment {
        let submission = Submission {
            article: article.id,
            parent: parent.map(|parent| parent.id),
            body: format!("Comment {number} has fifty characters or more, as comments here have to."),
            idempotency_key: None,
        };
        self.service.submit(&self.people[1 + number % 2], submission).await.unwrap().unwrap()
    }

    /// Runs an operation and returns how many statements that took.
    async fn cost(&self, viewer: &Viewer, operation: &str, variables: serde_json::Value) -> u64 {
        let Operation { query, variables, .. } = Operation::named(operation, variables);
        let asked = Asked {
            query,
            operation_name: None,
            variables: Variables::from_json(variables),
            address: IpAddr::V4(Ipv4Addr::LOCALHOST),
        };
        let before = self.service.store.statements();
        let accepted = self.engine.accept(asked).unwrap_or_else(|refused| panic!("{:?}", refused.errors));
        let response = self.engine.run(accepted, viewer.clone()).await;
        assert!(response.is_ok(), "{:?}", response.errors);
        self.service.store.statements() - before
    }
}

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
}
