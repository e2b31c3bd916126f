//! What happens to a submission. Rules run in order; each that does not simply let a comment through leaves its trace, so
//! that a moderator can ask why. They are pure: what came before is counted by the store and comes in as [`Facts`].
//!
//! The order: length, commenting closed, how much a person and an address send, repeats, banned and suspect words, links,
//! newcomers, the article's moderation mode, the operator's hook. The first that refuses ends it; of the others the
//! strictest decides where the comment goes.

pub mod fold;
mod links;
mod record;
mod seen;
pub mod settings;
pub mod trial;
mod words;

use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

pub use record::TextDigest;
pub use seen::{Seen, Target};
pub use settings::{Layer, Settings};
pub use words::{BadList, ENTRIES_MAX, WordList};

use super::article::{CommentPolicy, CommentingState, ModerationMode};
use super::comment::CommentState;
use super::text;

/// Entries of an article's own list: many articles' lists are kept ready at once.
pub const ARTICLE_ENTRIES_MAX: usize = 1_000;
/// Entries that a trace names.
const NAMED_MAX: usize = 5;

/// What a rule makes of a comment, the mildest first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Outcome {
    /// Nothing.
    Allow,
    /// A moderator reads it first.
    Hold,
    /// It is kept as spam.
    Spam,
    /// It is kept as rejected.
    Reject,
    /// It is not taken: its author is told.
    Refuse,
}

/// The rules, by the names that traces have.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Rule {
    /// Comments of one person.
    Rate,
    /// Comments from one address.
    AddressRate,
    /// The same text again.
    Repeat,
    /// Words that are not accepted.
    BannedWords,
    /// Words that a moderator wants to see.
    SuspectWords,
    /// Links.
    Links,
    /// Somebody new.
    Newcomer,
    /// Somebody whose every word is read first.
    PersonPremoderated,
    /// The article's mode.
    PreModeration,
    /// The operator's hook.
    Hook,
    /// Readers' reports sent it back.
    Reports,
    /// Its author changed what had been approved.
    Edited,
}

impl Rule {
    /// The name in traces.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Rate => "RATE",
            Self::AddressRate => "ADDRESS_RATE",
            Self::Repeat => "REPEAT",
            Self::BannedWords => "BANNED_WORDS",
            Self::SuspectWords => "SUSPECT_WORDS",
            Self::Links => "LINKS",
            Self::Newcomer => "NEWCOMER",
            Self::PersonPremoderated => "PERSON_PREMODERATED",
            Self::PreModeration => "PRE_MODERATION",
            Self::Hook => "HOOK",
            Self::Reports => "REPORTS",
            Self::Edited => "EDITED",
        }
    }
}

/// One rule's mark on a comment.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Trace {
    /// The rule's name.
    pub rule: String,
    /// What it saw, in words for a moderator.
    pub detail: String,
}

impl Trace {
    /// A rule's mark.
    #[must_use]
    pub fn of(rule: Rule, detail: impl Into<String>) -> Self {
        Self { rule: rule.name().to_owned(), detail: detail.into() }
    }

    /// Whether it is about the words alone: what an edit is judged for again.
    #[must_use]
    pub fn is_about_words(&self) -> bool {
        [Rule::BannedWords, Rule::SuspectWords, Rule::Links, Rule::Hook]
            .iter()
            .any(|rule| rule.name() == self.rule)
    }
}

/// What a rule found.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Finding {
    /// Which rule.
    pub rule: Rule,
    /// What it makes of the comment.
    pub outcome: Outcome,
    /// What it saw, in words for a moderator.
    pub detail: String,
}

impl Finding {
    /// A finding.
    #[must_use]
    pub const fn new(rule: Rule, outcome: Outcome, detail: String) -> Self {
        Self { rule, outcome, detail }
    }
}

/// Why a submission is not taken at all.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum NotTaken {
    /// Fewer characters than the article asks for.
    #[error("A comment here has at least {minimum} characters; this one has {length}.")]
    TooShort {
        /// What was counted.
        length: usize,
        /// What is asked for.
        minimum: usize,
    },
    /// More characters than the article allows.
    #[error("A comment here has at most {maximum} characters; this one has {length}.")]
    TooLong {
        /// What was counted.
        length: usize,
        /// What is allowed.
        maximum: usize,
    },
    /// The article takes no comments now.
    #[error("Commenting on this article is closed.")]
    Closed,
    /// A rule of the newsroom refuses it. Which word or domain it was is the moderators' to know.
    #[error("{}", refusal(*.0))]
    ByRule(Rule),
}

