//! Sharing: readers who ask for the same cost one execution, and see no difference.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use async_graphql::parser::parse_query;
use async_graphql::{Response, ServerError, Variables};
use futures_util::StreamExt;
use futures_util::future::join_all;
use rstest::rstest;
use serde_json::json;
use talkback::bus::LocalBus;
use talkback::domain::article::Article;
use talkback::domain::cursor::FeedCursor;
use talkback::domain::event::LogId;
use talkback::domain::user::Viewer;
use talkback::feed::{
    Batch, Execute, Feed, Frame, INTERNAL, INTERRUPTED, Outlet, STORAGE_UNAVAILABLE, UNAVAILABLE,
};
use talkback::graphql::{GlobalId, Live};
use talkback::store::DatabaseUrl;
use tokio::sync::watch;
use tokio_stream::wrappers::ReceiverStream;

use crate::support::database::TestDatabase;
use crate::support::inside::Inside;
use crate::support::operations::Operation;
use crate::support::postgres::Postgres;
use crate::support::process::lock;
use crate::support::reaper;
use crate::support::wait;
use crate::support::world::Backend;

/// A node without its edge, with the database that it needs.
async fn inside(backend: Backend) -> (Inside, Option<TestDatabase>) {
    let database = match backend {
        Backend::Embedded => None,
        Backend::Scaled => Some(Postgres::shared().await.database().await),
    };
    let url = match &database {
        None => DatabaseUrl::Sqlite(reaper::directory("sharing").join("talkback.db")),
        Some(database) => DatabaseUrl::Postgres(database.url().to_owned()),
    };
    (Inside::open(&url).await, database)
}

/// Everything that happens to an article, from where it stood.
async fn follow(inside: &Inside, article: &Article, viewer: &Viewer) -> Live {
    let id = GlobalId::Article(article.id).encode();
    let variables = json!({ "articleId": id.0, "after": FeedCursor::head(article).encode() });
    let accepted = inside.accept(Operation::named("ArticleEvents", variables)).await;
    let live = inside.engine.stream(accepted, viewer.clone(), None).await;
    live.map_err(|no| no.errors).unwrap()
}

fn text(frame: &Frame) -> String {
    String::from_utf8(frame.payload().to_vec()).unwrap()
}

