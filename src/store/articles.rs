//! Articles with their key points and tags.

use std::collections::HashMap;

use entity::{article, article_tag, key_point};
use sea_orm::sea_query::LockType;
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, ConnectionTrait, DbBackend, EntityTrait,
    FromQueryResult, QueryFilter, QueryOrder, QuerySelect,
};
use uuid::Uuid;

use super::page::{Keyset, Page, PageRequest, Sort, Sql};
use super::{Result, Snapshot, WriteTx};
use crate::domain::article::{Article, CommentPolicy, CommentingState, KeyPoint, ModerationMode};
use crate::domain::ids::{ArticleId, KeyPointId};

/// Which articles a list holds.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct ArticleFilter {
    /// Of this part of the paper.
    pub section: Option<String>,
    /// With this tag.
    pub tag: Option<String>,
    /// With one of these slugs.
    pub slugs: Option<Vec<String>>,
}

/// An article to be written, with what hangs off it.
#[derive(Clone, Debug)]
pub struct ArticleWrite {
    /// The whole row.
    pub article: Article,
    /// The statements, in order, with new ids.
    pub key_points: Vec<KeyPoint>,
    /// The tags, in order.
    pub tags: Vec<String>,
}

const NEWEST: Sort = Sort { key: "published_at", descending: true, is_time: true };

impl Snapshot {
    /// The article of that slug.
    ///
    /// # Errors
    /// The database failed.
    pub async fn article_by_slug(&self, slug: &str) -> Result<Option<Article>> {
        let row = article::Entity::find().filter(article::Column::Slug.eq(slug)).one(&self.conn).await?;
        Ok(row.map(Article::from))
    }

    /// The latest article whose own page has that address, with or without a slash at the end.
    ///
    /// # Errors
    /// The database failed.
    pub async fn article_by_url(&self, url: &str) -> Result<Option<Article>> {
        let bare = url.trim_end_matches('/');
        let row = article::Entity::find()
            .filter(article::Column::Url.is_in([bare.to_owned(), format!("{bare}/")]))
            .order_by_desc(article::Column::PublishedAt)
            .one(&self.conn)
            .await?;
        Ok(row.map(Article::from))
    }

    /// Those of the articles that exist, in no order.
    ///
    /// # Errors
    /// The database failed.
    pub async fn articles(&self, ids: &[ArticleId]) -> Result<Vec<Article>> {
        let ids = ids.iter().map(|id| id.0);
        let rows = article::Entity::find().filter(article::Column::Id.is_in(ids)).all(&self.conn).await?;
        Ok(rows.into_iter().map(Article::from).collect())
    }

    /// A page of articles, the latest first.
    ///
    /// # Errors
    /// The database failed.
    pub async fn article_page(&self, filter: &ArticleFilter, request: PageRequest) -> Result<Page<Article>> {
        let mut sql = Sql::new("SELECT article.* FROM article WHERE 1 = 1");
        restrict(&mut sql, filter);
        NEWEST.page(&mut sql, "article", &request);
        let rows = self.conn.query_all_raw(sql.build(self.conn.get_database_backend())).await?;
        let rows: Vec<article::Model> = rows
            .iter()
            .map(|row| article::Model::from_query_result(row, ""))
            .collect::<std::result::Result<_, _>>()?;
        Page::of(rows, &request).try_map(|row| Ok(row.into()))
    }

    /// How many articles a list holds.
    ///
    /// # Errors
    /// The database failed.
    pub async fn article_total(&self, filter: &ArticleFilter) -> Result<i64> {
        let mut sql = Sql::new("SELECT COUNT(*) AS count FROM article WHERE 1 = 1");
        restrict(&mut sql, filter);
        let row = self.conn.query_one_raw(sql.build(self.conn.get_database_backend())).await?;
        row.map_or(Ok(0), |row| Ok(row.try_get("", "count")?))
    }

    /// The key points of several articles, each list in order.
    ///
    /// # Errors
    /// The database failed.
    pub async fn key_points(&self, articles: &[ArticleId]) -> Result<HashMap<ArticleId, Vec<KeyPoint>>> {
        let rows = key_point::Entity::find()
            .filter(key_point::Column::ArticleId.is_in(articles.iter().map(|id| id.0)))
            .order_by_asc(key_point::Column::Position)
            .all(&self.conn)
            .await?;
        let mut lists: HashMap<ArticleId, Vec<KeyPoint>> = HashMap::new();
        for row in rows {
            lists.entry(ArticleId(row.article_id)).or_default().push(row.into());
        }
        Ok(lists)
    }

