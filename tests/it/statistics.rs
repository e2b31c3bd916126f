//! What moderation came to: counted from the record, alike on both databases, for a fixed number of statements.

use std::sync::Arc;

use chrono::{DateTime, Duration, Utc};
use rstest::rstest;
use serde_json::{Value, json};
use talkback::clock::Clock;
use talkback::domain::article::{Article, ModerationMode};
use talkback::domain::comment::Comment;
use talkback::domain::ids::UserId;
use talkback::domain::moderation::ReasonCode;
use talkback::domain::user::{Role, User, UserKind, Viewer};
use talkback::service::Service;
use talkback::service::articles::PolicyChange;
use talkback::service::comments::Submission;
use talkback::service::moderation::{Decision, Verdict};
use talkback::store::DatabaseUrl;

use crate::support::inside::Inside;
use crate::support::postgres::Postgres;
use crate::support::reaper;
use crate::support::world::{Backend, World};

/// A newsroom whose clock stands still until it is moved.
struct Newsroom {
    inside: Inside,
    service: Service,
    clock: Arc<Clock>,
    moderators: Vec<Viewer>,
    article: Article,
}

const MIDNIGHT: &str = "2026-03-02T00:00:00Z";

impl Newsroom {
    async fn open(url: &DatabaseUrl) -> Self {
        let inside = Inside::open(url).await;
        let clock = Arc::new(Clock::manual(MIDNIGHT.parse().unwrap()));
        let service = Service { clock: Arc::clone(&clock), ..inside.service.clone() };
        let article = inside.article("kept").await;
        let change = PolicyChange { moderation: Some(ModerationMode::Pre), ..PolicyChange::default() };
        let article = service.set_commenting(&inside.people[0], article.id, change).await.unwrap().unwrap();
        let mut moderators = Vec::new();
        for name in ["Mia", "Max"] {
            let user = User { id: UserId(clock.new_id()), display_name: name.into(), role: Role::Moderator };
            service.store.add_user(&user, UserKind::Local, clock.now()).await.unwrap();
            moderators.push(Viewer::acting(user));
        }
        Self { inside, service, clock, moderators, article }
    }

    async fn say(&self, number: usize) -> Comment {
        let submission = Submission {
            article: self.article.id,
            parent: None,
            body: format!("Comment {number} has fifty characters or more, as comments here have to."),
            idempotency_key: None,
        };
        self.service.submit(&self.inside.people[1], submission).await.unwrap().unwrap()
    }

    async fn decide(&self, moderator: usize, comment: &Comment, verdict: Verdict) -> Comment {
        let decision = Decision {
            comment: comment.id,
            verdict,
            revision: comment.revision,
            reason: (verdict == Verdict::Reject).then_some(ReasonCode::Abuse),
            note: None,
            idempotency_key: None,
        };
        self.service.decide(&self.moderators[moderator], decision).await.unwrap().unwrap()
    }

    fn wait(&self, by: Duration) {
        self.clock.advance(by);
    }

