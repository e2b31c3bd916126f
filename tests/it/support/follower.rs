//! A reader who follows a subscription, over WebSocket or server-sent events: a test written once runs over both.
//!
//! ```ignore
//! let article = ana.run("Article", json!({ "slug": "demo" })).await;
//! let after = article.text("/article/feedCursor"); // from here on nothing is missed, however long connecting takes
//! let mut reader = Follower::open(transport, &ana, "CommentApproved", json!({ "articleId": id, "after": after })).await;
//! let payloads = reader.collect_until(5).await;
//! reader.resume().await; // a new connection, after the last cursor
//! ```
//!
//! Nothing tells a client that its subscription has begun, so start from a cursor rather than hoping to be early. To show
//! that something does *not* arrive, let something else happen after it, and see only that arrive.

mod link;

use std::fmt;

use serde_json::Value;

use self::link::Link;
use super::{client::Actor, operations::Operation, sse::EventStream, wait, ws::Socket};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    WebSocket,
    Sse,
}

/// Why there is no next payload.
#[derive(Clone, Debug, PartialEq)]
pub enum Ending {
    /// The server said that the subscription is complete.
    Completed,
    /// The server ended it with these request errors.
    Failed(Value),
    /// The connection never came about, with what was answered instead.
    Refused(String),
    /// The WebSocket was closed, with a code that says why.
    Closed { code: Option<u16>, reason: String },
    /// The connection broke, or ended without a word.
    Cut(String),
    /// Nothing came until the deadline. The connection is still there.
    Silent,
}

pub struct Follower {
    transport: Transport,
    actor: Actor,
    operation: Operation,
    link: Link,
    cursor: Option<String>,
    /// Raw frames of connections before this one.
    past: Vec<String>,
    payloads: u64,
}

impl Follower {
    /// Connects and subscribes to an operation of the contract.
    pub async fn open(transport: Transport, actor: &Actor, operation: &str, variables: Value) -> Self {
        let opened = Self::try_open(transport, actor, Operation::named(operation, variables)).await;
        opened.unwrap_or_else(|ending| {
            panic!("can't follow {operation} over {transport:?} at {}: {ending:?}", actor.base)
        })
    }

    /// [`open`](Self::open) with any document, where a refusal is possible. Over server-sent events request errors show here,
    /// over WebSocket at the first payload.
    pub async fn try_open(transport: Transport, actor: &Actor, operation: Operation) -> Result<Self, Ending> {
        let link = Link::connect(transport, actor, &operation, None).await?;
        let actor = actor.clone();
        Ok(Self { transport, actor, operation, link, cursor: None, past: Vec::new(), payloads: 0 })
    }

    /// What an operation that gives nothing to follow is answered with, in whichever way the transport has for it.
    pub async fn first_word(transport: Transport, actor: &Actor, operation: Operation) -> String {
        let told = match Self::try_open(transport, actor, operation).await {
            Ok(mut follower) => follower.try_next().await,
            Err(ending) => Err(ending),
        };
        match told {
            Ok(payload) => payload.to_string(),
            Err(Ending::Failed(errors)) => errors.to_string(),
            Err(other) => panic!("{transport:?}: {other:?}"),
        }
    }

    /// The next `{ data, errors }`. Fails the test when there is none.
    pub async fn next_payload(&mut self) -> Value {
        match self.try_next().await {
            Ok(payload) => payload,
            Err(ending) => {
                panic!("{ending:?} instead of a next payload, after {:?}\n{self}", wait::deadline())
            }
        }
    }

    /// The next payload, or why there is none.
    pub async fn try_next(&mut self) -> Result<Value, Ending> {
        // Around it all: heartbeats and pongs must not put off the deadline.
        let next = tokio::time::timeout(wait::deadline(), self.link.next());
        let payload = next.await.unwrap_or(Err(Ending::Silent))?;
        self.payloads += 1;
        let sent_cursor = match &self.link {
            Link::WebSocket(_) => cursor_in(&payload),
            // As a browser resumes: by the id line. A payload whose cursor says something else is a fault.
            Link::Sse(stream) => {
                let id = stream.last_id().map(str::to_owned);
                if let (Some(inside), Some(id)) = (cursor_in(&payload), &id) {
                    assert_eq!(&inside, id, "the id line and the payload name different cursors\n{self}");
                }
                id
            }
        };
        self.cursor = sent_cursor.or_else(|| self.cursor.take());
        Ok(payload)
    }

