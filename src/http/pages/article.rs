//! The story itself: headline, summary, key points, and the text with all that stands around it.

use maud::{Markup, PreEscaped, html};

use super::front::list;
use super::story::Reading;
use super::wording;
use crate::domain::article::{KeyPoint, Story};
use crate::store::ArticleFilter;

/// The story of a page.
pub fn article(reading: &Reading) -> Markup {
    let article = &reading.article;
    let story = &article.story;
    html! {
        article.story lang=(story.language) {
            header.story-head {
                @if let Some(section) = &story.section {
                    @let filter = ArticleFilter { section: Some(section.clone()), ..ArticleFilter::default() };
                    p.kicker { a href=(list(&filter, None)) { (section) } }
                }
                h1.story-title { (story.headline) }
                @if let Some(summary) = &story.summary { p.story-summary { (summary) } }
                ul.meta lang="en" {
                    @if let Some(byline) = &story.byline { li.story-byline { (byline) } }
                    li { (wording::day(article.published_at)) }
                    li { (article.reading_time_minutes) " min read" }
                    li { a href="#comments" { (wording::comments(article.comment_count)) } }
                }
            }
            div.story-grid {
                @if !reading.key_points.is_empty() {
                    (key_points(story.key_points_heading.as_deref(), &reading.key_points))
                }
                div.story-text {
                    (opening(story))
                    // Sanitised when it was published.
                    div.prose { (PreEscaped(&article.body_html)) }
                    (closing(story, &reading.tags))
                    (share(&reading.url, &story.headline))
                }
            }
        }
    }
}

/// A newsroom's own heading stands under the label, unless it says "Key points" itself.
fn key_points(heading: Option<&str>, points: &[KeyPoint]) -> Markup {
    let is_label = |heading: &str| heading.to_lowercase().starts_with("key points");
    html! {
        section.key-points aria-labelledby="key-points" {
            @match heading {
                Some(heading) if is_label(heading) => h2.key-points-label #key-points { (heading) },
                Some(heading) => {
                    h2.key-points-label #key-points lang="en" { "Key points" }
                    p.key-points-heading { (heading) }
                },
                None => h2.key-points-label #key-points lang="en" { "Key points" },
            }
            ul { @for point in points { li { (point.text) } } }
        }
    }
}

fn opening(story: &Story) -> Markup {
    html! {
        @if let Some(headline) = &story.story_headline { h2.story-headline { (headline) } }
        @if let Some(standfirst) = &story.standfirst { p.standfirst { (standfirst) } }
        @if let Some(quote) = &story.pull_quote {
            figure.pull-quote {
                blockquote { p { (quote.text) } }
                @if let Some(attribution) = &quote.attribution { figcaption { (attribution) } }
            }
        }
        @if let Some(dateline) = &story.dateline {
            p.dateline {
                span.dateline-place { (dateline.place) }
                // As printed: no date that a machine could read.
                @if let Some(date) = &dateline.date { ", " span.dateline-date { (date) } }
            }
        }
    }
}

fn closing(story: &Story, tags: &[String]) -> Markup {
    html! {
        @if let Some(source) = &story.source {
            p.source {
                span lang="en" { "Source: " }
                @match &source.url {
                    Some(url) => a href=(url) rel="nofollow" { (source.name) },
                    None => (source.name),
                }
            }
        }
        @if !tags.is_empty() {
            ul.tags aria-label="Tags" {
                @for tag in tags {
                    @let filter = ArticleFilter { tag: Some(tag.clone()), ..ArticleFilter::default() };
                    li { a rel="tag" href=(list(&filter, None)) { (tag) } }
                }
            }
        }
    }
}

/// Shown by the script: without it there is nothing to press.
fn share(url: &str, title: &str) -> Markup {
    html! {
        div.share lang="en" hidden data-share data-url=(url) data-title=(title) {
            span.share-label { "Share this article" }
            button.button type="button" data-share-native hidden { "Share…" }
            button.button type="button" data-share-copy { "Copy link" }
            span.share-status role="status" data-share-status {}
        }
    }
}
