//! What a newsroom brings along: articles and comments from elsewhere, each once, by the ids that they had there.
//!
//! They are entered as they stood: decided where they were decided, at the time that they were written. The rules for what
//! comes in are not asked, and people become guests that nobody can be. Counts, history and events are those of any other
//! comment.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};

use super::articles::{PolicyChange, Publication};
use super::judging::Words;
use super::{Failure, Refused, Service};
use crate::clock::Clock;
use crate::domain::article::Article;
use crate::domain::comment::{Comment, CommentState, CommentStatus, ThreadPath};
use crate::domain::ids::{ArticleId, CommentId, UserId};
use crate::domain::moderation::{HistoryAction, ReasonCode};
use crate::domain::rules::{Rule, Trace};
use crate::domain::text;
use crate::domain::user::{Role, User, UserKind, Viewer};
use crate::store::{Foreign, NewComment, WriteTx};

/// Bytes of an id elsewhere.
pub const FOREIGN_ID_MAX: usize = 200;

/// An article from elsewhere.
#[derive(Clone, Debug)]
pub struct ForeignArticle {
    /// Its id there.
    pub id: String,
    /// The article.
    pub publication: Publication,
    /// The rules of its comments, where they differ from the usual.
    pub commenting: PolicyChange,
}

/// A comment from elsewhere.
#[derive(Clone, Debug)]
pub struct ForeignComment {
    /// Its id there.
    pub id: String,
    /// Under which article: its id there, or the slug of one that is here.
    pub article: String,
    /// The id there of the comment that it replies to.
    pub parent: Option<String>,
    /// The id there of whoever wrote it.
    pub author: String,
    /// Their name.
    pub author_name: String,
    /// The words, in Markdown.
    pub body: String,
    /// When it was written.
    pub created_at: DateTime<Utc>,
    /// Where it stands.
    pub status: CommentStatus,
    /// Why it was refused.
    pub reason: Option<ReasonCode>,
}

/// What became of one that could be taken.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Brought {
    /// It is here now.
    Added,
    /// It was here already.
    There,
}

/// What became of one: or why it was left out, for whoever made the file.
pub type Outcome = Result<Brought, String>;

/// What one transaction knows.
struct Known {
    comments: HashMap<String, CommentId>,
    people: HashMap<String, UserId>,
    articles: HashMap<ArticleId, Article>,
    /// Comments that others of the batch may reply to.
    parents: HashMap<CommentId, Comment>,
}

impl Service {
    /// Brings in an article, with the rules of its comments. One whose slug is taken already stays as it is, and stands for
    /// the one from elsewhere.
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn import_article(&self, viewer: &Viewer, foreign: ForeignArticle) -> Result<Outcome, Failure> {
        if let Err(why) = good_id("id", &foreign.id) {
            return Ok(Err(why));
        }
        let tx = self.store.write().await?;
        let is_known = !tx.imported(Foreign::Article, [&*foreign.id]).await?.is_empty();
        drop(tx);
        if is_known {
            return Ok(Ok(Brought::There));
        }
        let slug = foreign.publication.story.slug.clone();
        let (article, brought) = match self.store.latest().article_by_slug(&slug).await? {
            Some(article) => (article, Brought::There),
            None => match self.publish(viewer, foreign.publication).await? {
                Ok(article) => (article, Brought::Added),
                Err(refused) => return Ok(Err(reasons(&refused))),
            },
        };
        // Nothing has happened to it yet: it is new, or an import was broken off right here.
        if article.revision == 1
            && article.sequence == 0
            && let Err(refused) = self.set_commenting(viewer, article.id, foreign.commenting).await?
        {
            return Ok(Err(reasons(&refused)));
        }
        let tx = self.store.write().await?;
        tx.remember_imported(Foreign::Article, &foreign.id, article.id.0).await?;
        tx.commit().await?;
        Ok(Ok(brought))
    }