const fn refusal(rule: Rule) -> &'static str {
    match rule {
        Rule::Rate | Rule::AddressRate => {
            "That were many comments in a short time: wait a while, then send it again."
        }
        Rule::Repeat => "This has been said here already, in the same words.",
        Rule::BannedWords | Rule::SuspectWords => {
            "This has words that are not accepted here: put it another way."
        }
        Rule::Links => "This has more links than are accepted here, or one that is not: leave them out.",
        Rule::Newcomer
        | Rule::PersonPremoderated
        | Rule::PreModeration
        | Rule::Hook
        | Rule::Reports
        | Rule::Edited => "The newsroom's rules do not accept this comment.",
    }
}

/// What the rules say of a submission that is taken.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Verdict {
    /// The strictest outcome of any rule; never [`Outcome::Refuse`].
    pub outcome: Outcome,
    /// The rules that did not let it through.
    pub held_because: Vec<Trace>,
}

impl Verdict {
    /// The verdict over findings.
    ///
    /// # Errors
    /// The first that refuses.
    pub fn over(findings: Vec<Finding>) -> Result<Self, NotTaken> {
        if let Some(refused) = findings.iter().find(|finding| finding.outcome == Outcome::Refuse) {
            return Err(NotTaken::ByRule(refused.rule));
        }
        let outcome = findings.iter().map(|finding| finding.outcome).max().unwrap_or(Outcome::Allow);
        let held_because =
            findings.into_iter().map(|finding| Trace::of(finding.rule, finding.detail)).collect();
        Ok(Self { outcome, held_because })
    }

    /// Has a moderator read it first, unless a rule was stricter already.
    pub fn hold(&mut self, because: Trace) {
        self.outcome = self.outcome.max(Outcome::Hold);
        self.held_because.push(because);
    }

    /// Where a new comment begins under it.
    #[must_use]
    pub const fn state(&self, at: DateTime<Utc>) -> CommentState {
        match self.outcome {
            Outcome::Allow => CommentState::Approved { at, by: None },
            Outcome::Hold => CommentState::Pending,
            Outcome::Spam => CommentState::Spam { at, by: None },
            Outcome::Reject | Outcome::Refuse => CommentState::Rejected { at, by: None, reason: None },
        }
    }
}

/// What came before a submission, as the store counted it, and what the hook said. Counts stop at what the rules ask for.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Facts {
    /// Comments of the same person within the rate's window.
    pub by_person: u32,
    /// Comments from the same address within its window.
    pub from_address: u32,
    /// Comments of the same person with the same text.
    pub own_repeats: u32,
    /// Comments of others with the same text.
    pub others_repeats: u32,
    /// Approved comments of the person.
    pub approved: u32,
    /// What the hook makes of it, if it was asked and did not let it through.
    pub hook: Option<Finding>,
}

/// A comment's words, prepared for the rules.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Words {
    /// What a reader sees.
    pub seen: Seen,
    /// The words in one form.
    pub folded: String,
}

impl Words {
    /// The words of a comment, as they were written and as sanitised HTML.
    #[must_use]
    pub fn of(markdown: &str, html: &str) -> Self {
        let seen = Seen::of(markdown, html);
        let folded = fold::fold(&seen.text);
        Self { seen, folded }
    }
}

/// Rules in force, ready to judge.
#[derive(Clone, Debug, Default)]
pub struct Rules {
    /// What is set.
    pub settings: Settings,
    banned: Arc<WordList>,
    suspect: Arc<WordList>,
}

impl Rules {
    /// These rules under a layer. Lists that the layer leaves out are shared, not compiled again.
    ///
    /// # Errors
    /// The rule's name, and what is wrong with its list.
    pub fn under(&self, layer: &Layer, entries_max: usize) -> Result<Self, (&'static str, BadList)> {
        let list = |name, rule: &Option<settings::WordRule>, under: &Arc<WordList>| match rule {
            None => Ok(Arc::clone(under)),
            Some(rule) => {
                WordList::compile(&rule.words, entries_max).map(Arc::new).map_err(|bad| (name, bad))
            }
        };
        Ok(Self {
            settings: self.settings.under(layer),
            banned: list("bannedWords", &layer.banned_words, &self.banned)?,
            suspect: list("suspectWords", &layer.suspect_words, &self.suspect)?,
        })
    }

