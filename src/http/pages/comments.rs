//! The discussion as the server writes it: what stands inside the comments element until that is ready,
//! and for good where it never is. The class names are the element's own.

use std::collections::{HashMap, HashSet};

use maud::{Markup, PreEscaped, html};

use super::story::Reading;
use super::wording;
use crate::domain::comment::Comment;
use crate::domain::ids::CommentId;
use crate::domain::user::{Role, User};
use crate::graphql::GlobalId;

/// Deeper replies stop moving to the right: a phone has no room for them.
const DEEPEST_INDENT: usize = 4;
/// The words outlive the account.
pub const GONE: &str = "Former reader";

/// Which part of the discussion a page shows.
pub enum Listing {
    /// The latest threads.
    All {
        /// Where the next page begins.
        next: Option<String>,
        /// Whether nothing comes before this page.
        is_first: bool,
    },
    /// One thread.
    Thread {
        /// The comment that it hangs under.
        of: CommentId,
        /// The comment after which the next page begins.
        next: Option<CommentId>,
    },
}

/// Comments as the tree that they are.
pub struct Discussion {
    comments: Vec<Comment>,
    roots: Vec<usize>,
    replies: HashMap<CommentId, Vec<usize>>,
    listing: Listing,
    is_open: bool,
}

impl Discussion {
    /// The tree of some comments, each level in the order in which they come. A comment whose parent is not
    /// among them is a root.
    pub fn new(comments: Vec<Comment>, listing: Listing, is_open: bool) -> Self {
        let present: HashSet<CommentId> = comments.iter().map(|comment| comment.id).collect();
        let mut roots = Vec::new();
        let mut replies: HashMap<CommentId, Vec<usize>> = HashMap::new();
        for (at, comment) in comments.iter().enumerate() {
            match comment.parent_id.filter(|parent| present.contains(parent)) {
                Some(parent) => replies.entry(parent).or_default().push(at),
                None => roots.push(at),
            }
        }
        Self { comments, roots, replies, listing, is_open }
    }

    /// The threads of this page.
    pub fn roots(&self) -> impl Iterator<Item = &Comment> {
        self.roots.iter().filter_map(|at| self.comments.get(*at))
    }

    /// The replies to a comment that are on this page.
    pub fn replies(&self, to: CommentId) -> impl Iterator<Item = &Comment> {
        self.replies.get(&to).into_iter().flatten().filter_map(|at| self.comments.get(*at))
    }

    /// How many comments that readers see stand below one, but not on this page.
    fn hidden_below(&self, comment: &Comment) -> i32 {
        comment.descendant_count - self.visible_below(comment.id)
    }

    fn visible_below(&self, id: CommentId) -> i32 {
        self.replies(id).map(|reply| i32::from(reply.state.is_visible()) + self.visible_below(reply.id)).sum()
    }
}

/// A comment's id as addresses have it.
pub fn public_id(id: CommentId) -> String {
    GlobalId::Comment(id).encode().0
}

/// The discussion under a story.
pub fn discussion(reading: &Reading) -> Markup {
    let discussion = &reading.discussion;
    let story_url = format!("/articles/{}", reading.article.story.slug);
    let thread = Thread { discussion, story_url: &story_url, language: &reading.article.story.language };
    html! {
        // Whatever language the element speaks, this copy of it speaks English.
        section aria-label="Reader comments" lang="en" {
            div.comments-head {
                h2.comments-title {
                    "Reader comments " span.comments-count { (wording::number(reading.article.comment_count)) }
                }
                @if let Listing::Thread { .. } | Listing::All { is_first: false, .. } = discussion.listing {
                    p.more { a href={ (story_url) "#comments" } { "All comments" } }
                }
            }
            noscript {
                p.comments-noscript {
                    "You are reading a copy of the discussion. Writing a comment and live updates need JavaScript."
                }
            }
            @if discussion.roots.is_empty() {
                p.comments-empty { "No comments yet." }
            } @else {
                ol.comment-list {
                    @for comment in discussion.roots() { (thread.comment(comment, 0)) }
                }
            }
            (more(discussion, &story_url))
            @if let Some(rule) = &reading.article.policy.guidelines { p.house-rule { (rule) } }
            @if !discussion.is_open { p.comments-closed { "Comments on this article are closed." } }
        }
    }
}

fn more(discussion: &Discussion, story_url: &str) -> Markup {
    let href = match &discussion.listing {
        Listing::All { next, .. } => next.as_ref().map(|next| format!("{story_url}?after={next}#comments")),
        Listing::Thread { of, next } => next
            .map(|next| format!("{story_url}?thread={}&after={}#comments", public_id(*of), public_id(next))),
    };
    html! { @if let Some(href) = href { p.more { a rel="next" href=(href) { "More comments" } } } }
}

struct Thread<'a> {
    discussion: &'a Discussion,
    story_url: &'a str,
    language: &'a str,
}

impl Thread<'_> {
    /// A comment with its replies inside it; the deepest have theirs beside them.
    fn comment(&self, comment: &Comment, depth: usize) -> Markup {
        let id = public_id(comment.id);
        let has_replies = self.discussion.replies(comment.id).next().is_some();
        let is_nesting = depth < DEEPEST_INDENT;
        let replies = html! {
            @for reply in self.discussion.replies(comment.id) { (self.comment(reply, depth + 1)) }
        };
        html! {
            li.comment #{ "comment-" (id) } {
                (self.words(comment, &id))
                @if has_replies && is_nesting { ol.comment-replies { (replies) } }
                @if depth == 0 { (self.rest(comment, &id)) }
            }
            @if has_replies && !is_nesting { (replies) }
        }
    }

    fn words(&self, comment: &Comment, id: &str) -> Markup {
        if !comment.state.is_visible() {
            return html! { p.comment-tombstone { "This comment was removed." } };
        }
        let author = comment.author.as_ref();
        let name = author.map_or(GONE, |author| &author.display_name);
        let kind = if comment.parent_id.is_some() { "Reply" } else { "Comment" };
        html! {
            article aria-label={ (kind) " by " (name) } {
                header.comment-head {
                    span.comment-avatar aria-hidden="true" { (author.map(User::initial).unwrap_or_default()) }
                    bdi.comment-author { (name) }
                    @if let Some(role) = author.and_then(|author| badge(author.role)) { span.comment-role { (role) } }
                    span.comment-time {
                        a href={ "#comment-" (id) } { (wording::minute(comment.created_at)) }
                        @if comment.edited_at.is_some() { " (edited)" }
                    }
                }
                // Sanitised when it was written. Most write in the language of the story; some from right to left.
                div.comment-body lang=(self.language) dir="auto" { (PreEscaped(&comment.body_html)) }
            }
        }
    }

    /// The way to the replies that are not on this page. On a thread's own page they are on its next one.
    fn rest(&self, comment: &Comment, id: &str) -> Markup {
        let hidden = match self.discussion.listing {
            Listing::All { .. } => self.discussion.hidden_below(comment),
            Listing::Thread { .. } => 0,
        };
        html! {
            @if hidden > 0 {
                p.more {
                    a href={ (self.story_url) "?thread=" (id) "#comment-" (id) } {
                        "Show " (wording::counted(hidden, "more reply", "more replies"))
                    }
                }
            }
        }
    }
}

const fn badge(role: Role) -> Option<&'static str> {
    match role {
        Role::Reader => None,
        Role::Moderator => Some("Moderator"),
        Role::Editor => Some("Editor"),
        Role::Admin => Some("Staff"),
    }
}
