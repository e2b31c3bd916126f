//! A damaged store: whatever `talkback check` promises to find, it finds and names. Each damage is one statement behind the
//! service's back, on a healthy store, which is put right again before the next.

use rstest::rstest;
use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend};
use talkback::domain::comment::{Comment, CommentStatus};
use talkback::domain::event::LogId;
use talkback::domain::moderation::ReasonCode;
use talkback::domain::reaction::ReactionKind;
use talkback::domain::sanction::SanctionKind;
use talkback::domain::user::{Role, User, UserKind, Viewer};
use talkback::service::Service;
use talkback::service::bulk::BulkDecision;
use talkback::service::moderation::{Decision, Verdict};
use talkback::service::sanctions::SanctionOrder;
use talkback::store::DatabaseUrl;

use crate::support::inside::Inside;
use crate::support::postgres::Postgres;
use crate::support::world::Backend;
use crate::support::{database, reaper};

/// What is damaged, by which statement, and what the check says of it, in part.
const DAMAGES: &[(&str, &str)] = &[
    ("UPDATE article SET comment_count = comment_count + 1", "comments; 3 are approved"),
    ("UPDATE article SET sequence = sequence + 1", "its log ends with"),
    ("DELETE FROM article_event WHERE sequence = 2", "has no event between 1 and 3"),
    ("DELETE FROM article_event WHERE sequence = (SELECT sequence FROM article)", "its log ends with"),
    (
        "UPDATE article_event SET sequence = sequence + 10 WHERE sequence = (SELECT sequence FROM article)",
        "has no event between",
    ),
    ("UPDATE article_event SET comment_count = comment_count + 1 WHERE sequence = 3", "comments at event 3;"),
    (
        "UPDATE article_event SET comment_count = 9 WHERE sequence = (SELECT sequence FROM article)",
        "its last event says 9",
    ),
    (
        "UPDATE article_event SET kind = 'REMOVED' WHERE comment_id IN \
         (SELECT id FROM comment WHERE parent_id IS NOT NULL) AND kind = 'PUBLISHED'",
        "but the log says that readers don't see it",
    ),
    (
        "UPDATE article_event SET kind = 'EDITED' WHERE comment_id IN \
         (SELECT id FROM comment WHERE parent_id IS NOT NULL) AND kind = 'PUBLISHED'",
        "is APPROVED, which the log does not tell",
    ),
    (
        "UPDATE article_event SET comment_id = article_id WHERE kind = 'PUBLISHED' AND sequence < 4",
        "which is not there",
    ),
    ("UPDATE comment SET reply_count = 5 WHERE reply_count = 1", "counts 5 replies; there are 1"),
    ("UPDATE comment SET descendant_count = 5 WHERE reply_count = 1", "counts 5 comments below it"),
    ("UPDATE comment SET score = score + 1 WHERE score = 1", "counts 2 reactions; there are 1"),
    ("DELETE FROM reaction", "counts 1 reactions; there are 0"),
    ("DELETE FROM report", "has 1 open reports of 0"),
    ("UPDATE comment SET open_reports = -1 WHERE open_reports = 1", "has -1 open reports of 1"),
    ("UPDATE comment SET shown = NOT shown WHERE status = 'PENDING'", "stands in its thread where it should"),
    (
        "UPDATE comment SET first_published_at = NULL WHERE status = 'APPROVED'",
        "is approved and was never published",
    ),
    ("DELETE FROM comment WHERE reply_count = 1", "replies to one that is not under this article"),
    ("UPDATE comment SET under_id = id WHERE parent_id IS NOT NULL", "is not where its parent says"),
    ("UPDATE comment SET path = substr(path, 1, 8) WHERE status = 'PENDING'", "is not where its parent says"),
    ("UPDATE comment SET status = 'REJECTED' WHERE status = 'PENDING'", "its history ends with PENDING"),
    ("UPDATE comment SET revision = revision + 1 WHERE status = 'SPAM'", "its history ends with SPAM at"),
    (
        "DELETE FROM moderation_entry WHERE comment_id IN (SELECT id FROM comment WHERE status = 'PENDING')",
        "has no history",
    ),
    (
        "DELETE FROM moderation_entry WHERE revision = 1 AND comment_id IN \
         (SELECT id FROM comment WHERE status = 'SPAM')",
        "has a line of history for revision 2 after that for 0",
    ),
    (
        "UPDATE moderation_entry SET from_status = 'REJECTED' WHERE revision = 2 AND comment_id IN \
         (SELECT id FROM comment WHERE status = 'SPAM')",
        "goes from REJECTED at revision 2 of its history",
    ),
    ("UPDATE queue_log SET pending = pending + 1", "in PENDING; there are 1"),
    ("UPDATE queue_log SET reported = reported + 1", "in REPORTED; there are 1"),
    ("UPDATE queue_log SET spam = spam - 1", "in SPAM; there are 1"),
    ("UPDATE queue_log SET \"all\" = 0", "count 0 in ALL"),
    ("UPDATE queue_log SET sequence = sequence + 1", "their log ends with"),
    ("INSERT INTO queue_log SELECT 2, 0, NULL, 0, 0, 0, 0", "have 2 heads"),
    ("DELETE FROM queue_event WHERE sequence = 2", "have no event between 1 and 3"),
    ("UPDATE queue_event SET spam = spam + 1 WHERE sequence = 3", "follows"),
    ("UPDATE queue_event SET spam = NULL WHERE sequence = 3", "is numbered in part"),
    ("UPDATE queue_event SET kind = 'NONSENSE' WHERE sequence = 3", "can't be read"),
    ("UPDATE queue_event SET sequence = NULL, queue = 'NOWHERE' WHERE queue = 'SPAM'", "of no kind"),
    ("DELETE FROM queue_log", "the moderators' log has no head"),
    (
        "INSERT INTO queue_event (kind, comment_id, at) SELECT 'NONSENSE', id, created_at FROM comment LIMIT 1",
        "of no kind",
    ),
    ("UPDATE \"user\" SET sanction = 'BAN' WHERE sanction = 'SUSPEND'", "is under BAN; their history"),
    ("UPDATE \"user\" SET sanction = 'BAN' WHERE display_name = 'Ana'", "is under BAN; their history"),
    (
        "UPDATE \"user\" SET sanction_until = NULL WHERE sanction = 'SUSPEND'",
        "is under SUSPEND; their history",
    ),
    ("DELETE FROM user_sanction", "is under SUSPEND; their history ends with NONE"),
    ("UPDATE \"user\" SET sanction = NULL, sanction_until = NULL", "is under NONE; their history"),
    ("DELETE FROM article", "The table comment has 7 rows whose article is not there"),
    ("DELETE FROM comment WHERE status = 'SPAM'", "The table moderation_entry has 2 rows whose comment"),
];

