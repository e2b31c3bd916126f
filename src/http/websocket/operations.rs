//! The operations of one socket, side by side.

use std::collections::HashMap;
use std::sync::Arc;

use async_graphql::Response;
use futures_util::FutureExt;
use futures_util::future::{AbortHandle, Abortable, Aborted, BoxFuture};
use futures_util::stream::{FuturesUnordered, StreamExt};

use super::messages::head;
use crate::domain::user::Viewer;
use crate::feed::Frame;
use crate::graphql::Live;
use crate::graphql::engine::{Asked, Engine};

/// What an operation came to, next.
pub enum Outcome {
    /// It did not start.
    Refused(Box<Response>),
    /// It gave something.
    Frames(Vec<Frame>),
    /// It is over.
    Over,
}

/// An operation that runs.
struct Running {
    id: Arc<str>,
    /// The beginning of its `next` messages.
    head: Arc<str>,
    live: Live,
}

/// What one turn of an operation gives back.
struct Turn {
    id: Arc<str>,
    outcome: Outcome,
    going_on: Option<Running>,
}

type Waiting = Abortable<BoxFuture<'static, Turn>>;

/// See the module.
#[derive(Default)]
pub struct Operations {
    turns: FuturesUnordered<Waiting>,
    handles: HashMap<Arc<str>, AbortHandle>,
}

impl Operations {
    /// How many run.
    pub fn len(&self) -> usize {
        self.handles.len()
    }

    /// Whether one of that id runs.
    pub fn contains(&self, id: &str) -> bool {
        self.handles.contains_key(id)
    }

    /// Starts one.
    pub fn start(&mut self, id: String, asked: Asked, engine: Engine, viewer: Viewer) {
        let id: Arc<str> = id.into();
        let begin = {
            let id = Arc::clone(&id);
            async move {
                let started = match engine.accept(asked) {
                    Ok(accepted) => engine.stream(accepted, viewer, None).await,
                    Err(response) => Err(response),
                };
                match started {
                    Ok(live) => {
                        let head = head("next", &id).into();
                        Running { id, head, live }.turn().await
                    }
                    Err(response) => Turn { id, outcome: Outcome::Refused(response), going_on: None },
                }
            }
        };
        self.wait(&id, begin.boxed());
    }

    /// Ends one, if it runs: nothing more of it comes out.
    pub fn stop(&mut self, id: &str) {
        if let Some(handle) = self.handles.remove(id) {
            handle.abort();
        }
    }

    /// The next outcome of any, with the id and the head of its messages; waits for ever if none runs.
    /// Cancelling it loses nothing.
    pub async fn next(&mut self) -> (Arc<str>, Arc<str>, Outcome) {
        loop {
            match self.turns.next().await {
                None => std::future::pending().await,
                Some(Err(Aborted)) => {}
                Some(Ok(turn)) => return self.take(turn),
            }
        }
    }

    /// The next outcome that is there already.
    pub fn ready(&mut self) -> Option<(Arc<str>, Arc<str>, Outcome)> {
        self.next().now_or_never()
    }

    fn take(&mut self, turn: Turn) -> (Arc<str>, Arc<str>, Outcome) {
        let head = turn.going_on.as_ref().map_or_else(|| Arc::from(""), |running| Arc::clone(&running.head));
        match turn.going_on {
            Some(running) => self.wait(&turn.id, running.turn().boxed()),
            None => {
                self.handles.remove(&turn.id);
            }
        }
        (turn.id, head, turn.outcome)
    }

    fn wait(&mut self, id: &Arc<str>, turn: BoxFuture<'static, Turn>) {
        let (handle, registration) = AbortHandle::new_pair();
        self.handles.insert(Arc::clone(id), handle);
        self.turns.push(Abortable::new(turn, registration));
    }
}

impl Running {
    async fn turn(mut self) -> Turn {
        let id = Arc::clone(&self.id);
        match self.live.next().await {
            Some(frames) => Turn { id, outcome: Outcome::Frames(frames), going_on: Some(self) },
            None => Turn { id, outcome: Outcome::Over, going_on: None },
        }
    }
}
