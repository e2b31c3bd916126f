//! Readers: they follow, they are cut off, and they come back with the last cursor they have, to whichever node.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, atomic::AtomicBool},
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use tokio::{
    sync::{mpsc, watch},
    task::JoinHandle,
};

use super::super::support::{
    client::Actor,
    follower::{Ending, Follower, Transport},
    operations::Operation,
    process::lock,
};
use super::{
    Article,
    dice::Dice,
    frame::{Seen, seen},
};

/// How long a client tries to connect before it tries elsewhere.
const PATIENCE: Duration = Duration::from_secs(2);
/// Frames kept as they came, for the failure's text.
const KEPT_FRAMES: usize = 6;

/// What a reader follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Follows {
    /// `articleEvents`, as the contract has it.
    Everything,
    /// `articleEvents` with a selection that makes frames of a hundred kilobytes: a stall soon fills every buffer.
    Wide,
    /// `commentApproved`, as the contract has it.
    Approved,
}

/// A reader at work.
pub struct Reader {
    pub name: String,
    pub article: usize,
    pub follows: Follows,
    pub record: Arc<Mutex<Record>>,
    /// Whether it has ever had everything: one that comes late has a past to replay first.
    pub caught_up: AtomicBool,
    /// The sequence of the last frame.
    pub reached: watch::Receiver<i64>,
    orders: mpsc::UnboundedSender<Order>,
    task: JoinHandle<()>,
}

/// What the test does to a reader itself; the rest happens to its network and its node.
#[derive(Clone, Copy, Debug)]
pub enum Order {
    /// Its connection breaks.
    Cut,
    /// It reads nothing for so long.
    Stall(Duration),
}

/// Everything that a reader saw.
#[derive(Default)]
pub struct Record {
    /// It asked for what came after this.
    pub start: i64,
    pub connections: Vec<Connection>,
    pub seen: Vec<Seen>,
    pub last_frames: VecDeque<String>,
    /// What should never come: errors, resets, a polite end.
    pub odd: Vec<String>,
}

/// One of a reader's connections.
#[derive(Debug)]
pub struct Connection {
    pub at: Instant,
    pub door: String,
    /// The sequence of the cursor that it came with.
    pub after: i64,
    pub ended: Option<String>,
}

impl Reader {
    pub fn start(plan: ReaderPlan) -> Self {
        let ReaderPlan { name, article, follows, start, .. } = &plan;
        let record = Arc::new(Mutex::new(Record { start: *start, ..Record::default() }));
        let (reaching, reached) = watch::channel(*start);
        let (orders, taken) = mpsc::unbounded_channel();
        let (name, article, follows) = (name.clone(), article.index, *follows);
        let follow = Following { plan, record: Arc::clone(&record), reaching, orders: taken, follower: None };
        let (caught_up, task) = (AtomicBool::new(false), tokio::spawn(follow.run()));
        Self { name, article, follows, record, caught_up, reached, orders, task }
    }

    pub fn order(&self, order: Order) {
        // A reader that has failed takes no orders; its failure shows at the end.
        let _ = self.orders.send(order);
    }

    /// Ends it; `Err` is a panic of its own.
    pub async fn stop(self) -> Result<(), String> {
        drop(self.orders);
        self.task.await.map_err(|error| format!("reader {} failed: {error}", self.name))
    }
}

/// Who follows what, from where.
pub struct ReaderPlan {
    pub name: String,
    pub transport: Transport,
    pub follows: Follows,
    pub article: Article,
    pub actor: Actor,
    pub doors: Vec<String>,
    /// The cursor to begin after, and its sequence.
    pub after: String,
    pub start: i64,
    pub dice: Dice,
}

struct Following {
    plan: ReaderPlan,
    record: Arc<Mutex<Record>>,
    reaching: watch::Sender<i64>,
    orders: mpsc::UnboundedReceiver<Order>,
    follower: Option<Follower>,
}

impl Following {
    async fn run(mut self) {
        loop {
            match self.connect().await {
                Ok(()) => {
                    if self.read().await.is_none() {
                        return;
                    }
                }
                Err(ending) => self.ended(&ending),
            }
            // As a browser does, it comes back a moment later.
            tokio::select! {
                order = self.orders.recv() => if order.is_none() { return },
                () = tokio::time::sleep(self.plan.dice.millis(10, 150)) => {}
            }
        }
    }

