//! The operations of one socket, side by side.

use std::task::{Context, Poll};

use async_graphql::Response;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use futures_util::stream::{BoxStream, StreamExt};

use super::messages::head;
use crate::domain::user::Viewer;
use crate::feed::Frame;
use crate::graphql::Live;
use crate::graphql::engine::{Asked, Engine};

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
    head: Box<str>,
    phase: Phase,
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
    /// Who is asked first: each in turn, so that a busy one does not silence the others.
    first: usize,
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

    /// Starts one.
    pub fn start(&mut self, id: String, asked: Asked, engine: Engine, viewer: Viewer) {
        let starting = async move { engine.stream(engine.accept(asked)?, viewer, None).await };
        let head = head("next", &id).into();
        self.running.push(Operation { id: id.into(), head, phase: Phase::Starting(starting.boxed()) });
    }

    /// Ends one, if it runs: nothing more of it comes out.
    pub fn stop(&mut self, id: &str) {
        self.running.retain(|operation| &*operation.id != id);
    }

    /// The next outcome of any; for frames with the head of their messages.
    pub fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<(Outcome, &str)> {
        let count = self.running.len();
        for turn in 0..count {
            let at = (self.first + turn) % count;
            let Poll::Ready(step) = self.running[at].poll(cx) else { continue };
            self.first = at + 1;
            return Poll::Ready(match step {
                Step::Frames(frames) => (Outcome::Frames(frames), &self.running[at].head),
                Step::Refused(response) => (Outcome::Refused(self.running.swap_remove(at).id, response), ""),
                Step::Over => (Outcome::Over(self.running.swap_remove(at).id), ""),
            });
        }
        Poll::Pending
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
