//! The names and payloads on the wire: `<prefix>:article:<uuid>` or `<prefix>:moderation`, and a decimal
//! sequence.

use redis::Value;
use uuid::Uuid;

use crate::bus::{Hint, Topic};
use crate::domain::ids::ArticleId;

#[derive(Clone, Debug)]
pub(super) struct Channels {
    article: String,
    moderation: String,
    probe: String,
}

impl Channels {
    pub(super) fn new(prefix: &str) -> Self {
        Self {
            article: format!("{prefix}:article:"),
            moderation: format!("{prefix}:moderation"),
            probe: format!("{prefix}:probe"),
        }
    }

    pub(super) fn name(&self, topic: Topic) -> String {
        match topic {
            Topic::Article(ArticleId(id)) => format!("{}{id}", self.article),
            Topic::Moderation => self.moderation.clone(),
        }
    }

    /// A channel that nobody follows, to find out at start whether this user may use any.
    pub(super) fn probe(&self) -> &str {
        &self.probe
    }

    /// What a `message` push says; its data are the channel and the payload. `None` for what is none of
    /// ours: anyone who can reach the server can publish anything.
    pub(super) fn read(&self, message: &[Value]) -> Option<Hint> {
        let [Value::BulkString(channel), Value::BulkString(payload)] = message else { return None };
        let channel = std::str::from_utf8(channel).ok()?;
        let topic = if channel == self.moderation {
            Topic::Moderation
        } else {
            let id = channel.strip_prefix(&self.article)?;
            Topic::Article(ArticleId(Uuid::try_parse(id).ok()?))
        };
        let sequence = std::str::from_utf8(payload).ok()?.parse().ok()?;
        Some(Hint { topic, sequence })
    }
}
