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

use super::crowd::Place;
use super::malformed;
use crate::http::line::{self, Conn};

/// A TCP stream that fails when its reader takes nothing for too long, and counts what comes in.
pub struct Line {
    io: TokioIo<Conn>,
    pulse: Arc<AtomicU64>,
    write_wait: Duration,
    /// Set while something waits to be taken.
    stalled: Option<Pin<Box<Sleep>>>,
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
            instead: None,
        }
    }

    /// Counts each time that something arrived.
    pub fn pulse(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.pulse)
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
        if self.instead.is_none() {
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

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}
