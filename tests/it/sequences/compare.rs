//! The store as it is, against the model.

use std::collections::HashMap;

use talkback::domain::comment::{CommentStatus, ReaderChange};
use talkback::domain::event::{Event, EventKind, LogId};
use talkback::domain::ids::{ArticleId, CommentId};
use talkback::domain::queue::QueueCounts;
use talkback::store::Store;

use super::model::{Model, Row};

/// Counts, queues, feed and history are the model's, and `talkback check` finds nothing.
pub async fn compare(store: &Store, model: &Model) {
    for article in model.articles() {
        let rows: HashMap<CommentId, &Row> =
            model.rows.iter().filter(|(_, row)| row.article == article).map(|(id, row)| (*id, row)).collect();
        comments(store, &rows).await;
        feed(store, article, &rows).await;
        history(store, &rows).await;
    }
    queues(store, model).await;
    let report = store.check().await.expect("no fault");
    assert!(report.violations.is_empty(), "{:#?}", report.violations);
    assert_eq!(report.comments, model.rows.len() as u64);
}

async fn comments(store: &Store, rows: &HashMap<CommentId, &Row>) {
    let ids: Vec<_> = rows.keys().copied().collect();
    let found = store.latest().comments(&ids).await.expect("no fault");
    assert_eq!(found.len(), rows.len());
    let is_seen = |row: &Row| row.status == CommentStatus::Approved;
    for comment in found {
        let row = rows[&comment.id];
        assert_eq!((comment.state.status(), comment.revision), (row.status, row.revision));
        let was_read = row.status == CommentStatus::Approved && row.was_read;
        assert_eq!(comment.state.was_read(), was_read, "{row:?}");
        assert_eq!(comment.open_reports, row.open_reports, "open reports of {row:?}");
        assert_eq!(comment.score as usize, row.liked.len(), "reactions to {row:?}");
        let replies = rows.values().filter(|it| it.parent == Some(comment.id) && is_seen(it)).count();
        assert_eq!(comment.reply_count as usize, replies, "replies to {row:?}");
        let above = |row: &Row| {
            let up = |id: &CommentId| rows[id].parent;
            std::iter::successors(row.parent, up).any(|id| id == comment.id)
        };
        let below = rows.values().filter(|it| is_seen(it) && above(it)).count();
        assert_eq!(comment.descendant_count as usize, below, "below {row:?}");
    }
}

/// Replayed from the beginning, the feed shows what is shown, and counts as it goes.
async fn feed(store: &Store, article: ArticleId, rows: &HashMap<CommentId, &Row>) {
    let mut seen: HashMap<CommentId, bool> = HashMap::new();
    let events =
        store.latest().events_after_sequence(LogId::Article(article), 0, 100_000).await.expect("no fault");
    for (number, event) in (1..).zip(events) {
        let Event::Article(event) = event else { panic!("{event:?} in an article's log") };
        assert_eq!(event.sequence, number, "no gap, no repetition");
        if let EventKind::Comment(change, id) = event.kind {
            let is_seen = seen.get(&id).copied();
            match change {
                ReaderChange::Published => assert_eq!(seen.insert(id, true), None, "published once"),
                ReaderChange::Restored => assert_eq!(seen.insert(id, true), Some(false), "it was away"),
                ReaderChange::Removed => assert_eq!(seen.insert(id, false), Some(true), "it was there"),
                ReaderChange::Edited => assert_eq!(is_seen, Some(true), "what is not seen is not edited"),
            }
        }
        let count = seen.values().filter(|seen| **seen).count();
        assert_eq!(event.comment_count as usize, count, "as of event {number}");
    }
    for (id, row) in rows {
        let is_seen = row.status == CommentStatus::Approved;
        assert_eq!(seen.get(id).copied().unwrap_or(false), is_seen, "{row:?}");
    }
    let article = &store.latest().articles(&[article]).await.expect("no fault")[0];
    let shown = rows.values().filter(|row| row.status == CommentStatus::Approved).count();
    assert_eq!(article.comment_count as usize, shown);
}

/// Each line begins where the one before it ends, and there is one for each revision.
async fn history(store: &Store, rows: &HashMap<CommentId, &Row>) {
    let ids: Vec<_> = rows.keys().copied().collect();
    let histories = store.latest().histories(&ids).await.expect("no fault");
    for (id, row) in rows {
        let lines = &histories[id];
        let to: Vec<_> = lines.iter().map(|line| line.to).collect();
        assert_eq!(to, row.past);
        let from: Vec<_> = lines.iter().map(|line| line.from).collect();
        let before: Vec<_> =
            std::iter::once(None).chain(row.past.iter().copied().map(Some)).take(to.len()).collect();
        assert_eq!(from, before);
    }
}

async fn queues(store: &Store, model: &Model) {
    store.settle(LogId::Queues).await.expect("no fault");
    let count = |is: &dyn Fn(&Row) -> bool| {
        i64::try_from(model.rows.values().filter(|row| is(row)).count()).expect("it fits")
    };
    let counts = QueueCounts {
        pending: count(&|row| row.status == CommentStatus::Pending),
        reported: count(&|row| row.open_reports > 0),
        spam: count(&|row| row.status == CommentStatus::Spam),
        all: count(&|row| row.status != CommentStatus::Deleted),
    };
    assert_eq!(store.latest().queue_counts().await.expect("no fault"), counts);
}
