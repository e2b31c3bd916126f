//! One socket, from its first message to its close.

use std::net::IpAddr;
use std::time::Duration;

use axum::extract::ws::{Message, WebSocket};
use bytes::Bytes;
use futures_util::SinkExt;
use futures_util::stream::{SplitSink, StreamExt};
use tokio::time::{Instant, sleep_until, timeout};

use super::messages::{ClientMessage, Close, complete, head};
use super::operations::{Operations, Outcome};
use crate::domain::user::Viewer;
use crate::feed::Frame;
use crate::graphql::engine;
use crate::http::{Edge, credentials, expiry};

/// How long a client may take to say who it is.
const INIT_WAIT: Duration = Duration::from_secs(10);
/// How often a silent socket is asked whether it is there.
const PING_EVERY: Duration = Duration::from_secs(25);
/// How long a socket may stay silent, or not read what it is sent.
const SILENCE_MAX: Duration = Duration::from_secs(60);
/// How long a client may take for what it is sent.
const WRITE_WAIT: Duration = Duration::from_secs(30);
/// Operations of one socket at a time.
const OPERATIONS_MAX: usize = 32;
/// Bytes of an operation's id.
const ID_MAX: usize = 128;

/// Serves a socket until either side ends it.
pub async fn serve(edge: Edge, from: IpAddr, socket: WebSocket, viewer: Viewer) {
    let (sink, mut messages) = socket.split();
    let mut session = Session {
        ends: expiry(&edge, &viewer),
        edge,
        from,
        sink,
        viewer,
        acknowledged: false,
        operations: Operations::default(),
        heard: Instant::now(),
    };
    let opened = Instant::now();
    let mut ping = opened + PING_EVERY;
    let close = loop {
        let deadline = if session.acknowledged { ping } else { opened + INIT_WAIT };
        let step = tokio::select! {
            message = messages.next() => match message {
                Some(Ok(message)) => session.hear(message).await,
                // Gone: nobody is left to be told anything.
                Some(Err(_)) | None => return,
            },
            (id, head, outcome) = session.operations.next() => session.tell(&id, &head, outcome).await,
            () = session.edge.stopping.cancelled() => Err(Close::Restart),
            () = sleep_until(session.ends.unwrap_or(deadline)), if session.ends.is_some() => Err(Close::Expired),
            () = sleep_until(deadline) => {
                ping = Instant::now() + PING_EVERY;
                session.check().await
            }
        };
        if let Err(close) = step {
            break close;
        }
    };
    let farewell = async {
        session.sink.send(close.frame()).await?;
        session.sink.close().await
    };
    // A client that does not take its leave is left.
    let _ = timeout(Duration::from_secs(1), farewell).await;
}

struct Session {
    edge: Edge,
    from: IpAddr,
    sink: SplitSink<WebSocket, Message>,
    viewer: Viewer,
    ends: Option<Instant>,
    acknowledged: bool,
    operations: Operations,
    heard: Instant,
}

impl Session {
    async fn hear(&mut self, message: Message) -> Result<(), Close> {
        self.heard = Instant::now();
        match message {
            Message::Text(text) => {
                let message = serde_json::from_str(&text)
                    .map_err(|_| Close::BadMessage("Not a message of graphql-transport-ws"))?;
                self.react(message).await
            }
            Message::Binary(_) => Err(Close::BadMessage("Messages are text")),
            // The library answers pings and closes by itself.
            Message::Ping(_) | Message::Pong(_) | Message::Close(_) => Ok(()),
        }
    }

    async fn react(&mut self, message: ClientMessage) -> Result<(), Close> {
        match message {
            ClientMessage::ConnectionInit { payload } => {
                if self.acknowledged {
                    return Err(Close::InitTwice);
                }
                let authorization =
                    payload.iter().flatten().find(|(name, _)| name.eq_ignore_ascii_case("authorization"));
                if let Some((_, value)) = authorization {
                    let value = value.as_str().unwrap_or_default();
                    self.viewer = credentials::bearer(value, &self.edge.tokens)
                        .map_err(|bad| Close::Forbidden(bad.to_string()))?;
                    self.ends = expiry(&self.edge, &self.viewer);
                }
                self.acknowledged = true;
                self.send(Message::text(r#"{"type":"connection_ack"}"#)).await
            }
            ClientMessage::Ping => self.send(Message::text(r#"{"type":"pong"}"#)).await,
            ClientMessage::Pong => Ok(()),
            ClientMessage::Subscribe { id, payload } => {
                if !self.acknowledged {
                    return Err(Close::Unauthorized);
                }
                if id.is_empty() || id.len() > ID_MAX {
                    return Err(Close::BadMessage("An id has 1 to 128 bytes"));
                }
                if self.operations.contains(&id) {
                    return Err(Close::DuplicateId);
                }
                if self.operations.len() >= OPERATIONS_MAX {
                    return Err(Close::TooManyOperations);
                }
                let asked = payload.asked(self.from);
                self.operations.start(id, asked, self.edge.engine.clone(), self.viewer.clone());
                Ok(())
            }
            ClientMessage::Complete { id } => {
                self.operations.stop(&id);
                Ok(())
            }
        }
    }

    /// Sends what an operation gave, and what others have ready by now, in one write.
    async fn tell(&mut self, id: &str, head: &str, outcome: Outcome) -> Result<(), Close> {
        self.feed(id, head, outcome).await?;
        while let Some((id, head, outcome)) = self.operations.ready() {
            self.feed(&id, &head, outcome).await?;
        }
        self.in_time(async |sink| sink.flush().await).await
    }

    async fn feed(&mut self, id: &str, next: &str, outcome: Outcome) -> Result<(), Close> {
        match outcome {
            Outcome::Frames(frames) => {
                for frame in &frames {
                    let message = message(next, frame);
                    self.in_time(async |sink| sink.feed(message).await).await?;
                }
                Ok(())
            }
            Outcome::Refused(response) => {
                let errors = engine::errors(&response);
                let message = Message::text(format!("{}{errors}}}", head("error", id)));
                self.in_time(async |sink| sink.feed(message).await).await
            }
            Outcome::Over => {
                let message = complete(id);
                self.in_time(async |sink| sink.feed(message).await).await
            }
        }
    }

    /// The time for a sign of life, or for the first word, is over.
    async fn check(&mut self) -> Result<(), Close> {
        if !self.acknowledged {
            return Err(Close::InitTimeout);
        }
        if self.heard.elapsed() > SILENCE_MAX {
            return Err(Close::Silent);
        }
        self.send(Message::Ping(Bytes::new())).await
    }

    async fn send(&mut self, message: Message) -> Result<(), Close> {
        self.in_time(async |sink| sink.send(message).await).await
    }

    async fn in_time(
        &mut self,
        write: impl AsyncFnOnce(&mut SplitSink<WebSocket, Message>) -> Result<(), axum::Error>,
    ) -> Result<(), Close> {
        match timeout(WRITE_WAIT, write(&mut self.sink)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) | Err(_) => Err(Close::Silent),
        }
    }
}

/// The shared payload with this operation's id before it.
fn message(head: &str, frame: &Frame) -> Message {
    let mut text = Vec::with_capacity(head.len() + frame.payload.len() + 1);
    text.extend_from_slice(head.as_bytes());
    text.extend_from_slice(&frame.payload);
    text.push(b'}');
    // JSON that serde wrote is UTF-8.
    Message::Text(String::from_utf8(text).unwrap_or_default().into())
}
