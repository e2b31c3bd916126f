//! The one connection that a follower has at a time.

use serde_json::Value;

use super::super::{
    client::Actor,
    operations::Operation,
    sse::{EventStream, Item},
    ws::{Frame, Socket},
};
use super::{Ending, Transport};

/// The subscription's id on the wire; a follower has one to a socket.
pub(super) const ID: &str = "1";

pub(super) enum Link {
    // Boxed: a socket is ten times as large as a stream.
    WebSocket(Box<Socket>),
    Sse(Box<EventStream>),
}

impl Link {
    /// Connects and subscribes, `after` a cursor if there is one.
    pub(super) async fn connect(
        transport: Transport,
        actor: &Actor,
        operation: &Operation,
        after: Option<&str>,
    ) -> Result<Self, Ending> {
        match transport {
            Transport::WebSocket => {
                let mut socket = Socket::open(&actor.base).await.map_err(Ending::Refused)?;
                match socket.init(actor.token.as_deref()).await {
                    Ok(_) => {}
                    Err(Frame::Closed { code, reason }) => return Err(Ending::Closed { code, reason }),
                    Err(other) => return Err(Ending::Cut(format!("{other:?} instead of connection_ack"))),
                }
                match after {
                    Some(cursor) => socket.subscribe(ID, &operation.clone().with("after", cursor)).await,
                    None => socket.subscribe(ID, operation).await,
                }
                Ok(Link::WebSocket(Box::new(socket)))
            }
            Transport::Sse => {
                let stream = EventStream::open(actor, operation, after).await.map_err(Ending::Refused)?;
                Ok(Link::Sse(Box::new(stream)))
            }
        }
    }

    /// The next payload. Without a deadline of its own.
    pub(super) async fn next(&mut self) -> Result<Value, Ending> {
        match self {
            Self::WebSocket(socket) => next_of_socket(socket).await,
            Self::Sse(stream) => next_of_stream(stream).await,
        }
    }

    pub(super) fn raw_mut(&mut self) -> &mut Vec<String> {
        match self {
            Self::WebSocket(socket) => &mut socket.raw,
            Self::Sse(stream) => &mut stream.raw,
        }
    }

    /// Every frame that came in on it, as it came.
    pub(super) fn raw(&self) -> &[String] {
        match self {
            Self::WebSocket(socket) => socket.raw(),
            Self::Sse(stream) => stream.raw(),
        }
    }
}

async fn next_of_socket(socket: &mut Socket) -> Result<Value, Ending> {
    loop {
        return match socket.frame().await {
            Some(Frame::Next { payload, .. }) => Ok(payload),
            Some(Frame::Error { errors, .. }) => Err(Ending::Failed(errors)),
            Some(Frame::Complete { .. }) => Err(Ending::Completed),
            Some(Frame::Closed { code, reason }) => Err(Ending::Closed { code, reason }),
            Some(Frame::Cut(reason)) => Err(Ending::Cut(reason)),
            Some(Frame::Ping(_) | Frame::Pong(_)) => continue,
            Some(odd @ (Frame::Ack(_) | Frame::Odd(_))) => panic!("{odd:?} has no place in a subscription"),
            None => Err(Ending::Silent),
        };
    }
}

async fn next_of_stream(stream: &mut EventStream) -> Result<Value, Ending> {
    loop {
        return match stream.item().await {
            Some(Item::Event { event, data, .. }) if event == "next" => match serde_json::from_str(&data) {
                Ok(payload) => Ok(payload),
                Err(error) => panic!("an event whose data is no JSON: {error}\n  {data}"),
            },
            Some(Item::Event { event, .. }) if event == "complete" => Err(Ending::Completed),
            Some(Item::Event { event, data, .. }) => panic!("an event of unknown kind {event:?}: {data}"),
            Some(Item::Comment(_)) => continue,
            Some(Item::End) => Err(Ending::Cut("the response ended without `complete`".to_owned())),
            Some(Item::Cut(reason)) => Err(Ending::Cut(reason)),
            None => Err(Ending::Silent),
        };
    }
}
