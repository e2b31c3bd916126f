//! What editors write.

use std::sync::Arc;

use async_graphql::{Context, ID, InputObject, MaybeUndefined, Object};
use chrono::{DateTime, Utc};

use super::{caller, parts, payload};
use crate::clock::in_micros;
use crate::domain::article::{self, Story};
use crate::domain::text;
use crate::graphql::error::Result;
use crate::graphql::id::article_id;
use crate::graphql::types::article::Article;
use crate::graphql::types::enums::{CommentingState, ModerationMode};
use crate::service::articles::{PolicyChange, Publication};

/// Words lifted out of the story.
#[derive(InputObject)]
pub struct PullQuoteInput {
    /// What was said.
    text: String,
    /// Who said it.
    attribution: Option<String>,
}

/// Where and when the story was filed, as printed.
#[derive(InputObject)]
pub struct DatelineInput {
    /// The place.
    place: String,
    /// The date as the newsroom prints it.
    date: Option<String>,
}

/// Who supplied the story.
#[derive(InputObject)]
pub struct SourceInput {
    /// The agency's name.
    name: String,
    /// Its page about the story: an http or https address.
    url: Option<String>,
}

/// An article to publish.
#[derive(InputObject)]
pub struct ArticlePublishInput {
    /// The name in its address: 1 to 200 of a-z, 0-9 and -.
    slug: String,
    /// The revision that the editor read, to update; none for a new article.
    revision: Option<i32>,
    /// The headline of the page.
    headline: String,
    /// What the story says, in a few sentences.
    summary: Option<String>,
    /// The heading above the key points.
    key_points_heading: Option<String>,
    /// Short statements of what the story says, in order, at most 20.
    #[graphql(default)]
    key_points: Vec<String>,
    /// The headline of the story itself.
    story_headline: Option<String>,
    /// The lines under it.
    standfirst: Option<String>,
    /// Words lifted out of the story.
    pull_quote: Option<PullQuoteInput>,
    /// Where and when it was filed.
    dateline: Option<DatelineInput>,
    /// Who wrote it.
    byline: Option<String>,
    /// Who supplied it.
    source: Option<SourceInput>,
    /// The part of the paper.
    section: Option<String>,
    /// Its tags, in order, at most 20, each once.
    #[graphql(default)]
    tags: Vec<String>,
    /// Its language (BCP 47).
    #[graphql(default_with = "String::from(\"en\")")]
    language: String,
    /// The story, in Markdown, at most 200,000 bytes.
    body: String,
    /// Where the newsroom publishes it, if not here: an http or https address.
    url: Option<String>,
    /// When it appeared; none: now.
    published_at: Option<DateTime<Utc>>,
}

/// What to change of an article's commenting policy; what is left out stays as it is.
#[derive(InputObject)]
pub struct CommentingSetInput {
    /// Of which article.
    article_id: ID,
    /// Whether new comments are taken.
    state: Option<CommentingState>,
    /// Whether a moderator reads before readers do, or after.
    moderation: Option<ModerationMode>,
    /// The shortest comment, from 1 character.
    min_length: Option<i32>,
    /// The longest, up to 5,000 characters.
    max_length: Option<i32>,
    /// When commenting closes by itself; null: not by itself.
    closes_at: MaybeUndefined<DateTime<Utc>>,
    /// The house rule; null: none.
    guidelines: MaybeUndefined<String>,
}

payload!(ArticlePublishPayload { article: Article, "The article; on a conflict, as it is now." });
payload!(CommentingSetPayload { article: Article, "The article with its policy." });

/// What editors write.
#[derive(Default)]
pub struct ArticleMutation;

#[Object]
impl ArticleMutation {
    /// Publishes a new article, or updates one: the same slug with the revision that was read. For editors.
    async fn article_publish(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The article.")] input: ArticlePublishInput,
    ) -> Result<ArticlePublishPayload> {
        let (service, viewer) = caller(ctx)?;
        let (article, user_errors) = parts(service.publish(viewer, input.into()).await)?;
        Ok(ArticlePublishPayload { article: article.map(|article| Article(Arc::new(article))), user_errors })
    }

    /// Changes the rules that an article's comments live under. For editors.
    async fn commenting_set(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What to change.")] input: CommentingSetInput,
    ) -> Result<CommentingSetPayload> {
        let (service, viewer) = caller(ctx)?;
        let id = article_id(&input.article_id)?;
        let change = PolicyChange {
            state: input.state.map(Into::into),
            moderation: input.moderation.map(Into::into),
            min_length: input.min_length,
            max_length: input.max_length,
            closes_at: given(input.closes_at).map(|at| at.map(in_micros)),
            guidelines: given(input.guidelines),
        };
        let (article, user_errors) = parts(service.set_commenting(viewer, id, change).await)?;
        Ok(CommentingSetPayload { article: article.map(|article| Article(Arc::new(article))), user_errors })
    }
}

fn given<T>(value: MaybeUndefined<T>) -> Option<Option<T>> {
    match value {
        MaybeUndefined::Undefined => None,
        MaybeUndefined::Null => Some(None),
        MaybeUndefined::Value(value) => Some(Some(value)),
    }
}

impl From<ArticlePublishInput> for Publication {
    fn from(input: ArticlePublishInput) -> Self {
        let line =
            |text: Option<String>| text.map(|text| text::single_line(&text)).filter(|text| !text.is_empty());
        Self {
            story: Story {
                slug: input.slug,
                headline: text::single_line(&input.headline),
                summary: input.summary.map(|text| text::multi_line(&text)).filter(|text| !text.is_empty()),
                key_points_heading: line(input.key_points_heading),
                story_headline: line(input.story_headline),
                standfirst: line(input.standfirst),
                pull_quote: input.pull_quote.map(|quote| article::PullQuote {
                    text: text::single_line(&quote.text),
                    attribution: line(quote.attribution),
                }),
                dateline: input.dateline.map(|dateline| article::Dateline {
                    place: text::single_line(&dateline.place),
                    date: line(dateline.date),
                }),
                byline: line(input.byline),
                source: input
                    .source
                    .map(|source| article::Source { name: text::single_line(&source.name), url: source.url }),
                section: line(input.section),
                language: input.language,
                body: text::multi_line(&input.body),
                url: input.url,
            },
            key_points: input.key_points.iter().map(|text| text::single_line(text)).collect(),
            tags: input.tags.iter().map(|text| text::single_line(text)).collect(),
            published_at: input.published_at.map(in_micros),
            revision: input.revision,
        }
    }
}
