//! What a set of rules would have done: the rules run over comments that are there, each with what came before it then.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::{DateTime, Duration, Utc};

use super::settings::Settings;
use super::{Facts, Outcome, Rule, Rules, TextDigest, Words};
use crate::domain::comment::Comment;
use crate::domain::ids::{CommentId, UserId};
use crate::domain::user::Role;

/// Comments that a rule names as samples.
const SAMPLES_MAX: usize = 5;

/// What is known of the time before the comments.
#[derive(Clone, Debug, Default)]
pub struct Past {
    /// When each person sent in comments, the comments under trial included.
    pub sent: HashMap<UserId, Vec<DateTime<Utc>>>,
    /// When readers first saw the first comments of each person.
    pub published: HashMap<UserId, Vec<DateTime<Utc>>>,
    /// What was said with the same words, as far as it is remembered.
    pub said: Vec<Said>,
}

/// Something that was said.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Said {
    /// In which comment.
    pub comment: CommentId,
    /// By whom.
    pub author: UserId,
    /// When.
    pub at: DateTime<Utc>,
    /// In which words.
    pub text: TextDigest,
}

/// What the rules would have done.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Trial {
    /// Comments that the rules ran over.
    pub tried: usize,
    /// How many would have met each outcome.
    pub outcomes: Vec<(Outcome, usize)>,
    /// What each rule would have done, the most frequent first.
    pub rules: Vec<RuleTrial>,
}

/// What one rule would have done.
#[derive(Clone, PartialEq, Debug)]
pub struct RuleTrial {
    /// Which rule.
    pub rule: Rule,
    /// What it would have made of them.
    pub outcome: Outcome,
    /// Of how many.
    pub count: usize,
    /// Some of them, the latest first, with what the rule saw.
    pub samples: Vec<(Arc<Comment>, String)>,
}

/// Runs rules over comments, the latest first. Length, closing, sanctions, addresses, the article's mode and the hook are
/// not tried: they depend on more than the rules.
#[must_use]
pub fn run(rules: &Rules, comments: Vec<Comment>, mut past: Past) -> Trial {
    let mut trial = Trial::default();
    let mut outcomes =
        [Outcome::Allow, Outcome::Hold, Outcome::Spam, Outcome::Reject, Outcome::Refuse].map(|o| (o, 0));
    let words: Vec<Words> =
        comments.iter().map(|comment| Words::of(&comment.body, &comment.body_html)).collect();
    let min_length = rules.settings.repeats.min_length;
    let known: std::collections::HashSet<CommentId> = past.said.iter().map(|said| said.comment).collect();
    let digests: Vec<Option<TextDigest>> =
        words.iter().map(|words| TextDigest::of(&words.folded, min_length)).collect();
    for (comment, text) in comments.iter().zip(&digests) {
        if let (Some(author), Some(text)) = (&comment.author, *text)
            && !known.contains(&comment.id)
        {
            past.said.push(Said { comment: comment.id, author: author.id, at: comment.created_at, text });
        }
    }
    let mut said: HashMap<TextDigest, Vec<Said>> = HashMap::new();
    for one in past.said.drain(..) {
        said.entry(one.text).or_default().push(one);
    }
    for ((comment, words), text) in comments.into_iter().zip(words).zip(digests) {
        let same = text.and_then(|text| said.get(&text)).map_or(&[][..], Vec::as_slice);
        let facts = facts(&rules.settings, &comment, &past, same);
        let findings = rules.judge(&words, &facts);
        let strictest = findings.iter().map(|finding| finding.outcome).max().unwrap_or(Outcome::Allow);
        if let Some((_, count)) = outcomes.iter_mut().find(|(outcome, _)| *outcome == strictest) {
            *count += 1;
        }
        trial.tried += 1;
        let comment = Arc::new(comment);
        for finding in findings {
            let at = trial
                .rules
                .iter()
                .position(|kept| (kept.rule, kept.outcome) == (finding.rule, finding.outcome));
            let at = at.unwrap_or_else(|| {
                let (rule, outcome) = (finding.rule, finding.outcome);
                trial.rules.push(RuleTrial { rule, outcome, count: 0, samples: Vec::new() });
                trial.rules.len() - 1
            });
            let kept = &mut trial.rules[at];
            kept.count += 1;
            if kept.samples.len() < SAMPLES_MAX {
                kept.samples.push((Arc::clone(&comment), finding.detail));
            }
        }
    }
    trial.rules.sort_by_key(|rule| std::cmp::Reverse(rule.count));
    trial.outcomes = outcomes.to_vec();
    trial
}

/// What the store would have counted when the comment came in.
fn facts(settings: &Settings, comment: &Comment, past: &Past, same: &[Said]) -> Facts {
    let Some(author) = &comment.author else { return Facts { approved: u32::MAX, ..Facts::default() } };
    if author.role >= Role::Moderator {
        return Facts { approved: u32::MAX, ..Facts::default() };
    }
    let at = comment.created_at;
    let since = |minutes: u32| at - Duration::minutes(i64::from(minutes));
    let count = |times: Option<&Vec<DateTime<Utc>>>, from: DateTime<Utc>| {
        let within = times.map_or(0, |times| times.iter().filter(|&&time| from < time && time < at).count());
        u32::try_from(within).unwrap_or(u32::MAX)
    };
    let from = since(settings.repeats.minutes);
    let earlier = same.iter().filter(|said| said.comment != comment.id && from < said.at && said.at < at);
    let (own, others): (Vec<&Said>, Vec<&Said>) = earlier.partition(|said| said.author == author.id);
    Facts {
        by_person: count(past.sent.get(&author.id), since(settings.rate.minutes)),
        from_address: 0,
        own_repeats: u32::try_from(own.len()).unwrap_or(u32::MAX),
        others_repeats: u32::try_from(others.len()).unwrap_or(u32::MAX),
        approved: count(past.published.get(&author.id), DateTime::<Utc>::MIN_UTC),
        hook: None,
    }
}
