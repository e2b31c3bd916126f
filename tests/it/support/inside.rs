//! The service inside the test's own process, where a test has to look at what no client sees.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use async_graphql::Variables;
use serde_json::Value;
use talkback::auth::password::Passwords;
use talkback::auth::{Gate, SigningKey, Tokens};
use talkback::bus::LocalBus;
use talkback::clock::Clock;
use talkback::domain::article::{Article, ModerationMode, Story};
use talkback::domain::comment::Comment;
use talkback::domain::ids::UserId;
use talkback::domain::user::{Role, User, UserKind, Viewer};
use talkback::feed::Feed;
use talkback::graphql::engine::{Accepted, Asked, Wanted};
use talkback::graphql::{Engine, Site, Terms};
use talkback::service::Service;
use talkback::service::articles::{PolicyChange, Publication};
use talkback::service::comments::Submission;
use talkback::service::rulebook::Rulebook;
use talkback::store::{DatabaseUrl, Store};

use super::operations::Operation;

/// A node without its edge, and three people: an admin and two readers.
pub struct Inside {
    pub engine: Engine,
    pub service: Service,
    pub people: Vec<Viewer>,
}

impl Inside {
    pub async fn open(url: &DatabaseUrl) -> Self {
        Self::open_at(url, Arc::new(Clock::system())).await
    }

    /// [`open`](Self::open) with a clock that the test may move.
    pub async fn open_at(url: &DatabaseUrl, clock: Arc<Clock>) -> Self {
        let (bus, notices) = LocalBus::new();
        let store = Store::open(url).await.unwrap();
        let rulebook = Arc::new(Rulebook::unhurried());
        let service = Service { store: store.clone(), bus: bus.clone(), clock: Arc::clone(&clock), rulebook };
        let feed = Feed::start(store.clone(), bus, notices);
        let tokens = Tokens::new(&SigningKey::from_bytes([7; 32]), Arc::clone(&clock));
        let gate = Gate::new(store, clock, tokens, Passwords::new(false), None);
        let site = Site { base_url: "http://localhost".into() };
        let engine = Engine::new(service.clone(), feed, gate, site, Terms::default()).unwrap();
        let mut people = Vec::new();
        for (name, role) in [("Edith", Role::Admin), ("Ana", Role::Reader), ("Ben", Role::Reader)] {
            let user = User { id: UserId(service.clock.new_id()), display_name: name.into(), role };
            service.store.add_user(&user, UserKind::Guest, service.clock.now()).await.unwrap();
            people.push(Viewer::acting(user));
        }
        Self { engine, service, people }
    }

    /// An article whose comments show at once.
    pub async fn article(&self, slug: &str) -> Article {
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

    /// A comment of one of the two readers.
    pub async fn say(&self, article: &Article, parent: Option<&Comment>, number: usize) -> Comment {
        let submission = Submission {
            article: article.id,
            parent: parent.map(|parent| parent.id),
            body: format!("Comment {number} has fifty characters or more, as comments here have to."),
            idempotency_key: None,
        };
        self.service.submit(&self.people[1 + number % 2], submission).await.unwrap().unwrap()
    }

    /// An operation, past the guard.
    pub async fn accept(&self, operation: Operation) -> Accepted {
        let Operation { query, variables, .. } = operation;
        let asked = Asked {
            wanted: Wanted::text(query),
            operation_name: None,
            variables: Variables::from_json(variables),
            address: IpAddr::V4(Ipv4Addr::LOCALHOST),
            shows_cost: false,
        };
        self.engine
            .accept(asked, &Viewer::Anonymous)
            .await
            .unwrap_or_else(|refused| panic!("{:?}", refused.errors))
    }

    /// Runs an operation and returns its data.
    pub async fn answer(&self, viewer: &Viewer, operation: &str, variables: Value) -> Value {
        let accepted = self.accept(Operation::named(operation, variables)).await;
        let response = self.engine.run(accepted, viewer.clone()).await.response;
        assert!(response.is_ok(), "{:?}", response.errors);
        response.data.into_json().unwrap()
    }

    /// Runs an operation and returns how many statements that took.
    pub async fn cost(&self, viewer: &Viewer, operation: &str, variables: Value) -> u64 {
        let before = self.service.store.statements();
        self.answer(viewer, operation, variables).await;
        self.service.store.statements() - before
    }
}
