//! `GET /articles/{slug}`: the story with its comments, as of one instant. Further comments, and whole
//! threads, have addresses of their own, for readers and crawlers without the script.

use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::response::Response;
use maud::{Markup, html};
use serde::Deserialize;

use super::comments::{Discussion, Listing, discussion};
use super::layout::{Frame, frame, script};
use super::problem::Problem;
use super::visit::Visit;
use super::{article, metadata, place};
use crate::domain::article::{Article, CommentingState, KeyPoint};
use crate::domain::comment::Comment;
use crate::domain::ids::CommentId;
use crate::graphql::GlobalId;
use crate::http::Edge;
use crate::store::{CommentOrder, Direction, Level, Page, PageRequest, Snapshot};

/// Top-level comments on one page.
const COMMENTS: u32 = 20;
/// Replies shown under each, and under each of those.
const REPLIES: u32 = 3;
/// Comments of a thread on one page.
const THREAD: u32 = 100;

/// Which part of the discussion the address asks for.
#[derive(Deserialize)]
pub struct Asked {
    /// Comments after this place; in a thread, after this comment.
    after: Option<String>,
    /// Only what stands under this comment.
    thread: Option<String>,
}

/// An article with everything that its page shows.
pub struct Reading {
    /// The article.
    pub article: Article,
    /// Its key points, in order.
    pub key_points: Vec<KeyPoint>,
    /// Its tags, in order.
    pub tags: Vec<String>,
    /// Its comments.
    pub discussion: Discussion,
    /// Where it is at home: the newsroom's own page, or this one.
    pub url: String,
}

/// `GET /articles/{slug}`
pub async fn story(
    State(edge): State<Edge>,
    slug: Result<Path<String>, PathRejection>,
    asked: Result<Query<Asked>, QueryRejection>,
    visit: Visit,
) -> Result<Response, Problem> {
    let (Path(slug), Query(asked)) = (slug?, asked?);
    // PostgreSQL has no text with a NUL in it, and says so with an error.
    if slug.contains('\0') {
        return Err(Problem::NotFound);
    }
    let reading = read(&edge, &slug, &asked).await?;
    let story = &reading.article.story;
    let head = html! {
        (metadata::head(&reading))
        (script("src/story.ts"))
    };
    let frame_of = Frame {
        title: &story.headline,
        head: Some(head),
        skip_to: Some("story"),
        links: &[("#comments", "Comments"), ("/graphiql", "API")],
        user: visit.user(),
        ..Frame::default()
    };
    Ok(visit.show(frame(frame_of, content(&reading, visit.user().is_some()))))
}

fn content(reading: &Reading, signed_in: bool) -> Markup {
    let story = &reading.article.story;
    // The page around it is in English: the comments speak the language of the story, where they can.
    let language = (!story.language.starts_with("en")).then_some(&story.language);
    html! {
        (article::article(reading))
        div.comments-section #comments {
            talkback-comments article=(story.slug) lang=[language] signed-in[signed_in] {
                (discussion(reading))
            }
        }
    }
}

async fn read(edge: &Edge, slug: &str, asked: &Asked) -> Result<Reading, Problem> {
    let snapshot = edge.service.store.snapshot().await?;
    let article = snapshot.article_by_slug(slug).await?.ok_or(Problem::NotFound)?;
    let id = article.id;
    let key_points = snapshot.key_points(&[id]).await?.remove(&id).unwrap_or_default();
    let tags = snapshot.tags(&[id]).await?.remove(&id).unwrap_or_default();
    let (comments, listing) = match asked.thread.as_deref() {
        Some(thread) => one_thread(&snapshot, &article, thread, asked.after.as_deref()).await?,
        None => all_threads(&snapshot, &article, asked.after.as_deref()).await?,
    };
    let is_open = article.policy.state_at(edge.service.clock.now()) == CommentingState::Open;
    let url = article.story.url.clone().unwrap_or_else(|| edge.site.article_url(&article.story.slug));
    let discussion = Discussion::new(comments, listing, is_open);
    Ok(Reading { article, key_points, tags, discussion, url })
}

/// The latest top-level comments, with the first replies under each, two levels deep: three statements.
async fn all_threads(
    snapshot: &Snapshot,
    article: &Article,
    after: Option<&str>,
) -> Result<(Vec<Comment>, Listing), Problem> {
    let after = place::decode(after)?;
    let request = PageRequest { limit: COMMENTS, direction: Direction::Forward, after, before: None };
    let level = Level::Top(article.id);
    let mut top = snapshot.levels(&[level], CommentOrder::Newest, request).await?;
    let top = top.remove(&level).unwrap_or(Page { items: Vec::new(), has_next: false, has_previous: false });
    let next = top.items.last().filter(|_| top.has_next);
    let next = next.map(|last| place::encode(CommentOrder::Newest.position(last)));
    let mut comments = top.items;
    let mut unanswered = 0;
    for _ in 0..2 {
        let levels: Vec<Level> = comments[unanswered..]
            .iter()
            .filter(|comment| comment.descendant_count > 0)
            .map(|comment| Level::Replies(comment.id))
            .collect();
        unanswered = comments.len();
        if levels.is_empty() {
            break;
        }
        let mut replies = snapshot.levels(&levels, CommentOrder::Oldest, PageRequest::first(REPLIES)).await?;
        comments.extend(levels.iter().filter_map(|level| replies.remove(level)).flat_map(|page| page.items));
    }
    Ok((comments, Listing::All { next, is_first: after.is_none() }))
}

/// One comment and what stands under it, in pre-order.
async fn one_thread(
    snapshot: &Snapshot,
    article: &Article,
    thread: &str,
    after: Option<&str>,
) -> Result<(Vec<Comment>, Listing), Problem> {
    let root = snapshot.comment(comment_id(thread)?).await?;
    let root =
        root.filter(|root| root.article_id == article.id && root.is_shown()).ok_or(Problem::NotFound)?;
    let after = after.map(comment_id).transpose()?;
    let request = PageRequest { limit: THREAD, direction: Direction::Forward, after, before: None };
    let page = snapshot.descendants(&root, request).await?;
    let next = page.items.last().filter(|_| page.has_next).map(|last| last.id);
    let of = root.id;
    let first = after.is_none().then_some(root);
    Ok((first.into_iter().chain(page.items).collect(), Listing::Thread { of, next }))
}

/// The comment that an address names.
fn comment_id(text: &str) -> Result<CommentId, Problem> {
    match GlobalId::decode(&text.into()) {
        Ok(GlobalId::Comment(id)) => Ok(id),
        Ok(GlobalId::Article(_) | GlobalId::User(_) | GlobalId::KeyPoint(_) | GlobalId::Action(_))
        | Err(_) => Err(Problem::NotFound),
    }
}
