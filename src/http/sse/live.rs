//! A stream on a connection of its own: the body of an HTTP/1.1 response, in chunks, after hyper has written
//! its head and let go of the connection.

use std::future::poll_fn;
use std::io::ErrorKind;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};

use async_graphql::Response;
use futures_util::FutureExt;
use futures_util::stream::{BoxStream, StreamExt};
use tokio::time::{Instant, Sleep, sleep_until};

use super::{COMPLETE, HEARTBEAT_BYTES, OPENING, Starting, Until, farewell, refusal, whole};
use crate::auth::End;
use crate::feed::{Batch, Frame, Outlet};
use crate::graphql::Live;
use crate::http::line::{Line, Lost, Offered};

/// The chunk that ends a body (RFC 9112, section 7.1).
const END: &[u8] = b"0\r\n\r\n";
/// A client has nothing to say: what it says all the same is passed over, up to so many bytes.
const HEARD_MAX: usize = 16 * 1024;

/// Where the frames of a stream go while its reader is live.
struct ToStream(Arc<Line>);

impl Outlet for ToStream {
    fn offer(&self, batch: &Batch, _: &mut Vec<u8>) -> bool {
        self.0.offer(batch.chunks()) == Offered::Taken
    }
}

/// What a stream wakes up for.
enum Event {
    Started(Result<Live, Box<Response>>),
    Frames(Vec<Frame>),
    /// The operation is over.
    Over,
    /// A write that the feed began is not finished.
    Unfinished,
    Gone,
    /// The node stops: the client comes back.
    Leave,
    /// Who it is for is no longer let in.
    Withdrawn(End),
    /// Time to look whether the stream was silent.
    Time,
}

enum Phase {
    Starting(Starting),
    Following(BoxStream<'static, Vec<Frame>>),
    /// Nothing more comes of the operation, not from the feed either.
    Ended,
}

struct Stream {
    line: Arc<Line>,
    phase: Phase,
    heard: usize,
    /// Writes when it was last looked whether there are any.
    writes: u32,
}

/// Serves a stream until either side ends it.
pub async fn serve(line: Arc<Line>, starting: Starting, until: Until) {
    let mut stream = Stream { line, phase: Phase::Starting(starting), heard: 0, writes: 0 };
    // However it ends, nobody is left to be told why.
    if stream.run(until).await.is_ok() {
        let _ = stream.line.write(END).await;
        let _ = stream.line.shut();
    }
}

impl Stream {
    /// An end without `complete` means that the client comes back, to another node or with a new token.
    async fn run(&mut self, until: Until) -> Result<(), Lost> {
        let Until { heartbeat, stopping, ends, mut withdrawn, place: _place } = until;
        let mut stopping = pin!(stopping.cancelled());
        let mut ending = ends.map(|ends| Box::pin(sleep_until(ends)));
        // Set anew only when it has rung: what is sent meanwhile does not touch it.
        let mut timer = pin!(sleep_until(Instant::now() + heartbeat));
        loop {
            let event = poll_fn(|cx| {
                // What was asked before is answered: whoever ends their own session is told that it worked, and who wrote
                // something, what came of it.
                if let Phase::Starting(starting) = &mut self.phase
                    && let Poll::Ready(started) = starting.poll_unpin(cx)
                {
                    return Poll::Ready(Event::Started(started));
                }
                if matches!(self.phase, Phase::Starting(_)) {
                    return self.poll(cx, timer.as_mut());
                }
                if let Some(Poll::Ready(end)) = withdrawn.as_mut().map(|withdrawn| withdrawn.poll_unpin(cx)) {
                    return Poll::Ready(Event::Withdrawn(end));
                }
                if ending.as_mut().is_some_and(|ending| ending.as_mut().poll(cx).is_ready()) {
                    return Poll::Ready(Event::Withdrawn(End::Expired));
                }
                if stopping.as_mut().poll(cx).is_ready() {
                    return Poll::Ready(Event::Leave);
                }
                self.poll(cx, timer.as_mut())
            });
            match event.await {
                Event::Started(Ok(Live::Once(Some(frame)))) => {
                    self.phase = Phase::Ended;
                    return self.line.write(&chunk(&whole(frame))).await;
                }
                Event::Started(Ok(mut live)) => {
                    self.line.write(&chunk(OPENING)).await?;
                    live.send_to(ToStream(Arc::clone(&self.line)));
                    self.phase = Phase::Following(live.into_frames());
                }
                Event::Started(Err(response)) => return self.line.write(&chunk(&refusal(&response))).await,
                Event::Frames(frames) => self.line.write(Batch::new(frames).chunks()).await?,
                Event::Over => {
                    self.phase = Phase::Ended;
                    return self.line.write(&chunk(COMPLETE)).await;
                }
                Event::Unfinished => Box::pin(self.line.finish()).await?,
                Event::Gone => return Err(Lost),
                Event::Leave => {
                    self.phase = Phase::Ended;
                    return Ok(());
                }
                Event::Withdrawn(end) => {
                    self.phase = Phase::Ended;
                    return match farewell(end) {
                        Some(why) => self.line.write(&chunk(&why)).await,
                        None => Ok(()),
                    };
                }
                Event::Time => {
                    if self.line.writes() == self.writes && matches!(self.phase, Phase::Following(_)) {
                        self.line.write(&chunk(HEARTBEAT_BYTES)).await?;
                    }
                    self.writes = self.line.writes();
                    timer.as_mut().reset(Instant::now() + heartbeat);
                }
            }
        }
    }

    fn poll(&mut self, cx: &mut Context<'_>, timer: Pin<&mut Sleep>) -> Poll<Event> {
        if self.line.poll_unfinished(cx).is_ready() {
            return Poll::Ready(Event::Unfinished);
        }
        if self.poll_gone(cx).is_ready() {
            return Poll::Ready(Event::Gone);
        }
        if timer.poll(cx).is_ready() {
            return Poll::Ready(Event::Time);
        }
        match &mut self.phase {
            // Asked before all else, above.
            Phase::Starting(_) => Poll::Pending,
            Phase::Following(frames) => {
                frames.poll_next_unpin(cx).map(|frames| frames.map_or(Event::Over, Event::Frames))
            }
            Phase::Ended => Poll::Ready(Event::Over),
        }
    }

    /// Ready when the client has left, or says more than anybody has to.
    fn poll_gone(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let mut buffer = [0; 512];
        while let Poll::Ready(readable) = self.line.poll_readable(cx) {
            match readable.and_then(|()| self.line.read(&mut buffer)) {
                Ok(read) if read > 0 && self.heard < HEARD_MAX => self.heard += read,
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Ok(_) | Err(_) => return Poll::Ready(()),
            }
        }
        Poll::Pending
    }
}

/// A chunk of an HTTP/1.1 body.
fn chunk(bytes: &[u8]) -> Vec<u8> {
    let mut chunk = format!("{:x}\r\n", bytes.len()).into_bytes();
    chunk.extend_from_slice(bytes);
    chunk.extend_from_slice(b"\r\n");
    chunk
}
