//! What authors do: submit, edit, delete.

use std::net::IpAddr;

use chrono::{DateTime, Utc};
use sha2::{Digest, Sha256};

use super::judging::{self, Case, Words};
use super::{Failure, Outcome, Refusal, RefusalCode, Refused, Service, refuse, stale};
use crate::domain::article::{Article, ModerationMode};
use crate::domain::comment::{Action, Comment, Next, ThreadPath};
use crate::domain::ids::{ArticleId, CommentId, EntryId, opaque};
use crate::domain::moderation::HistoryAction;
use crate::domain::policy::{self, Denied, Permission};
use crate::domain::rules::{self, Verdict};
use crate::domain::sanction::Imposed;
use crate::domain::user::{User, Viewer};
use crate::store::{Change, FirstResult, NewComment, NewEntry, NewMark, Remembered, WriteTx};

/// The longest idempotency key, in bytes.
const KEY_MAX: usize = 200;

/// A comment sent in.
#[derive(Clone, Debug)]
pub struct Submission {
    /// Under which article.
    pub article: ArticleId,
    /// In reply to which comment.
    pub parent: Option<CommentId>,
    /// The words, in Markdown.
    pub body: String,
    /// What makes a retry return the first result.
    pub idempotency_key: Option<String>,
}

/// New words for a comment.
#[derive(Clone, Debug)]
pub struct Edit {
    /// Which comment.
    pub comment: CommentId,
    /// The words, in Markdown.
    pub body: String,
    /// The revision that the author read.
    pub revision: i32,
}

/// A submission that is taken, before it is written.
struct Taken {
    article: Article,
    parent: Option<Comment>,
    verdict: Verdict,
    now: DateTime<Utc>,
}

impl Service {
    /// Takes a comment in: held for a moderator, or shown at once, as the article's rules say.
    ///
    /// # Errors
    /// [`Failure`]; a submission that the rules don't take is refused, not an error.
    pub async fn submit(&self, viewer: &Viewer, submission: Submission) -> Outcome<Comment> {
        self.submit_from(viewer, submission, None).await
    }

    /// The same, where it is known from which address it came: the rules may limit how much comes from one.
    ///
    /// # Errors
    /// As [`Service::submit`].
    pub async fn submit_from(
        &self,
        viewer: &Viewer,
        submission: Submission,
        address: Option<IpAddr>,
    ) -> Outcome<Comment> {
        let author = signed_in(viewer)?;
        let key = match remembered(
            author,
            "submit",
            submission.idempotency_key.as_deref(),
            &[
                &submission.article.to_string(),
                &submission.parent.map_or_else(String::new, |id| id.to_string()),
                &submission.body,
            ],
        ) {
            Ok(key) => key,
            Err(refusal) => return Ok(Err(refusal.into())),
        };
        let words = Words::of(&submission.body);
        let case = self.case(viewer, submission.article, &words, address).await?;
        let case = match self.asked(author, &submission, &words, case, key.as_ref()).await? {
            Ok(case) => case,
            Err(outcome) => return Ok(outcome),
        };
        match self.submit_once(author, &submission, &words, &case, key.clone()).await {
            // A retry that ran beside the first try: by now the first result is there.
            Err(Failure::Store(error)) if key.is_some() && error.is_duplicate() => {
                self.submit_once(author, &submission, &words, &case, key).await
            }
            outcome => outcome,
        }
    }

    /// Asks the operator's hook, if there is one to ask, outside any transaction; or the outcome, where there is one without
    /// it: a retry has its answer already, and what other rules refuse is nobody else's to see.
    async fn asked(
        &self,
        author: &User,
        submission: &Submission,
        words: &Words,
        case: Case,
        key: Option<&Remembered>,
    ) -> Result<Result<Case, Result<Comment, Refused<Comment>>>, Failure> {
        let Some(hook) = self.rulebook.hook().filter(|_| case.asks_hook()) else { return Ok(Ok(case)) };
        let tx = self.store.write().await?;
        if let Err(outcome) = self.prepare(&tx, author, submission, words, &case, key).await? {
            return Ok(Err(outcome));
        }
        drop(tx);
        let mut question = judging::question("submit", author, submission.article, words);
        question.parent_id = submission.parent.map(|id| opaque(b'C', id.0));
        let finding = hook.ask(&question, key.map(|key| &*key.key), self.clock.now()).await;
        Ok(Ok(case.with_hook(finding)))
    }

