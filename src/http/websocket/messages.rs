//! The messages of `graphql-transport-ws`, and the codes that a socket closes with.
//! Source: PROTOCOL.md of the npm package `graphql-ws`.

use serde::Deserialize;

use crate::auth::{End, Refused};
use crate::http::message::Message;

/// What a client says.
#[derive(Debug, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ClientMessage {
    /// Here I am.
    ConnectionInit {
        /// May hold credentials.
        payload: Option<serde_json::Map<String, serde_json::Value>>,
    },
    /// Are you there?
    Ping,
    /// I am here.
    Pong,
    /// Run this.
    Subscribe {
        /// The client's name for it.
        id: String,
        /// What.
        payload: Message,
    },
    /// No more of this.
    Complete {
        /// The client's name for it.
        id: String,
    },
}

/// Why a socket is closed. Codes from 4400 on mean: don't come back like this. 1012, 1013 and 4408 mean: do.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Close {
    /// The client took its leave first, with this code.
    Taken(Option<u16>),
    /// A breach of WebSocket itself.
    Protocol(&'static str),
    /// Text that is not UTF-8.
    NotText,
    /// A message larger than this many bytes, which are the most.
    TooLarge(usize),
    /// A message that is not of the protocol.
    BadMessage(&'static str),
    /// A request before `connection_ack`.
    Unauthorized,
    /// Credentials that are not good.
    Forbidden(String),
    /// The token's time is over: come back with a new one.
    Expired,
    /// Signed out, or the account is gone.
    SessionEnded,
    /// The person has another role now: come back, and begin anew.
    RoleChanged,
    /// Credentials can't be checked at present: come back.
    Unavailable,
    /// No `connection_init` in time.
    InitTimeout,
    /// A message that was begun and did not come whole in time.
    Late,
    /// An id that is in use.
    DuplicateId(String),
    /// More than one `connection_init`.
    InitTwice,
    /// There is no room for what it sends: come back.
    Overloaded,
    /// More sockets than an address, or a person, may have.
    TooManySockets,
    /// More was refused than an address may send.
    TooFast,
    /// The node is stopping.
    Restart,
    /// The client does not answer, or does not read.
    Silent,
}

impl From<End> for Close {
    fn from(end: End) -> Self {
        match end {
            End::Expired => Self::Expired,
            End::Ended => Self::SessionEnded,
            End::RoleChanged => Self::RoleChanged,
        }
    }
}

impl From<Refused> for Close {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Unavailable | Refused::Fault(_) => Self::Unavailable,
            refused => Self::Forbidden(refused.to_string()),
        }
    }
}

impl Close {
    const fn code(&self) -> u16 {
        match self {
            Self::Taken(Some(code)) => *code,
            Self::Taken(None) => 1000,
            Self::Protocol(_) => 1002,
            Self::NotText => 1007,
            Self::TooLarge(_) => 1009,
            Self::BadMessage(_) => 4400,
            Self::Unauthorized => 4401,
            Self::Forbidden(_) | Self::Expired | Self::SessionEnded | Self::RoleChanged => 4403,
            Self::InitTimeout | Self::Silent | Self::Late => 4408,
            Self::DuplicateId(_) => 4409,
            Self::InitTwice | Self::TooManySockets | Self::TooFast => 4429,
            Self::Restart => 1012,
            Self::Unavailable | Self::Overloaded => 1013,
        }
    }

    /// The payload of the frame that says so. A reason has at most 123 bytes (RFC 6455, section 5.5).
    pub fn payload(&self) -> Vec<u8> {
        let (too_large, duplicate);
        let reason = match self {
            Self::Protocol(what) | Self::BadMessage(what) => what,
            Self::Taken(_) => "",
            Self::NotText => "Text is UTF-8",
            Self::TooLarge(most) => {
                too_large = format!("A message has at most {most} bytes");
                &too_large
            }
            Self::Unauthorized => "Unauthorized",
            Self::Forbidden(why) => why.as_str(),
            Self::Expired => "Token expired",
            Self::SessionEnded => "Session ended: sign in again",
            Self::RoleChanged => "Role changed: connect again",
            Self::Unavailable => "Credentials can't be checked at present: come back",
            Self::Overloaded => "Too much is sent at the moment: come back",
            Self::InitTimeout => "Connection initialisation timeout",
            Self::Late => "A message did not come whole in time",
            Self::DuplicateId(id) => {
                duplicate = format!("Subscriber for {id} already exists");
                &duplicate
            }
            Self::InitTwice => "Too many initialisation requests",
            Self::TooManySockets => "Too many sockets: close others first",
            Self::TooFast => "That was a lot at once: wait, then try again",
            Self::Restart => "Service restart: come back",
            Self::Silent => "No answer in time",
        };
        let mut payload = self.code().to_be_bytes().to_vec();
        let whole =
            reason.char_indices().map(|(at, c)| at + c.len_utf8()).take_while(|end| *end <= 123).last();
        payload.extend_from_slice(&reason.as_bytes()[..whole.unwrap_or(0)]);
        payload
    }
}

/// The beginning of every `next` or `error` message of one operation: the payload and `}` follow.
pub fn head(kind: &str, id: &str) -> String {
    // An id is the client's: quoted as JSON quotes.
    let id = serde_json::Value::from(id);
    format!(r#"{{"id":{id},"type":"{kind}","payload":"#)
}

/// `complete` of one operation.
pub fn complete(id: &str) -> String {
    let id = serde_json::Value::from(id);
    format!(r#"{{"id":{id},"type":"complete"}}"#)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_cannot_break_out_of_its_message() {
        assert_eq!(head("next", "a\"b"), r#"{"id":"a\"b","type":"next","payload":"#);
    }

    #[test]
    fn messages_of_the_protocol_are_read_and_others_are_not() {
        let read = |text: &str| serde_json::from_str::<ClientMessage>(text).is_ok();
        assert!(read(r#"{"type":"connection_init"}"#));
        assert!(read(r#"{"type":"ping","payload":{"a":1}}"#));
        assert!(read(r#"{"type":"subscribe","id":"1","payload":{"query":"{a}","extensions":{}}}"#));
        assert!(!read(r#"{"type":"subscribe","payload":{"query":"{a}"}}"#));
        assert!(!read(r#"{"type":"connection_ack"}"#));
        assert!(!read("[]"));
    }
}
