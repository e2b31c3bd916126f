//! An article and the policy that its comments live under.

use chrono::{DateTime, Utc};

use super::ids::{ArticleId, KeyPointId};

/// A short statement of what the story says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct KeyPoint {
    /// Which.
    pub id: KeyPointId,
    /// Place in the list, from 1.
    pub position: i32,
    /// The statement.
    pub text: String,
}

/// Words lifted out of the story.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PullQuote {
    /// What was said.
    pub text: String,
    /// Who said it.
    pub attribution: Option<String>,
}

/// Where and when the story was filed, as printed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Dateline {
    /// The place.
    pub place: String,
    /// The date as the newsroom prints it, such as "January 3".
    pub date: Option<String>,
}

/// The agency that supplied the story.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Source {
    /// Its name.
    pub name: String,
    /// Its page about the story, if it has one.
    pub url: Option<String>,
}

/// What an editor writes: every part of the article that is not counted or dated by the service.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Story {
    /// The name in the article's address.
    pub slug: String,
    /// The headline of the page.
    pub headline: String,
    /// What the story says in a few sentences.
    pub summary: Option<String>,
    /// The heading above the key points.
    pub key_points_heading: Option<String>,
    /// The headline of the story itself, under the summary.
    pub story_headline: Option<String>,
    /// The lines under the story's headline.
    pub standfirst: Option<String>,
    /// Words lifted out of the story.
    pub pull_quote: Option<PullQuote>,
    /// Where and when it was filed.
    pub dateline: Option<Dateline>,
    /// Who wrote it.
    pub byline: Option<String>,
    /// Who supplied it.
    pub source: Option<Source>,
    /// The part of the paper.
    pub section: Option<String>,
    /// Its language (BCP 47).
    pub language: String,
    /// The story, in Markdown.
    pub body: String,
    /// Where the newsroom publishes it, if not here.
    pub url: Option<String>,
}

/// Whether new comments are taken.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CommentingState {
    /// Taken.
    Open,
    /// Not taken.
    Closed,
}

/// When a comment is read by a moderator: before readers see it, or after.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ModerationMode {
    /// Held until a moderator approves it.
    Pre,
    /// Shown at once.
    Post,
}

/// The rules an article's comments live under.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CommentPolicy {
    /// What an editor set; [`CommentPolicy::state_at`] also heeds `closes_at`.
    pub state: CommentingState,
    /// Before or after.
    pub moderation: ModerationMode,
    /// The shortest comment, in characters as a reader counts them.
    pub min_length: i32,
    /// The longest, likewise.
    pub max_length: i32,
    /// The house rule shown with the composer.
    pub guidelines: Option<String>,
    /// When commenting closes by itself.
    pub closes_at: Option<DateTime<Utc>>,
}

impl CommentPolicy {
    /// The seed page's minimum.
    pub const MIN_LENGTH: i32 = 50;
    /// The longest comment that any article can allow.
    pub const MAX_LENGTH: i32 = 5_000;
    /// The house rule of an article that has none of its own.
    pub const GUIDELINES: &'static str =
        "We welcome thoughtful discussion. Please keep comments respectful and on topic.";

    /// Whether a comment is taken at that time.
    #[must_use]
    pub fn state_at(&self, now: DateTime<Utc>) -> CommentingState {
        match (self.state, self.closes_at) {
            (CommentingState::Open, Some(at)) if at <= now => CommentingState::Closed,
            (state, _) => state,
        }
    }
}

impl Default for CommentPolicy {
    fn default() -> Self {
        Self {
            state: CommentingState::Open,
            moderation: ModerationMode::Pre,
            min_length: Self::MIN_LENGTH,
            max_length: Self::MAX_LENGTH,
            guidelines: Some(Self::GUIDELINES.to_owned()),
            closes_at: None,
        }
    }
}

/// An article as stored.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Article {
    /// Which.
    pub id: ArticleId,
    /// Rises by one with each edit, from 1.
    pub revision: i32,
    /// What the editor wrote.
    pub story: Story,
    /// The body as sanitised HTML.
    pub body_html: String,
    /// Minutes to read it.
    pub reading_time_minutes: i32,
    /// What its comments live under.
    pub policy: CommentPolicy,
    /// Approved comments, replies included.
    pub comment_count: i32,
    /// The last event of its log.
    pub sequence: i64,
    /// When that event happened; `None` before the first.
    pub sequence_at: Option<DateTime<Utc>>,
    /// When it appeared.
    pub published_at: DateTime<Utc>,
    /// When its words last changed.
    pub updated_at: DateTime<Utc>,
}