/// What the damages are to.
const TABLES: [&str; 10] = [
    "article",
    "article_event",
    "comment",
    "moderation_entry",
    "reaction",
    "report",
    "queue_log",
    "queue_event",
    "\"user\"",
    "user_sanction",
];

async fn decide(service: &Service, by: &Viewer, comment: &Comment, verdict: Verdict) -> Comment {
    let decision = Decision {
        comment: comment.id,
        verdict,
        revision: comment.revision,
        reason: None,
        note: None,
        idempotency_key: None,
    };
    service.decide(by, decision).await.unwrap().unwrap()
}

/// A little of everything, by way of the service: three comments that readers see, one of them a reply; one held, one refused,
/// one called spam, one taken back; a report, a reaction, a suspension.
async fn fill(inside: &Inside) {
    let service = &inside.service;
    let id = talkback::domain::ids::UserId(service.clock.new_id());
    let mia = User { id, display_name: "Mia".into(), role: Role::Moderator };
    service.store.add_user(&mia, UserKind::Local, service.clock.now()).await.unwrap();
    let mia = Viewer::acting(mia);
    let article = inside.article("story").await;
    let mut said = Vec::new();
    for number in 0..6 {
        said.push(inside.say(&article, None, number * 2).await);
    }
    inside.say(&article, Some(&said[0]), 1).await;
    let ben = &inside.people[2];
    service.react(ben, said[0].id, ReactionKind::Like, true).await.unwrap().unwrap();
    service.report(ben, said[1].id, ReasonCode::Abuse, None).await.unwrap().unwrap();
    decide(service, &mia, &said[2], Verdict::Requeue).await;
    decide(service, &mia, &said[3], Verdict::Spam).await;
    let items = vec![(said[4].id, said[4].revision)];
    let bulk =
        BulkDecision { items, to: CommentStatus::Rejected, reason: None, note: None, idempotency_key: None };
    service.moderate_many(&mia, bulk).await.unwrap().unwrap();
    service.delete(&inside.people[1], said[5].id).await.unwrap().unwrap();
    let order = SanctionOrder {
        user: ben.id().unwrap(),
        kind: SanctionKind::Suspend,
        until: Some(service.clock.now() + chrono::Duration::days(1)),
        reason: None,
        reject_all: false,
    };
    service.sanction(&mia, order).await.unwrap().unwrap();
    service.store.settle(LogId::Queues).await.unwrap();
}

async fn execute(connection: &DatabaseConnection, sql: &str) {
    connection.execute_unprepared(sql).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
}

fn kept(table: &str) -> String {
    format!("kept_{}", table.trim_matches('"'))
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn check_names_each_damage(#[values(Backend::Embedded, Backend::Scaled)] backend: Backend) {
    let (url, behind, _database);
    match backend {
        Backend::Embedded => {
            let file = reaper::directory("damaged").join("talkback.db");
            behind = format!("sqlite://{}?mode=rw", file.display());
            (url, _database) = (DatabaseUrl::Sqlite(file), None);
        }
        Backend::Scaled => {
            let database = Postgres::shared().await.database().await;
            behind = database.url().to_owned();
            (url, _database) = (DatabaseUrl::Postgres(behind.clone()), Some(database));
        }
    }
    let inside = Inside::open(&url).await;
    fill(&inside).await;
    let connection = database::connect(&behind).await;
    // Whoever damages a store does not ask its keys.
    let keyless = match connection.get_database_backend() {
        DbBackend::Sqlite => "PRAGMA foreign_keys = OFF",
        _ => "SET session_replication_role = replica",
    };
    execute(&connection, keyless).await;
    for table in TABLES {
        execute(&connection, &format!("CREATE TABLE {} AS SELECT * FROM {table}", kept(table))).await;
    }
    let found =
        async || inside.service.store.check().await.expect("a check of damage is no fault").violations;
    assert_eq!(found().await, [], "it is healthy");

    let mut missed = Vec::new();
    for (damage, expected) in DAMAGES {
        execute(&connection, damage).await;
        let names: Vec<String> = found().await.iter().map(ToString::to_string).collect();
        if !names.iter().any(|name| name.contains(expected)) {
            missed.push(format!("{damage}\n  {expected:?} is not in {names:#?}"));
        }
        for table in TABLES {
            execute(&connection, &format!("DELETE FROM {table}")).await;
            execute(&connection, &format!("INSERT INTO {table} SELECT * FROM {}", kept(table))).await;
        }
        assert_eq!(found().await, [], "put right again after {damage}");
    }
    assert!(missed.is_empty(), "{}", missed.join("\n"));
}