    /// A key point by id.
    ///
    /// # Errors
    /// The database failed.
    pub async fn key_point(&self, id: KeyPointId) -> Result<Option<KeyPoint>> {
        Ok(key_point::Entity::find_by_id(id.0).one(&self.conn).await?.map(KeyPoint::from))
    }

    /// The tags of several articles, each list in order.
    ///
    /// # Errors
    /// The database failed.
    pub async fn tags(&self, articles: &[ArticleId]) -> Result<HashMap<ArticleId, Vec<String>>> {
        let rows = article_tag::Entity::find()
            .filter(article_tag::Column::ArticleId.is_in(articles.iter().map(|id| id.0)))
            .order_by_asc(article_tag::Column::Position)
            .all(&self.conn)
            .await?;
        let mut lists: HashMap<ArticleId, Vec<String>> = HashMap::new();
        for row in rows {
            lists.entry(ArticleId(row.article_id)).or_default().push(row.tag);
        }
        Ok(lists)
    }
}

impl Article {
    /// Its position among articles, the latest first.
    #[must_use]
    pub const fn position(&self) -> Keyset {
        Keyset { key: self.published_at.timestamp_micros(), id: self.id.0 }
    }
}

impl WriteTx {
    /// The article, locked until the end of the write: every change that readers see takes this lock first.
    ///
    /// # Errors
    /// The database failed.
    pub async fn lock_article(&self, id: ArticleId) -> Result<Option<Article>> {
        self.lock_one(article::Entity::find_by_id(id.0)).await
    }

    /// Those of the articles that exist, locked likewise, one after the other in the order of their ids: two
    /// writes that lock several never wait for each other.
    ///
    /// # Errors
    /// The database failed.
    pub async fn lock_articles(&self, ids: &[ArticleId]) -> Result<Vec<Article>> {
        let select = article::Entity::find()
            .filter(article::Column::Id.is_in(ids.iter().map(|id| id.0)))
            .order_by_asc(article::Column::Id);
        let rows = self.locking(select).all(&self.conn).await?;
        Ok(rows.into_iter().map(Article::from).collect())
    }

    /// The article of that slug, locked likewise.
    ///
    /// # Errors
    /// The database failed.
    pub async fn lock_article_by_slug(&self, slug: &str) -> Result<Option<Article>> {
        self.lock_one(article::Entity::find().filter(article::Column::Slug.eq(slug))).await
    }

    /// The article as it is, not locked.
    ///
    /// # Errors
    /// The database failed.
    pub async fn article(&self, id: ArticleId) -> Result<Option<Article>> {
        Ok(article::Entity::find_by_id(id.0).one(&self.conn).await?.map(Article::from))
    }

    async fn lock_one(&self, select: sea_orm::Select<article::Entity>) -> Result<Option<Article>> {
        Ok(self.locking(select).one(&self.conn).await?.map(Article::from))
    }

    /// NO KEY UPDATE: submitting a comment refers to the row and must not wait for a decision next to it.
    fn locking(&self, select: sea_orm::Select<article::Entity>) -> sea_orm::Select<article::Entity> {
        match self.conn.get_database_backend() {
            DbBackend::Postgres => select.lock(LockType::NoKeyUpdate),
            _ => select,
        }
    }

    /// Writes a new article.
    ///
    /// # Errors
    /// The database failed; the slug may be taken by now.
    pub async fn insert_article(&self, write: ArticleWrite) -> Result<()> {
        let id = write.article.id;
        article::Entity::insert(active(&write.article)).exec_without_returning(&self.conn).await?;
        self.insert_parts(id, write.key_points, write.tags).await
    }

    /// Writes an article over the one of the same id; its key points and tags with it.
    ///
    /// # Errors
    /// The database failed.
    pub async fn update_article(&self, write: ArticleWrite) -> Result<()> {
        let id = write.article.id;
        active(&write.article).update(&self.conn).await?;
        key_point::Entity::delete_many()
            .filter(key_point::Column::ArticleId.eq(id.0))
            .exec(&self.conn)
            .await?;
        article_tag::Entity::delete_many()
            .filter(article_tag::Column::ArticleId.eq(id.0))
            .exec(&self.conn)
            .await?;
        self.insert_parts(id, write.key_points, write.tags).await
    }

