//! Bytes to a node, and what comes back until it is done.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// What came back.
pub struct Answered {
    /// The status of each response.
    pub statuses: Vec<u16>,
    /// Everything, as text.
    pub text: String,
}

/// Sends bytes and reads until the node closes, as every request asks, or an operation on a socket has ended. `cut`: our half of the
/// connection ends after them. A node that closes first has answered too.
pub async fn exchange(port: u16, bytes: &[u8], cut: bool) -> Answered {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await.expect("the node listens");
    let (mut reading, mut writing) = stream.split();
    let mut received = Vec::new();
    let sending = async {
        // Refused half-way is refused: what there is to read says why.
        if writing.write_all(bytes).await.is_ok() && cut {
            let _ = writing.shutdown().await;
        }
    };
    let hearing = async {
        let mut piece = [0; 16 * 1024];
        while !is_over(&received) {
            match reading.read(&mut piece).await {
                Ok(0) | Err(_) => break,
                Ok(length) => received.extend_from_slice(&piece[..length]),
            }
        }
    };
    tokio::join!(sending, hearing);
    let text = String::from_utf8_lossy(&received).into_owned();
    let statuses =
        text.match_indices("HTTP/1.").filter_map(|(at, _)| text.get(at + 9..at + 12)?.parse().ok()).collect();
    Answered { statuses, text }
}

/// Whether the one operation of a socket has ended.
fn is_over(received: &[u8]) -> bool {
    let is_socket = received.starts_with(b"HTTP/1.1 101");
    let ends = [&br#""type":"complete""#[..], br#""type":"error""#];
    is_socket && ends.iter().any(|end| received.windows(end.len()).any(|window| window == *end))
}

/// A request of HTTP/1.1, after which the node closes.
pub fn request(head: &str, body: &[u8]) -> Vec<u8> {
    let head =
        format!("{head}\r\nhost: localhost\r\nconnection: close\r\ncontent-length: {}\r\n\r\n", body.len());
    [head.as_bytes(), body].concat()
}

/// GraphQL by POST.
pub fn post(accept: &str, body: &str) -> Vec<u8> {
    let head = format!("POST /graphql HTTP/1.1\r\ncontent-type: application/json\r\naccept: {accept}");
    request(&head, body.as_bytes())
}

/// The handshake of a WebSocket, and frames right after it.
pub fn socket(frames: &[Vec<u8>]) -> Vec<u8> {
    let handshake = "GET /graphql HTTP/1.1\r\nhost: localhost\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
        sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
        sec-websocket-protocol: graphql-transport-ws\r\n\r\n";
    [handshake.as_bytes(), &frames.concat()].concat()
}

/// A frame as a client sends it; the mask is all zeros.
pub fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![first];
    match payload.len() {
        short @ 0..126 => frame.push(0x80 | u8::try_from(short).expect("it is short")),
        middle @ 126..0x1_0000 => {
            frame.push(0x80 | 126);
            frame.extend(u16::try_from(middle).expect("it fits").to_be_bytes());
        }
        long => {
            frame.push(0x80 | 127);
            frame.extend((long as u64).to_be_bytes());
        }
    }
    frame.extend([0; 4]);
    frame.extend(payload);
    frame
}

/// A message.
pub fn text(message: &str) -> Vec<u8> {
    frame(0x81, message.as_bytes())
}

/// `connection_init`.
pub fn init() -> Vec<u8> {
    text(r#"{"type":"connection_init"}"#)
}

/// The end of a conversation.
pub fn bye() -> Vec<u8> {
    frame(0x88, &1000_u16.to_be_bytes())
}
