//! An article with its key points, its commenting policy and its comments.

use std::sync::Arc;

use async_graphql::{Context, ID, Object, SimpleObject};
use chrono::{DateTime, Utc};

use super::comment::{CommentConnection, level};
use super::enums::{CommentOrder, CommentingState, ModerationMode};
use crate::domain::article;
use crate::domain::cursor::FeedCursor;
use crate::graphql::Site;
use crate::graphql::connection::{PageArgs, connection};
use crate::graphql::context::{Scope, scope};
use crate::graphql::error::Result;
use crate::graphql::id::GlobalId;
use crate::service::Service;
use crate::store::{ArticleFilter, Level};

/// An article.
pub struct Article(pub Arc<article::Article>);

/// A short statement of what a story says.
pub struct KeyPoint(pub article::KeyPoint);

/// A short statement of what a story says.
#[Object]
impl KeyPoint {
    /// The key point's id.
    pub async fn id(&self) -> ID {
        GlobalId::KeyPoint(self.0.id).encode()
    }

    /// Its place in the list, from 1.
    async fn position(&self) -> i32 {
        self.0.position
    }

    /// The statement.
    async fn text(&self) -> &str {
        &self.0.text
    }
}

/// Words lifted out of the story.
#[derive(SimpleObject)]
pub struct PullQuote {
    /// What was said.
    text: String,
    /// Who said it.
    attribution: Option<String>,
}

/// Where and when the story was filed, as printed.
#[derive(SimpleObject)]
pub struct Dateline {
    /// The place.
    place: String,
    /// The date as the newsroom prints it, such as "January 3".
    date: Option<String>,
}

/// Who supplied the story.
#[derive(SimpleObject)]
pub struct Source {
    /// The agency's name.
    name: String,
    /// Its page about the story.
    url: Option<String>,
}

/// The rules that an article's comments live under.
pub struct CommentPolicy(pub article::CommentPolicy);

/// The rules that an article's comments live under.
#[Object]
impl CommentPolicy {
    /// Whether new comments are taken now; heeds `closesAt`.
    async fn state(&self, ctx: &Context<'_>) -> CommentingState {
        self.0.state_at(ctx.data_unchecked::<Service>().clock.now()).into()
    }

    /// Whether a moderator reads a comment before readers do, or after.
    async fn moderation(&self) -> ModerationMode {
        self.0.moderation.into()
    }

    /// The shortest comment, in characters as a reader counts them (grapheme clusters of the trimmed text).
    async fn min_length(&self) -> i32 {
        self.0.min_length
    }

    /// The longest comment, likewise.
    async fn max_length(&self) -> i32 {
        self.0.max_length
    }

    /// The house rule, shown with the composer.
    async fn guidelines(&self) -> Option<&str> {
        self.0.guidelines.as_deref()
    }

    /// When commenting closes by itself.
    async fn closes_at(&self) -> Option<DateTime<Utc>> {
        self.0.closes_at
    }
}

connection!(ArticleConnection, ArticleEdge, Article, ArticleTotal, "articles", "The article.");

/// What a connection of articles counts.
pub struct ArticleTotal(pub ArticleFilter);

impl ArticleTotal {
    async fn count(&self, scope: &Scope) -> Result<i64> {
        Ok(scope.snapshot().await?.article_total(&self.0).await?)
    }
}

/// An article.
#[Object]
impl Article {
    /// The article's id.
    pub async fn id(&self) -> ID {
        GlobalId::Article(self.0.id).encode()
    }

    /// The name in its address.
    async fn slug(&self) -> &str {
        &self.0.story.slug
    }

    /// Rises by one with each edit: name the one that you read when you publish again.
    async fn revision(&self) -> i32 {
        self.0.revision
    }

    /// The headline of the page.
    async fn headline(&self) -> &str {
        &self.0.story.headline
    }

    /// What the story says, in a few sentences.
    async fn summary(&self) -> Option<&str> {
        self.0.story.summary.as_deref()
    }

