//! A WebSocket client for `graphql-transport-ws`, close enough to the wire to see each frame.
//! The protocol: <https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md>.

use std::collections::VecDeque;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::{
    WebSocketStream, client_async,
    tungstenite::{Message, client::IntoClientRequest, http::HeaderValue},
};

use super::{client::chain, operations::Operation, wait};

/// One connection. It reads only when asked for a frame: a socket that a test leaves alone is a reader that stopped reading.
pub struct Socket {
    stream: WebSocketStream<TcpStream>,
    pub(super) raw: Vec<String>,
    /// Frames that arrived while something else was awaited.
    early: VecDeque<Frame>,
    /// Whether `ping` messages are answered at once, as a client must. A test may switch to playing dead.
    pub answers_pings: bool,
}

/// What the server sent, or how the connection ended.
#[derive(Clone, Debug, PartialEq)]
pub enum Frame {
    Ack(Value),
    Next {
        id: String,
        payload: Value,
    },
    Error {
        id: String,
        errors: Value,
    },
    Complete {
        id: String,
    },
    Ping(Value),
    Pong(Value),
    /// Closed with a code that says why, or without one.
    Closed {
        code: Option<u16>,
        reason: String,
    },
    /// The connection broke.
    Cut(String),
    /// Nothing the protocol knows.
    Odd(String),
}

impl Socket {
    /// Connects to `/graphql` of a node. `Err` says who refused: nobody listens, or the status of the answer.
    pub async fn open(base: &str) -> Result<Self, String> {
        Self::open_as(base, Some("graphql-transport-ws")).await
    }

    /// [`open`](Self::open) for somebody at `address`, as a proxy says that it is.
    pub async fn open_from(base: &str, address: &str) -> Result<Self, String> {
        Self::open_with(
            base,
            &[("Sec-WebSocket-Protocol", "graphql-transport-ws"), ("X-Forwarded-For", address)],
        )
        .await
    }

    /// [`open`](Self::open) with another subprotocol, or none.
    pub async fn open_as(base: &str, subprotocol: Option<&str>) -> Result<Self, String> {
        let headers: Vec<_> = subprotocol.into_iter().map(|name| ("Sec-WebSocket-Protocol", name)).collect();
        Self::open_with(base, &headers).await
    }

    async fn open_with(base: &str, headers: &[(&'static str, &str)]) -> Result<Self, String> {
        let address = base.strip_prefix("http://").expect("the tests speak plain http");
        let mut request = format!("ws://{address}/graphql").into_client_request().expect("a valid URL");
        for (name, value) in headers {
            request.headers_mut().insert(*name, HeaderValue::from_str(value).expect("a valid header"));
        }
        let connecting = async {
            let tcp = TcpStream::connect(address).await.map_err(|error| chain(&error))?;
            let _ = tcp.set_nodelay(true);
            client_async(request, tcp).await.map_err(|error| chain(&error))
        };
        let limit = wait::deadline();
        let (stream, _) = tokio::time::timeout(limit, connecting)
            .await
            .map_err(|_| format!("no WebSocket within {limit:?}"))??;
        Ok(Self { stream, raw: Vec::new(), early: VecDeque::new(), answers_pings: true })
    }

    /// Says who we are and waits for the acknowledgement. `Err` is what came instead.
    pub async fn init(&mut self, token: Option<&str>) -> Result<Value, Frame> {
        let message = match token {
            Some(token) => json!({
                "type": "connection_init",
                "payload": { "Authorization": format!("Bearer {token}") },
            }),
            None => json!({ "type": "connection_init" }),
        };
        self.send(&message).await;
        match self.frame().await {
            Some(Frame::Ack(payload)) => Ok(payload),
            Some(other) => Err(other),
            None => Err(Frame::Cut(format!("no acknowledgement within {:?}", wait::deadline()))),
        }
    }

    pub async fn subscribe(&mut self, id: &str, operation: &Operation) {
        self.send(&json!({ "type": "subscribe", "id": id, "payload": operation })).await;
    }

    /// Ends one subscription from our side.
    pub async fn complete(&mut self, id: &str) {
        self.send(&json!({ "type": "complete", "id": id })).await;
    }

    /// Sends a message. A broken connection shows at the next frame.
    pub async fn send(&mut self, message: &Value) {
        self.send_text(message.to_string()).await;
    }

    /// Sends what may be no message at all.
    pub async fn send_text(&mut self, text: impl Into<String>) {
        let sent = self.stream.send(Message::text(text.into()));
        // Waits when the server reads nothing; breaking is for `frame` to report.
        let _ = wait::soon("the server to take a WebSocket frame", sent).await;
    }

    /// The next frame; `None` when the deadline passes without one.
    pub async fn frame(&mut self) -> Option<Frame> {
        if let Some(frame) = self.early.pop_front() {
            return Some(frame);
        }
        tokio::time::timeout(wait::deadline(), self.read()).await.ok()
    }

    /// Asks for a sign of life and waits for it. Other frames keep their order for later.
    pub async fn ping(&mut self) {
        self.send(&json!({ "type": "ping" })).await;
        let pong = async {
            loop {
                match self.read().await {
                    Frame::Pong(_) => return,
                    ended @ (Frame::Closed { .. } | Frame::Cut(_)) => panic!("{ended:?} instead of a pong"),
                    frame => self.early.push_back(frame),
                }
            }
        };
        wait::soon("a pong", pong).await;
    }

    /// Closes politely and waits until the server has closed as well.
    pub async fn close(mut self) {
        let _ = self.stream.close(None).await;
        wait::soon("the server to close the WebSocket", async {
            while self.stream.next().await.is_some_and(|frame| frame.is_ok()) {}
        })
        .await;
    }

    /// Every text frame so far, as it came.
    pub fn raw(&self) -> &[String] {
        &self.raw
    }

    async fn read(&mut self) -> Frame {
        loop {
            let text = match self.stream.next().await {
                Some(Ok(Message::Text(text))) => text,
                Some(Ok(Message::Close(close))) => {
                    let (code, reason) = close.map(|c| (u16::from(c.code), c.reason.to_string())).unzip();
                    return Frame::Closed { code, reason: reason.unwrap_or_default() };
                }
                // Pings of the WebSocket itself: tungstenite answers them.
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => continue,
                Some(Ok(other)) => return Frame::Odd(format!("{other:?}")),
                Some(Err(error)) => return Frame::Cut(chain(&error)),
                None => return Frame::Cut("the connection ended".to_owned()),
            };
            self.raw.push(text.to_string());
            let frame = parse(&text);
            if matches!(frame, Frame::Ping(_)) && self.answers_pings {
                self.send(&json!({ "type": "pong" })).await;
                continue;
            }
            return frame;
        }
    }
}

fn parse(text: &str) -> Frame {
    let Ok(message) = serde_json::from_str::<Value>(text) else { return Frame::Odd(text.to_owned()) };
    let payload = || message.get("payload").cloned().unwrap_or_default();
    let id = || message.get("id").and_then(Value::as_str).unwrap_or_default().to_owned();
    match message.get("type").and_then(Value::as_str) {
        Some("connection_ack") => Frame::Ack(payload()),
        Some("next") => Frame::Next { id: id(), payload: payload() },
        Some("error") => Frame::Error { id: id(), errors: payload() },
        Some("complete") => Frame::Complete { id: id() },
        Some("ping") => Frame::Ping(payload()),
        Some("pong") => Frame::Pong(payload()),
        _ => Frame::Odd(text.to_owned()),
    }
}
