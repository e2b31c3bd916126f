//! A line as hyper sees it.

use std::io::{self, ErrorKind, IoSlice};
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use super::{Line, Phase};
use crate::crowd::Place;

/// The connection that hyper serves. What hyper does after it was taken over goes nowhere.
#[derive(Debug)]
pub struct Conn(Arc<Line>);

/// Who is at the other end, and over which line: the connection's information for handlers.
#[derive(Clone, Debug)]
pub struct Peer {
    /// Where from.
    pub address: SocketAddr,
    /// The connection.
    pub line: Arc<Line>,
}

impl Conn {
    /// A connection just accepted; it keeps its place in the crowd for as long as its line lasts.
    /// `write_wait` is how long its client may take for what it is sent.
    pub fn new(stream: TcpStream, place: Option<Place<IpAddr>>, write_wait: Duration) -> Self {
        Self(Line::new(stream, place, write_wait))
    }

    /// Its line.
    pub fn line(&self) -> &Arc<Line> {
        &self.0
    }

    fn is_taken(&self) -> bool {
        matches!(self.0.out().phase, Phase::Taken)
    }

    fn poll_write_with(
        &self,
        cx: &mut Context<'_>,
        write: impl Fn(&TcpStream) -> io::Result<usize>,
    ) -> Poll<io::Result<usize>> {
        if self.is_taken() {
            return Poll::Ready(Err(ErrorKind::BrokenPipe.into()));
        }
        loop {
            ready!(self.0.stream.poll_write_ready(cx))?;
            match write(&self.0.stream) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                done => return Poll::Ready(done),
            }
        }
    }
}

impl AsyncRead for Conn {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if self.is_taken() {
            return Poll::Ready(Ok(()));
        }
        loop {
            ready!(self.0.stream.poll_read_ready(cx))?;
            match self.0.stream.try_read_buf(buf) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                done => return Poll::Ready(done.map(drop)),
            }
        }
    }
}

impl AsyncWrite for Conn {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.poll_write_with(cx, |stream| stream.try_write(buf))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.poll_write_with(cx, |stream| stream.try_write_vectored(bufs))
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    /// Hyper flushes when it has written all that it had: the moment to hand the line over.
    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut out = self.0.out();
        if let Phase::Asked(waker) = &out.phase {
            waker.wake_by_ref();
            out.phase = Phase::Taken;
        }
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(if self.is_taken() { Ok(()) } else { self.0.shut() })
    }
}
