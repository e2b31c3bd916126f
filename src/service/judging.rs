//! Judging what comes in: the rules in force over the words, and over what the store has counted.

use std::net::IpAddr;
use std::sync::Arc;

use chrono::{DateTime, Duration, Utc};

use super::hook::Question;
use super::{Failure, Service};
use crate::domain::article::CommentPolicy;
use crate::domain::comment::{Comment, CommentState};
use crate::domain::ids::{ArticleId, opaque};
use crate::domain::markdown::{self, Trust};
use crate::domain::policy::{self, Permission};
use crate::domain::rules::{self, Facts, Finding, Outcome, Rule, Rules, TextDigest, Trace, Verdict};
use crate::domain::text;
use crate::domain::user::{User, Viewer};
use crate::store::{AddressDigest, FactsWanted, WriteTx};

/// A comment's words as they are stored and judged. They are made before the transaction begins, which holds other writers
/// up.
pub(super) struct Words {
    pub body: String,
    /// Empty for a body that no article takes: the rules refuse it, and rendering it would be work for nothing.
    pub html: String,
    pub judged: rules::Words,
}

impl Words {
    pub fn of(sent: &str) -> Self {
        let body = text::multi_line(sent);
        let longest = CommentPolicy { max_length: CommentPolicy::MAX_LENGTH, ..CommentPolicy::default() };
        let html = match rules::check_not_too_long(&longest, &body) {
            Ok(()) => markdown::to_html(&body, Trust::Reader),
            Err(_) => String::new(),
        };
        let judged = rules::Words::of(if html.is_empty() { "" } else { &body }, &html);
        Self { body, html, judged }
    }
}

/// What a submission is judged by.
pub(super) struct Case {
    pub rules: Arc<Rules>,
    pub text: Option<TextDigest>,
    pub address: Option<AddressDigest>,
    /// Moderators are known, and work at their own pace: rates, repeats and newcomers are not about them.
    is_staff: bool,
    is_unhurried: bool,
    hook: Option<Finding>,
}

impl Service {
    /// Prepares a case, by the rules in force now.
    pub(super) async fn case(
        &self,
        viewer: &Viewer,
        article: ArticleId,
        words: &Words,
        address: Option<IpAddr>,
    ) -> Result<Case, Failure> {
        let rules = self.rules_in_force(Some(article)).await?;
        let address = match address {
            Some(address) => Some(self.digest_of(address).await?),
            None => None,
        };
        let text = TextDigest::of(&words.judged.folded, rules.settings.repeats.min_length);
        let is_staff = policy::may(viewer, Permission::Moderate);
        Ok(Case { rules, text, address, is_staff, is_unhurried: self.rulebook.is_unhurried(), hook: None })
    }
}

/// What the hook is told of a new comment.
pub(super) fn question<'a>(
    event: &'static str,
    author: &'a User,
    article: ArticleId,
    words: &'a Words,
) -> Question<'a> {
    Question {
        event,
        article_id: opaque(b'A', article.0),
        comment_id: None,
        parent_id: None,
        author_id: opaque(b'U', author.id.0),
        author_name: &author.display_name,
        body: &words.body,
        text: &words.judged.seen.text,
    }
}

impl Case {
    /// Whether the operator's hook is to be asked, if there is one: moderators' own words are not shown to it.
    pub fn asks_hook(&self) -> bool {
        self.rules.settings.hook.on && !self.is_staff
    }

    /// The case with what the hook found.
    pub fn with_hook(self, hook: Option<Finding>) -> Self {
        Self { hook, ..self }
    }

    /// What the rules find in new words for a comment that is there.
    pub fn judge_edit(&self, words: &Words) -> Vec<Finding> {
        self.rules.judge_words(&words.judged).into_iter().chain(self.hook.clone()).collect()
    }

    /// What an edit of what readers see meets beside: that its author is new here, this comment left out of the count.
    pub async fn newcomer(
        &self,
        tx: &WriteTx,
        before: &Comment,
        now: DateTime<Utc>,
    ) -> Result<Option<Finding>, Failure> {
        let needed = self.rules.settings.newcomers.approved;
        let Some(author) = before.author.as_ref().filter(|_| needed > 0 && before.state.is_visible()) else {
            return Ok(None);
        };
        let Some(wanted) = self.wanted(author, now) else { return Ok(None) };
        let wanted = FactsWanted {
            person: (now, 0),
            address: None,
            text: None,
            approved: needed.saturating_add(1),
            ..wanted
        };
        let facts = tx.submission_facts(&wanted).await?;
        Ok(self.rules.judge_newcomer(&Facts { approved: facts.approved.saturating_sub(1), ..facts }))
    }

    /// What came before, as of this write.
    pub async fn facts(&self, tx: &WriteTx, author: &User, now: DateTime<Utc>) -> Result<Facts, Failure> {
        match self.wanted(author, now) {
            None => Ok(Facts { approved: u32::MAX, ..Facts::default() }),
            Some(wanted) => Ok(Facts { hook: self.hook.clone(), ..tx.submission_facts(&wanted).await? }),
        }
    }

    fn wanted(&self, author: &User, now: DateTime<Utc>) -> Option<FactsWanted> {
        if self.is_staff {
            return None;
        }
        let settings = &self.rules.settings;
        let since = |minutes: u32| now - Duration::minutes(i64::from(minutes));
        let limit = |limit: u32| if self.is_unhurried { 0 } else { limit };
        let (rate, address, repeats) = (settings.rate, settings.address_rate, settings.repeats);
        Some(FactsWanted {
            author: author.id,
            person: (since(rate.minutes), limit(rate.comments)),
            address: self.address.map(|digest| (digest, since(address.minutes), limit(address.comments))),
            text: self
                .text
                .filter(|_| repeats.minutes > 0 && !self.is_unhurried)
                .map(|digest| (digest, since(repeats.minutes), repeats.others)),
            approved: settings.newcomers.approved,
        })
    }
}

/// What an edit comes to: the state that the edit alone leads to, or a stricter one where the new words ask for it; and the
/// traces that the comment has from now on, where they change. What had held a comment that still waits stays to be read.
pub(super) fn edited(
    before: &Comment,
    state: CommentState,
    verdict: Verdict,
    now: DateTime<Utc>,
) -> (CommentState, Option<Vec<Trace>>) {
    let is_read_again = before.state.is_visible() && !state.is_visible();
    let detail = "The author changed the words after a moderator had approved them.";
    let again = is_read_again.then(|| vec![Trace::of(Rule::Edited, detail)]);
    match verdict.outcome {
        Outcome::Allow => (state, again),
        Outcome::Hold | Outcome::Spam | Outcome::Reject | Outcome::Refuse => {
            let next = verdict.state(now);
            let is_new = |old: &Trace| verdict.held_because.iter().any(|trace| trace.rule == old.rule);
            let old = before.held_because.iter().filter(|old| !old.is_about_words() && !is_new(old)).cloned();
            let mut traces = again.unwrap_or_else(|| old.collect());
            traces.extend(verdict.held_because);
            (next, Some(traces))
        }
    }
}
