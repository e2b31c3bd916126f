//! Atom feeds (RFC 4287): the latest stories, and under each story the latest comments that readers see, each
//! with what it replies to (RFC 4685).

use std::collections::BTreeMap;

use atom_syndication::extension::{Extension, ExtensionMap};
use atom_syndication::{Content, Entry, Feed, Generator, Link, Person, Text};
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use sha2::{Digest, Sha256};

use super::comments::{GONE, public_id};
use super::layout::SITE_NAME;
use super::{answer, problem::Problem};
use crate::domain::article::Article;
use crate::domain::comment::{Comment, CommentState};
use crate::http::Edge;
use crate::store::{ArticleFilter, PageRequest};

/// The address of the site's feed.
pub const SITE: &str = "/feed.atom";
/// What follows a story's address in that of its comments' feed.
pub const COMMENTS: &str = "/comments.atom";

const STORIES: u32 = 20;
const LATEST: u32 = 50;
const THREADING: &str = "http://purl.org/syndication/thread/1.0";

/// `GET /feed.atom`
pub async fn site(State(edge): State<Edge>, asked: HeaderMap) -> Result<Response, Problem> {
    let latest = edge.service.store.latest();
    let page = latest.article_page(&ArticleFilter::default(), PageRequest::first(STORIES)).await?;
    let home = format!("{}/", edge.site.base_url);
    let feed = Feed {
        title: SITE_NAME.into(),
        id: home.clone(),
        links: vec![alternate(home), itself(format!("{}{SITE}", edge.site.base_url))],
        entries: page.items.iter().map(|article| story(&edge, article)).collect(),
        ..feed()
    };
    Ok(send(&asked, feed, DateTime::UNIX_EPOCH))
}

/// `GET /articles/{slug}/comments.atom`
pub async fn comments(
    State(edge): State<Edge>,
    slug: Result<Path<String>, PathRejection>,
    asked: HeaderMap,
) -> Result<Response, Problem> {
    let Path(slug) = slug?;
    // PostgreSQL has no text with a NUL in it, and says so with an error.
    if slug.contains('\0') {
        return Err(Problem::NotFound);
    }
    let snapshot = edge.service.store.snapshot().await?;
    let article = snapshot.article_by_slug(&slug).await?.ok_or(Problem::NotFound)?;
    let comments = snapshot.latest_comments(article.id, LATEST).await?;
    let page = edge.site.article_url(&slug);
    let address = url_of(&edge, &article);
    let feed = Feed {
        title: text(format!("Comments on “{}”", article.story.headline)),
        id: format!("{page}{COMMENTS}"),
        links: vec![alternate(address.clone()), itself(format!("{page}{COMMENTS}"))],
        entries: comments.iter().map(|said| comment(&article, &address, said)).collect(),
        namespaces: BTreeMap::from([("thr".to_owned(), THREADING.to_owned())]),
        lang: Some(article.story.language.clone()),
        ..feed()
    };
    Ok(send(&asked, feed, article.published_at))
}

fn feed() -> Feed {
    let generator = Generator { value: SITE_NAME.to_owned(), ..Generator::default() };
    Feed { generator: Some(generator), ..Feed::default() }
}

fn story(edge: &Edge, article: &Article) -> Entry {
    let story = &article.story;
    let comments = Link {
        href: format!("{}{COMMENTS}", edge.site.article_url(&story.slug)),
        rel: "replies".to_owned(),
        mime_type: Some("application/atom+xml".to_owned()),
        ..Link::default()
    };
    let author = story.byline.as_ref().or(story.source.as_ref().map(|source| &source.name));
    Entry {
        title: text(&story.headline),
        id: urn(article.id.0),
        updated: article.updated_at.into(),
        published: Some(article.published_at.into()),
        authors: vec![person(author.map_or(SITE_NAME, String::as_str))],
        links: vec![alternate(url_of(edge, article)), comments],
        summary: story.summary.as_ref().map(text),
        content: Some(html(&article.body_html, &story.language)),
        ..Entry::default()
    }
}

