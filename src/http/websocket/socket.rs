//! One socket, from its first message to its close.

use std::future::poll_fn;
use std::net::IpAddr;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};
use std::time::Duration;

use async_graphql::Response;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio::time::{Instant, Sleep, sleep_until};

use super::frame::{Opcode, put};
use super::messages::{ClientMessage, Close, complete, head};
use super::operations::{Operations, Outcome, put_frames};
use super::speech::Speech;
use super::wire::{Ended, Heard, Wire};
use crate::auth::{End, Refused};
use crate::crowd::Place;
use crate::domain::ids::UserId;
use crate::domain::user::Viewer;
use crate::feed::Frame;
use crate::graphql::{GraphError, engine};
use crate::http::Edge;
use crate::http::credentials::{self, Pass};
use crate::http::message::{NotOne, read_json};
use crate::limits::{seconds, size};
use crate::metrics;

/// Bytes of an operation's id.
const ID_MAX: usize = 128;
/// What is ready goes out in one write, up to so many bytes.
const WRITE: usize = 32 * 1024;
/// Writes after which a busy socket looks for what else there is to do.
const STREAK_MAX: u32 = 8;

/// Serves a socket until either side ends it.
///
/// `pass`: whoever its handshake's cookie stands for. A refused one is told when no better credential comes.
pub async fn serve(edge: Edge, from: IpAddr, wire: Wire, pass: Result<Pass, Refused>) {
    let (pass, stale) = match pass {
        Ok(pass) => (pass, None),
        Err(refused) => (Pass::default(), Some(refused)),
    };
    let most = size(edge.engine.limits().sockets_per_address);
    let Ok(_place) = edge.sockets.from_address(from, most) else {
        return take_leave(wire, &Close::TooManySockets.payload()).await;
    };
    let stopping = edge.stopping.clone();
    let mut stopping = pin!(stopping.cancelled());
    let opened = Instant::now();
    let check = opened + seconds(edge.engine.limits().socket_init_seconds);
    let edge_speech = edge.engine.limits().socket_frames_per_second;
    let _counted = metrics::all().socket();
    let mut session = Session {
        ends: pass.expiry(&edge),
        withdrawn: pass.withdrawn(&edge),
        edge,
        from,
        wire,
        pass,
        stale,
        person: None,
        acknowledged: false,
        operations: Operations::default(),
        heard: opened,
        speech: Speech::new(opened, edge_speech),
        asked: false,
        check,
        leaving: None,
        streak: 0,
        out: Vec::new(),
        kept: Vec::new(),
    };
    // One timer, set anew only when it has rung: what a socket does meanwhile does not touch it.
    let mut timer = pin!(sleep_until(session.rings_at(opened)));
    let close = loop {
        let event = poll_fn(|cx| session.poll(cx, stopping.as_mut(), timer.as_mut())).await;
        let step = match event {
            Event::Ready => session.flush().await,
            Event::Unfinished => session.finish().await,
            // Boxed, because who it is may take asking another service: a future that every socket would
            // otherwise keep room for, for as long as it lasts.
            Event::Heard(heard) => Box::pin(session.hear(heard)).await,
            Event::Ended(Ended::Gone) => return,
            Event::Ended(Ended::Broken(close)) => Err(close),
            Event::Time => Box::pin(session.look_at_the_clock()).await,
            Event::Left(close) => Err(close),
        };
        if let Err(close) = step {
            break close;
        }
        let rings_at = session.rings_at(Instant::now());
        if rings_at < timer.deadline() || timer.is_elapsed() {
            timer.as_mut().reset(rings_at);
        }
    };
    session.end(&close.payload()).await;
}

/// What a socket wakes up for.
enum Event {
    /// Operations have put something into `out`.
    Ready,
    /// A write that the feed began is not finished.
    Unfinished,
    Heard(Heard),
    Ended(Ended),
    Time,
    /// What was asked before its end is answered.
    Left(Close),
}

struct Session {
    edge: Edge,
    from: IpAddr,
    wire: Wire,
    pass: Pass,
    /// Why the handshake's cookie is no good, until the first message.
    stale: Option<Refused>,
    ends: Option<Instant>,
    withdrawn: Option<BoxFuture<'static, End>>,
    /// Counts as one of theirs, once they have said who they are.
    person: Option<Place<UserId>>,
    acknowledged: bool,
    operations: Operations,
    heard: Instant,
    speech: Speech,
    /// Whether it has not answered since it was last asked for a sign of life.
    asked: bool,
    /// When to ask for a sign of life; at first, when the client should have said who it is.
    check: Instant,
    /// Who it is for is no longer let in, or the node stops: it closes once what was asked before is answered.
    leaving: Option<Close>,
    streak: u32,
    /// Frames put together for the next write; empty, and without memory, between two.
    out: Vec<u8>,
    /// Large ones of these, which take room until they are written.
    kept: Vec<Frame>,
}