    /// The next `count` payloads.
    pub async fn collect_until(&mut self, count: usize) -> Vec<Value> {
        let mut payloads = Vec::with_capacity(count);
        while payloads.len() < count {
            payloads.push(self.next_payload().await);
        }
        payloads
    }

    /// The cursor of the last payload that had one.
    pub fn last_cursor(&self) -> Option<&str> {
        self.cursor.as_deref()
    }

    /// Connects anew, after the last cursor: `after:` over WebSocket, `Last-Event-ID` over server-sent events.
    /// The old connection just drops, as a browser's does.
    pub async fn resume(&mut self) {
        if let Err(ending) = self.try_resume().await {
            panic!("can't resume: {ending:?}\n{self}");
        }
    }

    pub async fn try_resume(&mut self) -> Result<(), Ending> {
        let link =
            Link::connect(self.transport, &self.actor, &self.operation, self.cursor.as_deref()).await?;
        let old = std::mem::replace(&mut self.link, link);
        self.past.extend_from_slice(old.raw());
        Ok(())
    }

    /// [`resume`](Self::resume) at another node.
    pub async fn resume_at(&mut self, base: impl Into<String>) {
        self.actor.base = base.into();
        self.resume().await;
    }

    /// [`resume_at`](Self::resume_at), where it may fail. The next attempt begins from the same cursor.
    pub async fn try_resume_at(&mut self, base: impl Into<String>) -> Result<(), Ending> {
        self.actor.base = base.into();
        self.try_resume().await
    }

    /// Lets go of all frames but the last few: a reader of a long run keeps its own record.
    pub fn forget_frames(&mut self) {
        const KEPT: usize = 5;
        self.past.clear();
        let raw = self.link.raw_mut();
        raw.drain(..raw.len().saturating_sub(KEPT));
    }

    /// Everything that ever came in on its connections: WebSocket frames, or the data of events.
    pub fn raw_frames(&self) -> impl Iterator<Item = &str> {
        self.past.iter().chain(self.link.raw()).map(String::as_str)
    }

    /// Its socket or stream, for what only that one transport has: pings, ids, heartbeats.
    pub fn socket(&mut self) -> &mut Socket {
        let Link::WebSocket(socket) = &mut self.link else { panic!("this follower uses server-sent events") };
        socket
    }

    pub fn stream(&mut self) -> &mut EventStream {
        let Link::Sse(stream) = &mut self.link else { panic!("this follower uses a WebSocket") };
        stream
    }

    /// Leaves: politely over WebSocket, by closing the connection over server-sent events.
    pub async fn close(self) {
        match self.link {
            Link::WebSocket(mut socket) => {
                socket.complete(link::ID).await;
                socket.close().await;
            }
            Link::Sse(stream) => drop(stream),
        }
    }
}

impl fmt::Display for Follower {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.operation.name.as_deref().unwrap_or(&self.operation.query);
        writeln!(f, "  follows:  {name} {} over {:?}", self.operation.variables, self.transport)?;
        writeln!(f, "  at:       {}", self.actor.base)?;
        write!(f, "  received: {} payloads, last cursor {:?}; the last frames:", self.payloads, self.cursor)?;
        let frames: Vec<_> = self.raw_frames().collect();
        for frame in &frames[frames.len().saturating_sub(5)..] {
            let shown: String = frame.chars().take(400).collect();
            write!(f, "\n  | {shown}")?;
        }
        Ok(())
    }
}

/// `cursor` of the subscription's one field, whatever it is called.
fn cursor_in(payload: &Value) -> Option<String> {
    let fields = payload.get("data")?.as_object()?;
    let cursor = fields.values().find_map(|field| field.get("cursor")?.as_str());
    cursor.map(str::to_owned)
}
