//! Sending a comment in.

use std::net::IpAddr;

use chrono::{DateTime, Utc};

use super::retries::{remembered, repeated};
use super::{lock, signed_in, writer};
use crate::domain::article::{Article, ModerationMode};
use crate::domain::comment::{Comment, ThreadPath};
use crate::domain::ids::{ArticleId, CommentId, opaque};
use crate::domain::moderation::HistoryAction;
use crate::domain::policy::Denied;
use crate::domain::rules::{self, Verdict};
use crate::domain::user::{User, Viewer};
use crate::service::judging::{self, Case, Words};
use crate::service::{Failure, Outcome, Refusal, RefusalCode, Refused, Service};
use crate::store::{NewComment, NewMark, Remembered, WriteTx};

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
