//! What a client is told whose request has no head that can be read.
//!
//! hyper answers those by itself, with a status and nothing else, before any handler of ours. Its few bytes are known by
//! heart and given in our words instead: JSON with a code, as for everything else that is wrong with a request.

use std::io::ErrorKind;
use std::time::Duration;

use http::StatusCode;

use crate::clock::Clock;
use crate::graphql::GraphError;
use crate::graphql::engine::{refused, to_json};
use crate::http::line::Line;
use crate::metrics;
use crate::trace::Trace;

/// How long a client may go on sending once it was told.
const WAIT: Duration = Duration::from_secs(1);
/// Every head of ours has it, and none of hyper's.
const REQUEST_ID: &[u8] = b"x-request-id:";

/// The answer instead of what hyper writes where no answer of ours is under way, if that is one of its own.
pub fn instead_of(written: &[u8]) -> Option<Vec<u8>> {
    let (status, code, message) = match written.strip_prefix(b"HTTP/1.")?.get(2..6)? {
        b"400 " => (StatusCode::BAD_REQUEST, "BAD_REQUEST", "This is no HTTP/1.1 request."),
        b"414 " => {
            let message = "The address is too long: send the query in the body, by POST.";
            (StatusCode::URI_TOO_LONG, "ADDRESS_TOO_LONG", message)
        }
        b"431 " => {
            let message = "The head of the request is too long, or has too many headers.";
            (StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, "HEADERS_TOO_LARGE", message)
        }
        _ => return None,
    };
    if written.windows(REQUEST_ID.len()).any(|window| window.eq_ignore_ascii_case(REQUEST_ID)) {
        return None;
    }
    metrics::all().answered(status);
    Some(last_words(status, "", GraphError::new(code, message)))
}

/// An answer in full, after which the connection ends. `headers`: whole lines.
pub fn last_words(status: StatusCode, headers: &str, error: GraphError) -> Vec<u8> {
    let body = to_json(&refused(error));
    // RFC 9110, sections 5.6.7 and 6.6.1.
    let (date, id) = (Clock::system().now().format("%a, %d %b %Y %H:%M:%S GMT"), Trace::fresh());
    let head = format!(
        "HTTP/1.1 {status}\r\ndate: {date}\r\nx-request-id: {id}\r\n\
         content-type: application/json; charset=utf-8\r\nx-content-type-options: nosniff\r\n\
         cache-control: no-store\r\n{headers}content-length: {}\r\nconnection: close\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), &body].concat()
}

/// Waits until a client that was told has read it: what is closed with something unread is reset, and the answer lost
/// with it.
pub async fn linger(line: &Line) {
    let reading = async {
        let mut buffer = [0; 1024];
        while std::future::poll_fn(|cx| line.poll_readable(cx)).await.is_ok() {
            match line.read(&mut buffer) {
                Ok(0) => return,
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(_) => return,
            }
        }
    };
    // Whoever does not stop is cut off.
    let _ = tokio::time::timeout(WAIT, reading).await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_hyper_says_by_itself_is_said_in_json_and_nothing_else_is() {
        let told =
            |written: &str| instead_of(written.as_bytes()).map(|told| String::from_utf8(told).expect("text"));
        let hypers =
            "HTTP/1.1 431 Request Header Fields Too Large\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";
        let answer = told(hypers).expect("it is hyper's");
        let (head, body) = answer.split_once("\r\n\r\n").expect("it has a head");
        assert!(head.starts_with("HTTP/1.1 431 Request Header Fields Too Large\r\n"), "{head}");
        assert!(head.contains(&format!("content-length: {}\r\n", body.len())), "{head}");
        let body: serde_json::Value = serde_json::from_str(body).expect("JSON");
        assert_eq!(body["errors"][0]["extensions"]["code"], "HEADERS_TOO_LARGE");
        for other in [
            "HTTP/1.1 400 Bad Request\r\nX-Request-Id: 1\r\ncontent-length: 2\r\n\r\n{}",
            "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n",
            "HTTP/1.1 4",
            "{\"data\":null}",
        ] {
            assert_eq!(told(other), None, "{other}");
        }
    }
}