    async fn connect(&mut self) -> Result<(), Ending> {
        let door = self.plan.dice.one_of(&self.plan.doors).expect("there is a node").clone();
        {
            let mut record = lock(&self.record);
            let after = *self.reaching.borrow();
            record.connections.push(Connection {
                at: Instant::now(),
                door: door.clone(),
                after,
                ended: None,
            });
        }
        let connecting = async {
            match &mut self.follower {
                Some(follower) => follower.try_resume_at(door).await,
                None => {
                    let plan = &self.plan;
                    let opened =
                        Follower::try_open(plan.transport, &plan.actor.at(door), plan.operation()).await?;
                    self.follower = Some(opened);
                    Ok(())
                }
            }
        };
        let limit = tokio::time::timeout(PATIENCE, connecting).await;
        limit.unwrap_or_else(|_| Err(Ending::Cut(format!("no connection within {PATIENCE:?}"))))
    }

    /// Reads until the connection ends; `None`: the reader has been told to stop.
    async fn read(&mut self) -> Option<()> {
        loop {
            let follower = self.follower.as_mut().expect("it is connected");
            let next = tokio::select! {
                biased;
                order = self.orders.recv() => match order? {
                    Order::Cut => {
                        self.ended(&Ending::Cut("the test cut it".to_owned()));
                        return Some(());
                    }
                    Order::Stall(time) => {
                        tokio::time::sleep(time).await;
                        continue;
                    }
                },
                next = follower.try_next() => next,
            };
            match next {
                Ok(payload) => self.take(&payload),
                Err(Ending::Silent) => {}
                Err(ending) => {
                    self.ended(&ending);
                    return Some(());
                }
            }
        }
    }

    fn take(&mut self, payload: &Value) {
        let text = payload.to_string();
        let article = self.plan.article.id;
        let mut record = lock(&self.record);
        match seen(payload, &text, article, record.connections.len() - 1) {
            Ok(seen) => {
                self.reaching.send_replace(seen.sequence);
                record.seen.push(seen);
            }
            // The server could not begin for a fault of its own, and said so: the client comes back.
            Err(why) if text.contains("\"INTERNAL\"") || text.contains("\"UNAVAILABLE\"") => {
                if let Some(connection) = record.connections.last_mut() {
                    connection.ended = Some(why);
                }
            }
            Err(why) => record.odd.push(why),
        }
        record.last_frames.push_back(text.chars().take(600).collect());
        if record.last_frames.len() > KEPT_FRAMES {
            record.last_frames.pop_front();
        }
        if let Some(follower) = &mut self.follower {
            follower.forget_frames();
        }
    }

    fn ended(&self, ending: &Ending) {
        let mut record = lock(&self.record);
        let text = format!("{ending:?}");
        match ending {
            Ending::Refused(_) | Ending::Cut(_) | Ending::Silent => {}
            Ending::Closed { code: None | Some(1001 | 1006 | 1012 | 4408), .. } => {}
            Ending::Failed(_) if text.contains("\"INTERNAL\"") || text.contains("\"UNAVAILABLE\"") => {}
            // After the errors of a stream that could not begin.
            Ending::Completed if record.connections.last().is_some_and(|last| last.ended.is_some()) => {}
            Ending::Closed { .. } | Ending::Failed(_) | Ending::Completed => record.odd.push(text.clone()),
        }
        if let Some(connection) = record.connections.last_mut() {
            connection.ended = Some(text);
        }
    }
}

impl ReaderPlan {
    fn operation(&self) -> Operation {
        let variables = json!({ "articleId": self.article.global, "after": self.after });
        match self.follows {
            Follows::Everything => Operation::named("ArticleEvents", variables),
            Follows::Approved => Operation::named("CommentApproved", variables),
            Follows::Wide => {
                let words: String = (0..60).map(|number| format!(" w{number}: body")).collect();
                let query = format!(
                    "subscription Wide($articleId: ID!, $after: String) {{
                       articleEvents(articleId: $articleId, after: $after) {{ cursor event {{ __typename
                         ... on CommentPublished {{ comment {{ id{words} }} commentCount }}
                         ... on CommentEdited {{ comment {{ id body }} }}
                         ... on CommentRemoved {{ commentId commentCount }}
                         ... on CommentRestored {{ comment {{ id body }} commentCount }}
                         ... on CommentCountsChanged {{ commentId replyCount }} }} }} }}"
                );
                Operation::raw(query, variables)
            }
        }
    }
}