    async fn statistics(&self, days: i64) -> Value {
        let from: DateTime<Utc> = MIDNIGHT.parse().unwrap();
        let variables = json!({ "from": from, "to": from + Duration::days(days), "bucket": "DAY" });
        self.inside.answer(&self.moderators[0], "ModerationStatistics", variables).await["moderationStatistics"]
            .clone()
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_week_of_moderation_is_counted_by_day_by_rule_and_by_person(
    #[values(Backend::Embedded, Backend::Scaled)] backend: Backend,
) {
    let database = match backend {
        Backend::Embedded => None,
        Backend::Scaled => Some(Postgres::shared().await.database().await),
    };
    let url = match &database {
        None => DatabaseUrl::Sqlite(reaper::directory("statistics").join("talkback.db")),
        Some(database) => DatabaseUrl::Postgres(database.url().to_owned()),
    };
    let room = Newsroom::open(&url).await;
    let before = room.inside.service.store.statements();
    let empty = room.statistics(7).await;
    let cost_of_nothing = room.inside.service.store.statements() - before;
    assert_eq!(empty["total"]["timeToDecision"], Value::Null);
    assert_eq!(empty["slices"].as_array().unwrap().len(), 7);

    // Monday: ten comments. Nine are approved after 1 to 9 minutes, and Max refuses the tenth after an hour and a half.
    let monday = async {
        let mut comments = Vec::new();
        for number in 0..10 {
            comments.push(room.say(number).await);
        }
        for comment in &comments[..9] {
            room.wait(Duration::minutes(1));
            room.decide(0, comment, Verdict::Approve).await;
        }
        room.wait(Duration::minutes(81));
        room.decide(1, &comments[9], Verdict::Reject).await;
        comments
    };
    let comments = monday.await;
    // Wednesday: the refused one is approved after all, which nobody had waited for; one more turns out to be spam.
    room.wait(Duration::days(2));
    let mended = Comment { revision: comments[9].revision + 1, ..comments[9].clone() };
    room.decide(0, &mended, Verdict::Approve).await;
    let last = room.say(11).await;
    room.wait(Duration::seconds(30));
    room.decide(1, &last, Verdict::Spam).await;
    // The week after: beyond what is asked for.
    room.wait(Duration::days(7));
    room.say(12).await;

    let before = room.inside.service.store.statements();
    let week = room.statistics(7).await;
    let cost_of_a_week = room.inside.service.store.statements() - before;
    assert_eq!(cost_of_nothing, cost_of_a_week, "statements");
    assert_eq!(cost_of_a_week, 4);

    let tally = |submitted: i64, approved: i64, rejected: i64, spam: i64, waits: Value| {
        json!({ "submitted": submitted, "held": submitted, "decisions": approved + rejected + spam,
                "approved": approved, "rejected": rejected, "spam": spam, "timeToDecision": waits })
    };
    let waits =
        |count: i64, p50: i64, p90: i64| json!({ "count": count, "p50Seconds": p50, "p90Seconds": p90 });
    let slices = &week["slices"];
    assert_eq!(slices[0]["from"], json!("2026-03-02T00:00:00+00:00"));
    assert_eq!(slices[0]["tally"], tally(10, 9, 1, 0, waits(10, 300, 540)));
    assert_eq!(slices[1]["tally"], tally(0, 0, 0, 0, Value::Null));
    assert_eq!(slices[2]["tally"], tally(1, 1, 0, 1, waits(1, 30, 30)));
    assert_eq!(slices[6]["tally"], tally(0, 0, 0, 0, Value::Null));
    assert_eq!(week["total"], tally(11, 10, 1, 1, waits(11, 300, 540)));
    let rule = &week["heldBy"][0];
    assert_eq!(
        [&rule["rule"], &rule["held"], &rule["approved"], &rule["refused"], &rule["waiting"]],
        [&json!("PRE_MODERATION"), &json!(11), &json!(10), &json!(1), &json!(0)]
    );
    let load: Vec<_> = week["decidedBy"].as_array().unwrap().iter().collect();
    assert_eq!(load.len(), 2);
    assert_eq!((&load[0]["moderator"]["displayName"], &load[0]["decisions"]), (&json!("Mia"), &json!(10)));
    assert_eq!((&load[1]["rejected"], &load[1]["spam"]), (&json!(1), &json!(1)));
    // A slice ends where the period does.
    assert_eq!(room.statistics(2).await["slices"].as_array().unwrap().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn statistics_are_for_moderators_and_bounded() {
    let world = World::embedded().await;
    let ask = |from: &str, to: &str, bucket: &str| json!({ "from": from, "to": to, "bucket": bucket });
    let day = ask("2026-03-02T00:00:00Z", "2026-03-03T00:00:00Z", "HOUR");
    let answer = world.anyone().run("ModerationStatistics", day.clone()).await;
    assert_eq!(answer.code(), "UNAUTHENTICATED");
    let reader = world.guest("Rhea").await;
    assert_eq!(reader.run("ModerationStatistics", day.clone()).await.code(), "FORBIDDEN");
    let moderator = world.moderator().await;
    let answer = moderator.run("ModerationStatistics", day).await;
    assert_eq!(answer.list("/moderationStatistics/slices").len(), 24);
    for (from, to, bucket) in [
        ("2026-03-02T00:00:00Z", "2026-03-02T00:00:00Z", "DAY"),
        ("2026-03-02T00:00:00Z", "2026-04-02T00:00:00Z", "HOUR"),
        ("2020-03-02T00:00:00Z", "2026-04-02T00:00:00Z", "WEEK"),
        ("0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "DAY"),
    ] {
        let answer = moderator.run("ModerationStatistics", ask(from, to, bucket)).await;
        assert_eq!(answer.code(), "BAD_RANGE", "{from} to {to} by {bucket}\n{answer}");
    }
}
