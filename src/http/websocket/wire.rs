//! The bytes of one socket: frames and messages on a line that hyper has let go of.
//!
//! It holds no buffer while nothing is under way: a socket that waits costs its task and nothing else. What
//! goes out is written at once where the socket takes it, which it nearly always does.

use std::future::poll_fn;
use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::time::{Instant, timeout};

use super::frame::{Head, Opcode, put};
use super::messages::Close;
use crate::graphql::{Load, Room};
use crate::http::line::{Line, Lost};

/// Read at once, at most.
const READ: usize = 4 * 1024;

/// What a client says, by frames.
#[derive(PartialEq, Eq, Debug)]
pub enum Heard {
    /// A message.
    Text(String),
    /// Asks for an answer with the same bytes.
    Ping(Vec<u8>),
    /// It is there.
    Pong,
    /// A piece of a message that goes on.
    Piece,
    /// It takes its leave: the code to answer with.
    Close(Option<u16>),
}

/// Why there is nothing more to hear.
#[derive(PartialEq, Eq, Debug)]
pub enum Ended {
    /// Nobody is left to be told anything.
    Gone,
    /// A breach of the protocol.
    Broken(Close),
}

/// See the module.
pub struct Wire {
    line: Arc<Line>,
    /// Received and not yet taken apart.
    inbound: Vec<u8>,
    /// The pieces of a message so far, and whether it is text.
    pieces: Option<Pieces>,
    /// Bytes of one message: larger ones are refused before they are read whole.
    message_max: usize,
    /// Room for what has not come whole, and since when it has not.
    room: Room,
    begun: Option<Instant>,
    load: Arc<Load>,
}

struct Pieces {
    is_text: bool,
    bytes: Vec<u8>,
}

impl Wire {
    /// A line after its handshake, with what came on its heels.
    pub fn new(line: Arc<Line>, from: IpAddr, early: &[u8], message_max: usize, load: Arc<Load>) -> Self {
        Self {
            line,
            inbound: early.to_vec(),
            pieces: None,
            message_max,
            room: Room::new(from),
            begun: None,
            load,
        }
    }

    /// The next thing that the client says. Cancelling it loses nothing.
    pub fn poll_hear(&mut self, cx: &mut Context<'_>) -> Poll<Result<Heard, Ended>> {
        loop {
            match self.take_apart() {
                Ok(Some(heard)) => return Poll::Ready(Ok(heard)),
                Ok(None) => {}
                Err(close) => return Poll::Ready(Err(Ended::Broken(close))),
            }
            let held = self.inbound.len() + self.pieces.as_ref().map_or(0, |pieces| pieces.bytes.len());
            if held == 0 {
                self.room.clear();
                self.begun = None;
            } else if !self.room.fits(held, &self.load) {
                return Poll::Ready(Err(Ended::Broken(Close::Overloaded)));
            }
            if held > 0 && self.begun.is_none() {
                self.begun = Some(Instant::now());
            }
            if ready!(self.line.poll_readable(cx)).is_err() {
                return Poll::Ready(Err(Ended::Gone));
            }
            match self.read() {
                Ok(0) => return Poll::Ready(Err(Ended::Gone)),
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(_) => return Poll::Ready(Err(Ended::Gone)),
            }
        }
    }

    /// Not inlined, so that the buffer is on the stack only for as long as it is used.
    #[inline(never)]
    fn read(&mut self) -> io::Result<usize> {
        let mut buffer = [0; READ];
        let read = self.line.read(&mut buffer)?;
        self.inbound.extend_from_slice(&buffer[..read]);
        Ok(read)
    }

    fn take_apart(&mut self) -> Result<Option<Heard>, Close> {
        while !self.inbound.is_empty() {
            let so_far = self.pieces.as_ref().map_or(0, |pieces| pieces.bytes.len());
            let Some(head) = Head::read(&self.inbound, so_far, self.message_max)? else { break };
            if self.inbound.len() < head.bytes + head.payload {
                break;
            }
            let mut payload = self.inbound[head.bytes..head.bytes + head.payload].to_vec();
            head.unmask(&mut payload);
            self.inbound.drain(..head.bytes + head.payload);
            if self.inbound.is_empty() {
                self.inbound = Vec::new();
            }
            if self.pieces.is_none() {
                self.begun = None;
            }
            if let Some(heard) = self.take_in(head, payload)? {
                return Ok(Some(heard));
            }
        }
        Ok(None)
    }

