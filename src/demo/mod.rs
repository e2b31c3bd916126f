//! The demo newsroom: stories and a conversation to look at on the first start. It is entered the way real
//! ones are, through the services, on a clock of its own.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::{DateTime, Duration, Utc};
use serde::Deserialize;

use crate::clock::Clock;
use crate::domain::article::{Article, CommentingState, Dateline, ModerationMode, PullQuote, Source, Story};
use crate::domain::comment::{Comment, CommentStatus};
use crate::domain::ids::UserId;
use crate::domain::moderation::ReasonCode;
use crate::domain::user::{Role, User, UserKind, Viewer};
use crate::service::articles::{PolicyChange, Publication};
use crate::service::comments::Submission;
use crate::service::moderation::{Decision, Verdict};
use crate::service::{Failure, Outcome, Service};
use crate::store::StoreError;

const STORIES: [&str; 5] = [
    include_str!("stories/classroom-air.toml"),
    include_str!("stories/geigenwerkstatt.toml"),
    include_str!("stories/seed-bank.toml"),
    include_str!("stories/night-ferry.toml"),
    include_str!("stories/mine-marathon.toml"),
];

/// Why the demo newsroom is not there.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// A story is not well-formed.
    #[error("a demo story can't be read: {0}")]
    Story(#[from] toml::de::Error),
    /// A story or comment is not taken.
    #[error("a demo story is not taken: {0}")]
    Refused(String),
    /// It could not be stored.
    #[error("the demo newsroom can't be stored: {0}")]
    Failed(#[from] Failure),
    /// The store failed.
    #[error("the demo newsroom can't be stored: {0}")]
    Store(#[from] StoreError),
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct DemoStory {
    slug: String,
    headline: String,
    summary: Option<String>,
    key_points_heading: Option<String>,
    key_points: Vec<String>,
    story_headline: Option<String>,
    standfirst: Option<String>,
    pull_quote: Option<DemoQuote>,
    dateline: Option<DemoDateline>,
    byline: Option<String>,
    source: Option<DemoSource>,
    section: Option<String>,
    tags: Vec<String>,
    language: String,
    published_at: DateTime<Utc>,
    body: String,
    commenting: Option<DemoCommenting>,
    comments: Vec<DemoComment>,
}

#[derive(Deserialize)]
struct DemoQuote {
    text: String,
    attribution: Option<String>,
}

#[derive(Deserialize)]
struct DemoDateline {
    place: String,
    date: Option<String>,
}

#[derive(Deserialize)]
struct DemoSource {
    name: String,
    url: Option<String>,
}

#[derive(Deserialize)]
struct DemoCommenting {
    state: Option<String>,
    moderation: Option<String>,
    guidelines: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct DemoComment {
    key: String,
    parent: Option<String>,
    author: String,
    minutes_after: i64,
    status: String,
    reason: Option<String>,
    body: String,
}

/// Loads the demo newsroom.
///
/// # Errors
/// [`DemoError`].
pub async fn load(service: &Service) -> Result<(), DemoError> {
    for text in STORIES {
        let story: DemoStory = toml::from_str(text)?;
        let clock = Arc::new(Clock::manual(story.published_at));
        let teller = Teller {
            service: Service { clock: Arc::clone(&clock), ..service.clone() },
            clock,
            people: HashMap::new(),
        };
        teller.tell(story).await?;
    }
    tracing::info!(stories = STORIES.len(), "loaded the demo newsroom");
    Ok(())
}

struct Teller {
    service: Service,
    clock: Arc<Clock>,
    people: HashMap<String, Viewer>,
}

impl Teller {
    async fn tell(mut self, story: DemoStory) -> Result<(), DemoError> {
        let editor = self.person("Demo Newsroom", Role::Admin).await?;
        let published = self.service.publish(&editor, publication(&story)).await;
        let article = taken(&story.slug, published)?;
        let commenting = story.commenting.as_ref();
        let post = commenting.and_then(|policy| policy.moderation.as_deref()) == Some("POST");
        // Every comment is decided on below, as moderators did; the policy itself is set afterwards.
        let comments = self.converse(&article, &editor, &story).await?;
        let change = PolicyChange {
            state: match commenting.and_then(|policy| policy.state.as_deref()) {
                Some("CLOSED") => Some(CommentingState::Closed),
                _ => None,
            },
            moderation: post.then_some(ModerationMode::Post),
            guidelines: commenting.and_then(|policy| policy.guidelines.clone()).map(Some),
            ..PolicyChange::default()
        };
        taken(&story.slug, self.service.set_commenting(&editor, article.id, change).await)?;
        tracing::debug!(slug = story.slug, comments, "loaded a demo story");
        Ok(())
    }

    async fn converse(
        &mut self,
        article: &Article,
        moderator: &Viewer,
        story: &DemoStory,
    ) -> Result<usize, DemoError> {
        let mut said: HashMap<&str, Comment> = HashMap::new();
        let mut deleted = Vec::new();
        for comment in &story.comments {
            let at = story.published_at + Duration::minutes(comment.minutes_after);
            self.clock.advance(at - self.clock.now());
            let author = self.person(&comment.author, Role::Reader).await?;
            let submission = Submission {
                article: article.id,
                parent: comment.parent.as_deref().and_then(|key| said.get(key)).map(|parent| parent.id),
                body: comment.body.clone(),
                idempotency_key: None,
            };
            let written = taken(&comment.key, self.service.submit(&author, submission).await)?;
            let status = CommentStatus::from_name(&comment.status)
                .ok_or_else(|| DemoError::Refused(comment.status.clone()))?;
            let verdict = match status {
                CommentStatus::Pending => None,
                CommentStatus::Approved | CommentStatus::Deleted => Some(Verdict::Approve),
                CommentStatus::Rejected => Some(Verdict::Reject),
                CommentStatus::Spam => Some(Verdict::Spam),
            };
            if status == CommentStatus::Deleted {
                deleted.push((author, written.id));
            }
            if let Some(verdict) = verdict {
                self.clock.advance(Duration::seconds(50));
                let decision = Decision {
                    comment: written.id,
                    verdict,
                    revision: written.revision,
                    reason: comment.reason.as_deref().and_then(ReasonCode::from_name),
                    note: None,
                    idempotency_key: None,
                };
                taken(&comment.key, self.service.decide(moderator, decision).await)?;
            }
            said.insert(&comment.key, written);
        }
        // Taken back at the end: until then they could be replied to.
        for (author, id) in deleted {
            self.clock.advance(Duration::minutes(1));
            taken("a deletion", self.service.delete(&author, id).await)?;
        }
        Ok(said.len())
    }

    async fn person(&mut self, name: &str, role: Role) -> Result<Viewer, DemoError> {
        if let Some(viewer) = self.people.get(name) {
            return Ok(viewer.clone());
        }
        let user = User { id: UserId(self.clock.new_id()), display_name: name.to_owned(), role };
        let kind = if role == Role::Reader { UserKind::Guest } else { UserKind::Local };
        self.service.store.add_user(&user, kind, self.clock.now()).await?;
        let viewer = Viewer::Known { user, expires_at: DateTime::<Utc>::MAX_UTC };
        self.people.insert(name.to_owned(), viewer.clone());
        Ok(viewer)
    }
}

fn taken<T>(what: &str, outcome: Outcome<T>) -> Result<T, DemoError> {
    outcome?.map_err(|refused| {
        let why: Vec<&str> = refused.reasons.iter().map(|reason| reason.message.as_str()).collect();
        DemoError::Refused(format!("{what}: {}", why.join(" ")))
    })
}

fn publication(story: &DemoStory) -> Publication {
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
