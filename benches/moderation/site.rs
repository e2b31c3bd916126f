//! An installation with a long queue, on a database whose commits wait for the disk.

use chrono::{DateTime, Utc};
use talkback::clock::Clock;
use talkback::domain::article::{Article, ModerationMode};
use talkback::domain::comment::CommentState;
use talkback::domain::event::LogId;
use talkback::domain::ids::{CommentId, EntryId};
use talkback::domain::moderation::HistoryAction;
use talkback::service::articles::PolicyChange;
use talkback::store::{DatabaseUrl, NewComment, NewEntry};

use super::Run;
use super::raw::Case;
use super::support::database::TestDatabase;
use super::support::inside::Inside;
use super::support::node::{Node, NodeOptions, Store};
use super::support::postgres::OwnPostgres;
use super::support::reaper;
use super::support::world::Backend;

/// Comments written in one transaction, as the queue is filled.
const BATCH: usize = 500;
const ARTICLES: usize = 8;

/// Drops in the order of its fields: a database before its server.
pub struct Site {
    /// The service's inside, on this side of the wire.
    pub inside: Inside,

    pub store: Store,
    pub articles: Vec<Article>,
    /// What waits in the queue, with its article's number, the longest waiting first.
    pub held: Vec<(CommentId, usize)>,
    _database: Option<TestDatabase>,
    _postgres: Option<OwnPostgres>,
}

impl Site {
    /// A new one, with so many comments waiting.
    pub fn new(run: &Run, backend: Backend, comments: usize) -> Self {
        run.runtime.block_on(Self::make(run, backend, comments))
    }

    async fn make(run: &Run, backend: Backend, comments: usize) -> Self {
        let data_dir = reaper::directory("bench");
        let (mut postgres, mut database) = (None, None);
        let url = match backend {
            Backend::Embedded => DatabaseUrl::Sqlite(data_dir.join("talkback.db")),
            Backend::Scaled => {
                // Its processes inherit the core of the thread that starts it.
                let core = run.cores;
                core.be_the_server();
                let own = OwnPostgres::start_keeping(true).await;
                core.be_the_load();
                let url = database.insert(own.database().await).url().to_owned();
                postgres = Some(own);
                DatabaseUrl::Postgres(url)
            }
        };
        let database_url = database.as_ref().map(|database| database.url().to_owned());
        let inside = Inside::open(&url).await;
        let mut articles = Vec::new();
        for number in 0..ARTICLES {
            let article = inside.article(&format!("story-{number}")).await;
            let change = PolicyChange { moderation: Some(ModerationMode::Pre), ..PolicyChange::default() };
            let set = inside.service.set_commenting(&inside.people[0], article.id, change).await;
            articles.push(set.expect("no fault").expect("an editor may"));
        }
        let store = Store { data_dir, database_url, redis_url: None };
        let mut site =
            Self { inside, store, articles, held: Vec::new(), _database: database, _postgres: postgres };
        while site.held.len() < comments {
            site.fill(BATCH.min(comments - site.held.len())).await;
        }
        site.inside.service.store.settle(LogId::Queues).await.expect("no fault");
        site
    }

    /// Writes comments that wait, round the articles, in one transaction.
    async fn fill(&mut self, count: usize) {
        let service = &self.inside.service;
        let author = self.inside.people[1].user().expect("somebody").clone();
        let tx = service.store.write().await.expect("no fault");
        for _ in 0..count {
            let (at, number): (DateTime<Utc>, _) = (service.clock.now(), self.held.len() % ARTICLES);
            let id = CommentId(service.clock.new_id());
            let body = format!(
                "Comment {}: the harbour lights went out one after the other, and nobody on the night ferry said a word \
                 until the far side was in sight. *Then* everybody did.",
                self.held.len()
            );
            let entry = NewEntry {
                id: EntryId(service.clock.new_id()),
                action: HistoryAction::Submitted,
                by: Some(author.id),
                reason: None,
                note: None,
                bulk: None,
            };
            let new = NewComment {
                id,
                parent: None,
                author: author.clone(),
                body_html: format!("<p>{body}</p>"),
                body,
                state: CommentState::Pending,
                held_because: Vec::new(),
                at,
                entry,
            };
            tx.insert_comment(&mut self.articles[number], new).await.expect("no fault");
            self.held.push((id, number));
        }
        tx.commit().await.expect("no fault");
    }

    /// What waits, as rows name it.
    pub fn cases(&self) -> Vec<Case> {
        let case = |(comment, article): &(CommentId, usize)| Case {
            comment: comment.0,
            article: self.articles[*article].id.0,
        };
        self.held.iter().map(case).collect()
    }

    /// Whether it is under one of the first so many articles.
    pub fn is_among(&self, case: Case, articles: usize) -> bool {
        self.articles[..articles].iter().any(|article| article.id.0 == case.article)
    }

    /// A node that serves it.
    pub fn serve(&self, run: &Run) -> Node {
        let binary = std::env::var_os("TALKBACK_BENCH_BINARY").map(Into::into);
        let mut options = NodeOptions { binary, ..NodeOptions::default() };
        options.env.push(("TALKBACK_LOG".into(), "warn,talkback=info".into()));
        run.cores.for_a_server(|| run.runtime.block_on(Node::start(&self.store, options)))
    }

    /// Everything still adds up.
    pub fn check(&self, run: &Run) {
        let report = run.runtime.block_on(self.inside.service.store.check()).expect("no fault");
        assert!(report.violations.is_empty(), "{:#?}", report.violations);
    }
}

/// The present instant, as the service has it.
pub fn now() -> DateTime<Utc> {
    Clock::system().now()
}
