//! What happens to a submission. Rules run in order; each that holds a comment back leaves its trace, so
//! that a moderator can ask why.

use chrono::{DateTime, Utc};

use super::article::{CommentPolicy, CommentingState, ModerationMode};
use super::text;

/// One rule's mark on a comment.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Trace {
    /// The rule's name.
    pub rule: String,
    /// What it saw, in words for a moderator.
    pub detail: String,
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
}

/// What the rules say of a submission that is taken.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Verdict {
    /// The rules that hold it back; none: readers see it at once.
    pub held_because: Vec<Trace>,
}

impl Verdict {
    /// Whether a moderator reads it first.
    #[must_use]
    pub const fn is_held(&self) -> bool {
        !self.held_because.is_empty()
    }
}

/// The most bytes that a grapheme cluster may take on average: a cluster itself has no upper bound, so a
/// text of few "characters" could be of any size.
const BYTES_PER_CHARACTER: usize = 16;

/// Runs the rules of an article over the cleaned text of a new comment.
///
/// # Errors
/// The first rule that does not take it.
pub fn judge(policy: &CommentPolicy, body: &str, now: DateTime<Utc>) -> Result<Verdict, NotTaken> {
    match policy.state_at(now) {
        CommentingState::Open => {}
        CommentingState::Closed => return Err(NotTaken::Closed),
    }
    check_length(policy, body)?;
    let held_because = match policy.moderation {
        ModerationMode::Pre => vec![Trace {
            rule: "PRE_MODERATION".to_owned(),
            detail: "Every comment on this article is read before it appears.".to_owned(),
        }],
        ModerationMode::Post => Vec::new(),
    };
    Ok(Verdict { held_because })
}

/// The length rule alone: what an edit has to meet as well, commenting closed or not.
///
/// # Errors
/// Too short or too long.
pub fn check_length(policy: &CommentPolicy, body: &str) -> Result<(), NotTaken> {
    let minimum = usize::try_from(policy.min_length).unwrap_or(0);
    let maximum = usize::try_from(policy.max_length).unwrap_or(0);
    let length = text::length(body);
    if length < minimum {
        return Err(NotTaken::TooShort { length, minimum });
    }
    if length > maximum || body.len() > maximum.saturating_mul(BYTES_PER_CHARACTER) {
        return Err(NotTaken::TooLong { length, maximum });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_minimum_counts_what_a_reader_counts() {
        let policy = CommentPolicy::default();
        let now = DateTime::UNIX_EPOCH;
        assert_eq!(
            judge(&policy, &"👩‍👩‍👧".repeat(49), now),
            Err(NotTaken::TooShort { length: 49, minimum: 50 })
        );
        assert!(judge(&policy, &"👩‍👩‍👧".repeat(50), now).is_ok_and(|verdict| verdict.is_held()));
    }

    #[test]
    fn one_cluster_cannot_be_a_megabyte() {
        let policy = CommentPolicy { min_length: 1, ..CommentPolicy::default() };
        let zalgo = format!("a{}", "\u{301}".repeat(1_000_000));
        assert!(matches!(check_length(&policy, &zalgo), Err(NotTaken::TooLong { .. })));
    }

    #[test]
    fn commenting_closes_by_itself() {
        let at = DateTime::UNIX_EPOCH;
        let policy = CommentPolicy { closes_at: Some(at), ..CommentPolicy::default() };
        assert_eq!(judge(&policy, &"word ".repeat(20), at), Err(NotTaken::Closed));
    }
}
