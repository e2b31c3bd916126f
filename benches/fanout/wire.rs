//! The least of both protocols that a reader needs: connect, subscribe, and tell events apart.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::sync::LazyLock;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use memchr::memmem::Finder;
use serde_json::{Value, json};

// Made once: at half a million events a second it is the readers who would be measured.
static NEXT_MESSAGE: LazyLock<Finder> = LazyLock::new(|| Finder::new(r#""type":"next""#));
static NEXT_EVENT: LazyLock<Finder> = LazyLock::new(|| Finder::new("event: next\n"));
static CURSOR: LazyLock<Finder> = LazyLock::new(|| Finder::new(r#""cursor":""#));

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Transport {
    WebSocket,
    Sse,
}

impl Transport {
    pub const fn name(self) -> &'static str {
        match self {
            Self::WebSocket => "WebSocket",
            Self::Sse => "SSE",
        }
    }
}

/// Connects and subscribes. That the subscription has begun, nothing tells.
pub fn subscribe(port: u16, transport: Transport, operation: &Value, id: usize) -> TcpStream {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).expect("the server accepts");
    stream.set_nodelay(true).expect("TCP_NODELAY can be set");
    match transport {
        Transport::WebSocket => {
            stream.write_all(
                b"GET /graphql HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
                  Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
                  Sec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n",
            )
            .expect("the server reads");
            expect_head(&mut stream, b"HTTP/1.1 101");
            let id = format!("reader-{id:06}");
            let mut messages = masked(0x1, br#"{"type":"connection_init"}"#);
            let subscribe = json!({ "type": "subscribe", "id": id, "payload": operation });
            messages.extend(masked(0x1, subscribe.to_string().as_bytes()));
            stream.write_all(&messages).expect("the server reads");
        }
        Transport::Sse => {
            let body = operation.to_string();
            let head = format!(
                "POST /graphql HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\
                 Content-Type: application/json\r\nContent-Length: {}\r\n\r\n",
                body.len()
            );
            stream.write_all((head + &body).as_bytes()).expect("the server reads");
            expect_head(&mut stream, b"HTTP/1.1 200");
        }
    }
    stream.set_nonblocking(true).expect("a socket can be made non-blocking");
    stream
}

/// Reads a response's head and not a byte more.
fn expect_head(stream: &mut TcpStream, begins: &[u8]) {
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte).expect("the server answers");
        head.push(byte[0]);
    }
    assert!(head.starts_with(begins), "the server refuses: {}", String::from_utf8_lossy(&head));
}

/// A client's frame. A mask of zeros is one too (RFC 6455, section 5.3, asks only that it can't be foretold).
pub fn masked(opcode: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![0x80 | opcode];
    match u16::try_from(payload.len()) {
        Ok(short @ 0..126) => frame.push(0x80 | u8::try_from(short).unwrap_or(0)),
        Ok(long) => {
            frame.push(0x80 | 126);
            frame.extend(long.to_be_bytes());
        }
        Err(_) => panic!("a request of under 64 KiB"),
    }
    frame.extend([0; 4]);
    frame.extend(payload);
    frame
}

/// What is in the bytes of a connection.
pub enum Piece<'a> {
    /// An event: all its bytes on the wire.
    Event(&'a [u8]),
    /// Several in one chunk.
    Events(usize, &'a [u8]),
    /// The server asks whether we are there.
    Ping,
    /// Something else of the protocol.
    Other,
    /// The server takes its leave.
    End,
}

/// The next piece and its length; `None` until all of it is there.
pub fn piece(transport: Transport, bytes: &[u8]) -> Option<(Piece<'_>, usize)> {
    match transport {
        Transport::WebSocket => frame(bytes),
        Transport::Sse => chunk(bytes),
    }
}

fn frame(bytes: &[u8]) -> Option<(Piece<'_>, usize)> {
    let (opcode, short) = (*bytes.first()? & 0x0f, *bytes.get(1)?);
    let (head, length) = match short {
        126 => (4, usize::from(u16::from_be_bytes(bytes.get(2..4)?.try_into().ok()?))),
        127 => (10, usize::try_from(u64::from_be_bytes(bytes.get(2..10)?.try_into().ok()?)).ok()?),
        short => (2, usize::from(short)),
    };
    let whole = bytes.get(..head + length)?;
    let is_next = || NEXT_MESSAGE.find(&whole[head..whole.len().min(head + 80)]).is_some();
    let piece = match opcode {
        0x1 if is_next() => Piece::Event(whole),
        0x1 if memchr::memmem::find(whole, br#""type":"error""#).is_some() => {
            panic!("the subscription is refused: {}", String::from_utf8_lossy(whole))
        }
        0x8 => Piece::End,
        0x9 => Piece::Ping,
        _ => Piece::Other,
    };
    Some((piece, whole.len()))
}

fn chunk(bytes: &[u8]) -> Option<(Piece<'_>, usize)> {
    let line = memchr::memchr(b'\n', bytes.get(..bytes.len().min(16))?)?;
    let digits = std::str::from_utf8(&bytes[..line]).ok()?.trim_end();
    let length = usize::from_str_radix(digits, 16).expect("a chunk begins with its length");
    let whole = bytes.get(..line + 1 + length + 2)?;
    let data = &whole[line + 1..whole.len() - 2];
    let events = NEXT_EVENT.find_iter(data).count();
    let piece = match events {
        _ if length == 0 => Piece::End,
        0 => Piece::Other,
        1 => Piece::Event(whole),
        several => Piece::Events(several, whole),
    };
    Some((piece, whole.len()))
}

/// The cursors in some events: each one's sequence, and its time in microseconds since the Unix epoch.
pub fn cursors(events: &[u8]) -> impl Iterator<Item = (i64, i64)> {
    CURSOR.find_iter(events).filter_map(move |at| {
        let from = at + CURSOR.needle().len();
        let mut bytes = [0; 33];
        URL_SAFE_NO_PAD.decode_slice(events.get(from..from + 44)?, &mut bytes).ok()?;
        let number = |from: usize| Some(i64::from_be_bytes(bytes.get(from..from + 8)?.try_into().ok()?));
        Some((number(17)?, number(25)?))
    })
}
