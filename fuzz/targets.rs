//! What must hold for any input, whatever it is. Shared by the fuzzers and by the test over the corpus.

use async_graphql::{ID, Variables};
use talkback::domain::cursor::FeedCursor;
use talkback::domain::event::LogId;
use talkback::domain::markdown::{Trust, to_html};
use talkback::graphql::GlobalId;
use talkback::graphql::guard::{Limits, admit};
use talkback::http::message::{Message, read_json};
use talkback::http::websocket::frame::{Head, Opcode, put};
use talkback::http::websocket::messages::ClientMessage;

/// The guard comes to a verdict, and what it lets through is within its limits. After a NUL come variables, in JSON.
pub fn guard(data: &[u8]) {
    let (query, variables) = match data.iter().position(|byte| *byte == 0) {
        Some(at) => (&data[..at], &data[at + 1..]),
        None => (data, &b"{}"[..]),
    };
    let Ok(query) = std::str::from_utf8(query) else { return };
    let variables = serde_json::from_slice(variables).map(Variables::from_json).unwrap_or_default();
    let limits = Limits::default();
    if let Ok(admitted) = admit(query, None, &variables, &limits) {
        assert!(
            admitted.cost <= limits.cost
                && admitted.depth <= limits.depth
                && admitted.fields <= limits.fields
        );
    }
}

/// An id or a cursor that is understood is written the same way again.
pub fn names(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Ok(id) = GlobalId::decode(&ID::from(text)) {
        assert_eq!(*id.encode(), *text);
    }
    if let Ok(cursor) = FeedCursor::decode(text, LogId::Queues) {
        assert_eq!(
            FeedCursor::decode(&cursor.encode(), LogId::Queues).ok().map(|again| again.encode()),
            Some(cursor.encode())
        );
    }
}

/// A frame takes no more than there is, and ours are read as they were written. What is text is a message or none.
pub fn socket(data: &[u8]) {
    const MAX: usize = 256 * 1024;
    let mut rest = data;
    while let Ok(Some(head)) = Head::read(rest, 0, MAX) {
        assert!(head.payload <= MAX && head.bytes <= rest.len());
        let Some(payload) = rest.get(head.bytes..head.bytes + head.payload) else { break };
        let mut payload = payload.to_vec();
        head.unmask(&mut payload);
        if let Ok(text) = std::str::from_utf8(&payload) {
            let _ = read_json::<ClientMessage>(text.as_bytes());
        }
        rest = &rest[head.bytes + head.payload..];
    }
    let _ = read_json::<ClientMessage>(data);
    let _ = read_json::<Message>(data);
    let mut ours = Vec::new();
    put(&mut ours, Opcode::Text, data);
    assert!(ours.ends_with(data) && ours.len() <= data.len() + 10);
}

/// HTML of Markdown runs nothing.
pub fn markdown(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    for trust in [Trust::Editor, Trust::Reader] {
        let html = to_html(text, trust).to_ascii_lowercase();
        for tag in
            ["<script", "<iframe", "<object", "<embed", "<style", "<form", "<svg", "<base", "<meta", "<link"]
        {
            assert!(!html.contains(tag), "{tag} in {html}");
        }
        for (at, _) in html.match_indices("href=\"") {
            let address = html[at + 6..].trim_start();
            assert!(!address.starts_with("javascript:") && !address.starts_with("data:"), "{html}");
        }
    }
}
