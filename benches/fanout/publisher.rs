//! Who makes things happen: one connection that posts and waits for the answer.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpStream};

use serde_json::{Value, json};

/// What to post.
#[derive(Clone)]
pub enum Post {
    /// A comment under an article that shows comments at once.
    Comment { token: String, article: String, query: String },
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

    /// Posts the next event and waits until it is acknowledged.
    pub fn publish(&mut self) {
        self.number += 1;
        let (path, authorization, body) = match &self.post {
            Post::Comment { token, article, query } => {
                let words = format!(
                    "Comment {} of writer {}: the harbour lights went out one after the other, and nobody on \
                     the night ferry said a word until the far side was in sight. *Then* everybody did.",
                    self.number, self.name
                );
                let variables = json!({ "input": { "articleId": article, "body": words } });
                let body = json!({ "query": query, "variables": variables }).to_string().into_bytes();
                ("/graphql", format!("Authorization: Bearer {token}\r\n"), body)
            }
            Post::Bytes(bytes) => ("/publish", String::new(), bytes.clone()),
        };
        let checked = matches!(self.post, Post::Comment { .. });
        let answer = self.exchange(path, &authorization, &body);
        if checked {
            let answer: Value = serde_json::from_slice(answer).expect("an answer in JSON");
            let refused = answer.get("errors").is_some()
                || answer.pointer("/data/commentSubmit/userErrors") != Some(&json!([]));
            assert!(!refused, "the comment is refused: {answer}");
        }
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
