//! The property that makes a feed worth following: a page that was loaded once, and changed by every frame since, shows
//! what a page shows that is loaded now.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use uuid::Uuid;

use super::super::support::client::Actor;
use super::{Article, comment_uuid, frame::Seen};

/// A page under an article, as one reader has it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    pub cursor: String,
    count: i64,
    comments: BTreeMap<Uuid, Shown>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Shown {
    parent: Option<Uuid>,
    visible: bool,
    mark: Option<usize>,
    replies: i64,
}

const QUERY: &str = "query Page($slug: String!, $after: String) {
  article(slug: $slug) { feedCursor commentCount
    comments(first: 25, after: $after, orderBy: OLDEST) {
      nodes { ...Shown descendants(first: 100) { nodes { ...Shown } pageInfo { hasNextPage } } }
      pageInfo { hasNextPage endCursor } } } }
fragment Shown on Comment { id body replyCount parent { id } }";

impl Page {
    /// Loads it, whole. Nobody writes meanwhile, or this fails the test.
    pub async fn load(actor: &Actor, article: &Article) -> Self {
        let mut page = Self::default();
        let mut after = Value::Null;
        loop {
            let answer = actor.raw(QUERY, json!({ "slug": article.slug, "after": after })).await;
            let cursor = answer.text("/article/feedCursor").to_owned();
            assert!(
                page.cursor.is_empty() || page.cursor == cursor,
                "somebody wrote while the page was read"
            );
            page.cursor = cursor;
            page.count = answer.number("/article/commentCount");
            for top in answer.list("/article/comments/nodes") {
                page.put(top);
                top["descendants"]["nodes"]
                    .as_array()
                    .into_iter()
                    .flatten()
                    .for_each(|below| page.put(below));
                assert_eq!(
                    top["descendants"]["pageInfo"]["hasNextPage"], false,
                    "a thread is larger than a page"
                );
            }
            if !answer.data("/article/comments/pageInfo/hasNextPage").as_bool().unwrap_or(false) {
                return page;
            }
            after = answer.data("/article/comments/pageInfo/endCursor").clone();
        }
    }

    fn put(&mut self, node: &Value) {
        let id = comment_uuid(node["id"].as_str().unwrap_or_default());
        let body = node["body"].as_str();
        let mark = body.and_then(|body| body.strip_prefix("mark-")?.split(' ').next()?.parse().ok());
        let parent = node.pointer("/parent/id").and_then(Value::as_str).map(comment_uuid);
        let replies = node["replyCount"].as_i64().unwrap_or(0);
        self.comments.insert(id, Shown { parent, visible: body.is_some(), mark, replies });
    }

    /// The same page after these frames, as a browser would change it.
    pub fn after(&self, frames: &[Seen]) -> Self {
        let mut page = self.clone();
        for seen in frames {
            let Some(id) = seen.comment else { continue };
            let shown = page.comments.entry(id).or_default();
            match &*seen.kind {
                "CommentPublished" | "CommentRestored" | "CommentEdited" => {
                    shown.parent = seen.parent;
                    (shown.visible, shown.mark) = (true, seen.marks.first().copied());
                }
                "CommentRemoved" => (shown.visible, shown.mark) = (false, None),
                _ => shown.replies = seen.reply_count.unwrap_or(-1),
            }
            if let Some(count) = seen.comment_count {
                page.count = count;
            }
        }
        // What stands: visible comments, and tombstones above them.
        let mut standing = BTreeSet::new();
        for (id, _) in page.comments.iter().filter(|(_, shown)| shown.visible) {
            let mut at = Some(*id);
            while let Some(id) = at.filter(|id| standing.insert(*id)) {
                at = page.comments.get(&id).and_then(|shown| shown.parent);
            }
        }
        page.comments.retain(|id, _| standing.contains(id));
        page
    }

    /// How it differs from what is loaded now; nothing: it does not.
    pub fn differs_from(&self, fresh: &Self) -> Option<String> {
        if self.count != fresh.count {
            return Some(format!("it counts {} comments; a fresh page counts {}", self.count, fresh.count));
        }
        let ids: BTreeSet<_> = self.comments.keys().chain(fresh.comments.keys()).collect();
        let wrong: Vec<_> =
            ids.into_iter().filter(|id| self.comments.get(id) != fresh.comments.get(id)).collect();
        let first = wrong.first()?;
        Some(format!(
            "{} comments differ; comment {first} is {:?}, and on a fresh page {:?}",
            wrong.len(),
            self.comments.get(first),
            fresh.comments.get(first)
        ))
    }
}
