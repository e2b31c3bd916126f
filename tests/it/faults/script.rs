//! Writers: people who submit, approve, reject, restore, edit and delete, whatever happens to the servers meanwhile.
//!
//! Whatever is sent is sent until its outcome is known: a submission and a decision with an idempotency key, an edit with
//! the revision that it was made from, a deletion as it is. What was acknowledged, and every text that was ever sent, is
//! kept in the [`Ledger`] for the checker.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use tokio::sync::watch;
use uuid::Uuid;

use super::super::support::{
    client::{Actor, Answer},
    operations::Operation,
    process::lock,
};
use super::{
    Article, Violation, What, comment_uuid,
    dice::Dice,
    ledger::{Ack, Known, Ledger},
};

/// How long a client waits for one answer before it asks again, perhaps elsewhere.
const PATIENCE: Duration = Duration::from_secs(2);
/// How long a write may stay without a known outcome.
const SETTLES_WITHIN: Duration = Duration::from_secs(40);
/// Comments of one thread, at most: what fits into a page of the final query.
const THREAD_MAX: usize = 40;

/// Everybody who writes.
pub struct Script {
    pub doors: Vec<String>,
    pub articles: Vec<Article>,
    pub authors: Vec<Actor>,
    pub moderator: Actor,
    pub ledger: Mutex<Ledger>,
    /// While set, writers don't pause between writes.
    pub hurry: AtomicBool,
    /// How many comments in a hundred are as long as may be.
    pub verbose: u64,
    pub run: u64,
}

impl Script {
    /// Writes until told to stop, and then until the last outcome is known.
    pub async fn write(self: Arc<Self>, author: usize, mut dice: Dice, stop: watch::Receiver<bool>) {
        while !*stop.borrow() {
            self.act(author, &mut dice).await;
            if !self.hurry.load(Ordering::Relaxed) {
                tokio::time::sleep(dice.millis(60, 180)).await;
            }
        }
    }

    async fn act(&self, author: usize, dice: &mut Dice) {
        let choice = dice.below(100);
        let decided = match choice {
            0..40 => None,
            40..64 => {
                self.pick(dice, |known| known.status == "PENDING").map(|known| ("CommentApprove", known))
            }
            64..74 => {
                self.pick(dice, |known| known.status == "APPROVED").map(|known| ("CommentReject", known))
            }
            74..82 => {
                self.pick(dice, |known| known.status == "REJECTED").map(|known| ("CommentApprove", known))
            }
            82..93 => {
                let own = |known: &Known| {
                    known.author == author && matches!(&*known.status, "PENDING" | "APPROVED")
                };
                self.pick(dice, own).map(|known| ("CommentEdit", known))
            }
            _ => {
                let own = |known: &Known| known.author == author && known.status != "DELETED";
                self.pick(dice, own).map(|known| ("CommentDelete", known))
            }
        };
        match decided {
            None => {
                let article = dice.below(self.articles.len());
                self.submit(&self.doors, author, article, dice).await;
            }
            Some(("CommentEdit", known)) => self.edit(author, known, dice).await,
            Some(("CommentDelete", known)) => {
                let input = json!({ "id": known.global });
                self.settle(&self.doors, "CommentDelete", &self.authors[author], input, None, dice).await;
            }
            Some((decision, known)) => self.decide(decision, &known, dice).await,
        }
    }

    /// One of the latest comments that are so: old ones come to rest.
    fn pick(&self, dice: &mut Dice, is: impl Fn(&Known) -> bool) -> Option<Known> {
        let ledger = lock(&self.ledger);
        let recent = &ledger.comments[ledger.comments.len().saturating_sub(80)..];
        let fitting: Vec<_> = recent.iter().filter(|known| is(known)).collect();
        dice.one_of(&fitting).map(|known| (*known).clone())
    }

    /// Submits a comment, perhaps a reply, at one of these doors.
    pub async fn submit(
        &self,
        doors: &[String],
        author: usize,
        article: usize,
        dice: &mut Dice,
    ) -> Option<Ack> {
        let parent = if dice.percent(45) {
            let size = |root| lock(&self.ledger).comments.iter().filter(|known| known.root == root).count();
            self.pick(dice, |known| known.article == article && known.status == "APPROVED" && known.depth < 5)
                .filter(|known| size(known.root) < THREAD_MAX)
        } else {
            None
        };
        let (mark, body) = self.words(None, dice);
        let input = json!({
            "articleId": self.articles[article].global,
            "parentId": parent.as_ref().map(|parent| &parent.global),
            "body": body,
            "idempotencyKey": format!("{:x}-submit-{mark}", self.run),
        });
        let new = New { article, author, mark, parent };
        self.settle(doors, "CommentSubmit", &self.authors[author], input, Some(new), dice).await
    }

