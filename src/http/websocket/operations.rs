//! The operations of one socket, side by side.

use std::sync::Arc;
use std::task::{Context, Poll};

use async_graphql::Response;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use futures_util::stream::{BoxStream, StreamExt};

use super::frame::{Opcode, put_head};
use super::messages::head;
use crate::domain::user::Viewer;
use crate::feed::{Batch, Frame, Outlet};
use crate::graphql::Live;
use crate::graphql::engine::{Asked, Engine};
use crate::http::line::{Line, Offered};

/// What an operation came to, next.
pub enum Outcome {
    /// It did not start: its id, and what is wrong.
    Refused(Box<str>, Box<Response>),
    /// It gave something.
    Frames(Vec<Frame>),
    /// It is over: its id.
    Over(Box<str>),
}

/// An operation that runs.
struct Operation {
    id: Box<str>,
    /// The beginning of its `next` messages.
    head: Arc<str>,
    phase: Phase,
}

/// Where the frames of an operation go while its reader is live.
struct ToSocket {
    line: Arc<Line>,
    head: Arc<str>,
}

impl Outlet for ToSocket {
    fn offer(&self, batch: &Batch, scratch: &mut Vec<u8>) -> bool {
        put_frames(scratch, &self.head, batch.frames());
        self.line.offer(scratch) == Offered::Taken
    }
}

/// The shared payloads with an operation's id before each.
pub fn put_frames(out: &mut Vec<u8>, head: &str, frames: &[Frame]) {
    let message = |frame: &Frame| head.len() + frame.payload().len() + 1;
    out.reserve(frames.iter().map(|frame| message(frame) + 10).sum());
    for frame in frames {
        put_head(out, Opcode::Text, message(frame));
        out.extend_from_slice(head.as_bytes());
        out.extend_from_slice(frame.payload());
        out.push(b'}');
    }
}

/// Starting takes a large future, once; following a small one, for ever.
enum Phase {
    Starting(BoxFuture<'static, Result<Live, Box<Response>>>),
    Following(BoxStream<'static, Vec<Frame>>),
}

/// See the module.
#[derive(Default)]
pub struct Operations {
    running: Vec<Operation>,
    /// Who is asked next: each in turn, so that a busy one does not silence the others.
    next: usize,
}

impl Operations {
    /// How many run.
    pub fn len(&self) -> usize {
        self.running.len()
    }

    /// Whether one of that id runs.
    pub fn contains(&self, id: &str) -> bool {
        self.running.iter().any(|operation| &*operation.id == id)
    }

    /// Starts one. What comes while it is live goes to the line directly.
    pub fn start(&mut self, id: String, asked: Asked, engine: Engine, viewer: Viewer, line: &Arc<Line>) {
        let head: Arc<str> = head("next", &id).into();
        let outlet = ToSocket { line: Arc::clone(line), head: Arc::clone(&head) };
        let starting = async move {
            let accepted = engine.accept(asked, &viewer).await?;
            let mut live = engine.stream(accepted, viewer, None).await?;
            live.send_to(outlet);
            Ok(live)
        };
        self.running.push(Operation { id: id.into(), head, phase: Phase::Starting(starting.boxed()) });
    }

    /// Ends those that have started: what is in the middle of its one answer is left.
    pub fn keep_starting(&mut self) {
        self.running.retain(|operation| matches!(operation.phase, Phase::Starting(_)));
    }

    /// Ends one, if it runs: nothing more of it comes out.
    pub fn stop(&mut self, id: &str) {
        self.running.retain(|operation| &*operation.id != id);
    }

    /// Gives what is ready to `take`, with the head of its messages, until that says that it is enough. Each is
    /// asked once: one that is asked again after it gave frames may send those that follow before they are
    /// written.
    pub fn poll_each(&mut self, cx: &mut Context<'_>, mut take: impl FnMut(Outcome, &str) -> bool) {
        for _ in 0..self.running.len() {
            if self.next >= self.running.len() {
                self.next = 0;
            }
            let at = self.next;
            let more = match self.running[at].poll(cx) {
                Poll::Pending => {
                    self.next += 1;
                    true
                }
                Poll::Ready(Step::Frames(frames)) => {
                    self.next += 1;
                    take(Outcome::Frames(frames), &self.running[at].head)
                }
                Poll::Ready(Step::Refused(response)) => {
                    take(Outcome::Refused(self.running.swap_remove(at).id, response), "")
                }
                Poll::Ready(Step::Over) => take(Outcome::Over(self.running.swap_remove(at).id), ""),
            };
            if !more {
                return;
            }
        }
    }
}

enum Step {
    Frames(Vec<Frame>),
    Refused(Box<Response>),
    Over,
}

impl Operation {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Step> {
        loop {
            match &mut self.phase {
                Phase::Starting(starting) => match std::task::ready!(starting.poll_unpin(cx)) {
                    Ok(live) => self.phase = Phase::Following(live.into_frames()),
                    Err(response) => return Poll::Ready(Step::Refused(response)),
                },
                Phase::Following(frames) => {
                    return frames.poll_next_unpin(cx).map(|frames| frames.map_or(Step::Over, Step::Frames));
                }
            }
        }
    }
}