    /// What the rules that look at the words alone find: those that an edit meets too.
    #[must_use]
    pub fn judge_words(&self, words: &Words) -> Vec<Finding> {
        let lists = [
            (Rule::BannedWords, &self.banned, self.settings.banned_words.outcome),
            (Rule::SuspectWords, &self.suspect, self.settings.suspect_words.outcome),
        ];
        let mut found = Vec::new();
        for (rule, list, outcome) in lists {
            let entries = list.found_in(&words.folded, NAMED_MAX);
            if !entries.is_empty() && outcome != Outcome::Allow {
                found.push(Finding::new(rule, outcome, format!("Has “{}”.", entries.join("”, “"))));
            }
        }
        found.extend(links::judge(&self.settings.links, &words.seen));
        found
    }

    /// Whether its author is somebody whose comments are held until moderators know them.
    #[must_use]
    pub fn judge_newcomer(&self, facts: &Facts) -> Option<Finding> {
        record::judge_newcomer(&self.settings, facts)
    }

    /// What all rules but the article's own find in a new comment.
    #[must_use]
    pub fn judge(&self, words: &Words, facts: &Facts) -> Vec<Finding> {
        let mut found = record::judge(&self.settings, facts);
        found.extend(self.judge_words(words));
        found.extend(self.judge_newcomer(facts));
        found
    }
}

/// The most bytes that a grapheme cluster may take on average: a cluster itself has no upper bound, so a
/// text of few "characters" could be of any size.
const BYTES_PER_CHARACTER: usize = 16;

/// Runs everything over a new comment whose text is cleaned.
///
/// # Errors
/// The first rule that does not take it.
pub fn judge(
    rules: &Rules,
    policy: &CommentPolicy,
    body: &str,
    words: &Words,
    facts: &Facts,
    now: DateTime<Utc>,
) -> Result<Verdict, NotTaken> {
    check_length(policy, body, words)?;
    match policy.state_at(now) {
        CommentingState::Open => {}
        CommentingState::Closed => return Err(NotTaken::Closed),
    }
    let mut found = rules.judge(words, facts);
    match policy.moderation {
        ModerationMode::Pre => {
            let detail = "Every comment on this article is read before it appears.".to_owned();
            found.push(Finding::new(Rule::PreModeration, Outcome::Hold, detail));
        }
        ModerationMode::Post => {}
    }
    found.extend(facts.hook.clone());
    Verdict::over(found)
}

/// The length rule alone: what an edit has to meet as well, commenting closed or not. Markup makes nothing longer: where
/// less is to be seen than was written, that counts.
///
/// # Errors
/// Too short or too long.
pub fn check_length(policy: &CommentPolicy, body: &str, words: &Words) -> Result<(), NotTaken> {
    check_not_too_long(policy, body)?;
    let minimum = usize::try_from(policy.min_length).unwrap_or(0);
    let length = text::length(body).min(text::length(&words.seen.text));
    if length < minimum { Err(NotTaken::TooShort { length, minimum }) } else { Ok(()) }
}

/// The one end of the length rule that needs no look at what the text comes to.
///
/// # Errors
/// Too long; or too short, where so many bytes are too few characters.
pub fn check_not_too_long(policy: &CommentPolicy, body: &str) -> Result<(), NotTaken> {
    let maximum = usize::try_from(policy.max_length).unwrap_or(0);
    let length = text::length(body);
    let is_too_long = length > maximum || body.len() > maximum.saturating_mul(BYTES_PER_CHARACTER);
    if !is_too_long {
        return Ok(());
    }
    // Many bytes may be few characters: then there is too little to read.
    let minimum = usize::try_from(policy.min_length).unwrap_or(0);
    Err(if length < minimum {
        NotTaken::TooShort { length, minimum }
    } else {
        NotTaken::TooLong { length, maximum }
    })
}

#[cfg(test)]
mod tests;