    /// The heading above the key points.
    async fn key_points_heading(&self) -> Option<&str> {
        self.0.story.key_points_heading.as_deref()
    }

    /// Short statements of what the story says, in order.
    async fn key_points(&self, ctx: &Context<'_>) -> Result<Vec<KeyPoint>> {
        Ok(scope(ctx)?.key_points(self.0.id).await?.into_iter().map(KeyPoint).collect())
    }

    /// Minutes to read the body, at 200 words a minute, rounded up.
    async fn reading_time_minutes(&self) -> i32 {
        self.0.reading_time_minutes
    }

    /// The headline of the story itself, under the summary.
    async fn story_headline(&self) -> Option<&str> {
        self.0.story.story_headline.as_deref()
    }

    /// The lines under the story's headline.
    async fn standfirst(&self) -> Option<&str> {
        self.0.story.standfirst.as_deref()
    }

    /// Words lifted out of the story.
    async fn pull_quote(&self) -> Option<PullQuote> {
        let quote = self.0.story.pull_quote.clone()?;
        Some(PullQuote { text: quote.text, attribution: quote.attribution })
    }

    /// Where and when it was filed.
    async fn dateline(&self) -> Option<Dateline> {
        let dateline = self.0.story.dateline.clone()?;
        Some(Dateline { place: dateline.place, date: dateline.date })
    }

    /// Who wrote it.
    async fn byline(&self) -> Option<&str> {
        self.0.story.byline.as_deref()
    }

    /// Who supplied it.
    async fn source(&self) -> Option<Source> {
        let source = self.0.story.source.clone()?;
        Some(Source { name: source.name, url: source.url })
    }

    /// The part of the paper.
    async fn section(&self) -> Option<&str> {
        self.0.story.section.as_deref()
    }

    /// Its tags, in order.
    async fn tags(&self, ctx: &Context<'_>) -> Result<Vec<String>> {
        scope(ctx)?.tags(self.0.id).await
    }

    /// Its language (BCP 47).
    async fn language(&self) -> &str {
        &self.0.story.language
    }

    /// The story in Markdown, as written.
    async fn body(&self) -> &str {
        &self.0.story.body
    }

    /// The story as sanitised HTML.
    async fn body_html(&self) -> &str {
        &self.0.body_html
    }

    /// When it appeared.
    async fn published_at(&self) -> DateTime<Utc> {
        self.0.published_at
    }

    /// When its words last changed.
    async fn updated_at(&self) -> DateTime<Utc> {
        self.0.updated_at
    }

    /// Its address: the newsroom's own, else the page that this service shows.
    async fn url(&self, ctx: &Context<'_>) -> String {
        let story = &self.0.story;
        story.url.clone().unwrap_or_else(|| ctx.data_unchecked::<Site>().article_url(&story.slug))
    }

    /// The rules that its comments live under.
    async fn comment_policy(&self) -> CommentPolicy {
        CommentPolicy(self.0.policy.clone())
    }

    /// Approved comments, replies included.
    async fn comment_count(&self) -> i32 {
        self.0.comment_count
    }

    /// Where its feed stands as of this answer: subscribe with `after:` this, and nothing falls between.
    async fn feed_cursor(&self) -> String {
        FeedCursor::head(&self.0).encode()
    }

    /// Its top-level comments that readers see: approved ones, and tombstones above approved ones.
    async fn comments(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "So many from the beginning, at most 100.")] first: Option<i32>,
        #[graphql(desc = "Only entries after this cursor.")] after: Option<String>,
        #[graphql(desc = "So many from the end, at most 100.")] last: Option<i32>,
        #[graphql(desc = "Only entries before this cursor.")] before: Option<String>,
        #[graphql(desc = "The order.", default_with = "CommentOrder::Newest")] order_by: CommentOrder,
    ) -> Result<CommentConnection> {
        level(ctx, Level::Top(self.0.id), order_by, PageArgs { first, after, last, before }).await
    }
}
