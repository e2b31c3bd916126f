//! The limit: sockets that are written prepared bytes, one write for each delivery, by a thread that does
//! nothing else.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};

/// Serves until it is killed.
pub fn serve() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port is free");
    let address = listener.local_addr().expect("it is bound");
    super::say(&format!("listening on http://{address}"));
    let readers: Arc<Mutex<Vec<TcpStream>>> = Arc::default();
    for stream in listener.incoming().flatten() {
        stream.set_nodelay(true).expect("TCP_NODELAY can be set");
        let readers = Arc::clone(&readers);
        greet(stream, &readers);
    }
}

fn greet(mut stream: TcpStream, readers: &Arc<Mutex<Vec<TcpStream>>>) {
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") {
        if stream.read_exact(&mut byte).is_err() {
            return;
        }
        head.push(byte[0]);
    }
    if head.starts_with(b"POST /publish") {
        let readers = Arc::clone(readers);
        std::thread::spawn(move || publish(stream, &head, &readers));
        return;
    }
    let answer: &[u8] = if head.starts_with(b"GET") {
        b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\
          Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\
          Sec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n"
    } else {
        b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
    };
    // What the reader sends next stays unread.
    if stream.write_all(answer).is_ok() {
        readers.lock().unwrap_or_else(PoisonError::into_inner).push(stream);
    }
}

/// Each body that is posted goes to every reader as it is.
fn publish(mut stream: TcpStream, first: &[u8], readers: &Mutex<Vec<TcpStream>>) {
    let mut bytes = first.to_vec();
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let whole = memchr::memmem::find(&bytes, b"\r\n\r\n").and_then(|head| {
            let text = String::from_utf8_lossy(&bytes[..head]).to_ascii_lowercase();
            let length = text.lines().find_map(|line| line.strip_prefix("content-length:"))?;
            let whole = head + 4 + length.trim().parse::<usize>().ok()?;
            (bytes.len() >= whole).then_some((head + 4, whole))
        });
        let Some((start, end)) = whole else {
            match stream.read(&mut buffer) {
                Ok(read) if read > 0 => bytes.extend_from_slice(&buffer[..read]),
                _ => return,
            }
            continue;
        };
        for mut reader in readers.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            // A reader that has gone is the load's to notice.
            let _ = reader.write_all(&bytes[start..end]);
        }
        bytes.drain(..end);
        if stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").is_err() {
            return;
        }
    }
}