    /// Brings in comments, in one transaction; what each came to, in their order. A reply comes after what it replies to.
    ///
    /// # Errors
    /// [`Failure`]: then none was.
    pub async fn import_comments(&self, batch: &[ForeignComment]) -> Result<Vec<Outcome>, Failure> {
        // Before the transaction, which holds every other writer up.
        let words: Vec<Words> = batch.iter().map(|comment| Words::of(&comment.body)).collect();
        let articles = self.articles_of(batch).await?;
        let tx = self.store.write().await?;
        let mut known = known(&tx, batch, &articles).await?;
        let told: HashMap<ArticleId, i64> =
            known.articles.values().map(|article| (article.id, article.sequence)).collect();
        let mut outcomes = Vec::with_capacity(batch.len());
        for (foreign, words) in batch.iter().zip(&words) {
            outcomes.push(match self.place(foreign, words, &articles, &known) {
                _ if known.comments.contains_key(&foreign.id) => Ok(Brought::There),
                Ok(place) => {
                    self.enter(&tx, foreign, words, place, &mut known).await?;
                    Ok(Brought::Added)
                }
                Err(why) => Err(why),
            });
        }
        tx.commit().await?;
        for article in known.articles.values() {
            self.announce_change(article, told.get(&article.id).copied().unwrap_or_default());
        }
        Ok(outcomes)
    }

    /// The articles that comments name, by their ids elsewhere or their slugs.
    async fn articles_of(&self, batch: &[ForeignComment]) -> Result<HashMap<String, ArticleId>, Failure> {
        let names: HashSet<&str> = batch.iter().map(|comment| &*comment.article).collect();
        let tx = self.store.write().await?;
        let imported = tx.imported(Foreign::Article, names.iter().copied()).await?;
        drop(tx);
        let mut articles: HashMap<String, ArticleId> =
            imported.into_iter().map(|(name, id)| (name, ArticleId(id))).collect();
        for name in names {
            if !articles.contains_key(name)
                && let Some(article) = self.store.latest().article_by_slug(name).await?
            {
                articles.insert(name.to_owned(), article.id);
            }
        }
        Ok(articles)
    }

    /// Where a comment goes: its article and what it replies to; or why it can't.
    fn place(
        &self,
        foreign: &ForeignComment,
        words: &Words,
        articles: &HashMap<String, ArticleId>,
        known: &Known,
    ) -> Result<(ArticleId, Option<CommentId>), String> {
        good_id("id", &foreign.id)?;
        good_id("author.id", &foreign.author)?;
        let name = text::single_line(&foreign.author_name);
        if name.is_empty() || text::length(&name) > User::NAME_MAX {
            return Err(format!("author.name has 1 to {} characters", User::NAME_MAX));
        }
        if words.html.is_empty() {
            return Err("body has 1 to 5,000 characters, of which some can be seen".to_owned());
        }
        if foreign.created_at > self.clock.now() {
            return Err("createdAt lies in the future".to_owned());
        }
        let article = articles.get(&foreign.article).copied().ok_or_else(|| {
            format!("there is no article {:?}: its line comes before those of its comments", foreign.article)
        })?;
        let Some(parent) = &foreign.parent else { return Ok((article, None)) };
        let parent = known.comments.get(parent).and_then(|id| known.parents.get(id)).ok_or_else(|| {
            format!("there is no comment {parent:?} to reply to: its line comes before those of its replies")
        })?;
        if parent.article_id != article {
            return Err("parent is a comment under another article".to_owned());
        }
        if parent.path.depth() >= ThreadPath::DEPTH_MAX {
            return Err(format!("a thread is at most {} replies deep", ThreadPath::DEPTH_MAX));
        }
        Ok((article, Some(parent.id)))
    }