    fn take_in(&mut self, head: Head, payload: Vec<u8>) -> Result<Option<Heard>, Close> {
        let pieces = match (head.opcode, self.pieces.take()) {
            (Opcode::Ping, pieces) => {
                self.pieces = pieces;
                return Ok(Some(Heard::Ping(payload)));
            }
            (Opcode::Pong, pieces) => {
                self.pieces = pieces;
                return Ok(Some(Heard::Pong));
            }
            (Opcode::Close, _) => return leave(&payload).map(Some),
            (Opcode::Text | Opcode::Binary, Some(_)) => {
                return Err(Close::Protocol("A message begins before the last one has ended"));
            }
            (Opcode::Continuation, None) => return Err(Close::Protocol("There is no message to go on with")),
            (Opcode::Text | Opcode::Binary, None) => {
                Pieces { is_text: head.opcode == Opcode::Text, bytes: payload }
            }
            (Opcode::Continuation, Some(mut pieces)) => {
                pieces.bytes.extend_from_slice(&payload);
                pieces
            }
        };
        if !head.last {
            self.pieces = Some(pieces);
            return Ok(Some(Heard::Piece));
        }
        self.begun = None;
        if !pieces.is_text {
            return Err(Close::BadMessage("Messages are text"));
        }
        String::from_utf8(pieces.bytes).map(|text| Some(Heard::Text(text))).map_err(|_| Close::NotText)
    }

    /// Since when there is a message that has not come whole.
    pub fn begun(&self) -> Option<Instant> {
        self.begun
    }

    /// What was begun has so much longer: the client was not listened to meanwhile.
    pub fn did_not_listen_for(&mut self, time: Duration) {
        if let Some(begun) = &mut self.begun {
            *begun += time;
        }
    }

    /// Sends one frame.
    pub async fn send(&self, opcode: Opcode, payload: &[u8]) -> Result<(), Close> {
        let mut bytes = Vec::with_capacity(payload.len() + 4);
        put(&mut bytes, opcode, payload);
        self.write(&bytes).await
    }

    /// Sends frames that were put together, in one write if the socket takes them.
    pub async fn write(&self, bytes: &[u8]) -> Result<(), Close> {
        self.line.write(bytes).await.map_err(|Lost| Close::Silent)
    }

    /// Ready when a write that the feed began is not finished, or was the last.
    pub fn poll_unfinished(&self, cx: &mut Context<'_>) -> Poll<()> {
        self.line.poll_unfinished(cx)
    }

    /// Finishes it.
    pub async fn finish(&self) -> Result<(), Close> {
        Box::pin(self.line.finish()).await.map_err(|Lost| Close::Silent)
    }

    /// For the feed to write to.
    pub fn line(&self) -> &Arc<Line> {
        &self.line
    }

    /// Waits until the client has closed its end too: what it was told last would else be lost with the
    /// connection.
    pub async fn close(mut self) {
        let _ = self.line.shut();
        let heard_out = async {
            while poll_fn(|cx| self.line.poll_readable(cx)).await.is_ok() {
                self.inbound.clear();
                match self.read() {
                    Ok(0) => return,
                    Ok(_) => {}
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                    Err(_) => return,
                }
            }
        };
        let _ = timeout(Duration::from_secs(1), heard_out).await;
    }
}

