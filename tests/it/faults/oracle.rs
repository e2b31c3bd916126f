//! The oracle: what happened to an article, as its database tells it afterwards, and whether that story holds together.
//!
//! The log (`article_event`) and the history (`moderation_entry`) are written by the same transactions and say the same
//! thing twice. Here one is worked out from the other, so the log that readers are measured by is itself measured.

use std::collections::{HashMap, VecDeque};

use entity::{article_event, comment, moderation_entry};
use sea_orm::{ColumnTrait, DatabaseConnection, EntityTrait, QueryFilter, QueryOrder};
use uuid::Uuid;

use super::{Article, Violation, What, ledger::Ledger};

/// An article's story.
pub struct Story {
    /// `events[i]` has sequence `i + 1`.
    pub events: Vec<article_event::Model>,
    comments: HashMap<Uuid, comment::Model>,
    entries: HashMap<Uuid, Vec<moderation_entry::Model>>,
    /// What readers see of a comment, from which event on: a text by its number, or nothing.
    visible: HashMap<Uuid, Vec<(i64, Option<usize>)>>,
    /// The event that a revision of a comment led to.
    told: HashMap<(Uuid, i32), i64>,
}

impl Story {
    pub async fn read(db: &DatabaseConnection, article: &Article) -> Self {
        let events = article_event::Entity::find()
            .filter(article_event::Column::ArticleId.eq(article.id))
            .order_by_asc(article_event::Column::Sequence)
            .all(db)
            .await
            .expect("the log is readable");
        let comments = comment::Entity::find()
            .filter(comment::Column::ArticleId.eq(article.id))
            .all(db)
            .await
            .expect("the comments are readable");
        let comments: HashMap<_, _> = comments.into_iter().map(|row| (row.id, row)).collect();
        let all = moderation_entry::Entity::find()
            .order_by_asc(moderation_entry::Column::Revision)
            .all(db)
            .await
            .expect("the history is readable");
        let mut entries: HashMap<Uuid, Vec<_>> = HashMap::new();
        for entry in all.into_iter().filter(|entry| comments.contains_key(&entry.comment_id)) {
            entries.entry(entry.comment_id).or_default().push(entry);
        }
        Self { events, comments, entries, visible: HashMap::new(), told: HashMap::new() }
    }

    /// Works the log out from the history, names every difference, and fills in what readers may see when.
    pub fn work_out(&mut self, ledger: &Ledger) -> Vec<Violation> {
        let mut wrong = Vec::new();
        let mut say = |text: String| wrong.push(Violation::new(What::Log, text));
        let mut expected = HashMap::new();
        for (id, entries) in &self.entries {
            match changes(entries, ledger) {
                Ok(changes) => drop(expected.insert(*id, changes)),
                Err(why) => say(format!("the history of comment {id}: {why}")),
            }
        }
        let (mut count, mut replies) = (0, HashMap::<Uuid, i32>::new());
        let mut due: Option<(Uuid, i32)> = None;
        for (number, event) in (1_i64..).zip(&self.events) {
            let at = format!("event {number} ({} of {:?})", event.kind, event.comment_id);
            if event.sequence != number {
                say(format!("{at} has sequence {}: the log has a hole", event.sequence));
                return wrong;
            }
            let Some(id) = event.comment_id else {
                // The editor sets the article's rules once, before anything else.
                if number == 1 && event.kind == "COMMENTING_CHANGED" {
                    continue;
                }
                say(format!("{at} is about no comment, and nobody touched the article"));
                continue;
            };
            if event.kind == "COUNTS_CHANGED" {
                if due.take() != event.reply_count.map(|count| (id, count)) {
                    say(format!("{at} says {:?} replies, which nothing before it led to", event.reply_count));
                }
            } else {
                if let Some((parent, _)) = due.take() {
                    say(format!("{at} comes where the counts of {parent} were due"));
                }
                let Some(change) = expected.get_mut(&id).and_then(VecDeque::pop_front) else {
                    say(format!("{at} is not in the history of its comment"));
                    continue;
                };
                if change.kind != event.kind {
                    say(format!("{at} should be {} by the history", change.kind));
                }
                count += change.delta();
                let parent = self.comments.get(&id).and_then(|row| row.parent_id);
                if let (Some(parent), true) = (parent, change.delta() != 0) {
                    let replies = replies.entry(parent).or_default();
                    *replies += change.delta();
                    due = Some((parent, *replies));
                }
                self.visible.entry(id).or_default().push((number, change.shows));
                self.told.insert((id, change.revision), number);
            }
            if event.comment_count != count {
                say(format!("{at} counts {} comments; there were {count}", event.comment_count));
            }
        }
        for (id, left) in expected.iter().filter(|(_, left)| !left.is_empty()) {
            say(format!("comment {id}: readers were never told of {:?}", left.front()));
        }
        wrong
    }