fn comment(article: &Article, address: &str, said: &Comment) -> Entry {
    let name = said.author.as_ref().map_or(GONE, |author| &author.display_name);
    let since = match said.state {
        CommentState::Approved { at, .. } => at,
        CommentState::Pending
        | CommentState::Rejected { .. }
        | CommentState::Spam { .. }
        | CommentState::Deleted { .. } => said.created_at,
    };
    Entry {
        title: text(format!("{name} on “{}”", article.story.headline)),
        id: urn(said.id.0),
        updated: said.edited_at.map_or(since, |edited| edited.max(since)).into(),
        published: Some(since.into()),
        authors: vec![person(name)],
        links: vec![alternate(format!("{address}#comment-{}", public_id(said.id)))],
        content: Some(html(&said.body_html, &article.story.language)),
        extensions: in_reply_to(urn(said.parent_id.map_or(article.id.0, |parent| parent.0))),
        ..Entry::default()
    }
}

fn in_reply_to(reference: String) -> ExtensionMap {
    let extension = Extension {
        name: "thr:in-reply-to".to_owned(),
        attrs: BTreeMap::from([("ref".to_owned(), reference)]),
        ..Extension::default()
    };
    BTreeMap::from([("thr".to_owned(), BTreeMap::from([("in-reply-to".to_owned(), vec![extension])]))])
}

/// Where a story is at home: the newsroom's own page, or the one here.
fn url_of(edge: &Edge, article: &Article) -> String {
    article.story.url.clone().unwrap_or_else(|| edge.site.article_url(&article.story.slug))
}

fn urn(id: uuid::Uuid) -> String {
    id.urn().to_string()
}

fn alternate(href: String) -> Link {
    Link { href, rel: "alternate".to_owned(), mime_type: Some("text/html".to_owned()), ..Link::default() }
}

fn itself(href: String) -> Link {
    Link {
        href,
        rel: "self".to_owned(),
        mime_type: Some("application/atom+xml".to_owned()),
        ..Link::default()
    }
}

fn person(name: &str) -> Person {
    Person { name: legal(name), ..Person::default() }
}

fn text(of: impl AsRef<str>) -> Text {
    legal(of.as_ref()).into()
}

/// Sanitised when it was written; the feed carries it escaped.
fn html(of: &str, lang: &str) -> Content {
    Content {
        value: Some(legal(of)),
        content_type: Some("html".to_owned()),
        lang: Some(lang.to_owned()),
        ..Content::default()
    }
}

/// Without the characters that XML 1.0 has no way to write (section 2.2): one would spoil the whole feed.
fn legal(text: &str) -> String {
    let is_legal = |c: &char| !matches!(c, '\0'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}');
    text.chars().filter(is_legal).collect()
}

/// The feed, as of its latest entry; a feed without any as of `otherwise`.
fn send(asked: &HeaderMap, mut feed: Feed, otherwise: DateTime<Utc>) -> Response {
    feed.updated = feed.entries.iter().map(|entry| entry.updated).max().unwrap_or_else(|| otherwise.into());
    let text = feed.to_string();
    let etag = answer::etag(&Sha256::digest(text.as_bytes()));
    let fresh = [
        (header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=60")),
        (header::ETAG, etag.clone()),
    ];
    if answer::is_unchanged(asked, &etag) {
        return (StatusCode::NOT_MODIFIED, fresh).into_response();
    }
    let media = HeaderValue::from_static("application/atom+xml; charset=utf-8");
    (fresh, [(header::CONTENT_TYPE, media)], text).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_xml_has_no_character_for_is_left_out() {
        assert_eq!(legal("a\u{b}b\0c\u{1b}[31m\td\n\u{1f600}"), "abc[31m\td\n\u{1f600}");
        let feed = Feed { title: text("<&>\u{8}\"'"), ..feed() };
        let read = Feed::read_from(feed.to_string().as_bytes()).unwrap();
        assert_eq!(read.title.value, "<&>\"'");
    }
}
