//! The checker: what each reader saw, held against the story that the database tells.

use std::{collections::HashSet, time::Instant};

use uuid::Uuid;

use super::{
    Violation, What,
    frame::Seen,
    ledger::Ledger,
    oracle::Story,
    reader::{Follows, Record},
};

/// Violations of one reader that are told in full besides the first of each kind; the rest is counted.
const TOLD: usize = 3;

/// What was known to be committed, and since when: a reader who comes later must not be shown less.
pub struct Committed(Vec<(Instant, i64)>);

impl Committed {
    /// From every acknowledgement and every frame that anybody got.
    pub fn known<'a>(story: &Story, ledger: &Ledger, seen: impl Iterator<Item = &'a Seen>) -> Self {
        let acked = ledger.acks.iter();
        let acked = acked.filter_map(|ack| Some((ack.at, story.told(ack.comment, ack.revision)?)));
        let mut known: Vec<_> = acked.chain(seen.map(|seen| (seen.at, seen.sequence))).collect();
        known.sort_unstable();
        let mut highest = 0;
        for (_, sequence) in &mut known {
            highest = highest.max(*sequence);
            *sequence = highest;
        }
        Self(known)
    }

    /// The last event that was surely committed by then.
    fn by(&self, at: Instant) -> i64 {
        let before = self.0.partition_point(|(known, _)| *known < at);
        before.checked_sub(1).map_or(0, |last| self.0[last].1)
    }
}

/// Everything that is wrong with what one reader saw.
pub fn reader(
    name: &str,
    follows: Follows,
    record: &Record,
    story: &Story,
    committed: &Committed,
) -> Vec<Violation> {
    let mut wrong: Vec<_> =
        record.odd.iter().map(|odd| Violation::new(What::Odd, format!("got {odd}"))).collect();
    let wants = |sequence: &i64| match follows {
        Follows::Everything | Follows::Wide => true,
        Follows::Approved => {
            story.event(*sequence).is_some_and(|event| matches!(&*event.kind, "PUBLISHED" | "RESTORED"))
        }
    };
    let head = i64::try_from(story.events.len()).unwrap_or(i64::MAX);
    let mut expected = (record.start + 1..=head).filter(wants).peekable();
    let mut last = record.start;
    for seen in &record.seen {
        if seen.sequence <= last {
            let text = format!("saw event {} again or late, after event {last}", seen.sequence);
            wrong.push(Violation::new(What::Twice, text + &around(record, seen, story)));
            continue;
        }
        let mut missed = Vec::new();
        while let Some(sequence) = expected.next_if(|next| *next < seen.sequence) {
            missed.push(sequence);
        }
        if !missed.is_empty() {
            let text = format!("never saw {}, between {last} and {}", list(&missed), seen.sequence);
            wrong.push(Violation::new(What::Missing, text + &around(record, seen, story)));
        }
        last = seen.sequence;
        if expected.next_if_eq(&seen.sequence).is_none() {
            let text = format!("saw event {}, which it should not", seen.sequence);
            wrong.push(Violation::new(What::Content, text + &around(record, seen, story)));
            continue;
        }
        let (what, found) = match content(follows, seen, story) {
            Some(found) => (What::Content, Some(found)),
            None => (What::Words, words(record, seen, story, committed)),
        };
        if let Some(found) = found {
            wrong.push(Violation::new(what, found + &around(record, seen, story)));
        }
    }
    let missed: Vec<_> = expected.collect();
    if !missed.is_empty() {
        let text = format!("never saw {} at the end, after event {last}", list(&missed));
        wrong.push(Violation::new(What::Missing, text + &ending(record)));
    }
    let found = wrong.len();
    // The first of each kind, and a few more.
    let mut kinds = HashSet::new();
    let mut told = 0;
    wrong.retain(|violation| {
        kinds.insert(violation.what) || {
            told += 1;
            told < TOLD
        }
    });
    let more = found - wrong.len();
    for violation in &mut wrong {
        violation.text = format!("reader {name} {}", violation.text);
    }
    if more > 0
        && let Some(last) = wrong.last_mut()
    {
        last.text.push_str(&format!("\n    … and {more} more of this reader"));
    }
    wrong
}

