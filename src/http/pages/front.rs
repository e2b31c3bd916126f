//! The front page: the latest stories, or those of one section or with one tag.

use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::response::Response;
use maud::{Markup, html};
use serde::Deserialize;

use super::layout::{Frame, SITE_NAME, frame};
use super::problem::Problem;
use super::visit::Visit;
use super::{metadata, place, wording};
use crate::domain::article::Article;
use crate::http::Edge;
use crate::store::{ArticleFilter, Direction, Page, PageRequest};

/// Stories on one page.
const STORIES: u32 = 20;

/// What the address asks for.
#[derive(Deserialize)]
pub struct Asked {
    after: Option<String>,
    section: Option<String>,
    tag: Option<String>,
}

/// `GET /`
pub async fn front(
    State(edge): State<Edge>,
    asked: Result<Query<Asked>, QueryRejection>,
    visit: Visit,
) -> Result<Response, Problem> {
    let Query(asked) = asked?;
    let after = place::decode(asked.after.as_deref())?;
    // PostgreSQL has no text with a NUL in it, and says so with an error.
    if [&asked.section, &asked.tag].into_iter().flatten().any(|text| text.contains('\0')) {
        return Err(Problem::NotFound);
    }
    let filter = ArticleFilter { section: asked.section, tag: asked.tag, slugs: None };
    let request = PageRequest { limit: STORIES, direction: Direction::Forward, after, before: None };
    let page = edge.service.store.latest().article_page(&filter, request).await?;
    let about = filter.section.as_deref().or(filter.tag.as_deref());
    if page.items.is_empty() && about.is_some() {
        return Err(Problem::NotFound);
    }
    let title = about.map_or_else(|| SITE_NAME.to_owned(), |about| format!("{about} · {SITE_NAME}"));
    let frame_of = Frame {
        title: &title,
        head: Some(metadata::front(&title, &format!("{}{}", edge.site.base_url, list(&filter, None)))),
        class: "front",
        skip_to: Some("stories"),
        links: &[("/moderate", "Moderate"), ("/graphiql", "API")],
        user: visit.user(),
        unlisted: after.is_some(),
    };
    Ok(visit.show(frame(frame_of, stories(about, &filter, &page, after.is_some()))))
}

fn stories(about: Option<&str>, filter: &ArticleFilter, page: &Page<Article>, is_later: bool) -> Markup {
    html! {
        @match about {
            Some(about) => h1.front-title { (about) },
            None => h1.visually-hidden { "Latest stories" },
        }
        @if page.items.is_empty() {
            p { "Nothing has been published yet." }
        }
        ol.front-list { @for article in &page.items { (card(article)) } }
        @if page.has_next || is_later {
            nav.pager aria-label="Pages" {
                @if is_later { a href=(list(filter, None)) { "Latest stories" } } @else { span {} }
                @if let (true, Some(last)) = (page.has_next, page.items.last()) {
                    a rel="next" href=(list(filter, Some(last))) { "Older stories" }
                }
            }
        }
    }
}

fn card(article: &Article) -> Markup {
    let story = &article.story;
    let href = format!("/articles/{}", story.slug);
    html! {
        li.card {
            article lang=(story.language) {
                @if let Some(section) = &story.section { p.kicker { (section) } }
                h2.card-headline { a href=(href) { (story.headline) } }
                @if let Some(summary) = &story.summary { p.card-summary { (summary) } }
                ul.meta lang="en" {
                    li { (wording::day(article.published_at)) }
                    li { (article.reading_time_minutes) " min read" }
                    li { a.card-comments href={ (href) "#comments" } { (wording::comments(article.comment_count)) } }
                }
            }
        }
    }
}

/// The address of a list of stories.
pub fn list(filter: &ArticleFilter, after: Option<&Article>) -> String {
    let after = after.map(|article| place::encode(article.position()));
    let fields = [("section", &filter.section), ("tag", &filter.tag), ("after", &after)];
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(fields.iter().filter_map(|(name, value)| Some((name, value.as_deref()?))));
    match query.finish() {
        query if query.is_empty() => "/".to_owned(),
        query => format!("/?{query}"),
    }
}