    /// Everything acknowledged is there, and nothing is there that nobody sent.
    pub fn holds(&self, ledger: &Ledger, article: usize) -> Vec<Violation> {
        let mut wrong = Vec::new();
        let ours: HashMap<_, _> = ledger
            .comments
            .iter()
            .filter(|known| known.article == article)
            .map(|known| (known.id, known))
            .collect();
        for ack in ledger.acks.iter().filter(|ack| ours.contains_key(&ack.comment)) {
            let stored = self.entries.get(&ack.comment).into_iter().flatten();
            let stored =
                stored.clone().any(|entry| entry.revision == ack.revision && entry.to_status == ack.status);
            if !stored {
                let text = format!(
                    "{} was acknowledged: comment {} at revision {} is {}. The database has no such thing",
                    ack.what, ack.comment, ack.revision, ack.status
                );
                wrong.push(Violation::new(What::Lost, text));
            }
        }
        for id in self.comments.keys().filter(|id| !ours.contains_key(*id)) {
            let text = format!("comment {id} is stored, and no writer knows of it: a retry wrote twice");
            wrong.push(Violation::new(What::Lost, text));
        }
        wrong
    }

    pub fn event(&self, sequence: i64) -> Option<&article_event::Model> {
        self.events.get(usize::try_from(sequence - 1).ok()?)
    }

    /// The event that a revision of a comment led to, if readers were told of it.
    pub fn told(&self, comment: Uuid, revision: i32) -> Option<i64> {
        self.told.get(&(comment, revision)).copied()
    }

    /// All that readers could rightly be shown of a comment by somebody who knows the log up to some event from `from` to
    /// `to`: texts by their numbers, and nothing.
    pub fn shown_between(&self, comment: Uuid, from: i64, to: i64) -> Vec<Option<usize>> {
        let changes = self.visible.get(&comment).map_or(&[][..], Vec::as_slice);
        let before = changes.iter().rfind(|(at, _)| *at <= from).and_then(|(_, shows)| *shows);
        let later = changes.iter().filter(|(at, _)| *at > from && *at <= to).map(|(_, shows)| *shows);
        std::iter::once(before).chain(later).collect()
    }

    /// The last event that had begun by a time, in microseconds since the Unix epoch.
    pub fn last_by(&self, micros: i64) -> i64 {
        let before = self.events.partition_point(|event| event.at.timestamp_micros() <= micros);
        i64::try_from(before).unwrap_or(i64::MAX)
    }
}

/// What a line of history means to readers.
#[derive(Debug)]
struct ReaderChange {
    kind: &'static str,
    revision: i32,
    shows: Option<usize>,
}

impl ReaderChange {
    fn delta(&self) -> i32 {
        match self.kind {
            "PUBLISHED" | "RESTORED" => 1,
            "REMOVED" => -1,
            _ => 0,
        }
    }
}

fn changes(entries: &[moderation_entry::Model], ledger: &Ledger) -> Result<VecDeque<ReaderChange>, String> {
    let (mut changes, mut seen, mut words) = (VecDeque::new(), false, None);
    let mut status = None;
    for (number, entry) in (1..).zip(entries) {
        if entry.revision != number || entry.from_status != status {
            return Err(format!("line {number} is {entry:?}, after {status:?}"));
        }
        status = Some(entry.to_status.clone());
        if matches!(&*entry.action, "SUBMITTED" | "EDITED") {
            let here = Some((entry.comment_id, entry.revision));
            words = ledger.marks.iter().position(|mark| *mark == here);
            if words.is_none() {
                return Err(format!("nobody sent the words of revision {number}"));
            }
        }
        let (before, after) =
            (entry.from_status.as_deref() == Some("APPROVED"), entry.to_status == "APPROVED");
        let kind = match (before, after) {
            (false, true) if seen => "RESTORED",
            (false, true) => "PUBLISHED",
            (true, false) => "REMOVED",
            (true, true) => "EDITED",
            (false, false) => continue,
        };
        seen = true;
        changes.push_back(ReaderChange { kind, revision: number, shows: words.filter(|_| after) });
    }
    Ok(changes)
}