/// Kind, comment, counts and cursor are the log's.
fn content(follows: Follows, seen: &Seen, story: &Story) -> Option<String> {
    let event = story.event(seen.sequence)?;
    let kind = match (follows, &*event.kind) {
        (Follows::Approved, _) => "CommentApproved",
        (_, "PUBLISHED") => "CommentPublished",
        (_, "RESTORED") => "CommentRestored",
        (_, "EDITED") => "CommentEdited",
        (_, "REMOVED") => "CommentRemoved",
        (_, _) => "CommentCountsChanged",
    };
    let count = matches!(&*event.kind, "PUBLISHED" | "RESTORED" | "REMOVED").then_some(event.comment_count);
    let replies = event.reply_count.filter(|_| event.kind == "COUNTS_CHANGED");
    let expected =
        (kind, event.comment_id, count.map(i64::from), replies.map(i64::from), event.at.timestamp_micros());
    let found = (&*seen.kind, seen.comment, seen.comment_count, seen.reply_count, seen.cursor_micros);
    (expected != found).then(|| format!("saw event {} as {found:?}; it is {expected:?}", seen.sequence))
}

/// Only words that were approved when the frame can have been made, and a tombstone only for what had been removed.
///
/// The frame of event `n` is made from a state of the log in which `n` is, and of nothing that began after the frame was
/// there. Words must also be those of a state in which is all that was committed before the reader connected: whoever comes
/// back after a removal must not be shown what it removed. A tombstone may be older: the event that ends it follows.
fn words(record: &Record, seen: &Seen, story: &Story, committed: &Committed) -> Option<String> {
    if !seen.shows_comment {
        let sequence = seen.sequence;
        return (!seen.marks.is_empty()).then(|| format!("saw words in event {sequence}, which has none"));
    }
    let connected = committed.by(record.connections.get(seen.connection)?.at);
    let (from, to) = (seen.sequence.max(connected), story.last_by(seen.wall));
    let mut allowed = story.shown_between(seen.comment?, from, to);
    let since = story.shown_between(seen.comment?, seen.sequence, to);
    allowed.extend(since.into_iter().filter(Option::is_none));
    let found: Vec<Option<usize>> = match &*seen.marks {
        [] => vec![None],
        marks => marks.iter().copied().map(Some).collect(),
    };
    if found.iter().all(|found| allowed.contains(found)) {
        return None;
    }
    let show = |marks: &[Option<usize>]| {
        let shown = marks.iter().map(|mark| mark.map_or("nothing".to_owned(), |mark| format!("mark-{mark}")));
        shown.collect::<Vec<_>>().join(" or ")
    };
    Some(format!(
        "saw {} of comment {} in event {}. By events {from} to {to} readers may see {}",
        show(&found),
        seen.comment.unwrap_or(Uuid::nil()),
        seen.sequence,
        show(&allowed)
    ))
}

/// What a newcomer needs to understand it: where the reader was, what came before and after, and what the log says.
fn around(record: &Record, seen: &Seen, story: &Story) -> String {
    let mut text = String::new();
    if let Some(connection) = record.connections.get(seen.connection) {
        let since = seen.at.saturating_duration_since(connection.at);
        text.push_str(&format!(
            "\n    on its connection {} to {}, after cursor {}, {since:.1?} old",
            seen.connection, connection.door, connection.after
        ));
        let before = seen.connection.checked_sub(1).and_then(|before| record.connections.get(before));
        if let Some(ended) = before.and_then(|before| before.ended.as_ref()) {
            text.push_str(&format!("; the one before it ended with {ended}"));
        }
    }
    let at = record.seen.iter().position(|other| std::ptr::eq(other, seen)).unwrap_or(0);
    let near: Vec<_> = record.seen[at.saturating_sub(4)..].iter().take(9).collect();
    let near = near.iter().map(|seen| format!("{}@{}", seen.sequence, seen.connection));
    text.push_str(&format!(
        "\n    frames there (sequence@connection): {}",
        near.collect::<Vec<_>>().join(" ")
    ));
    let about: Vec<_> = story.events.iter().filter(|event| event.comment_id == seen.comment).collect();
    let about = about.iter().map(|event| format!("{}:{}", event.sequence, event.kind));
    text.push_str(&format!("\n    the log of that comment: {}", about.collect::<Vec<_>>().join(" ")));
    text
}

fn ending(record: &Record) -> String {
    let mut text = String::new();
    if let Some(last) = record.connections.last() {
        text.push_str(&format!(
            "\n    its last connection, number {}, to {} after cursor {}, ended with {:?}",
            record.connections.len() - 1,
            last.door,
            last.after,
            last.ended
        ));
    }
    for frame in &record.last_frames {
        text.push_str(&format!("\n    | {}", frame.chars().take(240).collect::<String>()));
    }
    text
}

fn list(sequences: &[i64]) -> String {
    match sequences {
        [one] => format!("event {one}"),
        [first, .., last] => format!("{} events, {first} to {last}", sequences.len()),
        [] => "nothing".to_owned(),
    }
}