    async fn edit(&self, author: usize, known: Known, dice: &mut Dice) {
        let (_, body) = self.words(Some((known.id, known.revision + 1)), dice);
        let input = json!({ "id": known.global, "revision": known.revision, "body": body });
        self.settle(&self.doors, "CommentEdit", &self.authors[author], input, None, dice).await;
    }

    /// A moderator's decision, on the revision that was last heard of.
    pub async fn decide(&self, decision: &'static str, known: &Known, dice: &mut Dice) {
        let key = format!("{:x}-{decision}-{:x}", self.run, dice.next());
        let input = json!({ "id": known.global, "revision": known.revision, "idempotencyKey": key });
        self.settle(&self.doors, decision, &self.moderator, input, None, dice).await;
    }

    /// Words that nobody has written before, and their number.
    fn words(&self, of: Option<(Uuid, i32)>, dice: &mut Dice) -> (usize, String) {
        let mark = {
            let mut ledger = lock(&self.ledger);
            ledger.marks.push(of);
            ledger.marks.len() - 1
        };
        let length = if dice.percent(self.verbose) { 120 } else { 2 + dice.below(20) };
        let filler = "and so it went on, as these things do ".repeat(length);
        (mark, format!("mark-{mark} is how this comment begins, {filler}"))
    }

    /// Sends until the outcome is known, to any node; keeps what was learned.
    async fn settle(
        &self,
        doors: &[String],
        name: &'static str,
        who: &Actor,
        input: Value,
        new: Option<New>,
        dice: &mut Dice,
    ) -> Option<Ack> {
        let operation = Operation::named(name, json!({ "input": input }));
        let begun = Instant::now();
        let mut last = String::new();
        while begun.elapsed() < SETTLES_WITHIN {
            let door = dice.one_of(doors).expect("there is a node");
            let sent = tokio::time::timeout(PATIENCE, who.at(door).try_send(operation.clone())).await;
            match sent {
                Ok(Ok(answer)) => match answer.errors() {
                    [] => return self.learn(name, &answer, new),
                    errors => last = format!("{errors:?}"),
                },
                Ok(Err(reason)) => last = reason,
                Err(_) => last = format!("no answer within {PATIENCE:?}"),
            }
            lock(&self.ledger).repeats += 1;
            tokio::time::sleep(dice.millis(30, 150)).await;
        }
        let text = format!("{name} {input} had no known outcome within {SETTLES_WITHIN:?}; at last: {last}");
        lock(&self.ledger).violations.push(Violation::new(What::Unsettled, text));
        None
    }

    fn learn(&self, name: &'static str, answer: &Answer, new: Option<New>) -> Option<Ack> {
        let mut ledger = lock(&self.ledger);
        let refused = answer.user_errors().first().map(|error| error.code.clone());
        if let Some(code) = &refused {
            *ledger.refusals.entry(format!("{name}: {code}")).or_default() += 1;
        }
        let payload = answer.data("").as_object()?.values().next()?;
        let comment = payload.get("comment").filter(|comment| !comment.is_null())?;
        let global = comment["id"].as_str()?.to_owned();
        let ack = Ack {
            at: Instant::now(),
            what: name,
            comment: comment_uuid(&global),
            revision: i32::try_from(comment["revision"].as_i64()?).ok()?,
            status: comment["status"].as_str()?.to_owned(),
        };
        ledger.acks.push(ack.clone());
        if let Some(new) = new {
            ledger.marks[new.mark] = Some((ack.comment, 1));
            let (root, depth) = new.parent.map_or((ack.comment, 0), |parent| (parent.root, parent.depth + 1));
            ledger.comments.push(Known {
                id: ack.comment,
                global,
                article: new.article,
                author: new.author,
                root,
                depth,
                revision: ack.revision,
                status: ack.status.clone(),
            });
        } else if let Some(known) = ledger.comments.iter_mut().find(|known| known.id == ack.comment)
            && known.revision <= ack.revision
        {
            (known.revision, known.status) = (ack.revision, ack.status.clone());
        }
        Some(ack)
    }
}

/// What becomes of a submission once its id is known.
struct New {
    article: usize,
    author: usize,
    mark: usize,
    parent: Option<Known>,
}
