//! Who makes things happen: one connection that posts and waits for the answer.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpStream};

use serde_json::{Value, json};

/// What to post.
#[derive(Clone)]
pub enum Post {
    /// A comment under an article that shows comments at once.
    Comment { token: String, article: String, query: String },
    /// Pending comments that a moderator approves, a batch of ids and revisions at a time.
    Approvals { token: String, query: &'static str, batches: Vec<Vec<Value>> },
    /// Whatever the server takes for the next event: the stock server makes one up, the raw one sends these bytes.
    Bytes(Vec<u8>),
}

/// See the module.
pub struct Publisher {
    stream: TcpStream,
    post: Post,
    name: usize,
    number: u64,
    answer: Vec<u8>,
}

impl Publisher {
    /// `name` tells several of them apart.
    pub fn connect(port: u16, post: Post, name: usize) -> Self {
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).expect("the server accepts");
        stream.set_nodelay(true).expect("TCP_NODELAY can be set");
        Self { stream, post, name, number: 0, answer: Vec::new() }
    }

    /// Posts what makes the next event, or the next events, and waits until it is acknowledged.
    pub fn publish(&mut self) {
        match self.post.clone() {
            Post::Comment { token, article, query } => {
                self.comment(&token, &article, &query);
            }
            Post::Approvals { token, query, batches } => {
                self.number += 1;
                let items = &batches[usize::try_from(self.number - 1).unwrap_or(usize::MAX)];
                let variables = json!({ "input": { "items": items, "to": "APPROVED" } });
                let answer = self.ask(&token, query, &variables);
                let results = answer.pointer("/data/commentsModerate/results").and_then(Value::as_array);
                let done = results.is_some_and(|results| {
                    results.iter().all(|result| result["userErrors"] == json!([]) && result["id"].is_string())
                });
                assert!(done, "not all are approved: {answer}");
            }
            Post::Bytes(bytes) => _ = self.exchange("/publish", "", &bytes),
        }
    }

    /// Posts a comment; answers it.
    pub fn comment(&mut self, token: &str, article: &str, query: &str) -> Value {
        let words = format!(
            "Comment {} of writer {}: the harbour lights went out one after the other, and nobody on \
             the night ferry said a word until the far side was in sight. *Then* everybody did.",
            self.number, self.name
        );
        self.number += 1;
        let answer = self.ask(token, query, &json!({ "input": { "articleId": article, "body": words } }));
        let taken = answer.pointer("/data/commentSubmit/userErrors") == Some(&json!([]));
        assert!(taken, "the comment is refused: {answer}");
        answer["data"]["commentSubmit"]["comment"].clone()
    }

    /// A GraphQL request.
    pub fn ask(&mut self, token: &str, query: &str, variables: &Value) -> Value {
        let body = json!({ "query": query, "variables": variables }).to_string().into_bytes();
        let answer = self.exchange("/graphql", &format!("Authorization: Bearer {token}\r\n"), &body);
        let answer: Value = serde_json::from_slice(answer).expect("an answer in JSON");
        assert!(answer.get("errors").is_none(), "the request is refused: {answer}");
        answer
    }

    fn exchange(&mut self, path: &str, authorization: &str, body: &[u8]) -> &[u8] {
        let mut request = format!(
            "POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
             Accept: application/json\r\n{authorization}Content-Length: {}\r\n\r\n",
            body.len()
        )
        .into_bytes();
        request.extend_from_slice(body);
        self.stream.write_all(&request).expect("the server reads");
        self.answer.clear();
        let mut buffer = [0; 8 * 1024];
        loop {
            let read = self.stream.read(&mut buffer).expect("the server answers");
            assert!(read > 0, "the server hangs up");
            self.answer.extend_from_slice(&buffer[..read]);
            let Some(head) = memchr::memmem::find(&self.answer, b"\r\n\r\n") else { continue };
            let text = String::from_utf8_lossy(&self.answer[..head]).to_ascii_lowercase();
            let length = text.lines().find_map(|line| line.strip_prefix("content-length:"));
            let length: usize =
                length.and_then(|text| text.trim().parse().ok()).expect("an answer of known length");
            if self.answer.len() >= head + 4 + length {
                assert!(text.starts_with("http/1.1 200"), "the server refuses: {text}");
                return &self.answer[head + 4..head + 4 + length];
            }
        }
    }
}