    async fn submit_once(
        &self,
        author: &User,
        submission: &Submission,
        words: &Words,
        case: &Case,
        key: Option<Remembered>,
    ) -> Outcome<Comment> {
        let tx = self.store.write().await?;
        let prepared = self.prepare(&tx, author, submission, words, case, key.as_ref()).await?;
        let Taken { mut article, parent, verdict, now } = match prepared {
            Ok(taken) => taken,
            Err(outcome) => return Ok(outcome),
        };
        let comment = NewComment {
            id: CommentId(self.clock.new_id()),
            parent: parent.as_ref(),
            author: author.clone(),
            body: words.body.clone(),
            body_html: words.html.clone(),
            state: verdict.state(now),
            held_because: verdict.held_because,
            at: now,
            entry: self.entry(HistoryAction::Submitted, Some(author)),
        };
        let told = article.sequence;
        let comment = tx.insert_comment(&mut article, comment).await?;
        let (author, text, address) = (author.id, case.text, case.address);
        tx.mark_submission(NewMark { comment: comment.id, author, at: now, text, address }).await?;
        if let Some(key) = key {
            tx.remember(key, comment.id.0, now).await?;
        }
        #[cfg(feature = "planted-bugs")]
        crate::planted::publish_before_commit(&*self.bus, &article).await;
        tx.commit().await?;
        self.announce_change(&article, told);
        Ok(Ok(comment))
    }

    /// What comes before writing a submission: its turn, what it refers to, and the rules; or the outcome.
    async fn prepare(
        &self,
        tx: &WriteTx,
        author: &User,
        submission: &Submission,
        words: &Words,
        case: &Case,
        key: Option<&Remembered>,
    ) -> Result<Result<Taken, Result<Comment, Refused<Comment>>>, Failure> {
        if !tx.take_turn(author.id).await? {
            return Err(Denied::Gone.into());
        }
        if let Some(outcome) = repeated(tx, key).await? {
            return Ok(Err(outcome?));
        }
        let now = self.clock.now();
        let held = match writer(tx, author, now).await? {
            Ok(sanction) => sanction.and_then(|sanction| sanction.holds()),
            Err(refusal) => return Ok(Err(Err(refusal.into()))),
        };
        let article = tx.article(submission.article).await?.ok_or(Failure::NotFound("article"))?;
        let article = match article.policy.moderation {
            ModerationMode::Pre => article,
            ModerationMode::Post => lock(tx, submission.article).await?,
        };
        let parent = match submission.parent {
            // Whoever has its id has seen it: that it went is told, not hidden.
            Some(id) => Some(tx.comment(id).await?.ok_or(Failure::NotFound("comment"))?),
            None => None,
        };
        if let Some(refusal) = parent.as_ref().and_then(|parent| cannot_reply(parent, &article)) {
            return Ok(Err(Err(refusal.into())));
        }
        let facts = case.facts(tx, author, now).await?;
        let judged = rules::judge(&case.rules, &article.policy, &words.body, &words.judged, &facts, now);
        Ok(match judged {
            Ok(mut verdict) => {
                if let Some(trace) = held {
                    verdict.hold(trace);
                }
                Ok(Taken { article, parent, verdict, now })
            }
            Err(not_taken) => Err(Err(Refusal::from(not_taken).into())),
        })
    }

