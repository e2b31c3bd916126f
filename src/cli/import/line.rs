//! What a line may hold.

use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::Value;

use crate::clock::in_micros;
use crate::domain::article::{CommentingState, Dateline, ModerationMode, PullQuote, Source, Story};
use crate::domain::comment::CommentStatus;
use crate::domain::moderation::ReasonCode;
use crate::domain::text;
use crate::service::articles::{PolicyChange, Publication};
use crate::service::import::{ForeignArticle, ForeignComment};

/// A line that is well-formed.
#[derive(Debug)]
pub enum Line {
    Article(Box<ForeignArticle>),
    Comment(Box<ForeignComment>),
}

/// Reads a line; `None`: it is blank.
///
/// # Errors
/// What is wrong with it, for whoever made the file.
pub fn read(text: &str) -> Result<Option<Line>, String> {
    if text.trim().is_empty() {
        return Ok(None);
    }
    let mut value: Value = serde_json::from_str(text).map_err(|error| told(&error))?;
    let kind = value.as_object_mut().and_then(|object| object.remove("type"));
    match kind.as_ref().and_then(Value::as_str) {
        Some("article") => article(value).map(|article| Some(Line::Article(Box::new(article)))),
        Some("comment") => comment(value).map(|comment| Some(Line::Comment(Box::new(comment)))),
        _ => Err(r#"a line is an object with "type": "article" or "type": "comment""#.to_owned()),
    }
}

/// What the reader of JSON says, without the place: the line is known, and there is but one.
fn told(error: &serde_json::Error) -> String {
    let what = error.to_string();
    let what = what.rsplit_once(" at line ").map_or(&*what, |(what, _)| what);
    if error.is_data() { what.to_owned() } else { format!("it is not well-formed JSON: {what}") }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ArticleLine {
    id: String,
    slug: String,
    headline: String,
    summary: Option<String>,
    key_points_heading: Option<String>,
    #[serde(default)]
    key_points: Vec<String>,
    story_headline: Option<String>,
    standfirst: Option<String>,
    pull_quote: Option<PullQuoteLine>,
    dateline: Option<DatelineLine>,
    byline: Option<String>,
    source: Option<SourceLine>,
    section: Option<String>,
    #[serde(default)]
    tags: Vec<String>,
    language: Option<String>,
    #[serde(default)]
    body: String,
    url: Option<String>,
    published_at: Option<DateTime<Utc>>,
    commenting: Option<CommentingLine>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PullQuoteLine {
    text: String,
    attribution: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DatelineLine {
    place: String,
    date: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SourceLine {
    name: String,
    url: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct CommentingLine {
    state: Option<State>,
    moderation: Option<Mode>,
    min_length: Option<i32>,
    max_length: Option<i32>,
    closes_at: Option<DateTime<Utc>>,
    guidelines: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "UPPERCASE")]
enum State {
    Open,
    Closed,
}

#[derive(Deserialize)]
#[serde(rename_all = "UPPERCASE")]
enum Mode {
    Pre,
    Post,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct CommentLine {
    id: String,
    article: String,
    parent: Option<String>,
    author: AuthorLine,
    body: String,
    created_at: DateTime<Utc>,
    status: Option<String>,
    reason: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AuthorLine {
    id: String,
    name: String,
}

fn article(value: Value) -> Result<ForeignArticle, String> {
    let line: ArticleLine = serde_json::from_value(value).map_err(|error| told(&error))?;
    let one =
        |text: Option<String>| text.map(|text| text::single_line(&text)).filter(|text| !text.is_empty());
    let commenting = line.commenting.unwrap_or_default();
    let story = Story {
        slug: line.slug,
        headline: text::single_line(&line.headline),
        summary: line.summary.map(|summary| text::multi_line(&summary)),
        key_points_heading: one(line.key_points_heading),
        story_headline: one(line.story_headline),
        standfirst: one(line.standfirst),
        pull_quote: line.pull_quote.map(|quote| PullQuote {
            text: text::single_line(&quote.text),
            attribution: one(quote.attribution),
        }),
        dateline: line
            .dateline
            .map(|dateline| Dateline { place: text::single_line(&dateline.place), date: one(dateline.date) }),
        byline: one(line.byline),
        source: line.source.map(|source| Source { name: text::single_line(&source.name), url: source.url }),
        section: one(line.section),
        language: line.language.unwrap_or_else(|| "en".to_owned()),
        body: text::multi_line(&line.body),
        url: line.url,
    };
    Ok(ForeignArticle {
        id: line.id,
        publication: Publication {
            story,
            key_points: line.key_points.iter().map(|point| text::single_line(point)).collect(),
            tags: line.tags.iter().map(|tag| text::single_line(tag)).collect(),
            published_at: line.published_at.map(in_micros),
            revision: None,
        },
        commenting: PolicyChange {
            state: commenting.state.map(|state| match state {
                State::Open => CommentingState::Open,
                State::Closed => CommentingState::Closed,
            }),
            moderation: commenting.moderation.map(|mode| match mode {
                Mode::Pre => ModerationMode::Pre,
                Mode::Post => ModerationMode::Post,
            }),
            min_length: commenting.min_length,
            max_length: commenting.max_length,
            closes_at: commenting.closes_at.map(|at| Some(in_micros(at))),
            guidelines: commenting.guidelines.map(Some),
        },
    })
}

fn comment(value: Value) -> Result<ForeignComment, String> {
    let line: CommentLine = serde_json::from_value(value).map_err(|error| told(&error))?;
    let status = match line.status.as_deref().map(CommentStatus::from_name) {
        None => CommentStatus::Approved,
        Some(Some(CommentStatus::Deleted) | None) => {
            return Err("status is APPROVED, PENDING, REJECTED or SPAM".to_owned());
        }
        Some(Some(status)) => status,
    };
    let reason = match line.reason.as_deref().map(ReasonCode::from_name) {
        None => None,
        Some(Some(reason)) if status == CommentStatus::Rejected => Some(reason),
        Some(Some(_)) => return Err("reason belongs to a comment with status REJECTED".to_owned()),
        Some(None) => {
            let all = ReasonCode::ALL.map(ReasonCode::name).join(", ");
            return Err(format!("reason is one of {all}"));
        }
    };
    Ok(ForeignComment {
        id: line.id,
        article: line.article,
        parent: line.parent,
        author: line.author.id,
        author_name: line.author.name,
        body: line.body,
        created_at: in_micros(line.created_at),
        status,
        reason,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_read_as_the_help_says() {
        let article = r#"{"type": "article", "id": "1", "slug": "a", "headline": "A", "tags": ["x"],
            "commenting": {"state": "CLOSED", "moderation": "POST"}}"#;
        let Ok(Some(Line::Article(article))) = read(article) else { panic!("an article") };
        assert_eq!((&*article.publication.story.language, article.commenting.min_length), ("en", None));
        let comment = r#"{"type": "comment", "id": "c", "article": "1", "author": {"id": "u", "name": "U"},
            "body": "b", "createdAt": "2024-05-01T07:12:00+02:00", "status": "REJECTED", "reason": "HATE"}"#;
        let Ok(Some(Line::Comment(comment))) = read(comment) else { panic!("a comment") };
        assert_eq!(comment.created_at.to_rfc3339(), "2024-05-01T05:12:00+00:00");
        assert_eq!((comment.status, comment.reason), (CommentStatus::Rejected, Some(ReasonCode::Hate)));
        assert!(matches!(read("  \t"), Ok(None)));
    }

    #[test]
    fn what_is_wrong_is_told() {
        for (text, why) in [
            ("{", "not well-formed JSON"),
            ("[]", "\"type\""),
            (r#"{"type": "person"}"#, "\"type\""),
            (r#"{"type": "article", "id": "1", "slug": "a"}"#, "missing field `headline`"),
            (r#"{"type": "article", "id": 1, "slug": "a", "headline": "A"}"#, "invalid type"),
            (
                r#"{"type": "article", "id": "1", "slug": "a", "headline": "A", "boddy": ""}"#,
                "unknown field `boddy`",
            ),
            (
                r#"{"type": "comment", "id": "c", "article": "1", "author": {"id": "u", "name": "U"}, "body": "b", "createdAt": "yesterday"}"#,
                "invalid characters",
            ),
            (
                r#"{"type": "comment", "id": "c", "article": "1", "author": {"id": "u", "name": "U"}, "body": "b", "createdAt": "2024-05-01T07:12:00Z", "status": "DELETED"}"#,
                "status is",
            ),
        ] {
            let told = read(text).expect_err(text);
            assert!(told.contains(why) && !told.contains("at line"), "{text}: {told}");
        }
    }
}
