//! How large an answer may be, and how much of what was answered may wait for clients to take it.
//!
//! A request costs points before it runs, but a point may be a name or five thousand characters. What comes of it is
//! measured here, when it is made: who asked for too much is told so, and of what is large there is only so much at a time.

use std::net::IpAddr;

use async_graphql::{PathSegment, Response, ServerError, Value};
use axum::body::Bytes;

use super::error::GraphError;
use crate::crowd::{Crowd, Place, most_of};
use crate::domain::address::network;
use crate::limits::{Limits, size};
use crate::metrics;

/// An answer up to here is always sent: pages are, as a rule, and the system's buffers take what a client does not.
const SMALL: usize = 64 * 1024;
/// Each is there twice: as it was made, and as it is sent.
const COPIES: usize = 2;
/// Of all the room, one address may take so much: one part of it.
const SHARE: usize = 4;
/// JSON around a value, about.
const AROUND: usize = 4;
/// Beside its message, an error has a code, a place in the text and a path.
const AROUND_AN_ERROR: usize = 160;

/// The answers that wait.
pub struct Answers {
    waiting: Crowd<IpAddr>,
    kib_max: usize,
}

/// The room that an answer takes, for as long as this lasts.
#[derive(Default)]
pub struct Held(Option<Place<IpAddr>>);

/// Bytes, and the room that they take.
struct Kept {
    bytes: Bytes,
    _held: Held,
}

impl AsRef<[u8]> for Kept {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Held {
    /// The bytes that the room is for: it is taken for as long as any of them lasts.
    #[must_use]
    pub fn keep(self, bytes: Bytes) -> Bytes {
        if self.0.is_none() {
            return bytes;
        }
        Bytes::from_owner(Kept { bytes, _held: self })
    }
}

impl Answers {
    /// None waits yet.
    #[must_use]
    pub fn new(limits: &Limits) -> Self {
        Self { waiting: Crowd::default(), kib_max: size(limits.answers_kib) }
    }

    /// Room for an answer to somebody at that address.
    ///
    /// # Errors
    /// `OVERLOADED`: as much is held as may be, or as one address may have.
    pub fn hold(&self, bytes: usize, from: IpAddr) -> Result<Held, GraphError> {
        if bytes <= SMALL {
            return Ok(Held::default());
        }
        let kib = bytes.saturating_mul(COPIES).div_ceil(1024);
        let each = most_of(from, self.kib_max / SHARE);
        let held = self.waiting.enter_as(kib, network(from), self.kib_max, each);
        held.map(|place| Held(Some(place))).map_err(|crowded| {
            metrics::all().turned_away("answer", crowded.name());
            GraphError::overloaded()
        })
    }

    /// KiB that are taken.
    #[must_use]
    pub fn kib(&self) -> usize {
        self.waiting.len()
    }
}

/// Bytes of a response as JSON, about. A field that is refused in every row of a list is told of as often.
pub fn bytes(response: &Response) -> usize {
    let errors = response.errors.iter().map(|error| AROUND_AN_ERROR + error.message.len());
    in_value(&response.data) + errors.sum::<usize>()
}

/// Bytes of a value as JSON, about: what has to be escaped is not counted, and numbers for what they take here.
fn in_value(value: &Value) -> usize {
    match value {
        Value::String(text) => text.len() + AROUND,
        Value::List(list) => list.iter().map(|value| in_value(value) + 1).sum::<usize>() + AROUND,
        Value::Object(object) => {
            object.iter().map(|(name, value)| name.len() + in_value(value) + AROUND).sum::<usize>() + AROUND
        }
        Value::Binary(binary) => binary.len() * AROUND,
        Value::Null | Value::Number(_) | Value::Boolean(_) | Value::Enum(_) => 2 * AROUND,
    }
}

/// A response that is no larger than it may be, or what is told instead.
pub fn bounded(response: Response, most: usize) -> Response {
    if bytes(&response) <= most {
        return response;
    }
    Response::from_errors(vec![too_large(most).into_server_error()])
}

/// What is told instead of an answer that is larger than it may be.
pub fn too_large(most: usize) -> GraphError {
    let message = format!("The answer is larger than {} KiB: ask for fewer at a time.", most / 1024);
    GraphError::new("ANSWER_TOO_LARGE", message)
}

/// What is told instead of the answer to a mutation that can't be sent: what was asked for was done, and nobody should do it
/// again. Its path says that it ran.
pub fn unsent(response: &Response, why: &str) -> Response {
    let field = match &response.data {
        Value::Object(fields) => fields.keys().next().map(ToString::to_string),
        _ => None,
    };
    let message = format!("What you asked for was done. {why} Read what came of it by a query.");
    let mut error: ServerError = GraphError::new("ANSWER_NOT_SENT", message).into_server_error();
    error.path = field.map(PathSegment::Field).into_iter().collect();
    Response::from_errors(vec![error])
}

#[cfg(test)]
mod tests {
    use async_graphql::value;

    use super::*;

    const KIB: usize = 1024;

    fn address(last: u8) -> IpAddr {
        IpAddr::from([203, 0, 113, last])
    }

    #[test]
    fn there_is_so_much_room_and_an_address_has_its_share() {
        let answers = Answers::new(&Limits { answers_kib: 1_000, ..Limits::default() });
        let first = answers.hold(100 * KIB, address(1)).expect("there is room");
        assert!(answers.hold(100 * KIB, address(1)).is_err(), "a quarter for each");
        assert!(answers.hold(SMALL, address(1)).is_ok(), "what is small is always sent");
        let others: Vec<_> = (2..=5).map(|last| answers.hold(100 * KIB, address(last)).ok()).collect();
        assert!(others.iter().all(Option::is_some));
        assert!(answers.hold(100 * KIB, address(6)).is_err(), "five of them is all");
        let bytes = first.keep(Bytes::from_static(b"words"));
        let some = bytes.slice(..2);
        drop(bytes);
        assert!(answers.hold(100 * KIB, address(6)).is_err(), "some of it still waits");
        drop(some);
        assert!(answers.hold(100 * KIB, address(6)).is_ok());
    }

    #[test]
    fn a_value_is_about_as_large_as_its_json() {
        let body = "five thousand characters ".repeat(200);
        let value = value!({ "comments": { "nodes": [{ "body": body.clone(), "id": 1 }, { "body": body, "id": 2 }] } });
        let json = serde_json::to_vec(&value).expect("it is JSON").len();
        let about = bytes(&Response::new(value));
        assert!(about.abs_diff(json) < json / 50, "{about} for {json}");
    }
}
