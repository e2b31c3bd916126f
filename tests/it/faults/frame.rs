//! What the checker wants to know of a frame.

use std::time::Instant;

use serde_json::Value;
use talkback::{
    clock::Clock,
    domain::{cursor::FeedCursor, event::LogId, ids::ArticleId},
};
use uuid::Uuid;

use super::comment_uuid;

/// One frame, with when and where it came.
#[derive(Clone, Debug)]
pub struct Seen {
    pub at: Instant,
    /// In microseconds since the Unix epoch.
    pub wall: i64,
    pub connection: usize,
    pub sequence: i64,
    pub cursor_micros: i64,
    pub kind: String,
    pub comment: Option<Uuid>,
    pub parent: Option<Uuid>,
    pub shows_comment: bool,
    pub comment_count: Option<i64>,
    pub reply_count: Option<i64>,
    /// The numbers of all texts anywhere in the frame.
    pub marks: Vec<usize>,
}

/// What a frame says; `Err`: it is none of the feed's.
pub fn seen(payload: &Value, text: &str, article: Uuid, connection: usize) -> Result<Seen, String> {
    let odd = || format!("a frame that is no event: {}", text.chars().take(400).collect::<String>());
    if payload.get("errors").is_some() {
        return Err(odd());
    }
    let field = payload.get("data").and_then(Value::as_object).and_then(|data| data.values().next());
    let field = field.ok_or_else(odd)?;
    let cursor = field["cursor"].as_str().ok_or_else(odd)?;
    let cursor = FeedCursor::decode(cursor, LogId::Article(ArticleId(article))).map_err(|_| odd())?;
    let event = field.get("event").unwrap_or(field);
    // `commentApproved` has no type name: it has one kind of event.
    let kind = event.get("__typename").map_or("CommentApproved", |name| name.as_str().unwrap_or_default());
    if kind == "FeedReset" {
        return Err(format!("a reset: {text}"));
    }
    let shown = event.get("comment").filter(|comment| !comment.is_null());
    let id = shown.and_then(|comment| comment["id"].as_str()).or_else(|| event.get("commentId")?.as_str());
    let mut marks: Vec<usize> =
        text.match_indices("mark-").filter_map(|(at, _)| number(&text[at + 5..])).collect();
    marks.sort_unstable();
    marks.dedup();
    Ok(Seen {
        at: Instant::now(),
        wall: Clock::system().now().timestamp_micros(),
        connection,
        sequence: cursor.sequence,
        cursor_micros: cursor.at_micros,
        kind: kind.to_owned(),
        comment: id.map(comment_uuid),
        parent: shown.and_then(|comment| comment.pointer("/parent/id")?.as_str()).map(comment_uuid),
        shows_comment: shown.is_some(),
        comment_count: event.get("commentCount").and_then(Value::as_i64),
        reply_count: event.get("replyCount").and_then(Value::as_i64),
        marks,
    })
}

fn number(text: &str) -> Option<usize> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    text[..end].parse().ok()
}
