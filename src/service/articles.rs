//! What editors do: publish articles and set the rules that their comments live under.

use chrono::{DateTime, Datelike, Utc};

use super::{Failure, Outcome, Refusal, RefusalCode, Refused, Service};
use crate::domain::article::{Article, CommentPolicy, CommentingState, KeyPoint, ModerationMode, Story};
use crate::domain::event::EventKind;
use crate::domain::ids::{ArticleId, KeyPointId};
use crate::domain::markdown::{self, Trust};
use crate::domain::policy::{self, Permission};
use crate::domain::text;
use crate::domain::user::Viewer;
use crate::store::ArticleWrite;

/// Bytes of a body.
const BODY_MAX: usize = 200_000;
/// Characters of any one line: headlines, names, quotes.
const LINE_MAX: usize = 1_000;
/// Key points, and tags, of one article.
const LIST_MAX: usize = 20;

/// Years that a date may lie in: both databases keep them, and every client reads them.
const YEARS: std::ops::RangeInclusive<i32> = 1900..=9999;
const YEARS_MESSAGE: &str = "A time in the years 1900 to 9999.";

/// An article sent in.
#[derive(Clone, Debug)]
pub struct Publication {
    /// The story.
    pub story: Story,
    /// Its key points, in order.
    pub key_points: Vec<String>,
    /// Its tags, in order.
    pub tags: Vec<String>,
    /// When it appeared; `None`: now, or as before.
    pub published_at: Option<DateTime<Utc>>,
    /// The revision that the editor read; `None` for a new article.
    pub revision: Option<i32>,
}

/// What to change of a commenting policy; `None` leaves it.
#[derive(Clone, Debug, Default)]
pub struct PolicyChange {
    /// Open or closed.
    pub state: Option<CommentingState>,
    /// Before or after.
    pub moderation: Option<ModerationMode>,
    /// The shortest comment.
    pub min_length: Option<i32>,
    /// The longest.
    pub max_length: Option<i32>,
    /// When it closes; `Some(None)`: not by itself.
    pub closes_at: Option<Option<DateTime<Utc>>>,
    /// The house rule; `Some(None)`: none.
    pub guidelines: Option<Option<String>>,
}

impl Service {
    /// Publishes a new article, or a new revision of one: the same slug with the revision that was read.
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn publish(&self, viewer: &Viewer, publication: Publication) -> Outcome<Article> {
        policy::require(viewer, Permission::Publish)?;
        let reasons = mistakes(&publication);
        if !reasons.is_empty() {
            return Ok(Err(Refused { reasons, current: None }));
        }
        // Before the transaction, which holds every other writer up, and off the threads that answer requests.
        let body_html = rendered(publication.story.body.clone()).await;
        match self.publish_once(&publication, &body_html).await {
            // Two at once took the same slug: by now the other one is there to conflict with.
            Err(Failure::Store(error)) if error.is_duplicate() => {
                self.publish_once(&publication, &body_html).await
            }
            outcome => outcome,
        }
    }

    async fn publish_once(&self, publication: &Publication, body_html: &str) -> Outcome<Article> {
        let tx = self.store.write().await?;
        let now = self.clock.now();
        let before = tx.lock_article_by_slug(&publication.story.slug).await?;
        if before.as_ref().map(|article| article.revision) != publication.revision {
            return Ok(Err(wrong_revision(before, publication.revision)));
        }
        let body = &publication.story.body;
        let mut article = Article {
            id: before.as_ref().map_or_else(|| ArticleId(self.clock.new_id()), |article| article.id),
            revision: publication.revision.unwrap_or(0) + 1,
            body_html: body_html.to_owned(),
            reading_time_minutes: text::reading_time_minutes(body),
            story: publication.story.clone(),
            policy: before.as_ref().map_or_else(CommentPolicy::default, |article| article.policy.clone()),
            comment_count: before.as_ref().map_or(0, |article| article.comment_count),
            sequence: before.as_ref().map_or(0, |article| article.sequence),
            sequence_at: before.as_ref().and_then(|article| article.sequence_at),
            published_at: publication
                .published_at
                .or_else(|| before.as_ref().map(|article| article.published_at))
                .unwrap_or(now),
            updated_at: now,
        };
        let write = ArticleWrite {
            article: article.clone(),
            key_points: (1..)
                .zip(&publication.key_points)
                .map(|(position, text)| KeyPoint {
                    id: KeyPointId(self.clock.new_id()),
                    position,
                    text: text.clone(),
                })
                .collect(),
            tags: publication.tags.clone(),
        };
        let is_new = before.is_none();
        if is_new {
            tx.insert_article(write).await?;
        } else {
            tx.update_article(write).await?;
            tx.append_article_event(&mut article, EventKind::ArticleUpdated, now).await?;
        }
        tx.commit().await?;
        if !is_new {
            self.announce(&article);
        }
        Ok(Ok(article))
    }