impl Session {
    fn poll(
        &mut self,
        cx: &mut Context<'_>,
        stopping: Pin<&mut impl Future<Output = ()>>,
        mut timer: Pin<&mut Sleep>,
    ) -> Poll<Event> {
        if self.wire.poll_unfinished(cx).is_ready() {
            return Poll::Ready(Event::Unfinished);
        }
        if self.streak < STREAK_MAX && self.gather(cx) {
            self.streak += 1;
            return Poll::Ready(Event::Ready);
        }
        self.streak = 0;
        if let Some(Poll::Ready(end)) = self.withdrawn.as_mut().map(|withdrawn| withdrawn.poll_unpin(cx)) {
            self.withdrawn = None;
            self.leaving = Some(end.into());
        }
        if self.leaving.is_none() && stopping.poll(cx).is_ready() {
            self.leaving = Some(Close::Restart);
        }
        if let Some(close) = self.leaving.clone() {
            // Whoever ends their own session is told that it worked, and who wrote something, what came of it. Nothing else
            // goes on, and nothing new begins.
            self.operations.keep_starting();
            return if self.operations.len() == 0 {
                Poll::Ready(Event::Left(close))
            } else if self.gather(cx) {
                Poll::Ready(Event::Ready)
            } else {
                Poll::Pending
            };
        }
        // Not left to the timer alone, which gets no turn while a client never pauses.
        let now = Instant::now();
        if self.rings_at(now) <= now {
            return Poll::Ready(Event::Time);
        }
        if self.speech.waits_until(now).is_none()
            && let Poll::Ready(heard) = self.wire.poll_hear(cx)
        {
            return Poll::Ready(heard.map_or_else(Event::Ended, Event::Heard));
        }
        // Something may have begun that has to be whole sooner.
        let rings_at = self.rings_at(now);
        if rings_at < timer.deadline() {
            timer.as_mut().reset(rings_at);
        }
        if timer.poll(cx).is_ready() {
            return Poll::Ready(Event::Time);
        }
        if self.gather(cx) { Poll::Ready(Event::Ready) } else { Poll::Pending }
    }

    /// Puts together what operations have ready, up to the size of a write; `false`: nothing.
    fn gather(&mut self, cx: &mut Context<'_>) -> bool {
        let (out, kept) = (&mut self.out, &mut self.kept);
        self.operations.poll_each(cx, |outcome, head_of_next| {
            match outcome {
                Outcome::Frames(frames) => {
                    put_frames(out, head_of_next, &frames);
                    kept.extend(frames.into_iter().filter(|frame| frame.payload().len() > WRITE));
                }
                Outcome::Refused(id, response) => {
                    put(out, Opcode::Text, error(&id, &response).as_bytes());
                }
                Outcome::Over(id) => put(out, Opcode::Text, complete(&id).as_bytes()),
            }
            out.len() < WRITE
        });
        !self.out.is_empty()
    }

    async fn flush(&mut self) -> Result<(), Close> {
        let began = Instant::now();
        let (out, _kept) = (std::mem::take(&mut self.out), std::mem::take(&mut self.kept));
        let written = self.wire.write(&out).await;
        self.wire.did_not_listen_for(began.elapsed());
        written
    }

    async fn finish(&mut self) -> Result<(), Close> {
        let began = Instant::now();
        let written = self.wire.finish().await;
        self.wire.did_not_listen_for(began.elapsed());
        written
    }

    async fn hear(&mut self, heard: Heard) -> Result<(), Close> {
        (self.heard, self.asked) = (Instant::now(), false);
        self.speech.hear(self.heard);
        match heard {
            Heard::Text(text) => {
                let message = read_json(text.as_bytes())
                    .map_err(|_| Close::BadMessage("Not a message of graphql-transport-ws"))?;
                self.react(message).await
            }
            Heard::Ping(payload) => self.wire.send(Opcode::Pong, &payload).await,
            Heard::Pong | Heard::Piece => Ok(()),
            Heard::Close(code) => Err(Close::Taken(code)),
        }
    }

