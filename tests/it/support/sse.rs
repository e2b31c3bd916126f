//! A client for server-sent events: the distinct connections mode of GraphQL over SSE.
//! The formats: <https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream> and
//! <https://github.com/enisdenjo/graphql-sse/blob/master/PROTOCOL.md>.

use std::collections::VecDeque;

use reqwest::{Method, Response, header};

use super::{
    client::{Actor, chain},
    operations::Operation,
    wait,
};

/// One response that goes on. It reads only when asked: a stream that a test leaves alone is a reader that stopped reading.
pub struct EventStream {
    response: Response,
    parser: Parser,
    pub(super) raw: Vec<String>,
    heartbeats: u64,
    last_id: Option<String>,
}

/// What the server sent, or how the stream ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Item {
    Event {
        event: String,
        data: String,
        id: Option<String>,
    },
    /// A line that starts with a colon: a heartbeat.
    Comment(String),
    /// The server finished the response.
    End,
    /// The connection broke.
    Cut(String),
}

impl EventStream {
    /// Posts `operation` and asks for a stream. `Err` says what came instead: nobody listens, or the status and its body.
    pub async fn open(actor: &Actor, operation: &Operation, last_id: Option<&str>) -> Result<Self, String> {
        let mut request =
            actor.request(Method::POST).json(operation).header(header::ACCEPT, "text/event-stream");
        if let Some(id) = last_id {
            request = request.header("Last-Event-ID", id);
        }
        let limit = wait::deadline();
        let response = tokio::time::timeout(limit, request.send())
            .await
            .map_err(|_| format!("no answer within {limit:?}"))?
            .map_err(|error| chain(&error))?;
        let kind =
            response.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or("");
        if response.status() != 200 || !kind.starts_with("text/event-stream") {
            let (status, kind) = (response.status(), kind.to_owned());
            let body = tokio::time::timeout(limit, response.text()).await;
            let body = body.ok().and_then(Result::ok).unwrap_or_else(|| "(unreadable)".to_owned());
            return Err(format!("{status} {kind} {body}"));
        }
        let last_id = last_id.map(str::to_owned);
        Ok(Self { response, parser: Parser::default(), raw: Vec::new(), heartbeats: 0, last_id })
    }

    /// The next event, comment or end; `None` when the deadline passes without one.
    pub async fn item(&mut self) -> Option<Item> {
        tokio::time::timeout(wait::deadline(), self.read()).await.ok()
    }

    /// Comments so far: by them a server shows that a silent stream is alive.
    pub fn heartbeats(&self) -> u64 {
        self.heartbeats
    }

    /// The `id:` line that came last, as a browser would send it back.
    pub fn last_id(&self) -> Option<&str> {
        self.last_id.as_deref()
    }

    /// The data of every event so far, as it came.
    pub fn raw(&self) -> &[String] {
        &self.raw
    }

    pub fn headers(&self) -> &header::HeaderMap {
        self.response.headers()
    }

    async fn read(&mut self) -> Item {
        loop {
            if let Some(item) = self.parser.next() {
                match &item {
                    Item::Event { data, id, .. } => {
                        self.raw.push(data.clone());
                        if let Some(id) = id {
                            self.last_id = Some(id.clone());
                        }
                    }
                    Item::Comment(_) => self.heartbeats += 1,
                    Item::End | Item::Cut(_) => {}
                }
                return item;
            }
            match self.response.chunk().await {
                Ok(Some(bytes)) => self.parser.feed(&bytes),
                // An unfinished event is dropped, as the specification says: it comes again after a resume.
                Ok(None) => return Item::End,
                Err(error) => return Item::Cut(chain(&error)),
            }
        }
    }
}

/// Turns bytes, cut anywhere, into events and comments.
#[derive(Default)]
pub struct Parser {
    /// What follows the last complete line.
    rest: Vec<u8>,
    /// The last line ended in CR: an LF that follows belongs to it.
    after_return: bool,
    event: String,
    data: Option<String>,
    id: Option<String>,
    ready: VecDeque<Item>,
}

impl Parser {
    pub fn feed(&mut self, bytes: &[u8]) {
        for byte in bytes {
            match byte {
                b'\n' if self.after_return => self.after_return = false,
                b'\n' | b'\r' => {
                    self.after_return = *byte == b'\r';
                    let line = std::mem::take(&mut self.rest);
                    self.line(&String::from_utf8_lossy(&line));
                }
                _ => {
                    self.after_return = false;
                    self.rest.push(*byte);
                }
            }
        }
    }

    pub fn next(&mut self) -> Option<Item> {
        self.ready.pop_front()
    }

    fn line(&mut self, line: &str) {
        if line.is_empty() {
            return self.dispatch();
        }
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "" => self.ready.push_back(Item::Comment(value.to_owned())),
            "event" => self.event = value.to_owned(),
            "id" => self.id = Some(value.to_owned()),
            "data" => match &mut self.data {
                Some(data) => {
                    data.push('\n');
                    data.push_str(value);
                }
                None => self.data = Some(value.to_owned()),
            },
            // `retry` and what is not defined: for browsers, or for nobody.
            _ => {}
        }
    }

    fn dispatch(&mut self) {
        let (event, data, id) = (std::mem::take(&mut self.event), self.data.take(), self.id.take());
        // Without data there is no event, by the specification; `complete` of GraphQL over SSE comes with an empty one.
        if let Some(data) = data {
            self.ready.push_back(Item::Event { event, data, id });
        }
    }
}