    async fn enter(
        &self,
        tx: &WriteTx,
        foreign: &ForeignComment,
        words: &Words,
        (article, parent): (ArticleId, Option<CommentId>),
        known: &mut Known,
    ) -> Result<(), Failure> {
        let at = foreign.created_at;
        // Ids follow time, so that a thread is in the order in which it was written.
        let then = Clock::manual(at);
        let author = User {
            id: known.people.get(&foreign.author).copied().unwrap_or_else(|| UserId(then.new_id())),
            display_name: text::single_line(&foreign.author_name),
            role: Role::Reader,
        };
        if !known.people.contains_key(&foreign.author) {
            tx.add_user(&author, UserKind::Guest, at).await?;
            tx.remember_imported(Foreign::Person, &foreign.author, author.id.0).await?;
            known.people.insert(foreign.author.clone(), author.id);
        }
        let (state, held_because) = match foreign.status {
            CommentStatus::Pending => {
                let detail = "It awaited a decision where it came from.";
                (CommentState::Pending, vec![Trace::of(Rule::PreModeration, detail)])
            }
            CommentStatus::Approved => (CommentState::Approved { at, by: None }, Vec::new()),
            CommentStatus::Rejected => {
                (CommentState::Rejected { at, by: None, reason: foreign.reason }, Vec::new())
            }
            CommentStatus::Spam => (CommentState::Spam { at, by: None }, Vec::new()),
            CommentStatus::Deleted => (CommentState::Deleted { at, by: Some(author.id) }, Vec::new()),
        };
        let Some(locked) = known.articles.get_mut(&article) else { return Err(Failure::NotFound("article")) };
        let new = NewComment {
            id: CommentId(then.new_id()),
            parent: parent.and_then(|id| known.parents.get(&id)),
            entry: self.entry(HistoryAction::Submitted, Some(&author)),
            author,
            body: words.body.clone(),
            body_html: words.html.clone(),
            state,
            held_because,
            at,
        };
        let comment = tx.insert_comment(locked, new).await?;
        tx.remember_imported(Foreign::Comment, &foreign.id, comment.id.0).await?;
        known.comments.insert(foreign.id.clone(), comment.id);
        known.parents.insert(comment.id, comment);
        Ok(())
    }
}

/// What the store has of a batch, with its people and its articles locked, in the order that all writers keep.
async fn known(
    tx: &WriteTx,
    batch: &[ForeignComment],
    articles: &HashMap<String, ArticleId>,
) -> Result<Known, Failure> {
    let people = tx.imported(Foreign::Person, batch.iter().map(|comment| &*comment.author)).await?;
    let people: HashMap<String, UserId> = people.into_iter().map(|(name, id)| (name, UserId(id))).collect();
    let mut ids: Vec<UserId> = people.values().copied().collect();
    ids.sort_unstable();
    for id in ids {
        tx.take_turn(id).await?;
    }
    let ids: HashSet<ArticleId> = articles.values().copied().collect();
    let locked = tx.lock_articles(&ids.into_iter().collect::<Vec<_>>()).await?;
    let names = batch.iter().flat_map(|comment| [Some(&*comment.id), comment.parent.as_deref()]).flatten();
    let comments = tx.imported(Foreign::Comment, names).await?;
    let comments: HashMap<String, CommentId> =
        comments.into_iter().map(|(name, id)| (name, CommentId(id))).collect();
    let wanted: HashSet<&String> = batch.iter().filter_map(|comment| comment.parent.as_ref()).collect();
    let wanted: Vec<CommentId> = wanted.into_iter().filter_map(|name| comments.get(name)).copied().collect();
    let parents = tx.comments(&wanted).await?;
    Ok(Known {
        comments,
        people,
        articles: locked.into_iter().map(|article| (article.id, article)).collect(),
        parents: parents.into_iter().map(|parent| (parent.id, parent)).collect(),
    })
}

fn good_id(field: &str, id: &str) -> Result<(), String> {
    let is_good = !id.is_empty() && id.len() <= FOREIGN_ID_MAX && !id.contains(char::is_control);
    is_good
        .then_some(())
        .ok_or_else(|| format!("{field} has 1 to {FOREIGN_ID_MAX} bytes, and no control characters"))
}

fn reasons<T>(refused: &Refused<T>) -> String {
    let all: Vec<String> = refused
        .reasons
        .iter()
        .map(|reason| format!("{}: {}", reason.field.join("."), reason.message))
        .collect();
    all.join(" ")
}