    async fn react(&mut self, message: ClientMessage) -> Result<(), Close> {
        match message {
            ClientMessage::ConnectionInit { payload } => {
                if self.acknowledged {
                    return Err(Close::InitTwice);
                }
                let authorization =
                    payload.iter().flatten().find(|(name, _)| name.eq_ignore_ascii_case("authorization"));
                if let Some((_, value)) = authorization {
                    let value = value.as_str().unwrap_or_default();
                    self.pass = match credentials::bearer(value, &self.edge.gate).await {
                        Ok(pass) => pass,
                        Err(refused) => return Err(self.close_for(refused)),
                    };
                    self.ends = self.pass.expiry(&self.edge);
                    self.withdrawn = self.pass.withdrawn(&self.edge);
                } else if let Some(refused) = self.stale.take() {
                    return Err(self.close_for(refused));
                }
                let most = size(self.edge.engine.limits().sockets_per_person);
                let person = self.edge.sockets.of_person(&self.pass.viewer(), most);
                self.person = person.map_err(|_| Close::TooManySockets)?;
                self.acknowledged = true;
                self.check = Instant::now() + self.ping_wait();
                self.wire.send(Opcode::Text, br#"{"type":"connection_ack"}"#).await
            }
            ClientMessage::Ping => self.wire.send(Opcode::Text, br#"{"type":"pong"}"#).await,
            ClientMessage::Pong => Ok(()),
            ClientMessage::Subscribe { id, payload } => {
                if !self.acknowledged {
                    return Err(Close::Unauthorized);
                }
                if id.is_empty() || id.len() > ID_MAX {
                    return Err(Close::BadMessage("An id has 1 to 128 bytes"));
                }
                if self.operations.contains(&id) {
                    return Err(Close::DuplicateId(id));
                }
                let asked = payload.asked(self.from).map_err(|NotOne(what)| Close::BadMessage(what))?;
                let most = size(self.edge.engine.limits().socket_operations);
                if self.operations.len() >= most {
                    let counted = self.edge.engine.turn_away(&self.pass.viewer(), self.from);
                    let why = counted.err().unwrap_or_else(|| too_many(most));
                    return self.refuse(&id, why).await;
                }
                let (engine, viewer) = (self.edge.engine.clone(), self.pass.viewer());
                self.operations.start(id, asked, engine, viewer, self.wire.line());
                Ok(())
            }
            ClientMessage::Complete { id } => {
                self.operations.stop(&id);
                Ok(())
            }
        }
    }

    /// Why a socket is closed whose credentials are refused, which costs as much as any refusal.
    fn close_for(&self, refused: Refused) -> Close {
        let close = Close::from(refused);
        match close {
            Close::Forbidden(_) if self.edge.engine.turn_away(&Viewer::Anonymous, self.from).is_err() => {
                Close::TooFast
            }
            close => close,
        }
    }

    /// Tells that an operation does not start. The others go on.
    async fn refuse(&mut self, id: &str, why: GraphError) -> Result<(), Close> {
        let message = error(id, &engine::refused(why));
        self.wire.send(Opcode::Text, message.as_bytes()).await
    }

    /// How long until the next sign of life is asked for.
    fn ping_wait(&self) -> Duration {
        seconds(self.edge.engine.limits().socket_ping_seconds.max(1))
    }

    fn rings_at(&self, now: Instant) -> Instant {
        let times = [self.ends, self.speech.waits_until(now), self.whole_by()];
        times.into_iter().flatten().fold(self.check, Instant::min)
    }

    /// When a message that was begun has to be whole.
    fn whole_by(&self) -> Option<Instant> {
        let most = seconds(self.edge.engine.limits().body_seconds);
        self.wire.begun().map(|begun| begun + most)
    }

    /// The token's time, or that for a sign of life or for the first word, may be over.
    async fn look_at_the_clock(&mut self) -> Result<(), Close> {
        let now = Instant::now();
        if self.ends.is_some_and(|ends| ends <= now) {
            (self.ends, self.leaving) = (None, Some(Close::Expired));
            return Ok(());
        }
        if self.whole_by().is_some_and(|by| by <= now) {
            return self.last_chance(now).await;
        }
        if self.check > now {
            return Ok(());
        }
        if !self.acknowledged {
            return Err(Close::InitTimeout);
        }
        let most = seconds(self.edge.engine.limits().socket_silence_seconds);
        if self.asked && self.heard.elapsed() > most {
            return Err(Close::Silent);
        }
        self.check = now + self.ping_wait();
        self.asked = true;
        self.wire.send(Opcode::Ping, &[]).await
    }

    /// A message's time is over. What has come of it by now is heard first: it may be all.
    async fn last_chance(&mut self, now: Instant) -> Result<(), Close> {
        let heard = poll_fn(|cx| Poll::Ready(self.wire.poll_hear(cx))).await;
        match heard {
            Poll::Ready(Ok(heard)) => Box::pin(self.hear(heard)).await,
            Poll::Ready(Err(Ended::Broken(close))) => Err(close),
            Poll::Ready(Err(Ended::Gone)) => Err(Close::Silent),
            Poll::Pending if self.whole_by().is_some_and(|by| by <= now) => Err(Close::Late),
            Poll::Pending => Ok(()),
        }
    }

    async fn end(mut self, payload: &[u8]) {
        // Nothing may come after a close.
        self.operations = Operations::default();
        take_leave(self.wire, payload).await;
    }
}

/// Takes its leave. A client that does not take its own is left.
async fn take_leave(wire: Wire, payload: &[u8]) {
    let farewell = wire.send(Opcode::Close, payload);
    if let Ok(Ok(())) = tokio::time::timeout(Duration::from_secs(1), farewell).await {
        wire.close().await;
    }
}

/// `error` of one operation.
fn error(id: &str, response: &Response) -> String {
    format!("{}{}}}", head("error", id), engine::errors(response))
}

fn too_many(max: usize) -> GraphError {
    let message =
        format!("A socket has at most {max} operations at a time: complete one, or open another socket.");
    GraphError::new("TOO_MANY_OPERATIONS", message)
}
