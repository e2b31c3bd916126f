//! What nearly every test needs: an article to comment on, and comments on it.

use serde_json::{Value, json};

use super::{client::Actor, world::World};

/// An article with its id and slug, as readers find it.
#[derive(Clone, Debug)]
pub struct Published {
    pub id: String,
    pub slug: String,
}

/// A story with every part that a story can have.
pub fn story(slug: &str) -> Value {
    json!({
        "slug": slug,
        "headline": "The last lighthouse keeper hands over the key",
        "summary": "After 41 years on the rock, Oda Brekke comes ashore. The light stays, run from an office.",
        "keyPointsHeading": "Key Points: A light changes hands",
        "keyPoints": ["The light stays on", "The keeper's house becomes a weather school", "Boats were asked first"],
        "storyHeadline": "“It never once waited for me,” says the keeper of the light she never let go out",
        "standfirst": "A handover in a gale, a key that fits nothing any more, and what a harbour owes the dark.",
        "pullQuote": { "text": "The sea doesn't read timetables", "attribution": "Oda Brekke, keeper" },
        "dateline": { "place": "Skarholm", "date": "November 3" },
        "byline": "Ines Halloran",
        "source": { "name": "Northern Wire", "url": "https://example.org/wire/lighthouse" },
        "section": "Coast",
        "tags": ["lighthouses", "work"],
        "language": "en",
        "body": format!("The key is as long as a hand.\n\n## What it opened\n\n{}", "Nobody has locked that door since. ".repeat(70)),
        "url": "https://news.example.org/coast/last-keeper",
        "publishedAt": "2026-11-03T06:30:00Z",
    })
}

/// A body that is long enough, and like no other.
pub fn words(mark: &str) -> String {
    format!("{mark}: fifty characters are quickly said when there is something to say.")
}

impl World {
    /// Publishes an article whose comments are held for a moderator.
    pub async fn article(&self, slug: &str) -> Published {
        let answer = self.editor().await.run("ArticlePublish", json!({ "input": story(slug) })).await;
        assert!(answer.user_errors().is_empty(), "the story was not taken\n{answer}");
        Published { id: answer.text("/articlePublish/article/id").to_owned(), slug: slug.to_owned() }
    }

    /// Publishes an article whose comments show at once.
    pub async fn open_article(&self, slug: &str) -> Published {
        let article = self.article(slug).await;
        let input = json!({ "articleId": article.id, "moderation": "POST" });
        let answer = self.editor().await.run("CommentingSet", json!({ "input": input })).await;
        assert!(answer.user_errors().is_empty(), "{answer}");
        article
    }
}

impl Actor {
    /// Sends in a comment that is taken, and returns it.
    pub async fn comment(&self, article: &Published, parent: Option<&str>, mark: &str) -> Value {
        let input = json!({ "articleId": article.id, "parentId": parent, "body": words(mark) });
        let answer = self.run("CommentSubmit", json!({ "input": input })).await;
        assert!(answer.user_errors().is_empty(), "the comment was not taken\n{answer}");
        answer.data("/commentSubmit/comment").clone()
    }

    /// Approves a comment as it was read, and returns it.
    pub async fn approve(&self, comment: &Value) -> Value {
        self.decide("CommentApprove", comment).await
    }

    /// Refuses a comment as it was read, and returns it.
    pub async fn reject(&self, comment: &Value) -> Value {
        self.decide("CommentReject", comment).await
    }

    async fn decide(&self, operation: &str, comment: &Value) -> Value {
        let input = json!({ "id": comment["id"], "revision": comment["revision"] });
        let answer = self.run(operation, json!({ "input": input })).await;
        assert!(answer.user_errors().is_empty(), "the decision was refused\n{answer}");
        let field = operation.replacen('C', "c", 1);
        answer.data(&format!("/{field}/comment")).clone()
    }

    /// The article graph as readers get it.
    pub async fn read(&self, article: &Published) -> Value {
        self.run("Article", json!({ "slug": article.slug, "first": 100 })).await.data("/article").clone()
    }
}

/// The text of a value that is text.
#[track_caller]
pub fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_else(|| panic!("{key} is no text in {value:#}"))
}