    /// Writes an article's commenting policy.
    ///
    /// # Errors
    /// The database failed.
    pub async fn set_policy(&self, id: ArticleId, policy: &CommentPolicy) -> Result<()> {
        let mut row = article::ActiveModel { id: Set(id.0), ..Default::default() };
        set_policy(&mut row, policy);
        article::Entity::update_many().set(row).filter(article::Column::Id.eq(id.0)).exec(&self.conn).await?;
        Ok(())
    }

    async fn insert_parts(&self, id: ArticleId, key_points: Vec<KeyPoint>, tags: Vec<String>) -> Result<()> {
        let key_points = key_points.into_iter().map(|point| key_point::ActiveModel {
            id: Set(point.id.0),
            article_id: Set(id.0),
            position: Set(point.position),
            text: Set(point.text),
        });
        let tags = (1..).zip(tags).map(|(position, tag)| article_tag::ActiveModel {
            article_id: Set(id.0),
            tag: Set(tag),
            position: Set(position),
        });
        let key_points: Vec<_> = key_points.collect();
        if !key_points.is_empty() {
            key_point::Entity::insert_many(key_points).exec_without_returning(&self.conn).await?;
        }
        let tags: Vec<_> = tags.collect();
        if !tags.is_empty() {
            article_tag::Entity::insert_many(tags).exec_without_returning(&self.conn).await?;
        }
        Ok(())
    }
}

fn restrict(sql: &mut Sql, filter: &ArticleFilter) {
    if let Some(section) = &filter.section {
        let section = sql.bind(section.clone());
        sql.push(&format!(" AND article.section = {section}"));
    }
    if let Some(tag) = &filter.tag {
        let tag = sql.bind(tag.clone());
        sql.push(&format!(" AND article.id IN (SELECT article_id FROM article_tag WHERE tag = {tag})"));
    }
    match filter.slugs.as_deref() {
        None => {}
        Some([]) => {
            sql.push(" AND 1 = 0");
        }
        Some(slugs) => {
            let slugs = sql.bind_all(slugs.iter().cloned());
            sql.push(&format!(" AND article.slug IN ({slugs})"));
        }
    }
}

/// Everything but counts and the head of the log: those are the event log's to write.
fn active(article: &Article) -> article::ActiveModel {
    let story = article.story.clone();
    let (quote, attribution) = story.pull_quote.map_or((None, None), |q| (Some(q.text), q.attribution));
    let (place, date) = story.dateline.map_or((None, None), |d| (Some(d.place), d.date));
    let (source, source_url) = story.source.map_or((None, None), |s| (Some(s.name), s.url));
    let mut row = article::ActiveModel {
        id: Set(Uuid::from(article.id)),
        slug: Set(story.slug),
        revision: Set(article.revision),
        headline: Set(story.headline),
        summary: Set(story.summary),
        key_points_heading: Set(story.key_points_heading),
        story_headline: Set(story.story_headline),
        standfirst: Set(story.standfirst),
        pull_quote_text: Set(quote),
        pull_quote_attribution: Set(attribution),
        dateline_place: Set(place),
        dateline_date: Set(date),
        byline: Set(story.byline),
        source_name: Set(source),
        source_url: Set(source_url),
        section: Set(story.section),
        language: Set(story.language),
        body: Set(story.body),
        body_html: Set(article.body_html.clone()),
        reading_time_minutes: Set(article.reading_time_minutes),
        url: Set(story.url),
        published_at: Set(article.published_at),
        updated_at: Set(article.updated_at),
        ..Default::default()
    };
    set_policy(&mut row, &article.policy);
    row
}

fn set_policy(row: &mut article::ActiveModel, policy: &CommentPolicy) {
    row.commenting_open = Set(policy.state == CommentingState::Open);
    row.premoderated = Set(policy.moderation == ModerationMode::Pre);
    row.min_length = Set(policy.min_length);
    row.max_length = Set(policy.max_length);
    row.guidelines = Set(policy.guidelines.clone());
    row.closes_at = Set(policy.closes_at);
}
