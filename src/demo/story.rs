//! A demo story as its file has it.

use chrono::{DateTime, Duration, Utc};
use serde::Deserialize;

use crate::domain::article::{Dateline, PullQuote, Source, Story};
use crate::service::articles::Publication;

/// A story with its conversation.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DemoStory {
    pub slug: String,
    pub headline: String,
    pub summary: Option<String>,
    pub key_points_heading: Option<String>,
    pub key_points: Vec<String>,
    pub story_headline: Option<String>,
    pub standfirst: Option<String>,
    pub pull_quote: Option<DemoQuote>,
    pub dateline: Option<DemoDateline>,
    pub byline: Option<String>,
    pub source: Option<DemoSource>,
    pub section: Option<String>,
    pub tags: Vec<String>,
    pub language: String,
    pub published_at: DateTime<Utc>,
    pub body: String,
    pub commenting: Option<DemoCommenting>,
    pub comments: Vec<DemoComment>,
}

/// A pull quote.
#[derive(Deserialize)]
pub struct DemoQuote {
    pub text: String,
    pub attribution: Option<String>,
}

/// Where and when.
#[derive(Deserialize)]
pub struct DemoDateline {
    pub place: String,
    pub date: Option<String>,
}

/// Who supplied it.
#[derive(Deserialize)]
pub struct DemoSource {
    pub name: String,
    pub url: Option<String>,
}

/// The rules that its comments live under.
#[derive(Deserialize)]
pub struct DemoCommenting {
    pub state: Option<String>,
    pub moderation: Option<String>,
    pub guidelines: Option<String>,
}

/// One comment, and what became of it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DemoComment {
    pub key: String,
    pub parent: Option<String>,
    pub author: String,
    pub minutes_after: i64,
    pub status: String,
    pub reason: Option<String>,
    /// What the moderator noted down.
    pub note: Option<String>,
    #[serde(default)]
    pub reports: Vec<DemoReport>,
    pub body: String,
}

/// What a reader said of a comment.
#[derive(Deserialize)]
pub struct DemoReport {
    pub by: String,
    pub reason: String,
    pub note: Option<String>,
}

impl DemoStory {
    /// When the last of its comments was sent in, and all was decided.
    pub fn ends(&self) -> DateTime<Utc> {
        let last = self.comments.iter().map(|comment| comment.minutes_after).max().unwrap_or(0);
        self.published_at + Duration::minutes(last) + Duration::hours(1)
    }

    /// How long the comment of that number waited for a decision: differently long each, and always decided before the
    /// next one is sent in, which may reply to it.
    pub fn decided_after(&self, number: usize) -> Duration {
        let comment = &self.comments[number];
        let next =
            self.comments.get(number + 1).map_or(60, |next| next.minutes_after - comment.minutes_after);
        let wanted = 40 + i64::try_from(comment.body.len()).unwrap_or(0) * 7 % 1_500;
        Duration::seconds(wanted.min(next * 48).max(1))
    }
}

/// What an editor would send in.
pub fn publication(story: &DemoStory) -> Publication {
    Publication {
        story: Story {
            slug: story.slug.clone(),
            headline: story.headline.clone(),
            summary: story.summary.clone(),
            key_points_heading: story.key_points_heading.clone(),
            story_headline: story.story_headline.clone(),
            standfirst: story.standfirst.clone(),
            pull_quote: story
                .pull_quote
                .as_ref()
                .map(|quote| PullQuote { text: quote.text.clone(), attribution: quote.attribution.clone() }),
            dateline: story
                .dateline
                .as_ref()
                .map(|dateline| Dateline { place: dateline.place.clone(), date: dateline.date.clone() }),
            byline: story.byline.clone(),
            source: story
                .source
                .as_ref()
                .map(|source| Source { name: source.name.clone(), url: source.url.clone() }),
            section: story.section.clone(),
            language: story.language.clone(),
            body: story.body.clone(),
            url: None,
        },
        key_points: story.key_points.clone(),
        tags: story.tags.clone(),
        published_at: Some(story.published_at),
        revision: None,
    }
}
