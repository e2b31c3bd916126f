//! An article, its commenting policy, its reader-visible counts, and the head of its event log.

use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "article")]
pub struct Model {
    /// Time-ordered (UUIDv7).
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The name in the address.
    #[sea_orm(unique)]
    pub slug: String,
    /// Rises with each edit, from 1.
    pub revision: i32,
    /// Of the page.
    pub headline: String,
    /// A few sentences.
    pub summary: Option<String>,
    /// Above the key points.
    pub key_points_heading: Option<String>,
    /// Of the story itself.
    pub story_headline: Option<String>,
    /// Under the story's headline.
    pub standfirst: Option<String>,
    /// Words lifted out.
    pub pull_quote_text: Option<String>,
    /// Who said them.
    pub pull_quote_attribution: Option<String>,
    /// Where it was filed.
    pub dateline_place: Option<String>,
    /// When, as printed.
    pub dateline_date: Option<String>,
    /// Who wrote it.
    pub byline: Option<String>,
    /// Who supplied it.
    pub source_name: Option<String>,
    /// Their page.
    pub source_url: Option<String>,
    /// Part of the paper.
    pub section: Option<String>,
    /// BCP 47.
    pub language: String,
    /// Markdown, as written.
    pub body: String,
    /// Rendered and sanitised when written.
    pub body_html: String,
    /// From the body's words, when written.
    pub reading_time_minutes: i32,
    /// Where the newsroom publishes it, if not here.
    pub url: Option<String>,
    /// What an editor set; `closes_at` comes on top.
    pub commenting_open: bool,
    /// Whether a moderator reads first.
    pub premoderated: bool,
    /// Of a comment, in grapheme clusters.
    pub min_length: i32,
    /// Likewise.
    pub max_length: i32,
    /// The house rule.
    pub guidelines: Option<String>,
    /// When commenting closes by itself.
    pub closes_at: Option<DateTimeUtc>,
    /// Approved comments, replies included.
    pub comment_count: i32,
    /// The last event of the log; taken under the row's lock.
    pub sequence: i64,
    /// When that event happened.
    pub sequence_at: Option<DateTimeUtc>,
    /// When it appeared.
    pub published_at: DateTimeUtc,
    /// When its words last changed.
    pub updated_at: DateTimeUtc,
}

impl ActiveModelBehavior for ActiveModel {}
