//! The demo newsroom: stories and a conversation to look at on the first start. It is entered the way real
//! ones are, through the services, on a clock of its own.

mod story;

use std::collections::HashMap;
use std::sync::Arc;

use chrono::Duration;

use self::story::{DemoStory, publication};
use crate::clock::Clock;
use crate::domain::article::{Article, CommentingState, ModerationMode};
use crate::domain::comment::{Comment, CommentStatus};
use crate::domain::ids::UserId;
use crate::domain::moderation::ReasonCode;
use crate::domain::user::{Role, User, UserKind, Viewer};
use crate::service::articles::PolicyChange;
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

/// Who decides on the comments, in turns.
const MODERATORS: [&str; 3] = ["Mia Lund", "Jonas Pell", "Mia Lund"];

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

/// Loads the demo newsroom. Its conversations have just ended, so that there is something to see in the charts of the
/// last days, whenever the first start is.
///
/// # Errors
/// [`DemoError`].
pub async fn load(service: &Service) -> Result<(), DemoError> {
    let mut stories = STORIES.map(toml::from_str::<DemoStory>).into_iter().collect::<Result<Vec<_>, _>>()?;
    let ended = stories.iter().map(DemoStory::ends).max().unwrap_or_default();
    // Whole days: a story of the morning stays one.
    let shift = Duration::days((service.clock.now() - ended).num_seconds().div_euclid(86_400));
    let mut people = HashMap::new();
    for story in &mut stories {
        story.published_at += shift;
        let clock = Arc::new(Clock::manual(story.published_at));
        let service = Service { clock: Arc::clone(&clock), ..service.clone() };
        let mut teller = Teller { service, clock, people };
        teller.tell(story).await?;
        people = teller.people;
    }
    tracing::info!(stories = stories.len(), "loaded the demo newsroom");
    Ok(())
}

struct Teller {
    service: Service,
    clock: Arc<Clock>,
    people: HashMap<String, Viewer>,
}

impl Teller {
    async fn tell(&mut self, story: &DemoStory) -> Result<(), DemoError> {
        let editor = self.person("Demo Newsroom", Role::Admin).await?;
        let published = self.service.publish(&editor, publication(story)).await;
        let article = taken(&story.slug, published)?;
        let commenting = story.commenting.as_ref();
        let post = commenting.and_then(|policy| policy.moderation.as_deref()) == Some("POST");
        // Every comment is decided on below, as moderators did; the policy itself is set afterwards.
        let comments = self.converse(&article, story).await?;
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

    async fn converse(&mut self, article: &Article, story: &DemoStory) -> Result<usize, DemoError> {
        let mut said: HashMap<&str, Comment> = HashMap::new();
        let (mut deleted, mut reported) = (Vec::new(), Vec::new());
        for (number, comment) in story.comments.iter().enumerate() {
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
                let moderator = self.person(MODERATORS[number % MODERATORS.len()], Role::Moderator).await?;
                self.clock.advance(story.decided_after(number));
                let decision = Decision {
                    comment: written.id,
                    verdict,
                    revision: written.revision,
                    reason: comment.reason.as_deref().and_then(ReasonCode::from_name),
                    note: comment.note.clone(),
                    idempotency_key: None,
                };
                taken(&comment.key, self.service.decide(&moderator, decision).await)?;
            }
            for report in &comment.reports {
                reported.push((report, written.id));
            }
            said.insert(&comment.key, written);
        }
        // Taken back at the end: until then they could be replied to.
        for (author, id) in deleted {
            self.clock.advance(Duration::minutes(1));
            taken("a deletion", self.service.delete(&author, id).await)?;
        }
        for (report, id) in reported {
            let reader = self.person(&report.by, Role::Reader).await?;
            self.clock.advance(Duration::minutes(2));
            let reason = ReasonCode::from_name(&report.reason)
                .ok_or_else(|| DemoError::Refused(report.reason.clone()))?;
            taken("a report", self.service.report(&reader, id, reason, report.note.clone()).await)?;
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
        let viewer = Viewer::acting(user);
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