    /// Changes an article's commenting policy.
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn set_commenting(
        &self,
        viewer: &Viewer,
        id: ArticleId,
        change: PolicyChange,
    ) -> Outcome<Article> {
        policy::require(viewer, Permission::Publish)?;
        if change.closes_at.flatten().is_some_and(|at| !YEARS.contains(&at.year())) {
            return super::refuse(RefusalCode::Invalid, "closesAt", YEARS_MESSAGE);
        }
        let tx = self.store.write().await?;
        let mut article = tx.lock_article(id).await?.ok_or(Failure::NotFound("article"))?;
        let before = article.policy.clone();
        let policy = changed(before.clone(), change);
        if policy.min_length < 1
            || policy.min_length > policy.max_length
            || policy.max_length > CommentPolicy::MAX_LENGTH
        {
            let message = format!(
                "Lengths are 1 ≤ minLength ≤ maxLength ≤ {max}; these would be {from} and {to}.",
                max = CommentPolicy::MAX_LENGTH,
                from = policy.min_length,
                to = policy.max_length,
            );
            return super::refuse(RefusalCode::Invalid, "minLength", message);
        }
        if policy != before {
            tx.set_policy(id, &policy).await?;
            article.policy = policy;
            tx.append_article_event(&mut article, EventKind::CommentingChanged, self.clock.now()).await?;
            tx.commit().await?;
            self.announce(&article);
        }
        Ok(Ok(article))
    }
}

/// The body as HTML. A long one takes as long as fifty requests.
async fn rendered(body: String) -> String {
    let body = std::sync::Arc::new(body);
    let shared = std::sync::Arc::clone(&body);
    let task = tokio::task::spawn_blocking(move || markdown::to_html(&shared, Trust::Editor));
    // The task ends without a result only with the runtime, which then waits for this request alone.
    task.await.unwrap_or_else(|_| markdown::to_html(&body, Trust::Editor))
}

fn changed(before: CommentPolicy, change: PolicyChange) -> CommentPolicy {
    CommentPolicy {
        state: change.state.unwrap_or(before.state),
        moderation: change.moderation.unwrap_or(before.moderation),
        min_length: change.min_length.unwrap_or(before.min_length),
        max_length: change.max_length.unwrap_or(before.max_length),
        closes_at: change.closes_at.unwrap_or(before.closes_at),
        guidelines: change
            .guidelines
            .map_or(before.guidelines, |text| text.map(|text| text::multi_line(&text))),
    }
}

fn wrong_revision(current: Option<Article>, read: Option<i32>) -> Refused<Article> {
    let message = match (&current, read) {
        (Some(article), Some(read)) => {
            format!("The article is at revision {}, not {read}: read it again, then edit.", article.revision)
        }
        (Some(article), None) => format!(
            "There is an article with this slug; to update it, name its revision, {}.",
            article.revision
        ),
        (None, _) => {
            "There is no article with this slug; to publish a new one, leave the revision out.".to_owned()
        }
    };
    Refused::conflict(current, message)
}

/// Everything that is wrong with an article, at once.
fn mistakes(publication: &Publication) -> Vec<Refusal> {
    let story = &publication.story;
    let mut found = Vec::new();
    let mut invalid = |field, message: &str| found.push(Refusal::of(RefusalCode::Invalid, field, message));
    let slug_ok = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if story.slug.is_empty() || story.slug.len() > 200 || !story.slug.chars().all(slug_ok) {
        invalid("slug", "A slug has 1 to 200 of the characters a-z, 0-9 and -.");
    }
    if story.headline.trim().is_empty() {
        invalid("headline", "An article has a headline.");
    }
    if publication.published_at.is_some_and(|at| !YEARS.contains(&at.year())) {
        invalid("publishedAt", YEARS_MESSAGE);
    }
    if story.body.len() > BODY_MAX {
        invalid("body", "A body has at most 200,000 bytes.");
    }
    let lines = [
        ("headline", Some(&story.headline)),
        ("keyPointsHeading", story.key_points_heading.as_ref()),
        ("storyHeadline", story.story_headline.as_ref()),
        ("standfirst", story.standfirst.as_ref()),
        ("pullQuote", story.pull_quote.as_ref().map(|quote| &quote.text)),
        ("pullQuote", story.pull_quote.as_ref().and_then(|quote| quote.attribution.as_ref())),
        ("dateline", story.dateline.as_ref().map(|dateline| &dateline.place)),
        ("dateline", story.dateline.as_ref().and_then(|dateline| dateline.date.as_ref())),
        ("byline", story.byline.as_ref()),
        ("source", story.source.as_ref().map(|source| &source.name)),
        ("section", story.section.as_ref()),
        ("language", Some(&story.language)),
    ];
    for (field, line) in lines {
        if line.is_some_and(|line| line.len() > LINE_MAX) {
            invalid(field, "At most 1,000 bytes.");
        }
    }
    if story.summary.as_ref().is_some_and(|summary| summary.len() > 10 * LINE_MAX) {
        invalid("summary", "At most 10,000 bytes.");
    }
    for (field, list) in [("keyPoints", &publication.key_points), ("tags", &publication.tags)] {
        let too_long = list.len() > LIST_MAX;
        if too_long || list.iter().any(|item| item.trim().is_empty() || item.len() > LINE_MAX) {
            invalid(field, "At most 20, each of 1 to 1,000 bytes.");
        }
    }
    let mut seen = std::collections::HashSet::new();
    if !publication.tags.iter().all(|tag| seen.insert(tag)) {
        invalid("tags", "Each tag once.");
    }
    let urls = [("url", story.url.as_ref()), ("source", story.source.as_ref().and_then(|s| s.url.as_ref()))];
    for (field, address) in urls {
        if address.is_some_and(|address| !is_web_address(address)) {
            invalid(field, "An absolute http or https address.");
        }
    }
    found
}

fn is_web_address(address: &str) -> bool {
    address.len() <= 2 * LINE_MAX
        && url::Url::parse(address)
            .is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
}