/// The client's leave: the code to answer with, which is its own (section 5.5.1), if it may be sent (7.4).
fn leave(payload: &[u8]) -> Result<Heard, Close> {
    let Some((code, reason)) = payload.split_first_chunk() else {
        return if payload.is_empty() {
            Ok(Heard::Close(None))
        } else {
            Err(Close::Protocol("Half a close code"))
        };
    };
    let code = u16::from_be_bytes(*code);
    if !matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999) {
        return Err(Close::Protocol("No close code to be sent"));
    }
    if std::str::from_utf8(reason).is_err() {
        return Err(Close::NotText);
    }
    Ok(Heard::Close(Some(code)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::line::Conn;
    use crate::limits::Limits;
    use tokio::net::{TcpListener, TcpStream};

    const FROM: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);
    const PATIENCE: Duration = Duration::from_secs(1);

    async fn pair() -> (TcpStream, Wire) {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
        let client = TcpStream::connect(listener.local_addr().expect("it is bound")).await;
        let load = Arc::new(Load::new(&Limits { bodies_kib: 64, ..Limits::default() }));
        let (server, _) = listener.accept().await.expect("a client connects");
        (
            client.expect("it listens"),
            Wire::new(Arc::clone(Conn::new(server, None, PATIENCE).line()), FROM, &[], 1_000_000, load),
        )
    }

    /// A client's frame, with a mask.
    fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
        let mask = [1, 2, 3, 4];
        let mut frame = vec![first, 0x80 | u8::try_from(payload.len()).expect("short")];
        frame.extend(mask);
        frame.extend(payload.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask));
        frame
    }

    async fn heard(frames: &[Vec<u8>], count: usize) -> Vec<Result<Heard, Ended>> {
        let (client, mut wire) = pair().await;
        // A byte at a time, as a slow network might.
        for byte in frames.concat() {
            client.writable().await.expect("it is open");
            assert_eq!(client.try_write(&[byte]).expect("it takes a byte"), 1);
        }
        let mut heard = Vec::new();
        for _ in 0..count {
            heard.push(poll_fn(|cx| wire.poll_hear(cx)).await);
        }
        heard
    }

    #[tokio::test]
    async fn a_message_in_pieces_is_one_and_a_ping_may_come_between_them() {
        let frames = [frame(0x01, b"Hel"), frame(0x89, b"?"), frame(0x00, b""), frame(0x80, b"lo")];
        let ping = Heard::Ping(b"?".to_vec());
        let expected = [Heard::Piece, ping, Heard::Piece, Heard::Text("Hello".into())].map(Ok);
        assert_eq!(heard(&frames, 4).await, expected);
    }

    #[tokio::test]
    async fn a_message_has_its_time_from_its_first_byte_on_while_it_is_listened_to() {
        let (client, mut wire) = pair().await;
        let say = async |bytes: &[u8]| {
            client.writable().await.expect("it is open");
            assert_eq!(client.try_write(bytes).expect("it takes a few bytes"), bytes.len());
        };
        let message = frame(0x81, b"Hello");
        say(&message[..3]).await;
        while wire.begun().is_none() {
            assert!(futures_util::poll!(poll_fn(|cx| wire.poll_hear(cx))).is_pending());
            tokio::task::yield_now().await;
        }
        let begun = wire.begun().expect("half of it is there");
        wire.did_not_listen_for(PATIENCE);
        assert_eq!(wire.begun(), Some(begun + PATIENCE));
        say(&message[3..]).await;
        assert_eq!(poll_fn(|cx| wire.poll_hear(cx)).await, Ok(Heard::Text("Hello".into())));
        assert_eq!(wire.begun(), None);
        wire.did_not_listen_for(PATIENCE);
        assert_eq!(wire.begun(), None);
        // What comes after one that is whole has a time of its own.
        say(&[frame(0x89, b"?"), vec![0x89]].concat()).await;
        assert_eq!(poll_fn(|cx| wire.poll_hear(cx)).await, Ok(Heard::Ping(b"?".to_vec())));
        assert_eq!(wire.begun(), None);
    }

    #[tokio::test]
    async fn breaches_say_how_to_close() {
        for (frames, close) in [
            (vec![frame(0x80, b"x")], Close::Protocol("There is no message to go on with")),
            (
                vec![frame(0x01, b"x"), frame(0x81, b"y")],
                Close::Protocol("A message begins before the last one has ended"),
            ),
            (vec![frame(0x81, b"\xff")], Close::NotText),
            (vec![frame(0x82, b"x")], Close::BadMessage("Messages are text")),
            (vec![frame(0x88, b"x")], Close::Protocol("Half a close code")),
            (vec![frame(0x88, &1005_u16.to_be_bytes())], Close::Protocol("No close code to be sent")),
        ] {
            let heard = heard(&frames, frames.len()).await;
            assert_eq!(heard.last(), Some(&Err(Ended::Broken(close))));
        }
    }

    #[tokio::test]
    async fn what_does_not_come_whole_needs_room() {
        let (client, mut wire) = pair().await;
        let sent = tokio::spawn(async move {
            // A message of 200 KiB, of which 100 come.
            let mut bytes = vec![0x81, 0xff, 0, 0, 0, 0, 0, 3, 0x20, 0, 0, 0, 0, 0];
            bytes.extend([b' '; 100 * 1024]);
            let mut rest = &bytes[..];
            while !rest.is_empty() && client.writable().await.is_ok() {
                match client.try_write(rest) {
                    Ok(written) => rest = &rest[written..],
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                    Err(_) => break,
                }
            }
            client
        });
        assert_eq!(poll_fn(|cx| wire.poll_hear(cx)).await, Err(Ended::Broken(Close::Overloaded)));
        assert!(wire.inbound.len() < 100 * 1024, "it is not read on");
        drop(wire);
        assert!(sent.await.is_ok());
    }

    #[tokio::test]
    async fn a_leave_is_heard_with_its_code() {
        assert_eq!(heard(&[frame(0x88, b"")], 1).await, [Ok(Heard::Close(None))]);
        assert_eq!(heard(&[frame(0x88, &[0x03, 0xe8, b'!'])], 1).await, [Ok(Heard::Close(Some(1000)))]);
    }

    #[tokio::test]
    async fn a_client_that_vanishes_is_gone() {
        let (client, mut wire) = pair().await;
        drop(client);
        assert_eq!(poll_fn(|cx| wire.poll_hear(cx)).await, Err(Ended::Gone));
    }
}
