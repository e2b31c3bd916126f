//! The TCP stream of one connection, as hyper reads and writes it.

use std::io;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::body::Bytes;
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::time::{Sleep, sleep};

use super::exchange::Exchange;
use super::malformed;
use crate::crowd::Place;
use crate::http::line::{self, Conn};

/// A TCP stream that fails when its reader takes nothing for too long, and counts what comes in.
pub struct Line {
    io: TokioIo<Conn>,
    pulse: Arc<AtomicU64>,
    write_wait: Duration,
    /// Set while something waits to be taken.
    stalled: Option<Pin<Box<Sleep>>>,
    exchange: Arc<Exchange>,
    /// What is left of what is written instead of hyper's own words.
    instead: Option<Bytes>,
}

impl Line {
    /// A stream just accepted, on its place in the crowd.
    pub fn new(stream: TcpStream, place: Place<IpAddr>, write_wait: Duration) -> Self {
        Self {
            io: TokioIo::new(Conn::new(stream, Some(place), write_wait)),
            pulse: Arc::default(),
            write_wait,
            stalled: None,
            exchange: Arc::default(),
            instead: None,
        }
    }

    /// Counts each time that something arrived.
    pub fn pulse(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.pulse)
    }

    /// Where it is between a request and the end of its answer.
    pub fn exchange(&self) -> Arc<Exchange> {
        Arc::clone(&self.exchange)
    }

    /// The socket itself, for whoever takes the connection over; it keeps the place in the crowd.
    pub fn line(&self) -> Arc<line::Line> {
        Arc::clone(self.io.inner().line())
    }

    /// Writes the other answer in the place of so many bytes of hyper's.
    fn poll_write_instead(&mut self, cx: &mut Context<'_>, bytes: usize) -> Poll<io::Result<usize>> {
        while let Some(rest) = self.instead.clone().filter(|rest| !rest.is_empty()) {
            let written = Pin::new(&mut self.io).poll_write(cx, &rest);
            match ready!(self.written(cx, written))? {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                written => self.instead = Some(rest.slice(written..)),
            }
        }
        self.instead = None;
        Poll::Ready(Ok(bytes))
    }

    fn written<T>(&mut self, cx: &mut Context<'_>, written: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.stalled = None;
            return written;
        }
        let wait = self.write_wait;
        let stalled = self.stalled.get_or_insert_with(|| Box::pin(sleep(wait)));
        ready!(stalled.as_mut().poll(cx));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl Read for Line {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        let read = ready!(Pin::new(&mut self.io).poll_read(cx, buffer));
        self.pulse.fetch_add(1, Ordering::Relaxed);
        Poll::Ready(read)
    }
}

impl Write for Line {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        if self.instead.is_none() && self.exchange.is_over() {
            self.instead = malformed::instead_of(bytes).map(Bytes::from);
        }
        if self.instead.is_some() {
            return self.poll_write_instead(cx, bytes.len());
        }
        let written = Pin::new(&mut self.io).poll_write(cx, bytes);
        self.written(cx, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        if let [bytes] = pieces {
            return self.poll_write(cx, bytes);
        }
        let written = Pin::new(&mut self.io).poll_write_vectored(cx, pieces);
        self.written(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    /// hyper flushes when it has written all that it had.
    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.exchange.flushed();
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::net::Ipv4Addr;

    use tokio::io::AsyncReadExt;
    use tokio::net::TcpListener;

    use super::*;
    use crate::crowd::Crowd;

    const HYPERS: &[u8] = b"HTTP/1.1 400 Bad Request\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";

    async fn write(line: &mut Line, bytes: &[u8]) {
        let written = poll_fn(|cx| Pin::new(&mut *line).poll_write(cx, bytes)).await;
        assert_eq!(written.expect("it is open"), bytes.len());
    }

    async fn flush(line: &mut Line) {
        poll_fn(|cx| Pin::new(&mut *line).poll_flush(cx)).await.expect("it is open");
    }

    #[tokio::test]
    async fn what_looks_like_hypers_words_in_an_answer_of_ours_stays_what_it_is() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port is free");
        let client = TcpStream::connect(listener.local_addr().expect("it is bound")).await;
        let (server, from) = listener.accept().await.expect("a client connects");
        let place = Crowd::default().enter(from.ip(), 1, 1).expect("there is room");
        let mut line = Line::new(server, place, Duration::from_secs(1));
        let exchange = line.exchange();
        let answering = exchange.begin();
        write(&mut line, b"a head").await;
        // What is left of a body, after a write that the socket took in part; then its last piece, which hyper has taken
        // over and not written yet.
        write(&mut line, HYPERS).await;
        flush(&mut line).await;
        drop(answering);
        write(&mut line, HYPERS).await;
        flush(&mut line).await;
        // Now it is over.
        write(&mut line, HYPERS).await;
        line.line().shut().expect("it is open");
        let mut text = String::new();
        client.expect("it listens").read_to_string(&mut text).await.expect("it is text");
        let ours = text.strip_prefix("a head").expect("what was written");
        let hypers = std::str::from_utf8(HYPERS).expect("it is text");
        let rest = ours.strip_prefix(&hypers.repeat(2)).expect("as it was written");
        assert!(rest.contains("application/json") && rest.contains("BAD_REQUEST"), "{rest}");
    }
}