/// The next `count` payloads.
async fn read(live: &mut Live, count: usize) -> Vec<String> {
    let mut payloads = Vec::new();
    while payloads.len() < count {
        let frames = wait::soon("frames", live.next()).await.unwrap();
        payloads.extend(frames.iter().map(text));
    }
    payloads
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_is_executed_once_for_each_group_however_many_read_it() {
    let (inside, _) = inside(Backend::Embedded).await;
    let article = inside.article("shared").await;
    let mut readers = Vec::new();
    for _ in 0..50 {
        readers.push(follow(&inside, &article, &Viewer::Anonymous).await);
    }
    // Signed in, and asking for what is theirs: a group of their own, which two windows of one person share.
    for _ in 0..2 {
        readers.push(follow(&inside, &article, &inside.people[1]).await);
    }
    let before = inside.engine.executions();
    for number in 0..10 {
        inside.say(&article, None, number).await;
        let seen = join_all(readers.iter_mut().map(|live| read(live, 1))).await;
        assert!(seen[..50].iter().all(|payload| *payload == seen[0]), "{seen:#?}");
    }
    assert_eq!(inside.engine.executions() - before, 2 * 10);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn when_every_reader_comes_back_at_once_the_store_is_asked_per_article(
    #[values(Backend::Embedded, Backend::Scaled)] backend: Backend,
) {
    const EVENTS: usize = 150;
    let (inside, _database) = inside(backend).await;
    let mut costs = Vec::new();
    for (slug, readers) in [("few", 4), ("many", 200)] {
        let article = inside.article(slug).await;
        for number in 0..EVENTS {
            inside.say(&article, None, number).await;
        }
        let before = inside.service.store.statements();
        let mut lives = Vec::new();
        for _ in 0..readers {
            lives.push(follow(&inside, &article, &Viewer::Anonymous).await);
        }
        let seen = join_all(lives.iter_mut().map(|live| read(live, EVENTS))).await;
        assert!(seen.iter().all(|payloads| *payloads == seen[0]), "all read the same");
        costs.push(inside.service.store.statements() - before);
    }
    // Some slack: a second that passes costs a comparison, and two who ask for a page at its end make two of it.
    assert!(costs[1] <= costs[0] + 30, "4 readers cost {} statements, 200 cost {}", costs[0], costs[1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_statement_a_second_looks_after_all_articles_that_are_followed() {
    let (inside, _) = inside(Backend::Embedded).await;
    let mut lives = Vec::new();
    for number in 0..300 {
        let article = inside.article(&format!("story-{number}")).await;
        lives.push(follow(&inside, &article, &Viewer::Anonymous).await);
    }
    let (before, start) = (inside.service.store.statements(), Instant::now());
    let rose = wait::eventually(wait::deadline(), "four comparisons, which nothing announces", async || {
        let rose = inside.service.store.statements() - before;
        if rose >= 4 { Ok(rose) } else { Err(format!("{rose} statements")) }
    })
    .await;
    assert!(rose < 10 && start.elapsed() > Duration::from_secs(2), "{rose} in {:?}", start.elapsed());
}

/// A reader's outlet that can be shut, and everything that it and the reader gave, in order.
#[derive(Default)]
struct Pipe {
    shut: AtomicBool,
    seen: Mutex<Vec<(&'static str, String)>>,
    count: watch::Sender<usize>,
}

impl Pipe {
    fn note(&self, by: &'static str, frames: &[Frame]) {
        lock(&self.seen).extend(frames.iter().map(|frame| (by, text(frame))));
        self.count.send_modify(|count| *count += frames.len());
    }

    async fn reaches(&self, count: usize) {
        let mut counted = self.count.subscribe();
        wait::soon("frames", counted.wait_for(|now| *now >= count)).await.unwrap();
    }
}

struct ToPipe(Arc<Pipe>);

impl Outlet for ToPipe {
    fn offer(&self, batch: &Batch, _: &mut Vec<u8>) -> bool {
        let open = !self.0.shut.load(Ordering::Acquire);
        if open {
            self.0.note("outlet", batch.frames());
        }
        open
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whether_frames_go_to_the_outlet_or_are_waited_for_they_come_once_and_in_order() {
    const EACH: usize = 20;
    let (inside, _) = inside(Backend::Embedded).await;
    let article = inside.article("shared").await;
    let mut plain = follow(&inside, &article, &Viewer::Anonymous).await;
    let mut piped = follow(&inside, &article, &Viewer::Anonymous).await;
    let pipe = Arc::<Pipe>::default();
    piped.send_to(ToPipe(Arc::clone(&pipe)));
    let reading = tokio::spawn({
        let pipe = Arc::clone(&pipe);
        async move {
            while let Some(frames) = piped.next().await {
                pipe.note("reader", &frames);
            }
        }
    });
    for round in 0..4 {
        pipe.shut.store(round % 2 == 1, Ordering::Release);
        for number in 0..EACH {
            inside.say(&article, None, number).await;
        }
        pipe.reaches((round + 1) * EACH).await;
    }
    reading.abort();
    let seen = lock(&pipe.seen).clone();
    let (ways, payloads): (Vec<_>, Vec<_>) = seen.into_iter().unzip();
    assert_eq!(payloads, read(&mut plain, 4 * EACH).await);
    assert!(ways.contains(&"reader") && ways.contains(&"outlet"), "both ways were gone: {ways:?}");
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn readers_of_an_event_that_cannot_be_rendered_are_told_to_come_back(
    #[values(INTERNAL, UNAVAILABLE, STORAGE_UNAVAILABLE)] code: &'static str,
) {
    let (inside, _) = inside(Backend::Embedded).await;
    let article = inside.article("poisoned").await;
    let (bus, notices) = LocalBus::new();
    let feed = Feed::start(inside.service.store.clone(), bus, notices);
    let tries = Arc::<AtomicUsize>::default();
    let execute: Execute = {
        let tries = Arc::clone(&tries);
        Arc::new(move |_, injected| {
            let tries = Arc::clone(&tries);
            let failure = move |_| {
                tries.fetch_add(1, Ordering::Relaxed);
                let mut error = ServerError::new("a fault of the test's", None);
                error.extensions.get_or_insert_default().set("code", code);
                Response::from_errors(vec![error])
            };
            ReceiverStream::new(injected.take().unwrap()).map(failure).boxed()
        })
    };
    let id = GlobalId::Article(article.id).encode().0;
    let document = "subscription($id: ID!) { articleEvents(articleId: $id) { cursor } }";
    let variables = Variables::from_json(json!({ "id": id }));
    let parsed = parse_query(document).unwrap();
    let planned =
        || talkback::feed::plan(&parsed, document, None, &variables, &Viewer::Anonymous).unwrap().plan;
    let before = FeedCursor::head(&article);
    let mut reader = feed.subscribe(planned(), &execute, LogId::Article(article.id), None).await.unwrap();
    inside.say(&article, None, 1).await;
    let mut amid =
        feed.subscribe(planned(), &execute, LogId::Article(article.id), Some(before)).await.unwrap();
    let last = wait::soon("the last frame of who came amid", amid.next()).await.unwrap();
    assert!(text(&last[0]).contains(INTERRUPTED), "{}", text(&last[0]));
    let last = wait::soon("the last frame", reader.next()).await.unwrap();
    assert!(text(&last[0]).contains(INTERRUPTED), "{}", text(&last[0]));
    assert!(reader.next().await.is_none(), "and that is all");
    let tried = tries.load(Ordering::Relaxed);
    assert!((2..=10).contains(&tried), "tried {tried} times");
    // Whoever comes back is not put with those who were told so.
    let mut again = feed.subscribe(planned(), &execute, LogId::Article(article.id), None).await.unwrap();
    inside.say(&article, None, 2).await;
    let last = wait::soon("the last frame", again.next()).await.unwrap();
    assert!(text(&last[0]).contains(INTERRUPTED), "{}", text(&last[0]));
    assert!(tries.load(Ordering::Relaxed) > tried, "it was tried again");
    // As they were told to: after the last cursor that they had.
    let mut resumed =
        feed.subscribe(planned(), &execute, LogId::Article(article.id), Some(before)).await.unwrap();
    let last = wait::soon("the last frame of who came back", resumed.next()).await.unwrap();
    assert!(text(&last[0]).contains(INTERRUPTED), "{}", text(&last[0]));
}

/// Aliases, fragments, directives, variables, an error, and another comment's words.
const EVERYTHING: &str = "
    subscription S($id: ID!, $after: String, $words: Boolean = true, $some: Int = 2) {
        articleEvents(articleId: $id, after: $after) {
            c: cursor
            event {
                ...Happened
                ... on CommentPublished @include(if: $words) { comment { ...Words parent { id body } } n: commentCount }
                ... on CommentPublished { comment { refused: history { note } viewerCanEdit @skip(if: $words) } }
                ... on CommentRemoved { commentId }
            }
        }
    }
    fragment Happened on ArticleEvent { kind: __typename occurredAt }
    fragment Words on Comment { text: body bodyHtml author { displayName } replies(first: $some) { totalCount } }";

#[tokio::test(flavor = "multi_thread")]
async fn sharing_is_invisible_to_the_byte() {
    let file = reaper::directory("sharing").join("talkback.db");
    let inside = Inside::open(&DatabaseUrl::Sqlite(file)).await;
    let article = inside.article("shared").await;
    let id = GlobalId::Article(article.id).encode();
    for words in [true, false] {
        let variables = json!({ "id": id.0, "after": FeedCursor::head(&article).encode(), "words": words });
        let operation = || Operation::raw(EVERYTHING, variables.clone());
        let mut readers = Vec::new();
        for viewer in [&Viewer::Anonymous, &inside.people[0], &inside.people[1]] {
            for _ in 0..2 {
                readers
                    .push(inside.engine.stream(inside.accept(operation()).await, viewer.clone(), None).await);
            }
            readers.push(inside.engine.alone(inside.accept(operation()).await, viewer.clone()).await);
        }
        let mut readers: Vec<Live> =
            readers.into_iter().map(|live| live.map_err(|no| no.errors).unwrap()).collect();
        assert!(matches!(readers[..3], [Live::Shared(..), Live::Shared(..), Live::Alone(_)]));
        let mut transcripts = vec![Vec::new(); readers.len()];
        // On the second round those of the first come before them.
        let mut wanted = if words { 0 } else { 3 };
        let mut top = None;
        for (number, events) in [(1, 1), (2, 2)] {
            let said = inside.say(&article, top.as_ref(), number).await;
            top.get_or_insert(said);
            wanted += events;
            // What is rendered shows what is there at that time: everybody reads before more is said.
            for (which, (live, payloads)) in readers.iter_mut().zip(&mut transcripts).enumerate() {
                while payloads.len() < wanted {
                    let what = format!("frames for {which}, {} of {wanted}: {payloads:#?}", payloads.len());
                    let frames = wait::soon(&what, live.next()).await.unwrap();
                    let text =
                        |frame: talkback::feed::Frame| String::from_utf8(frame.payload().to_vec()).unwrap();
                    payloads.extend(frames.into_iter().map(text));
                }
            }
        }
        for same in transcripts.chunks(3) {
            let refused = same[0].iter().filter(|payload| payload.contains("errors")).count();
            assert!(refused == 0 || refused >= 2, "moderators see the history, others an error: {same:#?}");
            assert_eq!(same[0], same[1], "two readers of one group");
            assert_eq!(same[0], same[2], "shared and alone");
        }
        assert_ne!(transcripts[0], transcripts[3], "an admin reads the history, the public is refused it");
    }
}
