//! One run, from an empty newsroom to a verdict.

use std::{
    fmt::Write,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use entity::article_event;
use futures_util::future::join_all;
use sea_orm::{ColumnTrait, DatabaseConnection, EntityTrait, QueryFilter, QueryOrder};
use serde_json::json;
use talkback::{
    domain::{cursor::FeedCursor, event::LogId, ids::ArticleId},
    graphql::GlobalId,
};
use tokio::{sync::watch, task::JoinHandle};

use super::super::support::{
    client::Actor,
    follower::Transport,
    pressure::{Pressure, Took},
    process::lock,
};
use super::{
    Article, Violation, What,
    arena::Arena,
    campaign::{Campaign, Verdict},
    dice::Dice,
    fault::Strike,
    frame::Seen,
    ledger::Ledger,
    reader::{Follows, Reader, ReaderPlan},
    replay::Page,
    script::Script,
    strikes::Stage,
};

/// Readers must have caught up so soon after a fault is over; time in which somebody waited for a processor is not counted.
const HEALS_WITHIN: Duration = Duration::from_secs(5);
/// The same for those who opened a page during the fault, and have all of its past to replay.
const NEWCOMERS_WITHIN: Duration = Duration::from_secs(10);
/// Slower than this is worth a line.
const NOTABLE: Duration = Duration::from_millis(1_500);
/// How long the run waits for them, to say how late they were: of fair time, and by the clock.
pub const GIVES_UP_AFTER: Duration = Duration::from_secs(20);
pub const GIVES_UP_AT_LAST: Duration = Duration::from_secs(60);

/// A run under way.
pub struct Run {
    pub arena: Arena,
    pub script: Arc<Script>,
    pub readers: Vec<Reader>,
    pub writers: Vec<JoinHandle<()>>,
    pub stop: watch::Sender<bool>,
    /// Of each article: the page that everybody began with.
    pub base: Vec<Page>,
    pub dice: Dice,
    pub verdict: Verdict,
    pub begun: Instant,
}

impl Run {
    pub async fn prepare(arena: Arena, plan: &Campaign) -> Self {
        let dice = Dice::new(plan.seed);
        let anyone = arena.anyone();
        let articles = publish(&arena).await;
        let moderator = arena.person("MODERATOR", "Mo Derator").await;
        let names = (0..plan.writers).map(|number| format!("Writer {number}"));
        let authors = join_all(names.map(|name| {
            let anyone = &anyone;
            async move { anyone.guest(&name).await }
        }));
        let script = Arc::new(Script {
            doors: arena.writer_doors(),
            articles,
            authors: authors.await,
            moderator,
            ledger: Mutex::new(Ledger::default()),
            hurry: AtomicBool::new(plan.hurry),
            verbose: plan.verbose,
            run: plan.seed,
        });
        // Something to begin with: a page that is not empty.
        let mut first = dice.of("first words");
        for number in 0..8 {
            script.submit(&script.doors, number % plan.writers, number % 2, &mut first).await;
        }
        let mut base = Vec::new();
        for article in &script.articles {
            base.push(Page::load(&anyone, article).await);
        }
        let rita = anyone.guest("Rita").await;
        let (stop, stopped) = watch::channel(false);
        let writers = (0..plan.writers)
            .map(|author| {
                let dice = dice.of(&format!("writer {author}"));
                tokio::spawn(Arc::clone(&script).write(author, dice, stopped.clone()))
            })
            .collect();
        let (readers, verdict) = (Vec::new(), Verdict::default());
        let dice = dice.of("run");
        let begun = Instant::now();
        let mut run = Self { arena, script, readers, writers, stop, base, dice, verdict, begun };
        run.seat_readers(&anyone, &rita);
        run.readers.iter().for_each(|reader| reader.caught_up.store(true, Ordering::Relaxed));
        run
    }

    /// Both transports, both articles, everything and approvals alone, and one whose answers are her own.
    fn seat_readers(&mut self, anyone: &Actor, rita: &Actor) {
        use {Follows as F, Transport as T};
        for (transport, follows, article, who) in [
            (T::WebSocket, F::Everything, 0, anyone),
            (T::Sse, F::Everything, 0, anyone),
            (T::WebSocket, F::Everything, 1, anyone),
            (T::Sse, F::Everything, 1, anyone),
            (T::WebSocket, F::Approved, 0, anyone),
            (T::Sse, F::Approved, 1, anyone),
            (T::WebSocket, F::Wide, 1, anyone),
            (T::Sse, F::Wide, 1, anyone),
            (T::Sse, F::Everything, 0, rita),
        ] {
            let after = self.base[article].cursor.clone();
            self.seat(transport, follows, article, who, after);
        }
    }

    /// A cursor that somebody had a few hundred events ago.
    fn while_ago(&self, article: usize) -> String {
        const EVENTS: usize = 300;
        let follows = |reader: &&Reader| reader.article == article && reader.follows == Follows::Everything;
        let reader = self.readers.iter().find(follows).expect("somebody follows everything");
        let record = lock(&reader.record);
        let seen = record.seen.len().checked_sub(EVENTS).and_then(|at| record.seen.get(at));
        let log = LogId::Article(ArticleId(self.script.articles[article].id));
        let cursor =
            |seen: &Seen| FeedCursor { log, sequence: seen.sequence, at_micros: seen.cursor_micros }.encode();
        seen.map_or_else(|| self.base[article].cursor.clone(), cursor)
    }

    fn seat(&mut self, transport: Transport, follows: Follows, article: usize, who: &Actor, after: String) {
        let article = self.script.articles[article].clone();
        let name = format!(
            "{} ({transport:?}, {follows:?}, article {:?}{})",
            self.readers.len(),
            article.slug,
            if who.token.is_some() { ", signed in" } else { "" }
        );
        let start = FeedCursor::decode(&after, LogId::Article(ArticleId(article.id)))
            .expect("a cursor of the article")
            .sequence;
        let dice = self.dice.of(&format!("reader {name}"));
        let (actor, doors) = (who.clone(), self.arena.reader_doors());
        let plan = ReaderPlan { name, transport, follows, article, actor, doors, after, start, dice };
        self.readers.push(Reader::start(plan));
    }

    /// Strikes, round by round, and after each waits until everybody has caught up.
    pub async fn strike_all(&mut self, rounds: &[Vec<Strike>]) {
        let mut db = self.arena.look_inside().await;
        let mut dice = self.dice.of("strikes");
        for (number, round) in rounds.iter().enumerate() {
            tokio::time::sleep(dice.millis(50, 400)).await;
            let what = round.iter().map(ToString::to_string).collect::<Vec<_>>().join(" and ");
            self.tell(format!("round {number}: {what}"));
            // Somebody comes back after a long while, and just as it strikes; at the end, to both articles.
            let last = number + 1 == rounds.len();
            for (article, transport) in [(0, Transport::Sse), (1, Transport::WebSocket)] {
                if last || number % 64 == 10 + 32 * article {
                    let after = self.while_ago(article);
                    self.seat(transport, Follows::Everything, article, &self.arena.anyone(), after);
                }
            }
            let stage = Stage { arena: &self.arena, script: &self.script, readers: &self.readers };
            let strikes = round.iter().map(|strike| {
                let mut dice = dice.of(&format!("round {number} {:?}", strike.fault));
                let stage = &stage;
                async move { stage.strike(*strike, &mut dice).await }
            });
            for (wrong, text) in join_all(strikes).await.into_iter().filter_map(Result::err) {
                self.verdict.violations.push(Violation::new(wrong, text));
            }
            if db.ping().await.is_err() {
                db = self.arena.look_inside().await;
            }
            if !self.heal(&db, what).await {
                return;
            }
        }
    }

    /// Waits until every reader has what is committed by now, and keeps how long that took.
    pub async fn heal(&mut self, db: &DatabaseConnection, what: String) -> bool {
        let (over, pressure) = (Instant::now(), Pressure::begin());
        let mut targets = Vec::new();
        for reader in &self.readers {
            let article = &self.script.articles[reader.article];
            targets.push(head(db, article, reader.follows == Follows::Approved).await);
        }
        let waits = self.readers.iter().zip(&targets).map(|(reader, target)| {
            let mut reached = reader.reached.clone();
            async move {
                let there = async { reached.wait_for(|at| at >= target).await.is_ok() };
                let (there, took) = pressure.wait(GIVES_UP_AFTER, GIVES_UP_AT_LAST, there).await;
                (there == Some(true), took)
            }
        });
        let (mut healed, mut slowest, mut notable) = (true, Duration::ZERO, Vec::new());
        for ((there, took), (reader, target)) in
            join_all(waits).await.into_iter().zip(self.readers.iter().zip(&targets))
        {
            healed &= there;
            // Whoever opened the page during the fault replays all of it, and is not late for that.
            let was_there = reader.caught_up.swap(there, Ordering::Relaxed);
            let kind = if was_there { &mut slowest } else { &mut self.verdict.newcomer };
            *kind = took.all.max(*kind);
            if took.all > NOTABLE {
                let text = behind(reader, over, took, *target, &what);
                let limit = if was_there { HEALS_WITHIN } else { NEWCOMERS_WITHIN };
                let late = Violation::late(What::Slow, took, limit, text.clone());
                let late = if there { late } else { Some(Violation::new(What::Slow, text.clone())) };
                self.verdict.violations.extend(late);
                notable.push(text);
            }
        }
        notable.into_iter().for_each(|text| self.tell(text));
        self.verdict.heals.push((slowest, what));
        healed
    }

    pub fn tell(&mut self, what: String) {
        let line = format!("{:6.1} s  {what}", self.begun.elapsed().as_secs_f64());
        println!("  {line}");
        self.verdict.story.push(line);
    }
}

/// What a reader did while it was behind.
fn behind(reader: &Reader, over: Instant, took: Took, target: i64, what: &str) -> String {
    let Took { all, fair } = took;
    let mut text =
        format!("reader {} was behind for {all:.1?} (of them fair {fair:.1?}) after {what}", reader.name);
    let _ =
        write!(text, ": it is at event {}, wanted {target}; its last connections:", *reader.reached.borrow());
    let record = lock(&reader.record);
    for connection in &record.connections[record.connections.len().saturating_sub(4)..] {
        let when = connection.at.saturating_duration_since(over);
        let _ = write!(text, "\n    {when:.1?} after it was over, {connection:?}");
    }
    text
}

/// The last event of an article, or the last one that shows a comment.
pub async fn head(db: &DatabaseConnection, article: &Article, approvals: bool) -> i64 {
    let mut events = article_event::Entity::find().filter(article_event::Column::ArticleId.eq(article.id));
    if approvals {
        events = events.filter(article_event::Column::Kind.is_in(["PUBLISHED", "RESTORED"]));
    }
    let last = events.order_by_desc(article_event::Column::Sequence).one(db).await;
    last.expect("the log is readable").map_or(0, |event| event.sequence)
}

/// Two articles: one where a moderator reads first, one where readers do.
pub async fn publish(arena: &Arena) -> Vec<Article> {
    let editor = arena.person("EDITOR", "Edith Or").await;
    let mut articles = Vec::new();
    for (slug, moderation) in [("held", "PRE"), ("open", "POST")] {
        let input = json!({ "slug": slug, "headline": "A story", "body": "Something happened." });
        let published = editor.run("ArticlePublish", json!({ "input": input })).await;
        let global = published.text("/articlePublish/article/id").to_owned();
        let input = json!({ "articleId": global, "moderation": moderation, "minLength": 10 });
        let set = editor.run("CommentingSet", json!({ "input": input })).await;
        assert!(set.user_errors().is_empty(), "{set}");
        let Ok(GlobalId::Article(ArticleId(id))) = GlobalId::decode(&async_graphql::ID(global.clone()))
        else {
            panic!("{global:?} is no article's id")
        };
        let premoderated = moderation == "PRE";
        articles.push(Article { index: articles.len(), slug: slug.to_owned(), global, id, premoderated });
    }
    articles
}