    /// Changes the words of one's own comment, inside the edit window.
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn edit(&self, viewer: &Viewer, edit: Edit) -> Outcome<Comment> {
        let author = signed_in(viewer)?;
        let words = Words::of(&edit.body);
        let Some(read) = self.store.latest().comment(edit.comment).await? else {
            return Err(Failure::NotFound("comment"));
        };
        let case = self.case(viewer, read.article_id, &words, None).await?;
        let case = self.asked_of_edit(viewer, author, &edit, &words, case, &read).await;
        let tx = self.store.write().await?;
        let now = self.clock.now();
        let held = match writer(&tx, author, now).await? {
            Ok(sanction) => sanction.and_then(|sanction| sanction.holds()),
            Err(refusal) => return Ok(Err(refusal.into())),
        };
        let (mut article, before) = own_comment(&tx, viewer, edit.comment).await?;
        if before.revision != edit.revision {
            return Ok(Err(stale(before, edit.revision)));
        }
        let mode = if held.is_some() { ModerationMode::Pre } else { article.policy.moderation };
        let state = match before.state.after(Action::Edit, mode, now, Some(author.id)) {
            Ok(Next::Changed(state)) => state,
            Ok(Next::Unchanged) => return Ok(Ok(before)),
            Err(refused) => return Ok(Err(Refusal::from(refused).into())),
        };
        if !policy::may_edit(viewer, &before, now) {
            let minutes = policy::EDIT_WINDOW.num_minutes();
            let message = format!("A comment can be edited for {minutes} minutes after it was sent in.");
            return refuse(RefusalCode::EditWindowClosed, "id", message);
        }
        if let Err(not_taken) = rules::check_length(&article.policy, &words.body) {
            return Ok(Err(Refusal::from(not_taken).into()));
        }
        if words.body == before.body {
            return Ok(Ok(before));
        }
        let verdict = match Verdict::over(case.judge_edit(&words)) {
            Ok(verdict) => verdict,
            Err(not_taken) => return Ok(Err(Refusal::from(not_taken).into())),
        };
        let (state, held_because) = judging::edited(&before, state, verdict, now);
        let held_because = held_because.map(|traces| traces.into_iter().chain(held).collect());
        let change = Change {
            state,
            words: Some((words.body, words.html)),
            held_because,
            reopened: 0,
            at: now,
            entry: self.entry(HistoryAction::Edited, Some(author)),
        };
        let told = article.sequence;
        tx.mark_edit(before.id, case.text).await?;
        let comment = tx.change_comment(&mut article, &before, change).await?;
        tx.commit().await?;
        self.announce_change(&article, told);
        Ok(Ok(comment))
    }

    /// Asks the operator's hook about an edit that looks as if it could be made; whether it is, is seen under the lock.
    async fn asked_of_edit(
        &self,
        viewer: &Viewer,
        author: &User,
        edit: &Edit,
        words: &Words,
        case: Case,
        read: &Comment,
    ) -> Case {
        let now = self.clock.now();
        let is_due = policy::may_edit(viewer, read, now)
            && read.revision == edit.revision
            && read.body != words.body
            && Verdict::over(case.judge_edit(words)).is_ok();
        let Some(hook) = self.rulebook.hook().filter(|_| case.asks_hook() && is_due) else { return case };
        let mut question = judging::question("edit", author, read.article_id, words);
        question.comment_id = Some(opaque(b'C', read.id.0));
        question.parent_id = read.parent_id.map(|id| opaque(b'C', id.0));
        case.with_hook(hook.ask(&question, None, now).await)
    }

    /// Takes one's own comment back. Its words are erased; where it has visible replies, a tombstone stays.
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn delete(&self, viewer: &Viewer, id: CommentId) -> Outcome<Comment> {
        let author = signed_in(viewer)?;
        let tx = self.store.write().await?;
        let (mut article, before) = own_comment(&tx, viewer, id).await?;
        let now = self.clock.now();
        let state = match before.state.after(Action::Delete, article.policy.moderation, now, Some(author.id))
        {
            Ok(Next::Changed(state)) => state,
            Ok(Next::Unchanged) => return Ok(Ok(before)),
            Err(refused) => return Ok(Err(Refusal::from(refused).into())),
        };
        let change = Change {
            state,
            words: Some((String::new(), String::new())),
            held_because: None,
            reopened: 0,
            at: now,
            entry: self.entry(HistoryAction::Deleted, Some(author)),
        };
        let told = article.sequence;
        let comment = tx.change_comment(&mut article, &before, change).await?;
        tx.commit().await?;
        self.announce_change(&article, told);
        Ok(Ok(comment))
    }

    pub(super) fn entry(&self, action: HistoryAction, by: Option<&User>) -> NewEntry {
        NewEntry {
            id: EntryId(self.clock.new_id()),
            action,
            by: by.map(|user| user.id),
            reason: None,
            note: None,
            bulk: None,
        }
    }
}

