//! A connection's socket, and who may write to it: hyper, while it speaks HTTP; then whoever took the
//! connection over, and with it the feed, which writes what is ready without waking anybody.
//!
//! A stream of events lasts for hours and needs nothing of hyper's after its head: taken over, it costs a
//! tenth of the memory, and an event costs little more than its write.

mod conn;
mod handover;

use std::io::{self, ErrorKind};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use socket2::SockRef;
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::crowd::Place;

pub use conn::{Conn, Peer};
pub use handover::take_over;

/// The client is gone, or does not take what it is sent.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Lost;

/// See the module.
pub struct Line {
    stream: TcpStream,
    out: Mutex<Out>,
    /// How long a client may take nothing of what it is sent.
    write_wait: Duration,
    _place: Option<Place<IpAddr>>,
}

#[derive(Debug)]
struct Out {
    phase: Phase,
    /// What the socket did not take of a write that was begun: until it has, nothing else is written.
    rest: Vec<u8>,
    /// A write failed: there will be no other.
    lost: bool,
    /// Writes so far: whether the line was silent can be told from it.
    writes: u32,
    /// Whoever serves the line, to be woken when somebody else leaves a rest or loses it.
    waker: Option<Waker>,
}

/// Whose the line is.
#[derive(Debug)]
enum Phase {
    /// hyper's.
    Http,
    /// Hyper's, until it has written the head of its response: it is woken then.
    Asked(Waker),
    /// No longer hyper's.
    Taken,
}

/// What became of an offer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Offered {
    /// It is written, or what is left of it will be before anything else.
    Taken,
    /// Nothing of it is written.
    NotNow,
}

impl Line {
    fn new(stream: TcpStream, place: Option<Place<IpAddr>>, write_wait: Duration) -> Arc<Self> {
        let out = Out { phase: Phase::Http, rest: Vec::new(), lost: false, writes: 0, waker: None };
        Arc::new(Self { stream, out: Mutex::new(out), write_wait, _place: place })
    }

    /// Writes all of it if the socket takes at least the beginning; does not wait.
    pub fn offer(&self, bytes: &[u8]) -> Offered {
        let mut out = self.out();
        if out.lost || !out.rest.is_empty() {
            return Offered::NotNow;
        }
        match self.stream.try_write(bytes) {
            Ok(written) => {
                out.writes = out.writes.wrapping_add(1);
                if written < bytes.len() {
                    out.rest = bytes[written..].to_vec();
                    out.wake();
                }
                Offered::Taken
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => Offered::NotNow,
            Err(_) => {
                out.lost = true;
                out.wake();
                Offered::NotNow
            }
        }
    }

    /// Writes all of it, waiting for the socket where it must. Only whoever serves the line does: nobody
    /// else waits. Cancelling it may leave a rest, which the next write sends first.
    ///
    /// # Errors
    /// The client is gone, or takes nothing for too long.
    pub async fn write(&self, bytes: &[u8]) -> Result<(), Lost> {
        match self.offer(bytes) {
            Offered::Taken if self.out().rest.is_empty() => Ok(()),
            // Rarely: a future that most sockets never need is not kept in each of them.
            Offered::Taken => Box::pin(self.finish()).await,
            Offered::NotNow => Box::pin(self.write_slowly(bytes)).await,
        }
    }

    /// Writes what is left of what was begun.
    ///
    /// # Errors
    /// As [`Self::write`].
    pub async fn finish(&self) -> Result<(), Lost> {
        while !self.try_finish()? {
            self.room().await?;
        }
        Ok(())
    }

    async fn write_slowly(&self, bytes: &[u8]) -> Result<(), Lost> {
        while !self.try_finish()? || self.offer(bytes) == Offered::NotNow {
            self.room().await?;
        }
        self.finish().await
    }

    /// Waits until the socket takes something again, which is when its client has taken something.
    async fn room(&self) -> Result<(), Lost> {
        match timeout(self.write_wait, self.stream.writable()).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) | Err(_) => Err(Lost),
        }
    }

    /// Whether nothing is left.
    fn try_finish(&self) -> Result<bool, Lost> {
        let mut out = self.out();
        while !out.rest.is_empty() {
            match self.stream.try_write(&out.rest) {
                Ok(written) if written == out.rest.len() => out.rest = Vec::new(),
                Ok(written) => drop(out.rest.drain(..written)),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(false),
                Err(_) => out.lost = true,
            }
            if out.lost {
                return Err(Lost);
            }
        }
        if out.lost { Err(Lost) } else { Ok(true) }
    }

    /// Ready when there is something for [`Self::finish`] to do. One task at a time asks.
    pub fn poll_unfinished(&self, cx: &mut Context<'_>) -> Poll<()> {
        let mut out = self.out();
        if out.lost || !out.rest.is_empty() {
            return Poll::Ready(());
        }
        if !out.waker.as_ref().is_some_and(|waker| waker.will_wake(cx.waker())) {
            out.waker = Some(cx.waker().clone());
        }
        Poll::Pending
    }

    /// Writes so far, which wraps.
    pub fn writes(&self) -> u32 {
        self.out().writes
    }

    /// Ready when there may be something to read, or an end.
    pub fn poll_readable(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream.poll_read_ready(cx)
    }

    /// Reads what is there; `WouldBlock` where nothing is.
    pub fn read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        self.stream.try_read(buffer)
    }

    /// Says that nothing more will be written.
    pub fn shut(&self) -> io::Result<()> {
        SockRef::from(&self.stream).shutdown(std::net::Shutdown::Write)
    }

    fn out(&self) -> MutexGuard<'_, Out> {
        // A panic elsewhere leaves it usable: each step on it is whole.
        self.out.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for Line {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Line").field("stream", &self.stream).finish_non_exhaustive()
    }
}

