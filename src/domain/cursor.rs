//! A position in a log.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::article::Article;
use super::event::{Event, LogId};
use super::ids::ArticleId;

/// The position after an event. It names the event by its time as well as by its number: after a restore
/// from a backup, the number alone would silently skip what was numbered anew.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FeedCursor {
    /// In which log.
    pub log: LogId,
    /// The last event seen; 0 before the first.
    pub sequence: i64,
    /// When that event happened, in microseconds since the Unix epoch; 0 before the first.
    pub at_micros: i64,
}

/// The text is not a cursor of this feed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("`after` is not a cursor of this feed; pass a `cursor` or `feedCursor` as you received it.")]
pub struct BadCursor;

const ARTICLE: u8 = 1;
const QUEUES: u8 = 2;
const BYTES: usize = 1 + 16 + 8 + 8;

impl FeedCursor {
    /// The position after `event`.
    #[must_use]
    pub fn after(event: &Event) -> Self {
        Self::at(event.log(), event.sequence(), Some(event.at()))
    }

    /// The position after the last event of `article`.
    #[must_use]
    pub fn head(article: &Article) -> Self {
        Self::at(LogId::Article(article.id), article.sequence, article.sequence_at)
    }

    /// The position before everything in a log.
    #[must_use]
    pub fn beginning(log: LogId) -> Self {
        Self::at(log, 0, None)
    }

    /// The position after the event with that number and time.
    #[must_use]
    pub fn at(log: LogId, sequence: i64, at: Option<DateTime<Utc>>) -> Self {
        Self { log, sequence, at_micros: at.map_or(0, |at| at.timestamp_micros()) }
    }

    /// The cursor as clients hold it.
    #[must_use]
    pub fn encode(&self) -> String {
        let (kind, of) = match self.log {
            LogId::Article(id) => (ARTICLE, id.0),
            LogId::Queues => (QUEUES, Uuid::nil()),
        };
        let mut bytes = [0; BYTES];
        bytes[0] = kind;
        bytes[1..17].copy_from_slice(of.as_bytes());
        bytes[17..25].copy_from_slice(&self.sequence.to_be_bytes());
        bytes[25..].copy_from_slice(&self.at_micros.to_be_bytes());
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// The cursor that a client sent back, for that log.
    ///
    /// # Errors
    /// [`BadCursor`] where it is not one, or one of another log.
    pub fn decode(text: &str, log: LogId) -> Result<Self, BadCursor> {
        let bytes: [u8; BYTES] =
            URL_SAFE_NO_PAD.decode(text).map_err(|_| BadCursor)?.try_into().map_err(|_| BadCursor)?;
        let number = |from: usize| {
            let mut eight = [0; 8];
            eight.copy_from_slice(&bytes[from..from + 8]);
            i64::from_be_bytes(eight)
        };
        let of = Uuid::from_slice(&bytes[1..17]).map_err(|_| BadCursor)?;
        let named = match bytes[0] {
            ARTICLE => LogId::Article(ArticleId(of)),
            QUEUES if of.is_nil() => LogId::Queues,
            _ => return Err(BadCursor),
        };
        let cursor = Self { log: named, sequence: number(17), at_micros: number(25) };
        if named != log || cursor.sequence < 0 {
            return Err(BadCursor);
        }
        Ok(cursor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_encoded_decodes(id: u128, sequence in 0..i64::MAX, at_micros: i64) {
            let article = LogId::Article(ArticleId(Uuid::from_u128(id)));
            for (log, other) in [(article, LogId::Queues), (LogId::Queues, article)] {
                let cursor = FeedCursor { log, sequence, at_micros };
                prop_assert_eq!(FeedCursor::decode(&cursor.encode(), log), Ok(cursor));
                prop_assert_eq!(FeedCursor::decode(&cursor.encode(), other), Err(BadCursor));
            }
        }

        #[test]
        fn any_other_text_is_refused(text in "\\PC{0,60}") {
            prop_assert_eq!(FeedCursor::decode(&text, LogId::Queues), Err(BadCursor));
        }
    }
}