/// The viewer as somebody who may comment.
pub(super) fn signed_in(viewer: &Viewer) -> Result<&User, Denied> {
    policy::require(viewer, Permission::Comment)?;
    viewer.user().ok_or(Denied::Unauthenticated)
}

/// The sanction on somebody who is about to write, where it lets them; else what they are told. Asked first
/// of all, and held until the write is done: see [`WriteTx::writer`].
pub(super) async fn writer(
    tx: &WriteTx,
    user: &User,
    now: DateTime<Utc>,
) -> Result<Result<Option<Imposed>, Refusal>, Failure> {
    let (_, sanction) = tx.writer(user.id).await?.ok_or(Denied::Gone)?;
    let checked = sanction.as_ref().map_or(Ok(()), |sanction| sanction.check(now));
    Ok(checked.map(|()| sanction).map_err(Refusal::from))
}

pub(super) async fn lock(tx: &WriteTx, id: ArticleId) -> Result<Article, Failure> {
    tx.lock_article(id).await?.ok_or(Failure::NotFound("article"))
}

/// A comment that the viewer may see, read again under its article's lock.
pub(super) async fn lock_comment(
    tx: &WriteTx,
    viewer: &Viewer,
    id: CommentId,
) -> Result<(Article, Comment), Failure> {
    let missing = || Failure::NotFound("comment");
    let article = tx.comment(id).await?.ok_or_else(missing)?.article_id;
    let article = lock(tx, article).await?;
    let comment = tx.comment(id).await?.ok_or_else(missing)?;
    if !policy::may_see(viewer, &comment) {
        return Err(missing());
    }
    Ok((article, comment))
}

async fn own_comment(tx: &WriteTx, viewer: &Viewer, id: CommentId) -> Result<(Article, Comment), Failure> {
    let (article, comment) = lock_comment(tx, viewer, id).await?;
    if !policy::is_author(viewer, &comment) {
        return Err(Denied::NotAuthor.into());
    }
    Ok((article, comment))
}

fn cannot_reply(parent: &Comment, article: &Article) -> Option<Refusal> {
    if parent.article_id != article.id {
        let message = "The comment replied to stands under another article.";
        return Some(Refusal::of(RefusalCode::Invalid, "parentId", message));
    }
    if !parent.state.is_visible() {
        let message = "The comment replied to is not (or no longer) visible to readers.";
        return Some(Refusal::of(RefusalCode::ParentNotVisible, "parentId", message));
    }
    (parent.path.depth() >= ThreadPath::DEPTH_MAX).then(|| {
        let message = "This thread is as deep as threads get: reply to a comment further up.";
        Refusal::of(RefusalCode::TooDeep, "parentId", message)
    })
}

/// What a write is remembered by, if its caller gave a key. The parts are told apart by their lengths.
pub(super) fn remembered(
    user: &User,
    operation: &str,
    key: Option<&str>,
    parts: &[&str],
) -> Result<Option<Remembered>, Refusal> {
    let Some(key) = key else { return Ok(None) };
    if key.is_empty() || key.len() > KEY_MAX {
        let message = format!("An idempotency key has 1 to {KEY_MAX} bytes; a UUID does well.");
        return Err(Refusal::of(RefusalCode::Invalid, "idempotencyKey", message));
    }
    let mut digest = Sha256::new();
    for part in [operation].iter().chain(parts) {
        digest.update(part.len().to_be_bytes());
        digest.update(part.as_bytes());
    }
    let fingerprint = digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(Some(Remembered { user: user.id, key: key.to_owned(), fingerprint }))
}

/// The first result of a write that was done before, or its refusal if the key stands for another one.
pub(super) async fn repeated(
    tx: &WriteTx,
    key: Option<&Remembered>,
) -> Result<Option<Outcome<Comment>>, Failure> {
    let Some(key) = key else { return Ok(None) };
    Ok(match tx.first_result(key).await? {
        None => None,
        Some(FirstResult::Same(id)) => {
            Some(Ok(Ok(tx.comment(CommentId(id)).await?.ok_or(Failure::NotFound("comment"))?)))
        }
        Some(FirstResult::Other) => {
            let message =
                "This idempotency key was used for another request: take a new one for a new request.";
            Some(refuse(RefusalCode::IdempotencyKeyReused, "idempotencyKey", message))
        }
    })
}