impl Out {
    fn wake(&mut self) {
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::AsyncReadExt;
    use tokio::net::TcpListener;

    async fn pair() -> (TcpStream, Arc<Line>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
        let client = TcpStream::connect(listener.local_addr().expect("it is bound")).await;
        let (server, _) = listener.accept().await.expect("a client connects");
        (client.expect("it listens"), Arc::clone(Conn::new(server, None, Duration::from_millis(300)).line()))
    }

    /// Numbered pieces, until the socket takes no more; how many it took, the last perhaps in part.
    fn fill(line: &Line) -> u32 {
        let piece = |number: u32| [number.to_be_bytes(); 4096].concat();
        (0..).find(|number| line.offer(&piece(*number)) == Offered::NotNow).expect("a socket has an end")
    }

    #[tokio::test]
    async fn what_a_slow_client_was_sent_is_whole_and_in_order() {
        let (mut client, line) = pair().await;
        let taken = fill(&line);
        let reading = tokio::spawn(async move {
            let mut bytes = Vec::new();
            client.read_to_end(&mut bytes).await.map(|_| bytes)
        });
        assert_eq!(line.write(b"last").await, Ok(()));
        line.shut().expect("it is open");
        let bytes = reading.await.expect("no panic").expect("it is sent whole");
        let (pieces, last) = bytes.split_at(bytes.len() - 4);
        assert_eq!(last, b"last");
        let whole = (0..taken).flat_map(|number| [number.to_be_bytes(); 4096].concat());
        assert!(whole.eq(pieces.iter().copied()), "{taken} pieces");
    }

    #[tokio::test]
    async fn a_client_that_takes_nothing_is_given_up_and_costs_one_piece_at_most() {
        let (_client, line) = pair().await;
        fill(&line);
        assert!(line.out().rest.len() <= 4 * 4096, "{}", line.out().rest.len());
        assert_eq!(line.write(b"more").await, Err(Lost));
    }

    #[tokio::test]
    async fn whoever_serves_a_line_is_woken_for_a_rest_and_for_a_loss() {
        let (client, line) = pair().await;
        let waiting = tokio::spawn({
            let line = Arc::clone(&line);
            async move { std::future::poll_fn(|cx| line.poll_unfinished(cx)).await }
        });
        tokio::task::yield_now().await;
        fill(&line);
        drop(client);
        waiting.await.expect("no panic");
        assert_eq!(line.finish().await, Err(Lost));
    }
}
