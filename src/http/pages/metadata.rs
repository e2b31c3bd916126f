//! What a story page tells machines: search engines by schema.org, those who share it by Open Graph.

use maud::{Markup, PreEscaped, html};
use serde_json::{Value, json};

use super::atom;
use super::comments::public_id;
use super::layout::SITE_NAME;
use super::story::Reading;
use super::wording;
use crate::domain::comment::Comment;

/// The metadata of a story, for the head of its page.
pub fn head(reading: &Reading) -> Markup {
    let article = &reading.article;
    let story = &article.story;
    let description = story.summary.as_ref().or(story.standfirst.as_ref());
    let properties = [
        ("og:type", Some("article".to_owned())),
        ("og:site_name", Some(SITE_NAME.to_owned())),
        ("og:title", Some(story.headline.clone())),
        ("og:description", description.cloned()),
        ("og:url", Some(reading.url.clone())),
        ("article:published_time", Some(wording::machine(article.published_at))),
        ("article:modified_time", Some(wording::machine(article.updated_at))),
        ("article:section", story.section.clone()),
    ];
    html! {
        link rel="canonical" href=(reading.url);
        (feed(&format!("/articles/{}{}", story.slug, atom::COMMENTS), "Comments on this story"))
        @if let Some(description) = description { meta name="description" content=(description); }
        @if let Some(byline) = &story.byline { meta name="author" content=(byline); }
        meta name="twitter:card" content="summary";
        @for (property, content) in properties {
            @if let Some(content) = content { meta property=(property) content=(content); }
        }
        @for tag in &reading.tags { meta property="article:tag" content=(tag); }
        (data_block(&news_article(reading)))
    }
}

/// The metadata of a list of stories.
pub fn front(title: &str, address: &str) -> Markup {
    let description = "The latest stories, and what readers say about them.";
    html! {
        link rel="canonical" href=(address);
        meta name="description" content=(description);
        meta property="og:type" content="website";
        meta property="og:site_name" content=(SITE_NAME);
        meta property="og:title" content=(title);
        meta property="og:description" content=(description);
        meta property="og:url" content=(address);
        (feed(atom::SITE, "The latest stories"))
    }
}

fn feed(address: &str, title: &str) -> Markup {
    html! { link rel="alternate" type="application/atom+xml" title=(title) href=(address); }
}

/// The story and the comments on this page as schema.org has them.
fn news_article(reading: &Reading) -> Value {
    let article = &reading.article;
    let story = &article.story;
    let comments: Vec<Value> = reading.discussion.roots().map(|root| comment(reading, root)).collect();
    let mut data = json!({
        "@context": "https://schema.org",
        "@type": "NewsArticle",
        "headline": story.headline,
        "url": reading.url,
        "mainEntityOfPage": reading.url,
        "discussionUrl": format!("{}#comments", reading.url),
        "datePublished": wording::machine(article.published_at),
        "dateModified": wording::machine(article.updated_at),
        "inLanguage": story.language,
        "timeRequired": format!("PT{}M", article.reading_time_minutes),
        "commentCount": article.comment_count,
        "isAccessibleForFree": true,
        "publisher": { "@type": "Organization", "name": SITE_NAME },
        "comment": comments,
    });
    let optional = [
        ("description", story.summary.as_deref().map(Value::from)),
        ("alternativeHeadline", story.story_headline.as_deref().map(Value::from)),
        ("articleSection", story.section.as_deref().map(Value::from)),
        ("author", story.byline.as_deref().map(|name| json!({ "@type": "Person", "name": name }))),
        ("locationCreated", story.dateline.as_ref().map(|at| json!({ "@type": "Place", "name": at.place }))),
        (
            "sourceOrganization",
            story
                .source
                .as_ref()
                .map(|source| json!({ "@type": "Organization", "name": source.name, "url": source.url })),
        ),
        ("keywords", (!reading.tags.is_empty()).then(|| json!(reading.tags))),
    ];
    for (name, value) in optional {
        if let Some(value) = value {
            data[name] = value;
        }
    }
    data
}

/// A comment with its replies. A tombstone has nothing to say, but holds what was answered to it.
fn comment(reading: &Reading, of: &Comment) -> Value {
    let id = public_id(of.id);
    let replies: Vec<Value> =
        reading.discussion.replies(of.id).map(|reply| comment(reading, reply)).collect();
    let mut data = json!({
        "@type": "Comment",
        "url": format!("{}#comment-{id}", reading.url),
        "datePublished": wording::machine(of.created_at),
    });
    if of.state.is_visible() {
        data["text"] = of.body.as_str().into();
        if let Some(author) = &of.author {
            data["author"] = json!({ "@type": "Person", "name": author.display_name });
        }
    }
    if !replies.is_empty() {
        data["comment"] = replies.into();
    }
    data
}

/// JSON inside HTML. Text in a script element is not HTML text: entities would stay as they are, and
/// `</script` would end it (HTML, section 4.12.1.3). JSON has escapes of its own for the characters that matter.
fn data_block(data: &Value) -> Markup {
    let mut text = String::new();
    for c in data.to_string().chars() {
        match c {
            '<' => text.push_str("\\u003c"),
            '>' => text.push_str("\\u003e"),
            '&' => text.push_str("\\u0026"),
            '\u{2028}' => text.push_str("\\u2028"),
            '\u{2029}' => text.push_str("\\u2029"),
            c => text.push(c),
        }
    }
    html! { script type="application/ld+json" { (PreEscaped(text)) } }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_cannot_end_its_block() {
        let hostile = json!({ "text": "</script><script>alert(1)</script><!-- & \u{2028} \" \\" });
        let html = data_block(&hostile).0;
        assert_eq!(html.matches('<').count(), 2, "{html}");
        let inside = html.trim_start_matches(r#"<script type="application/ld+json">"#);
        let inside = inside.trim_end_matches("</script>");
        assert_eq!(serde_json::from_str::<Value>(inside).ok(), Some(hostile));
    }
}
